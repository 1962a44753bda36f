"""The one list of metrics (the seed ref_metrics), as far as a province folder needs it: which can be printed, over what, and
how a folder of an earlier version wrote them.

Nothing is read out of a metric's id: what must be known of a metric is a column of the list, and a former spelling is looked up
among all that there can have been.
"""

import calendar
import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from dvctt.settings import PROJECT_ROOT

if TYPE_CHECKING:
    # The names of metrics are asked where no province is read.
    from dvctt.province.model import Group, PublishedFigure

METRICS = PROJECT_ROOT / "dbt_project" / "seeds" / "ref_metrics.csv"


@dataclass(frozen=True)
class Metric:
    """One line of the list. ``name_vi`` has places for what a figure is compared with, ``unit`` is what its value counts and
    ``noun_vi`` what its numerator does; ``printed_over`` is empty where no printed figure is compared.
    """

    metric: str
    name_vi: str
    kind: str
    unit: str
    noun_vi: str
    is_target: bool
    printed_over: str
    former_spelling: str

    @property
    def is_of_a_day(self) -> bool:
        """Whether its period has no beginning."""
        return self.printed_over == "day"


@dataclass(frozen=True)
class _Meaning:
    """What a former spelling said in one word: the metric, and what it compares with."""

    metric: str
    month: int | None = None
    group: str | None = None


@cache
def read_metrics() -> Mapping[str, Metric]:
    """Every metric by its id, in the order of the list."""
    with METRICS.open(encoding="utf-8", newline="") as file:
        return {
            row["metric"]: Metric(
                metric=row["metric"],
                name_vi=row["name_vi"],
                kind=row["kind"],
                unit=row["unit"],
                noun_vi=row["noun_vi"],
                is_target=row["is_target"] == "true",
                printed_over=row["printed_over"],
                former_spelling=row["former_spelling"],
            )
            for row in csv.DictReader(file, strict=True)
        }


def in_current_spelling(
    figures: Iterable[tuple[int, "PublishedFigure"]], groups: Iterable["Group"]
) -> list[tuple[int, "PublishedFigure"]]:
    """The printed figures, those that are written as in an earlier version with the metric and the columns of this one. A
    figure that mixes both stays as it is, to be refused.
    """
    meanings = _former_spellings([group.code for group in groups])
    return [(line, _translated(figure, meanings)) for line, figure in figures]


def _former_spellings(groups: Iterable[str]) -> Mapping[str, _Meaning]:
    found: dict[str, _Meaning] = {}
    for metric in read_metrics().values():
        if metric.kind == "change":
            found |= {
                metric.former_spelling.format(month=calendar.month_name[number].lower()): _Meaning(
                    metric.metric, number
                )
                for number in range(1, 13)
            }
        elif metric.kind == "gap":
            found |= {
                metric.former_spelling.format(group=group): _Meaning(metric.metric, group=group) for group in groups
            }
        elif metric.former_spelling:
            found[metric.former_spelling] = _Meaning(metric.metric)
    return found


def _translated(figure: "PublishedFigure", meanings: Mapping[str, _Meaning]) -> "PublishedFigure":
    meaning = meanings.get(figure.metric)
    if meaning is None or figure.compared_month or figure.other_group_code:
        return figure
    month = date(figure.period_end.year, meaning.month, 1) if meaning.month else None
    return figure.model_copy(
        update={"metric": meaning.metric, "compared_month": month, "other_group_code": meaning.group}
    )
