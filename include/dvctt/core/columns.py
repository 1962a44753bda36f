"""How a class with typed fields becomes a table of DuckDB: fields are columns, in their order, annotations are types.

A field whose column has another name or type than its own carries a :class:`Column`; one that is for people alone carries
``NO_COLUMN``. Works for pydantic models and dataclasses alike. What the tables are is said where the classes stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

_KINDS: Mapping[type, str] = {
    str: "varchar",
    bool: "boolean",
    int: "integer",
    float: "double",
    date: "date",
    datetime: "timestamp",
}


@dataclass(frozen=True)
class Column:
    """What a field's column is called and holds, where the field does not say it: ``Annotated[float, Column("percent")]``."""

    name: str | None = None
    kind: str | None = None


NO_COLUMN = Column("")
"""Marks a field that no table has: what only a reader of the file needs."""

Count = Annotated[int, Column(kind="bigint")]
"""Rows, VND and numbers that are given on: 32 bits are too few."""


def columns_of(model: type) -> dict[str, str]:
    """Names and types of the columns of a class's table.

    Raises:
        TypeError: a field has a type that no column holds.
    """
    return {name: kind for _, name, kind in _columns(model)}


def row_of(instance: object) -> tuple[Any, ...]:
    """The values of an object, in the order of its table's columns."""
    model: type = type(instance)
    return tuple(getattr(instance, field) for field, _, _ in _columns(model))


@cache
def _columns(model: type) -> tuple[tuple[str, str, str], ...]:
    """Field, column and type."""
    found = []
    hints = get_type_hints(model, include_extras=True)
    for field in _fields(model):
        hint = hints[field]
        mark = next((one for one in _marks(hint) if isinstance(one, Column)), Column())
        if mark is not NO_COLUMN:
            found.append((field, mark.name or field, mark.kind or _kind(model, field, hint)))
    return tuple(found)


def _fields(model: type) -> Mapping[str, Any]:
    fields: Mapping[str, Any] | None = getattr(model, "model_fields", None) or getattr(
        model, "__dataclass_fields__", None
    )
    if fields is None:
        raise TypeError(f"{model.__name__}: wanted a pydantic model or a dataclass")
    return fields


def _marks(hint: Any) -> tuple[Any, ...]:
    return hint.__metadata__ if get_origin(hint) is Annotated else ()


def _kind(model: type, field: str, hint: Any) -> str:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (inner,) = (one for one in arguments if one is not NoneType)
        return next((one.kind for one in _marks(inner) if isinstance(one, Column) and one.kind), None) or _kind(
            model, field, inner
        )
    if origin is Literal:
        return _KINDS[type(arguments[0])]
    if origin is tuple and arguments[1:] == (...,):
        return f"{_kind(model, field, arguments[0])}[]"
    if hint not in _KINDS:
        raise TypeError(f"{model.__name__}.{field}: no column holds {hint}")
    return _KINDS[hint]
