"""A reader that polls the current publication until it is told to stop, and writes down every answer that it got.

As an analyst's tool does: the link is resolved once, then the file, the Parquet and the manifest of that publication are
opened, each time anew. Nothing of the product is imported here.
"""

import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb

FIGURES = (
    "select (select sum(received)::bigint from mart_online_rates where scope = 'province'), "
    "(select count(*) from fct_filings), (select count(*) from aud_totals), (select count(*) from duckdb_tables())"
)


def ask(published: Path) -> str:
    """One answer: the number that the link gave, that of the manifest, figures of marts, facts, audit and Parquet."""
    folder = published / os.readlink(published / "current")
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        figures = connection.execute(FIGURES).fetchone()
        parquet = connection.execute(
            "select count(*) from read_parquet(?)", [str(folder / "parquet" / "fct_filings.parquet")]
        ).fetchone()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return json.dumps([folder.name, manifest["number"], manifest["row_counts"]["fct_filings"], figures, parquet])


def main(arguments: list[str]) -> None:
    """PUBLISHED REPORT: poll until SIGTERM, then write answers with their counts, and every error."""
    published, report = Path(arguments[0]), Path(arguments[1])
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(number))
    answers: Counter[str] = Counter()
    errors: list[str] = []
    while not stop:
        try:
            answers[ask(published)] += 1
        except Exception as error:  # noqa: BLE001 - any error of a reader is what this process is here to find
            errors.append(f"{type(error).__name__}: {error}")
        time.sleep(0.2)
    report.write_text(json.dumps({"answers": answers, "errors": errors}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
