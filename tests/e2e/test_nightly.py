"""The main job as its users run it: the real DAG, through Airflow, on the sample. One run, many questions."""

import csv
import json
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from dvctt.pipeline.local_airflow import airflow_command, airflow_environment
from dvctt.publications.reading import current_publication
from dvctt.sample import write_sample
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, SentAlerts, dvctt, environment_for, filing, settings_for
from tests.watched import Watched, watch

NIGHT = ("airflow", "nightly", "--month", "2022-10")


@dataclass(frozen=True)
class MainJob:
    settings: Settings
    stdout: str
    stderr: str
    second: Watched


@pytest.fixture(scope="module")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> MainJob:
    root = tmp_path_factory.mktemp("main")
    settings = settings_for(root / "home", root / "inbox")
    write_sample(PROVINCE, settings.inbox)
    first = dvctt(settings, *NIGHT)
    assert first.returncode == 0, first.stdout + first.stderr
    return MainJob(settings, first.stdout, first.stderr, watch(root, environment_for(settings), *NIGHT))


def published(job: MainJob) -> list[dict[str, str]]:
    with (PROVINCE / "published_figures.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_published_figure_that_can_be_computed_is_reproduced(main_job: MainJob) -> None:
    finished = dvctt(main_job.settings, "check", "figures", "--json")
    assert finished.returncode == 0, finished.stderr
    figures = {str(figure["figure_id"]): figure for figure in json.loads(finished.stdout)}
    rows = published(main_job)
    assert len(rows) == len(figures) == 34
    # The intervals are read from the file again here, so that the mart cannot judge itself.
    for row in rows:
        computed = figures[row["figure_id"]]["computed_value"]
        if figures[row["figure_id"]]["is_target"]:
            continue
        assert float(row["lower"]) <= computed <= float(row["upper"]), row
    assert figures["33"]["verdict"] == "target_missed"
    assert round(figures["33"]["computed_value"], 1) == 38.8
    assert (figures["34"]["verdict"], figures["34"]["computed_value"]) == ("no_data", None)


def test_the_publication_is_one_event_of_its_asset_with_its_number(main_job: MainJob) -> None:
    """The second run of the same night published nothing, and is no event."""
    with closing(sqlite3.connect(main_job.settings.airflow_home / "airflow.db")) as link:
        events = link.execute("select a.name, e.extra from asset_event e join asset a on a.id = e.asset_id").fetchall()
    assert [(name, json.loads(extra)) for name, extra in events] == [
        ("dvctt_publication", {"publication": 1, "month": "2022-10", "is_sample": True})
    ]


def test_check_figures_prints_one_line_a_figure(main_job: MainJob) -> None:
    lines = dvctt(main_job.settings, "check", "figures").stdout.splitlines()
    numbered = [line for line in lines if line.startswith("│ ") and line.split("│")[1].strip().isdecimal()]
    assert len(numbered) == 34
    assert lines[-1] == "34 figures: 1 no_data, 32 reproduced, 1 target_missed"


def test_the_residues_3_and_21_are_named_and_nothing_is_unexplained(main_job: MainJob) -> None:
    finished = dvctt(main_job.settings, "check", "additivity", "--no-formats")
    assert finished.returncode == 0
    named = {
        tuple(cell.strip() for cell in line.split("│")[3:8])
        for line in finished.stdout.splitlines()
        if "Không phân mức" in line
    }
    assert ("Khối sở ban ngành", "2.952", "2.949", "3", "Không phân mức") in named
    assert ("Khối huyện thành phố", "18.525", "18.504", "21", "Không phân mức") in named
    assert "0 unexplained" in finished.stdout


def test_the_run_shows_progress_figures_and_paths(main_job: MainJob) -> None:
    stages = [line.split("stage ")[1] for line in main_job.stderr.splitlines() if "stage " in line and ": done" in line]
    assert [words.split(":")[0] for words in stages] == [
        "land_extracts",
        "build_facts",
        "audit_facts",
        "check_counts",
        "build_marts",
        "assemble_publication",
        "publish_marts",
        "tell_people",
    ]
    for wanted in ("5.869", "2.952", "23.449", "18.525", "8.918 giao dịch", "8.147.236.000 đồng"):
        assert wanted in main_job.stdout
    paths = {
        line.split(":", 1)[0]: Path(line.split(":", 1)[1].strip())
        for line in main_job.stdout.splitlines()
        if line.startswith(("report:", "marts:", "verdict:", "log:"))
    }
    assert set(paths) == {"report", "marts", "verdict", "log"}
    assert all(path.is_file() for path in paths.values())


def test_a_second_night_with_nothing_new_is_green_says_so_and_publishes_nothing(main_job: MainJob) -> None:
    assert "nothing new since publication 1" in main_job.second.errors
    assert "stage build_facts" not in main_job.second.errors
    assert sorted(path.name for path in main_job.settings.published.glob("[!.]*")) == ["1", "current"]


def test_a_night_with_nothing_new_starts_one_process_and_does_not_import_airflow_a_second_time(
    main_job: MainJob,
) -> None:
    (started,) = main_job.second.started
    assert "dvctt.pipeline.airflow_once" in started
    assert {"duckdb", "dvctt.pipeline.local_airflow"} <= main_job.second.packages
    assert main_job.second.packages & {"airflow", "dvctt.pipeline.stages", "great_expectations", "pandas"} == set()


def test_the_gate_passed_on_evidence_and_landed_rows_are_all_accounted_for(main_job: MainJob) -> None:
    verdict = json.loads((main_job.settings.published / "current" / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["verdict"] == "passed"
    stopping = [check for check in verdict["checks"] if check["severity"] != "info"]
    assert len(stopping) > 20
    assert {check["status"] for check in stopping} == {"passed"}
    assert all(check["rows_seen"] for check in stopping)
    with duckdb.connect(str(main_job.settings.published / "current" / "marts.duckdb"), read_only=True) as connection:
        landed, control, accounted, quarantined, superseded = (
            connection.execute(
                "select sum(landed_rows), sum(control_rows), sum(accounted_rows), sum(quarantined_rows), "
                "sum(superseded_rows) from aud_row_reconciliation"
            ).fetchone()
            or (0,) * 5
        )
    assert landed == control == accounted > 290_000
    assert quarantined == 0
    assert superseded > 0


def test_october_is_reported_in_one_page_that_needs_nothing_else(main_job: MainJob) -> None:
    page = (main_job.settings.published / "current" / "reports" / "bao-cao-2022-10.html").read_text(encoding="utf-8")
    for wanted in ("50,3%", "79,0%", "2.952", "18.525", "8.147.236.000", "38,8%", "điểm %", "Không phân mức"):
        assert wanted in page
    assert "<script" not in page
    assert 'src="http' not in page


def test_no_personal_value_left_the_inbox(main_job: MainJob) -> None:
    needles = ("(MẪU)", "example.invalid", "Trích yếu mẫu")
    sources = sorted((main_job.settings.inbox / "one_stop" / "filings").glob("*.csv"))
    assert all(needle in sources[0].read_text(encoding="utf-8") for needle in needles)
    files = [path for path in main_job.settings.home.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 150
    for path in files:
        content = path.read_bytes()
        assert not [needle for needle in needles if needle.encode() in content], path


def airflow(settings: Settings, *arguments: str) -> list[dict[str, object]]:
    """The answer of one Airflow command as data; its log lines stand before it."""
    finished = subprocess.run(
        airflow_command(*arguments, "--output", "json"),
        env=airflow_environment(settings),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = [line for line in finished.stdout.splitlines() if line.startswith("[")]
    return json.loads(answer[-1])


def test_airflow_knows_the_dag_and_the_pool_as_the_house_wants_them(main_job: MainJob) -> None:
    (details,) = airflow(main_job.settings, "dags", "details", "nightly_warehouse")
    listed = {key: str(value) for key, value in details.items()}
    assert listed["has_import_errors"] == "False"
    assert listed["max_active_runs"] == "1"
    assert listed["timetable_summary"] == "0 1 * * *"
    # 01:00 in Asia/Ho_Chi_Minh is 18:00 of the day before in UTC.
    assert listed["next_dagrun_run_after"].endswith(" 18:00:00+00:00")
    pools = airflow(main_job.settings, "pools", "list")
    assert {pool["pool"]: pool["slots"] for pool in pools}["warehouse_writer"] in (1, "1")


def test_a_failing_gate_under_airflow_tells_people_once_and_keeps_the_last_publication(
    tiny_copy: Settings, sent_alerts: SentAlerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    Inbox(tiny_copy.inbox).write(
        "filings", "2022-10.bo-sung", [filing(f"X{n}", "244", "20221020101010", TrangThaiHoSo="99") for n in range(3)]
    )
    before = current_publication(tiny_copy.published)
    finished = dvctt(tiny_copy, *NIGHT, **sent_alerts.environment)
    assert finished.returncode == 1
    assert "airflow dags test nightly_warehouse" in finished.stderr
    assert "stage check_counts: failed" in finished.stderr
    assert "stage build_marts" not in finished.stderr
    assert current_publication(tiny_copy.published) == before
    assert "KHÔNG ĐẠT" in sent_alerts.email()["Subject"]
    body = sent_alerts.email().get_body(("plain",))
    assert body is not None
    for wanted in (
        "UBND thành phố Phúc Yên",
        "10/2022",
        str(tiny_copy.candidate / "verdict.json"),
        "Mong đợi",
        "Quan sát",
    ):
        assert wanted in body.get_content()
    assert sent_alerts.post()
