"""What one run of the command line needed: the modules that it imported and the processes that it started.

Each run is a process of its own and plain, because a fork of one that has imported everything (tests/zygote.py) would show nothing.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_WATCH = """
import json, sys
started = []
kinds = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"}
sys.addaudithook(lambda event, found: started.append([event, str(found)]) if event in kinds else None)
report, sys.argv = sys.argv[1], ["dvctt", *sys.argv[2:]]
from dvctt.cli.app import main
try:
    main()
finally:
    modules = sorted(sys.modules)
    with open(report, "w", encoding="utf-8") as file:
        json.dump({"modules": modules, "started": started}, file)
"""


@dataclass(frozen=True)
class Watched:
    """``packages``: the top packages of all modules, with the modules of our own in full."""

    packages: frozenset[str]
    started: tuple[str, ...]
    output: str
    errors: str


def watch(folder: Path, environment: dict[str, str], *arguments: str) -> Watched:
    """Run ``dvctt`` with these arguments, which must end well."""
    report = folder / "watched.json"
    finished = subprocess.run(
        [sys.executable, "-c", _WATCH, str(report), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    found = json.loads(report.read_text(encoding="utf-8"))
    packages = {name if name.startswith("dvctt.") else name.partition(".")[0] for name in found["modules"]}
    return Watched(frozenset(packages), tuple(what for _, what in found["started"]), finished.stdout, finished.stderr)
