"""From candidate to publication: an immutable, numbered folder, and the pointer that readers follow.

A publication is assembled in ``published/.building``, where no reader looks; it becomes ``published/<n>`` by one rename and
current by one more. A kill before the first leaves a folder that the next run throws away, a kill between the two is
finished by the next run (`switching`). Nobody opens a published file for writing, for it may be a file of several publications
(`unchanged`), and the pointer moves to nothing that does not verify. Layout of a publication::

    marts.duckdb  parquet/<table>.parquet  csv/<mart>.csv  reports/  definitions/  verdict.json  verdict.html  manifest.json

Beside the publications lie ``current``, ``rollbacks.jsonl``, ``removed/`` and ``.newest``.
"""

import json
import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from dvctt import __version__
from dvctt.clock import now
from dvctt.core.engines import describe_error
from dvctt.core.errors import PublishError
from dvctt.core.files import make_folder, seal, sha256_of, sync_folder, write_atomically
from dvctt.core.sharing import Sharing
from dvctt.core.sql import file_literal, literal
from dvctt.databases import open_database
from dvctt.landing.refusals import Refusal
from dvctt.landing.zone import Extract, LeftOut
from dvctt.province.model import Province
from dvctt.publications import unchanged
from dvctt.publications.reading import (
    FOR_READERS,
    Publication,
    building_folder,
    load_publication,
    pointed,
    revisions_of,
    sha256_of_manifest,
)
from dvctt.publications.switching import switch
from dvctt.warehouse.connections import candidate_path
from dvctt.warehouse.definitions import FOLDER as DEFINITIONS
from dvctt.warehouse.definitions import project_digest, write_definitions
from dvctt.warehouse.previous import PREVIOUS_TABLES, ClosedMonth
from dvctt.warehouse.transform import manifest_of

log = logging.getLogger(__name__)

_REMEMBERED = {table for table, _ in PREVIOUS_TABLES.values()}
"""What a night reads of a publication before. Each publication has its own: when the newest one's are damaged, the next night
remembers an older one, and that must not be damaged with it.
"""
STORAGE_VERSION = "v1.0.0"
"""What DuckDB clients from 1.0 on can open."""


def assemble(published: Path, candidate: Path, verdict_path: Path, sharing: Sharing | None = None) -> Path:
    """Copy every table that carries dbt's tag ``published`` out of the candidate, as tables and as Parquet, and the
    verdict; the folder that was assembled. Rows are ordered, so that the same landing gives the same Parquet bytes.

    Args:
        sharing: of that folder (`unchanged.begin`): a Parquet file with the bytes of an earlier one is that one.

    Raises:
        PublishError: the candidate lacks a table that dbt says it built.
    """
    clock = time.monotonic()
    building = building_folder(published)
    shutil.rmtree(building, ignore_errors=True)
    make_folder(building, FOR_READERS)
    (building / "parquet").mkdir()
    nodes = _published_nodes(manifest_of(candidate))
    with open_database() as connection:
        connection.execute("set threads = 1")  # one thread, one order of row groups
        connection.execute(f"attach {file_literal(candidate_path(candidate))} as candidate (read_only)")
        connection.execute(
            f"attach {file_literal(building / 'marts.duckdb')} as marts (storage_version {literal(STORAGE_VERSION)})"
        )
        rows = 0
        for node in nodes:
            try:
                rows += _copy_table(connection, node, building)
                if sharing is not None and node["name"] not in _REMEMBERED:
                    sharing.settle(_parquet(building, node["name"]))
            except duckdb.Error as error:
                raise PublishError(
                    f"table {node['name']}: cannot be published from the candidate: {describe_error(error)}"
                ) from None
        connection.execute("detach marts")
    shutil.copyfile(verdict_path, building / "verdict.json")
    write_definitions(candidate, building / DEFINITIONS)
    log.info("publication: %d tables, %d rows out, %.1f s", len(nodes), rows, time.monotonic() - clock)
    return building


def _published_nodes(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and "published" in n["tags"]]
    if not nodes:
        raise PublishError(
            "dbt's manifest lists no model with the tag 'published'; look at dbt_project/dbt_project.yml"
        )
    return sorted(nodes, key=lambda node: str(node["name"]))


def _parquet(building: Path, table: str) -> Path:
    return building / "parquet" / f"{table}.parquet"


def _copy_table(connection: duckdb.DuckDBPyConnection, node: dict[str, Any], building: Path) -> int:
    name = node["name"]
    order = ", ".join(node["config"]["meta"].get("primary_key", [])) or "all"
    connection.execute(f"create table marts.{name} as select * from candidate.{node['schema']}.{name} order by {order}")
    comments = [f"comment on table marts.{name} is {literal(node['description'].strip())}"]
    comments += [
        f"comment on column marts.{name}.{column['name']} is {literal(column['description'].strip())}"
        for column in node["columns"].values()
    ]
    # One call and one commit a table: there are more than a thousand columns.
    connection.execute("; ".join(["begin", *comments, "commit"]))
    target = _parquet(building, name)
    connection.execute(f"copy marts.{name} to {file_literal(target)} (format parquet, compression zstd)")
    counted = connection.execute(f"select count(*) from marts.{name}").fetchone()
    return int(counted[0]) if counted else 0


def publish(
    published: Path,
    building: Path,
    *,
    number: int,
    province: Province,
    landing: Path,
    extracts: Sequence[Extract],
    closed: Sequence[ClosedMonth] = (),
    left_out: Sequence[LeftOut] = (),
    refused: Sequence[Refusal] = (),
    closings: Mapping[str, Any] | None = None,
    ledgers: Mapping[str, Any] | None = None,
    is_sample: bool = False,
    run_id: str,
    month: str | None,
) -> Publication:
    """Seal what was assembled and make it current.

    Args:
        landing: where the extracts lie: the manifest keeps the sha256 of each one's own manifest and Parquet file.
        extracts: those that it was made of, without those that were left out.
        left_out: those that had landed and that it was made without.
        refused: what lay in the inbox and did not land.
        closings: hashes of what was ever closed, so that the next night can tell that some of it was changed or is gone.
        ledgers: length and hash of what people had decided, for the same.
        is_sample: whether its figures are a sample's.

    Raises:
        PublishError: a publication with this number exists, or a file of the assembled folder is gone.
    """
    target = published / str(number)
    if os.path.lexists(target):
        raise PublishError(f"{target}: exists; a publication is never written twice: dvctt run again")
    verdict = json.loads((building / "verdict.json").read_text(encoding="utf-8"))
    if verdict["verdict"] != "passed":
        raise PublishError(f"{building / 'verdict.json'}: verdict {verdict['verdict']!r}; only 'passed' is published")
    drawn_by, inputs = unchanged.inputs_of(building)
    # A run that was killed here leaves what the two below hold; neither is a file of the publication.
    notes = {building / unchanged.INPUTS, building / "manifest.json"}
    files = sorted(path for path in building.rglob("*") if path.is_file() and path not in notes)
    before = pointed(published)
    manifest = {
        "number": number,
        "previous": before and {"number": before, "manifest_sha256": sha256_of_manifest(published, before)},
        "province": province.name_vi,
        "province_digest": province.digest,
        "software_version": __version__,
        "definitions": project_digest(),
        "drawn_by": drawn_by,
        "closed_months": revisions_of(closed),
        "closings": dict(closings or {}),
        "ledgers": dict(ledgers or {}),
        "is_sample": is_sample,
        "run_id": run_id,
        "month": month,
        "published_at": now().isoformat(),
        "verdict": verdict["verdict"],
        "extracts": [
            {
                "extract_id": e.extract_id,
                "source": e.source,
                "entity": e.entity,
                "month": e.month,
                "rows": e.rows,
                "sha256": e.sha256,
                "parquet_sha256": e.parquet_sha256 or sha256_of(e.parquet(landing)),
                "manifest_sha256": sha256_of(e.manifest(landing)),
            }
            for e in extracts
        ],
        "left_out": [asdict(one) for one in left_out],
        "refused_files": [asdict(one.published) for one in refused],
        "row_counts": _row_counts(building / "marts.duckdb"),
        "files": {
            name: {"bytes": path.stat().st_size, "sha256": sha256_of(path), **inputs.get(name, {})}
            for path in files
            for name in (str(path.relative_to(building)),)
        },
    }
    write_atomically(building / "manifest.json", seal(manifest))
    (building / unchanged.INPUTS).unlink(missing_ok=True)
    for path in sorted(building.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.chmod(0o444)
        else:
            path.chmod(FOR_READERS)
            sync_folder(path)
    os.rename(building, target)
    sync_folder(published)
    switch(published, number)
    log.info("publication %d is current: %d files", number, len(files) + 1)
    _say_who_is_shut_out(published)
    return load_publication(target)


def _say_who_is_shut_out(published: Path) -> None:
    for folder in (published.parent, published):
        if not folder.stat().st_mode & 0o011:
            log.warning(
                "%s: mode %o: nobody but its owner can reach the publications; wanted readers to pass: chmod a+x %s",
                folder,
                folder.stat().st_mode & 0o777,
                folder,
            )


def _row_counts(marts: Path) -> dict[str, int]:
    with open_database(marts, read_only=True) as connection:
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        counts = {}
        for name in names:
            counted = connection.execute(f"select count(*) from {name}").fetchone()
            counts[name] = int(counted[0]) if counted else 0
    return counts
