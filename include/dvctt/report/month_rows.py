"""What the documents of one month are given of the marts, and by what name they say so.

Only choosing whole rows may live here. What is not given to a document cannot be read by it: so the digest of these rows tells
whether a page that was drawn earlier is the one that would be drawn now. Without a word here a table is given with its rows of
the month alone; one that is read further back stands below, with how far.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from dvctt.report.choose import published_of_month
from dvctt.report.marts import MartRow, Marts
from dvctt.report.wording.language import _

_LENGTH_OF_A_NAME = 12
"""Of a digest, in print: 48 bits, more than anybody will ever mix up, and short enough to be typed."""


@dataclass(frozen=True)
class Edition:
    """Which figures a document shows, as it says so itself.

    Attributes:
        publication: number of the publication that it is made out of.
        data: digest of the month's rows, as the publication's manifest lists it; None in one of a version that listed none.
        is_sample: whether they are figures of a sample.
    """

    publication: int
    data: str | None = None
    is_sample: bool = False

    @property
    def name(self) -> str:
        """What ``--publication`` takes."""
        return self.data[:_LENGTH_OF_A_NAME] if self.data else str(self.publication)

    @property
    def text(self) -> str:
        """What is printed, in the current language, without a full stop."""
        if self.data:
            return _("Mã dữ liệu: {data}", data=self.name)
        return _("Lần công bố số {publication}", publication=self.publication)


def rows_of_month(content: Marts, month: date, publication: int) -> Marts:
    """The rows that the documents of a month are given.

    Args:
        publication: of the restatements, only what this one changed is news.
    """
    since = _first_compared(content, month)

    def months_before(row: MartRow) -> bool:
        return bool(since <= row["month"] <= month)

    def is_news(row: MartRow) -> bool:
        return bool(row["month"] == month and row["to_publication"] == publication)

    further: Mapping[str, Callable[[MartRow], bool]] = {
        "mart_online_rates": months_before,
        "mart_payments": months_before,
        "mart_caveats": months_before,
        "mart_restatements": is_news,
        # Of what cannot be told whose month it is every month's documents say so.
        "mart_refused_files": lambda row: row["month"] in (None, month),
        "fct_quarantined_rows": lambda row: bool(row["file_month"] == month),
    }
    given: dict[str, tuple[MartRow, ...]] = {}
    for name, rows in content.rows.items():
        if name == "mart_published_figures":
            # A row of another month's figure says nothing here, and its verdict may change every night.
            given[name] = tuple(published_of_month(content, month))
        elif name in further:
            given[name] = tuple(row for row in rows if further[name](row))
        elif rows and "month" in rows[0]:
            given[name] = content.of_month(name, month)
        else:
            given[name] = rows
    return Marts(given)


def _first_compared(content: Marts, month: date) -> date:
    """The first month that the month's figures are compared with or added up from: January, or where a baseline begins."""
    starts: list[date | None] = [row["baseline_start"] for row in content.of_month("mart_online_rate_changes", month)]
    return min([date(month.year, 1, 1), *(start for start in starts if start)])
