"""``python -m benchmarks.floor INBOX CODE OUT``: the floor on one inbox, stage by stage.

``CODE`` is the checkout whose seeds and contract are read. ``OUT/published`` gets Parquet and
``marts.duckdb``, as a publication has.
"""

import hashlib
import os
import sys
from pathlib import Path

import duckdb

from benchmarks.stopwatch import stage, versions

HERE = Path(__file__).resolve().parent
SORTED_BY = {
    "fct_filings": "filing_id",
    "fct_payments": "payment_request_id",
    "fct_payment_attempts": "payment_attempt_id",
}
PERSONAL = {
    "ChuHoSo", "SoDinhDanh", "SoDienThoai", "Email", "DiaChi", "TrichYeuHoSo", "HoTenNguoiNop", "SoCMNDNguoiNop",
    "DiaChiNguoiNop",
}  # fmt: skip # as the contract has them
ENTITIES = (
    "filings",
    "index_counts",
    "payment_attempts",
    "payment_requests",
    "procedures",
    "reported_figures",
)


def statements(name: str, **places: Path) -> list[str]:
    """The statements of one file, with its folders filled in."""
    text = (HERE / f"{name}.sql").read_text(encoding="utf-8")
    for place, path in places.items():
        text = text.replace("{" + place + "}", str(path))
    return [one for one in text.split(";\n") if one.strip()]


def land(connection: duckdb.DuckDBPyConnection, inbox: Path, landed: Path) -> None:
    """Each file as Parquet, hashed once; ``arrivals`` says in which order they come."""
    template = (HERE / "land.sql").read_text(encoding="utf-8")
    connection.execute("create table arrivals (path varchar, file_month date, arrival bigint, sha256 varchar)")
    for entity in ENTITIES:
        folder = landed / entity
        folder.mkdir(parents=True)
        files = sorted(inbox.glob(f"*/{entity}/*.csv"), key=lambda path: path.stem)
        for arrival, path in enumerate(files, start=1):
            with path.open("rb") as file:
                header = file.readline().decode("utf-8-sig").rstrip("\r\n").split(",")
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            columns = ", ".join(f'"{name}"' for name in header if name not in PERSONAL)
            target = folder / f"{path.stem}.parquet"
            connection.execute(
                template.replace("{columns}", columns)
                .replace("{source}", str(path))
                .replace("{target}", str(target))
                .rstrip(";\n")
            )
            connection.execute(
                "insert into arrivals values (?, cast(? || '-01' as date), ?, ?)",
                [str(target), path.name[:7], arrival, digest],
            )


def assemble(connection: duckdb.DuckDBPyConnection, building: Path) -> None:
    """Sorted copies in one database and as Parquet, marts as CSV too."""
    for folder in ("parquet", "csv"):
        (building / folder).mkdir(parents=True)
    connection.execute(f"attach '{building / 'marts.duckdb'}' as marts")
    names = connection.execute(
        "select table_name from duckdb_tables() where database_name <> 'marts' "
        "and regexp_matches(table_name, '^(fct|mart|aud)_') order by table_name"
    ).fetchall()
    for (name,) in names:
        connection.execute(f"create table marts.{name} as from {name} order by {SORTED_BY.get(name, 'all')}")
        connection.execute(
            f"copy marts.{name} to '{building / 'parquet' / name}.parquet' (format parquet, compression zstd)"
        )
        if not name.startswith("fct_"):
            connection.execute(f"copy marts.{name} to '{building / 'csv' / name}.csv' (header true)")
    connection.execute("detach marts")


def publish(building: Path, target: Path) -> None:
    """Hash every file, see it on the disk, and give the folder its name."""
    for path in sorted(building.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")
                os.fsync(file.fileno())
    building.rename(target)


def main(inbox: Path, code: Path, out: Path) -> None:
    versions(duckdb=duckdb.__version__)
    (out / "work").mkdir(parents=True)
    landed = out / "work" / "landed"
    with duckdb.connect(str(out / "work" / "floor.duckdb")) as connection:
        with stage("land"):
            land(connection, inbox, landed)
        seeds, province = code / "dbt_project" / "seeds", code / "include" / "provinces" / "vinh_phuc"
        for name in ("facts", "audit", "marts"):
            with stage(name):
                for statement in statements(name, landed=landed, seeds=seeds, province=province):
                    connection.execute(statement)
        with stage("assemble"):
            assemble(connection, out / "building")
        with stage("publish"):
            publish(out / "building", out / "published")


if __name__ == "__main__":
    main(*(Path(argument).resolve() for argument in sys.argv[1:4]))
