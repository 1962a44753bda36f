"""What has one place in the house: the time zone, the names of Airflow, the timetable, what opens DuckDB."""

import ast
import re

from dvctt.pipeline.night import NIGHT, WRITER_POOL
from dvctt.province.folder import read_timezone

from tests.conftest import PROVINCE, REPOSITORY
from tests.house.test_rules import DAGS, dag_files, imports, tracked

CONTAINERS = {"Dockerfile", "docker-compose.yml"}
"""They name the zone of their own clocks, in which Airflow's log lines are printed; no figure depends on it."""
MAY_IMPORT_AIRFLOW = {
    "include/dvctt/notify/airflow_callback.py",
    "include/dvctt/notify/airflow_smtp.py",
    "include/dvctt/pipeline/airflow_login.py",
    "include/dvctt/pipeline/airflow_once.py",
    "include/dvctt/pipeline/local_airflow.py",
}

OPENS_DUCKDB = "include/dvctt/databases.py"
TAKES_NO_MEMORY = {"CSVLineTerminator", "DuckDBPyConnection", "Error"}


def test_the_time_zone_stands_in_the_province_folder_alone() -> None:
    zone = read_timezone(PROVINCE)
    found = {
        path.relative_to(REPOSITORY).as_posix()
        for path in tracked()
        if path.suffix in {".py", ".sql", ".yml", ".toml", ".j2", ""} and zone in path.read_text(encoding="utf-8")
    }
    assert (PROVINCE / "province.yml").relative_to(REPOSITORY).as_posix() in found, (
        "the scan does not see where it stands"
    )
    assert found >= CONTAINERS, "a container runs in a zone of its own"
    elsewhere = {name for name in found - CONTAINERS if not name.startswith(("include/provinces/", "tests/"))}
    assert elsewhere == set()


def airflow_imports(source: str) -> list[str]:
    return [name for name, _ in imports(ast.parse(source)) if name.partition(".")[0] == "airflow"]


def test_airflow_is_imported_in_its_own_modules_alone() -> None:
    code = [path for path in tracked() if path.suffix == ".py" and not path.is_relative_to(REPOSITORY / "tests")]
    found = {
        path.relative_to(REPOSITORY).as_posix() for path in code if airflow_imports(path.read_text(encoding="utf-8"))
    }
    assert "dags/nightly_warehouse.py" in found, "the scan does not see an import that is there"
    assert {name for name in found if not name.startswith("dags/")} <= MAY_IMPORT_AIRFLOW


def test_the_scan_for_airflow_catches_an_import_inside_a_function() -> None:
    assert airflow_imports("def f():\n    from airflow.sdk import dag\n") == ["airflow.sdk.dag"]
    assert airflow_imports("import airflow_of_our_own\n") == []


def opens_duckdb(source: str) -> list[str]:
    """What a module takes of DuckDB that opens a database, the default connection of the library's own functions included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"duckdb", "_duckdb"}
        ):
            found.append(node.attr)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in {"duckdb", "_duckdb"}:
            found += [one.name for one in node.names]
        elif isinstance(node, ast.Import):
            found += [f"{one.name} as {one.asname}" for one in node.names if one.name == "duckdb" and one.asname]
    return [name for name in found if name not in TAKES_NO_MEMORY and not name.endswith("Exception")]


def test_duckdb_is_opened_in_its_own_module_alone() -> None:
    code = [path for path in tracked() if path.suffix == ".py" and path.is_relative_to(REPOSITORY / "include")]
    code += dag_files()
    found = {path.relative_to(REPOSITORY).as_posix(): opens_duckdb(path.read_text(encoding="utf-8")) for path in code}
    assert {name: names for name, names in found.items() if names} == {OPENS_DUCKDB: ["connect"]}


def test_the_scan_for_duckdb_catches_each_way_to_open_it() -> None:
    assert opens_duckdb("import duckdb\ndef f():\n    duckdb.connect('x')\n    duckdb.sql('select 1')\n") == [
        "connect",
        "sql",
    ]
    assert opens_duckdb("from duckdb import connect, Error\nimport duckdb as d\n") == ["connect", "duckdb as d"]
    assert opens_duckdb("import duckdb\ntry:\n    ...\nexcept duckdb.OutOfMemoryException:\n    ...\n") == []


def task_names(source: str) -> set[str]:
    """Tasks of a DAG file: functions that a decorator makes one, and operators."""
    nodes = list(ast.walk(ast.parse(source)))
    decorated = {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(one).startswith("task") for one in node.decorator_list)
    }
    operators = {
        str(keyword.value.value)
        for node in nodes
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "task_id" and isinstance(keyword.value, ast.Constant)
    }
    return decorated | operators


def test_the_timetable_names_every_dag_and_every_task() -> None:
    page = (DAGS / "README.md").read_text(encoding="utf-8")
    names = {path.stem for path in dag_files()} | {stage.name for stage in NIGHT}
    for path in dag_files():
        names |= task_names(path.read_text(encoding="utf-8"))
    assert {"monthly_close", "approve", "close_month", "build_facts"} <= names, "the scan finds no task any more"
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", page)) == []


def test_the_links_of_the_timetable_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (DAGS / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (DAGS / link).exists()] == []


def test_the_pool_of_the_writer_is_made_where_airflow_is_set_up() -> None:
    assert f"pools set {WRITER_POOL} 1 " in (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
