"""Rows in print order: groups as the province orders them, the province last, agencies by group and official order."""

from datetime import date

from dvctt.province.model import Province
from dvctt.report.choose import (
    additivity_of_month,
    alike_caveats,
    caveats_between,
    feeds_behind,
    in_print_order,
    restated,
)
from dvctt.report.marts import Marts
from dvctt.report.wording.caveats import in_words

SEPTEMBER, OCTOBER = date(2022, 9, 1), date(2022, 10, 1)


def entity(scope: str, code: str, group: str | None, order: int | None) -> dict[str, object]:
    return {"scope": scope, "entity_code": code, "group_code": group, "official_order": order}


def test_groups_stand_in_the_province_s_order_and_the_province_last(province: Province) -> None:
    codes = [group.code for group in province.groups]
    rows = [entity("province", "26", None, 0), *(entity("group", code, code, 1) for code in reversed(codes))]
    assert [row["entity_code"] for row in in_print_order(rows, province, agencies=False)] == [*codes, "26"]


def test_agencies_stand_by_group_then_by_order_and_one_without_an_order_last(province: Province) -> None:
    first, second = (group.code for group in province.groups[:2])
    rows = [
        entity("agency", "d", second, 1),
        entity("agency", "c", first, None),
        entity("agency", "b", first, 2),
        entity("agency", "a", first, 1),
        entity("group", first, first, 1),
    ]
    assert [row["entity_code"] for row in in_print_order(rows, province, agencies=True)] == ["a", "b", "c", "d"]


def test_restatements_are_those_of_this_publication() -> None:
    rows = tuple({"to_publication": number, "month": month} for number in (3, 4) for month in (SEPTEMBER, OCTOBER))
    content = Marts({"mart_restatements": rows})
    assert restated(content, 4) == [rows[2], rows[3]]


def test_caveats_of_a_period_name_their_months_and_without_a_start_there_are_none() -> None:
    row = {"scope": "agency", "entity_code": "243"}
    content = Marts(
        {
            "mart_payments": (
                {**row, "month": SEPTEMBER, "caveats_json": in_words("thiếu")},
                {**row, "month": OCTOBER, "caveats_json": None},
            )
        }
    )
    assert caveats_between(content, "mart_payments", row, SEPTEMBER, OCTOBER) == "tháng 09/2022: thiếu"
    assert caveats_between(content, "mart_payments", row, None, OCTOBER) is None
    assert caveats_between(content, "mart_payments", {**row, "entity_code": "244"}, SEPTEMBER, OCTOBER) is None


def test_only_feeds_that_were_expected_stand_behind_a_line_of_timeliness() -> None:
    feed = {"month": OCTOBER, "source_id": "one_stop", "entity": "filings"}
    feeds = tuple({**feed, "is_expected": expected, "agency_code": str(expected)} for expected in (True, False))
    assert feeds_behind(Marts({"mart_feeds": feeds}), feed) == [feeds[0]]


def test_checks_are_told_apart_by_what_there_is_to_say_of_them(province: Province) -> None:
    def check(scope: str, residue: int | None, unexplained: int | None) -> dict[str, object]:
        return {
            "month": OCTOBER,
            "check_id": "one",
            "scope": scope,
            "entity_code": "x",
            "residue": residue,
            "unexplained": unexplained,
        }

    right, residue, wrong, open_ = (
        check("group", 0, 0),
        check("agency", 2, 0),
        check("province", 0, 1),
        check("group", None, None),
    )
    found = additivity_of_month(Marts({"mart_additivity_checks": (right, residue, wrong, open_)}), OCTOBER, province)
    assert found["agencies"] == [residue]
    assert found["unexplained"] == [wrong]
    assert found["unanswered"] == [open_]
    assert right not in found["notable"]


def test_a_caveat_of_many_months_in_the_same_words_is_told_once_with_its_months() -> None:
    def caveat(month: int, subject: str, words: str) -> dict[str, object]:
        return {"month": date(2022, month, 1), "subject": subject, "entity_code": "26", "caveat_json": words}

    rows = [caveat(1, "checks", "a"), caveat(1, "checks", "b"), caveat(2, "checks", "a"), caveat(2, "filings", "a")]
    assert alike_caveats(rows) == [
        (rows[0], [date(2022, 1, 1), date(2022, 2, 1)]),
        (rows[1], [date(2022, 1, 1)]),
        (rows[3], [date(2022, 2, 1)]),
    ]
