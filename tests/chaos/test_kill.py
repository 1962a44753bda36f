"""SIGKILL at named points of a run: readers see publication 1 or 2, whole, and the next plain run finishes the work.

Here a stage is a process of its own, as a task of the DAG is, begun on the home that the stages before it have left; the run
that follows each kill is the whole command line. These points are one or two a stage; ``make chaos`` (every_point.py) kills
whole runs of the command line, at every point that there is. Two lanes, one a core, work off the points; the tests below only
look at what was found.
"""

import fcntl
import hashlib
import json
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Queue
from typing import Any

import pytest

from tests.chaos.homes import RUN, STAGES, Lane, Watched, plan_of, watched


@dataclass(frozen=True)
class Point:
    """A place in a run: the stage, and the lines that its process must announce one after the other; it dies at the last,
    just before what that line says is done.
    """

    name: str
    stage: str
    steps: tuple[str, ...]


POINTS = (
    Point("landing: a Parquet file without its manifest", "land_extracts", (r"run open landing/.+\.bo-sung-\w+\.json\.tmp",)),
    Point("facts: dbt has made some models", "build_facts", (r"run open candidate/dbt/run/.+/fct_filings\.sql",)),
    Point("audit: dbt has made some models", "audit_facts", (r"run open candidate/dbt/run/.+/aud_totals\.sql",)),
    Point("gate: passed and remembered", "check_counts", (r"run rename .+ verdicts/", r"run open candidate/verdict\.html")),
    Point("marts: dbt has made some models", "build_marts", (r"run open candidate/dbt/run/.+/mart_online_rates\.sql",)),
    Point("assembling: some of the CSV files", "assemble_publication", (r"run hardlink .+/csv/", r"run open .+/csv/mart_payments\.csv")),
    Point("sealing: the manifest is not yet in its place", "publish_marts", (r"run rename .+/manifest\.json",)),
    Point("between link and switch", "publish_marts", (r"run rename published/\.current\.new published/current",)),
    Point("after the switch", "publish_marts", (r"run rename published/\.current\.new ", r"run sync published$")),
)  # fmt: skip # a point is a row


@dataclass
class Found:
    """What one trial showed."""

    ended: int
    line: str
    words: str
    current: str
    next_ended: int
    next_words: str
    publication: dict[str, Any]
    verified: list[tuple[int, str]]
    watched: Watched
    is_gone: bool
    """Whether nothing of the killed run was there a moment later."""


def is_gone(lane: Lane) -> bool:
    """Whether all that the killed run had started is gone: its stage holds the home's lock while it lives."""
    with (lane.settings.home / ".writer.lock").open("a") as file:
        for _ in range(50):
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(0.1)
    return False


def kill_at(lane: Lane, point: Point) -> Found:
    lane.put_back(point.stage)
    mark = lane.folder / "mark.txt"
    mark.unlink(missing_ok=True)
    plan = plan_of(lane.settings, mark, steps=point.steps)
    with watched(lane.zygote, lane.settings, lane.folder) as seen:
        ended, words = lane.call("stage", point.stage, RUN, **plan)
        current = os.readlink(lane.settings.published / "current")
        gone = is_gone(lane)
        next_ended, next_words, publication, verified = lane.finish()
    return Found(
        ended,
        mark.read_text(encoding="utf-8"),
        words,
        current,
        next_ended,
        next_words,
        publication,
        verified,
        seen,
        gone,
    )


@pytest.fixture(scope="module")
def found(lanes: list[Lane]) -> dict[str, Found]:
    free: Queue[Lane] = Queue()
    for lane in lanes:
        free.put(lane)

    def kill(point: Point) -> Found:
        lane = free.get()
        try:
            return kill_at(lane, point)
        finally:
            free.put(lane)

    # The long ones first, so that both lanes end together.
    order = sorted(POINTS, key=lambda point: (point.stage == "publish_marts", -STAGES.index(point.stage)))
    with ThreadPoolExecutor(len(lanes)) as pool:
        return dict(zip((point.name for point in order), pool.map(kill, order), strict=True))


def test_the_unkilled_run_gives_the_same_with_the_old_candidate_and_with_none_and_changes_what_a_reader_sees(
    lanes: list[Lane],
) -> None:
    first, second = lanes
    assert first.unkilled == second.unkilled
    assert first.answers == second.answers
    one, two = (json.loads(answer) for answer in first.answers)
    assert [one[0], one[1], two[0], two[1]] == ["1", 1, "2", 2]
    assert two[3][0] == one[3][0] + 1, "the new filing must be seen in the mart"


@pytest.mark.parametrize("point", POINTS, ids=[point.name for point in POINTS])
def test_a_run_that_is_killed_leaves_one_publication_or_the_next_and_the_next_run_finishes_it(
    point: Point, found: dict[str, Found], lanes: list[Lane]
) -> None:
    trial = found[point.name]
    # It was killed, and where it was said.
    assert trial.ended == -signal.SIGKILL, trial.words
    assert len(trial.line.splitlines()) == 1
    assert trial.is_gone, "nothing that the run started may write on"
    assert re.search(point.steps[-1], trial.line.strip())
    assert trial.current == ("2" if point.name == "after the switch" else "1")
    # No help was needed, and it is as if nothing had happened.
    assert trial.next_ended == 0, trial.next_words
    assert trial.publication == lanes[0].unkilled
    assert [code for code, _ in trial.verified] == [0, 0], trial.verified
    # Every answer that the reader got is publication 1 or 2, whole; it got the last one too.
    assert trial.watched.errors == []
    assert set(trial.watched.answers) <= set(lanes[0].answers)
    assert lanes[0].answers[1] in trial.watched.answers


def test_the_points_lie_in_every_stage_that_writes(found: dict[str, Found]) -> None:
    assert sum(trial.ended == -signal.SIGKILL for trial in found.values()) == len(POINTS)
    assert {point.stage for point in POINTS} == set(STAGES) - {"tell_people"}


def test_a_candidate_that_is_cut_off_between_two_stages_stops_the_run_and_the_next_run_makes_it_anew(
    lanes: list[Lane],
) -> None:
    lane = lanes[0]
    lane.put_back("audit_facts")
    warehouse = lane.settings.candidate / "warehouse.duckdb"
    os.truncate(warehouse, warehouse.stat().st_size // 2)
    code, words = lane.call("stage", "audit_facts", RUN)
    assert code == 1
    assert "TransformError: dbt did not build layer_audit" in words
    assert os.readlink(lane.settings.published / "current") == "1"
    assert_finished(lane)


def test_a_candidate_that_is_overwritten_with_noise_between_two_nights_is_made_anew(lanes: list[Lane]) -> None:
    lane = lanes[1]
    lane.put_back("land_extracts")
    files = [path for path in lane.settings.candidate.rglob("*") if path.is_file()]
    assert {"warehouse.duckdb", "run.json", "manifest.json", "partial_parse.msgpack"} <= {path.name for path in files}
    for path in files:
        noise = hashlib.sha256(path.name.encode()).digest()
        path.write_bytes(noise * (path.stat().st_size // len(noise) + 1))
    assert_finished(lane)


def assert_finished(lane: Lane) -> None:
    code, words, publication, verified = lane.finish()
    assert code == 0, words
    assert publication == lane.unkilled
    assert [code for code, _ in verified] == [0, 0]
