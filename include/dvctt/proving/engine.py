"""Runs one fault through the real stages and says who caught it.

Landing, foundation and gate are the night's own functions. dbt runs once, on the good data; for each fault the very SQL
that it compiled (models and data tests, in its order) is replayed on a fresh candidate in this process, because dbt and
Great Expectations take seconds to start and a proof has many faults. A replay that does not give dbt's own audit tables
for the good data proves nothing and is refused. Which faults there are stands in the catalogue.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dvctt import __version__
from dvctt.core.errors import DvcttError, ExtractError, GateCouldNotCheck, LandingError, VerdictError
from dvctt.core.sql import file_literal, literal
from dvctt.databases import open_database
from dvctt.gate import judge
from dvctt.gate.judge import Suite
from dvctt.landing import zone
from dvctt.pipeline import inspection
from dvctt.province.model import Province
from dvctt.proving.data import LAST, closed_counts, small_province, write_baselines, write_inbox
from dvctt.proving.false_answers import falsified
from dvctt.proving.faults import Fault
from dvctt.proving.site import Place, Site
from dvctt.publications import publish, reading
from dvctt.settings import Settings
from dvctt.warehouse import connections, foundation, previous, transform
from dvctt.warehouse.definitions import Node, project_digest, read_plan, statements
from dvctt.warehouse.previous import Inputs
from dvctt.warehouse.transform import Layer

log = logging.getLogger(__name__)

FACTS = {
    "filings": "fct_filings",
    "payment_requests": "fct_payments",
    "payment_attempts": "fct_payment_attempts",
    "reported_figures": "fct_reported_figures",
    "index_counts": "fct_index_counts",
}
"""Where the sound rows of an entity stand."""

_RUN_ID = "proof"
_NO_ANSWER = "could not check: "


@dataclass(frozen=True)
class Outcome:
    """What became of one fault.

    Attributes:
        wanted: who must catch it, as the catalogue says.
        caught_by: everybody who spoke up, in the same words; empty when nobody did.
        wanted_verdict: what the night must end with: refused (before the gate), failed, could_not_check or passed.
        ok: ``wanted`` is in ``caught_by`` and the verdict is the wanted one.
    """

    fault_id: str
    title_vi: str
    title_en: str
    where: str
    wanted: str
    caught_by: tuple[str, ...]
    wanted_verdict: str
    verdict: str
    ok: bool
    seconds: float


@dataclass(frozen=True)
class Proof:
    """All outcomes, in the order of the catalogue.

    Attributes:
        unproven: ids of expectations that no fault names: rules that could go and nobody would notice. Not asked
            when a single fault is tried.
    """

    outcomes: tuple[Outcome, ...]
    unproven: tuple[str, ...] = ()

    @property
    def caught(self) -> int:
        return sum(outcome.ok for outcome in self.outcomes)

    @property
    def complete(self) -> bool:
        """Whether every fault was caught by the one that must catch it, and every rule is named by one; a proof of no
        fault is none.
        """
        return bool(self.outcomes) and self.caught == len(self.outcomes) and not self.unproven

    @property
    def score(self) -> str:
        return f"caught {self.caught}/{len(self.outcomes)}"


@dataclass
class _Evidence:
    """What one fault left behind: words of those before the gate, and the audit tables to judge again."""

    fault: Fault
    early: tuple[str, ...]
    audit: Path | None = None
    seconds: float = 0.0


class Prover:
    """The good data, built once in an empty folder, and the faults that were tried on it.

    Raises:
        TransformError: dbt did not build the good data.
        GateCouldNotCheck: the good data is not good by the gate's own words, or the replay is not dbt's build.
    """

    def __init__(self, province: Province, work: Path, suites: Sequence[Suite]) -> None:
        clock = time.monotonic()
        if work.exists() and any(work.iterdir()):
            raise DvcttError(f"{work}: wanted an empty folder to work in, found files in it")
        self.province = small_province(province)
        self.work = work
        self.suites = suites
        self._facts: dict[str, int] = {}
        self._evidence: dict[str, _Evidence] = {}
        self._good = self._site(work / "good")
        self._good.inbox.mkdir(parents=True)
        write_inbox(self._good.inbox, self.province)
        write_baselines(self._good.baselines, self.province, closed_counts(self._good.inbox, self.province))
        zone.land(self.province, self._good.inbox, self._good.landing)
        self._lay_candidate(self._good, self._candidate("good"))
        self._plan, self._seeds = self._build_with_dbt()
        self.check_good(suites)
        self._check_replay()
        self._publish_good()
        log.info("proof: good data stands, %d nodes to replay, %.1f s", len(self._plan), time.monotonic() - clock)

    def try_fault(self, fault: Fault) -> Outcome:
        """Inject one fault into a copy of the good data and let the night run on to where it ends."""
        clock = time.monotonic()
        folder = self.work / "fault"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            evidence = self._run(fault, folder)
            evidence.seconds = time.monotonic() - clock
            self._evidence[fault.id] = evidence
            return self.judge(fault.id, self.suites)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def judge(self, fault_id: str, suites: Sequence[Suite]) -> Outcome:
        """Judge a tried fault by other suites: the same audit tables, the gate run anew.

        Raises:
            DvcttError: the fault has not been tried.
        """
        clock = time.monotonic()
        evidence = self._evidence.get(fault_id)
        if evidence is None:
            raise DvcttError(f"fault {fault_id!r} has not been tried; tried: {', '.join(self._evidence) or 'none'}")
        fault = evidence.fault
        verdict, words = "refused", list(evidence.early)
        if evidence.audit is not None:
            with ExitStack() as stack:
                if fault.falsify is not None:
                    stack.enter_context(falsified(fault.falsify))
                verdict, reasons = _gate(evidence.audit, suites, self.province)
            if reasons:
                # Harmless is what no rule speaks of, not even a warning.
                words = [word for word in words if word != "unmoved"]
            words += reasons
        ok = any(_answers(fault.wanted, word) for word in words) and verdict == fault.verdict
        return Outcome(
            fault.id,
            fault.title_vi,
            fault.title_en,
            fault.where,
            fault.wanted,
            tuple(words),
            fault.verdict,
            verdict,
            ok,
            round(evidence.seconds + time.monotonic() - clock, 2),
        )

    def _site(self, folder: Path, database: duckdb.DuckDBPyConnection | None = None) -> Site:
        return Site(self.province, folder / "inbox", folder / "landing", folder / "row_counts.csv", database)

    def _candidate(self, name: str) -> Path:
        return self.work / name / "candidate"

    def _lay_candidate(self, site: Site, candidate: Path) -> None:
        extracts = zone.landed_extracts(site.landing)
        foundation.lay_foundation(candidate, self.province, site.landing, extracts, baselines=site.baselines)
        previous.load_previous(candidate, Inputs(1, __version__, project_digest(), self.province.digest), None, ())

    def _build_with_dbt(self) -> tuple[list[Node], list[str]]:
        """One run of dbt for both layers; the models and tests as it compiled them."""
        candidate, layers = self._candidate("good"), (Layer.FACTS, Layer.AUDIT)
        transform.build_layers(layers, candidate)
        return read_plan(candidate, layers, tests=True)

    def check_good(self, suites: Sequence[Suite]) -> None:
        """The good data passes every rule and no rule has anything to say.

        Raises:
            GateCouldNotCheck: it does not: a fault found in it would prove nothing.
        """
        verdict, reasons = _gate(self._candidate("good"), suites, self.province)
        if verdict != "passed" or reasons:
            raise GateCouldNotCheck(
                f"the proof's good data is not good: verdict {verdict}: {'; '.join(reasons) or 'no rule says why'}"
            )

    def _check_replay(self) -> None:
        """Replaying the compiled SQL on the good data gives what dbt itself built, table by table."""
        good = self._candidate("good")
        replayed = self._candidate("replayed")
        self._lay_candidate(self._good, replayed)
        with connections.open_candidate(replayed, read_only=False) as connection:
            self._start(connection)
            words = self._replay(connection, Layer.FACTS) + self._replay(connection, Layer.AUDIT)
            if words:
                raise GateCouldNotCheck(
                    f"replaying dbt's SQL on the good data fails where dbt did not: {'; '.join(words)}"
                )
            connection.execute(f"attach {file_literal(_file(good))} as good (read_only)")
            self._facts = _count_facts(connection)
            for node in self._plan:
                if node.kind == "model" and node.materialized == "table":
                    both = connection.execute(
                        f"select count(*) from ((from main.{node.name} except all from good.main.{node.name}) "
                        f"union all (from good.main.{node.name} except all from main.{node.name}))"
                    ).fetchone()
                    if both != (0,):
                        raise GateCouldNotCheck(
                            f"replaying {node.name} does not give what dbt built: {both} rows differ"
                        )
        shutil.rmtree(replayed.parent)

    def _publish_good(self) -> None:
        """What readers see while a fault happens: made by the real publication, with the facts alone."""
        published = self._good.publication.parent
        building = reading.building_folder(published)
        building.mkdir(parents=True)
        shutil.copy(self._candidate("good") / "verdict.json", building)
        with open_database() as connection:
            connection.execute(f"attach {file_literal(_file(self._candidate('good')))} as good (read_only)")
            connection.execute(f"attach {file_literal(building / 'marts.duckdb')} as marts (block_size 16384)")
            for table in FACTS.values():
                connection.execute(f"create table marts.main.{table} as from good.main.{table}")
        publish.publish(
            published,
            building,
            number=1,
            province=self.province,
            landing=self._good.landing,
            extracts=zone.landed_extracts(self._good.landing),
            run_id=_RUN_ID,
            month=str(LAST),
        )

    def _look(self, folder: Path) -> tuple[str, ...]:
        """What the inspection says that every night begins with; a publication that is damaged stops no night."""
        settings = Settings(province_folder=self.province.folder, inbox=folder / "inbox", home=folder)
        return tuple(f"look: {problem}" for problem in inspection.inspect_home(settings).problems)

    def _set_session(self, connection: duckdb.DuckDBPyConnection) -> None:
        """The profile's time zone. One thread: for a few thousand rows a second one costs more than it brings."""
        connection.execute(f"set TimeZone = {literal(self.province.timezone)}")
        connection.execute("set threads = 1")

    def _start(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Session settings, and the seeds as dbt loaded them."""
        self._set_session(connection)
        connection.execute(f"attach {file_literal(_file(self._candidate('good')))} as good (read_only)")
        for seed in self._seeds:
            connection.execute(f"create or replace table main.{seed} as from good.main.{seed}")
        connection.execute("detach good")

    def _replay(self, connection: duckdb.DuckDBPyConnection, layer: Layer, *, models: bool = True) -> list[str]:
        """Build one layer's models, then ask its data tests; the words of those that failed."""
        words = []
        for node in self._plan:
            if node.layer != layer or (node.kind == "model" and not models):
                continue
            try:
                if node.kind == "model":
                    for statement in statements(node):
                        connection.execute(statement)
                else:
                    failing = connection.execute(f"select count(*) from ({node.sql}) as failing").fetchone()
                    if failing != (0,):
                        words.append(f"dbt: {node.name}")
            except duckdb.Error as error:
                words.append(f"dbt: {node.name}: {str(error).splitlines()[0]}")
        return words

    def _run(self, fault: Fault, folder: Path) -> _Evidence:
        good = self.work / "good"
        if fault.where in ("facts", "audit", "gate"):
            return self._run_from_facts(fault, folder)
        for name in ("inbox", "landing", "published"):
            shutil.copytree(good / name, folder / name, symlinks=True)
        shutil.copy(self._good.baselines, folder)
        site = self._site(folder)
        places: list[Place] = []
        seen: tuple[str, ...] = ()
        if fault.where == "disk":
            fault.inject(site)
            try:
                seen = self._look(folder)
            except DvcttError as error:
                return _Evidence(fault, (f"look: {error}",))
        try:
            if fault.where in ("inbox", "inbox, after landing"):
                places = list(fault.inject(site))
                if fault.where == "inbox":
                    self._forget_changed(site)
                zone.land(self.province, site.inbox, site.landing)
            elif fault.where == "landing":
                places = list(fault.inject(site))
            candidate = folder / "candidate"
            self._lay_candidate(site, candidate)
        except (ExtractError, LandingError) as error:
            return _Evidence(fault, (f"landing: {error}",))
        with connections.open_candidate(candidate, read_only=False) as connection:
            if fault.where == "staging":
                places = list(fault.inject(self._site(folder, connection)))
            self._start(connection)
            words = self._replay(connection, Layer.FACTS)
            if not words:
                words = self._replay(connection, Layer.AUDIT)
            if words:
                return _Evidence(fault, tuple(words))
            early = seen + self._set_aside(connection, places)
            return _Evidence(fault, early, self._keep_audit(connection, fault))

    def _run_from_facts(self, fault: Fault, folder: Path) -> _Evidence:
        candidate = folder / "candidate"
        candidate.mkdir(parents=True)
        shutil.copy(_file(self._candidate("good")), candidate)
        with connections.open_candidate(candidate, read_only=False) as connection:
            self._set_session(connection)
            site = self._site(folder, connection)
            if fault.where == "facts":
                fault.inject(site)
                words = self._replay(connection, Layer.FACTS, models=False)
                if not words:
                    words = self._replay(connection, Layer.AUDIT)
                if words:
                    return _Evidence(fault, tuple(words))
            else:
                # dbt has tested and gone: what happens now only the gate can see.
                fault.inject(site)
            return _Evidence(fault, (), self._keep_audit(connection, fault))

    def _forget_changed(self, site: Site) -> None:
        """Take from landing what the spoiled inbox no longer offers as it was: the fault is in what arrived first."""
        for extract in zone.landed_extracts(site.landing):
            stem = extract.file_name.removesuffix(".csv")
            offered, good = (
                [_content(path) for path in (of.csv(extract.entity, stem), of.control(extract.entity, stem))]
                for of in (site, self._good)
            )
            if offered != good:
                extract.parquet(site.landing).unlink()
                extract.parquet(site.landing).with_suffix(".json").unlink()

    def _keep_audit(self, connection: duckdb.DuckDBPyConnection, fault: Fault) -> Path:
        """The audit tables alone, small, as the gate will read them."""
        kept = self.work / "audit" / fault.id
        kept.mkdir(parents=True, exist_ok=True)
        _file(kept).unlink(missing_ok=True)
        connection.execute(f"attach {file_literal(_file(kept))} as kept (block_size 16384)")
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'main' "
            "and table_name like 'aud\\_%' escape '\\' order by table_name"
        ).fetchall():
            connection.execute(f"create table kept.main.{name} as from main.{name}")
        connection.execute("detach kept")
        return kept

    def _set_aside(self, connection: duckdb.DuckDBPyConnection, places: Sequence[Place]) -> tuple[str, ...]:
        """Who was set aside or superseded, when it is exactly the rows that were spoiled and no fact counts them; or
        that nothing moved at all.
        """
        spoiled = set(places)
        facts = _count_facts(connection)
        words = []
        found: dict[str, set[Place]] = {}
        for entity, file_name, number, reason in connection.execute(
            "select entity, file_name, row_number, quarantine_reason from fct_quarantined_rows"
        ).fetchall():
            found.setdefault(f"quarantined: {reason}", set()).add(Place(entity, file_name, number))
        for entity in FACTS:
            for file_name, number in connection.execute(
                f"select extracts.file_name, disposed.row_number from int_{entity}_disposed as disposed "
                "inner join stg_landing__extracts as extracts on disposed.extract_id = extracts.extract_id "
                "where disposed.disposition = 'superseded'"
            ).fetchall():
                found.setdefault("superseded", set()).add(Place(entity, file_name, number))
        for word, rows in sorted(found.items()):
            left_out = {place.entity: 0 for place in rows}
            for place in rows:
                left_out[place.entity] += word != "superseded"
            expected = {entity: count - left_out.get(entity, 0) for entity, count in self._facts.items()}
            exact = rows == spoiled and facts == expected
            words.append(word if exact else f"{word} (other rows, or counted all the same)")
        if not found and facts == self._facts and not self._moved(connection):
            words.append("unmoved")
        return tuple(words)

    def _moved(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether the rows of any agency differ from the good data's."""
        connection.execute(f"attach {file_literal(_file(self._candidate('good')))} as good (read_only)")
        differing = connection.execute(
            "select count(*) from ((from main.aud_agency_rows except all from good.main.aud_agency_rows) "
            "union all (from good.main.aud_agency_rows except all from main.aud_agency_rows))"
        ).fetchone()
        connection.execute("detach good")
        return differing != (0,)


def _gate(candidate: Path, suites: Sequence[Suite], province: Province) -> tuple[str, list[str]]:
    """The gate's verdict, and the rules that did not hold or gave no answer."""
    (candidate / "verdict.json").unlink(missing_ok=True)
    try:
        path = judge.check_counts(
            candidate, province_vi=province.name_vi, run_id=_RUN_ID, month=str(LAST), suites=suites
        )
    except VerdictError as error:
        path = candidate / "verdict.json"
        if error.verdict_path is None:
            raise
    content = json.loads(path.read_text(encoding="utf-8"))
    reasons = []
    for check in content["checks"]:
        if check["status"] == "failed":
            reasons.append(str(check["id"]))
        elif check["status"] == "could_not_check":
            reasons.append(f"{_NO_ANSWER}{check['id']}")
    return str(content["verdict"]), reasons


def _answers(wanted: str, word: str) -> bool:
    """Whether a word is the wanted one. A look, a refusal at landing and a dbt test are known by a part of their words."""
    for kind in ("look: ", "landing: ", "dbt: "):
        if wanted.startswith(kind):
            return word.startswith(kind) and wanted.removeprefix(kind) in word
    return word == wanted


def _count_facts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counts = {}
    for entity, table in FACTS.items():
        row = connection.execute(f"select count(*) from {table}").fetchone()
        counts[entity] = int(row[0]) if row else 0
    return counts


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _file(candidate: Path) -> Path:
    return connections.candidate_path(candidate)


def unproven(suites: Sequence[Suite], faults: Sequence[Fault]) -> tuple[str, ...]:
    """Expectations, the canary's included, that no fault of the catalogue names; pure."""
    named = {fault.wanted.removeprefix(_NO_ANSWER) for fault in faults}
    return tuple(e.meta.id for suite in suites for e in suite.expectations if e.meta.id not in named)


Progress = Callable[[Outcome], None]
"""Told each outcome as it comes."""
