"""The index of Decision 766 for one month and entity: groups, components, points, and what has none and why.

Reads one publication, writes nothing. What a component counts and how it turns into points is decided by the published
tables (mart_index_components and what it is built from), and whether it adds up by mart_additivity_checks; here it is only
put in order.
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
from dvctt.queries.reader import is_closed, unexplained_totals, where_to_look, widest
from dvctt.report.wording import formats
from dvctt.warehouse.connections import open_published, read_rows

MONTH = "month"
YEAR_TO_DATE = "year_to_date"

_CHECKS = {
    MONTH: ("index_points_are_sum_of_components", "index_groups_are_sum_of_components"),
    YEAR_TO_DATE: ("index_points_to_date_are_sum_of_components", "index_groups_to_date_are_sum_of_components"),
}
"""What must add up where a span has points."""
_COMPONENTS = "mart_index_components"
_KEY = ("month", "span", "scope", "entity_code", "component_id", "formula_version")
_SCORE_COLUMNS = (
    "total_score",
    "scored_max",
    "score_max",
    "portal_score",
    "portal_scored_max",
    "unscored_components",
    "missing_agencies",
    "is_complete",
    "band_id",
    "band_name_vi",
    "band_name_en",
    "rank_in_group",
    "ranked_among",
)


@dataclass(frozen=True)
class Component:
    """One component. ``points`` is None where there are none to give, for the reason that stands beside it."""

    component_id: str
    figure_id: str
    name_vi: str
    name_en: str
    source: str
    numerator: int | None
    denominator: int | None
    ratio_percent: float | None
    threshold_percent: float | None
    points: float | None
    points_max: float
    points_portal: float | None
    state: str
    reason_id: str | None
    reason_vi: str | None
    reason_en: str | None
    missing_agencies: int
    numerator_vi: str
    numerator_en: str
    denominator_vi: str
    denominator_en: str
    note_vi: str | None
    note_en: str | None
    legal_basis_vi: str
    legal_basis_en: str
    certainty: str

    @property
    def is_otherwise_on_portal(self) -> bool:
        """Whether the national portal would give other points for the same counts."""
        return self.points_portal is not None and self.points_portal != self.points


@dataclass(frozen=True)
class Group:
    """One of the six scores: the sum of its components' points, and the most that those components could give."""

    group_id: str
    name_vi: str
    name_en: str
    score: float | None
    scored_max: float
    score_max: float
    components: tuple[Component, ...]


@dataclass(frozen=True)
class Index:
    """One entity's index by one formula version. ``span`` is a month or January to the month."""

    month: str
    span: str
    scope: str
    entity_code: str
    entity_name_vi: str
    publication: int
    is_closed: bool
    formula_version: int
    is_in_force: bool
    total_score: float | None
    scored_max: float
    score_max: float
    portal_score: float | None
    portal_scored_max: float
    unscored_components: int
    missing_agencies: int
    is_complete: bool
    band_id: str | None
    band_name_vi: str | None
    band_name_en: str | None
    rank_in_group: int | None
    ranked_among: int | None
    groups: tuple[Group, ...]
    unknown_codes: tuple[str, ...]


def read_index(publication: Publication, month: Month, entity: str | None = None) -> tuple[Index, ...]:
    """The index of a month, of the month alone and of the year so far, by every formula version.

    Args:
        entity: code of an agency or group; default: the province.

    Raises:
        MetricError: no such month or entity in the publication, or scores that are not the sum of their components.
        WarehouseError: the publication's file is not there or damaged.
    """
    with open_published(publication.marts) as connection:
        scores = _score_rows(connection, month, entity)
        scope, code = scores[0]["scope"], scores[0]["entity_code"]
        components = read_rows(
            connection,
            # Of a closed month the figures are those that were frozen; words come from the definition of their version.
            f"select definitions.*, figures.* from {_COMPONENTS} as figures "
            "inner join mart_index_definitions as definitions using (component_id, formula_version) "
            "where month = ? and scope = ? and entity_code = ? order by span, formula_version, component_order",
            [month.first_day, scope, code],
        )
        closed = is_closed(connection, month.first_day)
        unknown = read_rows(
            connection,
            "select distinct source_component from aud_index_counts where month = ? and component_id is null "
            "and source_component is not null order by 1",
            [month.first_day],
        )
        found = tuple(
            _index(
                score,
                [row for row in components if _same(row, score)],
                publication.number,
                closed,
                tuple(row["source_component"] for row in unknown),
            )
            for score in scores
        )
        _hold(connection, month, found)
    return found


def _score_rows(connection: duckdb.DuckDBPyConnection, month: Month, entity: str | None) -> list[dict[str, Any]]:
    rows = read_rows(
        connection,
        "select * from mart_index_scores where month = ? and (entity_code = ? or (? is null and scope = 'province')) "
        "order by span, formula_version",
        [month.first_day, entity, entity],
    )
    if rows:
        return widest(rows)
    months = [
        str(Month.of(row["month"]))
        for row in read_rows(connection, "select distinct month from mart_index_scores order by 1")
    ]
    if str(month) not in months:
        raise MetricError(f"no index of {month} in the publication; found {', '.join(months) or 'no month'}")
    codes = [
        row["entity_code"]
        for row in read_rows(
            connection,
            "select entity_code from mart_index_scores where month = ? and span = 'month' "
            "group by scope, official_order, entity_code order by scope desc, official_order, entity_code",
            [month.first_day],
        )
    ]
    raise MetricError(f"no entity {entity!r} in {month}; wanted one of {', '.join(codes)}")


def _same(component: dict[str, Any], score: dict[str, Any]) -> bool:
    return all(component[name] == score[name] for name in ("span", "formula_version"))


def _index(
    score: dict[str, Any], rows: Sequence[dict[str, Any]], publication: int, closed: bool, unknown: tuple[str, ...]
) -> Index:
    groups = []
    for group_id in dict.fromkeys(row["group_id"] for row in rows):
        own = [row for row in rows if row["group_id"] == group_id]
        groups.append(
            Group(
                group_id,
                own[0]["group_name_vi"],
                own[0]["group_name_en"],
                score[f"{group_id}_score"],
                score[f"{group_id}_scored_max"],
                own[0]["group_points_max"],
                tuple(_component(row) for row in own),
            )
        )
    month: date = score["month"]
    return Index(
        month=str(Month.of(month)),
        publication=publication,
        is_closed=closed,
        groups=tuple(groups),
        unknown_codes=unknown,
        **{
            name: score[name]
            for name in (
                "span",
                "scope",
                "entity_code",
                "entity_name_vi",
                "formula_version",
                "is_in_force",
                *_SCORE_COLUMNS,
            )
        },
    )


def _component(row: dict[str, Any]) -> Component:
    columns = Component.__dataclass_fields__.keys() - {"figure_id"}
    return Component(
        **{name: row[name] for name in columns},
        figure_id=figure_id(_COMPONENTS, (row[name] for name in _KEY), "points"),
    )


def _hold(connection: duckdb.DuckDBPyConnection, month: Month, found: Sequence[Index]) -> None:
    """Nothing that does not add up is shown. Whether it does, the publication's own checks have said."""
    spans = {one.span for one in found if _has_points(one)}
    checks = [check for span, of_span in _CHECKS.items() if span in spans for check in of_span]
    scope, code = found[0].scope, found[0].entity_code
    if problems := unexplained_totals(connection, month.first_day, scope, code, checks):
        raise MetricError(f"index {month} {code}: {'; '.join(problems)}; {where_to_look(month)}")


def _has_points(index: Index) -> bool:
    points = (index.total_score, *(group.score for group in index.groups), *(one.points for one in _components(index)))
    return any(one is not None for one in points)


def points_text(value: float | None) -> str:
    """Points with two decimals, as the portal prints them: 19.240739 gives "19,24"; None gives "-"."""
    return "-" if value is None else formats.score(value)


def ratio_text(component: Component) -> str:
    """A component's ratio with two decimals, or why there is none."""
    if component.ratio_percent is not None:
        return formats.rate(component.ratio_percent, 2)
    return (
        formats.NOT_DEFINED if component.state == "not_applicable" or component.denominator == 0 else "không có dữ liệu"
    )


def _components(index: Index) -> list[Component]:
    return [one for group in index.groups for one in group.components]


def head_lines(index: Index) -> list[str]:
    """Whose index it is, and how much of it there is: lines for a terminal."""
    span = "the month" if index.span == MONTH else "January to the month"
    lines = [
        f"{index.entity_name_vi} ({index.entity_code}), {index.month}, {span}, publication {index.publication}"
        + (f", {index.missing_agencies} agencies without data, in no sum" if index.missing_agencies else "")
        + (", closed: figures as they were frozen" if index.is_closed else ""),
        f"formula version {index.formula_version}{'' if index.is_in_force else ', not in force in the month'}; "
        + ", ".join(dict.fromkeys(f"{one.certainty}: {one.legal_basis_vi}" for one in _components(index))),
        f"score: {points_text(index.total_score)} out of {points_text(index.scored_max)} that could be scored, of "
        f"{points_text(index.score_max)}; not scaled up",
    ]
    if index.is_complete:
        lines.append(f"band: {index.band_name_vi} ({index.band_id}; bands are recalled, not held against the text)")
    else:
        lines.append(
            f"band: none while the score is not complete ({index.unscored_components} components without points)"
        )
    if index.rank_in_group is not None:
        lines.append(
            f"rank: {index.rank_in_group} of {index.ranked_among} agencies of the group that have points for the same "
            f"components"
        )
    if index.portal_score != index.total_score:
        lines.append(
            f"the portal's rules: {points_text(index.portal_score)} out of {points_text(index.portal_scored_max)}"
        )
    return lines


def missing_lines(index: Index) -> list[str]:
    """What has no points, or others on the portal, and why: lines for a terminal."""
    components = _components(index)
    lines = []
    for vi, en in dict.fromkeys((one.reason_vi, one.reason_en) for one in components if one.reason_id is not None):
        names = ", ".join(one.component_id for one in components if one.reason_vi == vi)
        lines += [f"  {vi} ({en}):", f"    {names}"]
    for one in components:
        if one.points is not None and one.missing_agencies:
            lines.append(f"  {one.component_id}: {one.missing_agencies} agencies without data, in no sum")
        if one.is_otherwise_on_portal:
            lines.append(
                f"  {one.component_id}: the portal gives {points_text(one.points_portal)} of "
                f"{points_text(one.points_max)}, here {points_text(one.points)}"
            )
    lines += [
        f"  index_counts, code {code!r}: no component of the index is known by it; its rows are kept and in no score"
        for code in index.unknown_codes
    ]
    return ["what is missing, and why:", *lines] if lines else []
