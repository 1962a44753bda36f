"""Holds what a night reads, and what readers have, against the hashes that were kept when it was made.

A disk, a copy or a hand may change a byte at any time; a figure that was counted from it looks right. So every night begins
here, also one that finds nothing new. Nothing is mended here, and no figure is known.
"""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from dvctt.core.errors import LandingError, LedgerError
from dvctt.core.files import is_sealed, sha256_of
from dvctt.landing.zone import Extract

log = logging.getLogger(__name__)

_SHOWN = 20
"""How many files an error names; the rest are counted."""
_REMEDY = (
    "restore both files from backup; without one take the whole month of that source and entity out of landing and land it "
    "anew: docs/runbooks/a-task-failed.md"
)


def verify_landing(
    landing: Path,
    extracts: Sequence[Extract],
    listed: Sequence[Mapping[str, Any]] = (),
    *,
    unread: Set[str] = frozenset(),
) -> None:
    """Hold every landed file against its manifest, and every manifest against what a publication lists.

    A file that an older version landed without keeping its sha256 is held against the one that the publication lists. Before
    the first publication that does there is nothing to hold it against; how many such files there are is logged.

    Args:
        extracts: what lies in landing.
        listed: the extracts that the current publication was made of, as its manifest lists them.
        unread: ids of those that no night reads any more, because a person withdrew them: damage to one is told and stops
            nothing.

    Raises:
        LandingError: names each file that is not what it was, and each extract that is gone.
    """
    clock = time.monotonic()
    of_publication = {str(entry["extract_id"]): entry for entry in listed}
    problems = [
        f"{landing / entry['source'] / entry['entity']}/month={entry['month']}/{entry['extract_id']}.parquet: gone, but the "
        f"current publication is made of it ({entry['rows']} rows of {entry['source']} {entry['entity']} {entry['month']})"
        for entry in listed
        if entry["extract_id"] not in {extract.extract_id for extract in extracts}
    ]
    unproven = size = 0
    harmless: list[str] = []
    for extract in extracts:
        found_wrong = harmless if extract.extract_id in unread else problems
        entry = of_publication.get(extract.extract_id, {})
        path = extract.parquet(landing)
        wanted = extract.parquet_sha256 or entry.get("parquet_sha256")
        try:
            size += path.stat().st_size
            found = sha256_of(path)
            of_manifest = extract.manifest(landing).read_bytes()
        except OSError as error:
            found_wrong.append(f"{error.filename}: cannot be read: {error.strerror}")
            continue
        if wanted is None:
            unproven += 1
        elif found != wanted:
            found_wrong.append(f"{path}: changed since it landed: found sha256 {found}, wanted {wanted}")
        # One with a seal is what was written; it differs when its file was landed anew, which the runbook lets a person do.
        if not is_sealed(of_manifest) and (now := hashlib.sha256(of_manifest).hexdigest()) != entry.get(
            "manifest_sha256", now
        ):
            found_wrong.append(
                f"{extract.manifest(landing)}: changed since the current publication was made: found sha256 {now}, wanted "
                f"{entry['manifest_sha256']}"
            )
        found_wrong += [
            f"{extract.manifest(landing)}: {key}: found {getattr(extract, key)}, wanted {entry[key]} as the current "
            f"publication lists it"
            for key in ("source", "entity", "month", "rows", "sha256")
            if key in entry and getattr(extract, key) != entry[key]
        ]
    for problem in harmless:
        log.warning("withdrawn, so that no night reads it, and damaged: %s", problem)
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise LandingError("\n".join(["landing is damaged:", *problems[:_SHOWN], *more, _REMEDY]))
    if unproven:
        log.warning(
            "landing: %d extracts were landed by a version that kept no sha256 of what it landed; the next publication keeps "
            "it, so that a later change is noticed",
            unproven,
        )
    log.info(
        "landing: %d extracts, %d bytes held against their manifests, %.1f s",
        len(extracts),
        size,
        time.monotonic() - clock,
    )


def hashes_of_ledgers(ledgers: Path) -> dict[str, dict[str, Any]]:
    """What people had decided when a publication was made, for its manifest: length and sha256 of each ledger."""
    return {path.name: grown_hash(path) for path in sorted(ledgers.glob("*.jsonl"))}


def grown_hash(path: Path) -> dict[str, Any]:
    """Length and sha256 of a file that only grows by whole lines."""
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def verify_ledgers(ledgers: Path, listed: Mapping[str, Mapping[str, Any]]) -> None:
    """Each ledger that the current publication lists must still begin with what stood in it then: a line that is lost would
    undo in silence what a person decided.

    Raises:
        LedgerError: a ledger is gone, cut or changed.
    """
    for name, wanted in sorted(listed.items()):
        path = ledgers / name
        try:
            found = hashlib.sha256(path.read_bytes()[: wanted["bytes"]]).hexdigest()
        except OSError as error:
            found = f"{error.strerror}"
        if found != wanted["sha256"]:
            raise LedgerError(
                f"{path}: no longer begins with what stood in it when the current publication was made: found {found}, wanted "
                f"sha256 {wanted['sha256']} of its first {wanted['bytes']} bytes; restore it from backup"
            )
