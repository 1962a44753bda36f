"""What retention removes, what it never does, and that a kill half-way is finished by the next call.

The publications here are small folders with a real DuckDB file, a Parquet file and a manifest; the readers are real
processes that hold real files.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import ConfigError, PublishError
from dvctt.province.folder import load_province
from dvctt.province.model import Retention
from dvctt.publications import readers, reading, retention, store, switching
from dvctt.settings import Settings
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import PROVINCE, dvctt, settings_for

AT = datetime(2023, 6, 1, 1, 30, tzinfo=UTC)
RULES = Retention(nightly_days=90, keep_at_least=2)


def make(published: Path, number: int, days_old: int, *, at: datetime = AT, **more: object) -> Path:
    folder = published / str(number)
    (folder / "parquet").mkdir(parents=True)
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(f"create table mart_x as select {number} as number")
        connection.execute(f"copy mart_x to '{folder}/parquet/mart_x.parquet'")
    manifest = {
        "number": number,
        "published_at": (at - timedelta(days=days_old)).isoformat(),
        "month": "2022-10",
        "verdict": "passed",
        "extracts": [],
        "software_version": "0.1.0",
        "run_id": f"run {number}",
        "row_counts": {"mart_x": 1},
        "files": {},
        **more,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for path in folder.rglob("*.*"):
        path.chmod(0o444)
    return folder


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Publications 1 to 4, of 200, 150, 100 and 50 days ago, the newest current: 1 and 2 are what the rule lets go."""
    folder = tmp_path / "home" / "published"
    for number, days in enumerate((200, 150, 100, 50), start=1):
        make(folder, number, days)
    (folder / "current").symlink_to("4")
    return folder


def prune(published: Path, *, closing: frozenset[int] = frozenset()) -> dict[int, str]:
    """The numbers that went, and why."""
    decisions, _ = retention.prune(published, RULES, closing=closing, at=AT)
    return {decision.number: decision.why for decision in decisions if not decision.keep}


def kept(published: Path) -> list[int]:
    return [publication.number for publication in store.listed(published)]


@contextmanager
def holding(code: str, path: Path) -> Iterator[int]:
    """Another process that has opened ``path`` as ``code`` says, and holds it until the block ends; its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys\n{code}\nprint('open', flush=True)\nsys.stdin.read()", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline() == "open\n"
        yield process.pid
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


DUCKDB_READER = "import duckdb; held = duckdb.connect(sys.argv[1], read_only=True)"
FILE_READER = "held = open(sys.argv[1], 'rb')"


def test_the_reason_of_every_decision_is_given_in_words() -> None:
    def at(number: int, published_at: object) -> reading.Publication:
        return reading.Publication(number, Path(str(number)), {"published_at": published_at})

    old = "2022-11-01T01:30:00+07:00"
    decisions = retention.plan(
        [
            at(9, old),
            at(8, old),
            at(7, "2023-05-31T01:30:00+07:00"),
            at(6, old),
            at(5, old),
            at(4, old),
            at(3, None),
            at(2, "2023-03-03T01:30:00+00:00"),
            at(1, "2023-03-03T01:30:01+00:00"),
        ],
        {6},
        5,
        AT,
        RULES,
        {4: "process 77 has marts.duckdb open"},
    )
    assert [(decision.number, decision.keep, decision.why) for decision in decisions] == [
        (1, True, "younger than 90 days: published 2023-03-03"),
        (2, False, "older than 90 days: published 2023-03-03"),
        (3, True, "its manifest gives no moment: published_at None"),
        (4, True, "a reader is on it: process 77 has marts.duckdb open"),
        (5, True, "current: readers see it"),
        (6, True, "closes a month: kept for ever"),
        (7, True, "younger than 90 days: published 2023-05-31"),
        (8, True, "among the newest 2"),
        (9, True, "among the newest 2"),
    ]


@given(
    ages=st.lists(st.integers(-5, 2000), max_size=12),
    closing=st.sets(st.integers(1, 14), max_size=4),
    readers=st.sets(st.integers(1, 14), max_size=3),
    current=st.none() | st.integers(1, 12),
    days=st.integers(1, 400),
    least=st.integers(1, 5),
)
def test_what_must_stay_stays_whatever_the_rule_and_a_second_plan_removes_nothing(
    ages: list[int], closing: set[int], readers: set[int], current: int | None, days: int, least: int
) -> None:
    rules = Retention(nightly_days=days, keep_at_least=least)
    there = [
        reading.Publication(number, Path(str(number)), {"published_at": (AT - timedelta(days=age)).isoformat()})
        for number, age in enumerate(ages, start=1)
    ]
    on_it = dict.fromkeys(readers, "somebody")
    decisions = retention.plan(there, closing, current, AT, rules, on_it)
    gone = {decision.number for decision in decisions if not decision.keep}
    assert [decision.number for decision in decisions] == [publication.number for publication in there]
    assert not gone & (closing | readers | {current})
    assert not gone & {publication.number for publication in there[-least:]}
    assert gone <= {number for number, age in enumerate(ages, start=1) if age >= days}
    remaining = [publication for publication in there if publication.number not in gone]
    assert all(decision.keep for decision in retention.plan(remaining, closing, current, AT, rules, on_it))


def test_old_ones_go_and_their_manifests_stay(published: Path) -> None:
    manifest = json.loads((published / "1" / "manifest.json").read_text(encoding="utf-8"))
    assert prune(published) == {
        1: "older than 90 days: published 2022-11-13",
        2: "older than 90 days: published 2023-01-02",
    }
    assert kept(published) == [3, 4]
    gone = retention.removed(published)
    assert [(r.number, r.at, r.why) for r in gone] == [
        (1, "2023-06-01T01:30:00+00:00", "older than 90 days: published 2022-11-13"),
        (2, "2023-06-01T01:30:00+00:00", "older than 90 days: published 2023-01-02"),
    ]
    assert gone[0].manifest == manifest
    assert {path.name for path in published.iterdir()} == {"3", "4", "current", "removed", ".retention.lock"}
    assert prune(published) == {}


def test_one_that_closes_a_month_stays_for_ever(published: Path) -> None:
    assert set(prune(published, closing=frozenset({1}))) == {2}


def test_the_closings_of_every_revision_name_what_must_stay(tmp_path: Path) -> None:
    for month, revision, number in (("2022-09", 1, 3), ("2022-10", 1, 5), ("2022-10", 2, 9)):
        folder = tmp_path / month / str(revision)
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(
            json.dumps(
                {
                    "month": month,
                    "revision": revision,
                    "publication": number,
                    "closed_at": AT.isoformat(),
                    "approved_by": "Nguyễn Văn Mẫu",
                    "waived": [],
                }
            ),
            encoding="utf-8",
        )
    assert retention.closing_numbers(tmp_path) == {3, 5, 9}
    assert retention.closing_numbers(tmp_path / "nowhere") == set()
    (tmp_path / "2022-10" / "1" / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(PublishError, match=r"2022-10/1/manifest\.json: not a closed month's manifest"):
        retention.closing_numbers(tmp_path)


def test_a_process_with_the_marts_open_keeps_them_until_it_ends(published: Path) -> None:
    with holding(DUCKDB_READER, published / "1" / "marts.duckdb") as process:
        assert set(prune(published)) == {2}
        (decision, *_), _ = retention.decide(published, RULES, closing=set(), at=AT)
        assert (decision.number, decision.keep) == (1, True)
        assert decision.why == f"a reader is on it: process {process} has marts.duckdb open"
    assert set(prune(published)) == {1}


def test_a_process_with_nothing_but_a_parquet_file_open_keeps_its_publication(published: Path) -> None:
    with holding(FILE_READER, published / "2" / "parquet" / "mart_x.parquet") as process:
        assert set(prune(published)) == {1}
        (decision, *_), _ = retention.decide(published, RULES, closing=set(), at=AT)
        assert decision.why == f"a reader is on it: process {process} has mart_x.parquet open"
    assert set(prune(published)) == {2}


def test_a_reader_of_a_shared_file_keeps_the_publication_that_it_came_by(published: Path) -> None:
    shared = published / "1" / "parquet" / "mart_x.parquet"
    (published / "2" / "parquet" / "mart_x.parquet").unlink()
    os.link(shared, published / "2" / "parquet" / "mart_x.parquet")
    folders = {number: published / str(number) for number in (1, 2, 3)}
    for number in (1, 2):
        with holding(FILE_READER, folders[number] / "parquet" / "mart_x.parquet") as process:
            words = f"process {process} has mart_x.parquet open"
            assert readers.find_readers(folders).of == {number: words}
    # A container that sees one publication alone says no number: the file counts for each that has it.
    os.link(shared, published.parent / "mart_x.parquet")
    with holding(FILE_READER, published.parent / "mart_x.parquet"):
        assert set(readers.find_readers(folders).of) == {1, 2}


def test_a_lock_alone_keeps_marts_whose_reader_may_not_be_looked_at(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dvctt.publications.readers._open_files", lambda names: ({}, 3))
    with holding(DUCKDB_READER, published / "1" / "marts.duckdb") as process:
        decisions, readers = retention.prune(published, RULES, closing=set(), at=AT)
        assert {decision.number for decision in decisions if not decision.keep} == {2}
        assert readers.of == {1: f"process {process} holds a lock on marts.duckdb"}
        assert readers.unseen == 3


def test_looking_does_not_drop_the_lock_of_a_reader_in_the_same_process(published: Path) -> None:
    marts = published / "1" / "marts.duckdb"
    with duckdb.connect(str(marts), read_only=True):
        assert set(prune(published)) == {2}
        writer = f"import duckdb, os; os.chmod({str(marts)!r}, 0o644); duckdb.connect({str(marts)!r})"
        finished = subprocess.run([sys.executable, "-c", writer], capture_output=True, text=True, check=False)
        assert "Conflicting lock is held" in finished.stderr


def test_a_reader_that_comes_between_the_look_and_the_rename_gets_its_publication_back(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = readers.find_readers

    def late(folders: dict[int, Path]) -> readers.Readers:
        return readers.Readers({1: "process 5"}) if folders.get(1, published).name == ".removing-1" else look(folders)

    monkeypatch.setattr(retention, "find_readers", late)
    assert set(prune(published)) == {2}
    assert kept(published) == [1, 3, 4]
    assert [gone.number for gone in retention.removed(published)] == [2]


class KilledError(BaseException):
    """What a test raises where a kill would strike: nothing catches it."""


def test_a_kill_between_the_rename_and_the_deletion_is_finished_by_the_next_call(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(doomed: Path) -> bool:
        (doomed / "manifest.json").unlink()
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(retention, "_delete", killed)
        with pytest.raises(KilledError):
            prune(published)
    assert kept(published) == [2, 3, 4]
    assert (published / ".removing-1").is_dir()
    assert [gone.number for gone in retention.removed(published)] == [1]
    assert set(prune(published)) == {2}
    assert not list(published.glob(".removing-*"))


def test_a_half_removed_one_waits_for_its_reader(published: Path) -> None:
    (published / "1").rename(published / ".removing-1")
    with holding(FILE_READER, published / ".removing-1" / "parquet" / "mart_x.parquet"):
        assert set(prune(published)) == {2}
        assert (published / ".removing-1").is_dir()
    prune(published)
    assert not (published / ".removing-1").exists()


def test_a_kill_before_the_rename_leaves_a_publication_that_is_not_called_removed(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", killed)
        with pytest.raises(KilledError):
            prune(published)
    assert (published / "removed" / "1.json").is_file()
    assert kept(published) == [1, 2, 3, 4]
    assert retention.removed(published) == []
    assert set(prune(published)) == {1, 2}


def test_a_number_is_not_given_again_after_its_publication_went(published: Path) -> None:
    for number in (3, 4):
        (published / str(number)).rename(published / f".removing-{number}")
    assert switching.next_number(published) == 5
    (published / "current").unlink()
    (published / "current").symlink_to("2")
    prune(published)
    assert kept(published) == [1, 2]
    (published / "removed").mkdir()
    (published / "removed" / "11.json").write_text("{}", encoding="utf-8")
    assert switching.next_number(published) == 12


def test_what_readers_were_taken_back_to_stays_while_it_is_current(published: Path) -> None:
    switching.roll_back(published, reading.load_publication(published / "1"), reason="sai số")
    assert set(prune(published)) == {2}
    switching.roll_back(published, reading.load_publication(published / "4"), reason="đã sửa")
    assert set(prune(published)) == {1}


def test_a_rollback_waits_for_a_removal_and_then_finds_its_target_gone(published: Path) -> None:
    code = "from dvctt.publications.store import rollback; from pathlib import Path; rollback(Path(sys.argv[1]), 1, reason='thử')"
    with retention.lock(published):
        process = subprocess.Popen(
            [sys.executable, "-c", f"import sys\n{code}", str(published)], stderr=subprocess.PIPE, text=True
        )
        while not re.search(rf"-> FLOCK .* {process.pid} ", Path("/proc/locks").read_text(encoding="ascii")):
            assert process.poll() is None, "it did not wait"
            time.sleep(0.05)
        retention._remove(published, retention.Decision(1, False, "quá hạn"), AT)
    _, words = process.communicate()
    assert "publication 1 was removed at 2023-06-01T01:30:00+00:00: quá hạn" in words
    assert os.readlink(published / "current") == "4"


def test_one_that_cannot_be_judged_or_removed_stays_and_the_others_still_go(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(published, 5, 10)
    manifest = published / "2" / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text("{", encoding="utf-8")
    rename = os.rename

    def stubborn(source: Path, target: Path) -> None:
        if Path(source).name == "1":
            raise OSError(16, "Device or resource busy")
        rename(source, target)

    monkeypatch.setattr(os, "rename", stubborn)
    decisions, _ = retention.prune(published, RULES, closing=set(), at=AT)
    found = {decision.number: (decision.keep, decision.failed, decision.why) for decision in decisions}
    assert found[1] == (True, True, "to be removed, but: [Errno 16] Device or resource busy")
    assert found[2][:2] == (True, False) and found[2][2].startswith("cannot be judged: ")
    assert found[3][:2] == (False, False)


def test_a_night_goes_on_when_retention_cannot(published: Path, caplog: pytest.LogCaptureFixture) -> None:
    (published / "current").unlink()
    (published / "current").symlink_to("77")
    assert retention.apply(published, RULES, closed=published.parent / "closed", at=AT) == []
    assert "retention did not run; look: dvctt publications prune --dry-run" in caplog.text
    assert kept(published) == [1, 2, 3, 4]


def test_nothing_goes_when_a_closing_cannot_be_read(
    published: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closing = tmp_path / "closed" / "2022-10" / "1"
    closing.mkdir(parents=True)
    (closing / "manifest.json").write_text("{", encoding="utf-8")
    assert retention.apply(published, RULES, closed=tmp_path / "closed", at=AT) == []
    assert "not a closed month's manifest" in caplog.text
    assert kept(published) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  nightly_days: 90 ", "  nightly_days: 0 ", r"province\.yml:\d+: key retention\.nightly_days: .*found 0"),
        (
            "  keep_at_least: 3 ",
            "  keep_at_least: none ",
            r"province\.yml:\d+: key retention\.keep_at_least: .*found 'none'",
        ),
        (
            "  keep_at_least: 3 ",
            "  keep: 3 ",
            r"key retention\.keep: unknown key .*key retention\.keep_at_least: missing key",
        ),
    ],
)
def test_a_wrong_rule_is_refused_with_file_line_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = shutil.copytree(PROVINCE, tmp_path / "province")
    path = folder / "province.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_province(folder)


def test_a_home_without_publications_has_nothing_to_remove(tmp_path: Path) -> None:
    assert retention.apply(tmp_path / "published", RULES, closed=tmp_path / "closed", at=AT) == []
    assert not (tmp_path / "published").exists()


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A home of the bundled province (90 days, 3 at least) with publications 1 to 5, of which only 1 is old enough to go."""
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    today = datetime.now(UTC)
    for number, days in enumerate((200, 5, 4, 3, 2), start=1):
        make(settings.published, number, days, at=today, definitions="ab" * 32, closed_months={"2022-09": 1})
    (settings.published / "current").symlink_to("5")
    return settings


def test_a_dry_run_says_all_and_removes_nothing(home: Settings) -> None:
    before = sorted(home.home.rglob("*"))
    finished = dvctt(home, "publications", "prune", "--dry-run")
    assert finished.returncode == 0, finished.stderr
    assert "remove    1  older than 90 days: published " in finished.stdout
    assert "keep      2  younger than 90 days: published " in finished.stdout
    assert "keep      3  among the newest 3" in finished.stdout
    assert "keep      5  current: readers see it" in finished.stdout
    assert "4 kept, 1 to be removed" in finished.stdout
    assert sorted(home.home.rglob("*")) == before


def test_what_was_removed_can_be_listed_and_shown_and_is_an_error_to_verify(home: Settings) -> None:
    finished = dvctt(home, "publications", "prune")
    assert finished.returncode == 0, finished.stderr
    assert "4 kept, 1 removed" in finished.stdout
    listed = dvctt(home, "publications", "list").stdout.splitlines()
    (row,) = [line for line in listed if "run 1" in line]
    assert "removed" in row
    assert any(line.startswith("removed 1 at ") and "older than 90 days" in line for line in listed)
    shown = dvctt(home, "publications", "show", "1")
    assert shown.returncode == 0
    assert json.loads(shown.stdout)["run_id"] == "run 1"
    words = shown.stderr.splitlines()
    assert words[0].startswith("publication 1 was removed at ") and "older than 90 days" in words[0]
    assert words[1:] == ["definitions: " + "ab" * 32, "closed months: 2022-09 (revision 1)"]
    verified = dvctt(home, "publications", "verify", "1")
    assert verified.returncode == 1
    assert "publication 1 was removed at " in verified.stderr
    assert "dvctt publications show 1" in verified.stderr
