"""The documents' tables about payments: cells are the marts' values, totals say what they are the sum of, nothing is left in
another language.
"""

from datetime import date
from typing import Any

import pytest
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.report.marts import Marts
from dvctt.report.tables.payments import payment_tables
from dvctt.report.tables.table import DocumentTable
from dvctt.report.wording.language import in_language

from tests.conftest import PROVINCE

OCTOBER = date(2022, 10, 1)


@pytest.fixture(scope="module")
def province() -> Province:
    return load_province(PROVINCE)


def entities(group: str) -> list[dict[str, Any]]:
    known = {"month": OCTOBER, "official_order": 1}
    return [
        {**known, "scope": "agency", "entity_code": "a", "entity_name_vi": "Sở A", "group_code": group},
        {**known, "scope": "agency", "entity_code": "b", "entity_name_vi": "Sở B", "group_code": group},
        {**known, "scope": "group", "entity_code": group, "entity_name_vi": "Khối", "group_code": group},
        {**known, "scope": "province", "entity_code": "26", "entity_name_vi": "Tỉnh", "group_code": None},
    ]


def duties(row: dict[str, Any], *, is_missing: bool = False) -> dict[str, Any]:
    figures = {
        "received": 10,
        "fee_bearing": 6,
        "no_fee": 2,
        "unknown_procedure": 2,
        "waived": 1,
        "with_duty": 5,
        "paid_online": 1,
        "paid_otherwise": 2,
        "asked_not_paid": 1,
        "not_asked": 1,
        "flagged_paid": 2,
        "paid_online_percent": 20.0,
        "flagged_paid_percent": 40.0,
        "flag_difference_points": 20.0,
    }
    missing = 1 if is_missing or row["scope"] != "agency" else 0
    return {**row, "missing_agencies": missing, **(dict.fromkeys(figures) if is_missing else figures)}


@pytest.fixture(scope="module")
def content(province: Province) -> Marts:
    agency, silent, group, whole = entities(province.groups[0].code)
    reasons = [("paid_in_cash", "Nộp bằng tiền mặt", "Paid in cash", 2), ("zero_amount", "0 đồng", "0 VND", -1)]
    return Marts(
        {
            "mart_payment_duties": (duties(agency), duties(silent, is_missing=True), duties(group), duties(whole)),
            "mart_payment_flag_gaps": tuple(
                {
                    **whole,
                    "reason_id": reason,
                    "reason_name_vi": vi,
                    "reason_name_en": en,
                    "difference": count,
                    "difference_points": 20.0 * count,
                }
                for reason, vi, en, count in reasons
            ),
            "mart_payment_fees": (
                {
                    **whole,
                    "payment_kind": "online",
                    "kind_name_vi": "Trực tuyến",
                    "kind_name_en": "Online",
                    "collected_count": 2,
                    "collected_amount_vnd": 3_000_000_000,
                    "phi_vnd": 1,
                    "le_phi_vnd": 2_999_999_990,
                    "unsplit_vnd": 9,
                    "refund_count": 1,
                    "refund_amount_vnd": 5,
                    "net_amount_vnd": 2_999_999_995,
                },
            ),
            "mart_payment_banks": (
                {
                    **whole,
                    "bank_code": "NH",
                    "attempt_count": 4,
                    "succeeded_count": 1,
                    "failed_count": 2,
                    "open_count": 1,
                    "finished_count": 3,
                    "success_rate_percent": 100 / 3,
                },
            ),
            "mart_payments": (
                {
                    **whole,
                    "attempt_count": 4,
                    "attempt_success_count": 1,
                    "attempt_failed_count": 2,
                    "attempt_open_count": 1,
                },
            ),
        }
    )


def printed(table: DocumentTable) -> list[list[str]]:
    return [[cell.printed for cell in line.cells] for line in table.lines]


def test_every_sum_and_share_is_of_the_cells_that_it_names(content: Marts, province: Province) -> None:
    sums = 0
    for table in payment_tables(content, OCTOBER, province):
        for line in table.lines:
            assert len(line.cells) == len(table.columns)
            for place, cell in enumerate(line.cells):
                if cell.value is None:
                    continue
                if cell.across:
                    assert cell.value == sum(line.cells[column].value for column in cell.across), table.title_vi  # type: ignore[misc]
                    sums += 1
                if cell.down:
                    assert cell.value == sum(table.lines[n].cells[place].value or 0 for n in cell.down), table.title_vi  # type: ignore[misc]
                    sums += 1
                if cell.share:
                    numerator, denominator = (line.cells[column].value for column in cell.share)
                    assert cell.value == pytest.approx(100 * numerator / denominator)  # type: ignore[operator]
                    sums += 1
    assert sums > 25


def test_what_did_not_come_is_said_and_counted(content: Marts, province: Province) -> None:
    owed, paid, *_ = payment_tables(content, OCTOBER, province)
    (silent,) = [line for line in printed(owed) if line[0] == "Sở B"]
    assert silent[1:] == ["chưa có dữ liệu"] * 5
    assert "Chưa tính 1 cơ quan chưa có dữ liệu hồ sơ hoặc thanh toán của tháng." in paid.notes


def test_the_flags_difference_goes_from_what_was_paid_online_to_what_was_flagged(
    content: Marts, province: Province
) -> None:
    table = payment_tables(content, OCTOBER, province)[2]
    assert printed(table) == [
        ["Nộp trực tuyến", "1", "20,0%"],
        ["Nộp bằng tiền mặt", "+2", "+40,0 điểm %"],
        ["0 đồng", "-1", "-20,0 điểm %"],
        ["Được đánh dấu đã thanh toán", "2", "40,0%"],
    ]
    assert table.lines[-1].cells[1].down == (0, 1, 2)


def test_the_tables_are_whole_in_english_and_their_sheets_have_names_that_a_workbook_takes(
    content: Marts, province: Province
) -> None:
    vietnamese = payment_tables(content, OCTOBER, province)
    with in_language("en"):
        english = payment_tables(content, OCTOBER, province)
    for tables in (vietnamese, english):
        assert all(0 < len(table.sheet_vi) <= 31 for table in tables)
        assert len({table.sheet_vi for table in tables}) == len(tables)
    assert "Paid in cash" in printed(english[2])[1]
    assert [[cell.value for cell in line.cells[1:]] for table in english for line in table.lines] == [
        [cell.value for cell in line.cells[1:]] for table in vietnamese for line in table.lines
    ]
