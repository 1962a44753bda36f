"""One month as the agencies were and as they are under the structure of another day, side by side, with the bridge between.

Reads one publication, writes nothing. Who answers for whom on a day is decided by the published dim_agency_heirs; here the
published figures of agencies as they were are added up by it, and held against the province's own totals. No share is added.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.errors import StructureError
from dvctt.core.period import Month
from dvctt.report.wording import formats
from dvctt.warehouse.connections import open_published, read_rows

MEASURES = ("received", "online", "online_payment_count", "online_payment_amount_vnd")
"""Filings, filings, payments, whole VND. The first says whether an agency's filings came."""
_UNALLOCATED = "unallocated"


@dataclass(frozen=True)
class Unit:
    """One agency of one structure with its figures of the month; None where its feed did not come, never 0."""

    agency_code: str
    name_vi: str
    name_en: str | None
    group_code: str
    received: int | None
    online: int | None
    online_payment_count: int | None
    online_payment_amount_vnd: int | None


@dataclass(frozen=True)
class Move:
    """One agency as it was, and the one that its figures are restated to."""

    was: Unit
    heir_code: str
    heir_name_vi: str
    parent_code: str | None

    @property
    def is_moved(self) -> bool:
        return self.was.agency_code != self.heir_code


@dataclass(frozen=True)
class Total:
    """One figure of the province on both maps."""

    measure: str
    as_was: int | None
    restated: int | None

    @property
    def is_equal(self) -> bool:
        return self.as_was == self.restated


@dataclass(frozen=True)
class Structures:
    """Both views of one month. ``on`` is the day whose structure the second one has."""

    month: str
    on: date
    publication: int
    as_was: tuple[Unit, ...]
    restated: tuple[Unit, ...]
    bridge: tuple[Move, ...]
    totals: tuple[Total, ...]

    @property
    def is_equal(self) -> bool:
        return all(total.is_equal for total in self.totals)


def compare_structures(marts: Path, publication: int, month: Month, on: date | None = None) -> Structures:
    """A month as it was and restated.

    Args:
        on: the day whose structure is asked for; default: the newest structure of the province folder, or the month's last
            day if that is later.

    Raises:
        StructureError: no such month in the publication, or ``on`` lies before the month's last day: what an agency did is
            restated to those that came after it, never to those before.
        WarehouseError: the publication's file is not there or damaged.
    """
    with open_published(marts) as connection:
        was = _as_was(connection, month)
        last_day = month.shifted(1).first_day - timedelta(days=1)
        day = on or max(last_day, was[0]["structure_on"])
        if day < last_day:
            raise StructureError(
                f"{day} lies before the last day of {month}: wanted {last_day} or a later day; figures are restated to "
                f"agencies that came after, not to those before"
            )
        heirs = {
            row["agency_code"]: row["heir_code"]
            for row in read_rows(
                connection,
                "select agency_code, heir_code from dim_agency_heirs "
                "where heir_from <= $day and coalesce(heir_to >= $day, true)",
                {"day": day},
            )
        }
        named = _named_on(connection, day)
        provinces = _province(connection, month)
    moves = []
    for row in was:
        # A code that the folder has lost since the month was closed is nobody's, and stays in the total.
        heir = named.get(heirs.get(row["agency_code"], _UNALLOCATED), named[_UNALLOCATED])
        moves.append(Move(_unit(row), heir["agency_code"], heir["name_vi"], row["parent_code"]))
    restated = _restated(moves, named)
    totals = tuple(Total(name, provinces[name], _sum(getattr(unit, name) for unit in restated)) for name in MEASURES)
    return Structures(str(month), day, publication, tuple(move.was for move in moves), restated, tuple(moves), totals)


def _as_was(connection: duckdb.DuckDBPyConnection, month: Month) -> list[dict[str, Any]]:
    rows = read_rows(
        connection,
        "select agency_code, agency_name_vi as name_vi, agency_name_en as name_en, group_code, parent_code, structure_on, "
        f"{', '.join(MEASURES)} from mart_structure_bridge where month = $month order by official_order, agency_code",
        {"month": month.first_day},
    )
    if rows:
        return rows
    months = [
        str(Month.of(row["month"]))
        for row in read_rows(connection, "select distinct month from mart_structure_bridge order by 1")
    ]
    raise StructureError(
        f"no agency has a figure of {month} in the publication; found {', '.join(months) or 'no month'}"
    )


def _named_on(connection: duckdb.DuckDBPyConnection, day: date) -> dict[str, dict[str, Any]]:
    """Every code as it is called on a day, in the order of official tables."""
    rows = read_rows(
        connection,
        "select agency_code, name_vi, name_en, group_code from dim_agencies where coalesce(valid_from <= $day, true) "
        "qualify row_number() over (partition by agency_code order by valid_from desc) = 1 "
        "order by group_order, official_order, agency_code",
        {"day": day},
    )
    return {row["agency_code"]: row for row in rows}


def _province(connection: duckdb.DuckDBPyConnection, month: Month) -> dict[str, int | None]:
    """The province's own figures, as its marts have them: not the sum of anything here."""
    found: dict[str, int | None] = dict.fromkeys(MEASURES)
    for table, names in (("mart_online_rates", MEASURES[:2]), ("mart_payments", MEASURES[2:])):
        for row in read_rows(
            connection,
            f"select {', '.join(names)} from {table} where month = $month and scope = 'province'",
            {"month": month.first_day},
        ):
            found |= row
    return found


def _unit(row: dict[str, Any]) -> Unit:
    return Unit(**{name: row[name] for name in Unit.__dataclass_fields__})


def _restated(moves: Sequence[Move], named: dict[str, dict[str, Any]]) -> tuple[Unit, ...]:
    parts: dict[str, list[Unit]] = {}
    for move in moves:
        parts.setdefault(move.heir_code, []).append(move.was)
    return tuple(
        _unit({**heir, **{name: _sum(getattr(unit, name) for unit in parts[code]) for name in MEASURES}})
        for code, heir in named.items()
        if code in parts
    )


def _sum(values: Iterable[int | None]) -> int | None:
    """What did not come is in no sum; a sum of nothing is no 0."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def as_text(compared: Structures) -> list[str]:
    """Both views, the bridge and the totals as lines for a terminal."""
    lines = [f"{compared.month}, publication {compared.publication}, structure of {compared.on:%d/%m/%Y}"]
    for title, units in (("as it was", compared.as_was), ("restated", compared.restated)):
        lines += ["", f"{title}: {len(units)} agencies"]
        lines += [f"  {unit.agency_code} {unit.name_vi}: {_figures(unit)}" for unit in units]
    moved = [move for move in compared.bridge if move.is_moved]
    lines += ["", f"bridge: {len(moved)} of {len(compared.bridge)} agencies are restated to another"]
    lines += [
        f"  {move.was.agency_code} {move.was.name_vi} -> {move.heir_code} {move.heir_name_vi}: {_figures(move.was)}"
        for move in moved
    ]
    lines += ["", "province on both maps:"]
    lines += [
        f"  {total.measure}: {formats.count(total.as_was)} as it was, {formats.count(total.restated)} restated: "
        f"{'equal' if total.is_equal else 'NOT EQUAL'}"
        for total in compared.totals
    ]
    return lines


def _figures(unit: Unit) -> str:
    rate = 100 * unit.online / unit.received if unit.received and unit.online is not None else None
    rated = formats.NO_DATA if unit.received is None else formats.rate(rate)
    return (
        f"{formats.count(unit.received)} received, {formats.count(unit.online)} online ({rated}), "
        f"{formats.count(unit.online_payment_count)} online payments, {formats.money(unit.online_payment_amount_vnd)}"
    )
