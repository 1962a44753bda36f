"""Rows of the marts drawn as SVG.

Only drawing may live here: scales, colours, positions, and the clean-up of what the renderer writes. A value drawn is
a mart's value; where a chart stacks or scales it to pixels, the numbers printed stay the mart's. Every chart stands
beside a table with the same numbers, so the picture may be skipped.

Legends, titles and axis titles are left to the page, and every margin is fixed: nothing in a chart is placed by
measuring text, so the bytes do not depend on the fonts of the machine that draws.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

from dvctt.core.errors import ReportError
from dvctt.core.printable import printable, printable_values
from dvctt.report.marts import Row
from dvctt.report.wording import formats, words
from dvctt.report.wording.language import _

SERIF = "'Times New Roman', 'Liberation Serif', Tinos, serif"
INK = "#1b1f24"
_GRID = "#d9dde2"

# At least 4.5 : 1 against white, since white numbers stand on them; lines differ by dash, too.
LEVEL_4, LEVEL_3, NO_LEVEL, DIRECT, POSTAL = "#173f66", "#2f71a8", "#b3261e", "#686e75", "#56651c"
_SERIES = ("#173f66", "#9a4a0f", "#356b34", "#6b3f80", "#7a6a12")
_TOTAL = "#3a4047"
_DASHES = ((1, 0), (7, 3), (2, 3), (9, 3, 2, 3), (5, 2))

_VEGA_LITE = "6.4"
_SVG = "http://www.w3.org/2000/svg"
# What the renderer writes for scripts and for its own roles; the page gives each chart one role, title and description.
_DROPPED_ATTRIBUTES = ("class", "role", "pointer-events", "aria-hidden", "aria-roledescription", "aria-label")


@dataclass(frozen=True)
class LegendEntry:
    """One line of a legend that the page prints beside a chart: what it means, its colour, its dash if it is a line."""

    name_vi: str
    colour: str
    dash: str | None = None


@dataclass(frozen=True)
class Chart:
    """One finished drawing: ``svg`` is safe to print as it is; ``legend`` may be empty."""

    svg: Markup
    legend: tuple[LegendEntry, ...] = ()


def trend(
    chart_id: str,
    rows: Sequence[Row],
    months: Sequence[date],
    order: Sequence[str],
    total: str | None,
    title: str,
    description: str,
) -> Chart:
    """Online rate by month, one line for each entity; a month without a rate is a gap, never a zero.

    ``rows`` are rows of mart_online_rates, ``months`` the places on the axis; ``order`` gives the entity codes in
    print order, ``total`` the one that is drawn as the sum of the others.
    """
    styles = {code: (_SERIES[i % len(_SERIES)], _DASHES[i % len(_DASHES)]) for i, code in enumerate(order)}
    if total in styles:
        styles[total] = (_TOTAL, _DASHES[2])
    names = {row["entity_code"]: words.entity(row) for row in rows}
    rates = {(row["month"], row["entity_code"]): row["online_rate_percent"] for row in rows}
    # A place without a rate is drawn as null, which breaks the line; a lone month between two gaps still has its point.
    values = [
        {"month": formats.month_number(month), "code": code, "rate": rates.get((month, code))}
        for code in order
        for month in months
    ]
    ends = _end_labels(rows, months[-1], order)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=alt.X(
            "month:O",
            sort=[formats.month_number(month) for month in months],
            axis=alt.Axis(title=None, labelAngle=0, labelOverlap=False, ticks=False, labelPadding=8),
            scale=alt.Scale(type="point", padding=0.4),
        ),
        y=alt.Y("rate:Q", axis=_percent_axis(), scale=alt.Scale(domain=[0, 100])),
        color=alt.Color("code:N", legend=None, scale=_scale({code: style[0] for code, style in styles.items()})),
    )
    lines = base.mark_line(strokeWidth=2.2).encode(
        strokeDash=alt.StrokeDash("code:N", legend=None, scale=_scale({c: list(s[1]) for c, s in styles.items()}))
    )
    points = base.mark_circle(size=42, opacity=1)
    labels = (
        alt.Chart(alt.Data(values=ends))
        .mark_text(align="left", baseline="middle", fontSize=14, fontWeight="bold")
        .encode(
            x=alt.value(606),
            y=alt.Y("y:Q", axis=_percent_axis(), scale=alt.Scale(domain=[0, 100])),
            text="text:N",
            color=alt.Color("code:N", legend=None, scale=_scale({code: style[0] for code, style in styles.items()})),
        )
    )
    svg = _draw(
        alt.layer(lines, points, labels), chart_id, title, description, 600, 250, left=52, right=70, top=14, bottom=30
    )
    legend = tuple(
        LegendEntry(names[code], styles[code][0], " ".join(str(part) for part in styles[code][1]))
        for code in order
        if code in names
    )
    return Chart(svg, legend)


def make_up(chart_id: str, rows: Sequence[Row], title: str, description: str) -> Chart:
    """How the filings of each entity came in: levels of the online ones, direct, postal, each bar 100 % of received."""
    parts = (
        ("online_level_4", _("Trực tuyến, mức độ 4"), LEVEL_4),
        ("online_level_3", _("Trực tuyến, mức độ 3"), LEVEL_3),
        ("online_no_level", _("Trực tuyến, không phân mức"), NO_LEVEL),
        ("direct", _("Trực tiếp"), DIRECT),
        ("postal", _("Bưu chính công ích"), POSTAL),
    )
    values = [
        {
            "name": words.entity(row),
            "part": column,
            "order": place,
            "value": row[column],
            # A label that is wider than its piece of the bar would lie on its neighbours.
            "text": formats.count(row[column]) if row[column] >= 0.07 * row["received"] else "",
        }
        for row in rows
        if row["received"]
        for place, (column, _, _) in enumerate(parts)
        if row[column] is not None
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        y=_names_axis([words.entity(row) for row in rows], 170),
        order="order:Q",
    )
    x = alt.X("value:Q", stack="normalize", axis=_percent_axis(ratio=True))
    middle = alt.X("value:Q", stack="normalize", bandPosition=0.5, axis=_percent_axis(ratio=True))
    bars = base.mark_bar(stroke="white", strokeWidth=1).encode(
        x=x, color=alt.Color("part:N", legend=None, scale=_scale({column: colour for column, _, colour in parts}))
    )
    labels = base.mark_text(fontSize=14, color="white", fontWeight="bold").encode(
        x=middle, text="text:N", detail="part:N"
    )
    svg = _draw(
        alt.layer(bars, labels), chart_id, title, description, 530, 46 * len(rows), left=180, right=20, top=6, bottom=30
    )
    return Chart(svg, tuple(LegendEntry(name, colour) for _, name, colour in parts))


def ranking(chart_id: str, rows: Sequence[Row], title: str, description: str) -> Chart:
    """Online rate of the agencies of one group, in the order of ``rows``; an agency without a rate has no bar."""
    values = [
        {
            "name": words.short_name(row),
            "rate": row["online_rate_percent"],
            "start": row["online_rate_percent"] or 0,
            "text": _(formats.NO_DATA) if row["received"] is None else formats.rate(row["online_rate_percent"]),
        }
        for row in rows
    ]
    base = alt.Chart(alt.Data(values=values)).encode(y=_names_axis([value["name"] for value in values], 170))
    scale = alt.Scale(domain=[0, 100])
    bars = base.mark_bar(color=LEVEL_4, height=alt.RelativeBandSize(0.66)).encode(
        x=alt.X("rate:Q", axis=_percent_axis(), scale=scale)
    )
    labels = base.mark_text(align="left", dx=6, fontSize=14, color=INK).encode(
        x=alt.X("start:Q", axis=_percent_axis(), scale=scale), text="text:N"
    )
    svg = _draw(
        alt.layer(bars, labels),
        chart_id,
        title,
        description,
        440,
        24 * len(values),
        left=180,
        right=110,
        top=6,
        bottom=30,
    )
    return Chart(svg)


def payments(chart_id: str, rows: Sequence[tuple[date, Row | None]], title: str, description: str) -> Chart:
    """Amount paid online by month in million VND, from mart_payments of one entity; an empty month is a gap."""
    amounts = [(month, row["online_payment_amount_vnd"] if row else None) for month, row in rows]
    values = [
        {"month": formats.month_number(month), "amount": amount, "text": formats.millions(amount)}
        for month, amount in amounts
        if amount is not None
    ]
    # In two lines, or the words would reach into the neighbouring months.
    empty = [
        {"month": formats.month_number(month), "text": _("chưa có\ndữ liệu").split("\n")}
        for month, amount in amounts
        if amount is None
    ]
    x = alt.X(
        "month:O",
        sort=[formats.month_number(month) for month, _ in amounts],
        axis=alt.Axis(title=None, labelAngle=0, labelOverlap=False, ticks=False, labelPadding=8),
        scale=alt.Scale(
            domain=[formats.month_number(month) for month, _ in amounts], paddingInner=0.35, paddingOuter=0.2
        ),
    )
    # The numbers stand on the bars, so the axis would only repeat them.
    y = alt.Y("amount:Q", axis=None, scale=alt.Scale(zero=True))
    paid = alt.Chart(alt.Data(values=values)).encode(x=x, y=y)
    bars = paid.mark_bar(color=LEVEL_4, width=40)
    labels = paid.mark_text(baseline="bottom", dy=-4, fontSize=14, color=INK).encode(text="text:N")
    gaps = (
        alt.Chart(alt.Data(values=empty))
        .mark_text(baseline="middle", dy=-30, fontSize=14, color=INK)
        .encode(x=x, y=alt.YValue("height"), text="text:N")
    )
    chart = alt.layer(bars, labels, gaps) if empty else alt.layer(bars, labels)
    return Chart(_draw(chart, chart_id, title, description, 690, 180, left=12, right=12, top=24, bottom=30))


def catalogue(chart_id: str, row: Row, title: str, description: str) -> Chart:
    """The services of one month by level, as one bar."""
    parts = (
        ("services_level_4", _("Mức độ 4"), LEVEL_4),
        ("services_level_3", _("Mức độ 3"), LEVEL_3),
        ("services_other_level", _("Dưới mức độ 3 hoặc không phân mức"), DIRECT),
    )
    values = [
        {"part": column, "order": place, "value": row[column], "text": formats.count(row[column])}
        for place, (column, _, _) in enumerate(parts)
        if row[column] is not None
    ]
    base = alt.Chart(alt.Data(values=values)).encode(order="order:Q")
    full = alt.Scale(domain=[0, row["services_total"] or 1], nice=False)
    bars = base.mark_bar(stroke="white", strokeWidth=1).encode(
        x=alt.X("value:Q", stack="zero", axis=None, scale=full),
        color=alt.Color("part:N", legend=None, scale=_scale({column: colour for column, _, colour in parts})),
    )
    labels = base.mark_text(fontSize=15, color="white", fontWeight="bold").encode(
        x=alt.X("value:Q", stack="zero", bandPosition=0.5, axis=None, scale=full), text="text:N", detail="part:N"
    )
    svg = _draw(alt.layer(bars, labels), chart_id, title, description, 710, 44, left=5, right=5, top=4, bottom=4)
    return Chart(svg, tuple(LegendEntry(name, colour) for _, name, colour in parts))


def _end_labels(rows: Sequence[Row], last: date, order: Sequence[str]) -> list[dict[str, Any]]:
    """The rates of the last month, moved apart where they would lie on each other (one line is 6.5 % of the height)."""
    ends = sorted(
        (row["online_rate_percent"], row["entity_code"])
        for row in rows
        if row["month"] == last and row["online_rate_percent"] is not None and row["entity_code"] in order
    )
    labels: list[dict[str, Any]] = []
    for value, code in ends:
        floor = labels[-1]["y"] + 6.5 if labels else 0.0
        labels.append({"code": code, "y": max(value, floor), "text": formats.rate(value)})
    return labels


def _percent_axis(ratio: bool = False) -> alt.Axis:
    # The renderer would print numbers in a way of its own: it only chooses among texts.
    texts = {percent: formats.rate(percent, 0) for percent in (0, 25, 50, 75, 100)}
    return alt.Axis(
        title=None,
        values=[percent / 100 if ratio else percent for percent in texts],
        labelExpr=f"{json.dumps(texts)}[datum.value{' * 100' if ratio else ''}]",
        ticks=False,
        labelPadding=6,
    )


def _names_axis(names: Sequence[str], width: int) -> alt.Y:
    # The order of the rows is the order of the page; sorting again would follow English collation.
    axis = alt.Axis(
        title=None, labelLimit=0, minExtent=width, maxExtent=width, ticks=False, domain=False, labelPadding=8
    )
    return alt.Y("name:N", sort=list(names), axis=axis, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15))


def _scale(pairs: Mapping[str, Any]) -> alt.Scale:
    return alt.Scale(domain=list(pairs), range=list(pairs.values()))


def _draw(
    chart: alt.LayerChart | alt.FacetChart,
    chart_id: str,
    title: str,
    description: str,
    width: int,
    height: int,
    *,
    left: int,
    right: int,
    top: int,
    bottom: int,
) -> Markup:
    framed = (
        chart.properties(
            width=width,
            height=height,
            autosize=alt.AutoSizeParams(type="none"),
            padding={"left": left, "right": right, "top": top, "bottom": bottom},
        )
        .configure(font=SERIF, background="transparent", aria=False)
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=14, labelColor=INK, gridColor=_GRID, domainColor="#6b7178", labelFontWeight="normal"
        )
    )
    try:
        raw = vl_convert.vegalite_to_svg(printable_values(framed.to_dict()), vl_version=_VEGA_LITE)
    except ValueError as error:
        raise ReportError(f"chart {chart_id}: cannot be drawn: {error}") from error
    return _clean(raw, chart_id, title, description)


def _clean(raw: str, chart_id: str, title: str, description: str) -> Markup:
    """The drawing as one image with a title and a description, without what only an interactive page needs."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(raw)  # noqa: S314 - our own renderer's text, which holds no entities
    for element in root.iter():
        for name in _DROPPED_ATTRIBUTES:
            element.attrib.pop(name, None)
    _drop_invisible(root)
    _drop_repeated_text_style(root)
    names = {"title": title, "desc": description}
    for place, (tag, text) in enumerate(names.items()):
        child = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{chart_id}-{tag}"})
        child.text = printable(text)
        root.insert(place, child)
    root.attrib.pop("version", None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{chart_id}-title {chart_id}-desc")
    root.set("font-family", SERIF)
    root.set("focusable", "false")
    _refuse_shared_names(root, chart_id)
    # Serialising escapes every text and attribute again.
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704


def _refuse_shared_names(root: ElementTree.Element, chart_id: str) -> None:
    """Several charts stand on one page: an id of the renderer's own would name something in each of them."""
    for element in root.iter():
        for name, value in element.attrib.items():
            local = name.rpartition("}")[2]
            if (local in ("id", "href") and not value.startswith(f"{chart_id}-")) or "url(" in value:
                raise ReportError(f"chart {chart_id}: found {local}={value!r}, wanted no name that charts share")


def _drop_repeated_text_style(root: ElementTree.Element) -> None:
    for element in root.iter(f"{{{_SVG}}}text"):
        element.attrib.pop("font-family", None)


def _drop_invisible(parent: ElementTree.Element) -> None:
    for child in list(parent):
        _drop_invisible(child)
        if child.tag == f"{{{_SVG}}}g":
            invisible = len(child) == 0
        else:
            invisible = child.tag == f"{{{_SVG}}}path" and not {"fill", "stroke"} & set(child.attrib)
        if invisible or child.get("display") == "none":
            parent.remove(child)
