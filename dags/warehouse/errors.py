"""The error tree of the pipeline, split by what the caller should do: try again, or stop.

Errors of lower libraries are translated into these once, where they enter our code. Each message
names the file or table, what was expected, what was found and what to do.
"""


class PipelineError(Exception):
    """Any fault that the pipeline understands."""


class TransientError(PipelineError):
    """The fault can pass: the same call may succeed later.

    `retry_after` is the least time to wait in seconds where the other side named one.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(PipelineError):
    """Trying again gives the same result: something has to be changed first."""


class SourceUnavailable(TransientError):
    """The source did not answer, answered with a server error, or broke off."""


class SourceRefused(PermanentError):
    """The source answered that the request itself is wrong (4xx, a redirect)."""


class DamagedFile(TransientError):
    """What arrived is not the whole file: cut short, flipped bits, an error page in its place."""


class UnexpectedContent(PermanentError):
    """The file is whole but is not what it should be: another header, another number of columns."""


class HeldBack(PermanentError):
    """The file is whole and right in form, but not plausible: a person has to let it through."""


class StorageRefused(PermanentError):
    """The data folder cannot be written: a full disk, missing rights."""


class WarehouseUnavailable(TransientError):
    """Postgres cannot be reached, ended the session, or a lock was not given in time."""


class WarehouseRefused(PermanentError):
    """Postgres was reached and said no: missing tables, missing rights, a full disk, bad data."""
