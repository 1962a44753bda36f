"""``python -m benchmarks.models HOME --months 10 100``: which models grow with history.

The same records are spread over few and over many months, and every model is built on both with DuckDB's own profile:
seconds of its operators, and the rows of the widest of them. dbt, the gate and the documents are left out, so that only SQL is
measured; what a home's last publication was built by is replayed. The ratio of rows tells more than that of seconds: those
are of the clock, added up over threads, and mean nothing on a busy machine.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import duckdb
from dvctt.pipeline import stages
from dvctt.province.folder import installed_timezone
from dvctt.settings import Settings
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.definitions import Node, load_inputs, read_definitions, statements

from benchmarks.__main__ import CHECKOUT, EARLIEST, lay_province
from benchmarks.inbox import Made, make_inbox

COMPARES_ALL = {"BLOCKWISE_NL_JOIN", "NESTED_LOOP_JOIN", "CROSS_PRODUCT"}
"""Joins that hold every row of one side against every row of the other: what they cost is that product, and not what leaves."""


@dataclass(frozen=True)
class Operator:
    """One operator of a plan; ``rows`` is what leaves it, or the pairs that it compares."""

    name: str
    condition: str
    seconds: float
    rows: int

    def __str__(self) -> str:
        return f"{self.name} {self.condition}".strip()


@dataclass(frozen=True)
class Profile:
    """One model: the seconds of its operators, the operator with the most rows, the one with the most seconds, and all."""

    seconds: float
    widest: Operator
    costliest: Operator
    operators: tuple[Operator, ...] = ()

    def rows(self) -> Counter[str]:
        """Rows by operator; those that look alike are added up."""
        found: Counter[str] = Counter()
        for one in self.operators:
            found[str(one)] += one.rows
        return found


def operators(node: Mapping[str, Any]) -> Iterator[Operator]:
    """All operators below a node of a plan, itself included."""
    children = node.get("children") or []
    if node.get("operator_name") not in (None, "EXPLAIN_ANALYZE"):
        rows = int(node.get("operator_cardinality") or 0)
        if node.get("operator_type") in COMPARES_ALL and len(children) > 1:
            rows = max(rows, prod(int(child.get("operator_cardinality") or 0) for child in children[:2]))
        about = node.get("extra_info") or {}
        words = about.get("Condition") or about.get("Conditions") or about.get("Table") or ""
        condition = words if isinstance(words, str) else " and ".join(words)
        yield Operator(
            str(node["operator_name"]).strip(),
            " ".join(condition.split()),
            float(node.get("operator_timing") or 0),
            rows,
        )
    for child in children:
        yield from operators(child)


def profile_of(connection: duckdb.DuckDBPyConnection, statement: str, plan: Path) -> Profile:
    """Run one statement; its plan is written to a file, as DuckDB does."""
    connection.execute("pragma enable_profiling = 'json'")
    connection.execute(f"set profiling_output = '{plan}'")
    try:
        connection.execute(statement)
    finally:
        connection.execute("pragma disable_profiling")
    found = list(operators(json.loads(plan.read_text(encoding="utf-8"))))
    return Profile(
        sum(one.seconds for one in found),
        max(found, key=lambda one: one.rows),
        max(found, key=lambda one: one.seconds),
        tuple(found),
    )


def grown(small: Mapping[str, Profile], large: Mapping[str, Profile], most: float, least_rows: int) -> dict[str, str]:
    """Models with an operator whose rows are more than ``most`` times those on the smaller home, and what it is; of operators
    with fewer than ``least_rows`` on the larger one nothing is said. One that the smaller home's plan lacks is held against the
    widest there.
    """
    found = {}
    for name in sorted(small.keys() & large.keys()):
        before = small[name].rows()
        for operator, rows in large[name].rows().most_common():
            held_against = before.get(operator, small[name].widest.rows)
            if rows >= least_rows and rows > most * held_against:
                found[name] = f"{operator}: {held_against:,} rows, then {rows:,}"
                break
    return found


def compares_all_for_want_of_a_key(operator: Operator) -> bool:
    """Whether a join compares every row with every row though its condition has an equality: something beside it (an ``or``,
    a condition on one side of a left join) keeps DuckDB from joining by it.
    """
    return operator.name == "BLOCKWISE_NL_JOIN" and bool(re.search(r"\(\w+ = \w+\)", operator.condition))


def build(publication: Path, nodes: Sequence[Node], settings: Settings, work: Path) -> dict[str, Profile]:
    """Land an inbox in an empty home and build all that is a table."""
    night = stages.land_extracts(settings, run_id="benchmark", month=None)
    if night is None:
        raise ValueError(f"{settings.home}: not an empty home")
    found = {}
    with open_candidate(settings.candidate, read_only=False) as connection:
        kept = {
            f"{schema}.{table}"
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        }
        load_inputs(connection, publication, but=tuple(kept))
        connection.execute(f"set TimeZone = '{installed_timezone()}'")
        for node in nodes:
            *before, last = statements(node)
            for statement in before:
                connection.execute(statement)
            if node.materialized == "view":
                connection.execute(last)
            else:
                found[node.name] = profile_of(connection, last, work / "plan.json")
    return found


HEADER = ("model", "s", "s", "×", "widest rows", "widest rows", "×", "widest operator", "costliest operator")


def table(small: Mapping[str, Profile], large: Mapping[str, Profile]) -> list[tuple[str, ...]]:
    """By seconds of the larger home, the costliest first."""
    rows = [HEADER]
    for name in sorted(large.keys() & small.keys(), key=lambda name: -large[name].seconds):
        one, two = small[name], large[name]
        rows.append(
            (
                name,
                f"{one.seconds:.2f}",
                f"{two.seconds:.2f}",
                f"{two.seconds / max(one.seconds, 0.01):.1f}",
                f"{one.widest.rows:,}",
                f"{two.widest.rows:,}",
                f"{two.widest.rows / max(one.widest.rows, 1):.1f}",
                str(two.widest)[:100],
                f"{two.costliest.seconds:.2f} s {two.costliest}"[:100],
            )
        )
    whole = [sum(one.seconds for one in profiles.values()) for profiles in (small, large)]
    rows.append(
        ("all", f"{whole[0]:.2f}", f"{whole[1]:.2f}", f"{whole[1] / max(whole[0], 0.01):.1f}", "", "", "", "", "")
    )
    return rows


def spread(options: argparse.Namespace, months: int, work: Path) -> tuple[dict[str, Profile], Made]:
    """Build the records over so many months."""
    publication = (options.home / "published" / "current").resolve()
    offered = work / "inbox"
    made = make_inbox(options.sample or work.parent / "sample", offered, options.rows, months, EARLIEST)
    province = lay_province(CHECKOUT, work / "province", is_sample=False)
    settings = Settings(province_folder=province, inbox=offered, home=work / "home")
    return build(publication, read_definitions(publication), settings, work), made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="any home of this checkout with a publication")
    parser.add_argument("--months", type=int, nargs=2, default=(10, 100), help="few and many")
    parser.add_argument("--rows", type=int, help="filings, requests and attempts; default: the sample's")
    parser.add_argument("--sample", type=Path, help="what dvctt sample wrote; made where it is not given")
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(prefix="dvctt-models-") as temporary:
        if options.sample is None:
            made_by = [str(Path(sys.executable).with_name("dvctt")), "sample", "--out", str(Path(temporary) / "sample")]
            subprocess.run(made_by, env={**os.environ, "DVCTT_HOME": temporary}, check=True, capture_output=True)
        for months in options.months:
            work = Path(temporary) / str(months)
            work.mkdir()
            profiles, made = spread(options, months, work)
            sys.stderr.write(f"{made.rows} rows over {made.months} months: {len(profiles)} models\n")
            found.append(profiles)
    sys.stdout.write("\n".join(" | ".join(row) for row in table(*found)) + "\n")


if __name__ == "__main__":
    main()
