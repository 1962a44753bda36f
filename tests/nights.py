"""Nights in one process: the real landing, foundation, past, SQL and publication, without dbt's start-up and without the gate.

What a built home compiled is replayed, so that a test can afford many nights. What dbt and the gate add is tested elsewhere.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
from dvctt.core.errors import GateFailed
from dvctt.landing import zone
from dvctt.landing.refusals import Refusal
from dvctt.pipeline import stages
from dvctt.province.folder import load_province
from dvctt.publications import publish, switching
from dvctt.publications.reading import Publication
from dvctt.settings import Settings
from dvctt.warehouse import connections, previous, transform
from dvctt.warehouse.definitions import Node, read_definitions, replay
from dvctt.warehouse.transform import Layer

_FACTS_AND_AUDIT = (Layer.FACTS, Layer.AUDIT)


@dataclass
class Nights:
    """A home that a test walks through; ``nodes`` may be doctored between two nights.

    Attributes:
        draws: whether pages and CSV files are published too, and shared, as a real night's are; that costs more than the tables.
    """

    settings: Settings
    nodes: Sequence[Node]
    seeds: Path
    count: int = 0
    closed: list[previous.ClosedMonth] = field(default_factory=list)
    draws: bool = False

    def run(self) -> Publication:
        """Land what lies in the inbox, build everything, publish."""
        self.count += 1
        settings = self.settings
        night = stages.land_extracts(settings, run_id=f"night {self.count}", month=None, rebuild=True)
        assert night is not None
        province = load_province(settings.province_folder)
        self.build(_FACTS_AND_AUDIT)
        night = stages.settle_holds(settings, province, night, lambda _: self.build(_FACTS_AND_AUDIT))
        if beyond := self.rows("select * from aud_movements where new_value <> allowed_value"):
            raise GateFailed(f"the gate would stop: {beyond}")
        self.build((Layer.MARTS,))
        if self.draws:
            stages.assemble_publication(settings, run_id=night.run_id)
            return stages.publish_marts(settings, run_id=night.run_id)
        building = publish.assemble(settings.published, settings.candidate, settings.candidate / "verdict.json")
        return publish.publish(
            settings.published,
            building,
            number=switching.next_number(settings.published),
            province=province,
            landing=settings.landing,
            extracts=[e for e in zone.landed_extracts(settings.landing) if e.extract_id in night.extract_ids],
            left_out=[zone.LeftOut(**one) for one in night.left_out],
            refused=[Refusal(**one) for one in night.refused],
            is_sample=night.is_sample,
            closed=[previous.read_closed(settings.closed / name) for name in night.closed_months],
            run_id=night.run_id,
            month=night.month,
        )

    def build(self, layers: Sequence[Layer] = tuple(Layer)) -> None:
        with connections.open_candidate(self.settings.candidate, read_only=False) as connection:
            # For a few rows a second thread costs more than it brings.
            connection.execute("set threads = 1")
            load_seeds(connection, self.seeds)
            # A view is asked many times by those after it: as a table its rows are the same, and a build costs half.
            replay(connection, [replace(node, materialized="table") for node in self.nodes if node.layer in layers])

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """What the candidate answers."""
        with connections.open_candidate(self.settings.candidate) as connection:
            return connection.execute(sql).fetchall()

    def keep(self, *names: str) -> None:
        """Build and publish these models alone, and what they are built from: a night costs a tenth."""
        known = {node.name: node for node in self.nodes}
        wanted, waiting = set[str](), list(names)
        while waiting:
            name = waiting.pop()
            wanted.add(name)
            waiting += [one for one in known[name].inputs if one in known and one not in wanted]
        self.nodes = [node for node in self.nodes if node.name in wanted]
        path = transform.target_folder(self.settings.candidate) / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest["nodes"] = {
            key: node
            for key, node in manifest["nodes"].items()
            if node["resource_type"] == "seed" or node["name"] in wanted
        }
        path.write_text(json.dumps(manifest), encoding="utf-8")

    def doctor(self, name: str, change: Callable[[str], str]) -> None:
        """Give one model other SQL from the next night on."""
        (node,) = [node for node in self.nodes if node.name == name]
        changed = change(node.sql)
        assert changed != node.sql, f"{name}: nothing changed"
        self.nodes = [replace(n, sql=changed) if n.name == name else n for n in self.nodes]


def models_of(publication: Path, names: Sequence[str]) -> list[Node]:
    """These models as a publication was built by them, in their order, with the inputs that only they are made of (``int_``)."""
    nodes = read_definitions(publication)
    known = {node.name: node for node in nodes}
    assert set(names) <= known.keys()
    wanted, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        wanted.add(name)
        waiting += [one for one in known[name].inputs if one.startswith("int_") and one not in wanted]
    return [node for node in nodes if node.name in wanted]


def load_seeds(connection: duckdb.DuckDBPyConnection, seeds: Path) -> None:
    for path in sorted(seeds.glob("*.parquet")):
        connection.execute(f"create or replace table main.{path.stem} as from read_parquet('{path}')")


def nights_after(tiny_home: Settings, settings: Settings) -> Nights:
    """Nights in a home of its own that begins where the tiny home stands, or empty if ``settings`` names an empty one."""
    first = tiny_home.published / "1"
    settings.candidate.mkdir(parents=True, exist_ok=True)
    if not transform.target_folder(settings.candidate).is_dir():
        shutil.copytree(transform.target_folder(tiny_home.candidate), transform.target_folder(settings.candidate))
    for name in ("verdict.json", "verdict.html"):
        if not (settings.candidate / name).exists():
            shutil.copyfile(first / name, settings.candidate / name)
    return Nights(settings, read_definitions(first), first / "definitions" / "seeds")
