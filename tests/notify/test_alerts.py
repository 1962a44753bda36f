"""Alerts against a real SMTP server and a real HTTP server, both on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from dvctt import clock
from dvctt.core.errors import ConfigError, DvcttError, ExtractError, GateCouldNotCheck, GateFailed, NotifyError
from dvctt.landing.withdrawals import withdraw
from dvctt.landing.zone import land, landed_extracts
from dvctt.notify import airflow_callback, alerts, channels, outbox, wording
from dvctt.province.folder import load_province
from dvctt.report.findings import Value

from tests.conftest import PROVINCE, Inbox, filing

FAILED: dict[str, Any] = {
    "verdict": "failed",
    "verdict_vi": "KHÔNG ĐẠT",
    "province": "Vĩnh Phúc",
    "run_id": "run-7",
    "checks": [
        {
            "id": "totals.have_levels",
            "suite": "totals",
            "table": "aud_totals",
            "severity": "warning",
            "status": "failed",
            "title_vi": "Tổng số bằng tổng các mức độ",
            "why_vi": "…",
            "next_vi": "Xem phần không phân mức.",
            "error": None,
            "failing_rows_total": 1,
            "failing_rows": [
                {
                    "agency_code": "A1",
                    "agency_name_vi": "Sở Mẫu",
                    "source_id": None,
                    "entity": None,
                    "month": "2022-10",
                    "expected": 2952,
                    "observed": 2949,
                    "difference": -3,
                }
            ],
        },
        {
            "id": "rows.fact_accounts_for_landed",
            "suite": "row_reconciliation",
            "table": "aud_row_reconciliation",
            "severity": "critical",
            "status": "failed",
            "title_vi": "Số dòng nhận vào bằng số dòng trong kho",
            "why_vi": "…",
            "next_vi": "Đối chiếu tệp kiểm soát với nguồn.",
            "error": None,
            "failing_rows_total": 1,
            "failing_rows": [
                {
                    "agency_code": None,
                    "agency_name_vi": None,
                    "source_id": "one_stop",
                    "entity": "filings",
                    "month": "2022-10",
                    "expected": 23449,
                    "observed": 23448,
                    "difference": -1,
                }
            ],
        },
        {"id": "rows.passed", "severity": "critical", "status": "passed", "title_vi": "Kiểm tra đã đạt"},
    ],
}
UNANSWERED: dict[str, Any] = {
    "verdict": "could_not_check",
    "province": "Vĩnh Phúc",
    "run_id": "run-8",
    "checks": [
        {
            "id": "rows.canary",
            "severity": "critical",
            "status": "could_not_check",
            "title_vi": "Dòng thử phải bị bắt lỗi",
            "next_vi": "Xem nhật ký của bước kiểm tra.",
            "error": "IndexError: list index out of range",
            "failing_rows_total": 0,
            "failing_rows": [],
        }
    ],
}
WARNED: dict[str, Any] = {
    "verdict": "passed",
    "province": "Vĩnh Phúc",
    "run_id": "run-9",
    "month": "2022-10",
    "checks": [
        {
            "id": "quarantine.is_empty",
            "severity": "warning",
            "status": "failed",
            "title_vi": "Không có dòng nào bị cách ly",
            "next_vi": "Gửi lại cho cơ quan danh sách dòng lỗi.",
            "error": None,
            "failing_rows_total": 1,
            "failing_rows": [
                {
                    "agency_code": "252",
                    "agency_name_vi": "UBND huyện Mẫu",
                    "source_id": "one_stop",
                    "entity": "filings",
                    "month": "2022-10",
                    "expected": 0,
                    "observed": 8,
                    "difference": 8,
                }
            ],
        },
        {
            "id": "defects.to_know",
            "severity": "info",
            "status": "failed",
            "title_vi": "Giờ của cổng thanh toán có buổi chiều",
            "next_vi": "Đề nghị nguồn ghi giờ 24 tiếng.",
            "error": None,
            "failing_rows_total": 1,
            "failing_rows": [{"agency_code": None, "month": "2022-01", "expected": 0, "observed": 485}],
        },
        {"id": "rows.passed", "severity": "critical", "status": "passed", "title_vi": "Kiểm tra đã đạt"},
    ],
}
VERDICT_PATH = Path("/home/dvctt/published/verdict.json")


class Mailbox:
    """What the SMTP server took: envelopes, in order; addresses in ``refuse`` are answered 550."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.refuse: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def message(self) -> EmailMessage:
        assert len(self.envelopes) == 1
        parsed = message_from_bytes(self.envelopes[0].content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


def connection(port: int, **extra: Any) -> str:
    defaults = {"disable_ssl": True, "disable_tls": True, "timeout": 5, "retry_limit": 0, "from_email": "kho@vi-du.vn"}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": {**defaults, **extra}})


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("DVCTT_ALERT_", "AIRFLOW_CONN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("DVCTT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DVCTT_PROVINCE", raising=False)


@pytest.fixture(autouse=True, scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = os.environ.get("AIRFLOW_HOME")
    if before is None:
        os.environ["AIRFLOW_HOME"] = str(tmp_path_factory.mktemp("airflow"))
    yield
    if before is None:
        del os.environ["AIRFLOW_HOME"]


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(port))
    monkeypatch.setenv("DVCTT_ALERT_EMAILS", "ky-su@vi-du.vn, truc@vi-du.vn")
    yield box
    controller.stop()


class Hook:
    """What the HTTP server took: (method, path, content type, body); answers with ``status``."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str, bytes]] = []
        self.status = 200
        self.url = ""

    @property
    def payload(self) -> dict[str, Any]:
        assert len(self.taken) == 1
        return json.loads(self.taken[0][3].decode("utf-8"))


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    received = Hook()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            received.taken.append((self.command, self.path, self.headers.get("Content-Type") or "", body))
            self.send_response(received.status)
            if received.status in (301, 302, 307):
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_POST = _take
        do_GET = _take

        def log_message(self, format: str, *args: Any) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    received.url = f"http://127.0.0.1:{server.server_port}/hooks/bi-mat-token"
    monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", received.url)
    yield received
    server.shutdown()
    server.server_close()


def failed_alert() -> alerts.Alert:
    return alerts.alert_from_verdict(FAILED, VERDICT_PATH)


def plain(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain",))
    assert part is not None
    return part.get_content()


# Sending


def test_one_alert_is_one_email_to_all_recipients_and_one_webhook(mailbox: Mailbox, hook: Hook) -> None:
    channels.send(failed_alert())
    assert len(mailbox.envelopes) == 1
    assert mailbox.envelopes[0].rcpt_tos == ["ky-su@vi-du.vn", "truc@vi-du.vn"]
    assert [(method, path) for method, path, _, _ in hook.taken] == [("POST", "/hooks/bi-mat-token")]


def test_the_email_reads_back_in_vietnamese_with_everything_that_the_engineer_needs(mailbox: Mailbox) -> None:
    channels.send(failed_alert())
    message = mailbox.message()
    assert message["Subject"] == "[DVCTT Vĩnh Phúc] KHÔNG ĐẠT: số liệu tháng 10/2022 không qua kiểm tra (2 phát hiện)"
    assert message["From"] == "kho@vi-du.vn"
    assert message["Auto-Submitted"] == "auto-generated"
    assert plain(message).replace("\r\n", "\n") == (
        "KHÔNG ĐẠT: số liệu không qua được bước kiểm tra nên không được công bố.\n"
        "\n"
        "Tỉnh: Vĩnh Phúc\n"
        "Tháng: 10/2022\n"
        "Bước: check_counts\n"
        "Lần chạy: run-7\n"
        "Cơ quan liên quan: Sở Mẫu\n"
        "Tệp kết luận: /home/dvctt/published/verdict.json\n"
        "\n"
        "Phát hiện (2 dòng):\n"
        "1. Cơ quan: tất cả cơ quan\n"
        "   Tháng: 10/2022\n"
        "   Kiểm tra: Số dòng nhận vào bằng số dòng trong kho (rows.fact_accounts_for_landed, nguồn one_stop, hồ sơ)\n"
        "   Mong đợi: 23.449\n"
        "   Quan sát: 23.448\n"
        "   Chênh lệch: -1\n"
        "2. Cơ quan: Sở Mẫu\n"
        "   Tháng: 10/2022\n"
        "   Kiểm tra: Tổng số bằng tổng các mức độ (totals.have_levels)\n"
        "   Mong đợi: 2.952\n"
        "   Quan sát: 2.949\n"
        "   Chênh lệch: -3\n"
        "   Ghi chú: cảnh báo, không chặn công bố\n"
        "\n"
        "Bản công bố trước vẫn giữ nguyên; số liệu của lần chạy này chưa đến người đọc.\n"
        "\n"
        "Việc cần làm:\n"
        "- Đối chiếu tệp kiểm soát với nguồn.\n"
        "- Xem phần không phân mức.\n"
        "- Sau khi khắc phục, chạy lại: `dvctt run`, hoặc chạy lại DAG nightly_warehouse trên giao diện Airflow.\n"
    )


def test_the_html_body_says_the_same_and_escapes_names(mailbox: Mailbox) -> None:
    verdict = json.loads(json.dumps(FAILED))
    verdict["checks"][0]["failing_rows"][0]["agency_name_vi"] = "<script>Sở & Mẫu</script>"
    channels.send(alerts.alert_from_verdict(verdict, VERDICT_PATH))
    part = mailbox.message().get_body(preferencelist=("html",))
    assert part is not None
    page = part.get_content()
    assert "<td>23.449</td><td>23.448</td><td>-1</td>" in page
    assert "Bản công bố trước vẫn giữ nguyên" in page
    assert "&lt;script&gt;Sở &amp; Mẫu&lt;/script&gt;" in page
    assert "<script>" not in page


def land_one(*, is_sample: bool) -> None:
    """A file in the home's landing, whose control file says whether it is of a sample."""
    home = Path(os.environ["DVCTT_HOME"])
    inbox = Inbox(home / "inbox")
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], control={"sample": is_sample})
    assert len(land(load_province(PROVINCE), inbox.root, home / "landing")) == 1


SAMPLE_VI = "Số liệu mẫu: sinh ra để dùng thử, không phải số liệu thật của tỉnh; không dùng để báo cáo."


def test_where_a_sample_has_landed_mail_and_webhook_say_so_first(mailbox: Mailbox, hook: Hook) -> None:
    land_one(is_sample=True)
    channels.send(failed_alert())
    message = mailbox.message()
    subject = "[MẪU] [DVCTT Vĩnh Phúc] KHÔNG ĐẠT: số liệu tháng 10/2022 không qua kiểm tra (2 phát hiện)"
    assert message["Subject"] == subject
    assert plain(message).startswith(f"{SAMPLE_VI}\n")
    page = message.get_body(preferencelist=("html",))
    assert page is not None
    assert f"<body><p><b>{SAMPLE_VI}</b></p>" in page.get_content()
    assert hook.payload["subject"] == subject
    assert hook.payload["text"].startswith(f"{subject}\n{SAMPLE_VI}\n")
    assert [entry.subject_vi for entry in channels.waiting_and_sent()] == [subject]


def test_where_no_sample_has_landed_or_it_was_withdrawn_no_alert_speaks_of_one(mailbox: Mailbox, hook: Hook) -> None:
    channels.send(failed_alert())
    land_one(is_sample=True)
    home = Path(os.environ["DVCTT_HOME"])
    extracts = landed_extracts(home / "landing")
    withdraw(home / "ledgers", extracts, extracts[0].extract_id, by="Bà Mẫu", reason="thử xong")
    channels.send(failed_alert())
    assert len(mailbox.envelopes) == len(hook.taken) == 2
    for entry in channels.waiting_and_sent():
        assert entry.subject_vi.startswith("[DVCTT Vĩnh Phúc]")
    assert [body for _, _, _, body in hook.taken if "MẪU".encode() in body or SAMPLE_VI.encode() in body] == []


@pytest.mark.parametrize("is_sample", [True, False])
def test_an_alert_about_a_publication_says_what_the_publication_says_whatever_has_landed_since(
    mailbox: Mailbox, is_sample: bool
) -> None:
    land_one(is_sample=not is_sample)
    alert = alerts.alert_about_publication(WARNED, VERDICT_PATH, publication=12, is_sample=is_sample)
    assert alert is not None
    channels.send(alert)
    assert mailbox.message()["Subject"].startswith("[MẪU] [DVCTT" if is_sample else "[DVCTT")


def test_a_landing_that_cannot_be_read_costs_no_alert(mailbox: Mailbox) -> None:
    land_one(is_sample=True)
    (manifest,) = (Path(os.environ["DVCTT_HOME"]) / "landing").glob("*/*/*/*.json")
    manifest.write_text("{}", encoding="utf-8")
    channels.send(failed_alert())
    assert mailbox.message()["Subject"].startswith("[DVCTT")


def test_the_webhook_carries_numbers_as_numbers_and_vietnamese_as_utf8(hook: Hook) -> None:
    channels.send(failed_alert())
    assert hook.taken[0][2] == "application/json; charset=utf-8"
    assert "Số dòng nhận vào".encode() in hook.taken[0][3]
    payload = hook.payload
    assert payload["kind"] == "gate_failed"
    assert payload["province"] == "Vĩnh Phúc"
    assert payload["month"] == "2022-10"
    assert payload["agencies"] == ["Sở Mẫu"]
    assert payload["findings_total"] == 2
    assert payload["findings"][0] == {
        "agency": None,
        "month": "2022-10",
        "check": "Số dòng nhận vào bằng số dòng trong kho (rows.fact_accounts_for_landed, nguồn one_stop, hồ sơ)",
        "expected": 23449,
        "relation": None,
        "observed": 23448,
        "difference": -1,
        "note": None,
    }
    assert payload["verdict_path"] == "/home/dvctt/published/verdict.json"
    assert payload["sent_at"].endswith("+07:00")


def test_a_dead_mail_server_does_not_keep_the_webhook_and_is_named(
    monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox, hook: Hook
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(1, timeout=2))
    with pytest.raises(NotifyError, match=r"1 of 2 channels: e-mail: .*AIRFLOW_CONN_SMTP_DEFAULT.*Delivered by: web"):
        channels.send(failed_alert())
    assert len(hook.taken) == 1
    assert mailbox.envelopes == []


def test_a_dead_webhook_does_not_keep_the_email_and_its_token_is_masked(mailbox: Mailbox, hook: Hook) -> None:
    hook.status = 500
    with pytest.raises(NotifyError) as caught:
        channels.send(failed_alert())
    assert "HTTP 500" in str(caught.value)
    assert "bi-mat-token" not in str(caught.value)
    assert hook.url.split("/hooks")[0] in str(caught.value)
    assert len(mailbox.envelopes) == 1


def test_when_both_channels_fail_both_are_named(monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox, hook: Hook) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(1, timeout=2))
    hook.status = 503
    with pytest.raises(NotifyError, match=r"2 of 2 channels: e-mail: .*; webhook: .*HTTP 503.*nobody was told"):
        channels.send(failed_alert())


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_a_failure_because_the_body_would_be_lost(hook: Hook, status: int) -> None:
    hook.status = status
    with pytest.raises(NotifyError, match=f"HTTP {status}"):
        channels.send(failed_alert())
    assert [method for method, *_ in hook.taken] == ["POST"]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "https://ten:mat-khau-dai@may-chu/x", "khong-phai-dia-chi", "http://may chu/bi-mat"]
)
def test_a_webhook_address_that_is_none_is_refused_without_printing_it(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", url)
    with pytest.raises(NotifyError) as caught:
        channels.send(failed_alert())
    assert "webhook" in str(caught.value)
    for secret in ("mat-khau-dai", "passwd", "bi-mat"):
        assert secret not in str(caught.value)


def test_a_recipient_that_the_server_refuses_is_named_and_the_others_are_served(mailbox: Mailbox) -> None:
    mailbox.refuse = {"truc@vi-du.vn"}
    with pytest.raises(NotifyError, match=r"1 of 2 recipients refused.*t\*\*\*@vi-du\.vn \(550"):
        channels.send(failed_alert())
    assert mailbox.envelopes[0].rcpt_tos == ["ky-su@vi-du.vn"]


def test_a_malformed_recipient_is_reported_after_the_others_were_served(
    monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox
) -> None:
    monkeypatch.setenv("DVCTT_ALERT_EMAILS", "ky-su@vi-du.vn,khong-phai-thu")
    with pytest.raises(NotifyError, match=r"k\*\*\*"):
        channels.send(failed_alert())
    assert mailbox.envelopes[0].rcpt_tos == ["ky-su@vi-du.vn"]


@pytest.mark.parametrize("value", [None, "", "{not json"])
def test_recipients_without_a_connection_are_told_which_variable_is_missing(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.setenv("DVCTT_ALERT_EMAILS", "ky-su@vi-du.vn")
    monkeypatch.setenv("DVCTT_ALERT_SMTP_CONN", "thu_cua_so")
    if value is not None:
        monkeypatch.setenv("AIRFLOW_CONN_THU_CUA_SO", value)
    with pytest.raises(NotifyError, match="AIRFLOW_CONN_THU_CUA_SO"):
        channels.send(failed_alert())


def test_a_password_never_reaches_the_error(monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox) -> None:
    settings = json.loads(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"])
    settings |= {"login": "kho", "password": "mat-khau-rat-dai"}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(settings))
    with pytest.raises(NotifyError, match="SMTPNotSupportedError") as caught:
        channels.send(failed_alert())
    assert "mat-khau-rat-dai" not in str(caught.value)


def test_the_sender_can_be_set_and_must_be_known(monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox) -> None:
    settings = json.loads(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"])
    del settings["extra"]["from_email"]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(settings))
    with pytest.raises(NotifyError, match="DVCTT_ALERT_FROM"):
        channels.send(failed_alert())
    monkeypatch.setenv("DVCTT_ALERT_FROM", "Kho dữ liệu <kho-2@vi-du.vn>")
    (first,) = channels.waiting_and_sent()
    assert all("DVCTT_ALERT_FROM" in str(delivery.reason) for delivery in first.waiting)
    assert channels.deliver_waiting() == []
    assert mailbox.message()["From"] == "Kho dữ liệu <kho-2@vi-du.vn>"
    assert mailbox.envelopes[0].mail_from == "kho-2@vi-du.vn"


def test_without_any_channel_the_log_says_that_nobody_was_told(caplog: pytest.LogCaptureFixture) -> None:
    channels.send(failed_alert())
    (record,) = [record for record in caplog.records if record.name == "dvctt.notify.channels"]
    assert record.levelname == "ERROR"
    assert "NOBODY WAS TOLD" in record.getMessage()
    assert "DVCTT_ALERT_EMAILS" in record.getMessage()
    assert "DVCTT_ALERT_WEBHOOK_URL" in record.getMessage()


def test_a_name_with_a_line_break_can_neither_add_a_header_nor_a_line(mailbox: Mailbox) -> None:
    verdict = json.loads(json.dumps(FAILED))
    verdict["province"] = "Vĩnh Phúc\r\nBcc: ke-xau@vi-du.vn"
    verdict["checks"][0]["failing_rows"][0]["agency_name_vi"] = "Sở Mẫu\nViệc cần làm: gửi mật khẩu"
    channels.send(alerts.alert_from_verdict(verdict, VERDICT_PATH))
    assert mailbox.message()["Bcc"] is None
    assert mailbox.envelopes[0].rcpt_tos == ["ky-su@vi-du.vn", "truc@vi-du.vn"]
    assert "Vĩnh Phúc Bcc: ke-xau@vi-du.vn" in mailbox.message()["Subject"]
    assert "\nViệc cần làm: gửi mật khẩu" not in plain(mailbox.message())


# What it says


def test_an_unanswered_gate_reads_differently_from_a_failed_one() -> None:
    alert = alerts.alert_from_verdict(UNANSWERED, VERDICT_PATH)
    body = wording.text_body(alert)
    assert alert.kind == "gate_could_not_check"
    assert alert.subject_vi == "[DVCTT Vĩnh Phúc] CHƯA KIỂM TRA ĐƯỢC: số liệu của lần chạy này chưa có kết luận"
    assert "KHÔNG ĐẠT" not in alert.subject_vi + body
    assert "chưa phải là lỗi của số liệu" in body
    assert "Ghi chú: chưa kiểm tra được: IndexError: list index out of range" in body
    assert "Mong đợi: không có" in body
    assert "Bản công bố trước vẫn giữ nguyên" in body


def test_a_passed_verdict_is_no_alert() -> None:
    with pytest.raises(NotifyError, match="found 'passed'"):
        alerts.alert_from_verdict({"verdict": "passed", "checks": []}, VERDICT_PATH)


def warned() -> alerts.Alert:
    alert = alerts.alert_about_publication(WARNED, VERDICT_PATH, publication=12, month="2022-10", run_id="run-9")
    assert alert is not None
    return alert


OCTOBER_ROSE = alerts.Finding(
    "Vĩnh Phúc",
    "2022-10",
    "số liệu đã công bố thay đổi: Hồ sơ tiếp nhận (hồ sơ)",
    29_000,
    29_318,
    "dữ liệu đến muộn: +318",
)


def test_a_changed_figure_of_a_published_month_is_told_although_no_warning_failed(mailbox: Mailbox) -> None:
    verdict = {**WARNED, "checks": [{**check, "status": "passed", "failing_rows": []} for check in WARNED["checks"]]}
    alert = alerts.alert_about_publication(
        verdict, VERDICT_PATH, publication=12, month="2022-10", changed=[OCTOBER_ROSE]
    )
    assert alert is not None
    assert alert.kind == "published_with_changes"
    channels.send(alert)
    message = mailbox.message()
    assert message["Subject"] == (
        "[DVCTT Vĩnh Phúc] ĐIỀU CHỈNH: đã công bố bản 12 thay đổi 1 số liệu đã công bố, số liệu tháng 10/2022 (1 phát hiện)"
    )
    body = plain(message).replace("\r\n", "\n")
    assert body.startswith("ĐIỀU CHỈNH: bản công bố mới đã THAY ĐỔI số liệu mà bản trước đã công bố.\n")
    assert "Mong đợi: 29.000" in body
    assert "Quan sát: 29.318" in body
    assert "dữ liệu đến muộn: +318" in body
    assert "Báo cáo đã ký của tháng đó cần được thay thế hoặc đính chính" in body
    assert "Không cần chạy lại ngay" not in body


def test_what_is_held_is_told_first_with_the_command_that_answers_although_nothing_else_is_to_tell() -> None:
    verdict = {**WARNED, "checks": [{**check, "status": "passed", "failing_rows": []} for check in WARNED["checks"]]}
    note = "dải cho phép từ 1.169 đến 1.828; dvctt held accept 4 --by HỌ_TÊN --reason LÝ_DO"
    held = alerts.Finding("UBND huyện Lập Thạch", "2022-10", "giữ lại số 4: bản mới của tệp", 1_462, 4, note)
    alert = alerts.alert_about_publication(
        verdict, VERDICT_PATH, publication=12, month="2022-10", changed=[OCTOBER_ROSE], held=[held]
    )
    assert alert is not None
    assert "1 phần đang giữ lại chờ xác nhận" in alert.subject_vi
    assert [finding.check for finding in alert.findings] == [held.check, OCTOBER_ROSE.check]
    assert (alert.findings_total, alert.kind) == (2, "published_with_warnings")
    assert "dvctt held reject SỐ --by HỌ_TÊN --reason LÝ_DO" in alert.next_step_vi
    assert alerts.alert_about_publication(verdict, VERDICT_PATH, publication=12, held=[held]) is not None


def test_changes_and_warnings_go_out_as_one_alert_the_changes_first() -> None:
    alert = alerts.alert_about_publication(
        WARNED, VERDICT_PATH, publication=12, month="2022-10", changed=[OCTOBER_ROSE]
    )
    assert alert is not None
    assert alert.kind == "published_with_warnings"
    assert "CẢNH BÁO: đã công bố bản 12 thay đổi 1 số liệu đã công bố" in alert.subject_vi
    assert alert.findings[0].check == OCTOBER_ROSE.check
    assert alert.findings_total == 2


def test_a_warning_reads_as_published_with_a_caveat_and_names_what_is_wrong(mailbox: Mailbox) -> None:
    channels.send(warned())
    message = mailbox.message()
    assert message["Subject"] == (
        "[DVCTT Vĩnh Phúc] CẢNH BÁO: đã công bố bản 12 kèm lưu ý, số liệu tháng 10/2022 (1 phát hiện)"
    )
    assert plain(message).replace("\r\n", "\n") == (
        "CẢNH BÁO: số liệu qua được các kiểm tra nghiêm trọng và ĐÃ ĐƯỢC CÔNG BỐ, nhưng kèm lưu ý vì những phát hiện "
        "dưới đây.\n"
        "\n"
        "Tỉnh: Vĩnh Phúc\n"
        "Tháng: 10/2022\n"
        "Bản công bố: 12\n"
        "Bước: tell_people\n"
        "Lần chạy: run-9\n"
        "Cơ quan liên quan: UBND huyện Mẫu\n"
        "Tệp kết luận: /home/dvctt/published/verdict.json\n"
        "\n"
        "Phát hiện (1 dòng):\n"
        "1. Cơ quan: UBND huyện Mẫu\n"
        "   Tháng: 10/2022\n"
        "   Kiểm tra: Không có dòng nào bị cách ly (quarantine.is_empty, nguồn one_stop, hồ sơ)\n"
        "   Mong đợi: 0\n"
        "   Quan sát: 8\n"
        "   Chênh lệch: +8\n"
        "\n"
        "Người đọc đang thấy bản công bố mới; báo cáo, bảng và tệp CSV của bản này ghi lưu ý ở số liệu thiếu dòng hoặc "
        "thiếu cơ quan. Bản công bố trước (nếu có) vẫn giữ nguyên trong thư mục published để đối chiếu.\n"
        "\n"
        "Việc cần làm:\n"
        "- Gửi lại cho cơ quan danh sách dòng lỗi.\n"
        "- Không cần chạy lại ngay. Khi cơ quan gửi bản sửa hoặc gửi bổ sung, lần chạy đêm kế tiếp tự tính lại và bỏ lưu "
        "ý.\n"
    )


@pytest.mark.parametrize("length", range(1, 40, 3))
def test_a_long_subject_keeps_its_spaces_wherever_its_lines_end(length: int) -> None:
    subject = (
        "[DVCTT Vĩnh Phúc] " + "x" * length + " đã công bố bản kèm lưu ý số liệu của các cơ quan khối sở ban ngành"
    )
    alert = alerts.Alert(**{**vars(warned()), "subject_vi": subject})
    raw = channels._message(alert, "kho@vi-du.vn", ["truc@vi-du.vn"], "x").as_bytes()
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == subject
    assert max(len(line) for line in raw.split(b"\n\n")[0].splitlines()) <= 78


def test_the_webhook_of_a_warning_carries_kind_and_publication(hook: Hook) -> None:
    channels.send(warned())
    assert hook.payload["kind"] == "published_with_warnings"
    assert hook.payload["publication"] == 12
    assert hook.payload["findings_total"] == 1
    assert [finding["agency"] for finding in hook.payload["findings"]] == ["UBND huyện Mẫu"]


def test_what_was_not_published_has_no_publication(hook: Hook) -> None:
    channels.send(failed_alert())
    assert hook.payload["publication"] is None


def test_what_is_only_to_know_alerts_nobody() -> None:
    verdict = {**WARNED, "checks": WARNED["checks"][1:]}
    assert alerts.alert_about_publication(verdict, VERDICT_PATH, publication=12, month="2022-10") is None


def test_what_is_only_to_know_stays_out_of_the_alert_of_a_failed_gate() -> None:
    verdict = {**FAILED, "checks": [*FAILED["checks"], WARNED["checks"][1]]}
    alert = alerts.alert_from_verdict(verdict, VERDICT_PATH)
    assert alert.findings_total == 2
    assert "Giờ của cổng thanh toán" not in wording.text_body(alert)
    silent = {**WARNED["checks"][1], "status": "could_not_check", "error": "x"}
    unanswered = alerts.alert_from_verdict({**UNANSWERED, "checks": [silent]}, VERDICT_PATH)
    assert "Giờ của cổng thanh toán" in wording.text_body(unanswered)


@pytest.mark.parametrize("verdict", [FAILED, UNANSWERED])
def test_a_verdict_that_did_not_pass_published_nothing(verdict: dict[str, Any]) -> None:
    with pytest.raises(NotifyError, match="wanted 'passed'"):
        alerts.alert_about_publication(verdict, VERDICT_PATH, publication=12)


@pytest.mark.parametrize("broken", [{"verdict": "passed"}, {"verdict": "passed", "checks": [{"id": "x"}]}])
def test_a_published_verdict_that_is_none_is_refused_with_its_path(broken: dict[str, Any]) -> None:
    with pytest.raises(NotifyError, match=r"verdict\.json: not a verdict"):
        alerts.alert_about_publication(broken, VERDICT_PATH, publication=12)


@pytest.mark.parametrize("broken", [{"verdict": "failed"}, {"verdict": "failed", "checks": [{"id": "x"}]}])
def test_what_is_no_verdict_is_refused_with_its_path(broken: dict[str, Any]) -> None:
    with pytest.raises(NotifyError, match=r"verdict\.json: not a verdict"):
        alerts.alert_from_verdict(broken, VERDICT_PATH)


def test_a_long_list_is_cut_and_says_how_much_is_hidden() -> None:
    verdict = json.loads(json.dumps(FAILED))
    row = verdict["checks"][1]["failing_rows"][0]
    verdict["checks"][1]["failing_rows"] = [{**row, "expected": number} for number in range(50)]
    verdict["checks"][1]["failing_rows_total"] = 1234
    alert = alerts.alert_from_verdict(verdict, VERDICT_PATH)
    body = wording.text_body(alert)
    assert alert.findings_total == 1235
    assert "(1.235 phát hiện)" in alert.subject_vi
    assert "\n20. Cơ quan" in body
    assert "\n21. " not in body
    assert "và 1.215 dòng khác, xem tệp kết luận." in body
    assert len(wording.webhook_payload(alert)["findings"]) == 20


def test_the_month_of_the_findings_counts_more_than_the_month_of_the_run() -> None:
    alert = alerts.alert_from_verdict({**FAILED, "month": "2026-10"}, VERDICT_PATH, month="2026-10")
    assert alert.month == "2022-10"


def test_without_a_month_in_the_findings_the_month_of_the_run_counts() -> None:
    assert alerts.alert_from_verdict({**UNANSWERED, "month": "2026-10"}, VERDICT_PATH).month == "2026-10"


def test_a_warning_that_gave_no_answer_is_not_called_harmless() -> None:
    verdict = json.loads(json.dumps(UNANSWERED))
    verdict["checks"][0]["severity"] = "warning"
    assert "không chặn" not in wording.text_body(alerts.alert_from_verdict(verdict, VERDICT_PATH))


def test_a_finding_names_the_total_or_rule_that_it_is_about() -> None:
    verdict = json.loads(json.dumps(FAILED))
    verdict["checks"][1]["failing_rows"][0]["subject"] = "online_by_level"
    body = wording.text_body(alerts.alert_from_verdict(verdict, VERDICT_PATH))
    assert "(rows.fact_accounts_for_landed, online_by_level, nguồn one_stop, hồ sơ)" in body


def test_findings_of_several_months_name_them_all() -> None:
    verdict = json.loads(json.dumps(FAILED))
    verdict["checks"][0]["failing_rows"][0]["month"] = "2022-09"
    alert = alerts.alert_from_verdict(verdict, VERDICT_PATH)
    assert alert.month is None
    assert "số liệu 2 tháng không qua kiểm tra" in alert.subject_vi
    assert "\nTháng: 09/2022, 10/2022\n" in wording.text_body(alert)


@pytest.mark.parametrize(
    ("value", "printed"),
    [(2952, "2.952"), (8100000000, "8.100.000.000"), (0, "0"), (50.3, "50,3"), (None, "không có"), ("H1", "H1")],
)
def test_figures_are_written_the_vietnamese_way(value: Value, printed: str) -> None:
    verdict = json.loads(json.dumps(FAILED))
    verdict["checks"][1]["failing_rows"][0]["expected"] = value
    assert f"Mong đợi: {printed}\n" in wording.text_body(alerts.alert_from_verdict(verdict, VERDICT_PATH))


def test_an_error_of_ours_is_quoted_without_identities_or_credentials() -> None:
    error = ExtractError(
        "inbox/a.csv: line 3: found 001085012345 (0912345678, an@vi-du.vn) at ftp://u:p@may/x, total 8100000000"
    )
    alert = alerts.alert_from_exception(error, stage="extract_and_land", month="2022-10", province_vi="Vĩnh Phúc")
    assert alert.kind == "task_failed"
    assert alert.subject_vi == "[DVCTT Vĩnh Phúc] LỖI KHI CHẠY: bước extract_and_land dừng hẳn (tháng 10/2022)"
    assert alert.detail == "inbox/a.csv: line 3: found *** (***, ***) at ftp://***@may/x, total 8100000000"
    assert "Nguyên nhân: inbox/a.csv: line 3" in wording.text_body(alert)


def test_a_foreign_error_is_named_by_type_and_place_only() -> None:
    try:
        int("Nguyễn Văn An")
    except ValueError as error:
        alert = alerts.alert_from_exception(error, stage="build_facts", province_vi="Vĩnh Phúc")
    assert alert.detail is not None
    assert alert.detail.startswith("ValueError tại test_alerts.py:")
    assert "Nguyễn Văn An" not in wording.text_body(alert)


# Airflow's callback


def context(exception: object) -> dict[str, Any]:
    return {
        "exception": exception,
        "task_instance": SimpleNamespace(task_id="check_counts", log_url="http://127.0.0.1:8080/dags/x"),
        "dag_run": SimpleNamespace(run_id="scheduled__1", partition_key="2022-10"),
        "run_id": "scheduled__1",
        "params": {},
        "logical_date": None,
    }


def test_the_callback_quotes_the_verdict_that_the_error_points_to(hook: Hook, tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(FAILED, ensure_ascii=False), encoding="utf-8")
    airflow_callback.on_task_failure(context(GateFailed("gate failed", verdict_path=path)))
    payload = hook.payload
    assert payload["kind"] == "gate_failed"
    assert payload["findings_total"] == 2
    assert payload["verdict_path"] == str(path)
    assert payload["run_id"] == "scheduled__1"
    assert payload["log_url"] == "http://127.0.0.1:8080/dags/x"
    assert payload["stage"] == "check_counts"


@pytest.mark.parametrize("content", [None, "{", "[]", '{"verdict": "failed"}'])
def test_a_verdict_that_cannot_be_read_does_not_cost_the_alert(hook: Hook, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "verdict.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    airflow_callback.on_task_failure(context(GateCouldNotCheck("the canary passed", verdict_path=path)))
    payload = hook.payload
    assert payload["kind"] == "gate_could_not_check"
    assert payload["detail"].startswith("the canary passed (không đọc được tệp kết luận: ")
    assert payload["verdict_path"] == str(path)


def test_the_callback_of_another_failure_names_stage_month_province_and_log(hook: Hook) -> None:
    airflow_callback.on_task_failure(context(ConfigError("sources.yml:4: key kind: unknown")))
    payload = hook.payload
    assert (payload["kind"], payload["stage"], payload["month"]) == ("task_failed", "check_counts", "2022-10")
    assert payload["province"] == "Vĩnh Phúc"
    assert payload["detail"] == "sources.yml:4: key kind: unknown"
    assert "Bản công bố trước vẫn giữ nguyên" in payload["text"]


@pytest.mark.parametrize("exception", [None, "Task killed: row 001085012345"])
def test_a_killed_task_still_alerts_and_quotes_no_text_of_unknown_origin(hook: Hook, exception: object) -> None:
    airflow_callback.on_task_failure(context(exception))
    assert hook.payload["kind"] == "task_failed"
    assert "001085012345" not in hook.payload["text"]


def test_a_wrong_province_folder_does_not_cost_the_alert(
    monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox, hook: Hook
) -> None:
    monkeypatch.setenv("DVCTT_PROVINCE", "khong_co")
    airflow_callback.on_task_failure(context(ConfigError("DVCTT_PROVINCE: no province folder")))
    assert hook.payload["province"] == "khong_co"
    assert len(mailbox.envelopes) == 1


# The outbox: what waits to be told reaches each recipient once, however often a channel was down

KY_SU, TRUC = "ky-su@vi-du.vn", "truc@vi-du.vn"


def outbox_folder() -> Path:
    return Path(os.environ["DVCTT_HOME"]) / "outbox"


def states() -> list[tuple[str, str, bool, int]]:
    """Channel, recipient, whether it has arrived, tries: of every delivery, the oldest alert first."""
    return [
        (delivery.channel, delivery.recipient, delivery.delivered_at is not None, delivery.attempts)
        for entry in channels.waiting_and_sent()
        for delivery in entry.deliveries
    ]


def made_earlier(hours: int) -> None:
    """Set every entry back, as if nights had passed."""
    for path in outbox_folder().glob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        for key in ("made_at",):
            content[key] = (datetime.fromisoformat(content[key]) - timedelta(hours=hours)).isoformat()
        happened = datetime.fromisoformat(content["alert"]["happened_at"]) - timedelta(hours=hours)
        content["alert"]["happened_at"] = happened.isoformat()
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def test_a_channel_that_is_dead_for_three_nights_brings_one_mail_and_one_late_webhook(
    mailbox: Mailbox,
    hook: Hook,
) -> None:
    hook.status = 503
    with pytest.raises(NotifyError, match=r"1 of 2 channels: webhook: .*HTTP 503.*Delivered by: e-mail.*next run"):
        channels.send(failed_alert())
    for _ in range(2):
        made_earlier(24)
        assert len(channels.deliver_waiting()) == 1
    assert len(mailbox.envelopes) == 1
    hook.status, hook.taken = 200, []
    for _ in range(2):
        assert channels.deliver_waiting() == []
    assert len(mailbox.envelopes) == 1
    assert hook.payload["is_late"] is True
    assert hook.payload["subject"].startswith("[DVCTT Vĩnh Phúc] KHÔNG ĐẠT")
    assert "gửi muộn" in hook.payload["subject"]
    assert hook.payload["text"].split("\n")[1].startswith("GỬI MUỘN: sự việc xảy ra lúc ")
    assert states() == [("e-mail", KY_SU, True, 1), ("e-mail", TRUC, True, 1), ("webhook", "", True, 4)]


def test_failures_while_both_channels_are_down_arrive_in_their_order_when_they_live(
    monkeypatch: pytest.MonkeyPatch,
    mailbox: Mailbox,
    hook: Hook,
) -> None:
    alive = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(1, timeout=2))
    monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", "http://127.0.0.1:9/x")
    for number in (1, 2, 3):
        with pytest.raises(NotifyError, match="nobody was told"):
            channels.send(alerts.alert_from_exception(DvcttError(f"đêm {number}"), stage="build_facts"))
        made_earlier(1)
    # One that is down is tried once a pass, not once an alert.
    assert [tries for channel, _, _, tries in states() if channel == "webhook"] == [1, 1, 1]
    channels.deliver_waiting()
    assert [tries for channel, _, _, tries in states() if channel == "webhook"] == [2, 1, 1]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", alive)
    monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", hook.url)
    assert channels.deliver_waiting() == []
    assert [json.loads(body)["detail"] for *_, body in hook.taken] == ["đêm 1", "đêm 2", "đêm 3"]
    assert len({json.loads(body)["id"] for *_, body in hook.taken}) == 3
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[KY_SU, TRUC]] * 3


def test_of_two_recipients_the_refused_one_is_tried_again_and_the_other_is_not(mailbox: Mailbox) -> None:
    mailbox.refuse = {TRUC}
    with pytest.raises(NotifyError, match="1 of 2 recipients refused"):
        channels.send(failed_alert())
    assert states() == [("e-mail", KY_SU, True, 1), ("e-mail", TRUC, False, 1)]
    mailbox.refuse = set()
    assert channels.deliver_waiting() == []
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[KY_SU], [TRUC]]


def test_a_letter_that_one_server_does_not_take_holds_up_no_other(mailbox: Mailbox, hook: Hook) -> None:
    hook.status = 413
    with pytest.raises(NotifyError, match="HTTP 413"):
        channels.send(failed_alert())
    hook.taken = []
    assert len(channels.deliver_waiting()) == 1
    with pytest.raises(NotifyError, match="HTTP 413"):
        channels.send(failed_alert())
    assert len(hook.taken) == 2


def test_what_just_failed_is_left_alone_until_its_time_but_not_by_a_run_that_begins(hook: Hook) -> None:
    hook.status = 500
    with pytest.raises(NotifyError):
        channels.send(failed_alert())
    channels.deliver_waiting(due_only=True)
    assert len(hook.taken) == 1
    channels.deliver_waiting()
    assert len(hook.taken) == 2
    delivery = outbox.Delivery("webhook", "")
    at = clock.now()
    waits = []
    for _ in range(7):
        delivery.failed(at, "down")
        waits.append(datetime.fromisoformat(str(delivery.next_try_at)) - at)
    assert [int(wait.total_seconds() // 60) for wait in waits] == [1, 5, 30, 120, 360, 360, 360]


def test_a_process_that_is_killed_while_it_sends_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
    hook: Hook,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/x"
        code = (
            "from dvctt.core.errors import DvcttError\n"
            "from dvctt.notify.alerts import alert_from_exception\n"
            "from dvctt.notify.channels import send\n"
            "send(alert_from_exception(DvcttError('bước dừng'), stage='build_facts'))"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code], env={**os.environ, "DVCTT_ALERT_WEBHOOK_URL": url}, stderr=subprocess.DEVNULL
        )
        mute.settimeout(60)
        accepted, _ = mute.accept()  # it has begun to send, and gets no answer
        process.send_signal(signal.SIGKILL)
        process.wait()
        accepted.close()
    assert states() == [("webhook", "", False, 0)]
    assert channels.deliver_waiting() == []
    assert hook.payload["detail"] == "bước dừng"


def test_one_alert_of_a_publication_is_told_once_under_its_name(hook: Hook) -> None:
    for _ in range(2):
        channels.send(failed_alert(), entry_id="publication-7")
    assert hook.payload["id"] == "publication-7"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"entry_id": "x"}', "\udcff"])
def test_a_damaged_entry_is_set_aside_and_told_and_the_others_go_out(hook: Hook, content: str) -> None:
    hook.status = 500
    with pytest.raises(NotifyError):
        channels.send(failed_alert())
    (outbox_folder() / "20221101T010000-0badc0de.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    hook.status, hook.taken = 200, []
    assert channels.deliver_waiting() == []
    payloads = [json.loads(body) for *_, body in hook.taken]
    assert sorted(payload["kind"] for payload in payloads) == ["gate_failed", "task_failed"]
    assert "20221101T010000-0badc0de.json" in next(p["detail"] for p in payloads if p["kind"] == "task_failed")
    assert [path.name for path in outbox_folder().glob("*.damaged")] == ["20221101T010000-0badc0de.json.damaged"]
    assert channels.deliver_waiting() == []
    assert len(hook.taken) == 2


def test_old_entries_are_removed_and_one_that_never_arrived_is_named(
    hook: Hook,
    caplog: pytest.LogCaptureFixture,
) -> None:
    channels.send(failed_alert())
    hook.status = 500
    with pytest.raises(NotifyError):
        channels.send(failed_alert())
    made_earlier(24 * 91)
    hook.taken = []
    assert channels.deliver_waiting(keep=timedelta(days=90)) == []
    assert list(outbox_folder().glob("*.json")) == []
    assert hook.taken == []
    assert [r.getMessage().split(":")[0] for r in caplog.records if r.levelname == "ERROR"] == [
        "given up after 90 days"
    ]


def test_only_its_owner_reads_the_outbox(hook: Hook) -> None:
    channels.send(failed_alert())
    assert outbox_folder().stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in outbox_folder().glob("*.json")] == [0o600]
    assert hook.url not in next(outbox_folder().glob("*.json")).read_text(encoding="utf-8")


def test_somebody_who_is_no_longer_a_recipient_gets_no_late_mail(
    monkeypatch: pytest.MonkeyPatch,
    mailbox: Mailbox,
) -> None:
    mailbox.refuse = {KY_SU, TRUC}
    with pytest.raises(NotifyError):
        channels.send(failed_alert())
    mailbox.refuse = set()
    monkeypatch.setenv("DVCTT_ALERT_EMAILS", TRUC)
    assert len(channels.deliver_waiting()) == 1
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [[TRUC]]


def test_a_late_mail_says_when_it_happened_and_a_prompt_one_does_not(
    monkeypatch: pytest.MonkeyPatch,
    mailbox: Mailbox,
) -> None:
    alive = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection(1, timeout=2))
    with pytest.raises(NotifyError):
        channels.send(alerts.alert_from_exception(DvcttError("x"), stage="build_facts"))
    assert not wording.text_body(failed_alert()).startswith("GỬI MUỘN")
    made_earlier(48)
    (entry,) = channels.waiting_and_sent()
    happened = datetime.fromisoformat(entry.alert["happened_at"])
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", alive)
    assert channels.deliver_waiting() == []
    moment = f"{happened:%H:%M ngày %d/%m/%Y}"
    assert plain(mailbox.message()).startswith(f"GỬI MUỘN: sự việc xảy ra lúc {moment};")
    assert str(mailbox.message()["Subject"]).endswith(f"(gửi muộn; sự việc lúc {moment})")
    assert mailbox.message()["Message-ID"] == f"<{entry.entry_id}@vi-du.vn>"


def test_an_outbox_that_cannot_be_written_does_not_cost_the_alert(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    outbox_folder().parent.mkdir(parents=True)
    outbox_folder().write_text("a file stands where the folder should be", encoding="utf-8")
    channels.send(failed_alert())
    assert hook.payload["kind"] == "gate_failed"
    assert any("cannot be written" in record.getMessage() for record in caplog.records)
