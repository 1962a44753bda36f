"""Commands by which a person decides about landed files, in a name and with a reason."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from dvctt.cli.root import extracts, held
from dvctt.cli.screen import JsonOption, digits, new_table, out, print_json
from dvctt.core.period import Month
from dvctt.settings import Settings

if TYPE_CHECKING:
    from dvctt.landing.zone import Extract
    from dvctt.publications.holds import Hold
    from dvctt.warehouse.verdicts import Movement

HoldArgument = Annotated[int, typer.Argument(help="The hold's number: dvctt held list.")]


class _Landed(TypedDict):
    """A landed file as the list of extracts prints it; who, when and why are of one that is left out."""

    extract_id: str
    source: str
    entity: str
    month: str
    file_name: str
    rows: int
    landed_at: str
    state: str
    by: str | None
    at: str | None
    reason: str | None


@extracts.command("list")
def extracts_list(
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM; default: all months.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Every landed file: its id, rows, when it came, and whether the nights read it (``active``), read a newer version in its
    place (``replaced``), or leave it out (``withdrawn``: by whom, when and why).
    """
    from dvctt.landing.zone import active_extracts, landed_extracts
    from dvctt.publications.holds import left_out

    settings = Settings.from_environment()
    landed = landed_extracts(settings.landing)
    out_of_nights = {one.extract_id: one for one in left_out(settings.ledgers, landed)}
    active = {extract.extract_id for extract in active_extracts(landed, out_of_nights.keys())}
    wanted = str(Month.parse(month)) if month else None
    found: list[_Landed] = [
        {
            "extract_id": extract.extract_id,
            "source": extract.source,
            "entity": extract.entity,
            "month": extract.month,
            "file_name": extract.file_name,
            "rows": extract.rows,
            "landed_at": extract.finished_at,
            "state": left.why
            if (left := out_of_nights.get(extract.extract_id))
            else ("active" if extract.extract_id in active else "replaced"),
            "by": left.by if left else None,
            "at": left.at if left else None,
            "reason": left.reason if left else None,
        }
        for extract in landed
        if wanted in (None, extract.month)
    ]
    if as_json:
        print_json(found)
        return
    table = new_table(title=f"Extracts in {settings.landing}")
    for name in ("extract", "rows", "landed at", "state", "by", "at", "reason"):
        table.add_column(name, no_wrap=True, justify="right" if name == "rows" else "left")
    for one in found:
        table.add_row(
            str(one["extract_id"]),
            digits(one["rows"]),
            str(one["landed_at"]),
            str(one["state"]),
            one["by"] or "",
            one["at"] or "",
            one["reason"] or "",
        )
    out.print(table)
    out.print(f"{len(found)} extracts, {sum(one['by'] is not None for one in found)} of them left out of the nights")


@extracts.command("refused")
def extracts_refused(as_json: JsonOption = False) -> None:
    """What the inbox's last reading refused: which file, why, what to do. Each night reads it again; what was mended or taken
    away is gone from the list.
    """
    from dvctt.landing.refusals import refused_files

    settings = Settings.from_environment()
    found = refused_files(settings.landing)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        out.print(f"- {one.words}", markup=False)
        out.print(
            f"  source {one.source}, {one.entity or 'no entity'}, month {one.month or 'unknown'}: {one.reason}",
            markup=False,
        )
    out.print(f"{len(found)} files refused when {settings.inbox} was last read")
    if found:
        out.print("ask the sources to send them again under the same names, then: dvctt run")


@extracts.command("withdraw")
def extracts_withdraw(
    extract_id: Annotated[str, typer.Argument(help="The extract's id: dvctt extracts list.")],
    by: Annotated[str, typer.Option("--by", help="The person who withdraws it; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept and printed.")],
) -> None:
    """Take a landed file out of all later nights. It stays in landing; the version before it is read in its place."""
    from dvctt.pipeline.decisions import withdraw_extract

    instead = withdraw_extract(Settings.from_environment(), extract_id, by=by, reason=reason)
    read = ", ".join(extract.extract_id for extract in instead) or "nothing: no other version of this name has landed"
    out.print(f"{extract_id} withdrawn; in its place the nights read {read}", markup=False)
    out.print("the next night publishes without it: dvctt run; undo: dvctt extracts restore")


@extracts.command("restore")
def extracts_restore(
    extract_id: Annotated[str, typer.Argument(help="The extract's id: dvctt extracts list.")],
    by: Annotated[str, typer.Option("--by", help="The person who restores it; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept and printed.")],
) -> None:
    """Let the nights read a withdrawn file again."""
    from dvctt.pipeline.decisions import restore_extract

    restore_extract(Settings.from_environment(), extract_id, by=by, reason=reason)
    out.print(f"{extract_id} restored; the next night publishes with it: dvctt run", markup=False)


@held.command("list")
def held_list(
    everything: Annotated[bool, typer.Option("--all", help="What was decided, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What waits for a named person before readers see it: a file's version, or the whole publication."""
    from dvctt.landing.zone import landed_extracts
    from dvctt.publications import holds

    settings = Settings.from_environment()
    extracts = landed_extracts(settings.landing)
    known = [(hold, _state_of(settings, hold, extracts)) for hold in holds.holds(settings.ledgers)]
    found = [(hold, state) for hold, state in known if everything or state == "waiting"]
    if as_json:
        print_json([{**asdict(hold), "state": state} for hold, state in found])
        return
    table = new_table(title=f"Held in {settings.home}")
    for name in ("hold", "state", "what", "figures", "first: whose, month, before -> now, band", "since", "by"):
        table.add_column(name, no_wrap=True)
    for hold, state in found:
        table.add_row(
            str(hold.number),
            state,
            hold.extract_id or "the whole publication",
            str(sum(m.is_beyond for m in hold.movements)),
            _moved(hold.movements[0]),
            hold.held_at,
            hold.by or "",
        )
    out.print(table)
    out.print(f"{len(found)} of {len(known)} that were ever held; look closer: dvctt held show HOLD")


@held.command("show")
def held_show(number: HoldArgument, as_json: JsonOption = False) -> None:
    """The figures that a hold is about: the person who accepts it answers for these and no others."""
    from dvctt.landing.zone import landed_extracts
    from dvctt.publications import holds

    settings = Settings.from_environment()
    hold = holds.find(settings.ledgers, number)
    state = _state_of(settings, hold, landed_extracts(settings.landing))
    if as_json:
        print_json({**asdict(hold), "state": state})
        return
    table = new_table(title=f"Hold {number}: {hold.extract_id or 'the whole publication, no file is to blame'}")
    for name in (
        "entity",
        "measure",
        "scope",
        "whose",
        "month",
        "held against",
        "before",
        "lowest",
        "highest",
        "now",
        "",
    ):
        table.add_column(name, no_wrap=True)
    for m in hold.movements:
        table.add_row(
            m.entity,
            m.measure,
            m.scope,
            m.entity_name_vi,
            m.month,
            m.basis,
            digits(m.before_value),
            digits(m.lowest_value),
            digits(m.highest_value),
            digits(m.new_value),
            "beyond" if m.is_beyond else "",
        )
    out.print(table)
    out.print(f"{state} since {hold.decided_at or hold.held_at}, held by run {hold.run_id}", markup=False)
    if hold.by:
        out.print(f"by {hold.by}: {hold.reason}", markup=False)
    if state == "waiting":
        out.print(f"the figures are right:  dvctt held accept {number} --by NAME --reason TEXT")
        if hold.extract_id:
            out.print(f"the file is wrong:      dvctt held reject {number} --by NAME --reason TEXT")


@held.command("accept")
def held_accept(
    number: HoldArgument,
    by: Annotated[str, typer.Option("--by", help="The person who answers for the figures; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why they are right; kept and printed.")],
) -> None:
    """Let the next night publish what is held, with the figures that were shown; other figures ask again."""
    from dvctt.pipeline.decisions import accept_hold

    hold = accept_hold(Settings.from_environment(), number, by=by, reason=reason)
    out.print(f"hold {number} accepted by {hold.by}; the next night publishes it: dvctt run", markup=False)


@held.command("reject")
def held_reject(
    number: HoldArgument,
    by: Annotated[str, typer.Option("--by", help="The person who rejects it; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is wrong; kept and printed.")],
) -> None:
    """Keep the version of a file that is held out of all nights; new content under its name is judged anew."""
    from dvctt.pipeline.decisions import reject_hold

    hold = reject_hold(Settings.from_environment(), number, by=by, reason=reason)
    out.print(
        f"hold {number} rejected by {hold.by}; the nights read the version before, if there is one. Ask the source to send "
        f"the month again",
        markup=False,
    )


def _state_of(settings: Settings, hold: "Hold", extracts: Sequence["Extract"]) -> str:
    from dvctt.publications import holds

    if hold.state == "waiting" and holds.is_outdated(settings.ledgers, hold, extracts):
        return "outdated"
    return hold.state


def _moved(m: "Movement") -> str:
    band = f"{digits(m.lowest_value)} to {'any' if m.highest_value is None else digits(m.highest_value)}"
    return f"{m.entity_name_vi} {m.month}: {digits(m.before_value)} -> {digits(m.new_value)} {m.entity}, {m.measure}, {band}"
