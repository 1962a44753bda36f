"""What leaves the machine is one line without control characters, and without numbers and addresses of people."""

import pytest
from dvctt.notify.plain import distinct, lines_of, month_vi, number_vi, without_personal_data


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("gọi 0912345678 ngay", "gọi *** ngay"),
        ("số 012345678901", "số ***"),
        ("https://user:mat-khau@may.example/x", "https://***@may.example/x"),
        ("gửi a.b@example.com nhé", "gửi *** nhé"),
        ("8147236000 đồng, 2952 hồ sơ", "8147236000 đồng, 2952 hồ sơ"),
    ],
)
def test_numbers_and_addresses_of_people_do_not_leave_and_figures_do(text: str, left: str) -> None:
    assert without_personal_data(text) == left


@pytest.mark.parametrize(
    ("value", "sign", "text"),
    [(None, False, "không có"), (2952, False, "2.952"), (0.5, True, "+0,5"), ("a\nb", False, "a b")],
)
def test_a_number_is_printed_as_on_the_page_and_no_figure_is_no_zero(value: object, sign: bool, text: str) -> None:
    assert number_vi(value, sign=sign) == text  # type: ignore[arg-type]


def test_a_month_is_written_as_people_write_it_and_what_is_none_stays_what_it_is() -> None:
    assert month_vi("2022-10") == "tháng 10/2022"
    assert month_vi("kỳ\tlạ", "") == "kỳ lạ"


def test_lines_stay_lines_and_control_characters_become_blanks() -> None:
    assert lines_of("a\x07b\nc\r") == "a b\nc"
    assert distinct(["b", "a", "b"]) == ["b", "a"]
