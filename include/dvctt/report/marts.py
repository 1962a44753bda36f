"""Which tables and columns a report reads, and reading them.

Only the contract with the marts and plain reads in a fixed order may live here: no arithmetic, no wording. Every row is
a mapping from column to value as DuckDB gives it (DATE as ``date``, TIMESTAMP as naive local ``datetime``).
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import ReportError
from dvctt.core.figure_ids import figure_id

log = logging.getLogger(__name__)

Row = Mapping[str, Any]


class MartRow(dict[str, Any]):
    """A row that knows which mart it stands in, so that each of its figures can be named."""

    def __init__(self, mart_name: str, values: Iterable[tuple[str, Any]], key: tuple[str, ...] = ()) -> None:
        super().__init__(values)
        self.mart_name = mart_name
        self.key = key

    def id_of(self, column: str) -> str:
        """The id of one figure of the row.

        Raises:
            ReportError: the contract gives the mart no key.
        """
        if not self.key:
            raise ReportError(f"{self.mart_name}: no key in the reports' contract; wanted the mart's primary key")
        return figure_id(self.mart_name, (self[name] for name in self.key), column)


@dataclass(frozen=True)
class Mart:
    """One table of the contract: the columns that a report needs, the order that makes its bytes repeatable, the primary key,
    of which the ids of its figures are made, texts that a publication of an older version may lack (they are NULL then), and
    which rows are the report's.
    """

    columns: tuple[str, ...]
    order_by: str
    key: tuple[str, ...]
    optional: tuple[str, ...] = ()
    where: str = "true"


def _mart(columns: str, order_by: str, key: str = "", optional: str = "", *, where: str = "true") -> Mart:
    return Mart(tuple(columns.split()), order_by, tuple(key.split()), tuple(optional.split()), where)


CONTRACT: Mapping[str, Mart] = {
    "mart_online_rates": _mart(
        "month scope entity_code entity_name_vi short_name_vi group_code official_order agency_count received direct "
        "direct_assumed online postal online_level_3 online_level_4 online_no_level online_rate_percent rank_in_group "
        "caveat_vi",
        "month, scope, rank_in_group NULLS LAST, official_order NULLS LAST, entity_code",
        "month scope entity_code",
        optional="caveat_en is_small_base",
    ),
    "mart_online_rate_definitions": _mart(
        "metric_id version month scope entity_code entity_name_vi name_vi numerator_vi denominator_vi not_applied_vi "
        "legal_basis_vi certainty is_report_definition is_in_force numerator denominator rate_percent",
        "month, scope, entity_code, metric_id, version",
        "metric_id version month scope entity_code",
        optional="name_en numerator_en denominator_en not_applied_en legal_basis_en",
    ),
    "mart_online_rate_changes": _mart(
        "month scope entity_code entity_name_vi baseline_id baseline_name_vi baseline_start baseline_end "
        "baseline_months_expected baseline_months_present baseline_online baseline_received baseline_rate_percent "
        "online received online_rate_percent change_points online_count_change_percent",
        "month, scope, entity_code, CASE baseline_id WHEN 'previous_month' THEN 1 WHEN 'first_6_months' THEN 2 "
        "WHEN 'first_9_months' THEN 3 WHEN 'preceding_6_months' THEN 4 WHEN 'preceding_9_months' THEN 5 ELSE 6 END, "
        "baseline_id",
        "month scope entity_code baseline_id",
        optional="is_small_base",
    ),
    "mart_group_gaps": _mart(
        "month group_code group_name_vi other_group_code other_group_name_vi online_rate_percent "
        "other_online_rate_percent gap_points",
        # Both directions of a pair are printed once, the one that reads "higher than" first.
        "month, gap_points DESC NULLS LAST, group_code, other_group_code",
        "month group_code other_group_code",
    ),
    "mart_payments": _mart(
        "month scope entity_code entity_name_vi group_code official_order online_payment_count "
        "online_payment_amount_vnd online_phi_vnd online_le_phi_vnd online_refund_count online_refund_amount_vnd "
        "online_net_amount_vnd other_payment_count other_payment_amount_vnd attempt_count attempt_success_count "
        "attempt_failed_count attempt_open_count ytd_online_payment_count ytd_online_payment_amount_vnd "
        "ytd_online_refund_count ytd_online_refund_amount_vnd ytd_online_net_amount_vnd ytd_months_expected "
        "ytd_months_present caveat_vi",
        "month, scope, official_order NULLS LAST, entity_code",
        "month scope entity_code",
        optional="caveat_en",
    ),
    "mart_catalogue_coverage": _mart(
        "month services_total services_level_3 services_level_4 services_other_level online_services "
        "online_share_percent connected_services not_connected_services connected_share_percent",
        "month",
        "month",
        optional="caveat_vi caveat_en",
    ),
    "mart_targets": _mart(
        "month target_id name_vi metric scope entity_code entity_name_vi target_percent numerator denominator actual_percent "
        "status short_by_points short_by_count legal_basis certainty valid_from valid_to "
        "caveat_vi",
        "month, target_id, scope, entity_name_vi",
        "month target_id entity_code",
        optional="name_en legal_basis_en caveat_en short_unit_vi short_unit_en",
    ),
    "mart_published_figures": _mart(
        "figure_id scope entity_name_vi metric metric_name_vi period_start period_end published_value lower_bound "
        "upper_bound unit computed_value verdict wording_vi note",
        "figure_id",
        "figure_id",
        optional="caveat_vi caveat_en",
    ),
    "mart_additivity_checks": _mart(
        "check_id month scope entity_code entity_name_vi total_name_vi total sum_of_classes residue residue_name_vi "
        "unexplained",
        "month, check_id, scope, entity_code",
        "check_id month scope entity_code",
        # Totals of quarters and of other calendars are no figures of the monthly report.
        where="NOT starts_with(check_id, 'period_')",
    ),
    "mart_data_cut_off": _mart(
        "month data_cut_off_at extract_count",
        "month",
        "month",
    ),
    "mart_caveats": _mart(
        "month subject scope entity_code entity_name_vi caveat_id text_vi",
        "month, subject, scope, entity_code, caveat_id",
        "month subject scope entity_code caveat_id",
        optional="text_en",
    ),
    "mart_feed_timeliness": _mart(
        "source_id entity month expected_feeds delivered_feeds on_time_feeds delivered_percent on_time_percent",
        "month, source_id, entity",
        "source_id entity month",
    ),
    "mart_feeds": _mart(
        "source_id entity month agency_code agency_name_vi group_code is_expected is_delivered",
        "month, source_id, entity, agency_code",
        "source_id entity month agency_code",
        optional="missing_reason missing_reason_vi missing_reason_en",
    ),
    "mart_closed_months": _mart(
        "month revision is_in_force publication_number closed_at approved_by note waived_feeds waived_vi reopened_at "
        "reopened_by reopen_reason",
        "month, revision",
        "month revision",
        optional="waived_en",
    ),
    "mart_restatements": _mart(
        "from_publication to_publication metric metric_name_vi unit scope entity_code entity_name_vi month old_value "
        "new_value change late_filings corrections released_from_quarantine reclassified definition_changed "
        "old_rate_percent new_rate_percent rate_change_points",
        "month DESC, to_publication, from_publication, metric_place, CASE scope WHEN 'province' THEN 1 WHEN 'group' "
        "THEN 2 ELSE 3 END, entity_code",
        "from_publication to_publication metric scope entity_code month",
        optional="set_aside",
    ),
    "mart_late_ledger_totals": _mart(
        "month revision metric metric_name_vi unit agency_code agency_name_vi record_count effect late_filings "
        "corrections released_from_quarantine reclassified definition_changed",
        "month, metric_place, agency_code",
        "month metric agency_code",
        optional="set_aside",
    ),
}

PACKET_CONTRACT: Mapping[str, Mart] = {
    "mart_mended_rates": _mart(
        "month agency_code agency_name_vi quarantined_rows received online online_rate_percent lowest_rate_percent "
        "highest_rate_percent",
        "month, agency_code",
        "month agency_code",
    ),
    "fct_quarantined_rows": _mart(
        "file_month source_id entity file_name extract_id row_number agency_code reason_name_vi unparseable_columns next_vi",
        "file_month, entity, file_name, row_number, extract_id",
        "extract_id row_number",
    ),
}
"""What the packets of agencies read beside the contract; pages do not, and an older publication may lack it."""


@dataclass(frozen=True)
class Marts:
    """All rows of the contract, table by table, in the contract's order."""

    rows: Mapping[str, tuple[MartRow, ...]]

    def months(self) -> tuple[date, ...]:
        """The months of mart_online_rates, newest first."""
        return tuple(sorted({row["month"] for row in self.rows["mart_online_rates"]}, reverse=True))

    def of_month(self, table: str, month: date) -> tuple[MartRow, ...]:
        """The rows of a monthly table for one month."""
        return tuple(row for row in self.rows[table] if row["month"] == month)


def read_marts(
    path: Path, contract: Mapping[str, Mart] = CONTRACT, where_there: Mapping[str, Mart] | None = None
) -> Marts:
    """Read every table of a contract, which holds the one above, from a DuckDB file, opened read-only; of ``where_there`` those
    tables that the file has.

    Raises:
        ReportError: the file is missing or unreadable, a table or column of the contract is missing, or
            mart_online_rates is empty.
    """
    content = read_rows(path, contract, where_there)
    if not content.rows["mart_online_rates"]:
        raise ReportError(f"{path}: table mart_online_rates: found 0 rows, wanted at least one month")
    return content


def read_rows(path: Path, contract: Mapping[str, Mart], where_there: Mapping[str, Mart] | None = None) -> Marts:
    """Read the tables of any contract from a DuckDB file, opened read-only; of ``where_there`` those that the file has.

    Raises:
        ReportError: the file is missing or unreadable, or a table or column of the contract is missing.
    """
    if not path.is_file():
        raise ReportError(f"{path}: no such file; wanted a DuckDB file with the marts")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = {name: _read(connection, path, name, mart) for name, mart in contract.items()}
            there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            for name, mart in (where_there or {}).items():
                if name in there:
                    rows[name] = _read(connection, path, name, mart)
    except duckdb.Error as error:
        raise ReportError(f"{path}: cannot read the marts: {describe_error(error)}") from None
    log.info("read %d mart rows from %s", sum(len(table) for table in rows.values()), path)
    return Marts(rows)


def _read(connection: duckdb.DuckDBPyConnection, path: Path, name: str, mart: Mart) -> tuple[MartRow, ...]:
    found = {
        column
        for (column,) in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'main' AND table_name = ?", [name]
        ).fetchall()
    }
    missing = [column for column in mart.columns if column not in found]
    if missing:
        what = f"column {', '.join(missing)}" if found else "the whole table"
        raise ReportError(f"{path}: table {name}: missing {what}; wanted {', '.join(mart.columns)}")
    # Names come from the contract above, never from outside, so building the statement is safe.
    chosen = [*mart.columns, *(column if column in found else f"NULL AS {column}" for column in mart.optional)]
    query = f"SELECT {', '.join(chosen)} FROM main.{name} WHERE {mart.where} ORDER BY {mart.order_by}"
    names = (*mart.columns, *mart.optional)
    return tuple(
        MartRow(name, zip(names, values, strict=True), mart.key) for values in connection.execute(query).fetchall()
    )
