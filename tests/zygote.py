"""Runs of the real command line that start in no time: one process imports everything once and forks for every run.

``python zygote.py SOCKET`` listens on a UNIX socket; each connection brings one call (arguments, environment, where the
output goes) and gets its wait status. The fork is what ``dvctt`` is: its ``main()``, in a session of its own, so that a kill
takes the whole group. The session's first home is built by the plain command (tests/conftest.py); ``make chaos`` does without
this file.
"""

import importlib
import json
import logging
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from dvctt import __path__ as package_path


class Zygote:
    """The caller's end."""

    def __init__(self, folder: Path, environment: dict[str, str], *, before: tuple[str, ...] = ()) -> None:
        """Start it, with a command in front if need be; the command must end in an ``exec`` of what follows it."""
        self.socket = folder / "zygote"
        self._log = (folder / "zygote.log").open("w")
        self.process = subprocess.Popen(
            [*before, sys.executable, str(Path(__file__)), str(self.socket)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == "ready\n", f"{line!r}: {(folder / 'zygote.log').read_text(encoding='utf-8')}"

    def call(
        self, kind: str, arguments: list[str], environment: dict[str, str], output: Path, errors: Path | None = None
    ) -> "Call":
        """Begin one call: ``dvctt`` (the command line), ``stage`` (one stage in a process of its own, as a task of the DAG
        is; arguments: its name and the run's id), ``reader`` or ``ask`` (tests/chaos/reader.py: all the time, or once).
        Its standard error goes to ``errors``, or to ``output`` too.
        """
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(self.socket))
        call = {
            "kind": kind,
            "arguments": arguments,
            "environment": environment,
            "outputs": [str(output), str(errors or output)],
        }
        connection.sendall(json.dumps(call).encode() + b"\n")
        return Call(connection, output)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


class Call:
    """One call that has begun."""

    def __init__(self, connection: socket.socket, output: Path) -> None:
        self._file = connection.makefile("rb")
        self.output = output
        self.pid = int(self._file.readline())

    def wait(self) -> int:
        """Exit code, or minus the signal that ended it, as ``subprocess`` gives it."""
        answer = self._file.readline()
        self._file.close()
        return int(answer)

    def words(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")


def _serve(path: str) -> None:
    _import_everything()
    assert threading.active_count() == 1, "a thread would be lost in every fork"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            _answer(connection)
            os._exit(0)
        connection.close()


def _import_everything() -> None:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in (
        "great_expectations",
        "dbt.adapters.duckdb",
        "dbt.cli.main",
        "altair",
        "vl_convert",
        # A command imports what it needs when it runs, and a fork of this process finds it here.
        *(module.name for module in pkgutil.walk_packages(package_path, "dvctt.")),
    ):
        importlib.import_module(name)


def _answer(connection: socket.socket) -> None:
    file = connection.makefile("rwb")
    call = json.loads(file.readline())
    pid = os.fork()
    if pid == 0:
        os.setsid()
        for number, path in enumerate(call["outputs"], start=1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        os.environ.clear()
        os.environ.update(call["environment"])
        _leave(lambda: _do(call))
    file.write(f"{pid}\n".encode())
    file.flush()
    _, status = os.waitpid(pid, 0)
    file.write(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    file.flush()


def _do(call: dict[str, Any]) -> None:
    if call["kind"] in ("reader", "ask"):
        reader = importlib.import_module("tests.chaos.reader")
        if call["kind"] == "reader":
            reader.main(call["arguments"])
        else:
            sys.stdout.write(reader.ask(Path(call["arguments"][0])))
        return
    from dvctt.cli import app
    from dvctt.pipeline import night
    from dvctt.settings import Settings

    sys.argv = ["dvctt", *call["arguments"]]
    logging.getLogger().handlers.clear()  # what the imports have set up, a plain start sets up for itself
    if plan := os.environ.get("DVCTT_SABOTAGE"):
        import sitecustomize  # of tests/chaos/sabotage, which must be on the zygote's PYTHONPATH

        sitecustomize.install(json.loads(plan))
    if call["kind"] == "dvctt":
        app.main()
        return
    logging.basicConfig(level=logging.INFO)
    stage, run_id = call["arguments"]
    (wanted,) = [one for one in night.NIGHT if one.name == stage]
    wanted.run(Settings.from_environment(), night.Run(run_id))


def _leave(work: Any) -> None:
    """End this fork as a program ends: its exit code, its buffers written."""
    code = 0
    try:
        work()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it was, this fork must not return into its parent's code
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file's own folder holds one named dbt
    _serve(sys.argv[1])
