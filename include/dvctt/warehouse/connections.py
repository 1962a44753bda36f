"""Connections to the candidate and to what is published.

Who may write is decided here; what a table holds is not.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import WarehouseError
from dvctt.databases import open_database

CANDIDATE_NAME = "warehouse.duckdb"
ENGINE_WORDS = "error.txt"
"""What an engine said when a stage ended in an error that is not ours: it may quote a record, so only the owner reads it."""


def candidate_path(candidate: Path) -> Path:
    return candidate / CANDIDATE_NAME


@contextmanager
def open_candidate(candidate: Path, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """The candidate warehouse; one run at a time writes it.

    Raises:
        WarehouseError: the file is not there, is damaged, another run has it open, or a question to it fails.
    """
    path = candidate_path(candidate)
    if read_only and not path.is_file():
        raise WarehouseError(f"{path}: no candidate; run the stage build_facts first: dvctt run")
    with _opened(path, read_only) as connection:
        yield connection


@contextmanager
def open_published(marts: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A publication's marts.duckdb, read-only.

    Raises:
        WarehouseError: the file is not there or is damaged, or a question to it fails.
    """
    if not marts.is_file():
        raise WarehouseError(f"{marts}: no publication yet; wanted a run that passed its gate: make run, or dvctt run")
    with _opened(marts, read_only=True) as connection:
        yield connection


@contextmanager
def _opened(path: Path, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(open_database(path, read_only=read_only))
        except duckdb.Error as error:
            raise WarehouseError(f"{path}: cannot be opened: {describe_error(error)}") from None
        try:
            yield connection
        except duckdb.Error as error:
            raise WarehouseError(f"{path}: cannot be read: {describe_error(error)}") from None


def read_rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Any = ()) -> list[dict[str, Any]]:
    """The rows of an answer, each by the names of its columns."""
    cursor = connection.execute(sql, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
