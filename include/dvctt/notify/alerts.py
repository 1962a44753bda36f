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

import json
import logging
import os
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dvctt.core.errors import ConfigError, DvcttError, GateCouldNotCheck, GateFailed, NotifyError, VerdictError
from dvctt.core.printable import one_line
from dvctt.landing.refusals import Refusal
from dvctt.notify.plain import distinct, lines_of, month_vi, number_vi, without_personal_data
from dvctt.province.folder import load_province
from dvctt.report.findings import Finding, finding_of, optional_line
from dvctt.report.wording.words import refusal_reason
from dvctt.settings import Settings

logger = logging.getLogger(__name__)

Kind = Literal[
    "gate_failed",
    "gate_could_not_check",
    "task_failed",
    "published_with_warnings",
    "published_with_changes",
    "inbox_not_read",
    "files_refused",
]


NEXT_STEPS_LISTED = 5


_NOT_READ_VI = (
    "Chuyển tệp vào đúng thư mục <nguồn>/<loại dữ liệu>/<YYYY-MM>.csv của hộp nhận (tên nguồn: sources.yml), "
    "hoặc bỏ khỏi hộp nhận; lần chạy đêm kế tiếp tự đọc."
)
_REFUSED_VI = (
    "Đề nghị nguồn gửi lại tệp đúng quy định dưới đúng tên cũ (hoặc bỏ tệp khỏi hộp nhận); lần chạy đêm kế tiếp tự đọc lại. "
    "Danh sách và lý do: `dvctt extracts refused`."
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
    ``is_sample`` is whether the figures that it tells of are a sample's; None asks what has landed when it is sent.
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
    is_sample: bool | None = None


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
        subject = f"KHÔNG ĐẠT: số liệu {when} không qua kiểm tra ({number_vi(total)} phát hiện)"
    else:
        subject = f"CHƯA KIỂM TRA ĐƯỢC: số liệu {when} chưa có kết luận"
    return Alert(
        kind="gate_failed" if outcome == "failed" else "gate_could_not_check",
        subject_vi=f"[DVCTT {province}] {subject}",
        month=about,
        stage=stage,
        agencies=tuple(distinct(finding.agency for finding in findings if finding.agency)),
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
    is_sample: bool | None = None,
) -> Alert | None:
    """Word the alert of a run that published with warnings, that changed what was published before, or that holds something
    back; None when no warning failed, nothing changed and nothing is held. What is ``info`` never alerts.

    Args:
        publication: number of what was published.
        happened_at: when it was published, as ISO with its zone.
        is_sample: whether its figures are a sample's.
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
    last = [_AFTER_HOLDS_VI] * bool(held) + [_AFTER_CHANGES_VI] * bool(changed) + [_AFTER_WARNINGS_VI] * bool(warnings)
    return Alert(
        kind="published_with_warnings" if warnings or held else "published_with_changes",
        subject_vi=(
            f"[DVCTT {province}] {'CẢNH BÁO' if warnings or held else 'ĐIỀU CHỈNH'}: "
            f"đã công bố bản {publication} {_content_in_words(changed, held)}, số liệu {when} ({number_vi(total)} phát hiện)"
        ),
        month=about,
        stage=stage,
        agencies=tuple(distinct(finding.agency for finding in findings if finding.agency)),
        findings=findings,
        verdict_path=verdict_path,
        log_url=log_url,
        next_step_vi=_next_steps(warnings, "\n- ".join(last)),
        province_vi=province,
        run_id=run_id or verdict.get("run_id"),
        findings_total=total,
        publication=publication,
        happened_at=happened_at,
        is_sample=is_sample,
    )


def _content_in_words(changed: Sequence[Finding], held: Sequence[Finding]) -> str:
    """What a subject says of a publication's content."""
    content = f"thay đổi {number_vi(len(changed))} số liệu đã công bố" if changed else "kèm lưu ý"
    return f"{content}, {number_vi(len(held))} phần đang giữ lại chờ xác nhận" if held else content


def alert_about_inbox(
    unknown: Sequence[str], known: Sequence[str], *, province_vi: str, run_id: str | None = None
) -> Alert:
    """Word the alert of files and folders in the inbox that no source owns: what lies there is in no figure.

    Args:
        unknown: what was found, each with its kind.
        known: ids of the province's sources: where such a file belongs.
    """
    findings = tuple(
        Finding(None, None, "mục trong hộp nhận tệp không thuộc nguồn nào", ", ".join(known), one_line(entry))
        for entry in unknown
    )
    return Alert(
        kind="inbox_not_read",
        subject_vi=f"[DVCTT {province_vi}] LƯU Ý: {number_vi(len(findings))} mục trong hộp nhận tệp không được đọc",
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


def alert_about_refused(refused: Sequence[Refusal], *, province_vi: str, run_id: str | None = None) -> Alert:
    """Word the alert of source files that were refused: each costs only itself, and the night goes on without it."""
    findings = tuple(
        Finding(
            None,
            one.month,
            f"tệp {' '.join(filter(None, (one.source, one.entity, one.file_name)))}",
            "đúng quy định về tệp của nguồn",
            f"bị từ chối: {refusal_reason(one.reason)}",
            note=without_personal_data(one.words),
        )
        for one in refused
    )
    about, _when = _about(findings, None)
    return Alert(
        kind="files_refused",
        subject_vi=f"[DVCTT {province_vi}] CẢNH BÁO: {number_vi(len(findings))} tệp của nguồn bị từ chối",
        month=about,
        stage="land_extracts",
        agencies=(),
        findings=findings,
        verdict_path=None,
        log_url=None,
        next_step_vi=f"- {_REFUSED_VI}",
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
    return about, month_vi(about) if about else f"{len(months)} tháng" if months else "của lần chạy này"


def _next_steps(checks: Iterable[Mapping[str, Any]], last: str) -> str:
    steps = distinct(lines_of(check["next_vi"]) for check in checks if check.get("next_vi"))[:NEXT_STEPS_LISTED]
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
    about = f" ({month_vi(month)})" if month else ""
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
        notes.insert(0, f"chưa kiểm tra được: {without_personal_data(check.get('error') or 'không rõ lý do')}")
    rows = check.get("failing_rows") or []
    if not rows:
        if check["status"] == "failed":
            notes.insert(0, "không có dòng chi tiết, xem tệp kết luận")
        return [Finding(None, None, f"{one_line(title)} ({check['id']})", None, None, "; ".join(notes) or None)]
    return [finding_of(check, row, note="; ".join(notes) or None) for row in rows]


def _describe(exc: BaseException | str | None) -> str:
    if isinstance(exc, DvcttError):
        return without_personal_data(str(exc))
    if isinstance(exc, BaseException):
        frames = traceback.extract_tb(exc.__traceback__)
        place = f" tại {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        return f"{type(exc).__name__}{place} (nội dung lỗi chỉ có trong nhật ký của bước)"
    if exc:
        return "bước bị dừng từ bên ngoài (nội dung lỗi chỉ có trong nhật ký của bước)"
    return "bước dừng mà không để lại lỗi: tiến trình có thể đã bị dừng từ bên ngoài hoặc thiếu bộ nhớ"


def _province_name() -> str:
    try:
        return load_province(Settings.from_environment().province_folder).name_vi
    except ConfigError as error:
        # A wrong province folder may be the very failure that the alert reports.
        logger.warning("the alert names the province by DVCTT_PROVINCE: %s", error)
        return os.environ.get("DVCTT_PROVINCE") or "(không đọc được tên tỉnh)"
