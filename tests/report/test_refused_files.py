"""The table of refused files: the month's and those of no month, each with why and what to do, and none where none is."""

from datetime import date

import pytest
from dvctt.core.errors import RefusalReason
from dvctt.province.folder import load_province
from dvctt.report.marts import MartRow, Marts
from dvctt.report.tables.areas import tables_of_areas
from dvctt.report.tables.refused_files import refused_tables
from dvctt.report.wording import words
from dvctt.report.wording.language import in_language

from tests.conftest import PROVINCE

VINH_PHUC = load_province(PROVINCE)
OCTOBER, SEPTEMBER = date(2022, 10, 1), date(2022, 9, 1)


def refused(number: int, month: date | None, **values: str | None) -> MartRow:
    row = {
        "refusal_number": number,
        "source_id": "one_stop",
        "entity": "filings",
        "month": month,
        "file_name": f"{month:%Y-%m}.243.csv" if month else None,
        "agency_code": "243",
        "agency_name_vi": "UBND thành phố Vĩnh Yên",
        "refusal_reason": "wrong_columns",
        "consequence": "missing",
    }
    return MartRow("mart_refused_files", {**row, **values}.items())


NOWHERE = {
    "entity": None,
    "agency_code": None,
    "agency_name_vi": None,
    "refusal_reason": "not_of_contract",
    "consequence": "listed",
}
CONTENT = Marts({"mart_refused_files": (refused(1, None, **NOWHERE), refused(2, SEPTEMBER), refused(3, OCTOBER))})


def test_a_month_shows_its_own_and_behind_them_those_of_no_month() -> None:
    (table,) = refused_tables(CONTENT, OCTOBER, VINH_PHUC)
    assert [[cell.printed for cell in line.cells] for line in table.lines] == [
        [
            "hồ sơ",
            "one_stop",
            "2022-10.243.csv",
            "UBND thành phố Vĩnh Yên",
            "dòng tiêu đề không đúng các cột quy định",
            "số liệu liên quan để trống",
            "gửi lại tệp có đủ các cột quy định ở dòng đầu",
        ],
        [
            "",
            "one_stop",
            "(tên không đúng quy định)",
            "không rõ cơ quan nào",
            "tên tệp hoặc thư mục không đúng quy định",
            "không xác định được tháng hoặc loại dữ liệu",
            "đặt lại tên theo quy định rồi gửi lại, hoặc bỏ khỏi hộp nhận",
        ],
    ]


def test_a_month_without_a_refused_file_has_no_table_and_no_heading() -> None:
    content = Marts({"mart_refused_files": (refused(2, SEPTEMBER),)})
    assert refused_tables(content, OCTOBER, VINH_PHUC) == ()
    assert tables_of_areas(content, OCTOBER, VINH_PHUC) == ()
    assert [area.area_id for area in tables_of_areas(content, SEPTEMBER, VINH_PHUC)] == ["tep-bi-tu-choi"]


def test_it_is_said_in_english_too() -> None:
    with in_language("en"):
        (table,) = refused_tables(CONTENT, OCTOBER, VINH_PHUC)
        assert [cell.printed for cell in table.lines[1].cells][2:6] == [
            "(a name that is not of the contract)",
            "no agency's own",
            "the name of the file or folder is not of the contract",
            "nobody can say which month or kind of record",
        ]


@pytest.mark.parametrize("reason", RefusalReason.__args__)
def test_every_reason_says_why_and_what_to_do(reason: str) -> None:
    assert words.REFUSAL_REASON[reason] and words.REFUSAL_NEXT[reason]
    assert len(words.REFUSAL_REASON) == len(words.REFUSAL_NEXT) == len(RefusalReason.__args__)
