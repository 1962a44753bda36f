"""The tables of one agency's packet: its figures, its payments, its rows that were set aside."""

from dataclasses import replace
from datetime import date
from typing import Any

from dvctt.report.marts import Marts, Row
from dvctt.report.tables.table import DocumentTable, Kind, Line, cell, numeric, small_base_note, text, textual, worded
from dvctt.report.wording import caveats, formats, words
from dvctt.report.wording.language import _


def agency_tables(content: Marts, month: date, row: Row) -> tuple[DocumentTable, ...]:
    """The tables of one agency's packet; ``row`` is its row of mart_online_rates."""
    code = row["entity_code"]
    return (
        _agency_figures(content, month, row),
        _agency_payments(content, month, code),
        _agency_quarantine(content, month, code),
        _agency_mending(content, month, code),
        _agency_feeds(content, month, code),
        _agency_caveats(content, month, code),
    )


def _agency_figures(content: Marts, month: date, row: Row) -> DocumentTable:
    code, missing = row["entity_code"], formats.NO_DATA if row["received"] is None else None
    group = next(
        (
            one
            for one in content.of_month("mart_online_rates", month)
            if one["scope"] == "group" and one["entity_code"] == row["group_code"]
        ),
        None,
    )
    before = next(
        (
            one
            for one in content.of_month("mart_online_rate_changes", month)
            if (one["scope"], one["entity_code"], one["baseline_id"]) == ("agency", code, "previous_month")
        ),
        None,
    )

    def line(name: str, column: str, down: tuple[int, ...] = ()) -> Line:
        return Line((text(name), replace(cell(row[column]), down=down)), "total" if down else "row")

    def change(name: str, column: str, kind: Kind) -> Line:
        words_for_none = (
            formats.NO_DATA if row["received"] is None and column.startswith(("change", "online_count")) else None
        )
        return Line((text(name), cell(before[column] if before else None, kind, missing=words_for_none)))

    lines = [
        line(_("Hồ sơ nộp trực tiếp"), "direct"),
        line(_("Hồ sơ nộp trực tuyến"), "online"),
        line(_("Hồ sơ nộp qua bưu chính công ích"), "postal"),
        line(_("Hồ sơ tiếp nhận trong tháng"), "received", (0, 1, 2)),
        line(_("Trong số nộp trực tiếp: không ghi kênh nộp"), "direct_assumed"),
        line(_("Trực tuyến, mức độ 4"), "online_level_4"),
        line(_("Trực tuyến, mức độ 3"), "online_level_3"),
        line(_("Trực tuyến, không phân mức"), "online_no_level"),
        line(_("Cộng hồ sơ trực tuyến"), "online", (5, 6, 7)),
        Line((text(_("Tỷ lệ hồ sơ trực tuyến")), cell(row["online_rate_percent"], "rate", missing=missing))),
        Line(
            (
                text(_("Thứ hạng trong khối") + words.small_base(row)),
                cell(row["rank_in_group"], missing=missing or _("không xếp hạng")),
            )
        ),
    ]
    if group is not None:
        lines += [
            Line((text(_("{group}: số cơ quan", group=words.entity(group))), cell(group["agency_count"]))),
            Line(
                (
                    text(_("{group}: tỷ lệ hồ sơ trực tuyến", group=words.entity(group))),
                    cell(
                        group["online_rate_percent"],
                        "rate",
                        missing=formats.NO_DATA if group["received"] is None else None,
                    ),
                )
            ),
        ]
    lines += [
        change(_("Tháng trước: hồ sơ trực tuyến"), "baseline_online", "count"),
        change(_("Tháng trước: hồ sơ tiếp nhận"), "baseline_received", "count"),
        change(_("Tháng trước: tỷ lệ"), "baseline_rate_percent", "rate"),
        change(_("Thay đổi tỷ lệ so với tháng trước"), "change_points", "signed_points"),
        change(_("Thay đổi số hồ sơ trực tuyến so với tháng trước"), "online_count_change_percent", "percent_change"),
    ]
    return DocumentTable(
        _("Số liệu trong tháng"),
        _("Số liệu hồ sơ {month}", month=formats.month(month)),
        (textual("Chỉ tiêu", 4.0), numeric("Giá trị", 1.5)),
        tuple(lines),
        small_base_note([row]),
    )


def _agency_payments(content: Marts, month: date, code: str) -> DocumentTable:
    row = _of_agency(content, "mart_payments", month, code)

    def line(name: str, column: str, to_date: str | None = None) -> Line:
        return Line((text(name), cell(row[column]), cell(row[to_date]) if to_date else text("")))

    lines: tuple[Line, ...] = ()
    if row is not None:
        lines = (
            line(_("Giao dịch thanh toán trực tuyến"), "online_payment_count", "ytd_online_payment_count"),
            line(_("Số tiền (đồng)"), "online_payment_amount_vnd", "ytd_online_payment_amount_vnd"),
            line(_("Trong đó phí (đồng)"), "online_phi_vnd"),
            line(_("Trong đó lệ phí (đồng)"), "online_le_phi_vnd"),
            line(_("Số hoàn phí"), "online_refund_count", "ytd_online_refund_count"),
            line(_("Tiền hoàn phí (đồng)"), "online_refund_amount_vnd", "ytd_online_refund_amount_vnd"),
            line(_("Còn lại sau hoàn phí (đồng)"), "online_net_amount_vnd", "ytd_online_net_amount_vnd"),
            line(_("Thanh toán khác: số lần"), "other_payment_count"),
            line(_("Thanh toán khác (đồng)"), "other_payment_amount_vnd"),
        )
    return DocumentTable(
        _("Thanh toán"),
        _("Thanh toán {month} và lũy kế từ đầu năm", month=formats.month(month)),
        (textual("Chỉ tiêu", 3.0), numeric("Trong tháng", 1.5), numeric("Lũy kế từ đầu năm", 1.5)),
        lines,
        empty_vi=_("Thanh toán: chưa có dữ liệu."),
    )


def _agency_quarantine(content: Marts, month: date, code: str) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["entity"], words.FEED, "fct_quarantined_rows.entity")),
                text(row["file_name"]),
                cell(row["row_number"]),
                worded(row, "reason_name_vi"),
                text(row["unparseable_columns"]),
                worded(row, "next_vi"),
            )
        )
        for row in content.rows["fct_quarantined_rows"]
        if (row["file_month"], row["agency_code"]) == (month, code)
    ]
    return DocumentTable(
        _("Dòng bị cách ly"),
        _("Các dòng bị cách ly, lý do và việc cần làm"),
        (
            textual("Loại dữ liệu", 1.1),
            textual("Tệp", 2.2),
            numeric("Bản ghi số", 0.7),
            textual("Lý do", 1.6),
            textual("Cột", 1.6),
            textual("Việc cần làm", 2.2),
        ),
        tuple(lines),
        (_("Bản ghi số 1 đứng ngay sau dòng tên cột; một bản ghi có thể chiếm nhiều dòng."),) if lines else (),
        _("Không có dòng nào của cơ quan bị cách ly."),
    )


def _agency_mending(content: Marts, month: date, code: str) -> DocumentTable:
    lines = [
        Line(
            (
                cell(row["quarantined_rows"]),
                cell(row["online_rate_percent"], "rate"),
                cell(row["lowest_rate_percent"], "rate"),
                cell(row["highest_rate_percent"], "rate"),
            )
        )
        for row in content.of_month("mart_mended_rates", month)
        if row["agency_code"] == code
    ]
    return DocumentTable(
        _("Nếu sửa các dòng"),
        _("Tỷ lệ hồ sơ trực tuyến nếu sửa các dòng hồ sơ bị cách ly"),
        (numeric("Số dòng hồ sơ"), numeric("Tỷ lệ hiện nay"), numeric("Thấp nhất"), numeric("Cao nhất")),
        tuple(lines),
        (
            (
                _(
                    "Thấp nhất là khi không hồ sơ nào trong số đó nộp trực tuyến, cao nhất là khi tất cả đều nộp trực tuyến. "
                    "Số liệu của tháng đã chốt không thay đổi khi sửa."
                ),
            )
            if lines
            else ()
        ),
        _("Không tính: không có dòng hồ sơ nào bị cách ly, hoặc chưa có dữ liệu hồ sơ của tháng."),
    )


def _agency_feeds(content: Marts, month: date, code: str) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["entity"], words.FEED, "mart_feeds.entity")),
                text(row["source_id"]),
                text(_("Phải nộp") if row["is_expected"] else _("Không phải nộp")),
                text(_("Đã nộp") if row["is_delivered"] else words.with_reason(_("Chưa nộp"), row)),
            )
        )
        for row in content.of_month("mart_feeds", month)
        if row["agency_code"] == code
    ]
    return DocumentTable(
        _("Dữ liệu phải nộp"),
        _("Dữ liệu phải nộp cho {month}", month=formats.month(month)),
        (
            textual("Loại dữ liệu", 2.0),
            textual("Nguồn", 1.5),
            textual("Lịch nộp", 1.2),
            textual("Tình trạng", 1.2),
        ),
        tuple(lines),
        empty_vi=_("Không có dữ liệu nào phải nộp theo lịch cho tháng này."),
    )


def _agency_caveats(content: Marts, month: date, code: str) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["subject"], words.CAVEAT_SUBJECT, "mart_caveats.subject")),
                text(words.caveat(caveats.words(row["caveat_json"]))),
            )
        )
        for row in content.of_month("mart_caveats", month)
        if (row["scope"], row["entity_code"]) == ("agency", code)
    ]
    return DocumentTable(
        _("Lưu ý về số liệu"),
        _("Lưu ý về số liệu của {month}", month=formats.month(month)),
        (textual("Số liệu", 1.0), textual("Lưu ý", 4.0)),
        tuple(lines),
        empty_vi=_("Không có lưu ý nào về số liệu của {month}.", month=formats.month(month)),
    )


def _of_agency(content: Marts, table: str, month: date, code: str) -> Any:
    return next(
        (row for row in content.of_month(table, month) if (row["scope"], row["entity_code"]) == ("agency", code)), None
    )
