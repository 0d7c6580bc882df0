"""Where a secret is: in files, tables, command lines; plain, percent-encoded, base64 or hex."""

import contextlib
import json
import threading
import zlib
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql


def forms(secret: str) -> set[bytes]:
    """The secret as it may be written; of base64, what is the same wherever in a text it stands."""
    plain = secret.encode()
    found = {plain, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode()}
    found.add(plain.hex().encode())
    for offset in range(3):
        # Whole characters of six bits, without those that what stands beside it has a part in.
        text = b64encode(bytes(offset) + plain)
        first, last = -(-offset * 8 // 6), (offset + len(plain)) * 8 // 6
        found |= {text[first:last], text[first:last].translate(bytes.maketrans(b"+/", b"-_"))}
    return found


class Search:
    """Looks for secrets by name, and says where which one was found, never the secret."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._forms = {name: forms(secret) for name, secret in secrets.items()}

    def names(self, content: bytes) -> list[str]:
        """The secrets that `content` holds."""
        return [
            name for name, texts in self._forms.items() if any(text in content for text in texts)
        ]

    def files(self, folder: Path, *, without: Collection[str] = ()) -> dict[Path, list[str]]:
        """The files below `folder` with a secret in them, their names included."""
        found = {}
        for path in folder.rglob("*"):
            place = path.relative_to(folder)
            if place.parts[0] in without or path.is_symlink() or not path.is_file():
                continue
            with contextlib.suppress(FileNotFoundError):
                names = self.names(str(place).encode() + b"\n" + path.read_bytes())
                if names:
                    found[place] = names
        return found

    def tables(self, url: str, schemas: Iterable[str]) -> dict[str, list[str]]:
        """The columns of a database with a secret in them, packed values unpacked."""
        found: dict[str, list[str]] = {}
        with closing(psycopg2.connect(url)) as session, session.cursor() as cursor:
            cursor.execute(
                "select table_schema, table_name, column_name, data_type "
                "from information_schema.columns where table_schema = any(%s)",
                (list(schemas),),
            )
            for schema, table, column, kind in cursor.fetchall():
                cast = sql.SQL("" if kind == "bytea" else "::text")
                cursor.execute(
                    sql.SQL("select {}{} from {}").format(
                        sql.Identifier(column), cast, sql.Identifier(schema, table)
                    )
                )
                content = b"\n".join(_bytes(value) for (value,) in cursor if value is not None)
                names = self.names(content)
                if names:
                    found[f"{table}.{column}"] = names
        return found

    def lines(self, lines: Iterable[str]) -> dict[str, list[str]]:
        """The programs whose command line has a secret in it."""
        told = {line: self.names(line.encode()) for line in lines}
        return {line.split(" ")[0]: names for line, names in told.items() if names}


def _bytes(value: str | memoryview) -> bytes:
    if isinstance(value, str):
        return value.encode()
    packed = bytes(value)
    try:
        return packed + b"\n" + zlib.decompress(packed)
    except zlib.error:
        return packed


def command_lines() -> set[str]:
    """What `ps` shows to everybody on this machine now."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found.add(" ".join(process.cmdline()))
    return found - {""}


@contextlib.contextmanager
def watched_command_lines() -> Iterator[set[str]]:
    """Yield what `ps` showed in the block; it grows, some times a second."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.3):
            seen.update(command_lines())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
