"""The definitions that a candidate was built by, as data: every model's SQL as dbt compiled it, in the order of building.

They travel with the publication, beside the small inputs that are not landing (the province folder, the frozen past, the
seeds), so that a figure can be explained and rebuilt years later without the version that made it. Replaying them is plain
DuckDB: no dbt, and no rule of its own.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import PublishError, TransformError
from dvctt.core.files import digest_of_files
from dvctt.core.sql import file_literal, literal, read_literal
from dvctt.province.folder import installed_timezone
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.transform import DBT_PROJECT, Layer, data_test_results, manifest_of, target_folder

log = logging.getLogger(__name__)

FOLDER = "definitions"
_MODELS = "models.json"
_INPUT_SCHEMAS = ("province", "expectations", "history", "closed")


@dataclass(frozen=True)
class Node:
    """One model or data test, as dbt compiled it.

    ``columns`` are name and type of the contract's, empty where there is none; ``inputs`` the relations that a model reads:
    other models, seeds, and sources as ``schema.table``.
    """

    name: str
    kind: str
    layer: str
    sql: str
    materialized: str
    columns: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    description: str = ""
    published: bool = False


def project_digest() -> str:
    """sha256 over all SQL and all seeds of the dbt project: another digest is another definition of some figure."""
    paths = [
        path
        for folder in ("macros", "models", "seeds")
        for path in (DBT_PROJECT / folder).rglob("*")
        if path.suffix in (".sql", ".csv")
    ]
    if not paths:
        raise TransformError(f"{DBT_PROJECT}: found no SQL; wanted macros, models and seeds")
    return digest_of_files(DBT_PROJECT, paths)


def read_plan(candidate: Path, layers: Sequence[Layer], *, tests: bool = False) -> tuple[list[Node], list[str]]:
    """The models of some layers, each after what it depends on, and the names of the seeds; with the data tests of these
    layers after them, a test in the layer of its last parent, if they are wanted.

    Raises:
        TransformError: a node of these layers was not compiled, or models wait for each other.
    """
    manifest = manifest_of(candidate)
    nodes, sources = manifest["nodes"], manifest["sources"]
    layer_of = _layers_of(nodes, layers)
    seeds = sorted(nodes[key]["name"] for key in layer_of if nodes[key]["resource_type"] == "seed")
    ordered = _in_order({key for key in layer_of if nodes[key]["resource_type"] == "model"}, nodes)
    if tests:
        ordered += _place_tests(nodes, layer_of, layers)
    names = {key: node["name"] for key, node in nodes.items()}
    names |= {key: f"{source['schema']}.{source['name']}" for key, source in sources.items()}
    compiled = target_folder(candidate) / "compiled"
    asked = {key: sql for key, (_, sql) in data_test_results(candidate).items()} if tests else {}
    return [
        _node(nodes[key], layer_of[key], names, asked.get(key) or _compiled_sql(nodes[key], compiled))
        for key in ordered
    ], seeds


def _layers_of(nodes: dict[str, Any], layers: Sequence[Layer]) -> dict[str, Layer]:
    """The layer of every model and seed that is in one of these."""
    return {
        key: layer
        for key, node in nodes.items()
        for layer in layers
        if layer.value in node["tags"] and node["resource_type"] in ("model", "seed")
    }


def data_tests_that_ran(candidate: Path, layers: Sequence[Layer]) -> dict[str, int]:
    """How many rows each data test of these layers found, by its id in dbt's manifest.

    Args:
        layers: a layer with all that stand before it, because a test may read them.

    Raises:
        TransformError: a test that the manifest declares has not run on this candidate: nobody would miss what it guards.
    """
    nodes = manifest_of(candidate)["nodes"]
    declared = _place_tests(nodes, _layers_of(nodes, layers), layers)
    ran = {key: found for key, (found, _) in data_test_results(candidate).items()}
    if missing := [key for key in declared if key not in ran]:
        raise TransformError(
            f"{candidate}: found no answer of {len(missing)} data tests, wanted one of each of {len(declared)}: "
            f"{', '.join(missing)}; build again: dvctt run"
        )
    return {key: ran[key] for key in declared}


def _in_order(models: set[str], nodes: dict[str, Any]) -> list[str]:
    ordered: list[str] = []
    waiting = sorted(models)
    while waiting:
        ready = [key for key in waiting if not (set(nodes[key]["depends_on"]["nodes"]) & models) - set(ordered)]
        if not ready:
            raise TransformError(f"the manifest's models wait for each other: {', '.join(waiting)}")
        ordered += ready
        waiting = [key for key in waiting if key not in set(ready)]
    return ordered


def _place_tests(nodes: dict[str, Any], layer_of: dict[str, Layer], layers: Sequence[Layer]) -> list[str]:
    """The data tests whose parents are all in ``layer_of``, which gains them."""
    placed = []
    for key, node in sorted(nodes.items()):
        parents = set(node["depends_on"].get("nodes", ()))
        if node["resource_type"] == "test" and parents and parents <= layer_of.keys():
            layer_of[key] = max((layer_of[parent] for parent in parents), key=layers.index)
            placed.append(key)
    return placed


def _node(node: dict[str, Any], layer: Layer, names: dict[str, str], sql: str) -> Node:
    contract = node["config"].get("contract", {}).get("enforced")
    columns = tuple((name, column["data_type"]) for name, column in node["columns"].items()) if contract else ()
    return Node(
        name=node["name"],
        kind=node["resource_type"],
        layer=layer.value,
        sql=sql,
        materialized=node["config"]["materialized"],
        columns=columns,
        inputs=tuple(sorted(names[key] for key in node["depends_on"]["nodes"] if key in names)),
        primary_key=tuple(node["config"].get("meta", {}).get("primary_key", ())),
        description=node["description"],
        published="published" in node["tags"] and node["resource_type"] == "model",
    )


def _compiled_sql(node: dict[str, Any], compiled: Path) -> str:
    """From the file that dbt left when it built the node."""
    path = compiled / str(node["package_name"]) / str(node["original_file_path"])
    if not path.is_file():
        raise TransformError(f"{path}: {node['unique_id']} was not compiled; wanted one build of its layer: dvctt run")
    return path.read_text(encoding="utf-8")


def statements(node: Node) -> list[str]:
    """How dbt creates a model: a view, a table, or under a contract a table of declared types."""
    if node.materialized == "view":
        return [f"create or replace view main.{node.name} as {node.sql}"]
    if not node.columns:
        return [f"create or replace table main.{node.name} as {node.sql}"]
    declared = ", ".join(f"{name} {kind}" for name, kind in node.columns)
    return [
        f"create or replace table main.{node.name} ({declared})",
        f"insert into main.{node.name} by name {node.sql}",
    ]


def replay(connection: duckdb.DuckDBPyConnection, nodes: Iterable[Node]) -> None:
    """Build models in an open candidate whose foundation and seeds lie.

    Raises:
        TransformError: a model's SQL fails.
    """
    # As dbt's profile sets it.
    connection.execute(f"set TimeZone = {literal(installed_timezone())}")
    for node in nodes:
        try:
            for statement in statements(node):
                connection.execute(statement)
        except duckdb.Error as error:
            raise TransformError(f"model {node.name}: its SQL fails: {describe_error(error)}") from None


def write_definitions(candidate: Path, folder: Path) -> str:
    """Write what the candidate was built by into ``folder``; the sha256 of the models' file.

    ``models.json`` holds every model in the order of building; ``seeds/`` and ``inputs/`` the tables that are neither
    landing's nor a model's, as Parquet.

    Raises:
        TransformError: a model of the project was not compiled.
    """
    nodes, seeds = read_plan(candidate, list(Layer))
    folder.mkdir(parents=True)
    text = json.dumps([asdict(node) for node in nodes], ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (folder / _MODELS).write_text(text, encoding="utf-8")
    for name in ("seeds", "inputs"):
        (folder / name).mkdir()
    with open_candidate(candidate) as connection:
        connection.execute("set threads = 1")
        for seed in seeds:
            _export(connection, f"main.{seed}", folder / "seeds" / f"{seed}.parquet")
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in (select unnest(?)) order by all",
            [list(_INPUT_SCHEMAS)],
        ).fetchall():
            _export(connection, f"{schema}.{table}", folder / "inputs" / f"{schema}.{table}.parquet")
    log.info("definitions: %d models, %d seeds", len(nodes), len(seeds))
    return hashlib.sha256(text.encode()).hexdigest()


def _export(connection: duckdb.DuckDBPyConnection, relation: str, target: Path) -> None:
    connection.execute(f"copy (from {relation}) to {file_literal(target)} (format parquet, compression zstd)")


def read_definitions(folder: Path) -> list[Node]:
    """The models that a publication was built by, in order.

    Raises:
        PublishError: the publication carries no definitions, or they cannot be read.
    """
    path = folder / FOLDER / _MODELS
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [
            Node(
                **{
                    **fields,
                    "columns": tuple((name, kind) for name, kind in fields["columns"]),
                    "inputs": tuple(fields["inputs"]),
                    "primary_key": tuple(fields["primary_key"]),
                }
            )
            for fields in content
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise PublishError(f"{path}: no definitions to read: {error}; publications before 0.2 carry none") from error


def load_inputs(connection: duckdb.DuckDBPyConnection, folder: Path, *, but: Sequence[str] = ()) -> None:
    """Put a publication's seeds and inputs into an open candidate, in the place of those that lie there."""
    for path in sorted((folder / FOLDER / "inputs").glob("*.parquet")):
        schema, _, table = path.stem.partition(".")
        if path.stem in but:
            continue
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"create or replace table {schema}.{table} as from read_parquet({read_literal(path)})")
    for path in sorted((folder / FOLDER / "seeds").glob("*.parquet")):
        connection.execute(f"create or replace table main.{path.stem} as from read_parquet({read_literal(path)})")
