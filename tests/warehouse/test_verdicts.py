"""PreviousPublication verdicts that readers may hear of, and movements that a person has answered for, as the candidate is told of them."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
from dvctt.province.folder import load_province
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.foundation import lay_foundation
from dvctt.warehouse.verdicts import Accepted, Movement, write_accepted

from tests.conftest import PROVINCE

VINH_PHUC = load_province(PROVINCE)
MOVEMENT = Movement("filings", "rows", "agency", "243", "Vĩnh Yên", "2022-10", "published", 100, 90, 110, 150)


def verdict(number: int, run_id: str, outcome: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    checks = [{"severity": "critical", "status": "failed" if outcome == "failed" else "passed"}]
    content = {"run_id": run_id, "month": "2022-10", "verdict": outcome, "checks": checks}
    (folder / f"{number:06d}-{outcome}.json").write_text(json.dumps(content), encoding="utf-8")


def test_the_history_holds_what_stopped_a_night_and_what_was_published_and_counts_without_gaps(tmp_path: Path) -> None:
    verdicts = tmp_path / "verdicts"
    for number, (run_id, outcome) in enumerate(
        [
            ("first", "passed"),  # published
            ("second", "failed"),
            ("third", "passed"),  # killed after its gate
            ("fourth", "could_not_check"),
            ("fourth", "passed"),  # judged again after a kill, and published
            ("fourth", "passed"),
        ],
        start=1,
    ):
        verdict(number, run_id, outcome, verdicts)
    lay_foundation(
        tmp_path / "candidate",
        VINH_PHUC,
        tmp_path / "landing",
        [],
        verdicts=verdicts,
        published_runs={"first", "fourth"},
    )
    with open_candidate(tmp_path / "candidate") as connection:
        rows = connection.execute(
            "select verdict_number, run_id, verdict, failed_critical from history.verdicts order by 1"
        ).fetchall()
    assert rows == [
        (1, "first", "passed", 0),
        (2, "second", "failed", 1),
        (3, "fourth", "could_not_check", 0),
        (4, "fourth", "passed", 0),
    ]


def test_an_accepted_movement_keeps_no_name_and_its_month_is_a_day() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema history")
        write_accepted(connection, [Accepted(MOVEMENT, "one_stop.filings.2022-10-abc")])
        assert connection.execute("from history.accepted_movements").fetchall() == [
            ("filings", "rows", "agency", "243", date(2022, 10, 1), 100, 150, "one_stop.filings.2022-10-abc")
        ]


@pytest.mark.parametrize(("new", "is_beyond"), [(89, True), (90, False), (110, False), (111, True)])
def test_a_movement_is_beyond_its_band_outside_of_both_ends(new: int, is_beyond: bool) -> None:
    movement = Movement("filings", "rows", "agency", "243", "Vĩnh Yên", "2022-10", "published", 100, 90, 110, new)
    assert movement.is_beyond is is_beyond
