"""Drawings: one image with a title, text as text, no name that two drawings share, no zero for a missing value."""

from datetime import date
from xml.etree import ElementTree

import pytest
from dvctt.core.errors import ReportError
from dvctt.report import charts

SVG = "{http://www.w3.org/2000/svg}"
AUGUST, SEPTEMBER, OCTOBER = date(2022, 8, 1), date(2022, 9, 1), date(2022, 10, 1)


def texts(chart: charts.Chart) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]


def paths(chart: charts.Chart) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(chart.svg).iter(f"{SVG}path"))


def agency(name: str, rate: float | None, received: int | None) -> dict:
    return {"short_name_vi": name, "entity_name_vi": name, "online_rate_percent": rate, "received": received}


def total(month: date, rate: float | None) -> dict:
    return {
        "month": month,
        "scope": "group",
        "entity_code": "a",
        "entity_name_vi": "Khối sở ban ngành",
        "online_rate_percent": rate,
    }


def test_a_drawing_is_one_image_with_a_title_and_a_description():
    root = ElementTree.fromstring(charts.ranking("bd-1", [agency("Sở Y tế", 100.0, 3)], "Tên", "Mô tả").svg)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "bd-1-title bd-1-desc"
    assert [(child.tag, child.get("id"), child.text) for child in list(root)[:2]] == [
        (f"{SVG}title", "bd-1-title", "Tên"),
        (f"{SVG}desc", "bd-1-desc", "Mô tả"),
    ]


def test_vietnamese_names_are_text_in_the_order_given():
    rows = [agency("Sở LĐ-TB&XH", 98.85, 9), agency("Huyện Vĩnh Tường", 12.0, 9)]
    found = texts(charts.ranking("bd-1", rows, "Tên", "Mô tả"))
    names = ["Sở LĐ-TB&XH", "Huyện Vĩnh Tường"]
    assert [text for text in found if text in names] == names
    assert "98,9%" in found


def test_an_agency_without_a_rate_has_words_and_no_bar():
    rows = [agency("A", 50.0, 9), agency("B", None, 0), agency("C", None, None)]
    chart = charts.ranking("bd-1", rows, "Tên", "Mô tả")
    assert {"không có", "chưa có dữ liệu", "50,0%"} <= set(texts(chart))
    assert [path.get("fill") for path in paths(chart)].count(charts.LEVEL_4) == 1


def test_markup_in_a_name_stays_text():
    svg = charts.ranking("bd-1", [agency("<script>alert(1)</script>", 1.0, 1)], "<b>", "&").svg
    assert "<script" not in svg
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in svg


def test_a_month_without_a_rate_breaks_the_line():
    months = [AUGUST, SEPTEMBER, OCTOBER]

    def line(*rows: dict) -> str:
        chart = charts.trend("bd-1", rows, months, ["a"], None, "Tên", "Mô tả")
        assert [text for text in texts(chart) if "/" in text] == ["08/2022", "09/2022", "10/2022"]
        return next(path.get("d") or "" for path in paths(chart) if path.get("stroke-width") == "2.2")

    assert line(total(AUGUST, 10.0), total(SEPTEMBER, 20.0), total(OCTOBER, 30.0)).count("M") == 1
    assert line(total(AUGUST, 10.0), total(OCTOBER, 30.0)).count("M") == 2
    assert line(total(AUGUST, 10.0), total(SEPTEMBER, None), total(OCTOBER, 30.0)).count("M") == 2


def test_a_month_without_payments_says_so():
    rows = [
        (SEPTEMBER, {"online_payment_amount_vnd": None}),
        (AUGUST, None),
        (OCTOBER, {"online_payment_amount_vnd": 912345678}),
    ]
    svg = charts.payments("bd-1", rows, "Tên", "Mô tả").svg
    assert svg.count("chưa có") == 2
    assert "912,3" in svg
    assert ">0,0<" not in svg


def test_pieces_too_narrow_for_their_number_carry_none():
    row = {
        "scope": "group",
        "entity_name_vi": "Khối sở ban ngành",
        "received": 5869,
        "online": 2952,
        "online_level_4": 2930,
        "online_level_3": 19,
        "online_no_level": 3,
        "direct": 2700,
        "postal": 217,
    }
    chart = charts.make_up("bd-1", [row], "Tên", "Mô tả")
    found = texts(chart)
    assert "2.930" in found
    assert "3" not in found
    assert [entry.name_vi for entry in chart.legend] == [
        "Trực tuyến, mức độ 4",
        "Trực tuyến, mức độ 3",
        "Trực tuyến, không phân mức",
        "Trực tiếp",
        "Bưu chính công ích",
    ]


def test_the_same_rows_give_the_same_bytes_again_and_again():
    rows = [agency("Sở Y tế", 100.0, 3), agency("Sở TN&MT", 9.0, 9)]
    drawn = {charts.ranking("bd-1", rows, "Tên", "Mô tả").svg for _ in range(3)}
    assert len(drawn) == 1


@pytest.mark.parametrize("attribute", ['id="gradient_0"', 'fill="url(#clip1)"'])
def test_a_name_that_two_drawings_would_share_is_refused(attribute):
    raw = f'<svg xmlns="http://www.w3.org/2000/svg"><rect {attribute}/></svg>'
    with pytest.raises(ReportError, match="chart bd-1: found"):
        charts._clean(raw, "bd-1", "Tên", "Mô tả")
