"""The page of a verdict as an officer reads it: what it means first, then what did not hold, then what did."""

import copy
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from dvctt.core.errors import ReportError
from dvctt.report.documents.verdict import write_verdict_page

from tests.report.test_pages import Page


def check(id_: str, severity: str, status: str, title: str, **more: Any) -> dict[str, Any]:
    suite, _, _ = id_.partition(".")
    return {
        "id": id_,
        "suite": suite,
        "table": f"aud_{suite}",
        "severity": severity,
        "status": status,
        "title_vi": title,
        "why_vi": f"Lý do của {id_}.",
        "next_vi": f"Chạy `dvctt quarantine list` cho {id_}.",
        "command": f"dvctt rows --table aud_{suite} --month 2022-10",
        "rows_seen": 1048,
        "error": None,
        "failing_rows_total": len(more.get("failing_rows", [])),
        "failing_rows": [],
        **more,
    }


def row(**more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        (
            "subject",
            "source_id",
            "entity",
            "month",
            "agency_code",
            "agency_name_vi",
            "expected",
            "observed",
            "difference",
        )
    )
    return {**empty, **more}


BEYOND = row(
    source_id="one_stop",
    entity="filings",
    month="2022-10",
    agency_code="243",
    agency_name_vi="UBND thành phố Vĩnh Yên",
    expected=22,
    observed=1114,
    difference=1092,
)
FAILED: dict[str, Any] = {
    "verdict": "failed",
    "verdict_vi": "KHÔNG ĐẠT",
    "province": "Vĩnh Phúc",
    "run_id": "run-7",
    "month": "2022-10",
    "checks": [
        check(
            "defects.to_know",
            "info",
            "failed",
            "Giờ của cổng thanh toán",
            failing_rows=[row(month="2022-09", expected=0, observed=485, difference=485)],
        ),
        check(
            "feeds.came",
            "warning",
            "failed",
            "Mỗi cơ quan đã nộp",
            failing_rows=[
                row(
                    subject="ho_so_truc_tuyen",
                    month="2022-10",
                    agency_code="H62.99",
                    expected=1,
                    observed=0,
                    difference=-1,
                )
            ],
        ),
        check(
            "quarantine.budget",
            "critical",
            "failed",
            "Số dòng cách ly không vượt hạn mức",
            failing_rows=[BEYOND],
            failing_rows_total=60,
        ),
        check("totals.add_up", "critical", "passed", "Tổng số bằng tổng các loại"),
        check(
            "row_counts.frozen",
            "warning",
            "not_applicable",
            "Quá khứ đã chốt",
            rows_seen=0,
            error="không có tháng nào đã chốt",
        ),
        check("canary.equal", "critical", "passed", "Mười không bằng chín", command=None),
    ],
}
PASSED = {
    **FAILED,
    "verdict": "passed",
    "verdict_vi": "ĐẠT",
    "checks": [c for c in FAILED["checks"] if c["id"] != "quarantine.budget"],
}
UNANSWERED: dict[str, Any] = {
    **FAILED,
    "verdict": "could_not_check",
    "verdict_vi": "CHƯA KIỂM TRA ĐƯỢC",
    "checks": [
        *PASSED["checks"],
        check(
            "canary.between",
            "critical",
            "could_not_check",
            "Chín không từ mười trở lên",
            error="the canary did not fail",
            command=None,
        ),
        check("totals.silent", "warning", "could_not_check", "Tổng số", error="table aud_totals: no row to compare"),
    ],
}


def text_of(verdict: dict[str, Any], tmp_path: Path) -> str:
    return Page(write_verdict_page(verdict, tmp_path / "verdict.html").read_text(encoding="utf-8")).text


@pytest.mark.parametrize(
    ("verdict", "sentences"),
    [
        (
            PASSED,
            (
                "✓ ĐẠT Số liệu của lần chạy này đã qua mọi kiểm tra nghiêm trọng và đủ điều kiện công bố.",
                "Có 1 cảnh báo. Cảnh báo không chặn công bố; số liệu liên quan được công bố kèm lưu ý.",
            ),
        ),
        (
            FAILED,
            (
                "✗ KHÔNG ĐẠT Số liệu của lần chạy này không qua kiểm tra nên không được công bố.",
                "Bản công bố trước (nếu có) vẫn giữ nguyên và vẫn là số liệu chính thức",
            ),
        ),
        (
            UNANSWERED,
            (
                "? CHƯA KIỂM TRA ĐƯỢC Chưa có kết luận số liệu đúng hay sai",
                "Đây là lỗi của việc kiểm tra, chưa phải lỗi của số liệu hay của cơ quan nào.",
            ),
        ),
    ],
)
def test_the_headline_says_what_the_verdict_means_for_a_reader(tmp_path, verdict, sentences):
    text = text_of(verdict, tmp_path)
    assert "Kết quả kiểm tra số liệu tháng 10/2022" in text
    assert "Lần chạy run-7" in text
    for sentence in sentences:
        assert sentence in text


def test_only_a_passed_verdict_speaks_of_publishing_with_a_caveat(tmp_path):
    assert "được công bố kèm lưu ý" not in text_of(FAILED, tmp_path)
    assert "được công bố kèm lưu ý" not in text_of(UNANSWERED, tmp_path)


def test_checks_are_counted_by_severity_and_outcome_and_the_canary_apart(tmp_path):
    text = text_of(FAILED, tmp_path)
    assert "Mức độ Đạt Không đạt Chưa kiểm tra được Không áp dụng Tất cả" in text
    assert "Nghiêm trọng 1 1 0 0 2 Cảnh báo 0 1 0 1 2 Để biết 0 1 0 0 1 Tự kiểm tra của bộ kiểm tra 1 0 0 0 1" in text


def test_a_check_that_did_not_hold_says_what_where_how_much_why_and_what_next(tmp_path):
    text = text_of(FAILED, tmp_path)
    assert (
        "1. Số dòng cách ly không vượt hạn mức ✗ Nghiêm trọng: không đạt , chặn công bố. Mã quy tắc: quarantine.budget "
        "Vì sao có quy tắc này Lý do của quarantine.budget. "
        "Việc cần làm Chạy dvctt quarantine list cho quarantine.budget. "
        "Lệnh xem các dòng dvctt rows --table aud_quarantine --month 2022-10 "
        "Mong đợi và quan sát Cơ quan Tháng Dữ liệu Mong đợi Quan sát Chênh lệch "
        "UBND thành phố Vĩnh Yên 10/2022 Hồ sơ nguồn one_stop 22 1.114 +1.092 "
        "Trang này liệt kê 1 trong 60 dòng; chạy lệnh ở trên để xem tất cả."
    ) in text


def test_what_blocks_stands_first_and_what_is_only_to_know_last(tmp_path):
    text = text_of(FAILED, tmp_path)
    places = [
        text.index(f"{n}. {t}") for n, t in enumerate(("Số dòng cách ly", "Mỗi cơ quan", "Giờ của cổng"), start=1)
    ]
    assert places == sorted(places)
    assert "✗ Cảnh báo: không đạt , không chặn công bố, số liệu có lưu ý" in text
    assert "✗ Để biết: không đạt , không chặn công bố." in text


def test_a_rule_that_gave_no_answer_blocks_whatever_its_severity_and_shows_its_error(tmp_path):
    text = text_of(UNANSWERED, tmp_path)
    assert "1. Chín không từ mười trở lên ? Nghiêm trọng: chưa kiểm tra được , chặn công bố." in text
    assert "2. Tổng số ? Cảnh báo: chưa kiểm tra được , chặn công bố." in text
    assert "Lỗi kỹ thuật table aud_totals: no row to compare" in text
    assert text.index("2. Tổng số") < text.index("3. Mỗi cơ quan")


def test_a_finding_without_an_agency_or_source_has_no_empty_columns(tmp_path):
    text = text_of(FAILED, tmp_path)
    assert "Tháng Mong đợi Quan sát Chênh lệch 09/2022 0 485 +485" in text
    assert "Cơ quan Tháng Nội dung Mong đợi Quan sát Chênh lệch H62.99 10/2022 Hồ sơ trực tuyến 1 0 -1" in text


def test_what_passed_what_had_nothing_to_compare_and_the_canary_are_folded_apart(tmp_path):
    page = Page(write_verdict_page(FAILED, tmp_path / "v.html").read_text(encoding="utf-8"))
    assert [tag for tag, _ in page.tags].count("details") == 3
    folded = page.text.split("3. Những điều đã kiểm tra")[1]
    assert "Đạt: 1 phép kiểm tra" in folded
    assert "Tổng số bằng tổng các loại Lý do của totals.add_up. Nghiêm trọng 1.048" in folded
    assert "Không áp dụng: 1 phép kiểm tra" in folded
    assert "Quá khứ đã chốt Cảnh báo không có tháng nào đã chốt" in folded
    assert "Tự kiểm tra: 1 phép thử" in folded
    assert folded.index("Mười không bằng chín") > folded.index("Tự kiểm tra")


def test_a_gate_that_evaluated_nothing_says_so(tmp_path):
    text = text_of({**UNANSWERED, "month": None, "checks": []}, tmp_path)
    assert "Không có phép kiểm tra nào được thực hiện." in text
    assert "mọi tháng của lần chạy" in text


@pytest.mark.parametrize("verdict", [PASSED, FAILED, UNANSWERED])
def test_the_page_stands_alone_reads_aloud_and_prints(tmp_path, verdict):
    raw = write_verdict_page(verdict, tmp_path / "v.html").read_text(encoding="utf-8")
    page = Page(raw)
    assert unicodedata.is_normalized("NFC", raw)
    assert ("html", {"lang": "vi"}) in page.tags
    assert not re.findall(r"https?://", raw)
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "iframe", "object")]
    assert [link for link in page.values("href") if link != "data:,"] == ["#noi-dung"]
    assert "@page" in raw
    ids = page.values("id")
    assert len(ids) == len(set(ids)) >= 5
    assert {name for value in page.values("aria-labelledby") for name in value.split()} <= set(ids)
    assert [attributes for tag, attributes in page.tags if tag == "th" and "scope" not in attributes] == []
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") >= 3
    assert page.open == []


def test_markup_in_a_verdict_stays_text(tmp_path):
    verdict = copy.deepcopy(FAILED)
    evil = "<script>alert('x')</script>"
    verdict["checks"][2]["next_vi"] = f"`{evil}` và {evil}"
    verdict["checks"][2]["failing_rows"][0]["agency_name_vi"] = evil
    raw = write_verdict_page(verdict, tmp_path / "v.html").read_text(encoding="utf-8")
    assert "<script" not in raw
    assert raw.count("&lt;script&gt;") == 3


def test_the_same_verdict_gives_the_same_bytes(tmp_path):
    one = write_verdict_page(FAILED, tmp_path / "a.html")
    two = write_verdict_page(copy.deepcopy(FAILED), tmp_path / "b.html")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verdict": "maybe"}, "key verdict: found 'maybe', wanted one of passed, failed, could_not_check"),
        ({"checks": [{"id": "a.b"}]}, "check 'a.b': missing suite, table, severity"),
        ({"checks": [check("a.b", "grave", "failed", "x")]}, "check a.b: severity: found 'grave'"),
        ({"checks": [check("a.b", "info", "perhaps", "x")]}, "check a.b: status: found 'perhaps'"),
    ],
)
def test_what_is_no_verdict_is_refused_by_key(tmp_path, change, words):
    with pytest.raises(ReportError, match=re.escape(words)):
        write_verdict_page({**FAILED, **change}, tmp_path / "v.html")
    assert not (tmp_path / "v.html").exists()
