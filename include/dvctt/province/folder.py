"""Loads and checks a province folder and the three environment variables that select an installation.

What is true of one province lives in its folder as plain data; this module turns it into frozen objects and refuses it,
with file, line and key, when it is wrong. Nothing here reads records, and nothing here knows a province by name.
"""

import calendar
import csv
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from dvctt.core.contract import ENTITIES, NOT_GIVEN, CodeList, fold_label
from dvctt.core.errors import ConfigError

PACKAGE_ROOT = Path(__file__).resolve().parent.parent
INCLUDE_ROOT = PACKAGE_ROOT.parent
PROJECT_ROOT = Path(os.environ.get("DVCTT_PROJECT", INCLUDE_ROOT.parent))
"""Where dags/, dbt_project/ and expectations/ lie: the checkout, or what an image names in DVCTT_PROJECT."""

PROVINCE_FILES = (
    "province.yml",
    "sources.yml",
    "agencies.csv",
    "agency_successions.csv",
    "commune_succession.csv",
    "targets.csv",
    "published_figures.csv",
    "expected_feeds.csv",
    "drift_bands.csv",
    "close_waivers.csv",
)
"""What a province folder must hold. sample.yml is read by the sample alone."""

OPTIONAL_PROVINCE_FILES = ("values.csv",)
"""What it may hold as well. Together with the others these are the province's digest."""

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"
PUBLISHED_CHECKS = "published_checks.csv"
"""May be there: what should add up among the printed figures. No run reads it, so it is no part of the digest."""
METRICS = SEEDS / "ref_metrics.csv"
"""The metrics that a printed figure can be compared with."""

_SLUG = r"^[a-z][a-z0-9_]*$"
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DATE_LIMITS = PROJECT_ROOT / "dbt_project" / "seeds" / "ref_date_limits.csv"


def date_limits() -> tuple[str, ...]:
    """The ids of the limits that dates are held against; their values and reasons stand in the seed."""
    with _DATE_LIMITS.open(encoding="utf-8", newline="") as file:
        return tuple(row["limit_id"] for row in csv.DictReader(file, strict=True))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _blank_to_none(value: object) -> object:
    return None if value == "" else value


OptionalText = Annotated[str | None, BeforeValidator(_blank_to_none)]
OptionalDate = Annotated[date | None, BeforeValidator(_blank_to_none)]
OptionalNumber = Annotated[float | None, BeforeValidator(_blank_to_none)]
Text = Annotated[str, Field(min_length=1)]


class Group(_Frozen):
    """A block of agencies that official tables add up, in their order."""

    code: Annotated[str, Field(pattern=_SLUG)]
    name_vi: Text
    name_en: Text


class Feed(_Frozen):
    """One entity of one source.

    Attributes:
        month_means: ``received``: the file of a month holds the filings received in it, a row of another month is set
            aside. ``updated``: a feed of changes, rows of any month, the newest wins.
        optional: no file at all is not a fault.
        rename: source's column name to the contract's.
        absent: contract columns that this source cannot give; they land as NULL.
    """

    month_means: Literal["received", "updated"] = "received"
    optional: bool = False
    rename: Mapping[str, str] = {}
    absent: tuple[str, ...] = ()


def _day_to_text(value: object) -> object:
    """YAML takes an unquoted 1900-01-01 for a date."""
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


_NoDate = Annotated[str, BeforeValidator(_day_to_text), StringConstraints(strip_whitespace=True, min_length=1)]


class Source(_Frozen):
    """One system that records come from; ``kind`` names the module of ``dvctt.extract`` that reads it.

    Attributes:
        no_date: what this system writes where there is no date: a day as yyyy-MM-dd, or a word. It lands as it is written;
            staging makes it NULL and names the column.
        date_limits: this system's own limits for its dates in place of those of the seed ``ref_date_limits``.
        agencies: whom it serves, by code or as ``group:<code>``; nothing said is every agency. ``*`` in expected_feeds.csv
            means these.
    """

    id: Annotated[str, Field(pattern=_SLUG)]
    name_vi: Text
    kind: Annotated[str, Field(pattern=_SLUG)]
    entities: Mapping[str, Feed]
    no_date: tuple[_NoDate, ...] = ()
    date_limits: Mapping[str, Annotated[int, Field(ge=0, le=100_000)]] = {}

    @property
    def no_date_days(self) -> tuple[date, ...]:
        """Those of ``no_date`` that are days of the calendar."""
        return tuple(day for written in self.no_date if (day := _day_of(written)) is not None)

    @property
    def no_date_words(self) -> tuple[str, ...]:
        """The others, as staging compares them: in small letters, NFC, a day that no calendar has in every form of the
        contract.
        """
        words: dict[str, None] = {}
        for written in self.no_date:
            if _day_of(written) is None:
                text = unicodedata.normalize("NFC", written).lower()
                words[text] = None
                if match := _DAY.fullmatch(text):
                    year, month, day = match.groups()
                    words |= dict.fromkeys((f"{year}{month}{day}", f"{day}/{month}/{year}"))
        return tuple(words)

    @field_validator("date_limits")
    @classmethod
    def _limits_are_known(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        known = date_limits()
        for limit in value:
            if limit not in known:
                raise ValueError(f"unknown limit {limit!r}; wanted one of {', '.join(known)}")
        return value

    agencies: tuple[str, ...] = ()

    def serves(self, agency: "Agency") -> bool:
        """Whether the agency's records come from this source."""
        return not self.agencies or bool({agency.agency_code, f"group:{agency.group_code}"} & set(self.agencies))

    @field_validator("entities")
    @classmethod
    def _entities_are_of_the_contract(cls, value: Mapping[str, Feed]) -> Mapping[str, Feed]:
        for name, feed in value.items():
            if name not in ENTITIES:
                raise ValueError(f"unknown entity {name!r}; wanted one of {', '.join(ENTITIES)}")
            known = set(ENTITIES[name].columns)
            for column in (*feed.rename.values(), *feed.absent):
                if column not in known | set(ENTITIES[name].personal):
                    raise ValueError(f"entity {name!r} has no column {column!r}; it has {', '.join(sorted(known))}")
        return value


class Agency(_Frozen):
    """One reporting agency, valid for a span of days (both ends included; an open end is None)."""

    agency_code: Text
    name_vi: Text
    short_name_vi: Text
    group_code: Text
    official_order: Annotated[int, Field(ge=1)]
    parent_code: OptionalText
    valid_from: date
    valid_to: OptionalDate
    code_basis: Text
    membership_basis: Text
    name_en: OptionalText = None

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class AgencySuccession(_Frozen):
    """What became of an agency's work on one day.

    ``rename`` and ``merge``: the predecessor ended the day before and one successor took over all of it. ``split``: it ended,
    and several took over parts that its records do not tell apart. ``transfer``: a part went over and the predecessor goes
    on, or its rest went to another; what was filed with it is not moved for that.
    """

    predecessor_code: Text
    successor_code: Text
    effective_on: date
    kind: Literal["rename", "merge", "transfer", "split"]
    share_note: OptionalText
    legal_basis: Text
    certainty: Literal["published", "recalled", "derived", "assumed"]


class CommuneSuccession(_Frozen):
    """One commune of the old structure and the one that all of it went to. A code may be used by both structures."""

    old_district_code: Text
    old_district_vi: Text
    old_commune_code: Text
    old_commune_vi: Text
    new_commune_code: Text
    new_commune_vi: Text
    portal_unit_code: OptionalText
    kind: Literal["whole"]


class Target(_Frozen):
    """One dated target. ``value`` is in ``unit``; an empty entity means the whole scope."""

    target_id: Annotated[str, Field(pattern=_SLUG)]
    scope: Literal["province", "group", "agency"]
    entity_code: OptionalText
    metric: Text
    comparison: Literal["at_least"]
    value: float
    unit: Literal["percent"]
    valid_from: date
    valid_to: date
    name_vi: Text
    legal_basis: Text
    certainty: Literal["published", "recalled", "derived"]
    name_en: OptionalText = None
    legal_basis_en: OptionalText = None


class PublishedFigure(_Frozen):
    """One figure that the province printed, with the interval that its rounding allows. A share or a difference of shares that
    gives none has half of its last printed digit on both sides: 50,3 is [50,25; 50,35]. A count without one is exact.
    """

    figure_id: Annotated[int, Field(ge=1)]
    scope: Text
    entity: Text
    period_start: OptionalDate
    period_end: date
    metric: Text
    value: OptionalNumber
    lower: OptionalNumber
    upper: OptionalNumber
    unit: Text
    wording_vi: Text
    note: OptionalText

    @model_validator(mode="before")
    @classmethod
    def _rounding_is_an_interval(cls, row: Any) -> Any:
        printed = isinstance(row, dict) and row.get("unit") in ("percent", "percentage_points") and row.get("value")
        if not printed or row.get("lower") or row.get("upper"):
            return row
        try:
            value = Decimal(printed)
        except InvalidOperation:
            return row
        half = Decimal(5).scaleb(int(value.as_tuple().exponent) - 1) if value.is_finite() else Decimal(0)
        return {**row, "lower": str(value - half), "upper": str(value + half)}

    @model_validator(mode="after")
    def _interval_holds_the_value(self) -> Self:
        lower, upper = self.lower, self.upper
        if lower is not None and upper is not None and lower > upper:
            raise ValueError(f"lower {lower} lies above upper {upper}")
        if self.value is None and lower is None and upper is None:
            raise ValueError("neither value nor lower nor upper is given; wanted what was printed")
        if self.period_start is not None and self.period_start > self.period_end:
            raise ValueError(f"period_start {self.period_start} lies after period_end {self.period_end}")
        return self


_FigureIds = Annotated[
    tuple[Annotated[int, Field(ge=1)], ...],
    BeforeValidator(lambda value: value.replace("+", " ").split() if isinstance(value, str) else value),
]


class PublishedCheck(_Frozen):
    """What should be true of printed figures. Figures go by their ids; several are written with a plus sign, as in "10 + 11".

    Attributes:
        kind: ``total``: the figure is the sum of the terms. ``part``: the terms are parts of the figure, not all of them.
            ``within``: the figure is a part of the sum of the terms.
            ``share``: the figure is 100 x terms / base; without a base, how large it must be is told. ``change``: the figure
            is the term minus the base, in points where both are shares; without a base, what it must have been is told.
            ``highest``, ``lowest``: no term is beyond the figure. ``same_period``: a reader may set the figures side by side.
    """

    check_id: Annotated[str, Field(pattern=_SLUG)]
    kind: Literal["total", "part", "within", "share", "change", "highest", "lowest", "same_period"]
    figure_id: Annotated[int, Field(ge=1)]
    terms: Annotated[_FigureIds, Field(min_length=1)]
    base: _FigureIds = ()
    note: OptionalText = None


class ExpectedFeed(_Frozen):
    """Who owes what: one entity of one source, for every month of its validity, by which working day of the month after.
    ``*`` stands for every agency in force.
    """

    source_id: Text
    entity: Text
    agency_code: Text
    due_working_day: Annotated[int, Field(ge=1, le=20)]
    valid_from: date
    valid_to: OptionalDate
    note: OptionalText


class DriftBand(_Frozen):
    """How far a month's figure may lie from what it is held against, in per cent of that, before a person has to say so.

    Attributes:
        entity, measure: which figure: rows or VND of filings, payments or payment attempts.
        scope, group_code: of an agency of the group, of the group, or of the province (no group). ``*`` is every group that
            has no line of its own.
        basis: what it is held against: ``published`` (the same month in the publication that readers see), ``trailing``
            (the mean of the months before, for a month that was not published) or ``reported`` (what the agency itself
            reported, for such a month).
        trailing_months: how many months before; of the basis ``trailing`` alone.
        smallest_rows: with fewer rows than these to be held against, chance alone moves that far: nothing is held for
            falling, and a rise counts from here.
    """

    entity: Literal["filings", "payment_requests", "payment_attempts"]
    measure: Literal["rows", "vnd"]
    scope: Literal["agency", "group", "province"]
    group_code: OptionalText
    basis: Literal["published", "trailing", "reported"]
    trailing_months: Annotated[Annotated[int, Field(ge=1, le=24)] | None, BeforeValidator(_blank_to_none)]
    lowest_percent: Annotated[float, Field(ge=0, le=100)]
    highest_percent: Annotated[float, Field(ge=100)]
    smallest_rows: Annotated[float, Field(ge=1)]
    reason: Text
    observed: Text
    observed_on: date

    @property
    def key(self) -> str:
        return ",".join((self.entity, self.measure, self.scope, self.group_code or "", self.basis))

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.basis == "trailing") != (self.trailing_months is not None):
            raise ValueError("trailing_months: wanted a number with the basis trailing, and with no other")
        if (self.scope == "province") != (self.group_code is None):
            raise ValueError("group_code: wanted a group or * with the scopes agency and group, and none with province")
        if self.basis == "reported" and (self.entity, self.measure, self.scope) != ("filings", "rows", "agency"):
            raise ValueError(
                "basis: agencies report their own filings: reported goes with filings, rows and agency alone"
            )
        if self.entity == "filings" and self.measure == "vnd":
            raise ValueError("measure: filings have no VND")
        return self


class QuarantineBudget(_Frozen):
    """How much may be set aside before the gate stops a run: rows of one source's entity and month, and per cent of the
    rows of one agency in one month.
    """

    rows_per_month: Annotated[int, Field(ge=0)]
    percent_of_agency_month: Annotated[float, Field(ge=0, le=100)]


class Retention(_Frozen):
    """How long publications are kept. One that readers see, that a month's closing names or that somebody is reading is kept
    whatever these say.

    Attributes:
        nightly_days: one that is younger than so many days of 24 hours, by its ``published_at``, is kept.
        keep_at_least: so many of the newest are kept, however old.
    """

    nightly_days: Annotated[int, Field(ge=1)]
    keep_at_least: Annotated[int, Field(ge=1)]


class Close(_Frozen):
    """When a month's close is asked for: a day of the month after, and an hour of it, in the province's zone."""

    day: Annotated[int, Field(ge=1, le=28)]
    hour: Annotated[int, Field(ge=0, le=23)]


class CloseWaiver(_Frozen):
    """A feed of one month that a named person lets the month be closed without; an empty agency is the whole feed."""

    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    source_id: Text
    entity: Text
    agency_code: OptionalText
    waived_by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    waived_on: date


class ValueMapping(_Frozen):
    """What one source (``*``: every one) writes in a coded column, and the value of the national list that it stands for;
    ``not_given`` for one that says that nothing is given.
    """

    source_id: Text
    entity: Text
    column: Text
    source_value: Text
    value: Text
    note: OptionalText = None


class _ProvinceFile(_Frozen):
    code: Text
    electronic_id: Text
    name_vi: Text
    name_en: Text
    authority_vi: Text
    authority_en: Text | None = None
    timezone: str
    first_day: date
    """The first day that a record can be of: what is dated before it is no date, and no file is for a month before it."""
    groups: tuple[Group, ...]
    quarantine_budget: QuarantineBudget
    retention: Retention
    close: Close

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}; wanted a name such as Asia/Ho_Chi_Minh") from error
        return value

    @field_validator("groups")
    @classmethod
    def _groups_are_distinct(cls, value: tuple[Group, ...]) -> tuple[Group, ...]:
        codes = [group.code for group in value]
        if not codes or len(set(codes)) != len(codes):
            raise ValueError(f"wanted at least one group and no code twice; found {codes}")
        return value


class _SourcesFile(_Frozen):
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _sources_are_distinct(self) -> Self:
        ids = [source.id for source in self.sources]
        if not ids or len(set(ids)) != len(ids):
            raise ValueError(f"wanted at least one source and no id twice; found {ids}")
        return self


class Province(_ProvinceFile):
    """A checked province folder. ``digest`` is the sha256 of the files that a run reads from it."""

    folder: Path
    digest: str
    sources: tuple[Source, ...]
    agencies: tuple[Agency, ...]
    agency_successions: tuple[AgencySuccession, ...]
    commune_succession: tuple[CommuneSuccession, ...]
    targets: tuple[Target, ...]
    published_figures: tuple[PublishedFigure, ...]
    published_checks: tuple[PublishedCheck, ...]
    expected_feeds: tuple[ExpectedFeed, ...]
    drift_bands: tuple[DriftBand, ...]
    close_waivers: tuple[CloseWaiver, ...]
    value_mappings: tuple[ValueMapping, ...] = ()

    def agencies_on(self, day: date) -> tuple[Agency, ...]:
        """The agencies in force on a day, in the folder's order."""
        return tuple(agency for agency in self.agencies if agency.in_force(day))


_UNUSABLE = {"DVCTT_HOME": re.compile(r"[?\\\x00-\x1f\x7f]"), "DVCTT_INBOX": re.compile(r"[\\\x00-\x1f\x7f]")}
"""What a path must not hold: beside a database with ``?`` in its path DuckDB writes its log elsewhere; see dvctt.core.sql."""


class Settings(_Frozen):
    """One installation: which province, where its source files lie, and the home that all it makes goes under.

    ``DVCTT_PROVINCE`` is a folder, or the name of one in include/provinces (default ``vinh_phuc``); ``DVCTT_HOME``
    defaults to var/ in the checkout; ``DVCTT_INBOX`` defaults to ``<home>/inbox``. Two homes share nothing.
    """

    province_folder: Path
    inbox: Path
    home: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the three variables.

        Raises:
            ConfigError: ``DVCTT_PROVINCE`` is neither a folder nor the name of a bundled one.
        """
        env = os.environ if environment is None else environment
        for name in ("DVCTT_HOME", "DVCTT_INBOX"):
            if unusable := _UNUSABLE[name].search(env.get(name) or ""):
                raise ConfigError(
                    f"{name}: the path holds {unusable[0]!r}, which DuckDB cannot take as a part of a path; wanted one without"
                )
        home = Path(env.get("DVCTT_HOME") or PROJECT_ROOT / "var").resolve()
        inbox = Path(env.get("DVCTT_INBOX") or home / "inbox").resolve()
        return cls(province_folder=_province_folder(env.get("DVCTT_PROVINCE") or "vinh_phuc"), inbox=inbox, home=home)

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def candidate(self) -> Path:
        return self.home / "candidate"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def closed(self) -> Path:
        """Closed months, frozen: one folder a month and revision."""
        return self.home / "closed"

    @property
    def verdicts(self) -> Path:
        """Every verdict of this home, in order: what the mart of verdicts is made of."""
        return self.home / "verdicts"

    @property
    def ledgers(self) -> Path:
        """What people decided about landed files, one append-only file a kind of decision."""
        return self.home / "ledgers"

    @property
    def airflow_home(self) -> Path:
        return self.home / "airflow"


def _province_folder(named: str) -> Path:
    bundled = INCLUDE_ROOT / "provinces"
    for folder in (Path(named), bundled / named):
        if folder.is_dir():
            return folder.resolve()
    known = ", ".join(sorted(path.name for path in bundled.iterdir() if path.is_dir()))
    raise ConfigError(
        f"DVCTT_PROVINCE: no province folder {named!r}; wanted a folder's path, or one of {known} in {bundled}"
    )


_Model = TypeVar("_Model", bound=BaseModel)


def read_close(folder: Path) -> tuple[Close, str]:
    """When a province's months are asked to be closed, and its time zone: one small file, for a DAG that is parsed often.

    Raises:
        ConfigError: province.yml is missing or wrong; the message gives file, line and key.
    """
    path = folder / "province.yml"
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; wanted a province folder")
    province = read_yaml(path, _ProvinceFile)
    return province.close, province.timezone


def load_province(folder: Path) -> Province:
    """Load and check a province folder.

    Raises:
        ConfigError: a file is missing or unreadable, a key is unknown or missing, a value is of the wrong form, or two
            files contradict each other; the message gives file, line and key.
    """
    missing = [name for name in PROVINCE_FILES if not (folder / name).is_file()]
    if missing:
        raise ConfigError(f"{folder}: not a province folder; missing {', '.join(missing)}")
    province = read_yaml(folder / "province.yml", _ProvinceFile)
    sources = read_yaml(folder / "sources.yml", _SourcesFile)
    agencies = _read_csv(folder / "agencies.csv", Agency)
    successions = _read_csv(folder / "agency_successions.csv", AgencySuccession)
    communes = _read_csv(folder / "commune_succession.csv", CommuneSuccession)
    targets = _read_csv(folder / "targets.csv", Target)
    figures = _read_csv(folder / "published_figures.csv", PublishedFigure)
    group_codes = {group.code for group in province.groups}
    for line, agency in agencies:
        if agency.group_code not in group_codes:
            raise ConfigError(
                f"{folder / 'agencies.csv'}:{line}: key group_code: found {agency.group_code!r}, "
                f"wanted a group of province.yml: {', '.join(sorted(group_codes))}"
            )
    feeds = _read_csv(folder / "expected_feeds.csv", ExpectedFeed)
    bands = _read_csv(folder / "drift_bands.csv", DriftBand)
    waivers = _read_csv(folder / "close_waivers.csv", CloseWaiver)
    mappings = _read_csv(folder / "values.csv", ValueMapping) if (folder / "values.csv").is_file() else []
    _refuse_strange_values(folder / "values.csv", sources.sources, mappings)
    _refuse_strangers(folder, sources.sources, group_codes, agencies, feeds, bands)
    _refuse_strange_service(folder / "sources.yml", sources.sources, group_codes, agencies)
    _refuse_strange_waivers(folder / "close_waivers.csv", sources.sources, agencies, waivers)
    _refuse_overlaps(folder / "agencies.csv", agencies)
    _refuse_impossible_successions(folder / "agency_successions.csv", agencies, successions)
    _refuse_torn_communes(folder / "commune_succession.csv", communes)
    _refuse_twins(folder / "targets.csv", "target_id", ((line, row.target_id) for line, row in targets))
    _refuse_twins(folder / "published_figures.csv", "figure_id", ((line, row.figure_id) for line, row in figures))
    _refuse_strange_figures(folder / "published_figures.csv", province, agencies, targets, figures)
    checks = _read_csv(folder / PUBLISHED_CHECKS, PublishedCheck) if (folder / PUBLISHED_CHECKS).is_file() else []
    _refuse_impossible_checks(folder / PUBLISHED_CHECKS, figures, checks)
    return Province(
        **dict(province),
        folder=folder,
        digest=_digest(folder),
        sources=sources.sources,
        agencies=tuple(row for _, row in agencies),
        agency_successions=tuple(row for _, row in successions),
        commune_succession=tuple(row for _, row in communes),
        targets=tuple(row for _, row in targets),
        published_figures=tuple(row for _, row in figures),
        published_checks=tuple(row for _, row in checks),
        expected_feeds=tuple(row for _, row in feeds),
        drift_bands=tuple(row for _, row in bands),
        close_waivers=tuple(row for _, row in waivers),
        value_mappings=tuple(row for _, row in mappings),
    )


def _refuse_strangers(
    folder: Path,
    sources: Sequence[Source],
    group_codes: set[str],
    agencies: Sequence[tuple[int, Agency]],
    feeds: Sequence[tuple[int, ExpectedFeed]],
    bands: Sequence[tuple[int, DriftBand]],
) -> None:
    """A calendar or a band that names what the folder does not know would check nothing, in silence."""
    by_id = {source.id: source for source in sources}
    known_feeds = {(source.id, entity) for source in sources for entity in source.entities}
    codes = {agency.agency_code for _, agency in agencies} | {"*"}
    for line, feed in feeds:
        if (feed.source_id, feed.entity) not in known_feeds:
            raise ConfigError(
                f"{folder / 'expected_feeds.csv'}:{line}: key entity: found {feed.entity!r} of {feed.source_id!r}, "
                f"wanted a source and an entity of sources.yml"
            )
        if feed.agency_code not in codes:
            raise ConfigError(
                f"{folder / 'expected_feeds.csv'}:{line}: key agency_code: found {feed.agency_code!r}, "
                f"wanted * or a code of agencies.csv"
            )
        if feed.agency_code != "*" and not any(
            by_id[feed.source_id].serves(agency) for _, agency in agencies if agency.agency_code == feed.agency_code
        ):
            raise ConfigError(
                f"{folder / 'expected_feeds.csv'}:{line}: key agency_code: found {feed.agency_code!r}, which "
                f"{feed.source_id!r} does not serve: see agencies of that source in sources.yml"
            )
    for line, band in bands:
        if band.group_code not in (None, "*", *group_codes):
            raise ConfigError(
                f"{folder / 'drift_bands.csv'}:{line}: key group_code: found {band.group_code!r}, "
                f"wanted * or a group of province.yml: {', '.join(sorted(group_codes))}"
            )
    _refuse_twins(folder / "drift_bands.csv", "basis", ((line, band.key) for line, band in bands))


def _refuse_strange_service(
    path: Path, sources: Sequence[Source], group_codes: set[str], agencies: Sequence[tuple[int, Agency]]
) -> None:
    known = {agency.agency_code for _, agency in agencies} | {f"group:{code}" for code in group_codes}
    for place, source in enumerate(sources):
        for name in source.agencies:
            if name not in known:
                line = _line_of(yaml.compose(_read_text(path), Loader=yaml.SafeLoader), ("sources", place, "agencies"))
                raise ConfigError(
                    f"{path}:{line}: key sources.{place}.agencies: found {name!r}, wanted a code of agencies.csv, or "
                    f"{', '.join(f'group:{code}' for code in sorted(group_codes))}"
                )


def _refuse_strange_waivers(
    path: Path,
    sources: Sequence[Source],
    agencies: Sequence[tuple[int, Agency]],
    waivers: Sequence[tuple[int, CloseWaiver]],
) -> None:
    known_feeds = {(source.id, entity) for source in sources for entity in source.entities}
    codes = {agency.agency_code for _, agency in agencies}
    for line, waiver in waivers:
        if (waiver.source_id, waiver.entity) not in known_feeds:
            raise ConfigError(
                f"{path}:{line}: key entity: found {waiver.entity!r} of {waiver.source_id!r}, "
                f"wanted a source and an entity of sources.yml"
            )
        if waiver.agency_code is not None and waiver.agency_code not in codes:
            raise ConfigError(
                f"{path}:{line}: key agency_code: found {waiver.agency_code!r}, "
                f"wanted a code of agencies.csv, or nothing for the whole feed"
            )
    feeds = ((line, (row.month, row.source_id, row.entity, row.agency_code)) for line, row in waivers)
    _refuse_twins(path, "month, source_id, entity, agency_code", feeds)


_CATALOGUE = "services_"
"""Metrics of the catalogue are as at a day, so their period has no beginning; every other has one."""
_FAMILIES = ("online_rate_change_to_", "online_rate_gap_to_")


def _refuse_strange_figures(
    path: Path,
    province: _ProvinceFile,
    agencies: Sequence[tuple[int, Agency]],
    targets: Sequence[tuple[int, Target]],
    figures: Sequence[tuple[int, PublishedFigure]],
) -> None:
    """A printed figure that nothing can be compared with would stand as "no data" for ever, whatever its reason."""
    with METRICS.open(encoding="utf-8") as file:
        metrics = {row["metric"] for row in csv.DictReader(file)} | {target.metric for _, target in targets}
    months = [f"{_FAMILIES[0]}{name.lower()}" for name in calendar.month_name if name]
    metrics |= {*months, *(f"{_FAMILIES[1]}{group.code}" for group in province.groups)}
    entities = {
        "province": {province.name_vi},
        **{group.code: {group.name_vi} for group in province.groups},
        "agency": {agency.name_vi for _, agency in agencies},
    }
    for line, figure in figures:
        if figure.metric not in metrics:
            raise ConfigError(
                f"{path}:{line}: key metric: found {figure.metric!r}, wanted one of {', '.join(sorted(metrics))}"
            )
        if figure.scope not in entities:
            raise ConfigError(f"{path}:{line}: key scope: found {figure.scope!r}, wanted one of {', '.join(entities)}")
        if figure.entity not in entities[figure.scope]:
            raise ConfigError(
                f"{path}:{line}: key entity: found {figure.entity!r}, wanted a name_vi of the folder, of scope "
                f"{figure.scope}: {', '.join(sorted(entities[figure.scope]))}"
            )
        if (figure.period_start is None) != figure.metric.startswith(_CATALOGUE):
            raise ConfigError(
                f"{path}:{line}: key period_start: found {figure.period_start or 'nothing'}, wanted "
                + (
                    f"nothing: {figure.metric} is as at a day"
                    if figure.period_start
                    else f"the first day of the period of {figure.metric}"
                )
            )


_SHARES = ("percent", "percentage_points")


def _refuse_impossible_checks(
    path: Path, figures: Sequence[tuple[int, PublishedFigure]], checks: Sequence[tuple[int, PublishedCheck]]
) -> None:
    """A check that names no figure, or adds up what is no sum, would prove nothing."""
    _refuse_twins(path, "check_id", ((line, check.check_id) for line, check in checks))
    units = {figure.figure_id: figure.unit for _, figure in figures}
    for line, check in checks:
        for key, numbers in (("figure_id", (check.figure_id,)), ("terms", check.terms), ("base", check.base)):
            for number in numbers:
                if number not in units:
                    raise ConfigError(
                        f"{path}:{line}: key {key}: found {number}, wanted a figure_id of published_figures.csv"
                    )
        if check.figure_id in (*check.terms, *check.base):
            raise ConfigError(f"{path}:{line}: key figure_id: {check.figure_id} is held against itself")
        if check.base and check.kind not in ("share", "change"):
            raise ConfigError(f"{path}:{line}: key base: a check of kind {check.kind} has none")
        if check.kind == "change" and (len(check.terms) != 1 or len(check.base) > 1):
            raise ConfigError(f"{path}:{line}: key terms: a change is one figure minus one other, the base")
        own, parts = units[check.figure_id], {units[number] for number in (*check.terms, *check.base)}
        if len(parts) > 1 and check.kind != "same_period":
            raise ConfigError(f"{path}:{line}: key terms: found the units {', '.join(sorted(parts))}, wanted one")
        wanted: set[str] = {
            "share": {"percent"},
            "change": {"percentage_points"} if parts == {"percent"} else {"percent", *parts},
            "same_period": {own},
        }.get(check.kind, parts)
        if own not in wanted or (check.kind == "total" and own in _SHARES):
            raise ConfigError(
                f"{path}:{line}: key kind: figure {check.figure_id} is in {own}, the figures that it is held against in "
                f"{', '.join(sorted(parts))}: that is no {check.kind}"
            )


def _refuse_strange_values(path: Path, sources: Sequence[Source], mappings: Sequence[tuple[int, ValueMapping]]) -> None:
    """A line that no row can meet, or that stands for nothing, would map nothing, in silence. What a source writes is never
    quoted: it may be anything.
    """
    known = {source.id: source.entities for source in sources}
    for line, mapping in mappings:
        where = f"{path}:{line}: key"
        if mapping.source_id != "*" and mapping.source_id not in known:
            raise ConfigError(
                f"{where} source_id: found {mapping.source_id!r}, wanted * or a source of sources.yml: {', '.join(known)}"
            )
        coded = {name: entity.coded for name, entity in ENTITIES.items() if entity.coded}
        delivered = known[mapping.source_id] if mapping.source_id != "*" else coded
        if mapping.entity not in coded or mapping.entity not in delivered:
            raise ConfigError(
                f"{where} entity: found {mapping.entity!r}, wanted an entity with coded columns that the source "
                f"delivers: {', '.join(name for name in coded if name in delivered)}"
            )
        codes = coded[mapping.entity].get(mapping.column)
        if codes is None:
            raise ConfigError(
                f"{where} column: found {mapping.column!r}, wanted a coded column of {mapping.entity}: "
                f"{', '.join(coded[mapping.entity])}"
            )
        if not fold_label(mapping.source_value):
            raise ConfigError(f"{where} source_value: found blanks only; an empty value needs no line")
        if mapping.value == NOT_GIVEN and not codes.optional:
            raise ConfigError(f"{where} value: found {NOT_GIVEN!r}, but {mapping.column} may not be empty")
        if mapping.value != NOT_GIVEN and fold_label(mapping.value) not in known_labels(codes):
            raise ConfigError(
                f"{where} value: found {mapping.value!r}, wanted a {codes.label} of dbt_project/seeds/{codes.seed}.csv"
                f"{f', or {NOT_GIVEN}' if codes.optional else ''}: {', '.join(known_labels(codes))}"
            )
    _refuse_twins(
        path,
        "source_id, entity, column, source_value",
        ((line, (row.source_id, row.entity, row.column, fold_label(row.source_value))) for line, row in mappings),
        quoted=False,
    )


def known_labels(codes: CodeList) -> tuple[str, ...]:
    """The spellings of a code list that every province reads."""
    with (SEEDS / f"{codes.seed}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row[codes.label] for row in csv.DictReader(file))


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for name in (*PROVINCE_FILES, *(name for name in OPTIONAL_PROVINCE_FILES if (folder / name).is_file())):
        total.update(f"{name}\0{hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; look: ls -l {path}") from error


def read_yaml(path: Path, model: type[_Model]) -> _Model:
    """Read one YAML file of a province folder into its model.

    Raises:
        ConfigError: the file is not YAML, or a key or value is wrong; the message gives file, line and key.
    """
    text = _read_text(path)
    try:
        _refuse_aliases(path, text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_keys_twice(path, root)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}: not YAML: {getattr(error, 'problem', error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deep; wanted a mapping of keys as in provinces/vinh_phuc") from error
    except ValueError as error:  # what looks like a date or a number and is none: 2022-02-30, 5,000 digits
        raise ConfigError(
            f"{path}:{_line_of_impossible(root)}: a value that looks like a date or a number and cannot be one: {error!s:.200}"
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}:1: found {type(content).__name__}, wanted a mapping of keys")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A mistyped key is an unknown one and a missing one: the unknown one has a line of its own.
        problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
        line = _line_of(root, problems[0]["loc"])
        raise ConfigError(_describe(path, line, problems)) from error


def _refuse_aliases(path: Path, text: str) -> None:
    """A few lines of aliases of aliases stand for more values than a machine holds; a province needs none."""
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.AliasToken):
            line = token.start_mark.line + 1
            raise ConfigError(f"{path}:{line}: an alias (*name); wanted every value written out where it stands")


def _refuse_keys_twice(path: Path, node: yaml.Node | None) -> None:
    """YAML's reader takes the last of two equal keys without a word."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if isinstance(key, yaml.ScalarNode) and seen.setdefault(key.value, line) != line:
                raise ConfigError(f"{path}:{line}: key {key.value}: stands on line {seen[key.value]} already")
            _refuse_keys_twice(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_keys_twice(path, value)


def _line_of_impossible(node: yaml.Node | None) -> int:
    """The line of the first value that looks like a date or a number and cannot be made into one."""
    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.SafeLoader("").construct_object(node)
        except ValueError:
            return node.start_mark.line + 1
        return 0
    if isinstance(node, yaml.MappingNode):
        parts = [part for pair in node.value for part in pair]
    else:
        parts = node.value if isinstance(node, yaml.SequenceNode) else []
    return next((line for part in parts if (line := _line_of_impossible(part))), 0)


def _line_of(node: yaml.Node | None, location: Iterable[str | int]) -> int:
    """The line of the deepest part of ``location`` that the file really has."""
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            match = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if match is None:
                return line
            line, node = match[0].start_mark.line + 1, match[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _describe(path: Path, line: int, problems: Sequence[Any]) -> str:
    first, *others = (_problem(problem) for problem in problems)
    more = f" (also {'; '.join(others)})" if others else ""
    return f"{path}:{line}: {first}{more}; look: dvctt check config"


def _problem(problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"]) or "(whole file)"
    if problem["type"] == "extra_forbidden":
        return f"key {key}: unknown key"
    if problem["type"] == "missing":
        return f"key {key}: missing key"
    return f"key {key}: {problem['msg']}; found {problem['input']!r}"


def _read_csv(path: Path, model: type[_Model]) -> list[tuple[int, _Model]]:
    reader = csv.DictReader(_read_text(path).splitlines(keepends=True), strict=True)
    wanted = list(model.model_fields)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    try:
        found = list(reader.fieldnames or [])
    except csv.Error as error:
        raise ConfigError(f"{path}:1: the header is no CSV: {error}; wanted {','.join(model.model_fields)}") from error
    if len(set(found)) != len(found) or not required <= set(found) <= set(wanted):
        raise ConfigError(
            f"{path}:1: unknown columns {sorted(set(found) - set(wanted))}, "
            f"missing columns {sorted(required - set(found))}; wanted {','.join(wanted)}"
        )
    rows: list[tuple[int, _Model]] = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ConfigError(f"{path}:{reader.line_num}: wanted {len(found)} fields, found another number")
            try:
                rows.append((reader.line_num, model.model_validate(row)))
            except ValidationError as error:
                raise ConfigError(_describe(path, reader.line_num, error.errors())) from error
    except csv.Error as error:
        raise ConfigError(f"{path}:{reader.line_num}: not CSV: {error}") from error
    return rows


def _refuse_twins(path: Path, key: str, values: Iterable[tuple[int, object]], *, quoted: bool = True) -> None:
    seen: dict[object, int] = {}
    for line, value in values:
        if value in seen:
            named = repr(value) if quoted else "the same value"
            raise ConfigError(f"{path}:{line}: key {key}: {named} stands on line {seen[value]} already")
        seen[value] = line


def _refuse_overlaps(path: Path, agencies: list[tuple[int, Agency]]) -> None:
    """Two rows of one agency may not be valid on the same day, or a filing would be counted twice."""
    by_code: dict[str, list[tuple[int, Agency]]] = {}
    for line, agency in agencies:
        for other_line, other in by_code.setdefault(agency.agency_code, []):
            starts_before_end = other.valid_to is None or agency.valid_from <= other.valid_to
            ends_after_start = agency.valid_to is None or other.valid_from <= agency.valid_to
            if starts_before_end and ends_after_start:
                raise ConfigError(
                    f"{path}:{line}: key agency_code: {agency.agency_code!r} overlaps line {other_line} in time; "
                    f"wanted valid_from after its valid_to"
                )
        by_code[agency.agency_code].append((line, agency))


def _refuse_impossible_successions(
    path: Path, agencies: Sequence[tuple[int, Agency]], successions: Sequence[tuple[int, AgencySuccession]]
) -> None:
    """Every day of an agency after its end must have at most one agency that answers for it, and one that is there."""
    by_code: dict[str, list[Agency]] = {}
    for _, agency in agencies:
        by_code.setdefault(agency.agency_code, []).append(agency)
    twins = ((line, (row.predecessor_code, row.successor_code, row.effective_on)) for line, row in successions)
    _refuse_twins(path, "predecessor_code, successor_code, effective_on", twins)
    for line, row in successions:
        for key in ("predecessor_code", "successor_code"):
            if getattr(row, key) not in by_code:
                raise ConfigError(
                    f"{path}:{line}: key {key}: found {getattr(row, key)!r}, wanted a code of agencies.csv"
                )
    _refuse_cycles(path, successions)
    first_heirs: dict[tuple[str, date], tuple[int, str]] = {}
    for line, row in successions:
        before = row.effective_on - timedelta(days=1)
        predecessors, successors = by_code[row.predecessor_code], by_code[row.successor_code]
        if not any(agency.in_force(before) for agency in predecessors):
            raise ConfigError(
                f"{path}:{line}: key effective_on: {row.predecessor_code!r} is not in force on {before}, "
                f"the day before {row.effective_on}"
            )
        if row.kind != "transfer" and any(agency.in_force(row.effective_on) for agency in predecessors):
            raise ConfigError(
                f"{path}:{line}: key effective_on: {row.predecessor_code!r} is still in force on {row.effective_on}; "
                f"wanted valid_to {before} in agencies.csv, or kind transfer"
            )
        if not any(agency.in_force(row.effective_on) for agency in successors):
            raise ConfigError(
                f"{path}:{line}: key effective_on: {row.successor_code!r} is not in force on {row.effective_on}"
            )
        if row.kind == "transfer":
            continue
        other_line, other_kind = first_heirs.setdefault((row.predecessor_code, row.effective_on), (line, row.kind))
        if other_line != line and "split" not in (row.kind, other_kind):
            raise ConfigError(
                f"{path}:{line}: key predecessor_code: line {other_line} gives all of {row.predecessor_code!r} to "
                f"another on {row.effective_on} already; wanted kind split for both, or transfer for a part"
            )
        if row.kind != other_kind and "split" in (row.kind, other_kind):
            raise ConfigError(
                f"{path}:{line}: key kind: found {row.kind!r} beside {other_kind!r} of line {other_line}; what is split "
                f"has no one heir"
            )


def _refuse_cycles(path: Path, successions: Sequence[tuple[int, AgencySuccession]]) -> None:
    """Agencies that take each other over on one day leave nobody who answers."""
    followers: dict[tuple[str, date], list[str]] = {}
    for _, row in successions:
        if row.kind != "transfer":
            followers.setdefault((row.predecessor_code, row.effective_on), []).append(row.successor_code)
    for line, row in successions:
        seen, ahead = set(), [row.successor_code] if row.kind != "transfer" else []
        while ahead:
            code = ahead.pop()
            if code == row.predecessor_code:
                raise ConfigError(
                    f"{path}:{line}: key successor_code: {row.predecessor_code!r} would take over itself on "
                    f"{row.effective_on}; a code that goes on needs no line"
                )
            if code not in seen:
                seen.add(code)
                ahead += followers.get((code, row.effective_on), [])


def _refuse_torn_communes(path: Path, communes: Sequence[tuple[int, CommuneSuccession]]) -> None:
    """A commune goes to one commune, whole, and a new one has one name and one place on the portal."""
    _refuse_twins(path, "old_commune_code", ((line, row.old_commune_code) for line, row in communes))
    known: dict[str, tuple[int, tuple[str, str | None]]] = {}
    for line, row in communes:
        named = (row.new_commune_vi, row.portal_unit_code)
        first_line, first = known.setdefault(row.new_commune_code, (line, named))
        if named != first:
            raise ConfigError(
                f"{path}:{line}: key new_commune_code: {row.new_commune_code!r} is {named} here and {first} on line "
                f"{first_line}"
            )
