"""What every model keeps to that only a built candidate shows; what the manifest shows, `make lint` holds."""

import re
from typing import Any

import pytest
from dvctt.settings import Settings
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.transform import DBT_PROJECT, manifest_of

Node = dict[str, Any]

_EXCEPTION = re.compile(r"^ +- (?P<pattern>\^models/\S+\.sql\$)(?P<reason> # \S.*)?$", re.MULTILINE)


@pytest.fixture(scope="module")
def models(tiny_home: Settings) -> list[Node]:
    nodes = manifest_of(tiny_home.candidate)["nodes"].values()
    found = [node for node in nodes if node["resource_type"] == "model"]
    assert len(found) == len(list((DBT_PROJECT / "models").rglob("*.sql"))) > 40
    return found


def test_every_exception_from_a_convention_is_one_model_and_has_its_reason() -> None:
    models = [path.relative_to(DBT_PROJECT).as_posix() for path in (DBT_PROJECT / "models").rglob("*.sql")]
    exceptions = list(_EXCEPTION.finditer((DBT_PROJECT / "dbt-bouncer.yml").read_text(encoding="utf-8")))
    assert exceptions
    meant = {one["pattern"]: [model for model in models if re.match(one["pattern"], model)] for one in exceptions}
    assert {pattern: found for pattern, found in meant.items() if len(found) != 1} == {}
    assert [one["pattern"] for one in exceptions if not one["reason"]] == []


def test_every_column_that_is_built_stands_in_the_yaml_file(tiny_home: Settings, models: list[Node]) -> None:
    with open_candidate(tiny_home.candidate) as connection:
        built: dict[str, set[str]] = {}
        for table, column in connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'main'"
        ).fetchall():
            built.setdefault(table, set()).add(column)
    assert {m["name"]: built[m["name"]] for m in models} == {m["name"]: set(m["columns"]) for m in models}


def test_a_day_knows_its_weekday_and_whether_people_work(tiny_home: Settings) -> None:
    with open_candidate(tiny_home.candidate) as connection:
        days = connection.execute(
            "select cast(date_day as varchar), cast(month as varchar), quarter_number, year_number, iso_weekday, "
            "is_public_holiday, is_working_day from dim_dates "
            "where date_day in ('2022-01-01', '2022-09-01', '2022-09-02', '2022-10-01', '2022-12-31') order by date_day"
        ).fetchall()
        span = connection.execute("select count(*), min(date_day), max(date_day) from dim_dates").fetchone()
    assert days == [
        ("2022-01-01", "2022-01-01", 1, 2022, 6, True, False),
        ("2022-09-01", "2022-09-01", 3, 2022, 4, True, False),
        ("2022-09-02", "2022-09-01", 3, 2022, 5, True, False),
        ("2022-10-01", "2022-10-01", 4, 2022, 6, False, False),
        ("2022-12-31", "2022-12-01", 4, 2022, 6, False, False),
    ]
    assert span is not None
    assert (span[0], str(span[1]), str(span[2])) == (730, "2022-01-01", "2023-12-31")
