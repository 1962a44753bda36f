"""Airflow on one machine, in one home: what ``make run`` and ``make up`` start.

Builds the environment, prepares the metadata database and the writer's pool, and starts Airflow's own commands; the DAG and
its tasks know nothing of this module. A deployment of several machines uses docker-compose.yml instead.
"""

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from dvctt.config import PROJECT_ROOT, Settings
from dvctt.errors import DvcttError

log = logging.getLogger(__name__)

DAG_ID = "nightly_warehouse"
WRITER_POOL = "warehouse_writer"
_STAGE_LINE = re.compile(r"\[\w+ *\] (?P<words>.*?) +\[dvctt\.[\w.]+\]")
"""A line that our own package logs, as Airflow prints it; Airflow's own lines go to the log file only."""


class AirflowFailed(DvcttError):
    """An Airflow command ended with an error; the message says where its output lies."""


def airflow_environment(settings: Settings) -> dict[str, str]:
    """The environment in which this home's Airflow lives; what the caller has set already wins."""
    home = settings.airflow_home
    # Four task processes at once are plenty for one writer; LocalExecutor would keep 32 ready.
    defaults = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Ho_Chi_Minh",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONUTF8": "1",
    }
    ours = {
        "DVCTT_HOME": str(settings.home),
        "DVCTT_INBOX": str(settings.inbox),
        "DVCTT_PROVINCE": str(settings.province_folder),
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**defaults, **os.environ, **ours, "PATH": path}


def airflow_command(*arguments: str) -> list[str]:
    """The command line of one Airflow command of this environment; pure."""
    return [str(Path(sys.executable).with_name("airflow")), *arguments]


def prepare(settings: Settings) -> None:
    """Create or migrate the metadata database and the writer's pool; nothing to do when this version has done so.

    Raises:
        AirflowFailed: Airflow could not migrate.
    """
    from importlib.metadata import version

    home = settings.airflow_home
    home.mkdir(parents=True, exist_ok=True)
    stamp = home / f".prepared-{version('apache-airflow')}"
    if stamp.is_file() and (home / "airflow.db").is_file():
        return
    output = home / "prepare.log"
    for arguments in (
        ("db", "migrate"),
        ("pools", "set", WRITER_POOL, "1", "One writer per home: DuckDB has a single writer"),
    ):
        _run(settings, arguments, output, lambda _line: None)
    stamp.touch()


def run_nightly(settings: Settings, night: datetime, show: Callable[[str], None]) -> Path:
    """Run the DAG once, for the night given, in this process's machine; the log file with every line of it.

    Args:
        night: the run's logical date, aware; the month before it is the month that the run reports on.
        show: called with each line that our own stages log, so that a person sees the run move.

    Raises:
        AirflowFailed: the DAG run failed.
    """
    prepare(settings)
    output = settings.airflow_home / "logs" / f"nightly-{night:%Y%m%dT%H%M%S}.log"
    output.parent.mkdir(parents=True, exist_ok=True)
    clock = time.monotonic()
    _run(settings, ("dags", "test", DAG_ID, night.isoformat()), output, show)
    log.info("DAG %s for the night of %s: success, %.1f s", DAG_ID, f"{night:%Y-%m-%d}", time.monotonic() - clock)
    return output


def _run(settings: Settings, arguments: tuple[str, ...], output: Path, show: Callable[[str], None]) -> None:
    with (
        output.open("a", encoding="utf-8") as file,
        subprocess.Popen(
            airflow_command(*arguments),
            env=airflow_environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        for line in process.stdout or ():
            file.write(line)
            if match := _STAGE_LINE.search(line):
                show(match["words"].rstrip())
    if process.returncode != 0:
        raise AirflowFailed(f"airflow {' '.join(arguments)} ended with {process.returncode}; every line: {output}")


def serve(settings: Settings) -> NoReturn:
    """Become Airflow: scheduler, DAG processor, triggerer and UI, in this process's place, so that signals reach it."""
    prepare(settings)
    command = airflow_command("standalone")
    os.execve(command[0], command, airflow_environment(settings))  # noqa: S606 - a command line of this package


def password_file(settings: Settings) -> Path:
    """Where Airflow's simple auth manager writes the password that it makes at its first start."""
    return settings.airflow_home / "simple_auth_manager_passwords.json.generated"
