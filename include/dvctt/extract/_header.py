"""The header of a file that has become text: its columns, held against the contract.

What may live here: the one line that names columns. What may not: a row. Words name columns of the contract and places, and
nothing else: a file without its header line has a citizen there.
"""

import csv
import io
import unicodedata

from dvctt.core.errors import ExtractError
from dvctt.core.files import open_regular
from dvctt.extract._forms import CONTRACT_NAMES, Incoming, Text, clean_name, separator_in_words
from dvctt.extract._survey import Survey

_HEADER_BYTES = 1 << 20


def read_header(shown: str, text: Text, seen: Survey) -> list[str]:
    if seen.bytes == 0:
        raise ExtractError(f"{shown}: empty file (0 bytes); wanted a header line and rows", "empty_file")
    with open_regular(text.path) as file:
        start = file.read(_HEADER_BYTES)
    head = io.StringIO(start.decode("utf-8-sig", errors="ignore"), newline="")  # a letter may be cut at the end
    if not head.getvalue():
        raise ExtractError(
            f"{shown}: empty file (a byte order mark and nothing else); wanted a header line and rows", "empty_file"
        )
    for _ in range(text.skipped):
        head.readline()
    reader = csv.reader(head, strict=True, delimiter=text.delimiter)
    where = f"{shown}{text.header_at}"
    try:
        header = next(reader, [])
        cut = reader.line_num > 0 and head.tell() == len(head.getvalue()) and seen.bytes > len(start)
    except csv.Error as error:
        raise ExtractError(
            f"{where}: the header is no CSV: a quote that never closes, or text behind a closing quote", "wrong_columns"
        ) from error
    if cut:
        raise ExtractError(
            f"{where}: the header is longer than {_HEADER_BYTES} bytes; wanted the contract's columns", "wrong_columns"
        )
    if not any(column.strip() for column in header):
        raise ExtractError(
            f"{where}: the first line is empty; wanted the header with the contract's columns", "wrong_columns"
        )
    return [clean_name(column) for column in header]


def check_columns(incoming: Incoming, text: Text, renamed: list[str]) -> None:
    """Hold the header against the contract, in words that name columns of the contract and places, and nothing else."""
    where, entity, separator = f"{incoming.shown}{text.header_at}", incoming.entity, separator_in_words(text.delimiter)
    known = sum(column in CONTRACT_NAMES for column in renamed)
    if not known:
        hint = (
            f"is the header line missing, or the separator no {separator}?" if text.of_lines else "is it another table?"
        )
        raise ExtractError(
            f"{where}: missing mandatory column {', '.join(entity.columns)}: none of the {len(renamed)} fields of "
            f"{text.header_noun} is a column name of the contract; {hint}",
            "wrong_columns",
        )
    if unnamed := [place for place, column in enumerate(renamed, start=1) if not column]:
        is_last = text.of_lines and unnamed == [len(renamed)]
        last = f" (a {separator} at the header's end: the columns before it are {len(renamed) - 1})" if is_last else ""
        behind = f", and no {separator} behind the last" if text.of_lines else ""
        raise ExtractError(
            f"{where}: column {_places(unnamed)} of {len(renamed)} has no name{last}; wanted a name for every column{behind}",
            "wrong_columns",
        )
    twice = _names_twice(renamed)
    if twice:
        raise ExtractError(f"{where}: {'; '.join(twice)}; wanted each once", "wrong_columns")
    missing = [column for column in entity.columns if column not in renamed and column not in incoming.feed.absent]
    if missing:
        folded = {_folded(column): place for place, column in enumerate(renamed, start=1)}
        spelled = [f"{name} (column {folded[_folded(name)]})" for name in missing if _folded(name) in folded]
        raise ExtractError(
            f"{where}: missing mandatory column {', '.join(missing)}; found {known} columns of the contract among "
            f"{len(renamed)}; wanted all of {', '.join(entity.columns)}"
            f"{'; in other letters stand ' + ', '.join(spelled) if spelled else ''} "
            f"(a source that cannot give one says so in sources.yml, keys rename and absent)",
            "wrong_columns",
        )


def _names_twice(renamed: list[str]) -> list[str]:
    """Columns that are one, or one but for case, by place; named where the name is one of the contract."""
    places: dict[str, list[int]] = {}
    for place, column in enumerate(renamed, start=1):
        places.setdefault(_folded(column), []).append(place)
    contract = {_folded(name): name for name in sorted(CONTRACT_NAMES)}
    lines = []
    for folded, where in places.items():
        if len(where) > 1:
            name = contract.get(folded, "(a name that is not of the contract)")
            alike = len({renamed[place - 1] for place in where}) == 1
            lines.append(
                f"column {name} stands more than once in the header, at {_places(where)}"
                if alike
                else f"columns {_places(where)} of the header have one name but for case: {name}"
            )
    return lines


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _places(places: list[int]) -> str:
    shown = ", ".join(map(str, places[:5]))
    return shown if len(places) <= 5 else f"{shown} and {len(places) - 5} more"
