"""What may be told of an error that DuckDB, dbt or a library raised.

Their own words may quote a cell (`Could not convert string 'Nguyễn …'`, `Duplicate key "…"`, a row that a CSV sniffer shows),
and no message, log, alert or verdict may hold what a source's row holds. So their class is told, where it happened, and for
the kinds of errors that speak of files, memory and names of relations the first line; everything else stays out. Whoever
puts such an error into one of ours asks here, and raises *from None*: Airflow prints the words of a cause as well.
"""

import os
import re
import traceback
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.errors import DvcttError
from dvctt.core.machine import MEMORY_LIMIT

_SPEAKS_OF_NO_RECORD = ("IO Error", "Out of Memory Error", "Catalog Error", "Permission Error", "Connection Error")
"""Kinds whose first line names files, memory and relations; DuckDB begins every message with its kind."""
_KIND = re.compile(r"^\s*((?:(?:[A-Z][A-Za-z]*|of) ){1,4}Error)\b(?::[ \t]*(.*))?", re.M)
_OF_DBT = re.compile(
    r"\s*((?:Compilation|Configuration|Contract|Database|Dependency|Internal|Parsing|Runtime|Validation) Error)"
    r"(?: in (\w+) (\w+) \(([\w./-]+)\))?\s*"
)
_RAISED = re.compile(r"^([A-Za-z_][A-Za-z0-9_.]*(?:Error|Exception))(?::|$)", re.M)
_LONGEST = 300
_MORE_MEMORY = f"give DuckDB more: {MEMORY_LIMIT}, or its disk: the home's"


def describe_error(error: BaseException) -> str:
    """An error in words that can hold no cell: ours as they are, another's by its class and the line that met it."""
    if isinstance(error, DvcttError):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        path = f": {error.filename}" if error.filename else ""
        return f"{type(error).__name__}: {os.strerror(error.errno)}{path}"
    words = type(error).__name__
    if isinstance(error, duckdb.Error) and (found := _harmless(str(error))):
        words += f" ({found})"
    frames = where(error)
    return f"{words} at {frames[-1]}" if frames else words


def where(error: BaseException) -> list[str]:
    """The lines of code that an error came through, the innermost last; a traceback without its message."""
    return [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]


def describe_traceback(text: object) -> str:
    """The class of an error, of which a library kept a traceback as text."""
    classes = _RAISED.findall(str(text or ""))
    return classes[-1].rpartition(".")[2] if classes else "an exception"


def describe_node(result: dict[str, Any]) -> str:
    """What became of one node of dbt's run_results.json."""
    failures = result.get("failures")
    rows = f", {failures} failing rows" if failures else ""
    message = str(result.get("message") or "")
    # The first line is dbt's ("Database Error in model x (models/x.sql)"), the second the engine's; further ones may be a
    # cell's.
    first, _, rest = message.partition("\n")
    kinds = [kind for kind in ((_of_dbt(first), _harmless(rest)) if _of_dbt(first) else (_harmless(first),)) if kind]
    return f"- {result['unique_id']}: {result['status']}{rows}" + (f": {': '.join(kinds)}" if kinds else "")


def describe_dbt_output(output: str) -> str:
    """What dbt printed when it wrote no results: which kinds of errors, in which of the project's files."""
    found = dict.fromkeys(kind for line in output.splitlines() if (kind := _of_dbt(line)))
    return "\n".join(f"- {kind}" for kind in found) or "it gave no result"


def _of_dbt(line: str) -> str | None:
    match = _OF_DBT.fullmatch(line)
    if match is None:
        return None
    kind, what, name, path = match.groups()
    return f"{kind} in {what} {name} ({path})" if name else kind


def _harmless(text: str) -> str | None:
    """The kind of an engine's error; with the line of SQL if it names one, or its first line if that can hold no cell."""
    match = _KIND.match(text)
    if match is None:
        return None
    kind, rest = match.groups()
    if kind == "Out of Memory Error" and rest:
        return f"{kind}: {rest[:_LONGEST].rstrip()}; {_MORE_MEMORY}"
    if kind in _SPEAKS_OF_NO_RECORD and rest:
        return f"{kind}: {rest[:_LONGEST]}"
    return kind
