"""What differs between two publications on disk, and why: ``dvctt publications diff``.

Only laying one publication's tables beside the other's, and reading the answer, may live here: what a change is and which
cause it has is decided by the SQL that the later publication carries. Writes nothing but a scratch folder that it removes.
"""

import logging
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from dvctt.core.errors import PublishError, TransformError
from dvctt.core.sql import read_literal
from dvctt.databases import open_database
from dvctt.publications.next_night import as_previous
from dvctt.publications.reading import RUNBOOK, Publication, closed_in, file_problems
from dvctt.warehouse import previous
from dvctt.warehouse.connections import CANDIDATE_NAME, open_candidate
from dvctt.warehouse.definitions import FOLDER, Node, read_definitions, replay
from dvctt.warehouse.previous import CAUSES, Inputs

log = logging.getLogger(__name__)

_RESTATEMENTS = "mart_restatements"
_EVIDENCE = "mart_figure_movements"


@dataclass(frozen=True)
class Change:
    """One figure that differs: old, new (None = no figure there), and how much of ``change`` each cause makes.

    ``unexplained`` is what no record explains although both publications were made by the same definitions.
    """

    metric: str
    metric_name_vi: str
    unit: str
    scope: str
    entity_code: str
    entity_name_vi: str
    month: date
    old_value: int | None
    new_value: int | None
    change: int
    late_filings: int
    refused_files: int
    corrections: int
    set_aside: int
    released_from_quarantine: int
    reclassified: int
    definition_changed: int
    unexplained: int
    old_rate_percent: float | None
    new_rate_percent: float | None

    @property
    def causes(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in CAUSES}


@dataclass(frozen=True)
class Movement:
    """One record that moved one figure of one agency: by how much, why, and where its row stands."""

    metric: str
    agency_code: str
    month: date
    entity: str
    source_id: str
    record_id: str
    effect: int
    cause: str
    extract_id: str
    row_number: int


@dataclass(frozen=True)
class Comparison:
    """All figures that differ between two publications, and the records that moved them."""

    changes: tuple[Change, ...]
    movements: tuple[Movement, ...]


def diff(earlier: Publication, later: Publication, closings: Path) -> Comparison:
    """What changed from one publication to another, whichever of them is the older, by the later one's own SQL.

    Figures of months that were whole in ``earlier`` are compared, as in mart_restatements.

    Args:
        closings: folder of the closed months.

    Raises:
        PublishError: a table of either is not what was published, the later one carries no definitions of restatements, its
            SQL fails, or a closing that one of
            them names is gone.
        WarehouseError: a file of the earlier publication or of a closing cannot be read.
    """
    clock = time.monotonic()
    for publication in (earlier, later):
        for problem in file_problems(publication):
            if problem.file.startswith(("parquet/", f"{FOLDER}/")):
                raise PublishError(
                    f"{publication.folder / problem.file}: not as it was published: found {problem.found}, wanted "
                    f"{problem.wanted}; look: dvctt publications verify {publication.number}; {RUNBOOK}"
                )
    nodes = _plan(later)
    with tempfile.TemporaryDirectory(prefix="dvctt-diff-") as scratch:
        folder = Path(scratch)
        _lay(folder, earlier, later, closings, nodes)
        with open_candidate(folder, read_only=False) as connection:
            try:
                replay(connection, nodes)
            except TransformError as error:
                raise PublishError(
                    f"publication {later.number} cannot be compared with {earlier.number} by its own definitions: {error}; "
                    f"look: {later.folder / FOLDER}"
                ) from None
            comparison = _read(connection, earlier.number, later.number)
    log.info(
        "publications %d and %d: %d figures differ, %d movements, %.1f s",
        earlier.number,
        later.number,
        len(comparison.changes),
        len(comparison.movements),
        time.monotonic() - clock,
    )
    return comparison


def _plan(later: Publication) -> list[Node]:
    """The models to build: the two that answer, and what they read that is not published."""
    nodes = {node.name: node for node in read_definitions(later.folder)}
    wanted = {_RESTATEMENTS, _EVIDENCE}
    if not wanted <= nodes.keys():
        raise PublishError(
            f"{later.folder / FOLDER}: publication {later.number} carries no definition of "
            f"{', '.join(sorted(wanted - nodes.keys()))}; it was made before figures were compared"
        )
    waiting = set(wanted)
    while waiting:
        node = nodes[waiting.pop()]
        new = {name for name in node.inputs if name in nodes and not nodes[name].published} - wanted
        wanted |= new
        waiting |= new
    return [node for node in nodes.values() if node.name in wanted]


def _lay(folder: Path, earlier: Publication, later: Publication, closings: Path, nodes: Sequence[Node]) -> None:
    """A scratch candidate: the later publication's tables as its own, the earlier one's as what readers saw before."""
    read = {name for node in nodes for name in node.inputs}
    with open_database(folder / CANDIDATE_NAME) as connection:
        for path in _tables(later, read):
            connection.execute(f"create view main.{path.stem} as from read_parquet({read_literal(path)})")
    made = later.manifest
    previous.load_previous(
        folder,
        Inputs(later.number, made["software_version"], made.get("definitions", ""), made["province_digest"]),
        as_previous(earlier, closings),
        closed_in(later, closings),
    )


def _tables(later: Publication, read: Iterable[str]) -> list[Path]:
    """The Parquet files of the published tables and the seeds that the models read."""
    folders = (later.folder / "parquet", later.folder / FOLDER / "seeds")
    return [
        path
        for name in sorted(set(read) - {_RESTATEMENTS, _EVIDENCE})
        for folder in folders
        if (path := folder / f"{name}.parquet").is_file()
    ]


def _read(connection: duckdb.DuckDBPyConnection, earlier: int, later: int) -> Comparison:
    told = {name for (name,) in connection.execute(f"select column_name from (describe {_RESTATEMENTS})").fetchall()}
    # The later publication's own SQL may be from before a cause had a name; it told of none.
    columns = [f"0 as {name}" if name in set(CAUSES) - told else name for name in Change.__dataclass_fields__]
    changes = connection.execute(
        f"select {', '.join(columns)} from {_RESTATEMENTS} "
        "where from_publication = ? and to_publication = ? "
        "order by month, metric_place, scope = 'province' desc, scope = 'group' desc, entity_code",
        [earlier, later],
    ).fetchall()
    movements = connection.execute(
        f"select {', '.join(Movement.__dataclass_fields__)} from {_EVIDENCE} where baseline = 'publication' "
        "order by month, metric, agency_code, entity, source_id, record_id"
    ).fetchall()
    return Comparison(tuple(Change(*row) for row in changes), tuple(Movement(*row) for row in movements))
