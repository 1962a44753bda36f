"""A figure's id: one for one figure, the same every night, and readable back."""

from datetime import date, datetime

import pytest
from dvctt.core.errors import FigureError
from dvctt.core.figure_ids import figure_id, key_text, parse
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(["m", "mart_online_rates", "c_1"])
TEXTS = st.text(alphabet=st.one_of(st.sampled_from("-/%~. 0aé\u0301Ứ"), st.characters(codec="utf-8")), max_size=6)
KEYS = st.lists(st.none() | TEXTS, min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("mart", "key", "column", "text"),
    [
        (
            "mart_online_rates",
            (date(2022, 10, 1), "province", "26"),
            "online_rate_percent",
            "mart_online_rates/2022-10/province/26/online_rate_percent",
        ),
        ("mart_published_figures", (9,), "computed_value", "mart_published_figures/9/computed_value"),
        (
            "mart_figures",
            ("online_rate", "province", "Tỉnh A/B", None, date(2022, 10, 31), None, "g"),
            "computed_value",
            "mart_figures/online_rate/province/T%E1%BB%89nh%20A%2FB/-/2022-10-31/-/g/computed_value",
        ),
        ("m", ("-", "", "50%"), "c", "m/%2D//50%25/c"),
        ("m", (None,), "c", "m/-/c"),
        ("m", (datetime(2022, 10, 1, 1, 2), True), "c", "m/2022-10-01T01%3A02%3A00/true/c"),
    ],
)
def test_an_id_is_mart_key_and_column(mart, key, column, text):
    assert figure_id(mart, key, column) == text
    assert parse(text) == (mart, tuple(None if value is None else key_text(value) for value in key), column)


def test_an_id_may_be_typed_as_it_is_spoken():
    assert parse("mart_figures/Vĩnh Phúc/c") == parse(figure_id("mart_figures", ("Vĩnh Phúc",), "c"))


def written(key):
    """What an id says of a key: all but what is NULL at its end."""
    while len(key) > 1 and key[-1] is None:
        key = key[:-1]
    return tuple(key)


def test_a_key_that_grows_by_what_is_null_leaves_the_ids_as_they_were():
    old, new = ("x", date(2022, 10, 1)), ("x", date(2022, 10, 1), None, None)
    assert figure_id("m", old, "c") == figure_id("m", new, "c") == "m/x/2022-10/c"
    assert figure_id("m", (*new, "y"), "c") == "m/x/2022-10/-/-/y/c"


@given(mart=NAMES, key=KEYS, column=NAMES)
def test_what_is_written_is_read_back_and_fits_a_link(mart, key, column):
    text = figure_id(mart, key, column)
    assert parse(text) == (mart, written(key), column)
    assert text.isascii()
    assert not any(letter.isspace() for letter in text)


@given(key=KEYS, other=KEYS)
def test_two_keys_have_two_ids(key, other):
    assert (figure_id("m", key, "c") == figure_id("m", other, "c")) == (written(key) == written(other))


@pytest.mark.parametrize("text", ["", "mart", "mart/column", "/a/b", "mart/a/", "Mart/a/b", "mart/a/b c", "m/%ff/c"])
def test_what_is_no_id_is_refused_with_the_form_of_one(text):
    with pytest.raises(FigureError, match="not a figure's id"):
        parse(text)


@pytest.mark.parametrize(("mart", "key", "column"), [("m", (), "c"), ("m;", ("a",), "c"), ("m", ("a",), "c/d")])
def test_an_id_is_not_made_of_what_is_no_figure(mart, key, column):
    with pytest.raises(FigureError, match="not a figure"):
        figure_id(mart, key, column)
