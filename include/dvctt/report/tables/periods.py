"""The tables of the documents of one reporting period of one calendar: rates, payments, changes, form II.06a, checks, caveats.

As in `document_tables`: only choosing, ordering and naming rows of the marts. A document holds one period of one calendar;
another calendar's row never stands in it, and what it is compared with is of its own calendar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from dvctt.province.metrics import Metric, read_metrics
from dvctt.province.model import Province
from dvctt.report.choose import in_print_order
from dvctt.report.marts import CONTRACT, Mart, MartRow, Marts, Reading, Row, contract
from dvctt.report.tables.form_06a import FORM_CONTRACT, form_tables_of
from dvctt.report.tables.table import Cell, Column, DocumentTable, Line, Measure, by_agency, figure, text
from dvctt.report.wording import caveats, checks, formats, words
from dvctt.report.wording.language import _

RATES = "mart_period_online_rates"
PAYMENTS = "mart_period_payments"
CHANGES = "mart_period_changes"
PERIODS = "dim_reporting_periods"
FORM = "mart_form_06a"
CHECKS = "mart_additivity_checks"
CAVEATS = "mart_caveats"

_ORDER = "period_key, scope, official_order NULLS LAST, entity_code"

COMPARISONS = {"previous": "Kỳ liền trước", "year_before": "Cùng kỳ năm trước"}


PERIOD_CONTRACT: Mapping[str, Mart] = {
    **contract(
        dim_reporting_periods=Reading("calendar_id, first_day, last_day"),
        mart_period_online_rates=Reading(_ORDER),
        mart_period_payments=Reading(_ORDER),
        mart_period_changes=Reading(f"{_ORDER}, metric, comparison"),
    ),
    **FORM_CONTRACT,
    # What the monthly report leaves out.
    CHECKS: replace(CONTRACT[CHECKS], where="calendar_id IS NOT NULL"),
    # What else the months lack, the marts of periods say of the whole period.
    CAVEATS: replace(CONTRACT[CAVEATS], where="subject = 'checks'"),
    **{name: CONTRACT[name] for name in ("mart_data_cut_off", "mart_closed_months", "mart_online_rate_definitions")},
}
"""What the documents of a period read, and all they read."""


def of_period(content: Marts, period: Row) -> Marts:
    """The rows of one period alone: what is of another calendar, or another period of the same month, is not in it."""
    key = period["period_key"]
    names = ("month", "calendar_id", "kind")

    def is_of_it(table: str, row: Row) -> bool:
        if table == CHECKS:
            return all(row[name] == period[name] for name in names)
        if table == CAVEATS:
            return bool(period["first_day"].replace(day=1) <= row["month"] <= period["last_day"])
        return "period_key" not in row or row["period_key"] == key

    return Marts({name: tuple(row for row in rows if is_of_it(name, row)) for name, rows in content.rows.items()})


def period_tables(content: Marts, period: Row, province: Province) -> tuple[DocumentTable, ...]:
    """Every table of a period's documents, in the order in which they are printed; definitions stand apart.

    Args:
        content: the rows of `PERIOD_CONTRACT`, of any periods.
        period: the row of dim_reporting_periods.
    """
    own, month = of_period(content, period), period["month"]
    return (
        rates_table(own, period, province),
        _summed(own, RATES, month, province, _CHANNELS, "received", _("Kênh nộp"), _("Hồ sơ tiếp nhận theo kênh nộp")),
        _summed(
            own,
            RATES,
            month,
            province,
            _LEVELS,
            "online",
            _("Mức độ và phần dư"),
            _("Hồ sơ trực tuyến theo mức độ dịch vụ"),
        ),
        _summed(
            own,
            PAYMENTS,
            month,
            province,
            _PAID,
            "online_payment_count",
            _("Thanh toán trong kỳ"),
            _("Thanh toán trong kỳ (đồng)"),
        ),
        _rate_changes(own, province),
        _count_changes(own, province),
        *form_tables_of(own, period["period_key"]),
        _checks(own, period, province),
        caveats_table(own, province),
    )


_RATE = (
    Measure("received", "Tiếp nhận"),
    Measure("online", "Trực tuyến"),
    Measure("online_rate_percent", "Tỷ lệ", "rate", share=(2, 1)),
)
_CHANNELS = (
    Measure("direct", "Trực tiếp"),
    Measure("online", "Trực tuyến"),
    Measure("postal", "Bưu chính công ích"),
    Measure("received", "Hồ sơ tiếp nhận", across=(1, 2, 3)),
)
_LEVELS = (
    Measure("online_level_4", "Mức độ 4"),
    Measure("online_level_3", "Mức độ 3"),
    Measure("online_no_level", "Không phân mức"),
    Measure("online", "Hồ sơ trực tuyến", across=(1, 2, 3)),
)
_PAID = (
    Measure("online_payment_count", "Số giao dịch"),
    Measure("online_phi_vnd", "Phí", weight=1.3),
    Measure("online_le_phi_vnd", "Lệ phí", weight=1.3),
    Measure("online_payment_amount_vnd", "Số tiền", weight=1.4, across=(2, 3)),
    Measure("online_refund_count", "Số hoàn phí"),
    Measure("online_refund_amount_vnd", "Tiền hoàn phí", weight=1.3),
    Measure("online_net_amount_vnd", "Còn lại", weight=1.4),
    Measure("other_payment_count", "Thanh toán khác (số lần)"),
    Measure("other_payment_amount_vnd", "Thanh toán khác (đồng)", weight=1.3),
)


def rates_table(own: Marts, period: Row, province: Province) -> DocumentTable:
    """The rate of the period by agency, with how many months of it there are data of."""

    def months(row: Row) -> tuple[Cell, ...]:
        return (figure(_mart_row(row), "months_present"), figure(_mart_row(row), "months_expected"))

    return DocumentTable(
        _("Tỷ lệ trực tuyến"),
        _("Tỷ lệ hồ sơ trực tuyến theo cơ quan: {period}", period=period_name(period)),
        (
            Column(_("Cơ quan"), 3.5, is_number=False),
            *(Column(_(one.heading_vi), one.weight) for one in _RATE),
            Column(_("Số tháng có dữ liệu"), 1.4),
            Column(_("Số tháng trong kỳ"), 1.4),
        ),
        by_agency(own, RATES, period["month"], province, _RATE, "received", after=months),
        _mark_note(own.rows[RATES]),
    )


MARKED_NOTE = "Dấu * cho biết số liệu chịu một lưu ý, xem bảng “Lưu ý về số liệu”."


def _mart_row(row: Row) -> MartRow:
    assert isinstance(row, MartRow)
    return row


def _summed(
    own: Marts,
    table: str,
    month: date,
    province: Province,
    measures: Sequence[Measure],
    present: str,
    sheet: str,
    title: str,
) -> DocumentTable:
    return DocumentTable(
        sheet,
        title,
        (
            Column(_("Đối tượng"), 3.9, is_number=False),
            *(Column(_(one.heading_vi), one.weight) for one in measures),
        ),
        by_agency(own, table, month, province, measures, present),
        _mark_note(own.rows[table]),
    )


def _mark_note(rows: Sequence[Row]) -> tuple[str, ...]:
    return (_(MARKED_NOTE),) if any(row["caveats_json"] for row in rows) else ()


def _entities(own: Marts, province: Province) -> list[Row]:
    """The groups and the province, then the agencies."""
    rows = own.rows[RATES]
    return [*in_print_order(rows, province, agencies=False), *in_print_order(rows, province, agencies=True)]


def _changes_of(own: Marts, entity: Row) -> list[MartRow]:
    return [
        _mart_row(row)
        for row in own.rows[CHANGES]
        if (row["scope"], row["entity_code"]) == (entity["scope"], entity["entity_code"])
    ]


def _compared_with(row: MartRow) -> Cell:
    """The period compared with; a note says its days."""
    return text(f"{_(COMPARISONS[row['comparison']])}: {words.period_name(row, 'base_period_name_vi')}")


def _remark(row: MartRow) -> Cell:
    reasons = [gap] if (gap := words.change_gap(row["reason_id"])) else []
    if row["is_small_base"]:
        reasons.append(_("mẫu nhỏ (dưới {count})", count=formats.count(row["smallest_base"])))
    return text("; ".join(reasons))


def _rate_changes(own: Marts, province: Province) -> DocumentTable:
    lines = []
    for entity in _entities(own, province):
        for row in sorted(_changes_of(own, entity), key=lambda one: list(COMPARISONS).index(one["comparison"])):
            # Where there is no period to compare with, a note says so once.
            if row["metric"] != "online_rate" or row["base_period_key"] is None:
                continue
            missing = formats.NO_DATA if row["denominator"] is None else None
            base_missing = formats.NO_DATA if row["base_denominator"] is None else None
            lines.append(
                Line(
                    (
                        text(words.entity(row)),
                        _compared_with(row),
                        figure(row, "base_numerator"),
                        figure(row, "base_denominator"),
                        figure(row, "base_rate_percent", "rate", missing=base_missing),
                        figure(row, "numerator"),
                        figure(row, "denominator"),
                        figure(row, "rate_percent", "rate", missing=missing),
                        figure(row, "change_points", "signed_points"),
                        _remark(row),
                    ),
                    "total" if row["scope"] == "province" else "row",
                )
            )
    return DocumentTable(
        _("Thay đổi tỷ lệ"),
        _("Tỷ lệ hồ sơ trực tuyến so với kỳ liền trước và cùng kỳ năm trước"),
        (
            Column(_("Đối tượng"), 3.2, is_number=False),
            Column(_("Kỳ so sánh"), 2.6, is_number=False),
            Column(_("Trực tuyến kỳ so sánh")),
            Column(_("Tiếp nhận kỳ so sánh")),
            Column(_("Tỷ lệ kỳ so sánh")),
            Column(_("Trực tuyến")),
            Column(_("Tiếp nhận")),
            Column(_("Tỷ lệ")),
            Column(_("Chênh lệch tỷ lệ"), 1.5),
            Column(_("Ghi chú"), 2.0, is_number=False),
        ),
        tuple(lines),
        _notes_on_changes(own),
        _("Không có kỳ nào để so sánh."),
    )


def _count_changes(own: Marts, province: Province) -> DocumentTable:
    lines = []
    for entity in in_print_order(own.rows[RATES], province, agencies=False):
        found = {(row["metric"], row["comparison"]): row for row in _changes_of(own, entity)}
        # The rate has a table of its own.
        for metric in (one for one in read_metrics().values() if one.kind != "share"):
            for comparison in COMPARISONS:
                row = found.get((metric.metric, comparison))
                if row is None or row["base_period_key"] is None:
                    continue
                lines.append(
                    Line(
                        (
                            text(words.entity(row)),
                            text(_with_unit(metric)),
                            _compared_with(row),
                            figure(row, "base_numerator"),
                            figure(row, "numerator"),
                            figure(row, "change_percent", "percent_change"),
                            _remark(row),
                        ),
                        "total" if row["scope"] == "province" else "row",
                    )
                )
    return DocumentTable(
        _("Thay đổi số lượng"),
        _("Số hồ sơ và thanh toán so với kỳ liền trước và cùng kỳ năm trước"),
        (
            Column(_("Đối tượng"), 1.9, is_number=False),
            Column(_("Chỉ tiêu"), 2.9, is_number=False),
            Column(_("Kỳ so sánh"), 2.2, is_number=False),
            Column(_("Số kỳ so sánh"), 1.3),
            Column(_("Số kỳ này"), 1.3),
            Column(_("Thay đổi")),
            Column(_("Ghi chú"), 2.2, is_number=False),
        ),
        tuple(lines),
        _notes_on_changes(own),
        _("Không có kỳ nào để so sánh."),
    )


def _with_unit(metric: Metric) -> str:
    """A metric as a table of several calls it: behind an amount stands what it is counted in."""
    called = _(metric.name_vi)
    return f"{called} ({_(metric.noun_vi)})" if metric.kind == "amount" else called


def _notes_on_changes(own: Marts) -> tuple[str, ...]:
    whole = [row for row in own.rows[CHANGES] if (row["scope"], row["metric"]) == ("province", "online_rate")]
    days = tuple(
        _(
            "{comparison}: {period}, từ ngày {first} đến hết ngày {last}.",
            comparison=_(COMPARISONS[row["comparison"]]),
            period=words.period_name(row, "base_period_name_vi"),
            first=formats.day(row["base_first_day"]),
            last=formats.day(row["base_last_day"]),
        )
        if row["base_period_key"]
        else _(
            "{comparison}: không so sánh được, {reason}.",
            comparison=_(COMPARISONS[row["comparison"]]),
            reason=words.change_gap(row["reason_id"]),
        )
        for row in sorted(whole, key=lambda one: list(COMPARISONS).index(one["comparison"]))
    )
    smallest = next((row["smallest_base"] for row in own.rows[CHANGES] if row["smallest_base"] is not None), None)
    change = _(
        "Chỉ so sánh kỳ đủ dữ liệu, cùng loại và cùng cách tính kỳ báo cáo. Chênh lệch tỷ lệ tính bằng điểm %, thay đổi của số "
        "lượng tính bằng %."
    )
    if smallest is None:
        return (*days, change)
    small = _(
        "“Mẫu nhỏ”: một trong hai kỳ có dưới {count} hồ sơ hoặc giao dịch; thay đổi khi đó dễ gây hiểu lầm.",
        count=formats.count(smallest),
    )
    return (*days, change, small)


def _checks(own: Marts, period: Row, province: Province) -> DocumentTable:
    rows = own.rows[CHECKS]
    whole = in_print_order(rows, province, agencies=False)
    single = [row for row in in_print_order(rows, province, agencies=True) if row["residue"] or row["unexplained"]]
    lines = [
        Line(
            (
                text(checks.compared(row)),
                text(words.entity(row)),
                figure(_mart_row(row), "total"),
                figure(_mart_row(row), "sum_of_classes"),
                figure(_mart_row(row), "residue"),
                text(checks.residue(row) if row["residue"] else ""),
                figure(_mart_row(row), "unexplained"),
            )
        )
        for row in (*sorted(whole, key=lambda one: str(one["check_id"])), *single)
    ]
    return DocumentTable(
        _("Kiểm tra tổng"),
        _("Kiểm tra tổng và thành phần: theo khối và toàn tỉnh, và các cơ quan có phần dư"),
        (
            Column(_("Phép kiểm tra"), 3.0, is_number=False),
            Column(_("Đối tượng"), 2.0, is_number=False),
            Column(_("Tổng"), 1.2),
            Column(_("Cộng các thành phần"), 1.2),
            Column(_("Phần dư")),
            Column(_("Tên phần dư"), 1.4, is_number=False),
            Column(_("Không giải thích được")),
        ),
        tuple(lines),
        empty_vi=_("Chưa có dữ liệu kiểm tra của {period}.", period=period_inside(period)),
    )


def caveats_table(own: Marts, province: Province) -> DocumentTable:
    """Months that did not come, rows set aside, a short history, what the gate warned of in the period's months: what is
    wrong with which figures of the period.
    """
    lines: list[Line] = []
    for table, subject in ((RATES, "Hồ sơ"), (PAYMENTS, "Thanh toán")):
        rows = own.rows[table]
        ordered = (*in_print_order(rows, province, agencies=False), *in_print_order(rows, province, agencies=True))
        lines += [
            _caveat(words.entity(row), _(subject), caveats.words(row["caveats_json"]))
            for row in ordered
            if row["caveats_json"]
        ]
    total = form_total(own)
    if total is not None:
        whole = next((words.entity(row) for row in own.rows[RATES] if row["scope"] == "province"), "")
        history = _(
            "Cột 6 chỉ tính hồ sơ tiếp nhận từ ngày {day}, ngày đầu tiên có dữ liệu.",
            day=formats.day(total["history_from"]),
        )
        if total["caveats_json"]:
            lines.append(_caveat(whole, _("Biểu II.06a"), caveats.words(total["caveats_json"])))
        # Of a period that begins with the data, the form's own caveat says the same.
        if total["first_day"] > total["history_from"]:
            lines.append(_caveat(whole, _("Biểu II.06a"), history.removesuffix(".")))
    lines += [
        _caveat(
            words.entity(row),
            words.word(row["subject"], words.CAVEAT_SUBJECT, "mart_caveats.subject"),
            f"{formats.month(row['month'])}: {caveats.words(row['caveat_json'])}",
        )
        for row in own.rows[CAVEATS]
    ]
    return DocumentTable(
        _("Lưu ý về số liệu"),
        _("Lưu ý về số liệu của kỳ"),
        (
            Column(_("Đối tượng"), 2.0, is_number=False),
            Column(_("Số liệu"), 1.0, is_number=False),
            Column(_("Lưu ý"), 4.0, is_number=False),
        ),
        tuple(lines),
        empty_vi=_("Không có lưu ý nào về số liệu của kỳ."),
    )


def _caveat(entity: str, subject: str, sentence: str) -> Line:
    return Line((text(entity), text(subject), text(words.caveat(sentence))))


def form_total(own: Marts) -> MartRow | None:
    """The total line of the province's form II.06a by agency."""
    return next(
        (
            _mart_row(row)
            for row in own.rows[FORM]
            if (row["scope"], row["arrangement"], row["line_kind"]) == ("province", "by_agency", "total")
        ),
        None,
    )


def period_name(period: Mapping[str, Any]) -> str:
    """The period as its calendar names it: "Quý III/2022"."""
    return words.period_name(period, "name_vi")


def period_inside(period: Mapping[str, Any]) -> str:
    """The period's name inside a sentence: "quý III/2022"; English names keep their capital."""
    name = period_name(period)
    return words.lower_first(name) if name == period["name_vi"] else name
