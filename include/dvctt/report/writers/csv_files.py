"""Marts as CSV, for people who open figures in a spreadsheet and for programs that read nothing else.

Only writing rows down may live here: no choosing, no renaming, no rounding. Each file is its mart, column for column and
row for row; what the mart holds as ids and parameters (``report/texts``) is written in words, one column a language.

- UTF-8 with a byte order mark: without it Excel takes the file for the machine's old code page and breaks Vietnamese names.
  Python reads it as ``utf-8-sig``; DuckDB, pandas and R drop the mark by themselves.
- Numbers, dates and booleans as machines write them (``50.2982``, ``2022-10-01``, ``true``), the same in every locale.
  A spreadsheet with Vietnamese settings wants ``Dữ liệu → Từ văn bản/CSV`` and the English number format.
- NULL is an empty field, never 0.
- Text that a spreadsheet would run as a formula gets an apostrophe in front; numbers, negative ones too, stay as they are.
"""

import logging
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import ReportError
from dvctt.core.sql import identifier
from dvctt.report.texts import text_of
from dvctt.report.wording.language import in_language, languages

log = logging.getLogger(__name__)

ENCODING = "utf-8-sig"
_RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(marts: Path, out: Path) -> list[Path]:
    """Write every table ``mart_*`` as ``<out>/<table>.csv``.

    Args:
        marts: the DuckDB file; opened read-only.
        out: folder of the files; made if missing.

    Returns:
        The paths written, by name. Columns stand as in the mart, those of ids in words; rows are ordered by all columns of the
        mart, from the left, so the same rows give the same bytes.

    Raises:
        ReportError: the marts cannot be read, or hold no table ``mart_*``.
    """
    if not marts.is_file():
        raise ReportError(f"{marts}: no such file; wanted a DuckDB file with the marts")
    out.mkdir(parents=True, exist_ok=True)
    try:
        with duckdb.connect(str(marts), read_only=True) as connection:
            names = [
                name
                for (name,) in connection.execute(
                    "SELECT table_name FROM information_schema.tables "
                    "WHERE table_schema = 'main' AND starts_with(table_name, 'mart_') ORDER BY table_name"
                ).fetchall()
            ]
            if not names:
                raise ReportError(f"{marts}: found no table mart_*, wanted at least one")
            written = [_write_table(connection, name, out / f"{name}.csv") for name in names]
    except duckdb.Error as error:
        raise ReportError(f"{marts}: cannot read the marts: {describe_error(error)}") from None
    log.info("wrote %d marts as CSV to %s", len(written), out)
    return written


def _write_table(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> Path:
    # The name comes from the catalogue of the file itself, so building the statement is safe.
    cursor = connection.execute(f"SELECT * FROM main.{identifier(name)} ORDER BY ALL")
    columns = [column[0] for column in cursor.description or []]
    rows = cursor.fetchall()
    held = {column: [row[place] for row in rows] for place, column in enumerate(columns)}
    written = [_in_words(name, column, held) for column in columns]
    names, values = zip(*(pair for pairs in written for pair in pairs), strict=True)
    lines = [names, *([_quoted(_cell(value)) for value in row] for row in zip(*values, strict=True))]
    with path.open("w", encoding=ENCODING, newline="\n") as file:
        file.writelines(",".join(line) + "\n" for line in lines)
    return path


def _in_words(mart: str, column: str, held: Mapping[str, list[Any]]) -> list[tuple[str, list[Any]]]:
    """The columns of the file that a column of the mart becomes, each with its values; most become themselves."""
    text = text_of(mart, column)
    if text is None:
        return [(column, held[column])]
    columns: list[tuple[str, list[Any]]] = [(column, held[column])] if text.keeps_id else []
    values = list(zip(*(held[name] for name in (column, *text.beside)), strict=True))
    for language in languages():
        with in_language(language):
            known = {value: text.form(*value) for value in set(values)}
        columns.append((f"{text.name}_{language}", [known[value] for value in values]))
    return columns


def _quoted(text: str) -> str:
    """RFC 4180. Python's own writer leaves a lone carriage return bare when lines end in a line feed."""
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _cell(value: Any) -> str:
    """One value as a machine reads it back; floats with the shortest digits that name them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_RUNS_AS_FORMULA) else value
    return repr(value) if isinstance(value, float) else str(value)
