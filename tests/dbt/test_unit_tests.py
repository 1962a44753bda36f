"""The models' unit tests, run once in one run of dbt, and proof that every declared one ran."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvctt.core.errors import TransformError
from dvctt.settings import Settings
from dvctt.warehouse import transform
from dvctt.warehouse.connections import CANDIDATE_NAME, candidate_path
from dvctt.warehouse.transform import DBT_PROJECT

from tests.conftest import parsed_in


def declared() -> set[tuple[str, str]]:
    """Model and name of every unit test that the project's YAML files declare."""
    files = sorted(DBT_PROJECT.glob("models/**/_*_unit_tests.yml"))
    assert files
    return {
        (test["model"], test["name"])
        for path in files
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]
    }


@pytest.fixture(scope="module")
def results(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What dbt says of each unit test, on a copy of a built candidate: the rows are the tests' own, the types are its."""
    candidate = tmp_path_factory.mktemp("unit_tests") / "candidate"
    candidate.mkdir()
    shutil.copyfile(candidate_path(tiny_home.candidate), candidate / CANDIDATE_NAME)
    transform.target_folder(candidate).mkdir()
    shutil.copyfile(parsed_in(tiny_home), transform.target_folder(candidate) / parsed_in(tiny_home).name)
    try:
        return transform.run_dbt("test", candidate, "--select", "test_type:unit", what="unit tests")
    except TransformError:
        written = transform.target_folder(candidate) / "run_results.json"
        found: list[dict[str, Any]] = json.loads(written.read_text(encoding="utf-8"))["results"]
        return found


def test_every_declared_unit_test_ran(results: list[dict[str, Any]]) -> None:
    wanted = declared()
    assert len(wanted) > 160
    ran = {tuple(result["unique_id"].split(".")[-2:]) for result in results}
    assert ran == wanted


def test_every_unit_test_passed(results: list[dict[str, Any]]) -> None:
    failed = {
        result["unique_id"]: result["message"] or result["status"] for result in results if result["status"] != "pass"
    }
    assert failed == {}, "look closer: dbt test --select test_type:unit"


@pytest.mark.parametrize(
    "path", sorted(DBT_PROJECT.glob("models/**/_*_unit_tests.yml")), ids=lambda path: str(path.relative_to(DBT_PROJECT))
)
def test_every_unit_test_says_which_rule_it_guards(path: Path) -> None:
    tests = yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]
    assert tests
    for test in tests:
        assert test["description"].startswith(("Domain notes §", "Design, ")), test["name"]
        assert test["name"].count("_") >= 3, f"{test['name']}: wanted a sentence"
