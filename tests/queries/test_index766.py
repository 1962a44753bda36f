"""The index of Decision 766: seeds that are whole, literal points, and for any counts what plain Python makes of them."""

import csv
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.core.errors import MetricError
from dvctt.core.period import Month
from dvctt.province.folder import load_province
from dvctt.publications.reading import Publication, current_publication
from dvctt.queries.index766 import Component, Index, head_lines, missing_lines, points_text, ratio_text, read_index
from dvctt.report.marts import CONTRACT, read_marts
from dvctt.report.tables.index import INDEX_CONTRACT, index_tables
from dvctt.report.wording import formats
from dvctt.report.wording.language import in_language
from dvctt.settings import Settings
from dvctt.warehouse.connections import candidate_path
from dvctt.warehouse.definitions import replay
from dvctt.warehouse.transform import DBT_PROJECT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import dvctt
from tests.nights import models_of

OCTOBER = Month(2022, 10)
SCORES = {
    "transparency": 18,
    "progress": 20,
    "online_services": 12,
    "payment": 10,
    "digitisation": 22,
    "satisfaction": 18,
}


@pytest.fixture(scope="module")
def publication(tiny_home: Settings) -> Publication:
    found = current_publication(tiny_home.published)
    assert found is not None
    return found


class Copy(Publication):
    """A publication whose marts.duckdb was copied and changed."""

    def __init__(self, publication: Publication, folder: Path) -> None:
        super().__init__(publication.number, folder, publication.manifest)


@pytest.fixture
def changed(publication: Publication, tmp_path: Path) -> Callable[..., Copy]:
    def change(*statements: str) -> Copy:
        shutil.copyfile(publication.marts, tmp_path / "marts.duckdb")
        with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
            for statement in statements:
                connection.execute(statement)
        return Copy(publication, tmp_path)

    return change


def seed(name: str) -> list[dict[str, str]]:
    with (DBT_PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows, name
    return rows


def of_month(found: tuple[Index, ...], span: str = "month") -> Index:
    (one,) = [index for index in found if index.span == span]
    return one


def by_id(index: Index) -> dict[str, Component]:
    return {one.component_id: one for group in index.groups for one in group.components}


# --- The formulas as data.


def test_the_six_scores_are_the_portals_and_add_up_to_100() -> None:
    assert {row["group_id"]: float(row["max_points"]) for row in seed("ref_index_groups")} == SCORES
    assert sum(SCORES.values()) == 100
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for row in seed("ref_index_components"):
        sums[row["formula_version"], row["group_id"]] += float(row["max_points"])
    versions = {version for version, _ in sums}
    assert sums == {(version, group): most for version in versions for group, most in SCORES.items()}


def test_thresholds_and_rules_for_nothing_are_those_that_reproduce_the_portals_points() -> None:
    rows = {row["component_id"]: row for row in seed("ref_index_components")}
    assert {row["points_decimals"] for row in rows.values()} == {"2"}, "the newest version stands last"
    assert {name: float(row["threshold_percent"]) for name, row in rows.items() if row["threshold_percent"]} == {
        "online_procedures": 80,
        "online_filings": 50,
        "payment_procedures_payable": 80,
        "payment_procedures_paid": 80,
        "digital_reuse": 80,
        "satisfaction_reception": 90,
    }
    assert {name: row["portal_zero_rule"] for name, row in rows.items() if row["portal_zero_rule"]} == {
        "progress_on_time": "zero",
        "satisfaction_petitions_on_time": "full",
        "satisfaction_petitions_satisfied": "full",
        "satisfaction_reception": "zero",
    }
    assert {name for name, row in rows.items() if row["zero_rule"] != "none"} == {
        "satisfaction_petitions_on_time",
        "satisfaction_petitions_satisfied",
    }


def test_every_formula_says_what_it_counts_in_both_languages_and_how_certain_it_is() -> None:
    for row in seed("ref_index_components"):
        for column in ("name", "numerator", "denominator", "legal_basis"):
            assert row[f"{column}_vi"], (row["component_id"], column)
            assert row[f"{column}_en"], (row["component_id"], column)
        assert bool(row["note_vi"]) == bool(row["note_en"]), row["component_id"]
        assert row["certainty"] == "derived", "the decision's text was not read (domain notes §11)"
        assert (row["source"] == "index_counts") == (row["measure"] == "index_counts"), row["component_id"]
    assert {row["certainty"] for row in seed("ref_index_bands")} == {"recalled"}


def test_every_component_that_filings_cannot_give_has_a_code_by_which_sources_send_it() -> None:
    codes = {row["component_id"] for row in seed("ref_index_count_components")}
    components = {row["component_id"]: row for row in seed("ref_index_components")}
    assert codes <= set(components)
    assert codes == {
        name for name, row in components.items() if row["source"] == "index_counts" or row["is_additive"] == "false"
    }


# --- One small month.


def test_the_province_has_points_for_what_its_records_tell(publication: Publication) -> None:
    index = of_month(read_index(publication, OCTOBER))
    found = {
        name: (one.numerator, one.denominator, one.points)
        for name, one in by_id(index).items()
        if one.points is not None
    }
    assert found == {
        "progress_on_time": (6, 6, 20.0),
        "online_procedures": (2, 3, 1.67),
        "online_services_used": (1, 2, 2.0),
        "online_filings": (3, 6, 6.0),
        "payment_filings": (2, 6, 2.0),
        "payment_procedures_paid": (1, 3, 0.83),
    }
    assert (points_text(index.total_score), index.scored_max, index.score_max) == ("32,50", 40.0, 100.0)
    assert (index.is_complete, index.band_id, index.unscored_components, index.missing_agencies) == (False, None, 15, 0)
    assert [(group.group_id, group.score_max) for group in index.groups] == list(SCORES.items())


def test_an_agency_has_no_denominator_where_the_catalogue_names_none(publication: Publication) -> None:
    index = of_month(read_index(publication, OCTOBER, "243"))
    used = by_id(index)["online_services_used"]
    assert (index.scope, used.numerator, used.denominator, used.points) == ("agency", 1, None, None)
    assert (used.state, used.reason_id, ratio_text(used)) == ("no_data", "no_authority", "không có dữ liệu")
    assert by_id(index)["online_filings"].points == 6.0


def test_a_year_that_begins_in_september_is_no_year(publication: Publication) -> None:
    index = of_month(read_index(publication, OCTOBER), "year_to_date")
    assert (index.total_score, index.scored_max, index.unscored_components) == (None, 0.0, 21)
    assert by_id(index)["progress_on_time"].reason_id == "year_incomplete"
    assert any("Chưa đủ dữ liệu mọi tháng" in line for line in missing_lines(index))


def test_an_agency_that_received_nothing_has_no_ratio_and_the_portals_0_stands_beside_it(
    publication: Publication,
) -> None:
    index = of_month(read_index(publication, OCTOBER, "246"))
    progress = by_id(index)["progress_on_time"]
    assert (progress.numerator, progress.denominator, progress.points, progress.points_portal) == (0, 0, None, 0.0)
    assert (progress.reason_id, ratio_text(progress)) == ("nothing_in_period", "không có")
    assert "the portal's rules: 0,00 out of 20,00" in head_lines(index)
    assert "  progress_on_time: the portal gives 0,00 of 20,00, here -" in missing_lines(index)


def test_what_was_sent_by_a_code_that_nobody_knows_is_told(changed: Callable[..., Copy]) -> None:
    copy = changed(
        "insert into aud_index_counts by name select date '2022-10-01' as month, 'la' as source_component, 3 as row_count"
    )
    index = of_month(read_index(copy, OCTOBER))
    assert index.unknown_codes == ("la",)
    assert any("index_counts, code 'la'" in line for line in missing_lines(index))


@pytest.mark.parametrize("check", ["index_points_are_sum_of_components", "index_groups_are_sum_of_components"])
def test_scores_that_do_not_add_up_are_not_shown(changed: Callable[..., Copy], check: str) -> None:
    wrong = f"update mart_additivity_checks set total = total + 1, unexplained = 1 where check_id = '{check}'"
    says = rf"index 2022-10 26: {check} \(\w+/2\): total \d+, its parts \d+ and 0 do not add up; look: dvctt check additivity"
    with pytest.raises(MetricError, match=says):
        read_index(changed(wrong), OCTOBER)
    with pytest.raises(MetricError, match=rf"{check}: not checked; look: dvctt check additivity --month 2022-10"):
        read_index(changed(f"delete from mart_additivity_checks where check_id = '{check}'"), OCTOBER)


def test_a_year_that_has_points_and_was_not_checked_is_not_shown(changed: Callable[..., Copy]) -> None:
    """The tiny home has no whole year to date, so that nothing of it is asked."""
    points = "update mart_index_scores set progress_score = 1, total_score = 1 where span = 'year_to_date'"
    with pytest.raises(
        MetricError, match=r"index_points_to_date_are_sum_of_components: not checked; index_groups_to_date"
    ):
        read_index(changed(points), OCTOBER)


def test_what_is_not_there_is_refused_with_what_is(publication: Publication) -> None:
    with pytest.raises(MetricError, match="no index of 2022-11 in the publication; found 2022-09, 2022-10"):
        read_index(publication, Month(2022, 11))
    with pytest.raises(
        MetricError, match=r"no entity 'nowhere' in 2022-10; wanted one of 26, provincial, district, H62\.01"
    ):
        read_index(publication, OCTOBER, "nowhere")


def test_the_command_prints_scores_thresholds_and_what_is_missing(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "index", "--month", "2022-10")
    assert finished.returncode == 0, finished.stderr
    for wanted in (
        "score: 32,50 out of 40,00 that could be scored, of 100,00; not scaled up",
        "formula version 2; derived: ",
        "TIẾN ĐỘ GIẢI QUYẾT",
        "không có dữ liệu",
        "chưa nguồn nào gửi thành phần này",
    ):
        assert wanted in finished.stdout, wanted
    content = json.loads(dvctt(tiny_home, "index", "--month", "2022-10", "--entity", "243", "--json").stdout)
    assert [(one["span"], one["entity_code"]) for one in content] == [("month", "243"), ("year_to_date", "243")]
    progress = content[0]["groups"][1]["components"][0]
    assert progress["figure_id"] == "mart_index_components/2022-10/month/agency/243/progress_on_time/2/points"


# --- The tables of the documents.


def test_the_documents_tables_hold_the_marts_points_and_their_sums_add_up(
    publication: Publication, tiny_home: Settings
) -> None:
    content = read_marts(publication.marts, {**CONTRACT, **INDEX_CONTRACT})
    components, scores = index_tables(content, OCTOBER.first_day, load_province(tiny_home.province_folder))
    assert len(components.lines) == 21 + 6 + 1
    total = components.lines[-1]
    assert (total.cells[5].printed, total.cells[6].printed) == ("32,50", "100,00")
    assert "Điểm tính trên 40,00 điểm tối đa" in components.notes[0]
    for table in (components, scores):
        assert len(table.sheet_vi) <= 31
        for line in table.lines:
            assert len(line.cells) == len(table.columns)
            for place, one in enumerate(line.cells):
                if one.value is None or not (one.down or one.across):
                    continue
                parts = [table.lines[row].cells[place].value for row in one.down] + [
                    line.cells[column].value for column in one.across
                ]
                added = sum(Decimal(repr(part)) for part in parts if isinstance(part, int | float))
                assert one.value == float(added)
                assert formats.read(one.printed) == added, "what is printed adds up"
    shares = [line.cells for line in components.lines if line.cells[3].share]
    assert len(shares) == 6
    for cells in shares:
        numerator, denominator, share = (cells[place].value for place in (1, 2, 3))
        assert share == pytest.approx(100 * numerator / denominator)  # type: ignore[operator]
    assert [line.cells[3].printed for line in components.lines if line.cells[3].kind == "rate"].count(
        "không có dữ liệu"
    ) == 15


def test_the_documents_tables_speak_english(publication: Publication, tiny_home: Settings) -> None:
    content = read_marts(publication.marts, {**CONTRACT, **INDEX_CONTRACT})
    with in_language("en"):
        components, scores = index_tables(content, OCTOBER.first_day, load_province(tiny_home.province_folder))
    assert (components.sheet_vi, scores.columns[-1].heading_vi) == ("Index", "Rank")
    assert components.lines[-1].cells[0].value == "Total points"
    assert components.lines[0].cells[0].value == "Procedures published on time"


# --- Any counts: the marts' own SQL beside plain Python.

MODELS = ("mart_index_components", "mart_index_scores")
AGENCIES = {"a": "g", "b": "g", "c": "h"}
ENTITIES = {**{code: {code} for code in AGENCIES}, "g": {"a", "b"}, "h": {"c"}, "26": set(AGENCIES)}
FED = {
    "hai_long": "satisfaction_reception",
    "tai_su_dung": "digital_reuse",
    "phan_anh_dung_han": "satisfaction_petitions_on_time",
}


@dataclass(frozen=True)
class Counts:
    """What one agency received and what it sent, each a part and its whole; None where it sent nothing."""

    received: int
    on_time: int
    online: int
    fed: dict[str, tuple[int, int] | None]


def _counts(wholes: tuple[int, int]) -> st.SearchStrategy[Counts]:
    received, sent = wholes
    part = st.integers(0, received)
    pair = st.none() | st.tuples(st.integers(0, sent + 1), st.just(sent))
    return st.builds(Counts, st.just(received), part, part, st.fixed_dictionaries(dict.fromkeys(FED.values(), pair)))


# Two agencies out of three have the same wholes, so that the one with more of them must not have fewer points.
CASES = st.tuples(st.integers(0, 12), st.integers(0, 12)).flatmap(
    lambda wholes: st.fixed_dictionaries({"a": _counts(wholes), "b": _counts(wholes), "c": _counts((7, 3))})
)

Marts = Callable[[dict[str, Counts], str], tuple[dict[tuple[str, str], Any], list[Any], list[Any]]]


@pytest.fixture(scope="module")
def marts(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marts]:
    """Builds the two marts over counts of January, in which the month and the year are the same; one agency is silent."""
    path = tmp_path_factory.mktemp("index") / candidate_path(tiny_home.candidate).name
    shutil.copyfile(candidate_path(tiny_home.candidate), path)
    nodes = models_of(tiny_home.published / "1", MODELS)
    (test,) = tiny_home.candidate.rglob("compiled/**/assert_index_adds_up.sql")
    test_sql = test.read_text(encoding="utf-8")

    def build(counts: dict[str, Counts], silent: str) -> tuple[dict[tuple[str, str], Any], list[Any], list[Any]]:
        for table in ("mart_online_rates", "fct_index_filings", "fct_index_procedures", "fct_index_counts"):
            connection.execute(f"delete from {table}")
        for scope, code, group in [
            *(("agency", agency, group) for agency, group in AGENCIES.items()),
            *(("group", group, group) for group in ("g", "h")),
            ("province", "26", None),
        ]:
            connection.execute(
                "insert into mart_online_rates (month, scope, entity_code, group_code, official_order, received) "
                "values (date '2022-01-01', ?, ?, ?, 1, ?)",
                [scope, code, group, None if code == silent else 1],
            )
        for code, one in counts.items():
            connection.execute(
                "insert into fct_index_filings values (date '2022-01-01', date '2022-01-01', ?, ?, ?, ?, 0, 0, 0)",
                [code, one.received, one.online, one.on_time],
            )
            for component, pair in FED.items():
                if (sent := one.fed[pair]) is not None:
                    connection.execute(
                        "insert into fct_index_counts (month, source_agency_code, component, numerator, denominator) "
                        "values (date '2022-01-01', ?, ?, ?, ?)",
                        [code, component, *sent],
                    )
        replay(connection, nodes)
        components = {
            (row[0], row[1]): row[2:]
            for row in connection.execute(
                "select entity_code, component_id, numerator, denominator, points, points_max, state "
                "from mart_index_components where span = 'month'"
            ).fetchall()
        }
        scores = connection.execute(
            "select entity_code, total_score, scored_max from mart_index_scores where span = 'month'"
        ).fetchall()
        return components, scores, connection.execute(test_sql).fetchall()

    connection = duckdb.connect(str(path))
    yield build
    connection.close()


@given(counts=CASES, silent=st.sampled_from("abc"))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_points_are_those_of_plain_python_lie_within_their_bounds_and_rise_with_the_ratio(
    marts: Marts, counts: dict[str, Counts], silent: str
) -> None:
    components, scores, failing = marts(counts, silent)
    assert failing == []
    rules = {row["component_id"]: row for row in seed("ref_index_components")}
    assert len(components) == len(ENTITIES) * len(rules)
    assert all(0 <= points <= most for _, _, points, most, _ in components.values() if points is not None)
    for code, members in ENTITIES.items():
        heard = [counts[member] for member in sorted(members - {silent})]
        pairs: dict[str, list[tuple[int, int]]] = {
            "progress_on_time": [(one.on_time, one.received) for one in heard],
            "online_filings": [(one.online, one.received) for one in heard],
            # Whether the filings came says nothing of what is sent apart.
            **{
                name: [pair for member in sorted(members) if (pair := counts[member].fed[name]) is not None]
                for name in FED.values()
            },
        }
        for name, found in pairs.items():
            assert components[code, name][2] == _points(rules[name], found), (code, name)
        own = [components[code, name] for name in rules]
        (score,) = [row for row in scores if row[0] == code]
        assert (score[1] or 0) == float(sum(Decimal(repr(points)) for _, _, points, *_ in own if points is not None))
        assert score[2] == sum(most for _, _, points, most, _ in own if points is not None)
    for name in rules:
        (part, _, points, *_), (other_part, _, other_points, *_) = components["a", name], components["b", name]
        if None not in (points, other_points) and part <= other_part:
            assert points <= other_points, name


def _points(rule: dict[str, str], pairs: list[tuple[int, int]]) -> float | None:
    """Points by domain notes §4: all from the threshold on, in proportion below, half up to a hundredth; none without a
    whole.
    """
    if not pairs:
        return None
    part, whole = (sum(column) for column in zip(*pairs, strict=True))
    most = Fraction(rule["max_points"])
    if whole == 0:
        return float(most) if rule["zero_rule"] == "full" else None
    exact = most * min(Fraction(1), Fraction(part, whole) / (Fraction(rule["threshold_percent"] or 100) / 100))
    return floor(100 * exact + Fraction(1, 2)) / 100
