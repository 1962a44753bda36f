"""The tables of the documents, once for every format: which rows, which columns, how a value is printed, what adds up to what.

Only choosing, ordering and naming rows of the marts may live here. Every cell holds the mart's value as it is and its printed
form; a total also says which cells it is the sum of. One number is made here: what a printed total has beyond the rows above
it, so that a sum in a spreadsheet never hides a difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from dvctt.province.model import Province
from dvctt.report.choose import (
    additivity_note,
    additivity_of_month,
    caveats_of_month,
    earlier_caveats_of_month,
    feeds_behind,
    in_print_order,
    published_of_month,
    restated,
)
from dvctt.report.marts import Marts, Row
from dvctt.report.tables.table import (
    MARKED_NOTE,
    Cell,
    DocumentTable,
    Kind,
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


def province_tables(content: Marts, month: date, province: Province, publication: int) -> tuple[DocumentTable, ...]:
    """Every table of the province's report, in the order of the page; definitions are the page's own words and stand apart."""
    return (
        _rates(content, month, province),
        _channels(content, month, province),
        _levels(content, month, province),
        _changes(content, month, province),
        _payments(content, month, province),
        _payments_to_date(content, month, province),
        _attempts(content, month, province),
        _catalogue(content, month),
        _targets(content, month),
        _published(content, month),
        _additivity(content, month, province),
        _feeds(content, month),
        _caveats(content, month, province),
        _closings(content, month),
        _restatements(content, month, publication),
        _late(content, month),
    )


def _rates(content: Marts, month: date, province: Province) -> DocumentTable:
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


def _channels(content: Marts, month: date, province: Province) -> DocumentTable:
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


def _levels(content: Marts, month: date, province: Province) -> DocumentTable:
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


def _payments(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        Measure("online_payment_count", "Số giao dịch"),
        Measure("online_phi_vnd", "Phí", weight=1.4),
        Measure("online_le_phi_vnd", "Lệ phí", weight=1.4),
        Measure("online_payment_amount_vnd", "Số tiền", weight=1.5, across=(2, 3)),
        Measure("online_refund_count", "Số hoàn phí"),
        Measure("online_refund_amount_vnd", "Tiền hoàn phí", weight=1.4),
        Measure("online_net_amount_vnd", "Còn lại", weight=1.5),
    )
    return plain_sums(
        content,
        "mart_payments",
        month,
        province,
        measures,
        "online_payment_count",
        _("Thanh toán trong tháng"),
        _("Thanh toán trực tuyến {month} (đồng)", month=formats.month(month)),
    )


def _payments_to_date(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        Measure("ytd_online_payment_count", "Số giao dịch"),
        Measure("ytd_online_payment_amount_vnd", "Số tiền", weight=1.5),
        Measure("ytd_online_refund_count", "Số hoàn phí"),
        Measure("ytd_online_refund_amount_vnd", "Tiền hoàn phí", weight=1.4),
        Measure("ytd_online_net_amount_vnd", "Còn lại", weight=1.5),
    )
    table = plain_sums(
        content,
        "mart_payments",
        month,
        province,
        measures,
        "ytd_online_payment_count",
        _("Thanh toán lũy kế"),
        _("Thanh toán trực tuyến lũy kế từ đầu năm đến hết {month} (đồng)", month=formats.month(month)),
    )
    gaps = tuple(
        _(
            "{entity}: có dữ liệu {present} trên {expected} tháng.",
            entity=words.entity(row),
            present=formats.count(row["ytd_months_present"]),
            expected=formats.count(row["ytd_months_expected"]),
        )
        for row in in_print_order(content.of_month("mart_payments", month), province, agencies=False)
    )
    return replace(table, notes=(*table.notes, *gaps))


def _attempts(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        Measure("attempt_success_count", "Thành công"),
        Measure("attempt_failed_count", "Thất bại"),
        Measure("attempt_open_count", "Chưa kết thúc"),
        Measure("attempt_count", "Lượt giao dịch", across=(1, 2, 3)),
        Measure("other_payment_count", "Thanh toán khác (số lần)"),
        Measure("other_payment_amount_vnd", "Thanh toán khác (đồng)", weight=1.4),
    )
    table = plain_sums(
        content,
        "mart_payments",
        month,
        province,
        measures,
        "online_payment_count",
        _("Lượt giao dịch"),
        _("Lượt giao dịch và các hình thức thanh toán khác trong tháng"),
    )
    return replace(
        table,
        notes=(
            *table.notes,
            _(
                "Một khoản thanh toán có thể cần nhiều lượt giao dịch; số tiền tính theo khoản thanh toán, không theo lượt "
                "giao dịch. “Thanh toán khác” là tiền mặt và chuyển khoản."
            ),
        ),
    )


def _changes(content: Marts, month: date, province: Province) -> DocumentTable:
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


def _catalogue(content: Marts, month: date) -> DocumentTable:
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


def _targets(content: Marts, month: date) -> DocumentTable:
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


_UNIT_KIND: Mapping[str, Kind] = {"percent": "rate", "percentage_points": "signed_points"}


def _published(content: Marts, month: date) -> DocumentTable:
    lines = []
    for row in published_of_month(content, month):
        unit, kind = row["unit"], _UNIT_KIND.get(row["unit"], "count")
        noun = words.unit_noun(unit)
        printed = row["published_value"]
        lines.append(
            Line(
                (
                    cell(row["figure_id"]),
                    worded(row, "metric_name_vi"),
                    worded(row, "entity_name_vi"),
                    cell(row["period_start"], "day", missing=""),
                    cell(row["period_end"], "day"),
                    text(_("“{wording}”", wording=row["wording_vi"])),
                    Cell(
                        printed,
                        "exact",
                        _("chỉ nêu khoảng") if printed is None else words.exact_measure(printed, unit),
                        unit_vi=noun,
                    ),
                    Cell(
                        row["computed_value"],
                        kind,
                        words.measure(row["computed_value"], unit),
                        unit_vi=noun if kind == "count" else "",
                    ),
                    text(str(words.interval(row))),
                    text(
                        words.word(row["verdict"], words.VERDICT, "mart_published_figures.verdict")
                        + (f" ({caveats.words(row['caveats_json'])})" if row["caveats_json"] else "")
                    ),
                )
            )
        )
    return DocumentTable(
        _("Đối chiếu số đã công bố"),
        _("Số đã công bố và số tính lại"),
        (
            numeric("Số", 0.5),
            textual("Chỉ tiêu", 2.2),
            textual("Đối tượng", 1.6),
            numeric("Từ ngày", 1.2),
            numeric("Đến ngày", 1.2),
            textual("Nguyên văn", 2.4),
            numeric("Đã công bố", 1.5),
            numeric("Tính lại", 1.9),
            textual("Khoảng cho phép", 1.6),
            textual("Kết quả", 1.1),
        ),
        tuple(lines),
        (_("Số tính lại từ hồ sơ được coi là khớp khi nằm trong khoảng mà số đã in cho phép sau khi làm tròn."),),
        _("Không có số liệu đã công bố cho tháng này."),
    )


def _additivity(content: Marts, month: date, province: Province) -> DocumentTable:
    checks = additivity_of_month(content, month, province)
    lines = [
        Line(
            (
                worded(row, "total_name_vi"),
                text(words.entity(row)),
                cell(row["total"]),
                cell(row["sum_of_classes"]),
                cell(row["residue"]),
                worded(row, "residue_name_vi") if row["residue"] else text(""),
                cell(row["unexplained"]),
            )
        )
        for row in (*checks["notable"], *checks["agencies"])
    ]
    return DocumentTable(
        _("Kiểm tra tổng"),
        _("Kiểm tra tổng và thành phần: các tổng có phần dư hoặc có phần chưa giải thích được"),
        (
            textual("Phép kiểm tra", 3.0),
            textual("Đối tượng", 2.0),
            numeric("Tổng", 1.2),
            numeric("Cộng các thành phần", 1.2),
            numeric("Phần dư", 0.9),
            textual("Tên phần dư", 2.4),
            numeric("Không giải thích được"),
        ),
        tuple(lines),
        (additivity_note(checks),) if checks["all"] else (),
        _("Không có tổng nào có phần dư.") if checks["all"] else _("Chưa có dữ liệu kiểm tra cho tháng này."),
    )


def _feeds(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["entity"], words.FEED, "mart_feed_timeliness.entity")),
                text(row["source_id"]),
                cell(row["expected_feeds"]),
                cell(row["delivered_feeds"]),
                cell(row["delivered_percent"], "rate"),
                cell(row["on_time_feeds"]),
                cell(row["on_time_percent"], "rate"),
                text("; ".join(_not_delivered(content, row))),
            )
        )
        for row in content.of_month("mart_feed_timeliness", month)
    ]
    return DocumentTable(
        _("Nguồn dữ liệu"),
        _("Dữ liệu phải nộp, đã nộp và đúng hạn"),
        (
            textual("Loại dữ liệu", 2.0),
            textual("Nguồn", 1.2),
            numeric("Phải nộp"),
            numeric("Đã nộp"),
            numeric("Tỷ lệ đã nộp"),
            numeric("Đúng hạn"),
            numeric("Tỷ lệ đúng hạn"),
            textual("Chưa nộp", 4.0),
        ),
        tuple(lines),
        empty_vi=_("Không có dữ liệu nào phải nộp theo lịch cho tháng này."),
    )


def _not_delivered(content: Marts, row: Row) -> list[str]:
    return [words.missing_feed(feed) for feed in feeds_behind(content, row) if not feed["is_delivered"]]


def _caveats(content: Marts, month: date, province: Province) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.entity(row)),
                text(words.word(row["subject"], words.CAVEAT_SUBJECT, "mart_caveats.subject")),
                text(words.caveat(caveats.words(row["caveat_json"]))),
            )
        )
        for row in caveats_of_month(content, month, province)
    ]
    # What this month is compared with or summed over has caveats of its own.
    lines += [
        Line(
            (
                text(words.entity(row)),
                text(words.word(row["subject"], words.CAVEAT_SUBJECT, "mart_caveats.subject")),
                text(words.caveat(f"{formats.month(row['month'])}: {caveats.words(row['caveat_json'])}")),
            )
        )
        for row in earlier_caveats_of_month(content, month)
    ]
    return DocumentTable(
        _("Lưu ý về số liệu"),
        _(
            "Lưu ý về số liệu của {month} và của các tháng trước được dùng để so sánh hoặc tính lũy kế",
            month=formats.month(month),
        ),
        (textual("Đối tượng", 2.0), textual("Số liệu", 1.0), textual("Lưu ý", 4.0)),
        tuple(lines),
        empty_vi=_("Không có lưu ý nào về số liệu của {month}.", month=formats.month(month)),
    )


def _closings(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                cell(row["revision"]),
                text(_("Đang có hiệu lực") if row["is_in_force"] else _("Đã mở lại")),
                cell(row["publication_number"]),
                cell(row["closed_at"], "moment"),
                text(row["approved_by"]),
                worded(row, "note"),
                cell(row["waived_feeds"]),
                text(caveats.words(row["waivers_json"])),
                cell(row["reopened_at"], "moment", missing=""),
                text(row["reopened_by"]),
                worded(row, "reopen_reason"),
            )
        )
        for row in content.of_month("mart_closed_months", month)
    ]
    return DocumentTable(
        _("Chốt số liệu"),
        _("Các lần chốt số liệu {month}", month=formats.month(month)),
        (
            numeric("Bản chốt", 0.7),
            textual("Tình trạng", 1.2),
            numeric("Lần công bố", 0.8),
            numeric("Chốt lúc", 1.7),
            textual("Người phê duyệt", 1.6),
            textual("Ghi chú", 1.4),
            numeric("Số phần dữ liệu được miễn"),
            textual("Được miễn", 2.6),
            numeric("Mở lại lúc", 1.7),
            textual("Người mở lại", 1.4),
            textual("Lý do", 1.6),
        ),
        tuple(lines),
        empty_vi=_(
            "Số liệu {month} chưa chốt, còn có thể thay đổi khi có dữ liệu đến sau.", month=formats.month(month)
        ),
    )


def _restatements(content: Marts, month: date, publication: int) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.entity(row)),
                worded(row, "metric_name_vi"),
                worded(row, "unit"),
                cell(row["from_publication"]),
                cell(row["old_value"]),
                cell(row["new_value"]),
                cell(row["change"], "signed_count"),
                cell(row["rate_change_points"], "signed_points"),
                text(str(words.restatement_causes(row))),
            )
        )
        for row in restated(content, publication, month)
    ]
    return DocumentTable(
        _("Điều chỉnh"),
        _("Số liệu đã điều chỉnh so với bản công bố trước, và nguyên nhân"),
        (
            textual("Đối tượng", 2.2),
            textual("Chỉ tiêu", 1.8),
            textual("Đơn vị tính", 0.9),
            numeric("Lần công bố trước", 0.9),
            numeric("Số cũ", 1.2),
            numeric("Số mới", 1.2),
            numeric("Chênh lệch"),
            numeric("Chênh lệch tỷ lệ", 1.4),
            textual("Nguyên nhân", 3.0),
        ),
        tuple(lines),
        empty_vi=_("Không có số liệu nào thay đổi so với bản công bố trước."),
    )


def _late(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                worded(row, "agency_name_vi"),
                worded(row, "metric_name_vi"),
                worded(row, "unit"),
                cell(row["record_count"]),
                cell(row["effect"], "signed_count"),
                text(str(words.restatement_causes(row))),
            )
        )
        for row in content.of_month("mart_late_ledger_totals", month)
    ]
    return DocumentTable(
        _("Đến sau khi chốt"),
        _("Dữ liệu đến sau khi chốt, chưa tính vào số liệu đã chốt"),
        (
            textual("Cơ quan", 2.2),
            textual("Chỉ tiêu", 1.8),
            textual("Đơn vị tính"),
            numeric("Số dòng dữ liệu"),
            numeric("Chênh lệch nếu tính"),
            textual("Nguyên nhân", 3.0),
        ),
        tuple(lines),
        empty_vi=_("Không có dữ liệu nào đến sau khi chốt."),
    )


def definitions_table(definitions: Sequence[tuple[str, str]]) -> DocumentTable:
    """The page's definitions as a table."""
    return DocumentTable(
        _("Định nghĩa"),
        _("Định nghĩa và cách tính"),
        (textual("Thuật ngữ", 1.4), textual("Nghĩa", 5.0)),
        tuple(Line((text(term), text(meaning))) for term, meaning in definitions),
    )
