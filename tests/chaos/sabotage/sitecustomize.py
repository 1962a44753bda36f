"""Put this folder on PYTHONPATH and every Python process of a run can be killed at an exact point, or tell all its points.

Python announces what it is about to do to files (``sys.addaudithook``): renames, links, removals, files opened for writing.
Each announcement below the home becomes one line; ``DVCTT_SABOTAGE`` says what to do with them. So the product needs no hook
of its own, and a point is a sentence (``run rename published/.building published/2``), the same on every machine. What DuckDB
writes from C++ is not announced: it lies between two lines.

Only the standard library may be imported at the top: this runs at the start of every Python process of the run.
"""

import errno
import json
import os
import re
import signal
import sys
import threading
from datetime import datetime, timedelta

PLAN = "DVCTT_SABOTAGE"
"""JSON: ``home``, ``mark`` (the file that lines are written to) and, for a kill, ``steps``: regular expressions that lines
must match one after the other; the process group dies at the last one, just before what it announces. ``fill``: nobody dies;
a file of this name takes all the room that the disk has, and the run goes on. ``delay``: seconds between the last step and the
kill, to land inside what is not announced. ``no_links``: no file below the home gets a second name, as on two file systems."""
LANDED_AT = "DVCTT_SABOTAGE_LANDED_AT"
"""ISO time: files are landed at this moment, whenever that is, so that two runs can be compared byte for byte: when a file
came is part of what is published."""
DAYS = "DVCTT_SABOTAGE_DAYS"
"""Whole days by which the project's clock and those of the module ``time`` are ahead in this process."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_NAMES = {
    "os.rename": "rename",
    "os.symlink": "link",
    "os.link": "hardlink",
    "os.remove": "remove",
    "os.mkdir": "mkdir",
    "os.rmdir": "rmdir",
    "os.chmod": "chmod",
    "shutil.rmtree": "rmtree",
    "shutil.copyfile": "copy",
}


def line_of(event: str, arguments: tuple[object, ...], home: str) -> str | None:
    """One announcement as a line without the home's path; None when it is about something else."""
    if event == "open":
        path, mode, flags = arguments
        if mode is None:
            name = "open" if isinstance(flags, int) and flags & _WRITING else "sync"
        elif isinstance(mode, str) and set(mode) & set("wax+"):
            name = "open"
        else:
            return None
        arguments = (path,)
    elif event in _NAMES:
        name = _NAMES[event]
    else:
        return None
    paths = [os.fsdecode(a) for a in arguments if isinstance(a, (str, bytes, os.PathLike))]
    if not any(path.startswith(home + "/") for path in paths):
        return None
    return " ".join([name, *(path.removeprefix(home + "/") for path in paths)])


def fill(path: str) -> None:
    """Write until the disk is full, to the last byte."""
    ballast = os.open(path, os.O_WRONLY | os.O_CREAT)
    for size in (1 << 20, 1 << 12, 1):
        try:
            while True:
                os.write(ballast, bytes(size))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    os.close(ballast)


def install(plan: dict[str, object]) -> None:
    """Begin to listen; a hook stays for the life of the process and goes on in its forks."""
    home, steps = str(plan["home"]), [re.compile(str(step)) for step in plan.get("steps") or []]  # type: ignore[attr-defined]
    mark = os.open(str(plan["mark"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.set_inheritable(mark, False)
    reached = 0

    def strike(line: str) -> None:
        os.write(mark, f"{line}\n".encode())
        if plan.get("fill"):
            fill(str(plan["fill"]))
            return
        os.killpg(0, signal.SIGKILL)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal reached
        if event != "open" and event not in _NAMES:
            return
        line = line_of(event, arguments, home)
        if line is None:
            return
        line = f"run {line}"
        if not steps:
            os.write(mark, f"{line}\n".encode())
            if event == "os.link" and plan.get("no_links"):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        elif reached < len(steps) and steps[reached].search(line):
            reached += 1
            if reached == len(steps):
                delay = float(str(plan.get("delay") or 0))
                if delay:
                    threading.Timer(delay, strike, (line,)).start()
                else:
                    strike(line)

    sys.addaudithook(hook)


def fix_landing_clock(moment: str) -> None:
    """Let the rooms that land files, and only these, read one moment."""
    from dvctt import clock

    real, fixed = clock.now, datetime.fromisoformat(moment)

    def now() -> datetime:
        caller = str(sys._getframe(1).f_globals.get("__name__"))
        return fixed if caller.startswith(("dvctt.landing.zone", "dvctt.extract")) else real()

    clock.now = now


def move_clocks(days: int) -> None:
    """Set the project's one clock (``dvctt.clock``) and those of the module ``time`` ahead by whole days.

    The class ``datetime`` itself cannot be replaced: compiled code in pandas and pydantic looks into it. Nobody of the
    project calls its clocks elsewhere than in ``dvctt.clock``, and no SQL calls DuckDB's (tests/house/test_rules.py).
    """
    import time

    from dvctt import clock

    ahead, real_now = days * 86_400, clock.now
    clock.now = lambda: real_now() + timedelta(days=days)
    for name, step in (("time", ahead), ("time_ns", ahead * 1_000_000_000)):
        real = getattr(time, name)
        setattr(time, name, lambda real=real, step=step: real() + step)
    for name in ("localtime", "gmtime", "ctime"):
        real = getattr(time, name)
        setattr(time, name, lambda seconds=None, real=real: real(time.time() if seconds is None else seconds))


if _days := os.environ.get(DAYS):
    move_clocks(int(_days))
if _moment := os.environ.get(LANDED_AT):
    fix_landing_clock(_moment)
if _plan := os.environ.get(PLAN):
    install(json.loads(_plan))
