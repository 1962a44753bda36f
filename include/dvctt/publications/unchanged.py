"""What did not change from one publication to the next is one file with two names, and is not made again.

A page or a CSV file of the publication that readers see is taken over when the digest of its inputs is equal: the rows that it
shows, the province folder, the code, templates and words that draw it, the versions of the libraries. A Parquet file is written
first and gives way to one with the same bytes: that costs less than a digest of its rows, and its sha256 is the digest of the
rows for the CSV file beside it. What the publication before does not have, or has damaged, is made. The manifest keeps the
digests (`publish`); until it is sealed they lie in ``inputs.json`` of the folder that is being put together.

Beside this, only the proof may live here: everything drawn anew, and held against what was published.
"""

import json
import logging
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvctt.core.errors import PublishError
from dvctt.core.files import sha256_of, unseal, write_atomically
from dvctt.core.sharing import Sharing, makers_digest
from dvctt.province.model import Province
from dvctt.publications.reading import Problem, Publication, building_folder, current_publication
from dvctt.settings import INCLUDE_ROOT, PACKAGE_ROOT, PROJECT_ROOT

log = logging.getLogger(__name__)

INPUTS = "inputs.json"
_SUFFIXES = (".css", ".csv", ".j2", ".json", ".po", ".py", ".typ", ".yml")


def files_of_makers() -> dict[Path, list[Path]]:
    """Code, templates and words that pages and CSV files are made by, by their folders; and the seeds, for the name of a metric
    is a cell of one. What a run leaves behind there is none of them.
    """
    folders = (PACKAGE_ROOT, INCLUDE_ROOT / "reports", PROJECT_ROOT / "dbt_project" / "seeds")
    return {folder: [path for path in folder.rglob("*") if path.suffix in _SUFFIXES] for folder in folders}


def makers() -> str:
    """Digest of all that a page or a CSV file is made by, but for what it shows, as it lies on the disk now."""
    libraries = sorted({Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")})
    return makers_digest(files_of_makers(), libraries)


def begin(published: Path) -> Sharing:
    """What the next publication may take over from the one that readers see; nothing before the first, or if it is damaged."""
    building = building_folder(published)
    try:
        current = current_publication(published)
    except PublishError as error:
        log.warning("nothing is taken over from the current publication: %s", error)
        current = None
    if current is None:
        return Sharing(building, makers())
    return Sharing(building, makers(), current.folder, current.manifest["files"])


def draw(marts: Path, province: Province, number: int, sharing: Sharing, *, is_sample: bool = False) -> list[Path]:
    """Fill ``reports/`` and ``csv/`` of a folder that holds its Parquet files, as far as the earlier one has them otherwise.

    Args:
        is_sample: whether the figures are a sample's: pages say so, and a note beside the CSV and the Parquet files.

    Returns:
        The paths of all pages and CSV files.
    """
    from dvctt.report.documents.month_page import write_reports
    from dvctt.report.writers.csv_files import write_csv, write_sample_note

    pages = write_reports(marts, sharing.folder / "reports", province, number, sharing, is_sample=is_sample)
    data = {path.stem: sha256_of(path) for path in sorted((marts.parent / "parquet").glob("*.parquet"))}
    tables = write_csv(marts, sharing.folder / "csv", sharing, data)
    if is_sample:
        for folder in ("csv", "parquet"):
            write_sample_note(sharing.folder / folder)
    return [*pages, *tables]


def keep_inputs(sharing: Sharing, since: str | None = None) -> None:
    """Leave the digests for the stage that seals the publication; none of them if code, templates or words were changed while
    it was drawn: what this process had read of them before is not what lies there now, and a later night would take its pages
    for those of the new ones.

    Args:
        since: what `makers` said when the run began; None if that was now.
    """
    if {since or sharing.makers, makers()} != {sharing.makers}:
        log.warning("code, templates or words were changed during this run: the next publication takes no page over")
        sharing = Sharing(sharing.folder)
    left = {"drawn_by": sharing.makers, "files": sharing.inputs}
    write_atomically(sharing.folder / INPUTS, json.dumps(left, indent=1, sort_keys=True) + "\n")


def inputs_of(building: Path) -> tuple[str, Mapping[str, Mapping[str, str]]]:
    """What was left: by whom pages and CSV files were made, and their digests by name; out of the manifest when a run was
    killed after it had sealed it, and empty where nothing was drawn.
    """
    if (path := building / INPUTS).is_file():
        left = json.loads(path.read_text(encoding="utf-8"))
        return left["drawn_by"], left["files"]
    if (path := building / "manifest.json").is_file():
        manifest = unseal(path.read_bytes())
        return manifest["drawn_by"], _digests(manifest["files"])
    return "", {}


def _digests(files: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {
        name: {"data": str(entry["data"]), "inputs": str(entry["inputs"])}
        for name, entry in files.items()
        if "inputs" in entry
    }


def redraw(publication: Publication, province: Province, folder: Path) -> tuple[int, list[Problem]] | None:
    """Draw every page and CSV file of a publication anew out of its tables, and hold it against what was published.

    Args:
        folder: an empty one, for what is drawn.

    Returns:
        How many files were compared, and those that differ, in their bytes or in the digests that the manifest lists; None
        when other code, other libraries or another province folder made them, so that nothing can be compared.
    """
    sharing = Sharing(folder, makers())
    manifest = publication.manifest
    if (manifest.get("drawn_by"), manifest["province_digest"]) != (sharing.makers, province.digest):
        return None
    draw(publication.marts, province, publication.number, sharing, is_sample=publication.is_sample)
    listed, problems = _digests(manifest["files"]), []
    for name in sorted(listed.keys() | sharing.inputs.keys()):
        path, anew = publication.folder / name, folder / name
        found, wanted = (sha256_of(one) if one.is_file() else "no file" for one in (path, anew))
        if found != wanted:
            problems.append(Problem(name, f"sha256 {found}", f"sha256 {wanted}, as it is drawn anew"))
        elif listed.get(name) != sharing.inputs.get(name):
            problems.append(Problem(name, f"digests {listed.get(name)}", f"digests {sharing.inputs.get(name)}"))
    return len(sharing.inputs), problems
