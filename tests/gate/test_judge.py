"""The gate: three verdicts, severities, the canary, and exact integers. Audit tables are made by hand, GX is real."""

import json
import math
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.core.errors import ConfigError, GateCouldNotCheck, GateFailed
from dvctt.gate import judge
from dvctt.gate.judge import Check, Frame, Suite, decide, evaluate, load_suites
from dvctt.notify.alerts import alert_about_publication
from dvctt.notify.wording import text_body
from dvctt.report.documents.verdict import write_verdict_page
from dvctt.report.findings import sides_en

META = {"id": "x.equal", "title_vi": "Tiêu đề", "why_vi": "Vì sao", "next_vi": "Làm gì"}
EQUAL = {"type": "expect_column_pair_values_to_be_equal", "kwargs": {"column_A": "wanted", "column_B": "found"}}
CANARY = next(suite for suite in load_suites() if suite.name == judge.CANARY)
CANARY_FRAME = {judge.CANARY: Frame(*judge._CANARY_FRAME)}


def suite(severity: str = "critical", **more: Any) -> Suite:
    expectation = {**EQUAL, "severity": severity, "meta": META, **more.pop("expectation", {})}
    return Suite(name="x", table="aud_x", title_vi="Bộ thử", expectations=[expectation], **more)


def verdict_of(
    suites: list[Suite], rows: list[tuple[Any, ...]], columns: tuple[str, ...] = ("wanted", "found")
) -> tuple[str, list[Check]]:
    frames: dict[str, Frame | str] = {**CANARY_FRAME, "aud_x": Frame(list(columns), rows)}
    checks = evaluate([*suites, CANARY], frames)
    return decide(checks), checks


def test_equal_counts_pass() -> None:
    verdict, checks = verdict_of([suite()], [(10, 10), (0, 0)])
    assert verdict == "passed"
    assert checks[0].rows_seen == 2


def test_one_filing_too_few_fails_and_is_named_with_place_and_size() -> None:
    verdict, checks = verdict_of(
        [suite()],
        [("one_stop", "2022-09", 7, 7), ("one_stop", "2022-10", 23449, 23448)],
        ("source_id", "agency_name_vi", "wanted", "found"),
    )
    assert verdict == "failed"
    (row,) = checks[0].failing_rows
    assert (row["source_id"], row["expected"], row["observed"], row["difference"]) == ("one_stop", 23449, 23448, -1)


def test_one_dong_in_nine_quadrillion_is_seen() -> None:
    assert verdict_of([suite()], [(9_007_199_254_740_993, 9_007_199_254_740_992)])[0] == "failed"


def test_a_missing_count_is_not_an_equal_one() -> None:
    assert verdict_of([suite()], [(5, None)])[0] == "failed"


def test_a_failed_warning_lets_the_night_pass_and_stays_visible() -> None:
    verdict, checks = verdict_of([suite("warning")], [(10, 9)])
    assert (verdict, checks[0].status) == ("passed", "failed")


def test_an_expectation_that_raised_is_no_answer() -> None:
    wrong = suite(expectation={"kwargs": {"column_A": "wanted", "column_B": "no_such_column"}})
    verdict, checks = verdict_of([wrong], [(10, 10)])
    assert (verdict, checks[0].status) == ("could_not_check", "could_not_check")
    assert "no_such_column" in str(checks[0].error)


def test_a_raised_warning_stops_too() -> None:
    wrong = suite("warning", expectation={"kwargs": {"column_A": "wanted", "column_B": "no_such_column"}})
    assert verdict_of([wrong], [(10, 10)])[0] == "could_not_check"


def test_an_expectation_that_gx_does_not_know_is_no_answer() -> None:
    assert verdict_of([suite(expectation={"type": "expect_the_best"})], [(10, 10)])[0] == "could_not_check"


def test_a_table_without_rows_is_no_answer() -> None:
    verdict, checks = verdict_of([suite()], [])
    assert (verdict, checks[0].error) == ("could_not_check", "table aud_x: no row to compare")


def test_a_table_that_may_be_empty_is_not_applicable_but_is_no_pass_alone() -> None:
    allowed = suite(expectation={"meta": {**META, "nothing_vi": "Không có thanh toán"}})
    verdict, checks = verdict_of([allowed], [])
    assert (verdict, checks[0].status) == ("could_not_check", "not_applicable")


def test_a_failed_check_speaks_louder_than_an_unanswered_one() -> None:
    other = Suite(
        name="y",
        table="aud_gone",
        title_vi="Bộ khác",
        expectations=[{**EQUAL, "severity": "critical", "meta": {**META, "id": "y.equal"}}],
    )
    frames: dict[str, Frame | str] = {**CANARY_FRAME, "aud_x": Frame(["wanted", "found"], [(1, 2)]), "aud_gone": "gone"}
    assert decide(evaluate([suite(), other, CANARY], frames)) == "failed"


def test_a_canary_that_does_not_fail_stops_the_night() -> None:
    dead = {judge.CANARY: Frame(["rule_id", "expected", "observed"], [("canary", 10, 10)])}
    checks = evaluate([suite(), CANARY], {**dead, "aud_x": Frame(["wanted", "found"], [(1, 1)])})
    assert decide(checks) == "could_not_check"
    assert any(check.error == "the canary did not fail" for check in checks)


def test_without_a_canary_nothing_has_passed() -> None:
    checks = evaluate([suite()], {"aud_x": Frame(["wanted", "found"], [(1, 1)])})
    assert decide(checks) == "could_not_check"


def test_nothing_evaluated_has_not_passed() -> None:
    assert decide([]) == "could_not_check"


def test_the_canary_knows_every_type_of_expectation_that_the_suites_use() -> None:
    suites = load_suites()
    used = {(e.type, "row_condition" in e.kwargs) for s in suites if s.name != judge.CANARY for e in s.expectations}
    assert len(used) >= 3
    assert used <= {(e.type, "row_condition" in e.kwargs) for e in CANARY.expectations}


def test_every_rule_says_why_and_what_next_in_vietnamese() -> None:
    rules = [expectation for suite in load_suites() for expectation in suite.expectations]
    assert len(rules) >= 17
    for rule in rules:
        assert all(len(words) > 10 for words in (rule.meta.title_vi, rule.meta.why_vi, rule.meta.next_vi)), rule.meta.id


def write_suites(folder: Path, *suites: Suite) -> Path:
    folder.mkdir()
    for item in (*suites, CANARY):
        (folder / f"{item.name}.yml").write_text(json.dumps(item.model_dump(), ensure_ascii=False), encoding="utf-8")
    return folder


def test_a_suite_with_a_wrong_key_is_refused_with_its_file(tmp_path: Path) -> None:
    folder = write_suites(tmp_path / "suites", suite())
    text = (folder / "x.yml").read_text(encoding="utf-8")
    (folder / "x.yml").write_text(text.replace('"severity"', '"serverity"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"x\.yml: not a suite"):
        load_suites(folder)


def test_an_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    duplicate = suite().model_copy(update={"name": "z"})
    with pytest.raises(ConfigError, match=r"id 'x\.equal' stands twice"):
        load_suites(write_suites(tmp_path / "suites", suite(), duplicate))


def test_suites_without_a_canary_are_refused(tmp_path: Path) -> None:
    folder = write_suites(tmp_path / "suites", suite())
    (folder / "canary.yml").unlink()
    with pytest.raises(ConfigError, match="wanted a suite named 'canary'"):
        load_suites(folder)


def candidate_with(tmp_path: Path, sql: str) -> Path:
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(sql)
    return tmp_path


ROWS = "select date '2022-10-01' as month, 'UBND huyện A' as agency_name_vi, 10 as wanted, {found} as found"


def test_a_verdict_lies_on_disk_whatever_it_says(tmp_path: Path) -> None:
    candidate = candidate_with(tmp_path, f"create table aud_x as {ROWS.format(found=9)}")
    with pytest.raises(
        GateFailed, match=r"x\.equal: 1 rows, first: 2022-10 UBND huyện A: expected 10, observed 9"
    ) as caught:
        judge.check_counts(candidate, province_vi="Vĩnh Phúc", run_id="r", month="2022-10", suites=[suite(), CANARY])
    assert caught.value.verdict_path == candidate / "verdict.json"
    verdict = json.loads((candidate / "verdict.json").read_text(encoding="utf-8"))
    assert (verdict["verdict"], verdict["verdict_vi"], verdict["province"]) == ("failed", "KHÔNG ĐẠT", "Vĩnh Phúc")
    (row,) = verdict["checks"][0]["failing_rows"]
    assert (row["month"], row["agency_name_vi"], row["difference"]) == ("2022-10", "UBND huyện A", -1)


def test_a_missing_audit_table_could_not_be_checked(tmp_path: Path) -> None:
    candidate = candidate_with(tmp_path, "create table other as select 1 as x")
    with pytest.raises(GateCouldNotCheck, match="table aud_x cannot be read"):
        judge.check_counts(candidate, province_vi="Vĩnh Phúc", run_id="r", month=None, suites=[suite(), CANARY])
    assert json.loads((candidate / "verdict.json").read_text(encoding="utf-8"))["verdict"] == "could_not_check"


def test_a_passed_gate_gives_the_path_of_its_verdict(tmp_path: Path) -> None:
    candidate = candidate_with(tmp_path, f"create table aud_x as {ROWS.format(found=10)}")
    path = judge.check_counts(candidate, province_vi="Vĩnh Phúc", run_id="r", month=None, suites=[suite(), CANARY])
    assert json.loads(path.read_text(encoding="utf-8"))["verdict_vi"] == "ĐẠT"


def test_a_rule_that_compared_nothing_has_not_passed() -> None:
    verdict, checks = verdict_of([suite()], [(None, None), (None, None)])
    assert (verdict, checks[0].status) == ("could_not_check", "could_not_check")
    narrow = suite(
        expectation={"kwargs": {**EQUAL["kwargs"], "row_condition": "wanted > 10", "condition_parser": "pandas"}}
    )
    verdict, checks = verdict_of([narrow], [(1, 1)])
    assert (verdict, checks[0].status) == ("could_not_check", "could_not_check")


def test_each_check_says_which_command_shows_its_rows_and_which_subject_failed(tmp_path: Path) -> None:
    sql = "create table aud_x as select date '2022-10-01' as month, 'level_2' as defect_id, 1 as wanted, 2 as found"
    with pytest.raises(GateFailed):
        judge.check_counts(
            candidate_with(tmp_path, sql), province_vi="Vĩnh Phúc", run_id="r", month=None, suites=[suite(), CANARY]
        )
    first = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))["checks"][0]
    assert first["command"].startswith("dvctt rows --table aud_x")
    assert first["failing_rows"][0]["subject"] == "level_2"


NOT_BELOW = "expect_column_pair_values_a_to_be_greater_than_b"
OCTOBER, YEAR_ONE, YEAR_9999 = date(2022, 10, 1), date(1, 1, 1), date(9999, 12, 1)


def sides_of(kind: str, kwargs: dict[str, Any], rows: list[tuple[Any, ...]], **meta: str) -> list[dict[str, Any]]:
    """The failing rows of one rule over columns month, a and b."""
    rule = suite("warning", expectation={"type": kind, "kwargs": kwargs, "meta": {**META, **meta}})
    _, checks = verdict_of([rule], rows, ("month", "a", "b"))
    assert checks[0].status == "failed", checks[0].error
    return list(checks[0].failing_rows)


def test_a_floor_says_at_least_and_a_ceiling_at_most() -> None:
    floor = {"column_A": "a", "column_B": "b", "or_equal": True}
    (row,) = sides_of(NOT_BELOW, floor, [(OCTOBER, 4, 1064), (OCTOBER, 1064, 1064)], observed_column="a")
    assert (row["relation"], row["expected"], row["observed"], row["difference"]) == ("at_least", 1064, 4, -1060)
    assert sides_en(row) == "expected at least 1,064, observed 4"
    (row,) = sides_of(NOT_BELOW, floor, [(OCTOBER, 50, 90)], observed_column="b")
    assert sides_en(row) == "expected at most 50, observed 90"
    (row,) = sides_of(NOT_BELOW, {"column_A": "a", "column_B": "b"}, [(OCTOBER, 50, 50)], observed_column="b")
    assert sides_en(row) == "expected less than 50, observed 50"


def test_a_range_says_its_bounds() -> None:
    between = "expect_column_values_to_be_between"
    (row,) = sides_of(between, {"column": "a", "min_value": 0}, [(OCTOBER, -1, 0)])
    assert sides_en(row) == "expected at least 0, observed -1"
    (row,) = sides_of(between, {"column": "a", "min_value": 0, "max_value": 5}, [(OCTOBER, 9, 0), (OCTOBER, 3, 0)])
    assert (row["expected"], sides_en(row)) == ([0, 5], "expected from 0 to 5, observed 9")


def test_years_one_and_9999_missing_sides_and_numbers_beyond_a_float_reach_the_verdict_page(tmp_path: Path) -> None:
    equal = {"column_A": "a", "column_B": "b"}
    rows = [
        (YEAR_ONE, math.nan, 2),
        (YEAR_9999, 2**53, 2**53 + 1),
        (OCTOBER, None, Decimal(5)),
        (OCTOBER, math.inf, None),
        (None, 2**70, Decimal("0.5")),
    ]
    found = sides_of(EQUAL["type"], equal, rows)
    assert [(row["month"], sides_en(row)) for row in found] == [
        ("0001-01", "expected none, observed 2"),
        ("9999-12", "expected 9,007,199,254,740,992, observed 9,007,199,254,740,993"),
        ("2022-10", "expected none, observed 5"),
        ("2022-10", "expected none, observed none"),
        (None, "expected 1,180,591,620,717,411,303,424, observed 0.5"),
    ]
    check = Check("x", "aud_x", suite("warning").expectations[0], "failed", 5, tuple(found))
    verdict = json.loads(json.dumps(judge._as_dict("passed", [check], "Tỉnh", "run", "2022-10"), allow_nan=False))
    page = write_verdict_page(verdict, tmp_path / "verdict.html").read_text(encoding="utf-8")
    assert "01/0001" in page
    assert "không có" in page
    assert "9.007.199.254.740.993" in page
    alert = alert_about_publication(verdict, tmp_path / "verdict.json", publication=1)
    assert alert is not None
    assert "Tháng: 01/0001" in text_body(alert)


def test_a_rule_of_a_limit_that_does_not_say_what_is_counted_is_refused() -> None:
    with pytest.raises(ValueError, match=r"observed_column: found None, wanted the one of \['a', 'b'\]"):
        suite(expectation={"type": NOT_BELOW, "kwargs": {"column_A": "a", "column_B": "b"}})
