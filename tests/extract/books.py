"""Workbooks as programs and offices write them, by the libraries that do: XLSX by openpyxl, XLS by xlwt, ODS by odfpy."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

Rows = Sequence[Sequence[Any]]


def xlsx(sheets: Mapping[str, Rows], change: Any = None) -> bytes:
    """A workbook of these sheets; ``change`` is called with it before it is saved."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.data_type != "e" and not cell.value.startswith("=formula "):
                    cell.data_type = "s"
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(sheets: Mapping[str, Rows], *, from_1904: bool = False) -> bytes:
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = from_1904
    styles = {
        kind: xlwt.easyxf(num_format_str=form) for kind, form in ((date, "DD/MM/YYYY"), (datetime, "DD/MM/YYYY hh:mm"))
    }
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if value is ERROR:
                    sheet.row(row).set_cell_error(column, 42)
                elif value not in (None, ""):
                    sheet.write(row, column, value, *filter(None, [styles.get(type(value))]))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods(sheets: Mapping[str, Rows]) -> bytes:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import LineBreak, P

    document = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        table = Table(name=name)
        for values in rows:
            row = TableRow()
            for value in values:
                cell = TableCell(**_of_ods(value))
                if isinstance(value, str) and value:
                    cell.addElement(P(text=value))
                elif value is ERROR:
                    cell.addElement(P(text="#N/A"))
                row.addElement(cell)
            table.addElement(row)
        document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.save(out)
    assert LineBreak
    return out.getvalue()


ERROR = object()
"""Stands for a cell that holds #N/A."""


def _of_ods(value: Any) -> dict[str, str]:
    match value:
        case str() if value:
            return {"valuetype": "string", "stringvalue": value}
        case bool():
            return {"valuetype": "boolean", "booleanvalue": str(value).lower()}
        case int() | float():
            return {"valuetype": "float", "value": repr(value)}
        case date():
            return {"valuetype": "date", "datevalue": value.isoformat()}
        case _ if value is ERROR:
            return {"valuetype": "string", "stringvalue": "", "formula": "of:=NA()"}
    return {}
