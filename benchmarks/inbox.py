"""The inbox of a measurement: the sample's records, as many and over as many months as asked.

DuckDB makes them from the sample's files, in seconds a million rows: ids made new, days moved. Nothing is drawn: the same
sample and the same question give the same bytes. Agencies' own reports are counted from the rows, so that the gate finds
what it finds in the sample.
"""

import csv
import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

DATED = {
    "filings": ("MaHoSo", ("NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra")),
    "payment_requests": ("MaYeuCau", ("NgayYeuCau", "NgayThuPhi", "NgayHoanPhi")),
    "payment_attempts": ("MaThamChieu", ("ThoiGianGD",)),
}
"""Entities whose rows are multiplied: their key, and the columns that hold days."""
KEYS = ("MaHoSo", "MaYeuCau", "MaThamChieu", "MaGiaoDich")
AMOUNT = {"payment_requests": "SoTien", "payment_attempts": "SoTien"}
_SHARES = 1_000_000

MACROS = (
    "create macro moment(cell) as coalesce(try_strptime(cell, '%Y%m%d%H%M%S'), try_strptime(cell, '%Y-%m-%d %H:%M:%S'), "
    "try_strptime(cell, '%Y-%m-%dT%H:%M:%S.%g'), try_strptime(cell, '%d/%m/%Y %H:%M:%S'), "
    "try_strptime(cell, '%d/%m/%Y %H:%M'))",
    # In the form that the cell has: the engine wants each form as a constant.
    "create macro moved(cell, days) as case when days = 0 or cell is null then cell "
    "when cell like '____-__-__T%' then strftime(moment(cell) + to_days(days), '%Y-%m-%dT%H:%M:%S.%g') "
    "when cell like '____-__-__ %' then strftime(moment(cell) + to_days(days), '%Y-%m-%d %H:%M:%S') "
    "when cell like '__/__/____ __:__:__' then strftime(moment(cell) + to_days(days), '%d/%m/%Y %H:%M:%S') "
    "when cell like '__/__/____ %' then strftime(moment(cell) + to_days(days), '%d/%m/%Y %H:%M') "
    "else strftime(moment(cell) + to_days(days), '%Y%m%d%H%M%S') end",
    f"create macro share_of(key) as cast(md5_number_lower(key) % {_SHARES} as integer)",
)


@dataclass(frozen=True)
class Made:
    """What lies in an inbox: rows of filings, payments and attempts; months; files and bytes of data of all entities."""

    rows: int
    months: int
    files: int
    bytes: int


def make_inbox(sample: Path, out: Path, rows: int | None, months: int | None, earliest: str) -> Made:
    """Write the inbox into ``out``, with one folder a source as the sample has.

    Args:
        sample: what ``dvctt sample`` wrote.
        rows: how many filings, requests and attempts together, nearly: whole filings come with their payments. None takes
            the sample's own.
        months: over how many; None leaves every day as it is. They end with the sample's last month if that leaves none
            before ``earliest``, and begin with that otherwise.
        earliest: the first month, ``YYYY-MM``, that a file may be of.
    """
    (source,) = (path for path in sample.iterdir() if path.is_dir())
    target = out / source.name
    if rows is None and months is None:
        shutil.copytree(source, target)
    else:
        target.mkdir(parents=True)
        database = out / ".making.duckdb"
        with duckdb.connect(str(database)) as connection:
            for macro in MACROS:
                connection.execute(macro)
            read_sample(connection, source)
            span = _span(connection, months, earliest)
            multiply(connection, rows, span)
            for entity in DATED:
                _write_rows(connection, entity, target / entity)
            _write_reports(connection, source, target)
            _write_catalogue(source / "procedures", target / "procedures", earliest, is_moved=span is not None)
        database.unlink()
    return _measure(target)


def read_sample(connection: duckdb.DuckDBPyConnection, source: Path) -> None:
    """One table an entity: the columns of its files, the name of the file without its ending, and the place of the row."""
    for entity in DATED:
        # A month's plain file first: what its supplement says comes later.
        paths = sorted(
            (str(path) for path in (source / entity).glob("*.csv")), key=lambda path: path.removesuffix(".csv")
        )
        connection.execute(
            f"create table sample_{entity} as select * exclude (filename), row_number() over () as place, "
            "regexp_extract(filename, '([^/]+)\\.csv$', 1) as stem "
            "from read_csv($paths, header = true, all_varchar = true, filename = true, "
            "delim = ',', quote = '\"', escape = '\"')",
            {"paths": paths},
        )


def _span(connection: duckdb.DuckDBPyConnection, months: int | None, earliest: str) -> tuple[str, int] | None:
    """The first of the months that rows are moved to, and how many; None where every row keeps its days."""
    found = connection.execute(
        "select min(stem)[:7], max(stem)[:7], count(distinct stem[:7]) from sample_filings"
    ).fetchone()
    assert found is not None
    _, last, count = found
    if months is None or months == count:
        return None
    year, month = (int(part) for part in str(last).split("-"))
    first = divmod(year * 12 + month - months, 12)
    return max(f"{first[0]:04}-{first[1] + 1:02}", earliest), months


def multiply(connection: duckdb.DuckDBPyConnection, rows: int | None, span: tuple[str, int] | None) -> None:
    """One table an entity with the rows of the inbox: ``made_<entity>``, by file and then in their order."""
    counted = connection.execute(
        "select " + " + ".join(f"(select count(*) from sample_{entity})" for entity in DATED)
    ).fetchone()
    assert counted is not None
    whole, rest = divmod(rows or counted[0], counted[0])
    connection.execute(
        "create table copies as select unnest(range($whole + 1)) as copy, $whole as whole, $rest as rest",
        {"whole": whole, "rest": rest * _SHARES // counted[0]},
    )
    # A filing and its payments are moved by the same number of days, so that all stays as far apart as it was.
    connection.execute(
        "create table moves as "
        "with days as (select MaHoSo, min(cast(moment(coalesce(NgayTiepNhan, NgayNopHoSo)) as date)) as day "
        "from sample_filings group by MaHoSo), "
        "targets as (select MaHoSo, copy, day, case when $months > 0 then cast($first || '-01' as date) "
        "+ to_months(cast(md5_number_lower(MaHoSo || '/' || copy) % $months as integer)) end as month "
        "from days cross join copies where copy < whole or share_of(MaHoSo) < rest) "
        "select MaHoSo, copy, case when month is null then 0 else date_diff('day', day, cast(month + to_days(cast("
        "least(extract(day from day), extract(day from last_day(month))) - 1 as integer)) as date)) end as days from targets",
        {"first": span[0] if span else None, "months": span[1] if span else 0},
    )
    for entity, (_, dates) in DATED.items():
        _multiply_entity(connection, entity, dates, span)


def _made(column: str, dates: tuple[str, ...]) -> str:
    """SQL: a cell of a copy of a row."""
    cell = f"sample.{column}"
    if column in KEYS:
        return f"case when moves.copy = 0 or {cell} is null then {cell} else {cell} || '.' || moves.copy end"
    return f"moved({cell}, moves.days)" if column in dates else cell


def _multiply_entity(
    connection: duckdb.DuckDBPyConnection, entity: str, dates: tuple[str, ...], span: tuple[str, int] | None
) -> None:
    columns = columns_of(connection, f"sample_{entity}")
    made = ", ".join(f"{_made(column, dates)} as {column}" for column in columns)
    if entity == "filings":
        moment = "moment(coalesce(NgayTiepNhan, NgayNopHoSo))"
    else:
        # A file of changes holds a row as it was after the last of its days.
        moment = f"greatest({', '.join(f'moment({column})' for column in dates)})"
    # Two of the sample's ten months have supplements: one month in five keeps them apart.
    suffix = f"case when extract(month from {moment}) % 5 = 0 then regexp_extract(stem, '^[^.]*(.*)$', 1) else '' end"
    stem = "stem" if span is None else f"strftime({moment}, '%Y-%m') || {suffix}"
    within = "true"
    if span is not None:
        # What the months' end cuts off has not happened yet.
        within = f"{moment} < cast('{span[0]}-01' as date) + to_months({span[1]})"
        stem = f"greatest({stem}, '{span[0]}')"
    connection.execute(
        f"create table made_{entity} as select {', '.join(columns)}, {stem} as stem, copy, place from ("
        f"select {made}, sample.stem, moves.copy, sample.place "
        f"from sample_{entity} as sample inner join moves on sample.MaHoSo = moves.MaHoSo) "
        f"where {within} order by stem, copy, place"
    )


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    found = connection.execute(
        "select column_name from duckdb_columns() where table_name = ? and column_name not in ('place', 'stem', 'copy') "
        "order by column_index",
        [table],
    ).fetchall()
    return [name for (name,) in found]


def _write_rows(connection: duckdb.DuckDBPyConnection, entity: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    columns = ", ".join(columns_of(connection, f"made_{entity}"))
    amount = f"sum(cast({AMOUNT[entity]} as hugeint))" if entity in AMOUNT else "null"
    files = connection.execute(
        f"select stem, count(*), {amount} from made_{entity} group by stem order by stem"
    ).fetchall()
    for stem, rows, total in files:
        path = folder / f"{stem}.csv"
        connection.execute(
            f"copy (select {columns} from made_{entity} where stem = '{stem}') to '{path}' (header true)"
        )
        control: dict[str, int | str] = {"rows": rows}
        if total is not None:
            control["total_amount_vnd"] = int(total)
        _write_control(path, control)


def _write_control(path: Path, control: dict[str, int | str]) -> None:
    with path.open("rb") as file:
        control["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    path.with_suffix(".control.json").write_text(json.dumps(control, indent=2) + "\n", encoding="utf-8")


def _write_reports(connection: duckdb.DuckDBPyConnection, source: Path, target: Path) -> None:
    """What each agency reports of its month, counted from the rows; the index's parts are a share of it."""
    counted = connection.execute(
        "select stem[:7] as month, MaDonVi, count(distinct MaHoSo), count(distinct MaHoSo) filter (KenhThucHien = '2') "
        "from made_filings where NgayTiepNhan is not null and TrangThaiHoSo not in ('1', '3') group by all order by all"
    ).fetchall()
    components = connection.execute(
        "select distinct ThanhPhan from read_csv($paths, header = true, all_varchar = true) order by 1",
        {"paths": sorted(str(path) for path in (source / "index_counts").glob("*.csv"))},
    ).fetchall()
    reported: dict[str, list[list[object]]] = {}
    index: dict[str, list[list[object]]] = {}
    for month, agency, received, online in counted:
        rows = reported.setdefault(month, [])
        rows += [[agency, month, "ho_so_tiep_nhan", received], [agency, month, "ho_so_truc_tuyen", online]]
        parts = index.setdefault(month, [])
        parts += [[agency, month, component, received * 3 // 4, received] for (component,) in components]
    for entity, header, months in (
        ("reported_figures", ["MaDonVi", "Thang", "ChiTieu", "GiaTri"], reported),
        ("index_counts", ["MaDonVi", "Thang", "ThanhPhan", "TuSo", "MauSo"], index),
    ):
        (target / entity).mkdir()
        for month, lines in months.items():
            path = target / entity / f"{month}.csv"
            _write_csv(path, [header, *lines])
            _write_control(path, {"rows": len(lines)})


def _write_catalogue(source: Path, target: Path, earliest: str, *, is_moved: bool) -> None:
    """The catalogue as it is; where filings are older than it, what it begins with has always been."""
    shutil.copytree(source, target)
    if not is_moved:
        return
    path = min(target.glob("*.csv"))
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    key, since = header.index("MaTTHC"), header.index("HieuLucTu")
    seen: set[str] = set()
    for row in sorted(rows, key=lambda row: (row[key], row[since].split("/")[::-1])):
        if row[key] not in seen:
            row[since] = f"01/{earliest[5:7]}/{earliest[:4]}"
        seen.add(row[key])
    _write_csv(path, [header, *rows])
    _write_control(path, {"rows": len(rows)})


def _write_csv(path: Path, rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def _measure(target: Path) -> Made:
    files = sorted(target.glob("*/*.csv"))
    rows = 0
    for path in files:
        if path.parent.name in DATED:
            rows += json.loads(path.with_suffix(".control.json").read_text(encoding="utf-8"))["rows"]
    months = {path.name[:7] for path in files if path.parent.name == "filings"}
    return Made(rows, len(months), len(files), sum(path.stat().st_size for path in files))
