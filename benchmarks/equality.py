"""Holds one result against another: what is not the same work may not be compared.

The questions are asked of a publication and of the floor in the same words.
"""

from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import MeasureError

Row = tuple[Any, ...]
QUESTIONS = {
    "filings": "select count(*), count(*) filter (is_received) from fct_filings",
    "payment requests": "select count(*), sum(amount_vnd), count(*) filter (is_paid) from fct_payments",
    "payment attempts": "select count(*), sum(amount_vnd) from fct_payment_attempts",
    "rows set aside": "select entity, quarantine_reason, count(*) from fct_quarantined_rows "
    "where entity in ('filings', 'payment_requests', 'payment_attempts') group by all order by all",
    "online rate by agency and month": "select month, entity_code, received, online, online_level_3, online_level_4 "
    "from mart_online_rates where scope = 'agency' and received > 0 order by all",
    "online payments by agency and month": "select month, entity_code, online_payment_count, online_payment_amount_vnd "
    "from mart_payments where scope = 'agency' and online_payment_count > 0 order by all",
}


RATES = "select cast(month as date), entity_code, received, cast(online as bigint) from {rates} order by all"


def hold_equal(floor: Path, other: Path, whose: str) -> dict[str, int]:
    """How many rows of each answer are equal.

    Args:
        floor, other: a ``marts.duckdb`` each.

    Raises:
        MeasureError: an answer differs, or is empty where rows must be.
    """
    found = {}
    with duckdb.connect(str(floor), read_only=True) as one, duckdb.connect(str(other), read_only=True) as two:
        for name, question in QUESTIONS.items():
            wanted, answer = one.execute(question).fetchall(), two.execute(question).fetchall()
            if not wanted and name != "rows set aside":
                raise MeasureError(f"{name}: the floor has no row, so nothing was compared")
            _refuse_difference(name, wanted, answer, whose)
            found[name] = len(answer)
    return found


def hold_rates_equal(floor: Path, rates: Path, whose: str) -> dict[str, int]:
    """The same for who makes online rates alone, as Parquet: one file, or a folder of them."""
    with duckdb.connect(str(floor), read_only=True) as connection:
        of_floor = "mart_online_rates where scope = 'agency'"
        wanted = connection.execute(RATES.format(rates=of_floor)).fetchall()
        files = f"{rates}/*.parquet" if rates.is_dir() else str(rates)
        answer = connection.execute(RATES.format(rates=f"read_parquet('{files}')")).fetchall()
    _refuse_difference("online rate by agency and month", wanted, answer, whose)
    return {"online rate by agency and month": len(answer)}


def _refuse_difference(name: str, wanted: list[Row], answer: list[Row], whose: str) -> None:
    if answer == wanted:
        return
    only_floor, only_other = sorted(set(wanted) - set(answer)), sorted(set(answer) - set(wanted))
    raise MeasureError(
        f"{name}: {whose} and the floor differ, so they did not do the same work: {len(only_floor)} rows of the floor alone, "
        f"{only_floor[:3]}; {len(only_other)} of {whose} alone, {only_other[:3]}"
    )
