"""A citizen stands in every cell of a file, where each kind of mistake puts him: nothing but landed Parquet may hold him.

Header cells, renamed and extra columns, rows, keys and values of the control file, each alone and all at once; what is searched
is everything that a night leaves and says: errors, logs, alerts, manifests, ledgers, tables.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from dvctt import landing, notify, warehouse
from dvctt.config import load_province
from dvctt.contract import ENTITIES
from dvctt.errors import DvcttError

from tests.conftest import PROVINCE

VINH_PHUC = load_province(PROVINCE)
PERSON = ("Nguyễn Thị Mẫu", "000099000777", "0000.000.888", "mau.thi@example.invalid", "Thôn Mẫu, xã Không Có")
TRACES = [*PERSON, "000099000777"[3:], "MẪU", "99000777", "Không Có", "example.invalid"]

Plant = Callable[[list[str], list[str], int], tuple[list[str], list[list[str]], str | None]]
"""From columns, a row and a place: a header, rows, and the text of a control file."""


def person(place: int) -> str:
    return PERSON[place % len(PERSON)]


def no_header(columns: list[str], row: list[str], place: int) -> tuple[list[str], list[list[str]], str | None]:
    return [person(n) for n, _ in enumerate(columns)], [row], None


def one_header_cell(columns: list[str], row: list[str], place: int) -> tuple[list[str], list[list[str]], str | None]:
    return [person(place) if n == place else c for n, c in enumerate(columns)], [row], None


def an_extra_column(columns: list[str], row: list[str], place: int) -> tuple[list[str], list[list[str]], str | None]:
    return [*columns, person(place)], [[*row, "x"]], None


def two_extra_columns(columns: list[str], row: list[str], place: int) -> tuple[list[str], list[list[str]], str | None]:
    return [*columns, person(place), person(place).upper()], [[*row, "x", "y"]], None


def a_header_that_never_ends(
    columns: list[str], row: list[str], place: int
) -> tuple[list[str], list[list[str]], str | None]:
    return [*columns[:place], f'"{person(place)}', *columns[place + 1 :]], [row], "raw"


def a_row_too_long(columns: list[str], row: list[str], place: int) -> tuple[list[str], list[list[str]], str | None]:
    return columns, [row, [*row, person(place)]], None


def a_row_that_never_ends(
    columns: list[str], row: list[str], place: int
) -> tuple[list[str], list[list[str]], str | None]:
    return columns, [[*row[:place], f'"{person(place)}', *row[place + 1 :]]], "raw"


def a_row_with_a_bad_byte(
    columns: list[str], row: list[str], place: int
) -> tuple[list[str], list[list[str]], str | None]:
    return columns, [[*row[:place], f"{person(place)}\udcff", *row[place + 1 :]]], None


def a_personal_cell(columns: list[str], row: list[str], place: int) -> tuple[list[str], list[list[str]], str | None]:
    return [*columns, person(place)], [[*row, person(place)]], None


def control(text: str) -> Plant:
    def plant(columns: list[str], row: list[str], place: int) -> tuple[list[str], list[list[str]], str | None]:
        return columns, [row], text.replace("PERSON", person(place))

    return plant


PLANTS: dict[str, Plant] = {
    **{
        made.__name__: made
        for made in (
            no_header, one_header_cell, an_extra_column, two_extra_columns, a_header_that_never_ends, a_row_too_long,
            a_row_that_never_ends, a_row_with_a_bad_byte, a_personal_cell,
        )
    },
    "control: unknown key": control('{"PERSON": 1}'),
    "control: rows": control('{"rows": "PERSON"}'),
    "control: a number for rows": control('{"rows": 99000777}'),
    "control: a number for the amount": control('{"total_amount_vnd": 99000777000}'),
    "control: sha256": control('{"sha256": "PERSON"}'),
    "control: a list": control('["PERSON"]'),
    "control: no JSON": control('{"rows": 1} PERSON'),
    "control: a torn escape": control('{"rows": "\\PERSON"}'),
    "control: nested": control('{"rows": {"PERSON": {"PERSON": 1}}}'),
    "control: a key twice": control('{"PERSON": 1, "PERSON": 1}'),
}  # fmt: skip


def written(inbox: Path, entity: str, header: list[str], rows: list[list[str]], beside: str | None) -> None:
    folder = inbox / "one_stop" / entity
    folder.mkdir(parents=True)
    raw = beside == "raw"

    def line(cells: list[str]) -> str:
        return ",".join(c if raw or not re.search(r'[",\n]', c) else '"' + c.replace('"', '""') + '"' for c in cells)

    text = "\n".join(line(cells) for cells in (header, *rows)) + "\n"
    (folder / "2022-10.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    if beside and not raw:
        (folder / "2022-10.control.json").write_text(beside, encoding="utf-8")


def row_of(entity: str) -> list[str]:
    """A row without a person: what lands of it is not looked at here."""
    return ["1" if column.startswith("Ma") else "" for column in ENTITIES[entity].columns]


def found_in(text: str) -> list[str]:
    return [trace for trace in TRACES if trace.casefold() in text.casefold()]


def everything_outside_landed_parquet(home: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.suffix != ".parquet":
            yield str(path), path.read_bytes().decode("utf-8", "replace")


def test_the_search_finds_what_is_there() -> None:
    assert found_in("… nguyễn thị MẪU …") == ["Nguyễn Thị Mẫu", "MẪU"]
    assert found_in("wanted 99000777") == ["99000777"]
    assert not found_in("found 1, wanted 2")


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_no_message_and_no_file_outside_landing_holds_what_a_cell_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, entity: str, plant: Plant
) -> None:
    caplog.set_level(logging.DEBUG)
    columns, row = list(ENTITIES[entity].columns), row_of(entity)
    said, outcomes = [], set()
    for place in sorted({0, 1, len(columns) // 2, len(columns) - 1}):
        inbox, home = tmp_path / f"inbox{place}", tmp_path / f"home{place}"
        written(inbox, entity, *plant(columns, row, place))
        try:
            landing.land(VINH_PHUC, inbox, home / "landing")
            outcomes.add("landed")
        except DvcttError as error:
            outcomes.add("refused")
            alert = notify.alert_for(error, stage="dvctt run", month="2022-10", run_id="x", log_url=None)
            said += [str(error), repr(error), str(alert)]
        said += [f"{name} {text}" for name, text in everything_outside_landed_parquet(home)]
    assert outcomes
    assert said
    assert [trace for text in (*said, caplog.text) for trace in found_in(text)] == []


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_lands_of_a_personal_column_is_nothing(tmp_path: Path, entity: str) -> None:
    columns, row = list(ENTITIES[entity].columns), row_of(entity)
    names = [*ENTITIES[entity].personal, "Ghi chú"]
    inbox = tmp_path / "inbox"
    written(inbox, entity, [*columns, *names], [[*row, *(person(n) for n, _ in enumerate(names))]], None)
    (extract,) = landing.land(VINH_PHUC, inbox, tmp_path / "landing")
    assert (extract.dropped_columns, extract.other_columns) == (ENTITIES[entity].personal, 1)
    landed = duckdb.sql(f"select * from '{extract.parquet(tmp_path / 'landing')}'").fetchall()
    assert len(landed) == 1
    assert found_in(str(landed)) == []
    warehouse.lay_foundation(tmp_path / "candidate", VINH_PHUC, tmp_path / "landing", [extract])
    with warehouse.open_candidate(tmp_path / "candidate") as connection:
        assert found_in(str(connection.execute("select * from landing.extracts").fetchall())) == []
    manifest = json.loads((extract.folder(tmp_path / "landing") / f"{extract.extract_id}.json").read_text("utf-8"))
    assert found_in(json.dumps(manifest, ensure_ascii=False)) == []
