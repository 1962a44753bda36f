"""Files that are not made again: one whose inputs are those of a file made earlier is that file, under a second name.

Only digests, and giving a file a second name, may live here. What a file is made of is said by who makes it. A shared file is
never opened for writing: whoever changes one name writes a new file and puts it in the old one's place (`dvctt.core.files`).
"""

import hashlib
import logging
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dvctt.core.files import digest_of_files, link_or_copy, not_regular, sha256_of

log = logging.getLogger(__name__)


def digest_of(*parts: str) -> str:
    """Hex sha256 of texts, each with its length before it: where one ends and the next begins is a part of the digest."""
    digest = hashlib.sha256()
    for part in parts:
        text = part.encode()
        digest.update(f"{len(text)}:".encode() + text)
    return digest.hexdigest()


def makers_digest(folders: Mapping[Path, Iterable[Path]], libraries: Iterable[Path]) -> str:
    """Digest of what makes files: code, templates and words, the version of every library that is installed, and Python's own,
    with that of its tables of characters.

    Args:
        folders: code, templates and words, by the folders that they lie in.
        libraries: where libraries are installed. All of them count: which of them another one calls is not known here.
    """
    parts = [sys.version, unicodedata.unidata_version]
    # An installed library has a folder with its name and version beside it.
    parts += sorted({path.name for folder in libraries for path in folder.glob("*.dist-info")})
    return digest_of(*parts, *(digest_of_files(folder, paths) for folder, paths in folders.items()))


@dataclass
class Sharing:
    """A folder that is being filled, beside one that was filled earlier and is only read.

    Attributes:
        folder: what is being filled.
        makers: `makers_digest` of whoever fills it.
        earlier: the folder that was filled earlier; None when there is none.
        listed: what is known of its files, by their paths in it: ``sha256``, and ``inputs`` of those that have them.
        inputs: the same of the new folder's files: ``data``, the digest of the rows that a file shows, and ``inputs``, that of
            all that it is made of.
        shared: the files that were not made, by their paths.
    """

    folder: Path
    makers: str = ""
    earlier: Path | None = None
    listed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    def make(self, path: Path, make: Callable[[Path], object], data: str, *beside: str) -> Path:
        """A file of the folder: the earlier one of its name if its inputs are equal, else what ``make`` writes.

        Args:
            path: where; nothing lies there yet.
            make: writes the file; asked only if it is needed.
            data: digest of the rows that it shows.
            beside: what else it reads, but for the makers.
        """
        name = self._name(path)
        inputs = digest_of(name, self.makers, data, *beside)
        self.inputs[name] = {"data": data, "inputs": inputs}
        if self.listed.get(name, {}).get("inputs") != inputs or not self._take(name, path):
            make(path)
        return path

    def settle(self, path: Path) -> str:
        """Put the earlier file in the place of one that was made and has the same bytes, so that they lie on the disk once;
        the sha256 of both. For what costs less to make than to compare by its inputs.
        """
        name, sha256 = self._name(path), sha256_of(path)
        if self.listed.get(name, {}).get("sha256") == sha256:
            beside = path.with_name(f".{path.name}.tmp")
            if self._take(name, beside):
                beside.replace(path)
        return sha256

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _take(self, name: str, path: Path) -> bool:
        """Give the earlier file a second name; False when it is not there, or no longer what it was when it was listed."""
        if self.earlier is None:
            return False
        source = self.earlier / name
        if not source.is_file() or not_regular(source):
            log.warning("%s: gone; it is made again", source)
            return False
        link_or_copy(source, path)
        # Under its new name, for then it is the very file that was looked at.
        if sha256_of(path) != self.listed[name]["sha256"]:
            path.unlink()
            log.warning("%s: not as it was published; it is made again", source)
            return False
        self.shared.add(name)
        return True
