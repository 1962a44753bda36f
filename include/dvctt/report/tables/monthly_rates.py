"""The report's tables of online rates: by agency, channel and level, against periods before, the catalogue, the targets."""

from dataclasses import replace
from datetime import date

from dvctt.province.model import Province
from dvctt.report.choose import in_print_order
from dvctt.report.marts import Marts, Row
from dvctt.report.tables.table import (
    MARKED_NOTE,
    Cell,
    DocumentTable,
    Line,
    Measure,
    by_agency,
    cell,
    entity_cell,
    numeric,
    plain_sums,
    small_base_note,
    text,
    textual,
    worded,
)
from dvctt.report.wording import caveats, formats, words
from dvctt.report.wording.language import _


def rates_table(content: Marts, month: date, province: Province) -> DocumentTable:
    changes = {
        (row["scope"], row["entity_code"]): row
        for row in content.of_month("mart_online_rate_changes", month)
        if row["baseline_id"] == "previous_month"
    }

    def against_month_before(row: Row) -> tuple[Cell, ...]:
        change = changes.get((row["scope"], row["entity_code"]))
        missing = formats.NO_DATA if row["received"] is None else None
        return (cell(change["change_points"] if change else None, "signed_points", missing=missing),)

    measures = (
        Measure("received", "Tiếp nhận"),
        Measure("online", "Trực tuyến"),
        Measure("online_rate_percent", "Tỷ lệ", "rate", share=(3, 2)),
    )
    return DocumentTable(
        _("Tỷ lệ trực tuyến"),
        _("Tỷ lệ hồ sơ trực tuyến {month} theo cơ quan, theo thứ hạng trong khối", month=formats.month(month)),
        (
            numeric("Hạng", 0.5),
            textual("Cơ quan", 3.5),
            *(numeric(one.heading_vi, one.weight) for one in measures),
            numeric("So với tháng trước", 1.4),
        ),
        by_agency(
            content, "mart_online_rates", month, province, measures, "received", ranked=True, after=against_month_before
        ),
        (_(MARKED_NOTE), *small_base_note(content.of_month("mart_online_rates", month))),
    )


def channels_table(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        Measure("direct", "Trực tiếp"),
        Measure("online", "Trực tuyến"),
        Measure("postal", "Bưu chính công ích"),
        Measure("received", "Hồ sơ tiếp nhận", across=(1, 2, 3)),
        Measure("direct_assumed", "Trong số trực tiếp: không ghi kênh"),
    )
    return plain_sums(
        content,
        "mart_online_rates",
        month,
        province,
        measures,
        "received",
        _("Kênh nộp"),
        _("Hồ sơ tiếp nhận theo kênh nộp"),
    )


def levels_table(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        Measure("online_level_4", "Mức độ 4"),
        Measure("online_level_3", "Mức độ 3"),
        Measure("online_no_level", "Không phân mức"),
        Measure("online", "Hồ sơ trực tuyến", across=(1, 2, 3)),
    )
    return plain_sums(
        content,
        "mart_online_rates",
        month,
        province,
        measures,
        "online",
        _("Mức độ và phần dư"),
        _("Hồ sơ trực tuyến theo mức độ dịch vụ"),
    )


def changes_table(content: Marts, month: date, province: Province) -> DocumentTable:
    rows = content.of_month("mart_online_rate_changes", month)
    totals = in_print_order(content.of_month("mart_online_rates", month), province, agencies=False)
    lines = []
    for total in totals:
        for row in rows:
            if (row["scope"], row["entity_code"]) != (total["scope"], total["entity_code"]):
                continue
            missing = formats.NO_DATA if row["received"] is None else None
            of_month_before = row["baseline_id"] == "previous_month"
            growth = row["online_count_change_percent"] if of_month_before else None
            lines.append(
                Line(
                    (
                        text(entity_cell(total).printed + words.small_base(row)),
                        worded(row, "baseline_name_vi"),
                        cell(row["baseline_start"], "day", missing="–"),
                        cell(row["baseline_end"], "day", missing="–"),
                        cell(row["baseline_online"]),
                        cell(row["baseline_received"]),
                        cell(row["baseline_rate_percent"], "rate"),
                        cell(row["online"]),
                        cell(row["received"]),
                        cell(row["online_rate_percent"], "rate", missing=missing),
                        cell(row["change_points"], "signed_points"),
                        cell(growth, "percent_change", missing=None if of_month_before else _("không tính")),
                        text(str(words.baseline_gap(row))),
                    )
                )
            )
    return DocumentTable(
        _("So với kỳ trước"),
        _("Tỷ lệ hồ sơ trực tuyến so với kỳ gốc"),
        (
            textual("Đối tượng", 2.0),
            textual("Kỳ gốc", 1.6),
            numeric("Từ ngày", 1.2),
            numeric("Đến ngày", 1.2),
            numeric("Trực tuyến kỳ gốc"),
            numeric("Tiếp nhận kỳ gốc"),
            numeric("Tỷ lệ kỳ gốc"),
            numeric("Trực tuyến"),
            numeric("Tiếp nhận"),
            numeric("Tỷ lệ"),
            numeric("Chênh lệch tỷ lệ", 1.4),
            numeric("Thay đổi số hồ sơ trực tuyến", 1.1),
            textual("Vì sao không có", 1.8),
        ),
        tuple(lines),
        (
            _(
                "Chênh lệch giữa hai tỷ lệ tính bằng “điểm %”; thay đổi của số hồ sơ tính bằng “%” và chỉ so với tháng trước."
            ),
            *small_base_note([row for row in rows if row["scope"] != "agency"]),
        ),
        _("Không có kỳ gốc nào để so sánh."),
    )


def catalogue_table(content: Marts, month: date) -> DocumentTable:
    row = next(iter(content.of_month("mart_catalogue_coverage", month)), None)
    lines: tuple[Line, ...] = ()
    if row is not None and row["services_total"] is not None:
        lines = (
            Line((text(_("Mức độ 4")), cell(row["services_level_4"]), text(""))),
            Line((text(_("Mức độ 3")), cell(row["services_level_3"]), text(""))),
            Line((text(_("Dưới mức độ 3 hoặc không phân mức")), cell(row["services_other_level"]), text(""))),
            Line((text(_("Tổng số")), replace(cell(row["services_total"]), down=(0, 1, 2)), text("")), "total"),
            Line(
                (
                    text(_("Mức độ 3 và mức độ 4, tính trên tổng số")),
                    replace(cell(row["online_services"]), down=(0, 1)),
                    cell(row["online_share_percent"], "rate"),
                )
            ),
            Line(
                (
                    text(_("Đã kết nối Cổng Dịch vụ công quốc gia, tính trên mức độ 3 và mức độ 4")),
                    cell(row["connected_services"]),
                    cell(row["connected_share_percent"], "rate"),
                )
            ),
            Line((text(_("Chưa kết nối")), cell(row["not_connected_services"]), text(""))),
        )
    return DocumentTable(
        _("Danh mục dịch vụ"),
        _("Danh mục dịch vụ công cuối kỳ"),
        (textual("Chỉ tiêu", 5.0), numeric("Số dịch vụ"), numeric("Tỷ lệ")),
        lines,
        (caveats.words(row["caveats_json"]),) if row is not None and row["caveats_json"] else (),
        empty_vi=_("Danh mục: chưa có dữ liệu."),
    )


def targets_table(content: Marts, month: date) -> DocumentTable:
    lines = []
    for row in content.of_month("mart_targets", month):
        missing = formats.NO_DATA if row["status"] == "no_data" else None
        lines.append(
            Line(
                (
                    text(words.text_of(row, "name_vi") + (" *" if row["caveats_json"] else "")),
                    worded(row, "entity_name_vi"),
                    cell(row["valid_from"], "day", missing="–"),
                    cell(row["valid_to"], "day", missing="–"),
                    cell(row["target_percent"], "rate"),
                    cell(row["numerator"], missing=missing),
                    cell(row["denominator"], missing=missing),
                    cell(row["actual_percent"], "rate", missing=missing),
                    text(words.word(row["status"], words.TARGET_STATUS, "mart_targets.status")),
                    text(str(words.target_shortfall(row))),
                    worded(row, "legal_basis"),
                    text(words.word(row["certainty"], words.CERTAINTY, "mart_targets.certainty")),
                )
            )
        )
    return DocumentTable(
        _("Mục tiêu"),
        _("Kết quả so với mục tiêu"),
        (
            textual("Mục tiêu", 2.6),
            textual("Đối tượng", 1.2),
            numeric("Từ ngày", 1.2),
            numeric("Đến ngày", 1.2),
            numeric("Phải đạt", 0.9),
            numeric("Tử số", 0.9),
            numeric("Mẫu số", 0.9),
            numeric("Thực hiện", 0.9),
            textual("Kết quả", 1.0),
            textual("Còn thiếu", 1.5),
            textual("Căn cứ", 1.8),
            textual("Độ tin cậy", 1.3),
        ),
        tuple(lines),
        empty_vi=_("Không có mục tiêu nào có hiệu lực trong tháng."),
    )
