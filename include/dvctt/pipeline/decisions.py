"""What a person decides about landed files: withdrawn, restored, accepted, rejected.

What a decision does is known by landing and publications.
"""

from dataclasses import asdict

from dvctt.landing import withdrawals, zone
from dvctt.landing.zone import Extract
from dvctt.pipeline.home import home_lock, stage_context
from dvctt.province.folder import load_province
from dvctt.publications import holds
from dvctt.report.documents.requests import write_hold_request
from dvctt.settings import Settings


def withdraw_extract(settings: Settings, extract_id: str, *, by: str, reason: str) -> list[Extract]:
    """Take a landed file out of all later nights; the versions of its name that they read from now on.

    Raises:
        LandingError: no such extract, or it is withdrawn already.
        LedgerError: name or reason is empty.
    """
    with stage_context(settings, "withdraw_extract"), home_lock(settings):
        extracts = zone.landed_extracts(settings.landing)
        return withdrawals.withdraw(settings.ledgers, extracts, extract_id, by=by, reason=reason)


def restore_extract(settings: Settings, extract_id: str, *, by: str, reason: str) -> None:
    """Let the nights read a withdrawn file again.

    Raises:
        LandingError: no such extract, or it is not withdrawn.
        LedgerError: name or reason is empty.
    """
    with stage_context(settings, "restore_extract"), home_lock(settings):
        extracts = zone.landed_extracts(settings.landing)
        withdrawals.restore(settings.ledgers, extracts, extract_id, by=by, reason=reason)


def request_decision(settings: Settings, *, number: int | None) -> dict[str, object] | None:
    """What a person is asked about one hold, the oldest that waits if none is named: its number, a subject and a body. None
    when none waits.

    Raises:
        HoldRefused: there is none with this number.
    """
    extracts = zone.landed_extracts(settings.landing)
    known = holds.holds(settings.ledgers) if number is None else [holds.find(settings.ledgers, number)]
    waiting = [
        hold for hold in known if hold.state == "waiting" and not holds.is_outdated(settings.ledgers, hold, extracts)
    ]
    if not waiting:
        return None
    hold = waiting[0]
    file = next((e for e in extracts if e.extract_id == hold.extract_id), None)
    province = load_province(settings.province_folder)
    out = {one.extract_id for one in holds.left_out(settings.ledgers, extracts)}
    subject, body = write_hold_request(
        [{**asdict(movement), "is_beyond": movement.is_beyond} for movement in hold.movements],
        province,
        number=hold.number,
        file=f"{file.source}/{file.entity}/{file.file_name}" if file else None,
        is_sample=file.is_sample if file else zone.is_of_sample(extracts, out),
    )
    return {"hold": hold.number, "subject": subject, "body": body}


def accept_hold(settings: Settings, number: int, *, by: str, reason: str) -> holds.Hold:
    """Let the next night take what is held, with the figures that were shown.

    Raises:
        HoldRefused: no such hold, it is decided or outdated, or name or reason is empty.
    """
    with stage_context(settings, "accept_hold"), home_lock(settings):
        extracts = zone.landed_extracts(settings.landing)
        return holds.accept(settings.ledgers, extracts, number, by=by, reason=reason)


def reject_hold(settings: Settings, number: int, *, by: str, reason: str) -> holds.Hold:
    """Keep the version of a file that is held out of all nights; new content under its name is judged anew.

    Raises:
        HoldRefused: no such hold, no file is to blame, it is decided or outdated, or name or reason is empty.
    """
    with stage_context(settings, "reject_hold"), home_lock(settings):
        extracts = zone.landed_extracts(settings.landing)
        return holds.reject(settings.ledgers, extracts, number, by=by, reason=reason)
