"""The frozen past: how many facts each closed month held when a person last looked.

Only the command that renews ``row_counts.csv`` of the province folder lives here. It is never edited by hand, and no run
writes it: a person runs the command, reads the diff, and commits it.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from dvctt.core.errors import ConfigError
from dvctt.core.files import write_atomically
from dvctt.core.period import Month
from dvctt.province.model import Province
from dvctt.warehouse.connections import open_published
from dvctt.warehouse.expectations import BASELINE_COLUMNS, read_baselines


@dataclass(frozen=True)
class Change:
    """One line of the diff: what the file held, what it holds now; None where there was or is no such line."""

    source_id: str
    entity: str
    file_month: str
    before: int | None
    after: int | None


def update(baselines: Path, marts: Path, province: Province, through: Month) -> list[Change]:
    """Freeze every month up to ``through`` at what the publication holds; the lines that changed, in order.

    Lines of another province, which a copied folder brings along, go. The file is sorted, so that its diff shows only what
    moved.

    Raises:
        ConfigError: the province folder cannot be written.
    """
    rows = read_baselines(baselines)
    before = {
        (row["source_id"], row["entity"], row["file_month"]): int(row["fact_rows"])
        for row in rows
        if row["province_code"] == province.code
    }
    with open_published(marts) as connection:
        after = {
            (source, entity, month): int(count)
            for source, entity, month, count in connection.execute(
                "select source_id, entity, strftime(file_month, '%Y-%m'), fact_rows from aud_row_reconciliation "
                "where file_month <= ?",
                [through.first_day],
            ).fetchall()
        }
    mine = [
        {
            "province_code": province.code,
            "source_id": source,
            "entity": entity,
            "file_month": month,
            "fact_rows": str(count),
        }
        for (source, entity, month), count in after.items()
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, BASELINE_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(mine, key=lambda row: [row[column] for column in BASELINE_COLUMNS[:4]]))
    try:
        write_atomically(baselines, text.getvalue())
    except OSError as error:
        raise ConfigError(
            f"{baselines}: cannot be written: {error.strerror}; the frozen past lies in the province folder: run this where "
            f"the folder may be written (DVCTT_PROVINCE), and bring the changed file to the installation"
        ) from error
    return [
        Change(*key, before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if before.get(key) != after.get(key)
    ]
