"""A real PostgreSQL takes Airflow's metadata, by the very commands and connection string of docker-compose.yml.

Only the host is another one (loopback instead of the container's name). Needs Debian's `postgresql`; never skips.
"""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from dvctt.province.folder import load_province
from dvctt.queries import personal_data

from tests.conftest import PROVINCE, settings_for
from tests.postgres import running_postgres

from .compose_file import FILLED, load_compose

pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL on loopback that asks for a password, as the container's does."""

    port: int

    def query(self, sql: str, password: str = FILLED["POSTGRES_PASSWORD"]) -> list[tuple[object, ...]]:
        link = psycopg2.connect(host="127.0.0.1", port=self.port, user="airflow", dbname="airflow", password=password)
        try:
            with link.cursor() as cursor:
                cursor.execute(sql)
                rows = cursor.fetchall()
            link.commit()
            return rows
        finally:
            link.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_postgres(user="airflow", password=FILLED["POSTGRES_PASSWORD"]) as port:
        link = psycopg2.connect(
            host="127.0.0.1", port=port, user="airflow", dbname="postgres", password=FILLED["POSTGRES_PASSWORD"]
        )
        link.autocommit = True
        link.cursor().execute("CREATE DATABASE airflow")
        link.close()
        yield Server(port)


@pytest.fixture(scope="module")
def init_environment(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of the compose file's init service, on this machine's folders."""
    home = tmp_path_factory.mktemp("airflow")
    # As in the image: Airflow writes a configuration with secrets of its own only where it finds none.
    (home / "airflow.cfg").touch()
    settings: dict[str, str] = load_compose(FILLED)["services"]["init"]["environment"]
    address = settings["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert "@postgres:5432/" in address
    return {
        **settings,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address.replace("@postgres:5432/", f"@127.0.0.1:{server.port}/"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW_HOME": str(home),
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


@pytest.fixture(scope="module")
def initialised(init_environment: dict[str, str]) -> dict[str, str]:
    """The same, after the init service's own command has run."""
    command = load_compose(FILLED)["services"]["init"]["command"]
    result = subprocess.run(command, env=init_environment, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert FILLED["DVCTT_ADMIN_PASSWORD"] not in result.stdout + result.stderr
    assert FILLED["POSTGRES_PASSWORD"] not in result.stdout + result.stderr
    return init_environment


def test_the_database_really_asks_for_the_password(server: Server) -> None:
    assert server.query("SELECT 1") == [(1,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        server.query("SELECT 1", password="wrong")


def test_airflow_accepts_the_database_that_init_has_migrated(initialised: dict[str, str], server: Server) -> None:
    command = [str(Path(sys.executable).parent / "airflow"), "db", "check"]
    result = subprocess.run(command, env=initialised, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Connection successful" in result.stdout + result.stderr
    assert server.query("SELECT count(*) FROM alembic_version") == [(1,)]
    assert server.query("SELECT to_regclass('public.dag_run') IS NOT NULL") == [(True,)]


def test_who_stands_in_airflow_s_records_is_found(initialised: dict[str, str], server: Server, tmp_path: Path) -> None:
    address = initialised["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]

    def found() -> personal_data.Search:
        return personal_data.search_home(
            settings_for(tmp_path, tmp_path / "inbox"), load_province(PROVINCE), database=address
        )

    assert found().is_clean
    server.query(
        "INSERT INTO variable (key, val, description, is_encrypted) VALUES ('x', 'y', 'mau@example.invalid', false) "
        "RETURNING key"
    )
    assert [(one.place, one.kind) for one in found().findings] == [("public.variable", "e-mail address")]
    assert FILLED["POSTGRES_PASSWORD"] not in str(found())


def test_init_makes_a_pool_with_one_slot_for_the_one_writer(initialised: dict[str, str], server: Server) -> None:
    assert server.query("SELECT slots FROM slot_pool WHERE pool = 'warehouse_writer'") == [(1,)]


def test_airflow_leaves_the_empty_configuration_of_the_image_alone(initialised: dict[str, str]) -> None:
    assert (Path(initialised["AIRFLOW_HOME"]) / "airflow.cfg").read_text(encoding="utf-8") == ""


def test_init_writes_the_password_file_that_the_auth_manager_reads(initialised: dict[str, str]) -> None:
    path = Path(initialised["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert json.loads(path.read_text(encoding="utf-8")) == {"admin": FILLED["DVCTT_ADMIN_PASSWORD"]}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
