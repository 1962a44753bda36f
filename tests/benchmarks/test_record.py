"""A recording is made while the clock stands still, is never mixed with another, and has one publication a night."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import same
from benchmarks.__main__ import CHECKOUT, commit_of
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


DVCTT = """#!PYTHON
import json, os, sys
from pathlib import Path
home = Path(os.environ["DVCTT_HOME"])
moment, *command = sys.argv[2:]
with (home / "calls").open("a") as file:
    file.write(f"{moment[5:16]} {' '.join(command[:2])}\\n")
if command == ["run"]:
    number = 1 + len(list((home / "published").glob("[0-9]")))
    late = sorted(path.name for path in (home / "inbox").rglob("*.muon.csv"))
    (home / "published" / str(number)).mkdir(parents=True)
    (home / "published" / str(number) / "late.json").write_text(json.dumps(late))
    (home / "published" / str(number) / "calls.json").write_text(json.dumps((home / "calls").read_text().split("\\n")))
elif command[0] == "parity":
    print(json.dumps({"home": str(home / "published")}))
    sys.exit(1)
"""
"""Stands in for the environment of a checkout: writes down what it is asked, and publishes what has come late."""


def write_feed(inbox: Path) -> None:
    for entity, months in (
        ("filings", ("2022-05", "2022-07", "2022-08", "2022-09")),
        ("payment_requests", ("2022-08",)),
    ):
        (inbox / "one_stop" / entity).mkdir(parents=True)
        for month in months:
            lines = [
                "MaHoSo,KenhThucHien,MucDo,NgayTiepNhan,MaYeuCau,SoTien,TrangThai,NgayThuPhi,NgayHoanPhi,MaGiaoDich"
            ]
            lines += [f"243-{place},2,4,20220801,R{place},8000,x,2022-08-05,,G{place}" for place in range(40)]
            (inbox / "one_stop" / entity / f"{month}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_seven_publications_are_recorded_out_of_three_homes_that_share_their_first_night(tmp_path: Path) -> None:
    write_feed(tmp_path / "inbox")
    python = tmp_path / "code" / "var" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(DVCTT.replace("PYTHON", sys.executable))
    python.chmod(0o755)
    said: list[str] = []
    record(tmp_path / "code", tmp_path / "inbox", tmp_path / "out", tmp_path / "work", said.append)
    out = tmp_path / "out"
    late = {
        path.parent.relative_to(out).as_posix(): len(json.loads(path.read_text())) for path in out.rglob("late.json")
    }
    assert late == {
        "sample/1": 0,
        "late-wave/1": 0,
        "late-wave/2": 4,
        "closed-month/1": 0,
        "closed-month/2": 1,
        "closed-month/3": 1,
        "closed-month/4": 1,
    }
    assert json.loads((out / "closed-month" / "4" / "calls.json").read_text())[:-1] == [
        "11-02T02:00 run",
        "11-02T14:00 close --month",
        "11-03T02:00 run",
        "11-03T14:00 reopen --month",
        "11-04T02:00 run",
        "11-04T14:00 close --month",
        "11-05T02:00 run",
    ]
    assert json.loads((out / "sample" / "checks" / "parity.json").read_text()) == {"home": "HOME/published"}
    about = json.loads((out / "recorded.json").read_text())
    assert about["exits"]["late-wave"] == {"figures": 0, "additivity": 0, "parity": 1}
    assert sum("run " in line for line in said) == 5
    assert not list((tmp_path / "inbox").rglob("*.muon.*"))


def test_a_command_that_fails_leaves_no_recording(tmp_path: Path) -> None:
    write_feed(tmp_path / "inbox")
    python = tmp_path / "code" / "var" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho the gate stopped >&2\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(RecordError, match="dvctt run: exit 1\n\nthe gate stopped"):
        record(tmp_path / "code", tmp_path / "inbox", tmp_path / "out", tmp_path / "work", lambda _: None)
    assert not (tmp_path / "out").exists()


def test_a_commit_is_cloned_and_set_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "Makefile").write_text("setup:\n\techo done >> made\n")
    git = ["git", "-C", str(here), "-c", "user.name=T", "-c", "user.email=t@example.invalid"]
    for command in (["init", "--quiet"], ["add", "Makefile"], ["commit", "--quiet", "-m", "One"]):
        subprocess.run([*git, *command], check=True)
    (here / "Makefile").write_text("setup:\n\tfalse\n")
    subprocess.run([*git, "commit", "--quiet", "-a", "-m", "Other"], check=True)
    monkeypatch.setattr(same, "CHECKOUT", here)
    monkeypatch.setattr(same, "KEPT", tmp_path / "kept")
    folder = checkout_of("HEAD~1")
    assert (folder / "made").read_text() == "done\n"
    assert checkout_of("HEAD~1") == folder
    assert (folder / "made").read_text() == "done\ndone\n"
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [folder.name]


def test_the_recording_of_a_commit_is_used_again_and_that_of_this_checkout_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, Path]] = []

    def make(code: Path, out: Path) -> None:
        assert not out.exists()
        asked.append((code, out))
        (out / "sample" / "1").mkdir(parents=True)
        (out / "recorded.json").write_text('{"code": "a", "inbox": "7c1d", "exits": {}}')

    monkeypatch.setattr(same, "make_recording", make)
    monkeypatch.setattr(same, "KEPT", tmp_path / "kept")
    (tmp_path / "code").mkdir()
    before, now = tmp_path / "kept" / f"before-{commit_of(tmp_path / 'code')}", tmp_path / "kept" / "now"
    assert main(["prove", str(tmp_path / "code")]) == 0
    assert main(["prove", str(tmp_path / "code")]) == 0
    assert asked == [(tmp_path / "code", before), (CHECKOUT, now), (CHECKOUT, now)]
    assert main(["prove", str(before)]) == 0
    assert asked[3:] == [(CHECKOUT, now)]


def test_what_is_neither_a_folder_nor_a_commit_is_refused(tmp_path: Path) -> None:
    assert checkout_of(str(tmp_path)) == tmp_path
    with pytest.raises(RecordError, match="neither a folder nor a commit"):
        checkout_of("no-such-commit")
    assert main(["record", "no-such-commit", str(tmp_path / "out")]) == 1
