"""Questions to the publications: which there are and were, what one holds, whether it is still what its manifest says.

Reads only, but for one thing: a rollback moves the pointer back, in one step, with a reason that is kept. What is removed,
and when, is decided in dvctt.publications.retention.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import PublishError
from dvctt.core.files import unseal
from dvctt.core.ledger import stated_reason
from dvctt.databases import open_database
from dvctt.publications.reading import (
    NUMBER,
    REMOVED,
    WAY_BACK,
    Problem,
    Publication,
    current_publication,
    file_problems,
    on_disk,
)
from dvctt.publications.retention import Removed, lock, removed
from dvctt.publications.switching import highest_seen, roll_back

log = logging.getLogger(__name__)

DIGEST = re.compile(r"[0-9a-f]{8,64}")


def listed(published: Path) -> list[Publication]:
    """Every publication on disk whose manifest can be read, oldest first."""
    return on_disk(published)[0]


def unreadable(published: Path) -> dict[int, str]:
    """What else has a number for a name, a damaged publication or something unknown, and what is wrong with it."""
    return on_disk(published)[1]


def published_runs(published: Path) -> set[str]:
    """The runs that led to a publication: those that readers have seen, the ones that retention removed among them.

    A run that was killed while it sealed its publication, or before it switched readers to it, has not led to one.
    """
    seen = highest_seen(published)
    publications, unreadable = on_disk(published)
    for number, why in unreadable.items():
        log.warning("%d: the run of this publication is left out of the history: %s", number, why)
    runs = {str(publication.manifest.get("run_id")) for publication in publications if publication.number <= seen}
    for path in sorted((published / REMOVED).glob("*.json")):
        try:
            runs.add(str(unseal(path.read_bytes())["run_id"]))
        except (OSError, ValueError, KeyError) as error:
            log.warning("%s: not a publication's manifest, its run is left out of the history: %s", path, error)
    return runs


def pointer_problem(published: Path) -> str | None:
    """What is wrong with the pointer that readers follow, in words; None when it leads to a publication, or there is none."""
    try:
        if current_publication(published) is None and listed(published):
            return f"{published / 'current'}: no pointer: readers see nothing; {WAY_BACK}"
    except PublishError as error:
        return str(error)
    return None


def find(published: Path, number: int) -> Publication:
    """The publication with this number.

    Raises:
        PublishError: there is none, and the message names those that there are; or it was removed, and the message says
            when and why.
    """
    publications, damaged = on_disk(published)
    for publication in publications:
        if publication.number == number:
            return publication
    if number in damaged:
        raise PublishError(damaged[number])
    gone = find_removed(published, number)
    if gone is not None:
        raise PublishError(
            f"{published}: publication {number} was removed at {gone.at}: {gone.why}; its files are gone, its manifest is "
            f"kept: dvctt publications show {number}"
        )
    known = ", ".join(str(publication.number) for publication in publications) or "none"
    raise PublishError(f"{published}: no publication {number}; there are: {known}")


def find_removed(published: Path, number: int) -> Removed | None:
    """What is kept of a publication that was removed; None when none with this number was."""
    return next((gone for gone in removed(published) if gone.number == number), None)


@dataclass(frozen=True)
class Holding:
    """A file that a publication has, or had. ``digest`` is the one that was asked for, whole."""

    number: int
    file: str
    digest: str
    is_removed: bool


def holdings(published: Path, digest: str) -> list[Holding]:
    """The publications, removed ones too, that hold what has this digest: files whose rows have it (a page's or a document's
    data id), and files whose bytes do (their sha256); oldest publication first.

    Args:
        digest: from 8 to 64 hexadecimal digits, its beginning.

    Raises:
        PublishError: it is no digest.
    """
    if DIGEST.fullmatch(digest) is None:
        raise PublishError(
            f"{digest!r}: no digest; wanted 8 to 64 digits 0-9a-f: the data id of a page, or a file's sha256"
        )
    there = [(publication.number, publication.manifest, False) for publication in listed(published)]
    gone = [(one.number, one.manifest, True) for one in removed(published)]
    return [
        Holding(number, name, found, is_removed)
        for number, manifest, is_removed in sorted(there + gone, key=lambda one: one[0])
        for name, entry in sorted(manifest.get("files", {}).items())
        for found in dict.fromkeys((entry.get("data"), entry.get("sha256")))
        if found and found.startswith(digest)
    ]


def number_of(published: Path, named: str) -> int:
    """The number of a publication that is named by its number, or by a digest that `holdings` takes: the newest that is there.

    Raises:
        PublishError: it is neither, or no publication that is there holds it, or what it names is not one thing.
    """
    if NUMBER.fullmatch(named):
        return int(named)
    found = holdings(published, named)
    if len(digests := {one.digest for one in found}) > 1:
        raise PublishError(
            f"{named}: found {len(digests)} digests that begin so, wanted one: dvctt publications find {named}"
        )
    there = [one.number for one in found if not one.is_removed]
    if not there:
        gone = ", ".join(str(one.number) for one in found)
        here = ", ".join(str(publication.number) for publication in listed(published)) or "none"
        why = f"it was in {gone}, removed since: dvctt publications list" if gone else f"there are: {here}"
        raise PublishError(f"{published}: no publication that is there holds {named}; {why}")
    return max(there)


def notable(manifest: Mapping[str, Any]) -> list[str]:
    """What a person looks for first in a manifest, one line each: by which definitions, with which months closed, and
    without which landed and refused files. A publication of a version that knew none of them has none.
    """
    lines = []
    if definitions := manifest.get("definitions"):
        lines.append(f"definitions: {definitions}")
    if closed := manifest.get("closed_months"):
        lines.append("closed months: " + ", ".join(f"{month} (revision {n})" for month, n in sorted(closed.items())))
    lines.extend(
        f"left out: {one['extract_id']}: {one['why']} by {one['by']}, {one['at']}: {one['reason']}"
        for one in manifest.get("left_out", [])
    )
    lines.extend(
        f"refused: {one['source']} {one['entity'] or '-'} {one['file_name'] or '(a name that is not of the contract)'}: "
        f"{one['reason']}"
        for one in manifest.get("refused_files", [])
    )
    return lines


def verify(publication: Publication) -> list[Problem]:
    """Hold every file against the manifest: presence, size, sha256, row counts, verdict; empty when all agree."""
    return list(_problems(publication))


def _problems(publication: Publication) -> Iterator[Problem]:
    yield from file_problems(publication)
    yield from _counted(publication)
    verdict = _verdict_of(publication)
    if verdict != "passed":
        yield Problem("verdict.json", f"verdict {verdict}", "verdict passed")


def _verdict_of(publication: Publication) -> str:
    try:
        return str(json.loads(publication.verdict.read_text(encoding="utf-8"))["verdict"])
    except (OSError, ValueError, KeyError) as error:
        return f"unreadable ({type(error).__name__})"


def _counted(publication: Publication) -> Iterator[Problem]:
    try:
        with open_database(publication.marts, read_only=True) as connection:
            found = {
                name: (connection.execute(f"select count(*) from {name}").fetchone() or (None,))[0]
                for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
            }
    except duckdb.Error as error:
        yield Problem("marts.duckdb", f"cannot be opened: {describe_error(error)}", "a DuckDB file")
        return
    wanted = publication.manifest.get("row_counts", {})
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            yield Problem(f"marts.duckdb: {name}", f"{found.get(name)} rows", f"{wanted.get(name)} rows")


def rollback(published: Path, number: int, *, reason: str) -> Publication:
    """Make an older publication the current one, after it has been verified; nothing is removed.

    The next night publishes anew what landing holds: mend the cause before it comes.

    Raises:
        PublishError: no such publication, it was removed, it is the current one already, or it is no longer what its
            manifest says. What ``current`` is does not matter: this is the way back when it is broken.
    """
    find(published, number)
    why = stated_reason(reason, f"go back to publication {number}", PublishError)
    # Nothing may be removed between the look and the switch, or the pointer would lead nowhere.
    with lock(published):
        return _rollback(published, number, why)


def _rollback(published: Path, number: int, reason: str) -> Publication:
    target = find(published, number)
    if pointer_problem(published) is None and (current := current_publication(published)) and current.number == number:
        raise PublishError(f"{published}: publication {number} is the current one already")
    if problems := verify(target):
        first = problems[0]
        raise PublishError(
            f"publication {number} is not what its manifest says: {first}; look: dvctt publications verify {number}"
        )
    roll_back(published, target, reason=reason)
    return target
