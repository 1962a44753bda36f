"""Parquet, as DuckDB reads it: columns of text, numbers, days and moments become the text of the contract.

What may live here: which types have such a text. Nested columns have none, and neither has a moment with a zone: which day
it is depends on where one stands.
"""

import re
from collections import Counter
from collections.abc import Sequence

import duckdb

from dvctt.core.errors import ExtractError
from dvctt.core.files import no_room, open_regular
from dvctt.core.sql import file_literal, identifier, literal, read_literal, readable
from dvctt.extract._forms import CONTRACT_NAMES, PARQUET, Incoming, Text
from dvctt.extract._forms.cells import EXACT

_AS_IT_IS = re.compile(r"VARCHAR|U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DATE|ENUM\(.*")
_DECIMAL = re.compile(r"DECIMAL\(\d+,\d+\)")
_MOMENT = re.compile(r"TIMESTAMP(?:_S|_MS|_NS)?")
_EXACT = {"FLOAT": 2**24, "DOUBLE": EXACT}
"""From here on a whole number in a column of this type may be another than was meant."""
_TAIL = 8


def as_text(incoming: Incoming) -> Text:
    """Write the table as text. What the columns of the contract hold must have a text; the others are passed over.

    Raises:
        ExtractError: no Parquet, cut, or a column of a type that has no text.
    """
    if other := incoming.other_form(PARQUET):
        raise other
    with open_regular(incoming.path) as file:
        size = file.seek(0, 2)
        file.seek(max(size - _TAIL, 0))
        if not file.read().endswith(b"PAR1") or size <= 2 * _TAIL:
            raise _not_whole(incoming)
    try:
        return _written(incoming)
    except duckdb.Error as error:
        if no_room(error) is not None or isinstance(error, duckdb.OutOfMemoryException):
            raise
        raise _not_whole(incoming) from None


def _not_whole(incoming: Incoming) -> ExtractError:
    return ExtractError(
        f"{incoming.shown}: no Parquet file, or not whole: it is still being written, was cut or is damaged; ask the source to "
        f"send the file again"
    )


def _written(incoming: Incoming) -> Text:
    connection, path = incoming.connection, incoming.scratch / "table.csv"
    source = f"read_parquet({read_literal(incoming.path)}, hive_partitioning = false)"
    described = connection.execute(f"describe select * from {source}").fetchall()
    _refuse_names_twice(incoming)
    columns = _columns(incoming, [(str(name), str(kind)) for name, kind, *_ in described])
    connection.execute(
        f"copy (select {', '.join(columns)} from {source}) to {file_literal(path)} "
        f"(format csv, header, delimiter ',', quote '\"', escape '\"', force_quote *, compression none)"
    )
    counted = connection.execute(
        "select coalesce(sum(num_rows), 0) from parquet_file_metadata(?)", [readable(incoming.path)]
    ).fetchone()
    return Text(
        path,
        header_at=": its columns",
        header_noun="its schema",
        of_lines=False,
        rows=int(counted[0]) if counted else None,
    )


def _refuse_names_twice(incoming: Incoming) -> None:
    """DuckDB gives the second of two columns of one name another one, and would read the first in silence."""
    names = incoming.connection.execute("select name from parquet_schema(?)", [readable(incoming.path)]).fetchall()
    counts = Counter(name.casefold() for name in incoming.renamed(name for (name,) in names))
    if twice := [name for name in sorted(CONTRACT_NAMES) if counts[name.casefold()] > 1]:
        raise ExtractError(
            f"{incoming.shown}: its columns: column {', '.join(twice)} stands more than once, in whatever case; wanted "
            f"each once"
        )


def _columns(incoming: Incoming, described: Sequence[tuple[str, str]]) -> list[str]:
    found = []
    for name, kind in described:
        (renamed,) = incoming.renamed([name])
        if renamed not in incoming.entity.columns:
            found.append(f"null as {identifier(name)}")  # it is left behind in any case
            continue
        text = _text_of(identifier(name), kind)
        if text is None:
            kinds = (
                "a moment with a zone"
                if "TIME ZONE" in kind
                else "a nested or binary value, or another type without text"
            )
            raise ExtractError(
                f"{incoming.shown}: {renamed}: {kinds}; wanted text, whole numbers, days, or moments of local time without "
                f"a zone"
            )
        found.append(f"{text} as {identifier(name)}")
    return found


def _text_of(column: str, kind: str) -> str | None:
    """SQL that makes text of a column of this type; None where there is no text.

    A number with a fraction is told as it is, and is no amount; a float with more digits than its type keeps is written with an
    exponent, so that it is no key either.
    """
    if kind == "BOOLEAN":
        return f"case when {column} then 'true' when not {column} then 'false' end"
    if _AS_IT_IS.fullmatch(kind):
        return f"cast({column} as varchar)"
    if _DECIMAL.fullmatch(kind):
        return f"regexp_replace(cast({column} as varchar), {literal(r'[.]0+$')}, '')"
    if exact := _EXACT.get(kind):
        return (
            f"case when abs({column}) < {exact} and {column} = trunc({column}) then cast(cast({column} as bigint) as varchar) "
            f"when abs({column}) >= {exact} or not isfinite({column}) then format('{{:.14E}}', cast({column} as double)) "
            f"else cast({column} as varchar) end"
        )
    if _MOMENT.fullmatch(kind):
        return (
            f"case when cast({column} as timestamp) = date_trunc('day', cast({column} as timestamp)) "
            f"then strftime(cast({column} as timestamp), '%Y-%m-%d') else cast(cast({column} as timestamp) as varchar) end"
        )
    return None
