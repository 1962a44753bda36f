"""Reads every Parquet file of a publication with one library: ``ask_parquet.py <polars|pyarrow|fastparquet> <folder>``.

Runs without the product. Answers on stdout, as JSON: for every file the kinds of its columns and all of its rows; dates and
times as ISO text, what is missing as null.
"""

import json
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

Kinds = dict[str, str]
Rows = list[list[Any]]


def with_polars(path: Path) -> tuple[Kinds, Rows]:
    import polars

    frame = polars.read_parquet(path)
    return {name: str(kind) for name, kind in frame.schema.items()}, [list(row) for row in frame.iter_rows()]


def with_pyarrow(path: Path) -> tuple[Kinds, Rows]:
    import pyarrow.parquet

    # A single file, so that no folder name is taken for a column.
    table = pyarrow.parquet.ParquetFile(path).read()
    kinds = {field.name: str(field.type) for field in table.schema}
    return kinds, [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]


def with_fastparquet(path: Path) -> tuple[Kinds, Rows]:
    import fastparquet
    import pandas

    file = fastparquet.ParquetFile(path)
    frame = file.to_pandas()
    columns = [[None if pandas.isna(value) else value for value in frame[name].tolist()] for name in frame.columns]
    return {name: str(kind) for name, kind in file.dtypes.items()}, [list(row) for row in zip(*columns, strict=True)]


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


READ: dict[str, Callable[[Path], tuple[Kinds, Rows]]] = {
    "polars": with_polars,
    "pyarrow": with_pyarrow,
    "fastparquet": with_fastparquet,
}


def answer(library: str, paths: Iterable[Path]) -> dict[str, Any]:
    found = {}
    for path in paths:
        kinds, rows = READ[library](path)
        found[path.stem] = {"kinds": kinds, "rows": [[plain(value) for value in row] for row in rows]}
    module = sys.modules[library]
    return {"module": module.__file__, "version": module.__version__, "files": found}


json.dump(answer(sys.argv[1], sorted(Path(sys.argv[2]).glob("*.parquet"))), sys.stdout)
