"""A real PostgreSQL on loopback, for the tests that need one."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def programs() -> Path:
    """The folder of initdb and pg_ctl, newest version first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        pytest.fail(
            "no PostgreSQL server here: found no initdb in /usr/lib/postgresql/*/bin or on PATH. "
            "Install it: apt-get install --no-install-recommends postgresql"
        )
    return found[-1].parent if found else Path(str(on_path)).parent


@contextmanager
def running_postgres(*, user: str, password: str) -> Iterator[int]:
    """Its port; it asks for a password, as the container's does, and is gone afterwards with all that it held."""
    binaries = programs()
    folder = Path(tempfile.mkdtemp(prefix="dvctt-pg-"))
    # PostgreSQL refuses to run as root; pytest's own folders cannot be entered by anyone else.
    as_user = "nobody" if os.geteuid() == 0 else None
    if as_user:
        shutil.chown(folder, as_user)

    def call(*command: str | Path) -> None:
        try:
            subprocess.run(
                command,
                user=as_user,
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=60,
            )
        except subprocess.CalledProcessError as error:
            log = (folder / "log").read_text(encoding="utf-8") if (folder / "log").exists() else ""
            pytest.fail(f"{Path(command[0]).name} ended with {error.returncode}: {error.stderr.decode()}{log}")

    try:
        (folder / "password").write_text(password, encoding="utf-8")
        (folder / "password").chmod(0o644)
        call(
            *(binaries / "initdb", "--pgdata", folder / "data", f"--username={user}", "--auth=scram-sha-256"),
            *("--pwfile", folder / "password", "--encoding=UTF8", "--no-locale", "--no-sync"),
        )
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        call(binaries / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield port
        finally:
            call(binaries / "pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)
