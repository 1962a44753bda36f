"""Says on standard output when a stage begins and ends, and what it has cost this process and those that it waited for.

Only the standard library: it also runs in the environment of another checkout. `benchmarks.measure` listens.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OUT = os.fdopen(os.dup(1), "w", encoding="utf-8")
MARK = "benchmark-stage "
"""Begins each line that is meant for who measures; what else a night prints is not."""


def cpu_seconds() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def bytes_written() -> int:
    """What went to a disk, as Linux counts it, by this process and those that it waited for."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def peak_bytes() -> int:
    """The most memory that this process has held since `forget_peak`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _say(**content: object) -> None:
    _OUT.write(MARK + json.dumps(content) + "\n")
    _OUT.flush()


@contextmanager
def stage(name: str) -> Iterator[None]:
    forget_peak()
    _say(begin=name)
    clock, cpu, written = time.monotonic(), cpu_seconds(), bytes_written()
    yield
    _say(
        end=name,
        seconds=time.monotonic() - clock,
        cpu_seconds=cpu_seconds() - cpu,
        written_bytes=bytes_written() - written,
        peak_bytes=peak_bytes(),
    )


def versions(**found: str) -> None:
    """What the measured process is made with."""
    _say(versions={"python": sys.version.split()[0], **found})
