"""A recording is made while the clock stands still, is never mixed with another, and has one publication a night."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import CHECKOUT
from benchmarks.record import RecordError, keep_publications, record
from benchmarks.same import checkout_of, main

HELD = """
import sys
sys.path.insert(0, sys.argv[1])
from datetime import datetime
from held import hold
hold(datetime.fromisoformat("2022-11-01T19:00:00+00:00"))
from dvctt.clock import now
print(now().isoformat(), now().isoformat(), now().tzinfo)
"""


def test_the_clock_stands_at_the_moment_in_the_zone_of_the_province() -> None:
    said = subprocess.run(
        [sys.executable, "-c", HELD, str(CHECKOUT / "benchmarks")], capture_output=True, text=True, check=True
    ).stdout
    assert said.split() == ["2022-11-02T02:00:00+07:00", "2022-11-02T02:00:00+07:00", "Asia/Ho_Chi_Minh"]


def test_a_command_of_dvctt_runs_under_the_held_clock() -> None:
    command = [sys.executable, str(CHECKOUT / "benchmarks" / "held.py"), "2022-11-02T02:00:00+07:00", "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("0.")


def test_publications_are_kept_with_what_they_point_to(tmp_path: Path) -> None:
    for number in ("1", "2"):
        (tmp_path / "home" / "published" / number / "csv").mkdir(parents=True)
        (tmp_path / "home" / "published" / number / "csv" / "mart_feeds.csv").write_text(f"a\n{number}\n")
    (tmp_path / "home" / "published" / "2" / "verdict.json").symlink_to("../1/csv/mart_feeds.csv")
    (tmp_path / "home" / "published" / "current").symlink_to("2")
    (tmp_path / "home" / "published" / ".newest").write_text("2\n")
    keep_publications(tmp_path / "home", tmp_path / "out", nights=2)
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")) == [
        "1/csv/mart_feeds.csv",
        "2/csv/mart_feeds.csv",
        "2/verdict.json",
    ]
    assert not (tmp_path / "out" / "2" / "verdict.json").is_symlink()


def test_a_night_that_did_not_publish_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "home" / "published" / "1").mkdir(parents=True)
    with pytest.raises(RecordError, match="found publications 1, wanted one of each of 2 nights"):
        keep_publications(tmp_path / "home", tmp_path / "out", nights=2)


def test_a_recording_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(RecordError, match="is there already"):
        record(CHECKOUT, tmp_path / "inbox", tmp_path / "out", tmp_path / "work", lambda _: None)


def test_a_checkout_that_is_not_set_up_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    with pytest.raises(RecordError, match="make setup"):
        record(tmp_path / "code", tmp_path / "inbox", tmp_path / "out", tmp_path / "work", lambda _: None)
    assert not (tmp_path / "work").exists()


def test_what_is_neither_a_folder_nor_a_commit_is_refused(tmp_path: Path) -> None:
    assert checkout_of(str(tmp_path)) == tmp_path
    with pytest.raises(RecordError, match="neither a folder nor a commit"):
        checkout_of("no-such-commit")
    assert main(["record", "no-such-commit", str(tmp_path / "out")]) == 1
