"""One module per kind of source, found by the ``kind`` that sources.yml names.

What may live here: how to find out what a source offers, and how to read one offer into a Parquet file of the contract's
columns. What may not: manifests, versions, what was landed before (landing), and anything about a province. A kind is a
module of this package, and is one of two: it reads what lies there already (`Kind`), or it fetches a month from a running
system (`FetchingKind`) into a file that is read like any other, later, by `_spool`. The types that they share stand below.
"""

import importlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from pydantic import BaseModel, ValidationError

from dvctt.core.contract import Entity
from dvctt.core.errors import ConfigError, ExtractError, RefusalReason
from dvctt.core.period import Month
from dvctt.extract._forms import ending_of, stem_of
from dvctt.province.model import Feed, Source

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "Asked",
    "Control",
    "FetchingKind",
    "Kind",
    "Login",
    "NoOffer",
    "Offer",
    "Reading",
    "SourceUnreachable",
    "Taken",
    "check_source",
    "count_in_words",
    "ending_of",
    "fetching_kind_of",
    "folded_name",
    "kind_of",
    "likely_amount",
    "options_of",
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


class SourceUnreachable(ExtractError):
    """A running system gave no usable answer, which may mend itself: it is down, slow, busy, or changed while it was read."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "not_fetched")


@dataclass(frozen=True)
class Login:
    """What opens a running system: the fields of an Airflow connection. Printed, it says no more than its name.

    Attributes:
        connection: the connection's name, for words.
        system: its type: ``http``, ``postgres``, …
        extra: what its field "extra" holds, as an object.
    """

    connection: str
    system: str
    host: str | None = None
    port: int | None = None
    schema: str | None = None
    user: str | None = None
    password: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Login({self.connection!r})"


@dataclass(frozen=True)
class Asked:
    """One month of one entity, asked of a running system.

    Attributes:
        timezone: the province's, for moments that the system gives with a zone: the contract's times carry none.
        progress: is told of the rows taken so far; whoever fetches calls it often, and it decides what is shown.
    """

    source: Source
    entity: Entity
    month: Month
    login: Login
    timezone: str
    progress: Callable[[int], None]

    @property
    def feed(self) -> Feed:
        return self.source.entities[self.entity.name]

    @property
    def words(self) -> str:
        return f"source {self.source.id!r}, {self.entity.name} of {self.month}"


@dataclass(frozen=True)
class Taken:
    """What the system itself said that it gave: its own totals, which the file is held against when it lands. None where it
    says none.
    """

    rows: int | None
    total_amount_vnd: int | None


class FetchingKind(Protocol):
    """The functions of a source kind that asks a running system."""

    check_options: Callable[[Source], None]
    """Whether what sources.yml says of this source and its entities can be asked; raises ConfigError."""
    fetch: Callable[[Asked, Path], Taken]
    """Write the month's records to the path given, as CSV: UTF-8, comma, one header line, the contract's columns that the feed
    does not call absent, and no other, so that nothing personal leaves the system. Raises SourceUnreachable where another try
    may succeed, ExtractError where a person has to mend something, ConfigError; what is at the path then is nobody's."""


_Options = TypeVar("_Options", bound=BaseModel)


def options_of(model: type[_Options], options: Mapping[str, Any], where: str) -> _Options:
    """A kind's own keys of sources.yml, checked.

    Args:
        where: the place in words: which source, which entity.

    Raises:
        ConfigError: a key is unknown or missing, or a value is of the wrong form; every one is named.
    """
    try:
        return model.model_validate(options)
    except ValidationError as error:
        faults = "; ".join(
            f"key {'.'.join(map(str, fault['loc'])) or 'options'}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors()
        )
        raise ConfigError(f"sources.yml: {where}: options: {faults}") from None


def kind_of(source: Source) -> Kind:
    """What reads this source's files: its module, or, where that fetches them, what reads what was fetched.

    Raises:
        ConfigError: no module of this package has that name.
    """
    if fetching_kind_of(source) is not None:
        return cast(Kind, importlib.import_module(f"{__name__}._spool"))
    return cast(Kind, _module_of(source))


def fetching_kind_of(source: Source) -> FetchingKind | None:
    """What fetches this source's records from a running system; None where its files lie in the inbox.

    Raises:
        ConfigError: no module of this package has that name.
    """
    module = _module_of(source)
    return cast(FetchingKind, module) if hasattr(module, "fetch") else None


def check_source(source: Source) -> None:
    """Whether sources.yml says of a source what its kind needs, and nothing that its kind does not know.

    Raises:
        ConfigError: it does not; the message names source, entity and key.
    """
    kind = fetching_kind_of(source)
    if kind is not None:
        if source.connection is None:
            raise ConfigError(
                f"sources.yml: source {source.id!r}: key connection: missing; wanted the name of an Airflow connection, for it "
                f"is of kind {source.kind!r}"
            )
        if source.fetch is None:
            raise ConfigError(
                f"sources.yml: source {source.id!r}: key fetch: missing; wanted which months are fetched (first_month, …)"
            )
        kind.check_options(source)
        return
    said = [key for key, value in (("connection", source.connection), ("fetch", source.fetch)) if value is not None]
    said += ["sample"] if source.sample else []
    said += ["options"] if source.options or any(feed.options for feed in source.entities.values()) else []
    if said:
        raise ConfigError(
            f"sources.yml: source {source.id!r}: key {', '.join(said)}: of kinds that ask a running system; wanted none with "
            f"kind {source.kind!r}"
        )


def _module_of(source: Source) -> ModuleType:
    name = f"{__name__}.{source.kind}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        known = ", ".join(sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))
        raise ConfigError(
            f"sources.yml: source {source.id!r}: key kind: found {source.kind!r}, wanted one of {known}"
        ) from error
