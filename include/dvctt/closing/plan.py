"""May a month be closed: which feeds are missing, which figures a person has read, what was waived.

Nothing here writes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvctt.clock import now
from dvctt.closing.figures import figures_of_publication
from dvctt.closing.months import closed_now, revisions_of_month
from dvctt.core.errors import CloseRefused, WarehouseError
from dvctt.core.files import unseal
from dvctt.core.period import Month
from dvctt.databases import open_database
from dvctt.landing.refusals import refused_files
from dvctt.landing.zone import Extract, landed_extracts
from dvctt.province.model import CloseWaiver, Province
from dvctt.publications.holds import holds, is_outdated, left_out
from dvctt.publications.next_night import work_to_do
from dvctt.publications.reading import Publication, current_publication, load_publication, refuse_damaged
from dvctt.publications.store import published_runs


@dataclass(frozen=True)
class Feed:
    """A feed that was owed for a month and did not come."""

    source_id: str
    entity: str
    agency_code: str
    agency_name_vi: str


@dataclass(frozen=True)
class Plan:
    """What a close would freeze, and what stands in its way.

    Attributes:
        missing: feeds that did not come and that nobody has waived: one is enough to refuse the close.
        waived: feeds that did not come, each with the waiver that lets the month be closed without it.
        not_applicable: waivers of the month that no missing feed answers to; logged, and no reason to refuse.
        waiting: what landing or the province folder holds that the publication does not: shown, and no reason to refuse.
    """

    month: Month
    revision: int
    publication: Publication
    missing: tuple[Feed, ...]
    waived: tuple[tuple[Feed, CloseWaiver], ...]
    not_applicable: tuple[CloseWaiver, ...]
    waiting: tuple[str, ...]


def plan_close(
    *,
    published: Path,
    closed: Path,
    landing: Path,
    ledgers: Path,
    candidate: Path,
    verdicts: Path,
    province: Province,
    month: Month,
) -> Plan:
    """What closing a month would freeze; nothing is written.

    Raises:
        CloseRefused: the month is not over, not published or closed already, or the last verdict in this home is not
            ``passed``.
        WarehouseError: a run has begun and has not published.
        PublishError: the current publication cannot be read, or its marts are not what was published.
    """
    revision = _next_revision(closed, month)
    publication = _publication_to_close(published)
    _refuse_unsettled_home(publication, published, candidate, verdicts)
    _refuse_unclosable(publication, month)
    missing, waived, not_applicable = _match_waivers(_missing(publication, month), _waivers(province, month))
    extracts = landed_extracts(landing)
    refused = refused_files(landing)
    work = work_to_do(published, extracts, province, closed_now(closed), left_out(ledgers, extracts), refused)
    waiting = (
        *([f"{len(work.new_extract_ids)} extracts"] if work.new_extract_ids else ()),
        *work.changed,
        *_undecided_holds(ledgers, extracts, month),
        *(
            f"{one.entity} {one.file_name}, which is refused: dvctt extracts refused"
            for one in refused
            if one.month == str(month)
        ),
    )
    return Plan(month, revision, publication, missing, waived, not_applicable, waiting)


def _next_revision(closed: Path, month: Month) -> int:
    """The number of the revision that a close would make; refuses a month that is closed, or not over."""
    folder = closed / str(month)
    known = revisions_of_month(folder) if folder.is_dir() else []
    if known and known[-1].reopened_at is None:
        last = known[-1].closed
        raise CloseRefused(
            f"{month} is closed already: revision {last.revision}, approved by {last.approved_by}, {last.closed_at}; "
            f"to close it again, open it first: dvctt reopen --month {month} --by … --reason …"
        )
    if now().date() < month.shifted(1).first_day:
        raise CloseRefused(f"{month} is not over: found {now():%Y-%m-%d}, wanted a day after the month's last")
    return known[-1].closed.revision + 1 if known else 1


def _publication_to_close(published: Path) -> Publication:
    publication = current_publication(published)
    if publication is None:
        raise CloseRefused(f"{published}: no publication yet; a month is closed out of one: dvctt run")
    refuse_damaged(publication)
    return publication


def _refuse_unclosable(publication: Publication, month: Month) -> None:
    """Refuse a month that the publication shows as it was closed before, or of which it holds nothing."""
    if str(month) in publication.manifest.get("closed_months", {}):
        raise CloseRefused(
            f"publication {publication.number} still shows {month} as it was closed before; "
            f"let one night publish it open, then close it again: dvctt run"
        )
    if _query(publication, "select count(*) from mart_online_rates where month = $month", month)[0][0] == 0:
        raise CloseRefused(
            f"publication {publication.number} holds no data at all of {month}: a month that nothing came for is not "
            f"closed; look: dvctt status"
        )


def _undecided_holds(ledgers: Path, extracts: Sequence[Extract], month: Month) -> list[str]:
    """What waits for a person's word and would move the month."""
    return [
        f"hold {hold.number}, which no one has decided: dvctt held show {hold.number}"
        for hold in holds(ledgers)
        if hold.state == "waiting"
        and not is_outdated(ledgers, hold, extracts)
        and any(movement.month == str(month) for movement in hold.movements)
    ]


def _refuse_unsettled_home(publication: Publication, published: Path, candidate: Path, verdicts: Path) -> None:
    """A close is for ever: not while the last thing that is known of the data is that it did not pass, and not between a
    run's first stage and its publication, which would show the month open again.
    """
    last = max(verdicts.glob("*.json"), key=lambda path: path.name, default=None)
    if last is not None and not last.stem.endswith("-passed"):
        raise CloseRefused(
            f"{last}: the last verdict of this home is not 'passed', and publication {publication.number} is older than "
            f"it; mend the cause and let a night pass first: dvctt verdict"
        )
    begun = candidate / "run.json"
    if begun.is_file():
        try:
            run_id = unseal(begun.read_bytes())["run_id"]
        except (OSError, ValueError, KeyError) as error:
            raise WarehouseError(
                f"{begun}: cannot be read ({type(error).__name__}), so nobody can tell whether a run has begun and has not "
                f"published; let a night begin anew: dvctt run --rebuild"
            ) from error
        if run_id not in published_runs(published):
            raise WarehouseError(
                f"{begun}: run {run_id!r} has begun and has not published; let it end, or run again: dvctt run"
            )


def _query(publication: Publication, sql: str, month: Month) -> list[Any]:
    with open_database(publication.marts, read_only=True) as connection:
        return connection.execute(sql, {"month": month.first_day}).fetchall()


def _missing(publication: Publication, month: Month) -> list[Feed]:
    rows = _query(
        publication,
        "select source_id, entity, agency_code, agency_name_vi from mart_feeds "
        "where month = $month and is_expected and not is_delivered order by all",
        month,
    )
    return [Feed(*row) for row in rows]


def _waivers(province: Province, month: Month) -> list[CloseWaiver]:
    return [waiver for waiver in province.close_waivers if waiver.month == str(month)]


def _match_waivers(
    missing: Iterable[Feed], waivers: Sequence[CloseWaiver]
) -> tuple[tuple[Feed, ...], tuple[tuple[Feed, CloseWaiver], ...], tuple[CloseWaiver, ...]]:
    """Missing feeds that no waiver names, those that one does, and waivers that name none. A waiver of the agency itself
    goes before one of the whole feed.
    """
    alone, answered, used = [], [], set()
    for feed in missing:
        fitting = [
            waiver
            for waiver in waivers
            if (waiver.source_id, waiver.entity) == (feed.source_id, feed.entity)
            and waiver.agency_code in (None, feed.agency_code)
        ]
        if fitting:
            chosen = max(fitting, key=lambda waiver: waiver.agency_code is not None)
            answered.append((feed, chosen))
            used.update(fitting)
        else:
            alone.append(feed)
    return tuple(alone), tuple(answered), tuple(waiver for waiver in waivers if waiver not in used)


def refuse_missing(plan: Plan, province: Province) -> None:
    """Refuse a month with feeds missing that nobody has waived.

    Raises:
        CloseRefused: names each source, entity and agency.
    """
    if not plan.missing:
        return
    path = province.folder / "close_waivers.csv"
    lines = [
        f"- {feed.source_id} {feed.entity} {plan.month}: {feed.agency_code} {feed.agency_name_vi}"
        for feed in plan.missing
    ]
    not_applicable = [
        f"- {path} waives {waiver.source_id} {waiver.entity} {waiver.agency_code or '(all)'}, which is not missing"
        for waiver in plan.not_applicable
    ]
    raise CloseRefused(
        "\n".join(
            [
                f"{plan.month} has {len(plan.missing)} feeds missing; wanted all that were owed, "
                f"or a waiver of each by name in {path}:",
                *lines,
                *not_applicable,
                f"look: dvctt rows --table mart_feeds --month {plan.month} --published",
            ]
        )
    )


def refuse_other_figures(plan: Plan, published: Path, province: Province, *, approved: int) -> None:
    """Refuse when the figures that a person approved are not those that would be frozen: nights go on while a request waits.

    Args:
        approved: number of the publication whose figures the person read.

    Raises:
        CloseRefused: a later publication shows other figures of the month, or the approved one is gone.
    """
    if approved == plan.publication.number:
        return
    folder = published / str(approved)
    if not folder.is_dir():
        raise CloseRefused(
            f"{folder}: publication {approved}, whose figures were approved, is gone; ask for approval again"
        )
    approved_one = load_publication(folder)
    refuse_damaged(approved_one)
    read = figures_of_publication(approved_one, plan.month, province)
    current = figures_of_publication(plan.publication, plan.month, province)
    differing = len(set(read.splitlines()) ^ set(current.splitlines()))
    if differing:
        raise CloseRefused(
            f"{plan.month} was approved as publication {approved} shows it, and publication {plan.publication.number} shows "
            f"other figures ({differing} lines differ); look: dvctt publications diff {approved} {plan.publication.number}; "
            f"then ask for approval again"
        )
