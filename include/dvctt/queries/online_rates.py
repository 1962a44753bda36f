"""One metric by all its definitions: what each counts, its value, and which filings make it differ from the report's.

Reads one publication, writes nothing. What a definition counts is decided by the published tables
(fct_online_rate_classes and the marts over it), and whether it adds up by mart_additivity_checks; here they are only put side
by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from dvctt.core.errors import MetricError
from dvctt.core.figure_ids import figure_id
from dvctt.core.period import Month
from dvctt.publications.reading import Publication
from dvctt.queries.reader import is_closed, is_of_entity, unexplained_totals, where_to_look, widest
from dvctt.report.wording import formats, words
from dvctt.warehouse.connections import open_published, read_rows

_VALUES = "mart_online_rate_definitions"
_KEY = ("metric_id", "version", "month", "scope", "entity_code")


@dataclass(frozen=True)
class Filing:
    """One filing that makes two definitions differ, by its source's number."""

    source_id: str
    filing_id: str
    agency_code: str


@dataclass(frozen=True)
class Difference:
    """The filings that a definition and the report's place otherwise for one reason. ``filings`` is None unless asked for."""

    reason_id: str
    name_vi: str
    name_en: str
    filing_count: int
    leaves_numerator: int
    enters_numerator: int
    leaves_denominator: int
    enters_denominator: int
    filings: tuple[Filing, ...] | None = None


@dataclass(frozen=True)
class Definition:
    """One definition and its value; numbers are filings and per cent, None where the feed did not come or nothing divides."""

    metric_id: str
    version: int
    figure_id: str
    name_vi: str
    name_en: str
    numerator_vi: str
    numerator_en: str
    denominator_vi: str
    denominator_en: str
    exclusions_vi: str
    exclusions_en: str
    not_applied: tuple[str, ...]
    not_applied_vi: str | None
    not_applied_en: str | None
    legal_basis_vi: str
    legal_basis_en: str
    certainty: str
    valid_from: date | None
    valid_to: date | None
    is_in_force: bool
    is_report_definition: bool
    numerator: int | None
    denominator: int | None
    rate_percent: float | None
    placed_otherwise_by_catalogue: int | None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """All definitions of one month and entity. ``is_closed``: the figures are those that were frozen, the filings today's."""

    month: str
    scope: str
    entity_code: str
    entity_name_vi: str
    publication: int
    is_closed: bool
    missing_agencies: int
    definitions: tuple[Definition, ...]

    @property
    def report(self) -> Definition:
        """The definition that the monthly report uses in the month."""
        return next(one for one in self.definitions if one.is_report_definition and one.is_in_force)


def compare_online_rates(
    publication: Publication, month: Month, entity: str | None = None, *, records: bool = False
) -> Comparison:
    """The online rate of a month by all definitions, each difference itemised by reason.

    Args:
        entity: code of an agency or group; default: the province.
        records: list the filings of each reason too.

    Raises:
        MetricError: no such month or entity in the publication, or its differences do not add up.
        WarehouseError: the publication's file is not there or damaged.
    """
    with open_published(publication.marts) as connection:
        rows = _value_rows(connection, month, entity)
        scope, code = rows[0]["scope"], rows[0]["entity_code"]
        filings = _filings(connection, month, scope, code) if records else None
        compared = Comparison(
            str(month),
            scope,
            code,
            rows[0]["entity_name_vi"],
            publication.number,
            is_closed(connection, month.first_day),
            rows[0]["missing_agencies"],
            tuple(_definition(row, _differences(connection, row, filings)) for row in rows),
        )
        _hold(connection, month, compared)
    return compared


def _value_rows(connection: duckdb.DuckDBPyConnection, month: Month, entity: str | None) -> list[dict[str, Any]]:
    # Names of the columns that both tables have are the mart's: what was frozen with a month is shown as it was.
    rows = read_rows(
        connection,
        f"select definitions.*, figures.* from {_VALUES} as figures "
        "inner join mart_metric_definitions as definitions using (metric_id, version) "
        "where month = ? and (entity_code = ? or (? is null and scope = 'province')) order by metric_id, version",
        [month.first_day, entity, entity],
    )
    if rows:
        return widest(rows)
    months = [
        str(Month.of(row["month"])) for row in read_rows(connection, f"select distinct month from {_VALUES} order by 1")
    ]
    if str(month) not in months:
        raise MetricError(f"no online rate of {month} in the publication; found {', '.join(months) or 'no month'}")
    codes = [
        row["entity_code"]
        for row in read_rows(
            connection,
            "select entity_code from mart_online_rates where month = ? order by scope desc, official_order, entity_code",
            [month.first_day],
        )
    ]
    raise MetricError(f"no entity {entity!r} in {month}; wanted one of {', '.join(codes)}")


def _definition(row: dict[str, Any], differences: tuple[Difference, ...]) -> Definition:
    columns = Definition.__dataclass_fields__.keys() - {"figure_id", "not_applied", "differences"}
    return Definition(
        **{name: row[name] for name in columns},
        figure_id=figure_id(_VALUES, (row[name] for name in _KEY), "rate_percent"),
        not_applied=tuple(row["not_applied"].split(",")) if row["not_applied"] else (),
        differences=differences,
    )


def _differences(
    connection: duckdb.DuckDBPyConnection, row: dict[str, Any], filings: dict[tuple[str, int, str], list[Filing]] | None
) -> tuple[Difference, ...]:
    found = read_rows(
        connection,
        "select reason_id, reason_name_vi as name_vi, reason_name_en as name_en, filing_count, leaves_numerator, "
        "enters_numerator, leaves_denominator, enters_denominator from mart_online_rate_definition_gaps "
        "where metric_id = ? and version = ? and month = ? and scope = ? and entity_code = ? order by reason_id",
        [row[name] for name in _KEY],
    )
    return tuple(
        Difference(
            **one,
            filings=None
            if filings is None
            else tuple(filings.get((row["metric_id"], row["version"], one["reason_id"]), ())),
        )
        for one in found
    )


def _filings(
    connection: duckdb.DuckDBPyConnection, month: Month, scope: str, code: str
) -> dict[tuple[str, int, str], list[Filing]]:
    """The filings that a definition and the report's place otherwise, by definition, version and reason."""
    found: dict[tuple[str, int, str], list[Filing]] = {}
    for row in read_rows(
        connection,
        f"""
        select gaps.metric_id, gaps.version, filings.source_id, filings.filing_id, filings.agency_code, gaps.reason_id
        from (select *, agency_code as entity_code from mart_online_rate_class_gaps where month = $month) as gaps
        inner join fct_filings as filings
            on gaps.month = filings.received_month and gaps.agency_code = filings.agency_code
            and gaps.channel_code = filings.channel_code and gaps.level_code is not distinct from filings.level_code
        inner join dim_procedures as procedures
            on filings.procedure_key = procedures.procedure_key
            and gaps.catalogue_level_code is not distinct from procedures.level_code
        where filings.is_received and {is_of_entity("gaps")}
        order by all
        """,
        {"month": month.first_day, "scope": scope, "code": code},
    ):
        key = (row["metric_id"], row["version"], row["reason_id"])
        found.setdefault(key, []).append(Filing(row["source_id"], row["filing_id"], row["agency_code"]))
    return found


def _hold(connection: duckdb.DuckDBPyConnection, month: Month, compared: Comparison) -> None:
    """Nothing that does not add up is shown. Whether it does, the publication's own checks have said."""
    if sum(one.is_report_definition and one.is_in_force for one in compared.definitions) != 1:
        raise MetricError(
            f"{compared.month}: wanted exactly one definition of the report in force; look: "
            f"dvctt rows --table mart_metric_definitions --published"
        )
    checks = [
        f"online_rate_{name}_is_report_and_reasons"
        for name in ("numerator", "denominator")
        if any(getattr(one, name) is not None for one in compared.definitions)
    ]
    where = f"online rate {compared.month} {compared.entity_code}"
    if problems := unexplained_totals(connection, month.first_day, compared.scope, compared.entity_code, checks):
        raise MetricError(f"{where}: {'; '.join(problems)}; {where_to_look(month)}")
    for one in compared.definitions:
        for difference in one.differences:
            listed = difference.filings
            if listed is not None and not compared.is_closed and len(listed) != difference.filing_count:
                raise MetricError(
                    f"{one.metric_id} {compared.month} {compared.entity_code}, {difference.reason_id}: "
                    f"{difference.filing_count} filings counted, {len(listed)} found in fct_filings"
                )


def as_text(compared: Comparison, *, all_definitions: bool) -> list[str]:
    """A comparison as lines for a terminal: what each definition says, then what makes it differ from the report's."""
    shown = compared.definitions if all_definitions else (compared.report,)
    lines = [
        f"{compared.entity_name_vi} ({compared.entity_code}), {compared.month}, publication {compared.publication}"
        + (f", {compared.missing_agencies} agencies without data, in no sum" if compared.missing_agencies else "")
        + (", closed: figures as they were frozen" if compared.is_closed else "")
    ]
    for one in shown:
        lines += ["", *_definition_lines(one)]
        if one is not compared.report or one.differences:
            lines += _difference_lines(one, compared)
    return lines


def _definition_lines(one: Definition) -> list[str]:
    span = f"{one.valid_from or '…'} to {one.valid_to or '…'}{'' if one.is_in_force else ', not in force in the month'}"
    lines = [
        f"{one.metric_id} version {one.version}{': the report uses this one' if one.is_report_definition else ''}",
        f"  {one.name_vi}",
        f"  {one.name_en}",
        f"  tử số:     {one.numerator_vi}",
        f"  mẫu số:    {one.denominator_vi}",
        f"  không tính: {one.exclusions_vi}",
        f"  căn cứ:    {one.legal_basis_vi}",
        f"  certainty: {one.certainty} ({words.word(one.certainty, words.DEFINITION_CERTAINTY, one.metric_id)})",
        f"  valid:     {span}",
        f"  value:     {rate_text(one.rate_percent, one.denominator)} = {_count(one.numerator)} / "
        f"{_count(one.denominator)}   [{one.figure_id}]",
    ]
    if one.not_applied:
        lines.append(f"  not applied ({', '.join(one.not_applied)}): {one.not_applied_vi}")
    if one.placed_otherwise_by_catalogue:
        lines.append(
            f"  level: {_filings_text(one.placed_otherwise_by_catalogue)} would have another place by the catalogue's level "
            f"than by their own, which is what counts"
        )
    return lines


def _difference_lines(one: Definition, compared: Comparison) -> list[str]:
    if one.numerator is None or one.denominator is None:
        return [f"  against the report: {formats.NO_DATA}"]
    if not one.differences:
        return ["  against the report: the same filings"]
    lines = ["  against the report:"]
    for difference in one.differences:
        lines.append(
            f"    {difference.reason_id}: {difference.name_vi}: {_filings_text(difference.filing_count)}; numerator "
            f"{_moved(difference, 'numerator')}, denominator {_moved(difference, 'denominator')}"
        )
        if difference.filings is not None:
            if len(difference.filings) != difference.filing_count:
                lines.append(
                    f"      the month is closed: {_filings_text(difference.filing_count)} when it was frozen, "
                    f"{_count(len(difference.filings))} in today's facts"
                )
            lines += [f"      {each.source_id} {each.agency_code} {each.filing_id}" for each in difference.filings]
    report = compared.report
    sums = [
        f"{name} {_count(getattr(report, name))} - {_count(_all(one.differences, f'leaves_{name}'))} + "
        f"{_count(_all(one.differences, f'enters_{name}'))} = {_count(getattr(one, name))}"
        for name in ("numerator", "denominator")
    ]
    return [*lines, f"    adds up: {'; '.join(sums)}"]


def _all(differences: Sequence[Difference], column: str) -> int:
    return sum(getattr(one, column) for one in differences)


def _moved(difference: Difference, name: str) -> str:
    leaves, enters = getattr(difference, f"leaves_{name}"), getattr(difference, f"enters_{name}")
    if leaves and enters:
        return f"-{_count(leaves)} and +{_count(enters)}"
    return f"-{_count(leaves)}" if leaves else f"+{_count(enters)}" if enters else "0"


def rate_text(rate: float | None, denominator: int | None) -> str:
    """A rate with two decimals, or why there is none: definitions may differ by less than the tenth that reports print."""
    if rate is None:
        return formats.NO_DATA if denominator is None else formats.NOT_DEFINED
    return formats.rate(rate, 2)


def _count(value: int | None) -> str:
    return "-" if value is None else formats.count(value)


def _filings_text(value: int) -> str:
    return f"{_count(value)} filing{'' if value == 1 else 's'}"
