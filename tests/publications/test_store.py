"""What has been published can be listed, verified and taken back, and a taken-back one does not come back by itself."""

import shutil
from pathlib import Path

import pytest
from dvctt.core.errors import PublishError
from dvctt.publications import store, switching
from dvctt.settings import Settings

from tests.conftest import dvctt
from tests.publications.test_publish import again, current
from tests.publications.test_retention import make


@pytest.fixture
def two(tiny_copy: Settings) -> Settings:
    """A home with publications 1 and 2, the second of them current."""
    again(tiny_copy)
    return tiny_copy


def test_every_publication_is_listed_and_the_current_one_marked(two: Settings) -> None:
    assert [publication.number for publication in store.listed(two.published)] == [1, 2]
    lines = [line for line in dvctt(two, "publications", "list").stdout.splitlines() if "passed" in line]
    assert [("current" in line) for line in lines] == [False, True]


def test_what_is_as_its_manifest_says_has_no_problem(two: Settings) -> None:
    assert store.verify(store.find(two.published, 1)) == []
    finished = dvctt(two, "publications", "verify", "1")
    assert finished.returncode == 0
    assert "0 problems" in finished.stdout


def test_a_changed_a_missing_and_an_added_file_are_each_named(two: Settings) -> None:
    folder = two.published / "1"
    page = folder / "reports" / "bao-cao-2022-10.html"
    page.chmod(0o644)
    page.write_bytes(page.read_bytes()[:-1] + b" ")
    (folder / "parquet" / "fct_filings.parquet").unlink()
    (folder / "note.txt").write_text("x", encoding="utf-8")
    problems = store.verify(store.find(two.published, 1))
    assert [problem.file for problem in problems] == [
        "note.txt",
        "parquet/fct_filings.parquet",
        "reports/bao-cao-2022-10.html",
    ]
    finished = dvctt(two, "publications", "verify", "1")
    assert finished.returncode == 1
    assert "3 problems" in finished.stdout


def test_damaged_marts_are_a_problem_and_not_a_traceback(two: Settings) -> None:
    marts = two.published / "1" / "marts.duckdb"
    marts.chmod(0o644)
    marts.write_bytes(b"x" * 5000)
    finished = dvctt(two, "publications", "verify", "1")
    assert finished.returncode == 1
    assert "marts.duckdb: found cannot be opened" in finished.stdout


def test_a_number_that_is_not_there_names_those_that_are(two: Settings) -> None:
    with pytest.raises(PublishError, match="no publication 7; there are: 1, 2"):
        store.find(two.published, 7)


def test_a_digest_finds_the_publications_that_hold_it_and_the_newest_answers(two: Settings) -> None:
    page = store.find(two.published, 1).manifest["files"]["reports/bao-cao-2022-10.html"]
    held = store.holdings(two.published, page["data"][:12])
    assert [(one.number, one.file, one.digest) for one in held if one.number == 1] == [
        (1, "reports/bao-cao-2022-10.html", page["data"])
    ]
    assert store.number_of(two.published, page["data"][:12]) == max(one.number for one in held)
    assert store.number_of(two.published, "1") == 1
    assert {one.number for one in store.holdings(two.published, page["sha256"])} >= {1}
    finished = dvctt(two, "publications", "find", page["data"][:12])
    assert finished.returncode == 0, finished.stderr
    assert f"publication 1: reports/bao-cao-2022-10.html, {page['data']}" in finished.stdout


def test_what_names_nothing_is_told_and_finds_nothing(two: Settings) -> None:
    with pytest.raises(PublishError, match=r"no publication that is there holds 0123456789ab; there are: 1, 2"):
        store.number_of(two.published, "0123456789ab")
    for named in ("", "7f", "36008A6BBD6F", "bao-cao"):
        with pytest.raises(PublishError, match="no digest; wanted 8 to 64 digits"):
            store.number_of(two.published, named)
    assert dvctt(two, "publications", "find", "0123456789ab").returncode == 1


def test_a_rollback_is_one_step_with_a_reason_and_stays(two: Settings) -> None:
    finished = dvctt(two, "publications", "rollback", "1", "--reason", "sai số của Sở A")
    assert finished.returncode == 0, finished.stderr
    assert current(two).number == 1
    (event,) = switching.rollbacks(two.published)
    assert (event["from"], event["to"], event["reason"]) == (2, 1, "sai số của Sở A")
    switching.recover(two.published)
    assert current(two).number == 1, "a run must not undo what a person has decided"
    assert "sai số của Sở A" in dvctt(two, "publications", "list").stdout


def test_after_a_rollback_the_next_publication_has_a_number_of_its_own(two: Settings) -> None:
    store.rollback(two.published, 1, reason="thử")
    assert again(two).number == 3
    switching.recover(two.published)
    assert current(two).number == 3


def test_a_rollback_to_what_is_damaged_or_current_is_refused(two: Settings, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="found no reason to go back to publication 1"):
        store.rollback(two.published, 1, reason=" ")
    with pytest.raises(PublishError, match=r"character 4 is U\+001B"):
        store.rollback(two.published, 1, reason="sai\x1b[2J")
    with pytest.raises(PublishError, match="publication 2 is the current one already"):
        store.rollback(two.published, 2, reason="thử")
    shutil.rmtree(two.published / "1" / "reports")
    with pytest.raises(PublishError, match="publication 1 is not what its manifest says: reports/"):
        store.rollback(two.published, 1, reason="thử")
    assert current(two).number == 2
    assert switching.rollbacks(two.published) == []


def test_a_run_has_led_to_a_publication_once_readers_have_seen_it_and_still_has_when_it_was_removed(
    tmp_path: Path,
) -> None:
    """What a run that was killed between sealing and switching left lies there whole: a close that took it for published
    would freeze the month that readers do not see yet.
    """
    published = tmp_path / "published"
    for number in (2, 3, 4):
        make(published, number, days_old=1)
    (published / "removed").mkdir()
    (published / "removed" / "1.json").write_text('{"run_id": "run 1"}', encoding="utf-8")
    (published / "current").symlink_to("3")
    assert store.published_runs(published) == {"run 1", "run 2", "run 3"}
    (published / "current").unlink()
    (published / "current").symlink_to("4")
    assert store.published_runs(published) == {"run 1", "run 2", "run 3", "run 4"}
