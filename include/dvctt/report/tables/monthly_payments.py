"""The report's tables of payments: the month, the year to date, attempts. What has an area of its own stands in `payments`."""

from dataclasses import replace
from datetime import date

from dvctt.province.model import Province
from dvctt.report.choose import in_print_order
from dvctt.report.marts import Marts
from dvctt.report.tables.table import DocumentTable, Measure, plain_sums
from dvctt.report.wording import formats, words
from dvctt.report.wording.language import _


def payments_table(content: Marts, month: date, province: Province) -> DocumentTable:
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


def payments_to_date_table(content: Marts, month: date, province: Province) -> DocumentTable:
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


def attempts_table(content: Marts, month: date, province: Province) -> DocumentTable:
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
