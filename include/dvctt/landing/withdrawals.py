"""Extracts that a person took out of the nights: they stay in landing, and no night reads them.

The ledger is all that is written here; landing itself never changes. What a night leaves out is told by its publication's
manifest, so that it can be built again as it was.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dvctt.clock import now
from dvctt.core import ledger
from dvctt.core.errors import LandingError
from dvctt.landing.zone import Extract, LeftOut, active_extracts

log = logging.getLogger(__name__)

LEDGER = "withdrawals.jsonl"
_KEYS = {"event", "extract_id", "by", "reason", "at"}
_WITHDRAWN, _RESTORED = "withdrawn", "restored"


def withdrawn(ledgers: Path, extracts: Sequence[Extract]) -> list[LeftOut]:
    """The extracts that are withdrawn as things stand, in their order.

    It is the content under its name that was withdrawn: when the source sends the very bytes again, they stay out.

    Raises:
        LedgerError: the ledger is damaged.
    """
    last: dict[str, dict[str, Any]] = {}
    for event in ledger.read(ledgers / LEDGER, _KEYS):
        last[Extract.content_of(event["extract_id"])] = event
    return [
        LeftOut(extract.extract_id, _WITHDRAWN, latest["by"], latest["reason"], latest["at"])
        for extract in extracts
        if (latest := last.get(extract.content_id)) is not None and latest["event"] == _WITHDRAWN
    ]


def withdraw(ledgers: Path, extracts: Sequence[Extract], extract_id: str, *, by: str, reason: str) -> list[Extract]:
    """Take one landed file out of all later nights; the caller holds the home's lock.

    Returns:
        The versions of that file's name that the nights read from now on: the one before, or none.

    Raises:
        LandingError: no such extract, or it is withdrawn already.
        LedgerError: name or reason is empty, or the ledger is damaged.
    """
    extract = _find(extracts, extract_id)
    person = ledger.person_name(by, "withdrew the extract")
    why = ledger.stated_reason(reason, f"withdraw {extract_id}")
    for known in withdrawn(ledgers, extracts):
        if known.extract_id == extract_id:
            raise LandingError(f"{extract_id}: withdrawn already, by {known.by}, {known.at}; look: dvctt extracts list")
    ledger.append(ledgers / LEDGER, at=now(), event=_WITHDRAWN, extract_id=extract_id, by=person, reason=why)
    log.info("extract %s withdrawn by %s: %s; landing keeps it, no night reads it", extract_id, person, why)
    out = {known.extract_id for known in withdrawn(ledgers, extracts)}
    return [e for e in active_extracts(extracts, out) if e.name_key == extract.name_key]


def restore(ledgers: Path, extracts: Sequence[Extract], extract_id: str, *, by: str, reason: str) -> None:
    """Let the nights read a withdrawn file again; the caller holds the home's lock.

    Raises:
        LandingError: no such extract, or it is not withdrawn.
        LedgerError: name or reason is empty, or the ledger is damaged.
    """
    _find(extracts, extract_id)
    person = ledger.person_name(by, "restored the extract")
    why = ledger.stated_reason(reason, f"restore {extract_id}")
    if extract_id not in {known.extract_id for known in withdrawn(ledgers, extracts)}:
        raise LandingError(f"{extract_id}: not withdrawn, so nothing to restore; look: dvctt extracts list")
    ledger.append(ledgers / LEDGER, at=now(), event=_RESTORED, extract_id=extract_id, by=person, reason=why)
    log.info("extract %s restored by %s: %s", extract_id, person, why)


def _find(extracts: Sequence[Extract], extract_id: str) -> Extract:
    found = next((extract for extract in extracts if extract.extract_id == extract_id), None)
    if found is None:
        raise LandingError(
            f"no extract of this id among the {len(extracts)} that have landed; look: dvctt extracts list"
        )
    return found
