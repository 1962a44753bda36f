"""One module per kind of source, found by the ``kind`` that sources.yml names.

What may live here: how to find out what a source offers, and how to read one offer into a Parquet file of the contract's
columns. What may not: manifests, versions, what was landed before (landing), and anything about a province. A kind is a
module of this package with two functions, ``offers`` and ``read``; the types that they share stand below.
"""

import importlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast

from dvctt.core.errors import ConfigError, RefusalReason
from dvctt.core.period import Month
from dvctt.extract._forms import ending_of, stem_of
from dvctt.province.model import Feed, Source

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "Control",
    "Kind",
    "Offer",
    "Reading",
    "count_in_words",
    "ending_of",
    "folded_name",
    "kind_of",
    "likely_amount",
    "stem_of",
]


@dataclass(frozen=True)
class Control:
    """What the source says of its own file: each total may be missing (None), never guessed."""

    path: Path
    rows: int | None
    total_amount_vnd: int | None
    sha256: str | None
    agencies: Mapping[str, int] | None = None
    """Rows by agency: what says that an agency without rows has none."""
    is_sample: bool | None = None
    """Whether the file's records are made up, for a trial; None where the source does not say."""


@dataclass(frozen=True)
class Offer:
    """One file that a source offers: one entity, one month, known by its name."""

    source_id: str
    entity: str
    month: Month
    name: str
    path: Path
    control: Control | None

    @property
    def name_key(self) -> str:
        return folded_name(self.name)


@dataclass(frozen=True)
class NoOffer:
    """What lies where a source's files lie and cannot be offered; told beside the offers, so that it costs none of them.

    Attributes:
        entity, month, name: of the file that it is, or that it is about, as far as its place and its name say so; a name that
            is not of the contract is None, for anything may stand in it.
        words: what is wrong with it, and where; no value of a file is quoted.
    """

    source_id: str
    entity: str | None
    month: Month | None
    name: str | None
    words: str
    reason: RefusalReason


def folded_name(name: str) -> str:
    """What two file names share that are one to a person or to another disk: equal but for case, width, how letters are
    composed, or the form in which the same month is sent once more.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", stem_of(name)).casefold())


@dataclass(frozen=True)
class Reading:
    """What reading an offer gave: rows written, their amount in VND (None where the entity has none), the input's own
    hash and size, and the columns that were left behind: by name those of the contract (never the values), the others
    as a number, because a file without its header line has a citizen in the place of names.
    """

    rows: int
    total_amount_vnd: int | None
    sha256: str
    bytes: int
    dropped_columns: tuple[str, ...]
    other_columns: int


def count_in_words(wanted: int, likely: int) -> str:
    """A total that a control file states. One that cannot be a total of this file is no count, and is not quoted: a number
    that stands for a person may have slipped into its place.
    """
    return str(wanted) if abs(wanted) <= likely else f"a number above {likely}, which is no total of this file"


def likely_amount(found: int | None) -> int:
    """Up to which a stated amount is one of a file whose rows add up to ``found``."""
    return 1000 * max(abs(found or 0), 1000)


class Kind(Protocol):
    """The functions of a source kind. One may have further ones, as ``files`` has: ``personal_values``, and ``offer_at`` where
    what it reads are files.
    """

    offers: Callable[[Source, Path], Sequence[Offer | NoOffer]]
    """What the source has, in the order of arrival: by month, the plain name first, then supplements by name; what cannot be
    offered stands among it. Raises ExtractError when nobody can say what the source has."""
    fingerprint: Callable[[Offer], str]
    """sha256 of the offer's content, without reading its rows."""
    read: Callable[[Offer, Feed, Path, "duckdb.DuckDBPyConnection"], Reading]
    """Write the offer's rows as Parquet at the path given, by the connection given, which all offers of a night share; raises
    ExtractError and leaves no file when it cannot."""


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
