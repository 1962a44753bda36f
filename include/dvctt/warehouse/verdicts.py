"""The schema ``history`` of the candidate, as far as this home's own nights go: their verdicts, and the movements that a person
has answered for.
"""

import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.columns import Count
from dvctt.core.files import unseal
from dvctt.warehouse.tables import write_table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Movement:
    """One figure that lies beyond its band, in the words of the audit table ``aud_movements``.

    ``month`` is ``YYYY-MM``; ``basis`` is what the figure was held against: what was ``published``, what the agency itself
    ``reported``, or the ``trailing`` months. ``before_value`` is that (None: whatever it was), ``new_value`` what the
    candidate counts.
    """

    entity: str
    measure: str
    scope: str
    entity_code: str
    entity_name_vi: str
    month: str
    basis: str
    before_value: int | None
    lowest_value: int
    highest_value: int | None
    new_value: int

    @property
    def is_beyond(self) -> bool:
        return self.new_value < self.lowest_value or (
            self.highest_value is not None and self.new_value > self.highest_value
        )


@dataclass(frozen=True)
class Accepted:
    """A figure that a person has answered for; ``extract_id`` is the content of the file that it was held with, None where no
    file was to blame.
    """

    movement: Movement
    extract_id: str | None


@dataclass(frozen=True)
class PastVerdict:
    """A row of ``history.verdicts``."""

    verdict_number: Count
    run_id: str
    month: str | None
    verdict: str
    checks: Count
    failed_critical: Count
    failed_warning: Count
    could_not_check: Count


@dataclass(frozen=True)
class AcceptedMovement:
    """A row of ``history.accepted_movements``; by whom and why stays in the ledger, because names are no input of a figure."""

    entity: str
    measure: str
    scope: str
    entity_code: str
    month: date
    before_value: Count | None
    new_value: Count
    extract_id: str | None


def read_verdicts(folder: Path) -> list[dict[str, Any]]:
    """The verdicts of this home, oldest first. One that cannot be read is told and left out: it stands in no figure, and a
    night need not stay down for it.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            content = unseal(path.read_bytes())
            for key in ("run_id", "month", "verdict"):
                content[key]
            for check in content["checks"]:
                check["status"], check["severity"]
            found.append(content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning(
                "%s: not a verdict of this home (%s); it is left out of the history of verdicts; restore it from backup",
                path,
                type(error).__name__,
            )
    return found


def write_verdicts(
    connection: duckdb.DuckDBPyConnection, verdicts: Path | None, published_runs: Set[str] = frozenset()
) -> None:
    """Lay the verdicts that readers may hear of: every one that stopped a night, and the one *passed* verdict of each run
    that was published. A run that was killed after its gate has passed nothing on, and the run that does its work over
    must give the same history as if the first had never been.
    """
    found = read_verdicts(verdicts) if verdicts else []
    last_passed = {content["run_id"]: place for place, content in enumerate(found) if content["verdict"] == "passed"}
    kept = [
        content
        for place, content in enumerate(found)
        if content["verdict"] != "passed"
        or (content["run_id"] in published_runs and last_passed[content["run_id"]] == place)
    ]
    rows = [_past_verdict(number, content) for number, content in enumerate(kept, start=1)]
    write_table(connection, "history.verdicts", PastVerdict, rows)


def _past_verdict(number: int, content: dict[str, Any]) -> PastVerdict:
    failed = [check["severity"] for check in content["checks"] if check["status"] == "failed"]
    return PastVerdict(
        number,
        content["run_id"],
        content["month"],
        content["verdict"],
        len(content["checks"]),
        failed.count("critical"),
        failed.count("warning"),
        sum(check["status"] == "could_not_check" for check in content["checks"]),
    )


def write_accepted(connection: duckdb.DuckDBPyConnection, accepted: Sequence[Accepted]) -> None:
    """What was moved and accepted."""
    rows = [
        AcceptedMovement(
            one.movement.entity,
            one.movement.measure,
            one.movement.scope,
            one.movement.entity_code,
            date.fromisoformat(f"{one.movement.month}-01"),
            one.movement.before_value,
            one.movement.new_value,
            one.extract_id,
        )
        for one in accepted
    ]
    write_table(connection, "history.accepted_movements", AcceptedMovement, rows)
