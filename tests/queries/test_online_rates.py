"""The online rate by its rival definitions: literal values, filings to the last one, and sums that add up for any rows."""

import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.core.errors import MetricError
from dvctt.core.period import Month
from dvctt.publications.reading import Publication, current_publication
from dvctt.queries.online_rates import Comparison, Definition, as_text, compare_online_rates
from dvctt.settings import Settings
from dvctt.warehouse.connections import candidate_path
from dvctt.warehouse.definitions import replay
from dvctt.warehouse.transform import DBT_PROJECT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import dvctt
from tests.nights import models_of

OCTOBER = Month(2022, 10)
R1, R2, R3, R4, R5 = (
    f"online_rate.{name}"
    for name in ("r1_national", "r2_provincial_monitor", "r3_end_to_end", "r4_by_level", "r5_printed")
)


@pytest.fixture(scope="module")
def publication(tiny_home: Settings) -> Publication:
    found = current_publication(tiny_home.published)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def october(publication: Publication) -> Comparison:
    return compare_online_rates(publication, OCTOBER, records=True)


def by_id(compared: Comparison) -> dict[str, Definition]:
    return {one.metric_id: one for one in compared.definitions}


def test_five_definitions_give_five_values_out_of_the_same_filings(october: Comparison) -> None:
    values = {one.metric_id: (one.numerator, one.denominator, one.rate_percent) for one in october.definitions}
    assert values == {
        R1: (3, 6, 50.0),
        R2: (2, 4, 50.0),
        R3: (1, 4, 25.0),
        R4: (2, 6, pytest.approx(100 / 3)),
        R5: (3, 6, 50.0),
    }
    assert october.report.metric_id == R5


def test_each_difference_names_its_filings(october: Comparison) -> None:
    found = {
        (one.metric_id, each.reason_id): (
            each.leaves_numerator,
            each.leaves_denominator,
            each.enters_numerator,
            each.enters_denominator,
            [filing.filing_id for filing in each.filings or ()],
        )
        for one in october.definitions
        for each in one.differences
    }
    assert found == {
        (R2, "channel_not_counted"): (0, 1, 0, 0, ["O4"]),
        (R2, "no_level"): (1, 1, 0, 0, ["O6"]),
        (R3, "level_not_counted"): (1, 1, 0, 0, ["O2"]),
        (R3, "no_level"): (1, 1, 0, 0, ["O6"]),
        (R4, "no_level"): (1, 0, 0, 0, ["O6"]),
    }


def test_what_the_data_cannot_give_is_said_and_nothing_is_guessed(october: Comparison) -> None:
    national = by_id(october)[R1]
    assert national.not_applied == ("electronic_result", "sync_rate")
    assert national.not_applied_vi is not None
    assert (national.numerator, national.denominator) == (october.report.numerator, october.report.denominator)
    assert by_id(october)[R3].not_applied == ("end_to_end_test",)
    assert [by_id(october)[name].not_applied for name in (R2, R4, R5)] == [(), (), ()]


def test_a_level_that_the_catalogue_gives_otherwise_is_counted_as_the_filing_carries_it_and_told_of(
    october: Comparison,
) -> None:
    """The catalogue has level 4 for all; O2 came with level 3 and O6 with none."""
    assert {one.metric_id: one.placed_otherwise_by_catalogue for one in october.definitions} == {
        R1: 0,
        R2: 1,
        R3: 2,
        R4: 1,
        R5: 0,
    }


def test_a_definition_knows_when_it_holds(publication: Publication) -> None:
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        spans = connection.execute(
            "select metric_id, cast(valid_from as varchar), valid_to from mart_metric_definitions order by 1"
        ).fetchall()
        ours = connection.execute(
            "select count(*) from mart_online_rate_definitions where is_report_definition and scope = 'province'"
        ).fetchone()
    assert spans == [
        (R1, "2022-06-23", None),
        (R2, "2022-06-23", None),
        (R3, "2022-08-15", None),
        (R4, None, None),
        (R5, None, None),
    ]
    assert ours == (2,)


def test_every_definition_says_what_it_counts_and_how_certain_that_is_in_both_languages() -> None:
    with (DBT_PROJECT / "seeds" / "ref_metric_definitions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["metric_id"] for row in rows] == [R1, R2, R3, R4, R5]
    for row in rows:
        for column in ("name", "numerator", "denominator", "exclusions", "legal_basis"):
            assert row[f"{column}_vi"], (row["metric_id"], column)
            assert row[f"{column}_en"], (row["metric_id"], column)
        assert bool(row["not_applied"]) == bool(row["not_applied_vi"]) == bool(row["not_applied_en"])
        assert row["certainty"] in {"recalled", "derived"}, "no text of a definition was read (domain notes §11)"


def test_an_agency_and_a_group_are_asked_by_their_codes(publication: Publication) -> None:
    district = compare_online_rates(publication, OCTOBER, "243", records=True)
    assert (district.scope, by_id(district)[R2].numerator, by_id(district)[R2].denominator) == ("agency", 2, 3)
    assert [(each.reason_id, each.filing_count) for each in by_id(district)[R2].differences] == [
        ("channel_not_counted", 1)
    ]
    group = compare_online_rates(publication, OCTOBER, "provincial", records=True)
    assert (group.scope, by_id(group)[R2].denominator, by_id(group)[R2].rate_percent) == ("group", 0, None)
    (line,) = [line for line in as_text(group, all_definitions=True) if "r2_provincial_monitor/" in line]
    assert "value:     không có = 0 / 0" in line


def test_an_agency_without_data_has_no_values(publication: Publication, tmp_path: Path) -> None:
    """Of all agencies of the tiny home each delivered, so one that did not is made by hand."""
    shutil.copyfile(publication.marts, tmp_path / "marts.duckdb")
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
        connection.execute(
            "update mart_online_rate_definitions set numerator = null, denominator = null, rate_percent = null, "
            "missing_agencies = 1 where entity_code = 'H62.01'"
        )
        connection.execute("delete from mart_online_rate_definition_gaps where entity_code = 'H62.01'")
    text = "\n".join(
        as_text(compare_online_rates(Copy(publication, tmp_path), OCTOBER, "H62.01"), all_definitions=True)
    )
    assert text.count("value:     chưa có dữ liệu = - / -") == 5
    assert text.count("against the report: chưa có dữ liệu") == 4
    assert "1 agencies without data, in no sum" in text


class Copy(Publication):
    """A publication whose marts.duckdb was copied and changed."""

    def __init__(self, publication: Publication, folder: Path) -> None:
        super().__init__(publication.number, folder, publication.manifest)


@pytest.mark.parametrize(
    ("sabotage", "words"),
    [
        (
            "update mart_additivity_checks set total = 9, unexplained = 1 where check_id like 'online_rate_numerator_%'",
            "online_rate_numerator_is_report_and_reasons (online_rate.r1_national/1): total 9, its parts",
        ),
        (
            "delete from mart_additivity_checks where check_id like 'online_rate_denominator_%'",
            "online_rate_denominator_is_report_and_reasons: not checked; look: dvctt check additivity --month 2022-10",
        ),
        ("delete from fct_filings where filing_id = 'O4'", "1 filings counted, 0 found"),
        ("update mart_online_rate_definitions set is_report_definition = true", "exactly one definition"),
        ("update mart_online_rate_definitions set is_in_force = false", "exactly one definition"),
    ],
)
def test_what_does_not_add_up_is_not_shown(publication: Publication, tmp_path: Path, sabotage: str, words: str) -> None:
    shutil.copyfile(publication.marts, tmp_path / "marts.duckdb")
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
        connection.execute(sabotage)
    with pytest.raises(MetricError, match=re.escape(words)):
        compare_online_rates(Copy(publication, tmp_path), OCTOBER, records=True)


def test_of_a_closed_month_the_figures_are_the_frozen_ones_and_the_filings_todays(
    publication: Publication, tmp_path: Path
) -> None:
    shutil.copyfile(publication.marts, tmp_path / "marts.duckdb")
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as connection:
        connection.execute(
            "insert into mart_closed_months by name select date '2022-10-01' as month, true as is_in_force"
        )
        connection.execute("delete from fct_filings where filing_id = 'O4'")
    compared = compare_online_rates(Copy(publication, tmp_path), OCTOBER, records=True)
    assert by_id(compared)[R2].denominator == 4
    text = "\n".join(as_text(compared, all_definitions=True))
    assert "closed: figures as they were frozen" in text
    assert "the month is closed: 1 filing when it was frozen, 0 in today's facts" in text


def test_the_command_prints_definitions_values_and_filings(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "metric", "online-rate", "--month", "2022-10", "--compare", "--records")
    assert finished.returncode == 0, finished.stderr
    for wanted in (
        "online_rate.r5_printed version 1: the report uses this one",
        "value:     25,00% = 1 / 4",
        "adds up: numerator 3 - 2 + 0 = 1; denominator 6 - 2 + 0 = 4",
        "one_stop 243 O4",
        "not applied (electronic_result, sync_rate)",
        "certainty: recalled (chưa đối chiếu được với văn bản gốc)",
    ):
        assert wanted in finished.stdout, wanted
    alone = dvctt(tiny_home, "metric", "online-rate", "--month", "2022-10")
    assert alone.returncode == 0
    assert R5 in alone.stdout
    assert R2 not in alone.stdout


def test_the_command_answers_programs_and_refuses_what_is_not_there(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "metric", "online-rate", "--month", "2022-10", "--compare", "--json")
    content = json.loads(finished.stdout)
    assert [one["metric_id"] for one in content["definitions"]] == [R1, R2, R3, R4, R5]
    assert content["definitions"][1]["differences"][0]["filings"] is None
    for arguments, words in (
        (("--month", "2022-11"), "no online rate of 2022-11 in the publication; found 2022-09, 2022-10"),
        (("--month", "2022-10", "--entity", "nowhere"), "no entity 'nowhere' in 2022-10"),
    ):
        refused = dvctt(tiny_home, "metric", "online-rate", *arguments)
        assert refused.returncode == 1
        assert words in refused.stderr
    assert dvctt(tiny_home, "metric", "online-rate", "--month", "2022-10", "--records").returncode == 2


def test_the_report_names_the_definition_that_it_uses(publication: Publication, october: Comparison) -> None:
    page = (publication.reports / "bao-cao-2022-10.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]*>", "", page)
    assert f"Báo cáo này dùng định nghĩa “{october.report.name_vi}”: tử số là" in text
    assert f"Mã của định nghĩa trong kho số liệu: {R5}, phiên bản 1." in text
    assert f"căn cứ: {october.report.legal_basis_vi}" in text


# --- Any filings, any definitions: the marts' own SQL beside plain Python.

MODELS = (
    "fct_online_rate_classes",
    "mart_metric_definitions",
    "mart_online_rate_definitions",
    "mart_online_rate_class_gaps",
    "mart_online_rate_definition_gaps",
)
GROUPS = {"a": "g", "b": "g", "c": "h"}


@dataclass(frozen=True)
class Filed:
    """One filing: its agency, channel, own level and the catalogue's."""

    agency: str
    channel: int
    level: str | None
    catalogue: str | None


@dataclass(frozen=True)
class Rule:
    """What a definition counts; an empty tuple is everything."""

    channels: tuple[str, ...]
    levels: tuple[str, ...]
    numerator_levels: tuple[str, ...]

    def denominator(self, one: Filed) -> bool:
        return self._holds(self.channels, str(one.channel)) and self._holds(self.levels, one.level)

    def numerator(self, one: Filed) -> bool:
        return one.channel == 2 and self.denominator(one) and self._holds(self.numerator_levels, one.level)

    @staticmethod
    def _holds(wanted: tuple[str, ...], value: str | None) -> bool:
        return not wanted or value in wanted


LEVELS = st.sampled_from([None, "2", "3", "4"])
FILED = st.builds(Filed, st.sampled_from("abc"), st.sampled_from([1, 2, 2, 3]), LEVELS, LEVELS)
LISTS = st.lists(st.sampled_from("234"), unique=True, max_size=2).map(tuple)
RULES = st.builds(Rule, st.lists(st.sampled_from("123"), unique=True, max_size=3).map(tuple), LISTS, LISTS)

Marts = Callable[[list[Filed], list[Rule], str], dict[str, list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def marts(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marts]:
    """Builds the models over filings and definitions; the first definition is the report's, one agency is silent."""
    path = tmp_path_factory.mktemp("marts") / candidate_path(tiny_home.candidate).name
    shutil.copyfile(candidate_path(tiny_home.candidate), path)
    nodes = models_of(tiny_home.published / "1", MODELS)

    def build(filed: list[Filed], rules: list[Rule], silent: str) -> dict[str, list[tuple[Any, ...]]]:
        connection.execute("delete from ref_metric_definitions")
        for number, rule in enumerate(rules):
            lists = [",".join(names) for names in (rule.channels, rule.levels, rule.numerator_levels)]
            connection.execute(
                "insert into ref_metric_definitions (metric_id, metric, version, name_vi, denominator_channels, denominator_levels, "
                "numerator_levels, is_report_definition, certainty) values (?, 'online_rate', 1, 'x', ?, ?, ?, ?, 'derived')",
                [f"online_rate.{number}", *lists, number == 0],
            )
        connection.execute("delete from dim_procedures")
        for level in (None, "2", "3", "4"):
            connection.execute(
                "insert into dim_procedures (procedure_key, level_code) values (?, ?)", [f"p{level}", level]
            )
        connection.execute("delete from fct_filings")
        for number, one in enumerate(filed):
            connection.execute(
                "insert into fct_filings (filing_id, agency_code, channel_code, is_online, level_code, procedure_key, "
                "is_received, received_month) values (?, ?, ?, ?, ?, ?, true, date '2022-10-01')",
                [str(number), one.agency, one.channel, one.channel == 2, one.level, f"p{one.catalogue}"],
            )
        connection.execute("delete from mart_online_rates")
        for scope, code, group in [
            *(("agency", agency, group) for agency, group in GROUPS.items()),
            ("group", "g", "g"),
            ("group", "h", "h"),
            ("province", "26", None),
        ]:
            connection.execute(
                "insert into mart_online_rates (month, scope, entity_code, group_code, received, missing_agencies) "
                "values (date '2022-10-01', ?, ?, ?, ?, 0)",
                [scope, code, group, None if code == silent else 1],
            )
        replay(connection, nodes)
        return {
            name: connection.execute(sql).fetchall()
            for name, sql in {
                "values": "select metric_id, entity_code, numerator, denominator, rate_percent from "
                "mart_online_rate_definitions",
                "gaps": "select metric_id, entity_code, sum(enters_numerator - leaves_numerator), "
                "sum(enters_denominator - leaves_denominator), sum(filing_count) from mart_online_rate_definition_gaps "
                "group by all",
                "failing": test_sql,
            }.items()
        }

    connection = duckdb.connect(str(path))
    test_sql = _compiled_test(tiny_home)
    yield build
    connection.close()


def _compiled_test(tiny_home: Settings) -> str:
    """The SQL of the singular test that guards these marts each night, without its look at the report's own rates."""
    (path,) = tiny_home.candidate.rglob("compiled/**/assert_online_rate_definitions_add_up.sql")
    first, _, rest = path.read_text(encoding="utf-8").partition("union all")
    assert rest
    return first


@given(filed=st.lists(FILED, max_size=12), rules=st.lists(RULES, min_size=2, max_size=3), silent=st.sampled_from("abc"))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_definitions_count_as_plain_python_does_and_the_differences_add_up(
    marts: Marts, filed: list[Filed], rules: list[Rule], silent: str
) -> None:
    built = marts(filed, rules, silent)
    assert built["failing"] == []
    values = {(metric, code): rest for metric, code, *rest in built["values"]}
    gaps = {(metric, code): rest for metric, code, *rest in built["gaps"]}
    assert len(values) == len(rules) * 6
    members = {**{code: {code} for code in GROUPS}, "g": {"a", "b"}, "h": {"c"}, "26": set(GROUPS)}
    differing: Counter[tuple[str, str]] = Counter()
    for number, rule in enumerate(rules):
        for code, agencies in members.items():
            key = (f"online_rate.{number}", code)
            counted = [one for one in filed if one.agency in agencies - {silent}]
            if not agencies - {silent}:
                assert values[key] == [None, None, None]
                assert key not in gaps
                continue
            numerator, denominator = sum(map(rule.numerator, counted)), sum(map(rule.denominator, counted))
            rate = pytest.approx(100.0 * numerator / denominator) if denominator else None
            assert values[key] == [numerator, denominator, rate]
            report = values["online_rate.0", code]
            moved = gaps.get(key, [0, 0, 0])
            assert [report[0] + moved[0], report[1] + moved[1]] == [numerator, denominator]
            differing[key] = sum(
                (rule.numerator(one), rule.denominator(one)) != (rules[0].numerator(one), rules[0].denominator(one))
                for one in counted
            )
            assert moved[2] == differing[key]
