"""The tables of the documents, once for every format: which rows, which columns, how a value is printed, what adds up to what.

Only choosing, ordering and naming rows of the marts may live here. Every cell holds the mart's value as it is and its printed
form; a total also says which cells it is the sum of. One number is made here: what a printed total has beyond the rows above
it, so that a sum in a spreadsheet never hides a difference.
"""

from collections.abc import Sequence
from datetime import date

from dvctt.province.model import Province
from dvctt.report.marts import Marts
from dvctt.report.tables.monthly_history import closings_table, late_table, restatements_table
from dvctt.report.tables.monthly_payments import attempts_table, payments_table, payments_to_date_table
from dvctt.report.tables.monthly_quality import additivity_table, caveats_table, feeds_table, published_table
from dvctt.report.tables.monthly_rates import (
    catalogue_table,
    changes_table,
    channels_table,
    levels_table,
    rates_table,
    targets_table,
)
from dvctt.report.tables.table import DocumentTable, Line, text, textual
from dvctt.report.wording.language import _


def province_tables(content: Marts, month: date, province: Province) -> tuple[DocumentTable, ...]:
    """Every table of the province's report, in the order of the page; definitions are the page's own words and stand apart.

    Args:
        content: the rows of the month (`month_rows`).
    """
    return (
        rates_table(content, month, province),
        channels_table(content, month, province),
        levels_table(content, month, province),
        changes_table(content, month, province),
        payments_table(content, month, province),
        payments_to_date_table(content, month, province),
        attempts_table(content, month, province),
        catalogue_table(content, month),
        targets_table(content, month),
        published_table(content, month),
        additivity_table(content, month, province),
        feeds_table(content, month),
        caveats_table(content, month, province),
        closings_table(content, month),
        restatements_table(content, month),
        late_table(content, month),
    )


def definitions_table(definitions: Sequence[tuple[str, str]]) -> DocumentTable:
    """The page's definitions as a table."""
    return DocumentTable(
        _("Định nghĩa"),
        _("Định nghĩa và cách tính"),
        (textual("Thuật ngữ", 1.4), textual("Nghĩa", 5.0)),
        tuple(Line((text(term), text(meaning))) for term, meaning in definitions),
    )
