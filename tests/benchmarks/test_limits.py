"""What a night costs, as counts, is held against tests/benchmarks/limits.yml: a statement, a process, a node or a file more
is cheap once, and nobody notices the hundredth.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvctt.settings import Settings
from dvctt.warehouse import transform

from tests.benchmarks.counts import COUNTING, counting, counts_of

LIMITS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("limits.yml").read_text(encoding="utf-8"))


def bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@pytest.fixture(scope="module")
def found(tiny_home: Settings) -> Counter[str]:
    """What the night of the tiny home did."""
    manifest = json.loads((transform.target_folder(tiny_home.candidate) / "manifest.json").read_text(encoding="utf-8"))
    (publication,) = (path for path in tiny_home.published.iterdir() if path.name == "1")
    return Counter(
        {
            **counts_of(tiny_home),
            "dbt_nodes": len([node for node in manifest["nodes"].values() if node["resource_type"] != "unit_test"]),
            "published_files": len([path for path in publication.rglob("*") if path.is_file()]),
            "published_bytes": bytes_of(publication),
            "home_bytes": bytes_of(tiny_home.home),
        }
    )


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_a_night_costs_no_more_than_its_limit(found: Counter[str], name: str) -> None:
    assert found[name] > 0, "nothing was counted"
    limit = LIMITS[name]
    assert found[name] <= limit["most"], f"{name}: {limit['why']}"


def test_every_count_has_a_limit_and_every_limit_a_reason(found: Counter[str]) -> None:
    assert set(found) == set(LIMITS)
    assert [name for name, limit in LIMITS.items() if not limit["why"].strip()] == []


def test_statements_and_processes_of_a_program_and_its_children_are_counted(tmp_path: Path) -> None:
    child = "import duckdb; duckdb.connect().sql('select 3')"
    program = (
        "import duckdb, subprocess, sys\n"
        "connection = duckdb.connect()\n"
        "connection.execute('select 1')\n"
        "connection.cursor().execute('select 2')\n"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)\n"
    )
    settings = Settings(province_folder=tmp_path, inbox=tmp_path, home=tmp_path / "home")
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **counting(settings)}, check=True)
    assert counts_of(settings) == {"statements": 3, "processes": 2}


def test_what_counts_is_only_at_work_where_it_is_asked_for(tmp_path: Path) -> None:
    code = (
        "import sys, duckdb; print(sys.modules['sitecustomize'].__file__, duckdb.DuckDBPyConnection.execute.__name__)"
    )
    environment = {"PYTHONPATH": str(COUNTING)}
    said = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(COUNTING / "sitecustomize.py"), "execute"]
