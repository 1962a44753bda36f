"""Airflow on one machine, in one home: what ``make run`` and ``make up`` start.

Builds the environment, prepares the metadata database and the writer's pool, and starts Airflow's own commands; the DAG and
its tasks know nothing of this module. A deployment of several machines uses docker-compose.yml instead.
"""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from dvctt.core.errors import DvcttError
from dvctt.core.files import HOME_MODE, make_folder
from dvctt.core.processes import adopts_orphans, ends_with_parent, kill_children
from dvctt.pipeline.night import WRITER_POOL
from dvctt.province.folder import read_timezone
from dvctt.settings import PROJECT_ROOT, Settings

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
WORKER_LOG_PORT, TRIGGER_LOG_PORT = 8793, 8794
_OWNER_ONLY = 0o077
"""Mask of what Airflow writes: database, passwords, logs. Publications get their modes by name, so readers lose nothing."""
_POLL_SECONDS = 0.5
"""Seconds between two looks at whether a part of Airflow has ended."""
_GRACE_SECONDS = 20.0
"""Seconds that a part of Airflow gets to end by itself."""
DAG_ID = "nightly_warehouse"
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
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": read_timezone(settings.province_folder),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "dvctt.pipeline.local_airflow.loopback",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(WORKER_LOG_PORT),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(TRIGGER_LOG_PORT),
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


def metadata_database(settings: Settings) -> str:
    """Address of the database in which this home's Airflow keeps its own records."""
    return airflow_environment(settings)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


def settings_template() -> Path:
    """What Airflow's own settings file is made of, examples included; Airflow is not imported for it."""
    found = find_spec("airflow")
    if found is None or found.origin is None:
        raise AirflowFailed("Airflow is not installed in this environment; wanted the lock's: make setup")
    return Path(found.origin).parent / "config_templates"


def airflow_command(*arguments: str) -> list[str]:
    """The command line of one Airflow command of this environment; pure."""
    return [str(Path(sys.executable).with_name("airflow")), *arguments]


_IN_ONE_PROCESS = (sys.executable, "-m", "dvctt.pipeline.airflow_once")
"""The program for a DAG run that lives in one process."""


def prepare(settings: Settings) -> None:
    """Create or migrate the metadata database and the writer's pool; nothing to do when this version has done so.

    Raises:
        AirflowFailed: Airflow could not migrate.
    """
    from importlib.metadata import version

    home = settings.airflow_home
    make_folder(settings.home, HOME_MODE)
    make_folder(home, 0o700)
    stamp = home / f".prepared-{version('apache-airflow')}"
    if stamp.is_file() and (home / "airflow.db").is_file():
        return
    output = home / "prepare.log"
    for arguments in (
        ("db", "migrate"),
        ("pools", "set", WRITER_POOL, "1", "One writer per home: DuckDB has a single writer"),
    ):
        _run(settings, airflow_command(), arguments, output, lambda _line: None)
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
    _run(settings, _IN_ONE_PROCESS, ("dags", "test", DAG_ID, night.isoformat()), output, show)
    log.info("DAG %s for the night of %s: success, %.1f s", DAG_ID, f"{night:%Y-%m-%d}", time.monotonic() - clock)
    return output


def _run(
    settings: Settings, program: Sequence[str], arguments: Sequence[str], output: Path, show: Callable[[str], None]
) -> None:
    with (
        output.open("a", encoding="utf-8") as file,
        subprocess.Popen(
            [*program, *arguments],
            env=airflow_environment(settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            umask=_OWNER_ONLY,
            preexec_fn=ends_with_parent(signal.SIGTERM),
        ) as process,
    ):
        for line in process.stdout or ():
            file.write(line)
            if match := _STAGE_LINE.search(line):
                show(match["words"].rstrip())
    if process.returncode != 0:
        raise AirflowFailed(f"airflow {' '.join(arguments)} ended with {process.returncode}; every line: {output}")


def serve(settings: Settings) -> int:
    """Scheduler, DAG processor, triggerer, UI and their log servers, on loopback alone, until a signal or the end of one of
    them; then all of them end. The exit code.

    ``airflow standalone`` is not used: its log servers listen on all interfaces, and its API server outlives it.
    """
    os.umask(_OWNER_ONLY)
    prepare(settings)
    close_to_others(settings)
    return supervise(
        {
            "scheduler": airflow_command("scheduler", "--skip-serve-logs"),
            "dag-processor": airflow_command("dag-processor"),
            "triggerer": airflow_command("triggerer", "--skip-serve-logs"),
            "api-server": airflow_command("api-server"),
            "logs of tasks": _log_server(WORKER_LOG_PORT),
            "logs of triggers": _log_server(TRIGGER_LOG_PORT),
        },
        airflow_environment(settings),
    )


def _log_server(port: int) -> list[str]:
    """What the UI reads the lines of a running task from."""
    application = "airflow.utils.serve_logs.log_server:get_app"
    options = ("--host", LOOPBACK, "--port", str(port), "--log-level", "warning", "--no-access-log")
    return [sys.executable, "-m", "uvicorn", "--factory", application, *options]


def loopback() -> str:
    """Airflow's ``hostname_callable``: by which name the UI asks the log servers."""
    return LOOPBACK


def close_to_others(settings: Settings) -> None:
    """What holds passwords, sessions, logs and landed rows is its owner's alone, also where an older version made it for all
    to read. Readers pass through the home to ``published``.

    Raises:
        AirflowFailed: the home belongs to another user.
    """
    home = settings.airflow_home
    try:
        settings.home.chmod(settings.home.stat().st_mode & 0o711)
        for folder in (home, settings.landing, settings.candidate):
            if folder.is_dir():
                folder.chmod(0o700)
        for path in (*home.glob("airflow.db*"), *home.glob("*.cfg"), password_file(settings)):
            if path.is_file():
                path.chmod(0o600)
    except PermissionError as error:
        raise AirflowFailed(
            f"{error.filename}: belongs to another user: found owner {settings.home.stat().st_uid}, wanted {os.geteuid()}; "
            f"start Airflow as the owner of {settings.home}"
        ) from error


def supervise(commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> int:
    """Run commands side by side until one ends or this process is told to end; then end them and all that they started.

    Returns:
        0 after a signal, 1 when a command ended by itself.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    adopts_orphans()
    children: dict[str, subprocess.Popen[bytes]] = {}
    code = 0
    try:
        for name, command in commands.items():
            # Each in a session of its own: Ctrl-C reaches this process alone, which ends them in order.
            children[name] = subprocess.Popen(
                command, env=dict(environment), start_new_session=True, preexec_fn=ends_with_parent(signal.SIGTERM)
            )
        while not stop.wait(_POLL_SECONDS):
            if ended := {name: child.returncode for name, child in children.items() if child.poll() is not None}:
                log.error("Airflow: %s ended by itself: %s; ending the others", ", ".join(ended), ended)
                code = 1
                break
    finally:
        log.info("Airflow: ending %s", ", ".join(children))
        _end(children.values())
    return code


def _end(children: Iterable[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("Airflow: process %d does not end; killing it", child.pid)
    # What they left behind has become this process's own, whatever session it moved to.
    kill_children()


def password_file(settings: Settings) -> Path:
    """Where Airflow's simple auth manager writes the password that it makes at its first start."""
    return settings.airflow_home / "simple_auth_manager_passwords.json.generated"
