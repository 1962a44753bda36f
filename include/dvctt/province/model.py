"""What is true of one province, as frozen objects: each refuses alone what it alone can see is wrong.

Nothing here reads a file of the folder; what must hold across its files is in `rules`. Where a table of the warehouse holds
these objects, its columns are their fields (`dvctt.core.columns`): a field that is added here is a column.
"""

import csv
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from dvctt.core.columns import NO_COLUMN, Column
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import PeriodError
from dvctt.core.period import Month
from dvctt.settings import PROJECT_ROOT

_SLUG = r"^[a-z][a-z0-9_]*$"
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_DATE_LIMITS = PROJECT_ROOT / "dbt_project" / "seeds" / "ref_date_limits.csv"


def date_limits() -> tuple[str, ...]:
    """The ids of the limits that dates are held against; their values and reasons stand in the seed."""
    with _DATE_LIMITS.open(encoding="utf-8", newline="") as file:
        return tuple(row["limit_id"] for row in csv.DictReader(file, strict=True))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _blank_to_none(value: object) -> object:
    return None if value == "" else value


def _first_day_of_month(value: object) -> object:
    if not isinstance(value, str) or value == "":
        return value or None
    if not _MONTH.fullmatch(value):
        raise ValueError(f"found {value!r}, wanted a month as YYYY-MM")
    return f"{value}-01"


def _month(value: object) -> object:
    try:
        return Month.parse(value) if isinstance(value, str) else value
    except PeriodError as error:
        raise ValueError(str(error)) from error


OptionalText = Annotated[str | None, BeforeValidator(_blank_to_none)]
OptionalDate = Annotated[date | None, BeforeValidator(_blank_to_none)]
OptionalMonth = Annotated[date | None, BeforeValidator(_first_day_of_month)]
OptionalNumber = Annotated[float | None, BeforeValidator(_blank_to_none)]
Text = Annotated[str, Field(min_length=1)]
Remark = Annotated[Text, NO_COLUMN]
"""A text for whoever reads the file; no table of the warehouse has it."""
OptionalRemark = Annotated[OptionalText, NO_COLUMN]


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
        encoding: of CSV files that are not UTF-8; ``utf-16`` is known by its mark without being said.
        separator: what stands between the fields of CSV files, where their header alone does not say it.
        sheet: the name of the sheet of workbooks that is meant, where several have the contract's columns.
        options: what only the source's kind knows, of a kind that asks a running system: path, table, paging, …; checked by it.
    """

    month_means: Literal["received", "updated"] = "received"
    optional: bool = False
    rename: Mapping[str, str] = {}
    absent: tuple[str, ...] = ()
    encoding: Literal["utf-8", "utf-16", "windows-1258"] | None = None
    separator: Literal[",", ";", "|", "tab"] | None = None
    sheet: Text | None = None
    options: Mapping[str, Any] = {}


class Fetch(_Frozen):
    """Which months of a running system are fetched, and how many at a time.

    Attributes:
        first_month: the first one that the system is asked for.
        last_month: the last one, of a system whose records have ended; nothing said is the month of today.
        reread_months: so many of the newest months are asked for every night, for they still change; of the others each once.
        at_once: so many entities are fetched at the same time, so that a small server is not flooded.
    """

    first_month: Annotated[Month, BeforeValidator(_month)]
    last_month: Annotated[Month | None, BeforeValidator(_month)] = None
    reread_months: Annotated[int, Field(ge=1, le=120)] = 2
    at_once: Annotated[int, Field(ge=1, le=16)] = 2


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
        connection: the Airflow connection that opens the system, of a kind that asks one.
        fetch: which months such a source is asked for.
        sample: whether what such a source gives is made up; of a file its control file says so.
        options: what only the kind knows; checked by it.
    """

    id: Annotated[str, Field(pattern=_SLUG)]
    name_vi: Text
    kind: Annotated[str, Field(pattern=_SLUG)]
    entities: Mapping[str, Feed]
    no_date: tuple[_NoDate, ...] = ()
    date_limits: Mapping[str, Annotated[int, Field(ge=0, le=100_000)]] = {}
    connection: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")] | None = None
    fetch: Fetch | None = None
    sample: bool = False
    options: Mapping[str, Any] = {}

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
    code_basis: Remark
    membership_basis: Remark
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
    kind: Annotated[Literal["whole"], NO_COLUMN]


class Target(_Frozen):
    """One dated target. ``value`` is in ``unit``; an empty entity means the whole scope."""

    target_id: Annotated[str, Field(pattern=_SLUG)]
    scope: Literal["province", "group", "agency"]
    entity_code: OptionalText
    metric: Text
    comparison: Annotated[Literal["at_least"], NO_COLUMN]
    value: Annotated[float, Column("target_percent")]
    unit: Annotated[Literal["percent"], NO_COLUMN]
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

    A change leads to ``compared_month``, and its period is what that month is compared with; a gap is to ``other_group_code``.
    """

    figure_id: Annotated[int, Field(ge=1)]
    scope: Text
    entity: Text
    period_start: OptionalDate
    period_end: date
    metric: Text
    value: Annotated[OptionalNumber, Column("published_value")]
    lower: Annotated[OptionalNumber, Column("lower_bound")]
    upper: Annotated[OptionalNumber, Column("upper_bound")]
    unit: Text
    wording_vi: Text
    note: OptionalText
    compared_month: OptionalMonth = None
    other_group_code: OptionalText = None

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
    note: OptionalRemark


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
    reason: Remark
    observed: Remark
    observed_on: Annotated[date, NO_COLUMN]

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

    rows_per_month: Annotated[int, Field(ge=0), Column(kind="bigint")]
    percent_of_agency_month: Annotated[float, Field(ge=0, le=100)]


class Refusals(_Frozen):
    """What of refused files a night bears. Beyond it the night stops, and nothing of it lands.

    Attributes:
        tolerated: so many refused files at most, in the whole inbox; what a running system did not give is not counted. Six by
            default: an agency whose export is broken spoils the three files of its month (filings, requests, attempts), and
            two such agencies in one night are bad luck; more is rather something of ours, or a system that has changed, and a
            person should look before anything is published.
        stop_for: entities without which no night goes on, however few of their files are refused. None by default: the figures
            of a month that did not come are NULL and named, and what is right goes on.
    """

    tolerated: Annotated[int, Field(ge=0)] = 6
    stop_for: tuple[str, ...] = ()

    @field_validator("stop_for")
    @classmethod
    def _entities_are_of_the_contract(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(value) - set(ENTITIES)):
            raise ValueError(f"unknown entity {', '.join(unknown)}; wanted some of {', '.join(ENTITIES)}")
        return value


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
    column: Annotated[Text, Column("column_name")]
    source_value: Text
    value: Annotated[Text, Column("national_value")]
    note: OptionalRemark = None


class ProvinceFile(_Frozen):
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
    refusals: Refusals = Refusals()
    retention: Retention
    close: Close

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"unknown time zone {value!r}; wanted a name of the IANA database, as Continent/City"
            ) from error
        return value

    @field_validator("groups")
    @classmethod
    def _groups_are_distinct(cls, value: tuple[Group, ...]) -> tuple[Group, ...]:
        codes = [group.code for group in value]
        if not codes or len(set(codes)) != len(codes):
            raise ValueError(f"wanted at least one group and no code twice; found {codes}")
        return value


class SourcesFile(_Frozen):
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _sources_are_distinct(self) -> Self:
        ids = [source.id for source in self.sources]
        if not ids or len(set(ids)) != len(ids):
            raise ValueError(f"wanted at least one source and no id twice; found {ids}")
        return self


class Province(ProvinceFile):
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
