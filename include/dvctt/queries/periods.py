"""One reporting period of one calendar: its days, its figures, and what it is compared with.

Reads one publication, writes nothing and computes nothing: days are dim_reporting_periods', figures and changes the marts'.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from dvctt.core.errors import PeriodError
from dvctt.core.figure_ids import figure_id, unit_of
from dvctt.core.period import Period
from dvctt.province.metrics import read_metrics
from dvctt.publications.reading import Publication
from dvctt.queries.reader import is_closed, widest
from dvctt.report.wording import formats, words
from dvctt.report.wording.caveats import words_of
from dvctt.report.wording.language import in_english
from dvctt.warehouse.connections import open_published, read_rows

_RATES = "mart_period_online_rates"
_PAYMENTS = "mart_period_payments"
_CHANGES = "mart_period_changes"
_COMPARISONS = {"previous": "kỳ liền trước", "year_before": "cùng kỳ năm trước"}
_OF_PERIODS = ("legal_basis_vi", "legal_basis_en", "certainty")
_OF_RATES = (
    "period_key",
    "period_name_vi",
    "period_name_en",
    "first_day",
    "last_day",
    "calendar_name_vi",
    "calendar_name_en",
    "scope",
    "entity_code",
    "entity_name_vi",
    "months_expected",
    "months_present",
    "missing_agencies",
    "received",
    "direct",
    "online",
    "postal",
    "online_level_3",
    "online_level_4",
    "online_no_level",
    "online_rate_percent",
)
_OF_PAYMENTS = (
    "online_payment_count",
    "online_payment_amount_vnd",
    "online_refund_count",
    "online_refund_amount_vnd",
)


@dataclass(frozen=True)
class Change:
    """One metric against another period. Counts are filings, payments or VND; None where there is no figure, with a reason."""

    figure_id: str
    metric: str
    comparison: str
    base_period_key: str | None
    base_period_name_vi: str | None
    base_first_day: date | None
    base_last_day: date | None
    numerator: int | None
    denominator: int | None
    base_numerator: int | None
    base_denominator: int | None
    rate_percent: float | None
    base_rate_percent: float | None
    change_points: float | None
    change_percent: float | None
    reason_vi: str | None
    reason_en: str | None
    is_small_base: bool | None


@dataclass(frozen=True)
class PeriodFigures:
    """A period's figures for one entity; ``received`` and the counts beside it are None where a feed did not come."""

    period_key: str
    period_name_vi: str
    period_name_en: str
    first_day: date
    last_day: date
    calendar_name_vi: str
    calendar_name_en: str
    legal_basis_vi: str | None
    legal_basis_en: str | None
    certainty: str
    publication: int
    is_closed: bool
    scope: str
    entity_code: str
    entity_name_vi: str
    months_expected: int
    months_present: int
    missing_agencies: int
    received: int | None
    direct: int | None
    online: int | None
    postal: int | None
    online_level_3: int | None
    online_level_4: int | None
    online_no_level: int | None
    online_rate_percent: float | None
    online_payment_count: int | None
    online_payment_amount_vnd: int | None
    online_refund_count: int | None
    online_refund_amount_vnd: int | None
    caveat_vi: str | None
    payments_caveat_vi: str | None
    changes: tuple[Change, ...]


def read_period(publication: Publication, period: Period, calendar: str, entity: str | None = None) -> PeriodFigures:
    """The figures of one period of one calendar.

    Args:
        calendar: the calendar's id, such as ``from_15``.
        entity: code of an agency or group; default: the province.

    Raises:
        PeriodError: the publication holds no such calendar, period or entity.
        WarehouseError: the publication's file is not there or damaged.
    """
    key = f"{calendar}/{period}"
    with open_published(publication.marts) as connection:
        described = _described(connection, calendar, key)
        rates = _entity_row(connection, key, entity)
        place = [key, rates["scope"], rates["entity_code"]]
        payments = _one(connection, _PAYMENTS, place)
        changes = read_rows(
            connection,
            f"select * from {_CHANGES} where period_key = ? and scope = ? and entity_code = ?",
            place,
        )
        closed = is_closed(connection, period.month.first_day)
    paid: dict[str, Any] = {name: payments.get(name) for name in _OF_PAYMENTS}
    ordered = sorted(changes, key=lambda row: (list(_COMPARISONS).index(row["comparison"]), _order(row["metric"])))
    return PeriodFigures(
        **{name: described[name] for name in _OF_PERIODS},
        **{name: rates[name] for name in _OF_RATES},
        **paid,
        caveat_vi=words_of(rates),
        payments_caveat_vi=words_of(payments),
        publication=publication.number,
        is_closed=closed,
        changes=tuple(_change(row) for row in ordered),
    )


def as_text(figures: PeriodFigures) -> list[str]:
    """The figures in words, one line each, as an officer reads them."""
    lines = [
        f"{figures.entity_name_vi} · {figures.period_name_vi}: từ ngày {formats.day(figures.first_day)} "
        f"đến ngày {formats.day(figures.last_day)}",
        f"kỳ báo cáo: {figures.calendar_name_vi} ({figures.period_key})",
        f"căn cứ: {figures.legal_basis_vi or formats.NOT_DEFINED}; mức độ chắc chắn: "
        f"{words.word(figures.certainty, words.CERTAINTY, 'dim_reporting_periods.certainty')}",
        f"bản công bố {figures.publication}{', tháng cuối kỳ đã chốt' if figures.is_closed else ''}; "
        f"có số liệu {figures.months_present}/{figures.months_expected} tháng của kỳ",
        f"tiếp nhận: {formats.count(figures.received)}; trực tuyến: {formats.count(figures.online)}; "
        f"trực tiếp: {formats.count(figures.direct)}; bưu chính: {formats.count(figures.postal)}",
        f"trực tuyến, mức độ 3: {formats.count(figures.online_level_3)}; mức độ 4: {formats.count(figures.online_level_4)}; "
        f"không phân mức: {formats.count(figures.online_no_level)}",
        f"tỷ lệ hồ sơ trực tuyến: {_rate(figures.online_rate_percent, figures.received)}",
        f"thanh toán trực tuyến: {formats.count(figures.online_payment_count)} giao dịch, "
        f"{formats.money(figures.online_payment_amount_vnd)}; hoàn: {formats.count(figures.online_refund_count)} giao dịch, "
        f"{formats.money(figures.online_refund_amount_vnd)}",
    ]
    lines += [f"lưu ý, hồ sơ: {figures.caveat_vi}"] if figures.caveat_vi else []
    lines += [f"lưu ý, thanh toán: {figures.payments_caveat_vi}"] if figures.payments_caveat_vi else []
    for comparison, name in _COMPARISONS.items():
        compared = [change for change in figures.changes if change.comparison == comparison]
        base = next((change for change in compared if change.base_period_key), None)
        if base is None:
            reason = next((change.reason_vi for change in compared), formats.NO_DATA)
            lines.append(f"so với {name}: {formats.NOT_DEFINED} ({reason})")
            continue
        lines.append(
            f"so với {name}, {base.base_period_name_vi} (từ ngày {formats.day(base.base_first_day)} "
            f"đến ngày {formats.day(base.base_last_day)}):"
        )
        lines += [f"  {_change_text(change)}" for change in compared]
    return lines


def _change_text(change: Change) -> str:
    name = words.lower_first(read_metrics()[change.metric].name_vi)
    if change.metric == "online_rate":
        bases = (
            f"{_rate(change.base_rate_percent, change.base_denominator)} "
            f"({formats.count(change.base_numerator)}/{formats.count(change.base_denominator)}) → "
            f"{_rate(change.rate_percent, change.denominator)} "
            f"({formats.count(change.numerator)}/{formats.count(change.denominator)})"
        )
        moved = None if change.change_points is None else formats.signed_points(change.change_points)
    else:
        write = formats.money if unit_of(change.metric) == "VND" else formats.count
        bases = f"{write(change.base_numerator)} → {write(change.numerator)}"
        moved = None if change.change_percent is None else formats.percent_change(change.change_percent)
    result = moved or f"{formats.NOT_DEFINED} ({change.reason_vi})"
    return f"{name}: {bases}: {result}{' · mẫu nhỏ' if change.is_small_base else ''}"


def _rate(value: float | None, denominator: int | None) -> str:
    return formats.NO_DATA if denominator is None else formats.rate(value)


def _order(metric: str) -> tuple[bool, int]:
    """The rate first, then the counts in the order of the list of metrics."""
    return (read_metrics()[metric].kind != "share", list(read_metrics()).index(metric))


def _change(row: dict[str, Any]) -> Change:
    column = "change_points" if row["metric"] == "online_rate" else "change_percent"
    key = [row[name] for name in ("period_key", "scope", "entity_code", "metric", "comparison")]
    return Change(
        figure_id(_CHANGES, key, column),
        **{
            name: row[name]
            for name in Change.__dataclass_fields__
            if name not in ("figure_id", "reason_vi", "reason_en")
        },
        reason_vi=words.change_gap(row["reason_id"]),
        reason_en=in_english(words.change_gap, row["reason_id"]),
    )


def _described(connection: duckdb.DuckDBPyConnection, calendar: str, key: str) -> dict[str, Any]:
    held = read_rows(
        connection,
        "select * from dim_reporting_periods order by calendar_id, first_day, last_day",
        [],
    )
    found = next((row for row in held if row["period_key"] == key), None)
    if found is not None:
        return found
    calendars = sorted({row["calendar_id"] for row in held})
    if calendar not in calendars:
        raise PeriodError(f"no such reporting calendar: found {calendar!r}, wanted one of {', '.join(calendars)}")
    codes = ", ".join(row["period_code"] for row in held if row["calendar_id"] == calendar)
    raise PeriodError(
        f"{key} is not in the publication: it is not over, or was before the first file; of this calendar it has: {codes}"
    )


def _entity_row(connection: duckdb.DuckDBPyConnection, key: str, entity: str | None) -> dict[str, Any]:
    rows = read_rows(
        connection,
        f"select * from {_RATES} where period_key = ? order by scope, official_order, entity_code",
        [key],
    )
    wanted = [row for row in rows if (row["scope"] == "province" if entity is None else row["entity_code"] == entity)]
    if not wanted:
        codes = ", ".join(dict.fromkeys(row["entity_code"] for row in rows)) or "none"
        raise PeriodError(f"{key}: no figures of {entity or 'the province'}; wanted one of: {codes}")
    return widest(wanted)[0]


def _one(connection: duckdb.DuckDBPyConnection, mart: str, place: list[Any]) -> dict[str, Any]:
    rows = read_rows(connection, f"select * from {mart} where period_key = ? and scope = ? and entity_code = ?", place)
    return rows[0] if rows else {}
