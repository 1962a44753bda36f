"""Whether a publication says the same, and adds up, in every format that people get it in.

Only reading back and comparing may live here. The marts' own identities are a mart (mart_additivity_checks); what is asked here
is that Parquet, CSV, pages, workbooks and letters hold the marts' numbers, and that each printed total is the sum of the lines
printed above it, the line for what is left over included. Nothing is written but into the folder that the caller gives.
"""

import csv
import logging
import re
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from math import isclose
from pathlib import Path
from typing import Any, TypeGuard

import duckdb
import pypdf
from python_calamine import CalamineWorkbook

from dvctt.core.sql import identifier, read_literal
from dvctt.databases import open_database
from dvctt.province.model import Province
from dvctt.publications.reading import Publication
from dvctt.report.documents.month import write_documents
from dvctt.report.documents.period import file_stem, write_period
from dvctt.report.marts import CONTRACT, PACKET_CONTRACT, MartRow, Marts, read_marts, read_rows
from dvctt.report.month_rows import rows_of_month
from dvctt.report.tables.agency import agency_tables
from dvctt.report.tables.areas import agency_tables_of_areas, contract_of_areas, tables_of_areas
from dvctt.report.tables.monthly import province_tables
from dvctt.report.tables.periods import PERIOD_CONTRACT, PERIODS, RATES, of_period, period_tables
from dvctt.report.tables.table import DocumentTable
from dvctt.report.wording import formats
from dvctt.report.writers.xlsx import FIRST_ROW

log = logging.getLogger(__name__)

_NUMBER = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})*(?:,\d+)?")


@dataclass(frozen=True)
class FormatReading:
    """One format read back: how many figures were looked at, how many sums of them, and everything that does not agree, each
    with file, place, found and wanted.
    """

    format_id: str
    figures: int
    sums: int
    unexplained: tuple[str, ...]


def read_formats(
    publication: Publication, province: Province, scratch: Path, month: date | None = None
) -> list[FormatReading]:
    """Read every format of a publication back and hold it against the marts.

    Args:
        scratch: an empty folder; gets the documents of every month, quarter and year.
        month: its first day; only pages and documents of this month, and of the quarter or year that ends in it. Default: every
            month.

    Raises:
        ReportError: the publication lacks a table, page or month.
    """
    content = read_marts(publication.marts, {**CONTRACT, **PACKET_CONTRACT}, contract_of_areas())
    months = content.months() if month is None else (month,)
    readings: list[FormatReading] = []
    asked: tuple[Callable[[], FormatReading], ...] = (
        lambda: _read_parquet(publication),
        lambda: _read_csv(publication),
        lambda: _read_pages(publication, content, months),
        lambda: _read_documents(publication, content, province, scratch, months),
        lambda: _read_packets(content, months),
        lambda: _read_periods(publication, province, scratch, months),
    )
    for ask in asked:
        clock = time.monotonic()
        readings.append(ask())
        log.info(
            "%s: %d figures read back, %.1f s", readings[-1].format_id, readings[-1].figures, time.monotonic() - clock
        )
    return readings


def _read_parquet(publication: Publication) -> FormatReading:
    """Every published table beside its Parquet file, row for row."""
    wrong, rows = [], 0
    with open_database(publication.marts, read_only=True) as connection:
        for name in _tables(connection):
            path = publication.folder / "parquet" / f"{name}.parquet"
            table, file = f"main.{identifier(name)}", f"read_parquet({read_literal(path)})"
            (count,) = connection.execute(f"select count(*) from {table}").fetchall()[0]
            (apart,) = connection.execute(
                f"select (select count(*) from (from {table} except all from {file})) "
                f"+ (select count(*) from (from {file} except all from {table}))"
            ).fetchall()[0]
            rows += count
            if apart:
                wrong.append(f"{path}: {apart} rows on one side only, wanted those of {name} in {publication.marts}")
    return FormatReading("parquet", rows, 0, tuple(wrong))


def _read_csv(publication: Publication) -> FormatReading:
    """Every number of a CSV file beside the mart, in the file's own order of rows: all columns, from the left. What stands in
    the file in words only, a column a language, is no number.
    """
    wrong, figures = [], 0
    with open_database(publication.marts, read_only=True) as connection:
        for path in sorted((publication.folder / "csv").glob("*.csv")):
            with path.open(encoding="utf-8-sig", newline="") as file:
                header, *lines = list(csv.reader(file))
            cursor = connection.execute(f"select * from main.{identifier(path.stem)} order by all")
            columns = [described[0] for described in cursor.description or ()]
            rows = cursor.fetchall()
            if len(lines) != len(rows):
                wrong.append(f"{path}: found {len(lines)} rows, wanted {len(rows)}")
            for place, (line, row) in enumerate(zip(lines, rows, strict=False), start=2):
                cells = dict(zip(header, line, strict=True))
                for column, value in zip(columns, row, strict=True):
                    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
                    if not (is_number or (value is None and column in cells)):
                        continue
                    figures += 1
                    found = cells.get(column, "no such column")
                    if not _is_number_of(found, value):
                        wrong.append(f"{path}:{place}: {column}: found {found!r}, wanted {value}")
    return FormatReading("csv", figures, 0, tuple(wrong))


def _is_number_of(cell: str, value: float | None) -> bool:
    try:
        return (float(cell) if cell else None) == value
    except ValueError:
        return False


class _Page(HTMLParser):
    """The figures of a page: id, value for machines, printed words."""

    def __init__(self) -> None:
        super().__init__()
        self.figures: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "data":
            self.figures.append([given["data-figure"] or "", given["value"] or "", ""])
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "data":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.figures[-1][2] += data


def _read_pages(publication: Publication, content: Marts, months: Sequence[date]) -> FormatReading:
    """Every number of the monthly pages beside the mart's row that its id names."""
    values = dict(_by_id(content))
    wrong, figures = [], 0
    for month in months:
        path = publication.reports / f"bao-cao-{formats.month_key(month)}.html"
        page = _Page()
        page.feed(path.read_text(encoding="utf-8"))
        for figure, value, printed in page.figures:
            figures += 1
            if figure not in values or repr(values[figure]) != value:
                wrong.append(f"{path}: {figure}: found {value}, wanted {values.get(figure)}")
            elif not _says(printed, values[figure]):
                wrong.append(f"{path}: {figure}: printed {printed!r}, wanted {value}")
    return FormatReading("html", figures, 0, tuple(wrong))


def _by_id(content: Marts) -> Iterator[tuple[str, int | float]]:
    for rows in content.rows.values():
        for row in rows:
            if isinstance(row, MartRow) and row.key:
                for column, value in row.items():
                    if isinstance(value, (int, float)) and not isinstance(value, bool):
                        yield row.id_of(column), value


def _says(printed: str, value: int | float) -> bool:
    """Whether a printed number is the value, rounded to the decimals that are shown; the sign of a difference may stand in
    words beside it.
    """
    found = _NUMBER.search(printed)
    if found is None:
        return False
    shown = formats.read(found.group())
    places = -int(shown.as_tuple().exponent)
    return abs(shown) == abs(formats.half_up(value, places))


def _read_documents(
    publication: Publication, content: Marts, province: Province, scratch: Path, months: Sequence[date]
) -> FormatReading:
    """Workbook and letter of the province, written and read back: each number is the table's, each total the sum of its lines
    as the sheet holds them, each line stands in the letter.
    """
    wrong: list[str] = []
    figures = sums = 0
    for month in months:
        key = formats.month_key(month)
        page = publication.reports / f"bao-cao-{key}.html"
        folder = scratch / key
        write_documents(
            publication.marts, page, folder, province, publication.number, month, is_sample=publication.is_sample
        )
        rows = rows_of_month(content, month, publication.number)
        areas = (table for area in tables_of_areas(rows, month, province) for table in area.tables)
        tables = (*province_tables(rows, month, province), *areas)
        read = _read_tables(tables, folder / f"bao-cao-{key}", key)
        figures, sums, wrong = figures + read[0], sums + read[1], wrong + read[2]
    return FormatReading("xlsx, pdf", figures, sums, tuple(wrong))


def _read_tables(tables: Iterable[DocumentTable], stem: Path, document: str) -> tuple[int, int, list[str]]:
    """Tables beside the workbook and the letter that hold them: figures and sums looked at, and what does not agree."""
    workbook = CalamineWorkbook.from_path(f"{stem}.xlsx")
    letter = _squeezed(" ".join(one.extract_text() for one in pypdf.PdfReader(f"{stem}.pdf").pages))
    wrong: list[str] = []
    figures = sums = 0
    for table in tables:
        where = f"{document}, {table.sheet_vi}"
        rows = workbook.get_sheet_by_name(table.sheet_vi).to_python()[FIRST_ROW:]
        values = [[rows[number][place] for place in range(len(line.cells))] for number, line in enumerate(table.lines)]
        for line, found in zip(table.lines, values, strict=True):
            numbers = [(cell.value, one) for cell, one in zip(line.cells, found, strict=True) if _is_number(cell.value)]
            figures += len(numbers)
            wrong += [
                f"{where}, xlsx: found {one!r}, wanted {value}" for value, one in numbers if not _agree(one, value)
            ]
            text = _squeezed(" ".join(cell.printed for cell in line.cells))
            if numbers and line.role != "residue" and text not in letter:
                wrong.append(f"{where}, pdf: found no line {text!r}")
        counted, apart = _sums(table, values, where)
        sums += counted
        wrong += apart
    return figures, sums, wrong


def _read_periods(publication: Publication, province: Province, scratch: Path, months: Sequence[date]) -> FormatReading:
    """The same of the documents of every quarter and year of every calendar that ends in the months and has all its data. Other
    kinds of period are laid out by the same code out of the same marts; all of them would take a minute and a half.
    """
    content = read_rows(publication.marts, {}, PERIOD_CONTRACT)
    if len(content.rows) < len(PERIOD_CONTRACT):
        # The publication is of a version that did not know periods.
        return FormatReading("periods", 0, 0, ())
    complete = {
        row["period_key"]
        for row in content.rows[RATES]
        if row["scope"] == "province" and row["months_present"] == row["months_expected"]
    }
    wrong: list[str] = []
    figures = sums = 0
    for period in content.rows[PERIODS]:
        is_asked = period["month"] in months and period["kind"] in ("quarter", "year")
        if not is_asked or period["period_key"] not in complete:
            continue
        own = of_period(content, period)
        folder = scratch / period["period_key"]
        write_period(own, folder, province, publication.number, period, is_sample=publication.is_sample)
        read = _read_tables(period_tables(own, period, province), folder / file_stem(period), period["period_key"])
        figures, sums, wrong = figures + read[0], sums + read[1], wrong + read[2]
    return FormatReading("periods", figures, sums, tuple(wrong))


def _read_packets(content: Marts, months: Sequence[date]) -> FormatReading:
    """The tables of every agency's packet, which its workbook and its letter both print."""
    wrong: list[str] = []
    figures = sums = 0
    for month in months:
        for row in content.of_month("mart_online_rates", month):
            if row["scope"] != "agency":
                continue
            for table in (*agency_tables(content, month, row), *agency_tables_of_areas(content, month, row)):
                values = [[cell.value for cell in line.cells] for line in table.lines]
                figures += sum(_is_number(value) for line in values for value in line)
                counted, apart = _sums(
                    table, values, f"{formats.month_key(month)}, {row['entity_code']}, {table.sheet_vi}"
                )
                sums += counted
                wrong += apart
    return FormatReading("packets", figures, sums, tuple(wrong))


def _sums(table: DocumentTable, values: Sequence[Sequence[Any]], where: str) -> tuple[int, list[str]]:
    """How many totals of a table were added up again, and those that are not their parts."""
    looked, wrong = 0, []
    for number, line in enumerate(table.lines):
        for place, cell in enumerate(line.cells):
            parts = [values[part][place] for part in cell.down] or [values[number][part] for part in cell.across]
            if not parts or not _is_number(values[number][place]):
                continue
            looked += 1
            added = sum(part for part in parts if _is_number(part))
            if not _agree(values[number][place], added):
                name = line.cells[0].printed or line.cells[1].printed
                wrong.append(
                    f"{where}, {name}, {table.columns[place].heading_vi}: found {values[number][place]}, its parts give {added}"
                )
    return looked, wrong


def _agree(found: Any, value: int | float) -> bool:
    """Whether a number is the one that is wanted: counts exactly, shares and points with the digits that a workbook keeps."""
    return _is_number(found) and (found == value if isinstance(value, int) else isclose(found, value, rel_tol=1e-13))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _squeezed(text: str) -> str:
    """Without white space: a word that a cell breaks reads as one."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'main' order by table_name"
    ).fetchall()
    return [name for (name,) in found]
