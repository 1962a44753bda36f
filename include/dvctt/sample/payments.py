"""Requests for payment and the attempts to pay them, for filings that exist.

Amounts of the counted online payments are fixed before any of them is made, so that they add up to the amount of
sample.yml to the đồng. A request stands in the file of the month in which it was made, an attempt in the month of the
attempt; both may be later than the filing's month.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from itertools import accumulate

from dvctt.sample.chance import apportion, draws
from dvctt.sample.filings import Batch, Filing
from dvctt.sample.plan import Cell, Plan
from dvctt.sample.timeline import DAY, FORMS, compact, compact_twelve_hours, month_of, seconds

PAID, REFUNDED, WAITING, UNPAID, CANCELLED = (
    "Đã thanh toán",
    "Đã hoàn phí",
    "Chờ thanh toán",
    "Chưa thanh toán",
    "Hủy thanh toán",
)
REFUNDED_ON_SCREENS = "Hoàn phí"
BEFORE, AFTER, EXEMPT = "Thu trước", "Thu sau", "Đối tượng miễn phí"
ONLINE, CASH, TRANSFER = "truc-tuyen", "tien-mat", "chuyen-khoan"
STARTED, SUCCEEDED, FAILED = "khoi-tao", "thanh-cong", "that-bai"

_Rows = defaultdict[str, list[list[str]]]


class PaymentMaker:
    """Makes all payments of a sample, cell after cell; hands the rows of a month over when that month is complete."""

    def __init__(self, plan: Plan, scale: int) -> None:
        self._plan = plan
        self._habits = plan.data.payments
        self._resent = plan.data.resent
        self._scale = scale
        self._end = seconds(plan.data.nothing_after)
        self._amounts = online_amounts(plan)
        self._fee_bounds = list(accumulate(weight for _, _, weight in self._habits.fees))
        self._requests: _Rows = defaultdict(list)
        self._request_supplement: _Rows = defaultdict(list)
        self._attempts: _Rows = defaultdict(list)
        self._request_count = 0
        self._attempt_count = 0
        self._refund_count = 0

    def make(self, cell: Cell, batch: Batch) -> None:
        """The payments of one cell's filings."""
        seed, month, code = self._plan.data.seed, cell.month, cell.agency.agency_code
        rnd = draws(seed, "payments", month, code)
        # One pattern for all scales, so that a larger sample has exactly so many times the attempts.
        pattern = draws(seed, "attempts", month, code)
        paid = [(self._failures(pattern()), pattern() < self._habits.cancelled_share) for _ in range(cell.online_paid)]
        pending = [int(pattern() * 3) for _ in range(cell.online_pending)]
        scale = self._scale
        for n, filing in enumerate(batch.pay.get("paid", [])):
            failures, asked_twice = paid[n // scale]
            self._online(cell, filing, self._amounts[cell.first_payment + n // scale], failures, asked_twice, rnd)
        for n, filing in enumerate(batch.pay.get("pending", [])):
            self._pending(cell, filing, pending[n // scale], rnd)
        for filing in batch.pay.get("exempt", []):
            at = self._asked(filing, rnd)[0]
            self._request(cell, filing, (0, 0), PAID, ONLINE, EXEMPT, at, min(at + 60, self._end - 1))
        for filing in batch.pay.get("cash", []):
            self._at_the_counter(cell, filing, self._fee(rnd), CASH, rnd)
        for n, filing in enumerate(batch.pay.get("transfer", [])):
            giant = self._habits.giant
            if n == 0 and (giant.month, giant.agency_code) == (month, code):
                at = min(filing.received + 3600, self._end - 7200)
                self._request(
                    cell, filing, (giant.phi, giant.le_phi), PAID, TRANSFER, BEFORE, at, at + 3600, banked=True
                )
            else:
                self._at_the_counter(cell, filing, self._fee(rnd), TRANSFER, rnd)

    def take(self, month: str) -> tuple[list[list[str]], list[list[str]], list[list[str]]]:
        """Rows of a month that is complete: requests, their supplement, attempts."""
        return (
            self._requests.pop(month, []),
            self._request_supplement.pop(month, []),
            self._attempts.pop(month, []),
        )

    def _failures(self, chance: float) -> int:
        for failures, bound in enumerate(accumulate(self._habits.failed_attempts)):
            if chance < bound:
                return failures
        return len(self._habits.failed_attempts) - 1

    def _fee(self, rnd: Callable[[], float]) -> tuple[int, int]:
        phi, le_phi, _ = self._habits.fees[bisect_right(self._fee_bounds, rnd() * self._fee_bounds[-1])]
        return phi, le_phi

    def _asked(self, filing: Filing, rnd: Callable[[], float]) -> tuple[int, str]:
        """When the request was made, and whether before or after the work; an hour and a half before the end at last."""
        if filing.finished and rnd() < self._habits.collected_later_share:
            at, collected = filing.finished + 120, AFTER
        else:
            at, collected = filing.received + 300 + int(rnd() * 5400), BEFORE
        return min(at, self._end - 5400), collected

    def _online(
        self,
        cell: Cell,
        filing: Filing,
        amount: tuple[int, int],
        failures: int,
        asked_twice: bool,
        rnd: Callable[[], float],
    ) -> None:
        at, collected = self._asked(filing, rnd)
        if asked_twice:
            self._request(cell, filing, amount, CANCELLED, ONLINE, collected, at, None)
            at += 900
        # Cubed: most pay within the hour, some after days, and so some in the month after the request.
        paid = min(at + 600 + int(rnd() ** 3 * 5 * DAY), self._end - 60)
        refunded = self._refunded(paid, rnd)
        code, bank, receipt = self._request(
            cell, filing, amount, PAID, ONLINE, collected, at, paid, refunded=refunded, banked=True
        )
        for n in range(failures):
            self._attempt(code, filing, sum(amount), FAILED, at + 30 + 120 * n, "", self._error(rnd), bank)
        # The source notes the receipt a few seconds after the gateway's answer, never in another minute's month.
        self._attempt(code, filing, sum(amount), SUCCEEDED, paid - 20, receipt, "00", bank)

    def _pending(self, cell: Cell, filing: Filing, tries: int, rnd: Callable[[], float]) -> None:
        at, collected = self._asked(filing, rnd)
        amount = self._fee(rnd)
        status = WAITING if tries else UNPAID
        code, bank, _ = self._request(cell, filing, amount, status, ONLINE, collected, at, None)
        for n in range(tries):
            failed = n + 1 < tries
            result, error = (FAILED, self._error(rnd)) if failed else (STARTED, "")
            self._attempt(code, filing, sum(amount), result, at + 60 + 180 * n, "", error, bank)

    def _at_the_counter(
        self, cell: Cell, filing: Filing, amount: tuple[int, int], method: str, rnd: Callable[[], float]
    ) -> None:
        at, collected = self._asked(filing, rnd)
        paid = at + 120 if method == CASH else min(at + 3600 + int(rnd() * 2 * DAY), self._end - 60)
        refunded = self._refunded(paid, rnd)
        self._request(
            cell, filing, amount, PAID, method, collected, at, paid, refunded=refunded, banked=method == TRANSFER
        )

    def _refunded(self, paid: int, rnd: Callable[[], float]) -> int | None:
        if rnd() >= self._habits.refunded_share:
            return None
        at = paid + 2 * DAY + int(rnd() * 18 * DAY)
        return at if at < self._end else None

    def _error(self, rnd: Callable[[], float]) -> str:
        return self._habits.error_codes[int(rnd() * len(self._habits.error_codes))]

    def _request(
        self,
        cell: Cell,
        filing: Filing,
        amount: tuple[int, int],
        status: str,
        method: str,
        collected: str,
        asked: int,
        paid: int | None,
        refunded: int | None = None,
        banked: bool = False,
    ) -> tuple[str, str, str]:
        """Put one request in the file of its month; its number, its bank and its receipt are returned."""
        self._request_count += 1
        serial = self._request_count
        code = f"{filing.code}-{compact(asked)}"
        bank = self._habits.banks[serial % len(self._habits.banks)]
        receipt = f"GD{code_of(paid)}{serial:08d}" if banked and paid else ""
        if refunded:
            self._refund_count += 1
            is_screen_label = self._refund_count % self._habits.refund_other_label_every == 0
            status = REFUNDED_ON_SCREENS if is_screen_label else REFUNDED
        month = month_of(asked)
        form, _ = FORMS[self._plan.data.form_of("payment_requests", month)]
        row = [
            code,
            filing.code,
            cell.agency.agency_code,
            str(sum(amount)),
            str(amount[0]),
            str(amount[1]),
            status,
            method,
            collected,
            form(asked),
            form(paid) if paid else "",
            form(refunded) if refunded else "",
            receipt,
            bank if receipt else "",
            filing.person.name,
            filing.person.identity,
            filing.person.address,
        ]
        self._file(month, row, serial, may_be_late=status == PAID and method == ONLINE and collected != EXEMPT)
        return code, bank, receipt

    def _file(self, month: str, row: list[str], serial: int, may_be_late: bool) -> None:
        resent = self._resent
        rows = self._requests[month]
        if month in resent.supplements and may_be_late:
            if serial % resent.payment_forgotten_every == 0:
                self._request_supplement[month].append(row)
                return
            if serial % resent.payment_corrections_every == 0:
                self._request_supplement[month].append(row)
                # As it stood before the money came: no time, no receipt, no bank.
                rows.append([*row[:6], WAITING, *row[7:10], "", "", "", "", *row[14:]])
                return
        rows.append(row)
        if serial % resent.payment_duplicates_every == 0:
            rows.append(list(row))

    def _attempt(
        self, request: str, filing: Filing, amount: int, status: str, at: int, receipt: str, error: str, bank: str
    ) -> None:
        self._attempt_count += 1
        rows = self._attempts[month_of(at)]
        rows.append(
            [
                f"TC{code_of(at)}{self._attempt_count:08d}",
                request,
                filing.code,
                str(amount),
                status,
                error,
                receipt,
                bank,
                compact_twelve_hours(at),
            ]
        )
        if self._attempt_count % self._resent.payment_duplicates_every == 0:
            rows.append(list(rows[-1]))


def code_of(at: int) -> str:
    """The day of a time as receipts and references carry it."""
    return compact(at)[:8]


def online_amounts(plan: Plan) -> list[tuple[int, int]]:
    """(Phi, LePhi) in VND of each counted online payment, in the order of the plan; they sum to the sample's amount.

    Raises:
        ValueError: the usual fees alone exceed the amount, so that nothing is left for the large ones.
    """
    habits = plan.data.payments
    rnd = draws(plan.data.seed, "amounts")
    bounds = list(accumulate(weight for _, _, weight in habits.fees))
    amounts: list[tuple[int, int]] = []
    large: dict[int, float] = {}
    for n in range(habits.online_count):
        if n % habits.large_every == 0:
            large[n] = 0.2 + 3 * rnd() ** 2
            amounts.append((0, 0))
        else:
            phi, le_phi, _ = habits.fees[bisect_right(bounds, rnd() * bounds[-1])]
            amounts.append((phi, le_phi))
    left = habits.online_amount_vnd - sum(map(sum, amounts))
    if left <= 0:
        raise ValueError(f"payments.online_amount_vnd: the usual fees exceed it by {-left} VND")
    # Whole thousands, as such amounts are; what the thousands leave goes on the first.
    for n, thousands in apportion(left // 1000, large).items():
        amount = thousands * 1000 + (left % 1000 if n == 0 else 0)
        phi = int(amount * habits.large_fee_part) // 1000 * 1000
        amounts[n] = (phi, amount - phi)
    return amounts
