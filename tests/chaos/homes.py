"""A home in which a night has work to do, what a publication of it must be, and readers that watch it.

What is compared between two publications, and what is not: ``wanted_of`` says it once.
"""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dvctt.pipeline.night import NIGHT
from dvctt.settings import Settings

from tests.chaos.reader import ask
from tests.conftest import Inbox, copy_home, environment_for, filing, payment, settings_for
from tests.zygote import Zygote

SABOTAGE = Path(__file__).parent / "sabotage"
STAGES = tuple(stage.name for stage in NIGHT)
RUN = "nightly__2022-12-01"
"""The run that is killed; the runs that finish its work have ids of their own."""
LANDED_AT = "2022-12-01T01:00:00+07:00"

NOT_COMPARED = {
    "manifest.json": "holds the moment of publication and the run's id; its other keys are compared one by one",
    "verdict.json": "holds the run's id",
    "verdict.html": "prints the run's id",
    "marts.duckdb": "DuckDB promises no bytes for its own file; each of its tables is compared as Parquet",
}
"""Files of a publication whose bytes may differ between two runs of the same landing, and why."""


def begin(home: Path, inbox: Path, base: Settings) -> Settings:
    """A copy of a home with publication 1, and two new files in its inbox: a filing and its payment, for October."""
    copy_home(base.home, home)
    shutil.copytree(base.inbox, inbox)
    box = Inbox(inbox)
    box.write("filings", "2022-10.bo-sung", [filing("N1", "244", "20221012101010")])
    box.write("payment_requests", "2022-10.bo-sung", [payment("YN1", "N1", "244", "2022-10-12 11:00:00", 40_000)])
    return settings_for(home, inbox)


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a run in this home, with the folder of sabotage on its path and the hour of landing held."""
    path = os.pathsep.join(filter(None, (str(SABOTAGE), os.environ.get("PYTHONPATH"))))
    return environment_for(
        settings, PYTHONPATH=path, DVCTT_SABOTAGE_LANDED_AT=LANDED_AT, DVCTT_DBT_THREADS="1", DVCTT_NICE="0", **more
    )


def plan_of(settings: Settings, mark: Path, **more: Any) -> dict[str, str]:
    """The one variable that makes a run record its points in ``mark``, or die at one of them."""
    return {"DVCTT_SABOTAGE": json.dumps({"home": str(settings.home), "mark": str(mark), **more})}


def wanted_of(folder: Path) -> dict[str, Any]:
    """All of a publication that the landing zone alone decides: hashes of the files, and the manifest's other keys."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    hashes = {name: entry["sha256"] for name, entry in manifest["files"].items() if name not in NOT_COMPARED}
    assert {name.partition("/")[0] for name in hashes} >= {"parquet", "csv", "reports"}
    manifest_keys = {
        key: value for key, value in manifest.items() if key not in ("published_at", "run_id", "files", "seal")
    }
    return {**hashes, **manifest_keys, "names": sorted(manifest["files"])}


@dataclass
class Watched:
    """What a reader got while something happened in its home."""

    answers: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@contextmanager
def watched(zygote: Zygote, settings: Settings, folder: Path) -> Iterator[Watched]:
    """A reader in a process of its own polls the home from the first line to the last; its answers are there at the end."""
    report = folder / "reader.json"
    call = zygote.call(
        "reader", [str(settings.published), str(report)], environment_of(settings), folder / "reader.txt"
    )
    result = Watched()
    try:
        yield result
    finally:
        os.kill(call.pid, signal.SIGTERM)
        code = call.wait()
    assert code == 0, call.words()
    seen = json.loads(report.read_text(encoding="utf-8"))
    result.answers, result.errors = seen["answers"], seen["errors"]


class Lane:
    """One home, at one path (a candidate knows where its landing lies), that is put back before each trial."""

    def __init__(self, folder: Path, zygote: Zygote, base: Settings, *, candidate: bool = True) -> None:
        """Begin it and run one night there that nobody kills; ``candidate``: whether that night finds an old one."""
        self.folder, self.zygote = folder, zygote
        self.settings = begin(folder / "home", folder / "inbox", base)
        self._before(STAGES[0])
        self.answers = [ask(self.settings.published)]
        if not candidate:
            shutil.rmtree(self.settings.candidate)
        for stage, following in zip(STAGES, (*STAGES[1:], "end"), strict=True):
            code, words = self.call("stage", stage, RUN)
            assert code == 0, words
            self._before(following)
        self.answers.append(ask(self.settings.published))
        self.unkilled = wanted_of(self.settings.published / "2")

    def call(self, kind: str, *arguments: str, **more: str) -> tuple[int, str]:
        output = self.folder / "output.txt"
        output.unlink(missing_ok=True)
        call = self.zygote.call(kind, list(arguments), environment_of(self.settings, **more), output)
        return call.wait(), call.words()

    def _before(self, stage: str) -> None:
        shutil.copytree(self.settings.home, self.folder / f"before-{stage}", symlinks=True)

    def put_back(self, stage: str) -> None:
        """The home as it is when ``stage`` begins."""
        shutil.rmtree(self.settings.home)
        shutil.copytree(self.folder / f"before-{stage}", self.settings.home, symlinks=True)

    def finish(self) -> tuple[int, str, dict[str, Any], list[tuple[int, str]]]:
        """The next plain run, what it published, and what ``publications verify`` says of both."""
        code, words = self.call("dvctt", "run")
        current = self.settings.published / os.readlink(self.settings.published / "current")
        return code, words, wanted_of(current), [self.call("dvctt", "publications", "verify", n) for n in ("1", "2")]
