"""How to load: the numbers that a source's settings give."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadPolicy:
    """Seconds to wait for locks and between progress lines, sessions for each large file.

    `keep_loads` is for how many loads the change tables keep what changed, `min_rows_share` the
    least share of the last load's rows. `settings_prefix` is how the names of the source's settings
    begin, for messages.
    """

    lock_patience: float
    copy_connections: int
    keep_loads: int
    min_rows_share: float
    progress_every: float
    settings_prefix: str
