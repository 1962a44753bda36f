"""Asks a publication what a reader asks, in the process of one DuckDB client: ``ask_duckdb.py <marts.duckdb>``.

Runs without the product and under clients of five years' distance, so it uses nothing but what all of them have. Answers on
stdout, as JSON; a value is its Python type's name and its text.
"""

import json
import sys

import duckdb

connection = duckdb.connect(sys.argv[1], read_only=True)


def column(sql: str) -> list[object]:
    return [row[0] for row in connection.execute(sql).fetchall()]


def typed(value: object) -> list[str]:
    return [type(value).__name__, str(value)]


row = connection.execute(
    """
    select p.entity_name_vi, p.month, p.online_payment_amount_vnd, p.caveats_json, r.online_rate_percent
    from mart_payments as p
    inner join mart_online_rates as r on p.month = r.month
    where p.month = date '2022-10-01' and p.scope = 'province' and r.entity_code = '243'
    """
).fetchall()
try:
    connection.execute("create table mine (i integer)")
    refused = ""
except duckdb.Error as error:
    refused = str(error)

json.dump(
    {
        "version": duckdb.__version__,
        "module": duckdb.__file__,
        "counts": {
            name: column(f"select count(*) from {name}")[0]
            for name in column("select table_name from duckdb_tables() where not internal order by 1")
        },
        "views": column("select view_name from duckdb_views() where not internal"),
        "comment": column("select comment from duckdb_tables() where table_name = 'mart_online_rates'")[0],
        "column_comment": column(
            "select comment from duckdb_columns() where table_name = 'mart_online_rates' and column_name = 'online'"
        )[0],
        "rows": [[typed(value) for value in found] for found in row],
        "refused": refused,
    },
    sys.stdout,
)
