"""Which figures a close holds, and how they are written down."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from dvctt.core.figure_ids import figure_id, unit_of
from dvctt.core.period import Month
from dvctt.databases import open_database
from dvctt.province.model import Province
from dvctt.publications.reading import Publication
from dvctt.warehouse.definitions import Node, read_definitions

FIGURE_COLUMNS = ("figure_id", "mart", "metric", "scope", "entity_code", "entity_name_vi", "value", "unit")
FIGURE_MARTS = (
    "mart_online_rates",
    "mart_online_rate_changes",
    "mart_group_gaps",
    "mart_payments",
    "mart_catalogue_coverage",
    "mart_targets",
)
_NUMBERS = ("bigint", "integer", "double")
_NO_FIGURE = "official_order"


def figures_of_publication(publication: Publication, month: Month, province: Province) -> str:
    nodes = [node for node in read_definitions(publication.folder) if node.name in FIGURE_MARTS]
    with open_database(publication.marts, read_only=True) as connection:
        return figures_in(connection, nodes, month, province)


def figures_in(connection: duckdb.DuckDBPyConnection, nodes: Sequence[Node], month: Month, province: Province) -> str:
    """Every number of the month, one a line, in the order of the ids, unrounded: a double as the shortest text that reads
    back as itself, NULL as nothing.
    """
    lines = []
    for node in nodes:
        cursor = connection.execute(f"select * from {node.name} where month = $month", {"month": month.first_day})
        names = [column[0] for column in cursor.description or []]
        metrics = [
            name
            for name, kind in node.columns
            if kind in _NUMBERS and name not in node.primary_key and name != _NO_FIGURE
        ]
        for values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            place = _place(row, province)
            for metric in metrics:
                identity = figure_id(node.name, [row[name] for name in node.primary_key], metric)
                value = "" if row[metric] is None else repr(row[metric])
                lines.append((identity, node.name, metric, *place, value, unit_of(metric)))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIGURE_COLUMNS)
    writer.writerows(sorted(lines))
    return text.getvalue()


def _place(row: Mapping[str, Any], province: Province) -> tuple[str, str, str]:
    """Scope, code and name of what a figure speaks of; a mart without a scope speaks of the province, or of two groups."""
    if "entity_code" in row:
        return row["scope"], row["entity_code"], row["entity_name_vi"]
    if "group_code" in row:
        return "group", row["group_code"], row["group_name_vi"]
    return "province", province.code, province.name_vi
