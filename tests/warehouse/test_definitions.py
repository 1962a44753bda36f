"""The definitions that travel with a publication are those that dbt built by, whole, and a changed one is another digest."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import TransformError
from dvctt.settings import Settings
from dvctt.warehouse import definitions
from dvctt.warehouse.definitions import Node, project_digest, read_definitions, read_plan, statements
from dvctt.warehouse.transform import DBT_PROJECT, Layer, manifest_of

from tests.publications.test_publish import current


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = tmp_path / "dbt_project"
    for folder in ("macros", "models", "seeds"):
        shutil.copytree(DBT_PROJECT / folder, copied / folder)
    monkeypatch.setattr(definitions, "DBT_PROJECT", copied)
    return copied


@pytest.mark.parametrize(
    "name", ["models/marts/online_rates/mart_online_rates.sql", "seeds/ref_service_levels.csv", "macros/dispose.sql"]
)
def test_another_model_seed_or_macro_is_another_digest(project: Path, name: str) -> None:
    before = project_digest()
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert project_digest() != before


def test_words_about_a_model_are_no_definition(project: Path) -> None:
    before = project_digest()
    (project / "models" / "marts" / "online_rates" / "_online_rates.yml").unlink()
    assert project_digest() == before


def test_a_project_without_sql_has_no_digest(project: Path) -> None:
    shutil.rmtree(project)
    with pytest.raises(TransformError, match="found no SQL"):
        project_digest()


def test_every_model_travels_after_what_it_reads_with_its_sql_and_its_key(tiny_home: Settings) -> None:
    nodes = read_definitions(current(tiny_home).folder)
    models = {n["name"] for n in manifest_of(tiny_home.candidate)["nodes"].values() if n["resource_type"] == "model"}
    assert [node.name for node in nodes] == list(dict.fromkeys(node.name for node in nodes))
    assert {node.name for node in nodes} == models
    built: set[str] = set()
    for node in nodes:
        assert {name for name in node.inputs if name in models} <= built, node.name
        assert "select" in node.sql
        built.add(node.name)
    (rates,) = [node for node in nodes if node.name == "mart_online_rates"]
    assert rates.primary_key == ("month", "scope", "entity_code")
    assert ("received", "bigint") in rates.columns
    assert rates.published


def test_seeds_and_the_province_travel_as_tables(tiny_home: Settings) -> None:
    folder = current(tiny_home).folder / "definitions"
    levels = duckdb.sql(
        f"select distinct level_code from '{folder}/seeds/ref_service_levels.parquet' order by 1"
    ).fetchall()
    assert ("4",) in levels
    agencies = duckdb.sql(
        f"select count(*) from '{folder}/inputs/province.agencies.parquet' "
        "where date '2022-10-31' between valid_from and coalesce(valid_to, date '9999-12-31')"
    ).fetchone()
    assert agencies == (26,)


def test_the_compiled_sql_of_a_model_is_read_from_what_dbt_left(tiny_copy: Settings) -> None:
    nodes, seeds = read_plan(tiny_copy.candidate, list(Layer))
    assert "ref_channels" in seeds
    assert "int_filings_disposed" in next(node.sql for node in nodes if node.name == "fct_filings")
    path = tiny_copy.candidate / "dbt" / "compiled" / "dvctt" / "models" / "facts" / "filings" / "fct_filings.sql"
    path.unlink()
    with pytest.raises(TransformError, match=r"fct_filings\.sql: model\.dvctt\.fct_filings was not compiled"):
        read_plan(tiny_copy.candidate, list(Layer))


def test_a_contract_is_kept_when_a_model_is_built_again() -> None:
    node = Node("t", "model", "layer_marts", "select 1 as a", "table", (("a", "bigint"),))
    with duckdb.connect() as connection:
        for statement in statements(node):
            connection.execute(statement)
        assert connection.execute("describe t").fetchall()[0][:2] == ("a", "BIGINT")


def test_models_that_wait_for_each_other_are_named(tiny_copy: Settings) -> None:
    path = tiny_copy.candidate / "dbt" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["nodes"]["model.dvctt.stg_province__groups"]["depends_on"]["nodes"].append("model.dvctt.dim_agencies")
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(TransformError, match=r"wait for each other: .*dim_agencies"):
        read_plan(tiny_copy.candidate, list(Layer))
