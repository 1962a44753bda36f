"""Where one published figure comes from, and whether it comes out again: what an auditor asks, years later.

Reads publications, landing and closed months, and writes nothing but a temporary folder that it removes. Nothing here knows
a mart by name or a rule of counting: what a figure is made of is read off the definitions that its publication carries.
"""

import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from dvctt.core.errors import FigureError, PublishError, WarehouseError
from dvctt.core.figure_ids import key_text, unit_of
from dvctt.core.sql import day_literal, identifier, literal
from dvctt.landing.zone import active_extracts, landed_extracts
from dvctt.publications.reading import Publication, answer_problems, current_publication, refuse_damaged
from dvctt.publications.store import listed
from dvctt.queries.lookup import Figure, find_figure
from dvctt.queries.reader import columns_by_table, condition_of, is_same, publication_asked_for
from dvctt.report.wording.caveats import words_of
from dvctt.settings import Settings
from dvctt.warehouse.connections import open_published, read_rows
from dvctt.warehouse.definitions import FOLDER, Node, read_definitions
from dvctt.warehouse.previous import read_closed

log = logging.getLogger(__name__)


_UNIT_WORDS = {"percent": "per cent", "percentage_points": "percentage points", "VND": "VND"}
_OWN_UNIT = ("published_value", "lower_bound", "upper_bound", "computed_value")
"""Columns whose unit stands in the row, in ``unit``."""
_RESTATEMENTS = "mart_restatements"


@dataclass(frozen=True)
class Model:
    """One model that a figure is built from; ``rows`` where it is published, else None."""

    name: str
    layer: str
    description: str
    inputs: tuple[str, ...]
    rows: int | None
    sql: str


@dataclass(frozen=True)
class Input:
    """One extract that can have touched a figure, as its publication lists it and as it lies in landing.

    ``in_use`` is False for a version that a newer file of the same name replaced, None where landing no longer has it;
    ``fact_rows`` are the rows of the figure's months and agencies by fact table.
    """

    extract_id: str
    source: str
    entity: str
    month: str
    rows: int
    sha256: str
    parquet_sha256: str | None
    file_name: str | None
    landed_at: str | None
    parquet: str | None
    in_use: bool | None
    fact_rows: Mapping[str, int]


@dataclass(frozen=True)
class File:
    """One small input that travels with the publication: a table of the province folder, the past, a seed."""

    name: str
    file: str
    sha256: str | None


@dataclass(frozen=True)
class Explanation:
    """Everything that is known of one figure; every part may be printed as JSON."""

    figure: Figure
    description: str
    mart_description: str
    unit: str | None
    query: str
    publication: Mapping[str, Any]
    sql: str
    models: tuple[Model, ...]
    scope: Mapping[str, Any]
    inputs: tuple[Input, ...]
    set_aside: tuple[Mapping[str, Any], ...]
    files: tuple[File, ...]
    checks: tuple[Mapping[str, Any], ...]
    other_checks: Mapping[str, int]
    caveats: tuple[Mapping[str, Any], ...]
    history: tuple[Mapping[str, Any], ...]
    restatements: tuple[Mapping[str, Any], ...]
    closed: Mapping[str, Any] | None


def explain(settings: Settings, text: str, number: int | None = None) -> Explanation:
    """All that is known of the figure with this id, in one publication, the current one if none is named.

    Raises:
        FigureError: the id names no figure of the publication; says what there is.
        PublishError: no such publication, it carries no definitions, or its marts.duckdb is not what was published.
    """
    publication = publication_asked_for(settings, number)
    refuse_damaged(publication)
    nodes = read_definitions(publication.folder)
    figure = find_figure(publication, text, nodes)
    by_name = {node.name: node for node in nodes}
    chain = chain_of_models(by_name, figure.mart)
    leaves = sorted({name for node in chain for name in node.inputs} - by_name.keys())
    history = tuple(_history(settings, figure))  # opens one publication after the other
    with open_published(publication.marts) as connection:
        columns = columns_by_table(connection)
        around = _Surroundings(connection, columns, figure)
        facts = _nearest_facts(by_name, figure.mart, columns)
        fact_rows = {fact: around.rows_by_extract(fact) for fact in facts}
        entities = {leaf for fact in facts for leaf in _leaves(by_name, fact)}
        return Explanation(
            figure=figure,
            description=_comment(connection, figure),
            mart_description=by_name[figure.mart].description.strip(),
            unit=_unit(figure),
            query=_query_of(figure),
            publication=_about(settings, publication),
            sql=by_name[figure.mart].sql.strip(),
            models=tuple(
                Model(
                    node.name,
                    node.layer.removeprefix("layer_"),
                    node.description.strip(),
                    node.inputs,
                    publication.manifest["row_counts"].get(node.name) if node.published else None,
                    node.sql.strip(),
                )
                for node in chain
            ),
            scope=around.described(),
            inputs=tuple(_inputs(settings, publication, leaves, fact_rows)),
            set_aside=tuple(around.set_aside(entities)) if "fct_quarantined_rows" in columns else (),
            files=tuple(_files(publication, leaves)),
            checks=tuple(_checks(publication, by_name, chain)),
            other_checks=_other_checks(publication, by_name, chain),
            caveats=tuple(around.caveats(by_name)),
            history=history,
            restatements=tuple(around.restatements()),
            closed=_closed(settings, publication, figure),
        )


def _comment(connection: duckdb.DuckDBPyConnection, figure: Figure) -> str:
    found = connection.execute(
        "select comment from duckdb_columns() where schema_name = 'main' and table_name = ? and column_name = ?",
        [figure.mart, figure.column],
    ).fetchone()
    return str(found[0]) if found and found[0] else ""


def _unit(figure: Figure) -> str | None:
    if figure.column in _OWN_UNIT and figure.row.get("unit"):
        return str(figure.row["unit"])
    unit = unit_of(figure.column)
    return _UNIT_WORDS.get(unit) or (unit if figure.type == "BIGINT" else None)


def _query_of(figure: Figure) -> str:
    conditions = []
    for name, value in figure.key.items():
        if value is None:
            conditions.append(f"{name} is null")
        elif isinstance(value, (int, float)):
            conditions.append(f"{name} = {value}")
        else:
            conditions.append(f"{name} = {day_literal(value) if isinstance(value, date) else literal(str(value))}")
    return f"select {figure.column} from {figure.mart} where {' and '.join(conditions)}"


def chain_of_models(by_name: Mapping[str, Node], name: str) -> list[Node]:
    """The model and all that it is built from, in the order of building."""
    wanted, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        if one in by_name and one not in wanted:
            wanted.add(one)
            waiting += by_name[one].inputs
    return [node for node in by_name.values() if node.name in wanted]


def _leaves(by_name: Mapping[str, Node], name: str) -> set[str]:
    """The landed entities that a model is built from, by name."""
    return {
        leaf.removeprefix("landing.")
        for node in chain_of_models(by_name, name)
        for leaf in node.inputs
        if leaf.startswith("landing.") and leaf != "landing.extracts"
    }


def _read_by(by_name: Mapping[str, Node], names: Sequence[str], published: Collection[str]) -> set[str]:
    """The published models that models read: what is not published is a step of whoever reads it, not a model between."""
    found, passed = set[str](), set[str]()
    waiting = [name for one in names for name in by_name[one].inputs]
    while waiting:
        name = waiting.pop()
        if name in published and name in by_name:
            found.add(name)
        elif name in by_name and name not in passed:
            passed.add(name)
            waiting += by_name[name].inputs
    return found


def _nearest_facts(by_name: Mapping[str, Node], mart: str, columns: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The published tables with an extract in every row that the mart reads itself, or else reads through the fewest models.

    Rows that were set aside are not counted, so their table is none of them.
    """
    level, seen = [mart], {mart}
    while level:
        facts = [
            name for name in level if "extract_id" in columns.get(name, {}) and "quarantine_reason" not in columns[name]
        ]
        if facts:
            return sorted(facts)
        level = sorted(_read_by(by_name, level, columns) - seen)
        seen |= set(level)
    return []


class _Surroundings:
    """What stands around a figure in its own publication: the rows of its months and agencies, the caveats, the changes."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, columns: Mapping[str, Mapping[str, str]], figure: Figure
    ) -> None:
        self._connection = connection
        self._columns = columns
        self._figure = figure
        self._periods = tuple(_periods(figure))
        groups = connection.execute("select distinct group_code from dim_agencies").fetchall()
        self._scope, self._entities = _whom(figure, {str(code) for (code,) in groups})

    def described(self) -> dict[str, Any]:
        """Which months and whom the rows are narrowed to; empty where the figure does not say."""
        return {
            "periods": [
                key_text(end) if start == end else f"{'' if start is None else key_text(start)}..{key_text(end)}"
                for start, end in self._periods
            ],
            "scope": self._scope,
            "codes": sorted(self._entities),
        }

    def rows_by_extract(self, fact: str) -> dict[str, int]:
        """Rows of a fact table in the figure's months and agencies, by extract."""
        condition, parameters = self._narrowed(fact)
        found = self._connection.execute(
            f"select extract_id, count(*) from {identifier(fact)} where {condition} group by all order by all",
            parameters,
        ).fetchall()
        return {str(extract): int(rows) for extract, rows in found}

    def set_aside(self, entities: set[str]) -> list[dict[str, Any]]:
        """Rows of the figure's months and agencies that are in no figure, by extract and reason."""
        condition, parameters = self._narrowed("fct_quarantined_rows")
        return read_rows(
            self._connection,
            "select extract_id, entity, quarantine_reason, reason_name_vi, count(*) as rows from fct_quarantined_rows "
            f"where {condition} and entity in (select unnest(?)) group by all order by all",
            [*parameters, sorted(entities)],
        )

    def caveats(self, by_name: Mapping[str, Node]) -> list[dict[str, Any]]:
        """What the mart, or else the nearest one that has caveats, says of the same entity in the figure's months."""
        level, seen = [self._figure.mart], {self._figure.mart}
        while level:
            found = [
                name
                for name in level
                if {"month", "entity_code"} <= self._columns.get(name, {}).keys() and self._caveat_columns(name)
            ]
            if found:
                return [row for name in found for row in self._caveats_of(name)]
            level = sorted(_read_by(by_name, level, self._columns) - seen)
            seen |= set(level)
        return []

    def _caveat_columns(self, mart: str) -> list[str]:
        """The mart's column of caveats; of an older publication its words."""
        return [name for name in ("caveats_json", "caveat_vi") if name in self._columns[mart]][:1]

    def _caveats_of(self, mart: str) -> list[dict[str, Any]]:
        condition, parameters = self._months(["month"])
        if self._scope in ("agency", "group"):
            condition += " and scope = ? and entity_code in (select unnest(?))"
            parameters += [self._scope, sorted(self._entities)]
        else:
            condition += " and scope = 'province'"
        [column] = self._caveat_columns(mart)
        found = read_rows(
            self._connection,
            f"select distinct {literal(mart)} as mart, month, entity_name_vi, {column} from {identifier(mart)} "
            f"where {condition} and {column} is not null order by all",
            parameters,
        )
        return [
            {name: row[name] for name in ("mart", "month", "entity_name_vi")} | {"caveat_vi": words_of(row)}
            for row in found
        ]

    def restatements(self) -> list[dict[str, Any]]:
        """How earlier publications changed the figure, with the causes; empty where the publication has no such mart."""
        key = {name: self._figure.key[name] for name in ("month", "scope", "entity_code") if name in self._figure.key}
        if _RESTATEMENTS not in self._columns or len(key) < len(("month", "scope", "entity_code")):
            return []
        condition, parameters = condition_of({**key, "metric": self._figure.column})
        return read_rows(
            self._connection, f"select * from {_RESTATEMENTS} where {condition} order by to_publication", parameters
        )

    def _narrowed(self, table: str) -> tuple[str, list[Any]]:
        columns = self._columns[table]
        months = [
            name for name, kind in columns.items() if kind == "DATE" and (name == "month" or name.endswith("_month"))
        ]
        condition, parameters = self._months(months)
        if "agency_code" in columns and self._scope == "agency":
            condition += " and agency_code in (select unnest(?))"
            parameters.append(sorted(self._entities))
        elif "agency_code" in columns and self._scope == "group":
            condition += (
                " and agency_code in (select agency_code from dim_agencies where group_code in (select unnest(?)))"
            )
            parameters.append(sorted(self._entities))
        return condition, parameters

    def _months(self, columns: Sequence[str]) -> tuple[str, list[Any]]:
        alternatives: list[str] = []
        parameters: list[Any] = []
        for start, end in self._periods:
            for column in columns:
                alternatives.append(f"({column} <= ?" + (f" and {column} >= ?)" if start else ")"))
                parameters += [end, start] if start else [end]
        return f"({' or '.join(alternatives)})" if alternatives else "true", parameters


def _periods(figure: Figure) -> Iterator[tuple[date | None, date]]:
    """First and last day of what a figure speaks about, as its row says; a figure to date begins with the year."""
    month = figure.row.get("month")
    if isinstance(month, date):
        yield (month.replace(month=1) if figure.column.startswith("ytd_") else month), month
    for name in ("period", "baseline"):
        start, end = figure.row.get(f"{name}_start"), figure.row.get(f"{name}_end")
        if end is not None:
            yield (start.replace(day=1) if start else None), end


def _whom(figure: Figure, groups: set[str]) -> tuple[str | None, set[str]]:
    """Whose rows a figure counts: ``agency`` or ``group`` with codes, or the whole province, or (None) nobody's."""
    row = figure.row
    named = {str(figure.key[name]) for name in ("group_code", "other_group_code") if name in figure.key}
    if named:
        return "group", named
    scope, code = row.get("scope"), row.get("entity_code")
    if scope in ("agency", "group") and code is not None:
        return str(scope), {str(code)}
    if scope in groups:
        return "group", {str(scope)}
    if "agency_code" in figure.key:
        return "agency", {str(figure.key["agency_code"])}
    return ("province", {str(code)} if code is not None else set()) if scope == "province" else (None, set())


def _about(settings: Settings, publication: Publication) -> dict[str, Any]:
    manifest = publication.manifest
    current = current_publication(settings.published)
    names = (
        "published_at",
        "province",
        "month",
        "run_id",
        "verdict",
        "software_version",
        "definitions",
        "province_digest",
    )
    return {
        "number": publication.number,
        "is_current": current is not None and current.number == publication.number,
        **{name: manifest.get(name) for name in names},
        "folder": str(publication.folder),
        "problems": answer_problems(publication),
    }


def _inputs(
    settings: Settings, publication: Publication, leaves: Sequence[str], fact_rows: Mapping[str, Mapping[str, int]]
) -> Iterator[Input]:
    entities = {leaf.removeprefix("landing.") for leaf in leaves if leaf.startswith("landing.")} - {"extracts"}
    ids = {extract["extract_id"] for extract in publication.manifest["extracts"]}
    landed = {extract.extract_id: extract for extract in landed_extracts(settings.landing) if extract.extract_id in ids}
    in_use = {extract.extract_id for extract in active_extracts(landed.values())}
    for entry in publication.manifest["extracts"]:
        if entities and entry["entity"] not in entities:
            continue
        extract = landed.get(entry["extract_id"])
        content_id = extract.content_id if extract else entry["extract_id"]
        used = entry["extract_id"] in in_use if extract else None
        yield Input(
            extract_id=entry["extract_id"],
            source=entry["source"],
            entity=entry["entity"],
            month=entry["month"],
            rows=entry["rows"],
            sha256=entry["sha256"],
            parquet_sha256=entry.get("parquet_sha256"),
            file_name=extract.file_name if extract else None,
            landed_at=extract.finished_at if extract else None,
            parquet=str(extract.parquet(settings.landing)) if extract else None,
            in_use=used,
            fact_rows={}
            if used is False
            else {fact: rows[content_id] for fact, rows in fact_rows.items() if content_id in rows},
        )


def _files(publication: Publication, leaves: Sequence[str]) -> Iterator[File]:
    hashes = publication.manifest["files"]
    for leaf in leaves:
        if leaf.startswith("landing."):
            continue
        name = f"{FOLDER}/{'inputs' if '.' in leaf else 'seeds'}/{leaf}.parquet"
        yield File(leaf, name, hashes[name]["sha256"] if name in hashes else None)


def _verdict(publication: Publication) -> list[dict[str, Any]]:
    try:
        return list(json.loads(publication.verdict.read_text(encoding="utf-8"))["checks"])
    except (OSError, ValueError, KeyError) as error:
        raise PublishError(
            f"{publication.verdict}: cannot be read: {error}; look: dvctt publications verify {publication.number}"
        ) from error


def _touches(by_name: Mapping[str, Node], chain: Sequence[Node], table: str) -> bool:
    """Whether an audit table watches rows that the figure is built from: both read a model of the same landed rows."""
    carriers = {node.name for node in chain if _leaves(by_name, node.name)}
    return bool({node.name for node in chain_of_models(by_name, table)} & carriers)


def _checks(publication: Publication, by_name: Mapping[str, Node], chain: Sequence[Node]) -> Iterator[dict[str, Any]]:
    names = ("id", "table", "severity", "status", "rows_seen", "failing_rows_total", "title_vi")
    near: dict[str, bool] = {}
    for check in _verdict(publication):
        table = check["table"]
        if near.setdefault(table, _touches(by_name, chain, table)):
            yield {name: check.get(name) for name in names}


def _other_checks(publication: Publication, by_name: Mapping[str, Node], chain: Sequence[Node]) -> dict[str, int]:
    """How many checks watch other rows, or the gate itself, by how they ended."""
    listed_here = {check["id"] for check in _checks(publication, by_name, chain)}
    others = [check["status"] for check in _verdict(publication) if check["id"] not in listed_here]
    return {status: others.count(status) for status in sorted(set(others))}


def _history(settings: Settings, figure: Figure) -> Iterator[dict[str, Any]]:
    """The figure in every publication that is still there, oldest first: where it first stood, and where it changed."""
    before: Any = _history  # no figure equals it
    for publication in listed(settings.published):
        try:
            refuse_damaged(publication)
            value = find_figure(publication, figure.figure_id).value
        except FigureError as error:
            log.info("publication %d does not tell of %s: %s", publication.number, figure.figure_id, error)
            continue
        except (PublishError, WarehouseError) as error:
            log.warning("publication %d does not tell of %s: %s", publication.number, figure.figure_id, error)
            continue
        if not is_same(before, value):
            yield {
                "publication": publication.number,
                "published_at": publication.manifest["published_at"],
                "value": value,
            }
        before = value


def _closed(settings: Settings, publication: Publication, figure: Figure) -> dict[str, Any] | None:
    month = figure.row.get("month")
    if not isinstance(month, date):
        return None
    revision = publication.manifest.get("closed_months", {}).get(key_text(month))
    if revision is None:
        return None
    closed = read_closed(settings.closed / key_text(month) / str(revision))
    return {
        "month": closed.month,
        "revision": closed.revision,
        "publication": closed.publication,
        "closed_at": closed.closed_at,
        "approved_by": closed.approved_by,
        "waived": [dict(feed) for feed in closed.waived],
    }
