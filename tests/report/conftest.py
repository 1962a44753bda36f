"""A small DuckDB file in the contract of the marts: two months, four agencies in two groups, rows written out.

October 2022 holds the published figures of both groups; one district's filings did not come and another has 8 rows set aside.
September is what a baseline looks like.
"""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.core.published_tables import published_tables
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.report.documents.month_page import write_reports
from dvctt.settings import INCLUDE_ROOT

SEPTEMBER, OCTOBER = date(2022, 9, 1), date(2022, 10, 1)

GIVEN = {
    "mart_online_rates": (
        "month scope entity_code entity_name_vi short_name_vi group_code official_order agency_count received "
        "direct direct_assumed online postal online_level_3 online_level_4 online_no_level "
        "online_rate_percent rank_in_group caveats_json"
    ),
    "mart_online_rate_definitions": (
        "metric_id version month scope entity_code entity_name_vi name_vi numerator_vi denominator_vi "
        "not_applied_vi legal_basis_vi certainty is_report_definition is_in_force numerator denominator "
        "rate_percent"
    ),
    "mart_online_rate_changes": (
        "month scope entity_code entity_name_vi baseline_id baseline_name_vi baseline_start baseline_end "
        "baseline_months_expected baseline_months_present baseline_online baseline_received "
        "baseline_rate_percent online received online_rate_percent change_points online_count_change_percent"
    ),
    "mart_group_gaps": (
        "month group_code group_name_vi other_group_code other_group_name_vi online_rate_percent "
        "other_online_rate_percent gap_points"
    ),
    "mart_payments": (
        "month scope entity_code entity_name_vi group_code official_order online_payment_count "
        "online_payment_amount_vnd online_phi_vnd online_le_phi_vnd online_refund_count "
        "online_refund_amount_vnd online_net_amount_vnd other_payment_count other_payment_amount_vnd "
        "attempt_count attempt_success_count attempt_failed_count attempt_open_count ytd_online_payment_count "
        "ytd_online_payment_amount_vnd ytd_online_refund_count ytd_online_refund_amount_vnd "
        "ytd_online_net_amount_vnd ytd_months_expected ytd_months_present caveats_json"
    ),
    "mart_catalogue_coverage": (
        "month services_total services_level_3 services_level_4 services_other_level online_services "
        "online_share_percent connected_services not_connected_services connected_share_percent"
    ),
    "mart_targets": (
        "month target_id name_vi metric scope entity_code entity_name_vi target_percent numerator denominator "
        "actual_percent status short_by_points short_by_count short_unit_vi short_unit_en legal_basis "
        "certainty valid_from valid_to caveats_json"
    ),
    "mart_published_figures": (
        "figure_id scope entity_name_vi metric metric_name_vi is_target period_start period_end compared_month "
        "published_value lower_bound upper_bound unit computed_value verdict wording_vi note"
    ),
    "mart_additivity_checks": (
        "check_id month scope entity_code entity_name_vi total sum_of_classes residue residue_id unexplained"
    ),
    "mart_data_cut_off": "month data_cut_off_at extract_count",
    "mart_caveats": "month subject scope entity_code entity_name_vi caveat_id caveat_json",
    "mart_feed_timeliness": (
        "source_id entity month expected_feeds delivered_feeds on_time_feeds delivered_percent on_time_percent"
    ),
    "mart_feeds": "source_id entity month agency_code agency_name_vi group_code is_expected is_delivered",
    "mart_closed_months": (
        "month revision is_in_force publication_number closed_at approved_by note waived_feeds waivers_json "
        "reopened_at reopened_by reopen_reason"
    ),
    "mart_restatements": (
        "from_publication to_publication metric metric_name_vi unit metric_place scope entity_code "
        "entity_name_vi month old_value new_value change late_filings corrections released_from_quarantine "
        "reclassified definition_changed old_rate_percent new_rate_percent rate_change_points"
    ),
    "mart_late_ledger_totals": (
        "month revision metric metric_name_vi unit metric_place agency_code agency_name_vi record_count "
        "effect late_filings corrections released_from_quarantine reclassified definition_changed"
    ),
    "mart_mended_rates": (
        "month agency_code agency_name_vi quarantined_rows received online online_rate_percent "
        "lowest_rate_percent highest_rate_percent"
    ),
    "fct_quarantined_rows": (
        "file_month source_id entity file_name extract_id row_number agency_code reason_name_vi "
        "unparseable_columns next_vi"
    ),
}
"""Which columns the rows below give, in their order; the types, and every other column, are those that dbt declares."""

_P, _D = "Khối sở ban ngành", "Khối huyện thành phố"
_BASIS = "UBND tỉnh: mục tiêu năm 2022"
_SHARE = "Thủ tục thực hiện trực tuyến trên tổng số thủ tục"
_LIST = "Công bố danh mục thủ tục"
_TWO = '{"id":"quarantined_rows","row_count":2}'
_EIGHT = '{"id":"quarantined_rows","row_count":8}'
_NO_FEED = '{"id":"missing_feed","row_count":1,"agencies":[{"code":"243","name_vi":"UBND thành phố Vĩnh Yên"}]}'
_WAIVED = (
    '[{"id":"waived_feed","source_id":"one_stop","entity":"filings","agencies":[{"code":"243","name_vi":"UBND thành phố Vĩnh '
    'Yên"}],"waived_by":"Ông D","waived_on":"2022-11-07","reason":"hỏng máy"}]'
)
_BOTH = f"[{_NO_FEED},{_EIGHT}]"
_YEAR = (date(2022, 1, 1), date(2022, 12, 31))

ROWS: dict[str, list[tuple[Any, ...]]] = {
    "mart_online_rates": [
        (SEPTEMBER, "group", "provincial", _P, _P, "provincial", 1, 2, 4000, 3000, 0, 1000, 0, 10, 990, 0, 25.0, None, None),
        (SEPTEMBER, "group", "district", _D, _D, "district", 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, None, None, None),
        (SEPTEMBER, "province", "26", "Vĩnh Phúc", "Vĩnh Phúc", None, 0, 4, 4000, 3000, 0, 1000, 0, 10, 990, 0, 25.0, None, None),
        (OCTOBER, "group", "provincial", _P, _P, "provincial", 1, 2, 5869, 2700, 41, 2952, 217, 19, 2930, 3, 50.2982, None, None),
        (OCTOBER, "group", "district", _D, _D, "district", 2, 2, 23449, 4800, 0, 18525, 124, 6527, 11977, 21, 79.0013, None, _BOTH),
        (OCTOBER, "province", "26", "Vĩnh Phúc", "Vĩnh Phúc", None, 0, 4, 29318, 7500, 41, 21477, 341, 6546, 14907, 24, 73.2553, None, _BOTH),
        (OCTOBER, "agency", "H62.15", "Sở Y tế", "Sở Y tế", "provincial", 15, 1, 1500, 0, 0, 1500, 0, 0, 1500, 0, 100.0, 1, None),
        (OCTOBER, "agency", "H62.09", "Sở Tài nguyên và Môi trường", "Sở TN&MT", "provincial", 9, 1, 4369, 2700, 41, 1452, 217, 19, 1430, 3, 33.234, 2, None),
        (OCTOBER, "agency", "H62.16", "Ban Dân tộc", "Ban Dân tộc", "provincial", 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, None, None, None),
        (OCTOBER, "agency", "252", "UBND huyện Vĩnh Tường", "Huyện Vĩnh Tường", "district", 108, 1, 23449, 4800, 0, 18525, 124, 6527, 11977, 21, 79.0013, 1, f"[{_EIGHT}]"),
        (OCTOBER, "agency", "243", "UBND thành phố Vĩnh Yên", "TP Vĩnh Yên", "district", 101, 1, None, None, None, None, None, None, None, None, None, None, f"[{_NO_FEED}]"),
    ],
    "mart_online_rate_definitions": [
        ("online_rate.x", 2, OCTOBER, "province", "26", "Vĩnh Phúc", "Tỷ lệ <mẫu>", "Hồ sơ trực tuyến", "Toàn bộ hồ sơ", None, "Nghị định mẫu", "recalled", True, True, 21477, 29318, 73.2553),
        ("online_rate.x", 1, OCTOBER, "province", "26", "Vĩnh Phúc", "Tỷ lệ cũ", "Hồ sơ cũ", "Mẫu số cũ", None, "Văn bản cũ", "derived", True, False, 21477, 29318, 73.2553),
        ("online_rate.y", 1, OCTOBER, "province", "26", "Vĩnh Phúc", "Tỷ lệ khác", "Hồ sơ khác", "Mẫu số khác", "Chưa áp dụng", "Văn bản khác", "derived", False, True, 2, 4, 50.0),
        ("online_rate.x", 2, OCTOBER, "group", "district", _D, "Tỷ lệ <mẫu>", "Hồ sơ trực tuyến", "Toàn bộ hồ sơ", None, "Nghị định mẫu", "recalled", True, True, 18525, 23449, 79.0013),
    ],
    "mart_online_rate_changes": [
        (OCTOBER, "group", "provincial", _P, "first_9_months", "9 tháng đầu năm", date(2022, 1, 1), date(2022, 9, 30), 9, 9, 8720, 40000, 21.8, 2952, 5869, 50.2982, 28.4982, None),
        (OCTOBER, "group", "provincial", _P, "previous_month", "Tháng trước", date(2022, 9, 1), date(2022, 9, 30), 1, 1, 1000, 4000, 25.0, 2952, 5869, 50.2982, 25.2982, 195.2),
        (OCTOBER, "group", "district", _D, "first_6_months", "6 tháng đầu năm", date(2022, 1, 1), date(2022, 6, 30), 6, 5, None, None, None, 18525, 23449, 79.0013, None, None),
        (OCTOBER, "group", "district", _D, "previous_month", "Tháng trước", date(2022, 9, 1), date(2022, 9, 30), 1, 1, 0, 0, None, 18525, 23449, 79.0013, None, None),
        (OCTOBER, "agency", "H62.09", "Sở Tài nguyên và Môi trường", "previous_month", "Tháng trước", date(2022, 9, 1), date(2022, 9, 30), 1, 1, 1000, 2860, 34.9650, 1452, 4369, 33.234, -1.731, 45.2),
    ],
    "mart_group_gaps": [
        (OCTOBER, "provincial", _P, "district", _D, 50.2982, 79.0013, -28.7031),
        (OCTOBER, "district", _D, "provincial", _P, 79.0013, 50.2982, 28.7031),
    ],
    "mart_payments": [
        (OCTOBER, "group", "provincial", _P, "provincial", 1, 600, 500000000, 300000000, 200000000, 2, 1000000, 499000000, 30, 4000000, 700, 600, 90, 10, 6000, 5000000000, 9, 8000000, 4992000000, 10, 10, None),
        (OCTOBER, "group", "district", _D, "district", 2, 400, 412345678, 112345678, 300000000, 1, 345678, 412000000, 12, 900000, 500, 400, 95, 5, None, None, None, None, None, 10, 9, None),
        (OCTOBER, "province", "26", "Vĩnh Phúc", None, 0, 1000, 912345678, 412345678, 500000000, 3, 1345678, 911000000, 42, 4900000, 1200, 1000, 185, 15, 8918, 8147236000, 14, 9000000, 8138236000, 10, 10, None),
        (OCTOBER, "agency", "H62.15", "Sở Y tế", "provincial", 15, 600, 500000000, 300000000, 200000000, 2, 1000000, 499000000, 30, 4000000, 700, 600, 90, 10, 6000, 5000000000, 9, 8000000, 4992000000, 10, 10, None),
        (SEPTEMBER, "province", "26", "Vĩnh Phúc", None, 0, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, 9, 8, f"[{_TWO}]"),
    ],
    "mart_catalogue_coverage": [
        (SEPTEMBER, None, None, None, None, None, None, None, None, None),
        (OCTOBER, 2039, 254, 538, 1247, 792, 38.8426, 744, 48, 93.9394),
    ],
    "mart_targets": [
        (OCTOBER, "online_2022", _SHARE, "target_procedures_online_share", "province", "26", "Vĩnh Phúc", 70.0, 792, 2039, 38.8426, "missed", 31.1574, 636, "thủ tục", "procedures", _BASIS, "published", *_YEAR, None),
        (OCTOBER, "list_2022", _LIST, "target_service_list_published", "province", "26", "Vĩnh Phúc", 100.0, None, None, None, "no_data", None, None, "thủ tục", "procedures", _BASIS, "published", *_YEAR, None),
    ],
    "mart_published_figures": [
        (6, "province", "Vĩnh Phúc", "online_payment_amount_vnd", "Số tiền thanh toán trực tuyến", False, date(2022, 1, 1), date(2022, 10, 31), None, None, 8100000001.0, 8199999999.0, "VND", 8147236000.0, "reproduced", "tổng số tiền giao dịch trên 8,1 tỷ đồng", None),
        (8, "provincial", _P, "online_rate", "Tỷ lệ hồ sơ trực tuyến", False, OCTOBER, date(2022, 10, 31), None, 50.3, 50.25, 50.35, "percent", 50.2982, "reproduced", "đạt 50,3%/tổng hồ sơ", None),
        (9, "provincial", _P, "online_rate_change", "Thay đổi của tỷ lệ", False, date(2022, 1, 1), date(2022, 9, 30), OCTOBER, 29.0, 28.0, 29.0, "percentage_points", 28.4982, "reproduced", "tăng gần 29% so với 9 tháng đầu năm", None),
        (21, "district", _D, "online", "Hồ sơ trực tuyến", False, OCTOBER, date(2022, 10, 31), None, 18525.0, 18525.0, 18525.0, "filings", 18524.0, "not_reproduced", "có 18.525 hồ sơ trực tuyến", None),
        (33, "province", "Vĩnh Phúc", "target_procedures_online_share", "Chỉ tiêu: thủ tục trực tuyến", True, *_YEAR, None, 70.0, 70.0, None, "percent", 38.8426, "target_missed", "tối thiểu 70%", None),
    ],
    "mart_additivity_checks": [
        ("online_is_levels_and_residue", OCTOBER, "group", "provincial", _P, 2952, 2949, 3, "no_level", 0),
        ("online_is_levels_and_residue", OCTOBER, "group", "district", _D, 18525, 18504, 21, "no_level", 0),
        ("online_is_levels_and_residue", OCTOBER, "agency", "H62.15", "Sở Y tế", 1500, 1500, 0, "no_level", 0),
        ("online_is_levels_and_residue", OCTOBER, "agency", "H62.09", "Sở Tài nguyên và Môi trường", 1452, 1449, 3, "no_level", 0),
    ],
    "mart_caveats": [
        (SEPTEMBER, "payments", "province", "26", "Vĩnh Phúc", "quarantined_rows", _TWO),
        (OCTOBER, "filings", "province", "26", "Vĩnh Phúc", "quarantined_rows", _EIGHT),
        (OCTOBER, "filings", "province", "26", "Vĩnh Phúc", "missing_feed", _NO_FEED),
        (OCTOBER, "filings", "group", "district", _D, "quarantined_rows", _EIGHT),
        (OCTOBER, "filings", "group", "district", _D, "missing_feed", _NO_FEED),
        (OCTOBER, "filings", "agency", "252", "UBND huyện Vĩnh Tường", "quarantined_rows", _EIGHT),
        (OCTOBER, "filings", "agency", "243", "UBND thành phố Vĩnh Yên", "missing_feed", _NO_FEED),
    ],
    "mart_feed_timeliness": [
        ("one_stop", "filings", OCTOBER, 5, 4, 3, 80.0, 60.0),
        ("one_stop", "payment_requests", OCTOBER, 5, 5, 5, 100.0, 100.0),
    ],
    "mart_feeds": [
        ("one_stop", "filings", OCTOBER, "243", "UBND thành phố Vĩnh Yên", "district", True, False),
        ("one_stop", "filings", OCTOBER, "252", "UBND huyện Vĩnh Tường", "district", True, True),
        ("one_stop", "filings", OCTOBER, "H62.16", "Ban Dân tộc", "provincial", False, False),
        ("one_stop", "payment_requests", OCTOBER, "243", "UBND thành phố Vĩnh Yên", "district", True, True),
    ],
    "mart_restatements": [
        (3, 4, "received", "Hồ sơ tiếp nhận", "hồ sơ", 1, "province", "26", "Vĩnh Phúc", OCTOBER, 29_000, 29_318, 318, 320,
         -2, 0, 0, 0, 72.0, 73.25, 1.25),
        (3, 4, "online", "Hồ sơ trực tuyến", "hồ sơ", 3, "agency", "252", "UBND huyện Vĩnh Tường", OCTOBER, None, 5, 5, 0, 0,
         5, 0, 0, None, 50.0, None),
        (2, 3, "received", "Hồ sơ tiếp nhận", "hồ sơ", 1, "province", "26", "Vĩnh Phúc", OCTOBER, 28_000, 29_000, 1_000,
         1_000, 0, 0, 0, 0, 72.0, 72.0, 0.0),
    ],
    "mart_late_ledger_totals": [
        (SEPTEMBER, 1, "received", "Hồ sơ tiếp nhận", "hồ sơ", 1, "243", "UBND thành phố Vĩnh Yên", 7, 5, 6, -1, 0, 0, 0),
    ],
    "mart_data_cut_off": [(OCTOBER, datetime(2022, 11, 5, 1, 2, 33), 41)],
    "mart_mended_rates": [(OCTOBER, "252", "UBND huyện Vĩnh Tường", 8, 23449, 18525, 79.0013, 78.9743, 79.2085)],
    "fct_quarantined_rows": [
        (OCTOBER, "one_stop", "filings", "filings_2022-10.csv", "x", 11, "252", "ngày không đọc được", "NgayTiepNhan",
         "Sửa ngày, gửi lại tệp"),
        (OCTOBER, "one_stop", "payment_requests", "payment_requests_2022-10.csv", "y", 1234, "252", "thiếu số tiền", None,
         "Bổ sung số tiền"),
        (SEPTEMBER, "one_stop", "filings", "filings_2022-09.csv", "z", 99, "252", "thiếu mã hồ sơ", None, "Bổ sung mã"),
        (OCTOBER, "one_stop", "filings", "filings_2022-10.csv", "x", 77, "H62.15", "thiếu mã thủ tục", None, "Bổ sung mã"),
    ],
    "mart_closed_months": [
        (OCTOBER, 1, False, 3, datetime(2022, 11, 5, 2, 0, 7), "Bà Trần Thị B <MẪU>", None, 0, None,
         datetime(2022, 11, 7, 9, 30), "Ông Lê Văn C (MẪU)", "Sở A gửi bản sửa & đối chiếu lại"),
        (OCTOBER, 2, True, 5, datetime(2022, 11, 8, 10, 15), "Bà Trần Thị B <MẪU>", "đã đối chiếu", 1,
         _WAIVED,
         None, None, None),
    ],
}  # fmt: skip # a row of a mart is a line


@pytest.fixture(scope="session")
def province() -> Province:
    """The bundled province: the page takes only the authority and the groups from it."""
    return load_province(INCLUDE_ROOT / "provinces" / "vinh_phuc")


@pytest.fixture
def rows() -> dict[str, list[tuple[Any, ...]]]:
    """The rows above, to build on."""
    return ROWS


def create_table(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """An empty published table, as dbt declares it."""
    declared = ", ".join(f"{name} {kind}" for name, kind in published_tables()[table].columns.items())
    connection.execute(f"CREATE TABLE {table} ({declared})")


def write_marts(path: Path, **replaced: list[tuple[Any, ...]]) -> Path:
    with duckdb.connect(str(path)) as connection:
        for table, given in GIVEN.items():
            create_table(connection, table)
            rows = replaced.get(table, ROWS[table])
            if rows:
                names = given.split()
                connection.executemany(
                    f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})", rows
                )
    return path


@pytest.fixture
def build_marts(tmp_path: Path) -> Callable[..., Path]:
    """Write a DuckDB file with all rows above, those of the tables named as arguments replaced."""

    def build(name: str = "marts.duckdb", **replaced: list[tuple[Any, ...]]) -> Path:
        return write_marts(tmp_path / name, **replaced)

    return build


@pytest.fixture
def marts(build_marts: Callable[..., Path]) -> Path:
    """The DuckDB file with exactly the rows above."""
    return build_marts()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, province: Province) -> list[Path]:
    """The pages of exactly the rows above, as publication 7; only to be read."""
    folder = tmp_path_factory.mktemp("written")
    return write_reports(write_marts(folder / "marts.duckdb"), folder / "reports", province, 7)
