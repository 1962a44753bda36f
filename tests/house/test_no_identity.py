"""A citizen stands in every cell of a file, where each kind of mistake puts him: nothing but landed Parquet may hold him.

Header cells, renamed and extra columns, rows, keys and values of the control file, each alone and all at once; what is searched
is everything that a night leaves and says: errors, logs, alerts, manifests, ledgers, tables.
"""

import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from dbt.cli.main import dbtRunnerResult
from dvctt.core import engines
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import DvcttError, EngineError, TransformError
from dvctt.gate import judge
from dvctt.landing import zone
from dvctt.notify import alerts
from dvctt.pipeline.home import stage_context
from dvctt.province.folder import load_province
from dvctt.settings import Settings
from dvctt.warehouse import connections, definitions, foundation, transform

from tests.conftest import PROVINCE, settings_for

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
            no_header,
            one_header_cell,
            an_extra_column,
            two_extra_columns,
            a_header_that_never_ends,
            a_row_too_long,
            a_row_that_never_ends,
            a_row_with_a_bad_byte,
            a_personal_cell,
        )
    },
    "control: unknown key": control('{"PERSON": 1}'),
    "control: rows": control('{"rows": "PERSON"}'),
    "control: a number for rows": control('{"rows": 99000777}'),
    "control: a number for the amount": control('{"total_amount_vnd": 99000777000}'),
    "control: sha256": control('{"sha256": "PERSON"}'),
    "control: a list": control('["PERSON"]'),
    "control: no JSON": control('{"rows": 1} PERSON'),
    "control: an incomplete escape": control('{"rows": "\\PERSON"}'),
    "control: nested": control('{"rows": {"PERSON": {"PERSON": 1}}}'),
    "control: a key twice": control('{"PERSON": 1, "PERSON": 1}'),
}


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
    outputs, outcomes = [], set()
    for place in sorted({0, 1, len(columns) // 2, len(columns) - 1}):
        inbox, home = tmp_path / f"inbox{place}", tmp_path / f"home{place}"
        written(inbox, entity, *plant(columns, row, place))
        try:
            zone.land(VINH_PHUC, inbox, home / "landing")
            outcomes.add("landed")
        except DvcttError as error:
            outcomes.add("refused")
            alert = alerts.alert_for(error, stage="dvctt run", month="2022-10", run_id="x", log_url=None)
            outputs += [str(error), repr(error), str(alert)]
        outputs += [f"{name} {text}" for name, text in everything_outside_landed_parquet(home)]
    assert outcomes
    assert outputs
    assert [trace for text in (*outputs, caplog.text) for trace in found_in(text)] == []


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_lands_of_a_personal_column_is_nothing(tmp_path: Path, entity: str) -> None:
    columns, row = list(ENTITIES[entity].columns), row_of(entity)
    names = [*ENTITIES[entity].personal, "Ghi chú"]
    inbox = tmp_path / "inbox"
    written(inbox, entity, [*columns, *names], [[*row, *(person(n) for n, _ in enumerate(names))]], None)
    (extract,) = zone.land(VINH_PHUC, inbox, tmp_path / "landing")
    assert (extract.dropped_columns, extract.other_columns) == (ENTITIES[entity].personal, 1)
    landed = duckdb.sql(f"select * from '{extract.parquet(tmp_path / 'landing')}'").fetchall()
    assert len(landed) == 1
    assert found_in(str(landed)) == []
    foundation.lay_foundation(tmp_path / "candidate", VINH_PHUC, tmp_path / "landing", [extract])
    with connections.open_candidate(tmp_path / "candidate") as connection:
        assert found_in(str(connection.execute("select * from landing.extracts").fetchall())) == []
    manifest = json.loads((extract.folder(tmp_path / "landing") / f"{extract.extract_id}.json").read_text("utf-8"))
    assert found_in(json.dumps(manifest, ensure_ascii=False)) == []


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


SQL_THAT_QUOTES: dict[str, Callable[[str], str]] = {
    "a conversion": lambda person: f"select cast(v as integer) from (values ({quoted(person + ' x')})) as t(v)",
    "a date": lambda person: f"select strptime(v, '%Y%m%d') from (values ({quoted(person)})) as t(v)",
    "a doubled key": lambda person: (
        f"create table k (v varchar primary key); insert into k values ({quoted(person)}), ({quoted(person)})"
    ),
    "an error on purpose": lambda person: f"select error({quoted(person)})",
    "a column of that name": lambda person: f'select "{person}" from (values (1)) as t("{person} x")',
    "lines of its own": lambda person: f"select error({quoted('IO Error: ' + person)} || chr(10) || {quoted(person)})",
    "a full disk in a cell": lambda person: f"select cast({quoted(person + ' No space left on device')} as integer)",
}


def raised_by(action: Callable[[], object]) -> Exception:
    try:
        action()
    except Exception as error:  # noqa: BLE001
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("sql", SQL_THAT_QUOTES.values(), ids=SQL_THAT_QUOTES)
def test_an_engine_s_error_is_told_without_the_cell_that_it_quotes(sql: Callable[[str], str]) -> None:
    for person in PERSON:
        error = raised_by(lambda person=person: duckdb.connect().execute(sql(person)))
        assert found_in(str(error))
        assert found_in(engines.describe_error(error)) == []
        assert re.match(r"[A-Z]\w+ .*at test_no_identity\.py:\d+ <lambda>$", engines.describe_error(error))


@pytest.mark.parametrize("person", PERSON)
def test_a_library_s_error_is_told_without_the_cell_that_it_quotes(tmp_path: Path, person: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"a,b\n1,{person}\n{person},2,3\n", encoding="utf-8")
    errors = [
        raised_by(lambda: int(person + "x")),
        raised_by(lambda: {}[person]),
        raised_by(lambda: json.loads(f'{{"{person}": 1}} {person}')),
        raised_by(lambda: pd.Series([person + "x"]).astype(int)),
        raised_by(lambda: duckdb.sql(f"from read_csv('{path}', columns={{'a': 'INT', 'b': 'INT'}})").fetchall()),
    ]
    assert [trace for error in errors for trace in found_in(engines.describe_error(error))] == []
    assert engines.describe_error(errors[1]).startswith("KeyError at test_no_identity.py:")
    as_gx_keeps_it = ["".join(traceback.format_exception(error)) for error in errors]
    assert [trace for text in as_gx_keeps_it for trace in found_in(engines.describe_traceback(text))] == []
    assert engines.describe_traceback(as_gx_keeps_it[0]) == "ValueError"


def test_what_speaks_of_files_and_relations_alone_is_told_in_full(tmp_path: Path) -> None:
    outputs = engines.describe_error(raised_by(lambda: duckdb.sql("from no_such_table")))
    assert outputs.startswith("CatalogException (Catalog Error: Table with name no_such_table does not exist!) at ")
    outputs = engines.describe_error(raised_by(lambda: duckdb.connect(str(tmp_path / "none.duckdb"), read_only=True)))
    assert f'(IO Error: Cannot open database "{tmp_path}/none.duckdb"' in outputs


def dbt_that_fails(person: str, *, with_results: bool) -> Callable[..., Any]:
    """A dbt whose data stopped it, as dbt 1.11 writes it down."""
    words = f"Conversion Error: Could not convert string '{person}' to INT32\n\nLINE 3: {person}\nIO Error: {person}"

    def invoke(_: Any, verb: str, target: Path, *arguments: str) -> dbtRunnerResult:
        if verb == "parse":
            return dbtRunnerResult(success=True)
        if not with_results:
            return dbtRunnerResult(
                success=False, exception=RuntimeError(f"Database Error in model a (models/a.sql)\n  {words}\n")
            )
        results = [
            {
                "unique_id": "model.dvctt.stg_filings",
                "status": "error",
                "message": f"Runtime Error in model stg_filings (models/staging/stg_filings.sql)\n  {words}",
            },
            {"unique_id": "test.dvctt.t", "status": "fail", "failures": 2, "message": f"Got 2 results: {person}"},
            {"unique_id": "model.dvctt.fine", "status": "success", "message": person},
        ]
        (target / "run_results.json").write_text(json.dumps({"results": results}, ensure_ascii=False), encoding="utf-8")
        return dbtRunnerResult(success=False)

    return invoke


@pytest.mark.parametrize("person", PERSON)
def test_what_stopped_dbt_is_told_without_the_cell_that_stopped_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    outputs = {}
    for with_results in (True, False):
        candidate = tmp_path / f"candidate {with_results}"
        candidate.mkdir()
        monkeypatch.setattr(transform, "_invoke", dbt_that_fails(person, with_results=with_results))
        with pytest.raises(TransformError) as caught:
            transform.build_layers((transform.Layer.FACTS,), candidate)
        outputs[with_results] = str(caught.value)
        kept = Path(outputs[with_results].rpartition(": ")[2])
        assert found_in(kept.read_text("utf-8")), "the way to dbt's own words is told"
        assert kept.stat().st_mode & 0o777 == 0o600
        assert transform.target_folder(candidate).stat().st_mode & 0o777 == 0o700
    assert [trace for text in outputs.values() for trace in found_in(text)] == []
    assert (
        "- model.dvctt.stg_filings: error: Runtime Error in model stg_filings (models/staging/stg_filings.sql): "
        "Conversion Error\n- test.dvctt.t: fail, 2 failing rows\n"
    ) in outputs[True]
    assert "- Database Error in model a (models/a.sql)\n" in outputs[False]


@pytest.mark.parametrize("person", PERSON)
def test_dbt_says_nothing_of_the_cell_that_stops_a_model(
    tiny_copy: Settings, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, person: str
) -> None:
    """The real dbt, with a cell that no cast takes: what it says goes to no screen and to no log."""
    caplog.set_level(logging.DEBUG)
    with connections.open_candidate(tiny_copy.candidate, read_only=False) as connection:
        connection.execute("alter table int_filings_disposed rename to kept")
        connection.execute(
            "create view int_filings_disposed as "
            f"select * replace (cast({quoted(person)} as timestamp) as received_at) from kept"
        )
    with pytest.raises(TransformError) as caught:
        transform.run_dbt("build", tiny_copy.candidate, "--select", "fct_filings", what="fct_filings")
    assert "- model.dvctt.fct_filings: error" in str(caught.value)
    said = capfd.readouterr()
    assert found_in(str(caught.value) + said.out + said.err + caplog.text) == []
    kept = Path(str(caught.value).rpartition(": ")[2])
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("sql", SQL_THAT_QUOTES.values(), ids=SQL_THAT_QUOTES)
def test_a_stage_that_an_engine_stops_says_so_without_the_cell_and_keeps_the_words_for_the_owner(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sql: Callable[[str], str]
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    for person in PERSON:
        with pytest.raises(EngineError) as caught, stage_context(settings, "build_marts"):
            duckdb.connect().execute(sql(person))
        kept = settings.candidate / "error.txt"
        assert kept.stat().st_mode & 0o777 == 0o600
        assert found_in(kept.read_text("utf-8"))
        kept.unlink()
        alert = alerts.alert_for(caught.value, stage="build_marts", month="2022-10", run_id="x", log_url=None)
        as_airflow_prints_it = "".join(traceback.format_exception(caught.value))
        outputs = [str(caught.value), repr(caught.value), str(alert), as_airflow_prints_it, caplog.text]
        outputs += [f"{name} {text}" for name, text in everything_outside_landed_parquet(settings.home)]
        assert [trace for text in outputs for trace in found_in(text)] == []
        assert f"on this machine alone, because its own words may quote a record: {kept}" in str(caught.value)


@pytest.mark.parametrize("person", PERSON)
def test_sql_that_a_publication_carries_and_a_table_of_the_gate_tell_no_cell(tmp_path: Path, person: str) -> None:
    select = SQL_THAT_QUOTES["a conversion"](person)
    node = definitions.Node("mart_x", "model", "marts", select, "table", ())
    with connections.open_candidate(tmp_path, read_only=False) as connection:
        with pytest.raises(TransformError, match=r"^model mart_x: its SQL fails: ConversionException") as caught:
            definitions.replay(connection, [node])
        connection.execute(f"create view aud_x as {select}")
    suite = next(s for s in judge.load_suites() if s.name != judge.CANARY).model_copy(update={"table": "aud_x"})
    frames = judge._read_frames(tmp_path, [suite])
    outputs = ["".join(traceback.format_exception(caught.value)), str(frames["aud_x"])]
    assert "table aud_x cannot be read: ConversionException" in outputs[1]
    assert [trace for text in outputs for trace in found_in(text)] == []
