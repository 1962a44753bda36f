"""Codes of the marts in Vietnamese: every code has a word, and a missing number says why."""

import csv

import pytest
from dvctt.core.errors import ReportError
from dvctt.report.wording import words
from dvctt.report.wording.language import in_language
from dvctt.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    ("lower", "upper", "unit", "text"),
    [
        (50.25, 50.35, "percent", "từ 50,25 đến 50,35%"),
        (2952.0, 2952.0, "filings", "đúng số đã in"),
        (70.0, None, "percent", "từ 70% trở lên"),
        (None, 5.0, "percentage_points", "đến 5 điểm %"),
        (8100000001.0, 8199999999.0, "VND", "từ 8.100.000.001 đến 8.199.999.999 đồng"),
        (None, None, "percent", "không có"),
    ],
)
def test_an_interval_is_printed_with_all_its_decimals(lower, upper, unit, text):
    assert words.interval({"lower_bound": lower, "upper_bound": upper, "unit": unit}) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (50.2982, "percent", "50,3%"),
        (28.4982, "percentage_points", "+28,5 điểm %"),
        (2952.0, "filings", "2.952 hồ sơ"),
        (8918.0, "transactions", "8.918 giao dịch"),
        (None, "filings", "chưa có dữ liệu"),
        (None, "percent", "chưa có dữ liệu"),
    ],
)
def test_a_computed_figure_is_printed_in_its_unit(value, unit, text):
    assert words.measure(value, unit) == text


def test_a_code_without_a_word_names_its_place_and_what_is_known():
    with pytest.raises(ReportError, match=r"mart_targets\.status: found 'late', wanted one of met, missed, no_data"):
        words.word("late", words.TARGET_STATUS, "mart_targets.status")


def test_every_status_and_verdict_has_a_tone():
    assert set(words.TONE) == set(words.TARGET_STATUS) | set(words.VERDICT)


def test_a_share_without_data_is_not_a_share_without_denominator():
    assert words.share({"rate": None, "received": None}, "rate", "received") == "chưa có dữ liệu"
    assert words.share({"rate": None, "received": 0}, "rate", "received") == "không có"
    assert words.share({"rate": 50.25, "received": 4}, "rate", "received") == "50,3%"


@pytest.mark.parametrize(
    ("present", "baseline_received", "received", "reason"),
    [
        (5, None, 10, "kỳ gốc có dữ liệu 5 trên 6 tháng"),
        (None, None, 10, "kỳ gốc có dữ liệu 0 trên 6 tháng"),
        (6, 0, 10, "kỳ gốc không tiếp nhận hồ sơ nào"),
        (6, 10, 0, "kỳ này không tiếp nhận hồ sơ nào"),
        (6, 10, 8, "kỳ này chưa đủ dữ liệu của các cơ quan"),
        (6, 10, None, "kỳ này chưa có dữ liệu"),
    ],
)
def test_a_change_that_does_not_exist_says_why(present, baseline_received, received, reason):
    row = {
        "change_points": None,
        "baseline_months_expected": 6,
        "baseline_months_present": present,
        "baseline_received": baseline_received,
        "received": received,
    }
    assert words.baseline_gap(row) == reason


def test_a_change_that_exists_needs_no_reason():
    assert words.baseline_gap({"change_points": 0.0}) == ""


def test_a_missed_target_says_by_how_much_and_how_many():
    row = {"status": "missed", "short_by_points": 31.1574, "short_by_count": 636}
    procedures = {"short_unit_vi": "thủ tục", "short_unit_en": "procedures"}
    assert words.target_shortfall({**row, **procedures}) == "thiếu 31,2 điểm %, tức 636 thủ tục"
    with in_language("en"):
        assert words.target_shortfall({**row, **procedures}).endswith(" 636 procedures")
    assert words.target_shortfall({**row, "short_unit_vi": None}) == "thiếu 31,2 điểm %, tức 636"


def test_a_small_base_is_marked_and_a_row_that_does_not_say_is_not():
    row = {"entity_name_vi": "Ban Dân tộc", "is_small_base": True}
    assert words.ranked_name(row) == "Ban Dân tộc °"
    assert words.ranked_name({**row, "is_small_base": False}) == "Ban Dân tộc"
    assert words.ranked_name({**row, "is_small_base": None}) == "Ban Dân tộc"


def test_a_target_without_data_lacks_data_and_not_procedures():
    assert words.target_shortfall({"status": "no_data"}) == "chưa có dữ liệu"
    assert words.target_shortfall({"status": "met"}) == "không thiếu"


def test_what_stands_between_backticks_is_code_and_the_rest_is_escaped():
    assert words.with_commands("Chạy `dvctt run` & xem <a>") == "Chạy <code>dvctt run</code> &amp; xem &lt;a&gt;"
    assert words.with_commands("`<b>`") == "<code>&lt;b&gt;</code>"
    assert words.with_commands("một ` lẻ") == "một ` lẻ"


@pytest.mark.parametrize(
    ("difference", "printed"), [(92, "+92"), (-1, "-1"), (0, "0"), (None, "–"), (1092, "+1.092"), (0.5, "+0,5")]
)
def test_a_difference_is_signed_and_a_dash_when_there_is_none(difference, printed):
    assert words.checked_difference({"difference": difference}) == printed


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (2952, "2.952"),
        (None, "không có"),
        (float("nan"), "không có"),
        (2**53 + 1, "9.007.199.254.740.993"),
        ("[0, ]", "[0, ]"),
    ],
)
def test_what_a_check_saw_is_printed_as_offices_do(value, printed):
    assert words.checked_value(value) == printed


def test_a_verdict_without_a_month_is_about_every_month():
    assert words.month_of_key("2022-10") == "tháng 10/2022"
    assert words.month_of_key(None) == "mọi tháng của lần chạy"


def test_a_subject_without_words_is_printed_as_it_is():
    assert words.check_subject("filings.online_by_level") == "Hồ sơ trực tuyến theo mức độ"
    assert words.check_subject("new.rule") == "new.rule"


def test_a_period_has_in_a_language_without_a_column_of_its_own_the_name_that_the_list_gives_it():
    with (PROJECT_ROOT / "dbt_project" / "seeds" / "ref_reporting_periods.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["kind"] for row in rows} == {"month", "quarter", "half_year", "nine_months", "year"}
    for row in rows:
        vietnamese, english = (row[column].format(year=2022) for column in ("name_vi", "name_en"))
        assert words.period_name({"period_name_vi": vietnamese}) == vietnamese
        with in_language("en"):
            assert words.period_name({"period_name_vi": vietnamese}) == english
            own = {"name_vi": vietnamese, "name_en": "as the mart says it"}
            assert words.period_name(own, "name_vi") == "as the mart says it"
            assert words.period_name({"period_name_vi": "Kỳ lạ 2022"}) == "“Kỳ lạ 2022” (original wording)"


@pytest.mark.parametrize(
    ("called", "english"),
    [
        ("Hồ sơ trực tuyến", "Online filings"),
        ("Thay đổi của tỷ lệ hồ sơ trực tuyến đến tháng 10", "Change of the online rate to October"),
        ("Chênh lệch tỷ lệ so với khối sở ban ngành", "Difference to the rate of the provincial departments"),
        ("Chênh lệch tỷ lệ so với khối xã", "Difference to the rate of the khối xã"),
        ("Thay đổi theo cách gọi cũ", "“Thay đổi theo cách gọi cũ” (original wording)"),
    ],
)
def test_a_metric_that_compares_is_called_with_what_it_compares_with(called, english):
    row = {"metric_name_vi": called}
    assert words.metric_name(row) == called
    with in_language("en", {"Khối sở ban ngành": "Provincial departments"}):
        assert words.metric_name(row) == english
        assert words.metric_name({**row, "metric_name_en": "as the mart says it"}) == "as the mart says it"
