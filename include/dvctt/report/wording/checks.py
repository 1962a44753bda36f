"""Checks in words: what the gate found in one row, in mails, on pages and in caveats alike, and which totals add up.

Nothing is judged here. What a check of the gate is called stands in its suite, in Vietnamese; in every other language it goes
by its id. A check that a total is its parts has its sentence here, and catalogues say it in other languages.
"""

from collections.abc import Mapping
from typing import Any

from dvctt.core.errors import ReportError
from dvctt.core.printable import one_line
from dvctt.report.wording import words
from dvctt.report.wording.language import VIETNAMESE, _, current_language, translate

ENTITIES = {
    "filings": "hồ sơ",
    "payment_requests": "yêu cầu thanh toán",
    "payment_attempts": "giao dịch thanh toán",
    "procedures": "thủ tục hành chính",
    "reported_figures": "số liệu đơn vị tự báo cáo",
    "index_counts": "số liệu thành phần chỉ số",
}

TOTALS = {
    "attempts_are_banks": "Giao dịch thanh toán = tổng các ngân hàng",
    "attempts_are_success_failed_open": "Giao dịch thanh toán = thành công + thất bại + khởi tạo",
    "collected_amount_is_phi_and_le_phi": "Số tiền đã thu mọi hình thức = phí + lệ phí",
    "duty_is_paid_and_not_paid": (
        "Hồ sơ có nghĩa vụ nộp = nộp trực tuyến + nộp cách khác + chưa nộp + chưa có yêu cầu"
    ),
    "failed_attempts_are_error_codes": "Giao dịch thất bại = tổng các mã lỗi",
    "fee_bearing_is_waived_and_due": "Hồ sơ có thu phí = được miễn + có nghĩa vụ nộp",
    "flagged_is_paid_online_and_reasons": (
        "Hồ sơ được đánh dấu đã thanh toán = nộp trực tuyến + chênh lệch theo nguyên nhân"
    ),
    "group_online_is_sum_of_agencies": "Hồ sơ trực tuyến của khối = tổng các cơ quan",
    "group_received_is_sum_of_agencies": "Hồ sơ tiếp nhận của khối = tổng các cơ quan",
    "index_denominators_are_sum_of_agencies": "Bộ chỉ số: mẫu số cộng được của toàn tỉnh = tổng các cơ quan",
    "index_groups_are_sum_of_components": (
        "Bộ chỉ số: điểm của từng nhóm = tổng điểm thành phần của nhóm (phần triệu điểm)"
    ),
    "index_groups_to_date_are_sum_of_components": (
        "Bộ chỉ số từ đầu năm: điểm của từng nhóm = tổng điểm thành phần của nhóm (phần triệu điểm)"
    ),
    "index_numerators_are_sum_of_agencies": "Bộ chỉ số: tử số cộng được của toàn tỉnh = tổng các cơ quan",
    "index_points_are_sum_of_components": "Bộ chỉ số: tổng điểm = tổng điểm thành phần (phần triệu điểm)",
    "index_points_to_date_are_sum_of_components": (
        "Bộ chỉ số từ đầu năm: tổng điểm = tổng điểm thành phần (phần triệu điểm)"
    ),
    "online_is_levels_and_residue": "Hồ sơ trực tuyến = mức độ 3 + mức độ 4 + không phân mức",
    "online_is_source_levels": "Hồ sơ trực tuyến = tổng theo mức độ như nguồn ghi + không phân mức",
    "online_is_sum_of_kinds": "Hồ sơ trực tuyến = tổng theo loại dịch vụ công + không phân loại",
    "online_rate_denominator_is_report_and_reasons": (
        "Tỷ lệ trực tuyến theo từng định nghĩa: mẫu số = mẫu số của báo cáo + chênh lệch theo nguyên nhân"
    ),
    "online_rate_numerator_is_report_and_reasons": (
        "Tỷ lệ trực tuyến theo từng định nghĩa: tử số = tử số của báo cáo + chênh lệch theo nguyên nhân"
    ),
    "online_services_are_connected_and_not": (
        "Dịch vụ mức độ 3 và 4 = đã kết nối + chưa kết nối Cổng Dịch vụ công quốc gia"
    ),
    "payment_amount_is_phi_and_le_phi": "Số tiền thanh toán trực tuyến = phí + lệ phí",
    "payments_are_kinds": "Số tiền đã thu = tổng các hình thức thanh toán",
    "payments_to_date_are_sum_of_months": "Số giao dịch lũy kế từ đầu năm = tổng các tháng",
    "period_online_is_levels_and_residue": "Hồ sơ trực tuyến = mức độ 3 + mức độ 4 + không phân mức",
    "period_online_is_sum_of_months": "Hồ sơ trực tuyến = tổng các tháng",
    "period_online_payment_amount_vnd_is_sum_of_months": "Số tiền thanh toán trực tuyến = tổng các tháng",
    "period_payment_amount_is_phi_and_le_phi": "Số tiền thanh toán trực tuyến = phí + lệ phí",
    "period_province_online_is_sum_of_agencies": "Hồ sơ trực tuyến toàn tỉnh = tổng các cơ quan",
    "period_province_online_payment_amount_vnd_is_sum_of_agencies": (
        "Số tiền thanh toán trực tuyến toàn tỉnh = tổng các cơ quan"
    ),
    "period_province_received_is_sum_of_agencies": "Hồ sơ tiếp nhận toàn tỉnh = tổng các cơ quan",
    "period_received_is_direct_online_postal": "Hồ sơ tiếp nhận = trực tiếp + trực tuyến + bưu chính",
    "period_received_is_sum_of_months": "Hồ sơ tiếp nhận = tổng các tháng",
    "province_duties_are_sum_of_agencies": "Hồ sơ có nghĩa vụ nộp toàn tỉnh = tổng các cơ quan",
    "province_online_is_sum_of_groups": "Hồ sơ trực tuyến toàn tỉnh = tổng các khối",
    "province_payments_are_sum_of_agencies": "Số tiền thanh toán trực tuyến toàn tỉnh = tổng các cơ quan",
    "province_received_is_sum_of_groups": "Hồ sơ tiếp nhận toàn tỉnh = tổng các khối",
    "received_is_direct_online_postal": "Hồ sơ tiếp nhận = trực tiếp + trực tuyến + bưu chính",
    "received_is_source_levels": "Hồ sơ tiếp nhận = tổng theo mức độ như nguồn ghi + không phân mức",
    "received_is_sum_of_kinds": "Hồ sơ tiếp nhận = tổng theo loại dịch vụ công + không phân loại",
    "received_is_with_and_without_fee": "Hồ sơ tiếp nhận = có thu phí + không thu phí",
    "refund_amount_is_phi_and_le_phi": "Số tiền đã hoàn mọi hình thức = phí + lệ phí",
    "restated_online_is_as_was": "Hồ sơ trực tuyến toàn tỉnh = tổng các cơ quan theo cơ cấu mới nhất",
    "restated_online_payment_amount_vnd_is_as_was": (
        "Số tiền thanh toán trực tuyến toàn tỉnh = tổng các cơ quan theo cơ cấu mới nhất"
    ),
    "restated_online_payment_count_is_as_was": (
        "Số giao dịch thanh toán trực tuyến toàn tỉnh = tổng các cơ quan theo cơ cấu mới nhất"
    ),
    "restated_paid_online_is_as_was": "Hồ sơ nộp trực tuyến toàn tỉnh = tổng các cơ quan theo cơ cấu mới nhất",
    "restated_received_is_as_was": "Hồ sơ tiếp nhận toàn tỉnh = tổng các cơ quan theo cơ cấu mới nhất",
    "restated_with_duty_is_as_was": "Hồ sơ có nghĩa vụ nộp toàn tỉnh = tổng các cơ quan theo cơ cấu mới nhất",
    "services_are_levels_and_others": "Dịch vụ = mức độ 3 + mức độ 4 + dưới mức độ 3",
}
"""Checks of mart_additivity_checks: what is held against what."""

FORM_06A_TOTALS = {
    "period_form_06a_columns_are_sum_by_agency": "Mọi cột = tổng các cơ quan",
    "period_form_06a_columns_are_sum_by_field": "Mọi cột = tổng các lĩnh vực",
    "period_form_06a_pending_total_is_in_time_and_overdue": "Cột 11 = 12 + 13",
    "period_form_06a_pending_total_is_sum_by_agency": "Cột 11 = tổng các cơ quan",
    "period_form_06a_pending_total_is_sum_by_field": "Cột 11 = tổng các lĩnh vực",
    "period_form_06a_resolved_total_is_early_on_time_late": "Cột 7 = 8 + 9 + 10",
    "period_form_06a_workload_total_is_new_and_carried_in": "Cột 3 = 4 + 5 + 6",
    "period_form_06a_workload_total_is_resolved_and_pending": "Cột 3 = 7 + 11",
    "period_form_06a_workload_total_is_sum_by_agency": "Cột 3 = tổng các cơ quan",
    "period_form_06a_workload_total_is_sum_by_field": "Cột 3 = tổng các lĩnh vực",
    "period_restated_pending_total_is_as_was": "Cột 11 = tổng các cơ quan theo cơ cấu mới nhất",
    "period_restated_workload_total_is_as_was": "Cột 3 = tổng các cơ quan theo cơ cấu mới nhất",
}
"""Those that are of columns of form II.06a, which their sentences do not name."""

RESIDUES = {
    "below_level_3": "Dưới mức độ 3",
    "no_bank": "Không ghi ngân hàng",
    "no_class": "Không phân mức, chưa quy đổi, ngoài thời gian áp dụng",
    "no_error_code": "Không có mã lỗi",
    "no_level": "Không phân mức",
    "no_payment_kind": "Không rõ hình thức",
    "not_restated": "Chưa quy đổi được, chưa xác định cơ quan",
    "not_split": "Không tách phí, lệ phí",
    "unknown_agency": "Chưa xác định cơ quan",
    "unknown_field": "Chưa xác định lĩnh vực",
    "unknown_procedure": "Thủ tục không có trong danh mục",
}
"""What no class of a total holds."""


def called(title: str | None, check_id: str, row: Mapping[str, Any]) -> str:
    """A check with what its row is about: "Hồ sơ đến đủ (filings.rows, nguồn s, hồ sơ)"; "filings.rows (source s, filings)"."""
    is_vietnamese = current_language() == VIETNAMESE
    name = (title or check_id) if is_vietnamese else check_id
    parts = [] if name == check_id else [check_id]
    if row.get("subject"):
        parts.append(str(row["subject"]))
    if row.get("source_id"):
        parts.append(_("nguồn {source}", source=row["source_id"]))
    if row.get("entity"):
        parts.append(ENTITIES.get(row["entity"], str(row["entity"])) if is_vietnamese else str(row["entity"]))
    return f"{name} ({', '.join(parts)})" if parts else name


def sides(row: Mapping[str, Any]) -> str:
    """What a check wanted of a row and what it saw: "mong đợi ít nhất 1.064, quan sát 4"."""
    return _(
        "mong đợi {wanted}, quan sát {observed}",
        wanted=words.wanted_value(row),
        observed=words.checked_value(row.get("observed")),
    )


def warning(caveat: Mapping[str, Any]) -> str:
    """A warning that was published with the figures, behind the agency's name where it is of one that nobody knows."""
    whose = f"{caveat['agency_name_vi']}: " if caveat.get("agency_name_vi") else ""
    found = sides(caveat) if "relation" in caveat or "observed" in caveat else _("mong đợi không có, quan sát không có")
    return one_line(f"{whose}{called(caveat.get('title_vi'), caveat['check_id'], caveat)}: {found}")


def compared(row: Mapping[str, Any]) -> str:
    """What a check of totals compares, for a document that says itself which month or period it is of.

    A check that this version does not know was frozen with its month, or published, by an older one: its words are that one's.

    Raises:
        ReportError: it has neither a sentence nor words.
    """
    check_id = row["check_id"]
    if check_id in FORM_06A_TOTALS:
        return _("Biểu II.06a: {what}", what=words.lower_first(_(FORM_06A_TOTALS[check_id])))
    if check_id in TOTALS:
        return _(TOTALS[check_id])
    if row["total_in_words_vi"]:
        return translate(row["total_in_words_vi"])
    raise ReportError(
        f"mart_additivity_checks.check_id: found {check_id!r}, wanted one of {', '.join([*TOTALS, *FORM_06A_TOTALS])}"
    )


def compared_when(row: Mapping[str, Any]) -> str:
    """The same for a list of every check: that of a period names it and its calendar."""
    if row["period_name_vi"] is None:
        # An older version named the period in the words alone.
        return translate(row["total_in_words_vi"]) if row["calendar_id"] else compared(row)
    period = words.period_name(row)
    calendar = words.lower_first(words.text_of(row, "calendar_name_vi"))
    if row["check_id"] in FORM_06A_TOTALS:
        what = words.lower_first(_(FORM_06A_TOTALS[row["check_id"]]))
        return _("Biểu II.06a, {period} ({calendar}): {what}", period=period, calendar=calendar, what=what)
    what = words.lower_first(compared(row))
    return _("{period} ({calendar}): {what}", period=period, calendar=calendar, what=what)


def residue(row: Mapping[str, Any]) -> str:
    """What the residue of a total is; "" where there can be none.

    Raises:
        ReportError: this version has no words for it.
    """
    if row["residue_id"] is None:
        return translate(row["residue_in_words_vi"])
    return words.word(row["residue_id"], RESIDUES, "mart_additivity_checks.residue_id")
