"""The night through Airflow with two running systems: one is read by a mapped task an entity, the other cannot be opened."""

import csv
import json
import re
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import yaml
from dvctt.core.contract import ENTITIES
from dvctt.landing.refusals import refused_files
from dvctt.landing.zone import landed_extracts
from dvctt.publications.reading import current_publication
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, dvctt, write_tiny


@dataclass(frozen=True)
class FetchedNight:
    settings: Settings
    log: str


def fill(path: Path, folder: Path) -> None:
    """The tiny inbox as tables, personal columns and all."""
    link = sqlite3.connect(path)
    with link:
        for entity in ENTITIES.values():
            columns = (*entity.columns, *entity.personal)
            link.execute(
                f"create table {entity.name} (stt integer primary key, thang_cua_tep text, {', '.join(f'{c} text' for c in columns)})"
            )
            for file in sorted((folder / entity.name).glob("*.csv")):
                with file.open(encoding="utf-8", newline="") as rows:
                    for row in csv.DictReader(rows):
                        marks = ", ".join("?" * (len(columns) + 1))
                        link.execute(
                            f"insert into {entity.name} (thang_cua_tep, {', '.join(columns)}) values ({marks})",
                            (file.name[:7], *(row.get(column) or None for column in columns)),
                        )
    link.close()


def described(province: Path) -> None:
    path = province / "sources.yml"
    (own,) = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    entities = {
        name: {
            **feed,
            "options": {"table": name, "month": {"column": "thang_cua_tep", "holds": "month"}, "order_by": ["stt"]},
        }
        for name, feed in own["entities"].items()
    }
    fetched = {"kind": "database", "fetch": {"first_month": "2022-09", "last_month": "2022-10"}}
    sources = [
        {**own, **fetched, "connection": "mot_cua", "entities": entities},
        {
            "id": "land_office",
            "name_vi": "Đất đai",
            "connection": "chua_co",
            **fetched,
            "entities": {"filings": entities["filings"]},
        },
    ]
    path.write_text(json.dumps({"sources": sources}, indent=1), encoding="utf-8")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> FetchedNight:
    root = tmp_path_factory.mktemp("fetched")
    shutil.copytree(PROVINCE, root / "province")
    described(root / "province")
    inbox = Inbox(root / "written")
    write_tiny(inbox)
    fill(root / "mot-cua.db", inbox.root / "one_stop")
    settings = Settings(root / "province", root / "no-inbox", root / "home")
    connection = json.dumps({"conn_type": "sqlite", "host": str(root / "mot-cua.db")})
    finished = dvctt(settings, "airflow", "nightly", "--month", "2022-10", AIRFLOW_CONN_MOT_CUA=connection)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (log,) = (settings.airflow_home / "logs").glob("nightly-*.log")
    return FetchedNight(settings, log.read_text(encoding="utf-8"))


def test_what_the_system_holds_is_what_is_published(night: FetchedNight) -> None:
    publication = current_publication(night.settings.published)
    assert publication is not None
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        received = connection.execute(
            "select received from mart_online_rates where month = date '2022-10-01' and entity_code = '243'"
        ).fetchall()
    assert received == [(4,)]
    landed = landed_extracts(night.settings.landing)
    assert {(one.source, one.entity) for one in landed} == {("one_stop", entity) for entity in ENTITIES}
    assert [one.extract_id for one in landed if one.control_rows != one.rows] == []


def test_each_entity_is_a_mapped_task_of_its_name(night: FetchedNight) -> None:
    asked = set(re.findall(r"stage fetch one_stop/(\w+): begins", night.log))
    assert asked == set(ENTITIES)
    assert "fetch_one_stop" in night.log


def test_the_system_that_cannot_be_opened_costs_only_itself_and_is_named(night: FetchedNight) -> None:
    refused = refused_files(night.settings.landing)
    assert [(one.source, one.entity, one.month, one.reason) for one in refused] == [
        ("land_office", "filings", "2022-09", "not_fetched"),
        ("land_office", "filings", "2022-10", "not_fetched"),
    ]
    assert "connection 'chua_co': Airflow has none" in refused[0].words
    assert night.log.count("stage fetch land_office/filings: begins") == 1, (
        "what a person has to mend is not tried again"
    )
