"""CSV as programs and offices write it: which separator, which encoding. Nothing here looks at a row.

A separator is believed because the header says so, an encoding because the bytes or sources.yml do; neither is guessed. Text of
another encoding is written once more as UTF-8, so that one strict reader reads all.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dvctt.core.errors import ExtractError
from dvctt.core.files import open_regular
from dvctt.extract._forms import SEPARATORS, Incoming, Text, separator_in_words

_HEAD = 1 << 20
_CHUNK = 1 << 20
_SAID = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LAST_ASCII = re.compile(r".*([\x00-\x7f])", re.DOTALL)


def as_text(incoming: Incoming) -> Text:
    """Find out encoding and separator; the file itself is the text where it is UTF-8.

    Raises:
        ExtractError: what sources.yml says of the file is not so, or two separators fit its header.
    """
    path = _as_utf8(incoming)
    with open_regular(path) as file:
        head = file.read(_HEAD).decode("utf-8-sig", errors="ignore")
    delimiter, skipped = _separator(incoming, head)
    return Text(path, delimiter, skipped, f":{skipped + 1}", f"line {skipped + 1}")


def _as_utf8(incoming: Incoming) -> Path:
    if other := incoming.other_form("CSV"):
        raise other
    head, said = incoming.head(_HEAD), incoming.feed.encoding
    if head.startswith(_UTF_16):
        _refuse_other(incoming, "UTF-16 text", said not in (None, "utf-16"))
        return _converted(incoming, "utf-16")
    if said == "utf-16":
        raise ExtractError(
            f"{incoming.shown}:1: sources.yml says encoding: utf-16, and the file does not begin with its mark "
            f"(FF FE or FE FF); take the key out, or ask the source for the mark"
        )
    if said == "windows-1258":
        _refuse_other(incoming, "UTF-8 text", head.startswith(codecs.BOM_UTF8) or _is_utf8_beyond_ascii(incoming.path))
        return _converted(incoming, "cp1258")
    return incoming.path


def _refuse_other(incoming: Incoming, found: str, differs: bool) -> None:
    if differs:
        raise ExtractError(
            f"{incoming.shown}:1: sources.yml says encoding: {incoming.feed.encoding}, and the file is {found}; take the key "
            f"out, or ask the source what it writes"
        )


def _is_utf8_beyond_ascii(path: Path) -> bool:
    """Text of Windows-1258 with a letter of Vietnamese in it is never UTF-8: no such file is read as the one for the other."""
    decoder, beyond = codecs.getincrementaldecoder("utf-8")(), False
    with open_regular(path) as file:
        try:
            while chunk := file.read(_CHUNK):
                beyond = beyond or not chunk.isascii()
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return beyond


def _converted(incoming: Incoming, encoding: str) -> Path:
    """The file as UTF-8 in its scratch folder; letters that are written in parts are put together."""
    path = incoming.scratch / "text.csv"
    named = {"cp1258": "Windows-1258", "utf-16": "UTF-16"}[encoding]
    with open_regular(incoming.path) as file, path.open("x", encoding="utf-8", newline="") as text:
        try:
            for piece in _composed(_decoded(file, encoding)) if encoding == "cp1258" else _decoded(file, encoding):
                text.write(piece)
        except (UnicodeDecodeError, UnicodeEncodeError):
            raise ExtractError(
                f"{incoming.shown}: not {named} text, in its first {file.tell()} bytes; ask the source to send the file again, "
                f"as UTF-8"
            ) from None
    return path


def _decoded(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    while chunk := file.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _composed(pieces: Iterator[str]) -> Iterator[str]:
    """NFC over pieces: a mark that follows its letter in the next piece belongs to it. A sign of ASCII joins nothing before."""
    waiting = ""
    for piece in pieces:
        waiting += piece
        if match := _LAST_ASCII.match(waiting):
            yield unicodedata.normalize("NFC", waiting[: match.start(1)])
            waiting = waiting[match.start(1) :]
    yield unicodedata.normalize("NFC", waiting)


def _separator(incoming: Incoming, head: str) -> tuple[str, int]:
    """The separator, and how many lines before the header only say it."""
    known = {sign for sign, _ in SEPARATORS}
    feed = "\t" if incoming.feed.separator == "tab" else incoming.feed.separator
    if match := _SAID.match(head):
        if match[1] not in known:
            raise ExtractError(
                f"{incoming.shown}:1: the line sep= names a sign that separates nothing here; wanted one of "
                f"{', '.join(name for _, name in SEPARATORS)}"
            )
        if feed not in (None, match[1]):
            raise ExtractError(
                f"{incoming.shown}:1: the line sep= says {separator_in_words(match[1])}, and sources.yml says "
                f"{separator_in_words(str(feed))} (key separator); ask the source which it is"
            )
        return match[1], 1
    if feed is not None:
        return feed, 0
    headers = {sign: _fields(head, sign) for sign, _ in SEPARATORS}
    whole = [sign for sign, fields in headers.items() if fields and not incoming.missing(fields)]
    if len(whole) > 1:
        both = " and with ".join(map(separator_in_words, whole))
        raise ExtractError(
            f"{incoming.shown}:1: its header has the contract's columns with {both}; say which it is in "
            f"sources.yml, key separator"
        )
    if whole:
        return whole[0], 0
    counts = {sign: incoming.known(fields) for sign, fields in headers.items()}
    best = max(counts.values())
    fitting = [sign for sign, count in counts.items() if count == best]
    return (fitting[0] if len(fitting) == 1 else ","), 0


def _fields(head: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(head, newline=""), strict=True, delimiter=delimiter), [])
    except csv.Error:
        return []
