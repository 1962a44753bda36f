"""``python -m benchmarks``: a night on the sample's records, stage by stage, beside a floor in plain SQL on the same files.

Why this is no command of ``dvctt``: it knows all rooms and other checkouts, and no room may know it. How to read what it
prints: docs/how-to/benchmarks.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from benchmarks import inbox, machine, show
from benchmarks.equality import hold_equal, hold_rates_equal
from benchmarks.measure import Measured, MeasureError, median, run

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
RESULTS = HERE / "results"
EARLIEST = "2016-01"
"""The first month that the sample's province may have records of."""
RIVALS = {"pandas": ("pandas", "pyarrow")}
"""For context, where installed: module of `benchmarks.rivals`, and what it needs."""


@dataclass(frozen=True)
class Subject:
    """What is measured: ``command`` gets a folder to work in, ``marts`` says where its result lies there: None for who makes
    online rates alone.
    """

    name: str
    kind: str
    command: Callable[[Path], Sequence[str]]
    marts: Callable[[Path], Path] | None
    environment: Callable[[Path], Mapping[str, str]] = lambda _: {}


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, help="filings, requests and attempts together; default: the sample's own")
    parser.add_argument(
        "--months", type=int, help="spread evenly over so many months; default: the sample's own, as they are"
    )
    parser.add_argument("--repeat", type=int, default=1, help="runs of each, in turns; the median counts")
    parser.add_argument(
        "--code", type=Path, action="append", default=[], help="another checkout, set up, to measure beside"
    )
    parser.add_argument("--only-floor", action="store_true", help="no night: the floor, and what stands beside it")
    parser.add_argument("--no-rivals", action="store_true", help="leave pandas out")
    parser.add_argument(
        "--readers", type=int, default=0, help="afterwards so many readers of the publication, during a rebuild"
    )
    parser.add_argument("--name", help="keep the measurement in benchmarks/results, for docs/performance.md")
    parser.add_argument("--work", type=Path, help="folder to work in, which needs room; kept. Default: a temporary one")
    return parser.parse_args(arguments)


PRODUCT = ("include", "dbt_project", "expectations", "requirements")
"""What of a checkout makes a night what it is."""


def commit_of(code: Path) -> str:
    """The last commit that changed the product, with a mark where files differ from it: a commit of documents is no new
    subject.
    """
    git = ["git", "-C", str(code)]
    log = subprocess.run(
        [*git, "log", "-1", "--format=%h", "--abbrev=7", "--", *PRODUCT], capture_output=True, text=True, check=False
    )
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--", *PRODUCT], capture_output=True, text=True, check=False
    )
    return (log.stdout.strip() or "unknown") + ("-changed" if changed.stdout.strip() else "")


def lay_province(code: Path, target: Path, *, is_sample: bool) -> Path:
    """The checkout's own province. Other rows than the sample's are not held against the sample's frozen counts, and their
    feeds are owed from the first month on.
    """
    own = code / "include" / "provinces" / "vinh_phuc"
    if is_sample:
        return own
    shutil.copytree(own, target)
    for name in ("row_counts.csv", "expected_feeds.csv"):
        header, *rows = (target / name).read_text(encoding="utf-8").splitlines()
        kept = [] if name == "row_counts.csv" else [row.replace("2022-01-01", f"{EARLIEST}-01") for row in rows]
        (target / name).write_text("\n".join([header, *kept]) + "\n", encoding="utf-8")
    return target


def environment_of(**more: str) -> dict[str, str]:
    """The caller's, without what selects another home or other packages."""
    others = ("DVCTT_", "AIRFLOW", "DBT_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "DVCTT_NICE": "0", **more}


def night_of(code: Path, offered: Path, work: Path, *, is_sample: bool) -> Subject:
    commit = commit_of(code)
    province = lay_province(code, work / f"province-{commit}", is_sample=is_sample)
    return Subject(
        commit,
        "night",
        command=lambda _: [str(code / "var" / "venv" / "bin" / "python"), str(HERE / "night.py")],
        environment=lambda home: {
            "DVCTT_HOME": str(home),
            "DVCTT_INBOX": str(offered),
            "DVCTT_PROVINCE": str(province),
        },
        marts=lambda home: home / "published" / os.readlink(home / "published" / "current") / "marts.duckdb",
    )


def floor_of(offered: Path) -> Subject:
    return Subject(
        "floor",
        "floor",
        command=lambda out: [sys.executable, "-m", "benchmarks.floor", str(offered), str(CHECKOUT), str(out)],
        environment=lambda _: {"PYTHONPATH": str(CHECKOUT)},
        marts=lambda out: out / "published" / "marts.duckdb",
    )


def rival_of(name: str, offered: Path) -> Subject:
    return Subject(
        name,
        "rival",
        command=lambda out: [
            sys.executable,
            "-m",
            f"benchmarks.rivals.with_{name}",
            str(offered),
            str(CHECKOUT),
            str(out),
        ],
        # What it needs may be installed for it alone.
        environment=lambda _: {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")])},
        marts=None,
    )


def rivals() -> list[str]:
    return [name for name, needed in RIVALS.items() if all(find_spec(module) for module in needed)]


def make_inbox(options: argparse.Namespace, work: Path) -> tuple[Path, inbox.Made]:
    sample, offered = work / "sample", work / "inbox"
    command = [str(Path(sys.executable).with_name("dvctt")), "sample", "--out", str(sample)]
    subprocess.run(command, env=environment_of(DVCTT_HOME=str(work / "unused")), check=True, capture_output=True)
    made = inbox.make_inbox(sample, offered, options.rows, options.months, EARLIEST)
    shutil.rmtree(sample)
    return offered, made


def measure_all(
    subjects: Sequence[Subject], repeat: int, work: Path
) -> tuple[dict[str, list[Measured]], dict[str, object]]:
    """Each subject so many times, in turns, every time in an empty folder; and what was found equal to the floor.

    The floor's last result and each night's last home stay in ``work``.
    """
    runs: dict[str, list[Measured]] = {subject.name: [] for subject in subjects}
    equal: dict[str, object] = {}
    floor: Path | None = None
    for turn in range(repeat):
        for subject in subjects:
            folder = work / f"of-{subject.name}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(exist_ok=True)
            measured = run(
                subject.command(folder), environment_of(**subject.environment(folder)), work / f"{subject.name}.txt"
            )
            runs[subject.name].append(measured)
            if subject.marts and subject.kind == "floor":
                floor = subject.marts(folder)
            elif subject.marts and floor:
                equal[subject.name] = hold_equal(floor, subject.marts(folder), subject.name)
            elif floor:
                equal[subject.name] = hold_rates_equal(floor, folder / "rates.parquet", subject.name)
            whole = show.whole(measured.stages)
            say(
                f"{subject.name:<16} run {turn + 1} of {repeat}: {whole.seconds:8.1f} s, {whole.cpu_seconds:8.1f} CPU s"
            )
    return runs, equal


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 when all was measured and the nights' results are equal to the floor's."""
    options = options_of(arguments)
    with tempfile.TemporaryDirectory(prefix="dvctt-bench-") as temporary:
        work = (options.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        about = machine.describe()
        offered, made = make_inbox(options, work)
        say(f"inbox: {made.rows} rows over {made.months} months, {made.files} files, {made.bytes / 1e6:.0f} MB")
        is_sample = options.rows is None and options.months is None
        checkouts = [] if options.only_floor else [CHECKOUT, *(code.resolve() for code in options.code)]
        subjects = [
            floor_of(offered),
            *(night_of(code, offered, work, is_sample=is_sample) for code in checkouts),
            *(rival_of(name, offered) for name in ([] if options.no_rivals else rivals())),
        ]
        try:
            runs, equal = measure_all(subjects, options.repeat, work)
        except MeasureError as error:
            say(f"nothing is compared: {error}")
            return 1
        result = {
            "measured_on": date.today().isoformat(),  # noqa: DTZ011 - the day on which a page was measured, no figure
            "machine": about,
            "inbox": asdict(made),
            "repeat": options.repeat,
            "subjects": [
                {
                    "name": subject.name,
                    "kind": subject.kind,
                    "versions": runs[subject.name][-1].versions,
                    "stages": {
                        name: asdict(cost) for name, cost in median(r.stages for r in runs[subject.name]).items()
                    },
                }
                for subject in subjects
            ],
            "equal": equal,
        }
        say("\n" + show.as_text(result))
        if options.name:
            RESULTS.mkdir(exist_ok=True)
            target = RESULTS / f"{options.name}.json"
            target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            say(f"written: {target}; the page: python -m benchmarks.page")
        if options.readers and checkouts:
            home = work / f"of-{commit_of(CHECKOUT)}"
            asked = [sys.executable, str(HERE / "readers.py"), "--home", str(home), "--readers", str(options.readers)]
            lent = environment_of(DVCTT_INBOX=str(offered))
            if not is_sample:
                lent["DVCTT_PROVINCE"] = str(work / f"province-{commit_of(CHECKOUT)}")
            return subprocess.run(asked, env=lent, check=False).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
