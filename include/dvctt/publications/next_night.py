"""What the next publication has to do and to remember, derived from what lies on disk.

What readers have is held against its manifest first: nothing is remembered out of a damaged table.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dvctt import __version__
from dvctt.core.errors import PublishError
from dvctt.core.files import sha256_of
from dvctt.landing.refusals import Refusal
from dvctt.landing.zone import Extract, LeftOut
from dvctt.province.model import Province
from dvctt.publications.reading import (
    RUNBOOK,
    Problem,
    Publication,
    closed_in,
    current_publication,
    file_problems,
    left_out_of,
    load_publication,
    on_disk,
    pointed,
    refused_of,
    revisions_of,
)
from dvctt.publications.switching import next_number
from dvctt.warehouse.definitions import project_digest
from dvctt.warehouse.previous import PREVIOUS_TABLES, ClosedMonth, Inputs, PreviousPublication

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """What readers have, held against its manifest.

    Attributes:
        number: that of the current publication; None before the first.
        problems: what of it is not as its manifest says; empty when it is whole.
        base: the publication that the next one remembers: the current one, or, if the tables of it that would be read are
            damaged, the newest whole one before it.
    """

    number: int | None = None
    problems: tuple[Problem, ...] = ()
    base: Publication | None = None


@dataclass(frozen=True)
class Work:
    """What a run has to do, derived from what lies on disk: landing minus the last publication's manifest."""

    new_extract_ids: tuple[str, ...]
    changed: tuple[str, ...]
    """What else differs from the last publication: ``province folder``, ``software version``, ``definitions``, ``closed
    months``, ``extracts left out``, ``refused files``, ``damaged publication``, or ``no publication yet``.
    """

    def __bool__(self) -> bool:
        return bool(self.new_extract_ids or self.changed)


def standing(published: Path) -> Standing:
    """Hold what readers have against its manifest, every file of it.

    Raises:
        PublishError: the pointer leads nowhere; or what the next publication must remember is damaged, and no older
            publication is whole.
    """
    clock = time.monotonic()
    number = pointed(published)
    if number is None:
        return Standing()
    if not (published / str(number)).is_dir():
        current_publication(published)
    try:
        current = load_publication(published / str(number))
        problems = list(file_problems(current))
        if not current.manifest["files"]:
            problems.append(Problem("manifest.json", "no file listed", "every file of the publication"))
    except PublishError as error:
        damage = Problem("manifest.json", str(error), "the manifest as it was written")
        return Standing(number, (damage,), _whole_before(published, number))
    size = sum(entry["bytes"] for entry in current.manifest["files"].values())
    log.info(
        "publication %d: %d files, %d bytes held against its manifest, %d problems, %.1f s",
        number,
        len(current.manifest["files"]),
        size,
        len(problems),
        time.monotonic() - clock,
    )
    remembered = {f"parquet/{table}.parquet" for table, _ in PREVIOUS_TABLES.values()}
    if remembered & {problem.file for problem in problems}:
        return Standing(number, tuple(problems), _whole_before(published, number))
    return Standing(number, tuple(problems), current)


def _whole_before(published: Path, number: int) -> Publication:
    for publication in reversed(on_disk(published)[0]):
        if publication.number < number and not any(file_problems(publication)):
            return publication
    raise PublishError(
        f"{published / str(number)}: damaged, and no publication before it is whole, so that nobody could say which figures "
        f"have changed since; restore it from backup; look: dvctt publications verify {number}; {RUNBOOK}"
    )


def work_to_do(
    published: Path,
    extracts: Sequence[Extract],
    province: Province,
    closed: Sequence[ClosedMonth] = (),
    left_out: Sequence[LeftOut] = (),
    refused: Sequence[Refusal] = (),
    *,
    now_standing: Standing | None = None,
) -> Work:
    """What landing, the province folder, the definitions, the closed months, the ledgers of landed files and the list of
    refused ones hold that the current publication does not.

    Args:
        now_standing: what :func:`standing` found; without it, the current publication is taken for whole.
    """
    current = now_standing.base if now_standing else current_publication(published)
    out = {one.extract_id: one.why for one in left_out}
    extracts = [extract for extract in extracts if extract.extract_id not in out]
    if current is None:
        return Work(tuple(extract.extract_id for extract in extracts), ("no publication yet",))
    listed = {extract["extract_id"] for extract in current.manifest["extracts"]}
    changed = ["damaged publication"] if now_standing and now_standing.problems else []
    for name, found, wanted in (
        ("province folder", current.manifest["province_digest"], province.digest),
        ("software version", current.manifest["software_version"], __version__),
        ("definitions", current.manifest.get("definitions"), project_digest()),
        ("closed months", current.manifest.get("closed_months", {}), revisions_of(closed)),
        ("extracts left out", left_out_of(current), out),
        ("refused files", refused_of(current), [one.published for one in refused]),
    ):
        if found != wanted:
            changed.append(name)
    return Work(tuple(e.extract_id for e in extracts if e.extract_id not in listed), tuple(changed))


def next_inputs(published: Path, province: Province) -> Inputs:
    """What the next publication is made with."""
    return Inputs(next_number(published), __version__, project_digest(), province.digest)


def previous_publication(
    published: Path, closings: Path, base: Publication | None = None
) -> PreviousPublication | None:
    """The current publication, or the one that is given, as the next one must remember it; None before the first.

    Raises:
        PublishError: the publication, or a closing that it names, cannot be read.
    """
    remembered = base or current_publication(published)
    return None if remembered is None else as_previous(remembered, closings)


def as_previous(publication: Publication, closings: Path) -> PreviousPublication:
    """A publication as one that came after it remembers it.

    Args:
        closings: folder of the closed months.

    Raises:
        PublishError: a table that its manifest lists is gone or changed, or a closing that it names cannot be read. An older
            version may not have published a table; one that is lost would look the same and make every record a late one.
    """
    manifest = publication.manifest
    for table, _ in PREVIOUS_TABLES.values():
        name = f"parquet/{table}.parquet"
        path = publication.folder / name
        found = sha256_of(path) if path.is_file() else None
        if name in manifest["files"] and found != manifest["files"][name]["sha256"]:
            what = (
                "gone, but the manifest lists it"
                if found is None
                else f"changed since it was published: sha256 {found}"
            )
            raise PublishError(
                f"{path}: {what}; restore it from backup, or go back to a whole one: dvctt publications rollback; "
                f"look: dvctt publications verify {publication.number}"
            )
    return PreviousPublication(
        publication.number,
        publication.folder,
        manifest["software_version"],
        manifest.get("definitions", ""),
        manifest["province_digest"],
        closed_in(publication, closings),
    )
