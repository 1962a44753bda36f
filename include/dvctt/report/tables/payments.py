"""The tables of the documents about payments: duties and how they were paid, the flag's difference, kinds of payment, banks.

As in `document_tables`: only choosing, ordering and naming rows of the marts. The parts of the contract that these tables
read stand here too; a publication that was made before the marts were there has none of them.
"""

from dataclasses import replace
from datetime import date

from dvctt.province.model import Province
from dvctt.report.marts import Marts, Reading, Row, contract
from dvctt.report.tables.table import Cell, Column, DocumentTable, Line, Measure, cell, plain_sums, text
from dvctt.report.wording import formats, words
from dvctt.report.wording.language import _

PAYMENT_CONTRACT = contract(
    mart_payment_duties=Reading("month, scope, official_order NULLS LAST, entity_code"),
    mart_payment_flag_gaps=Reading("month, scope, entity_code, reason_order"),
    mart_payment_fees=Reading("month, scope, entity_code, kind_order"),
    mart_payment_banks=Reading("month, scope, entity_code, bank_code"),
)
"""What these tables read beside the contract of the documents."""


def payment_tables(content: Marts, month: date, province: Province) -> tuple[DocumentTable, ...]:
    """The tables about payments of a month, in the order in which they are printed.

    Args:
        content: rows of the documents' contract and of `PAYMENT_CONTRACT`.
    """
    return (
        _duties(content, month, province),
        _paid(content, month, province),
        _difference(content, month),
        _kinds(content, month),
        _banks(content, month),
    )


def _number(heading: str, weight: float = 1.0) -> Column:
    return Column(_(heading), weight)


def _name(heading: str) -> Column:
    return Column(_(heading), 3.0, is_number=False)


def _of_province(content: Marts, table: str, month: date) -> list[Row]:
    return [row for row in content.of_month(table, month) if row["scope"] == "province"]


def _duties(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        Measure("no_fee", "Không thu phí"),
        Measure("unknown_procedure", "Thủ tục không có trong danh mục", weight=1.3),
        Measure("waived", "Được miễn nộp"),
        Measure("with_duty", "Có nghĩa vụ nộp"),
        Measure("received", "Tiếp nhận", across=(1, 2, 3, 4)),
    )
    table = plain_sums(
        content,
        "mart_payment_duties",
        month,
        province,
        measures,
        "received",
        _("Nghĩa vụ nộp phí"),
        _("Hồ sơ tiếp nhận {month} theo nghĩa vụ nộp phí, lệ phí", month=formats.month(month)),
    )
    return replace(
        table,
        notes=(
            _(
                "Thu phí hay không theo danh mục thủ tục tại ngày tiếp nhận; hồ sơ chưa có yêu cầu thanh toán vẫn có nghĩa vụ "
                "nộp."
            ),
            *_missing(content, month),
        ),
    )


def _missing(content: Marts, month: date) -> tuple[str, ...]:
    return tuple(
        _(
            "Chưa tính {number} cơ quan chưa có dữ liệu hồ sơ hoặc thanh toán của tháng.",
            number=formats.count(row["missing_agencies"]),
        )
        for row in _of_province(content, "mart_payment_duties", month)
        if row["missing_agencies"]
    )


def _paid(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        Measure("paid_online", "Nộp trực tuyến"),
        Measure("paid_otherwise", "Nộp cách khác"),
        Measure("asked_not_paid", "Đã yêu cầu, chưa nộp"),
        Measure("not_asked", "Chưa có yêu cầu"),
        Measure("with_duty", "Có nghĩa vụ nộp", across=(1, 2, 3, 4)),
        Measure("paid_online_percent", "Tỷ lệ nộp trực tuyến", "rate", share=(1, 5)),
        Measure("flagged_paid", "Được đánh dấu đã thanh toán", weight=1.3),
        Measure("flagged_paid_percent", "Tỷ lệ theo đánh dấu", "rate", share=(7, 5)),
    )
    table = plain_sums(
        content,
        "mart_payment_duties",
        month,
        province,
        measures,
        "received",
        _("Nộp phí trực tuyến"),
        _("Hồ sơ có nghĩa vụ nộp tiếp nhận {month}: đã nộp thế nào", month=formats.month(month)),
    )
    return replace(
        table,
        notes=(
            _(
                "Nộp trực tuyến: yêu cầu đã thanh toán, bằng hình thức trực tuyến, không thuộc đối tượng miễn phí. Hệ thống "
                "một cửa đánh dấu mọi khoản đã nộp lớn hơn 0 đồng, kể cả tiền mặt và chuyển khoản."
            ),
            *_missing(content, month),
        ),
    )


def agency_payment_tables(content: Marts, month: date, agency: Row) -> tuple[DocumentTable, ...]:
    """How an agency's filings with a duty to pay were paid; nothing where there is no row of it."""
    row = next(
        (
            one
            for one in content.of_month("mart_payment_duties", month)
            if (one["scope"], one["entity_code"]) == ("agency", agency["entity_code"])
        ),
        None,
    )
    if row is None or row["received"] is None:
        return ()
    parts = (
        (_("Nộp trực tuyến"), "paid_online"),
        (_("Nộp cách khác"), "paid_otherwise"),
        (_("Đã yêu cầu, chưa nộp"), "asked_not_paid"),
        (_("Chưa có yêu cầu"), "not_asked"),
    )
    return (
        DocumentTable(
            _("Nộp phí trực tuyến"),
            _("Hồ sơ có nghĩa vụ nộp tiếp nhận {month}: đã nộp thế nào", month=formats.month(month)),
            (_name("Chỉ tiêu"), _number("Hồ sơ")),
            (
                *(Line((text(label), cell(row[column]))) for label, column in parts),
                Line((text(_("Có nghĩa vụ nộp")), replace(cell(row["with_duty"]), down=(0, 1, 2, 3))), "total"),
                Line((text(_("Tỷ lệ nộp trực tuyến")), cell(row["paid_online_percent"], "rate"))),
            ),
        ),
    )


def _difference(content: Marts, month: date) -> DocumentTable:
    lines: list[Line] = []
    for duties in _of_province(content, "mart_payment_duties", month):
        if duties["received"] is None:
            continue
        lines.append(
            Line(
                (
                    text(_("Nộp trực tuyến")),
                    cell(duties["paid_online"]),
                    cell(duties["paid_online_percent"], "rate"),
                )
            )
        )
        lines += [
            Line(
                (
                    text(words.text_of(row, "reason_name_vi")),
                    cell(row["difference"], "signed_count"),
                    cell(row["difference_points"], "signed_points"),
                )
            )
            for row in _of_province(content, "mart_payment_flag_gaps", month)
        ]
        lines.append(
            Line(
                (
                    text(_("Được đánh dấu đã thanh toán")),
                    replace(cell(duties["flagged_paid"]), down=tuple(range(len(lines)))),
                    cell(duties["flagged_paid_percent"], "rate"),
                ),
                "total",
            )
        )
    return DocumentTable(
        _("Chênh lệch đánh dấu"),
        _("Vì sao số hồ sơ được đánh dấu đã thanh toán khác số nộp trực tuyến, {month}", month=formats.month(month)),
        (_name("Nguyên nhân"), _number("Hồ sơ"), _number("Tỷ lệ trên hồ sơ có nghĩa vụ nộp", 1.5)),
        tuple(lines),
        empty_vi=_(formats.NO_DATA),
    )


def _kinds(content: Marts, month: date) -> DocumentTable:
    def amounts(row: Row) -> tuple[Cell, ...]:
        return (
            cell(row["collected_count"]),
            cell(row["phi_vnd"]),
            cell(row["le_phi_vnd"]),
            cell(row["unsplit_vnd"]),
            replace(cell(row["collected_amount_vnd"]), across=(2, 3, 4)),
            cell(row["refund_count"]),
            cell(row["refund_amount_vnd"]),
            cell(row["net_amount_vnd"]),
        )

    return DocumentTable(
        _("Phí và lệ phí"),
        _("Phí, lệ phí đã thu và đã hoàn {month} theo hình thức thanh toán (đồng)", month=formats.month(month)),
        (
            _name("Hình thức thanh toán"),
            _number("Số khoản"),
            _number("Phí", 1.4),
            _number("Lệ phí", 1.4),
            _number("Không tách phí, lệ phí", 1.3),
            _number("Số tiền", 1.5),
            _number("Số hoàn phí"),
            _number("Tiền hoàn phí", 1.4),
            _number("Còn lại", 1.5),
        ),
        tuple(
            Line((text(words.text_of(row, "kind_name_vi")), *amounts(row)))
            for row in _of_province(content, "mart_payment_fees", month)
        ),
        (_("Khoản hoàn tính vào tháng hoàn, không sửa khoản đã thu."),),
    )


def _banks(content: Marts, month: date) -> DocumentTable:
    rows = _of_province(content, "mart_payment_banks", month)
    lines = [
        Line(
            (
                text(words.bank_name(row["bank_code"])),
                cell(row["succeeded_count"]),
                cell(row["failed_count"]),
                replace(cell(row["finished_count"]), across=(1, 2)),
                cell(row["open_count"]),
                replace(cell(row["attempt_count"]), across=(3, 4)),
                replace(cell(row["success_rate_percent"], "rate"), share=(1, 3)),
            )
        )
        for row in rows
    ]
    down = tuple(range(len(lines)))
    for total in _of_province(content, "mart_payments", month):
        if lines and total["attempt_count"] is not None:
            lines.append(
                Line(
                    (
                        text(_("Toàn tỉnh")),
                        replace(cell(total["attempt_success_count"]), down=down),
                        replace(cell(total["attempt_failed_count"]), down=down),
                        text(""),
                        replace(cell(total["attempt_open_count"]), down=down),
                        replace(cell(total["attempt_count"]), down=down),
                        text(""),
                    ),
                    "total",
                )
            )
    return DocumentTable(
        _("Giao dịch theo ngân hàng"),
        _("Lượt giao dịch thanh toán {month} theo ngân hàng", month=formats.month(month)),
        (
            _name("Ngân hàng"),
            _number("Thành công"),
            _number("Thất bại"),
            _number("Đã kết thúc"),
            _number("Chưa kết thúc"),
            _number("Lượt giao dịch"),
            _number("Tỷ lệ thành công"),
        ),
        tuple(lines),
        (_("Tỷ lệ thành công tính trên lượt đã kết thúc; lượt giao dịch không phải là khoản thanh toán."),),
    )
