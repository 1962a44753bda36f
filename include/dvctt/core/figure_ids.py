"""The name of one figure: ``<mart>/<primary key values joined by />/<column>``, such as
``mart_online_rates/2022-10/province/26/online_rate_percent``.

Only writing and reading this name may live here, and what a column's name says of its unit: no file is opened and no mart is
known. A name says where a figure stands and nothing of its value, so it is the same in every publication, on every page and in
every closed month.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, unquote

from dvctt.core.errors import FigureError
from dvctt.core.period import Month

_UNITS = {"_vnd": "VND", "_percent": "percent", "_points": "percentage_points"}
_NULL = "-"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FORM = "<mart>/<primary key values joined by />/<column>, such as mart_online_rates/2022-10/province/26/received"


def unit_of(column: str) -> str:
    """VND, percent, percentage_points or count: a column that holds none of the first three is named so that it does not end
    like them.
    """
    return next((unit for ending, unit in _UNITS.items() if column.endswith(ending)), "count")


def figure_id(mart: str, key_values: Iterable[Any], column: str) -> str:
    """The id of one figure; ASCII, without white space, the same for the same key for ever.

    Args:
        key_values: values of the mart's primary key, in its order. The first of a month is written ``YYYY-MM``, another
            date in ISO form, NULL as ``-`` and not at all where nothing but NULL follows, so that a key that grows leaves
            the ids as they were; everything that is not a letter, a digit or one of ``_ . - ~`` is percent-encoded.

    Raises:
        FigureError: ``mart`` or ``column`` is no name of a table or column, or there is no key value.
    """
    texts = [_NULL if value is None else _encoded(key_text(value)) for value in key_values]
    while len(texts) > 1 and texts[-1] == _NULL:
        texts.pop()
    if not texts or not _NAME.fullmatch(mart) or not _NAME.fullmatch(column):
        raise FigureError(f"not a figure: mart {mart!r}, key {texts}, column {column!r}; wanted {_FORM}")
    return "/".join((mart, *texts, column))


def key_text(value: Any) -> str:
    """One key value as an id tells it, before encoding."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return str(Month.of(value)) if value.day == 1 else value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def parse(text: str) -> tuple[str, tuple[str | None, ...], str]:
    """Mart, texts of the key values (None for NULL) and column of an id. Letters need not be encoded; a key that ends early has
    NULL for the rest.

    Raises:
        FigureError: the text is not of this form.
    """
    mart, *keys, column = text.split("/") if text.count("/") > 1 else ("", "")
    if not keys or not _NAME.fullmatch(mart) or not _NAME.fullmatch(column):
        raise FigureError(f"not a figure's id: found {text!r}, wanted {_FORM}; every number of a report carries its id")
    try:
        return mart, tuple(None if key == _NULL else unquote(key, errors="strict") for key in keys), column
    except UnicodeDecodeError as error:
        raise FigureError(f"not a figure's id: found {text!r}: no UTF-8 behind its percent signs") from error


def _encoded(text: str) -> str:
    # A lone dash is NULL's sign, so the text "-" goes encoded.
    return "%2D" if text == _NULL else quote(text, safe="")
