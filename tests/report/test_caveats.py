"""A caveat is an id and its parameters, and a sentence in every language."""

import csv
import json
import re

import pytest
from dvctt.core.errors import ReportError
from dvctt.report.wording import caveats, words
from dvctt.report.wording.language import in_language

from tests.conftest import REPOSITORY

ONE = {"code": "a", "name_vi": "Sở A", "name_en": "Department A"}
TWO = {"code": "b", "name_vi": "Sở B", "reason": "no_rows"}
EVERY = [
    (
        {"id": "quarantined_rows", "row_count": 1234},
        "chưa tính 1.234 dòng bị cách ly",
        "rows set aside and not counted: 1,234",
    ),
    (
        {"id": "missing_feed", "row_count": 2, "agencies": [ONE, TWO]},
        "chưa có dữ liệu từ Sở A; Sở B (tệp chung không có dòng nào của đơn vị)",
        "no data from Department A; Sở B (the shared file has no row of the agency)",
    ),
    (
        {"id": "missing_attempts", "agencies": [ONE]},
        "chưa có giao dịch thanh toán từ Sở A",
        "no payment attempts from Department A",
    ),
    (
        {"id": "held_file", "agencies": [ONE]},
        "bản tệp mới đang được giữ lại chờ xác nhận (Sở A), số liệu chưa tính bản này",
        "a newer file is held until somebody confirms it (Department A); these figures are without it",
    ),
    (
        {"id": "refused_file", "agencies": [ONE]},
        "có tệp bị từ chối, số liệu chưa tính tệp này (Sở A)",
        "a file was refused (Department A); these figures are without it",
    ),
    (
        {"id": "refused_file_of_period", "month_count": 2},
        "có tệp bị từ chối của 2 tháng trong kỳ, số liệu chưa tính các tệp này",
        "2 months of the period go on without a refused file; these figures are without it",
    ),
    (
        {"id": "month_without_file", "row_count": 7},
        "7 bản ghi trong tệp của tháng thuộc tháng không có tệp nào: không bảng tháng nào đếm",
        "records in the month's files that are of a month without a file, and in no month's tables: 7",
    ),
    (
        {
            "id": "missing_catalogue",
            "files": [{"source_id": "s", "month": "2022-10-01"}, {"source_id": "t", "month": "2022-09-01"}],
        },
        "chưa có danh mục thủ tục của s 10/2022; t 09/2022",
        "no catalogue of procedures from s 10/2022; t 09/2022",
    ),
    (
        {"id": "missing_months", "month_count": 4},
        "chưa có dữ liệu của 4 tháng trong kỳ",
        "no data of 4 months of the period",
    ),
    (
        {"id": "quarantined_rows_of_period", "row_count": 3},
        "chưa tính 3 dòng bị cách ly của các tháng trong kỳ",
        "3 rows of the period's months set aside and not counted",
    ),
    (
        {"id": "begins_before_data", "day": "2022-09-01"},
        "kỳ bắt đầu trước ngày 01/09/2022, ngày đầu tiên có dữ liệu",
        "the period begins before 2022-09-01, the first day with data",
    ),
    (
        {"id": "begins_with_data", "day": "2022-10-01"},
        "không có dữ liệu trước ngày 01/10/2022: hồ sơ từ kỳ trước chuyển qua chưa tính được",
        "no data before 2022-10-01: what was carried over into the period is not counted",
    ),
    (
        {
            "id": "waived_feed",
            "source_id": "s",
            "entity": "payment_attempts",
            "agencies": [ONE],
            "waived_by": "Bà E",
            "waived_on": "2022-11-08",
            "reason": "cổng lỗi",
        },
        "giao dịch thanh toán (nguồn s) của Sở A: Bà E cho miễn ngày 08/11/2022, lý do: cổng lỗi",
        "payment attempts (source s) of Department A: waived by Bà E on 2022-11-08, reason: “cổng lỗi”",
    ),
    (
        {"id": "earlier_month_missing"},
        "thiếu dữ liệu của tháng trước đó: hồ sơ từ kỳ trước chuyển qua có thể thiếu",
        "an earlier month is missing: what was carried over may be too low",
    ),
]


@pytest.mark.parametrize(("caveat", "vietnamese", "english"), EVERY)
def test_every_caveat_has_its_sentence(caveat, vietnamese, english) -> None:
    assert caveats.own_words(json.dumps(caveat)) == caveats.words(json.dumps([caveat])) == vietnamese
    with in_language("en"):
        assert caveats.own_words(json.dumps(caveat)) == caveats.words(json.dumps([caveat])) == english


def test_every_id_of_the_sql_has_a_sentence_and_every_sentence_its_id() -> None:
    written: set[str] = set()
    for path in [*(REPOSITORY / "dbt_project").rglob("*.sql")]:
        sql = path.read_text("utf-8")
        written |= set(re.findall(r"'id': \"'(\w+)'\"", sql))
        if path.name == "int_agency_caveats.sql":
            written |= set(re.findall(r"'(\w+)'(?: end)? as caveat_id", sql)) | set(
                re.findall(r"then '(missing_\w+)'", sql)
            )
    assert "held_file" in written
    assert written - {"in_words"} == set(caveats.SENTENCES) == {one["id"] for one, *_ in EVERY}


def test_every_reason_of_a_missing_feed_has_its_words() -> None:
    with (REPOSITORY / "dbt_project" / "seeds" / "ref_missing_reasons.csv").open(encoding="utf-8", newline="") as file:
        assert {row["missing_reason"] for row in csv.DictReader(file)} == set(words.MISSING_REASON)


def test_several_stand_in_one_line_and_none_is_nothing() -> None:
    both = json.dumps([{"id": "quarantined_rows", "row_count": 8}, {"id": "earlier_month_missing"}])
    assert caveats.words(both) == (
        "chưa tính 8 dòng bị cách ly · thiếu dữ liệu của tháng trước đó: hồ sơ từ kỳ trước chuyển qua có thể thiếu"
    )
    assert (caveats.own_words(None), caveats.words(None), caveats.words("")) == (None, "", "")


def test_words_without_an_id_are_kept_and_quoted_where_another_language_has_none() -> None:
    english, none = caveats.in_words("đóng", text_en="closed"), caveats.in_words("đóng")
    assert caveats.words(english) == caveats.own_words(none) == "đóng"
    with in_language("en"):
        assert (caveats.words(english), caveats.own_words(english)) == ("closed", "closed")
        assert (caveats.words(none), caveats.own_words(none)) == ("“đóng” (original wording)", None)


def test_a_row_of_an_older_publication_speaks_in_its_columns() -> None:
    assert caveats.words_of({"caveats_json": '[{"id":"quarantined_rows","row_count":8}]'}, "en") == (
        "rows set aside and not counted: 8"
    )
    assert caveats.words_of({"caveat_vi": "tám", "caveat_en": "eight"}, "en") == "eight"
    assert caveats.words_of({"text_vi": "tám"}) == "tám"
    assert caveats.words_of({"caveats_json": None}) is caveats.words_of({}) is None


def test_an_id_of_a_newer_version_is_an_error_that_names_it() -> None:
    with pytest.raises(ReportError, match="found id 'new', wanted one of quarantined_rows"):
        caveats.words('{"id":"new"}')
