"""The history that staging gives on is the one that the warehouse has laid: every column of it, and no other."""

import re

import pytest
import yaml
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.previous import Inputs, load_previous
from dvctt.warehouse.transform import DBT_PROJECT

HISTORY = DBT_PROJECT / "models" / "staging" / "history"
_STAGED = re.compile(r"^\{\{ stage_columns\('(\w+)', '(\w+)'\) \}\}$", re.M)
_SOURCE = re.compile(r"source\('(\w+)', '(\w+)'\)")
NOT_STAGED = {("history", "closed_months"): {"closed_at", "approved_by"}}
"""Who closed a month and when moved no figure of an earlier publication."""


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[str]]:
    """The columns of every table and view of the schemas `history` and `closed`, in order, of a candidate without a past."""
    candidate = tmp_path_factory.mktemp("candidate")
    load_previous(candidate, Inputs(1, "1", "d", "p"), None, [])
    found: dict[tuple[str, str], list[str]] = {}
    with open_candidate(candidate) as connection:
        for schema, table, column in connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where table_schema in ('history', 'closed') order by table_schema, table_name, ordinal_position"
        ).fetchall():
            found.setdefault((schema, table), []).append(column)
    assert len(found) > 15
    return found


@pytest.fixture(scope="module")
def listed() -> dict[str, list[str]]:
    """The columns that the properties of every model of the history list."""
    content = yaml.safe_load((HISTORY / "_history.yml").read_text(encoding="utf-8"))
    return {model["name"]: [column["name"] for column in model["columns"]] for model in content["models"]}


def models_of(pattern: re.Pattern[str]) -> dict[str, tuple[str, str]]:
    found = {
        path.stem: (match[1], match[2])
        for path in HISTORY.glob("*.sql")
        if (match := pattern.search(path.read_text(encoding="utf-8")))
    }
    assert found
    return found


def test_a_staged_column_is_one_that_was_laid_and_keeps_its_order(
    laid: dict[tuple[str, str], list[str]], listed: dict[str, list[str]]
) -> None:
    staged = {name: source for name, source in models_of(_STAGED).items() if source in laid}
    assert len(staged) > 15
    assert {name: listed[name] for name in staged} == {
        name: [column for column in laid[source] if column in listed[name]] for name, source in staged.items()
    }


def test_every_laid_column_is_staged(laid: dict[tuple[str, str], list[str]], listed: dict[str, list[str]]) -> None:
    generated = models_of(_STAGED)
    staged: dict[tuple[str, str], set[str]] = {}
    for name, source in (generated | models_of(_SOURCE)).items():
        staged.setdefault(source, set()).update(listed[name])
    forgotten = {source: set(laid[source]) - staged[source] for source in set(generated.values()) & set(laid)}
    assert {source: columns for source, columns in forgotten.items() if columns} == NOT_STAGED
