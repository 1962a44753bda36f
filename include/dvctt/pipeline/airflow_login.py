"""What opens a running system, as Airflow's connections have it: one place for passwords, in a task and on the command line.

Airflow is imported inside the function: it costs seconds, and most runs ask no system.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dvctt.core.errors import ConfigError
from dvctt.extract import Login
from dvctt.notify.airflow_smtp import settle_airflow_home

_PROCESS = "_AIRFLOW_PROCESS_CONTEXT"


@contextmanager
def _own_log_lines() -> Iterator[None]:
    """Outside of Airflow, importing it turns the lines of a command into Airflow's own; within, they are Airflow's to shape."""
    root = logging.getLogger()
    before = None if "airflow" in sys.modules else (list(root.handlers), root.level)
    yield
    if before is not None:
        root.handlers[:], root.level = before


@contextmanager
def _airflow_s_own_records() -> Iterator[None]:
    """Outside of a task Airflow looks into its database for those processes alone that say of themselves that they are its own;
    within one this says nothing, for there it asks its supervisor.
    """
    said = os.environ.get(_PROCESS)
    os.environ[_PROCESS] = "server"
    try:
        with _own_log_lines():
            yield
    finally:
        del os.environ[_PROCESS]
        if said is not None:
            os.environ[_PROCESS] = said


def login_of(connection: str) -> Login:
    """The fields of an Airflow connection: of ``AIRFLOW_CONN_<ID>``, of a secrets backend, or of Airflow's own database.

    Raises:
        ConfigError: there is no such connection, or its text is none.
    """
    settle_airflow_home()
    with _own_log_lines():
        from airflow.sdk import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

    variable = f"AIRFLOW_CONN_{connection.upper()}"
    try:
        with _airflow_s_own_records():
            found = BaseHook.get_connection(connection)
        extra = found.extra_dejson
    except AirflowNotFoundException:
        raise ConfigError(
            f"connection {connection!r}: Airflow has none; wanted one in the UI (Admin, Connections) or in {variable}: "
            f"docs/how-to/fetch-from-a-system.md"
        ) from None
    except Exception as error:  # noqa: BLE001 - its words may hold the connection's text, and with it a password
        raise ConfigError(
            f"connection {connection!r}: cannot be read ({type(error).__name__}); wanted JSON or an address in {variable}, or "
            f"one in the UI: docs/how-to/fetch-from-a-system.md"
        ) from None
    return Login(
        connection=connection,
        system=found.conn_type or "",
        host=found.host,
        port=found.port,
        schema=found.schema,
        user=found.login,
        password=found.password,
        extra=extra,
    )
