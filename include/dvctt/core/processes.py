"""Processes that this package starts: a child ends with its parent, however the parent ends.

Linux only, like the locks of DuckDB that this spares: elsewhere a child that is left alone runs to its end.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def ends_with_parent(number: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """What :class:`subprocess.Popen` is to run in the child, as ``preexec_fn``, so that the system ends it when the process
    that calls this here has ended.

    The library is loaded before the fork, for a child of several threads may not do so.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        if prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != parent:  # it has ended between the fork and the line above
            os.kill(os.getpid(), number)

    return ask


def adopts_orphans() -> None:
    """From now on a descendant whose parent has ended becomes this process's child instead of the system's."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_children() -> None:
    """End every child, and those that become children by it, until none is left."""
    while children := _children():
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def _children() -> list[int]:
    lists = Path("/proc/self/task").glob("*/children")
    return [int(number) for path in lists for number in path.read_text(encoding="ascii").split()]
