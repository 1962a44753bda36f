"""The schema ``province`` of the candidate: what the checked folder says, as tables.

Most tables are a model of `dvctt.province.model` as it is; a class stands here where a row holds more than one object.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from dvctt.core.columns import Count
from dvctt.province.model import (
    Agency,
    AgencySuccession,
    DriftBand,
    ExpectedFeed,
    Province,
    PublishedFigure,
    QuarantineBudget,
    Target,
    ValueMapping,
)
from dvctt.warehouse.tables import write_table


@dataclass(frozen=True)
class ProvinceRow:
    province_code: str
    name_vi: str
    name_en: str
    first_day: date


@dataclass(frozen=True)
class GroupRow:
    group_code: str
    name_vi: str
    official_order: int
    name_en: str


@dataclass(frozen=True)
class FeedRow:
    """What one agency owes, or every agency (``*``)."""

    source_id: str
    entity: str
    agency_code: str
    due_working_day: int
    valid_from: date
    valid_to: date | None
    is_for_all: bool


@dataclass(frozen=True)
class SourceAgencyRow:
    """An agency that a source serves."""

    source_id: str
    agency_code: str


@dataclass(frozen=True)
class DateLimitRow:
    source_id: str
    limit_id: str
    limit_value: Count


def write_province(connection: duckdb.DuckDBPyConnection, province: Province) -> None:
    """Every table of the schema."""
    for name, (model, rows_of) in TABLES.items():
        write_table(connection, f"province.{name}", model, rows_of(province))


def _groups(province: Province) -> Iterator[GroupRow]:
    for order, group in enumerate(province.groups, start=1):
        yield GroupRow(group.code, group.name_vi, order, group.name_en)


def _feeds(province: Province) -> Iterator[FeedRow]:
    for feed in province.expected_feeds:
        for code in _owing(province, feed):
            yield FeedRow(
                feed.source_id,
                feed.entity,
                code,
                feed.due_working_day,
                feed.valid_from,
                feed.valid_to,
                is_for_all=feed.agency_code == "*",
            )


def _owing(province: Province, feed: ExpectedFeed) -> Sequence[str]:
    """Who owes a feed: ``*`` is every agency that its source serves, which are all where it does not say."""
    (source,) = [source for source in province.sources if source.id == feed.source_id]
    if feed.agency_code != "*" or not source.agencies:
        return [feed.agency_code]
    return sorted({agency.agency_code for agency in province.agencies if source.serves(agency)})


def _source_agencies(province: Province) -> Iterator[SourceAgencyRow]:
    for source in province.sources:
        for code in sorted({agency.agency_code for agency in province.agencies if source.serves(agency)}):
            yield SourceAgencyRow(source.id, code)


def _date_limits(province: Province) -> Iterator[DateLimitRow]:
    for source in province.sources:
        for limit, value in sorted(source.date_limits.items()):
            yield DateLimitRow(source.id, limit, value)


TABLES: Mapping[str, tuple[type, Callable[[Province], Iterable[object]]]] = {
    "province": (ProvinceRow, lambda it: [ProvinceRow(it.code, it.name_vi, it.name_en, it.first_day)]),
    "groups": (GroupRow, _groups),
    "quarantine_budget": (QuarantineBudget, lambda it: [it.quarantine_budget]),
    "value_map": (ValueMapping, lambda it: it.value_mappings),
    "agencies": (Agency, lambda it: it.agencies),
    "agency_successions": (AgencySuccession, lambda it: it.agency_successions),
    "targets": (Target, lambda it: it.targets),
    "expected_feeds": (FeedRow, _feeds),
    "source_agencies": (SourceAgencyRow, _source_agencies),
    "date_limits": (DateLimitRow, _date_limits),
    "drift_bands": (DriftBand, lambda it: it.drift_bands),
    "published_figures": (PublishedFigure, lambda it: it.published_figures),
}
"""Every table of the schema: the class of its rows, and how a province gives them."""
