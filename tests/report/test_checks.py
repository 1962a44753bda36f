"""What a check found, in words."""

import json
import re

import pytest
from dvctt.core.errors import ReportError
from dvctt.report.findings import warning_rows
from dvctt.report.wording import caveats, checks
from dvctt.report.wording.language import in_language
from dvctt.settings import Settings

ROW = {"subject": "x", "source_id": "s", "entity": "filings", "relation": "at_least", "expected": 1064, "observed": 4}


def test_a_check_goes_by_its_title_in_vietnamese_and_by_its_id_in_every_other_language() -> None:
    assert checks.called("Đến đủ", "filings.rows", ROW) == "Đến đủ (filings.rows, x, nguồn s, hồ sơ)"
    assert checks.called(None, "filings.rows", {}) == "filings.rows"
    with in_language("en"):
        assert checks.called("Đến đủ", "filings.rows", ROW) == "filings.rows (x, source s, filings)"


def test_a_warning_says_in_every_language_what_the_mail_said() -> None:
    check = {"id": "filings.rows", "title_vi": "Đến đủ", "status": "failed", "severity": "warning"}
    row = {**ROW, "month": "2022-10", "agency_code": "zz", "difference": -1060}
    [laid, nothing] = warning_rows({"checks": [{**check, "failing_rows": [row]}, {**check, "failing_rows": []}]})
    sentence = "Đến đủ (filings.rows, x, nguồn s, hồ sơ): mong đợi ít nhất 1.064, quan sát 4"
    assert caveats.words(laid["caveat_json"]) == laid["text_vi"] == sentence
    assert caveats.words(nothing["caveat_json"]) == nothing["text_vi"]
    unknown = json.dumps({**json.loads(laid["caveat_json"]), "agency_name_vi": "Sở\x07 lạ"})
    with in_language("en"):
        assert (
            caveats.words(laid["caveat_json"])
            == "filings.rows (x, source s, filings): expected at least 1,064, observed 4"
        )
        assert caveats.words(nothing["caveat_json"]) == "filings.rows: no row was named"
        assert caveats.words(unknown).startswith("Sở  lạ: filings.rows")


MONTHLY = {
    "check_id": "services_are_levels_and_others",
    "calendar_id": None,
    "period_name_vi": None,
    "total_in_words_vi": None,
    "residue_id": "below_level_3",
}
PERIOD = {
    "check_id": "period_received_is_sum_of_months",
    "calendar_id": "solar",
    "period_name_vi": "Quý III/2022",
    "period_name_en": "Quarter 3 of 2022",
    "calendar_name_vi": "Kỳ theo tháng dương lịch",
    "calendar_name_en": "Calendar months",
}


def test_a_check_of_totals_says_what_it_compares_and_what_its_residue_is() -> None:
    assert checks.compared(MONTHLY) == checks.compared_when(MONTHLY) == "Dịch vụ = mức độ 3 + mức độ 4 + dưới mức độ 3"
    assert checks.residue(MONTHLY) == "Dưới mức độ 3"
    with in_language("en"):
        assert checks.compared_when(MONTHLY) == "Services = level 3 + level 4 + below level 3"
        assert checks.residue(MONTHLY) == "Below level 3"


def test_a_check_of_a_period_names_it_in_a_list_of_all_and_not_in_the_period_s_own_documents() -> None:
    assert checks.compared(PERIOD) == "Hồ sơ tiếp nhận = tổng các tháng"
    assert checks.compared_when(PERIOD) == "Quý III/2022 (kỳ theo tháng dương lịch): hồ sơ tiếp nhận = tổng các tháng"
    form = {**PERIOD, "check_id": "period_form_06a_workload_total_is_resolved_and_pending"}
    assert checks.compared(form) == "Biểu II.06a: cột 3 = 7 + 11"
    assert checks.compared_when(form) == "Biểu II.06a, Quý III/2022 (kỳ theo tháng dương lịch): cột 3 = 7 + 11"
    with in_language("en"):
        assert checks.compared_when(form) == "Form II.06a, Quarter 3 of 2022 (calendar months): column 3 = 7 + 11"


def test_what_an_older_version_said_in_words_keeps_them() -> None:
    older = {"residue_id": None, "residue_in_words_vi": "Không phân mức"}
    assert checks.residue(older) == "Không phân mức"
    assert checks.residue({**older, "residue_in_words_vi": None}) == ""
    unknown = {**MONTHLY, "check_id": "given_up", "total_in_words_vi": "Tổng cũ = a + b"}
    assert checks.compared(unknown) == checks.compared_when(unknown) == "Tổng cũ = a + b"
    words = "Quý III/2022 (kỳ theo tháng dương lịch): hồ sơ tiếp nhận = tổng các tháng"
    assert checks.compared_when({**PERIOD, "period_name_vi": None, "total_in_words_vi": words}) == words
    with in_language("en"):
        assert checks.residue(older) == "No level"
        assert checks.compared(unknown).startswith("“Tổng cũ = a + b” (")


def test_a_check_without_a_sentence_and_without_words_is_an_error() -> None:
    with pytest.raises(
        ReportError, match=r"mart_additivity_checks\.check_id: found 'new', wanted one of attempts_are_banks"
    ):
        checks.compared({**MONTHLY, "check_id": "new"})
    with pytest.raises(ReportError, match=r"mart_additivity_checks\.residue_id: found 'new'"):
        checks.residue({"residue_id": "new"})


def test_every_check_and_residue_of_the_models_has_its_sentence_and_none_is_left_over(tiny_home: Settings) -> None:
    models = list(tiny_home.candidate.rglob("compiled/**/checks/additivity/chk_*.sql"))
    assert len(models) > 3
    sql = "\n".join(path.read_text("utf-8") for path in models)
    totals = re.findall(r"'(\w+)'\s+(?:end )?as check_id", sql) + re.findall(r"then '(\w+_is_source_levels)'", sql)
    assert set(totals) == {*checks.TOTALS, *checks.FORM_06A_TOTALS}
    assert set(re.findall(r"'(\w+)'\s+(?:end )?as residue_id", sql)) | {"unknown_field"} == set(checks.RESIDUES)
    assert checks.TOTALS.keys() & checks.FORM_06A_TOTALS.keys() == set()
