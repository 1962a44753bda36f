"""Where one published figure comes from, and whether it comes out again: what an auditor asks, years later.

Reads publications, landing and closed months, and writes nothing but a temporary folder that it removes. Nothing here knows
a mart by name or a rule of counting: what a figure is made of is read off the definitions that its publication carries.
"""

import difflib
import json
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.errors import FigureError, PublishError, WarehouseError
from dvctt.core.figure_ids import figure_id, key_text, parse, unit_of
from dvctt.landing.zone import active_extracts, landed_extracts
from dvctt.publications.publish import Publication, answer_problems, current_publication, refuse_damaged
from dvctt.publications.rebuild import Difference, compare, rebuild
from dvctt.publications.store import find, listed
from dvctt.report.wording import formats
from dvctt.settings import Settings
from dvctt.warehouse.definitions import FOLDER, Node, read_definitions
from dvctt.warehouse.foundation import open_published
from dvctt.warehouse.previous import read_closed

log = logging.getLogger(__name__)

_SHOWN = 20
"""How many of the values that there are an error names."""
_UNIT_WORDS = {"percent": "per cent", "percentage_points": "percentage points", "VND": "VND"}
_OWN_UNIT = ("published_value", "lower_bound", "upper_bound", "computed_value")
"""Columns whose unit stands in the row, in ``unit``."""
_RESTATEMENTS = "mart_restatements"


@dataclass(frozen=True)
class Figure:
    """One figure in one publication. ``row`` is the whole row of the mart, ``key`` its primary key, ``type`` DuckDB's."""

    figure_id: str
    mart: str
    key: Mapping[str, Any]
    column: str
    type: str
    value: Any
    row: Mapping[str, Any]


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


@dataclass(frozen=True)
class Reproduction:
    """A figure beside the same figure built again from landing. ``differences`` are the published tables on its way that
    differ, in the order of building, if it does; ``problems`` the files of the publication that are not as its manifest says.
    """

    figure: Figure
    publication: int
    rebuilt: Any
    identical: bool
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]


def explain(settings: Settings, text: str, number: int | None = None) -> Explanation:
    """All that is known of the figure with this id, in one publication, the current one if none is named.

    Raises:
        FigureError: the id names no figure of the publication; says what there is.
        PublishError: no such publication, it carries no definitions, or its marts.duckdb is not what was published.
    """
    publication = _publication(settings, number)
    refuse_damaged(publication)
    nodes = read_definitions(publication.folder)
    figure = find_figure(publication, text, nodes)
    by_name = {node.name: node for node in nodes}
    chain = _chain(by_name, figure.mart)
    leaves = sorted({name for node in chain for name in node.inputs} - by_name.keys())
    with open_published(publication.marts) as connection:
        columns = _columns(connection)
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
            history=tuple(_history(settings, figure)),
            restatements=tuple(around.restatements()),
            closed=_closed(settings, publication, figure),
        )


def reproduce(settings: Settings, text: str, number: int | None = None, *, folder: Path | None = None) -> Reproduction:
    """Build what a figure is made of again from landing, by its publication's own definitions, and compare the figure.

    Args:
        folder: where the temporary folder is made; default: the system's.

    Raises:
        FigureError: the id names no figure of the publication.
        LandingError: landing no longer holds what the publication was made of.
        PublishError: no such publication, or it cannot be rebuilt.
    """
    publication = _publication(settings, number)
    nodes = read_definitions(publication.folder)
    figure = find_figure(publication, text, nodes)
    chain = _chain({node.name: node for node in nodes}, figure.mart)
    published = [node.name for node in chain if node.published]
    with tempfile.TemporaryDirectory(prefix="dvctt-reproduce-", dir=folder) as made:
        rebuilt = rebuild(settings, publication, Path(made), models={node.name for node in chain})
        with duckdb.connect(str(rebuilt), read_only=True) as connection:
            row = _row(connection, figure.mart, figure.key)
        identical = row is not None and _same(row[figure.column], figure.value)
        differences = [] if identical else [d for d in compare(publication, rebuilt, tables=published) if d.differs]
    return Reproduction(
        figure,
        publication.number,
        row[figure.column] if row is not None else None,
        identical,
        tuple(sorted(differences, key=lambda difference: published.index(difference.table))),
        tuple(answer_problems(publication)),
    )


def as_text(explanation: Explanation) -> list[str]:
    """An explanation as lines for a terminal: the figure first, then what it means, where it stands and what it is made of."""
    figure, publication = explanation.figure, explanation.publication
    lines = [
        figure.figure_id,
        f"  {_value_text(figure.value, explanation.unit)}",
        *_section(
            "Meaning", [f"{figure.column}: {explanation.description}", f"{figure.mart}: {explanation.mart_description}"]
        ),
        *_section("Publication", _publication_lines(publication)),
        *_section("Ask the published file yourself (marts.duckdb)", [explanation.query]),
        *_section("Caveats", _caveat_lines(explanation)),
        *_section("Closed", _closed_lines(explanation.closed)),
        *_section("In the publications that are here, where it changed", _history_lines(explanation)),
        *_section("Landed files that the figure's rows came from", _own_input_lines(explanation)),
        *_section("Other landed files that its models read", _other_input_lines(explanation)),
        *_section(
            "Inputs that are not landing, as the publication keeps them",
            [
                f"{file.name:<32} sha256 {file.sha256 or '- (a table of the publication before)'}"
                for file in explanation.files
            ],
        ),
        *_section("Checks of the gate over the same rows", _check_lines(explanation)),
        *_section(
            "Models, in the order of building",
            [
                f"{model.name:<32} {'' if model.rows is None else f'{model.rows} rows':>12}  from {', '.join(model.inputs)}"
                for model in explanation.models
            ],
        ),
        *_section(f"SQL of {figure.mart}", explanation.sql.splitlines()),
        "",
        f"rebuild it: dvctt reproduce {figure.figure_id} --publication {publication['number']}",
    ]
    return [line.rstrip() for line in lines]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, "-" * len(title), *(f"  {line}" for line in lines or ["none"])]


def _value_text(value: Any, unit: str | None) -> str:
    if value is None:
        return "NULL: the publication has no such figure (không có, or chưa có dữ liệu)"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    # As offices write it, and as machines do: who reads only English must not take 4.462 for a fraction.
    return f"{formats.exact(value)} {unit or ''}".strip() + f" (exactly {value!r})"


def _publication_lines(publication: Mapping[str, Any]) -> list[str]:
    return [
        f"number {publication['number']}{' (current)' if publication['is_current'] else ''}, published at "
        f"{publication['published_at']} by run {publication['run_id']}, month {publication['month']}",
        f"verdict {publication['verdict']}; software {publication['software_version']}",
        f"definitions     sha256 {publication['definitions']}",
        f"province folder sha256 {publication['province_digest']}",
        f"folder {publication['folder']}",
        *(f"NOT AS PUBLISHED: {problem}" for problem in publication["problems"]),
    ]


def _caveat_lines(explanation: Explanation) -> list[str]:
    return [f"{key_text(row['month'])} {row['entity_name_vi']}: {row['caveat_vi']}" for row in explanation.caveats]


def _closed_lines(closed: Mapping[str, Any] | None) -> list[str]:
    if closed is None:
        return ["no: this publication does not hold the figure's month as closed"]
    waived = [f"waived: {', '.join(f'{name} {value}' for name, value in feed.items())}" for feed in closed["waived"]]
    return [
        f"month {closed['month']}, revision {closed['revision']}, of publication {closed['publication']}; closed at "
        f"{closed['closed_at']}, approved by {closed['approved_by']}",
        *waived,
    ]


def _history_lines(explanation: Explanation) -> list[str]:
    stands = [
        f"publication {step['publication']:>4}, {step['published_at']}: {_value_text(step['value'], explanation.unit)}"
        for step in explanation.history
    ]
    changes = [
        "restated: " + ", ".join(f"{name} {value}" for name, value in row.items() if value not in (None, 0))
        for row in explanation.restatements
    ]
    return stands + changes


def _own_input_lines(explanation: Explanation) -> list[str]:
    scope = explanation.scope
    whom = f"{scope['scope'] or 'everything'} {', '.join(scope['codes'])}".strip()
    return [
        f"fact rows of {', '.join(scope['periods']) or 'all time'}, {whom}; which of them count is said by the SQL below",
        *(line for one in explanation.inputs if one.fact_rows for line in _input_lines(one)),
        *(
            f"set aside, in no figure: {row['rows']} rows of {row['extract_id']}: {row['quarantine_reason']} "
            f"({row['reason_name_vi']})"
            for row in explanation.set_aside
        ),
    ]


def _other_input_lines(explanation: Explanation) -> list[str]:
    return [line for one in explanation.inputs if not one.fact_rows for line in _input_lines(one)]


def _input_lines(one: Input) -> list[str]:
    used = {True: "", False: "; replaced by a newer file of this name", None: "; NO LONGER IN LANDING"}[one.in_use]
    counted = "".join(f"; {rows} rows in {fact}" for fact, rows in one.fact_rows.items())
    return [
        f"{one.extract_id}: {one.entity} of {one.month}, file {one.file_name or '?'}, landed {one.landed_at or '?'}, "
        f"{one.rows} rows{counted}{used}",
        f"    source's file sha256 {one.sha256}",
        f"    landed file   sha256 {one.parquet_sha256 or '- (not recorded when it landed)'}",
    ]


def _check_lines(explanation: Explanation) -> list[str]:
    others = ", ".join(f"{count} {status}" for status, count in explanation.other_checks.items())
    return [
        *(
            f"{check['status']:<15} {check['severity']:<8} {check['rows_seen']:>6} rows  {check['id']}: {check['title_vi']}"
            for check in explanation.checks
        ),
        f"and of other rows, or of the gate itself: {others or 'none'}",
    ]


def find_figure(publication: Publication, text: str, nodes: Sequence[Node] | None = None) -> Figure:
    """The figure with this id in one publication.

    Args:
        nodes: the publication's definitions, if they have been read already.

    Raises:
        FigureError: no such table, column or key; the message says what there is, the nearest first.
    """
    nodes = read_definitions(publication.folder) if nodes is None else nodes
    with open_published(publication.marts) as connection:
        return Lookup(publication.number, nodes, connection).find(text)


class Lookup:
    """Finds figures in one publication by their ids."""

    def __init__(self, number: int, nodes: Sequence[Node], connection: duckdb.DuckDBPyConnection) -> None:
        self._where = f"publication {number}"
        self._keys = {node.name: node.primary_key for node in nodes if node.published and node.primary_key}
        self._connection = connection
        self._columns = _columns(connection)

    def find(self, text: str) -> Figure:
        """The figure with this id.

        Raises:
            FigureError: no such table, column or key; the message says what there is, the nearest first.
        """
        mart, texts, column = parse(text)
        if mart not in self._keys:
            raise FigureError(f"{text}: {self._where} has no table {mart!r}; {_instead(mart, self._keys)}")
        names, types = self._keys[mart], self._columns[mart]
        if column not in types:
            raise FigureError(f"{text}: {self._where}: {mart} has no column {column!r}; {_instead(column, types)}")
        if len(texts) != len(names):
            raise FigureError(
                f"{text}: {self._where}: found {len(texts)} key values, wanted {len(names)}: "
                f"{mart}/{'/'.join(f'<{name}>' for name in names)}/{column}"
            )
        key: dict[str, Any] = {}
        for name, wanted in zip(names, texts, strict=True):
            key[name] = self._key_value(mart, key, name, wanted, text)
        row = _row(self._connection, mart, key)
        if row is None:
            raise FigureError(f"{text}: {self._where}: {mart} has no row {key}")
        return Figure(figure_id(mart, key.values(), column), mart, key, column, types[column], row[column], row)

    def _key_value(self, mart: str, before: Mapping[str, Any], name: str, wanted: str | None, text: str) -> Any:
        """The value of one key column that an id's text stands for, among the rows that the columns before it leave."""
        condition, parameters = _condition(before)
        found = [
            value
            for (value,) in self._connection.execute(
                f'select distinct "{name}" from "{mart}" where {condition} order by all', parameters
            ).fetchall()
        ]
        for value in found:
            if value is None or wanted is None:
                if value is wanted:
                    return value
            elif wanted in (key_text(value), str(value)):  # the first of a month may be written out, too
                return value
        there = ["-" if value is None else key_text(value) for value in found]
        known = "".join(f", {column} {'-' if value is None else key_text(value)}" for column, value in before.items())
        raise FigureError(
            f"{text}: {self._where}: {mart}{known}: no {name} {'-' if wanted is None else wanted!r}; "
            f"{_instead(wanted or '-', there)}"
        )


def _instead(wanted: str, there: Iterable[str]) -> str:
    """What there is in place of a name that is not there, the nearest first."""
    names = list(dict.fromkeys(there))
    near = difflib.get_close_matches(wanted, names, n=3)
    shown = names[:_SHOWN] + ([f"… {len(names) - _SHOWN} more"] if len(names) > _SHOWN else [])
    return (f"did you mean {', '.join(near)}? " if near else "") + f"there are: {', '.join(shown) or 'none'}"


def _publication(settings: Settings, number: int | None) -> Publication:
    if number is not None:
        return find(settings.published, number)
    current = current_publication(settings.published)
    if current is None:
        raise PublishError(f"{settings.published}: no publication yet; wanted one that passed its gate: make run")
    return current


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Every published table: its columns and their types."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'main' and not internal order by table_name, column_index"
    ).fetchall():
        tables.setdefault(table, {})[column] = kind
    return tables


def _condition(key: Mapping[str, Any]) -> tuple[str, list[Any]]:
    return " and ".join([f'"{name}" is not distinct from ?' for name in key] or ["true"]), list(key.values())


def _row(connection: duckdb.DuckDBPyConnection, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
    condition, parameters = _condition(key)
    found = _rows(connection, f'select * from "{table}" where {condition}', parameters)
    return found[0] if found else None


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, list(parameters))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (one == other or (one != one and other != other))


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
            escaped = str(value).replace("'", "''")
            conditions.append(f"{name} = {'date ' if isinstance(value, date) else ''}'{escaped}'")
    return f"select {figure.column} from {figure.mart} where {' and '.join(conditions)}"


def _chain(by_name: Mapping[str, Node], name: str) -> list[Node]:
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
        for node in _chain(by_name, name)
        for leaf in node.inputs
        if leaf.startswith("landing.") and leaf != "landing.extracts"
    }


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
        level = sorted({name for one in level for name in by_name[one].inputs if name in by_name} - seen)
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
            f'select extract_id, count(*) from "{fact}" where {condition} group by all order by all', parameters
        ).fetchall()
        return {str(extract): int(rows) for extract, rows in found}

    def set_aside(self, entities: set[str]) -> list[dict[str, Any]]:
        """Rows of the figure's months and agencies that are in no figure, by extract and reason."""
        condition, parameters = self._narrowed("fct_quarantined_rows")
        return _rows(
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
                name for name in level if {"caveat_vi", "month", "entity_code"} <= self._columns.get(name, {}).keys()
            ]
            if found:
                return [row for name in found for row in self._caveats_of(name)]
            level = sorted({name for one in level for name in by_name[one].inputs if name in by_name} - seen)
            seen |= set(level)
        return []

    def _caveats_of(self, mart: str) -> list[dict[str, Any]]:
        condition, parameters = self._months(["month"])
        if self._scope in ("agency", "group"):
            condition += " and scope = ? and entity_code in (select unnest(?))"
            parameters += [self._scope, sorted(self._entities)]
        else:
            condition += " and scope = 'province'"
        return _rows(
            self._connection,
            f"select distinct '{mart}' as mart, month, entity_name_vi, caveat_vi from \"{mart}\" "
            f"where {condition} and caveat_vi is not null order by all",
            parameters,
        )

    def restatements(self) -> list[dict[str, Any]]:
        """How earlier publications changed the figure, with the causes; empty where the publication has no such mart."""
        key = {name: self._figure.key[name] for name in ("month", "scope", "entity_code") if name in self._figure.key}
        if _RESTATEMENTS not in self._columns or len(key) < len(("month", "scope", "entity_code")):
            return []
        condition, parameters = _condition({**key, "metric": self._figure.column})
        return _rows(
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
    return bool({node.name for node in _chain(by_name, table)} & carriers)


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
        if not _same(before, value):
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
