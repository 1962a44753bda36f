"""Payments of one month and entity: what was collected and refunded, how attempts ended, who owes a fee and how it was paid.

Reads one publication, writes nothing. What counts as paid online, as a duty, and why the flag that one-stop systems send to
the national portal differs is decided by the published tables (fct_payment_events, fct_filing_duties and the marts over
them), and whether it adds up by mart_additivity_checks; here they are only put side by side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from dvctt.core.errors import PaymentsError
from dvctt.core.figure_ids import figure_id
from dvctt.core.period import Month
from dvctt.publications.reading import Publication
from dvctt.queries.reader import is_closed, is_of_entity, unexplained_totals, where_to_look, widest
from dvctt.report.wording import formats, words
from dvctt.report.wording.caveats import words_of
from dvctt.report.wording.language import in_english
from dvctt.warehouse.connections import open_published, read_rows

Row = Mapping[str, Any]

_DUTIES = "mart_payment_duties"


@dataclass(frozen=True)
class Filing:
    """One filing that the flag and the strict definition place otherwise, by its source's number."""

    source_id: str
    filing_id: str
    agency_code: str


@dataclass(frozen=True)
class Reason:
    """Filings that the flag and the strict definition place otherwise for one reason, and what they add to the share in
    percentage points (None when nothing was due). ``filings`` is None unless asked for.
    """

    reason_id: str
    name_vi: str
    name_en: str
    filing_count: int
    enters: int
    leaves: int
    difference_points: float | None
    filings: tuple[Filing, ...] | None = None


@dataclass(frozen=True)
class Bank:
    """Attempts at one bank, and the failed ones by the gateway's error code; the rate is of those that ended."""

    bank_code: str
    name_vi: str
    name_en: str
    attempt_count: int
    succeeded_count: int
    failed_count: int
    open_count: int
    finished_count: int
    succeeded_amount_vnd: int
    success_rate_percent: float | None
    failures: Mapping[str, int]


@dataclass(frozen=True)
class Payments:
    """Payments of one month and entity. ``totals``, ``kinds`` and ``duties`` are rows of mart_payments, mart_payment_fees and
    mart_payment_duties; ``duties`` is None in a month of which no filings came. ``is_closed``: the figures are those that
    were frozen, the listed filings today's.
    """

    month: str
    scope: str
    entity_code: str
    entity_name_vi: str
    publication: int
    is_closed: bool
    caveats_vi: tuple[str, ...]
    totals: Row
    kinds: tuple[Row, ...]
    banks: tuple[Bank, ...]
    duties: Row | None
    figure_ids: Mapping[str, str]
    reasons: tuple[Reason, ...]


def payments_of(
    publication: Publication, month: Month, entity: str | None = None, *, records: bool = False
) -> Payments:
    """The payments of a month; with ``records`` the filings of each reason too.

    Args:
        entity: code of an agency or group; default: the province.

    Raises:
        PaymentsError: no such month or entity in the publication, or its figures do not add up.
        WarehouseError: the publication's file is not there or damaged.
    """
    with open_published(publication.marts) as connection:
        totals = _totals(connection, month, entity)
        key = [month.first_day, totals["scope"], totals["entity_code"]]
        duties = _of(connection, _DUTIES, key, "entity_code")
        filings = _filings(connection, key) if records else None
        found = Payments(
            month=str(month),
            scope=totals["scope"],
            entity_code=totals["entity_code"],
            entity_name_vi=totals["entity_name_vi"],
            publication=publication.number,
            is_closed=is_closed(connection, month.first_day),
            caveats_vi=tuple(words_of(row) or "" for row in _of(connection, "mart_caveats", key, "subject, caveat_id")),
            totals=totals,
            kinds=tuple(_of(connection, "mart_payment_fees", key, "kind_order")),
            banks=_banks(connection, key),
            duties=duties[0] if duties else None,
            figure_ids={
                column: figure_id(_DUTIES, key, column) for column in ("paid_online_percent", "flagged_paid_percent")
            },
            reasons=_reasons(connection, key, filings),
        )
        _hold(connection, month, found)
    return found


def _totals(connection: duckdb.DuckDBPyConnection, month: Month, entity: str | None) -> Row:
    rows = read_rows(
        connection,
        "select * from mart_payments where month = ? and (entity_code = ? or (? is null and scope = 'province'))",
        [month.first_day, entity, entity],
    )
    if rows:
        return widest(rows)[0]
    known = read_rows(connection, "select distinct month from mart_payments order by month")
    months = [str(Month.of(row["month"])) for row in known]
    if str(month) not in months:
        raise PaymentsError(f"no payments of {month} in the publication; found {', '.join(months) or 'no month'}")
    codes = read_rows(
        connection,
        "select entity_code from mart_payments where month = ? order by scope desc, official_order, entity_code",
        [month.first_day],
    )
    raise PaymentsError(
        f"no entity {entity!r} in {month}; wanted one of {', '.join(str(row['entity_code']) for row in codes)}"
    )


def _of(
    connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[Any], order: str, columns: Sequence[str] = ("*",)
) -> list[dict[str, Any]]:
    """The rows of one month and entity."""
    return read_rows(
        connection,
        f"select {', '.join(columns)} from {table} where month = ? and scope = ? and entity_code = ? order by {order}",
        key,
    )


def _banks(connection: duckdb.DuckDBPyConnection, key: Sequence[Any]) -> tuple[Bank, ...]:
    failures: dict[str, dict[str, int]] = {}
    for row in _of(connection, "mart_payment_failures", key, "bank_code, error_code"):
        failures.setdefault(row["bank_code"], {})[row["error_code"]] = row["failed_count"]
    columns = Bank.__dataclass_fields__.keys() - {"name_vi", "name_en", "failures"}
    return tuple(
        Bank(
            **{name: row[name] for name in columns},
            name_vi=words.bank_name(row["bank_code"]),
            name_en=in_english(words.bank_name, row["bank_code"]),
            failures=failures.get(row["bank_code"], {}),
        )
        for row in _of(connection, "mart_payment_banks", key, "bank_code")
    )


def _reasons(
    connection: duckdb.DuckDBPyConnection, key: Sequence[Any], filings: Mapping[str, list[Filing]] | None
) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            reason_id=row["reason_id"],
            name_vi=row["reason_name_vi"],
            name_en=row["reason_name_en"],
            filing_count=row["filing_count"],
            enters=row["enters"],
            leaves=row["leaves"],
            difference_points=row["difference_points"],
            filings=None if filings is None else tuple(filings.get(row["reason_id"], ())),
        )
        for row in _of(connection, "mart_payment_flag_gaps", key, "reason_order")
    )


def _filings(connection: duckdb.DuckDBPyConnection, key: Sequence[Any]) -> dict[str, list[Filing]]:
    found: dict[str, list[Filing]] = {}
    month, scope, code = key
    for row in read_rows(
        connection,
        f"""
        select filings.flag_gap_reason, filings.source_id, filings.filing_id, filings.agency_code
        from fct_filing_duties as filings
        inner join mart_payment_duties as duties
            on filings.received_month = duties.month and filings.agency_code = duties.entity_code
        where filings.flag_gap_reason is not null and filings.received_month = $month and duties.scope = 'agency'
            and duties.received is not null
            and {is_of_entity("duties")}
        order by all
        """,
        {"month": month, "scope": scope, "code": code},
    ):
        found.setdefault(row["flag_gap_reason"], []).append(
            Filing(row["source_id"], row["filing_id"], row["agency_code"])
        )
    return found


def _hold(connection: duckdb.DuckDBPyConnection, month: Month, found: Payments) -> None:
    """Nothing that does not add up is shown. Whether it does, the publication's own checks have said."""
    where = f"{found.month} {found.entity_code}"
    checks = []
    if found.duties is not None and found.duties["received"] is not None:
        checks.append("flagged_is_paid_online_and_reasons")
    if found.totals["attempt_count"] is not None:
        checks += ["attempts_are_banks", "failed_attempts_are_error_codes"]
    if problems := unexplained_totals(connection, month.first_day, found.scope, found.entity_code, checks):
        raise PaymentsError(f"{where}: {'; '.join(problems)}; {where_to_look(month)}")
    for reason in found.reasons:
        if reason.filings is not None and not found.is_closed and len(reason.filings) != reason.filing_count:
            raise PaymentsError(
                f"{where}, {reason.reason_id}: {reason.filing_count} filings counted, {len(reason.filings)} found in "
                f"fct_filing_duties"
            )


def as_text(found: Payments) -> list[str]:
    """The payments as lines for a terminal: requests, attempts and filings apart, then the two shares and what is between."""
    return [
        f"{found.entity_name_vi} ({found.entity_code}), {found.month}, publication {found.publication}"
        + (", closed: figures as they were frozen" if found.is_closed else ""),
        *(f"  lưu ý: {text}" for text in found.caveats_vi),
        "",
        "collected and refunded in the month, one amount a request; a refund stands in the month of the refund",
        *_kind_lines(found),
        "",
        "attempts at the gateway, which are no payments; by the gateway's day (its hour may be of a 12-hour clock)",
        *_attempt_lines(found),
        "",
        "filings received in the month, and what they owe by the catalogue of the day of receipt",
        *_duty_lines(found),
    ]


def _kind_lines(found: Payments) -> list[str]:
    lines = []
    for row in found.kinds:
        if row["collected_count"] is None:
            return [f"  {formats.NO_DATA}"]
        line = f"  {row['payment_kind']}: {row['kind_name_vi']}: {_count(row['collected_count'])} collected, " + _parts(
            row, "collected_amount_vnd", ""
        )
        if row["refund_count"]:
            line += (
                f"; refunded {_count(row['refund_count'])}, {_parts(row, 'refund_amount_vnd', 'refund_')}; "
                f"net {_count(row['net_amount_vnd'])} VND"
            )
        lines.append(line)
    return lines


def _parts(row: Row, total: str, prefix: str) -> str:
    parts = f"phí {_count(row[f'{prefix}phi_vnd'])} + lệ phí {_count(row[f'{prefix}le_phi_vnd'])}"
    unsplit = row[f"{prefix}unsplit_vnd"]
    return f"{_count(row[total])} VND = {parts}" + (f" + không tách {_count(unsplit)}" if unsplit else "")


def _attempt_lines(found: Payments) -> list[str]:
    totals = found.totals
    if totals["attempt_count"] is None:
        return [f"  {formats.NO_DATA}"]
    lines = [
        f"  {_count(totals['attempt_count'])} attempts = {_count(totals['attempt_success_count'])} succeeded + "
        f"{_count(totals['attempt_failed_count'])} failed + {_count(totals['attempt_open_count'])} open"
    ]
    for bank in found.banks:
        codes = ", ".join(f"{code} {_count(number)}" for code, number in bank.failures.items())
        lines.append(
            f"    {bank.name_vi}: {_count(bank.attempt_count)} = {_count(bank.succeeded_count)} + {_count(bank.failed_count)} "
            f"+ {_count(bank.open_count)}; success rate {_rate(bank.success_rate_percent)} of {_count(bank.finished_count)} "
            f"that ended" + (f"; failed by code: {codes}" if codes else "")
        )
    return lines


def _duty_lines(found: Payments) -> list[str]:
    row = found.duties
    if row is None or row["received"] is None:
        return [f"  {formats.NO_DATA}"]
    n = {name: _count(value) for name, value in row.items() if isinstance(value, int)}
    return [
        f"  {n['received']} received = {n['fee_bearing']} of procedures with a fee + {n['no_fee']} without + "
        f"{n['unknown_procedure']} of procedures that the catalogue does not know",
        f"  {n['fee_bearing']} with a fee = {n['waived']} waived + {n['with_duty']} that owe it",
        f"  {n['with_duty']} that owe it = {n['paid_online']} paid online + {n['paid_otherwise']} paid otherwise + "
        f"{n['asked_not_paid']} asked and not paid + {n['not_asked']} without a request",
        *(
            [f"  {n['paid_online_without_duty']} more paid online though no duty is known"]
            if row["paid_online_without_duty"]
            else []
        ),
        *(
            [f"  {n['missing_agencies']} agencies without filings or payments, in no sum"]
            if row["missing_agencies"]
            else []
        ),
        "",
        "share of the filings that owe a fee",
        f"  paid online, strict: {_rate(row['paid_online_percent'])} = {n['paid_online']} / {n['with_duty']}   "
        f"[{found.figure_ids['paid_online_percent']}]",
        f"  flagged as paid:     {_rate(row['flagged_paid_percent'])} = {n['flagged_paid']} / {n['with_duty']}   "
        f"[{found.figure_ids['flagged_paid_percent']}]",
        *_gap_lines(found, row),
    ]


def _gap_lines(found: Payments, row: Row) -> list[str]:
    if not found.reasons:
        return ["  the same filings"]
    lines = [f"  difference: {_points(row['flag_difference_points'])}, by reason in filings and points:"]
    for reason in found.reasons:
        lines.append(
            f"    {reason.reason_id}: {reason.name_vi}: "
            f"{formats.signed_count(reason.enters - reason.leaves)}, {_points(reason.difference_points)}"
        )
        if reason.filings is not None:
            if len(reason.filings) != reason.filing_count:
                lines.append(
                    f"      the month is closed: {_count(reason.filing_count)} when it was frozen, "
                    f"{_count(len(reason.filings))} in today's facts"
                )
            lines += [f"      {one.source_id} {one.agency_code} {one.filing_id}" for one in reason.filings]
    enters, leaves = (sum(getattr(reason, name) for reason in found.reasons) for name in ("enters", "leaves"))
    return [
        *lines,
        f"    adds up: {_count(row['paid_online'])} + {_count(enters)} - {_count(leaves)} = {_count(row['flagged_paid'])}",
    ]


def _count(value: int | None) -> str:
    return "-" if value is None else formats.count(value)


def _rate(value: float | None) -> str:
    """Two decimals: definitions may differ by less than the tenth that reports print."""
    return formats.rate(value, 2)


def _points(value: float | None) -> str:
    return formats.signed_points(value, 2)
