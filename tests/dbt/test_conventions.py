"""What every model keeps to, read off dbt's manifest of a built candidate. Each scan proves first that it found something."""

from typing import Any

import pytest
import yaml
from dvctt.settings import Settings
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.transform import DBT_PROJECT, manifest_of

PREFIXES = {
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "facts": ("dim_", "fct_"),
    "audit": ("aud_",),
    "movements": ("aud_",),
    "mart_inputs": ("int_",),
    "marts": ("mart_",),
    "checks": ("chk_",),
}
PUBLISHED = {"facts", "audit", "marts"}

WITHOUT_UNIT_TEST = {
    "dim_dates": "its literal expectation would be a whole year of days; test_a_day_knows_its_weekday reads them instead",
}
"""Published models that need no unit test, each with the reason."""

Node = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(tiny_home: Settings) -> Node:
    return manifest_of(tiny_home.candidate)


@pytest.fixture(scope="module")
def models(manifest: Node) -> list[Node]:
    found = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(found) == len(list((DBT_PROJECT / "models").rglob("*.sql"))) > 40
    return found


@pytest.fixture(scope="module")
def published(models: list[Node]) -> list[Node]:
    found = [model for model in models if layer(model) in PUBLISHED]
    assert {layer(model) for model in found} == PUBLISHED
    assert len(found) > 20
    return found


def layer(model: Node) -> str:
    """The folder under models/ that the model stands in."""
    return str(model["fqn"][1])


def step(folder: str) -> str:
    """What is built together, each model after what it reads: inputs of facts with the facts, inputs of marts with the marts."""
    return {"intermediate": "facts", "mart_inputs": "marts", "checks": "marts"}.get(folder, folder)


def names(models: list[Node]) -> list[str]:
    return sorted(str(model["name"]) for model in models)


def test_every_model_opens_with_its_grain(models: list[Node]) -> None:
    assert names([m for m in models if not m["raw_code"].lstrip().startswith("-- One row")]) == []


def test_every_model_and_every_column_is_described(models: list[Node]) -> None:
    assert names([m for m in models if not m["description"].strip()]) == []
    bare = [f"{m['name']}.{c['name']}" for m in models for c in m["columns"].values() if not c["description"].strip()]
    assert bare == []


def test_every_column_that_is_built_stands_in_the_yaml_file(tiny_home: Settings, models: list[Node]) -> None:
    with open_candidate(tiny_home.candidate) as connection:
        built: dict[str, set[str]] = {}
        for table, column in connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'main'"
        ).fetchall():
            built.setdefault(table, set()).add(column)
    assert {m["name"]: built[m["name"]] for m in models} == {m["name"]: set(m["columns"]) for m in models}


def test_every_published_model_has_an_enforced_contract_with_types(published: list[Node]) -> None:
    assert names([m for m in published if not m["config"]["contract"]["enforced"]]) == []
    bare = [f"{m['name']}.{c['name']}" for m in published for c in m["columns"].values() if not c["data_type"]]
    assert bare == []


def test_money_is_a_64_bit_integer_in_every_published_model(published: list[Node]) -> None:
    money = {
        f"{m['name']}.{c['name']}": c["data_type"]
        for m in published
        for c in m["columns"].values()
        if c["name"].endswith("_vnd")
    }
    assert len(money) > 20
    assert set(money.values()) == {"bigint"}


def test_every_published_model_states_and_tests_its_key(manifest: Node, published: list[Node]) -> None:
    tested: dict[str, list[list[str]]] = {}
    for node in manifest["nodes"].values():
        generic = node.get("test_metadata") or {}
        if generic.get("name") == "unique_combination":
            tested.setdefault(node["attached_node"], []).append(generic["kwargs"]["columns"])
    assert len(tested) >= len(published)
    for model in published:
        key = model["config"]["meta"]["primary_key"]
        assert key, model["name"]
        assert set(key) <= set(model["columns"]), model["name"]
        assert key in tested[model["unique_id"]], model["name"]


def test_a_models_prefix_matches_its_folder(models: list[Node]) -> None:
    assert {layer(model) for model in models} == set(PREFIXES)
    assert names([m for m in models if not m["name"].startswith(PREFIXES[layer(m)])]) == []


def test_only_staging_reads_sources(models: list[Node]) -> None:
    readers = [m for m in models if any(parent.startswith("source.") for parent in m["depends_on"]["nodes"])]
    assert len(readers) == len([m for m in models if layer(m) == "staging"]) > 10
    assert {layer(model) for model in readers} == {"staging"}


def test_nothing_depends_on_what_stands_to_its_right(models: list[Node]) -> None:
    # The checks of an area read marts, and one mart reads the checks: they are one step. So are the inputs of either layer.
    order = [one for one in PREFIXES if step(one) == one]
    layers = {model["unique_id"]: layer(model) for model in models}
    steps = {
        (step(layer(model)), step(layers[parent]))
        for model in models
        for parent in model["depends_on"]["nodes"]
        if parent in layers
    }
    assert ("marts", "facts") in steps
    assert {(own, parent) for own, parent in steps if order.index(parent) > order.index(own)} == set()


def test_marts_and_their_inputs_do_not_read_the_one_stop_feeds_or_the_audit(models: list[Node]) -> None:
    marts = [m for m in models if layer(m) in ("marts", "mart_inputs")]
    assert len(marts) >= 10
    parents = {(m["name"], p.split(".")[-1]) for m in marts for p in m["depends_on"]["nodes"]}
    assert any(parent == "fct_filings" for _, parent in parents)
    assert {pair for pair in parents if pair[1].startswith(("stg_one_stop__", "aud_"))} == set()


def test_only_marts_read_what_is_made_for_marts(models: list[Node]) -> None:
    inputs = {model["unique_id"] for model in models if layer(model) == "mart_inputs"}
    readers = {layer(model) for model in models if inputs & set(model["depends_on"]["nodes"])}
    assert readers == {"marts", "mart_inputs"}


def test_no_model_is_longer_than_a_reader_can_hold(models: list[Node]) -> None:
    lines = {model["name"]: model["raw_code"].count("\n") + 1 for model in models}
    assert max(lines.values()) > 100
    assert {name: length for name, length in lines.items() if length > 250} == {}


def test_every_published_model_and_every_input_of_marts_has_a_unit_test_or_a_reason(
    published: list[Node], models: list[Node]
) -> None:
    tested = {
        test["model"]
        for path in DBT_PROJECT.glob("models/**/_*_unit_tests.yml")
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]
    }
    assert len(tested) > 25
    wanted = published + [model for model in models if layer(model) == "mart_inputs"]
    assert set(names(wanted)) - tested == set(WITHOUT_UNIT_TEST)


def test_a_day_knows_its_weekday_and_whether_people_work(tiny_home: Settings) -> None:
    with open_candidate(tiny_home.candidate) as connection:
        days = connection.execute(
            "select cast(date_day as varchar), cast(month as varchar), quarter_number, year_number, iso_weekday, "
            "is_public_holiday, is_working_day from dim_dates "
            "where date_day in ('2022-01-01', '2022-09-01', '2022-09-02', '2022-10-01', '2022-12-31') order by date_day"
        ).fetchall()
        span = connection.execute("select count(*), min(date_day), max(date_day) from dim_dates").fetchone()
    assert days == [
        ("2022-01-01", "2022-01-01", 1, 2022, 6, True, False),
        ("2022-09-01", "2022-09-01", 3, 2022, 4, True, False),
        ("2022-09-02", "2022-09-01", 3, 2022, 5, True, False),
        ("2022-10-01", "2022-10-01", 4, 2022, 6, False, False),
        ("2022-12-31", "2022-12-01", 4, 2022, 6, False, False),
    ]
    assert span is not None
    assert (span[0], str(span[1]), str(span[2])) == (730, "2022-01-01", "2023-12-31")
