"""A disk that fills up in the middle of landing, building and publishing: one error in words, nothing incomplete, and when there
is room again the next run finishes the work.

The home lies on a small tmpfs of its own, mounted in a mount namespace that ends with its process, so nothing is left on the
machine. At a named point of the run a file takes every free byte. One home goes through all the nights below, each of which
fails further on than the one before; so the last one, which has room, must make up for all of them.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dvctt.landing.zone import landed_extracts
from dvctt.settings import Settings

from tests.chaos.homes import Lane, begin, environment_of, plan_of, wanted_of
from tests.conftest import REPOSITORY, SentAlerts, settings_for
from tests.zygote import Zygote

SIZE = "192m"


@dataclass(frozen=True)
class Night:
    """Where the disk fills up, the stage that meets it, and what stands there after it."""

    name: str
    stage: str
    step: str


NIGHTS = (
    Night("landing, a Parquet file", "land_extracts", r"run mkdir landing/\.incoming"),
    Night("landing, a manifest", "land_extracts", r"run rename landing/\.incoming/.+\.parquet "),
    Night("the foundation", "land_extracts", r"run remove candidate/warehouse\.duckdb\.wal"),
    Night("building facts", "build_facts", r"run open candidate/dbt/run/.+/fct_filings\.sql"),
    Night("assembling tables", "assemble_publication", r"run mkdir published/\.building/parquet"),
    Night("sealing", "publish_marts", r"run open published/\.building/\.manifest\.json\.tmp"),
)


class SmallDisk:
    """A home on a tmpfs that only this zygote and its forks see; ``seen_as`` leads there from outside."""

    def __init__(self, folder: Path, base: Settings) -> None:
        self.folder, self.point = folder, folder / "disk"
        self.point.mkdir()
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        mount = f'mount -t tmpfs -o size={SIZE} tmpfs "{self.point}"'
        tried = subprocess.run([*unshare, "sh", "-c", mount], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            pytest.skip(f"this machine lets nobody mount a small disk: {' '.join(unshare)}: {tried.stderr.strip()}")
        self.zygote = Zygote(folder, environment_of(base), before=(*unshare, "sh", "-c", f'{mount} && exec "$@"', "sh"))
        self.seen_as = Path(f"/proc/{self.zygote.process.pid}/root{self.point}")
        begin(self.seen_as / "home", self.seen_as / "inbox", base)
        self.settings = settings_for(self.point / "home", self.point / "inbox")
        self.published = self.seen_as / "home" / "published"
        self.landing = self.seen_as / "home" / "landing"

    def call(self, *arguments: str, kind: str = "dvctt", **more: str) -> tuple[int, str]:
        output = self.folder / "output.txt"
        output.unlink(missing_ok=True)
        call = self.zygote.call(kind, list(arguments), environment_of(self.settings, **more), output)
        return call.wait(), call.words()

    def ask(self) -> str:
        """A reader's answer, asked from inside."""
        return self.call(str(self.settings.published), kind="ask")[1]

    def free(self) -> int:
        status = os.statvfs(self.seen_as)
        return status.f_bavail * status.f_frsize


@pytest.fixture(scope="module")
def disk(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    disk = SmallDisk(tmp_path_factory.mktemp("full"), tiny_home)
    yield disk
    disk.zygote.close()


@pytest.mark.parametrize("night", NIGHTS, ids=[night.name for night in NIGHTS])
def test_a_full_disk_is_one_error_in_words_and_nothing_is_incomplete(
    night: Night, disk: SmallDisk, lanes: list[Lane], sent_alerts: SentAlerts
) -> None:
    mark, ballast = disk.folder / f"{night.name}.txt", disk.seen_as / "ballast"
    ballast.unlink(missing_ok=True)
    plan = plan_of(disk.settings, mark, steps=(night.step,), fill=str(disk.point / "ballast"))
    code, words = disk.call("run", **plan, **sent_alerts.environment)
    # It was full, and from where it was said.
    assert re.search(night.step, mark.read_text(encoding="utf-8"))
    assert ballast.stat().st_size > 0
    # One error, in words: what, where, how much is free, what to do.
    assert code == 1, words
    assert "Traceback" not in words
    (error_line,) = re.findall(r"^dvctt: (.+)$", words, re.M)
    assert error_line.startswith(
        f"DiskFullError: stage {night.stage}: no space left on the disk while writing under "
    ), words
    for wanted in (str(disk.settings.home), "bytes free on", "docs/runbooks/disk-full.md", "df -h", "whole"):
        assert wanted in error_line
    # People were told all the same.
    assert "DiskFullError" in str(sent_alerts.post()) or "no space left" in str(sent_alerts.post())
    # Readers see publication 1, whole, while the disk is still full; landing is what its manifests say.
    assert disk.ask() == lanes[0].answers[0]
    assert disk.call("publications", "verify", "1")[0] == 0
    assert landed_extracts(disk.landing)
    ballast.unlink()
    assert disk.free() > 10_000_000


def test_when_there_is_room_again_the_next_run_publishes_as_if_the_disk_had_never_been_full(
    disk: SmallDisk, lanes: list[Lane]
) -> None:
    assert sorted(path.name for path in disk.published.iterdir() if path.name.isdecimal()) == ["1"]
    code, words = disk.call("run")
    assert code == 0, words
    assert disk.ask() == lanes[0].answers[1]
    assert wanted_of(disk.published / "2") == lanes[0].unkilled
    assert [disk.call("publications", "verify", number)[0] for number in ("1", "2")] == [0, 0]


def test_the_words_lead_to_a_runbook_and_airflow_tries_again() -> None:
    runbook = (REPOSITORY / "docs" / "runbooks" / "disk-full.md").read_text(encoding="utf-8")
    assert "DiskFullError" in runbook
    dag = (REPOSITORY / "dags" / "nightly_warehouse.py").read_text(encoding="utf-8")
    assert '"ExtractError"' in dag, "the list of what is never tried again is not where it was"
    assert "DiskFullError" not in dag
