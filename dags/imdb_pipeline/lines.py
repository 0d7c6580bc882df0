"""What the text of a file has to be like: no bytes that COPY would not keep, columns, UTF-8.

All is checked over a whole piece of the file at once; single lines are looked for only where a
piece is found to be bad.
"""

import codecs

from warehouse.errors import DamagedFile, UnexpectedContent

# No line of the real files comes near; what does is no line, and is not to be held in memory.
LONGEST_LINE = 16 << 20
# Bytes that these files never hold and that COPY would not keep: the first one is COPY's quote, the
# second a line end, and Postgres has no text with the third.
_NEVER = {
    b"\b": "the control byte 0x08",
    b"\r": "a carriage return (0x0D)",
    b"\0": "a NUL byte (0x00)",
}
_NO_MARKS = bytes(set(range(256)) - set(b"\t\n"))
_BLOCK = 1 << 17
_SHOWN = 60
_LOOK = "Look at the line; the file and the rows that were there before are untouched."


def check_bytes(text: bytes, line: int, name: str) -> None:
    """Raise `UnexpectedContent` where `text`, which begins in `line` of a file, has a bad byte."""
    for byte, description in _NEVER.items():
        if byte in text:
            line += text.count(b"\n", 0, text.index(byte))
            raise UnexpectedContent(
                f"{name}, line {line}: holds {description}, which these files never have. {_LOOK}"
            )


def too_long(line: int, name: str) -> UnexpectedContent:
    """The error of a line without end."""
    return UnexpectedContent(f"{name}, line {line}: is longer than {LONGEST_LINE:,} bytes. {_LOOK}")


class LineCheck:
    """Checks the text of the file `name` piece by piece; lines are counted from `first_line`.

    `rows` are the lines that ended so far. Each has to have `columns` TAB-separated columns, and
    none of them the text of the file's `header` (of several columns).
    """

    def __init__(
        self, columns: int, name: str, first_line: int = 2, *, header: bytes = b""
    ) -> None:
        self.columns = columns
        self.name = name
        self.first_line = first_line
        self.rows = 0
        self._good_lines = (b"\t" * (columns - 1) + b"\n") * 2
        self._phase = 0  # TABs since the last newline
        self._length = 0  # bytes since the last newline
        self._begun = b""  # of a character
        self._header = header
        self._last = b""  # bytes, in which a header may have begun

    @property
    def line(self) -> int:
        """The number of the line that the next byte is in."""
        return self.first_line + self.rows

    def feed(self, text: bytes) -> None:
        """Check the next piece, cut anywhere. Raises `UnexpectedContent` with a line's number."""
        check_bytes(text, self.line, self.name)
        # What is left of good lines is a pattern, so no line has to be looked at by itself.
        marks = text.translate(None, _NO_MARKS)
        end = self._phase + len(marks)
        if len(self._good_lines) < end:
            self._good_lines *= end // len(self._good_lines) + 1
        if marks != self._good_lines[self._phase : end]:
            raise self._wrong_columns(text, marks)
        self._check_utf8(text)
        if self._header:
            self._look_for_header(text)
        rows, self._phase = divmod(end, self.columns)
        self.rows += rows
        self._length = len(text) - text.rfind(b"\n") - 1 if rows else self._length + len(text)
        if self._length > LONGEST_LINE:
            raise too_long(self.line, self.name)

    def end(self, *, accept_unended: bool = False) -> None:
        """Say that nothing more comes. Raises as `feed`.

        Raises `DamagedFile` where the last line has no line end, unless `accept_unended`: its last
        value may be cut, e.g. the votes 31 of 310, and no checksum of the packed file shows what
        its maker left out.
        """
        if self._length:
            line = self.line
            self.feed(b"\n")
            if accept_unended:
                return
            raise DamagedFile(
                f"{self.name}, line {line}: the last line has no line end, so its last value may "
                f"be cut. Wait for the next file of the source. If you know that it is whole, set "
                f"IMDB_ACCEPT_UNENDED_FILES=1. {_LOOK}"
            )

    def _look_for_header(self, text: bytes) -> None:
        length = len(self._header)
        edge = self._last + text[:length]
        if self._header in edge:
            line = self.line + edge.count(b"\n", len(self._last), edge.index(self._header))
        elif self._header in text:
            line = self.line + text.count(b"\n", 0, text.index(self._header))
        else:
            self._last = (self._last + text[-length:])[1 - length :]
            return
        raise UnexpectedContent(
            f"{self.name}, line {line}: is the header once more: two files in one. {_LOOK}"
        )

    def _check_utf8(self, text: bytes) -> None:
        if not self._begun and text.isascii():
            return
        whole = memoryview(self._begun + text if self._begun else text)
        at = 0
        while at < len(whole):
            try:
                used = codecs.utf_8_decode(whole[at : at + _BLOCK], "strict", False)[1]
            except UnicodeDecodeError as error:
                row = whole[: at + error.start].tobytes().count(b"\n")
                found = f"{error.reason} (0x{whole[at + error.start]:02x})"
                raise self._not_utf8(self.line + row, found) from error
            if used == 0:
                break
            at += used
        self._begun = whole[at:].tobytes()

    def _not_utf8(self, line: int, found: str) -> UnexpectedContent:
        return UnexpectedContent(f"{self.name}, line {line}: is not UTF-8: {found}. {_LOOK}")

    def _wrong_columns(self, text: bytes, marks: bytes) -> UnexpectedContent:
        """The error of the first line that has too few columns or too many."""
        place = self._phase  # in the pattern
        while marks[place - self._phase] == self._good_lines[place]:
            place += 1
        row, found = divmod(place, self.columns)
        rest = marks[place - self._phase :]
        found += 1 + len(rest.partition(b"\n")[0])
        more = "" if b"\n" in rest else " or more"
        shown = ""
        if row or not self._length:  # else the line's beginning was in the piece before
            start = 0
            for _ in range(row):
                start = text.index(b"\n", start) + 1
            line = text[start : start + _SHOWN].partition(b"\n")[0]
            shown = f", and begins {line.decode('utf-8', 'replace')!r}"
        return UnexpectedContent(
            f"{self.name}, line {self.line + row}: has {found}{more} columns, where the header has "
            f"{self.columns}{shown}. {_LOOK}"
        )
