"""Every number on a page names itself: none without an id, and each id leads back to exactly the number that is printed."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest
from dvctt.core.errors import ReportError
from dvctt.core.figure_ids import figure_id
from dvctt.publications.reading import current_publication
from dvctt.queries.lookup import Lookup
from dvctt.report.marts import MartRow
from dvctt.report.wording import caveats, formats, words
from dvctt.settings import Settings
from dvctt.warehouse.connections import open_published
from dvctt.warehouse.definitions import read_definitions

VOID = {"meta", "link", "br"}
NO_FIGURES = {"dinh-nghia", "tra-cuu"}
"""Sections that speak of figures and print none."""
NAMES = re.compile(
    r"\d{1,2}:\d\d \d\d/\d\d/\d{4}|\d\d/\d\d/\d{4}|[Tt]háng \d\d/\d{4}|tháng \d+ năm \d{4}|[Mm]ức độ [234]|\d+ tháng|“[^”]*”"
    r"|Mã dữ liệu: [0-9a-f]{12}|Lần công bố số \d+|năm \d{4}"
)
"""Numbers that are dates, names of months, levels and baselines, or words quoted from an official letter."""


@dataclass
class Printed:
    """One element with an id: its tag, the value for machines, the words for people, its anchor."""

    tag: str
    figure: str
    value: str | None
    anchor: str | None
    text: str = ""


@dataclass
class Reader(HTMLParser):
    """The figures of a page, and the digits of it that no figure holds, cell by cell and sentence by sentence."""

    figures: list[Printed] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.inside: Printed | None = None
        self.section = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "section":
            self.section = given["aria-labelledby"]
        if "data-figure" in given:
            self.inside = Printed(tag, given["data-figure"], given.get("value"), given.get("id"))
            assert given["title"] == given["data-figure"]
            self.figures.append(self.inside)
        if tag in ("td", "li", "dd", "p"):
            self.bare.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if self.inside is not None and tag == self.inside.tag:
            self.inside = None

    def handle_data(self, data):
        tags = set(self.open)
        if self.inside is not None:
            self.inside.text += data
        elif (
            tags & {"td", "li", "dd", "p"}
            and "main" in tags
            and not tags & {"svg", "code", "th"}
            and self.section not in NO_FIGURES
        ):
            self.bare[-1] += data


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def without_names(text: str) -> str:
    # How many checks were made is no figure of a mart.
    return re.sub(r"^Đã kiểm tra [\d.]+ tổng, [\d.]+ tổng ", "", NAMES.sub("", text))


@pytest.mark.parametrize("page", [0, 1, 2])
def test_no_number_is_printed_without_an_id(written, page):
    reader = read(written[page])
    assert len(reader.figures) > (15 if page == 2 else 60)
    assert [text for text in reader.bare if re.search(r"\d", without_names(text))] == []


def test_the_scan_sees_a_number_that_has_no_id():
    reader = Reader()
    reader.feed(
        "<main><table><tr><td>12</td><td><data value='1' data-figure='a' title='a'>1</data></td></tr></table></main>"
    )
    assert [text for text in reader.bare if re.search(r"\d", without_names(text))] == ["12"]
    assert not re.search(r"\d", without_names("Tháng 10/2022: mức độ 4, chốt lúc 01:02 05/11/2022"))


def test_every_cell_of_numbers_holds_a_figure(written):
    text = written[0].read_text(encoding="utf-8")
    cells = re.findall(r'<td class="num">(.*?)</td>', text)
    assert len(cells) > 150
    assert [
        cell for cell in cells if re.search(r"\d", re.sub(r"<[^>]*>", "", cell)) and "data-figure=" not in cell
    ] == []


@pytest.mark.parametrize("page", [0, 1, 2])
def test_the_first_of_a_figure_in_a_table_is_an_anchor_and_no_other_is(written, page):
    figures = read(written[page]).figures
    anchors = [figure.anchor for figure in figures if figure.anchor]
    assert len(anchors) == len(set(anchors)) > 10
    assert all(figure.anchor in (None, figure.figure) for figure in figures)
    assert all(not re.search(r"\s", anchor) for anchor in anchors)


def test_the_last_section_says_how_an_id_is_put_together_and_its_examples_stand_on_the_page(written):
    text = written[0].read_text(encoding="utf-8")
    section = text.split('id="tra-cuu"')[1]
    assert "mart_online_rates/&lt;tháng&gt;/&lt;phạm vi&gt;/&lt;mã đối tượng&gt;/&lt;cột&gt;" in section
    (data,) = set(re.findall(r"Mã dữ liệu: ([0-9a-f]{12})", text))
    assert f"dvctt explain MÃ --publication {data}<" in section
    assert f"dvctt publications find {data}<" in section
    assert "dvctt explain MÃ --publication 7" not in text
    assert "Sở Y tế <code>H62.15</code>" in section
    figures = {figure.figure for figure in read(written[0]).figures}
    examples = re.findall(r"<code>(mart_[^<&]+/[^<&]+)</code>", section)
    assert len(examples) > 8
    assert set(examples) <= figures
    marts = {figure.split("/")[0] for figure in figures}
    assert {example.split("/")[0] for example in examples} == marts


def test_a_mart_without_a_key_gives_no_ids():
    with pytest.raises(ReportError, match="mart_x: no key"):
        MartRow("mart_x", [("a", 1)]).id_of("a")


def worded(value, unit):
    """Every way in which a page may print a value."""
    if value is None or isinstance(value, str):
        # A caveat is held as its id and parameters and printed as a sentence.
        is_caveat = isinstance(value, str) and value.startswith(('{"id":', '[{"id":'))
        text = caveats.words(value) if is_caveat else str(value)
        certainty = words.DEFINITION_CERTAINTY.get(text, text)
        return {formats.NO_DATA, formats.NOT_DEFINED, text, words.caveat(text), words.lower_first(text), certainty}
    if not isinstance(value, (int, float)):
        return {formats.moment(value)}
    plain = {formats.count, formats.money, formats.rate, formats.points, formats.signed_points, formats.percent_change}
    return {form(value) for form in plain} | (
        {words.measure(value, unit), words.exact_measure(value, unit)} if unit else set()
    )


def test_every_id_leads_back_to_the_very_number_that_is_printed(tiny_home: Settings):
    publication = current_publication(tiny_home.published)
    assert publication is not None
    pages = sorted(publication.reports.glob("*.html"))
    printed = {(one.figure, one.value, one.text) for page in pages for one in read(page).figures}
    assert len(printed) > 500
    with open_published(publication.marts) as connection:
        lookup = Lookup(publication.number, read_definitions(publication.folder), connection)
        found = {figure: lookup.find(figure) for figure in sorted({figure for figure, _, _ in printed})}
    for figure, value, text in sorted(printed, key=str):
        there = found[figure]
        assert there.figure_id == figure == figure_id(there.mart, there.key.values(), there.column)
        is_number = isinstance(there.value, (int, float))
        assert value == (repr(there.value) if is_number else None), figure
        exact = {formats.exact(there.value)} if is_number else set()
        assert text in worded(there.value, there.row.get("unit")) | exact, figure
