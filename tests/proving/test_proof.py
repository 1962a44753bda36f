"""The gate proves itself: every fault is caught by the one that must catch it, and no critical rule could go unnoticed."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from dvctt import proving
from dvctt.core.errors import ConfigError, DvcttError, GateCouldNotCheck
from dvctt.gate.judge import Suite, load_suites
from dvctt.province.folder import load_province
from dvctt.proving import FAULTS, Fault, Outcome, Proof, Prover, unproven
from dvctt.proving.data import LAST, read_file, small_province
from dvctt.proving.site import Place, Site
from dvctt.settings import Settings

from tests.conftest import PROVINCE, parsed_in


@dataclass(frozen=True)
class Tried:
    prover: Prover
    proof: Proof
    builds: int

    def outcome(self, fault_id: str) -> Outcome:
        return next(outcome for outcome in self.proof.outcomes if outcome.fault_id == fault_id)


@pytest.fixture(scope="module")
def tried(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """The whole catalogue, once."""
    suites = load_suites()
    prover = Prover(load_province(PROVINCE), tmp_path_factory.mktemp("proof"), suites, parsed_in(tiny_home))
    proof = Proof(tuple(prover.try_all(FAULTS)), unproven(suites, FAULTS))
    return Tried(prover, proof, prover.builds)


def critical_ids() -> list[str]:
    return [e.meta.id for suite in load_suites() for e in suite.expectations if e.severity == "critical"]


def without(suites: Sequence[Suite], expectation_id: str) -> list[Suite]:
    """The suites without one expectation; a suite of one goes with it."""
    kept = []
    for suite in suites:
        left = tuple(e for e in suite.expectations if e.meta.id != expectation_id)
        if left:
            kept.append(suite.model_copy(update={"expectations": left}))
    return kept


def test_every_fault_is_caught_by_the_one_that_must_catch_it(tried: Tried) -> None:
    missed = [(o.fault_id, o.wanted, o.verdict, o.caught_by) for o in tried.proof.outcomes if not o.ok]
    assert missed == []
    assert len(tried.proof.outcomes) >= 34
    assert tried.proof.score == f"caught {len(FAULTS)}/{len(FAULTS)}"
    assert tried.proof.complete


def test_the_catalogue_names_each_fault_once_and_every_rule(tried: Tried) -> None:
    ids = [fault.id for fault in FAULTS]
    assert len(ids) == len(set(ids))
    assert tried.proof.unproven == ()
    assert len(critical_ids()) > 15


def test_a_rule_that_no_fault_names_leaves_the_proof_incomplete(tried: Tried) -> None:
    named_by_one = [fault for fault in FAULTS if fault.wanted != "totals.residue_is_not_negative"]
    assert unproven(load_suites(), named_by_one) == ("totals.residue_is_not_negative",)
    assert not Proof(tried.proof.outcomes, ("totals.residue_is_not_negative",)).complete


@pytest.mark.parametrize("expectation_id", critical_ids())
def test_without_any_one_critical_rule_the_score_is_below_all(tried: Tried, expectation_id: str) -> None:
    fewer = without(load_suites(), expectation_id)
    assert sum(len(s.expectations) for s in fewer) == sum(len(s.expectations) for s in load_suites()) - 1
    # A rule's words are its own: only faults that name it can be judged otherwise without it.
    named = [o for o in tried.proof.outcomes if o.wanted.removeprefix("could not check: ") == expectation_id]
    assert named
    judged = {o.fault_id: tried.prover.judge(o.fault_id, fewer) for o in named}
    assert not any(outcome.ok for outcome in judged.values())
    proof = Proof(tuple(judged.get(o.fault_id, o) for o in tried.proof.outcomes))
    assert proof.caught < len(FAULTS)
    assert not proof.complete


def test_all_rules_together_judge_again_as_they_did(tried: Tried) -> None:
    tried.prover.memory.forget()
    for fault_id in ("fact_lost", "always_equal", "null_key"):
        again = tried.prover.judge(fault_id, load_suites())
        assert (again.ok, again.verdict, again.caught_by) == (
            True,
            tried.outcome(fault_id).verdict,
            tried.outcome(fault_id).caught_by,
        )


def test_a_fault_that_nobody_catches_is_reported_as_missed(tried: Tried) -> None:
    harmless = Fault(
        "nothing", "Không có lỗi", "nothing is wrong", "facts", "rows.landed_are_staged", "failed", lambda _: ()
    )
    outcome = tried.prover.try_fault(harmless)
    assert (outcome.ok, outcome.caught_by, outcome.verdict) == (False, (), "passed")
    assert Proof((outcome,)).score == "caught 0/1"


def test_a_fault_that_another_rule_catches_is_reported_as_missed(tried: Tried) -> None:
    def lose(site: Site) -> Sequence[Place]:
        site.sql("delete from fct_filings where row_number = 1")
        return ()

    outcome = tried.prover.try_fault(
        Fault("lost", "Mất dòng", "lost", "facts", "totals.are_classes_and_residue", "failed", lose)
    )
    assert not outcome.ok
    assert "rows.landed_are_accounted_for" in outcome.caught_by
    assert outcome.wanted not in outcome.caught_by


def test_a_fault_that_is_caught_but_stops_a_night_that_should_go_on_is_missed(tried: Tried) -> None:
    five = next(fault for fault in FAULTS if fault.id == "five_percent_of_an_agency")
    outcome = tried.prover.try_fault(
        Fault("harsh", "Quá mức", "harsh", "inbox", "quarantined: unknown_level", "passed", five.inject)
    )
    assert "quarantined: unknown_level" in outcome.caught_by
    assert (outcome.ok, outcome.verdict) == (False, "failed")


def test_other_rows_set_aside_than_the_spoiled_ones_are_no_catch(tried: Tried) -> None:
    null_key = next(fault for fault in FAULTS if fault.id == "null_key")

    def names_another_row(site: Site) -> Sequence[Place]:
        return [place._replace(row_number=place.row_number + 1) for place in null_key.inject(site)]

    outcome = tried.prover.try_fault(
        Fault("other", "Dòng khác", "other", "inbox", "quarantined: missing_key", "passed", names_another_row)
    )
    assert not outcome.ok
    assert "quarantined: missing_key (other rows, or counted all the same)" in outcome.caught_by


def test_each_fault_starts_from_good_data(tried: Tried) -> None:
    """What one fault spoils is not there for the next: nothing is left but audit tables."""
    good = tried.prover.try_fault(Fault("again", "Nguyên vẹn", "whole", "inbox", "unmoved", "passed", lambda _: ()))
    assert (good.ok, good.caught_by, good.verdict) == (True, ("unmoved",), "passed")


def of_catalogue(fault_id: str) -> Fault:
    return next(fault for fault in FAULTS if fault.id == fault_id)


def harmless(fault_id: str, wanted: str, *rows: int) -> Fault:
    """It says of good rows of one agency that they are spoiled."""

    def inject(site: Site) -> Iterable[Place]:
        return [Place("filings", f"{site.own_file(0)}.csv", row) for row in rows]

    return Fault(fault_id, "Không có lỗi", "nothing is wrong", "inbox", wanted, "passed", inject, agencies=1)


def test_a_fault_that_nobody_catches_is_missed_in_a_build_that_it_shares_and_the_others_are_caught(
    tried: Tried,
) -> None:
    """Its neighbours make the very rules speak that it wants: they speak of other rows and other agencies."""
    before = tried.prover.builds
    outcomes = list(
        tried.prover.try_all(
            [
                of_catalogue("level_outside_list"),
                harmless("no level", "quarantined: unknown_level", 5),
                of_catalogue("one_row_set_aside"),
                harmless("no row", "quarantine.is_empty"),
                of_catalogue("unknown_procedure"),
                harmless("no reference", "references.point_to_something"),
            ]
        )
    )
    assert [(outcome.fault_id, outcome.ok) for outcome in outcomes] == [
        ("level_outside_list", True),
        ("no level", False),
        ("one_row_set_aside", True),
        ("no row", False),
        ("unknown_procedure", True),
        ("no reference", False),
    ]
    assert {outcome.caught_by for outcome in outcomes if not outcome.ok} == {("unmoved",)}
    assert {outcome.verdict for outcome in outcomes} == {"passed"}
    assert tried.prover.builds - before == 1 + 3, "one that they share, and one for each that was not caught there"


def test_a_row_that_nobody_spoiled_lets_nobody_be_caught_in_a_build_that_is_shared(tried: Tried) -> None:
    level, channel = of_catalogue("level_outside_list"), of_catalogue("channel_outside_list")

    def spoils_another_too(site: Site) -> Iterable[Place]:
        rows = site.rows("filings", site.own_file(0))
        rows[8]["KenhThucHien"] = "9"
        site.write("filings", site.own_file(0), rows)
        return level.inject(site)

    before = tried.prover.builds
    outcomes = list(tried.prover.try_all([replace(level, inject=spoils_another_too), channel]))
    assert [outcome.ok for outcome in outcomes] == [False, True]
    assert tried.prover.builds - before == 1 + 2


def test_a_fault_that_stops_the_shared_build_is_missed_and_the_others_are_caught(tried: Tried) -> None:
    def no_source(site: Site) -> Iterable[Place]:
        folder = site.csv("filings", site.own_file(0)).parents[1]
        folder.rename(folder.with_name(f".{folder.name}"))
        return ()

    outcomes = list(
        tried.prover.try_all(
            [
                of_catalogue("level_outside_list"),
                replace(harmless("stops", "quarantined: unknown_level"), inject=no_source),
            ]
        )
    )
    assert [(outcome.verdict, outcome.ok) for outcome in outcomes] == [("passed", True), ("refused", False)]


def test_each_fault_of_the_catalogue_that_shares_is_caught_in_the_build_that_it_shares(tried: Tried) -> None:
    sharing = [fault for fault in FAULTS if fault.agencies]
    assert len(sharing) > 60
    assert tried.builds == len(FAULTS) - len(sharing) + 10


def test_a_fault_that_shares_touches_rows_of_its_own_agencies_and_no_others(tried: Tried, tmp_path: Path) -> None:
    good = tried.prover.good
    sharing = [fault for fault in FAULTS if fault.agencies and fault.where == "inbox"]
    assert len(sharing) > 50
    for fault in sharing:
        inbox = tmp_path / fault.id
        shutil.copytree(good.inbox, inbox)
        site = replace(good, inbox=inbox, turn=3)
        fault.inject(site)
        own = {site.agency(number) for number in range(fault.agencies)}
        assert len(own) == fault.agencies
        touched = {
            agency
            for path in (*inbox.rglob("*.csv"), *good.inbox.rglob("*.csv"))
            for agency in agencies_that_differ(good.inbox, inbox, good.source, path.parent.name, path.stem)
        }
        assert touched <= own, fault.id
        assert touched, fault.id
        shutil.rmtree(inbox)


def agencies_that_differ(one: Path, other: Path, source: str, entity: str, stem: str) -> set[str]:
    """Codes of the agencies whose rows are not the same, each at its place in the file."""
    files = [
        dict(enumerate(read_file(inbox, source, entity, stem)))
        if (inbox / source / entity / f"{stem}.csv").is_file()
        else {}
        for inbox in (one, other)
    ]
    return {
        row["MaHoSo"].partition("-")[0] if "MaHoSo" in row else row["MaDonVi"]
        for place in files[0].keys() | files[1].keys()
        if files[0].get(place) != files[1].get(place)
        # What was there; of a row that is new, what it says.
        for row in [files[0].get(place) or files[1][place]]
    }


def test_a_fault_that_was_not_tried_cannot_be_judged(tried: Tried) -> None:
    with pytest.raises(DvcttError, match="'never' has not been tried"):
        tried.prover.judge("never", load_suites())


def test_good_data_that_does_not_pass_proves_nothing(tried: Tried) -> None:
    """Without a canary every verdict is could not check: no fault found then would mean anything."""
    with pytest.raises(GateCouldNotCheck, match="good data is not good: verdict could_not_check: no rule says why"):
        tried.prover.check_good([suite for suite in load_suites() if suite.name != "canary"])


def test_one_fault_is_tried_alone_and_an_unknown_one_is_named(tiny_home: Settings, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    proof = proving.prove(
        load_province(PROVINCE),
        tmp_path / "work",
        only="thousands_dot",
        parsed=parsed_in(tiny_home),
        progress=lambda outcome, number, of: told.append((outcome.fault_id, number, of)),
    )
    assert proof.score == "caught 1/1"
    assert proof.complete
    assert told == [("thousands_dot", 1, 1)]
    assert list((tmp_path / "work").iterdir()) == []
    with pytest.raises(ConfigError, match="no fault 'nope' in the catalogue; wanted one of empty_file, "):
        proving.prove(load_province(PROVINCE), tmp_path, only="nope")


def test_the_small_province_keeps_names_and_codes_and_sets_its_own_measures() -> None:
    province = load_province(PROVINCE)
    small = small_province(province)
    assert len(small.agencies) == 9
    assert {a.name_vi for a in small.agencies} < {a.name_vi for a in province.agencies}
    assert {a.group_code for a in small.agencies} == {"provincial", "district"}
    assert small.quarantine_budget.rows_per_month == 8
    assert str(LAST) == "2022-10"
    with pytest.raises(ConfigError, match="found 1 agencies, wanted at least 2"):
        small_province(province.model_copy(update={"agencies": province.agencies[:1]}))
