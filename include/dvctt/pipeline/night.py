"""The stages of a night as objects, in order: what a DAG, ``dvctt run`` and the tests go through.

What a stage does stands in `dvctt.pipeline.stages`, which is loaded when the first stage runs: this module is read each time
that a DAG file is parsed, and must cost nothing then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from dvctt.core.period import Month
from dvctt.settings import Settings

WRITER_POOL = "warehouse_writer"
"""Airflow's pool of one slot, in which a task takes the place of the one writer that a home may have."""


@dataclass(frozen=True)
class Run:
    """What a night is asked for.

    Attributes:
        run_id: whose candidate it is; a stage refuses that of another run.
        month: the month that alerts and summaries speak of; None takes the newest month that has filings.
        rebuild: publish again although nothing is new.
    """

    run_id: str
    month: Month | None = None
    rebuild: bool = False


@dataclass(frozen=True)
class Stage:
    """One step of a night, and one task of its DAG.

    Attributes:
        name: as logs, alerts, runbooks and Airflow call it.
        reads, writes: folders and files of the home, by name; the inbox is outside of it.
        may_end_night: whether it may find that there is nothing to do, which ends the night, and well.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    work: Callable[[Settings, Run], object]
    may_end_night: bool = False

    def run(self, settings: Settings, run: Run) -> bool:
        """Do it; whether the night goes on.

        Raises:
            DvcttError: the stage cannot do what its name says; the message says why, and what to do.
        """
        result = self.work(settings, run)
        return not self.may_end_night or result is not None


def event_of_publication(settings: Settings) -> dict[str, object]:
    """What the asset's event says of the publication that readers have now: its number, which month the run reported, and
    whether its figures are a sample's.

    Raises:
        PublishError: readers have none.
    """
    from dvctt.core.errors import PublishError
    from dvctt.publications.reading import current_publication

    publication = current_publication(settings.published)
    if publication is None:
        raise PublishError(f"{settings.published}: nothing is published; look: dvctt publications list")
    return {
        "publication": publication.number,
        "month": publication.manifest["month"],
        "is_sample": publication.is_sample,
    }


def _stages() -> ModuleType:
    from dvctt.pipeline import stages

    return stages


LAND_EXTRACTS = Stage(
    "land_extracts",
    reads=("inbox", "fetched", "published", "closed", "ledgers", "landing"),
    writes=("landing", "candidate/run.json", "candidate/warehouse.duckdb", "outbox", "states.json", "alerted.json"),
    work=lambda settings, run: _stages().land_extracts(
        settings, run_id=run.run_id, month=run.month, rebuild=run.rebuild
    ),
    may_end_night=True,
)
BUILD_FACTS = Stage(
    "build_facts",
    reads=("landing", "candidate/run.json"),
    writes=("candidate/warehouse.duckdb",),
    work=lambda settings, run: _stages().build_facts(settings, run_id=run.run_id),
)
AUDIT_FACTS = Stage(
    "audit_facts",
    reads=("landing", "ledgers", "candidate/run.json", "candidate/warehouse.duckdb"),
    writes=("ledgers", "candidate/run.json", "candidate/warehouse.duckdb"),
    work=lambda settings, run: _stages().audit_facts(settings, run_id=run.run_id),
)
CHECK_COUNTS = Stage(
    "check_counts",
    reads=("candidate/run.json", "candidate/warehouse.duckdb"),
    writes=("candidate/warehouse.duckdb", "candidate/verdict.json", "candidate/verdict.html", "verdicts"),
    work=lambda settings, run: _stages().check_counts(settings, run_id=run.run_id),
)
BUILD_MARTS = Stage(
    "build_marts",
    reads=("candidate/run.json", "candidate/warehouse.duckdb"),
    writes=("candidate/warehouse.duckdb",),
    work=lambda settings, run: _stages().build_marts(settings, run_id=run.run_id),
)
ASSEMBLE_PUBLICATION = Stage(
    "assemble_publication",
    reads=("candidate/run.json", "candidate/warehouse.duckdb", "candidate/verdict.json", "candidate/verdict.html"),
    writes=("published/.building",),
    work=lambda settings, run: _stages().assemble_publication(settings, run_id=run.run_id),
)
PUBLISH_MARTS = Stage(
    "publish_marts",
    reads=("candidate/run.json", "published/.building", "landing", "closed", "ledgers"),
    writes=("published",),
    work=lambda settings, run: _stages().publish_marts(settings, run_id=run.run_id),
)
TELL_PEOPLE = Stage(
    "tell_people",
    reads=("candidate/run.json", "published", "ledgers", "landing"),
    writes=("outbox", "alerted.json"),
    work=lambda settings, run: _stages().tell_people(settings, run_id=run.run_id),
)

NIGHT = (
    LAND_EXTRACTS,
    BUILD_FACTS,
    AUDIT_FACTS,
    CHECK_COUNTS,
    BUILD_MARTS,
    ASSEMBLE_PUBLICATION,
    PUBLISH_MARTS,
    TELL_PEOPLE,
)
"""In order: each works on what the one before has left on disk."""
