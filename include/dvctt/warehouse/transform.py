"""Runs dbt on a candidate, in this process: imported and parsed once, however many layers are built.

What dbt computes stands in dbt_project; what a layer is stands in its tags. Nothing here knows a model's name. dbt is imported
where it runs, because most nights end before it.
"""

import json
import logging
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvctt.core.engines import describe_dbt_output, describe_node
from dvctt.core.errors import ConfigError, TransformError
from dvctt.core.files import digest_of_files, no_room_line, write_atomically
from dvctt.core.machine import MEMORY_LIMIT
from dvctt.databases import lend_limit
from dvctt.province.folder import installed_timezone
from dvctt.settings import PROJECT_ROOT
from dvctt.warehouse.connections import candidate_path, open_candidate, read_rows

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

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


_GENERIC_TESTS = "run_generic_tests"
"""The macro that asks all generic data tests at the end of a run."""


def target_folder(candidate: Path) -> Path:
    """Where dbt writes manifest.json and run_results.json for this candidate."""
    return candidate / "dbt"


def run_dbt(verb: str, candidate: Path, *arguments: str, what: str) -> list[dict[str, Any]]:
    """Run dbt on this candidate, in this process, which has then imported and parsed what its next run needs; the nodes of its
    run_results.json, each with its status.

    dbt prints nothing and keeps no log: both would quote what DuckDB says, and that may be a cell. Its results do as well, so
    nobody but the home's owner may read them.

    Args:
        what: what is selected, in a word, for the message.

    Raises:
        TransformError: dbt could not begin, or ended in an error; the message names each node that failed, and where dbt's own
            words can be read.
    """
    target = target_folder(candidate)
    with _as_dbt_runs(candidate):
        (target / "run_results.json").unlink(missing_ok=True)
        parsed = _parse(target)
        finished = _invoke(parsed.result, verb, target, *arguments) if parsed.success else parsed
    results = _results(target / "run_results.json")
    if not finished.success or not results:
        raise TransformError(_what_failed(f"{verb} {what}", candidate, results, finished.exception))
    return results


_PARSED: dict[str, "dbtRunnerResult"] = {}
"""What this process has parsed, by the digest of what was parsed: one process builds several layers."""
_PARTIAL = "partial_parse.msgpack"
"""What dbt has parsed, for its next start; dbt itself sees what has changed since."""
_INSTALLED = PROJECT_ROOT / "var"


def parse_at_setup() -> None:
    """Parse the project where it is installed: the first night of every home begins from it.

    Raises:
        TransformError: dbt cannot parse the project.
    """
    target = target_folder(_INSTALLED)
    with _as_dbt_runs(_INSTALLED):
        finished = _parse(target)
    if not finished.success:
        raise TransformError(_what_failed("parse its project", _INSTALLED, (), finished.exception))
    # Whoever runs nights is seldom who installed.
    target.chmod(0o755)
    for name in (_PARTIAL, "manifest.json"):
        (target / name).chmod(0o644)


def _parse(target: Path) -> "dbtRunnerResult":
    """The project as dbt has parsed it; it leaves manifest.json in the target folder."""
    digest = _digest_of_what_is_parsed()
    parsed, kept, installed = target / "parsed.txt", target / _PARTIAL, target_folder(_INSTALLED) / _PARTIAL
    if digest in _PARSED and parsed.is_file() and parsed.read_text(encoding="ascii") == digest:
        return _PARSED[digest]
    if not kept.exists() and installed.is_file():
        shutil.copyfile(installed, kept)
    parsed.unlink(missing_ok=True)
    finished = _invoke(None, "parse", target)
    if finished.success:
        _PARSED.clear()
        _PARSED[digest] = finished
        parsed.write_text(digest, encoding="ascii")
    return finished


def _digest_of_what_is_parsed() -> str:
    """sha256 over every file of the dbt project, and the time zone that its profile reads."""
    return digest_of_files(
        DBT_PROJECT, (path for path in DBT_PROJECT.rglob("*") if path.is_file()), installed_timezone()
    )


def _invoke(project: Any, verb: str, target: Path, *arguments: str) -> "dbtRunnerResult":
    from dbt.cli.main import dbtRunner

    finished = dbtRunner(manifest=project).invoke(
        [
            "--no-use-colors",
            "--no-send-anonymous-usage-stats",
            "--log-level",
            "none",
            "--log-level-file",
            "none",
            verb,
            "--project-dir",
            str(DBT_PROJECT),
            "--profiles-dir",
            str(DBT_PROJECT),
            "--target-path",
            str(target),
            *arguments,
        ]
    )
    # A signal that ends this process is none of dbt's errors.
    if finished.exception is not None and not isinstance(finished.exception, Exception):
        raise finished.exception
    return finished


@contextmanager
def _as_dbt_runs(candidate: Path) -> Iterator[None]:
    """In the candidate's folder, with the file that the profile opens, the province's time zone and the memory that DuckDB may
    take in the environment; what is written is the owner's alone, and the file is closed at the end.

    A path that is the same in every home lets dbt keep what it has parsed when a home is moved or copied.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    variables = {
        "DVCTT_CANDIDATE_FILE": candidate_path(candidate).name,
        "DVCTT_TIMEZONE": installed_timezone(),
        MEMORY_LIMIT: lend_limit(),
    }
    before = {name: os.environ.get(name) for name in variables}
    mask = os.umask(0o077)
    try:
        target_folder(candidate).mkdir(exist_ok=True, parents=True)
        target_folder(candidate).chmod(0o700)
        os.environ.update(variables)
        shutil.rmtree(candidate / _SPILL, ignore_errors=True)  # of a run that was killed
        with chdir(candidate):
            yield
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        os.umask(mask)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def build_layers(layers: Sequence[Layer], candidate: Path) -> Counter[str]:
    """Build and test layers in the candidate; how many nodes ended in which status.

    Unit tests of models are left to the project's own tests: they judge the code, not the night's data. Generic data tests
    run as one query at the end (dbt_project/macros/data_tests.sql).

    Raises:
        TransformError: a model or a test failed; the message names each, and where dbt's own words can be read.
    """
    clock = time.monotonic()
    names = ", ".join(layers)
    results = run_dbt(
        "build",
        candidate,
        "--select",
        *(f"tag:{layer.value}" for layer in layers),
        "--exclude-resource-type",
        "unit_test",
        "--exclude",
        "test_type:generic",
        what=names,
    )
    statuses = Counter(str(result["status"]) for result in results)
    log.info(
        "%s: %s, %.1f s",
        names,
        ", ".join(f"{n} {s}" for s, n in sorted(statuses.items())),
        time.monotonic() - clock,
    )
    return statuses


def _what_failed(work: str, candidate: Path, results: Sequence[dict[str, Any]], error: BaseException | None) -> str:
    """Each node that failed, by its id and the kind of its error."""
    said = str(error or "")
    # What the generic tests found stops dbt behind its last node, so its results are silent about them.
    broken = _broken_data_tests(candidate) if _GENERIC_TESTS in said else []
    bad = [result for result in (*results, *broken) if result["status"] not in ("success", "pass", "skipped")]
    failed = [describe_node(result) for result in bad]
    # On a full disk dbt cannot write its results.
    words = "\n".join(filter(None, (*failed, no_room_line(said)))) or describe_dbt_output(said)
    return (
        f"dbt did not {work}:\n{words}\n"
        f"look closer, on this machine alone, because dbt's own words may quote a record: {_keep_words(candidate, error)}"
    )


def data_test_results(candidate: Path) -> dict[str, tuple[int, str]]:
    """What every data test that has run found, by its id in dbt's manifest: rows that break it, and its SQL."""
    if not candidate_path(candidate).is_file():
        return {}
    with open_candidate(candidate) as connection:
        if not read_rows(connection, "select 1 from duckdb_tables() where table_name = 'data_test_results'"):
            return {}
        rows = read_rows(connection, "select data_test, found, sql from data_test_results order by data_test")
        return {row["data_test"]: (row["found"], row["sql"]) for row in rows}


def _broken_data_tests(candidate: Path) -> list[dict[str, Any]]:
    """The data tests that found a row, as dbt's results have them."""
    return [
        {"unique_id": key, "status": "fail", "failures": found}
        for key, (found, _) in data_test_results(candidate).items()
        if found
    ]


def _results(path: Path) -> list[dict[str, Any]]:
    """Of every node; the question for the generic tests is none."""
    if not path.is_file():
        return []
    results: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return [result for result in results if not result["unique_id"].startswith("operation.")]


def _keep_words(candidate: Path, error: BaseException | None) -> str:
    """Where dbt's own words can be read, by the home's owner only: its results, and what it said if it had none."""
    results_path = target_folder(candidate) / "run_results.json"
    if error is None and results_path.is_file():
        return str(results_path)
    path = target_folder(candidate) / "output.txt"
    write_atomically(path, f"{error}\n", mode=0o600)
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
