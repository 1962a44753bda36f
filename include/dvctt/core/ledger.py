"""What people decided, in their names: append-only files of one JSON object a line.

How a line is written, read and signed lives here; what a line means is the matter of the room that keeps the ledger. A line
is never changed: what was decided is undone by another line.
"""

import json
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

from dvctt.core.errors import DvcttError, LedgerError
from dvctt.core.files import write_atomically

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode's categories of what steers a terminal, or what nobody sees."""
_LONGEST_NAME = 200
_LONGEST_REASON = 2000


def person_name(name: str, deed: str, refusal: type[DvcttError] = LedgerError) -> str:
    """The name of the person who did something, as it is kept and printed: NFC, without blanks around it.

    Airflow gives ``Anonymous`` when it is set to let everybody in: that is nobody.

    Raises:
        DvcttError: of the class given; it is no name: empty, without a letter, too long, or with a character that nobody
            sees or that steers a terminal.
    """
    found = unicodedata.normalize("NFC", name).strip()
    if not any(character.isalpha() for character in found) or found.casefold() == "anonymous":
        raise refusal(f"found no name of a person who {deed}; wanted one who can be asked")
    _refuse_unseen(found, f"the name of the person who {deed}", _LONGEST_NAME, refusal)
    return found


def stated_reason(reason: str, deed: str, refusal: type[DvcttError] = LedgerError) -> str:
    """Why somebody did something, as it is kept and printed.

    Raises:
        DvcttError: of the class given; it is empty, too long, or holds a character that nobody sees.
    """
    found = unicodedata.normalize("NFC", reason).strip()
    if not any(character.isalnum() for character in found):
        raise refusal(f"found no reason to {deed}; wanted one that can be read years later")
    _refuse_unseen(found, f"the reason to {deed}", _LONGEST_REASON, refusal)
    return found


def _refuse_unseen(text: str, what: str, longest: int, refusal: type[DvcttError]) -> None:
    for place, character in enumerate(text, start=1):
        if unicodedata.category(character) in _UNSEEN:
            raise refusal(
                f"{what}: character {place} is U+{ord(character):04X}, which nobody sees or which steers a terminal; "
                f"wanted letters, digits, signs and blanks"
            )
    if len(text) > longest:
        raise refusal(f"{what}: found {len(text)} characters, wanted at most {longest}")


def append(path: Path, *, at: datetime, **event: Any) -> dict[str, Any]:
    """Add one line, with the moment as its ``at``; the caller holds the home's lock."""
    line = {**event, "at": at.isoformat()}
    path.parent.mkdir(parents=True, exist_ok=True)
    earlier = path.read_text(encoding="utf-8") if path.is_file() else ""
    if earlier and not earlier.endswith("\n"):
        raise LedgerError(f"{path}: its last line is cut; restore it from backup")
    write_atomically(path, earlier + json.dumps(line, ensure_ascii=False) + "\n")
    return line


def read(path: Path, keys: set[str]) -> list[dict[str, Any]]:
    """Every line, oldest first; none where there is no such file yet.

    Args:
        keys: what every line must hold, as text.

    Raises:
        LedgerError: a line is no such object; a ledger that is damaged is never read in part.
    """
    if not path.is_file():
        return []
    found = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path}: cannot be read ({type(error).__name__}); restore it from backup") from error
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LedgerError(f"{path}:{number}: not a line of a ledger: not JSON; restore it from backup") from error
        if not isinstance(event, dict) or any(not isinstance(event.get(key), str) for key in keys):
            raise LedgerError(
                f"{path}:{number}: not a line of this ledger; wanted an object with {', '.join(sorted(keys))}; "
                f"restore it from backup"
            )
        found.append(event)
    return found
