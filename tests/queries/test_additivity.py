"""Every format of a publication is read back, and one number that is changed in any of them is found and named."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from dvctt.province.folder import load_province
from dvctt.publications.reading import Publication, current_publication
from dvctt.queries import additivity
from dvctt.report.tables.table import Line
from dvctt.settings import Settings

FORMATS = ["parquet", "csv", "html", "xlsx, pdf", "packets", "periods"]


def wrong(settings: Settings, scratch: Path) -> dict[str, tuple[str, ...]]:
    readings = additivity.read_formats(
        published(settings), load_province(settings.province_folder), scratch, date(2022, 10, 1)
    )
    assert [one.format_id for one in readings] == FORMATS
    # Two months hold no complete quarter: what a period's documents say is tests/report/test_period_documents.py.
    assert all(one.figures > 50 for one in readings[:5])
    assert all(one.sums > 10 for one in readings[3:5])
    return {one.format_id: one.unexplained for one in readings if one.unexplained}


def published(settings: Settings) -> Publication:
    publication = current_publication(settings.published)
    assert publication is not None
    return publication


def rewritten(path: Path, pattern: str, to: str) -> None:
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(pattern, to, text, count=1)
    assert count == 1, pattern
    path.chmod(0o644)
    path.write_text(changed, encoding="utf-8")


def test_a_number_that_differs_in_one_format_is_found(tiny_copy: Settings, tmp_path: Path) -> None:
    publication = published(tiny_copy)
    page = publication.reports / "bao-cao-2022-10.html"
    rates = publication.folder / "parquet" / "mart_online_rates.parquet"
    rates.chmod(0o644)
    duckdb.sql(f"select * replace (received + 1 as received) from read_parquet('{rates}')").write_parquet(str(rates))
    rewritten(publication.folder / "csv" / "mart_online_rates.csv", r"(?m)^(2022-10-01,province,.*?),6,", r"\1,7,")
    rewritten(page, r'(mart_online_rates/2022-10/province/26/received">)6<', r"\g<1>7<")
    rewritten(page, r'value="3" (data-figure="mart_online_rates/2022-10/province/26/online")', r'value="4" \1')

    found = wrong(tiny_copy, tmp_path)

    assert {name: len(lines) for name, lines in found.items()} == {"parquet": 1, "csv": 1, "html": 2}
    says = "\n".join(line for lines in found.values() for line in lines)
    assert re.search(r"mart_online_rates.parquet: \d+ rows on one side only", says)
    assert re.search(r"mart_online_rates.csv:\d+: received: found '7', wanted 6", says)
    assert "mart_online_rates/2022-10/province/26/received: printed '7', wanted 6" in says
    assert "mart_online_rates/2022-10/province/26/online: found 4, wanted 3" in says


def test_a_total_that_is_not_its_lines_is_found(
    tiny_home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = additivity.agency_tables

    def with_a_false_total(*arguments):
        first, *others = honest(*arguments)
        made_of_itself_twice = Line(tuple(replace(cell, down=(0, 0)) for cell in first.lines[0].cells))
        return (replace(first, lines=(made_of_itself_twice, *first.lines[1:])), *others)

    monkeypatch.setattr(additivity, "agency_tables", with_a_false_total)
    found = wrong(tiny_home, tmp_path)
    assert list(found) == ["packets"]
    assert re.search(r"found \d+, its parts give \d+", found["packets"][0]), found
