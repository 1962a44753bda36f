"""What lies in the folder of publications: which there are, which one readers see, what a manifest says and whether it holds.

Reads only. Layout of a publication, and of what lies beside them: `publish`.
"""

import hashlib
import logging
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvctt.core.errors import PublishError
from dvctt.core.files import sha256_of, unseal
from dvctt.landing.refusals import Refusal

if TYPE_CHECKING:
    from dvctt.warehouse.previous import ClosedMonth

log = logging.getLogger(__name__)

_BUILDING = ".building"
CURRENT = "current"
NUMBER = re.compile(r"[1-9][0-9]{0,8}")
"""How the folder of a publication is called; another name is not one of ours, whatever lies in it."""
FOR_READERS = 0o755
"""Mode of every folder that readers pass: given by name, for the mask of the process that publishes must not decide it."""
RUNBOOK = "docs/runbooks/readers-see-nothing.md"
WAY_BACK = f"look: dvctt publications list; go back: dvctt publications rollback N --reason …; {RUNBOOK}"
REMOVED = "removed"
"""Folder of the manifests of publications that retention removed."""
REMOVING = ".removing-"
"""What the folder of one on its way out is called, before its number."""


@dataclass(frozen=True)
class Publication:
    """One publication on disk, with its manifest."""

    number: int
    folder: Path
    manifest: dict[str, Any]
    manifest_sha256: str = ""

    @property
    def marts(self) -> Path:
        return self.folder / "marts.duckdb"

    @property
    def verdict(self) -> Path:
        return self.folder / "verdict.json"

    @property
    def verdict_page(self) -> Path:
        return self.folder / "verdict.html"

    @property
    def csv(self) -> Path:
        return self.folder / "csv"

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def is_sample(self) -> bool:
        """Whether its figures are a sample's; those of a version that did not know of samples count as real."""
        return bool(self.manifest.get("is_sample"))

    def data_of(self, name: str) -> str | None:
        """Digest of the rows that one of its files shows; None of a file that has none, or of a version that listed none."""
        found: str | None = self.manifest["files"].get(name, {}).get("data")
        return found


@dataclass(frozen=True)
class Problem:
    """One thing that is not as the manifest says: a file of the publication, what was found, what was wanted."""

    file: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.file}: found {self.found}, wanted {self.wanted}"


def pointed(published: Path) -> int | None:
    """The number that ``current`` names, whatever lies there; None when there is no pointer.

    Raises:
        PublishError: it is no link, or leads elsewhere than to a publication of this folder.
    """
    pointer = published / CURRENT
    if not pointer.is_symlink():
        if not os.path.lexists(pointer):
            return None
        raise PublishError(
            f"{pointer}: found a {'folder' if pointer.is_dir() else 'file'}, wanted a link to a publication; {WAY_BACK}"
        )
    target = os.readlink(pointer).rstrip("/")
    if NUMBER.fullmatch(target) is None:
        raise PublishError(
            f"{pointer}: leads to {target!r}, wanted the number of a publication in {published}; {WAY_BACK}"
        )
    return int(target)


def current_publication(published: Path) -> Publication | None:
    """The publication that readers see now; None before the first.

    Raises:
        PublishError: the pointer leads nowhere, or the manifest cannot be read.
    """
    number = pointed(published)
    if number is None:
        return None
    folder = published / str(number)
    if not folder.is_dir():
        raise PublishError(
            f"{published / CURRENT}: leads to publication {number}, which is not there: readers see nothing; {WAY_BACK}"
        )
    return load_publication(folder)


def building_folder(published: Path) -> Path:
    """Where the next publication is put together; no reader looks there."""
    return published / _BUILDING


def refuse_damaged(publication: Publication, name: str = "marts.duckdb") -> None:
    """Answer nothing out of a file that is not what it was published as.

    Raises:
        PublishError: the file is gone or is another.
    """
    wanted = publication.manifest["files"].get(name, {}).get("sha256")
    path = publication.folder / name
    found = sha256_of(path) if path.is_file() else "no file"
    if found != wanted:
        raise PublishError(
            f"{path}: not as it was published: found {found}, wanted sha256 {wanted}; look: dvctt publications verify "
            f"{publication.number}; {RUNBOOK}"
        )


def answer_problems(publication: Publication) -> list[str]:
    """Which of the files that a figure is read from and rebuilt by are not what the publication's manifest says, in words."""
    from dvctt.warehouse.definitions import FOLDER as DEFINITIONS

    return [
        f"{publication.folder / problem.file}: changed since it was published: found {problem.found}, wanted {problem.wanted}"
        for problem in file_problems(publication)
        if problem.file == "marts.duckdb" or problem.file.startswith(f"{DEFINITIONS}/")
    ]


def load_publication(folder: Path) -> Publication:
    """One publication, current or not.

    Raises:
        PublishError: its manifest cannot be read, was changed after it was written, or is that of another number.
    """
    path = folder / "manifest.json"
    try:
        content = path.read_bytes()
        manifest = unseal(content)
        number = int(manifest["number"])
        if not isinstance(manifest["files"], dict) or not isinstance(manifest["extracts"], list):
            raise ValueError("wanted an object 'files' and a list 'extracts'")
        if folder.name != str(number):
            raise ValueError(f"it is that of publication {number}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"no key {error}" if isinstance(error, KeyError) else str(error)
        raise PublishError(f"{path}: not a publication's manifest: {reason}; restore {folder} from backup") from error
    return Publication(number, folder, manifest, hashlib.sha256(content).hexdigest())


def on_disk(published: Path) -> tuple[list[Publication], dict[int, str]]:
    """Publications whose manifests can be read, oldest first; and of every other folder with a number for a name why not."""
    found, unreadable = [], {}
    for number in sorted(taken_numbers(published)):
        try:
            found.append(load_publication(published / str(number)))
        except PublishError as error:
            unreadable[number] = str(error)
    return found, unreadable


def taken_numbers(published: Path) -> set[int]:
    """Every number that a name in this folder is, a publication's or of something unknown."""
    if not published.is_dir():
        return set()
    return {int(path.name) for path in published.iterdir() if NUMBER.fullmatch(path.name)}


def file_problems(publication: Publication) -> Iterator[Problem]:
    """Hold every file of a publication against its manifest: presence, size, sha256."""
    listed = publication.manifest["files"]
    present = {
        str(path.relative_to(publication.folder))
        for path in publication.folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    for name in sorted(present - listed.keys()):
        yield Problem(name, "a file that the manifest does not list", "no such file")
    for name, wanted in sorted(listed.items()):
        path = publication.folder / name
        try:
            if not path.is_file():
                yield Problem(name, "no file", f"{wanted['bytes']} bytes")
            elif path.stat().st_size != wanted["bytes"]:
                yield Problem(name, f"{path.stat().st_size} bytes", f"{wanted['bytes']} bytes")
            elif (found := sha256_of(path)) != wanted["sha256"]:
                yield Problem(name, f"sha256 {found}", f"sha256 {wanted['sha256']}")
        except OSError as error:
            yield Problem(name, f"cannot be read: {error.strerror}", f"{wanted['bytes']} bytes")


def left_out_of(publication: Publication) -> dict[str, str]:
    """Ids of the landed extracts that a publication was made without, each with the reason in one word; none in one of a
    version that left none out.
    """
    return {str(entry["extract_id"]): str(entry["why"]) for entry in publication.manifest.get("left_out", [])}


def refused_of(publication: Publication) -> list[Refusal]:
    """What lay in the inbox and had not landed when a publication was made, as it says so; none in one of a version that
    refused whole nights.
    """
    return [Refusal(**entry) for entry in publication.manifest.get("refused_files", [])]


def closed_in(publication: Publication, closings: Path) -> tuple["ClosedMonth", ...]:
    """The months that are closed in a publication, each in the revision that it shows.

    Raises:
        PublishError: a closing that the manifest names cannot be read.
    """
    from dvctt.warehouse.previous import read_closed

    revisions = publication.manifest.get("closed_months", {})
    return tuple(read_closed(closings / month / str(number)) for month, number in sorted(revisions.items()))


def sha256_of_manifest(published: Path, number: int | None) -> str | None:
    """The hash of the manifest of a publication with this number; None when there is none."""
    path = published / str(number) / "manifest.json"
    return sha256_of(path) if path.is_file() else None


def revisions_of(closed: Sequence["ClosedMonth"]) -> dict[str, int]:
    """Months and their revisions, as a manifest names them."""
    return {month.month: month.revision for month in closed}
