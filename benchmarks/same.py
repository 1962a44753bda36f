"""``python -m benchmarks.same``: the same nights with two versions of the code, and every published file compared.

It is how a change of structure or speed proves that it changed no figure. ``record`` plays the nights of `benchmarks.story`
with one version, ``compare`` holds two recordings against each other, ``prove`` does both for this checkout. How to read it:
docs/how-to/benchmarks.md.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.__main__ import CHECKOUT, commit_of, environment_of, say
from benchmarks.compare import CompareError, as_text, compare
from benchmarks.record import ABOUT, RecordError, record

KEPT = CHECKOUT / "var" / "same"
"""Where checkouts of commits are made and kept, and what ``prove`` records."""


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.same", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record", help="play the nights with one version, and keep what they publish")
    recording.add_argument("code", help="a checkout that is set up, or a commit of this one, which is set up first")
    recording.add_argument("out", type=Path, help="folder that is made for the publications; some 700 MB")
    recording.add_argument("--inbox", type=Path, help="of the first night; default: what this checkout's sample writes")
    recording.add_argument("--work", type=Path, help="empty folder for the homes; kept. Default: a temporary one")
    comparing = commands.add_parser("compare", help="hold two recordings against each other")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    proving = commands.add_parser("prove", help="record a commit, unless var/same has it, and this checkout; compare")
    proving.add_argument("before", help="a commit, a checkout that is set up, or a recording")
    return parser.parse_args(arguments)


def checkout_of(code: str) -> Path:
    """The folder of a checkout; of a commit, one that is cloned and set up under var/same and kept there."""
    if Path(code).is_dir():
        return Path(code).resolve()
    git, make = ["git", "-C"], ["make", "--directory"]
    found = subprocess.run(
        [*git, str(CHECKOUT), "rev-parse", "--verify", "--quiet", f"{code}^{{commit}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise RecordError(f"{code}: neither a folder nor a commit of {CHECKOUT}")
    commit = found.stdout.strip()
    folder = KEPT / f"code-{commit[:7]}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            [*git, str(CHECKOUT), "clone", "--quiet", "--no-checkout", str(CHECKOUT), str(folder)], check=True
        )
    subprocess.run([*git, str(folder), "checkout", "--quiet", "--detach", commit], check=True)
    subprocess.run([*make, str(folder), "setup"], check=True, env=environment_of())
    return folder


def offered_of(given: Path | None, work: Path) -> Path:
    """The first night's inbox: the one that is given, or a sample that this checkout makes."""
    if given is not None:
        return given.resolve()
    made = work / "offered"
    command = [str(Path(sys.executable).with_name("dvctt")), "sample", "--out", str(made)]
    subprocess.run(command, env=environment_of(DVCTT_HOME=str(work / "unused")), check=True, capture_output=True)
    return made


def make_recording(code: Path, out: Path, inbox: Path | None = None, work: Path | None = None) -> None:
    """Record one checkout; in a temporary folder unless one is given."""
    with tempfile.TemporaryDirectory(prefix="dvctt-same-") as temporary:
        folder = (work or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        record(code, offered_of(inbox, folder), out.resolve(), folder, say)


def prove(before: str) -> int:
    """Hold this checkout against an earlier version, whose recording is kept; its own is made anew each time."""
    recording = Path(before)
    if not (recording / ABOUT).is_file():
        code = checkout_of(before)
        recording = KEPT / f"before-{commit_of(code)}"
        if not recording.is_dir():
            make_recording(code, recording)
    now = KEPT / "now"
    shutil.rmtree(now, ignore_errors=True)
    make_recording(CHECKOUT, now)
    return tell(recording, now)


def tell(before: Path, after: Path) -> int:
    """Compare and print; 1 if there is something to explain."""
    found = compare(before, after)
    say(as_text(found))
    say(
        "\n"
        + ("the same publications" if found.is_same else "not the same: what differs or is gone has to be explained")
    )
    return 0 if found.is_same else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 when all was recorded, or nothing differs; 1 otherwise."""
    options = options_of(arguments)
    try:
        if options.command == "compare":
            return tell(options.before, options.after)
        if options.command == "prove":
            return prove(options.before)
        make_recording(checkout_of(options.code), options.out, options.inbox, options.work)
    except (RecordError, CompareError) as error:
        say(f"nothing is compared: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
