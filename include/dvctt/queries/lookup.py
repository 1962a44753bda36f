"""Which row of which mart a figure's id means, and what stands there."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import duckdb

from dvctt.core.errors import FigureError
from dvctt.core.figure_ids import figure_id, key_text, parse
from dvctt.core.sql import identifier
from dvctt.publications.reading import Publication
from dvctt.queries.reader import columns_by_table, condition_of, read_row
from dvctt.warehouse.connections import open_published
from dvctt.warehouse.definitions import Node, read_definitions

_SHOWN = 20
"""How many of the values that there are an error names."""


@dataclass(frozen=True)
class Figure:
    """One figure in one publication. ``row`` is the whole row of the mart, ``key`` its primary key, ``type`` DuckDB's."""

    figure_id: str
    mart: str
    key: Mapping[str, Any]
    column: str
    type: str
    value: Any
    row: Mapping[str, Any]


def find_figure(publication: Publication, text: str, nodes: Sequence[Node] | None = None) -> Figure:
    """The figure with this id in one publication.

    Args:
        nodes: the publication's definitions, if they have been read already.

    Raises:
        FigureError: no such table, column or key; the message says what there is, the nearest first.
    """
    nodes = read_definitions(publication.folder) if nodes is None else nodes
    with open_published(publication.marts) as connection:
        return Lookup(publication.number, nodes, connection).find(text)


class Lookup:
    """Finds figures in one publication by their ids."""

    def __init__(self, number: int, nodes: Sequence[Node], connection: duckdb.DuckDBPyConnection) -> None:
        self._where = f"publication {number}"
        self._keys = {node.name: node.primary_key for node in nodes if node.published and node.primary_key}
        self._connection = connection
        self._columns = columns_by_table(connection)

    def find(self, text: str) -> Figure:
        """The figure with this id.

        Raises:
            FigureError: no such table, column or key; the message says what there is, the nearest first.
        """
        mart, texts, column = parse(text)
        if mart not in self._keys:
            raise FigureError(f"{text}: {self._where} has no table {mart!r}; {_instead(mart, self._keys)}")
        names, types = self._keys[mart], self._columns[mart]
        if column not in types:
            raise FigureError(f"{text}: {self._where}: {mart} has no column {column!r}; {_instead(column, types)}")
        if len(texts) > len(names) or not self._is_null_somewhere(mart, names[len(texts) :]):
            raise FigureError(
                f"{text}: {self._where}: found {len(texts)} key values, wanted {len(names)}: "
                f"{mart}/{'/'.join(f'<{name}>' for name in names)}/{column}"
            )
        key: dict[str, Any] = {}
        for name, wanted in zip_longest(names, texts):
            key[name] = self._key_value(mart, key, name, wanted, text)
        row = read_row(self._connection, mart, key)
        if row is None:
            raise FigureError(f"{text}: {self._where}: {mart} has no row {key}")
        return Figure(figure_id(mart, key.values(), column), mart, key, column, types[column], row[column], row)

    def _is_null_somewhere(self, mart: str, rest: Sequence[str]) -> bool:
        """Whether a row has NULL in all these columns, so that its ids end before them."""
        condition, parameters = condition_of(dict.fromkeys(rest))
        found = f"select 1 from {identifier(mart)} where {condition} limit 1"
        return not rest or bool(self._connection.execute(found, parameters).fetchall())

    def _key_value(self, mart: str, before: Mapping[str, Any], name: str, wanted: str | None, text: str) -> Any:
        """The value of one key column that an id's text stands for, among the rows that the columns before it leave."""
        condition, parameters = condition_of(before)
        found = [
            value
            for (value,) in self._connection.execute(
                f"select distinct {identifier(name)} from {identifier(mart)} where {condition} order by all", parameters
            ).fetchall()
        ]
        for value in found:
            if value is None or wanted is None:
                if value is wanted:
                    return value
            elif wanted in (key_text(value), str(value)):  # the first of a month may be written out, too
                return value
        there = ["-" if value is None else key_text(value) for value in found]
        known = "".join(f", {column} {'-' if value is None else key_text(value)}" for column, value in before.items())
        raise FigureError(
            f"{text}: {self._where}: {mart}{known}: no {name} {'-' if wanted is None else wanted!r}; "
            f"{_instead(wanted or '-', there)}"
        )


def _instead(wanted: str, there: Iterable[str]) -> str:
    """What there is in place of a name that is not there, the nearest first."""
    names = list(dict.fromkeys(there))
    near = difflib.get_close_matches(wanted, names, n=3)
    shown = names[:_SHOWN] + ([f"… {len(names) - _SHOWN} more"] if len(names) > _SHOWN else [])
    return (f"did you mean {', '.join(near)}? " if near else "") + f"there are: {', '.join(shown) or 'none'}"
