"""Runs one fault through the real stages and says who caught it.

Landing, foundation and gate are the night's own functions. dbt runs once, on the good data; for each fault the very SQL
that it compiled (models and data tests, in its order) is replayed on a fresh candidate in this process, because dbt and
Great Expectations take seconds to start and a proof has many faults. A replay that does not give dbt's own audit tables
for the good data proves nothing and is refused. Faults that each spoil rows of a few agencies are played together, every one
with agencies of its own. There a fault has only what names its own rows or its own agency. One that is not caught by that is
tried again alone, and that counts. Which faults there are stands in the catalogue.
"""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from dvctt import __version__
from dvctt.core.errors import DvcttError, ExtractError, GateCouldNotCheck, LandingError, VerdictError
from dvctt.core.sql import file_literal, literal
from dvctt.databases import open_database
from dvctt.gate import judge
from dvctt.gate.judge import Check, Frame, Suite
from dvctt.landing import zone
from dvctt.landing.refusals import refused_files
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
    """What one fault left behind: words of those before the gate, and the audit tables to judge again.

    Attributes:
        agencies: codes of its own agencies where the build was shared: no other word of the gate is its own. None: all are.
    """

    fault: Fault
    early: tuple[str, ...]
    audit: Path | None = None
    seconds: float = 0.0
    agencies: frozenset[str] | None = None


@dataclass(frozen=True)
class _Reason:
    """A rule that did not hold or gave no answer, and the agencies that its failing rows name."""

    word: str
    agencies: frozenset[str]


class _Memory:
    """Great Expectations' answers, by suite and frame: most audit tables are the same under most faults, and it takes a second
    for the twenty of them.
    """

    def __init__(self) -> None:
        self._checks: dict[str, list[Check]] = {}

    def answer(self, suites: Sequence[Suite], frames: dict[str, Frame | str], liar: str = "") -> list[Check]:
        """What ``judge.evaluate`` answers; ``liar`` is the fault that falsifies the answers."""
        keys = {suite.name: self._key(suite, frames[suite.table], liar) for suite in suites}
        unasked = [suite for suite in suites if keys[suite.name] not in self._checks]
        if unasked:
            answers: dict[str, list[Check]] = {keys[suite.name]: [] for suite in unasked}
            for check in judge.evaluate(unasked, frames):
                answers[keys[check.suite]].append(check)
            self._checks |= answers
        return [check for suite in suites for check in self._checks[keys[suite.name]]]

    def forget(self) -> None:
        self._checks.clear()

    @staticmethod
    def _key(suite: Suite, frame: Frame | str, liar: str) -> str:
        # Not by equality: to Python 1, 1.0, True and a decimal one are the same, to a rule they may not be.
        return hashlib.sha256(repr((liar, suite.model_dump_json(), frame)).encode()).hexdigest()


class Prover:
    """The good data, built once in an empty folder, and the faults that were tried on it.

    ``parsed`` is what dbt has parsed in another candidate, if it has: dbt itself sees what has changed since.

    Raises:
        TransformError: dbt did not build the good data.
        GateCouldNotCheck: the good data is not good by the gate's own words, or the replay is not dbt's build.
    """

    def __init__(self, province: Province, work: Path, suites: Sequence[Suite], parsed: Path | None = None) -> None:
        clock = time.monotonic()
        if work.exists() and any(work.iterdir()):
            raise DvcttError(f"{work}: wanted an empty folder to work in, found files in it")
        self.province = small_province(province)
        self.work = work
        self.suites = suites
        self._facts: dict[str, int] = {}
        self._counted: frozenset[Place] = frozenset()
        self._evidence: dict[str, _Evidence] = {}
        self.memory = _Memory()
        self.builds = 0
        self._good = self._site(work / "good")
        self._good.inbox.mkdir(parents=True)
        write_inbox(self._good.inbox, self.province)
        write_baselines(self._good.baselines, self.province, closed_counts(self._good.inbox, self.province))
        zone.land(self.province, self._good.inbox, self._good.landing)
        self._lay_candidate(self._good, self._candidate("good"))
        self._plan, self._seeds = self._build_with_dbt(parsed)
        self.check_good(suites)
        self._check_replay()
        self._publish_good()
        log.info("proof: good data stands, %d nodes to replay, %.1f s", len(self._plan), time.monotonic() - clock)

    @property
    def good(self) -> Site:
        """The good data; to look at, not to spoil."""
        return self._good

    def try_all(self, faults: Sequence[Fault]) -> Iterator[Outcome]:
        """Try faults, those together that can share a build; their outcomes in the order given, as they come."""
        outcomes: dict[str, Outcome] = {}
        for place, fault in enumerate(faults):
            if fault.id not in outcomes:
                left = [one for one in faults[place:] if one.id not in outcomes]
                outcomes |= {outcome.fault_id: outcome for outcome in self._try(self._who_share(fault, left))}
            yield outcomes[fault.id]

    def try_fault(self, fault: Fault) -> Outcome:
        """Inject one fault into a copy of the good data and let the night run on to where it ends."""
        (outcome,) = self._try([fault])
        return outcome

    def _who_share(self, first: Fault, left: Sequence[Fault]) -> list[Fault]:
        """The faults that are played together with the first: at the same step, with the same end, and one agency at least is
        spared, because one faulty row in every agency stops a night.
        """
        chosen, taken = [first], first.agencies
        for fault in left[1:]:
            alike = (fault.where, fault.verdict) == (first.where, first.verdict)
            if first.agencies and fault.agencies and alike and taken + fault.agencies < len(self.province.agencies):
                chosen.append(fault)
                taken += fault.agencies
        return chosen

    def _try(self, faults: Sequence[Fault]) -> list[Outcome]:
        """Play faults in one build; who is not caught there, or if the build itself is stopped, alone."""
        clock = time.monotonic()
        folder = self.work / "fault"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            found = self._run(faults, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        outcomes = []
        for fault, evidence in zip(faults, found, strict=True):
            evidence.seconds = (time.monotonic() - clock) / len(faults)
            self._evidence[fault.id] = evidence
        for fault in faults:
            outcome = self.judge(fault.id, self.suites)
            if not outcome.ok and len(faults) > 1:
                log.info("fault %s: not caught in a build that it shares, tried alone", fault.id)
                outcome = self.try_fault(fault)
            outcomes.append(outcome)
        return outcomes

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
                verdict, given = self._gate(evidence.audit, suites, liar=fault.id if fault.falsify else "")
            own = evidence.agencies
            reasons = [reason.word for reason in given if own is None or (reason.agencies & own)]
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

    def _gate(self, candidate: Path, suites: Sequence[Suite], *, liar: str = "") -> tuple[str, list[_Reason]]:
        """The gate's verdict, and the rules that did not hold or gave no answer."""
        checks: list[Check] = []

        def answer(suites: Sequence[Suite], frames: dict[str, Frame | str]) -> list[Check]:
            checks.extend(self.memory.answer(suites, frames, liar))
            return checks

        (candidate / "verdict.json").unlink(missing_ok=True)
        try:
            path = judge.check_counts(
                candidate,
                province_vi=self.province.name_vi,
                run_id=_RUN_ID,
                month=str(LAST),
                suites=suites,
                answer=answer,
            )
        except VerdictError as error:
            path = candidate / "verdict.json"
            if error.verdict_path is None:
                raise
        words = {"failed": "", "could_not_check": _NO_ANSWER}
        reasons = [
            _Reason(
                f"{words[check.status]}{check.expectation.meta.id}",
                frozenset(str(row["agency_code"]) for row in check.failing_rows if row["agency_code"]),
            )
            for check in checks
            if check.status in words
        ]
        return str(json.loads(path.read_text(encoding="utf-8"))["verdict"]), reasons

    def _site(self, folder: Path, database: duckdb.DuckDBPyConnection | None = None) -> Site:
        return Site(self.province, folder / "inbox", folder / "landing", folder / "row_counts.csv", database)

    def _candidate(self, name: str) -> Path:
        return self.work / name / "candidate"

    def _lay_candidate(self, site: Site, candidate: Path) -> None:
        extracts = zone.landed_extracts(site.landing)
        refused = refused_files(site.landing)
        foundation.lay_foundation(
            candidate, self.province, site.landing, extracts, refused=refused, baselines=site.baselines
        )
        previous.load_previous(candidate, Inputs(1, __version__, project_digest(), self.province.digest), None, ())

    def _build_with_dbt(self, parsed: Path | None) -> tuple[list[Node], list[str]]:
        """One run of dbt for both layers; the models and tests as it compiled them."""
        candidate, layers = self._candidate("good"), (Layer.FACTS, Layer.AUDIT)
        if parsed is not None and parsed.is_file():
            transform.target_folder(candidate).mkdir()
            shutil.copyfile(parsed, transform.target_folder(candidate) / parsed.name)
        transform.build_layers(layers, candidate)
        return read_plan(candidate, layers, tests=True)

    def check_good(self, suites: Sequence[Suite]) -> None:
        """The good data passes every rule and no rule has anything to say.

        Raises:
            GateCouldNotCheck: it does not: a fault found in it would prove nothing.
        """
        verdict, reasons = self._gate(self._candidate("good"), suites)
        if verdict != "passed" or reasons:
            words = "; ".join(reason.word for reason in reasons) or "no rule says why"
            raise GateCouldNotCheck(f"the proof's good data is not good: verdict {verdict}: {words}")

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
            self._facts, self._counted = _count_facts(connection), _places_of_facts(connection)
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
        # It is thrown away: nobody reads the file after this connection.
        connection.execute("pragma disable_checkpoint_on_shutdown")

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
                    # A view as a table: it is asked many times, and nothing changes under it while a replay lasts.
                    for statement in statements(replace(node, materialized="table")):
                        connection.execute(statement)
                else:
                    failing = connection.execute(f"select count(*) from ({node.sql}) as failing").fetchone()
                    if failing != (0,):
                        words.append(f"dbt: {node.name}")
            except duckdb.Error as error:
                words.append(f"dbt: {node.name}: {str(error).splitlines()[0]}")
        return words

    def _run(self, faults: Sequence[Fault], folder: Path) -> list[_Evidence]:
        """What each of the faults left behind; they are injected before one and the same step."""
        self.builds += 1
        where = faults[0].where
        if where in ("facts", "audit", "gate"):
            return self._run_from_facts(faults, folder)
        for name in ("inbox", "landing", "published"):
            shutil.copytree(self.work / "good" / name, folder / name, symlinks=True)
        shutil.copy(self._good.baselines, folder)
        site = self._site(folder)
        places: dict[str, list[Place]] = {}
        seen: tuple[str, ...] = ()
        if where == "disk":
            _inject(faults, site)
            try:
                seen = self._look(folder)
            except DvcttError as error:
                return _stopped(faults, (f"look: {error}",))
        try:
            if where in ("inbox", "inbox, after landing"):
                places = _inject(faults, site)
                if where == "inbox":
                    self._forget_changed(site)
                zone.land(self.province, site.inbox, site.landing)
                refused = refused_files(site.landing)
                if refused and any(fault.verdict == "refused" for fault in faults):
                    return _stopped(faults, tuple(f"landing: {one.words}" for one in refused))
            elif where == "landing":
                places = _inject(faults, site)
            candidate = folder / "candidate"
            self._lay_candidate(site, candidate)
        except (ExtractError, LandingError) as error:
            return _stopped(faults, (f"landing: {error}",))
        with connections.open_candidate(candidate, read_only=False) as connection:
            if where == "staging":
                places = _inject(faults, self._site(folder, connection))
            return self._build(connection, faults, places, seen)

    def _build(
        self,
        connection: duckdb.DuckDBPyConnection,
        faults: Sequence[Fault],
        places: Mapping[str, Sequence[Place]],
        seen: tuple[str, ...],
    ) -> list[_Evidence]:
        """Facts and audit on a foundation that lies, and what they show."""
        self._start(connection)
        words = self._replay(connection, Layer.FACTS)
        if not words:
            words = self._replay(connection, Layer.AUDIT)
        if words:
            return _stopped(faults, tuple(words))
        if len(faults) == 1:
            early = {faults[0].id: seen + self._set_aside(connection, places.get(faults[0].id, []))}
        else:
            early = self._set_aside_together(connection, places)
        return self._found(faults, early, self._keep_audit(connection, faults[0]))

    def _run_from_facts(self, faults: Sequence[Fault], folder: Path) -> list[_Evidence]:
        candidate = folder / "candidate"
        candidate.mkdir(parents=True)
        shutil.copy(_file(self._candidate("good")), candidate)
        with connections.open_candidate(candidate, read_only=False) as connection:
            self._set_session(connection)
            # After dbt has tested and gone, only the gate can see what happens.
            _inject(faults, self._site(folder, connection))
            if faults[0].where == "facts":
                words = self._replay(connection, Layer.FACTS, models=False)
                if not words:
                    words = self._replay(connection, Layer.AUDIT)
                if words:
                    return _stopped(faults, tuple(words))
            return self._found(faults, {}, self._keep_audit(connection, faults[0]))

    def _found(self, faults: Sequence[Fault], early: Mapping[str, tuple[str, ...]], audit: Path) -> list[_Evidence]:
        if len(faults) == 1:
            return [_Evidence(faults[0], early.get(faults[0].id, ()), audit)]
        return [
            _Evidence(
                fault,
                early.get(fault.id, ()),
                audit,
                agencies=frozenset(replace(self._good, turn=turn).agency(n) for n in range(fault.agencies)),
            )
            for fault, turn in _turns(faults)
        ]

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
        found = _left_out(connection)
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

    def _set_aside_together(
        self, connection: duckdb.DuckDBPyConnection, places: Mapping[str, Sequence[Place]]
    ) -> dict[str, tuple[str, ...]]:
        """What became of each fault's rows. It is a catch if all of them were set aside for one reason, if nobody else's were,
        and if the facts are those of the good data without these rows, row by row.
        """
        found = _left_out(connection)
        left_out = frozenset[Place]().union(*found.values())
        spoiled = frozenset(place for rows in places.values() for place in rows)
        clean = left_out <= spoiled and _places_of_facts(connection) == self._counted - left_out
        words: dict[str, tuple[str, ...]] = {}
        for fault_id, rows in places.items():
            own = {word: of_word & set(rows) for word, of_word in sorted(found.items())}
            words[fault_id] = tuple(
                word if clean and some == set(rows) else f"{word} (other rows, or counted all the same)"
                for word, some in own.items()
                if some
            )
        return words

    def _moved(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether the rows of any agency differ from the good data's."""
        connection.execute(f"attach {file_literal(_file(self._candidate('good')))} as good (read_only)")
        differing = connection.execute(
            "select count(*) from ((from main.aud_agency_rows except all from good.main.aud_agency_rows) "
            "union all (from good.main.aud_agency_rows except all from main.aud_agency_rows))"
        ).fetchone()
        connection.execute("detach good")
        return differing != (0,)


def _turns(faults: Sequence[Fault]) -> Iterator[tuple[Fault, int]]:
    """Each fault and how many agencies those before it have taken."""
    turn = 0
    for fault in faults:
        yield fault, turn
        turn += fault.agencies


def _inject(faults: Sequence[Fault], site: Site) -> dict[str, list[Place]]:
    """Spoil what each fault spoils, one beside the other; the rows that must be found, by fault."""
    return {fault.id: list(fault.inject(replace(site, turn=turn))) for fault, turn in _turns(faults)}


def _stopped(faults: Sequence[Fault], words: tuple[str, ...]) -> list[_Evidence]:
    """Before the gate. In a build that is shared nobody can say by whom: none of them has caught anything."""
    return [_Evidence(fault, words if len(faults) == 1 else ()) for fault in faults]


def _left_out(connection: duckdb.DuckDBPyConnection) -> dict[str, set[Place]]:
    """The rows that were set aside or superseded, by what is said of them."""
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
    return found


def _places_of_facts(connection: duckdb.DuckDBPyConnection) -> frozenset[Place]:
    """The rows that became facts."""
    return frozenset(
        Place(entity, file_name, number)
        for entity, table in FACTS.items()
        for file_name, number in connection.execute(
            f"select extracts.file_name, facts.row_number from {table} as facts "
            "inner join stg_landing__extracts as extracts on facts.extract_id = extracts.extract_id"
        ).fetchall()
    )


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


Progress = Callable[[Outcome, int, int], None]
"""Told each outcome as it comes, which one it is (1 for the first), and how many there will be."""
