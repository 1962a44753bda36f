"""The first tasks of a night through Airflow, with two running systems: one is read by a mapped task an entity, the other cannot be
opened. The province bears no refused file of filings, so that the night ends where landing has looked at both; what a night makes
of fetched files is tested without Airflow (`pipeline/test_fetching`).
"""

import csv
import json
import re
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from dvctt.core.contract import ENTITIES
from dvctt.pipeline.local_airflow import airflow_command, airflow_environment
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
    path = root / "province" / "province.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("stop_for: []", "stop_for: [filings]"), encoding="utf-8")
    assert "[filings]" in path.read_text(encoding="utf-8")
    inbox = Inbox(root / "written")
    write_tiny(inbox)
    fill(root / "mot-cua.db", inbox.root / "one_stop")
    settings = Settings(root / "province", root / "no-inbox", root / "home")
    connection = json.dumps({"conn_type": "sqlite", "host": str(root / "mot-cua.db")})
    finished = dvctt(settings, "airflow", "nightly", "--month", "2022-10", AIRFLOW_CONN_MOT_CUA=connection)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    (log,) = (settings.airflow_home / "logs").glob("nightly-*.log")
    return FetchedNight(settings, log.read_text(encoding="utf-8"))


def test_each_entity_is_a_mapped_task_of_its_name(night: FetchedNight) -> None:
    asked = set(re.findall(r"stage fetch one_stop/(\w+): begins", night.log))
    assert asked == set(ENTITIES)
    assert "fetch_one_stop" in night.log


def test_what_was_fetched_lies_there_as_the_system_holds_it(night: FetchedNight) -> None:
    folder = night.settings.fetched / "one_stop"
    found = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert found == set(ENTITIES)
    control = json.loads((folder / "filings" / "2022-10.control.json").read_text(encoding="utf-8"))
    with (folder / "filings" / "2022-10.csv").open(encoding="utf-8", newline="") as file:
        assert control["rows"] == len(list(csv.DictReader(file))) == 8


def test_landing_begins_after_a_fetch_has_failed_and_says_what_that_costs(night: FetchedNight) -> None:
    failed = night.log.index("stage fetch land_office/filings: failed")
    assert night.log.index("stage land_extracts: begins") > failed
    assert "connection 'chua_co': Airflow has none" in night.log
    assert "files of filings are refused, without which no night goes on (refusals, stop_for)" in night.log
    assert night.log.count("stage fetch land_office/filings: begins") == 1, (
        "what a person has to mend is not tried again"
    )
    assert current_publication(night.settings.published) is None


def test_a_login_that_airflow_keeps_itself_is_found_outside_of_airflow_too(night: FetchedNight) -> None:
    """As a command of its own, with Airflow's real database: what a person enters in the UI stands there."""
    settings = night.settings
    program = [*airflow_command(), "connections", "add", "mot_cua", "--conn-type", "generic"]
    more = ["--conn-host", str(settings.home.parent / "mot-cua.db"), "--conn-extra", json.dumps({"system": "sqlite"})]
    subprocess.run([*program, *more], env=airflow_environment(settings), check=True, capture_output=True)
    finished = dvctt(
        settings, "sources", "check", "one_stop", "--entity", "filings", "--month", "2022-10", plainly=True
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "filings of 2022-10: the system says 8 records; 8 rows would land" in finished.stdout
