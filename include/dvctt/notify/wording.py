"""An alert in words: the subject, the mail as text and as HTML, and what a webhook gets.

Nothing here sends.
"""

import html
from datetime import datetime, timedelta
from typing import Any

from dvctt import clock
from dvctt.core.printable import one_line
from dvctt.notify.alerts import Alert
from dvctt.notify.plain import lines_of, month_vi, number_vi
from dvctt.report.findings import Finding
from dvctt.report.wording import sample

FINDINGS_LISTED = 20
"""Longer lists are not read on a telephone at night; the rest stands in the verdict."""


LATE = timedelta(minutes=15)
"""An alert that leaves later than this after what it tells of says so: what it says of readers may no longer be true."""


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
    "files_refused": (
        "CẢNH BÁO: có tệp của nguồn BỊ TỪ CHỐI vì không đúng quy định; các tệp khác vẫn được đọc và xử lý như thường lệ."
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
    "files_refused": (
        "Số liệu của tệp bị từ chối: nếu đã có bản tệp trước thì tiếp tục dùng bản đó kèm lưu ý; nếu chưa có thì để trống và "
        "nêu tên cơ quan, không tính là 0."
    ),
}


def text_body(alert: Alert) -> str:
    """The alert as Vietnamese plain text."""
    late = _late_vi(alert)
    said = [sample.sentence(), ""] if alert.is_sample else []
    lines = [*([late, ""] if late else []), *said, _HEADLINES_VI[alert.kind], ""]
    lines += [f"{label}: {value}" for label, value in _facts(alert)]
    shown, hidden = _listed(alert)
    if shown:
        lines += ["", f"Phát hiện ({number_vi(len(shown) + hidden)} dòng):"]
    for number, finding in enumerate(shown, start=1):
        lines.append(f"{number}. " + "\n   ".join(f"{label}: {value}" for label, value in _finding_facts(finding)))
    if hidden:
        lines.append(f"và {number_vi(hidden)} dòng khác, xem tệp kết luận.")
    lines += ["", _PREVIOUS_PUBLICATION_VI[alert.kind], "", "Việc cần làm:", lines_of(alert.next_step_vi), ""]
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
            f"<h3>Phát hiện ({number_vi(len(shown) + hidden)} dòng)</h3><table border='1' cellpadding='4'><tr>"
            + "".join(f"<th>{label}</th>" for label in labels)
            + f"</tr>{''.join(rows)}</table>"
        )
    if hidden:
        found += f"<p>và {number_vi(hidden)} dòng khác, xem tệp kết luận.</p>"
    steps = "<br>".join(html.escape(line) for line in lines_of(alert.next_step_vi).split("\n"))
    late = _late_vi(alert)
    lateness = f"<p><b>{html.escape(late)}</b></p>" if late else ""
    said = f"<p><b>{html.escape(sample.sentence())}</b></p>" if alert.is_sample else ""
    return (
        f"<!doctype html><html lang='vi'><meta charset='utf-8'><body>{lateness}{said}"
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


def title(alert: Alert) -> str:
    """The alert in one line, whenever it leaves."""
    return sample.marked(one_line(alert.subject_vi), is_sample=bool(alert.is_sample))


def subject_line(alert: Alert) -> str:
    """The subject; of an alert that leaves late, with the moment that it tells of."""
    happened = _happened_late(alert)
    return f"{title(alert)}{f' (gửi muộn; sự việc lúc {_moment_vi(happened)})' if happened else ''}"


def _late_vi(alert: Alert) -> str | None:
    """What stands above an alert that leaves late: its words were true then."""
    happened = _happened_late(alert)
    if happened is None:
        return None
    return (
        f"GỬI MUỘN: sự việc xảy ra lúc {_moment_vi(happened)}; tin này đến giờ mới gửi được. Nội dung dưới đây đúng vào lúc "
        "đó; tình hình hiện nay xem bằng `dvctt publications list` và `dvctt verdict`."
    )


def _happened_late(alert: Alert) -> datetime | None:
    happened = datetime.fromisoformat(alert.happened_at) if alert.happened_at else None
    return happened if happened and clock.now() - happened > LATE else None


def _moment_vi(moment: datetime) -> str:
    return f"{moment.astimezone(clock.local_zone()):%H:%M ngày %d/%m/%Y}"


def _facts(alert: Alert) -> list[tuple[str, str]]:
    months = sorted({finding.month for finding in alert.findings if finding.month})
    if alert.month:
        month = month_vi(alert.month, prefix="")
    elif months:
        month = ", ".join(month_vi(one, prefix="") for one in months)
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
        ("Tháng", month_vi(finding.month, prefix="") if finding.month else "mọi tháng của lần chạy"),
        ("Kiểm tra", one_line(finding.check)),
        ("Mong đợi", finding.wanted_vi),
        ("Quan sát", finding.observed_vi),
        ("Chênh lệch", number_vi(finding.difference, sign=True)),
    ]
    return [*facts, ("Ghi chú", one_line(finding.note))] if finding.note else facts


def _listed(alert: Alert) -> tuple[tuple[Finding, ...], int]:
    shown = alert.findings[:FINDINGS_LISTED]
    return shown, max(alert.findings_total, len(alert.findings)) - len(shown)
