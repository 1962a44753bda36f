"""The long kill test, ``make chaos``: the real command line, killed at every point that a run announces.

A run is recorded first; its lines are the points. ``CHAOS_POINTS`` takes so many of them by chance (``CHAOS_SEED``, printed,
gives the same ones again); without it every one is tried, which takes hours. dbt announces each file that it compiles, and
half of the kills wait a little after their line, so that they also land where DuckDB writes.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

from dvctt.settings import Settings

from tests.chaos import reader
from tests.chaos.homes import begin, environment_of, plan_of, wanted_of


class Lane:
    """One home, put back before each trial, and the command line in a session of its own."""

    def __init__(self, folder: Path, base: Settings) -> None:
        self.folder = folder
        self.settings = begin(folder / "home", folder / "inbox", base)
        shutil.copytree(self.settings.home, folder / "before", symlinks=True)

    def put_back(self) -> None:
        shutil.rmtree(self.settings.home)
        shutil.copytree(self.folder / "before", self.settings.home, symlinks=True)

    def run(self, *arguments: str, **more: str) -> tuple[int, str]:
        with (self.folder / "words.txt").open("w+", encoding="utf-8") as words:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("dvctt")), *arguments],
                env=environment_of(self.settings, **more),
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            code = process.wait()
            words.seek(0)
            return code, words.read()

    def record(self) -> list[str]:
        mark = self.folder / "points.txt"
        code, words = self.run("run", **plan_of(self.settings, mark))
        assert code == 0, words
        return mark.read_text(encoding="utf-8").splitlines()

    def trial(self, place: int, points: list[str], wanted: dict[str, Any], answers: list[str]) -> str:
        """Kill at one point, finish, compare; what went wrong, in words, or nothing."""
        self.put_back()
        mark = self.folder / "mark.txt"
        mark.unlink(missing_ok=True)
        line, nth = points[place], points[: place + 1].count(points[place])
        delay = (place % 2) * (place % 7) * 0.01
        plan = plan_of(self.settings, mark, steps=[f"^{re.escape(line)}$"] * nth, delay=delay)
        report = self.folder / "reader.json"
        with subprocess.Popen(
            [sys.executable, reader.__file__, str(self.settings.published), str(report)],
            env=environment_of(self.settings),
        ) as polling:
            ended, words = self.run("run", **plan)
            next_ended, next_words = self.run("run")
            time.sleep(0.5)
            polling.send_signal(signal.SIGTERM)
        seen = json.loads(report.read_text(encoding="utf-8"))
        if ended != -signal.SIGKILL:
            # dbt's threads compile in an order of their own, and the end of a run may come before a kill that waits.
            return "not reached" if ended == 0 and (delay or "candidate/dbt/" in line) else f"ended {ended}: {words}"
        if next_ended != 0:
            return f"the next run ended {next_ended}: {next_words}"
        current = self.settings.published / os.readlink(self.settings.published / "current")
        if (found := wanted_of(current)) != wanted:
            return f"differs: {sorted(name for name in wanted if found.get(name) != wanted[name])}"
        if seen["errors"] or not set(seen["answers"]) <= set(answers):
            return f"the reader saw {seen}"
        verified = [self.run("publications", "verify", number) for number in ("1", "2")]
        return "" if [code for code, _ in verified] == [0, 0] else f"verify: {verified}"


def test_a_run_killed_at_any_point_is_finished_by_the_next(tiny_home: Settings, tmp_path: Path) -> None:
    lanes = [Lane(tmp_path / name, tiny_home) for name in ("a", "b")]
    answers = [reader.ask(tiny_home.published)]
    with ThreadPoolExecutor(2) as pool:
        points, _ = pool.map(Lane.record, lanes)
    answers.append(reader.ask(lanes[0].settings.published))
    wanted = wanted_of(lanes[0].settings.published / "2")
    assert wanted == wanted_of(lanes[1].settings.published / "2")
    seed = int(os.environ.get("CHAOS_SEED") or time.time())
    many = int(os.environ.get("CHAOS_POINTS") or len(points))
    chance = random.Random(seed)  # noqa: S311 - which points, not a secret
    chosen = sorted(chance.sample(range(len(points)), min(many, len(points))))
    say(f"{len(points)} points, {len(chosen)} chosen, CHAOS_SEED={seed}")

    free: Queue[Lane] = Queue()
    for lane in lanes:
        free.put(lane)

    def trial(place: int) -> str:
        lane = free.get()
        try:
            wrong = lane.trial(place, points, wanted, answers)
        finally:
            free.put(lane)
        say(f"{place:4d} {points[place]}: {wrong or 'ok'}")
        return wrong

    with ThreadPoolExecutor(len(lanes)) as pool:
        outcomes = dict(zip(chosen, pool.map(trial, chosen), strict=True))
    say(str(Counter("ok" if not wrong else wrong[:30] for wrong in outcomes.values())))
    assert {points[place]: wrong for place, wrong in outcomes.items() if wrong not in ("", "not reached")} == {}
    assert sum(not wrong for wrong in outcomes.values()) >= len(chosen) * 0.8, "too many points were not reached"


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()
