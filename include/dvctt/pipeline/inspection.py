"""The inspection that every night begins with: whether what it reads, and what readers have, is as it was written."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dvctt.closing import months
from dvctt.core.errors import NotifyError, PublishError
from dvctt.core.files import write_atomically
from dvctt.core.period import Month
from dvctt.landing import integrity, zone
from dvctt.landing.refusals import Refusal, refused_files
from dvctt.landing.zone import Extract, LeftOut
from dvctt.notify import alerts, channels
from dvctt.province.model import Province
from dvctt.publications import holds, next_night, reading
from dvctt.publications.reading import Publication
from dvctt.settings import Settings
from dvctt.warehouse import previous

log = logging.getLogger(__name__)

_DAMAGE, _UNKNOWN_ENTRIES, _REFUSED = "damage", "inbox", "refused"
"""What lasts, and people are told of once."""


_SHOWN = 20
"""How many damaged files an error names; the rest are counted."""


class Verified(NamedTuple):
    """What a night reads, each file held against its hash."""

    extracts: list[Extract]
    left_out: list[LeftOut]
    refused: list[Refusal]
    closed: list[previous.ClosedMonth]


def read_and_verify(settings: Settings, base: Publication | None) -> Verified:
    """Read what has landed, what of it is left out, what was refused and which months are closed.

    Raises:
        DvcttError: something of it is damaged or gone.
    """
    manifest = base.manifest if base else {}
    extracts = zone.landed_extracts(settings.landing)
    left_out = holds.left_out(settings.ledgers, extracts)
    integrity.verify_landing(
        settings.landing, extracts, manifest.get("extracts", ()), unread={one.extract_id for one in left_out}
    )
    integrity.verify_ledgers(settings.ledgers, manifest.get("ledgers", {}))
    months.verify_all(settings.closed, manifest.get("closings", {}))
    return Verified(extracts, left_out, refused_files(settings.landing), months.closed_now(settings.closed))


def inspect_home(
    settings: Settings, show: Callable[[next_night.Standing], None] = lambda _: None
) -> next_night.Standing:
    """What a night looks at before it builds anything: the publication that readers see, landing, closed months, ledgers.

    Args:
        show: is told of the publication before anything else is looked at: both may be damaged.

    Raises:
        DvcttError: something that a night reads is damaged or gone, or the pointer is broken.
    """
    standing = next_night.standing(settings.published)
    show(standing)
    read_and_verify(settings, standing.base)
    return standing


def inspect_publication(settings: Settings, *, run_id: str, month: Month | None) -> next_night.Standing:
    """Every night, also one with nothing new: a publication that is no longer what its manifest says is told to people at
    once, and this very night publishes anew from landing.
    """
    standing = next_night.standing(settings.published)
    if not standing.problems:
        _alert_about_state(settings, _DAMAGE, None)
        return standing
    shown = [str(problem) for problem in standing.problems[:_SHOWN]]
    if len(standing.problems) > _SHOWN:
        shown.append(f"and {len(standing.problems) - _SHOWN} more")
    damage = PublishError(
        "\n".join(
            [
                f"publication {standing.number}, which readers see, is not what its manifest says:",
                *shown,
                f"this night publishes anew from landing; until then tell readers not to use it, or take it back: "
                f"dvctt publications rollback N --reason …; look: dvctt publications verify {standing.number}; "
                f"{reading.RUNBOOK}",
            ]
        )
    )
    log.error("%s", " | ".join(str(damage).splitlines()))
    alert = alerts.alert_for(damage, stage="land_extracts", month=str(month) if month else None, run_id=run_id)
    _alert_about_state(settings, _DAMAGE, alert, state=[standing.number, *map(str, standing.problems)])
    return standing


def alert_about_unread_files(settings: Settings, province: Province, run_id: str) -> None:
    """Files that nobody reads look like files that did not come. People are told once of each state of the inbox: a night with
    nothing new too, because a mistyped folder is why nothing is new. Who could not be told is told by the next night.
    """
    found = zone.unknown_entries(province, settings.inbox)
    for entry in found:
        log.warning("%s: %s: no source of this province owns it; nothing in it is read", settings.inbox, entry)
    known = [source.id for source in province.sources]
    alert = alerts.alert_about_inbox(found, known, province_vi=province.name_vi, run_id=run_id) if found else None
    _alert_about_state(settings, _UNKNOWN_ENTRIES, alert, state=found)


def alert_about_refused_files(settings: Settings, province: Province, run_id: str) -> None:
    """People are told once of what is refused: again when a file is refused that was not, or for another reason, and not while
    the same lies in the inbox night after night.
    """
    refused = refused_files(settings.landing)
    alert = alerts.alert_about_refused(refused, province_vi=province.name_vi, run_id=run_id) if refused else None
    _alert_about_state(settings, _REFUSED, alert, state=[one.words for one in refused])


def _alert_about_state(
    settings: Settings, subject: str, alert: alerts.Alert | None, state: Sequence[object] = ()
) -> None:
    """Tell people once of something that lasts: not again by a retry or a later night while it is as it was, again when it has
    changed or has come back. The outbox keeps it under a name of its own, so that what did not arrive is tried again there and
    nowhere else.

    Args:
        subject: names what is told of.
        alert: what to say; None when all is well, which nobody is told.
        state: what must differ for another alert.
    """
    path = settings.home / "states.json"
    known, number = _states(path)
    digest = hashlib.sha256(json.dumps(state, ensure_ascii=False).encode()).hexdigest()[:12] if alert else None
    if known.get(subject) == digest:
        return
    if alert:
        # Under one name until it is written down here: a run that is killed in between tells nobody twice.
        entry_id = f"{subject}-{number}-{digest}"
        try:
            channels.send(alert, entry_id=entry_id)
        except NotifyError as error:
            log.error("%s is not told to everybody: %s", entry_id, error)
        if not channels.is_kept(entry_id):
            return
    write_atomically(path, json.dumps({**known, subject: digest, "next": number + 1}) + "\n")


def _states(path: Path) -> tuple[dict[str, Any], int]:
    """What people were told of last, by subject, and the number of the next alert of this kind."""
    if not path.is_file():
        return {}, 1
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return known, int(known["next"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning(
            "%s: cannot be read (%s): what lasts is told anew, rather twice than never", path, type(error).__name__
        )
        # Higher than the number of any alert that is still kept.
        names = [entry.entry_id.rsplit("-", 2) for entry in channels.waiting_and_sent()]
        return {}, 1 + max((int(parts[1]) for parts in names if len(parts) == 3 and parts[1].isdecimal()), default=0)
