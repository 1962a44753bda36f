"""Workbooks as offices send them: the one table in them is read whole and as text, or the file is refused in words."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from dvctt.core.contract import ENTITIES
from dvctt.extract._forms import workbook
from dvctt.province.model import Feed

from tests.extract import books
from tests.extract.test_delimited import ROWS, read, refused, written
from tests.extract.test_packed import zipped

FILINGS = ENTITIES["filings"]
HEADER = [*FILINGS.columns, *FILINGS.personal]
TABLE = [HEADER, *([row.get(column, "") for column in HEADER] for row in ROWS)]
WRITERS: dict[str, Callable[..., bytes]] = {"xlsx": books.xlsx, "xls": books.xls, "ods": books.ods}
TITLED = [["UBND TỈNH", "", "CỘNG HÒA"], [], ["", "Danh sách hồ sơ tháng 10"], *TABLE, [], ["", ""]]
PADDED = [[], [], *([None, None, *row] for row in TABLE)]


def with_cell(column: str, value: Any, row: int = 1) -> list[list[Any]]:
    """The table with one other cell; row 1 is the first below the header."""
    table = [list(row) for row in TABLE]
    table[row][HEADER.index(column)] = value
    return table


def landed(tmp_path: Path, content: bytes, ending: str, feed: Feed | None = None) -> list[tuple[object, ...]]:
    return read(tmp_path, content, feed, f"2022-10.{ending}")[1]


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("table", [TABLE, TITLED, PADDED], ids=["plain", "titled", "padded"])
def test_a_workbook_gives_the_rows_of_the_csv(tmp_path: Path, ending: str, table: list[list[Any]]) -> None:
    _, plain = read(tmp_path / "plain", written(ROWS).encode())
    content = WRITERS[ending]({"Bìa": [["Báo cáo"]], "Dữ liệu": table, "Ghi chú": []})
    assert landed(tmp_path, content, ending) == plain


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2952, "2952"),
        (2952.0, "2952"),
        ("2.952", "2.952"),
        (12.5, "12.5"),
        (20221012345, "20221012345"),
        (999_999_999_999_999, "999999999999999"),
        (1_000_000_000_000_000, "1.00000000000000E+15"),
        (20221012345678901, "2.02210123456789E+16"),
        (-7, "-7"),
        (datetime(2022, 10, 5, 14, 30), "2022-10-05 14:30:00"),
        (datetime(2022, 10, 5, 23, 59, 59), "2022-10-05 23:59:59"),
        (datetime(2022, 10, 5), "2022-10-05"),
        (date(2022, 10, 5), "2022-10-05"),
        (True, "TRUE"),
        ("000099000001", "000099000001"),
        ("20221005143000", "20221005143000"),
        ("  a\nb ", "  a\nb "),
        ("=1+1", "=1+1"),
        ("_x0041_", "_x0041_"),
        (None, None),
    ],
)
def test_a_cell_is_the_text_that_the_contract_knows(tmp_path: Path, ending: str, value: Any, text: str | None) -> None:
    if ending == "ods" and isinstance(value, str) and ("\n" in value or value != value.strip()):
        pytest.skip("odfpy writes blanks and line breaks as plain text, which ODS folds")
    if ending == "xlsx" and value == "_x0041_":
        pytest.skip("an escape of XLSX, which openpyxl writes unescaped")
    content = WRITERS[ending]({"A": with_cell("LoaiDoiTuong", value)})
    assert landed(tmp_path, content, ending)[0][-1] == text


@pytest.mark.parametrize("ending", WRITERS)
def test_an_error_of_a_cell_is_no_empty_cell(tmp_path: Path, ending: str) -> None:
    value: Any = "#N/A" if ending == "xlsx" else books.ERROR

    def change(book: Any) -> None:
        book["A"].cell(2, HEADER.index("LoaiDoiTuong") + 1).data_type = "e"

    table = {"A": with_cell("LoaiDoiTuong", value)}
    content = books.xlsx(table, change) if ending == "xlsx" else WRITERS[ending](table)
    assert landed(tmp_path, content, ending)[0][-1] == "#N/A"


@pytest.mark.parametrize("from_1904", [False, True])
@pytest.mark.parametrize("ending", ["xlsx", "xls"])
def test_days_counted_from_1904_are_the_same_days(tmp_path: Path, ending: str, from_1904: bool) -> None:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    def change(book: Any) -> None:
        if from_1904:
            book.epoch = CALENDAR_MAC_1904

    table = {"A": with_cell("NgayTra", datetime(2022, 10, 5, 14, 30))}
    content = books.xlsx(table, change) if ending == "xlsx" else books.xls(table, from_1904=from_1904)
    assert landed(tmp_path, content, ending)[0][1 + FILINGS.columns.index("NgayTra")] == "2022-10-05 14:30:00"


def test_merged_titles_and_hidden_rows_and_sheets_change_nothing(tmp_path: Path) -> None:
    def change(book: Any) -> None:
        book["A"].merge_cells("A1:F1")
        book["A"].row_dimensions[6].hidden = True
        book["A"].column_dimensions["C"].hidden = True
        book["A"].auto_filter.ref = "A4:D9"
        book["A"].sheet_state = "hidden"

    content = books.xlsx({"A": TITLED, "Bìa": [["x"]]}, change)
    assert landed(tmp_path, content, "xlsx") == landed(tmp_path / "plain", written(ROWS).encode(), "csv")


def test_a_total_at_the_end_is_a_row_without_a_key(tmp_path: Path) -> None:
    rows = landed(tmp_path, books.xlsx({"A": [*TABLE, ["Tổng cộng", "", "6"]]}), "xlsx")
    assert len(rows) == len(ROWS) + 1
    assert rows[-1][1] == "Tổng cộng", "staging sets it aside: no key has a blank"


@pytest.mark.parametrize("ending", WRITERS)
def test_two_sheets_of_the_contract_are_asked_for_and_one_may_be_said(tmp_path: Path, ending: str) -> None:
    content = WRITERS[ending]({"Tháng 9": TABLE[:2], "Tháng 10": TABLE})
    message = refused(tmp_path / "no", content, name=f"2022-10.{ending}")
    assert (
        "sheets 1, 2 have the contract's columns, wanted one; say which is meant in sources.yml, key sheet" in message
    )
    assert len(landed(tmp_path, content, ending, Feed(sheet="Tháng 9"))) == 1
    message = refused(tmp_path / "other", content, Feed(sheet="Tháng 8"), f"2022-10.{ending}")
    assert "no sheet of the name that sources.yml says" in message


def bomb_of_cells(value: str = "x") -> bytes:
    def change(book: Any) -> None:
        book["A"]["XFD1048576"] = value

    return books.xlsx({"A": TABLE}, change)


def replaced(content: bytes, member: str, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == member:
                assert old in data
                data = data.replace(old, new, 1)
            target.writestr(name, data)
    return out.getvalue()


XLSX, XLS, ODS = books.xlsx({"A": TABLE}), books.xls({"A": TABLE}), books.ods({"A": TABLE})
SHEET = "xl/worksheets/sheet1.xml"
NOT_READ = "no workbook that can be read"


def formula(book: Any) -> None:
    book["A"]["P2"] = "=1+1"


def with_password() -> bytes:
    """What an encrypted workbook is: an OLE container with an entry of that name. No library here encrypts one."""
    return XLS[:512] + "EncryptedPackage".encode("utf-16-le") + XLS[512:]


@pytest.mark.parametrize(
    ("ending", "content", "wanted"),
    [
        ("xlsx", b"", NOT_READ),
        ("xlsx", XLSX[:-40], NOT_READ),
        ("xlsx", XLSX[: len(XLSX) // 2], NOT_READ),
        ("xlsx", written(ROWS).encode(), NOT_READ),
        ("xlsx", XLS, "found an old workbook"),
        ("xlsx", with_password(), "protected by a password"),
        ("xlsx", ODS, NOT_READ),
        ("xlsx", zipped(("x.csv", b"a")), NOT_READ),
        ("xlsx", replaced(XLSX, SHEET, b"</sheetData>", b""), "its XML is broken"),
        ("xlsx", replaced(XLSX, SHEET, b"<worksheet", b"<!DOCTYPE x><worksheet"), "declares a document type"),
        ("xlsx", books.xlsx({"A": TABLE}, formula), ": sheet 1, row 2, column 16: a formula that no spreadsheet has calculated"),
        ("xlsx", replaced(books.xlsx({"A": TABLE}, formula), SHEET, b"<v />", b"<v>0</v>"), "a formula that no spreadsheet has calculated"),
        ("xlsx", replaced(bomb_of_cells("=A1"), SHEET, b'r="XFD1048576"', b'r="XFD1048576" t="str"'), "cells between its first value and its last"),
        ("xlsx", bomb_of_cells(), "cells between its first value and its last, wanted at most"),
        ("xlsx", zipped(*[(f"{n}.xml", b"0" * (8 << 20)) for n in range(9)]), "unpacks to more than"),
        ("xls", XLS[:3000], NOT_READ),
        ("xls", XLSX, "found a ZIP archive or workbook, wanted an old workbook"),
        ("xls", b"<html><table><tr><td>MaHoSo", "found a web page or XML, wanted an old workbook"),
        ("ods", ODS[:-40], NOT_READ),
        ("ods", XLSX, NOT_READ),
        ("ods", replaced(ODS, "META-INF/manifest.xml", b"<manifest:manifest", b"<!-- encryption-data --><manifest:manifest"), "protected by a password"),
        ("ods", replaced(ODS, "content.xml", b"<table:table-cell", b'<table:table-cell table:number-columns-repeated="99999"'), "a cell is repeated beyond the last column"),
        ("ods", replaced(ODS, "content.xml", b"<table:table-row", b'<table:table-row table:number-rows-repeated="9999999"'), "repeated"),
        ("csv", XLSX, "found a ZIP archive or workbook, wanted CSV"),
    ],
)  # fmt: skip # a case is a row
def test_a_workbook_that_is_none_or_not_whole_is_refused_in_words(
    tmp_path: Path, ending: str, content: bytes, wanted: str
) -> None:
    message = refused(tmp_path, content, name=f"2022-10.{ending}")
    assert wanted in message and f"2022-10.{ending}" in message


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ([], "none of the first 50 rows of its 1 sheets names a column of the contract"),
        ([["Nguyễn Văn Mẫu", "1"]] * 60, "none of the first 50 rows of its 1 sheets names a column of the contract"),
        ([[]] * 50 + TABLE, "none of the first 50 rows of its 1 sheets"),
        ([["tiêu đề"], HEADER[1:]], ": sheet 1, row 2: missing mandatory column MaHoSo; found 21 columns"),
        ([[*HEADER, "MaHoSo"], ["1"]], ": sheet 1, row 1: column MaHoSo stands more than once in the header, at 1, 23"),
        ([*TABLE, [*[""] * 25, "Nguyễn"]], f", row {len(TABLE) + 1}: a value in column 26, which has no name in the header (row 1)"),
        ([HEADER], "empty file"),
    ],
)  # fmt: skip # a case is a row
def test_a_table_that_is_not_as_it_should_be_is_refused_with_sheet_and_row(
    tmp_path: Path, ending: str, table: list[list[Any]], wanted: str
) -> None:
    message = refused(tmp_path, WRITERS[ending]({"Nguyễn": table}), name=f"2022-10.{ending}")
    assert wanted in message and "Nguyễn" not in message


@pytest.mark.parametrize("ending", WRITERS)
def test_cells_that_a_reader_loses_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    real = workbook.cell_text
    monkeypatch.setattr(workbook, "cell_text", lambda value: "" if value == "|b,c" else real(value))
    content = WRITERS[ending]({"A": with_cell("LoaiDoiTuong", "|b,c")})
    assert "not all of it was read" in refused(tmp_path, content, name=f"2022-10.{ending}")
