"""One module per kind of source, found by the ``kind`` that sources.yml names.

What may live here: how to find out what a source offers, and how to read one offer into a Parquet file of the contract's
columns. What may not: manifests, versions, what was landed before (landing), and anything about a province. A kind is a
module of this package with two functions, ``offers`` and ``read``; the types that they share stand below.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

from dvctt.config import Feed, Source
from dvctt.errors import ConfigError
from dvctt.period import Month


@dataclass(frozen=True)
class Control:
    """What the source says of its own file: each total may be missing (None), never guessed."""

    path: Path
    rows: int | None
    total_amount_vnd: int | None
    sha256: str | None


@dataclass(frozen=True)
class Offer:
    """One file that a source offers: one entity, one month, known by its name."""

    source_id: str
    entity: str
    month: Month
    name: str
    path: Path
    control: Control | None


@dataclass(frozen=True)
class Reading:
    """What reading an offer gave: rows written, their amount in VND (None where the entity has none), the input's own
    hash and size, and the names (never the values) of the columns that were left behind.
    """

    rows: int
    total_amount_vnd: int | None
    sha256: str
    bytes: int
    dropped_columns: tuple[str, ...]


class Kind(Protocol):
    """The two functions of a source kind."""

    offers: Callable[[Source, Path], list[Offer]]
    """What the source has, in the order of arrival: by month, the plain name first, then supplements by name."""
    fingerprint: Callable[[Offer], str]
    """sha256 of the offer's content, without reading its rows."""
    read: Callable[[Offer, Feed, Path], Reading]
    """Write the offer's rows as Parquet at the path given; raises ExtractError and leaves nothing when it cannot."""


def kind_of(source: Source) -> Kind:
    """The module that reads this kind of source.

    Raises:
        ConfigError: no module of this package has that name.
    """
    name = f"{__name__}.{source.kind}"
    try:
        module: ModuleType = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        known = ", ".join(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))
        raise ConfigError(
            f"sources.yml: source {source.id!r}: key kind: found {source.kind!r}, wanted one of {known}"
        ) from error
    return cast(Kind, module)
