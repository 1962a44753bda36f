"""What a candidate is told of the past has the same shape whatever the past was: none, an older version, closed months."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import PublishError, WarehouseError
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.previous import (
    PREVIOUS_TABLES,
    ClosedMonth,
    Inputs,
    PreviousPublication,
    Revision,
    load_previous,
    read_closed,
)

INPUTS = Inputs(7, "0.2.0", "d" * 64, "p" * 64)


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    folder = tmp_path / "candidate"
    folder.mkdir()
    return folder


def write(path: Path, select: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(select).write_parquet(str(path))


def asked(candidate: Path, sql: str) -> list[tuple[object, ...]]:
    with open_candidate(candidate) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def previous(tmp_path: Path) -> PreviousPublication:
    """Publication 6, of a version whose filings had fewer columns and whose payments were not published."""
    folder = tmp_path / "published" / "6"
    write(
        folder / "parquet" / "fct_filings.parquet",
        "select 'one_stop' as source_id, 'O1' as filing_id, '243' as agency_code, date '2022-10-01' as received_month",
    )
    return PreviousPublication(6, folder, "0.1.0", "", "q" * 64)


@pytest.fixture
def october(tmp_path: Path) -> ClosedMonth:
    folder = tmp_path / "closed" / "2022-10" / "1"
    write(folder / "facts" / "fct_filings.parquet", "select 'O1' as filing_id, date '2022-10-01' as received_month")
    write(
        folder / "facts" / "fct_payments.parquet", "select 'YO1' as payment_request_id, 9007199254740993 as amount_vnd"
    )
    write(
        folder / "marts" / "mart_online_rates.parquet",
        "select date '2022-10-01' as month, 'Huyện Sông Lô' as entity_name_vi, 9007199254740993 as received, "
        "100.0::double / 3 as online_rate_percent, null::bigint as postal",
    )
    waived = {
        "source_id": "s",
        "entity": "filings",
        "agency_code": "244",
        "agency_name_vi": "Huyện Sông Lô",
        "waived_by": "A",
        "reason": "mất điện",
        "waived_on": "2022-11-04",
    }
    return ClosedMonth("2022-10", 1, folder, 6, "2022-11-05T02:00:00+07:00", "Trần Thị B", (waived,))


def test_before_the_first_publication_every_relation_is_there_and_empty(candidate: Path) -> None:
    load_previous(candidate, INPUTS, None, ())
    names = [f"history.{view}" for view in PREVIOUS_TABLES] + [
        "history.publication",
        "history.closed_months",
        "history.closed_filings",
        "history.closed_payments",
        "closed.months",
        "closed.filings",
        "closed.payments",
        "closed.mart_rows",
        "closed.waived_feeds",
        "closed.revisions",
    ]
    assert [asked(candidate, f"select count(*) from {name}") for name in names] == [[(0,)]] * len(names)
    assert asked(candidate, "from history.candidate") == [(7, "0.2.0", "d" * 64, "p" * 64)]


def test_a_publication_of_an_older_version_gives_null_for_what_it_did_not_have(
    candidate: Path, previous: PreviousPublication
) -> None:
    load_previous(candidate, INPUTS, previous, ())
    assert asked(candidate, "select filing_id, received_month, is_online from history.filings") == [
        ("O1", date(2022, 10, 1), None)
    ]
    assert asked(candidate, "select count(*) from history.payments") == [(0,)]
    assert asked(candidate, "from history.publication") == [(6, "0.1.0", "", "q" * 64)]


def test_every_view_of_the_past_has_its_declared_columns(candidate: Path, previous: PreviousPublication) -> None:
    load_previous(candidate, INPUTS, previous, ())
    for view, (_, columns) in PREVIOUS_TABLES.items():
        described = [(name, kind.lower()) for name, kind, *_ in asked(candidate, f"describe history.{view}")]
        assert described == list(columns.items()), view


def test_the_tables_of_the_past_have_the_columns_that_they_always_had(candidate: Path) -> None:
    load_previous(candidate, INPUTS, None, ())
    described = {
        name: [(column, kind.lower()) for column, kind, *_ in asked(candidate, f"describe {name}")]  # type: ignore[attr-defined]
        for name in ("history.payment_attempts", "closed.revisions")
    }
    assert described == {
        "history.payment_attempts": [
            ("source_id", "varchar"),
            ("payment_attempt_id", "varchar"),
            ("agency_code", "varchar"),
            ("amount_vnd", "bigint"),
            ("attempted_month", "date"),
            ("extract_id", "varchar"),
            ("row_number", "bigint"),
        ],
        "closed.revisions": [
            ("month", "date"),
            ("revision", "integer"),
            ("publication_number", "bigint"),
            ("closed_at", "varchar"),
            ("approved_by", "varchar"),
            ("note", "varchar"),
            ("reopened_at", "varchar"),
            ("reopened_by", "varchar"),
            ("reason", "varchar"),
        ],
    }


def test_a_closed_month_gives_its_facts_its_waivers_and_its_rows_to_the_last_digit(
    candidate: Path, october: ClosedMonth
) -> None:
    load_previous(candidate, INPUTS, None, [october], [Revision(october)])
    assert asked(candidate, "select month, revision, publication_number, approved_by from closed.months") == [
        (date(2022, 10, 1), 1, 6, "Trần Thị B")
    ]
    assert asked(candidate, "select closed_month, revision, filing_id from closed.filings") == [
        (date(2022, 10, 1), 1, "O1")
    ]
    assert asked(candidate, "select amount_vnd from closed.payments") == [(9007199254740993,)]
    assert asked(candidate, "select agency_code, reason from closed.waived_feeds") == [("244", "mất điện")]
    frozen = asked(candidate, "select mart, place from closed.mart_rows order by place")
    assert frozen == [("mart_online_rates", 0), ("mart_online_rates", 1)]
    ((mart, text),) = asked(candidate, "select mart, row_json from closed.mart_rows where place > 0")
    row = json.loads(str(text))
    assert (mart, row["entity_name_vi"], row["received"], row["postal"]) == (
        "mart_online_rates",
        "Huyện Sông Lô",
        9007199254740993,
        None,
    )
    assert row["online_rate_percent"] == 100.0 / 3
    assert asked(candidate, "select count(*) from history.closed_months") == [(0,)]


def test_what_was_closed_in_the_earlier_publication_is_kept_apart_from_what_is_closed_now(
    candidate: Path, previous: PreviousPublication, october: ClosedMonth
) -> None:
    reopened = PreviousPublication(6, previous.folder, "0.1.0", "", "q" * 64, (october,))
    load_previous(candidate, INPUTS, reopened, ())
    assert asked(candidate, "select filing_id from history.closed_filings") == [("O1",)]
    assert asked(candidate, "select count(*) from closed.filings") == [(0,)]


def test_a_damaged_file_of_the_earlier_publication_is_named_with_what_to_do(
    candidate: Path, previous: PreviousPublication
) -> None:
    path = previous.folder / "parquet" / "fct_filings.parquet"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(WarehouseError, match=r"fct_filings\.parquet.*dvctt publications verify 6"):
        load_previous(candidate, INPUTS, previous, ())


def test_a_closing_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"manifest\.json: not a closed month's manifest"):
        read_closed(tmp_path)


def test_every_revision_is_told_the_ones_that_were_opened_again_too(candidate: Path, tmp_path: Path) -> None:
    first = ClosedMonth("2022-10", 1, tmp_path, 6, "2022-11-05T02:00:00+07:00", "Trần Thị B", note="đã đối chiếu")
    opened = Revision(first, "2022-11-06T08:00:00+07:00", "Lê Văn C", "thiếu tệp")
    load_previous(candidate, INPUTS, None, (), [opened])
    assert asked(candidate, "select * exclude (month) from closed.revisions") == [
        (
            1,
            6,
            "2022-11-05T02:00:00+07:00",
            "Trần Thị B",
            "đã đối chiếu",
            "2022-11-06T08:00:00+07:00",
            "Lê Văn C",
            "thiếu tệp",
        )
    ]
    assert asked(candidate, "select count(*) from closed.months") == [(0,)]
