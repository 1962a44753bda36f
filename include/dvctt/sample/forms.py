"""The forms in which the sample's files are written: what a source's own tools would make of the same rows.

What may live here: turning a CSV file of the sample into another form, the same bytes each time. What may not: a row.
"""

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from dvctt.core.errors import ConfigError
from dvctt.core.sql import file_literal, read_literal

CSV = "csv"
_MOST_ROWS = 1_048_576
"""That a sheet of an XLSX workbook holds, its header among them."""
_MADE = datetime(2022, 11, 1)  # noqa: DTZ001 # a workbook's time has no zone
"""What stands in a workbook as its time: the machine's would make other bytes each time."""


def convert(written: Path, target: Path, form: str) -> None:
    """Write the rows of a CSV file in another form.

    Args:
        form: one of `FORMS`.

    Raises:
        ConfigError: the form does not hold so many rows.
    """
    FORMS[form](written, target)


def _rows(written: Path) -> Iterator[list[str]]:
    with written.open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file)


def _records(written: Path) -> Iterator[str]:
    """Each row as an object of texts, as a service answers it."""
    rows = _rows(written)
    header = next(rows)
    for row in rows:
        yield json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False)


def _copy(written: Path, target: Path) -> None:
    shutil.copyfile(written, target)


def _pack(written: Path, target: Path) -> None:
    with (
        written.open("rb") as source,
        target.open("wb") as packed,
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as file,
    ):
        shutil.copyfileobj(source, file)


def _json(written: Path, target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        for place, record in enumerate(_records(written)):
            file.write(("[\n" if place == 0 else ",\n") + record)
        file.write("\n]\n")


def _json_lines(written: Path, target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{record}\n" for record in _records(written))


def _parquet(written: Path, target: Path) -> None:
    # Imported where it is needed: a sample of CSV files does without the engine.
    from dvctt.databases import open_database

    with open_database() as connection:
        connection.execute(
            f"copy (select * from read_csv({read_literal(written)}, header = true, all_varchar = true, delim = ',', "
            f"quote = '\"', escape = '\"')) to {file_literal(target)} (format parquet)"
        )


def _workbook(written: Path, target: Path) -> None:
    from xlsxwriter import Workbook

    with Workbook(str(target), {"constant_memory": True}) as workbook:
        workbook.set_properties({"created": _MADE})
        sheet = workbook.add_worksheet("Dữ liệu")
        for place, row in enumerate(_rows(written)):
            if place >= _MOST_ROWS:
                raise ConfigError(
                    f"{target.name}: more than {_MOST_ROWS} rows, which is what a sheet holds; wanted another form (--as) or a "
                    f"smaller --scale"
                )
            for column, value in enumerate(row):
                if value:
                    sheet.write_string(place, column, value)


FORMS: Mapping[str, Callable[[Path, Path], None]] = {
    CSV: _copy,
    "csv.gz": _pack,
    "json": _json,
    "jsonl": _json_lines,
    "parquet": _parquet,
    "xlsx": _workbook,
}
"""Endings of names, as the contract has them, and what writes such a file."""
