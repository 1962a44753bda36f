"""The schema ``expectations`` of the candidate: the frozen past, and what tonight's verdict warns of."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.columns import Count
from dvctt.core.errors import ConfigError
from dvctt.province.model import Province
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.tables import write_table

ROW_COUNTS = "row_counts.csv"
"""The frozen past, in the province folder, changed by ``dvctt baselines update`` alone, whose diff a person reviews. No
figure is made of it, so it is no part of the province's digest: freezing months publishes nothing anew."""
BASELINE_COLUMNS = ["province_code", "source_id", "entity", "file_month", "fact_rows"]


@dataclass(frozen=True)
class FrozenCount:
    """A row of ``expectations.row_counts``."""

    source_id: str
    entity: str
    file_month: str
    fact_rows: Count


@dataclass(frozen=True)
class Warned:
    """A row of ``expectations.warnings``."""

    warning_number: Count
    month: date | None
    check_id: str
    subject: str
    source_id: str | None
    entity: str | None
    agency_code: str | None
    agency_name_vi: str | None
    caveat_json: str
    text_vi: str


def write_expectations(connection: duckdb.DuckDBPyConnection, province: Province, baselines: Path) -> None:
    """Lay the schema, without a warning: the gate has not judged yet."""
    connection.execute("create schema expectations")
    frozen = [
        FrozenCount(row["source_id"], row["entity"], row["file_month"], int(row["fact_rows"]))
        for row in read_baselines(baselines)
        if row["province_code"] == province.code
    ]
    write_table(connection, "expectations.row_counts", FrozenCount, frozen)
    write_table(connection, "expectations.warnings", Warned)


def read_baselines(baselines: Path) -> list[dict[str, str]]:
    """The rows of the frozen past; none where nothing was ever frozen.

    Raises:
        ConfigError: the file has other columns, or a count that is no whole number.
    """
    if not baselines.exists():
        return []
    with baselines.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if reader.fieldnames != BASELINE_COLUMNS:
            raise ConfigError(f"{baselines}:1: found {reader.fieldnames}, wanted {','.join(BASELINE_COLUMNS)}")
        rows = list(reader)
    for line, row in enumerate(rows, start=2):
        if not row["fact_rows"].isdecimal():
            raise ConfigError(f"{baselines}:{line}: key fact_rows: found {row['fact_rows']!r}, wanted a whole number")
    return rows


def lay_warnings(candidate: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put what tonight's verdict warns of where the marts find it, in the place of what lay there."""
    names = [field.name for field in fields(Warned) if field.name != "warning_number"]
    warned = [Warned(number, *(row[name] for name in names)) for number, row in enumerate(rows, start=1)]
    with open_candidate(candidate, read_only=False) as connection:
        connection.execute("drop table expectations.warnings")
        write_table(connection, "expectations.warnings", Warned, warned)
