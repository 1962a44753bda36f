"""Plays the nights of `benchmarks.story` with one version of the code, and keeps what they published.

Each command runs in the environment of the checkout that is recorded, while its clock stands still: two recordings differ in
what the code does and in nothing else.
"""

import json
import resource
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.__main__ import HERE, commit_of, environment_of
from benchmarks.story import RUN, STORIES, Step, deliver, digest_of, moment_of

ABOUT = "recorded.json"
"""What was recorded: ``code`` (commit), ``inbox`` (hash of all that was delivered), ``exits`` of the checks of each home."""
CHECKS = "checks"
"""Folder beside a home's publications for what its checks say."""
ASKED = {
    "figures": ("check", "figures", "--json"),
    "additivity": ("check", "additivity", "--json", "--no-formats"),
    "parity": ("parity", "--json"),
}
"""Each is asked at a home's end; what it prints is kept, and so is its exit code. Documents of all kinds are not written and
read back: that costs as much as a night, and is asked by tests/queries.
"""


class RecordError(RuntimeError):
    """A command failed, or published other than one publication a night; the message has its last words."""


def python_of(code: Path) -> Path:
    """The interpreter of a checkout's own environment."""
    return code / "var" / "venv" / "bin" / "python"


class Recorder:
    """One checkout, and the folder in which its homes are made."""

    def __init__(self, code: Path, work: Path, say: Callable[[str], None]) -> None:
        self.code = code
        self.work = work
        self.say = say

    def call(self, home: Path, place: int, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """One command in a home, at the moment of a step."""
        environment = environment_of(
            DVCTT_HOME=str(home),
            DVCTT_INBOX=str(home / "inbox"),
            DVCTT_PROVINCE=str(self.code / "include" / "provinces" / "vinh_phuc"),
            COLUMNS="200",
        )
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run(
            [
                str(python_of(self.code)),
                str(HERE / "held.py"),
                moment_of(place).isoformat(),
                *command,
            ],
            env=environment,
            cwd=self.work,
            capture_output=True,
            text=True,
            check=False,
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        self.say(f"{home.name:<14} {' '.join(command)[:40]:<40} exit {ended.returncode}, {seconds:6.1f} CPU s")
        return ended

    def take(self, home: Path, place: int, step: Step) -> None:
        """Deliver what comes late, and run the step's command.

        Raises:
            RecordError: the command ended in an error.
        """
        for late in step.late:
            (feed,) = (home / "inbox").iterdir()
            deliver(late, feed)
        ended = self.call(home, place, step.command)
        if ended.returncode:
            raise RecordError(
                f"{home}: dvctt {' '.join(step.command)}: exit {ended.returncode}\n"
                f"{ended.stdout[-2000:]}\n{ended.stderr[-3000:]}"
            )

    def ask(self, home: Path, place: int, out: Path) -> dict[str, int]:
        """Keep what the checks say of a home; answers their exit codes."""
        out.mkdir(parents=True)
        exits = {}
        for name, command in ASKED.items():
            ended = self.call(home, place, command)
            # Where a home lies is no finding.
            (out / f"{name}.json").write_text(ended.stdout.replace(str(home), "HOME"), encoding="utf-8")
            exits[name] = ended.returncode
        return exits


def record(code: Path, offered: Path, out: Path, work: Path, say: Callable[[str], None]) -> None:
    """Play every story with one checkout, and keep its publications and checks below ``out``.

    Args:
        code: a checkout that is set up.
        offered: the inbox of the first night; copied, never written.
        out: must not exist yet; becomes ``<story>/<number of the publication>`` and ``<story>/checks``.
        work: an empty folder for the homes; some 2 GB.

    Raises:
        RecordError: a command failed, or a night did not publish.
    """
    if out.exists():
        raise RecordError(f"{out}: is there already; a recording is never mixed with another")
    if not python_of(code).is_file():
        raise RecordError(f"{code}: has no environment of its own; wanted one: make setup")
    recorder = Recorder(code, work, say)
    first = work / "first"
    shutil.copytree(offered, first / "inbox")
    recorder.take(first, 0, Step(RUN))
    exits, homes = {}, []
    made = out.with_name(f".{out.name}.part")
    shutil.rmtree(made, ignore_errors=True)
    for name, steps in STORIES.items():
        home = work / name
        homes.append(home)
        shutil.copytree(first, home, symlinks=True)
        for place, step in enumerate(steps[1:], start=1):
            recorder.take(home, place, step)
        exits[name] = recorder.ask(home, len(steps), made / name / CHECKS)
        keep_publications(home, made / name, nights=sum(step.command == RUN for step in steps))
    about = {"code": commit_of(code), "inbox": digest_of([home / "inbox" for home in homes]), "exits": exits}
    (made / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    made.rename(out)


def keep_publications(home: Path, out: Path, nights: int) -> None:
    """Copy what a home has published; a link becomes what it points to.

    Raises:
        RecordError: a night did not publish.
    """
    published = sorted(path.name for path in (home / "published").iterdir() if path.is_dir() and path.name.isdigit())
    if published != [str(number) for number in range(1, nights + 1)]:
        raise RecordError(f"{home}: found publications {', '.join(published)}, wanted one of each of {nights} nights")
    for number in published:
        shutil.copytree(home / "published" / number, out / number)
