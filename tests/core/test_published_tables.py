"""The list of published tables is read as it is written; that it is dbt's is held by tests/queries/test_dictionary.py."""

import pytest
from dvctt.core.published_tables import published_tables


def test_a_table_has_its_columns_in_order_with_their_types_and_its_key() -> None:
    gaps = published_tables()["mart_group_gaps"]
    assert gaps.primary_key == ("month", "group_code", "other_group_code")
    assert list(gaps.columns.items())[:2] == [("month", "date"), ("group_code", "varchar")]
    assert gaps.columns["gap_points"] == "double"


def test_every_table_has_a_key_of_its_own_columns() -> None:
    assert len(published_tables()) > 40
    assert {
        name for name, table in published_tables().items() if not set(table.primary_key) <= set(table.columns)
    } == set()
    assert all(table.primary_key for table in published_tables().values())


def test_types_come_in_the_order_that_is_asked_for_and_an_unknown_column_is_no_type() -> None:
    table = published_tables()["mart_feeds"]
    assert list(table.types_of("is_expected", "month").items()) == [("is_expected", "boolean"), ("month", "date")]
    with pytest.raises(KeyError, match="nothing"):
        table.types_of("nothing")
