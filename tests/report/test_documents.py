"""PDF and workbook read back: every number is its mart row's, totals add up, text stays text, the same rows give the same
bytes.
"""

import re
import shutil
import unicodedata
import zipfile
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pypdf
import pytest
import typst
from dvctt.core.errors import ReportError
from dvctt.core.printable import printable
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.publications.reading import current_publication
from dvctt.report.documents.month import write_documents
from dvctt.report.documents.month_page import write_reports
from dvctt.report.documents.sentences import read_sentences
from dvctt.report.marts import CONTRACT, PACKET_CONTRACT, read_marts
from dvctt.report.month_rows import rows_of_month
from dvctt.report.tables.agency import agency_tables
from dvctt.report.tables.monthly import province_tables
from dvctt.report.tables.table import Column, DocumentTable, Line
from dvctt.report.tables.table import text as cell_text
from dvctt.report.wording import formats
from dvctt.report.wording.caveats import in_words
from dvctt.report.writers import pdf
from dvctt.report.writers.pdf import Letter, Section, write_letter
from dvctt.report.writers.xlsx import write_workbook
from python_calamine import CalamineWorkbook

from tests.conftest import dvctt

OCTOBER = date(2022, 10, 1)
ALL = {**CONTRACT, **PACKET_CONTRACT}


def write_all(marts: Path, folder: Path, province: Province) -> list[Path]:
    pages = write_reports(marts, folder / "pages", province, 7)
    page = next(path for path in pages if path.name == "bao-cao-2022-10.html")
    return write_documents(marts, page, folder / "out", province, 7, OCTOBER, packets=True)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory, province: Province) -> Path:
    """All documents of the literal rows, as publication 7; only to be read."""
    from tests.report.conftest import write_marts

    folder = tmp_path_factory.mktemp("documents")
    write_all(write_marts(folder / "marts.duckdb"), folder, province)
    return folder


def sheet(path: Path, name: str) -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python()


@cache
def pdf_text(path: Path) -> str:
    """All words of a PDF, white space as single blanks: a cell that is broken into lines reads as one."""
    pages = [re.sub(r"\s+", " ", page.extract_text()) for page in pypdf.PdfReader(path).pages]
    return unicodedata.normalize("NFC", " ".join(pages))


def squeezed(text: str) -> str:
    """Without white space and colons: a long word that a cell breaks reads as one, a caveat's row as its sentence."""
    return re.sub(r"[\s:]+", "", text)


def formulas(path: Path, number: int) -> dict[str, tuple[str, float]]:
    """Formula and stored value of every cell of the sheet with this number that has a formula."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(f"xl/worksheets/sheet{number}.xml").decode()
    found = re.findall(r'<c r="([A-Z]+\d+)"[^>]*><f>(.*?)</f><v>(.*?)</v></c>', text)
    return {cell: (formula, float(value)) for cell, formula, value in found}


def place(cell: str) -> tuple[int, int]:
    letter, row = re.fullmatch(r"([A-Z])(\d+)", cell).groups()
    return int(row) - 1, ord(letter) - ord("A")


def calculated(formula: str, rows: list[list[Any]]) -> float:
    """What a spreadsheet makes of a formula: sums, in which text counts for nothing, and shares."""

    def value(cell: str) -> float:
        row, column = place(cell)
        found = rows[row][column]
        return found if isinstance(found, (int, float)) else 0

    if summed := re.fullmatch(r"SUM\((.*)\)", formula):
        cells = []
        for part in summed.group(1).split(","):
            first, _, last = part.partition(":")
            (top, column), (bottom, _) = place(first), place(last or first)
            cells += [f"{chr(ord('A') + column)}{row + 1}" for row in range(top, bottom + 1)]
        return sum(value(cell) for cell in cells)
    numerator, denominator = re.fullmatch(r"100\*([A-Z]\d+)/([A-Z]\d+)", formula).groups()
    return 100 * value(numerator) / value(denominator)


def test_a_month_gets_a_page_a_pdf_a_workbook_and_two_files_an_agency(documents):
    found = sorted(str(path.relative_to(documents / "out")) for path in (documents / "out").rglob("*.*"))
    codes = ["243", "252", "H62.09", "H62.15", "H62.16"]
    assert found == [
        *(f"bao-cao-2022-10.{suffix}" for suffix in ("html", "pdf", "xlsx")),
        *(f"co-quan/{code}.{suffix}" for code in codes for suffix in ("pdf", "xlsx")),
    ]
    assert (documents / "out" / "bao-cao-2022-10.html").read_bytes() == (
        documents / "pages" / "bao-cao-2022-10.html"
    ).read_bytes()


def assert_reads_back(table: DocumentTable, workbook: Path, text: str) -> int:
    """Every cell of the table: its value in the sheet, its printed form, in order, in the PDF. Returns the numbers seen."""
    rows = sheet(workbook, table.sheet_vi)
    numbers = 0
    assert rows[2][: len(table.columns)] == [column.heading_vi for column in table.columns]
    for line, row in zip(table.lines, rows[3:], strict=False):
        for cell, found in zip(line.cells, row, strict=False):
            if isinstance(cell.value, (int, float)):
                numbers += 1
                assert found == cell.value
            elif isinstance(cell.value, date):
                assert found == cell.value
            else:
                assert found == cell.printed
        if line.role != "residue":
            assert squeezed(" ".join(cell.printed for cell in line.cells)) in squeezed(text), table.title_vi
    return numbers


def test_every_number_of_the_provinces_tables_is_in_the_workbook_and_in_the_pdf(documents, province):
    content = read_marts(documents / "marts.duckdb", ALL)
    workbook, text = documents / "out/bao-cao-2022-10.xlsx", pdf_text(documents / "out/bao-cao-2022-10.pdf")
    tables = province_tables(rows_of_month(content, OCTOBER, 7), OCTOBER, province)
    assert sum(assert_reads_back(table, workbook, text) for table in tables) > 250


def test_every_number_of_a_packet_is_in_its_workbook_and_in_its_pdf(documents):
    content = read_marts(documents / "marts.duckdb", ALL)
    for row in content.of_month("mart_online_rates", OCTOBER):
        if row["scope"] == "agency":
            stem = documents / "out/co-quan" / row["entity_code"]
            text = pdf_text(stem.with_name(stem.name + ".pdf"))
            for table in agency_tables(content, OCTOBER, row):
                assert_reads_back(table, stem.with_name(stem.name + ".xlsx"), text)


@pytest.mark.parametrize(
    ("mart", "sheet_name", "columns"),
    [
        ("mart_online_rates", "Tỷ lệ trực tuyến", {2: "received", 3: "online", 4: "online_rate_percent"}),
        ("mart_online_rates", "Kênh nộp", {1: "direct", 2: "online", 3: "postal", 4: "received", 5: "direct_assumed"}),
        (
            "mart_online_rates",
            "Mức độ và phần dư",
            {1: "online_level_4", 2: "online_level_3", 3: "online_no_level", 4: "online"},
        ),
        (
            "mart_payments",
            "Thanh toán trong tháng",
            {
                1: "online_payment_count", 2: "online_phi_vnd", 3: "online_le_phi_vnd", 4: "online_payment_amount_vnd",
                5: "online_refund_count", 6: "online_refund_amount_vnd", 7: "online_net_amount_vnd",
            },
        ),
        (
            "mart_payments",
            "Thanh toán lũy kế",
            {
                1: "ytd_online_payment_count", 2: "ytd_online_payment_amount_vnd", 3: "ytd_online_refund_count",
                4: "ytd_online_refund_amount_vnd", 5: "ytd_online_net_amount_vnd",
            },
        ),
        (
            "mart_payments",
            "Lượt giao dịch",
            {
                1: "attempt_success_count", 2: "attempt_failed_count", 3: "attempt_open_count", 4: "attempt_count",
                5: "other_payment_count", 6: "other_payment_amount_vnd",
            },
        ),
    ],
)  # fmt: skip # a case is a row
def test_a_sheet_holds_the_marts_rows_asked_without_the_reports_code(documents, mart, sheet_name, columns):
    with duckdb.connect(str(documents / "marts.duckdb"), read_only=True) as connection:
        wanted = connection.execute(
            f"select case scope when 'province' then 'Toàn tỉnh ' else '' end || entity_name_vi, {', '.join(columns.values())} "
            f"from {mart} where month = '2022-10-01'"
        ).fetchall()
    rows = sheet(documents / "out/bao-cao-2022-10.xlsx", sheet_name)[3:]
    named = 1 if sheet_name == "Tỷ lệ trực tuyến" else 0
    filled = {row[named].removesuffix(" *"): row for row in rows if row[named] and row[max(columns)] != ""}
    assert wanted
    for name, *values in wanted:
        for column, value in zip(columns, values, strict=True):
            found = filled[name][column]
            if value is None:
                assert found in (formats.NO_DATA, formats.NOT_DEFINED)
            else:
                assert found == value


def test_formulas_give_what_is_stored_beside_them(documents):
    workbook = documents / "out/bao-cao-2022-10.xlsx"
    names = CalamineWorkbook.from_path(str(workbook)).sheet_names
    seen = 0
    for number, name in enumerate(names, start=1):
        rows = sheet(workbook, name)
        for cell, (formula, stored) in formulas(workbook, number).items():
            row, column = place(cell)
            # The literal rates of these rows have three or four decimals.
            assert calculated(formula, rows) == pytest.approx(stored, abs=6e-4), (name, cell)
            assert rows[row][column] == stored
            seen += 1
    assert seen > 60
    rates = formulas(workbook, names.index("Tỷ lệ trực tuyến") + 1)
    assert rates["C9"] == ("SUM(C5:C8)", 5869)
    assert rates["D16"] == ("SUM(D9,D14:D15)", 21477)


def test_what_the_agencies_rows_do_not_hold_of_a_total_stands_in_a_row_of_its_own(documents):
    rows = sheet(documents / "out/bao-cao-2022-10.xlsx", "Thanh toán trong tháng")
    over = [row for row in rows if row[0] == "Chênh lệch giữa tổng và các dòng trên"]
    assert [row[1] for row in over] == [0, 400]
    assert [row[6] for row in over] == [0, 345678]
    text = pdf_text(documents / "out/bao-cao-2022-10.pdf")
    assert "Chênh lệch giữa tổng và các dòng trên 400 112.345.678 300.000.000 1 345.678 412.000.000" in text
    assert "Chênh lệch giữa tổng và các dòng trên 0 0" not in text


def test_a_withheld_agency_is_no_zero(documents):
    for path, name in (
        (documents / "out/bao-cao-2022-10.xlsx", "Tỷ lệ trực tuyến"),
        (documents / "out/bao-cao-2022-10.xlsx", "Mức độ và phần dư"),
    ):
        (row,) = (row for row in sheet(path, name) if "UBND thành phố Vĩnh Yên *" in row)
        assert set(row) <= {"–", "UBND thành phố Vĩnh Yên *", "chưa có dữ liệu"}
    figures = {row[0]: row[1] for row in sheet(documents / "out/co-quan/243.xlsx", "Số liệu trong tháng")[3:]}
    assert figures["Hồ sơ tiếp nhận trong tháng"] == "chưa có dữ liệu"
    assert figures["Tỷ lệ hồ sơ trực tuyến"] == "chưa có dữ liệu"
    assert figures["Thứ hạng trong khối"] == "chưa có dữ liệu"
    text = pdf_text(documents / "out/co-quan/243.pdf")
    assert "Cộng hồ sơ trực tuyến chưa có dữ liệu" in text
    assert "Cộng hồ sơ trực tuyến 0" not in text


def test_an_agency_that_delivered_nothing_but_zeros_keeps_them(documents):
    figures = {row[0]: row[1] for row in sheet(documents / "out/co-quan/H62.16.xlsx", "Số liệu trong tháng")[3:]}
    assert figures["Hồ sơ tiếp nhận trong tháng"] == 0
    assert figures["Tỷ lệ hồ sơ trực tuyến"] == "không có"
    assert figures["Thứ hạng trong khối"] == "không xếp hạng"


def test_a_packet_says_rank_change_rows_set_aside_and_what_mending_does(documents):
    packet = documents / "out/co-quan/252.xlsx"
    assert sheet(packet, "Dòng bị cách ly")[3:5] == [
        ["Hồ sơ", "filings_2022-10.csv", 11, "ngày không đọc được", "NgayTiepNhan", "Sửa ngày, gửi lại tệp"],
        ["Yêu cầu thanh toán", "payment_requests_2022-10.csv", 1234, "thiếu số tiền", "", "Bổ sung số tiền"],
    ]
    assert sheet(packet, "Nếu sửa các dòng")[3] == [8, 79.0013, 78.9743, 79.2085]
    text = pdf_text(documents / "out/co-quan/252.pdf")
    assert "8 79,0% 79,0% 79,2%" in text
    assert "filings_2022-09.csv" not in text
    assert "thiếu mã thủ tục" not in text
    other = pdf_text(documents / "out/co-quan/H62.09.pdf")
    assert "Thứ hạng trong khối 2" in other
    assert "Thay đổi tỷ lệ so với tháng trước -1,7 điểm %" in other
    assert "Không có dòng nào của cơ quan bị cách ly." in other


@pytest.mark.parametrize(
    "printed",
    [
        "ỦY BAN NHÂN DÂN TỈNH VĨNH PHÚC",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc",
        "BÁO CÁO Tình hình cung cấp dịch vụ công trực tuyến tháng 10 năm 2022",
        "Kỳ báo cáo: từ ngày 01/10/2022 đến hết ngày 31/10/2022.",
        "Số liệu tính đến lúc 01:02 05/11/2022, từ 41 lần lấy dữ liệu. Lần công bố số 7.",
        "Tỷ lệ hồ sơ trực tuyến Báo cáo này dùng định nghĩa “",
        "Số liệu tháng 10/2022 đã chốt lúc 10:15 08/11/2022. Người phê duyệt: Bà Trần Thị B <MẪU>.",
        "lý do: hỏng máy.",
        "UBND huyện Vĩnh Tường: Hồ sơ: Chưa tính 8 dòng bị cách ly.",
        "Toàn tỉnh Vĩnh Phúc: Thanh toán: Tháng 09/2022: chưa tính 2 dòng bị cách ly.",
        "Khối huyện thành phố*: 18.525 hồ sơ trực tuyến trên 23.449 hồ sơ tiếp nhận, đạt 79,0%",
        "Lưu: VT,",
    ],
)
def test_the_letter_says(documents, printed):
    assert squeezed(printed) in squeezed(pdf_text(documents / "out/bao-cao-2022-10.pdf"))


def test_results_stand_before_the_signature_and_the_method_after_it(documents):
    letter = squeezed(pdf_text(documents / "out/bao-cao-2022-10.pdf"))
    parts = (
        "1. Kỳ báo cáo và nguồn số liệu",
        "2. Kết quả",
        "3. Lưu ý về số liệu",
        "Lưu: VT,",
        "Báo cáo này dùng định nghĩa",
    )
    places = [letter.find(squeezed(part)) for part in parts]
    assert -1 not in places, dict(zip(parts, places, strict=True))
    assert places == sorted(places)


INNER = re.compile(r"\b(?:mart|fct|dim|aud|stg|int|ref)_\w+|\bonline_rate\.\w+")
"""Names of tables and definitions: words of the warehouse, not of an office."""


def test_nothing_that_is_signed_or_sent_says_a_word_of_the_warehouse(documents):
    page = (documents / "out/bao-cao-2022-10.html").read_text("utf-8")
    assert INNER.search(page), "the page gives them, for whoever asks the warehouse"
    letters = sorted((documents / "out").rglob("*.pdf"))
    assert len(letters) > 5
    assert {(path.name, found) for path in letters for found in INNER.findall(pdf_text(path))} == set()


def test_number_place_day_and_signature_are_left_blank(documents):
    first = pypdf.PdfReader(documents / "out/bao-cao-2022-10.pdf").pages[0].extract_text()
    head = first.split("BÁO CÁO", 1)[0]
    assert not re.search(r"\d", head)
    assert re.search(r"Số: \.+/BC-\.+", head)
    assert re.search(r"\.+, ngày \.+ tháng \.+ năm \.+", head)


def test_pages_are_numbered_from_the_second_on(documents):
    pages = [page.extract_text().strip() for page in pypdf.PdfReader(documents / "out/bao-cao-2022-10.pdf").pages]
    assert len(pages) > 2
    assert not pages[0].startswith("1\n")
    assert [page.split("\n")[0].strip() for page in pages[1:]] == [str(n) for n in range(2, len(pages) + 1)]


def test_the_same_rows_give_the_same_bytes(documents, province, tmp_path):
    shutil.copyfile(documents / "marts.duckdb", tmp_path / "marts.duckdb")
    again = write_all(tmp_path / "marts.duckdb", tmp_path, province)
    for path in again:
        assert path.read_bytes() == (documents / path.relative_to(tmp_path)).read_bytes(), path


HOSTILE = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0", "https://x.vn", "{=1}"]


def test_text_of_the_data_is_never_a_formula_or_a_link(build_marts, rows, province, tmp_path):
    names, texts = iter(HOSTILE), iter(HOSTILE)
    rates = [
        (*row[:3], next(names), *row[4:]) if row[:2] == (OCTOBER, "agency") else row
        for row in rows["mart_online_rates"]
    ]
    caveats = [(*row[:-1], in_words(next(texts))) if row[0] == OCTOBER else row for row in rows["mart_caveats"]]
    set_aside = [(*row[:9], "=1+1") for row in rows["fct_quarantined_rows"]]
    marts = build_marts(mart_online_rates=rates, mart_caveats=caveats, fct_quarantined_rows=set_aside)
    workbooks = [path for path in write_all(marts, tmp_path, province) if path.suffix == ".xlsx"]
    own = re.compile(r"SUM\([A-Z0-9:,]+\)|100\*[A-Z]\d+/[A-Z]\d+")
    for workbook in workbooks:
        with zipfile.ZipFile(workbook) as archive:
            assert not [entry for entry in archive.namelist() if re.search("hyperlink|externalLink", entry)]
            for entry in archive.namelist():
                content = archive.read(entry).decode()
                assert "<hyperlink" not in content
                assert [formula for formula in re.findall(r"<f>(.*?)</f>", content) if not own.fullmatch(formula)] == []
    assert set(HOSTILE[:5]) <= {row[1].removesuffix(" *") for row in sheet(workbooks[0], "Tỷ lệ trực tuyến")}
    assert "=1+1" in [row[5] for row in sheet(tmp_path / "out/co-quan/252.xlsx", "Dòng bị cách ly")]


def test_a_long_sentence_on_the_cover_hides_none_of_the_next(documents):
    with zipfile.ZipFile(documents / "out/bao-cao-2022-10.xlsx") as archive:
        cover = archive.read("xl/worksheets/sheet1.xml").decode()
    heights = {int(row): float(height) for row, height in re.findall(r'<row r="(\d+)"[^>]* ht="([\d.]+)"', cover)}
    lines = [row[0] for row in sheet(documents / "out/bao-cao-2022-10.xlsx", "Thông tin")]
    long = {number: line for number, line in enumerate(lines, start=1) if len(line) > 130}
    assert long, "wanted the definition of the rate, which takes several lines"
    # 130 letters fill a line of the cover, 15 points a line of the sheet.
    assert {number: len(line) for number, line in long.items() if heights[number] < 15 * len(line) / 130} == {}


def test_markup_of_the_typesetter_in_the_data_is_printed_as_it_is(build_marts, rows, province, tmp_path):
    name = '#panic("x") *đậm* $x$ [y] \\ <nhãn> @ref'
    rates = [(*row[:3], name, *row[4:]) if row[2] == "H62.15" else row for row in rows["mart_online_rates"]]
    written = write_all(build_marts(mart_online_rates=rates), tmp_path, province)
    assert name in pdf_text(written[1])


def letter(text: str) -> Letter:
    return Letter("Ủy ban", "/BC-", "BÁO CÁO", "Thử", datetime(2022, 11, 5, 1, 2, 3), (Section("Mục", (text,)),))


@pytest.fixture
def own_fonts(monkeypatch):
    """Typst's own fonts alone, as on a machine that has none."""
    fonts = pdf.choose_fonts(typst.Fonts(include_system_fonts=False))
    monkeypatch.setattr(pdf, "_fonts", lambda: fonts)
    pdf._is_held.cache_clear()
    yield fonts
    pdf._is_held.cache_clear()


UNPRINTABLE = {
    "C0": "\x07",
    "escape": "\x1b",
    "C1": "\x9f",
    "private use": "\ue000",
    "private plane": "\U000f0000",
    "no character": "\ufffe",
    "no character either": "\ufdd0",
    "unassigned": "\U000e0fff",
    "tag": "\U000e0041",
}


@pytest.mark.parametrize("sign", [*UNPRINTABLE.values(), "漢", "😀", "ｱ", "𓀀", "\U000323af"])
def test_a_sign_that_no_font_holds_is_a_box_and_costs_no_document(tmp_path, own_fonts, caplog, sign):
    written = write_letter(tmp_path / "made.pdf", letter(f"Lĩnh vực {sign}đất đai"))
    assert squeezed("Lĩnh vực □đất đai") in squeezed(pdf_text(written))
    if printable(sign) == sign:
        (record,) = caplog.records
        assert record.getMessage().endswith(
            "1 signs that no font holds are shown as □; whose they are: dvctt rows --table aud_unprintable_texts"
        )
        assert sign not in record.getMessage()


@pytest.mark.parametrize("sign", ["\u00ad", "\u200b", "\u200d", "\ufeff", "\u202e", "\u2066"])
def test_a_sign_that_nobody_sees_is_left_out(tmp_path, own_fonts, sign):
    assert squeezed("Lĩnh vực đất đai") in squeezed(
        pdf_text(write_letter(tmp_path / "made.pdf", letter(f"Lĩnh v{sign}ực đất đai")))
    )


def test_the_workbook_of_a_month_has_the_same_box(tmp_path):
    for place, sign in enumerate(UNPRINTABLE.values()):
        table = DocumentTable(
            "Lĩnh vực",
            f"Bảng {sign}x",
            (Column(f"Cột {sign}x", is_number=False),),
            (Line((cell_text(f"Đất{sign} đai"),)),),
            (f"Chú {sign}x",),
        )
        path = write_workbook(
            tmp_path / f"{place}.xlsx",
            ("Bìa", f"Dòng {sign}x"),
            f"T {sign}x",
            f"A {sign}x",
            datetime(2022, 1, 1),
            [table],
        )
        assert [row[0] for row in sheet(path, "Lĩnh vực")] == ["Bảng □x", "", "Cột □x", "Đất□ đai", "", "Chú □x"]
        assert sheet(path, "Thông tin")[1][0] == "Dòng □x"
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                ElementTree.fromstring(archive.read(name))


def test_page_drawing_and_documents_of_a_month_are_made_with_such_a_sign_in_a_name(
    build_marts, rows, province, tmp_path
):
    signs = list(UNPRINTABLE.values())
    parts = iter(["".join(signs[place : place + 3]) for place in range(0, len(signs), 3)])
    rates = [
        (*row[:3], f"Sở {next(parts, 'Y')}tế", *row[4:]) if row[:2] == (OCTOBER, "agency") else row
        for row in rows["mart_online_rates"]
    ]
    assert next(parts, None) is None, "a kind of sign stands in no name"
    marts = build_marts(mart_online_rates=rates)
    page = next(path for path in write_reports(marts, tmp_path / "pages", province, 7) if "2022-10" in path.name)
    written = write_documents(marts, page, tmp_path / "out", province, 7, OCTOBER)
    text = page.read_text(encoding="utf-8")
    assert text.count("Sở □□□tế") >= 6, "each name stands in a table and in a drawing"
    for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
        ElementTree.fromstring(drawing)
    for sign in UNPRINTABLE.values():
        assert sign not in text
    assert squeezed("Sở □□□tế") in squeezed(pdf_text(written[1]))


def test_typsts_own_fonts_are_enough_for_vietnamese(tmp_path, own_fonts):
    assert own_fonts[1] == ("Libertinus Serif",)
    every = "".join(chr(code) for code in [*range(0x1EA0, 0x1EFA), *map(ord, "ĂăÂâÊêÔôƠơƯưĐđ₫–“”…•")])
    path = write_letter(tmp_path / "own.pdf", letter(every))
    assert squeezed(every) in squeezed(pdf_text(path))
    fonts = {
        str(font["/BaseFont"]).split("+")[-1]
        for page in pypdf.PdfReader(path).pages
        for font in (entry.get_object() for entry in page["/Resources"]["/Font"].values())
    }
    assert {name.split("-")[0] for name in fonts} == {"LibertinusSerif"}, "a word is set in two fonts"


def test_a_font_that_lacks_vietnamese_letters_is_passed_over(monkeypatch):
    monkeypatch.setattr(pdf, "FONTS", ("New Computer Modern Math", "Libertinus Serif"))
    monkeypatch.setattr(pdf, "ALPHABET", pdf.ALPHABET + "я")  # stands for a letter that the first one lacks
    fonts = typst.Fonts(include_system_fonts=False)
    assert "New Computer Modern Math" in {font.family for font in fonts.fonts()}
    assert pdf.choose_fonts(fonts)[1] == ("Libertinus Serif",)


def test_without_any_font_for_vietnamese_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pdf, "FONTS", ("New Computer Modern Math", "Times New Roman"))
    monkeypatch.setattr(pdf, "ALPHABET", pdf.ALPHABET + "я")
    with pytest.raises(
        ReportError,
        match=r"found New Computer Modern Math of New Computer Modern Math, Times New Roman, wanted one with every letter from U\+1EA0",
    ):
        pdf.choose_fonts(typst.Fonts(include_system_fonts=False))


def test_a_month_that_the_publication_lacks_is_an_error_that_names_those_it_has(marts, written, province, tmp_path):
    with pytest.raises(ReportError, match=r"no month 2022-07, wanted one of 2022-09, 2022-10"):
        write_documents(marts, written[0], tmp_path, province, 7, date(2022, 7, 1))


def test_a_page_without_definitions_is_an_error(tmp_path):
    page = tmp_path / "bao-cao-2022-10.html"
    page.write_text("<section aria-labelledby='chot-so-lieu'><p>chưa chốt</p></section>", encoding="utf-8")
    with pytest.raises(ReportError, match="0 definitions"):
        read_sentences(page)


def test_sentences_keep_the_words_and_leave_out_what_only_a_screen_reader_hears(written):
    sentences = read_sentences(written[0])
    assert sentences.findings[1].startswith("Khối huyện thành phố*: 18.525 hồ sơ trực tuyến trên 23.449")
    assert sentences.definitions[0][0] == "Tỷ lệ hồ sơ trực tuyến"
    assert len(sentences.definitions) >= 8
    assert all(term and meaning for term, meaning in sentences.definitions)


def test_a_sheets_name_that_is_not_allowed_is_an_error(tmp_path):
    table = DocumentTable("a/b", "Bảng", (), ())
    with pytest.raises(ReportError, match="cannot write the workbook"):
        write_workbook(tmp_path / "x.xlsx", ("Bìa",), "Bìa", "Ai", datetime(2022, 1, 1), [table])


def test_what_stands_under_a_table_runs_over_its_whole_width(tmp_path):
    columns = (Column("Cơ quan"), Column("Tiếp nhận"), Column("Ghi chú"))
    table = DocumentTable(
        "Lưu ý", "Bảng", columns, (), notes=("Một ghi chú.",), empty_vi="Không có lưu ý nào trong kỳ này."
    )
    path = write_workbook(tmp_path / "x.xlsx", ("Bìa",), "Bìa", "Ai", datetime(2022, 1, 1), [table])
    with zipfile.ZipFile(path) as archive:
        merged = re.findall(r'<mergeCell ref="(.*?)"/>', archive.read("xl/worksheets/sheet2.xml").decode())
    assert merged == ["A4:C4", "A6:C6"]
    assert [row[0] for row in sheet(path, "Lưu ý")[3:]] == ["Không có lưu ý nào trong kỳ này.", "", "Một ghi chú."]


def test_the_command_writes_into_the_home_and_never_into_a_publication(tiny_copy):
    publication = current_publication(tiny_copy.published)
    before = {path: path.stat().st_mtime_ns for path in tiny_copy.published.rglob("*")}
    finished = dvctt(tiny_copy, "report", "--month", "2022-10", "--all")
    assert finished.returncode == 0, finished.stderr
    folder = tiny_copy.home / "reports" / str(publication.number) / "2022-10"
    assert f"{folder / 'bao-cao-2022-10.pdf'}\n" in finished.stdout
    agencies = {path.stem for path in (folder / "co-quan").glob("*.xlsx")}
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        wanted = {
            code
            for (code,) in connection.execute(
                "select entity_code from mart_online_rates where month = '2022-10-01' and scope = 'agency'"
            ).fetchall()
        }
    assert agencies == wanted & {agency.agency_code for agency in load_province(tiny_copy.province_folder).agencies}
    assert len(agencies) == 26
    refused = dvctt(tiny_copy, "report", "--month", "2022-10", "--out", str(tiny_copy.published / "x"))
    assert refused.returncode == 1
    assert "inside" in refused.stderr
    assert {path: path.stat().st_mtime_ns for path in tiny_copy.published.rglob("*")} == before
