"""JSON: an array of flat objects, or an object with one such array. JSON lines (``json_lines``) share what an object is.

What may live here: objects to rows of text, in a stream; the file is never in memory whole. A number stays the digits that were
written, whatever their length; null and a key that an object lacks are empty. A value that is an object or an array is refused,
because there is no text of the contract for it.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from dvctt.core.errors import ExtractError
from dvctt.core.files import open_regular
from dvctt.extract._forms import CONTRACT_NAMES, Incoming, Text

_CHUNK = 1 << 20
_HEAD = 1 << 16
LONGEST_OBJECT = 8 << 20
"""Characters that one object may have, as a record of CSV."""
MOST_KEYS = 500
"""Different keys in one file: a table has some twenty columns. An object whose keys are numbers of filings is no row."""
_BLANK = re.compile(r"[ \t\n\r]*")
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_AGAIN = "ask the source to send the file again"


class Malformed(ValueError):
    """Why the text is no table, in words that quote nothing."""


class _Digits(str):
    """A number as it was written."""

    __slots__ = ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise Malformed("a key stands twice in one object; wanted each once")
    return dict(pairs)


def _refuse_constant(_: str) -> str:
    raise Malformed("NaN or Infinity, which JSON does not have; wanted a number, a text or null")


DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_int=_Digits, parse_float=_Digits, parse_constant=_refuse_constant
)
"""Keeps numbers as they were written, and is strict where Python is not."""
Objects = Callable[[TextIO], Iterator[Any]]
"""The objects of a file, one after the other; raises Malformed."""


def as_text(incoming: Incoming) -> Text:
    """The objects of the array as rows.

    Raises:
        ExtractError: not UTF-8 or not JSON, cut, an object or an array as a value, a key twice in one object, or
            something beside the one array of objects.
    """
    is_wrapped = incoming.head(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(b"{")
    return objects_as_text(incoming, _objects_of_array, 1 if is_wrapped else 0)


def objects_as_text(incoming: Incoming, objects: Objects, around: int) -> Text:
    """Write objects as rows: read twice, first which keys there are, then their values.

    Args:
        around: how many objects of the file are no rows but stand around them.

    Raises:
        ExtractError: as ``as_text``.
    """
    if other := incoming.other_form("JSON"):
        raise other
    keys: dict[str, None] = {}
    found = 0
    for found, each in _walk(incoming, objects):
        keys |= dict.fromkeys(each)
        if len(keys) > MOST_KEYS:
            raise ExtractError(
                f"{incoming.shown}: record {found}: more than {MOST_KEYS} different keys in one file; wanted the contract's "
                f"columns for keys, one object a row"
            )
        _check_values(incoming, found, each)
    path = incoming.scratch / "objects.csv"
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(keys or incoming.entity.columns)
        for _, each in _walk(incoming, objects):
            writer.writerow([_text(each.get(key)) for key in keys])
    return Text(
        path,
        header_at=": its keys",
        header_noun="its objects",
        of_lines=False,
        rows=_count_objects(incoming.path) - around,
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_values(incoming: Incoming, number: int, found: dict[str, Any]) -> None:
    for place, (key, value) in enumerate(found.items(), start=1):
        is_nested = isinstance(value, dict | list)
        is_text = not _NO_TEXT.search(key) and not (isinstance(value, str) and _NO_TEXT.search(value))
        if is_text and not is_nested:
            continue
        (name,) = incoming.renamed([key])
        where = f"{incoming.shown}: record {number}, {name if name in CONTRACT_NAMES else f'key {place}'}"
        if is_nested:
            raise ExtractError(
                f"{where}: an object or an array, wanted a text, a number or null; ask the source for a flat table"
            )
        raise ExtractError(f"{where}: a sign that is none in any text; {_AGAIN}")


def _walk(incoming: Incoming, objects: Objects) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every object with its number, from 1; what goes wrong is told with the number of the last one that was right."""
    number = 0
    with open_regular(incoming.path) as file:
        try:
            for each in objects(io.TextIOWrapper(file, encoding="utf-8-sig", newline="\n")):
                if not isinstance(each, dict):
                    raise Malformed("a value that is no object; wanted an object a row")
                number += 1
                yield number, each
        except Malformed as error:
            raise ExtractError(f"{incoming.shown}: behind record {number}: {error}; {_AGAIN}") from None
        except UnicodeDecodeError:
            raise ExtractError(
                f"{incoming.shown}: behind record {number}: not UTF-8 text; {_AGAIN}, as UTF-8"
            ) from None
        except RecursionError:
            raise ExtractError(
                f"{incoming.shown}: behind record {number}: nested too deep; wanted a flat table"
            ) from None


class _Reader:
    """Values of a text, one after the other, with no more of it in memory than one value needs."""

    def __init__(self, text: TextIO) -> None:
        self._text, self._buffer, self._place, self._ended = text, "", 0, False

    def _fill(self) -> None:
        more = self._text.read(_CHUNK)
        self._ended = not more
        self._buffer, self._place = self._buffer[self._place :] + more, 0

    def sign(self) -> str:
        """The next sign that is no blank; an empty text at the end."""
        while True:
            match = _BLANK.match(self._buffer, self._place)
            self._place = match.end() if match else self._place
            if self._place < len(self._buffer) or self._ended:
                return self._buffer[self._place : self._place + 1]
            self._fill()

    def take(self, wanted: str) -> str:
        """The next sign, which must be one of these."""
        found = self.sign()
        if not found or found not in wanted:
            what = "something else stands" if found else "the file ends"
            raise Malformed(f"not JSON, or not whole: {what} where one of {' '.join(wanted)} is wanted")
        self._place += 1
        return found

    def value(self) -> Any:
        """The next value."""
        self.sign()
        while True:
            try:
                value, end = DECODER.raw_decode(self._buffer, self._place)
            except json.JSONDecodeError:
                if self._ended:
                    raise Malformed("not JSON, or not whole") from None
            else:
                if end < len(self._buffer) or self._ended:  # a number at the end of a piece may go on in the next
                    self._place = end
                    return value
            if len(self._buffer) - self._place > LONGEST_OBJECT:
                raise Malformed(f"not JSON, or an object longer than {LONGEST_OBJECT} characters")
            self._fill()


def _objects_of_array(text: TextIO) -> Iterator[Any]:
    reader = _Reader(text)
    if reader.sign() == "[":
        yield from _array(reader)
    else:
        yield from _wrapped(reader)
    if reader.sign():
        raise Malformed("something stands behind the end; a file with an object a line is named .jsonl")


def _array(reader: _Reader) -> Iterator[Any]:
    reader.take("[")
    if reader.sign() == "]":
        reader.take("]")
        return
    while True:
        yield reader.value()
        if reader.take(",]") == "]":
            return


def _wrapped(reader: _Reader) -> Iterator[Any]:
    """The array of an object that has one; what else it has must be plain, for it is passed over."""
    reader.take("{")
    arrays, names = 0, set()
    while True:
        name = reader.value()
        if not isinstance(name, str) or isinstance(name, _Digits) or name in names:
            raise Malformed("a key of the outer object is no text, or stands twice")
        names.add(name)
        reader.take(":")
        if reader.sign() == "[":
            arrays += 1
            if arrays > 1:
                raise Malformed("the outer object has two arrays; wanted one, of the rows")
            yield from _array(reader)
        elif isinstance(reader.value(), dict):
            raise Malformed("an object inside the outer object; wanted one array, of the rows")
        if reader.take(",}") == "}":
            break
    if not arrays:
        raise Malformed("an object without an array of rows; a file with an object a line is named .jsonl")


def _count_objects(path: Path) -> int:
    """How many objects open in the bytes, outside texts: a count that needs no reader of JSON."""
    count, is_inside = 0, False
    with open_regular(path) as file:
        while chunk := file.read(_CHUNK):
            while chunk.endswith(b"\\") and (more := file.read(1)):
                chunk += more  # an escaped sign stays in one piece
            parts = _ESCAPED.sub(b"", chunk).split(b'"')
            count += sum(part.count(b"{") for part in (parts[1::2] if is_inside else parts[0::2]))
            is_inside ^= len(parts) % 2 == 0
    return count
