"""What this package starts ends with it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from tests.conftest import REPOSITORY


def started(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        start_new_session=True,
    )


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(*processes: int) -> bool:
    for _ in range(100):
        if not any(map(is_alive, processes)):
            return True
        time.sleep(0.1)
    return False


def test_a_child_ends_with_its_parent_however_that_ends() -> None:
    parent = started("""
        import subprocess, sys, time
        from dvctt.core.processes import ends_with_parent
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], preexec_fn=ends_with_parent())
        print(child.pid, flush=True)
        time.sleep(300)
    """)
    child = int(parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    parent.wait()
    assert gone(child)


SUPERVISED = """
    import os, sys
    from dvctt.pipeline import local_airflow
    local_airflow._GRACE_SECONDS = 1.0
    deaf = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(300)"
    away = (
        "import os, subprocess, sys, time; "
        "subprocess.Popen([sys.executable, '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(300)'], "
        "start_new_session=True); print(os.getpid(), flush=True); time.sleep(float(sys.argv[1]))"
    )
    commands = {"deaf": [sys.executable, "-c", deaf], "away": [sys.executable, "-c", away, sys.argv[1]]}
    sys.exit(local_airflow.supervise(commands, os.environ))
"""


def supervised(seconds: str) -> tuple[subprocess.Popen[str], list[int]]:
    parent = started(SUPERVISED, seconds)
    return parent, [int(parent.stdout.readline()) for _ in range(3)]


def test_every_signal_that_ends_make_up_ends_all_that_it_started() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        parent, children = supervised("300")
        assert all(map(is_alive, children))
        os.kill(parent.pid, number)
        assert parent.wait(60) == 0, number
        assert gone(*children), number


def test_when_one_part_of_airflow_ends_the_others_end_too() -> None:
    parent, children = supervised("0.2")
    assert parent.wait(60) == 1
    assert gone(*children)
