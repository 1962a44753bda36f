"""A month's tables under the newest structure and by level: every cell is its mart's, and totals are sums of their lines."""

from datetime import date

import pytest
from dvctt.province.folder import load_province
from dvctt.report.marts import MartRow, Marts
from dvctt.report.tables.structure import STRUCTURE_CONTRACT, structure_tables
from dvctt.report.tables.table import DocumentTable
from dvctt.report.wording.language import in_language

from tests.conftest import PROVINCE

MONTH = date(2022, 10, 1)


def row(mart: str, **values: object) -> MartRow:
    known = dict.fromkeys(STRUCTURE_CONTRACT[mart].columns) | {"month": MONTH}
    assert set(values) <= set(known)
    return MartRow(mart, (known | values).items())


def restated(
    scope: str, code: str, vi: str, en: str, agencies: int, received: int | None, online: int | None
) -> MartRow:
    rate = 100 * online / received if received and online is not None else None
    return row(
        "mart_online_rates_restated",
        scope=scope,
        entity_code=code,
        entity_name_vi=vi,
        entity_name_en=en,
        structure_on=date(2025, 7, 1),
        agency_count=agencies,
        received=received,
        online=online,
        online_rate_percent=rate,
    )


def moved(vi: str, heir: str, received: int, *, is_moved: bool = True) -> MartRow:
    return row(
        "mart_structure_bridge",
        agency_code=vi,
        agency_name_vi=vi,
        agency_name_en=None,
        heir_name_vi=heir,
        heir_name_en="Department B",
        is_moved=is_moved,
        received=received,
        online=1,
        online_payment_count=2,
        online_payment_amount_vnd=3_000_000_000,
    )


def level(class_id: str, vi: str, received: int, *, is_residue: bool = False, scope: str = "province") -> MartRow:
    return row(
        "mart_service_levels",
        vocabulary_id="two_kinds",
        version=1,
        scope=scope,
        class_id=class_id,
        class_name_vi=vi,
        class_name_en=class_id,
        is_residue=is_residue,
        received=received,
        online=0,
        received_of_all_classes=10,
        share_percent=10.0 * received,
        placed_otherwise_by_catalogue=0,
        legal_basis_vi="Nghị định",
        legal_basis_en="Decree",
        certainty="derived",
    )


@pytest.fixture
def content() -> Marts:
    return Marts(
        {
            "mart_online_rates_restated": [
                restated("agency", "unallocated", "Chưa quy đổi được", "Could not be restated", 1, 21, 16),
                restated("agency", "b", "Sở B", "Department B", 2, 13, 5),
                restated("agency", "c", "Sở C", "Department C", 1, None, None),
                restated("province", "26", "Tỉnh", "Province", 4, 34, 21),
            ],
            "mart_structure_bridge": [moved("Sở A", "Sở B", 10), moved("Sở B", "Sở B", 3, is_moved=False)],
            "mart_service_levels": [
                level("full", "Toàn trình", 9),
                level("partial", "Một phần", 0),
                level("no_level", "Không phân mức", 1, is_residue=True),
                level("not_mapped", "Không có", 0, is_residue=True),
                level("full", "Toàn trình", 4, scope="agency"),
            ],
        }
    )


def printed(table: DocumentTable) -> list[list[str]]:
    return [[cell.printed for cell in line.cells] for line in table.lines]


def test_the_newest_structure_adds_up_and_names_what_it_could_not_place(content: Marts) -> None:
    table, bridge, _ = structure_tables(content, MONTH, load_province(PROVINCE))
    assert printed(table) == [
        ["Sở B", "2", "13", "5", "38,5%"],
        ["Sở C", "1", "chưa có dữ liệu", "chưa có dữ liệu", "chưa có dữ liệu"],
        ["Chưa quy đổi được", "1", "21", "16", "76,2%"],
        ["Toàn tỉnh", "4", "34", "21", "61,8%"],
    ]
    assert [line.role for line in table.lines] == ["row", "row", "residue", "total"]
    for place in (1, 2, 3):
        total = table.lines[-1].cells[place]
        assert total.value == sum(table.lines[line].cells[place].value or 0 for line in total.down)
    assert "từ ngày 01/07/2025" in table.title_vi
    assert printed(bridge) == [["Sở A", "Sở B", "10", "1", "2", "3.000.000.000"]]


def test_levels_of_the_province_are_all_that_was_received(content: Marts) -> None:
    table = structure_tables(content, MONTH, load_province(PROVINCE))[-1]
    assert [line[:3] for line in printed(table)] == [
        ["Toàn trình", "9", "90,0%"],
        ["Một phần", "0", "0,0%"],
        ["Không phân mức", "1", "10,0%"],
        ["Tổng số", "10", ""],
    ]
    total = table.lines[-1].cells[1]
    assert total.value == sum(table.lines[line].cells[1].value for line in total.down)
    assert "Nghị định. Mức độ chắc chắn: suy ra, gần đúng." in table.notes[0]


def test_without_a_move_there_is_nothing_to_restate(content: Marts) -> None:
    content.rows["mart_structure_bridge"][:] = [moved("Sở B", "Sở B", 3, is_moved=False)]
    (only,) = structure_tables(content, MONTH, load_province(PROVINCE))
    assert only.sheet_vi == "Mức độ dịch vụ công 1"


def test_the_same_tables_in_english(content: Marts) -> None:
    with in_language("en"):
        table, bridge, levels = structure_tables(content, MONTH, load_province(PROVINCE))
    assert [line.cells[0].printed for line in table.lines] == [
        "Department B",
        "Department C",
        "Could not be restated",
        "Whole province",
    ]
    assert printed(bridge)[0][:2] == ["Sở A", "Department B"]
    assert "derived, approximate" in levels.notes[0]
    assert all(len(one.sheet_vi) <= 31 for one in (table, bridge, levels))
