"""What the stages of a night do: the one place where the rooms meet.

Their names and their order stand in `dvctt.pipeline.night`. The DAG's tasks and the command line both go through that list
and add nothing of their own, so a night under Airflow and a night without it are the same night. What one stage leaves for
the next lies on disk (``candidate/run.json``), not in memory and not in Airflow's database. One run at a time owns a home:
each stage takes its lock, and refuses a candidate that another run has begun.

Most nights find nothing new and end in the first stage: what only a later one needs is imported there.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from dvctt.closing import months
from dvctt.core.errors import PublishError, ReportError, VerdictError, WarehouseError
from dvctt.core.files import make_folder, seal, write_atomically
from dvctt.core.period import Month
from dvctt.databases import describe_limit
from dvctt.landing import integrity, zone
from dvctt.landing.refusals import Refusal
from dvctt.landing.zone import Extract, LeftOut
from dvctt.pipeline.alerting import alert_about_missed_publication, alert_about_publication, deliver_waiting_alerts
from dvctt.pipeline.home import Night, home_lock, run_stage, stage_context, write_night
from dvctt.pipeline.inspection import (
    Verified,
    alert_about_refused_files,
    alert_about_unread_files,
    inspect_publication,
    read_and_verify,
)
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.publications import holds, next_night, reading, switching
from dvctt.publications.next_night import Standing, Work
from dvctt.publications.reading import Publication
from dvctt.settings import Settings
from dvctt.warehouse import previous, transform
from dvctt.warehouse.previous import ClosedMonth
from dvctt.warehouse.transform import Layer

log = logging.getLogger(__name__)


def land_extracts(settings: Settings, *, run_id: str, month: Month | None, rebuild: bool = False) -> Night | None:
    """Land what is new and begin a candidate; None when landing and province folder hold nothing that the current
    publication does not.

    Args:
        month: the month that the run reports on; None takes the newest month that has filings.
        rebuild: publish again although nothing is new (a new version of the code under test, say).
    """
    with stage_context(settings, "land_extracts"), home_lock(settings):
        log.info(describe_limit())
        province = load_province(settings.province_folder)
        standing = _settle_last_night(settings, province, run_id=run_id, month=month)
        zone.land(province, settings.inbox, settings.landing, settings.fetched)
        alert_about_unread_files(settings, province, run_id)
        alert_about_refused_files(settings, province, run_id)
        verified = read_and_verify(settings, standing.base)
        work = next_night.work_to_do(
            settings.published,
            verified.extracts,
            province,
            verified.closed,
            verified.left_out,
            verified.refused,
            now_standing=standing,
        )
        if not work and not rebuild:
            log.info("nothing new since publication %s: this run ends here", standing.number)
            return None
        log.info(
            "to do: %d extracts that the last publication does not hold; changed: %s",
            len(work.new_extract_ids),
            ", ".join(work.changed) or "nothing else",
        )
        return _begin_candidate(settings, province, verified, work, standing.base, run_id=run_id, month=month)


def _settle_last_night(settings: Settings, province: Province, *, run_id: str, month: Month | None) -> Standing:
    """Finish what an earlier run began and could not end: a switch, alerts, and what people were not told."""
    switching.recover(settings.published)
    deliver_waiting_alerts(province)
    standing = inspect_publication(settings, run_id=run_id, month=month)
    if not standing.problems:
        alert_about_missed_publication(settings)
    return standing


def _begin_candidate(
    settings: Settings,
    province: Province,
    verified: Verified,
    work: Work,
    base: Publication | None,
    *,
    run_id: str,
    month: Month | None,
) -> Night:
    """Lay the foundation of a new candidate, and write down what this night is made of."""
    from dvctt.publications import unchanged
    from dvctt.warehouse.definitions import project_digest

    extracts, left_out, refused, closed = verified
    _lay_foundation(settings, province, extracts, closed, left_out, refused, base)
    begun = Night(
        run_id=run_id,
        month=str(month) if month else None,
        new_extract_ids=work.new_extract_ids,
        changed=work.changed,
        extract_ids=(),
        closed_months=tuple(f"{month.month}/{month.revision}" for month in closed),
        refused=tuple(asdict(one) for one in refused),
        base=base.number if base else None,
        province_digest=province.digest,
        definitions=project_digest(),
        drawn_by=unchanged.makers(),
    )
    night = _without(begun, extracts, left_out, closed)
    write_night(settings, night)
    return night


def _lay_foundation(
    settings: Settings,
    province: Province,
    extracts: Sequence[Extract],
    closed: Sequence[ClosedMonth],
    left_out: Sequence[LeftOut],
    refused: Sequence[Refusal],
    base: Publication | None,
) -> None:
    """Lay what dbt builds on: what has landed but for what is left out, what was refused, the province folder, and the past."""
    from dvctt.publications import store
    from dvctt.warehouse import foundation

    foundation.lay_foundation(
        settings.candidate,
        province,
        settings.landing,
        extracts,
        left_out={one.extract_id: one.why for one in left_out},
        refused=refused,
        verdicts=settings.verdicts,
        published_runs=store.published_runs(settings.published),
        accepted=holds.accepted_movements(settings.ledgers, extracts),
    )
    previous.load_previous(
        settings.candidate,
        next_night.next_inputs(settings.published, province),
        next_night.previous_publication(settings.published, settings.closed, base),
        closed,
        months.revisions(settings.closed),
    )


def _without(
    night: Night, extracts: Sequence[Extract], left_out: Sequence[LeftOut], closed: Sequence[ClosedMonth]
) -> Night:
    """The night, made of what has landed but for what is left out. A month that was closed out of a sample's figures keeps
    them, whatever has landed since.
    """
    out = {one.extract_id for one in left_out}
    read = [extract for extract in extracts if extract.extract_id not in out]
    return replace(
        night,
        month=night.month or _newest_month(read),
        extract_ids=tuple(extract.extract_id for extract in read),
        left_out=tuple(asdict(one) for one in left_out),
        is_sample=zone.is_of_sample(extracts, out) or any(month.is_sample for month in closed),
    )


def _newest_month(extracts: Sequence[Extract]) -> str | None:
    return max((extract.month for extract in extracts if extract.entity == "filings"), default=None)


def build_facts(settings: Settings, *, run_id: str) -> None:
    """dbt: seeds, staging, intermediate, facts."""
    with run_stage(settings, "build_facts", run_id):
        transform.build_layers((Layer.FACTS,), settings.candidate)


def audit_facts(settings: Settings, *, run_id: str) -> None:
    """dbt: the audit tables that the gate reads. What moved a month beyond its band is left out, and both layers built again
    without it; on other nights that costs one small query.
    """
    with run_stage(settings, "audit_facts", run_id) as stage:
        transform.build_layers((Layer.AUDIT,), settings.candidate)

        def build(candidate: Path) -> None:
            transform.build_layers((Layer.FACTS, Layer.AUDIT), candidate)

        settle_holds(settings, stage.province, stage.night, build)


def settle_holds(settings: Settings, province: Province, night: Night, build: Callable[[Path], object]) -> Night:
    """Hold what must not reach readers without a person's word, and write down what the night is made of then.

    Args:
        build: builds facts and audit tables in a candidate whose foundation lies.
    """
    extracts = zone.landed_extracts(settings.landing)
    closed = [previous.read_closed(settings.closed / name) for name in night.closed_months]
    refused = [Refusal(**one) for one in night.refused]
    base = None if night.base is None else reading.load_publication(settings.published / str(night.base))

    def build_without(left_out: Sequence[LeftOut]) -> None:
        _lay_foundation(settings, province, extracts, closed, left_out, refused, base)
        # Now and not later: a run that dies here is taken up by what its night says, and its candidate has this foundation.
        write_night(settings, _without(night, extracts, left_out, closed))
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
    night = _without(night, extracts, left_out, closed)
    write_night(settings, night)
    return night


def check_counts(settings: Settings, *, run_id: str) -> None:
    """The gate; raises unless the verdict is ``passed``."""
    from dvctt.gate import judge
    from dvctt.report.findings import sides_en, warning_rows
    from dvctt.warehouse import definitions, expectations

    with run_stage(settings, "check_counts", run_id) as stage:
        night, province = stage.night, stage.province
        (settings.candidate / "verdict.json").unlink(missing_ok=True)
        try:
            judge.check_counts(
                settings.candidate,
                province_vi=province.name_vi,
                run_id=night.run_id,
                month=night.month,
                in_words=sides_en,
                data_tests=definitions.data_tests_that_ran(settings.candidate, (Layer.FACTS, Layer.AUDIT)),
            )
        except VerdictError:
            # A page that cannot be written must not hide why the night stops.
            try:
                _remember_verdict(settings, night)
            except ReportError:
                log.exception("the verdict's page could not be written; the verdict itself is kept")
            raise
        verdict = json.loads((settings.candidate / "verdict.json").read_text(encoding="utf-8"))
        expectations.lay_warnings(settings.candidate, warning_rows(verdict))
        _remember_verdict(settings, night)


def _remember_verdict(settings: Settings, night: Night) -> None:
    """Keep every verdict, the ones that stopped a night above all, and write its page for people; the history of verdicts is
    a mart of the next publication. Whether a *passed* verdict led to one is asked then, not here.
    """
    from dvctt.report.documents.verdict import write_verdict_page

    text = (settings.candidate / "verdict.json").read_text(encoding="utf-8")
    content = json.loads(text)
    make_folder(settings.verdicts, 0o755)
    places = [path.name.partition("-")[0] for path in settings.verdicts.glob("*.json")]
    number = max((int(place) for place in places if place.isascii() and place.isdecimal()), default=0) + 1
    write_atomically(settings.verdicts / f"{number:06d}-{content['verdict']}.json", seal(content))
    write_verdict_page(content, settings.candidate / "verdict.html", is_sample=night.is_sample)


def build_marts(settings: Settings, *, run_id: str) -> None:
    """dbt: the marts, still in the candidate."""
    from dvctt.warehouse import definitions

    with run_stage(settings, "build_marts", run_id):
        transform.build_layers((Layer.MARTS,), settings.candidate)
        definitions.data_tests_that_ran(settings.candidate, tuple(Layer))


def _refuse_what_changed(settings: Settings, province: Province, night: Night) -> None:
    """A publication says what it was made with, and the next night compares that with what lies there: what changed while the
    night went on would be in it by half, and would count as published.

    Raises:
        WarehouseError: the province folder or dbt's project is another than when the run began.
    """
    from dvctt.warehouse.definitions import project_digest

    for place, began_with, found in (
        (settings.province_folder, night.province_digest, province.digest),
        (transform.DBT_PROJECT, night.definitions, project_digest()),
    ):
        if found != began_with:
            raise WarehouseError(
                f"{place}: changed since run {night.run_id!r} began: found digest {found[:12]}, wanted "
                f"{began_with[:12] or 'one'}: tables would be of the one and the publication's name of the other; readers "
                f"still see the last publication; make what is new of one piece: dvctt run"
            )


def assemble_publication(settings: Settings, *, run_id: str) -> None:
    """Copy the tables and write the reports of the publication to be, where no reader looks.

    Raises:
        WarehouseError: the province folder or dbt's project has changed since the run began.
    """
    from dvctt.publications import publish, unchanged

    with run_stage(settings, "assemble_publication", run_id) as stage:
        _refuse_what_changed(settings, stage.province, stage.night)
        sharing = unchanged.begin(settings.published)
        verdict = settings.candidate / "verdict.json"
        building = publish.assemble(settings.published, settings.candidate, verdict, sharing)
        clock = time.monotonic()
        number = switching.next_number(settings.published)
        marts = building / "marts.duckdb"
        written = unchanged.draw(marts, stage.province, number, sharing, is_sample=stage.night.is_sample)
        shutil.copyfile(settings.candidate / "verdict.html", building / "verdict.html")
        unchanged.keep_inputs(sharing, since=stage.night.drawn_by)
        log.info("reports: %d pages and CSV files out, %.1f s", len(written), time.monotonic() - clock)
        log.info("%d files are those of an earlier publication", len(sharing.shared))


def publish_marts(settings: Settings, *, run_id: str) -> Publication:
    """Seal the publication and switch readers to it, in one atomic step; then let retention remove what is old enough.

    Raises:
        WarehouseError: the province folder or dbt's project has changed since the run began.
    """
    from dvctt.publications import publish, retention

    with run_stage(settings, "publish_marts", run_id) as stage:
        night, province = stage.night, stage.province
        _refuse_what_changed(settings, province, night)
        held = set(night.extract_ids)
        extracts = [e for e in zone.landed_extracts(settings.landing) if e.extract_id in held]
        publication = publish.publish(
            settings.published,
            reading.building_folder(settings.published),
            number=switching.next_number(settings.published),
            province=province,
            landing=settings.landing,
            extracts=extracts,
            closings=months.hashes(settings.closed),
            ledgers=integrity.hashes_of_ledgers(settings.ledgers),
            closed=[previous.read_closed(settings.closed / name) for name in night.closed_months],
            left_out=[LeftOut(**one) for one in night.left_out],
            refused=[Refusal(**one) for one in night.refused],
            is_sample=night.is_sample,
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
    with run_stage(settings, "tell_people", run_id) as stage:
        publication = reading.current_publication(settings.published)
        if publication is None or publication.manifest["run_id"] != run_id:
            raise PublishError(f"{settings.published}: the current publication is not that of run {run_id!r}")
        alert_about_publication(settings, publication, month=stage.night.month)
