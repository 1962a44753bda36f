"""Reading the marts: the contract is checked, the order is fixed, the file is never written."""

import subprocess
import sys

import duckdb
import pytest
from dvctt.core.errors import ReportError
from dvctt.core.published_tables import published_tables
from dvctt.report.marts import CONTRACT, read_marts, read_rows
from dvctt.report.tables.periods import PERIOD_CONTRACT
from dvctt.report.wording import caveats
from dvctt.report.wording.language import in_language


def test_every_table_of_the_contract_is_read(marts):
    content = read_marts(marts)
    assert set(content.rows) == set(CONTRACT)
    assert all(content.rows.values())


def test_months_come_newest_first(marts):
    assert [month.isoformat() for month in read_marts(marts).months()] == ["2022-10-01", "2022-09-01"]


def test_rows_come_in_the_contract_s_order_whatever_order_they_were_written_in(build_marts, rows):
    content = read_marts(build_marts("a.duckdb"))
    turned = read_marts(build_marts("b.duckdb", **{table: values[::-1] for table, values in rows.items()}))
    assert content.rows == turned.rows


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ReportError, match=r"nothing\.duckdb: no such file"):
        read_marts(tmp_path / "nothing.duckdb")


def test_a_file_that_is_no_warehouse_is_named(tmp_path):
    path = tmp_path / "marts.duckdb"
    path.write_bytes(b"not a warehouse at all")
    with pytest.raises(ReportError, match=r"marts\.duckdb: cannot read the marts"):
        read_marts(path)


def test_a_missing_table_is_named(marts):
    with duckdb.connect(str(marts)) as connection:
        connection.execute("DROP TABLE mart_targets")
    with pytest.raises(ReportError, match="table mart_targets: missing the whole table"):
        read_marts(marts)


def test_the_contract_is_what_dbt_declares():
    """Every column is asked for, and the key of the ids is the table's: neither is typed again."""
    gaps = CONTRACT["mart_group_gaps"]
    assert gaps.key == ("month", "group_code", "other_group_code")
    for name, mart in CONTRACT.items():
        assert sorted((*mart.columns, *mart.optional)) == sorted(published_tables()[name].columns), name


def test_a_column_that_an_older_publication_lacks_is_null(marts):
    optional = {name: mart.optional for name, mart in CONTRACT.items() if mart.optional}
    assert len(optional) > 5
    with duckdb.connect(str(marts)) as connection:
        for name, columns in optional.items():
            for column in columns:
                connection.execute(f"ALTER TABLE {name} DROP COLUMN {column}")
    content = read_marts(marts)
    assert {row[column] for name, columns in optional.items() for column in columns for row in content.rows[name]} == {
        None
    }


def test_what_an_older_publication_says_in_words_is_read_as_it_is(marts):
    with duckdb.connect(str(marts)) as connection:
        for table, column, words in (
            ("mart_payments", "caveats_json", "caveat"),
            ("mart_caveats", "caveat_json", "text"),
        ):
            connection.execute(f"ALTER TABLE {table} RENAME {column} TO {words}_vi")
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {words}_en VARCHAR")
            connection.execute(
                f"UPDATE {table} SET {words}_en = 'eight', {words}_vi = 'tám' WHERE {words}_vi IS NOT NULL"
            )
    content = read_marts(marts)
    sentences = [caveats.own_words(row["caveats_json"]) for row in content.rows["mart_payments"]]
    assert {"tám", None} == set(sentences)
    assert {caveats.own_words(row["caveat_json"]) for row in content.rows["mart_caveats"]} == {"tám"}
    with in_language("en"):
        assert {caveats.words(row["caveat_json"]) for row in content.rows["mart_caveats"]} == {"eight"}


def test_a_missing_column_is_named(marts):
    with duckdb.connect(str(marts)) as connection:
        connection.execute("ALTER TABLE mart_targets DROP COLUMN short_by_count")
    with pytest.raises(ReportError, match="table mart_targets: missing column short_by_count"):
        read_marts(marts)


def test_marts_without_a_month_are_refused(build_marts):
    with pytest.raises(ReportError, match="mart_online_rates: found 0 rows, wanted at least one month"):
        read_marts(build_marts(mart_online_rates=[]))


def test_reading_does_not_wait_for_another_reader(marts):
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(marts)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout.readline() == "open\n"
        assert read_marts(marts).months()
        assert reader.poll() is None, "it has the file open still"
        reader.stdin.close()


def test_reading_leaves_the_file_as_it_was(marts):
    before = marts.read_bytes()
    read_marts(marts)
    assert marts.read_bytes() == before


def test_checks_of_an_older_publication_are_read_into_the_columns_of_today(marts):
    """It had calendar and kind of a period in the id, and names in words."""
    name = "mart_additivity_checks"
    with duckdb.connect(str(marts)) as connection:
        connection.execute(
            f"create or replace table {name} as select * from (values "
            "('x_is_y', date '2022-10-01', 'province', '26', 'T', 'x = y', 3, 2, 1, 'z', 0), "
            "('period_x/c/quarter', date '2022-09-01', 'province', '26', 'T', 'Quý III (c): x = y', 4, 4, 0, null, 0)) "
            "as older (check_id, month, scope, entity_code, entity_name_vi, total_name_vi, total, sum_of_classes, residue, "
            "residue_name_vi, unexplained)"
        )
    told = ("check_id", "calendar_id", "kind", "total_in_words_vi", "residue_in_words_vi", "residue_id", "total")
    [monthly] = read_marts(marts).rows[name]
    assert [monthly[column] for column in told] == ["x_is_y", None, None, "x = y", "z", None, 3]
    assert monthly.id_of("total") == f"{name}/x_is_y/2022-10/province/26/total"
    [period] = read_rows(marts, {name: PERIOD_CONTRACT[name]}).rows[name]
    assert [period[column] for column in told] == ["period_x", "c", "quarter", "Quý III (c): x = y", None, None, 4]
