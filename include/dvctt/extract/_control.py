"""The control file that lies beside a source's file: what the source says of its own file, or why that is no control file.

What may live here: its JSON, key by key. What may not: whether the file agrees with it (``files``). Nothing of it is quoted: a
value or a key may be a citizen's.
"""

import json
import re
from pathlib import Path
from typing import Any

from dvctt.core.errors import ExtractError
from dvctt.core.files import open_regular, path_in_words
from dvctt.extract import Control

_TOTALS = ("rows", "total_amount_vnd")
_KEYS = {*_TOTALS, "sha256", "agencies", "sample"}
_MOST_BYTES = 65_536
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_HASH = re.compile(r"[0-9a-fA-F]{64}")


class _Malformed(ValueError):
    """Why a control file is none; its words quote nothing."""


def read_control(path: Path) -> Control:
    """The totals that a control file states.

    Raises:
        ExtractError: it is no regular file, cannot be opened, or is no control file.
    """
    with open_regular(path) as file:
        text = file.read(_MOST_BYTES + 1)
    try:
        content = _parsed(text)
        totals = {key: _total(content, key) for key in _TOTALS}
        sha256 = content.get("sha256")
        if sha256 is not None and not (isinstance(sha256, str) and _HASH.fullmatch(sha256)):
            raise _Malformed("key sha256: wanted a text of 64 hexadecimal digits")
        agencies = _agencies(content.get("agencies"))
        is_sample = content.get("sample")
        if is_sample is not None and not isinstance(is_sample, bool):
            raise _Malformed("key sample: wanted true or false, without quotes")
    except _Malformed as error:
        raise ExtractError(
            f"{path_in_words(path)}: {error}; ask the source to send its control file again", "control_malformed"
        ) from None
    return Control(path, totals["rows"], totals["total_amount_vnd"], sha256, agencies, is_sample)


def _parsed(text: bytes) -> dict[str, Any]:
    if len(text) > _MOST_BYTES:
        raise _Malformed(f"not a control file: longer than {_MOST_BYTES} bytes; wanted an object of five keys")
    try:
        content = json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_once,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
        )
    except UnicodeDecodeError as error:
        raise _Malformed(f"not UTF-8 text at byte {error.start + 1}") from error
    except json.JSONDecodeError as error:
        raise _Malformed(f"not JSON at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _Malformed("not a control file: nested too deep; wanted an object of five keys") from error
    if not isinstance(content, dict):
        raise _Malformed(f"wanted an object with keys {', '.join(sorted(_KEYS))}, found another JSON value")
    if unknown := set(content) - _KEYS:
        raise _Malformed(
            f"{len(unknown)} keys that no control file has; wanted an object with keys {', '.join(sorted(_KEYS))}"
        )
    return content


class _Number(str):
    """A number of a JSON text as it was written: how long it may be is asked before it is one."""

    __slots__ = ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _Malformed("a key stands twice in one object; wanted each once")
    return dict(pairs)


def _total(content: dict[str, Any], key: str) -> int | None:
    value = content.get(key)
    if value is None:
        return None
    if not isinstance(value, _Number) or not _WHOLE.fullmatch(value):
        raise _Malformed(f"key {key}: wanted a whole number of at most 18 digits, without quotes")
    if key == "rows" and int(value) < 0:
        raise _Malformed("key rows: found a number below 0")
    return int(value)


def _agencies(content: object) -> dict[str, int] | None:
    """Rows by agency; the codes stay unsaid in an error, they are a source's words."""
    if content is None:
        return None
    wrong = (
        "key agencies: wanted an object with an agency's code for each key and a whole number of rows, without quotes"
    )
    if not isinstance(content, dict):
        raise _Malformed(wrong)
    counts = {}
    for code, rows in content.items():
        if not isinstance(rows, _Number) or not _WHOLE.fullmatch(rows) or int(rows) < 0:
            raise _Malformed(wrong)
        counts[str(code)] = int(rows)
    return counts
