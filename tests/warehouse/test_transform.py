"""dbt in this process: what it leaves, what its data tests find, and that none of them can go missing."""

import json
from pathlib import Path

import pytest
from dvctt.core.errors import TransformError
from dvctt.settings import Settings
from dvctt.warehouse import connections, transform
from dvctt.warehouse.definitions import data_tests_that_ran, read_plan
from dvctt.warehouse.transform import Layer


def declared(candidate: Path) -> set[str]:
    nodes = transform.manifest_of(candidate)["nodes"]
    return {key for key, node in nodes.items() if node["resource_type"] == "test"}


def change(candidate: Path, sql: str) -> None:
    with connections.open_candidate(candidate, read_only=False) as connection:
        connection.execute(sql)


def test_every_data_test_that_the_project_declares_ran_in_the_night_and_found_nothing(tiny_home: Settings) -> None:
    ran = data_tests_that_ran(tiny_home.candidate, tuple(Layer))
    assert set(ran) == declared(tiny_home.candidate)
    assert len(ran) > 200
    assert set(ran.values()) == {0}


def test_the_verdict_lists_the_data_tests_of_all_tables_that_the_gate_reads(tiny_home: Settings) -> None:
    verdict = json.loads((tiny_home.published / "1" / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["data_tests"] == data_tests_that_ran(tiny_home.candidate, (Layer.FACTS, Layer.AUDIT))
    assert {key.split(".")[2].split("_fct_")[0] for key in verdict["data_tests"]} >= {"unique_combination"}
    assert not any("_mart_" in key for key in verdict["data_tests"])


def test_a_data_test_that_did_not_run_is_missed(tiny_copy: Settings) -> None:
    gone = min(data_tests_that_ran(tiny_copy.candidate, (Layer.FACTS,)))
    change(tiny_copy.candidate, f"delete from data_test_results where data_test = '{gone}'")
    with pytest.raises(TransformError, match=f"found no answer of 1 data tests, wanted one of each of .*{gone}"):
        data_tests_that_ran(tiny_copy.candidate, (Layer.FACTS,))


def test_what_a_data_test_finds_stops_the_layer_by_name_and_stops_no_later_night(tiny_copy: Settings) -> None:
    """A fact that stands twice: the test of its key, and no other node, says so; built again from what is right, it is gone."""
    candidate = tiny_copy.candidate
    change(candidate, "create table kept as from int_payment_attempts_disposed")
    change(candidate, "insert into int_payment_attempts_disposed from kept where disposition = 'fact' limit 2")
    with pytest.raises(TransformError) as caught:
        transform.run_dbt(
            "build", candidate, "--select", "fct_payment_attempts", "--exclude", "test_type:generic", what="x"
        )
    lines = str(caught.value).splitlines()
    assert lines[0] == "dbt did not build x:"
    assert lines[1].startswith("- test.dvctt.unique_combination_fct_payment_attempts_"), lines
    assert "fail, 2 failing rows" in lines[1]
    change(candidate, "create or replace table int_payment_attempts_disposed as from kept")
    transform.run_dbt(
        "build", candidate, "--select", "fct_payment_attempts", "--exclude", "test_type:generic", what="x"
    )
    assert set(data_tests_that_ran(candidate, tuple(Layer)).values()) == {0}


def test_the_sql_of_a_generic_test_is_kept_for_those_who_ask_it_without_dbt(tiny_home: Settings) -> None:
    nodes, _ = read_plan(tiny_home.candidate, (Layer.FACTS, Layer.AUDIT), tests=True)
    tests = [node for node in nodes if node.kind == "test"]
    assert len(tests) > 150
    with connections.open_candidate(tiny_home.candidate) as connection:
        assert [test.name for test in tests if connection.execute(test.sql).fetchall()] == []


def test_two_candidates_in_one_process_each_have_what_dbt_leaves(tiny_copy: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for candidate in (tiny_copy.candidate, other):
        transform.run_dbt("build", candidate, "--select", "ref_channels", "--exclude", "test_type:generic", what="x")
        assert (transform.target_folder(candidate) / "manifest.json").is_file()
        with connections.open_candidate(candidate) as connection:
            assert connection.execute("select count(*) > 0 from ref_channels").fetchone() == (True,)


def test_the_environment_and_the_folder_of_this_process_are_as_before(tiny_copy: Settings) -> None:
    import os

    before = (dict(os.environ), Path.cwd(), os.umask(0o022))
    transform.run_dbt("build", tiny_copy.candidate, "--select", "ref_channels", what="x")
    assert (dict(os.environ), Path.cwd(), os.umask(before[2])) == (before[0], before[1], 0o022)
    # The candidate's file is closed: another process may open it.
    change(tiny_copy.candidate, "select 1")
