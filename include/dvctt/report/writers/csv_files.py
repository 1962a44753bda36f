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
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import ReportError
from dvctt.core.files import write_new
from dvctt.core.sharing import Sharing
from dvctt.core.sql import identifier
from dvctt.databases import open_database
from dvctt.report.texts import text_of
from dvctt.report.wording import sample
from dvctt.report.wording.language import in_language, languages

log = logging.getLogger(__name__)

ENCODING = "utf-8-sig"
NOTE = "README.txt"
_ROWS_AT_ONCE = 10_000
"""Of a mart, held as Python's values: of all its rows they take some twenty times what DuckDB takes."""
_RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write_csv(
    marts: Path, out: Path, sharing: Sharing | None = None, data: Mapping[str, str] | None = None
) -> list[Path]:
    """Write every table ``mart_*`` as ``<out>/<table>.csv``.

    Args:
        marts: the DuckDB file; opened read-only.
        out: folder of the files; made if missing.
        sharing: the publication in the making, in which ``out`` lies, beside an earlier one; None writes every file.
        data: with it, a digest of the rows of every table.

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
        with open_database(marts, read_only=True) as connection:
            names = [
                name
                for (name,) in connection.execute(
                    "SELECT table_name FROM information_schema.tables "
                    "WHERE table_schema = 'main' AND starts_with(table_name, 'mart_') ORDER BY table_name"
                ).fetchall()
            ]
            if not names:
                raise ReportError(f"{marts}: found no table mart_*, wanted at least one")
            written = [
                _write(partial(_write_table, connection, name), out / f"{name}.csv", sharing, (data or {}).get(name))
                for name in names
            ]
    except duckdb.Error as error:
        raise ReportError(f"{marts}: cannot read the marts: {describe_error(error)}") from None
    log.info("wrote %d marts as CSV to %s", len(written), out)
    return written


def write_sample_note(folder: Path) -> Path:
    """The note that lies beside tables of a sample and says so, in every language; a table itself has no room for it.

    Args:
        folder: where the tables lie; made if missing.
    """
    folder.mkdir(exist_ok=True)
    lines: list[str] = []
    for language in languages():
        with in_language(language):
            lines += [sample.line(), sample.sentence(), ""]
    path = folder / NOTE
    write_new(path, "\n".join(lines).encode(ENCODING))
    return path


def _write(write: Callable[[Path], Path], path: Path, sharing: Sharing | None, data: str | None) -> Path:
    if sharing is None or data is None:
        return write(path)
    return sharing.make(path, write, data)


def _write_table(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> Path:
    # The name comes from the catalogue of the file itself, so building the statement is safe.
    cursor = connection.execute(f"SELECT * FROM main.{identifier(name)} ORDER BY ALL")
    columns = [column[0] for column in cursor.description or []]
    path.unlink(missing_ok=True)  # whatever it is a second name of keeps its bytes
    with path.open("w", encoding=ENCODING, newline="\n") as file:
        rows = cursor.fetchmany(_ROWS_AT_ONCE)
        is_first = True
        while rows or is_first:
            held = {column: [row[place] for row in rows] for place, column in enumerate(columns)}
            written = [_in_words(name, column, held) for column in columns]
            names, values = zip(*(pair for pairs in written for pair in pairs), strict=True)
            if is_first:
                file.write(",".join(names) + "\n")
            file.writelines(
                ",".join([_quoted(_cell(value)) for value in row]) + "\n" for row in zip(*values, strict=True)
            )
            rows, is_first = cursor.fetchmany(_ROWS_AT_ONCE), False
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
