"""Filings of one agency in one month: what was received, how far it came, and which rows arrive twice.

Turns a cell of the plan into rows. Counts come from the plan and are exact; chance only decides what no figure counts.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dvctt.core.contract import ENTITIES
from dvctt.province.model import Agency
from dvctt.sample.catalogue import Desk, Pools, Procedure
from dvctt.sample.chance import draws, evenly, wheel
from dvctt.sample.people import Person, person
from dvctt.sample.plan import Cell, Plan, Supplement
from dvctt.sample.timeline import DAY, FORMS, WorkingDays, code_day, month_days, seconds

COLUMNS = (*ENTITIES["filings"].columns, *ENTITIES["filings"].personal)

_KENH, _MUC_DO, _KET_THUC = COLUMNS.index("KenhThucHien"), COLUMNS.index("MucDo"), COLUMNS.index("NgayKetThucXuLy")
ONLINE = "2"
_NEW, _ACCEPTED, _REFUSED, _PROCESSING, _WITHDRAWN, _STOPPED, _FINISHED, _HANDED_OVER = (
    "1",
    "2",
    "3",
    "4",
    "7",
    "8",
    "9",
    "10",
)
_OPEN_FOR_LONG = ("4", "4", "5", "6")
_AT_THE_EDGES_EVERY = 3
"""One agency in so many receives online filings in the first and the last second of each month."""


class Filing(NamedTuple):
    """What payments need to know of a filing; times in seconds (dvctt.sample.timeline)."""

    code: str
    person: Person
    received: int
    finished: int | None


@dataclass
class Batch:
    """The rows of one agency and month: of the month's file, in its order, and of the supplementary file."""

    rows: list[list[str]] = field(default_factory=list)
    supplement: list[list[str]] = field(default_factory=list)
    pay: dict[str, list[Filing]] = field(default_factory=dict)
    submitted_earlier: set[int] = field(default_factory=set)
    """Positions of rows that were submitted in another month than they were received in."""


class _Wish(NamedTuple):
    """One filing before it is made: when, how, and what it will be asked to pay (a kind of payment or '')."""

    received: int
    position: int
    channel: str
    level: str
    pay: str


class FilingMaker:
    """Makes all filings of a sample, month after month.

    Keeps the running numbers of filings, so months must be asked for in order, each agency once a month.
    """

    def __init__(self, plan: Plan, desk: Desk, scale: int) -> None:
        self._plan = plan
        self._habits = plan.data.filings
        self._desk = desk
        self._scale = scale
        self._days = WorkingDays(plan.data.filings.days_off)
        self._end = seconds(plan.data.nothing_after)
        self._numbers: dict[tuple[str, str], int] = {}
        self._people = 0

    def make(self, cell: Cell) -> Batch:
        """The filings of one cell, ``scale`` times as many as it says."""
        agency, month = cell.agency, cell.month
        rnd = draws(self._plan.data.seed, "filings", month, agency.agency_code)
        span = month_days(month)
        pools = self._desk.pools_by_day(agency, span)
        applicants = wheel(self._habits.applicants[agency.group_code])
        form, due_form = FORMS[self._plan.data.form_of("filings", month)]
        batch = Batch()
        free: list[int] = []
        name, decomposed = agency.name_vi, unicodedata.normalize("NFD", agency.name_vi)
        every = self._habits.decomposed_name_every
        for wish in sorted(self._wishes(cell, rnd)):
            procedure = _pick(pools[wish.received // DAY], wish, rnd)
            submitted = self._submitted(wish, rnd)
            code = self._number(agency, submitted)
            due, finished, handed, status = self._outcome(wish.received, procedure, rnd)
            who = person(self._plan.data.people, self._people)
            self._people += 1
            if submitted // DAY < span.start:
                batch.submitted_earlier.add(len(batch.rows))
            if wish.pay:
                batch.pay.setdefault(wish.pay, []).append(Filing(code, who, wish.received, finished))
            else:
                free.append(len(batch.rows))
            batch.rows.append(
                [
                    code,
                    procedure.code,
                    procedure.name,
                    procedure.field.code,
                    procedure.field.name_vi,
                    wish.channel,
                    wish.level,
                    agency.agency_code,
                    decomposed if self._people % every == 0 else name,
                    form(submitted),
                    form(wish.received),
                    due_form(due) if due else "",
                    form(finished) if finished else "",
                    form(handed) if handed else "",
                    status,
                    applicants[int(rnd() * 1000)],
                    *who,
                ]
            )
        self._resend(cell, batch, free)
        self._not_received(cell, batch, applicants, rnd)
        return batch

    def _wishes(self, cell: Cell, rnd: Callable[[], float]) -> list[_Wish]:
        scale = self._scale
        by_level = [("4", cell.level_4 * scale), ("3", cell.level_3 * scale), ("", cell.without_level * scale)]
        levels = [level for level, count in by_level for _ in range(count)]
        with_level = len(levels) - cell.without_level * scale
        pays = _spread(
            with_level, {"paid": cell.online_paid, "pending": cell.online_pending, "exempt": cell.exempt}, scale
        )
        at_office, at_home = self._days.receipt_days(cell.month, False), self._days.receipt_days(cell.month, True)
        wishes = [
            _Wish(
                at_home[int(rnd() * len(at_home))] * DAY + 21_600 + int(rnd() * 55_800),
                n,
                ONLINE,
                level,
                pays.get(n, ""),
            )
            for n, level in enumerate(levels)
        ]
        if cell.agency.official_order % _AT_THE_EDGES_EVERY == 0:
            span = month_days(cell.month)
            edges = (span.start * DAY, span.stop * DAY - 1)
            plain = [n for n, wish in enumerate(wishes) if not wish.pay][:2]
            for n, at in zip(plain, edges, strict=False):
                wishes[n] = wishes[n]._replace(received=at)
        direct = cell.direct * scale
        pays = _spread(direct, {"cash": cell.cash, "transfer": cell.transfer}, scale)
        direct_levels = wheel(self._habits.direct_levels)
        empty, post = self._habits.direct_channel_empty, self._habits.direct_channel_post
        for n in range(direct):
            chance = rnd()
            channel = "" if chance < empty else "3" if chance < empty + post else "1"
            level = direct_levels[int(rnd() * 1000)]
            at = at_office[int(rnd() * len(at_office))] * DAY + 27_000 + int(rnd() * 34_200)
            wishes.append(_Wish(at, len(levels) + n, channel, level, pays.get(n, "")))
        return wishes

    def _submitted(self, wish: _Wish, rnd: Callable[[], float]) -> int:
        if wish.channel != ONLINE:
            return wish.received
        # Most online filings are taken in within hours; some wait over a week-end, or over the end of a month.
        return wish.received - int(rnd() ** 3 * 60 * 3600)

    def _number(self, agency: Agency, submitted: int) -> str:
        key = (agency.agency_code, code_day(submitted))
        self._numbers[key] = number = self._numbers.get(key, 0) + 1
        return f"{key[0]}-{key[1]}-{number:04d}"

    def _outcome(
        self, received: int, procedure: Procedure, rnd: Callable[[], float]
    ) -> tuple[int | None, int | None, int | None, str]:
        """Due, finished, handed over, status: as they stand when the sample's files were fetched."""
        habits = self._habits
        due = self._days.after(received // DAY, procedure.days_to_answer) * DAY + 61_200
        shown_due = None if rnd() < habits.due_empty else due
        fate = rnd()
        if fate < habits.withdrawn:
            return shown_due, None, None, _WITHDRAWN
        fate -= habits.withdrawn
        if fate < habits.stopped:
            return shown_due, None, None, _STOPPED
        fate -= habits.stopped
        if fate < habits.forgotten:
            return shown_due, None, None, _OPEN_FOR_LONG[int(rnd() * 4)]
        fate -= habits.forgotten
        finished = self._finished(received, due, fate, rnd)
        if finished >= self._end:
            return shown_due, None, None, self._open_status(received, rnd)
        if rnd() < habits.handed_over:
            handed = self._days.on_or_after(finished // DAY + int(rnd() * 3)) * DAY + 30_600 + int(rnd() * 28_800)
            handed = max(handed, finished + 300)
            if handed < self._end:
                return shown_due, finished, handed, _HANDED_OVER
        return shown_due, finished, None, _FINISHED

    def _finished(self, received: int, due: int, fate: float, rnd: Callable[[], float]) -> int:
        habits = self._habits
        if fate < habits.on_time_exactly:
            return due
        if fate < habits.on_time_exactly + habits.late:
            late_day = self._days.after(due // DAY, 1 + int(rnd() * 10))
            return late_day * DAY + 28_800 + int(rnd() * 30_000)
        day = self._days.on_or_after((received + int(rnd() * (due - received))) // DAY)
        finished = day * DAY + 28_800 + int(rnd() * 32_000)
        if finished <= received:
            finished = received + 600
        return min(finished, due)

    def _open_status(self, received: int, rnd: Callable[[], float]) -> str:
        if received > self._end - 2 * DAY:
            return _ACCEPTED
        chance = rnd()
        return _PROCESSING if chance < 0.86 else "5" if chance < 0.95 else "6"

    def _not_received(self, cell: Cell, batch: Batch, applicants: Sequence[str], rnd: Callable[[], float]) -> None:
        """Filings that somebody sent and nobody took in: they are in the file and count nowhere."""
        agency = cell.agency
        form, _ = FORMS[self._plan.data.form_of("filings", cell.month)]
        days = self._days.receipt_days(cell.month, True)
        pools = self._desk.pools_by_day(agency, month_days(cell.month))
        for n in range(cell.not_received * self._scale):
            submitted = days[int(rnd() * len(days))] * DAY + 21_600 + int(rnd() * 55_800)
            level = "4" if rnd() < 0.7 else "3"
            procedure = _pick(pools[submitted // DAY], _Wish(submitted, n, ONLINE, level, ""), rnd)
            who = person(self._plan.data.people, self._people)
            self._people += 1
            is_recent = submitted > self._end - 3 * DAY
            status = _NEW if is_recent or rnd() < 0.2 else _REFUSED
            batch.rows.append(
                [
                    self._number(agency, submitted),
                    procedure.code,
                    procedure.name,
                    procedure.field.code,
                    procedure.field.name_vi,
                    ONLINE,
                    level,
                    agency.agency_code,
                    agency.name_vi,
                    form(submitted),
                    "",
                    "",
                    "",
                    "",
                    status,
                    applicants[int(rnd() * 1000)],
                    *who,
                ]
            )

    def _resend(self, cell: Cell, batch: Batch, free: list[int]) -> None:
        """Make some rows arrive twice. Only rows without a payment are touched: a request never waits for its filing."""
        resent = self._plan.data.resent
        supplement = resent.supplements.get(cell.month)
        taken: set[int] = set()
        if supplement:
            taken = self._supplement(batch, free, supplement)
        place = [agency.agency_code for agency in self._plan.agencies].index(cell.agency.agency_code)
        month_number = self._plan.data.all_months.index(cell.month)
        # Another few agencies each month, so that the file as a whole has as many as sample.yml says.
        turn = (place + 3 * month_number) % len(self._plan.agencies)
        untouched = [n for n in free if n not in taken]
        if turn < resent.duplicates_per_file and untouched:
            batch.rows.append(list(batch.rows[untouched[len(untouched) // 2]]))
        elif turn < resent.duplicates_per_file + resent.older_states_per_file:
            done = [n for n in untouched if batch.rows[n][_KET_THUC]]
            if done:
                newest = batch.rows[done[len(done) // 2]]
                batch.rows.append(list(newest))
                batch.rows[done[len(done) // 2]] = _still_open(newest)
        gone = {n for n in taken if not batch.rows[n]}
        if gone:
            batch.rows = [row for row in batch.rows if row]

    def _supplement(self, batch: Batch, free: list[int], wanted: Supplement) -> set[int]:
        """Move or copy rows to the supplementary file; the month's file keeps an older, poorer state or nothing."""
        rows = batch.rows
        earlier: list[tuple[int, Callable[[int], bool], Callable[[list[str]], list[str]]]] = [
            (wanted.forgotten, lambda n: True, lambda row: []),
            (wanted.finished_since, lambda n: bool(rows[n][_KET_THUC]), _still_open),
            (wanted.channel_filled, lambda n: rows[n][_KENH] in ("1", "3"), _without_channel),
            (wanted.level_given, lambda n: (rows[n][_KENH], rows[n][_MUC_DO]) == (ONLINE, "4"), _without_level),
            # A filing that is not yet received belongs to the month in which it was submitted.
            (
                wanted.received_since,
                lambda n: rows[n][_KENH] == ONLINE and n not in batch.submitted_earlier,
                _not_yet_received,
            ),
        ]
        taken: set[int] = set()
        for count, fits, older in earlier:
            candidates = [n for n in free if n not in taken and fits(n)]
            # Never more than a third: the month's file must still show what the agency does.
            for chosen in sorted(evenly(min(count, len(candidates) // 3), len(candidates))):
                n = candidates[chosen]
                taken.add(n)
                batch.supplement.append(rows[n])
                rows[n] = older(rows[n])
        return taken


def _pick(pools: Pools, wish: _Wish, rnd: Callable[[], float]) -> Procedure:
    # A filing without a level is for a procedure that has no online service: how such rows come about in real systems.
    pool = pools[wish.level or "2", bool(wish.pay) or rnd() < 0.35]
    # Squared, because a few procedures make up most filings.
    return pool[int(rnd() ** 2 * len(pool))]


def _spread(among: int, kinds: dict[str, int], scale: int) -> dict[int, str]:
    """Position to kind, the kinds spread evenly over ``range(among)`` and each ``scale`` times as often as said."""
    labels = [kind for kind, count in kinds.items() for _ in range(count * scale)]
    positions = sorted(evenly(len(labels), among))
    # Kinds are dealt in turn over the positions, so that not all of one kind fall on one level.
    order = sorted(range(len(labels)), key=lambda n: (n * 7919) % max(1, len(labels)))
    return {position: labels[n] for position, n in zip(positions, order, strict=False)}


def _changed(row: list[str], **values: str) -> list[str]:
    copy = list(row)
    for column, value in values.items():
        copy[COLUMNS.index(column)] = value
    return copy


def _still_open(row: list[str]) -> list[str]:
    return _changed(row, NgayKetThucXuLy="", NgayTra="", TrangThaiHoSo=_PROCESSING)


def _without_channel(row: list[str]) -> list[str]:
    return _changed(row, KenhThucHien="")


def _without_level(row: list[str]) -> list[str]:
    return _changed(row, MucDo="")


def _not_yet_received(row: list[str]) -> list[str]:
    return _changed(row, NgayTiepNhan="", NgayHenTra="", NgayKetThucXuLy="", NgayTra="", TrangThaiHoSo=_NEW)
