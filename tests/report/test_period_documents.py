"""Documents of a reporting period read back: every number is its mart's row, totals are formulas over their parts, calendars
are never mixed, what did not come says so, and English has the same numbers.
"""

import re
import unicodedata
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pypdf
import pytest
from dvctt.core.errors import ReportError
from dvctt.core.figure_ids import figure_id
from dvctt.core.published_tables import published_tables
from dvctt.province.model import Province
from dvctt.report.documents.period import file_stem, write_period_documents
from dvctt.report.marts import read_rows
from dvctt.report.tables.form_06a import FORM_06A_COLUMNS
from dvctt.report.tables.periods import PERIOD_CONTRACT, PERIODS, of_period, period_tables
from dvctt.report.wording.language import in_language
from dvctt.report.writers.xlsx import FIRST_ROW
from python_calamine import CalamineWorkbook

from tests.report.conftest import create_table

Q3, Q3_FROM_15, Q2_FROM_15 = "calendar_month/2022-Q3", "from_15/2022-Q3", "from_15/2022-Q2"
NAMES = {"26": "Vĩnh Phúc", "so": "Khối sở ban ngành", "huyen": "Khối huyện thành phố"}
ENTITIES = (
    ("agency", "H62.09", "Sở Nội vụ", "so", 1),
    ("agency", "H62.15", "Sở Y tế", "so", 2),
    ("agency", "243", "UBND thành phố Vĩnh Yên", "huyen", 3),
    ("group", "so", "Khối sở ban ngành", None, 1),
    ("group", "huyen", "Khối huyện thành phố", None, 2),
    ("province", "26", "Vĩnh Phúc", None, 0),
)
# received, direct, online, postal, level 3, level 4, no level: agencies, groups, province.
FILINGS = {
    Q3: {
        "H62.09": (40, 19, 20, 1, 8, 11, 1),
        "H62.15": (2960, 1458, 1500, 2, 700, 800, 0),
        "243": (5000, 2997, 2000, 3, 900, 1097, 3),
        "so": (3000, 1477, 1520, 3, 708, 811, 1),
        "huyen": (5000, 2997, 2000, 3, 900, 1097, 3),
        "26": (8000, 4474, 3520, 6, 1608, 1908, 4),
    },
    Q3_FROM_15: {
        "H62.09": (41, 20, 20, 1, 8, 11, 1),
        "H62.15": (2870, 1368, 1500, 2, 700, 800, 0),
        "243": (4900, 2897, 2000, 3, 900, 1097, 3),
        "so": (2911, 1388, 1520, 3, 708, 811, 1),
        "huyen": (4900, 2897, 2000, 3, 900, 1097, 3),
        "26": (7811, 4285, 3520, 6, 1608, 1908, 4),
    },
}
FORM = (11, 4, 5, 2, 7, 3, 2, 2, 4, 3, 1)
"""Columns of one line, in the order of the mart: total, online, other, carried in, resolved, …, pending, …"""


def described(key: str) -> dict[str, Any]:
    calendar, code = key.split("/")
    plain = calendar == "calendar_month"
    first, last = (date(2022, 7, 1), date(2022, 9, 30)) if plain else (date(2022, 6, 15), date(2022, 9, 14))
    if code == "2022-Q2":
        first, last = date(2022, 3, 15), date(2022, 6, 14)
    quarter = code[-1]
    return {
        "period_key": key,
        "calendar_id": calendar,
        "period_code": code,
        "kind": "quarter",
        "year": 2022,
        "month": date(2022, 3 * int(quarter), 1),
        "first_day": first,
        "last_day": last,
        "name_vi": f"Quý {'I' * int(quarter)}/2022",
        "name_en": f"Quarter {quarter} of 2022",
        "period_name_vi": f"Quý {'I' * int(quarter)}/2022",
        "period_name_en": f"Quarter {quarter} of 2022",
        "calendar_name_vi": "Kỳ theo tháng dương lịch" if plain else "Kỳ từ ngày 15 tháng trước đến ngày 14",
        "calendar_name_en": "Calendar months" if plain else "From the 15th to the 14th",
        "legal_basis_vi": None if plain else "Quy định về chế độ báo cáo",
        "legal_basis_en": None if plain else "The rule",
        "certainty": "published" if plain else "recalled",
    }


def rows_of(key: str) -> dict[str, list[dict[str, Any]]]:
    period, found = described(key), FILINGS.get(key)
    there = found is not None
    caveat = {} if there else {"caveats_json": '[{"id":"missing_months","month_count":1}]'}
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in PERIOD_CONTRACT}
    rows[PERIODS].append(period)
    for scope, code, name, group, order in ENTITIES:
        entity = {
            **period,
            "scope": scope,
            "entity_code": code,
            "entity_name_vi": name,
            "group_code": group,
            "official_order": order,
            "months_expected": 3,
            "months_present": 3 if there else 2,
            **caveat,
        }
        counted: tuple[int | None, ...] = found[code] if found else (None,) * 7
        measures = "received direct online postal online_level_3 online_level_4 online_no_level"
        rate = 100.0 * found[code][2] / found[code][0] if found else None
        values = dict(zip(measures.split(), counted, strict=True))
        rows["mart_period_online_rates"].append({**entity, **values, "online_rate_percent": rate})
        share = {"agency": {"H62.09": 1, "H62.15": 2, "243": 3}.get(code, 0), "group": 3, "province": 6}[scope]
        paid = {"online_payment_count": share, "online_phi_vnd": share * 1000, "online_le_phi_vnd": share * 5000}
        paid |= {"online_payment_amount_vnd": share * 6000, "online_refund_count": 0, "online_refund_amount_vnd": 0}
        paid |= {
            "online_net_amount_vnd": share * 6000,
            "other_payment_count": share,
            "other_payment_amount_vnd": share * 70,
        }
        rows["mart_period_payments"].append({**entity, **(paid if there else {})})
        base = {
            "base_period_key": key[:-1] + "2",
            "base_period_name_vi": "Quý II/2022",
            "base_first_day": date(2022, 4, 1),
        }
        base |= {"base_period_name_en": "Quarter 2 of 2022", "base_last_day": date(2022, 6, 30), "smallest_base": 100}
        for comparison in ("previous", "year_before"):
            change = {**entity, "metric": "online_rate", "comparison": comparison, "numerator": values["online"]}
            change |= {"denominator": values["received"], "rate_percent": rate, "is_small_base": code == "H62.09"}
            if comparison == "previous" and there:
                change |= base | {"base_numerator": 10, "base_denominator": 80, "base_rate_percent": 12.5}
                change["change_points"] = (rate or 0.0) - 12.5
            else:
                change |= {"reason_id": "no_base_period", "smallest_base": 100}
            rows["mart_period_changes"].append(change)
            count = {**change, "metric": "received", "numerator": values["received"], "denominator": None}
            count |= {"rate_percent": None, "change_points": None}
            if comparison == "previous" and there:
                count |= {"base_numerator": 80, "base_denominator": None, "change_percent": 12.25}
            rows["mart_period_changes"].append(count)
        rows["mart_additivity_checks"].append(
            {
                "check_id": "period_received_is_sum_of_months",
                **{name: period[name] for name in ("month", "calendar_id", "kind")},
                **{name: period[name] for name in ("period_name_vi", "calendar_name_vi")},
                "scope": scope,
                "entity_code": code,
                "entity_name_vi": name,
                "total": values["received"] or 0,
                "sum_of_classes": values["received"] or 0,
                "residue": 0,
                "unexplained": 0,
            }
        )
    for arrangement in ("by_agency", "by_field"):
        lines = [("field", "1"), ("field", "2"), ("total", "total")]
        if arrangement == "by_agency":
            lines = [("group", "so"), ("agency", "H62.09"), ("group", "huyen"), ("agency", "243"), ("total", "total")]
        for order, (kind, code) in enumerate(lines):
            times = 2 if kind == "total" else 1
            figures = dict(zip(FORM_06A_COLUMNS, (times * value for value in FORM), strict=True)) if there else {}
            rows["mart_form_06a"].append(
                {
                    **period,
                    "arrangement": arrangement,
                    "scope": "province",
                    "entity_code": "26",
                    "line_kind": kind,
                    "line_key": f"{kind}:{code}",
                    "line_code": code,
                    "line_name_vi": "Tổng số" if times == 2 else f"Dòng {code}",
                    "line_name_en": "Total" if times == 2 else f"Line {code}",
                    "line_order": order,
                    "history_from": date(2022, 1, 1),
                    **figures,
                    **caveat,
                }
            )
    return rows


def write_marts(path: Path) -> Path:
    """Three quarters of two calendars; of the second quarter of one, a month did not come."""
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in PERIOD_CONTRACT}
    for key in (Q3, Q3_FROM_15, Q2_FROM_15):
        for name, found in rows_of(key).items():
            rows[name] += found
    rows["mart_data_cut_off"] = [
        {"month": date(2022, 9, 1), "data_cut_off_at": datetime(2022, 10, 1, 1, 2, 3), "extract_count": 5}
    ]
    with duckdb.connect(str(path)) as connection:
        for name in PERIOD_CONTRACT:
            create_table(connection, name)
            columns = published_tables()[name].columns
            for row in rows[name]:
                connection.execute(
                    f"insert into {name} values ({', '.join('?' for _ in columns)})", [row.get(one) for one in columns]
                )
    return path


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_marts(tmp_path_factory.mktemp("period") / "marts.duckdb")


@pytest.fixture(scope="module")
def out(marts: Path, province: Province) -> Path:
    """The documents of all three quarters, and of one in English; only to be read."""
    for key in (Q3, Q3_FROM_15, Q2_FROM_15):
        write_period_documents(marts, marts.parent / key, province, 7, key)
    write_period_documents(marts, marts.parent / Q3, province, 7, Q3, language="en")
    return marts.parent


@cache
def letter(path: Path) -> str:
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


class Figures(HTMLParser):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "data":
            self.found[given["data-figure"] or ""] = given["value"] or ""


def figures_of(marts: Path, key: str) -> dict[str, str]:
    """Every number of the period's rows by its id, straight out of the file."""
    found = {}
    with duckdb.connect(str(marts), read_only=True) as connection:
        for name, mart in PERIOD_CONTRACT.items():
            if "period_key" not in mart.columns or name == PERIODS:
                continue
            cursor = connection.execute(f"select * from {name} where period_key = ?", [key])
            names = [one[0] for one in cursor.description or []]
            for values in cursor.fetchall():
                row = dict(zip(names, values, strict=True))
                for column, value in row.items():
                    if isinstance(value, (int, float)) and not isinstance(value, bool):
                        found[figure_id(name, [row[part] for part in mart.key], column)] = repr(value)
    return found


@pytest.mark.parametrize("key", [Q3, Q3_FROM_15])
def test_every_number_of_workbook_and_letter_is_its_marts(marts: Path, out: Path, province: Province, key: str) -> None:
    content = read_rows(marts, PERIOD_CONTRACT)
    period = next(row for row in content.rows[PERIODS] if row["period_key"] == key)
    known, seen = figures_of(marts, key), 0
    stem = out / key / file_stem(period)
    book, text = CalamineWorkbook.from_path(f"{stem}.xlsx"), letter(Path(f"{stem}.pdf"))
    for table in period_tables(content, period, province):
        rows = book.get_sheet_by_name(table.sheet_vi).to_python()[FIRST_ROW:]
        for line, row in zip(table.lines, rows, strict=False):
            for cell, value in zip(line.cells, row, strict=False):
                if cell.figure in known:
                    seen += 1
                    # A workbook keeps 16 digits.
                    assert value == pytest.approx(float(known[cell.figure]), rel=1e-13), cell.figure
            if line.role != "residue":
                assert squeezed("".join(cell.printed for cell in line.cells)) in text
    assert seen > 150


def test_the_page_prints_the_period_and_no_other_calendar(marts: Path, out: Path) -> None:
    for key, stem in ((Q3, "bao-cao-quy-3-2022"), (Q3_FROM_15, "bao-cao-quy-3-2022-from-15")):
        page = out / key / f"{stem}.html"
        found, known = Figures(page).found, figures_of(marts, key)
        of_periods = {one: value for one, value in found.items() if "mart_additivity_checks" not in one}
        assert len(of_periods) > 100
        assert {one: value for one, value in of_periods.items() if known.get(one) != value} == {}
        other = "from_15" if key == Q3 else "calendar_month"
        assert other not in page.read_text("utf-8")
    assert squeezed("từ ngày 15/06/2022 đến hết ngày 14/09/2022") in letter(
        out / Q3_FROM_15 / "bao-cao-quy-3-2022-from-15.pdf"
    )


def test_totals_are_formulas_over_their_parts(out: Path) -> None:
    with zipfile.ZipFile(out / Q3 / "bao-cao-quy-3-2022.xlsx") as archive:
        rates, form = (archive.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (2, 8))
    # The heading of the group, its two agencies and what is left over; then the province as its groups and what is left.
    assert "<f>SUM(B5:B7)</f><v>3000</v>" in rates
    assert re.search(r"<f>SUM\(B8,B12:B13\)</f><v>8000</v>", rates)
    assert "<f>100*C8/B8</f><v>50.66666666666666" in rates
    assert "<f>SUM(D4,E4,F4)</f><v>11</v>" in form
    assert "<f>SUM(D5,D7)</f><v>8</v>" in form


def test_cover_and_part_one_name_period_calendar_basis_and_certainty(out: Path) -> None:
    stem = out / Q3_FROM_15 / "bao-cao-quy-3-2022-from-15"
    cover = "\n".join(row[0] for row in CalamineWorkbook.from_path(f"{stem}.xlsx").get_sheet_by_index(0).to_python())
    for sentence in (
        "Kỳ báo cáo: quý III/2022, từ ngày 15/06/2022 đến hết ngày 14/09/2022.",
        "Cách tính kỳ: kỳ từ ngày 15 tháng trước đến ngày 14 (mã from_15/2022-Q3). Căn cứ: Quy định về chế độ báo cáo "
        "(chưa đối chiếu được với văn bản gốc).",
        "Tháng cuối của kỳ (tháng 09/2022) chưa chốt",
    ):
        assert sentence in cover
        assert squeezed(sentence) in letter(Path(f"{stem}.pdf"))
        assert squeezed(sentence) in squeezed(Path(f"{stem}.html").read_text("utf-8"))


def test_changes_print_both_bases_and_mark_a_small_one(out: Path) -> None:
    book = CalamineWorkbook.from_path(str(out / Q3 / "bao-cao-quy-3-2022.xlsx"))
    rows = book.get_sheet_by_name("Thay đổi tỷ lệ").to_python()
    assert ["Sở Nội vụ", "Kỳ liền trước: Quý II/2022", 10, 80, 12.5, 20, 40, 50, 37.5, "mẫu nhỏ (dưới 100)"] in rows
    notes = [row[0] for row in rows]
    assert "Kỳ liền trước: Quý II/2022, từ ngày 01/04/2022 đến hết ngày 30/06/2022." in notes
    assert "Cùng kỳ năm trước: không so sánh được, kho không có kỳ so sánh." in notes


def test_a_period_without_all_its_data_says_so_and_prints_no_zero(out: Path) -> None:
    stem = out / Q2_FROM_15 / "bao-cao-quy-2-2022-from-15"
    book = CalamineWorkbook.from_path(f"{stem}.xlsx")
    rates = book.get_sheet_by_name("Tỷ lệ trực tuyến").to_python()[FIRST_ROW:]
    assert ["Toàn tỉnh Vĩnh Phúc *", *["chưa có dữ liệu"] * 3, 2, 3] in rates
    assert {row[2] for row in book.get_sheet_by_name("06a theo cơ quan").to_python()[FIRST_ROW : FIRST_ROW + 5]} == {
        "chưa có dữ liệu"
    }
    assert squeezed("Toàn tỉnh Vĩnh Phúc *: hồ sơ tiếp nhận chưa có dữ liệu; có số liệu 2 trên 3 tháng") in letter(
        Path(f"{stem}.pdf")
    )
    assert ["Toàn tỉnh Vĩnh Phúc", "Hồ sơ", "Chưa có dữ liệu của 1 tháng trong kỳ"] in book.get_sheet_by_name(
        "Lưu ý về số liệu"
    ).to_python()


def test_english_has_the_same_numbers(out: Path) -> None:
    vietnamese, english = (out / Q3 / stem for stem in ("bao-cao-quy-3-2022", "report-2022-Q3"))
    assert Figures(Path(f"{vietnamese}.html")).found == Figures(Path(f"{english}.html")).found
    books = [CalamineWorkbook.from_path(f"{stem}.xlsx") for stem in (vietnamese, english)]
    sheets = [[book.get_sheet_by_index(place).to_python() for place in range(1, 11)] for book in books]
    numbers = [
        [value for sheet in found for row in sheet for value in row if isinstance(value, (int, float))]
        for found in sheets
    ]
    assert numbers[0] == numbers[1]
    assert len(numbers[0]) > 200
    assert squeezed("Online public services, Quarter 3 of 2022 (2022-07-01 to 2022-09-30)") in letter(
        Path(f"{english}.pdf")
    )


def test_a_publication_gives_the_same_bytes_again(marts: Path, out: Path, province: Province, tmp_path: Path) -> None:
    for path in write_period_documents(marts, tmp_path, province, 7, Q3):
        assert path.read_bytes() == (out / Q3 / path.name).read_bytes()


def test_rows_of_another_calendar_are_left_out(marts: Path) -> None:
    content = read_rows(marts, PERIOD_CONTRACT)
    period = next(row for row in content.rows[PERIODS] if row["period_key"] == Q3_FROM_15)
    own = of_period(content, period)
    assert {row["period_key"] for name, rows in own.rows.items() for row in rows if "period_key" in row} == {Q3_FROM_15}
    checks = own.rows["mart_additivity_checks"]
    assert {(row["month"], row["calendar_id"], row["kind"]) for row in checks} == {
        (date(2022, 9, 1), "from_15", "quarter")
    }


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("from_15/2021-Q1", "found no period from_15/2021-Q1, wanted one of 2022-Q2, 2022-Q3"),
        ("from_1/2022-Q3", "found no reporting calendar from_1/2022-Q3, wanted one of calendar_month, from_15"),
    ],
)
def test_a_period_that_is_not_there_is_named_with_those_that_are(
    marts: Path, province: Province, tmp_path: Path, key: str, says: str
) -> None:
    with pytest.raises(ReportError, match=re.escape(says)):
        write_period_documents(marts, tmp_path, province, 7, key)


@pytest.mark.parametrize(
    ("code", "kind", "stem", "english"),
    [
        ("2022-09", "month", "bao-cao-thang-09-2022", "report-2022-09"),
        ("2022-Q4", "quarter", "bao-cao-quy-4-2022", "report-2022-Q4"),
        ("2022-H1", "half_year", "bao-cao-6-thang-dau-nam-2022", "report-2022-H1"),
        ("2022-H2", "half_year", "bao-cao-6-thang-cuoi-nam-2022", "report-2022-H2"),
        ("2022-9M", "nine_months", "bao-cao-9-thang-2022", "report-2022-9M"),
        ("2022", "year", "bao-cao-nam-2022", "report-2022"),
    ],
)
def test_a_file_is_called_after_its_period_and_calendar(code: str, kind: str, stem: str, english: str) -> None:
    period = {"period_code": code, "kind": kind, "year": 2022, "calendar_id": "calendar_month"}
    assert file_stem(period) == stem
    with in_language("en"):
        assert file_stem(period) == english
    assert file_stem({**period, "calendar_id": "from_15"}) == f"{stem}-from-15"
