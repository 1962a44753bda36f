"""What of the inbox was refused the last time that it was read: which file, why, and in which words.

Nothing is decided here and nothing is remembered: every night reads the inbox anew and says again what it refuses, so that a
file that was mended or taken away is gone from the list. The list lies beside what has landed, as ``landing/refused.json``;
where nothing is refused there is none. A kill between landing and this list leaves the list of the night before, and the next
night writes it anew.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dvctt.core.errors import LandingError, RefusalReason
from dvctt.core.files import seal, unseal, write_atomically

_LIST = "refused.json"


@dataclass(frozen=True)
class Refusal:
    """One file of a source, or what lies in a file's place, that did not land.

    Attributes:
        source: the source in whose folder it lies.
        entity, month: what it is of, as far as its place and its name say so; a month that cannot be is None.
        file_name: under which name it would have landed; None where its name is not of the contract, for anything may stand
            in such a name.
        reason: the class of why.
        words: what is wrong, where, and what is wanted, with the path from the inbox on; no value of a file is quoted.
    """

    source: str
    entity: str | None
    month: str | None
    file_name: str | None
    reason: RefusalReason
    words: str

    @property
    def published(self) -> "Refusal":
        """What a publication says of it. In the place of the words, which name whatever lies in the inbox, stands what differs
        when they differ.
        """
        return replace(self, words=hashlib.sha256(self.words.encode()).hexdigest()[:12])


def in_order(refused: Sequence[Refusal]) -> list[Refusal]:
    """By place, the same whatever order the folders were read in."""
    return sorted(
        refused, key=lambda one: (one.source, one.entity or "", one.month or "", one.file_name or "", one.words)
    )


def write_refused(landing: Path, refused: Sequence[Refusal]) -> None:
    """Replace the list; without a refusal there is none."""
    path = landing / _LIST
    if refused:
        write_atomically(path, seal({"refused": [asdict(one) for one in in_order(refused)]}))
    else:
        path.unlink(missing_ok=True)


def refused_files(landing: Path) -> list[Refusal]:
    """What the inbox's last reading refused, by source, entity, month and name.

    Raises:
        LandingError: the list cannot be read, or was changed after it was written.
    """
    path = landing / _LIST
    if not path.is_file():
        return []
    try:
        return [Refusal(**one) for one in unseal(path.read_bytes())["refused"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise LandingError(
            f"{path}: not the list of refused files ({type(error).__name__}); the next night writes it anew: remove it, then "
            f"dvctt run"
        ) from error
