"""sample.yml, checked, and the counts that follow from it: how many filings of which kind, by month and agency.

Decides numbers only; no row is made here and no file but sample.yml is read. Every count is whole, and every total of
sample.yml is the sum of its parts, or loading fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from dvctt.core.errors import ConfigError
from dvctt.province.model import Agency, Province
from dvctt.province.reading import read_yaml
from dvctt.sample.chance import apportion, draws
from dvctt.sample.timeline import months_between

FILE_NAME = "sample.yml"

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]
MonthKey = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Level = Literal["2", "3", "4"]
FormName = Literal["compact", "iso", "iso_t", "day_first"]
CapThucHien = Literal["tinh", "huyen", "xa"]


def _text_keys(value: Any) -> Any:
    # YAML reads an unquoted 244 as a number, and codes are text.
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else value


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Months(_Frozen):
    first: MonthKey
    last: MonthKey


class LastMonthRow(_Frozen):
    """Filings received by one agency in the last month; ``online`` is the sum of the three that follow."""

    received: Positive
    online: Count
    level_3: Count
    level_4: Count
    without_level: Count
    basis: Literal["article", "assumed"]

    @model_validator(mode="after")
    def _adds_up(self) -> "LastMonthRow":
        parts = self.level_3 + self.level_4 + self.without_level
        if parts != self.online or self.online > self.received:
            raise ValueError(
                f"found online {self.online} of received {self.received}, levels sum to {parts}; "
                "wanted online = level_3 + level_4 + without_level and no more than received"
            )
        return self


class GroupMonth(_Frozen):
    """Filings received by one group in an earlier month; level 4 is what the others leave of ``online``."""

    received: Positive
    online: Count
    level_3: Count
    without_level: Count

    @model_validator(mode="after")
    def _fits(self) -> "GroupMonth":
        if self.level_3 + self.without_level > self.online or self.online > self.received:
            raise ValueError("wanted level_3 + without_level <= online <= received")
        return self


class FilingHabits(_Frozen):
    """What a filing is like; shares are parts of 1."""

    not_received_share: Share
    direct_channel_empty: Share
    direct_channel_post: Share
    direct_levels: Mapping[Literal["2", "3", "4", ""], Share]
    applicants: Mapping[str, Mapping[Literal["1", "2", "3", "4"], Share]]
    due_empty: Share
    withdrawn: Share
    stopped: Share
    forgotten: Share
    on_time_exactly: Share
    late: Share
    handed_over: Share
    decomposed_name_every: Positive
    days_off: tuple[date, ...]


class Supplement(_Frozen):
    """How many rows of each agency a supplementary file forgot, or corrects, and how."""

    forgotten: Count
    finished_since: Count
    channel_filled: Count
    level_given: Count
    received_since: Count


class Resent(_Frozen):
    duplicates_per_file: Count
    older_states_per_file: Count
    suffix: Annotated[str, Field(pattern=r"^[\w-]+$")]
    supplements: Mapping[MonthKey, Supplement]
    payment_duplicates_every: Positive
    payment_corrections_every: Positive
    payment_forgotten_every: Positive


class Giant(_Frozen):
    month: MonthKey
    agency_code: str
    phi: Count
    le_phi: Count


class PaymentHabits(_Frozen):
    """How filings are paid for; amounts are whole VND."""

    online_count: Positive
    online_amount_vnd: Positive
    online_by_month: Mapping[MonthKey, Count]
    fees: tuple[tuple[Count, Count, Positive], ...]
    large_every: Positive
    large_fee_part: Share
    online_not_paid_share: Share
    cancelled_share: Share
    refunded_share: Share
    refund_other_label_every: Positive
    exempt_per_online_filing: Share
    cash_per_direct_filing: Share
    transfer_per_direct_filing: Share
    collected_later_share: Share
    failed_attempts: tuple[Share, ...]
    giant: Giant
    error_codes: tuple[str, ...]
    banks: tuple[str, ...]


class Upgrade(_Frozen):
    day: date
    from_level: Level
    to_level: Level
    count: Count


class DatedCount(_Frozen):
    day: date
    count: Count


class FieldOfWork(_Frozen):
    """One field of administration and who handles it: named agencies, or all of a group."""

    code: str
    name_vi: str
    level: CapThucHien
    agencies: tuple[str, ...] = ()
    group: str | None = None
    objects: tuple[str, ...]


class Catalogue(_Frozen):
    in_force: Mapping[CapThucHien, Mapping[Level, Count]]
    on_national_portal: Count
    first_files: MonthKey
    upgrades: tuple[Upgrade, ...]
    new_since: DatedCount
    ending_on_last_day: DatedCount
    ended: tuple[DatedCount, ...]
    fee_pattern: tuple[Literal[0, 1], ...]
    days_to_answer: Mapping[CapThucHien, tuple[Positive, ...]]
    code_first: Positive
    actions: Mapping[CapThucHien, tuple[str, ...]]
    applicants: tuple[str, ...]
    fields: tuple[FieldOfWork, ...]


class People(_Frozen):
    marker: str
    family_names: tuple[str, ...]
    middle_names: tuple[str, ...]
    given_names: tuple[str, ...]


class SampleData(_Frozen):
    """sample.yml."""

    seed: int
    months: Months
    nothing_after: datetime
    last_month: Annotated[Mapping[str, LastMonthRow], BeforeValidator(_text_keys)]
    earlier_months: Mapping[str, Mapping[MonthKey, GroupMonth]]
    filings: FilingHabits
    date_forms: Mapping[Literal["filings", "payment_requests"], Mapping[str, FormName]]
    resent: Resent
    payments: PaymentHabits
    index_components: Mapping[str, tuple[Share, Share]]
    catalogue: Catalogue
    people: People

    @property
    def all_months(self) -> tuple[str, ...]:
        return months_between(self.months.first, self.months.last)

    def form_of(self, entity: Literal["filings", "payment_requests"], month: str) -> str:
        forms = self.date_forms[entity]
        return forms.get(month, forms["default"])


@dataclass(frozen=True)
class Cell:
    """What one agency receives in one month: whole filings, and requests for payment by kind."""

    month: str
    agency: Agency
    received: int
    level_3: int
    level_4: int
    without_level: int
    not_received: int
    online_paid: int
    online_pending: int
    exempt: int
    cash: int
    transfer: int
    first_payment: int
    """Position of its first counted online payment among all of the sample, at scale 1."""

    @property
    def online(self) -> int:
        return self.level_3 + self.level_4 + self.without_level

    @property
    def direct(self) -> int:
        return self.received - self.online


@dataclass(frozen=True)
class Plan:
    """All that the writers need: the checked data, and one cell per month and agency in official order, at scale 1."""

    province: Province
    data: SampleData
    agencies: tuple[Agency, ...]
    cells: Mapping[tuple[str, str], Cell]


def load_plan(province: Province) -> Plan:
    """Read the province's sample.yml and divide its totals.

    Raises:
        ConfigError: the file is missing or wrong, or disagrees with agencies.csv or with itself.
    """
    path = province.folder / FILE_NAME
    if not path.is_file():
        raise ConfigError(f"{path}: missing; this province has no sample (docs/how-to/the-sample.md)")
    data = read_yaml(path, SampleData)
    # What was founded later, or had ended before, has no part in the sample.
    last_day = date.fromisoformat(f"{data.all_months[-1]}-01")
    agencies = tuple(sorted(province.agencies_on(last_day), key=lambda agency: agency.official_order))
    _check(str(path), data, agencies)
    by_group = {group.code: [a for a in agencies if a.group_code == group.code] for group in province.groups}
    by_group = {group: members for group, members in by_group.items() if members}
    counts: dict[tuple[str, str], tuple[int, int, int, int]] = {}
    try:
        for month in data.all_months:
            for group, members in by_group.items():
                for code, row in _divide(data, month, group, members).items():
                    counts[month, code] = row
        cells = _with_payments(data, agencies, counts)
    except ValueError as error:
        raise ConfigError(f"{path}: month {month}: totals cannot be divided among the agencies: {error}") from error
    return Plan(province, data, agencies, cells)


def _check(path: str, data: SampleData, agencies: tuple[Agency, ...]) -> None:
    codes = [agency.agency_code for agency in agencies]
    if sorted(data.last_month) != sorted(codes):
        odd = sorted(set(data.last_month) ^ set(codes))
        raise ConfigError(f"{path}: key last_month: found other agencies than agencies.csv: {', '.join(odd)}")
    earlier = data.all_months[:-1]
    for group in sorted({agency.group_code for agency in agencies}):
        if tuple(sorted(data.earlier_months.get(group, {}))) != earlier:
            raise ConfigError(f"{path}: key earlier_months.{group}: wanted one row for each of {', '.join(earlier)}")
        if group not in data.filings.applicants:
            raise ConfigError(f"{path}: key filings.applicants: wanted a row for group {group!r}")
    payments = data.payments
    if tuple(sorted(payments.online_by_month)) != data.all_months:
        raise ConfigError(f"{path}: key payments.online_by_month: wanted one row for each of {data.all_months}")
    if (found := sum(payments.online_by_month.values())) != payments.online_count:
        raise ConfigError(f"{path}: key payments.online_by_month: sums to {found}, wanted {payments.online_count}")
    if payments.giant.month not in data.all_months or payments.giant.agency_code not in codes:
        raise ConfigError(f"{path}: key payments.giant: wanted a month and an agency of this sample")
    for entity, forms in data.date_forms.items():
        if "default" not in forms:
            raise ConfigError(f"{path}: key date_forms.{entity}: missing key default")
    for field in data.catalogue.fields:
        unknown = sorted(set(field.agencies) - set(codes))
        if unknown or bool(field.agencies) == bool(field.group):
            raise ConfigError(
                f"{path}: key catalogue.fields: field {field.code}: found agencies {list(field.agencies)}, group "
                f"{field.group}; wanted known agencies or one group"
            )


def _divide(data: SampleData, month: str, group: str, members: list[Agency]) -> dict[str, tuple[int, int, int, int]]:
    """Received, level 3, level 4 and without level by agency, for one month of one group."""
    last = {agency.agency_code: data.last_month[agency.agency_code] for agency in members}
    if month == data.months.last:
        return {code: (row.received, row.level_3, row.level_4, row.without_level) for code, row in last.items()}
    total = data.earlier_months[group][month]
    uneven = {code: 0.94 + 0.12 * draws(data.seed, "received", month, code)() for code in last}
    received = apportion(total.received - len(last), {c: last[c].received * uneven[c] for c in last})
    # One each comes first: an agency without a filing would be a feed that did not come.
    received = {code: count + 1 for code, count in received.items()}
    online = apportion(
        total.online,
        {
            c: received[c] * last[c].online / last[c].received * (0.9 + 0.2 * draws(data.seed, "online", month, c)())
            for c in last
        },
        received,
    )
    without = apportion(total.without_level, {c: float(online[c]) for c in last}, online)
    level_3 = apportion(
        total.level_3,
        {c: online[c] * last[c].level_3 / max(1, last[c].online) for c in last},
        {c: online[c] - without[c] for c in last},
    )
    return {c: (received[c], level_3[c], online[c] - level_3[c] - without[c], without[c]) for c in last}


def _with_payments(
    data: SampleData, agencies: tuple[Agency, ...], counts: Mapping[tuple[str, str], tuple[int, int, int, int]]
) -> dict[tuple[str, str], Cell]:
    habits = data.payments
    cells: dict[tuple[str, str], Cell] = {}
    first_payment = 0
    for month in data.all_months:
        rows = {agency.agency_code: counts[month, agency.agency_code] for agency in agencies}
        with_level = {code: row[1] + row[2] for code, row in rows.items()}
        # At most half of an agency's online filings ask for money, so that pending and exempt ones find room.
        half = {code: max(0, count // 2 - 2) for code, count in with_level.items()}
        paid = apportion(habits.online_by_month[month], {c: float(n) for c, n in with_level.items()}, half)
        for agency in agencies:
            received, level_3, level_4, without_level = rows[agency.agency_code]
            online = level_3 + level_4 + without_level
            direct = received - online
            is_giant = (habits.giant.month, habits.giant.agency_code) == (month, agency.agency_code)
            cells[month, agency.agency_code] = Cell(
                month=month,
                agency=agency,
                received=received,
                level_3=level_3,
                level_4=level_4,
                without_level=without_level,
                not_received=max(1, round(received * data.filings.not_received_share)),
                online_paid=paid[agency.agency_code],
                online_pending=round(paid[agency.agency_code] * habits.online_not_paid_share),
                exempt=round(online * habits.exempt_per_online_filing),
                cash=round(direct * habits.cash_per_direct_filing),
                transfer=max(int(is_giant), round(direct * habits.transfer_per_direct_filing)),
                first_payment=first_payment,
            )
            first_payment += paid[agency.agency_code]
    return cells
