"""Two recordings of `benchmarks.record` held against each other: every file of every publication, each kind in its own way.

What says how a publication was made (its manifest, the SQL of its models) is told and never judged: all that it stands for is
a file of its own here.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from dvctt.core.sql import file_literal, identifier, literal, read_literal

from benchmarks.record import ABOUT
from benchmarks.relations import Difference, compare_tables
from benchmarks.texts import compare_keys, compare_lines, take_tables, visible_lines

MADE_BY = frozenset({"manifest.json", "definitions/models.json"})
"""How a publication was made: hashes, and SQL. Every version of the code has its own."""
COMMENTS = "(comments)"
"""What marts.duckdb says of its tables and columns, as if it were a table of its own."""


class CompareError(RuntimeError):
    """The two recordings are not of the same nights, or one is none."""


class Outcome(StrEnum):
    """What came of one file; ``OTHER`` and ``GONE`` are what has to be explained."""

    BYTES = "same bytes"
    CONTENT = "same content"
    MADE = "made otherwise"
    OTHER = "differs"
    GONE = "gone"
    NEW = "new"


FAULTS = (Outcome.OTHER, Outcome.GONE)


@dataclass(frozen=True)
class Finding:
    """One file, or one table of marts.duckdb."""

    name: str
    outcome: Outcome
    notes: tuple[str, ...] = ()


@dataclass
class Comparison:
    """All findings, by publication (``sample/1``) or by what its home's checks say (``sample/checks``)."""

    findings: dict[str, list[Finding]] = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        return not any(one.outcome in FAULTS for found in self.findings.values() for one in found)


def compare(before: Path, after: Path) -> Comparison:
    """Hold two recordings against each other.

    Raises:
        CompareError: one of them is no recording, or they did not begin with the same files.
    """
    one, other = _about(before), _about(after)
    if one["inbox"] != other["inbox"]:
        raise CompareError(
            f"{before} and {after} are of other inboxes ({one['inbox'][:8]}, {other['inbox'][:8]}): only the same files can "
            f"give the same figures; record both with one --inbox"
        )
    found = Comparison()
    folders, others = _folders(before), _folders(after)
    pairs = _Files()
    for name in sorted(folders | others):
        if name not in folders or name not in others:
            outcome = Outcome.GONE if name in folders else Outcome.NEW
            found.findings[name] = [Finding("the whole folder", outcome)]
        else:
            found.findings[name] = list(pairs.compare(before / name, after / name))
    exits = compare_keys(one["exits"], other["exits"])
    if exits.gone or exits.other:
        notes = (*(f"gone: {key}" for key in exits.gone), *exits.other)
        found.findings["exit codes"] = [Finding(ABOUT, Outcome.OTHER, notes)]
    return found


def _about(recording: Path) -> Any:
    path = recording / ABOUT
    if not path.is_file():
        raise CompareError(f"{path}: not there; wanted a recording: python -m benchmarks.same record CODE {recording}")
    return json.loads(path.read_text(encoding="utf-8"))


def _folders(recording: Path) -> set[str]:
    return {path.relative_to(recording).as_posix() for path in recording.glob("*/*") if path.is_dir()}


@cache
def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Files:
    """The files of two folders. What has been compared once is not compared again: stories begin with the same night."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], tuple[Finding, ...]] = {}

    def compare(self, before: Path, after: Path) -> Iterator[Finding]:
        names, others = _files(before), _files(after)
        for name in sorted(names | others):
            if name not in names or name not in others:
                yield Finding(name, Outcome.GONE if name in names else Outcome.NEW)
                continue
            one, other = before / name, after / name
            key = (name, _digest(one), _digest(other))
            if key not in self._known:
                self._known[key] = tuple(_compare_files(name, one, other))
            yield from self._known[key]


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _compare_files(name: str, before: Path, after: Path) -> Iterator[Finding]:
    if _digest(before) == _digest(after):
        yield Finding(name, Outcome.BYTES)
        return
    way = _WAYS.get(before.suffix)
    if way is None:
        yield Finding(name, Outcome.OTHER, ("other bytes, of a kind that is compared in no other way",))
        return
    try:
        yield from way(name, before, after)
    except (duckdb.Error, ValueError) as error:
        yield Finding(name, Outcome.OTHER, (f"cannot be read: {' '.join(str(error).split())[:300]}",))


def _session() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    # How far a query is would stand in the middle of what is printed.
    connection.execute("set enable_progress_bar = false")
    return connection


def _finding_of_table(name: str, found: Difference) -> Finding:
    notes = [
        *([f"gone: {', '.join(found.gone)}"] if found.gone else []),
        *([f"new: {', '.join(found.new)}"] if found.new else []),
        *(f"another type: {one}" for one in found.retyped),
    ]
    if found.lost or found.gained:
        where = f" in {', '.join(found.columns)} alone" if found.columns else ""
        notes += [f"rows: -{found.lost} +{found.gained}{where}", *found.examples]
    if found.is_moved:
        notes.append("the same in another order")
    return Finding(name, Outcome.OTHER if found.is_other else Outcome.CONTENT, tuple(notes))


def _tables(name: str, before: Path, after: Path) -> Iterator[Finding]:
    with _session() as connection:
        if before.suffix == ".csv":
            # All as text, as it stands there: "1.0" is not "1", and an empty text is not nothing.
            asked = ", header = true, delim = ',', quote = '\"', escape = '\"', all_varchar = true, allow_quoted_nulls = false"
            tables = [f"read_csv({read_literal(path)}{asked})" for path in (before, after)]
        else:
            tables = [f"read_parquet({read_literal(path)})" for path in (before, after)]
        yield _finding_of_table(name, compare_tables(connection, *tables))


def _database(name: str, before: Path, after: Path) -> Iterator[Finding]:
    """Its tables and views, each as a finding; its bytes differ whenever it is written."""
    with _session() as connection:
        for alias, path in (("before", before), ("after", after)):
            connection.execute(f"attach {file_literal(path)} as {alias} (read_only)")
        tables, others = (_names_in(connection, alias) for alias in ("before", "after"))
        for table in sorted(tables | others):
            called = f"{name}: {'.'.join(table)}"
            if table not in tables or table not in others:
                yield Finding(called, Outcome.GONE if table in tables else Outcome.NEW)
                continue
            schema, short = map(identifier, table)
            found = compare_tables(connection, f"before.{schema}.{short}", f"after.{schema}.{short}")
            yield _finding_of_table(called, found)
        yield _compare_comments(connection, f"{name}: {COMMENTS}")


def _names_in(connection: duckdb.DuckDBPyConnection, alias: str) -> set[tuple[str, str]]:
    rows = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = $alias union all "
        "select schema_name, view_name from duckdb_views() where database_name = $alias and not internal",
        {"alias": alias},
    ).fetchall()
    return {(schema, table) for schema, table in rows}


def _compare_comments(connection: duckdb.DuckDBPyConnection, name: str) -> Finding:
    """Those of columns and tables that both have: what else differs is told as such."""
    sides = []
    for alias in ("before", "after"):
        rows = connection.execute(
            "select table_name, '', comment from duckdb_tables() where database_name = $alias union all "
            "select table_name, column_name, comment from duckdb_columns() where database_name = $alias and not internal",
            {"alias": alias},
        ).fetchall()
        sides.append({f"{table}.{column}".rstrip("."): comment for table, column, comment in rows})
    before, after = sides
    differing = sorted(one for one in before.keys() & after.keys() if before[one] != after[one])
    notes = (f"{len(differing)} comments: {', '.join(differing[:5])}{', …' if differing[5:] else ''}",)
    return Finding(name, Outcome.OTHER, notes) if differing else Finding(name, Outcome.CONTENT)


def _pages(name: str, before: Path, after: Path) -> Iterator[Finding]:
    found = compare_lines(*(visible_lines(path.read_text(encoding="utf-8")) for path in (before, after)))
    if not found.lost and not found.gained:
        yield Finding(name, Outcome.CONTENT, ("other markup around the same text",))
    else:
        yield Finding(name, Outcome.OTHER, (f"lines: -{found.lost} +{found.gained}", *found.examples))


def _documents(name: str, before: Path, after: Path) -> Iterator[Finding]:
    (one, tables), (other, other_tables) = (
        take_tables(json.loads(path.read_text(encoding="utf-8"))) for path in (before, after)
    )
    found = compare_keys(one, other)
    if name in MADE_BY:
        yield Finding(name, Outcome.MADE, (f"keys: -{len(found.gone)} +{len(found.new)}, other {len(found.other)}",))
        return
    notes = [
        *(f"gone: {key}" for key in found.gone),
        *(f"new: {key}" for key in found.new),
        *(f"other: {key}" for key in found.other),
    ]
    yield Finding(name, Outcome.OTHER if found.gone or found.other else Outcome.CONTENT, tuple(notes))
    for key in sorted(tables.keys() | other_tables.keys()):
        with _session() as connection:
            for table, rows in (("before", tables.get(key, [])), ("after", other_tables.get(key, []))):
                _load_rows(connection, table, rows)
            yield _finding_of_table(f"{name}: {key or 'rows'}", compare_tables(connection, "before", "after"))


def _load_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, str]]) -> None:
    """A table of texts; what a row does not have is null, and what it has as null is a text."""
    columns = {key: "varchar" for row in rows for key in row} or {"(empty)": "varchar"}
    connection.execute(
        f"create table {table} as select unnest(from_json($rows, {literal(json.dumps([columns]))}), recursive := true)",
        {"rows": json.dumps(rows)},
    )


_WAYS: dict[str, Callable[[str, Path, Path], Iterator[Finding]]] = {
    ".parquet": _tables,
    ".csv": _tables,
    ".duckdb": _database,
    ".html": _pages,
    ".json": _documents,
}


def as_text(found: Comparison) -> str:
    """A table of publications by outcome, and below it each file about which there is something to say."""
    rows = [["", *Outcome]]
    for name, findings in found.findings.items():
        rows.append([name, *(str(sum(one.outcome == outcome for one in findings) or "") for outcome in Outcome)])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for name, told in _by_file(found).items():
        lines += ["", name]
        for (outcome, notes), where in told.items():
            lines.append(f"  {outcome} in {', '.join(where)}")
            lines += [f"    {note}" for note in notes]
    return "\n".join(lines)


def _by_file(found: Comparison) -> dict[str, dict[tuple[Outcome, tuple[str, ...]], list[str]]]:
    """What is said of a file, once for all publications of which it is true."""
    told: dict[str, dict[tuple[Outcome, tuple[str, ...]], list[str]]] = {}
    for where, findings in found.findings.items():
        for one in findings:
            if one.notes or one.outcome in (Outcome.GONE, Outcome.NEW):
                told.setdefault(one.name, {}).setdefault((one.outcome, one.notes), []).append(where)
    return dict(sorted(told.items()))
