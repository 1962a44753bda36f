"""Form II.06a: as a person files it, and its columns beside a count in plain Python for any filings and periods."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.core.errors import FormError
from dvctt.core.period import Period
from dvctt.province.folder import load_province
from dvctt.publications.reading import Publication, current_publication
from dvctt.queries.forms import Form, foot_lines, head_lines, read_form_06a
from dvctt.report.marts import CONTRACT, read_marts
from dvctt.report.tables.form_06a import FORM_06A_COLUMNS, FORM_CONTRACT, form_tables
from dvctt.report.wording.language import in_language
from dvctt.settings import Settings
from dvctt.warehouse.connections import candidate_path
from dvctt.warehouse.definitions import replay
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import PROVINCE, dvctt
from tests.nights import models_of

OCTOBER = Period.parse("2022-10")
SEPTEMBER = Period.parse("2022-09")


@pytest.fixture(scope="module")
def publication(tiny_home: Settings) -> Publication:
    found = current_publication(tiny_home.published)
    assert found is not None
    return found


@pytest.fixture
def changed(publication: Publication, tmp_path: Path) -> Callable[..., Publication]:
    """The publication, copied and changed by hand."""

    def change(*statements: str) -> Publication:
        shutil.copyfile(publication.marts, tmp_path / "marts.duckdb")
        with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)
        return Publication(publication.number, tmp_path, publication.manifest)

    return change


def identities(form: Form) -> dict[str, bool | None]:
    return {one.name: one.holds for one in form.identities}


def test_a_form_has_its_head_its_lines_in_official_order_and_its_total_last(publication: Publication) -> None:
    form = read_form_06a(publication, OCTOBER)
    assert head_lines(form) == [
        "Biểu số II.06a/VPCP/KSTT",
        "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
        f"Đơn vị báo cáo: {form.entity_name_vi} (26)",
        "Kỳ báo cáo: Tháng 10/2022 (Kỳ theo tháng dương lịch)",
        "(Từ ngày 01/10/2022 đến ngày 31/10/2022)",
        "Đơn vị tính: Số hồ sơ TTHC",
    ]
    kinds = [(line.number, line.kind, line.code) for line in form.lines]
    assert kinds[:2] == [("I", "group", "provincial"), ("1", "agency", "H62.01")]
    assert kinds[18:20] == [("II", "group", "district"), ("1", "agency", "243")]
    assert kinds[-1] == ("", "total", "total")
    values = {line.code: list(line.figures.values()) for line in form.lines}
    assert values["total"] == [6, 3, 3, 0, 6, 0, 6, 0, 0, 0, 0]
    assert values["243"] == [4, 2, 2, 0, 4, 0, 4, 0, 0, 0, 0]
    assert values["H62.01"] == [1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0]
    assert values["H62.02"] == [0] * 11
    assert form.total.figure_id == "mart_form_06a/calendar_month%2F2022-10/by_agency/province/26/total/workload_total"


def test_a_form_says_what_its_columns_hold_and_that_it_adds_up(publication: Publication) -> None:
    form = read_form_06a(publication, OCTOBER)
    assert form.notes_vi == (
        "Cột 9 gồm: 6 hồ sơ không có ngày hẹn trả.",
        "Ngoài biểu (chưa tiếp nhận): 1 hồ sơ không được tiếp nhận.",
        "Cột 6 chỉ tính hồ sơ tiếp nhận từ ngày 01/09/2022, ngày đầu tiên có dữ liệu.",
    )
    assert identities(form) == {
        "3 = 4 + 5 + 6": True,
        "7 = 8 + 9 + 10": True,
        "11 = 12 + 13": True,
        "3 = 7 + 11": True,
        "tổng số = các dòng": True,
        "6 = 11 của kỳ liền trước": True,
    }
    assert form.adds_up
    assert "6 = 11 của kỳ liền trước: đúng: 0 và 0" in foot_lines(form)


def test_the_first_month_says_that_its_backlog_is_not_known(publication: Publication) -> None:
    form = read_form_06a(publication, SEPTEMBER)
    assert form.is_history_short
    assert form.caveat_vi == "không có dữ liệu trước ngày 01/09/2022: hồ sơ từ kỳ trước chuyển qua chưa tính được"
    assert identities(form)["6 = 11 của kỳ liền trước"] is None
    assert f"lưu ý: {form.caveat_vi}" in foot_lines(form)


def test_a_period_that_is_not_whole_in_the_files_has_no_figures_and_says_why(publication: Publication) -> None:
    """Nine months of which September alone is there, and a month that begins in the middle of August."""
    for code, calendar in (("2022-9M", "calendar_month"), ("2022-09", "from_15")):
        form = read_form_06a(publication, Period.parse(code), calendar)
        assert set(form.total.figures.values()) == {None}
        assert form.caveat_vi == "kỳ bắt đầu trước ngày 01/09/2022, ngày đầu tiên có dữ liệu"
        assert form.caveat_en == "the period begins before 2022-09-01, the first day with data"
        assert form.notes_vi == ()
    whole = read_form_06a(publication, OCTOBER, "from_15")
    # From 15 September: S2 of 30 September and S3 of the 15th; not O3 of 31 October.
    assert list(whole.total.figures.values())[:4] == [7, 3, 4, 0]
    assert (whole.calendar_certainty, identities(whole)["6 = 11 của kỳ liền trước"]) == ("recalled", None)


def test_an_agency_has_its_form_by_field_and_a_group_both(publication: Publication) -> None:
    agency = read_form_06a(publication, OCTOBER, entity="243")
    assert (agency.arrangement, [line.code for line in agency.lines]) == ("by_field", ["unknown", "total"])
    group = read_form_06a(publication, OCTOBER, entity="district")
    assert (group.arrangement, len(group.lines), group.total.figures["workload_total"]) == ("by_agency", 10, 5)
    assert read_form_06a(publication, OCTOBER, arrangement="by_field", entity="district").lines[0].kind == "field"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((Period.parse("2022-11"),), "no form II.06a/VPCP/KSTT of 2022-11 by calendar_month"),
        ((OCTOBER, "from_1"), "no form II.06a/VPCP/KSTT by calendar 'from_1'; found calendar_month, from_15, from_21"),
        ((OCTOBER, "calendar_month", None, "nowhere"), "of 'nowhere' in 2022-10; wanted one of 26, "),
        ((OCTOBER, "calendar_month", "by_agency", "243"), "an agency has its form by field"),
    ],
)
def test_what_is_not_there_is_refused_in_words(publication: Publication, arguments: Any, words: str) -> None:
    with pytest.raises(FormError, match=re.escape(words)):
        read_form_06a(publication, *arguments)


def wrong(check: str) -> str:
    """SQL: the check has found one filing that its parts do not explain."""
    return f"update mart_additivity_checks set total = total + 1, unexplained = 1 where check_id = '{check}'"


@pytest.mark.parametrize(
    ("sabotage", "name"),
    [
        (wrong("period_form_06a_workload_total_is_new_and_carried_in"), "3 = 4 + 5 + 6"),
        (wrong("period_form_06a_resolved_total_is_early_on_time_late"), "7 = 8 + 9 + 10"),
        (wrong("period_form_06a_pending_total_is_in_time_and_overdue"), "11 = 12 + 13"),
        (wrong("period_form_06a_workload_total_is_resolved_and_pending"), "3 = 7 + 11"),
        (wrong("period_form_06a_columns_are_sum_by_agency"), "tổng số = các dòng"),
        (
            "update mart_form_06a set pending_total = 1 where period_code = '2022-09' and scope = 'agency' "
            "and entity_code = '243'",
            "6 = 11 của kỳ liền trước",
        ),
    ],
)
def test_a_form_that_does_not_add_up_says_so(changed: Callable[..., Publication], sabotage: str, name: str) -> None:
    form = read_form_06a(changed(sabotage), OCTOBER)
    assert identities(form)[name] is False
    assert not form.adds_up
    assert any(line.startswith(f"{name}: KHÔNG ĐÚNG") for line in foot_lines(form))


def test_a_form_that_was_not_checked_is_not_shown_but_for_a_closed_month(changed: Callable[..., Publication]) -> None:
    unchecked = "delete from mart_additivity_checks where check_id like 'period_form_06a_pending_total_is_in_time%'"
    with pytest.raises(
        FormError, match=r"is_in_time_and_overdue: not checked; look: dvctt check additivity --month 2022-10"
    ):
        read_form_06a(changed(unchecked), OCTOBER)
    closed = "insert into mart_closed_months by name select date '2022-10-01' as month, true as is_in_force"
    assert identities(read_form_06a(changed(unchecked, closed), OCTOBER))["11 = 12 + 13"] is None


def test_a_backlog_that_changed_after_a_close_is_told_and_is_no_fault(changed: Callable[..., Publication]) -> None:
    form = read_form_06a(
        changed(
            "insert into mart_closed_months by name select date '2022-09-01' as month, true as is_in_force",
            "update mart_form_06a set pending_total = 1 where period_code = '2022-09' and entity_code = '243'",
        ),
        OCTOBER,
    )
    assert identities(form)["6 = 11 của kỳ liền trước"] is False
    assert form.adds_up
    assert not form.is_closed
    assert (
        "6 = 11 của kỳ liền trước: KHÔNG ĐÚNG: 0 và 1 (một trong hai kỳ đã chốt, kỳ kia tính theo dữ liệu mới)"
        in foot_lines(form)
    )


def test_an_agency_that_did_not_deliver_is_in_no_sum_and_nothing_is_compared_with_it(
    changed: Callable[..., Publication],
) -> None:
    figures = ", ".join(f"{name} = null" for name in FORM_06A_COLUMNS)
    form = read_form_06a(
        changed(
            f"update mart_form_06a set {figures} where line_key = 'agency/H62.02' or entity_code = 'H62.02'",
            "update mart_form_06a set missing_agencies = 1 where scope = 'province'",
        ),
        OCTOBER,
    )
    assert form.lines[2].figures["workload_total"] is None
    assert identities(form)["tổng số = các dòng"] is True
    assert identities(form)["6 = 11 của kỳ liền trước"] is None
    assert form.adds_up


def test_the_command_prints_the_form_and_answers_programs(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "form", "06a", "--period", "2022-10", "--by", "field")
    assert finished.returncode == 0, finished.stderr
    for wanted in ("Biểu số II.06a/VPCP/KSTT", "(13)", "Chưa xác định lĩnh vực", "3 = 7 + 11: đúng: 6 và 6"):
        assert wanted in finished.stdout, wanted
    answered = dvctt(tiny_home, "form", "06a", "--period", "2022-10", "--calendar", "from_15", "--json")
    content = json.loads(answered.stdout)
    assert (content["period_key"], content["adds_up"]) == ("from_15/2022-10", True)
    assert content["lines"][-1]["figures"]["workload_total"] == 7
    assert dvctt(tiny_home, "form", "06a", "--period", "2022-10", "--by", "level").returncode == 2
    refused = dvctt(tiny_home, "form", "06a", "--period", "2022-Q5")
    assert (refused.returncode, "not a period: found '2022-Q5'" in refused.stderr) == (1, True)


def test_the_documents_tables_are_the_form_and_their_sums_are_its_lines(publication: Publication) -> None:
    content = read_marts(publication.marts, CONTRACT, FORM_CONTRACT)
    by_agency, by_field = form_tables(content, OCTOBER.month.first_day, load_province(PROVINCE))
    form = read_form_06a(publication, OCTOBER)
    printed = [[cell.printed for cell in line.cells] for line in by_agency.lines]
    assert [row[:3] for row in printed[18:20]] == [
        ["II", form.lines[18].name_vi, "5"],
        ["1", form.lines[19].name_vi, "4"],
    ]
    assert [[cell.value for cell in line.cells[2:]] for line in by_agency.lines] == [
        list(line.figures.values()) for line in form.lines
    ]
    group, total = by_agency.lines[18], by_agency.lines[-1]
    assert group.cells[3].down == tuple(range(19, 28))
    assert (total.cells[3].down, total.cells[2].across) == ((*range(1, 18), *range(19, 28)), (3, 4, 5))
    for table in (by_agency, by_field):
        for line in table.lines:
            for place, cell in enumerate(line.cells):
                if cell.down:
                    assert cell.value == sum(int(str(table.lines[other].cells[place].value)) for other in cell.down)
                if cell.across:
                    assert cell.value == sum(int(str(line.cells[other].value)) for other in cell.across)
    assert total.cells[2].figure == form.total.figure_id
    assert by_field.notes == (
        "Kỳ báo cáo: Tháng 10/2022 (Kỳ theo tháng dương lịch), từ ngày 01/10/2022 đến ngày 31/10/2022. "
        "Đơn vị tính: số hồ sơ TTHC.",
        *form.notes_vi,
    )


def test_the_documents_tables_speak_english_and_a_period_without_figures_says_why(publication: Publication) -> None:
    content = read_marts(publication.marts, CONTRACT, FORM_CONTRACT)
    with in_language("en"):
        table = form_tables(content, SEPTEMBER.month.first_day, load_province(PROVINCE))[0]
    assert [table.columns[0].heading_vi, table.columns[12].heading_vi] == ["No. (1)", "Pending: overdue (13)"]
    assert table.lines[-1].cells[1].printed == "Total"
    assert table.notes[-1] == ("Note: no data before 2022-09-01: what was carried over into the period is not counted.")


# --- Any filings, any periods: the models' own SQL beside plain Python.

FIRST = date(2022, 6, 25)
HANDOVER = date(2022, 9, 10)
"""From this day on a answers for b."""
MODELS = ("fct_workload", "aud_workload", "mart_form_06a")
PERIODS = {
    "c/07": (date(2022, 7, 1), date(2022, 7, 31), None),
    "c/08": (date(2022, 8, 1), date(2022, 8, 31), "c/07"),
    "c/09": (date(2022, 9, 1), date(2022, 9, 30), "c/08"),
    "c/Q3": (date(2022, 7, 1), date(2022, 9, 30), None),
    "m/08": (date(2022, 7, 15), date(2022, 8, 14), None),
    "m/09": (date(2022, 8, 15), date(2022, 9, 14), "m/08"),
}


@dataclass(frozen=True)
class Filed:
    """One filing; days are counted from FIRST, moments are the day's first or last second."""

    agency: str
    field: str | None
    online: bool
    status: int
    received: int
    late_in_day: bool
    finished_after: int | None
    returned_after: int | None
    due_after: int | None

    @property
    def received_on(self) -> date:
        return FIRST + timedelta(days=self.received)

    @property
    def due_on(self) -> date | None:
        return None if self.due_after is None else self.received_on + timedelta(days=self.due_after)

    @property
    def end(self) -> tuple[date | None, bool]:
        """The day it ended, and whether a source gave it."""
        after = self.returned_after if self.finished_after is None else self.finished_after
        if after is not None and after >= 0:
            return self.received_on + timedelta(days=after), True
        return (self.received_on, False) if self.status == 7 else (None, False)

    def moment(self, after: int | None) -> datetime | None:
        if after is None:
            return None
        clock = time(23, 59, 59) if self.late_in_day else time(0, 0, 0)
        return datetime.combine(self.received_on + timedelta(days=after), clock)


def columns_of(one: Filed, first: date, last: date) -> set[str]:
    """The columns of the form in which a person would count the filing."""
    ended, known = one.end
    if one.received_on > last or (ended and ended < first):
        return set()
    found = {"workload_total"}
    if one.received_on < first:
        found.add("carried_in")
    else:
        found.add("received_online" if one.online else "received_other")
    if ended and ended <= last:
        found.add("resolved_total")
        if one.due_on is None or not known or ended == one.due_on:
            found.add("resolved_on_time")
        else:
            found.add("resolved_early" if ended < one.due_on else "resolved_late")
    else:
        found |= {"pending_total", "pending_overdue" if one.due_on and one.due_on <= last else "pending_in_time"}
    return found


FILED = st.builds(
    Filed,
    st.sampled_from("abc"),
    st.sampled_from(["f", "g", None]),
    st.booleans(),
    st.sampled_from([2, 4, 5, 6, 7, 8, 9, 10]),
    st.integers(0, 95),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 60)),
    st.one_of(st.none(), st.integers(-5, 60)),
    st.one_of(st.none(), st.integers(-2, 40)),
)

Build = Callable[[list[Filed]], dict[str, list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def build(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """Builds the form's models over filings, periods of two calendars, and three agencies of which one is taken over."""
    path = tmp_path_factory.mktemp("form") / candidate_path(tiny_home.candidate).name
    shutil.copyfile(candidate_path(tiny_home.candidate), path)
    nodes = models_of(tiny_home.published / "1", MODELS)
    connection = duckdb.connect(str(path))
    extract = connection.execute(
        "select min(extract_id) from stg_landing__extracts where entity = 'filings'"
    ).fetchone()
    assert extract is not None
    for table in ("dim_reporting_periods", "dim_agency_heirs", "dim_agencies", "fct_feed_deliveries"):
        connection.execute(f"delete from {table}")
    for key, (first, last, previous) in PERIODS.items():
        calendar, code = key.split("/")
        connection.execute(
            "insert into dim_reporting_periods (period_key, calendar_id, period_code, kind, month, first_day, last_day, "
            "previous_period_key) values (?, ?, ?, 'month', ?, ?, ?, ?)",
            [key, calendar, code, last.replace(day=1), first, last, previous],
        )
    for agency in "abc":
        ended = HANDOVER - timedelta(days=1) if agency == "b" else None
        connection.execute(
            "insert into dim_agencies (agency_key, agency_code, name_vi, group_code, group_order, official_order, "
            "valid_from, valid_to) values (?, ?, ?, ?, 1, 1, date '2016-01-01', ?)",
            [agency, agency, agency, "g" if agency != "c" else "h", ended],
        )
        connection.execute("insert into dim_agency_heirs values (?, ?, date '2016-01-01', ?)", [agency, agency, ended])
    connection.execute("insert into dim_agency_heirs values ('b', 'a', ?, null)", [HANDOVER])

    def built(filed: list[Filed]) -> dict[str, list[tuple[Any, ...]]]:
        connection.execute("delete from fct_filings")
        for number, one in enumerate(filed):
            connection.execute(
                "insert into fct_filings (filing_id, extract_id, agency_code, field_code, is_online, status_code, "
                "is_received, received_at, finished_at, returned_at, due_at) values (?, ?, ?, ?, ?, ?, true, ?, ?, ?, ?)",
                [
                    str(number),
                    extract[0],
                    one.agency,
                    one.field,
                    one.online,
                    one.status,
                    one.moment(0),
                    one.moment(one.finished_after),
                    one.moment(one.returned_after),
                    one.moment(one.due_after),
                ],
            )
        replay(connection, nodes)
        names = ", ".join(FORM_06A_COLUMNS)
        return {
            "lines": connection.execute(
                f"select period_key, agency_code, field_code, {names} from fct_workload"
            ).fetchall(),
            "failing": connection.execute(
                "select * from aud_workload where total <> sum_of_parts or failing_fields <> 0"
            ).fetchall(),
            "rules": connection.execute("select distinct rule_id from aud_workload").fetchall(),
            "printed": connection.execute(
                "select period_key, arrangement, sum(case when line_kind <> 'total' then workload_total end) - "
                "sum(case when line_kind = 'total' then workload_total end) from mart_form_06a "
                "where scope = 'group' group by all"
            ).fetchall(),
        }

    yield built
    connection.close()


@given(filed=st.lists(FILED, max_size=14))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_column_is_what_a_person_would_count_and_every_identity_holds(build: Build, filed: list[Filed]) -> None:
    found = build(filed)
    assert found["failing"] == []
    wanted: dict[tuple[str, str, str], Counter[str]] = {}
    for key, (first, last, _) in PERIODS.items():
        for one in filed:
            heir = "a" if one.agency == "b" and last >= HANDOVER else one.agency
            if columns := columns_of(one, first, last):
                wanted.setdefault((key, heir, one.field or "unknown"), Counter()).update(columns)
    counted = {
        (period, agency, field): Counter(
            {name: number for name, number in zip(FORM_06A_COLUMNS, numbers, strict=True) if number}
        )
        for period, agency, field, *numbers in found["lines"]
    }
    assert counted == wanted
    if filed:
        assert ("workload.agencies_are_the_province",) in found["rules"]
    # The files of the home begin in September: what began before has no figures.
    assert {key for key, _, rest in found["printed"] if rest is not None} <= {"c/09"}
    assert all(rest in (0, None) for _, _, rest in found["printed"])
