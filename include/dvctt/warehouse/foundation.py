"""The candidate's foundation: what landing holds and what the province folder says, as schemas that dbt's sources name.

Which tables there are stands in the modules of the schemas; their order, and starting anew, here. No business rule lives
here: SQL that decides anything belongs to dbt_project.
"""

import logging
import time
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from types import MappingProxyType

from dvctt.landing.refusals import Refusal
from dvctt.landing.zone import Extract, active_extracts
from dvctt.province.model import Province
from dvctt.warehouse.connections import CANDIDATE_NAME, ENGINE_WORDS, candidate_path, open_candidate
from dvctt.warehouse.expectations import ROW_COUNTS, write_expectations
from dvctt.warehouse.landed import verify_files, write_extracts, write_refused_files, write_views
from dvctt.warehouse.province_tables import write_province
from dvctt.warehouse.verdicts import Accepted, write_accepted, write_verdicts

log = logging.getLogger(__name__)


def lay_foundation(
    candidate: Path,
    province: Province,
    landing: Path,
    extracts: Sequence[Extract],
    *,
    left_out: Mapping[str, str] = MappingProxyType({}),
    refused: Sequence[Refusal] = (),
    baselines: Path | None = None,
    verdicts: Path | None = None,
    published_runs: Set[str] = frozenset(),
    accepted: Sequence[Accepted] = (),
) -> None:
    """Start a new candidate: schema ``landing`` (the extracts, and one view per entity over the active ones), ``province``
    (the checked folder), ``expectations`` (the frozen past) and ``history`` (this home's earlier verdicts). What an
    earlier run left of a candidate is thrown away: it is derived, landing is not.

    Args:
        extracts: all that have landed. One that is left out keeps its file name's place in the order of arrival.
        left_out: ids of the extracts that this night leaves out, each with the reason in one word.
        refused: what lies in the inbox and did not land.
        baselines: the frozen past; that of the province folder unless said.
        verdicts: folder of the verdicts that this home has given; None is a home without a past.
        published_runs: the runs that led to a publication, of whichever age.
        accepted: movements beyond their band that a person has accepted.

    Raises:
        LandingError: a Parquet file cannot be read, or does not hold the rows that its manifest lists.
    """
    clock = time.monotonic()
    candidate.mkdir(parents=True, exist_ok=True)
    for stale in (candidate_path(candidate), candidate / f"{CANDIDATE_NAME}.wal", candidate / ENGINE_WORDS):
        stale.unlink(missing_ok=True)
    active = active_extracts(extracts, left_out.keys())
    with open_candidate(candidate, read_only=False) as connection:
        verify_files(connection, landing, active)
        for schema in ("landing", "province", "history"):
            connection.execute(f"create schema {schema}")
        write_extracts(connection, province, extracts, active, left_out)
        write_refused_files(connection, refused)
        write_province(connection, province)
        write_views(connection, landing, active)
        write_expectations(connection, province, baselines or province.folder / ROW_COUNTS)
        write_verdicts(connection, verdicts, published_runs)
        write_accepted(connection, accepted)
    log.info(
        "foundation: %d extracts, %d left out, %d files refused, %d active, %d rows in the active ones, %.1f s",
        len(extracts),
        len(left_out),
        len(refused),
        len(active),
        sum(e.rows for e in active),
        time.monotonic() - clock,
    )
