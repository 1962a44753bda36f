"""Builds dbt's command lines and runs them, one process a layer.

What dbt computes stands in dbt_project; what a layer is stands in its tags. Nothing here knows a model's name.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Any

from dvctt.core.engines import describe_dbt_output, describe_node
from dvctt.core.errors import ConfigError, TransformError
from dvctt.core.files import no_room_line, write_atomically
from dvctt.core.machine import MEMORY_LIMIT
from dvctt.core.processes import ends_with_parent
from dvctt.databases import lend_limit
from dvctt.province.folder import installed_timezone
from dvctt.settings import PROJECT_ROOT
from dvctt.warehouse.connections import candidate_path

log = logging.getLogger(__name__)

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
_SPILL = "spill"
"""Where dbt's DuckDB puts what does not fit into memory, in the candidate; it removes that itself unless it was killed."""


class Layer(StrEnum):
    """The layers of the one-way street, each one ``dbt build``; the value is the tag that its models carry."""

    FACTS = "layer_facts"
    AUDIT = "layer_audit"
    MARTS = "layer_marts"


NICE = "DVCTT_NICE"
"""How far a run stands back for readers on the same machine: 0 to 19 (Unix niceness)."""
_NICE_BY_DEFAULT = 10
"""A reader gets about nine tenths of a processor that both want; at 19 other work on the machine can stop a night."""


def lower_priority() -> None:
    """Give readers of the publications the processors first, for the rest of this process and what it starts.

    A run has all night and a reader is waiting. Never goes the other way: a process that somebody has set back further
    stays there.

    Raises:
        ConfigError: ``DVCTT_NICE`` is no whole number from 0 to 19.
    """
    found = os.environ.get(NICE) or str(_NICE_BY_DEFAULT)
    if not found.isdecimal() or int(found) > 19:
        raise ConfigError(f"{NICE}: found {found!r}, wanted a whole number from 0 to 19; 0 is as others are")
    if os.getpriority(os.PRIO_PROCESS, 0) < int(found):
        os.setpriority(os.PRIO_PROCESS, 0, int(found))


def target_folder(candidate: Path) -> Path:
    """Where dbt writes manifest.json and run_results.json for this candidate."""
    return candidate / "dbt"


def dbt_command(verb: str, candidate: Path, *arguments: str) -> list[str]:
    """The command line of one dbt process on this candidate; pure."""
    target = target_folder(candidate)
    return [
        str(Path(sys.executable).with_name("dbt")),
        "--no-use-colors",
        "--no-send-anonymous-usage-stats",
        "--log-path",
        str(target / "logs"),
        verb,
        "--project-dir",
        str(DBT_PROJECT),
        "--profiles-dir",
        str(DBT_PROJECT),
        "--target-path",
        str(target),
        *arguments,
    ]


def dbt_environment(candidate: Path) -> dict[str, str]:
    """The environment of a dbt process, which is run in the candidate's folder: this one's, with what the profile asks for.
    That is the file to open, the province's time zone and the memory that DuckDB may take. A path that is the same in every
    home lets dbt keep what it has parsed when a home is moved or copied.
    """
    return {
        **os.environ,
        "DVCTT_CANDIDATE_FILE": candidate_path(candidate).name,
        "DVCTT_TIMEZONE": installed_timezone(),
        MEMORY_LIMIT: lend_limit(),
        "PYTHONUTF8": "1",
    }


def build_layer(layer: Layer, candidate: Path, *, lock: int | None = None) -> Counter[str]:
    """Build and test one layer in the candidate; how many nodes ended in which status.

    Unit tests of models are left to the project's own tests: they judge the code, not the night's data.

    Args:
        lock: handle of the home's lock. dbt writes, so it holds the lock as well: should it outlive this process by a moment,
            nobody else begins before it is gone. The system ends it with this process.

    Raises:
        TransformError: a model or a test failed; the message names each, and where dbt's own words can be read.
    """
    clock = time.monotonic()
    shutil.rmtree(candidate / _SPILL, ignore_errors=True)
    command = dbt_command(
        "build", candidate, "--select", f"tag:{layer.value}", "--exclude-resource-type", "unit_test", "--quiet"
    )
    results_path = target_folder(candidate) / "run_results.json"
    results_path.unlink(missing_ok=True)
    # dbt's log and results quote what DuckDB says, and that may be a cell: nobody but the owner may read them.
    target_folder(candidate).mkdir(exist_ok=True)
    target_folder(candidate).chmod(0o700)
    finished = subprocess.run(
        command,
        cwd=candidate,
        env=dbt_environment(candidate),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        pass_fds=() if lock is None else (lock,),
        preexec_fn=ends_with_parent(),
        umask=0o077,
    )
    shutil.rmtree(candidate / _SPILL, ignore_errors=True)
    results = _results(results_path)
    statuses = Counter(str(result["status"]) for result in results)
    if finished.returncode != 0 or not results:
        failed = [describe_node(result) for result in results if result["status"] not in ("success", "pass", "skipped")]
        output = (finished.stdout + finished.stderr).strip()
        # On a full disk dbt cannot write its results, and each of its log lines ends in a traceback of its own.
        words = "\n".join(filter(None, (*failed, no_room_line(output)))) or describe_dbt_output(output)
        raise TransformError(
            f"dbt did not build {layer.value} (exit {finished.returncode}):\n{words}\n"
            f"look closer, on this machine alone, because dbt's own words may quote a record: {_keep_output(candidate, output)}"
        )
    log.info(
        "%s: %s, %.1f s",
        layer.value,
        ", ".join(f"{n} {s}" for s, n in sorted(statuses.items())),
        time.monotonic() - clock,
    )
    return statuses


def _results(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    results: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return results


def _keep_output(candidate: Path, output: str) -> str:
    """Where dbt's own words can be read, by the home's owner only: its log, and what it printed before it had one."""
    log_path = target_folder(candidate) / "logs" / "dbt.log"
    if log_path.is_file():
        return str(log_path)
    path = target_folder(candidate) / "output.txt"
    write_atomically(path, output + "\n", mode=0o600)
    return str(path)


def manifest_of(candidate: Path) -> dict[str, Any]:
    """dbt's manifest of the last build on this candidate.

    Raises:
        TransformError: no build has run.
    """
    path = target_folder(candidate) / "manifest.json"
    if not path.is_file():
        raise TransformError(f"{path}: no manifest; run a build first: dvctt run")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest
