"""How text, names, days and paths stand in SQL: quoted once, here. What DuckDB takes as a parameter is a parameter instead.

A path is a path. DuckDB takes ``* ? [`` in the path of a file that it *reads* for a pattern, so that a folder ``kho[12]`` would
read its neighbour ``kho1`` in silence; each of the three is therefore put in brackets of its own, which stand for nothing but
themselves. Files that are written, attached or opened are taken as they are called.
"""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from dvctt.core.errors import WarehouseError

_PATTERN = re.compile(r"[*?\[]")


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """The name of a table or a column."""
    return '"' + name.replace('"', '""') + '"'


def day_literal(day: date) -> str:
    """A day as a literal of SQL."""
    return f"date {literal(day.isoformat())}"


def readable(path: Path) -> str:
    """The path of a file to read, as a *parameter* of read_csv, read_parquet and parquet_file_metadata.

    Raises:
        WarehouseError: the path holds a pattern's character and a backslash, which DuckDB cannot be told to take as such.
    """
    text = str(path)
    if not _PATTERN.search(text):
        return text
    if "\\" in text:
        raise WarehouseError(f"{path}: DuckDB takes a part of this path for a pattern; wanted one without a backslash")
    return _PATTERN.sub(r"[\g<0>]", text)


def read_literal(path: Path) -> str:
    """As ``readable``, as a literal."""
    return literal(readable(path))


def read_literals(paths: Iterable[Path]) -> str:
    """A list of files to read, as a literal."""
    return "[" + ", ".join(read_literal(path) for path in paths) + "]"


def file_literal(path: Path) -> str:
    """The path of a file to write or to attach, as a literal."""
    return literal(str(path))
