"""Fetching before a night: which months are asked for, what is kept of them, and what a system that is down costs."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ConfigError, ExtractError
from dvctt.core.period import Month
from dvctt.extract import SourceUnreachable, Taken, _spool, database
from dvctt.landing import zone
from dvctt.landing.refusals import refused_files
from dvctt.pipeline import fetching
from dvctt.province.folder import load_province
from dvctt.province.model import Source
from dvctt.settings import Settings

from tests.conftest import PROVINCE, filing

NEWEST = Month(2022, 10)
PERSON = "Nguyễn Thị Thử"


@dataclass
class System:
    """A one-stop system with filings of some months, in a database that needs no server."""

    path: Path
    settings: Settings

    def execute(self, statement: str, *values: object) -> None:
        link = sqlite3.connect(self.path)
        with link:
            link.execute(statement, values)
        link.close()

    def file(self, number: str, month: str, agency: str = "243") -> None:
        row = filing(number, agency, f"{month}-05 08:00:00")
        columns = [*ENTITIES["filings"].columns, "ChuHoSo"]
        marks = ", ".join("?" for _ in columns)
        self.execute(
            f"insert into ho_so (thang, {', '.join(columns)}) values (?, {marks})",
            month,
            *(row.get(column, PERSON if column == "ChuHoSo" else None) for column in columns),
        )

    def fetch(self, *months: str) -> int:
        wanted = [Month.parse(month) for month in months] or None
        return fetching.fetch_entity(self.settings, "one_stop", "filings", wanted)

    def land(self) -> list[zone.Extract]:
        settings = self.settings
        return zone.land(load_province(settings.province_folder), settings.inbox, settings.landing, settings.fetched)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    """Filings of September and October; the newest month is October."""
    shutil.copytree(PROVINCE, tmp_path / "province")
    content = yaml.safe_load((tmp_path / "province" / "sources.yml").read_text(encoding="utf-8"))
    (described,) = content["sources"]
    described |= {"kind": "database", "connection": "one_stop", "fetch": {"first_month": "2022-08"}}
    options = {"table": "ho_so", "month": {"column": "thang", "holds": "month"}, "order_by": ["rowid_"]}
    described["entities"] = {name: {**feed, "options": options} for name, feed in described["entities"].items()}
    (tmp_path / "province" / "sources.yml").write_text(json.dumps(content, indent=1), encoding="utf-8")
    path = tmp_path / "nguon.db"
    monkeypatch.setenv("AIRFLOW_CONN_ONE_STOP", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    monkeypatch.setenv("DVCTT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(fetching, "current_month", lambda: NEWEST)
    found = System(path, Settings(tmp_path / "province", tmp_path / "no-inbox", tmp_path / "home"))
    columns = ", ".join(f"{column} text" for column in (*ENTITIES["filings"].columns, "ChuHoSo"))
    found.execute(f"create table ho_so (rowid_ integer primary key, thang text, {columns})")
    for number, month in (("S1", "2022-09"), ("O1", "2022-10"), ("O2", "2022-10")):
        found.file(number, month)
    return found


def test_a_night_asks_for_the_newest_months_and_for_those_that_never_came(tmp_path: Path) -> None:
    def months(first: str, again: int, known: tuple[str, ...], last: str | None = None) -> list[str]:
        source = Source.model_validate(
            {
                "id": "x",
                "name_vi": "x",
                "kind": "database",
                "connection": "x",
                "fetch": {"first_month": first, "reread_months": again, "last_month": last},
                "entities": {"filings": {}},
            }
        )
        folder = tmp_path / "x" / "filings"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for month in known:
            (folder / f"{month}.control.json").touch()
        return [str(month) for month in fetching.months_to_fetch(source, "filings", tmp_path, NEWEST)]

    assert months("2022-08", 2, ()) == ["2022-08", "2022-09", "2022-10"]
    assert months("2022-08", 2, ("2022-08", "2022-09", "2022-10")) == ["2022-09", "2022-10"]
    assert months("2022-07", 1, ("2022-07", "2022-09")) == ["2022-08", "2022-10"]
    assert months("2022-07", 1, (), last="2022-08") == ["2022-07", "2022-08"]
    assert months("2022-07", 1, ("2022-07", "2022-08"), last="2022-08") == ["2022-08"]
    assert months("2022-11", 2, ()) == []


def test_what_is_fetched_lands_held_against_the_system_s_totals(system: System) -> None:
    assert system.fetch() == 3
    extracts = system.land()
    assert [(one.month, one.rows, one.control_rows) for one in extracts] == [
        ("2022-08", 0, 0),
        ("2022-09", 1, 1),
        ("2022-10", 2, 2),
    ]
    assert [one.is_sample for one in extracts] == [False] * 3
    assert refused_files(system.settings.landing) == []
    kept = [path for path in system.settings.home.rglob("*") if path.is_file()]
    assert kept and [path for path in kept if PERSON.encode() in path.read_bytes()] == []
    assert not [path for path in (system.settings.fetched).rglob("*") if path.is_file() and path.stat().st_mode & 0o077]


def test_content_that_is_as_it_was_changes_nothing_and_other_content_is_a_new_version(system: System) -> None:
    assert system.fetch() == 3
    assert len(system.land()) == 3
    assert system.fetch() == 0
    assert system.land() == []
    system.file("O3", "2022-10")
    assert system.fetch() == 1
    (landed,) = system.land()
    assert (landed.month, landed.rows) == ("2022-10", 3)


def test_a_system_that_is_down_costs_its_new_months_and_no_other(system: System) -> None:
    system.fetch()
    system.land()
    system.execute("alter table ho_so rename to di_dau_mat")
    with pytest.raises(ExtractError, match="no table or view ho_so that this user may see"):
        system.fetch()
    assert system.land() == []
    refused = refused_files(system.settings.landing)
    assert [(one.entity, one.month, one.file_name, one.reason) for one in refused] == [
        ("filings", "2022-09", "2022-09.csv", "not_fetched"),
        ("filings", "2022-10", "2022-10.csv", "not_fetched"),
    ]
    active = zone.active_extracts(zone.landed_extracts(system.settings.landing))
    assert [(one.month, one.rows) for one in active] == [("2022-08", 0), ("2022-09", 1), ("2022-10", 2)]
    system.execute("alter table di_dau_mat rename to ho_so")
    assert system.fetch() == 0
    assert system.land() == []
    assert refused_files(system.settings.landing) == []


def test_however_many_months_were_not_fetched_they_do_not_stop_the_night(system: System) -> None:
    tolerated = load_province(system.settings.province_folder).refusals.tolerated
    system.fetch("2022-10")
    asked = [f"2021-{number:02d}" for number in range(1, 13)]
    assert len(asked) > tolerated
    system.execute("alter table ho_so rename to di_dau_mat")
    with pytest.raises(ExtractError, match="and 11 more of the 12 months"):
        system.fetch(*asked)
    (landed,) = system.land()
    assert landed.month == "2022-10"
    assert len(refused_files(system.settings.landing)) == 12


def test_a_system_of_which_nothing_ever_came_leaves_the_night_without_figures_and_says_so(system: System) -> None:
    with pytest.raises(ExtractError, match=r"nothing was ever fetched from it; .* dvctt sources fetch one_stop"):
        system.land()
    system.execute("alter table ho_so rename to di_dau_mat")
    with pytest.raises(ExtractError):
        system.fetch()
    with pytest.raises(ExtractError, match="all of the 3 files are refused, and none ever landed"):
        system.land()


def test_one_month_that_fails_does_not_keep_the_others(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = database.fetch

    def sometimes(asked: Any, target: Path) -> Taken:
        if asked.month == Month(2022, 9):
            target.write_text("half of a rec", encoding="utf-8")
            raise SourceUnreachable(f"{asked.words}: gone")
        return fetch(asked, target)

    monkeypatch.setattr(database, "fetch", sometimes)
    with pytest.raises(SourceUnreachable, match="filings of 2022-09: gone"):
        system.fetch()
    assert sorted(one.month for one in system.land()) == ["2022-08", "2022-10"]
    (refused,) = refused_files(system.settings.landing)
    assert refused.words == "source 'one_stop', filings of 2022-09: gone"
    assert not list(system.settings.fetched.rglob("*.part"))


def test_a_fetch_that_was_killed_is_no_month_that_came(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.fetch()
    system.land()

    def killed(asked: Any, target: Path) -> Taken:
        target.write_text("MaHoSo\nO1\n", encoding="utf-8")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(database, "fetch", killed)
        with pytest.raises(KeyboardInterrupt):
            system.fetch("2022-10")
    assert system.land() == []
    (refused,) = refused_files(system.settings.landing)
    assert "it was to be fetched and was not: the fetch was killed, or is still on" in refused.words
    system.file("O3", "2022-10")
    system.fetch()
    assert [one.rows for one in system.land()] == [3]
    assert refused_files(system.settings.landing) == []


def test_a_kill_between_data_and_totals_leaves_a_month_that_is_asked_for_again(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.fetch()
    system.land()
    system.file("A1", "2022-08")
    write = _spool.write_atomically

    def killed(path: Path, text: str, **more: Any) -> None:
        if path.name == "2022-08.control.json":
            raise KeyboardInterrupt
        write(path, text, **more)

    with monkeypatch.context() as patched:
        patched.setattr(_spool, "write_atomically", killed)
        with pytest.raises(KeyboardInterrupt):
            system.fetch("2022-08")
    source = load_province(system.settings.province_folder).sources[0]
    asked = fetching.months_to_fetch(source, "filings", system.settings.fetched, NEWEST)
    assert Month(2022, 8) in asked
    system.fetch()
    assert [(one.month, one.rows) for one in system.land()] == [("2022-08", 1)]


def test_a_zero_that_nobody_says_is_not_believed(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = database.fetch
    monkeypatch.setattr(database, "fetch", lambda asked, target: fetch(asked, target) and Taken(None, None))
    with pytest.raises(ExtractError, match="filings of 2022-08: no record came, and the system states no total"):
        system.fetch()
    assert sorted(one.month for one in system.land()) == ["2022-09", "2022-10"]


def test_another_total_than_the_rows_that_came_refuses_the_file(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = database.fetch

    def one_too_many(asked: Any, target: Path) -> Taken:
        taken = fetch(asked, target)
        return Taken((taken.rows or 0) + (asked.month == Month(2022, 9)), None)

    monkeypatch.setattr(database, "fetch", one_too_many)
    system.fetch()
    assert sorted(one.month for one in system.land()) == ["2022-08", "2022-10"]
    (refused,) = refused_files(system.settings.landing)
    assert refused.reason == "control_differs"


def test_a_look_keeps_nothing(system: System) -> None:
    look = fetching.look_at(system.settings, "one_stop", "filings", NEWEST, rows=1)
    assert look.taken == Taken(2, None)
    assert look.reading.rows == 2
    assert [row["MaHoSo"] for row in look.rows] == ["O1"]
    assert "ChuHoSo" not in look.rows[0]
    assert not system.settings.fetched.exists()


@pytest.mark.parametrize(
    ("source", "entity", "words"),
    [
        ("two_stop", "filings", "no source 'two_stop' that is fetched from a running system; there are: one_stop"),
        ("one_stop", "people", "source 'one_stop': no entity 'people'; wanted one of filings, "),
    ],
)
def test_what_is_not_there_to_be_fetched_is_said(system: System, source: str, entity: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        fetching.fetch_entity(system.settings, source, entity)


def test_a_connection_that_is_missing_or_broken_is_a_person_s_to_mend(
    system: System, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ONE_STOP", "{mat-khau-bi-mat")
    with pytest.raises(ConfigError, match=r"connection 'one_stop': .* AIRFLOW_CONN_ONE_STOP") as caught:
        system.fetch()
    assert "mat-khau" not in str(caught.value) + caplog.text
    monkeypatch.delenv("AIRFLOW_CONN_ONE_STOP")
    with pytest.raises(ConfigError, match="connection 'one_stop': Airflow has none; wanted one in the UI"):
        system.fetch()
    with pytest.raises(ExtractError, match="all of the 3 files are refused, and none ever landed"):
        system.land()


def test_a_fetch_that_was_killed_early_passes_no_month_over(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.fetch()
    system.land()

    def killed(asked: Any, target: Path) -> Taken:
        raise KeyboardInterrupt

    monkeypatch.setattr(database, "fetch", killed)
    with pytest.raises(KeyboardInterrupt):
        system.fetch()
    assert system.land() == []
    assert [one.month for one in refused_files(system.settings.landing)] == ["2022-09", "2022-10"]


@pytest.fixture
def described(system: System) -> Callable[..., ConfigError]:
    """What is said of a source that is described in another way."""

    def error(**changed: Any) -> ConfigError:
        path = system.settings.province_folder / "sources.yml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key, value in changed.items():
            content["sources"][0].pop(key, None)
            content["sources"][0] |= {} if value is None else {key: value}
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            system.fetch()
        return caught.value

    return error


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"connection": None}, "key connection: missing; wanted the name of an Airflow connection"),
        ({"fetch": None}, "key fetch: missing; wanted which months are fetched"),
        ({"fetch": {"first_month": "2022-13"}}, "not a month: found '2022-13', wanted YYYY-MM"),
        ({"options": {"cach": 1}}, "options: key cach: Extra inputs are not permitted"),
        ({"connection": "a b"}, "connection"),
        ({"sample": "perhaps"}, "sample"),
    ],
)
def test_a_source_that_is_described_wrongly_is_refused_by_key(
    described: Callable[..., ConfigError], changed: dict[str, Any], words: str
) -> None:
    assert words in str(described(**changed))


def test_a_system_of_made_up_records_says_so_and_takes_it_back(system: System) -> None:
    path = system.settings.province_folder / "sources.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for said in (True, False):
        content["sources"][0]["sample"] = said
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        system.fetch("2022-10")
        (extract,) = system.land()
        assert extract.is_sample is said


def test_a_source_of_files_takes_nothing_of_a_system_s(system: System) -> None:
    path = system.settings.province_folder / "sources.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["sources"][0]["kind"] = "files"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    with pytest.raises(ConfigError, match="key connection, fetch, options: of kinds that ask a running system"):
        system.land()
