"""Generated files through the real landing and the real staging: every record landed, was refused with its file, or was set
aside; nothing ends in a traceback; no citizen is seen outside landing.

The suite runs a slice. ``make fuzz`` runs FUZZ_INPUTS records (100000) from FUZZ_SEED and prints what became of them.
"""

import io
import logging
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.core.errors import DvcttError
from dvctt.landing import zone
from dvctt.landing.refusals import refused_files
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.settings import Settings
from dvctt.warehouse import connections, foundation, previous
from dvctt.warehouse.definitions import Node, read_definitions, replay
from dvctt.warehouse.previous import Inputs
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.conftest import PROVINCE
from tests.fuzz.generated import TRACE, Sent, sent_files
from tests.nights import load_seeds

INPUTS = int(os.environ.get("FUZZ_INPUTS", "1000"))
SEED = int(os.environ.get("FUZZ_SEED", "10"))
FILES_A_BATCH = 60
ACCOUNTS = "aud_row_reconciliation"


@dataclass
class Tally:
    """What became of the records, and what must never be."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    tracebacks: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def line(self) -> str:
        c = self.counts
        return (
            f"fuzz: seed {SEED}: {c['offered']} records in {c['files']} files offered = {c['fact']} landed as facts + "
            f"{c['superseded']} superseded + {c['set aside']} set aside + {c['refused']} refused (in {c['files refused']} files); "
            f"{len(self.tracebacks)} tracebacks; {len(self.seen)} identities outside landing"
        )


@dataclass(frozen=True)
class Machine:
    """A batch goes in; what became of it is added to the tally."""

    province: Province
    nodes: list[Node]
    seeds: Path
    root: Path
    tally: Tally
    log: io.StringIO

    def run(self, batch: list[Sent], number: int) -> None:
        root = self.root / str(number)
        landed_rows = sum(self.land(sent, place, root) for place, sent in enumerate(batch))
        extracts = zone.landed_extracts(root / "landing")
        try:
            foundation.lay_foundation(root / "candidate", self.province, root / "landing", extracts)
            previous.load_previous(root / "candidate", Inputs(1, "1", "d", "p"), None, [])
            with connections.open_candidate(root / "candidate", read_only=False) as connection:
                load_seeds(connection, self.seeds)
                replay(connection, self.nodes)
                self.account(connection, landed_rows)
        except Exception as error:  # noqa: BLE001  whatever it is, it is what this looks for
            self.tally.tracebacks.append(f"batch {number}: {type(error).__name__}: {error}")
        for path in (root / "landing").rglob("*.json"):
            self.look(path.name, path.read_text(encoding="utf-8"))
        self.look("log", self.log.getvalue())
        self.log.truncate(0)
        self.log.seek(0)

    def land(self, sent: Sent, place: int, root: Path) -> int:
        """Land one file; how many rows of it landed."""
        folder = root / f"inbox-{place}" / "one_stop" / sent.entity
        folder.mkdir(parents=True)
        stem = sent.name if "that cannot be" in sent.fault else f"{sent.name}.f{place}"
        (folder / f"{stem}.csv").write_bytes(sent.content)
        if sent.control is not None:
            (folder / f"{stem}.control.json").write_text(sent.control, encoding="utf-8")
        self.tally.counts["files"] += 1
        self.tally.counts["offered"] += sent.records
        try:
            landed = zone.land(self.province, root / f"inbox-{place}", root / "landing")
            words = [one.words for one in refused_files(root / "landing")]
        except DvcttError as error:  # none has ever landed
            landed, words = [], [str(error)]
        except Exception as error:  # noqa: BLE001
            self.tally.tracebacks.append(f"{sent.fault} of {sent.entity}: {type(error).__name__}: {error}")
            return 0
        if len(landed) + len(words) != 1:
            self.tally.tracebacks.append(
                f"{sent.fault} of {sent.entity}: {len(landed)} landed, {len(words)} refused of one"
            )
        if not landed:
            self.tally.counts["refused"] += sent.records
            self.tally.counts["files refused"] += 1
            self.tally.faults[sent.fault] += 1
            for line in words:
                self.look("error", line)
            return 0
        (extract,) = landed
        if extract.rows != sent.records:
            self.tally.tracebacks.append(f"{sent.fault} of {sent.entity}: {extract.rows} rows of {sent.records} landed")
        return extract.rows

    def account(self, connection: duckdb.DuckDBPyConnection, landed_rows: int) -> None:
        row: Any = connection.execute(
            f"select coalesce(sum(fact_rows), 0), coalesce(sum(superseded_rows), 0), coalesce(sum(quarantined_rows), 0) from {ACCOUNTS}"
        ).fetchone()
        for name, count in zip(("fact", "superseded", "set aside"), row, strict=True):
            self.tally.counts[name] += int(count)
        if sum(map(int, row)) != landed_rows:
            self.tally.tracebacks.append(f"{landed_rows} rows landed, {row} accounted for")
        for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
            (hits,) = connection.execute(
                f'select count(*) from "{schema}"."{table}" as t where cast(t as varchar) like ?', [f"%{TRACE}%"]
            ).fetchone() or (0,)
            self.tally.seen += [f"{schema}.{table}"] * int(hits)

    def look(self, where: str, text: str) -> None:
        if TRACE in text or "000099000777" in text or "99000777" in text:
            self.tally.seen.append(where)


def needed(nodes: list[Node], name: str) -> list[Node]:
    """A model and all that it is built from, in the order in which they are built."""
    by_name = {node.name: node for node in nodes}
    wanted, ahead = set(), [name]
    while ahead:
        node = by_name.get(ahead.pop())
        if node is not None and node.name not in wanted:
            wanted.add(node.name)
            ahead += node.inputs
    return [node for node in nodes if node.name in wanted]


@pytest.fixture(scope="module")
def machine(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    publication = tiny_home.published / "1"
    nodes = needed(list(read_definitions(publication)), ACCOUNTS)
    assert len(nodes) > 8
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger("dvctt").addHandler(handler)
    return Machine(
        load_province(PROVINCE),
        nodes,
        publication / "definitions" / "seeds",
        tmp_path_factory.mktemp("fuzz"),
        Tally(),
        log,
    )


def test_every_record_lands_or_is_refused_or_is_set_aside(machine: Machine) -> None:
    rounds = 0
    waiting: list[Sent] = []
    while machine.tally.counts["offered"] + sum(sent.records for sent in waiting) < INPUTS:

        @seed(SEED + rounds)
        @settings(
            max_examples=FILES_A_BATCH,
            derandomize=False,
            database=None,
            phases=[Phase.generate],
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(sent_files())
        def generate(sent: Sent) -> None:
            waiting.append(sent)

        generate()
        machine.run(waiting, rounds)
        waiting.clear()
        rounds += 1
    tally = machine.tally
    refused = ", ".join(f"{fault} {count}" for fault, count in tally.faults.most_common())
    sys.stdout.write(f"\n{tally.line()}\nfiles refused, by fault: {refused}\n")
    assert tally.tracebacks == []
    assert tally.seen == []
    counted = tally.counts
    assert (
        counted["fact"] + counted["superseded"] + counted["set aside"] + counted["refused"]
        == counted["offered"]
        >= INPUTS
    )
    for what in ("fact", "superseded", "set aside", "refused"):
        assert counted[what] > 0, f"nothing was {what}: the generator proves less than it says"


def test_a_citizen_who_is_seen_is_found(machine: Machine) -> None:
    before = list(machine.tally.seen)
    machine.look("somewhere", f"… {TRACE} …")
    assert machine.tally.seen.pop() == "somewhere"
    assert machine.tally.seen == before
