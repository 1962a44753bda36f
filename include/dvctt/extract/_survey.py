"""A second reader of a CSV file's bytes: what the first one says it read is held against what the file holds.

DuckDB drops a last line over its buffer's size, and a tail of zeros, without a word, and takes a record of one field too many
when the last one is empty: what a comma without quotes makes of a row. So the records' ends and the separators are counted here
from the bytes alone. On the same way the file's hash is made, and what is no text is found with its line and byte. Where a file
cannot be read, ``diagnose`` says why, in our own words: a value of the file is never quoted.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dvctt.core.files import open_regular
from dvctt.extract._forms import separator_in_words

_CHUNK = 4 << 20
_LIMIT = 2**31 - 1
_NO_CSV = "not readable as CSV"
LONGEST_RECORD = 8 << 20
"""Bytes that one record may have. Sources write some hundred; a longer one is a quote that was never closed, or no CSV."""


@dataclass(frozen=True)
class Survey:
    """What a file's bytes say: its hash and size, the records that end in it (the header is one, a blank line is none), the
    separators and the kinds of line ends outside quotes, and where it stops being text (None: it is text throughout).
    """

    sha256: str
    bytes: int
    records: int
    separators: int
    line_ends: tuple[str, ...]
    fault: str | None


def survey(path: Path, delimiter: str = ",") -> Survey:
    """Read the file once, in pieces.

    Raises:
        ExtractError: it is no regular file, or cannot be opened.
    """
    with open_regular(path) as file:
        return _survey(file, delimiter)


def _survey(file: BinaryIO, delimiter: str) -> Survey:
    total, size, counter, text = hashlib.sha256(), 0, _Records(delimiter), _Text()
    while chunk := file.read(_CHUNK):
        while chunk.endswith(b"\r") and (more := file.read(1)):
            chunk += more  # a line end of two bytes stays in one piece
        total.update(chunk)
        size += len(chunk)
        if text.fault is None:
            text.feed(chunk)
        counter.feed(chunk)
    text.end()
    return Survey(total.hexdigest(), size, counter.end(), counter.separators, counter.kinds(), text.fault)


class _Records:
    """Counts records: a quote opens and closes, a line end outside quotes ends a record, a blank line is none."""

    def __init__(self, delimiter: str) -> None:
        self.separators = 0
        self._delimiter = delimiter.encode()
        self._records = 0
        self._quoted = False
        self._open = False
        self._ends = {"\\r\\n": 0, "\\n": 0, "\\r": 0}

    def feed(self, chunk: bytes) -> None:
        parts = chunk.split(b'"')
        outside = b"q".join(parts[1::2] if self._quoted else parts[0::2])
        if self._open or self._quoted:
            outside = b"q" + outside
        if len(parts) > 1:
            self._quoted ^= len(parts) % 2 == 0
            if self._quoted:
                outside += b"q"
        self.separators += outside.count(self._delimiter)
        both = outside.count(b"\r\n")
        self._ends["\\r\\n"] += both
        self._ends["\\n"] += outside.count(b"\n") - both
        self._ends["\\r"] += outside.count(b"\r") - both
        self._open = not outside.endswith((b"\n", b"\r")) and bool(outside)
        self._records += sum(map(bool, outside.splitlines())) - self._open

    def end(self) -> int:
        return self._records + self._open

    def kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind, count in self._ends.items() if count)


class _Text:
    """Where a file stops being UTF-8 text without zero bytes, as words with line and byte, both counted from 1."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._waiting = b""
        self._before, self._line, self._line_start = 0, 1, 0

    def feed(self, chunk: bytes) -> None:
        if self._before == 0 and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self.fault = "1: not UTF-8 text: UTF-16, or none at all"
            return
        zero = chunk.find(b"\0")
        held = len(self._waiting)
        try:
            self._decoder.decode(chunk if zero < 0 else chunk[:zero])
        except UnicodeDecodeError as error:
            self._report(chunk, error.start - held, "not UTF-8 text")
            return
        if zero >= 0:
            self._report(
                chunk, zero, "a zero byte, which no text holds (a file that is still being written, or was cut)"
            )
            return
        self._waiting = self._decoder.getstate()[0]
        self._pass(chunk)

    def end(self) -> None:
        if self.fault is None:
            try:
                self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                self._report(b"", -len(self._waiting), "not UTF-8 text: it ends in the middle of a letter")

    def _pass(self, chunk: bytes) -> None:
        """Step over bytes that are text: on which line the next one stands, and where that line begins."""
        lines = chunk.count(b"\n")
        if lines:
            self._line_start = self._before + chunk.rfind(b"\n") + 1
            self._line += lines
        self._before += len(chunk)

    def _report(self, chunk: bytes, place: int, what: str) -> None:
        self._pass(chunk[: max(place, 0)])
        at = self._before + min(place, 0)
        self.fault = f"{self._line}: {what}: byte {at - self._line_start + 1} of the line, byte {at + 1} of the file"


@contextmanager
def _long_fields() -> Iterator[None]:
    before = csv.field_size_limit(_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(file: BinaryIO, delimiter: str, skipped: int, *, strict: bool) -> "Iterator[tuple[int, list[str]]]":
    """Every record with the line that it ends on; blank lines are passed over."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    for _ in range(skipped):
        text.readline()
    reader = csv.reader(text, strict=strict, delimiter=delimiter)
    for record in reader:
        if record:
            yield skipped + reader.line_num, record


def count_records(path: Path, delimiter: str = ",", skipped: int = 0) -> int:
    """As ``Survey.records`` less the lines that are skipped, by the standard library's reader: slower, and right where a quote
    stands inside a plain field.
    """
    with open_regular(path) as file, _long_fields():
        return sum(1 for _ in _records(file, delimiter, skipped, strict=False))


def diagnose(path: Path, columns: int, known: Survey, delimiter: str = ",", skipped: int = 0) -> str:
    """Why a file is no CSV of so many columns, with record and line; the header is no record. Begins with ``:<line>``.

    The words quote nothing of the file.
    """
    if fault := find_fault(path, columns, known, delimiter, skipped):
        return fault
    if len(known.line_ends) > 1:
        return (
            f": {_NO_CSV}: line ends of {len(known.line_ends)} kinds in one file ({', '.join(known.line_ends)}); "
            f"wanted one kind"
        )
    return f": {_NO_CSV}: broken quoting, or line ends of two kinds in one file"


def find_fault(path: Path, columns: int, known: Survey, delimiter: str = ",", skipped: int = 0) -> str | None:
    """The first record that is none of so many columns, in the words of ``diagnose``; None when all are."""
    number, line = 0, 1 + skipped
    with open_regular(path) as file, _long_fields():
        try:
            for number, (last_line, record) in enumerate(_records(file, delimiter, skipped, strict=True)):
                if len(record) != columns:
                    return (
                        f":{line + (number > 0)}: {_NO_CSV}: record {number} has {len(record)} fields, "
                        f"wanted the {columns} of the header (a {separator_in_words(delimiter)} in a field without quotes, or "
                        f"a field too few?)"
                    )
                if sum(map(len, record)) > LONGEST_RECORD:
                    return f":{last_line}: {_NO_CSV}: record {number} is longer than {LONGEST_RECORD} bytes"
                line = last_line
            number += 1
        except csv.Error:
            return (
                f":{line + 1}: {_NO_CSV}: record {number + 1}, which begins here, is no CSV: "
                f"a quote that never closes, or text behind a closing quote"
            )
        except UnicodeDecodeError:
            return f": {known.fault or 'not UTF-8 text'}"
    return None
