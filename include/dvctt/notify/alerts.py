"""Tells people that a run did not end well, or ended well with a caveat: one e-mail and one webhook for one alert.

What an alert says, how it is worded in Vietnamese and how it leaves the machine live here; what has not reached everybody
yet waits in the outbox of the home (``dvctt.notify.outbox``). What is *judged* does not:
the gate writes verdict.json and this module only reads it. Airflow is imported inside functions (it costs seconds, and
`dvctt run` must be able to alert without its database), and nothing here carries a record of a person.

Configuration, all from the environment (docs/how-to/alerts.md):

- ``DVCTT_ALERT_EMAILS``: recipients, separated by commas.
- ``DVCTT_ALERT_SMTP_CONN``: Airflow connection id of the mail server, default ``smtp_default``; its value comes from
  ``AIRFLOW_CONN_<ID>`` and, inside an Airflow task, from Airflow's other secret stores too.
- ``DVCTT_ALERT_FROM``: sender, default the connection's ``from_email``.
- ``DVCTT_ALERT_WEBHOOK_URL``: receives one HTTP POST of JSON.
"""

import html
import json
import logging
import os
import re
import smtplib
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime, parseaddr
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, Any, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from dvctt.core import clock
from dvctt.core.errors import (
    ConfigError,
    DvcttError,
    GateCouldNotCheck,
    GateFailed,
    NotifyError,
    PeriodError,
    VerdictError,
)
from dvctt.core.period import month_of_run
from dvctt.core.printable import printable
from dvctt.notify import outbox
from dvctt.notify.outbox import Delivery, Entry
from dvctt.province.folder import load_province
from dvctt.report.findings import Finding, Value, finding_of, one_line, optional_line
from dvctt.report.wording import formats
from dvctt.settings import Settings

logger = logging.getLogger(__name__)

Kind = Literal[
    "gate_failed",
    "gate_could_not_check",
    "task_failed",
    "published_with_warnings",
    "published_with_changes",
    "inbox_not_read",
]

FINDINGS_LISTED = 20
"""Longer lists are not read on a telephone at night; the rest stands in the verdict."""

NEXT_STEPS_LISTED = 5
WEBHOOK_TIMEOUT_SECONDS = 10
DEFAULT_SMTP_CONNECTION = "smtp_default"
EMAIL, WEBHOOK = "e-mail", "webhook"
LATE = timedelta(minutes=15)
"""An alert that leaves later than this after what it tells of says so: what it says of readers may no longer be true."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]+")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_EMAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# Telephone and citizen numbers begin with 0, which no count and no sum of money does.
_PERSONAL_NUMBER = re.compile(r"(?<!\d)0\d{8,11}(?!\d)")

_HEADLINES_VI: dict[str, str] = {
    "gate_failed": "KHÔNG ĐẠT: số liệu không qua được bước kiểm tra nên không được công bố.",
    "gate_could_not_check": (
        "CHƯA KIỂM TRA ĐƯỢC: chưa có kết luận số liệu đúng hay sai, nên không được công bố. "
        "Đây là lỗi của việc kiểm tra, chưa phải là lỗi của số liệu."
    ),
    "task_failed": "LỖI KHI CHẠY: một bước xử lý đã dừng hẳn, không tự chạy lại nữa.",
    "published_with_warnings": (
        "CẢNH BÁO: số liệu qua được các kiểm tra nghiêm trọng và ĐÃ ĐƯỢC CÔNG BỐ, nhưng kèm lưu ý vì những phát hiện dưới đây."
    ),
    "published_with_changes": "ĐIỀU CHỈNH: bản công bố mới đã THAY ĐỔI số liệu mà bản trước đã công bố.",
    "inbox_not_read": (
        "LƯU Ý: trong hộp nhận tệp có tệp hoặc thư mục mà phần mềm KHÔNG ĐỌC; nếu đó là số liệu thì số liệu đang thiếu."
    ),
}
_PREVIOUS_PUBLICATION_VI: dict[str, str] = {
    "gate_failed": "Bản công bố trước vẫn giữ nguyên; số liệu của lần chạy này chưa đến người đọc.",
    "gate_could_not_check": "Bản công bố trước vẫn giữ nguyên; số liệu của lần chạy này chưa đến người đọc.",
    # A report that fails after the pointer moved is a task failure too: promise no more than is true.
    "task_failed": (
        "Bản công bố trước vẫn giữ nguyên, không bị sửa. Nếu bước bị lỗi đứng sau bước công bố thì bản mới đã có "
        "hiệu lực: xem published/current trong thư mục dữ liệu."
    ),
    "published_with_warnings": (
        "Người đọc đang thấy bản công bố mới; báo cáo, bảng và tệp CSV của bản này ghi lưu ý ở số liệu thiếu dòng hoặc thiếu "
        "cơ quan. Bản công bố trước (nếu có) vẫn giữ nguyên trong thư mục published để đối chiếu."
    ),
    "published_with_changes": (
        "Người đọc đang thấy bản công bố mới; báo cáo của bản này nêu từng số liệu cũ, mới và nguyên nhân. Bản công bố trước "
        "vẫn giữ nguyên trong thư mục published để đối chiếu."
    ),
    "inbox_not_read": "Những tệp khác vẫn được xử lý như thường lệ; bản công bố không chứa gì của các mục nêu trên.",
}
_NOT_READ_VI = (
    "Chuyển tệp vào đúng thư mục <nguồn>/<loại dữ liệu>/<YYYY-MM>.csv của hộp nhận (tên nguồn: sources.yml), "
    "hoặc bỏ khỏi hộp nhận; lần chạy đêm kế tiếp tự đọc."
)
_RERUN_VI = "Sau khi khắc phục, chạy lại: `dvctt run`, hoặc chạy lại DAG nightly_warehouse trên giao diện Airflow."
_AFTER_WARNINGS_VI = (
    "Không cần chạy lại ngay. Khi cơ quan gửi bản sửa hoặc gửi bổ sung, lần chạy đêm kế tiếp tự tính lại và bỏ lưu ý."
)
_AFTER_HOLDS_VI = (
    "Phần đang giữ lại chưa đến người đọc: xem `dvctt held list`; nếu số đúng, "
    "`dvctt held accept SỐ --by HỌ_TÊN --reason LÝ_DO`, nếu tệp sai, `dvctt held reject SỐ --by HỌ_TÊN --reason LÝ_DO` "
    "và đề nghị nguồn gửi lại; hoặc trả lời trên giao diện "
    "Airflow (held_decisions). Lần chạy sau làm theo câu trả lời."
)
_AFTER_CHANGES_VI = (
    "Đối chiếu với báo cáo đã gửi: mục “Số liệu đã điều chỉnh so với bản công bố trước” trong báo cáo của tháng, hoặc "
    "`dvctt publications diff` giữa hai bản. Báo cáo đã ký của tháng đó cần được thay thế hoặc đính chính nếu số liệu khác."
)


@dataclass(frozen=True)
class Alert:
    """One alert for one run. ``findings_total`` counts what the verdict counted, listed here or not; ``publication`` is the
    number of what was published, None when nothing was. ``happened_at`` is the moment that its words are true of, as ISO.
    """

    kind: Kind
    subject_vi: str
    month: str | None
    stage: str
    agencies: tuple[str, ...]
    findings: tuple[Finding, ...]
    verdict_path: Path | None
    log_url: str | None
    next_step_vi: str
    province_vi: str
    run_id: str | None
    detail: str | None = None
    findings_total: int = 0
    publication: int | None = None
    happened_at: str | None = None


def alert_from_verdict(
    verdict: Mapping[str, Any],
    verdict_path: Path,
    *,
    stage: str = "check_counts",
    month: str | None = None,
    run_id: str | None = None,
    log_url: str | None = None,
) -> Alert:
    """Word the alert of a gate that did not pass; blocking findings stand first, what is only to be known stays out.

    Raises:
        NotifyError: the verdict passed, or is not in the form that the gate writes.
    """
    outcome = verdict.get("verdict")
    if outcome not in ("failed", "could_not_check"):
        raise NotifyError(f"{verdict_path}: key verdict: found {outcome!r}, wanted 'failed' or 'could_not_check'")
    try:
        open_checks = [check for check in verdict["checks"] if _is_open(check)]
        open_checks.sort(key=lambda check: not _blocks(check))
        findings = tuple(finding for check in open_checks for finding in _findings_of(check))
        total = _findings_total(open_checks)
        province = one_line(verdict.get("province") or _province_name())
    except (KeyError, TypeError, AttributeError) as error:
        raise _not_a_verdict(verdict_path, error) from error

    about, when = _about(findings, month or optional_line(verdict.get("month")))
    if outcome == "failed":
        subject = f"KHÔNG ĐẠT: số liệu {when} không qua kiểm tra ({_number(total)} phát hiện)"
    else:
        subject = f"CHƯA KIỂM TRA ĐƯỢC: số liệu {when} chưa có kết luận"
    return Alert(
        kind="gate_failed" if outcome == "failed" else "gate_could_not_check",
        subject_vi=f"[DVCTT {province}] {subject}",
        month=about,
        stage=stage,
        agencies=tuple(_distinct(finding.agency for finding in findings if finding.agency)),
        findings=findings,
        verdict_path=verdict_path,
        log_url=log_url,
        next_step_vi=_next_steps(open_checks, _RERUN_VI),
        province_vi=province,
        run_id=run_id or verdict.get("run_id"),
        findings_total=total,
    )


def alert_about_publication(
    verdict: Mapping[str, Any],
    verdict_path: Path,
    *,
    publication: int,
    month: object = None,
    run_id: str | None = None,
    changed: Sequence[Finding] = (),
    held: Sequence[Finding] = (),
    stage: str = "tell_people",
    log_url: str | None = None,
    happened_at: str | None = None,
) -> Alert | None:
    """Word the alert of a run that published with warnings, that changed what was published before, or that holds something
    back; None when no warning failed, nothing changed and nothing is held. What is ``info`` never alerts.

    Args:
        publication: number of what was published.
        happened_at: when it was published, as ISO with its zone.
        changed: figures of published months that this publication changed: expected is the old one, observed the new.
        held: what waits for a person's word and is not in it: expected is the figure that it is held against.
        month: the month that the run reports on, ``YYYY-MM`` or anything that prints so.

    Raises:
        NotifyError: the verdict did not pass, so nothing was published, or is not in the form that the gate writes.
    """
    outcome = verdict.get("verdict")
    if outcome != "passed":
        raise NotifyError(f"{verdict_path}: key verdict: found {outcome!r}, wanted 'passed'")
    try:
        warnings = [c for c in verdict["checks"] if c["status"] == "failed" and c["severity"] == "warning"]
        if not warnings and not changed and not held:
            return None
        # What people have filed already comes first.
        findings = (
            *held,
            *changed,
            *(finding for check in warnings for finding in _findings_of(check, is_published=True)),
        )
        total = len(held) + len(changed) + _findings_total(warnings)
        province = one_line(verdict.get("province") or _province_name())
    except (KeyError, TypeError, AttributeError) as error:
        raise _not_a_verdict(verdict_path, error) from error
    about, when = _about(findings, str(month) if month else optional_line(verdict.get("month")))
    told = f"thay đổi {_number(len(changed))} số liệu đã công bố" if changed else "kèm lưu ý"
    if held:
        told += f", {_number(len(held))} phần đang giữ lại chờ xác nhận"
    last = [_AFTER_HOLDS_VI] * bool(held) + [_AFTER_CHANGES_VI] * bool(changed) + [_AFTER_WARNINGS_VI] * bool(warnings)
    return Alert(
        kind="published_with_warnings" if warnings or held else "published_with_changes",
        subject_vi=(
            f"[DVCTT {province}] {'CẢNH BÁO' if warnings or held else 'ĐIỀU CHỈNH'}: "
            f"đã công bố bản {publication} {told}, số liệu {when} ({_number(total)} phát hiện)"
        ),
        month=about,
        stage=stage,
        agencies=tuple(_distinct(finding.agency for finding in findings if finding.agency)),
        findings=findings,
        verdict_path=verdict_path,
        log_url=log_url,
        next_step_vi=_next_steps(warnings, "\n- ".join(last)),
        province_vi=province,
        run_id=run_id or verdict.get("run_id"),
        findings_total=total,
        publication=publication,
        happened_at=happened_at,
    )


def alert_about_inbox(
    strangers: Sequence[str], known: Sequence[str], *, province_vi: str, run_id: str | None = None
) -> Alert:
    """Word the alert of files and folders in the inbox that no source owns: what lies there is in no figure.

    Args:
        strangers: what was found, each with its kind.
        known: ids of the province's sources: where such a file belongs.
    """
    findings = tuple(
        Finding(None, None, "mục trong hộp nhận tệp không thuộc nguồn nào", ", ".join(known), one_line(stranger))
        for stranger in strangers
    )
    return Alert(
        kind="inbox_not_read",
        subject_vi=f"[DVCTT {province_vi}] LƯU Ý: {_number(len(findings))} mục trong hộp nhận tệp không được đọc",
        month=None,
        stage="land_extracts",
        agencies=(),
        findings=findings,
        verdict_path=None,
        log_url=None,
        next_step_vi=f"- {_NOT_READ_VI}",
        province_vi=province_vi,
        run_id=run_id,
        findings_total=len(findings),
    )


def _not_a_verdict(verdict_path: Path, error: Exception) -> NotifyError:
    return NotifyError(
        f"{verdict_path}: not a verdict: {type(error).__name__} {error}; "
        "wanted a list 'checks' whose items have 'id', 'status' and 'failing_rows'"
    )


def _findings_total(checks: Iterable[Mapping[str, Any]]) -> int:
    return sum(max(check.get("failing_rows_total") or 0, len(_findings_of(check))) for check in checks)


def _about(findings: Iterable[Finding], of_run: str | None) -> tuple[str | None, str]:
    """The one month that an alert is about, if it is one, and the words for it.

    What was found decides; a run for one month may well find a fault in another.
    """
    months = sorted({finding.month for finding in findings if finding.month})
    about = months[0] if len(months) == 1 else None if months else of_run
    return about, _month_vi(about) if about else f"{len(months)} tháng" if months else "của lần chạy này"


def _next_steps(checks: Iterable[Mapping[str, Any]], last: str) -> str:
    steps = _distinct(_lines(check["next_vi"]) for check in checks if check.get("next_vi"))[:NEXT_STEPS_LISTED]
    return "\n".join([*(f"- {step}" for step in steps), f"- {last}"])


def alert_from_exception(
    exc: BaseException | str | None,
    *,
    stage: str,
    month: str | None = None,
    run_id: str | None = None,
    province_vi: str | None = None,
    log_url: str | None = None,
) -> Alert:
    """Word the alert of a stage that failed for good.

    Only this package's own errors are quoted: the text of any other one may hold a value of a record (a conversion
    error of the database does), so it is named by type and place and stays in the log.
    """
    province = one_line(province_vi or _province_name())
    about = f" ({_month_vi(month)})" if month else ""
    if isinstance(exc, GateFailed):
        kind: Kind = "gate_failed"
        subject = f"KHÔNG ĐẠT: số liệu không qua kiểm tra{about}"
    elif isinstance(exc, GateCouldNotCheck):
        kind = "gate_could_not_check"
        subject = f"CHƯA KIỂM TRA ĐƯỢC: số liệu chưa có kết luận{about}"
    else:
        kind = "task_failed"
        subject = f"LỖI KHI CHẠY: bước {one_line(stage)} dừng hẳn{about}"
    return Alert(
        kind=kind,
        subject_vi=f"[DVCTT {province}] {subject}",
        month=month,
        stage=stage,
        agencies=(),
        findings=(),
        verdict_path=exc.verdict_path if isinstance(exc, VerdictError) else None,
        log_url=log_url,
        next_step_vi=f"- Đọc nhật ký của bước {one_line(stage)} để biết nguyên nhân.\n- {_RERUN_VI}",
        province_vi=province,
        run_id=run_id,
        detail=_describe(exc),
    )


def alert_for(
    exc: BaseException | str | None,
    *,
    stage: str,
    month: str | None = None,
    run_id: str | None = None,
    log_url: str | None = None,
) -> Alert:
    """The alert of whatever ended a run: from the verdict if the error points to one, else from the error itself.

    Never raises for a verdict that is missing or broken: it must not cost the alert.
    """
    about: dict[str, Any] = {"stage": stage, "month": month, "run_id": run_id, "log_url": log_url}
    if not (isinstance(exc, VerdictError) and exc.verdict_path):
        return alert_from_exception(exc, **about)
    try:
        verdict = json.loads(exc.verdict_path.read_text(encoding="utf-8"))
        if not isinstance(verdict, dict):
            raise NotifyError(f"{exc.verdict_path}: found {type(verdict).__name__}, wanted a JSON object")
        return alert_from_verdict(verdict, exc.verdict_path, **about)
    except (OSError, ValueError, NotifyError) as error:
        logger.exception("the verdict %s cannot be quoted; the alert names the error alone", exc.verdict_path)
        alert = alert_from_exception(exc, **about)
        unread = f"{alert.detail} (không đọc được tệp kết luận: {type(error).__name__})"
        return Alert(**{**vars(alert), "detail": unread})


def on_task_failure(context: Mapping[str, Any]) -> None:
    """Airflow's ``on_failure_callback``: called once, when a task has failed and will not be retried.

    Raises:
        NotifyError: a channel did not take the alert; Airflow writes it to the task's log.
    """
    task = context.get("task_instance") or context.get("ti")
    run = context.get("dag_run")
    alert = alert_for(
        context.get("exception"),
        stage=str(getattr(task, "task_id", None) or "(không rõ bước)"),
        month=_month_of(context),
        run_id=context.get("run_id") or getattr(run, "run_id", None),
        log_url=getattr(task, "log_url", None),
    )
    send(alert)


def send(alert: Alert, *, entry_id: str | None = None) -> None:
    """Put an alert into the outbox and send one e-mail to all recipients and one webhook, whichever are configured; then what
    still waits there for a channel that took this one.

    A channel that fails does not keep the other from being tried, and what it did not take stays in the outbox for the next
    run. Where the outbox cannot be written (a full disk, say) each channel is tried once, and that is all.

    Args:
        entry_id: names what is told of, so that it is told once: an alert that is there under this name is not sent anew.

    Raises:
        NotifyError: names each channel that failed and why, without passwords or whole webhook addresses.
    """
    deliveries, malformed = _addressees()
    if not deliveries and not malformed:
        logger.error(
            "NOBODY WAS TOLD: no alert channel is configured, so this alert went nowhere: %s. Set DVCTT_ALERT_EMAILS "
            "with AIRFLOW_CONN_SMTP_DEFAULT, or DVCTT_ALERT_WEBHOOK_URL (docs/how-to/alerts.md)",
            one_line(alert.subject_vi),
        )
        return
    at = clock.now()
    alert = alert if alert.happened_at else replace(alert, happened_at=at.isoformat())
    entry = Entry(
        entry_id=entry_id or outbox.free_id(_outbox_folder(), at),
        made_at=at.isoformat(),
        subject_vi=one_line(alert.subject_vi),
        alert=_as_data(alert),
        deliveries=deliveries,
    )
    folder = _outbox_folder()
    try:
        with outbox.locked(folder) as is_ours:
            if not outbox.put(folder, entry):
                logger.info("alert %s is in the outbox already: it is not sent anew", entry.entry_id)
                return
            if not is_ours:
                raise NotifyError(
                    f"{folder}: another process is sending; alert {entry.entry_id} waits for the next run or for: "
                    "dvctt alerts retry"
                )
            round_ = _Round(folder, at)
            round_.deliver(entry, due_only=False)
            round_.deliver_others(due_only=True)
    except OSError as error:
        logger.error("%s cannot be written, so what does not go out now is lost: %s", folder, error)
        _Round(None, at).deliver(entry, due_only=False)
    _refuse_undelivered(entry, malformed)


def deliver_waiting(*, keep: timedelta | None = None, due_only: bool = False) -> list[Entry]:
    """Try again what waits in the outbox; the entries that still wait afterwards. A channel that is down is waited for once,
    not once an alert.

    Args:
        keep: remove entries that are older than this, delivered or not; None removes none.
        due_only: leave those alone that failed a short while ago.

    Raises:
        OSError: the outbox cannot be written.
    """
    folder = _outbox_folder()
    if not folder.is_dir():
        return []
    at = clock.now()
    with outbox.locked(folder) as is_ours:
        if not is_ours:
            logger.warning("%s: another process is sending; what waits there is left to it", folder)
        else:
            if keep is not None:
                for entry in outbox.prune(folder, before=at - keep):
                    for delivery in entry.waiting:
                        logger.error(
                            "given up after %d days: alert %s of %s has not reached %s: %s", keep.days, entry.entry_id,
                            entry.made_at, masked(delivery), delivery.reason,
                        )  # fmt: skip
            _Round(folder, at).deliver_others(due_only=due_only)
        return [entry for entry in outbox.entries(folder)[0] if entry.waiting]


def is_kept(entry_id: str) -> bool:
    """Whether the outbox holds this entry, so that a later run will try it again."""
    return any(entry.entry_id == entry_id for entry in waiting_and_sent())


def waiting_and_sent() -> list[Entry]:
    """Every entry of the outbox, the oldest first."""
    return outbox.entries(_outbox_folder())[0]


class _ChannelDown(NotifyError):
    """The channel did not answer at all: no use trying it with another alert now."""


class _Round:
    """One pass over the outbox: each delivery at most once, and no channel again that did not answer."""

    def __init__(self, folder: Path | None, at: datetime) -> None:
        self._folder = folder
        self._at = at
        self._down: set[str] = set()
        self._tried: set[str] = set()

    def deliver_others(self, *, due_only: bool) -> None:
        """What waits, the oldest first; a file that is no entry is set aside, and people are told of it."""
        if self._folder is None:
            return
        found, damaged = outbox.entries(self._folder)
        for path in damaged:
            found.append(self._told_of_damage(path))
        for entry in found:
            if entry.waiting and entry.entry_id not in self._tried:
                self.deliver(entry, due_only=due_only)

    def deliver(self, entry: Entry, *, due_only: bool) -> None:
        """Try one entry by every channel that it waits for, and write down at once what came of it."""
        self._tried.add(entry.entry_id)
        now_configured = {(d.channel, d.recipient) for d in _addressees()[0]}
        due = [
            d for d in entry.waiting
            if (d.channel, d.recipient) in now_configured and (not due_only or d.is_due(self._at))
        ]  # fmt: skip
        for channel, deliver in ((EMAIL, _send_email), (WEBHOOK, _send_webhook)):
            wanted = [delivery for delivery in due if delivery.channel == channel]
            if not wanted or channel in self._down:
                continue
            try:
                refused = deliver(entry, [delivery.recipient for delivery in wanted])
            # Whatever one channel throws, the other one must still be tried; all of it is kept with the entry.
            except Exception as error:  # noqa: BLE001
                if isinstance(error, _ChannelDown):
                    self._down.add(channel)
                refused = dict.fromkeys((delivery.recipient for delivery in wanted), _reason(error))
            for delivery in wanted:
                if delivery.recipient in refused:
                    delivery.failed(self._at, refused[delivery.recipient])
                    logger.warning(
                        "alert %s did not reach %s (try %d): %s",
                        entry.entry_id, masked(delivery), delivery.attempts, delivery.reason,
                    )  # fmt: skip
                else:
                    delivery.succeeded(clock.now())
            if self._folder is not None:
                outbox.save(self._folder, entry)

    def _told_of_damage(self, path: Path) -> Entry:
        assert self._folder is not None
        aside = outbox.set_aside(path)
        logger.error("%s is not an entry of the outbox: set aside as %s", path, aside.name)
        error = NotifyError(
            f"{path}: not an entry of the outbox: found other content, wanted an alert with its deliveries; set aside as "
            f"{aside.name}; whom that alert has reached is not known: look at it, and at the run of its day: dvctt alerts list"
        )
        alert = replace(alert_from_exception(error, stage="outbox"), happened_at=self._at.isoformat())
        entry = Entry(
            entry_id=outbox.free_id(self._folder, self._at),
            made_at=self._at.isoformat(),
            subject_vi=one_line(alert.subject_vi),
            alert=_as_data(alert),
            deliveries=_addressees()[0],
        )
        outbox.put(self._folder, entry)
        return entry


def _addressees() -> tuple[list[Delivery], list[str]]:
    """Whom an alert goes to as things are configured now, and what stands among the recipients and is no address (masked)."""
    recipients, malformed = _recipients(os.environ.get("DVCTT_ALERT_EMAILS", ""))
    deliveries = [Delivery(EMAIL, recipient) for recipient in recipients]
    if os.environ.get("DVCTT_ALERT_WEBHOOK_URL", "").strip():
        # The address is a secret, and may have been changed by the time it is tried again: it stays in the environment.
        deliveries.append(Delivery(WEBHOOK, ""))
    return deliveries, malformed


def _refuse_undelivered(entry: Entry, malformed: Sequence[str]) -> None:
    reasons: dict[str, list[str]] = {}
    for delivery in entry.deliveries:
        known = reasons.setdefault(delivery.channel, [])
        if delivery.delivered_at is None:
            known.append(delivery.reason or "not tried")
    if malformed:
        served = sum(d.channel == EMAIL and d.delivered_at is not None for d in entry.deliveries)
        words = f"sent to {served} recipients, but DVCTT_ALERT_EMAILS holds what is no address: {', '.join(malformed)}"
        reasons.setdefault(EMAIL, []).append(words)
    failed = {channel: "; ".join(_distinct(words)) for channel, words in reasons.items() if words}
    if failed:
        told = _distinct(d.channel for d in entry.deliveries if d.delivered_at is not None)
        raise NotifyError(
            f"alert not delivered by {len(failed)} of {len(reasons)} channels: "
            + "; ".join(f"{channel}: {words}" for channel, words in failed.items())
            + f". Delivered by: {', '.join(told) or 'none, nobody was told'}. Alert: {entry.subject_vi}. "
            "What has not arrived is tried again by the next run: dvctt alerts list"
        )


def _outbox_folder() -> Path:
    # Which province it is does not matter here, and a wrong one may be what the alert reports.
    return Settings.from_environment({**os.environ, "DVCTT_PROVINCE": ""}).home / outbox.FOLDER


def _as_data(alert: Alert) -> dict[str, Any]:
    return {**asdict(alert), "verdict_path": str(alert.verdict_path) if alert.verdict_path else None}


def _alert_of(entry: Entry) -> Alert:
    data = dict(entry.alert)
    return Alert(
        **{
            **data,
            "agencies": tuple(data["agencies"]),
            "findings": tuple(Finding(**finding) for finding in data["findings"]),
            "verdict_path": Path(data["verdict_path"]) if data["verdict_path"] else None,
        }
    )


def masked(delivery: Delivery) -> str:
    """Channel and recipient as a log may name them."""
    return f"{delivery.channel} {_masked_address(delivery.recipient)}" if delivery.recipient else delivery.channel


# What it says


def text_body(alert: Alert) -> str:
    """The alert as Vietnamese plain text."""
    late = _late_vi(alert)
    lines = [*([late, ""] if late else []), _HEADLINES_VI[alert.kind], ""]
    lines += [f"{label}: {value}" for label, value in _facts(alert)]
    shown, hidden = _listed(alert)
    if shown:
        lines += ["", f"Phát hiện ({_number(len(shown) + hidden)} dòng):"]
    for number, finding in enumerate(shown, start=1):
        lines.append(f"{number}. " + "\n   ".join(f"{label}: {value}" for label, value in _finding_facts(finding)))
    if hidden:
        lines.append(f"và {_number(hidden)} dòng khác, xem tệp kết luận.")
    lines += ["", _PREVIOUS_PUBLICATION_VI[alert.kind], "", "Việc cần làm:", _lines(alert.next_step_vi), ""]
    return "\n".join(lines)


def html_body(alert: Alert) -> str:
    """The same, as HTML without images, scripts or links to other machines than Airflow's log."""
    facts = "".join(
        f"<tr><th align='left'>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
        for label, value in _facts(alert)
    )
    shown, hidden = _listed(alert)
    found = ""
    if shown:
        labels = ("Cơ quan", "Tháng", "Kiểm tra", "Mong đợi", "Quan sát", "Chênh lệch", "Ghi chú")
        rows = []
        for finding in shown:
            cells = dict(_finding_facts(finding))
            rows.append("<tr>" + "".join(f"<td>{html.escape(cells.get(label, ''))}</td>" for label in labels) + "</tr>")
        found = (
            f"<h3>Phát hiện ({_number(len(shown) + hidden)} dòng)</h3><table border='1' cellpadding='4'><tr>"
            + "".join(f"<th>{label}</th>" for label in labels)
            + f"</tr>{''.join(rows)}</table>"
        )
    if hidden:
        found += f"<p>và {_number(hidden)} dòng khác, xem tệp kết luận.</p>"
    steps = "<br>".join(html.escape(line) for line in _lines(alert.next_step_vi).split("\n"))
    late = _late_vi(alert)
    said_late = f"<p><b>{html.escape(late)}</b></p>" if late else ""
    return (
        f"<!doctype html><html lang='vi'><meta charset='utf-8'><body>{said_late}"
        f"<p><b>{html.escape(_HEADLINES_VI[alert.kind])}</b>"
        f"</p><table cellpadding='4'>{facts}</table>{found}"
        f"<p>{html.escape(_PREVIOUS_PUBLICATION_VI[alert.kind])}</p><h3>Việc cần làm</h3><p>{steps}</p></body></html>"
    )


def webhook_payload(alert: Alert) -> dict[str, Any]:
    """The same, as JSON values; ``text`` is what chat programs show of a message."""
    shown, hidden = _listed(alert)
    return {
        "kind": alert.kind,
        "subject": subject_line(alert),
        "happened_at": alert.happened_at,
        "is_late": _late_vi(alert) is not None,
        "province": alert.province_vi,
        "month": alert.month,
        "stage": alert.stage,
        "run_id": alert.run_id,
        "agencies": list(alert.agencies),
        "findings": [
            {
                "agency": finding.agency,
                "month": finding.month,
                "check": finding.check,
                "expected": finding.expected,
                "relation": finding.relation,
                "observed": finding.observed,
                "difference": finding.difference,
                "note": finding.note,
            }
            for finding in shown
        ],
        "findings_total": len(shown) + hidden,
        "detail": alert.detail,
        "verdict_path": str(alert.verdict_path) if alert.verdict_path else None,
        "log_url": alert.log_url,
        "publication": alert.publication,
        "previous_publication": _PREVIOUS_PUBLICATION_VI[alert.kind],
        "next_step": alert.next_step_vi,
        "sent_at": clock.now().isoformat(),
        "text": f"{subject_line(alert)}\n{text_body(alert)}",
    }


def subject_line(alert: Alert) -> str:
    """The subject; of an alert that leaves late, with the moment that it tells of."""
    happened = _happened_late(alert)
    return f"{one_line(alert.subject_vi)}{f' (gửi muộn; sự việc lúc {_moment_vi(happened)})' if happened else ''}"


def _late_vi(alert: Alert) -> str | None:
    """What stands above an alert that leaves late: its words were true then."""
    happened = _happened_late(alert)
    return happened and (
        f"GỬI MUỘN: sự việc xảy ra lúc {_moment_vi(happened)}; tin này đến giờ mới gửi được. Nội dung dưới đây đúng vào lúc "
        "đó; tình hình hiện nay xem bằng `dvctt publications list` và `dvctt verdict`."
    )


def _happened_late(alert: Alert) -> datetime | None:
    happened = datetime.fromisoformat(alert.happened_at) if alert.happened_at else None
    return happened if happened and clock.now() - happened > LATE else None


def _moment_vi(moment: datetime) -> str:
    return f"{moment.astimezone(clock.LOCAL_ZONE):%H:%M ngày %d/%m/%Y}"


def _facts(alert: Alert) -> list[tuple[str, str]]:
    months = sorted({finding.month for finding in alert.findings if finding.month})
    if alert.month:
        month = _month_vi(alert.month, prefix="")
    elif months:
        month = ", ".join(_month_vi(one, prefix="") for one in months)
    else:
        month = "không xác định được từ lần chạy"
    facts = [
        ("Tỉnh", alert.province_vi),
        ("Tháng", month),
        ("Bản công bố", str(alert.publication) if alert.publication is not None else None),
        ("Bước", alert.stage),
        ("Lần chạy", alert.run_id),
        ("Cơ quan liên quan", ", ".join(alert.agencies)),
        ("Nguyên nhân", alert.detail),
        ("Tệp kết luận", str(alert.verdict_path) if alert.verdict_path else None),
        ("Nhật ký", alert.log_url),
    ]
    return [(label, one_line(value)) for label, value in facts if value]


def _finding_facts(finding: Finding) -> list[tuple[str, str]]:
    facts = [
        ("Cơ quan", one_line(finding.agency or "tất cả cơ quan")),
        ("Tháng", _month_vi(finding.month, prefix="") if finding.month else "mọi tháng của lần chạy"),
        ("Kiểm tra", one_line(finding.check)),
        ("Mong đợi", finding.wanted_vi),
        ("Quan sát", finding.observed_vi),
        ("Chênh lệch", _number(finding.difference, sign=True)),
    ]
    return [*facts, ("Ghi chú", one_line(finding.note))] if finding.note else facts


def _blocks(check: Mapping[str, Any]) -> bool:
    """A warning that failed does not stop a run; one that gave no answer does, as the gate decides."""
    return check.get("severity") == "critical" or check["status"] == "could_not_check"


def _is_open(check: Mapping[str, Any]) -> bool:
    """What is only to be known alerts nobody, unless it gave no answer."""
    return check["status"] == "could_not_check" or (check["status"] == "failed" and check.get("severity") != "info")


def _findings_of(check: Mapping[str, Any], *, is_published: bool = False) -> list[Finding]:
    title = check.get("title_vi") or check["id"]
    notes = [] if is_published or _blocks(check) else ["cảnh báo, không chặn công bố"]
    if check["status"] == "could_not_check":
        notes.insert(0, f"chưa kiểm tra được: {_without_personal_data(check.get('error') or 'không rõ lý do')}")
    rows = check.get("failing_rows") or []
    if not rows:
        if check["status"] == "failed":
            notes.insert(0, "không có dòng chi tiết, xem tệp kết luận")
        return [Finding(None, None, f"{one_line(title)} ({check['id']})", None, None, "; ".join(notes) or None)]
    return [finding_of(check, row, note="; ".join(notes) or None) for row in rows]


def _listed(alert: Alert) -> tuple[tuple[Finding, ...], int]:
    shown = alert.findings[:FINDINGS_LISTED]
    return shown, max(alert.findings_total, len(alert.findings)) - len(shown)


def _month_vi(month: str, prefix: str = "tháng ") -> str:
    match = _MONTH.fullmatch(month)
    return f"{prefix}{match[2]}/{match[1]}" if match else f"{prefix}{one_line(month)}"


def _number(value: Value, *, sign: bool = False) -> str:
    """Vietnamese digits: 2.952 and 0,5. No figure is not zero, and says so."""
    if value is None:
        return "không có"
    if isinstance(value, str):
        return one_line(value)
    return formats.signed_exact(value) if sign else formats.exact(value)


def _lines(text: str) -> str:
    return printable(_CONTROL_BUT_NEWLINE.sub(" ", text)).strip()


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _without_personal_data(text: str) -> str:
    without_credentials = _URL_CREDENTIALS.sub("***@", one_line(text))
    return _PERSONAL_NUMBER.sub("***", _EMAIL_ADDRESS.sub("***", without_credentials))


def _describe(exc: BaseException | str | None) -> str:
    if isinstance(exc, DvcttError):
        return _without_personal_data(str(exc))
    if isinstance(exc, BaseException):
        frames = traceback.extract_tb(exc.__traceback__)
        place = f" tại {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        return f"{type(exc).__name__}{place} (nội dung lỗi chỉ có trong nhật ký của bước)"
    if exc:
        return "bước bị dừng từ bên ngoài (nội dung lỗi chỉ có trong nhật ký của bước)"
    return "bước dừng mà không để lại lỗi: tiến trình có thể đã bị dừng từ bên ngoài hoặc thiếu bộ nhớ"


# What it is about


def _month_of(context: Mapping[str, Any]) -> str | None:
    run = context.get("dag_run")
    params = context.get("params") or {}
    try:
        month = month_of_run(
            partition_key=getattr(run, "partition_key", None),
            parameter=params.get("month"),
            logical_date=context.get("logical_date"),
        )
    except PeriodError as error:
        logger.warning("the alert names no month: %s", error)
        return None
    return str(month) if month else None


def _province_name() -> str:
    try:
        return load_province(Settings.from_environment().province_folder).name_vi
    except ConfigError as error:
        # A wrong province folder may be the very failure that the alert reports.
        logger.warning("the alert names the province by DVCTT_PROVINCE: %s", error)
        return os.environ.get("DVCTT_PROVINCE") or "(không đọc được tên tỉnh)"


# How it leaves


def _send_email(entry: Entry, recipients: Sequence[str]) -> dict[str, str]:
    """One e-mail to these recipients; those that the server refused, each with why.

    Raises:
        NotifyError: nobody got it.
    """
    alert = _alert_of(entry)
    conn_id = os.environ.get("DVCTT_ALERT_SMTP_CONN") or DEFAULT_SMTP_CONNECTION
    _settle_airflow_home()
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    class OneAttemptHook(SmtpHook):
        """Connection, TLS and login are the provider's. Its own send method is not used: it sends again when an
        answer is lost, so a night could bring six e-mails, and it hides recipients that the server refused.
        """

        def deliver(self, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
            return self._smtp_client.send_message(message, parseaddr(str(message["From"]))[1], list(recipients))

    is_connected = False
    try:
        with OneAttemptHook(conn_id) as hook:
            is_connected = True
            sender = os.environ.get("DVCTT_ALERT_FROM") or hook.from_email
            if not sender:
                raise NotifyError("no sender: set DVCTT_ALERT_FROM, or from_email in the connection's extra")
            refused = hook.deliver(_message(alert, sender, recipients, entry.entry_id))
    except NotifyError:
        raise
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    # The provider, smtplib, ssl and Airflow's secret stores each have their own errors; none may pass unmasked.
    except Exception as error:  # noqa: BLE001
        # One letter that a server does not take must not hold up the others; a server that is not there holds up all.
        is_down = not is_connected or isinstance(error, (smtplib.SMTPServerDisconnected, TimeoutError, ConnectionError))
        raise (_ChannelDown if is_down else NotifyError)(
            f"mail server of connection {conn_id!r} (AIRFLOW_CONN_{conn_id.upper()}): "
            f"{type(error).__name__}: {_without_personal_data(str(error))}"
        ) from None
    answers = "; ".join(
        f"{_masked_address(address)} ({code} {_without_personal_data(answer.decode(errors='replace'))})"
        for address, (code, answer) in refused.items()
    )
    logger.info("alert e-mail sent to %d recipients: %s", len(recipients) - len(refused), one_line(alert.subject_vi))
    return dict.fromkeys(
        refused, f"{len(refused)} of {len(recipients)} recipients refused by the mail server: {answers}"
    )


class _Subject(str):
    """A subject that folds itself. The standard library's own folding loses the space between two words with diacritics
    when a line ends there (Python 3.11), so that "công bố" arrives as "côngbố".
    """

    name = "Subject"

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {Header(self, 'utf-8', header_name=self.name).encode(linesep=policy.linesep)}{policy.linesep}"


def _message(alert: Alert, sender: str, recipients: Sequence[str], entry_id: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = _Subject(subject_line(alert))
    # The same however often it is sent: where the answer to a send was lost, mail programs show one of the two.
    message["Message-ID"] = f"<{entry_id}@{parseaddr(sender)[1].rpartition('@')[2] or 'dvctt'}>"
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(clock.now())
    # RFC 3834: out-of-office replies must not answer a machine.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text_body(alert))
    message.add_alternative(html_body(alert), subtype="html")
    return message


def _recipients(setting: str) -> tuple[list[str], list[str]]:
    """Addresses, and what is none (masked), in their order and without repetition."""
    good: list[str] = []
    bad: list[str] = []
    for entry in _distinct(part.strip() for part in setting.split(",") if part.strip()):
        try:
            address = Address(addr_spec=entry)
            (good if address.username and address.domain and entry.isascii() else bad).append(entry)
        # IndexError: what the standard library's parser answers to some malformed addresses.
        except (ValueError, IndexError, MessageError):
            bad.append(entry)
    return good, [_masked_address(entry) for entry in bad]


def _masked_address(address: str) -> str:
    name, at, domain = one_line(address).partition("@")
    return f"{name[:1]}***{at}{domain}"


def _settle_airflow_home() -> None:
    """Outside Airflow, importing it makes a folder in the user's home unless it is told where to live."""
    if "airflow" not in sys.modules and not os.environ.get("AIRFLOW_HOME"):
        # Which province it is does not matter here, and a wrong one may be what the alert reports.
        home = Settings.from_environment({**os.environ, "DVCTT_PROVINCE": ""}).airflow_home
        os.environ["AIRFLOW_HOME"] = str(home)


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST arrives as a GET without its body: an alert that looks delivered and is empty."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def _send_webhook(entry: Entry, recipients: Sequence[str]) -> dict[str, str]:
    """One POST; the only recipient of this channel is its address.

    Raises:
        NotifyError: it was not taken.
    """
    url = os.environ["DVCTT_ALERT_WEBHOOK_URL"].strip()
    where = _masked_url(url)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or _CONTROL.search(url):
        raise NotifyError(f"DVCTT_ALERT_WEBHOOK_URL: found {where}, wanted http(s)://host/… without user or password")
    payload = {"id": entry.entry_id, **webhook_payload(_alert_of(entry))}
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8")
    request = Request(  # noqa: S310 - the scheme is checked above
        url,
        data=body,
        method="POST",
        headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "dvctt-warehouse"},
    )
    try:
        with build_opener(_NoRedirect).open(request, timeout=WEBHOOK_TIMEOUT_SECONDS) as response:
            status = response.status
    except HTTPError as error:
        code = error.code
        error.close()
        raise NotifyError(f"{where} answered HTTP {code}, wanted 2xx") from None
    except TimeoutError:
        raise _ChannelDown(f"{where} gave no answer within {WEBHOOK_TIMEOUT_SECONDS} s") from None
    except URLError as error:
        raise _ChannelDown(f"{where} cannot be reached: {error.reason}") from None
    # What http.client answers to a bad address quotes it, and with it the token.
    except Exception as error:  # noqa: BLE001
        raise _ChannelDown(f"{where} cannot be reached: {type(error).__name__}") from None
    logger.info("alert webhook taken by %s: HTTP %d", where, status)
    return {}


def _masked_url(url: str) -> str:
    """Scheme and host only: chat programs put the secret into the path."""
    try:
        parts = urlsplit(one_line(url))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(unreadable address)"
    return f"{parts.scheme or '?'}://{parts.hostname or '?'}{port}/***"


def _reason(error: Exception) -> str:
    if isinstance(error, NotifyError):
        return str(error)
    return f"{type(error).__name__}: {_without_personal_data(str(error))}"
