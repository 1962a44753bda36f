"""Rules of the house, read off the source. Each scan proves first that it found something, and that it can catch."""

import ast
import csv
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROVINCE, REPOSITORY

PACKAGE = REPOSITORY / "include" / "dvctt"
CLOCK_READERS = {"landing", "publications", "closing", "notify", "cli"}
"""Rooms that record when something happened to a file (dvctt.clock says so too)."""


def modules() -> list[Path]:
    found = sorted(PACKAGE.rglob("*.py"))
    assert len(found) > 25
    return found


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout  # noqa: S607
    found = [REPOSITORY / name for name in listed.decode().split("\0") if name]
    assert len(found) > 100
    return [path for path in found if path.is_file()]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def calls(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


CLOCK = re.compile(r"(^|\.)(now|today|utcnow|time|localtime|gmtime|time_ns)$")
MONOTONIC = {"time.monotonic"}
CHANCE = re.compile(r"^(random|secrets|uuid|numpy\.random)(\.|$)")


def clock_calls(source: str) -> list[tuple[str, int]]:
    owners = ("datetime", "date", "time", "pendulum", "dt")
    return [
        (name, line)
        for name, line in calls(ast.parse(source))
        if CLOCK.search(name) and name not in MONOTONIC and name.split(".")[0] in owners
    ]


def test_only_the_clock_room_reads_the_clock() -> None:
    found = {path: clock_calls(path.read_text(encoding="utf-8")) for path in modules()}
    assert found.pop(PACKAGE / "clock.py"), "the scan does not see the one call that is there"
    assert {str(path.relative_to(PACKAGE)): hits for path, hits in found.items() if hits} == {}


def test_only_rooms_that_record_when_a_file_moved_use_the_clock() -> None:
    users = {
        room(path)
        for path in modules()
        if any(name.startswith("dvctt.clock") for name, _ in imports(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert "landing" in users
    assert users <= CLOCK_READERS


def test_the_scan_for_clocks_catches_one() -> None:
    assert clock_calls("import time\nx = time.time()\n") == [("time.time", 2)]
    assert clock_calls("from datetime import datetime\ndatetime.now(tz)\n") == [("datetime.now", 2)]
    assert clock_calls("import time\nx = time.monotonic()\n") == []


def test_chance_lives_in_the_sample_alone() -> None:
    users = {
        room(path)
        for path in modules()
        if any(CHANCE.match(name) for name, _ in imports(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert users == {"sample"}


def test_no_sql_reads_the_clock_or_rolls_dice() -> None:
    files = sorted((REPOSITORY / "dbt_project").rglob("*.sql"))
    assert len(files) > 40
    banned = re.compile(
        r"\b(now|current_date|current_timestamp|today|random|uuid|gen_random_uuid|run_started_at)\b", re.I
    )
    assert banned.search("select current_date")
    hits = {path.name: banned.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {name: found for name, found in hits.items() if found} == {}


def agency_names() -> list[str]:
    names = []
    for folder in sorted(PROVINCE.parent.iterdir()):
        with (folder / "agencies.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                names += [row["name_vi"], row["short_name_vi"]]
    assert len(names) >= 52
    return [unicodedata.normalize("NFC", name) for name in names]


def test_no_agency_and_no_province_is_named_in_code() -> None:
    names = [*agency_names(), "Vĩnh Phúc", "vinh_phuc"]
    code = [
        path
        for path in tracked()
        if path.suffix in {".py", ".sql", ".j2", ".yml"}
        and path.is_relative_to(REPOSITORY)
        and path.relative_to(REPOSITORY).parts[0] in {"dags", "include", "dbt_project", "expectations"}
        and "provinces" not in path.parts
    ]
    assert len(code) > 70
    hits = []
    for path in code:
        text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8"))
        hits += [(path.name, name) for name in names if name in text]
    # The default installation is the bundled province: one name, in the one place that reads the variable.
    assert set(hits) <= {("settings.py", "vinh_phuc"), ("reading.py", "vinh_phuc")}
    assert ("settings.py", "vinh_phuc") in hits


def test_no_article_number_is_in_code() -> None:
    figures = {"2952", "2930", "18525", "11977", "6527", "8918", "4462", "2961", "2039"}
    with (PROVINCE / "published_figures.csv").open(encoding="utf-8") as file:
        assert figures <= {row["value"] for row in csv.DictReader(file)}
    number = re.compile(r"(?<![\d.])\d[\d_]{2,}(?![\d.])")
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, int):
                assert str(node.value) not in figures, f"{path}:{node.lineno}"
    for path in (REPOSITORY / "dbt_project" / "models").rglob("*.sql"):
        found = {match.replace("_", "") for match in number.findall(path.read_text(encoding="utf-8"))}
        assert not found & figures, path


DAGS = REPOSITORY / "dags"


def heavy_imports(source: str) -> list[str]:
    tree = ast.parse(source)
    names = [
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    ]
    allowed = {
        "airflow.sdk",
        "collections.abc",
        "typing",
        "airflow.providers.standard.operators.hitl",
        "airflow.providers.standard.operators.trigger_dagrun",
        "dvctt.pipeline.night",
        "dvctt.province.folder",
        "dvctt.settings",
        "pendulum",
        "warehouse_dags",
        "datetime",
    }
    return [name for name in names if name not in allowed]


SHARED = DAGS / "warehouse_dags.py"


def dag_files() -> list[Path]:
    found = [path for path in sorted(DAGS.glob("*.py")) if path != SHARED]
    assert found
    return found


def longest_work(source: str) -> int:
    """Lines of the longest function that is no DAG, no task and no wrapping of one."""
    plain = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and not any(isinstance(inner, ast.FunctionDef) and inner.decorator_list for inner in ast.walk(node))
    ]
    return max(((node.end_lineno or 0) - node.lineno for node in plain), default=0)


def test_dag_files_are_tables_of_contents() -> None:
    for path in (*dag_files(), SHARED):
        source = path.read_text(encoding="utf-8")
        assert not path.name.startswith("dbt_"), "dbt would import it as a plugin"
        assert heavy_imports(source) == [], path
        longest = longest_work(source)
        assert longest <= 12, f"{path}: a function of {longest} lines is work, and work lives in the package"
        assert not re.search(r"\b(select|insert|update|delete)\b.+\bfrom\b", source, re.I), f"{path}: SQL"
        assert not re.search(r"https?://|requests|urllib|httpx", source), f"{path}: HTTP"
    assert longest_work("def work():\n" + "    pass\n" * 20) == 20


def test_every_dag_says_what_it_makes_and_how_to_triage() -> None:
    for path in dag_files():
        source = path.read_text(encoding="utf-8")
        for heading in ("### What it makes", "### Which month a run means", "### What a failure costs", "### Triage"):
            assert heading in source, f"{path}: {heading}"
        for setting in ("dag_settings(", "DOC,", "retry_policy=RETRY_POLICY", "tags="):
            assert setting in source, f"{path}: {setting}"
    shared = SHARED.read_text(encoding="utf-8")
    for setting in ('"pool": WRITER_POOL', '"on_failure_callback"', '"max_active_runs": 1', '"doc_md": doc'):
        assert setting in shared, setting


def test_the_scan_for_heavy_imports_catches_one() -> None:
    assert heavy_imports("import duckdb\nfrom airflow.sdk import dag\n") == ["duckdb"]


def test_no_committed_file_names_an_index_host_or_a_path_of_one_machine() -> None:
    hosts = re.compile(
        r"(pypi|pythonhosted|npmjs|debian)\.(org|com)\b|--(extra-)?index-url\s+http|(?<![\w.])/(root|work)/\w"
    )
    assert hosts.search("https://files.pythonhosted.org/x")
    assert hosts.search("/work/main")
    hits = []
    for path in tracked():
        if path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        hits += [(str(path.relative_to(REPOSITORY)), match.group()) for match in hosts.finditer(text)]
    assert hits == []


def test_nothing_generated_is_tracked() -> None:
    made = re.compile(r"(^|/)(var/|target/|logs/|airflow\.db)|\.(duckdb|parquet|pdf|pyc)$")
    assert made.search("var/x")
    assert [str(path) for path in tracked() if made.search(str(path.relative_to(REPOSITORY)))] == []


def test_the_lock_holds_exact_versions_with_hashes_and_no_address() -> None:
    text = (REPOSITORY / "requirements" / "lock.txt").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9._-]+)==([^ ]+)", text, re.M)
    assert len(pinned) > 150
    assert text.count("--hash=sha256:") > len(pinned)
    assert "://" not in text
    for name, version in {"apache-airflow": "3.3.2", "great-expectations": "1.24.1", "duckdb": "1.5.6"}.items():
        assert (name, version) in pinned


def test_every_dependency_is_justified_in_one_line() -> None:
    declared = re.findall(
        r'^    "([a-z0-9-]+)[=<>\[]', (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"), re.M
    )
    assert len(declared) > 25
    text = (REPOSITORY / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
    assert [name for name in declared if not re.search(rf"^\W*`?{re.escape(name)}`?\b", text, re.M)] == []


@pytest.mark.parametrize("folder", ["docs/decisions", "docs/how-to", "docs/runbooks"])
def test_links_between_documents_lead_somewhere(folder: str) -> None:
    documents = [*sorted((REPOSITORY / folder).glob("*.md")), REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"]
    assert len(documents) > 2
    links = 0
    for document in documents:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:"):
                links += 1
                assert (document.parent / target).exists(), f"{document}: {target}"
    assert links


def test_documents_that_code_points_to_exist() -> None:
    pointer = re.compile(r"docs/[\w./-]+\.md")
    found = {
        match
        for path in tracked()
        if path.suffix in {".py", ".yml", ".sql"} or path.name in {"Makefile", "Dockerfile"}
        for match in pointer.findall(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 3
    assert sorted(name for name in found if not (REPOSITORY / name).exists()) == []
