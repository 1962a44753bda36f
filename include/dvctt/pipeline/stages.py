"""The stages of a night, in order: the one place where the rooms meet.

The DAG's tasks and the command line both call these functions and add nothing of their own, so a night under Airflow and a
night without it are the same night. What one stage leaves for the next lies on disk (``candidate/run.json``), not in memory
and not in Airflow's database. One run at a time owns a home: each stage takes its lock, and refuses a candidate that
another run has begun.
"""

import fcntl
import hashlib
import json
import logging
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dvctt.closing import freeze, months
from dvctt.closing import plan as close_plan
from dvctt.closing.plan import Plan, refuse_missing, refuse_other_figures
from dvctt.core.engines import told, where
from dvctt.core.errors import (
    DvcttError,
    EngineError,
    NotifyError,
    PublishError,
    ReportError,
    VerdictError,
    WarehouseError,
)
from dvctt.core.files import (
    HOME_MODE,
    denied_in_words,
    disk_full_in_words,
    is_denied_in,
    make_folder,
    seal,
    unseal,
    write_atomically,
)
from dvctt.core.period import Month
from dvctt.gate import judge
from dvctt.landing import integrity, withdrawals, zone
from dvctt.landing.zone import Extract, LeftOut
from dvctt.notify import alerts, channels
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.publications import holds, publish, retention
from dvctt.publications.publish import Publication
from dvctt.report.documents.month_page import write_reports
from dvctt.report.documents.requests import write_close_request, write_hold_request
from dvctt.report.documents.verdict import write_verdict_page
from dvctt.report.findings import sides_en, warning_rows
from dvctt.report.wording.formats import count
from dvctt.report.wording.words import restatement_causes
from dvctt.report.writers.csv_files import write_csv
from dvctt.settings import Settings
from dvctt.warehouse import connections, foundation, previous, transform
from dvctt.warehouse.connections import ENGINE_WORDS, read_rows
from dvctt.warehouse.previous import ClosedMonth
from dvctt.warehouse.transform import Layer, make_way

log = logging.getLogger(__name__)

_DAMAGE, _STRANGERS = "damage", "inbox"
"""What lasts, and people are told of once."""
_FRAMES = 6
"""How many lines of code an error names, the innermost last."""
_SHOWN = 20
"""How many damaged files an error names; the rest are counted."""


@dataclass(frozen=True)
class Night:
    """What a run has set out to do; written once by the first stage, read by the others."""

    run_id: str
    month: str | None
    new_extract_ids: tuple[str, ...]
    changed: tuple[str, ...]
    extract_ids: tuple[str, ...]
    closed_months: tuple[str, ...] = ()
    """Months that are closed in this candidate, each with its revision: ``2022-10/1``."""
    left_out: tuple[dict[str, str], ...] = ()
    """What had landed and is not in this candidate, as ``landing.LeftOut`` has it."""
    base: int | None = None
    """Number of the publication that it is compared with and remembers; None before the first."""


def land_extracts(settings: Settings, *, run_id: str, month: Month | None, rebuild: bool = False) -> Night | None:
    """Land what is new and begin a candidate; None when landing and province folder hold nothing that the current
    publication does not.

    Args:
        month: the month that the run reports on; None takes the newest month that has filings.
        rebuild: publish again although nothing is new (a new version of the code under test, say).
    """
    with _told(settings, "land_extracts"), _home_lock(settings):
        province = load_province(settings.province_folder)
        publish.recover(settings.published)
        _tell_what_waits(province)
        standing = _look_at_what_readers_have(settings, run_id=run_id, month=month)
        if not standing.problems:
            _tell_what_nobody_was_told(settings)
        zone.land(province, settings.inbox, settings.landing)
        _tell_of_strangers(settings, province, run_id)
        base = standing.base
        extracts, left_out, closed = _read_and_verify(settings, base)
        work = publish.work_to_do(settings.published, extracts, province, closed, left_out, now_standing=standing)
        if not work and not rebuild:
            log.info("nothing new since publication %s: this run ends here", standing.number)
            return None
        log.info(
            "to do: %d extracts that the last publication does not hold; changed: %s",
            len(work.new_extract_ids),
            ", ".join(work.changed) or "nothing else",
        )
        _lay(settings, province, extracts, closed, left_out, base)
        night = _without(
            Night(
                run_id=run_id,
                month=str(month) if month else None,
                new_extract_ids=work.new_extract_ids,
                changed=work.changed,
                extract_ids=(),
                closed_months=tuple(f"{month.month}/{month.revision}" for month in closed),
                base=base.number if base else None,
            ),
            extracts,
            left_out,
        )
        _write_night(settings, night)
        return night


def _lay(
    settings: Settings,
    province: Province,
    extracts: Sequence[Extract],
    closed: Sequence[ClosedMonth],
    left_out: Sequence[LeftOut],
    base: Publication | None,
) -> None:
    """Begin a candidate: what has landed but for what is left out, the province folder, and the past."""
    foundation.lay_foundation(
        settings.candidate,
        province,
        settings.landing,
        extracts,
        left_out={one.extract_id: one.why for one in left_out},
        verdicts=settings.verdicts,
        published_runs=publish.published_runs(settings.published),
        accepted=holds.accepted_movements(settings.ledgers, extracts),
    )
    previous.lay_past(
        settings.candidate,
        publish.making(settings.published, province),
        publish.earlier(settings.published, settings.closed, base),
        closed,
        months.revisions(settings.closed),
    )


def _without(night: Night, extracts: Sequence[Extract], left_out: Sequence[LeftOut]) -> Night:
    """The night, made of what has landed but for what is left out."""
    out = {one.extract_id for one in left_out}
    read = [extract for extract in extracts if extract.extract_id not in out]
    return replace(
        night,
        month=night.month or _newest_month(read),
        extract_ids=tuple(extract.extract_id for extract in read),
        left_out=tuple(asdict(one) for one in left_out),
    )


def _write_night(settings: Settings, night: Night) -> None:
    write_atomically(_night_path(settings), seal(asdict(night)))


def _read_and_verify(
    settings: Settings, base: Publication | None
) -> tuple[list[Extract], list[LeftOut], list[previous.ClosedMonth]]:
    """What a night reads, each file held against its hash: the landed extracts, those that are left out, the closed months."""
    manifest = base.manifest if base else {}
    extracts = zone.landed_extracts(settings.landing)
    left_out = holds.left_out(settings.ledgers, extracts)
    integrity.verify_landing(
        settings.landing, extracts, manifest.get("extracts", ()), unread={one.extract_id for one in left_out}
    )
    integrity.verify_ledgers(settings.ledgers, manifest.get("ledgers", {}))
    months.verify_all(settings.closed, manifest.get("closings", {}))
    return extracts, left_out, months.closed_now(settings.closed)


def look_over(settings: Settings, show: Callable[[publish.Standing], None] = lambda _: None) -> publish.Standing:
    """What a night looks at before it builds anything: the publication that readers see, landing, closed months, ledgers.

    Args:
        show: is told of the publication before anything else is looked at: both may be damaged.

    Raises:
        DvcttError: something that a night reads is damaged or gone, or the pointer is broken.
    """
    standing = publish.standing(settings.published)
    show(standing)
    _read_and_verify(settings, standing.base)
    return standing


def _look_at_what_readers_have(settings: Settings, *, run_id: str, month: Month | None) -> publish.Standing:
    """Every night, also one with nothing new: a publication that is no longer what its manifest says is told to people at
    once, and this very night publishes anew from landing.
    """
    standing = publish.standing(settings.published)
    if not standing.problems:
        _tell_of_state(settings, _DAMAGE, None)
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
                f"{publish.RUNBOOK}",
            ]
        )
    )
    log.error("%s", " | ".join(str(damage).splitlines()))
    alert = alerts.alert_for(damage, stage="land_extracts", month=str(month) if month else None, run_id=run_id)
    _tell_of_state(settings, _DAMAGE, alert, state=[standing.number, *map(str, standing.problems)])
    return standing


def _tell_of_strangers(settings: Settings, province: Province, run_id: str) -> None:
    """Files that nobody reads look like files that did not come. People are told once of each state of the inbox: a night with
    nothing new too, because a mistyped folder is why nothing is new. Who could not be told is told by the next night.
    """
    found = zone.strangers(province, settings.inbox)
    for stranger in found:
        log.warning("%s: %s: no source of this province owns it; nothing in it is read", settings.inbox, stranger)
    known = [source.id for source in province.sources]
    alert = alerts.alert_about_inbox(found, known, province_vi=province.name_vi, run_id=run_id) if found else None
    _tell_of_state(settings, _STRANGERS, alert, state=found)


def _tell_of_state(settings: Settings, subject: str, alert: alerts.Alert | None, state: Sequence[object] = ()) -> None:
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


def _newest_month(extracts: Sequence[Extract]) -> str | None:
    return max((extract.month for extract in extracts if extract.entity == "filings"), default=None)


def build_facts(settings: Settings, *, run_id: str) -> None:
    """dbt: seeds, staging, intermediate, facts."""
    with _stage(settings, "build_facts", run_id) as stage:
        transform.build_layer(Layer.FACTS, settings.candidate, lock=stage.lock)


def audit_facts(settings: Settings, *, run_id: str) -> None:
    """dbt: the audit tables that the gate reads. What moved a month beyond its band is left out, and both layers built again
    without it; on other nights that costs one small query.
    """
    with _stage(settings, "audit_facts", run_id) as stage:
        transform.build_layer(Layer.AUDIT, settings.candidate, lock=stage.lock)

        def build(candidate: Path) -> None:
            for layer in (Layer.FACTS, Layer.AUDIT):
                transform.build_layer(layer, candidate, lock=stage.lock)

        settle_holds(settings, stage.province, stage.night, build)


def settle_holds(settings: Settings, province: Province, night: Night, build: Callable[[Path], object]) -> Night:
    """Hold what must not reach readers without a person's word, and write down what the night is made of then.

    Args:
        build: builds facts and audit tables in a candidate whose foundation lies.
    """
    extracts = zone.landed_extracts(settings.landing)
    closed = [previous.read_closed(settings.closed / name) for name in night.closed_months]
    base = None if night.base is None else publish.load_publication(settings.published / str(night.base))

    def build_without(left_out: Sequence[LeftOut]) -> None:
        _lay(settings, province, extracts, closed, left_out, base)
        # Now and not later: a run that dies here is taken up by what its night says, and its candidate has this foundation.
        _write_night(settings, _without(night, extracts, left_out))
        build(settings.candidate)

    left_out = holds.settle(
        settings.candidate,
        settings.ledgers,
        extracts=extracts,
        already_out=[LeftOut(**one) for one in night.left_out],
        base=base,
        run_id=night.run_id,
        build=build_without,
    )
    night = _without(night, extracts, left_out)
    _write_night(settings, night)
    return night


def check_counts(settings: Settings, *, run_id: str) -> None:
    """The gate; raises unless the verdict is ``passed``."""
    with _stage(settings, "check_counts", run_id) as stage:
        night, province = stage.night, stage.province
        (settings.candidate / "verdict.json").unlink(missing_ok=True)
        try:
            judge.check_counts(
                settings.candidate, province_vi=province.name_vi, run_id=night.run_id, month=night.month, tell=sides_en
            )
        except VerdictError:
            # A page that cannot be written must not hide why the night stops.
            try:
                _remember_verdict(settings)
            except ReportError:
                log.exception("the verdict's page could not be written; the verdict itself is kept")
            raise
        verdict = json.loads((settings.candidate / "verdict.json").read_text(encoding="utf-8"))
        foundation.lay_warnings(settings.candidate, warning_rows(verdict))
        _remember_verdict(settings)


def _remember_verdict(settings: Settings) -> None:
    """Keep every verdict, the ones that stopped a night above all, and write its page for people; the history of verdicts is
    a mart of the next publication. Whether a *passed* verdict led to one is asked then, not here.
    """
    text = (settings.candidate / "verdict.json").read_text(encoding="utf-8")
    content = json.loads(text)
    make_folder(settings.verdicts, 0o755)
    places = [path.name.partition("-")[0] for path in settings.verdicts.glob("*.json")]
    number = max((int(place) for place in places if place.isascii() and place.isdecimal()), default=0) + 1
    write_atomically(settings.verdicts / f"{number:06d}-{content['verdict']}.json", seal(content))
    write_verdict_page(content, settings.candidate / "verdict.html")


def build_marts(settings: Settings, *, run_id: str) -> None:
    """dbt: the marts, still in the candidate."""
    with _stage(settings, "build_marts", run_id) as stage:
        transform.build_layer(Layer.MARTS, settings.candidate, lock=stage.lock)


def assemble_publication(settings: Settings, *, run_id: str) -> None:
    """Copy the tables and write the reports of the publication to be, where no reader looks."""
    with _stage(settings, "assemble_publication", run_id) as stage:
        building = publish.assemble(settings.published, settings.candidate, settings.candidate / "verdict.json")
        clock = time.monotonic()
        written = write_reports(
            building / "marts.duckdb", building / "reports", stage.province, publish.next_number(settings.published)
        )
        shutil.copyfile(settings.candidate / "verdict.html", building / "verdict.html")
        tables = write_csv(building / "marts.duckdb", building / "csv")
        log.info("reports: %d pages and %d CSV files out, %.1f s", len(written), len(tables), time.monotonic() - clock)


def publish_marts(settings: Settings, *, run_id: str) -> Publication:
    """Seal the publication and switch readers to it, in one atomic step; then let retention remove what is old enough."""
    with _stage(settings, "publish_marts", run_id) as stage:
        night, province = stage.night, stage.province
        held = set(night.extract_ids)
        extracts = [e for e in zone.landed_extracts(settings.landing) if e.extract_id in held]
        publication = publish.publish(
            settings.published,
            publish.building_folder(settings.published),
            number=publish.next_number(settings.published),
            province=province,
            landing=settings.landing,
            extracts=extracts,
            closings=months.hashes(settings.closed),
            ledgers=integrity.hashes_of_ledgers(settings.ledgers),
            closed=[previous.read_closed(settings.closed / name) for name in night.closed_months],
            left_out=[LeftOut(**one) for one in night.left_out],
            run_id=night.run_id,
            month=night.month,
        )
        published_at = datetime.fromisoformat(publication.manifest["published_at"])
        retention.apply(settings.published, province.retention, closed=settings.closed, at=published_at)
        return publication


def tell_people(settings: Settings, *, run_id: str) -> None:
    """Say what a reader of the new publication must know: one e-mail and one webhook if a warning did not hold, or if figures
    of published months have changed.

    A channel that does not take the alert fails no night: what it did not take stays in the outbox, and the next run tries
    it again.
    """
    with _stage(settings, "tell_people", run_id) as stage:
        publication = publish.current_publication(settings.published)
        if publication is None or publication.manifest["run_id"] != run_id:
            raise PublishError(f"{settings.published}: the current publication is not that of run {run_id!r}")
        _tell(settings, publication, month=stage.night.month)


def _tell(settings: Settings, publication: Publication, *, month: str | None) -> None:
    alert = alerts.alert_about_publication(
        json.loads(publication.verdict.read_text(encoding="utf-8")),
        publication.verdict,
        publication=publication.number,
        month=month,
        run_id=publication.manifest["run_id"],
        changed=_changed_figures(publication),
        happened_at=publication.manifest["published_at"],
        held=held_figures(settings),
    )
    if alert is not None:
        try:
            # Under the publication's name: a run that is killed before it writes down that it told tells nobody twice.
            channels.send(alert, entry_id=f"publication-{publication.number}")
        except NotifyError as error:
            log.error("publication %d is not told to everybody: %s", publication.number, error)
            if not channels.is_kept(f"publication-{publication.number}"):
                return
    write_atomically(_told_path(settings), json.dumps({"publication": publication.number}) + "\n")


def _tell_what_nobody_was_told(settings: Settings) -> None:
    """A run that was killed between the switch and its last stage has told nobody, and the run after it finds nothing new."""
    publication = publish.current_publication(settings.published)
    path = _told_path(settings)
    try:
        told = int(json.loads(path.read_text(encoding="utf-8"))["publication"]) if path.is_file() else 0
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning(
            "%s: cannot be read (%s), so nobody knows what people were told of last; telling them of the current publication, "
            "rather twice than never", path, type(error).__name__,
        )  # fmt: skip
        told = 0
    if publication is None or publication.number <= told:
        return
    log.warning(
        "nobody has been told of publication %d: a run was killed before its end; telling now", publication.number
    )
    _tell(settings, publication, month=publication.manifest["month"])


def _tell_what_waits(province: Province) -> None:
    """Try again what earlier runs could not deliver; what is as old as a nightly publication may become is removed."""
    try:
        waiting = channels.deliver_waiting(keep=timedelta(days=province.retention.nightly_days))
    except OSError as error:
        log.error("the outbox of alerts cannot be used: %s", error)
        return
    if waiting:
        log.warning("%d alerts have not reached everybody; the next run tries again: dvctt alerts list", len(waiting))


def held_figures(settings: Settings) -> list[alerts.Finding]:
    """Everything that waits for a person, by its first figure: expected is what it is held against."""
    extracts = zone.landed_extracts(settings.landing)
    files = {extract.extract_id: extract for extract in extracts}
    found = []
    for hold in holds.holds(settings.ledgers):
        if hold.state != "waiting" or holds.is_outdated(settings.ledgers, hold, extracts):
            continue
        first, file = hold.movements[0], files.get(hold.extract_id or "")
        beyond = sum(movement.is_beyond for movement in hold.movements)
        what = f"bản mới của tệp {file.entity}/{file.file_name}" if file else "bản công bố"
        highest = "không giới hạn" if first.highest_value is None else count(first.highest_value)
        found.append(
            alerts.Finding(
                agency=first.entity_name_vi,
                month=first.month,
                check=f"giữ lại số {hold.number}: {what}{' (đồng)' if first.measure == 'vnd' else ''}",
                expected=first.before_value,
                observed=first.new_value,
                note=f"dải cho phép từ {count(first.lowest_value)} đến {highest}; {beyond} số vượt dải; "
                f"dvctt held show {hold.number}; dvctt held accept {hold.number} --by HỌ_TÊN --reason LÝ_DO",
            )
        )
    return found


def _changed_figures(publication: Publication) -> list[alerts.Finding]:
    """The figures of the whole province that this publication changed, as findings: expected is the old one."""
    with connections.open_published(publication.marts) as connection:
        rows = read_rows(
            connection,
            "select * from mart_restatements where to_publication = ? and scope = 'province' order by month, metric_place",
            [publication.number],
        )
    return [
        alerts.Finding(
            agency=row["entity_name_vi"],
            month=str(Month.of(row["month"])),
            check=f"số liệu đã công bố thay đổi: {row['metric_name_vi']} ({row['unit']})",
            expected=row["old_value"],
            observed=row["new_value"],
            note=str(restatement_causes(row)),
        )
        for row in rows
    ]


AFTER_LANDING: tuple[Callable[..., object], ...] = (
    build_facts,
    audit_facts,
    check_counts,
    build_marts,
    assemble_publication,
    publish_marts,
    tell_people,
)
"""What follows ``land_extracts`` when there is work, in order."""


def plan_close(settings: Settings, *, month: Month) -> tuple[Plan, str, str]:
    """What closing a month would freeze, and the subject and the body of the request that a person answers.

    Raises:
        ClosingError: the month cannot be closed as things stand, a missing feed that nobody has waived included.
    """
    with _told(settings, "plan_close"):
        province = load_province(settings.province_folder)
        plan = _plan_close(settings, province, month)
        refuse_missing(plan, province)
        subject, body = write_close_request(
            plan.publication.marts,
            month.first_day,
            province,
            publication=plan.publication.number,
            revision=plan.revision,
            waivers=[(feed.agency_name_vi, waiver) for feed, waiver in plan.waived],
            waiting=plan.waiting,
            report=plan.publication.reports / f"bao-cao-{month}.html",
        )
        return plan, subject, body


def close_month(
    settings: Settings, *, month: Month, approved_by: str, note: str | None = None, publication: int | None = None
) -> previous.ClosedMonth:
    """Freeze a month out of the current publication, in the name of the person who approved it.

    Args:
        publication: the one whose figures that person read; None when it is the current one.

    Raises:
        ClosingError: the month cannot be closed as things stand, nobody approved it, or other figures were approved.
    """
    with _told(settings, "close_month"), _home_lock(settings):
        province = load_province(settings.province_folder)
        plan = _plan_close(settings, province, month)
        if publication is not None:
            refuse_other_figures(plan, settings.published, province, approved=publication)
        return freeze.close_month(plan, closed=settings.closed, province=province, approved_by=approved_by, note=note)


def _plan_close(settings: Settings, province: Province, month: Month) -> Plan:
    return close_plan.plan_close(
        published=settings.published,
        closed=settings.closed,
        landing=settings.landing,
        ledgers=settings.ledgers,
        candidate=settings.candidate,
        verdicts=settings.verdicts,
        province=province,
        month=month,
    )


def reopen_month(settings: Settings, *, month: Month, by: str, reason: str) -> previous.Revision:
    """Open a closed month again; what was closed stays as it is.

    Raises:
        CloseRefused: the month is not closed, or name or reason is empty.
    """
    with _told(settings, "reopen_month"), _home_lock(settings):
        return months.reopen_month(settings.closed, month, by=by, reason=reason)


def withdraw_extract(settings: Settings, extract_id: str, *, by: str, reason: str) -> list[Extract]:
    """Take a landed file out of all later nights; the versions of its name that they read from now on.

    Raises:
        LandingError: no such extract, or it is withdrawn already.
        LedgerError: name or reason is empty.
    """
    with _told(settings, "withdraw_extract"), _home_lock(settings):
        extracts = zone.landed_extracts(settings.landing)
        return withdrawals.withdraw(settings.ledgers, extracts, extract_id, by=by, reason=reason)


def restore_extract(settings: Settings, extract_id: str, *, by: str, reason: str) -> None:
    """Let the nights read a withdrawn file again.

    Raises:
        LandingError: no such extract, or it is not withdrawn.
        LedgerError: name or reason is empty.
    """
    with _told(settings, "restore_extract"), _home_lock(settings):
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
    subject, body = write_hold_request(
        [{**asdict(movement), "is_beyond": movement.is_beyond} for movement in hold.movements],
        province,
        number=hold.number,
        file=f"{file.source}/{file.entity}/{file.file_name}" if file else None,
    )
    return {"hold": hold.number, "subject": subject, "body": body}


def accept_hold(settings: Settings, number: int, *, by: str, reason: str) -> holds.Hold:
    """Let the next night take what is held, with the figures that were shown.

    Raises:
        HoldRefused: no such hold, it is decided or outdated, or name or reason is empty.
    """
    with _told(settings, "accept_hold"), _home_lock(settings):
        extracts = zone.landed_extracts(settings.landing)
        return holds.accept(settings.ledgers, extracts, number, by=by, reason=reason)


def reject_hold(settings: Settings, number: int, *, by: str, reason: str) -> holds.Hold:
    """Keep the version of a file that is held out of all nights; new content under its name is judged anew.

    Raises:
        HoldRefused: no such hold, no file is to blame, it is decided or outdated, or name or reason is empty.
    """
    with _told(settings, "reject_hold"), _home_lock(settings):
        extracts = zone.landed_extracts(settings.landing)
        return holds.reject(settings.ledgers, extracts, number, by=by, reason=reason)


def _told_path(settings: Settings) -> Path:
    """Which publication people were told of last; of one that had nothing to tell, too."""
    return settings.home / "told.json"


def _night_path(settings: Settings) -> Path:
    return settings.candidate / "run.json"


@dataclass(frozen=True)
class _Stage:
    """What a stage after the first one works on, and the handle of the home's lock, for processes that write for it."""

    night: Night
    province: Province
    lock: int


@contextmanager
def _stage(settings: Settings, name: str, run_id: str) -> Iterator[_Stage]:
    with _told(settings, name), _home_lock(settings) as lock:
        path = _night_path(settings)
        if not path.is_file():
            raise WarehouseError(f"{path}: no run has begun in this home; run the stage land_extracts first: dvctt run")
        try:
            fields = unseal(path.read_bytes())
            night = Night(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})
        except (OSError, ValueError, TypeError) as error:
            raise WarehouseError(
                f"{path}: not what the first stage wrote ({type(error).__name__}); the candidate is begun anew from "
                f"land_extracts: dvctt run, or dvctt run --rebuild if that finds nothing new"
            ) from error
        if night.run_id != run_id:
            raise WarehouseError(
                f"{path}: the candidate belongs to run {night.run_id!r}, not to {run_id!r}; let that run end, then run again"
            )
        yield _Stage(night, load_province(settings.province_folder), lock)


@contextmanager
def _told(settings: Settings, name: str) -> Iterator[None]:
    """One line when a stage begins, one when it ends, whichever way, so that a person who watches sees it move. Steps
    aside for readers first; puts a full disk in words, whoever met it.
    """
    clock = time.monotonic()
    log.info("stage %s: begins", name)
    make_way()
    try:
        with disk_full_in_words(f"stage {name}", settings.home):
            try:
                yield
            except OSError as error:
                # A file of the home that belongs to another user, or a file system that was mounted for reading.
                if not is_denied_in(settings.home, error):
                    raise
                raise WarehouseError(denied_in_words(settings.home, error)) from error
            except DvcttError:
                raise
            except Exception as error:  # noqa: BLE001 - its words may quote a record, and its traceback goes to logs and mails
                raise EngineError(_in_private(settings, name, error)) from None
    except DvcttError as error:
        log.error(
            "stage %s: failed after %.1f s: %s", name, time.monotonic() - clock, " | ".join(str(error).splitlines())
        )
        raise
    log.info("stage %s: done, %.1f s", name, time.monotonic() - clock)


def _in_private(settings: Settings, name: str, error: Exception) -> str:
    """What may be told of an error that is not ours; the whole of it is kept for the home's owner."""
    words = f"stage {name}: {told(error)}; it came through {', '.join(where(error)[-_FRAMES:])}"
    path = settings.candidate / ENGINE_WORDS
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, "".join(traceback.format_exception(error)), mode=0o600)
    except OSError as failed:
        return f"{words}; its own words could not be kept: {told(failed)}"
    return f"{words}; look closer, on this machine alone, because its own words may quote a record: {path}"


@contextmanager
def _home_lock(settings: Settings) -> Iterator[int]:
    """One writer a home, across processes; the system releases it when the last process that holds it has died, however it
    died. Yields its handle, for a child that writes on behalf of this process.
    """
    path = settings.home / ".writer.lock"
    try:
        make_folder(settings.home, HOME_MODE)
        file = path.open("a")
    except OSError as error:
        raise WarehouseError(denied_in_words(settings.home, error)) from error
    with file:
        if not _lock_soon(file.fileno()):
            raise WarehouseError(
                f"{path}: another run is writing in {settings.home}, or dbt of one that was killed is not gone yet; wait for "
                f"it to end; who: fuser -v {path}"
            )
        yield file.fileno()


def _lock_soon(handle: int) -> bool:
    """Whether the lock could be had; dbt of a run that was killed gets a moment to be gone."""
    for pause in (0.0, *[0.1] * 50):
        time.sleep(pause)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False
