"""A reader that stays: ``hold_open.py <published>`` opens the current marts and one Parquet file through the link, and then
answers one line for each line that it is sent, until its input ends. The questions are the keys of ``ANSWERS``.
"""

import sys
from pathlib import Path

import duckdb
import pyarrow.parquet
from newest_marts import NewestMarts

SQL = "select count(*), sum(received) from mart_online_rates"

published = Path(sys.argv[1])
through_link = str(published / "current" / "marts.duckdb")
held = duckdb.connect(through_link, read_only=True)
held_parquet = pyarrow.parquet.ParquetFile(published / "current" / "parquet" / "mart_online_rates.parquet")
newest = NewestMarts(str(published))


def through_held_parquet() -> tuple[int, int]:
    table = held_parquet.read(["received"])
    return table.num_rows, sum(value or 0 for value in table.column("received").to_pylist())


def reopen() -> tuple[int, int]:
    with duckdb.connect(through_link, read_only=True) as connection:
        return connection.execute(SQL).fetchall()[0]


def close() -> str:
    held.close()
    held_parquet.close()
    return "closed"


ANSWERS = {
    "held": lambda: held.execute(SQL).fetchall()[0],
    "held parquet": through_held_parquet,
    "reopen": reopen,
    "close": close,
    "pattern": lambda: newest.query(SQL)[0],
}

sys.stdout.write("open\n")
sys.stdout.flush()
for line in sys.stdin:
    sys.stdout.write(f"{ANSWERS[line.strip()]()}\n")
    sys.stdout.flush()
