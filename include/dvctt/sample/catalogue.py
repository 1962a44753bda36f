"""The catalogue of procedures: what was in force when, at which level, and who may be asked for it.

Builds the rows of the ``procedures`` files and the pools that filings pick their procedure from. Names are put together
from the words of sample.yml; no filing is made here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dvctt.core.errors import ConfigError
from dvctt.province.model import Agency
from dvctt.sample.chance import draws, evenly
from dvctt.sample.plan import FILE_NAME, Catalogue, FieldOfWork, Plan
from dvctt.sample.timeline import EPOCH, day_number, day_text

Pools = dict[tuple[str, bool], tuple["Procedure", ...]]
"""Level and whether a fee is due: the procedures to pick from."""


@dataclass(frozen=True)
class Procedure:
    """One row of the catalogue: a procedure during one span of days, both ends included; an open end is None."""

    code: str
    name: str
    field: FieldOfWork
    level: str
    has_fee: bool
    on_portal: bool
    valid_from: date
    valid_to: date | None
    days_to_answer: int

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def row(self, end_is_known: bool) -> list[str]:
        """As the source sends it; an end that is not yet known is empty."""
        return [
            self.code,
            self.name,
            self.field.code,
            self.field.name_vi,
            self.field.level,
            self.level,
            "1" if self.has_fee else "0",
            "1" if self.on_portal else "0",
            day_text(self.valid_from),
            day_text(self.valid_to) if end_is_known and self.valid_to else "",
        ]


def build_catalogue(plan: Plan) -> list[Procedure]:
    """All rows, superseded and ended ones included, in order of code and then of validity."""
    rules = plan.data.catalogue
    current = _current(plan, rules)
    last_day = rules.ending_on_last_day
    for position in evenly(last_day.count, len(current)):
        current[position] = replace(current[position], valid_to=last_day.day)
    untouched = [n for n, p in enumerate(current) if p.level == "2" and p.valid_to is None]
    for chosen in evenly(rules.new_since.count, len(untouched)):
        current[untouched[chosen]] = replace(current[untouched[chosen]], valid_from=rules.new_since.day)
    superseded: list[Procedure] = []
    for upgrade in rules.upgrades:
        # Positions 0 of a field and level stay: they make sure that every agency has that level all year.
        candidates = [n for n, p in enumerate(current) if p.level == upgrade.to_level and not p.has_fee]
        for chosen in evenly(upgrade.count, len(candidates)):
            new = current[candidates[chosen]]
            superseded.append(
                replace(
                    new,
                    level=upgrade.from_level,
                    on_portal=new.on_portal and upgrade.from_level != "2",
                    valid_to=upgrade.day - timedelta(days=1),
                )
            )
            current[candidates[chosen]] = replace(new, valid_from=upgrade.day)
    return sorted([*current, *superseded, *_ended(plan, rules, len(current))], key=lambda p: (p.code, p.valid_from))


def _current(plan: Plan, rules: Catalogue) -> list[Procedure]:
    made: list[Procedure] = []
    for scope, levels in rules.in_force.items():
        fields = [field for field in rules.fields if field.level == scope]
        names = {field.code: _names(rules, field) for field in fields}
        seen: dict[tuple[str, str], int] = {}
        for level, count in levels.items():
            for n in range(count):
                field = fields[n % len(fields)]
                nth = seen.get((field.code, level), 0)
                seen[field.code, level] = nth + 1
                made.append(
                    _make(plan, rules, field, next(names[field.code]), level, nth, rules.code_first + len(made))
                )
    with_service = [n for n, procedure in enumerate(made) if procedure.level in ("3", "4")]
    for chosen in evenly(rules.on_national_portal, len(with_service)):
        made[with_service[chosen]] = replace(made[with_service[chosen]], on_portal=True)
    return made


def _ended(plan: Plan, rules: Catalogue, offset: int) -> list[Procedure]:
    """Procedures that are gone by the end; they had no online service."""
    made: list[Procedure] = []
    fields = rules.fields
    for ended in rules.ended:
        for _ in range(ended.count):
            field = fields[len(made) % len(fields)]
            # The words are used up from the front by those in force; these take them from the back.
            name = list(_names(rules, field))[-1 - len(made) // len(fields)]
            number = rules.code_first + offset + len(made)
            made.append(replace(_make(plan, rules, field, name, "2", 1, number), valid_to=ended.day))
    return made


def _make(plan: Plan, rules: Catalogue, field: FieldOfWork, name: str, level: str, nth: int, number: int) -> Procedure:
    rnd = draws(plan.data.seed, "procedure", number)
    terms = rules.days_to_answer[field.level]
    return Procedure(
        code=f"1.{number}",
        name=name,
        field=field,
        level=level,
        has_fee=bool(rules.fee_pattern[nth % len(rules.fee_pattern)]),
        on_portal=False,
        valid_from=date(2017 + int(rnd() * 5), 1 + int(rnd() * 12), 1 + int(rnd() * 28)),
        valid_to=None,
        days_to_answer=terms[int(rnd() * len(terms))],
    )


def _names(rules: Catalogue, field: FieldOfWork) -> Iterator[str]:
    for applicant in rules.applicants:
        for action in rules.actions[field.level]:
            for thing in field.objects:
                yield f"{action} {thing} {applicant}".rstrip()


def catalogue_files(plan: Plan, catalogue: list[Procedure]) -> dict[str, list[list[str]]]:
    """Month to the rows of its file: the first holds all that was in force then, later ones what changed.

    A procedure whose last day is in month M is sent again, with its end, in the file of the month of the day after; but
    never later than the sample's last month.
    """
    first, last = plan.data.catalogue.first_files, plan.data.months.last
    files: dict[str, list[list[str]]] = {first: []}
    for procedure in catalogue:
        began = max(first, _month(procedure.valid_from))
        files.setdefault(began, []).append(procedure.row(end_is_known=False))
        if procedure.valid_to:
            ended = min(last, _month(procedure.valid_to + timedelta(days=1)))
            files.setdefault(ended, []).append(procedure.row(end_is_known=True))
    return dict(sorted(files.items()))


def _month(day: date) -> str:
    return day.isoformat()[:7]


class Desk:
    """What can be asked for at an agency on a day."""

    def __init__(self, plan: Plan, catalogue: list[Procedure]) -> None:
        self._catalogue = catalogue
        self._folder = plan.province.folder
        changes = {p.valid_from for p in catalogue} | {p.valid_to + timedelta(days=1) for p in catalogue if p.valid_to}
        self._changes = sorted(changes)
        self._known: dict[tuple[str, str, int], Pools] = {}

    def pools_by_day(self, agency: Agency, month_days: range) -> dict[int, Pools]:
        """The pools of an agency for each day number of a month.

        Raises:
            ConfigError: the agency has no procedure of some level and fee on some day.
        """
        return {day: self._pools(agency, day) for day in month_days}

    def _pools(self, agency: Agency, day: int) -> Pools:
        era = sum(day_number(change) <= day for change in self._changes)
        known = self._known.get((agency.agency_code, agency.group_code, era))
        if known is not None:
            return known
        on = EPOCH + timedelta(days=day)
        mine = [
            p
            for p in self._catalogue
            if p.in_force(on) and (agency.agency_code in p.field.agencies or agency.group_code == p.field.group)
        ]
        pools: Pools = {}
        for level in ("2", "3", "4"):
            for has_fee in (True, False):
                pool = tuple(p for p in mine if p.level == level and p.has_fee == has_fee)
                if not pool:
                    raise ConfigError(
                        f"{self._folder / FILE_NAME}: key catalogue: agency {agency.agency_code} has no procedure of level "
                        f"{level} {'with' if has_fee else 'without'} a fee on {on}; wanted at least one"
                    )
                pools[level, has_fee] = pool
        self._known[agency.agency_code, agency.group_code, era] = pools
        return pools
