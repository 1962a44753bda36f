"""The look at an installation: a good one, and each thing that can be wrong with it."""

import sqlite3
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dvctt.landing.zone import land
from dvctt.pipeline import doctor
from dvctt.province.folder import load_province
from dvctt.settings import Settings

from tests.conftest import Inbox, dvctt, settings_for

NOW = datetime(2100, 1, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def installation(tiny_inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """One with files that have landed, a night of this morning and somebody to tell."""
    settings = settings_for(tmp_path / "home", tiny_inbox.root)
    land(load_province(settings.province_folder), settings.inbox, settings.landing)
    night_of(settings, NOW - timedelta(hours=11), "success")
    monkeypatch.setenv("DVCTT_HOME", str(settings.home))
    monkeypatch.setenv("DVCTT_ALERT_EMAILS", "a@example.invalid, b@example.invalid")
    monkeypatch.delenv("DVCTT_ALERT_WEBHOOK_URL", raising=False)
    monkeypatch.delenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", raising=False)
    return settings


def night_of(settings: Settings, begun: datetime, state: str) -> None:
    settings.airflow_home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(settings.airflow_home / "airflow.db")) as link, link:
        link.execute("create table if not exists dag_run (dag_id text, updated_at timestamp, state text)")
        link.execute(
            "insert into dag_run values ('nightly_warehouse', ?, ?), ('another', ?, 'failed')",
            (f"{begun:%Y-%m-%d %H:%M:%S.000000}", state, f"{NOW:%Y-%m-%d %H:%M:%S.000000}"),
        )


def looked(settings: Settings, what: str) -> doctor.Look:
    (found,) = (one for one in doctor.examine(settings, now=NOW) if one.what == what)
    return found


def test_a_good_installation_is_good_but_for_the_night_that_it_has_not_had(installation: Settings) -> None:
    found = {one.what: one for one in doctor.examine(installation, now=NOW)}
    assert list(found) == [
        "province", "source one_stop", "home", "disk", "memory", "clock", "publication", "nights", "alerts",
    ]  # fmt: skip # a row of names
    assert {name for name, one in found.items() if one.state != "good"} == {"publication"}
    assert found["publication"].state == "warning"
    assert found["nights"].found == "the last was worked on 2100-01-02 01:00, success"
    assert found["alerts"].found == "e-mail to 2"


def test_a_night_that_did_not_come_is_wrong_and_so_is_one_that_failed(installation: Settings) -> None:
    night_of(installation, NOW - timedelta(hours=2), "failed")
    assert looked(installation, "nights").state == "wrong"
    with closing(sqlite3.connect(installation.airflow_home / "airflow.db")) as link, link:
        link.execute("update dag_run set updated_at = '2099-12-31 10:00:00.000000', state = 'success'")
    silent = looked(installation, "nights")
    assert (silent.state, silent.found) == ("wrong", "the last was worked on 2099-12-31 10:00, success: 50 hours ago")
    (installation.airflow_home / "airflow.db").unlink()
    assert looked(installation, "nights").state == "warning"


def test_whom_nobody_would_tell_is_told_here(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVCTT_ALERT_EMAILS", "")
    assert looked(installation, "alerts").found == "no channel is configured: nobody would be told"
    monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", "https://hook.example.invalid/bi-mat")
    hook = looked(installation, "alerts")
    assert (hook.state, hook.found) == ("good", "webhook")


def test_a_disk_that_is_full_is_said_before_it_stops_a_night(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")  # as the library gives it
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: usage(10, 9, 1_000_000))
    found = looked(installation, "disk")
    assert found.state == "warning"
    assert "free " in found.advice and "docs/runbooks/disk-full.md" in found.advice


def test_a_clock_before_what_has_landed_is_wrong(installation: Settings) -> None:
    found = {one.what: one for one in doctor.examine(installation, now=datetime(2020, 1, 1, tzinfo=UTC))}
    assert found["clock"].state == "wrong"


def test_a_source_without_a_folder_or_a_connection_is_named(
    installation: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert looked(replace(installation, inbox=tmp_path / "nowhere"), "source one_stop").state == "wrong"


def test_a_look_that_breaks_hides_no_other(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(database: str) -> None:
        raise ValueError("Nguyễn Thị Thử")

    monkeypatch.setattr(doctor, "last_run", broken)
    found = {one.what: one for one in doctor.examine(installation, now=NOW)}
    assert found["nights"].state == "wrong" and "Nguyễn" not in found["nights"].found
    assert found["alerts"].state == "good"


def test_the_command_ends_with_1_where_something_is_wrong(tiny_inbox: Inbox, tmp_path: Path) -> None:
    finished = dvctt(settings_for(tmp_path / "home", tiny_inbox.root), "doctor")
    assert finished.returncode == 1, finished.stdout + finished.stderr
    lines = finished.stdout.splitlines()
    assert "wrong    alerts: no channel is configured: nobody would be told; docs/how-to/alerts.md" in lines
    assert any(line.startswith("good     province: ") for line in lines)
