"""Every figure on a page carries its id, so that whoever doubts a number can ask for exactly that one.

Only naming what is printed may live here: the element around a number, the anchor that a link can lead to, and what a page
has to say of its ids. Numbers are worded by `formats` and `words`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from dvctt.report.marts import MartRow
from dvctt.report.wording import words
from dvctt.report.wording.language import _

if TYPE_CHECKING:
    from dvctt.report.tables.table import Cell

PRINTED = "printed_figures"
"""The page's context holds what it has printed under this name."""

# Forms that look at more of the row than the one value.
_FORMS_OF_A_ROW = {"share": words.share}


@dataclass
class Printed:
    """What one page has printed so far: where its anchors are, and which columns of which marts it shows."""

    anchors: set[str] = field(default_factory=set)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """Mart to columns to the id of the first figure of that column, in the order of the page."""
    entities: dict[str, str] = field(default_factory=dict)
    """Codes of agencies, groups and province to their names, in the order of the page."""

    def note(self, row: MartRow, column: str, figure: str) -> None:
        # An id leaves out what is NULL at the key's end; the page says the longest key that it has printed.
        told = max((place for place, name in enumerate(row.key, start=1) if row[name] is not None), default=0)
        self.keys[row.mart_name] = max(self.keys.get(row.mart_name, ()), row.key[:told], key=len)
        if column not in row.key:
            self.columns.setdefault(row.mart_name, {}).setdefault(column, figure)
        if row.get("entity_code") is not None and row.get("entity_name_vi"):
            self.entities.setdefault(str(row["entity_code"]), words.entity(row))

    def forms(self) -> Iterator[tuple[str, str, str, bool]]:
        """For every mart on the page: how an id of it reads, its columns, an id that stands on the page, and whether a link
        can lead there.
        """
        for mart, columns in self.columns.items():
            keys = "/".join(f"<{words.key_column(name)}>" for name in self.keys[mart])
            example = next((one for one in columns.values() if one in self.anchors), next(iter(columns.values())))
            yield f"{mart}/{keys}/{_('<cột>')}", ", ".join(columns), example, example in self.anchors


def install(environment: Environment) -> None:
    """Give templates ``row | figure(column, form)`` for running text and ``row | cell(column, form)`` for tables, where the
    first of an id on the page is also its anchor; ``form`` is another filter's name, with what else that filter takes.
    """
    environment.filters |= {
        "figure": _figure,
        "cell": _cell,
        "document_cell": _document_cell,
        "interval": _interval,
        "baseline_gap": _baseline_gap,
        "restatement_causes": _restatement_causes,
        "target_shortfall": _target_shortfall,
    }


@pass_context
def _figure(context: Context, row: MartRow, column: str, form: str = "count", *more: Any) -> Markup:
    return _element(context, row, column, _worded(context, row, column, form, more), anchored=False)


@pass_context
def _cell(context: Context, row: MartRow, column: str, form: str = "count", *more: Any) -> Markup:
    return _element(context, row, column, _worded(context, row, column, form, more), anchored=True)


@pass_context
def _document_cell(context: Context, cell: "Cell") -> Markup:
    """A cell of a document's table: with its id and anchor where it is one figure of a mart, else its words alone."""
    if cell.source is None:
        return escape(cell.printed)
    row, column = cell.source
    return _element(context, row, column, cell.printed, anchored=True)


@pass_context
def _interval(context: Context, row: MartRow) -> Markup:
    return words.interval(row, _show(context))


@pass_context
def _baseline_gap(context: Context, row: MartRow) -> Markup:
    return words.baseline_gap(row, _show(context))


@pass_context
def _restatement_causes(context: Context, row: MartRow, *, anchored: bool = True) -> Markup:
    return words.restatement_causes(row, _show(context, anchored=anchored))


@pass_context
def _target_shortfall(context: Context, row: MartRow, *, anchored: bool = True) -> Markup:
    return words.target_shortfall(row, _show(context, anchored=anchored))


def _show(context: Context, *, anchored: bool = True) -> words.Show:
    def show(row: Any, column: str, form: Callable[..., str], *more: Any) -> Markup:
        return _element(context, row, column, form(row[column], *more), anchored=anchored)

    return show


def _worded(context: Context, row: MartRow, column: str, form: str, more: tuple[Any, ...]) -> str:
    if form in _FORMS_OF_A_ROW:
        return _FORMS_OF_A_ROW[form](row, column, *more)
    value = words.text_of(row, column) if column.endswith("_vi") else row[column]
    return str(context.environment.filters[form](value, *more))


def _element(context: Context, row: MartRow, column: str, text: str, *, anchored: bool) -> Markup:
    """The words of a figure in an element that names it; a number also goes along as machines read it, unrounded."""
    printed: Printed = context[PRINTED]
    figure = row.id_of(column)
    printed.note(row, column, figure)
    anchor = Markup("")
    if anchored and figure not in printed.anchors:
        printed.anchors.add(figure)
        anchor = Markup(' id="{}"').format(figure)
    value = row[column]
    if isinstance(value, (int, float)):
        return Markup('<data{} value="{}" data-figure="{}" title="{}">{}</data>').format(
            anchor, repr(value), figure, figure, text
        )
    return Markup('<span{} data-figure="{}" title="{}">{}</span>').format(anchor, figure, figure, text)
