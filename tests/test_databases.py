"""DuckDB's memory is bounded wherever it is opened, and what does not fit goes to the home's disk and from there away."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt import databases
from dvctt.closing import plan as closing_plan
from dvctt.core.engines import describe_error, describe_node
from dvctt.core.errors import ConfigError
from dvctt.core.machine import MEMORY_LIMIT, memory_of_machine, parse_size
from dvctt.core.period import Month
from dvctt.databases import describe_limit, lend_limit, memory_limit, open_database, private_folder
from dvctt.landing import zone
from dvctt.pipeline import stages
from dvctt.province.folder import load_province
from dvctt.publications.reading import current_publication
from dvctt.report.marts import read_marts
from dvctt.report.writers.csv_files import write_csv
from dvctt.settings import Settings
from dvctt.warehouse import connections, transform

from tests.conftest import PROVINCE, Inbox, dvctt

ASKED = "select current_setting('memory_limit'), current_setting('temp_directory')"
LIMIT = "128MB"
LIMIT_SAYS_DUCKDB = "122.0 MiB"
TOO_BIG = "create table big as select range as i, hash(range)::varchar || hash(range + 1)::varchar as words from range(4_000_000)"
"""About 200 MB."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("DVCTT_HOME", str(home))
    monkeypatch.setenv(MEMORY_LIMIT, LIMIT)
    monkeypatch.setattr(databases, "_LEAST", 0)  # a small query must not fit
    return home


@pytest.mark.parametrize("empty", [None, ""])
def test_the_default_is_half_of_what_is_there(monkeypatch: pytest.MonkeyPatch, empty: str | None) -> None:
    monkeypatch.delenv(MEMORY_LIMIT, raising=False)
    if empty is not None:
        monkeypatch.setenv(MEMORY_LIMIT, empty)
    assert memory_limit() == memory_of_machine() // 2
    assert "is not set: half of what is there" in describe_limit()


def test_the_limit_is_what_was_set_and_never_more_than_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "memory_of_machine", lambda: 4_000_000_000)
    for text, wanted in (("1.5GB", 1_500_000_000), ("4GB", 4_000_000_000), ("8TB", 4_000_000_000)):
        monkeypatch.setenv(MEMORY_LIMIT, text)
        assert memory_limit() == wanted
        assert parse_size(lend_limit()) == wanted
    monkeypatch.setenv(MEMORY_LIMIT, "1.5GB")
    assert describe_limit() == (
        "DuckDB may take 1.5 GB of 4 GB (DVCTT_MEMORY_LIMIT); what does not fit goes to the home's disk"
    )


@pytest.mark.parametrize("text", ["2", "lots", "80%", "-1GB", "499MB", "1GB;"])
def test_a_wrong_value_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(databases, "memory_of_machine", lambda: 4_000_000_000)
    monkeypatch.setenv(MEMORY_LIMIT, text)
    with pytest.raises(ConfigError) as error:
        memory_limit()
    assert str(error.value) == (
        f"DVCTT_MEMORY_LIMIT: found {text!r}, wanted a size of at least 500 MB with its unit, such as 2GB, 1500MB or 1.5GiB; "
        "empty takes half of the memory that is there (4 GB)"
    )


def test_a_run_with_a_wrong_value_ends_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(province_folder=PROVINCE, inbox=tmp_path / "inbox", home=tmp_path / "home")
    monkeypatch.setenv(MEMORY_LIMIT, "much")
    with pytest.raises(ConfigError, match="DVCTT_MEMORY_LIMIT: found 'much', wanted a size"):
        stages.land_extracts(settings, run_id="r", month=None)
    assert [path.name for path in settings.home.iterdir()] == [".writer.lock"]


def test_a_query_that_is_bigger_than_the_limit_spills_into_the_home_and_leaves_nothing(home: Path) -> None:
    with open_database() as connection:
        assert connection.execute(ASKED).fetchall() == [(LIMIT_SAYS_DUCKDB, str(*(home / "spill").iterdir()))]
        connection.execute(TOO_BIG)
        (spill,) = (home / "spill").iterdir()
        assert sum(path.stat().st_size for path in spill.iterdir()) > 10_000_000
        assert {oct(path.stat().st_mode & 0o777) for path in (home / "spill", spill)} == {"0o700"}
        assert connection.execute("select count(*), max(i) from big").fetchall() == [(4_000_000, 3_999_999)]
    assert list(home.iterdir()) == []


def test_what_does_not_fit_is_one_line_that_names_the_setting(home: Path) -> None:
    with open_database() as connection:
        connection.execute("set temp_directory = ''")
        with pytest.raises(duckdb.OutOfMemoryException) as error:
            connection.execute(TOO_BIG)
    words = describe_error(error.value)
    assert "\n" not in words
    assert "Out of Memory Error: " in words
    assert "give DuckDB more: DVCTT_MEMORY_LIMIT" in words
    node = {"unique_id": "model.dvctt.fct_filings", "status": "error", "message": f"Runtime Error in model fct_filings (models/fct_filings.sql)\n  {error.value}"}  # fmt: skip # as dbt has it
    assert describe_node(node).endswith(words.partition("(")[2].rpartition(")")[0])


def test_a_file_that_does_not_fit_is_not_called_wrong(
    tiny_inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block of size 256.0 KiB")

    monkeypatch.setattr("dvctt.extract.files._copy", fail)
    with pytest.raises(duckdb.OutOfMemoryException):
        zone.land(load_province(PROVINCE), tiny_inbox.root, tmp_path / "landing")


def test_one_process_has_one_database_open_at_a_time(home: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "one.duckdb", tmp_path / "two.duckdb"]
    with open_database(paths[0]) as one, open_database(paths[0]) as same:
        one.execute("create table t as select 1 as i")
        assert same.execute("from t").fetchall() == [(1,)]
        assert one.execute(ASKED).fetchall() == same.execute(ASKED).fetchall()
        for other in (paths[1], None):
            with (
                pytest.raises(RuntimeError, match="together they could take more than DVCTT_MEMORY_LIMIT"),
                open_database(other),
            ):
                pass
        with pytest.raises(RuntimeError, match="open in the process that starts another one"):
            lend_limit()
    with open_database(paths[1]), pytest.raises(RuntimeError, match="one database at a time"), open_database():
        pass
    with open_database(), pytest.raises(RuntimeError, match="one database at a time"), open_database():
        pass
    assert list(home.iterdir()) == []


def test_a_private_folder_is_its_owner_s_lies_in_the_home_and_does_not_stay(home: Path) -> None:
    with private_folder() as folder:
        (folder / "người.csv").write_bytes(b"x")
        assert folder.parent == home / "spill"
        assert {oct(path.stat().st_mode & 0o777) for path in (home / "spill", folder)} == {"0o700"}
        with open_database() as connection:
            (spill,) = connection.execute("select current_setting('temp_directory')").fetchall()[0]
            assert Path(spill).parent == home / "spill"
            assert Path(spill) != folder
        assert (folder / "người.csv").is_file()
    assert not (home / "spill").exists()


def test_what_a_killed_reader_left_in_its_private_folder_is_removed_by_whoever_comes_next(home: Path) -> None:
    waits = textwrap.dedent(
        """
        from dvctt.databases import private_folder
        with private_folder() as folder:
            (folder / "left.csv").write_bytes(b"x")
            print(folder, flush=True)
            input()
        """
    )
    process = subprocess.Popen([sys.executable, "-c", waits], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    forsaken = Path(process.stdout.readline().strip())
    assert (forsaken / "left.csv").is_file()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with private_folder():
        assert not forsaken.exists()
    assert not (home / "spill").exists()


def test_without_a_home_a_private_folder_is_the_machine_s(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DVCTT_HOME", str(tmp_path / "none"))
    with private_folder() as folder:
        assert folder.is_dir()
        assert oct(folder.stat().st_mode & 0o777) == "0o700"
    assert not folder.exists()
    assert not (tmp_path / "none").exists()


def test_what_a_killed_process_spilled_is_removed_by_the_next_and_what_a_living_one_spills_is_not(home: Path) -> None:
    waits = textwrap.dedent(
        """
        from dvctt.databases import open_database
        with open_database() as connection:
            print("open", flush=True)
            input()
        """
    )

    def start() -> tuple[subprocess.Popen[str], Path]:
        before = set((home / "spill").glob("*"))
        process = subprocess.Popen(
            [sys.executable, "-c", waits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, MEMORY_LIMIT: "500MB"},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        (made,) = set((home / "spill").iterdir()) - before
        return process, made

    killed, forsaken = start()
    (forsaken / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"left")
    living, kept = start()
    assert forsaken.is_dir()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    with open_database() as connection:
        assert connection.execute("select 1").fetchall() == [(1,)]
        assert not forsaken.exists()
        assert kept.is_dir()
    assert kept.is_dir()
    living.communicate("\n")
    assert living.returncode == 0
    assert not (home / "spill").exists()


def test_without_a_home_to_write_in_memory_is_all_there_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVCTT_HOME", str(home / "none"))
    with open_database() as connection:
        assert connection.execute(ASKED).fetchall() == [(LIMIT_SAYS_DUCKDB, "")]
    monkeypatch.setenv("DVCTT_HOME", str(home))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with open_database() as connection:
        assert connection.execute(ASKED).fetchall() == [(LIMIT_SAYS_DUCKDB, "")]
    assert list(home.iterdir()) == []


@contextmanager
def seen() -> Iterator[list[tuple[Any, ...]]]:
    """What each connection that is opened says of its memory."""
    found: list[tuple[Any, ...]] = []
    connect = duckdb.connect

    def connect_and_ask(*arguments: Any, **more: Any) -> duckdb.DuckDBPyConnection:
        connection = connect(*arguments, **more)
        found.extend(connection.execute(ASKED).fetchall())
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", connect_and_ask)
        yield found


def _land(settings: Settings) -> None:
    path = settings.inbox / "one_stop" / "filings" / "2022-10.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("O7", "O8"), encoding="utf-8")
    (path.parent / "2022-10.control.json").unlink()
    zone.land(load_province(PROVINCE), settings.inbox, settings.landing)


def _candidate(settings: Settings) -> None:
    with connections.open_candidate(settings.candidate):
        pass


def _published(settings: Settings) -> None:
    publication = current_publication(settings.published)
    assert publication is not None
    with connections.open_published(publication.marts):
        pass


def _marts(settings: Settings) -> None:
    publication = current_publication(settings.published)
    assert publication is not None
    read_marts(publication.marts)


def _csv(settings: Settings) -> None:
    publication = current_publication(settings.published)
    assert publication is not None
    write_csv(publication.marts, settings.home / "csv")


def _close(settings: Settings) -> None:
    publication = current_publication(settings.published)
    assert publication is not None
    closing_plan._missing(publication, Month(2022, 10))


@pytest.mark.parametrize("use", [_land, _candidate, _published, _marts, _csv, _close])
def test_every_room_opens_duckdb_with_the_limit(
    tiny_copy: Settings, monkeypatch: pytest.MonkeyPatch, use: Callable[[Settings], None]
) -> None:
    monkeypatch.setenv("DVCTT_HOME", str(tiny_copy.home))
    monkeypatch.setenv(MEMORY_LIMIT, "500MB")
    with ExitStack() as stack:
        found = stack.enter_context(seen())
        use(tiny_copy)
    assert found
    assert {limit for limit, _ in found} == {"476.8 MiB"}
    assert {str(Path(spill).parent) for _, spill in found} == {str(tiny_copy.home / "spill")}
    assert not (tiny_copy.home / "spill").exists()


def test_dbt_opens_the_candidate_with_the_limit_and_spills_beside_it(
    tiny_copy: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY_LIMIT, "500MB")
    with seen() as found:
        transform.run_dbt("build", tiny_copy.candidate, "--select", "ref_channels", what="a seed")
    assert set(found) == {("476.8 MiB", "spill")}


def test_a_night_says_its_limit_once_and_leaves_no_spill(tiny_copy: Settings) -> None:
    ended = dvctt(tiny_copy, "run", DVCTT_MEMORY_LIMIT="1GB")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("DuckDB may take 1 GB of ") == 1
    assert not [path for path in tiny_copy.home.rglob("*") if path.name == "spill"]
