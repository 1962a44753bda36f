"""Tables of documents as a workbook: one sheet a table, real numbers and dates, totals as formulas that a reader can follow.

Only laying out cells may live here; which they are is `document_tables`' business. A formula carries the mart's value, so a
reader that does not calculate sees what one that does finds. Text of the data is always written as text, whatever it begins
with. The same tables give the same bytes: the only moment in the file is the one given.
"""

from collections.abc import Sequence
from datetime import date, datetime
from math import ceil
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from dvctt.core.errors import ReportError
from dvctt.core.printable import printable
from dvctt.report.tables.table import Cell, Column, DocumentTable, Kind, Role
from dvctt.report.wording import formats
from dvctt.report.wording.language import _

NUMBER_FORMAT: dict[Kind, str] = {
    "count": "#,##0",
    "signed_count": "+#,##0;-#,##0;0",
    "rate": '#,##0.0"%"',
    "points": '#,##0.0" {points}"',
    "signed_points": '+#,##0.0" {points}";-#,##0.0" {points}";0.0" {points}"',
    "percent_change": '+#,##0.0"%";-#,##0.0"%";0.0"%"',
    "score": "#,##0.00",
    "exact": "#,##0",
    "day": "dd/mm/yyyy",
    "moment": "hh:mm dd/mm/yyyy",
    "text": "@",
}
"""A share stands in the sheet in per cent, as in the mart; thousands and decimals follow the reader's locale. ``{points}`` is
the word for a difference of shares in the current language. An exact number gets the decimals that it has.
"""

_FONT = {"font_name": "Times New Roman", "font_size": 11, "valign": "vcenter"}
_HEADER_ROW = 2
FIRST_ROW = 3
_WIDTH_OF_WEIGHT = 10.5
_HEIGHT_OF_LINE = 15.0
_COVER_WIDTH = 110


def write_workbook(
    path: Path,
    cover: Sequence[str],
    title: str,
    author: str,
    moment: datetime,
    tables: Sequence[DocumentTable],
    *,
    heading: str = "",
) -> Path:
    """Write one workbook.

    Args:
        path: the file; its folder must exist.
        cover: lines of the first sheet, the first of them its heading.
        title: the document's title in the file's properties.
        author: who issues it, in the file's properties.
        moment: stands in the file as its creation, so that the same data give the same bytes.
        tables: one sheet each, in this order.
        heading: stands at the head of every printed sheet; none where it is empty.

    Raises:
        ReportError: the file cannot be written, or a sheet's name is not allowed or stands twice.
    """
    try:
        with Workbook(str(path), {"in_memory": True, "default_date_format": number_format("day")}) as workbook:
            workbook.set_properties({"title": printable(title), "author": printable(author), "created": moment})
            workbook.set_calc_mode("auto")
            styles = _Styles(workbook)
            _write_cover(workbook.add_worksheet(_("Thông tin")), cover, styles)
            for table in tables:
                _write_table(workbook.add_worksheet(table.sheet_vi), table, styles)
            if heading:
                for sheet in workbook.worksheets():
                    sheet.set_header(f'&C&"Times New Roman,Bold"{heading.replace("&", "&&")}')
    except (XlsxWriterException, OSError) as error:
        raise ReportError(f"{path}: cannot write the workbook: {error}") from error
    return path


class _Styles:
    """The formats of one workbook, each made once."""

    def __init__(self, workbook: xlsxwriter.Workbook) -> None:
        self._workbook = workbook
        self._made: dict[tuple[str, Role, bool], Format] = {}
        self.title = workbook.add_format({**_FONT, "bold": True, "font_size": 13})
        self.running = workbook.add_format({**_FONT, "text_wrap": True, "valign": "top", "num_format": "@"})
        self.note = workbook.add_format({**_FONT, "italic": True, "text_wrap": True, "num_format": "@"})
        self.header = workbook.add_format(
            {**_FONT, "bold": True, "text_wrap": True, "align": "center", "border": 1, "bg_color": "#E7E6E6"}
        )

    def of(self, number_format: str, role: Role, *, is_number: bool) -> Format:
        """The format of a cell: words wrap on the left, numbers and what stands for one on the right."""
        key = (number_format, role, is_number)
        if key not in self._made:
            self._made[key] = self._workbook.add_format(
                {
                    **_FONT,
                    "border": 1,
                    "num_format": number_format,
                    "align": "right" if is_number else "left",
                    # A group's name runs on over the empty cells beside it.
                    "text_wrap": number_format == NUMBER_FORMAT["text"] and role != "heading",
                    "bold": role in ("total", "heading"),
                    "italic": role == "residue",
                }
            )
        return self._made[key]


def _write_cover(sheet: Worksheet, cover: Sequence[str], styles: _Styles) -> None:
    _set_up_page(sheet)
    sheet.set_column(0, 0, _COVER_WIDTH)
    for row, line in enumerate(cover):
        sheet.set_row(row, _HEIGHT_OF_LINE * _lines(line, _COVER_WIDTH))
        sheet.write_string(row, 0, printable(line), styles.title if row == 0 else styles.running)


def _set_up_page(sheet: Worksheet) -> None:
    """A4 across, as wide as the paper, numbered."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.7, right=0.7, top=0.8, bottom=0.8)
    sheet.set_footer("&C&P/&N")


def _write_table(sheet: Worksheet, table: DocumentTable, styles: _Styles) -> None:
    _set_up_page(sheet)
    sheet.freeze_panes(FIRST_ROW, 0)
    sheet.repeat_rows(_HEADER_ROW)
    sheet.write_string(0, 0, printable(table.title_vi), styles.title)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, _width(column))
        sheet.write_string(_HEADER_ROW, place, printable(column.heading_vi), styles.header)
    sheet.set_row(
        _HEADER_ROW, _HEIGHT_OF_LINE * max((_lines(c.heading_vi, _width(c)) for c in table.columns), default=1)
    )
    for number, line in enumerate(table.lines):
        if line.role != "heading":
            written = [_lines(c.printed, _width(column)) for c, column in zip(line.cells, table.columns, strict=True)]
            sheet.set_row(FIRST_ROW + number, _HEIGHT_OF_LINE * max(written))
        for place, (cell, column) in enumerate(zip(line.cells, table.columns, strict=True)):
            _write_cell(sheet, number, place, cell, styles, line.role, column)
    end = FIRST_ROW + len(table.lines)
    if not table.lines:
        _write_note(sheet, end, table.empty_vi, table.columns, styles)
        end += 1
    for offset, note in enumerate(table.notes, start=1):
        _write_note(sheet, end + offset, note, table.columns, styles)


def _write_note(sheet: Worksheet, row: int, note: str, columns: Sequence[Column], styles: _Styles) -> None:
    """A note over the table's whole width, in as many lines as it needs: on paper nothing of it is cut."""
    if len(columns) > 1:
        sheet.merge_range(row, 0, row, len(columns) - 1, "", styles.note)
    sheet.set_row(row, _HEIGHT_OF_LINE * _lines(note, sum(_width(column) for column in columns)))
    sheet.write_string(row, 0, printable(note), styles.note)


def _width(column: Column) -> float:
    return max(7.0, column.weight * _WIDTH_OF_WEIGHT)


def _lines(text: str, width: float) -> int:
    """How many lines a text takes in its column, about: a program that does not fit heights itself must not hide one."""
    return max(1, ceil(len(text) * 0.95 / width))


def _write_cell(
    sheet: Worksheet, number: int, place: int, cell: Cell, styles: _Styles, role: Role, column: Column
) -> None:
    row, value = FIRST_ROW + number, cell.value
    if value is None or isinstance(value, str):
        # Never `write`: it would take text that begins with "=" for a formula, and a web address for a link.
        style = styles.of(NUMBER_FORMAT["text"], role, is_number=column.is_number and cell.kind != "text")
        if cell.printed:
            sheet.write_string(row, place, printable(cell.printed), style)
        else:
            sheet.write_blank(row, place, None, style)
        return
    style = styles.of(_number_format(cell), role, is_number=True)
    formula = _formula(row, place, cell)
    if formula:
        sheet.write_formula(row, place, formula, style, value)
    elif isinstance(value, (date, datetime)):
        sheet.write_datetime(row, place, value, style)
    else:
        sheet.write_number(row, place, value, style)


def number_format(kind: Kind) -> str:
    """How a spreadsheet prints a kind of value in the current language."""
    if kind in ("day", "moment"):
        return _(NUMBER_FORMAT[kind])
    return NUMBER_FORMAT[kind].replace("{points}", _(formats.POINTS))


def _number_format(cell: Cell) -> str:
    """The format of the cell's kind, and its unit as fixed words; a printed figure has its own decimals and no others."""
    places = formats.decimals(cell.value) if cell.kind == "exact" and isinstance(cell.value, (int, float)) else 0
    unit = f'"{cell.unit_vi}"' if cell.unit_vi else ""
    return number_format(cell.kind) + ("." + "0" * places if places else "") + unit


def _formula(row: int, place: int, cell: Cell) -> str | None:
    """What a total is made of, as a spreadsheet writes it; it names cells only, never text of the data."""
    if cell.down:
        return f"=SUM({','.join(_runs(cell.down, place))})"
    if cell.across:
        return f"=SUM({','.join(xl_rowcol_to_cell(row, other) for other in cell.across)})"
    if cell.share:
        numerator, denominator = (xl_rowcol_to_cell(row, other) for other in cell.share)
        return f"=100*{numerator}/{denominator}"
    return None


def _runs(lines: Sequence[int], place: int) -> list[str]:
    """Lines that follow each other as one range: a group's sum is ``C5:C21``, the province's ``C22,C33``."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    names = []
    for run in runs:
        first, last = (xl_rowcol_to_cell(FIRST_ROW + line, place) for line in (run[0], run[-1]))
        names.append(first if first == last else f"{first}:{last}")
    return names
