"""Who is told of what a night has done, once.

What an alert says is known by `dvctt.notify`.
"""

import json
import logging
from datetime import timedelta

from dvctt.core.errors import NotifyError
from dvctt.core.files import write_atomically
from dvctt.core.period import Month
from dvctt.landing import zone
from dvctt.notify import alerts, channels
from dvctt.pipeline.home import alerted_path, alerted_path_before
from dvctt.province.model import Province
from dvctt.publications import holds, reading
from dvctt.publications.reading import Publication
from dvctt.report.findings import Finding
from dvctt.report.wording.formats import count
from dvctt.report.wording.words import restatement_causes
from dvctt.settings import Settings
from dvctt.warehouse import connections
from dvctt.warehouse.connections import read_rows

log = logging.getLogger(__name__)


def alert_about_publication(settings: Settings, publication: Publication, *, month: str | None) -> None:
    alert = alerts.alert_about_publication(
        json.loads(publication.verdict.read_text(encoding="utf-8")),
        publication.verdict,
        publication=publication.number,
        month=month,
        run_id=publication.manifest["run_id"],
        changed=_changed_figures(publication),
        happened_at=publication.manifest["published_at"],
        held=held_figures(settings),
        is_sample=publication.is_sample,
    )
    if alert is not None:
        try:
            # Under the publication's name: a run that is killed before it writes down that it told tells nobody twice.
            channels.send(alert, entry_id=f"publication-{publication.number}")
        except NotifyError as error:
            log.error("publication %d is not told to everybody: %s", publication.number, error)
            if not channels.is_kept(f"publication-{publication.number}"):
                return
    write_atomically(alerted_path(settings), json.dumps({"publication": publication.number}) + "\n")
    # Last: a run that is killed here leaves both files, and the new one is read.
    alerted_path_before(settings).unlink(missing_ok=True)


def alert_about_missed_publication(settings: Settings) -> None:
    """A run that was killed between the switch and its last stage has told nobody, and the run after it finds nothing new."""
    publication = reading.current_publication(settings.published)
    path = alerted_path(settings)
    if not path.is_file():
        path = alerted_path_before(settings)
    try:
        alerted = int(json.loads(path.read_text(encoding="utf-8"))["publication"]) if path.is_file() else 0
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning(
            "%s: cannot be read (%s), so nobody knows what people were told of last; telling them of the current publication, "
            "rather twice than never",
            path,
            type(error).__name__,
        )
        alerted = 0
    if publication is None or publication.number <= alerted:
        return
    log.warning(
        "nobody has been told of publication %d: a run was killed before its end; telling now", publication.number
    )
    alert_about_publication(settings, publication, month=publication.manifest["month"])


def deliver_waiting_alerts(province: Province) -> None:
    """Try again what earlier runs could not deliver; what is as old as a nightly publication may become is removed."""
    try:
        waiting = channels.deliver_waiting(keep=timedelta(days=province.retention.nightly_days))
    except OSError as error:
        log.error("the outbox of alerts cannot be used: %s", error)
        return
    if waiting:
        log.warning("%d alerts have not reached everybody; the next run tries again: dvctt alerts list", len(waiting))


def held_figures(settings: Settings) -> list[Finding]:
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
            Finding(
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


def _changed_figures(publication: Publication) -> list[Finding]:
    """The figures of the whole province that this publication changed, as findings: expected is the old one."""
    with connections.open_published(publication.marts) as connection:
        rows = read_rows(
            connection,
            "select * from mart_restatements where to_publication = ? and scope = 'province' order by month, metric_place",
            [publication.number],
        )
    return [
        Finding(
            agency=row["entity_name_vi"],
            month=str(Month.of(row["month"])),
            check=f"số liệu đã công bố thay đổi: {row['metric_name_vi']} ({row['unit']})",
            expected=row["old_value"],
            observed=row["new_value"],
            note=str(restatement_causes(row)),
        )
        for row in rows
    ]
