"""Two tables held against each other in DuckDB: which columns both have, and whether those hold the same rows.

Rows are a multiset: how often a row stands counts, where it stands is said and is no difference. Nothing here knows of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
from dvctt.core.sql import identifier

EXAMPLES = 2
"""Rows of each side that are shown of a difference."""
WIDTH = 200
"""Characters of a row that are shown."""
_MORE = identifier("more often")
"""How much more often the first side has a row; no published column is called so."""


@dataclass(frozen=True)
class Difference:
    """What two tables differ in; all empty where they hold the same.

    Attributes:
        gone, new: columns that only the first, and only the second has.
        retyped: columns of another type, with both types; their values are compared as text.
        lost, gained: rows, by the columns that both have, that the first has more often, and the second.
        columns: the columns to which the difference of rows can be laid: without them the rows are the same. Empty where no
            columns explain it, as where a row came or went.
        examples: some of the rows, ``-`` of the first and ``+`` of the second.
        is_moved: the same rows, or the same columns, stand in another order.
    """

    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    lost: int = 0
    gained: int = 0
    columns: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    is_moved: bool = False

    @property
    def is_other(self) -> bool:
        """Whether something that the first says is not said by the second; what only the second has is no loss."""
        return bool(self.gone or self.retyped or self.lost or self.gained)


def compare_tables(connection: duckdb.DuckDBPyConnection, before: str, after: str) -> Difference:
    """Hold two tables against each other.

    Args:
        before, after: what may stand after ``from``.
    """
    types, other_types = _columns(connection, before), _columns(connection, after)
    shared = [name for name in types if name in other_types]
    retyped = [name for name in shared if types[name] != other_types[name]]
    found = Difference(
        gone=tuple(name for name in types if name not in other_types),
        new=tuple(name for name in other_types if name not in types),
        retyped=tuple(f"{name}: {types[name]} → {other_types[name]}" for name in retyped),
    )
    pair = _Pair(connection, before, after, frozenset(retyped))
    if not shared:
        return found
    lost, gained = pair.count(shared)
    if not lost and not gained:
        in_order = shared == [name for name in other_types if name in types]
        return replace(found, is_moved=not in_order or pair.has_moved(shared))
    differing = _columns_that_differ(pair, shared) if lost == gained else ()
    # What is cut off at the end of a line is what both have.
    in_turn = [*differing, *(name for name in shared if name not in differing)]
    return replace(found, lost=lost, gained=gained, columns=differing, examples=pair.examples(in_turn))


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"describe select * from {table}").fetchall()}


def _columns_that_differ(pair: "_Pair", shared: Sequence[str]) -> tuple[str, ...]:
    """The columns whose own values differ, if the rest agrees; else the one column without which it does."""
    own = [name for name in shared if not pair.agrees([name])]
    rest = [name for name in shared if name not in own]
    if own:
        return tuple(own) if rest and pair.agrees(rest) else ()
    # Each column holds the same values, but not in the same rows.
    return next(((name,) for name in shared if pair.agrees([one for one in shared if one != name])), ())


@dataclass(frozen=True)
class _Pair:
    connection: duckdb.DuckDBPyConnection
    before: str
    after: str
    as_text: frozenset[str]

    def _selected(self, columns: Sequence[str]) -> str:
        return ", ".join(
            f"cast({identifier(name)} as varchar) as {identifier(name)}" if name in self.as_text else identifier(name)
            for name in columns
        )

    def _balance(self, columns: Sequence[str]) -> str:
        """SQL: each row of these columns that one side has more often, and how much more often the first has it."""
        selected = self._selected(columns)
        return (
            f"select {', '.join(map(identifier, columns))}, sum({_MORE}) as {_MORE} from ("
            f"select {selected}, 1 as {_MORE} from {self.before} union all "
            f"select {selected}, -1 as {_MORE} from {self.after}) "
            f"group by {', '.join(map(identifier, columns))} having sum({_MORE}) <> 0"
        )

    def count(self, columns: Sequence[str]) -> tuple[int, int]:
        """Rows, by these columns, that the first has more often, and that the second has."""
        row = self.connection.execute(
            f"select coalesce(sum({_MORE}) filter ({_MORE} > 0), 0), coalesce(-sum({_MORE}) filter ({_MORE} < 0), 0) "
            f"from ({self._balance(columns)})"
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def agrees(self, columns: Sequence[str]) -> bool:
        return self.count(columns) == (0, 0)

    def has_moved(self, columns: Sequence[str]) -> bool:
        selected = self._selected(columns)
        row, other = (f"row({', '.join(f'{side}.{identifier(name)}' for name in columns)})" for side in ("a", "b"))
        found = self.connection.execute(
            f"select 1 from (select {selected} from {self.before}) as a "
            f"positional join (select {selected} from {self.after}) as b where {row} is distinct from {other} limit 1"
        )
        return found.fetchone() is not None

    def examples(self, columns: Sequence[str]) -> tuple[str, ...]:
        shown = []
        for sign, side in (("-", "> 0"), ("+", "< 0")):
            query = f"select * from ({self._balance(columns)}) where {_MORE} {side} order by all limit {EXAMPLES}"
            for *row, _ in self.connection.execute(query).fetchall():
                words = ", ".join(
                    f"{name}={value}" for name, value in zip(columns, row, strict=True) if value is not None
                )
                shown.append(f"{sign} {words}"[:WIDTH])
        return tuple(shown)
