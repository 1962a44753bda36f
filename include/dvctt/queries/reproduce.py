"""A figure built again from landing, and held against what was published."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvctt.databases import open_database
from dvctt.publications.reading import answer_problems
from dvctt.publications.rebuild import Difference, compare, rebuild
from dvctt.queries.explain import chain_of_models
from dvctt.queries.lookup import Figure, find_figure
from dvctt.queries.reader import is_same, publication_asked_for, read_row
from dvctt.settings import Settings
from dvctt.warehouse.definitions import read_definitions


@dataclass(frozen=True)
class Reproduction:
    """A figure beside the same figure built again from landing. ``differences`` are the published tables on its way that
    differ, in the order of building, if it does; ``problems`` the files of the publication that are not as its manifest says.
    """

    figure: Figure
    publication: int
    rebuilt: Any
    identical: bool
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]


def reproduce(settings: Settings, text: str, number: int | None = None, *, folder: Path | None = None) -> Reproduction:
    """Build what a figure is made of again from landing, by its publication's own definitions, and compare the figure.

    Args:
        folder: where the temporary folder is made; default: the system's.

    Raises:
        FigureError: the id names no figure of the publication.
        LandingError: landing no longer holds what the publication was made of.
        PublishError: no such publication, or it cannot be rebuilt.
    """
    publication = publication_asked_for(settings, number)
    nodes = read_definitions(publication.folder)
    figure = find_figure(publication, text, nodes)
    chain = chain_of_models({node.name: node for node in nodes}, figure.mart)
    published = [node.name for node in chain if node.published]
    with tempfile.TemporaryDirectory(prefix="dvctt-reproduce-", dir=folder) as made:
        rebuilt = rebuild(settings, publication, Path(made), models={node.name for node in chain})
        with open_database(rebuilt, read_only=True) as connection:
            row = read_row(connection, figure.mart, figure.key)
        identical = row is not None and is_same(row[figure.column], figure.value)
        differences = [] if identical else [d for d in compare(publication, rebuilt, tables=published) if d.differs]
    return Reproduction(
        figure,
        publication.number,
        row[figure.column] if row is not None else None,
        identical,
        tuple(sorted(differences, key=lambda difference: published.index(difference.table))),
        tuple(answer_problems(publication)),
    )
