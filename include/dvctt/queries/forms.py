"""Forms that the reporting regime prescribes, as they are filed: header, columns, lines, notes, and whether they add up.

Reads one publication, writes nothing and counts nothing: every number is a row of a form's mart, and whether its lines and
columns add up is said by mart_additivity_checks. Here they are put under the form's own headings, and what was carried over
beside the form of the period before.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import duckdb

from dvctt.core.errors import FormError
from dvctt.core.figure_ids import figure_id
from dvctt.core.period import Month, Period
from dvctt.publications.reading import Publication
from dvctt.queries.reader import checks_of, is_of_entity, where_to_look, widest
from dvctt.report.tables.form_06a import FORM_06A_COLUMNS, FORM_06A_MEMOS, form_notes, line_numbers
from dvctt.report.wording import formats
from dvctt.report.wording.caveats import words_of
from dvctt.warehouse.connections import open_published, read_rows

FORM_06A = "II.06a/VPCP/KSTT"
FORM_06A_TITLE = "Tình hình, kết quả giải quyết thủ tục hành chính"
FORM_06A_UNIT = "Số hồ sơ TTHC"
_MART = "mart_form_06a"
_KEY = ("period_key", "arrangement", "scope", "entity_code", "line_key")
_IDENTITIES = {
    "3 = 4 + 5 + 6": ("period_form_06a_workload_total_is_new_and_carried_in",),
    "7 = 8 + 9 + 10": ("period_form_06a_resolved_total_is_early_on_time_late",),
    "11 = 12 + 13": ("period_form_06a_pending_total_is_in_time_and_overdue",),
    "3 = 7 + 11": ("period_form_06a_workload_total_is_resolved_and_pending",),
}
_LINES = "tổng số = các dòng"
# A form that was frozen by an older version has a check of column 3 alone.
_LINES_BY = {
    "by_field": ("period_form_06a_columns_are_sum_by_field", "period_form_06a_workload_total_is_sum_by_field"),
    "by_agency": ("period_form_06a_columns_are_sum_by_agency", "period_form_06a_workload_total_is_sum_by_agency"),
}


@dataclass(frozen=True)
class Line:
    """One line of the form: column 1 as printed, column 2, and the columns by name; None where a feed did not come."""

    number: str
    kind: str
    code: str
    name_vi: str
    name_en: str | None
    figures: dict[str, int | None]
    figure_id: str


@dataclass(frozen=True)
class Identity:
    """What must be equal, over all lines. ``holds`` is None where there is nothing to compare; ``excused`` says why a
    difference is no fault.
    """

    name: str
    left: int | None
    right: int | None
    holds: bool | None
    excused: str | None = None


@dataclass(frozen=True)
class Form:
    """One form of one period and entity, as at the end of the period's last day."""

    form: str
    title_vi: str
    unit_vi: str
    period_key: str
    period_name_vi: str
    period_name_en: str
    calendar_id: str
    calendar_name_vi: str
    calendar_legal_basis_vi: str | None
    calendar_certainty: str | None
    first_day: date
    last_day: date
    arrangement: str
    scope: str
    entity_code: str
    entity_name_vi: str
    publication: int
    is_closed: bool
    missing_agencies: int
    is_history_short: bool
    history_from: date
    caveat_vi: str | None
    caveat_en: str | None
    lines: tuple[Line, ...]
    memos: dict[str, int | None]
    notes_vi: tuple[str, ...]
    identities: tuple[Identity, ...]

    @property
    def total(self) -> Line:
        return self.lines[-1]

    @property
    def adds_up(self) -> bool:
        """Whether every identity that can be asked holds, or differs for a reason that is no fault."""
        return all(one.holds is not False or one.excused for one in self.identities)


def read_form_06a(
    publication: Publication,
    period: Period,
    calendar: str = "calendar_month",
    arrangement: str | None = None,
    entity: str | None = None,
) -> Form:
    """Form II.06a of a period, by field or by agency.

    Args:
        arrangement: ``by_field`` or ``by_agency``; default: by agency where there are several, else by field.
        entity: code of an agency or group; default: the province.

    Raises:
        FormError: no such period, calendar or entity in the publication, or no such arrangement of it.
        WarehouseError: the publication's file is not there or damaged.
    """
    with open_published(publication.marts) as connection:
        rows = _line_rows(connection, period, calendar, arrangement, entity)
        first, total = rows[0], rows[-1]
        dated = read_rows(
            connection,
            "select legal_basis_vi, certainty, previous_period_key from dim_reporting_periods where period_key = ?",
            [first["period_key"]],
        )
        closed = {
            row["month"] for row in read_rows(connection, "select month from mart_closed_months where is_in_force")
        }
        identities = (
            *_checked(connection, total, closed),
            *_carried(connection, total, dated[0]["previous_period_key"] if dated else None, closed),
        )
    columns = (Form.__dataclass_fields__.keys() & first.keys()) - {"caveat_vi", "caveat_en"}
    return Form(
        **{name: first[name] for name in columns},
        caveat_vi=words_of(first),
        caveat_en=words_of(first, "en"),
        form=FORM_06A,
        title_vi=FORM_06A_TITLE,
        unit_vi=FORM_06A_UNIT,
        calendar_legal_basis_vi=dated[0]["legal_basis_vi"] if dated else None,
        calendar_certainty=dated[0]["certainty"] if dated else None,
        publication=publication.number,
        is_closed=first["month"] in closed,
        lines=_lines(rows),
        memos={name: total[name] for name in FORM_06A_MEMOS},
        notes_vi=form_notes(total),
        identities=identities,
    )


def _line_rows(
    connection: duckdb.DuckDBPyConnection, period: Period, calendar: str, arrangement: str | None, entity: str | None
) -> list[dict[str, Any]]:
    rows = read_rows(
        connection,
        f"select * from {_MART} where calendar_id = ? and period_code = ? and (arrangement = ? or ? is null) "
        "and (entity_code = ? or (? is null and scope = 'province')) order by line_order",
        [calendar, str(period), arrangement, arrangement, entity, entity],
    )
    if rows:
        rows = widest(rows)
        chosen = min(row["arrangement"] for row in rows)
        return [row for row in rows if row["arrangement"] == chosen]
    found = read_rows(connection, f"select distinct calendar_id, period_code, last_day from {_MART} order by 1, 3, 2")
    calendars = sorted({row["calendar_id"] for row in found})
    if calendar not in calendars:
        raise FormError(f"no form {FORM_06A} by calendar {calendar!r}; found {', '.join(calendars) or 'no calendar'}")
    codes = [row["period_code"] for row in found if row["calendar_id"] == calendar]
    if str(period) not in codes:
        raise FormError(
            f"no form {FORM_06A} of {period} by {calendar}: a period has one when its last day is over in the files; "
            f"found {', '.join(codes)}"
        )
    entities = read_rows(
        connection,
        f"select distinct scope, entity_code, official_order from {_MART} "
        "where calendar_id = ? and period_code = ? and (arrangement = ? or ? is null) order by 1 desc, 3, 2",
        [calendar, str(period), arrangement, arrangement],
    )
    raise FormError(
        f"no form {FORM_06A} {arrangement or ''} of {entity!r} in {period}; wanted one of "
        f"{', '.join(row['entity_code'] for row in entities)}"
        + ("; an agency has its form by field" if arrangement == "by_agency" else "")
    )


def _lines(rows: Sequence[dict[str, Any]]) -> tuple[Line, ...]:
    return tuple(
        Line(
            number,
            row["line_kind"],
            row["line_code"],
            row["line_name_vi"],
            row["line_name_en"],
            {name: row[name] for name in FORM_06A_COLUMNS},
            figure_id(_MART, (row[name] for name in _KEY), "workload_total"),
        )
        for number, row in zip(line_numbers([row["line_kind"] for row in rows]), rows, strict=True)
    )


def _identity(name: str, left: int | None, right: int | None, excused: str | None = None) -> Identity:
    holds = None if left is None or right is None else left == right
    return Identity(name, left, right, holds, excused if holds is False else None)


def _checked(connection: duckdb.DuckDBPyConnection, total: dict[str, Any], closed: set[date]) -> list[Identity]:
    """The form's own identities as the publication's checks have found them: of the first line or column that fails, else of
    the total.

    Raises:
        FormError: the form has figures and one was not checked.
    """
    asked = {**_IDENTITIES, _LINES: _LINES_BY[total["arrangement"]]}
    period = (total["calendar_id"], total["kind"])
    ids = [check for checks in asked.values() for check in checks]
    made = checks_of(connection, total["month"], total["scope"], total["entity_code"], ids, period)
    found = []
    for name, checks in asked.items():
        row = next((made[check] for check in checks if check in made), None)
        if row is None and total["workload_total"] is not None and total["month"] not in closed:
            raise FormError(
                f"form {FORM_06A} {total['period_key']} {total['entity_code']}: {checks[0]}: not checked; "
                f"{where_to_look(Month.of(total['month']))}"
            )
        found.append(_identity_of(name, row))
    return found


def _identity_of(name: str, check: dict[str, Any] | None) -> Identity:
    if check is None:
        return Identity(name, None, None, None)
    parts = (check["sum_of_classes"], check["residue"])
    return Identity(name, check["total"], None if None in parts else sum(parts), check["unexplained"] == 0)


def _carried(
    connection: duckdb.DuckDBPyConnection, total: dict[str, Any], previous: str | None, closed: set[date]
) -> list[Identity]:
    """Column 6 against column 11 of the period directly before, of whoever the agencies of this form answer for."""
    name = "6 = 11 của kỳ liền trước"
    if previous is None:
        return [_identity(name, total["carried_in"], None)]
    before = read_rows(
        connection,
        f"""
        select
            sum(earlier.pending_total) as pending_total,
            coalesce(bool_or(earlier.pending_total is null), true) as is_missing,
            any_value(earlier.month) as month
        from {_MART} as earlier
        left join dim_agency_heirs as heirs
            on earlier.entity_code = heirs.agency_code and heirs.heir_from <= $last_day
            and (heirs.heir_to is null or heirs.heir_to >= $last_day)
        inner join {_MART} as own
            on own.period_key = $period and own.arrangement = 'by_field' and own.scope = 'agency'
            and own.line_kind = 'total' and own.entity_code = coalesce(heirs.heir_code, earlier.entity_code)
        where earlier.period_key = $previous and earlier.arrangement = 'by_field' and earlier.scope = 'agency'
            and earlier.line_kind = 'total'
            and {is_of_entity("own")}
        """,
        {
            "last_day": total["last_day"],
            "period": total["period_key"],
            "previous": previous,
            "scope": total["scope"],
            "code": total["entity_code"],
        },
    )[0]
    pending = None if before["is_missing"] or total["missing_agencies"] else int(before["pending_total"])
    excused = (
        "một trong hai kỳ đã chốt, kỳ kia tính theo dữ liệu mới" if closed & {before["month"], total["month"]} else None
    )
    return [_identity(name, total["carried_in"], pending, excused)]


def head_lines(form: Form) -> list[str]:
    """The form's head, as lines for a terminal."""
    return [
        f"Biểu số {form.form}",
        form.title_vi.upper(),
        f"Đơn vị báo cáo: {form.entity_name_vi} ({form.entity_code})",
        f"Kỳ báo cáo: {form.period_name_vi} ({form.calendar_name_vi})",
        f"(Từ ngày {formats.day(form.first_day)} đến ngày {formats.day(form.last_day)})",
        f"Đơn vị tính: {form.unit_vi}",
    ]


def foot_lines(form: Form) -> list[str]:
    """Notes, caveats and the state of the identities, as lines for a terminal."""
    lines = [f"ghi chú: {note}" for note in form.notes_vi]
    if form.caveat_vi:
        lines.append(f"lưu ý: {form.caveat_vi}")
    if form.calendar_legal_basis_vi:
        lines.append(f"kỳ báo cáo theo: {form.calendar_legal_basis_vi} (certainty: {form.calendar_certainty})")
    for one in form.identities:
        state = "chưa có gì để so" if one.holds is None else "đúng" if one.holds else "KHÔNG ĐÚNG"
        sides = "" if one.holds is None else f": {formats.count(one.left)} và {formats.count(one.right)}"
        lines.append(f"{one.name}: {state}{sides}{f' ({one.excused})' if one.excused else ''}")
    lines.append(f"publication {form.publication}{', closed: as it was frozen (đã chốt)' if form.is_closed else ''}")
    return lines


def as_json(form: Form) -> dict[str, Any]:
    """The form for another program: every field, and whether it adds up."""
    return {**asdict(form), "adds_up": form.adds_up}
