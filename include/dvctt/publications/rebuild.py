"""Builds a publication's tables from nothing: its extracts out of landing, its own definitions, its own inputs.

For proof, not for the night: what nights built one after the other must equal what is built here at once, row for row. No
dbt and no gate run here, and nothing outside the folder that the caller gives is written.
"""

import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import LandingError, PublishError, TransformError
from dvctt.core.files import sha256_of
from dvctt.core.sql import file_literal, read_literal
from dvctt.databases import open_database
from dvctt.landing.zone import Extract, landed_extracts
from dvctt.province.folder import load_province
from dvctt.publications.next_night import as_previous
from dvctt.publications.reading import RUNBOOK, Publication, closed_in, left_out_of, load_publication, refused_of
from dvctt.settings import Settings
from dvctt.warehouse import connections, foundation, previous
from dvctt.warehouse.definitions import FOLDER as DEFINITIONS
from dvctt.warehouse.definitions import Node, load_inputs, read_definitions, replay
from dvctt.warehouse.previous import Inputs, PreviousPublication

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Difference:
    """One published table beside its rebuilt self: rows published, and how many rows stand on one side only."""

    table: str
    rows: int
    only_published: int
    only_rebuilt: int

    @property
    def differs(self) -> bool:
        return bool(self.only_published or self.only_rebuilt)


def rebuild(
    settings: Settings, publication: Publication, folder: Path, *, models: Collection[str] | None = None
) -> Path:
    """Build every table of a publication again in ``folder``; the DuckDB file.

    The tables that remember earlier publications are built against the same earlier publication, if it is still there.

    Args:
        models: build these alone; all that they are built from must be among them. Default: every model.

    Raises:
        LandingError: landing no longer holds an extract that the publication lists, or holds it changed.
        PublishError: the publication carries no definitions, its SQL fails, or the earlier one is gone and a model to be
            built reads it.
    """
    clock = time.monotonic()
    nodes = [node for node in read_definitions(publication.folder) if models is None or node.name in models]
    extracts = _extracts_of(settings, publication)
    province = load_province(settings.province_folder)
    foundation.lay_foundation(
        folder,
        province,
        settings.landing,
        extracts,
        left_out=left_out_of(publication),
        refused=refused_of(publication),
    )
    remembered = _previous_of(settings, publication) if _reads_previous(publication, nodes) else None
    manifest = publication.manifest
    previous.load_previous(
        folder,
        Inputs(publication.number, manifest["software_version"], manifest["definitions"], manifest["province_digest"]),
        remembered,
        closed_in(publication, settings.closed),
    )
    with connections.open_candidate(folder, read_only=False) as connection:
        load_inputs(connection, publication.folder)
        try:
            replay(connection, nodes)
        except TransformError as error:
            raise PublishError(
                f"publication {publication.number} cannot be rebuilt by its own definitions: {error}; "
                f"look: {publication.folder / 'definitions'}"
            ) from None
    log.info(
        "rebuilt publication %d: %d extracts in, %d models out, %.1f s",
        publication.number,
        len(extracts),
        len(nodes),
        time.monotonic() - clock,
    )
    return connections.candidate_path(folder)


def _extracts_of(settings: Settings, publication: Publication) -> list[Extract]:
    """The extracts that the publication lists, as they lie in landing now, each with the hash that it had; and those that it
    was made without, which still say in what order the names of files first came.
    """
    landed = {extract.extract_id: extract for extract in landed_extracts(settings.landing)}
    found = [landed[extract_id] for extract_id in sorted(left_out_of(publication)) if extract_id in landed]
    for listed in publication.manifest["extracts"]:
        extract = landed.get(listed["extract_id"])
        if extract is None or extract.sha256 != listed["sha256"]:
            raise LandingError(
                f"{settings.landing}: extract {listed['extract_id']} of {listed['source']}, {listed['entity']}, "
                f"{listed['month']}: found {extract.sha256 if extract else 'none'}, wanted {listed['sha256']}; "
                f"restore landing from backup"
            )
        wanted = listed.get("parquet_sha256")
        path = extract.parquet(settings.landing)
        if wanted is not None and (sha256 := sha256_of(path)) != wanted:
            raise LandingError(
                f"{path}: changed since publication {publication.number} was made of it: found sha256 {sha256}, "
                f"wanted {wanted}; restore landing from backup"
            )
        found.append(extract)
    return found


def _reads_previous(publication: Publication, nodes: Iterable[Node]) -> bool:
    """Whether a model reads a table of the publication before: what is small of the past travels with the publication."""
    kept = {path.stem for path in (publication.folder / DEFINITIONS / "inputs").glob("history.*.parquet")}
    return any(name.startswith("history.") and name not in kept for node in nodes for name in node.inputs)


def _previous_of(settings: Settings, publication: Publication) -> PreviousPublication | None:
    """The publication that was current when this one was made, as its own inputs name it."""
    path = publication.folder / "definitions" / "inputs" / "history.publication.parquet"
    with open_database() as connection:
        row = connection.execute(f"select publication_number from read_parquet({read_literal(path)})").fetchone()
    if row is None:
        return None
    folder = settings.published / str(row[0])
    if not folder.is_dir():
        raise PublishError(
            f"{folder}: gone; publication {publication.number} tells what changed since it, and can be rebuilt only "
            f"with it; restore it from backup"
        )
    return as_previous(load_publication(folder), settings.closed)


def compare(publication: Publication, rebuilt: Path, *, tables: Collection[str] | None = None) -> list[Difference]:
    """Every published table (or these alone) against the rebuilt one, as bags of rows: a row that stands twice must stand
    twice.

    Raises:
        PublishError: the publication holds no table, so that nothing was compared; or its file cannot be read.
    """
    try:
        return _compare_all(publication, rebuilt, tables)
    except duckdb.Error as error:
        raise PublishError(
            f"{publication.marts}: cannot be read and compared: {describe_error(error)}; look: dvctt publications verify "
            f"{publication.number}; {RUNBOOK}"
        ) from None


def _compare_all(publication: Publication, rebuilt: Path, tables: Collection[str] | None) -> list[Difference]:
    with open_database() as connection:
        connection.execute(f"attach {file_literal(publication.marts)} as published (read_only)")
        connection.execute(f"attach {file_literal(rebuilt)} as rebuilt (read_only)")
        found = [
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'published' order by table_name"
            ).fetchall()
            if tables is None or name in tables
        ]
        if not found:
            raise PublishError(f"{publication.marts}: found no table; nothing was compared")
        return [_compare(connection, table) for table in found]


def _compare(connection: duckdb.DuckDBPyConnection, table: str) -> Difference:
    sides = ("published", "rebuilt")
    only = []
    for side, other in (sides, sides[::-1]):
        row = connection.execute(
            f"select count(*) from (from {side}.main.{table} except all from {other}.main.{table})"
        ).fetchone()
        only.append(int(row[0]) if row else 0)
    row = connection.execute(f"select count(*) from published.main.{table}").fetchone()
    return Difference(table, int(row[0]) if row else 0, *only)
