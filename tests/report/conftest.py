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
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.report.documents.month_page import write_reports
from dvctt.settings import INCLUDE_ROOT

SEPTEMBER, OCTOBER = date(2022, 9, 1), date(2022, 10, 1)

COLUMNS = {
    "mart_online_rates": "month DATE, scope VARCHAR, entity_code VARCHAR, entity_name_vi VARCHAR, short_name_vi VARCHAR, "
    "group_code VARCHAR, official_order INTEGER, agency_count BIGINT, received BIGINT, direct BIGINT, "
    "direct_assumed BIGINT, online BIGINT, postal BIGINT, online_level_3 BIGINT, online_level_4 BIGINT, "
    "online_no_level BIGINT, online_rate_percent DOUBLE, rank_in_group INTEGER, caveat_vi VARCHAR",
    "mart_online_rate_definitions": "metric_id VARCHAR, version INTEGER, month DATE, scope VARCHAR, entity_code VARCHAR, "
    "entity_name_vi VARCHAR, name_vi VARCHAR, numerator_vi VARCHAR, denominator_vi VARCHAR, not_applied_vi VARCHAR, "
    "legal_basis_vi VARCHAR, certainty VARCHAR, is_report_definition BOOLEAN, is_in_force BOOLEAN, numerator BIGINT, "
    "denominator BIGINT, rate_percent DOUBLE",
    "mart_online_rate_changes": "month DATE, scope VARCHAR, entity_code VARCHAR, entity_name_vi VARCHAR, "
    "baseline_id VARCHAR, baseline_name_vi VARCHAR, baseline_start DATE, baseline_end DATE, "
    "baseline_months_expected INTEGER, baseline_months_present INTEGER, baseline_online BIGINT, "
    "baseline_received BIGINT, baseline_rate_percent DOUBLE, online BIGINT, received BIGINT, "
    "online_rate_percent DOUBLE, change_points DOUBLE, online_count_change_percent DOUBLE",
    "mart_group_gaps": "month DATE, group_code VARCHAR, group_name_vi VARCHAR, other_group_code VARCHAR, "
    "other_group_name_vi VARCHAR, online_rate_percent DOUBLE, other_online_rate_percent DOUBLE, gap_points DOUBLE",
    "mart_payments": "month DATE, scope VARCHAR, entity_code VARCHAR, entity_name_vi VARCHAR, group_code VARCHAR, "
    "official_order INTEGER, online_payment_count BIGINT, online_payment_amount_vnd BIGINT, online_phi_vnd BIGINT, "
    "online_le_phi_vnd BIGINT, online_refund_count BIGINT, online_refund_amount_vnd BIGINT, "
    "online_net_amount_vnd BIGINT, other_payment_count BIGINT, other_payment_amount_vnd BIGINT, attempt_count BIGINT, "
    "attempt_success_count BIGINT, attempt_failed_count BIGINT, attempt_open_count BIGINT, "
    "ytd_online_payment_count BIGINT, ytd_online_payment_amount_vnd BIGINT, ytd_online_refund_count BIGINT, "
    "ytd_online_refund_amount_vnd BIGINT, ytd_online_net_amount_vnd BIGINT, ytd_months_expected INTEGER, "
    "ytd_months_present INTEGER, caveat_vi VARCHAR",
    "mart_catalogue_coverage": "month DATE, services_total BIGINT, services_level_3 BIGINT, services_level_4 BIGINT, "
    "services_other_level BIGINT, online_services BIGINT, online_share_percent DOUBLE, connected_services BIGINT, "
    "not_connected_services BIGINT, connected_share_percent DOUBLE",
    "mart_targets": "month DATE, target_id VARCHAR, name_vi VARCHAR, metric VARCHAR, scope VARCHAR, "
    "entity_code VARCHAR, entity_name_vi VARCHAR, target_percent DOUBLE, numerator BIGINT, denominator BIGINT, actual_percent DOUBLE, "
    "status VARCHAR, short_by_points DOUBLE, short_by_count BIGINT, "
    "short_unit_vi VARCHAR, short_unit_en VARCHAR, legal_basis VARCHAR, certainty VARCHAR, "
    "valid_from DATE, valid_to DATE, caveat_vi VARCHAR",
    "mart_published_figures": "figure_id INTEGER, scope VARCHAR, entity_name_vi VARCHAR, metric VARCHAR, "
    "metric_name_vi VARCHAR, period_start DATE, period_end DATE, published_value DOUBLE, lower_bound DOUBLE, "
    "upper_bound DOUBLE, unit VARCHAR, computed_value DOUBLE, verdict VARCHAR, wording_vi VARCHAR, note VARCHAR",
    "mart_additivity_checks": "check_id VARCHAR, month DATE, scope VARCHAR, entity_code VARCHAR, "
    "entity_name_vi VARCHAR, total_name_vi VARCHAR, total BIGINT, sum_of_classes BIGINT, residue BIGINT, "
    "residue_name_vi VARCHAR, unexplained BIGINT",
    "mart_data_cut_off": "month DATE, data_cut_off_at TIMESTAMP, extract_count INTEGER",
    "mart_caveats": "month DATE, subject VARCHAR, scope VARCHAR, entity_code VARCHAR, entity_name_vi VARCHAR, "
    "caveat_id VARCHAR, text_vi VARCHAR",
    "mart_feed_timeliness": "source_id VARCHAR, entity VARCHAR, month DATE, expected_feeds BIGINT, "
    "delivered_feeds BIGINT, on_time_feeds BIGINT, delivered_percent DOUBLE, on_time_percent DOUBLE",
    "mart_feeds": "source_id VARCHAR, entity VARCHAR, month DATE, agency_code VARCHAR, agency_name_vi VARCHAR, "
    "group_code VARCHAR, is_expected BOOLEAN, is_delivered BOOLEAN",
    "mart_closed_months": "month DATE, revision INTEGER, is_in_force BOOLEAN, publication_number BIGINT, "
    "closed_at TIMESTAMP, approved_by VARCHAR, note VARCHAR, waived_feeds BIGINT, waived_vi VARCHAR, "
    "reopened_at TIMESTAMP, reopened_by VARCHAR, reopen_reason VARCHAR",
    "mart_restatements": "from_publication BIGINT, to_publication BIGINT, metric VARCHAR, metric_name_vi VARCHAR, "
    "unit VARCHAR, metric_place INTEGER, scope VARCHAR, entity_code VARCHAR, entity_name_vi VARCHAR, month DATE, "
    "old_value BIGINT, new_value BIGINT, change BIGINT, late_filings BIGINT, corrections BIGINT, "
    "released_from_quarantine BIGINT, reclassified BIGINT, definition_changed BIGINT, old_rate_percent DOUBLE, "
    "new_rate_percent DOUBLE, rate_change_points DOUBLE",
    "mart_late_ledger_totals": "month DATE, revision INTEGER, metric VARCHAR, metric_name_vi VARCHAR, unit VARCHAR, "
    "metric_place INTEGER, agency_code VARCHAR, agency_name_vi VARCHAR, record_count BIGINT, effect BIGINT, "
    "late_filings BIGINT, corrections BIGINT, released_from_quarantine BIGINT, reclassified BIGINT, "
    "definition_changed BIGINT",
    "mart_mended_rates": "month DATE, agency_code VARCHAR, agency_name_vi VARCHAR, quarantined_rows BIGINT, "
    "received BIGINT, online BIGINT, online_rate_percent DOUBLE, lowest_rate_percent DOUBLE, highest_rate_percent DOUBLE",
    "fct_quarantined_rows": "file_month DATE, source_id VARCHAR, entity VARCHAR, file_name VARCHAR, extract_id VARCHAR, "
    "row_number BIGINT, agency_code VARCHAR, reason_name_vi VARCHAR, unparseable_columns VARCHAR, next_vi VARCHAR",
}

_P, _D = "Khối sở ban ngành", "Khối huyện thành phố"
_LEVELS = "Hồ sơ trực tuyến = mức độ 3 + mức độ 4 + không phân mức"
_BASIS = "UBND tỉnh: mục tiêu năm 2022"
_SHARE = "Thủ tục thực hiện trực tuyến trên tổng số thủ tục"
_LIST = "Công bố danh mục thủ tục"
_EIGHT = "chưa tính 8 dòng bị cách ly"
_NO_FEED = "chưa có dữ liệu từ UBND thành phố Vĩnh Yên"
_BOTH = f"{_NO_FEED}; {_EIGHT}"
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
        (OCTOBER, "agency", "252", "UBND huyện Vĩnh Tường", "Huyện Vĩnh Tường", "district", 108, 1, 23449, 4800, 0, 18525, 124, 6527, 11977, 21, 79.0013, 1, _EIGHT),
        (OCTOBER, "agency", "243", "UBND thành phố Vĩnh Yên", "TP Vĩnh Yên", "district", 101, 1, None, None, None, None, None, None, None, None, None, None, _NO_FEED),
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
        (SEPTEMBER, "province", "26", "Vĩnh Phúc", None, 0, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, 9, 8, "chưa tính 2 dòng bị cách ly"),
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
        (6, "province", "Vĩnh Phúc", "online_payment_amount", "Số tiền thanh toán trực tuyến", date(2022, 1, 1), date(2022, 10, 31), None, 8100000001.0, 8199999999.0, "VND", 8147236000.0, "reproduced", "tổng số tiền giao dịch trên 8,1 tỷ đồng", None),
        (8, "provincial", _P, "online_rate", "Tỷ lệ hồ sơ trực tuyến", OCTOBER, date(2022, 10, 31), 50.3, 50.25, 50.35, "percent", 50.2982, "reproduced", "đạt 50,3%/tổng hồ sơ", None),
        (9, "provincial", _P, "online_rate_change_to_october", "Thay đổi của tỷ lệ", date(2022, 1, 1), date(2022, 9, 30), 29.0, 28.0, 29.0, "percentage_points", 28.4982, "reproduced", "tăng gần 29% so với 9 tháng đầu năm", None),
        (21, "district", _D, "online_filings", "Hồ sơ trực tuyến", OCTOBER, date(2022, 10, 31), 18525.0, 18525.0, 18525.0, "filings", 18524.0, "not_reproduced", "có 18.525 hồ sơ trực tuyến", None),
        (33, "province", "Vĩnh Phúc", "target_procedures_online_share", "Chỉ tiêu: thủ tục trực tuyến", *_YEAR, 70.0, 70.0, None, "percent", 38.8426, "target_missed", "tối thiểu 70%", None),
    ],
    "mart_additivity_checks": [
        ("online_is_levels_and_residue", OCTOBER, "group", "provincial", _P, _LEVELS, 2952, 2949, 3, "Không phân mức", 0),
        ("online_is_levels_and_residue", OCTOBER, "group", "district", _D, _LEVELS, 18525, 18504, 21, "Không phân mức", 0),
        ("online_is_levels_and_residue", OCTOBER, "agency", "H62.15", "Sở Y tế", _LEVELS, 1500, 1500, 0, "Không phân mức", 0),
        ("online_is_levels_and_residue", OCTOBER, "agency", "H62.09", "Sở Tài nguyên và Môi trường", _LEVELS, 1452, 1449, 3, "Không phân mức", 0),
    ],
    "mart_caveats": [
        (SEPTEMBER, "payments", "province", "26", "Vĩnh Phúc", "quarantined_rows", "chưa tính 2 dòng bị cách ly"),
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
         "hồ sơ (nguồn one_stop) của UBND thành phố Vĩnh Yên: Ông D cho miễn ngày 07/11/2022, lý do: hỏng máy",
         None, None, None),
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def province() -> Province:
    """The bundled province: the page takes only the authority and the groups from it."""
    return load_province(INCLUDE_ROOT / "provinces" / "vinh_phuc")


@pytest.fixture
def rows() -> dict[str, list[tuple[Any, ...]]]:
    """The rows above, to build on."""
    return ROWS


def write_marts(path: Path, **replaced: list[tuple[Any, ...]]) -> Path:
    with duckdb.connect(str(path)) as connection:
        for table, columns in COLUMNS.items():
            connection.execute(f"CREATE TABLE {table} ({columns})")
            rows = replaced.get(table, ROWS[table])
            if rows:
                connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in rows[0])})", rows)
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
