"""The month close as its users meet it: a real Airflow, a named person who answers in it, and a month that is frozen.

One Airflow of this home is started for the whole module: scheduler, DAG processor and the API that the UI also asks.
"""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from dvctt.clock import now
from dvctt.closing.months import closed_now, revisions
from dvctt.core import ledger
from dvctt.landing.zone import landed_extracts
from dvctt.pipeline.local_airflow import airflow_command, airflow_environment, password_file, prepare
from dvctt.publications import holds
from dvctt.settings import Settings
from dvctt.warehouse.verdicts import Movement

from tests.conftest import copy_home, environment_for

PERSON = "tran.thi.b"
PATIENCE = 240
"""Seconds after which something that should come is taken not to come; nothing is asserted of how long it took."""


@dataclass
class Airflow:
    """One running Airflow, asked as ``PERSON``."""

    settings: Settings
    address: str
    log: Path
    token: str = ""
    dag: str = "monthly_close"
    looks: str = "check_month"
    asks: str = "approve"
    """The DAG that is spoken of, its task that looks first, and the one that asks a person."""

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.address}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
            method=method,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def log_in(self) -> None:
        password = json.loads(password_file(self.settings).read_text(encoding="utf-8"))[PERSON]
        self.token = self.ask("/auth/token", {"username": PERSON, "password": password})["access_token"]

    def start(self, **run: Any) -> str:
        body = {"logical_date": None, **run}
        return str(self.ask(f"/api/v2/dags/{self.dag}/dagRuns", body)["dag_run_id"])

    def tasks(self, run_id: str) -> dict[str, str]:
        found = self.ask(f"/api/v2/dags/{self.dag}/dagRuns/{run_id}/taskInstances")
        return {task["task_id"]: task["state"] for task in found["task_instances"]}

    def request(self, run_id: str) -> dict[str, Any]:
        """What a person reads, once it waits for one."""
        path = f"/api/v2/dags/{self.dag}/dagRuns/{run_id}/taskInstances/{self.asks}/-1/hitlDetails"

        def waiting() -> Any:
            states = self.tasks(run_id)
            assert states[self.looks] != "failed", states
            return self.ask(path) if states[self.looks] == "success" and states[self.asks] else None

        return dict(until(waiting))

    def answer(self, run_id: str, option: str, note: str, field: str = "note") -> dict[str, Any]:
        # The scheduler takes an answer that comes before it has seen the task step aside for a fault, and asks again.
        until(lambda: self.stepped_aside(run_id))
        path = f"/api/v2/dags/{self.dag}/dagRuns/{run_id}/taskInstances/{self.asks}/-1/hitlDetails"
        return dict(self.ask(path, {"chosen_options": [option], "params_input": {field: note}}, "PATCH"))

    def stepped_aside(self, run_id: str) -> bool:
        finished = f"TaskInstance Finished: dag_id={self.dag}, task_id={self.asks}, run_id={run_id}, "
        return any(finished in line for line in self.log.read_text(encoding="utf-8").splitlines())

    def end(self, run_id: str) -> str:
        def ended() -> Any:
            state = self.ask(f"/api/v2/dags/{self.dag}/dagRuns/{run_id}")["state"]
            return state if state in ("success", "failed") else None

        return str(until(ended))


def until(look: Callable[[], Any]) -> Any:
    """What ``look`` finds, tried until it finds something; what it cannot reach yet is tried again."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except (OSError, urllib.error.HTTPError):
            pass
        time.sleep(0.3)
    raise AssertionError(f"waited {PATIENCE} s in vain for {look.__qualname__}")


@pytest.fixture(scope="module")
def airflow(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    import socket

    root = tmp_path_factory.mktemp("close")
    copy_home(tiny_home.home, root / "home")
    settings = Settings(province_folder=tiny_home.province_folder, inbox=tiny_home.inbox, home=root / "home")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        **airflow_environment(settings),
        **environment_for(settings),
        "AIRFLOW_HOME": str(settings.airflow_home),
        **{key: value for key, value in airflow_environment(settings).items() if key.startswith("AIRFLOW__")},
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{PERSON}:admin",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API_AUTH__JWT_SECRET": "of this test alone: " + "x" * 64,
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        # The close starts the night, which another test runs: here it may only wait in line.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    }
    prepare(settings)
    log = (root / "airflow.log").open("w")
    started = [
        subprocess.Popen(
            airflow_command(*words), env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        for words in (("api-server", "--workers", "1"), ("scheduler",), ("dag-processor",))
    ]
    running = Airflow(settings, address, root / "airflow.log")
    try:
        until(lambda: running.log_in() or True)
        until(lambda: running.ask("/api/v2/dags/nightly_warehouse"))
        until(lambda: running.ask("/api/v2/dags/monthly_close", {"is_paused": False}, "PATCH"))
        yield running
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        log.close()


def test_what_a_named_person_approves_is_closed_in_that_name_and_the_night_is_started(airflow: Airflow) -> None:
    rejected = airflow.start(partition_key="2022-10")
    asked = airflow.request(rejected)
    assert asked["subject"] == "Chốt số liệu tháng 10/2022 của Vĩnh Phúc (bản chốt số 1)"
    assert "| Toàn tỉnh Vĩnh Phúc | 6 | 3 | 50,0% | 1 | 1 | 1 |" in asked["body"]
    airflow.answer(rejected, "Reject", "chờ UBND huyện gửi bổ sung")
    assert airflow.end(rejected) == "success"
    assert airflow.tasks(rejected) == {
        "check_month": "success",
        "approve": "success",
        "close_month": "skipped",
        "publish": "skipped",
    }
    assert revisions(airflow.settings.closed) == []

    approved = airflow.start(conf={"month": "2022-10"})
    airflow.request(approved)
    answer = airflow.answer(approved, "Approve", "đã đối chiếu")
    assert answer["responded_by"]["name"] == PERSON
    assert airflow.end(approved) == "success"
    assert set(airflow.tasks(approved).values()) == {"success"}
    (closed,) = closed_now(airflow.settings.closed)
    assert (closed.month, closed.revision, closed.approved_by, closed.note) == ("2022-10", 1, PERSON, "đã đối chiếu")
    (night,) = airflow.ask("/api/v2/dags/nightly_warehouse/dagRuns")["dag_runs"]
    assert (night["run_type"], night["conf"]) == ("operator_triggered", {"month": "2022-10"})


def test_a_month_with_missing_feeds_asks_nobody(airflow: Airflow) -> None:
    refused = airflow.start(partition_key="2022-09")
    assert airflow.end(refused) == "failed"
    assert airflow.tasks(refused) == {
        "check_month": "failed",
        "approve": "upstream_failed",
        "close_month": "upstream_failed",
        "publish": "upstream_failed",
    }
    logs = sorted((airflow.settings.airflow_home / "logs").rglob("*check_month*/*.log"))
    assert any("one_stop payment_attempts 2022-09: 243" in path.read_text(encoding="utf-8") for path in logs)


def test_the_month_of_a_scheduled_run_is_the_one_before_it_on_the_day_of_the_province(airflow: Airflow) -> None:
    details = airflow.ask("/api/v2/dags/monthly_close/details")
    assert details["timetable_summary"] == "0 2 5 * *"
    assert details["timetable_partitioned"] is True
    assert Path(details["fileloc"]).name == "monthly_close.py"


def test_what_is_held_is_answered_for_in_the_name_of_the_person_who_answers(airflow: Airflow) -> None:
    settings = airflow.settings
    (held,) = [e.extract_id for e in landed_extracts(settings.landing) if (e.entity, e.month) == ("filings", "2022-10")]
    movement = Movement(
        "filings", "rows", "agency", "243", "UBND thành phố Vĩnh Yên", "2022-10", "published", 1462, 1169, 1828, 4
    )
    ledger.append(
        settings.ledgers / holds.LEDGER,
        at=now(),
        event="held",
        hold="1",
        extract_id=held,
        run_id="r",
        movements=[asdict(movement)],
    )
    asking = replace(airflow, dag="held_decisions", looks="find_hold", asks="decide")
    until(lambda: asking.ask("/api/v2/dags/held_decisions", {"is_paused": False}, "PATCH"))

    later = asking.start()

    def is_alone() -> bool:
        """The morning's own run, which comes with the schedule, would be asked first: one run at a time."""
        for run in asking.ask("/api/v2/dags/held_decisions/dagRuns")["dag_runs"]:
            if run["run_type"] == "scheduled" and run["state"] != "success":
                asking.ask(f"/api/v2/dags/held_decisions/dagRuns/{run['dag_run_id']}", {"state": "success"}, "PATCH")
        return asking.tasks(later).get(asking.looks) == "success"

    until(is_alone)
    asked = asking.request(later)
    assert asked["subject"] == "Xác nhận số liệu vượt dải biến động của Vĩnh Phúc (tệp mới đang giữ lại, số 1)"
    assert "| UBND thành phố Vĩnh Yên | tháng 10/2022 | Hồ sơ | 1.462 | **4** | 1.169 | 1.828 |" in asked["body"]
    asking.answer(later, "Để sau", "", field="reason")
    assert asking.end(later) == "success"
    assert holds.find(settings.ledgers, 1).state == "waiting"

    accepted = asking.start(conf={"hold": 1})
    asking.request(accepted)
    asking.answer(accepted, "Chấp nhận", "đã đối chiếu", field="reason")
    assert asking.end(accepted) == "success"
    assert asking.tasks(accepted)["ask_for_the_next"] == "skipped"
    hold = holds.find(settings.ledgers, 1)
    assert (hold.state, hold.by, hold.reason) == ("accepted", PERSON, "đã đối chiếu")
