"""The same landing gives the same bytes: under another zone, locale, thread count, hash seed, working directory and day."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from dvctt.settings import Settings

from tests.chaos.homes import NOT_COMPARED, SABOTAGE, wanted_of
from tests.conftest import environment_for, lend_parsed, settings_for

DAYS = 400


def other_locale() -> str:
    """Vietnamese where the machine has it, else one that is not plain C."""
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()  # noqa: S607
    return next((name for name in listed if name.lower().startswith("vi_vn.utf")), "C.UTF-8")


@dataclass(frozen=True)
class Build:
    """One home that was published from the landing zone of another, and under what."""

    settings: Settings
    environment: dict[str, str]

    @property
    def folder(self) -> Path:
        return self.settings.published / "1"

    def manifest(self) -> dict[str, str]:
        manifest: dict[str, str] = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        return manifest


@pytest.fixture(scope="module")
def builds(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Build, Build]:
    """Two builds at once. The second lives in the future: a sitecustomize of its own moves its clocks (tests/chaos/sabotage)."""
    root = tmp_path_factory.mktemp("same")
    elsewhere = root / "a place" / "elsewhere"
    elsewhere.mkdir(parents=True)
    path = os.pathsep.join(filter(None, (str(SABOTAGE), os.environ.get("PYTHONPATH"))))
    plain = {"TZ": "UTC", "LC_ALL": "C", "DVCTT_DBT_THREADS": "1", "PYTHONHASHSEED": "1"}
    strange = {
        "TZ": "America/New_York",
        "LC_ALL": other_locale(),
        "DVCTT_DBT_THREADS": "2",
        "PYTHONHASHSEED": "77",
        "PYTHONPATH": path,
        "DVCTT_SABOTAGE_DAYS": str(DAYS),
    }
    made, running = [], []
    for name, more, cwd in (("first", plain, Path("/")), ("second home", strange, elsewhere)):
        settings = settings_for(root / name / "home", root / name / "inbox")
        shutil.copytree(tiny_home.landing, settings.landing)
        shutil.copytree(tiny_home.inbox, settings.inbox)
        if made:  # the first parses the project anew, the second finds it parsed
            lend_parsed(settings)
        environment = environment_for(settings, **more)
        made.append(Build(settings, environment))
        with (root / f"{name}.txt").open("w") as words:
            running.append(
                subprocess.Popen(
                    [str(Path(sys.executable).with_name("dvctt")), "run"],
                    env=environment,
                    cwd=cwd,
                    stdout=words,
                    stderr=subprocess.STDOUT,
                )
            )
    ended = [process.wait() for process in running]
    assert ended == [0, 0], [path.read_text(encoding="utf-8")[-3000:] for path in sorted(root.glob("*.txt"))]
    return made[0], made[1]


def test_the_two_builds_really_were_made_on_different_days(builds: tuple[Build, Build]) -> None:
    first, second = (datetime.fromisoformat(build.manifest()["published_at"]) for build in builds)
    assert (second - first).days in (DAYS - 1, DAYS)
    assert builds[1].manifest()["run_id"] != builds[0].manifest()["run_id"]


def test_the_same_landing_gives_the_same_bytes_of_every_table_and_report(builds: tuple[Build, Build]) -> None:
    first, second = (wanted_of(build.folder) for build in builds)
    assert sum(name.startswith("parquet/") for name in first) > 30
    assert sum(name.startswith("csv/") for name in first) > 10
    assert sum(name.startswith("reports/") for name in first) > 2
    assert {name: (found, second.get(name)) for name, found in first.items() if found != second.get(name)} == {}
    assert first == second


def test_what_is_not_compared_byte_for_byte_differs_in_the_run_alone(builds: tuple[Build, Build]) -> None:
    assert set(NOT_COMPARED) == {"manifest.json", "verdict.json", "verdict.html", "marts.duckdb"}
    for name in ("verdict.json", "verdict.html"):
        first, second = (
            (build.folder / name).read_text(encoding="utf-8").replace(build.manifest()["run_id"], "RUN")
            for build in builds
        )
        assert "RUN" in first
        assert first == second
