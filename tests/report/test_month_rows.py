"""What a month's documents are given, that it is all they read, and how they name it."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from dvctt.province.model import Province
from dvctt.report.documents import month_page
from dvctt.report.documents.month import write_documents
from dvctt.report.documents.month_page import write_reports
from dvctt.report.marts import PACKET_CONTRACT, MartRow, Marts, read_marts
from dvctt.report.month_rows import Edition, rows_of_month
from dvctt.report.tables.areas import contract_of_areas
from dvctt.report.wording.language import in_language

SEPTEMBER, OCTOBER = date(2022, 9, 1), date(2022, 10, 1)
DATA = "36008a6bbd6ff1efd1d9187788646232766c94549b25d72133bc5f23545f6c49"


def row(**values: object) -> MartRow:
    return MartRow("mart_x", values.items())


def content(**tables: list[MartRow]) -> Marts:
    given = {name: tuple(rows) for name, rows in tables.items()}
    empty = ("mart_online_rate_changes", "mart_published_figures", "mart_restatements")
    return Marts({**dict.fromkeys(empty, ()), **given})


def whole(path: Path) -> Marts:
    return read_marts(path, where_there={**PACKET_CONTRACT, **contract_of_areas()})


def test_a_table_is_given_with_its_rows_of_the_month() -> None:
    rows = [row(month=month, value=1) for month in (SEPTEMBER, OCTOBER)]
    assert rows_of_month(content(mart_feeds=rows), OCTOBER, 7).rows["mart_feeds"] == (rows[1],)


def test_rates_are_given_back_to_january_and_no_later_than_the_month() -> None:
    months = [date(2021, 12, 1), date(2022, 1, 1), SEPTEMBER, OCTOBER]
    rows = [row(month=month, value=1) for month in months]
    assert rows_of_month(content(mart_online_rates=rows), SEPTEMBER, 7).rows["mart_online_rates"] == (rows[1], rows[2])


def test_rates_are_given_back_to_where_a_baseline_begins() -> None:
    rows = [row(month=month) for month in (date(2021, 6, 1), date(2021, 7, 1), date(2022, 1, 1))]
    compared = [row(month=date(2022, 1, 1), baseline_start=date(2021, 7, 1)), row(month=OCTOBER, baseline_start=None)]
    given = rows_of_month(content(mart_payments=rows, mart_online_rate_changes=compared), date(2022, 1, 1), 7)
    assert given.rows["mart_payments"] == (rows[1], rows[2])


def test_of_restatements_only_the_news_of_the_publication_is_given() -> None:
    rows = [row(to_publication=number, month=month) for number in (6, 7) for month in (SEPTEMBER, OCTOBER)]
    assert rows_of_month(content(mart_restatements=rows), OCTOBER, 7).rows["mart_restatements"] == (rows[3],)


def test_rows_set_aside_are_given_by_the_month_of_their_file() -> None:
    rows = [row(file_month=month, value=1) for month in (SEPTEMBER, OCTOBER)]
    assert rows_of_month(content(fct_quarantined_rows=rows), OCTOBER, 7).rows["fct_quarantined_rows"] == (rows[1],)


def test_a_table_without_a_month_is_given_whole() -> None:
    rows = [row(formula_version=1), row(formula_version=2)]
    assert rows_of_month(content(mart_index_definitions=rows), OCTOBER, 7).rows["mart_index_definitions"] == tuple(rows)


@pytest.mark.parametrize("other", [{"value": 2}, {"value": None}, {"value": "1"}, {"value": 1.0}, {"valued": 1}])
def test_another_value_type_or_column_gives_another_digest(other: dict[str, object]) -> None:
    one = content(mart_feeds=[row(month=OCTOBER, value=1)])
    assert content(mart_feeds=[row(month=OCTOBER, value=1)]).digest() == one.digest()
    assert content(mart_feeds=[row(month=OCTOBER, **other)]).digest() != one.digest()


def test_a_row_twice_another_order_and_another_table_give_another_digest() -> None:
    one, two = row(month=OCTOBER, value=1), row(month=OCTOBER, value=2)
    digests = [
        content(**{name: rows}).digest()
        for name, rows in (
            ("mart_feeds", [one, two]),
            ("mart_feeds", [two, one]),
            ("mart_feeds", [one, one, two]),
            ("mart_feeds", []),
            ("mart_other", [one, two]),
        )
    ]
    assert len(set(digests)) == 5


def test_a_page_reads_nothing_but_what_it_is_given(
    marts: Path, tmp_path: Path, province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [path.read_text("utf-8") for path in write_reports(marts, tmp_path / "given", province, 4)]

    def all_but_old_news(content: Marts, month: date, publication: int) -> Marts:
        news = rows_of_month(content, month, publication).rows["mart_restatements"]
        return Marts({**content.rows, "mart_restatements": news})

    monkeypatch.setattr(month_page, "rows_of_month", all_but_old_news)
    everything = [path.read_text("utf-8") for path in write_reports(marts, tmp_path / "all", province, 4)]
    named = re.compile(r"(Mã dữ liệu: |--publication |publications find )[0-9a-f]{12}")
    assert len(given) == 3
    assert all(len(named.findall(text)) == 5 for text in given[:2])
    assert [named.sub("", text) for text in given] == [named.sub("", text) for text in everything]


def test_every_table_of_the_month_is_a_part_of_its_digest(marts: Path) -> None:
    before = whole(marts)
    tables = [
        name
        for name, rows in before.rows.items()
        if any(OCTOBER in (one.get("month"), one.get("file_month"), one.get("compared_month")) for one in rows)
    ]
    assert len(tables) > 12
    wanted = rows_of_month(before, OCTOBER, 4).digest()
    for name in tables:
        fewer = Marts({**before.rows, name: ()})
        assert rows_of_month(fewer, OCTOBER, 4).digest() != wanted, name


def test_a_later_month_changes_no_digest_and_an_earlier_one_does(build_marts: Callable[..., Path]) -> None:
    path = build_marts()

    def digests(update: str) -> list[str]:
        with duckdb.connect(str(path)) as connection:
            connection.execute(update)
        return [rows_of_month(whole(path), month, 4).digest() for month in (SEPTEMBER, OCTOBER)]

    before = digests("update mart_online_rates set received = received")
    later = digests("update mart_online_rates set received = received + 1 where month = '2022-10-01'")
    assert (later[0] == before[0], later[1] == before[1]) == (True, False)
    assert digests("update mart_online_rates set received = received - 1 where month = '2022-10-01'") == before
    earlier = digests("update mart_online_rates set received = received + 1 where month = '2022-09-01'")
    assert (earlier[0] == before[0], earlier[1] == before[1]) == (False, False)


def test_an_edition_names_its_data_and_one_without_names_its_publication() -> None:
    assert Edition(7, DATA).text == "Mã dữ liệu: 36008a6bbd6f"
    assert (Edition(7, DATA).name, Edition(7).name) == ("36008a6bbd6f", "7")
    assert Edition(7).text == "Lần công bố số 7"
    with in_language("en"):
        assert Edition(7, DATA).text == "Data id: 36008a6bbd6f"


def test_documents_say_the_data_that_they_are_given(marts: Path, tmp_path: Path, province: Province) -> None:
    written = write_documents(marts, Path("none"), tmp_path, province, 7, OCTOBER, data=DATA, language="en")
    text = written[0].read_text("utf-8")
    assert text.count("Data id: 36008a6bbd6f") == 2
    assert "--publication 36008a6bbd6f" in text
    assert "Publication no. 7" not in text
