"""Holds what a night reads, and what readers have, against the hashes that were kept when it was made.

A disk, a copy or a hand may change a byte at any time; a figure that was counted from it looks right. So every night begins
here, also one that finds nothing new. Nothing is mended here, and no figure is known.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dvctt.errors import LandingError
from dvctt.files import sha256_of
from dvctt.landing import Extract

log = logging.getLogger(__name__)

_SHOWN = 20
"""How many files an error names; the rest are counted."""
_REMEDY = (
    "restore both files from backup; without one take the whole month of that source and entity out of landing and land it "
    "anew: docs/runbooks/a-task-failed.md"
)


def verify_landing(landing: Path, extracts: Sequence[Extract], listed: Sequence[Mapping[str, Any]] = ()) -> None:
    """Hold every landed file against its manifest, and every manifest against what a publication lists.

    A file that an older version landed without keeping its sha256 is held against the one that the publication lists. Before
    the first publication that does there is nothing to hold it against; how many such files there are is logged.

    Args:
        extracts: what lies in landing.
        listed: the extracts that the current publication was made of, as its manifest lists them.

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
    for extract in extracts:
        entry = of_publication.get(extract.extract_id, {})
        path = extract.parquet(landing)
        wanted = extract.parquet_sha256 or entry.get("parquet_sha256")
        try:
            size += path.stat().st_size
            found = sha256_of(path)
            of_manifest = sha256_of(extract.manifest(landing))
        except OSError as error:
            problems.append(f"{error.filename}: cannot be read: {error.strerror}")
            continue
        if wanted is None:
            unproven += 1
        elif found != wanted:
            problems.append(f"{path}: changed since it landed: found sha256 {found}, wanted {wanted}")
        if of_manifest != entry.get("manifest_sha256", of_manifest):
            problems.append(
                f"{extract.manifest(landing)}: changed since the current publication was made: found sha256 {of_manifest}, "
                f"wanted {entry['manifest_sha256']}"
            )
        problems += [
            f"{extract.manifest(landing)}: {key}: found {getattr(extract, key)}, wanted {entry[key]} as the current "
            f"publication lists it"
            for key in ("source", "entity", "month", "rows", "sha256")
            if key in entry and getattr(extract, key) != entry[key]
        ]
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise LandingError("\n".join(["landing is damaged:", *problems[:_SHOWN], *more, _REMEDY]))
    if unproven:
        log.warning(
            "landing: %d extracts were landed by a version that kept no sha256 of what it landed; the next publication keeps "
            "it, so that a later change is noticed", unproven,
        )  # fmt: skip
    log.info(
        "landing: %d extracts, %d bytes held against their manifests, %.1f s",
        len(extracts), size, time.monotonic() - clock,
    )  # fmt: skip
