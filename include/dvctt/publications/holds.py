"""What moved a month beyond its band, and waits for the word of a named person before readers see it.

Held is the smallest part that can be: the version of the file that moved the month, so that the version before goes on; the
whole publication only where no file is to blame. Which movement is beyond its band is decided by dbt_project
(``aud_movements``); here stand whose work it was, the ledger, and what people said to it. A person's word is bound to the
file's content and to the figures that were shown: other figures ask again.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from dvctt.clock import now
from dvctt.core import ledger
from dvctt.core.errors import HoldRefused
from dvctt.landing.withdrawals import withdrawn
from dvctt.landing.zone import Extract, LeftOut, active_extracts
from dvctt.publications.reading import Publication, left_out_of
from dvctt.warehouse.connections import open_candidate, read_rows
from dvctt.warehouse.verdicts import Accepted, Movement

log = logging.getLogger(__name__)

LEDGER = "holds.jsonl"
_KEYS = {"event", "hold", "at"}
_FEEDS = {
    "filings": ("filings",),
    "payment_requests": ("payment_requests",),
    # An attempt names no agency: it is that of its request.
    "payment_attempts": ("payment_attempts", "payment_requests"),
}
"""Whose files can move a figure, the likeliest first."""
_SCOPES = ("agency", "group", "province")
"""The narrowest first: what one agency's file did to its group is not told of the group's other files."""
_ROUNDS = 5
"""A version that is left out gives way to the one before, which may be as bad; more than so many in a night is no accident."""

State = Literal["waiting", "accepted", "rejected", "lapsed"]
_NOBODY = "nobody yet"


@dataclass(frozen=True)
class Hold:
    """One thing that waits, or waited, for a person.

    Attributes:
        extract_id: the file's version; None when no file is to blame and the whole publication waits.
        movements: the figures that a person is shown, and answers for: those beyond their bands first, then what else moved
            with them.
        held_at, run_id: when it was held, and by which run.
        by, reason, decided_at: of the last word; None while there is none.
    """

    number: int
    extract_id: str | None
    movements: tuple[Movement, ...]
    held_at: str
    run_id: str
    state: State = "waiting"
    by: str | None = None
    reason: str | None = None
    decided_at: str | None = None


def holds(ledgers: Path) -> list[Hold]:
    """Everything that was ever held, oldest first.

    Raises:
        LedgerError: the ledger is damaged.
    """
    found: dict[str, Hold] = {}
    for event in ledger.read(ledgers / LEDGER, _KEYS):
        number = event["hold"]
        if event["event"] == "held":
            movements = tuple(Movement(**movement) for movement in event["movements"])
            found[number] = Hold(int(number), event["extract_id"], movements, event["at"], event["run_id"])
        elif number in found:
            found[number] = replace(
                found[number],
                state=event["event"],
                by=event.get("by"),
                reason=event.get("reason"),
                decided_at=event["at"],
            )
    return list(found.values())


def find(ledgers: Path, number: int) -> Hold:
    """One of them.

    Raises:
        HoldRefused: there is none with this number.
    """
    known = holds(ledgers)
    for hold in known:
        if hold.number == number:
            return hold
    numbers = ", ".join(str(hold.number) for hold in known) or "none"
    raise HoldRefused(f"{ledgers / LEDGER}: nothing held under the number {number}; there are: {numbers}")


def left_out(ledgers: Path, extracts: Sequence[Extract]) -> list[LeftOut]:
    """Every landed extract that the nights leave out: what a person withdrew, what is held and what was rejected.

    It is the content under its name that is held or rejected: when the source sends the very bytes again, they stay out. What
    newer content has taken the place of stays out as ``outdated``, and nobody is told to wait for it.

    Raises:
        LedgerError: a ledger is damaged.
    """
    out = withdrawn(ledgers, extracts)
    gone = {one.extract_id for one in out}
    landed = [extract for extract in extracts if extract.extract_id not in gone]
    last = {Extract.content_of(hold.extract_id): hold for hold in holds(ledgers) if hold.extract_id is not None}
    for extract in extracts:
        hold = last.get(extract.content_id)
        if hold is not None and extract.extract_id not in gone and hold.state in ("waiting", "rejected"):
            why = "outdated" if _is_outdated(hold, landed) else "held"
            out.append(_left_out(extract, hold, why if hold.state == "waiting" else hold.state))
    return out


def _left_out(extract: Extract, hold: Hold, why: str) -> LeftOut:
    first = hold.movements[0]
    moved = f"hold {hold.number}: {first.entity_name_vi} {first.month}: {first.before_value} -> {first.new_value}"
    return LeftOut(extract.extract_id, why, hold.by or _NOBODY, hold.reason or moved, hold.decided_at or hold.held_at)


def accepted_movements(ledgers: Path, extracts: Sequence[Extract]) -> list[Accepted]:
    """The figures that people have answered for: with a file's version, as long as it is read, whatever they are held against;
    without one, as they were shown.

    Raises:
        LedgerError: the ledger is damaged.
    """
    out = {one.extract_id for one in left_out(ledgers, extracts)}
    read = {extract.content_id for extract in active_extracts(extracts, out)}
    found: list[Accepted] = []
    for hold in holds(ledgers):
        if hold.state != "accepted":
            continue
        if hold.extract_id is None:
            found.extend(Accepted(movement, None) for movement in hold.movements)
        elif (content := Extract.content_of(hold.extract_id)) in read:
            found.extend(Accepted(replace(movement, before_value=None), content) for movement in hold.movements)
    return found


def is_outdated(ledgers: Path, hold: Hold, extracts: Sequence[Extract]) -> bool:
    """Whether newer content has come under the name of the file that is held: the old one will not be read any more.

    Raises:
        LedgerError: a ledger is damaged.
    """
    gone = {one.extract_id for one in withdrawn(ledgers, extracts)}
    return _is_outdated(hold, [extract for extract in extracts if extract.extract_id not in gone])


def _is_outdated(hold: Hold, extracts: Sequence[Extract]) -> bool:
    if hold.extract_id is None:
        return False
    content = Extract.content_of(hold.extract_id)
    own = [extract for extract in extracts if extract.content_id == content]
    return bool(own) and any(e.name_key == own[-1].name_key and e.arrival > own[-1].arrival for e in extracts)


def accept(ledgers: Path, extracts: Sequence[Extract], number: int, *, by: str, reason: str) -> Hold:
    """Let the next night take what is held, with the figures that were shown; the caller holds the home's lock.

    Raises:
        HoldRefused: no such hold, it is decided or outdated, or name or reason is empty.
        LedgerError: the ledger is damaged.
    """
    return _decide(ledgers, extracts, number, "accepted", by=by, reason=reason)


def reject(ledgers: Path, extracts: Sequence[Extract], number: int, *, by: str, reason: str) -> Hold:
    """Keep a file's version out for ever; new content is judged anew. The caller holds the home's lock.

    Raises:
        HoldRefused: no such hold, no file is to blame, it is decided or outdated, or name or reason is empty.
        LedgerError: the ledger is damaged.
    """
    if find(ledgers, number).extract_id is None:
        raise HoldRefused(
            f"hold {number}: no file is to blame, so there is none to keep out; mend what moved the figures (the province "
            f"folder, a withdrawal, the software), or accept them; look: dvctt held show {number}"
        )
    return _decide(ledgers, extracts, number, "rejected", by=by, reason=reason)


def _decide(ledgers: Path, extracts: Sequence[Extract], number: int, state: State, *, by: str, reason: str) -> Hold:
    hold = find(ledgers, number)
    person = ledger.person_name(by, f"{state} hold {number}", HoldRefused)
    why = ledger.stated_reason(reason, f"have {state} hold {number}", HoldRefused)
    # Who rejected may be wrong too; what was accepted has been published since, and is withdrawn instead.
    if hold.state not in ("waiting", "rejected") or hold.state == state:
        raise HoldRefused(
            f"hold {number} is {hold.state} already, {hold.decided_at}, by {hold.by or _NOBODY}; look: dvctt held show {number}"
        )
    if is_outdated(ledgers, hold, extracts):
        raise HoldRefused(
            f"hold {number}: newer content has come under this file's name since, and is judged anew; look: dvctt held list"
        )
    line = ledger.append(ledgers / LEDGER, at=now(), event=state, hold=str(number), by=person, reason=why)
    log.info("hold %d %s by %s: %s", number, state, person, why)
    return replace(hold, state=state, by=person, reason=why, decided_at=line["at"])


def settle(
    candidate: Path,
    ledgers: Path,
    *,
    extracts: Sequence[Extract],
    already_out: Sequence[LeftOut],
    base: Publication | None,
    run_id: str,
    build: Callable[[Sequence[LeftOut]], object],
) -> list[LeftOut]:
    """Leave out of a candidate whose audit tables stand what moved a month beyond its band, and write it down.

    A file is held only if a movement is gone without it; what is left is the whole publication's, and the gate's to stop.

    Args:
        extracts: all that have landed.
        already_out: those that this candidate was built without.
        base: the publication that the candidate is compared with.
        build: builds facts and audit tables again, without the given extracts.

    Returns:
        What the candidate was built without in the end.

    Raises:
        LedgerError: the ledger is damaged.
    """
    beyond, within, files = _read(candidate)
    out = {one.extract_id for one in already_out}
    shown: dict[str, tuple[Movement, ...]] = {}
    blamed: dict[str, list[Movement]] = {}
    for _ in range(_ROUNDS):
        suspects = _new_since(base, extracts, out | shown.keys())
        found = _blame(beyond, files, suspects, extracts) if beyond else {}
        if not found:
            break
        for extract, movements in found.items():
            blamed[extract.extract_id] = movements
            # The rest too: what a person accepts may lie beyond its band once other figures are published before it.
            shown[extract.extract_id] = tuple(m for m in (*beyond, *within) if _concerns(m, extract, files))
        build([*already_out, *(_trial(extract_id) for extract_id in shown)])
        beyond, within, files = _read(candidate)
    still = {_place(movement) for movement in beyond}
    innocent = [one for one, movements in blamed.items() if all(_place(m) in still for m in movements)]
    if innocent:
        for extract_id in innocent:
            del shown[extract_id]
        build([*already_out, *(_trial(extract_id) for extract_id in shown)])
        beyond, within, _ = _read(candidate)
    _write_down(ledgers, shown, beyond, run_id)
    # What the candidate was built without, whatever the ledger says: a run that was killed before it wrote the ledger left
    # out a file that is told of nowhere, and the next night must judge it.
    known = {one.extract_id: one for one in left_out(ledgers, extracts)}
    without = [*already_out, *(_trial(extract_id) for extract_id in shown)]
    return [known.get(one.extract_id, one) for one in without]


def _trial(extract_id: str) -> LeftOut:
    return LeftOut(extract_id, "held", _NOBODY, "", "")


def _place(movement: Movement) -> tuple[str, ...]:
    return movement.entity, movement.measure, movement.scope, movement.entity_code, movement.month


def _read(candidate: Path) -> tuple[list[Movement], list[Movement], list[dict[str, Any]]]:
    """Movements beyond their band that nobody has accepted, what else moved in their months, and what each file gives to
    these.
    """
    columns = (
        "entity, measure, scope, entity_code, entity_name_vi, strftime(month, '%Y-%m'), basis, before_value, lowest_value, "
        "highest_value, new_value"
    )
    with open_candidate(candidate) as connection:
        found = connection.execute(
            f"select {columns} from aud_movements where new_value <> allowed_value order by all"
        ).fetchall()
        if not found:
            return [], [], []
        rest = connection.execute(
            f"select {columns} from aud_movements where new_value = allowed_value and new_value <> before_value "
            "and (entity, month) in (select (entity, month) from aud_movements where new_value <> allowed_value) order by all"
        ).fetchall()
        files = read_rows(
            connection, "select * replace (strftime(month, '%Y-%m') as month) from aud_movement_files order by all"
        )
        return [Movement(*row) for row in found], [Movement(*row) for row in rest], files


def _new_since(base: Publication | None, extracts: Sequence[Extract], out: Iterable[str]) -> list[Extract]:
    """The extracts that this candidate reads and the publication did not."""
    before: set[str] = set()
    if base is not None:
        listed = {str(one["extract_id"]) for one in base.manifest["extracts"]}
        of_then = [extract for extract in extracts if extract.extract_id in listed]
        before = {extract.extract_id for extract in active_extracts(of_then, left_out_of(base).keys())}
    return [extract for extract in active_extracts(extracts, set(out)) if extract.extract_id not in before]


def _blame(
    beyond: Sequence[Movement],
    files: Sequence[Mapping[str, Any]],
    suspects: Sequence[Extract],
    extracts: Sequence[Extract],
) -> dict[Extract, list[Movement]]:
    """The files whose work the movements are, of the narrowest scope in which any file's work is seen."""
    names = {extract.content_id: extract.name_key for extract in extracts}
    for scope in _SCOPES:
        found: dict[Extract, list[Movement]] = {}
        for movement in beyond:
            if movement.scope == scope:
                for extract in _culprits(movement, files, suspects, names):
                    found.setdefault(extract, []).append(movement)
        if found:
            return found
    return {}


def _culprits(
    movement: Movement,
    files: Sequence[Mapping[str, Any]],
    suspects: Sequence[Extract],
    names: Mapping[str, tuple[str, str, str]],
) -> list[Extract]:
    """Who moved a figure: the new version that moved it furthest the way it went. A month that is too small from its first
    day on was moved by nobody that can be measured: then the file that brings it.
    """
    now, before = ("rows_now", "rows_before") if movement.measure == "rows" else ("amount_now_vnd", "amount_before_vnd")
    moved: dict[tuple[str, str, str], int] = {}
    for row in files:
        if _within(movement, row) and row["extract_id"] in names:
            key = names[row["extract_id"]]
            moved[key] = moved.get(key, 0) + row[now] - row[before]
    way = 1 if movement.highest_value is not None and movement.new_value > movement.highest_value else -1
    able = [extract for extract in suspects if extract.entity in _FEEDS[movement.entity]]
    movers = [extract for extract in able if moved.get(extract.name_key, 0) * way > 0]
    if movers:
        return [max(movers, key=lambda extract: (abs(moved[extract.name_key]), extract.arrival))]
    for entity in _FEEDS[movement.entity]:
        of_month = [extract for extract in able if extract.entity == entity and extract.month == movement.month]
        own = [extract for extract in of_month if moved.get(extract.name_key)]
        if found := own or of_month:
            return found
    # A row that wins over another month's moves that month too, whatever month its file is for.
    return [max(able, key=lambda extract: (extract.rows, extract.arrival))] if able else []


def _within(movement: Movement, row: Mapping[str, Any]) -> bool:
    """Whether an agency's rows of a file are among those that a figure counts."""
    if (row["entity"], row["month"]) != (movement.entity, movement.month):
        return False
    if movement.scope == "agency":
        return bool(row["agency_code"] == movement.entity_code)
    return movement.scope == "province" or bool(row["group_code"] == movement.entity_code)


def _concerns(movement: Movement, extract: Extract, files: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a person who is asked about a file is shown a figure: one that the file may have moved."""
    if extract.entity not in _FEEDS[movement.entity]:
        return False
    if extract.month == movement.month:
        return True
    return any(_within(movement, row) and row["extract_id"] == extract.content_id for row in files)


def _write_down(
    ledgers: Path, shown: Mapping[str, tuple[Movement, ...]], beyond: Sequence[Movement], run_id: str
) -> None:
    known = holds(ledgers)
    number = max((hold.number for hold in known), default=0)
    for extract_id, movements in shown.items():
        number += 1
        _hold(ledgers, number, extract_id, movements, run_id)
    waiting = [hold for hold in known if hold.extract_id is None and hold.state == "waiting"]
    if beyond and not any(hold.movements == tuple(beyond) for hold in waiting):
        _hold(ledgers, number + 1, None, beyond, run_id)
    for hold in waiting:
        if hold.movements != tuple(beyond):
            ledger.append(ledgers / LEDGER, at=now(), event="lapsed", hold=str(hold.number), run_id=run_id)


def _hold(ledgers: Path, number: int, extract_id: str | None, movements: Sequence[Movement], run_id: str) -> None:
    ledger.append(
        ledgers / LEDGER,
        at=now(),
        event="held",
        hold=str(number),
        extract_id=extract_id,
        run_id=run_id,
        movements=[asdict(movement) for movement in movements],
    )
    first, beyond = movements[0], sum(movement.is_beyond for movement in movements)
    log.warning(
        "held as %d: %s: %d figures beyond their bands, first: %s %s of %s: %s before, now %s; look: dvctt held show %d",
        number,
        extract_id or "the whole publication",
        beyond,
        first.entity,
        first.month,
        first.entity_code,
        first.before_value,
        first.new_value,
        number,
    )
