"""Runs one process and those that it starts, and measures each of its stages: time, processors, memory, bytes.

What a process says of itself (`benchmarks.stopwatch`) is exact. The memory of those that it starts is looked up while they
live, a few times a second, and the largest process of the stage is what counts.
"""

import json
import os
import statistics
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.stopwatch import MARK

EVERY = 0.05
"""Seconds between two looks at the memory of the processes."""
START = "start"
"""What lies before the first stage: imports."""


@dataclass(frozen=True)
class Cost:
    """What one stage took. ``cpu_seconds`` and ``written_bytes`` are of all its processes, ``peak_bytes`` of the largest."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    written_bytes: int


@dataclass(frozen=True)
class Measured:
    """One run: what each stage took, in order, and what the process was made with."""

    stages: dict[str, Cost]
    versions: dict[str, str]


class MeasureError(RuntimeError):
    """The measured process failed, or gave another result than the floor; its words are in the message."""


def run(command: Sequence[str], environment: Mapping[str, str], words: Path) -> Measured:
    """Run it to its end.

    Args:
        words: file for what it says on standard error.

    Raises:
        MeasureError: it ended in an error.
    """
    found: dict[str, Cost] = {}
    versions: dict[str, str] = {}
    clock = time_of()
    with words.open("wb") as errors:
        process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE, stderr=errors, text=True)
        watch = _Watch(process.pid)
        assert process.stdout is not None
        first = None
        for line in process.stdout:
            if not line.startswith(MARK):
                continue
            said = json.loads(line.removeprefix(MARK))
            versions |= said.get("versions", {})
            if "begin" in said:
                first = first or time_of() - clock
                watch.begin()
            if name := said.pop("end", None):
                said["peak_bytes"] = max(said["peak_bytes"], watch.largest())
                found[name] = Cost(**said)
        watch.stop()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = words.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise MeasureError(f"{' '.join(command)}: exit {process.returncode}\n{tail}")
    around = used.ru_utime + used.ru_stime - sum(cost.cpu_seconds for cost in found.values())
    return Measured({START: Cost(first or 0.0, around, 0, 0), **found}, versions)


def time_of() -> float:
    return os.times().elapsed


class _Watch:
    """Looks at the memory of a process and of those below it."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._largest = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def begin(self) -> None:
        self._largest = 0

    def largest(self) -> int:
        return self._largest

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(EVERY):
            self._largest = max(self._largest, *(peak_of(pid) for pid in below(self._root)), 0)


def below(root: int) -> list[int]:
    """The processes that a process has started, and theirs."""
    found: list[int] = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                started = [int(word) for word in path.read_text(encoding="ascii").split()]
            except OSError:
                continue
            found += started
            waiting += started
    return found


def peak_of(pid: int) -> int:
    """The most memory that a process has held; 0 when it has gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except (OSError, ValueError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def median(runs: Iterable[Mapping[str, Cost]]) -> dict[str, Cost]:
    """Stage by stage and measure by measure."""
    kept = list(runs)
    found = {}
    for name in kept[0]:
        costs = [asdict(one[name]) for one in kept]
        middle = {key: statistics.median(cost[key] for cost in costs) for key in costs[0]}
        found[name] = Cost(
            middle["seconds"], middle["cpu_seconds"], int(middle["peak_bytes"]), int(middle["written_bytes"])
        )
    return found


def together(costs: Iterable[Cost]) -> Cost:
    """Several stages as one: what they took is added up, the largest process is the largest of all."""
    kept = list(costs)
    return Cost(
        sum(cost.seconds for cost in kept),
        sum(cost.cpu_seconds for cost in kept),
        max(cost.peak_bytes for cost in kept),
        sum(cost.written_bytes for cost in kept),
    )
