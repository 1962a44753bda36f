"""Numbers as offices print them, and back again."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from types import SimpleNamespace

import pytest
from dvctt.queries.index766 import points_text, ratio_text
from dvctt.queries.online_rates import rate_text
from dvctt.report.tables.table import cell
from dvctt.report.wording import formats
from dvctt.report.wording.language import LANGUAGES, in_language
from dvctt.report.writers.xlsx import _number_format
from hypothesis import given
from hypothesis import strategies as st


def read_vietnamese(text: str) -> Decimal:
    """Read a printed number the strict way: "2.952" is 2952, and nothing but a printed form is taken."""
    whole, _, decimals = text.lstrip("+-").partition(",")
    groups = whole.split(".")
    assert all(part.isdigit() for part in [*groups, decimals or "0"])
    assert 1 <= len(groups[0]) <= 3
    assert all(len(group) == 3 for group in groups[1:])
    number = Decimal("".join(groups) + (f".{decimals}" if decimals else ""))
    return -number if text.startswith("-") else number


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (formats.count, 2952, "2.952"),
        (formats.count, 0, "0"),
        (formats.count, 999, "999"),
        (formats.count, 1000000, "1.000.000"),
        (formats.count, -3, "-3"),
        (formats.count, 8147236000.0, "8.147.236.000"),
        (formats.rate, 50.3, "50,3%"),
        (formats.rate, 98.79, "98,8%"),
        (formats.rate, 0, "0,0%"),
        (formats.rate, 100, "100,0%"),
        (formats.points, 28.7031, "28,7 điểm %"),
        (formats.points, -28.7031, "28,7 điểm %"),
        (formats.signed_points, 28.4982, "+28,5 điểm %"),
        (formats.signed_points, -1.731, "-1,7 điểm %"),
        (formats.percent_change, 195.2, "+195,2%"),
        (formats.percent_change, -4.04, "-4,0%"),
        (formats.money, 8147236000, "8.147.236.000 đồng"),
        (formats.millions, 912345678, "912,3"),
        (formats.millions, 1234567890, "1.234,6"),
        (formats.exact, 50.25, "50,25"),
        (formats.exact, 79.0, "79"),
        (formats.exact, 99.0001, "99,0001"),
        (formats.exact, 8100000001.0, "8.100.000.001"),
        (formats.exact, 100, "100"),
        (formats.day, date(2022, 10, 5), "05/10/2022"),
        (formats.moment, datetime(2022, 11, 5, 1, 2, 33), "01:02 05/11/2022"),
        (formats.month, date(2022, 3, 1), "tháng 03/2022"),
        (formats.month_title, date(2022, 10, 1), "tháng 10 năm 2022"),
        (formats.month_title, date(2022, 2, 1), "tháng 02 năm 2022"),
        (formats.month_title, date(2022, 3, 1), "tháng 3 năm 2022"),
        (formats.month_key, date(2022, 3, 1), "2022-03"),
        (formats.month_end, date(2024, 2, 1), date(2024, 2, 29)),
    ],
)
def test_a_value_is_printed_as_offices_print_it(function, value, text):
    assert function(value) == text


@pytest.mark.parametrize(("value", "text"), [(50.25, "50,3%"), (50.35, "50,4%"), (98.85, "98,9%"), (0.05, "0,1%")])
def test_halves_are_rounded_up_as_by_hand(value, text):
    assert formats.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(12.345, "12,35"), (12.344999, "12,34"), (14.665, "14,67"), (0.005, "0,01"), (2.675, "2,68")]
)
def test_one_number_has_one_text_in_every_column_of_two_decimals(value, text):
    component = SimpleNamespace(ratio_percent=value)
    assert formats.rate(value, 2) == f"{text}%"
    assert formats.signed_points(value, 2) == f"+{text} điểm %"
    assert (formats.score(value), formats.brief(value), points_text(value)) == (text, text, text)
    assert (rate_text(value, 7), ratio_text(component)) == (f"{text}%", f"{text}%")
    assert cell(value, "score").printed == text


def test_a_difference_that_rounds_to_nothing_has_no_sign_with_two_decimals_either():
    assert formats.signed_points(-0.004, 2) == "0,00 điểm %"


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (8.0, "8"), (1234567, "1.234.567"), (1234.5, "1.234,50"), (-2, "-2"), (0, "0")]
)
def test_a_terminal_shows_whole_numbers_whole_and_nothing_as_no_number(value, text):
    assert formats.brief(value) == text


def test_points_of_the_index_have_two_decimals_always():
    assert [formats.score(value) for value in (6, 14.67, 0, 1000)] == ["6,00", "14,67", "0,00", "1.000,00"]


@pytest.mark.parametrize(
    ("value", "code"),
    [(99.0001, "#,##0.0000"), (50.25, "#,##0.00"), (79.0, "#,##0"), (8100000001, "#,##0"), (0.5, "#,##0.0")],
)
def test_a_workbook_shows_the_decimals_that_are_printed_and_no_others(value, code):
    assert _number_format(cell(value, "exact")) == code
    assert _number_format(cell(value, "score")) == "#,##0.00"


@pytest.mark.parametrize("text", ["12.34", "1.23.456", "12,3,4", "chưa có dữ liệu", ""])
def test_what_is_no_printed_number_is_not_read_as_one(text):
    with pytest.raises(ValueError, match=r"is not a (valid|properly formatted) decimal number"):
        formats.read(text)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=3, allow_nan=False))
def test_a_printed_number_is_read_back_in_the_language_that_it_was_printed_in(value):
    for language in LANGUAGES:
        with in_language(language):
            assert formats.read(formats.exact(value)) == value


@pytest.mark.parametrize("value", [-0.04, 0.04, 0, -0.0])
def test_a_change_that_rounds_to_nothing_has_no_sign(value):
    assert formats.signed_points(value) == "0,0 điểm %"


@pytest.mark.parametrize("function", [formats.rate, formats.points, formats.signed_points, formats.percent_change])
def test_a_missing_share_does_not_exist_and_is_not_zero(function):
    assert function(None) == "không có"


@pytest.mark.parametrize("function", [formats.count, formats.money, formats.millions, formats.day, formats.moment])
def test_a_missing_count_or_date_has_no_data_and_is_not_zero(function):
    assert function(None) == "chưa có dữ liệu"


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_every_count_reads_back_as_itself(value):
    assert read_vietnamese(formats.count(value)) == value


@given(st.integers(min_value=0, max_value=10**15))
def test_every_amount_reads_back_to_the_dong(value):
    assert read_vietnamese(formats.money(value).removesuffix(" đồng")) == value


@given(st.floats(min_value=0, max_value=100, allow_nan=False))
def test_every_rate_reads_back_within_half_a_tenth(value):
    text = formats.rate(value)
    printed = read_vietnamese(text.removesuffix("%"))
    assert printed == Decimal(repr(value)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    assert abs(printed - Decimal(repr(value))) <= Decimal("0.05")


@given(st.floats(min_value=-100, max_value=100, allow_nan=False))
def test_a_signed_change_and_its_opposite_mirror_each_other(value):
    up = read_vietnamese(formats.signed_points(value).removesuffix(" điểm %"))
    down = read_vietnamese(formats.signed_points(-value).removesuffix(" điểm %"))
    assert up == -down


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False))
def test_an_exact_number_loses_and_gains_no_decimal(value):
    assert read_vietnamese(formats.exact(value)) == value


@pytest.mark.parametrize(
    ("months", "vietnamese", "english"),
    [
        ([(2022, 9)], "tháng 09/2022", "September 2022"),
        ([(2022, 9), (2022, 8)], "tháng 08/2022, tháng 09/2022", "August 2022, September 2022"),
        ([(2021, 11), (2021, 12), (2022, 1)], "tháng 11/2021 đến tháng 01/2022", "November 2021 to January 2022"),
        (
            [(2022, 1), (2022, 2), (2022, 3), (2022, 9)],
            "tháng 01/2022 đến tháng 03/2022, tháng 09/2022",
            "January 2022 to March 2022, September 2022",
        ),
    ],
)
def test_months_that_follow_each_other_are_told_by_the_first_and_the_last(
    months: list[tuple[int, int]], vietnamese: str, english: str
) -> None:
    days = [date(year, month, 1) for year, month in months]
    assert formats.months(days) == vietnamese
    with in_language("en"):
        assert formats.months(days) == english
