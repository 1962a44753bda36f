"""What has been published can be listed, verified and taken back, and a taken-back one does not come back by itself."""

import shutil
from pathlib import Path

import pytest
from dvctt.core.errors import PublishError
from dvctt.publications import store, switching
from dvctt.settings import Settings

from tests.conftest import dvctt
from tests.publications.test_publish import again, current


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
