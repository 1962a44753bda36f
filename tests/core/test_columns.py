"""A class gives its table: columns in the order of its fields, types of its annotations, nothing that is for people alone."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

import pytest
from dvctt.core.columns import NO_COLUMN, Column, Count, columns_of, row_of
from pydantic import BaseModel, Field


class Written(BaseModel):
    code: str
    value: Annotated[float | None, Column("target_percent")] = None
    rows: Annotated[int, Field(ge=0), Column(kind="bigint")]
    kind: Literal["whole", "part"]
    note: Annotated[str | None, NO_COLUMN] = None
    since: date


@dataclass(frozen=True)
class Counted:
    at: datetime
    counted: Count
    before: Count | None
    order: int
    is_known: bool
    words: tuple[str, ...]
    days: tuple[date, ...]


def test_a_model_gives_its_fields_by_their_columns_names() -> None:
    assert list(columns_of(Written).items()) == [
        ("code", "varchar"),
        ("target_percent", "double"),
        ("rows", "bigint"),
        ("kind", "varchar"),
        ("since", "date"),
    ]


def test_a_dataclass_gives_its_fields_and_an_optional_count_is_as_wide_as_a_count() -> None:
    assert list(columns_of(Counted).items()) == [
        ("at", "timestamp"),
        ("counted", "bigint"),
        ("before", "bigint"),
        ("order", "integer"),
        ("is_known", "boolean"),
        ("words", "varchar[]"),
        ("days", "date[]"),
    ]


def test_a_row_has_a_value_for_every_column_and_none_for_what_is_no_column() -> None:
    written = Written(code="a", value=1.5, rows=2, kind="part", note="for people", since=date(2022, 10, 1))
    assert row_of(written) == ("a", 1.5, 2, "part", date(2022, 10, 1))


def test_a_field_that_no_column_holds_is_named() -> None:
    class Odd(BaseModel):
        pair: dict[str, int]

    with pytest.raises(TypeError, match=r"Odd\.pair: no column holds"):
        columns_of(Odd)


def test_a_class_without_declared_fields_is_no_table() -> None:
    with pytest.raises(TypeError, match="str: wanted a pydantic model or a dataclass"):
        columns_of(str)
