"""What the province printed, held against itself: totals and their parts, shares, changes, whether or not there are records.

Reads the province folder and nothing else, writes nothing. What should add up is data (published_checks.csv); a printed figure
stands for the interval that its rounding allows, and two contradict each other when no numbers within their intervals agree.
Whether our own records give the same figure is `mart_published_figures`' business.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, Literal

from dvctt.province.model import Province, PublishedCheck, PublishedFigure
from dvctt.report.wording import formats

Verdict = Literal["holds", "contradiction", "unit_misnamed", "not_comparable", "implied"]
WRONG: tuple[Verdict, ...] = ("contradiction", "unit_misnamed", "not_comparable")

_DECIMALS = 4
"""A bound that has more of them was divided, not printed."""
_PERCENT_SIGN = re.compile(r"\d\s*%")
_POINTS = re.compile(r"điểm", re.IGNORECASE)


@dataclass(frozen=True)
class Interval:
    """The numbers that a printed one may stand for; an open end is None."""

    lower: Fraction | None
    upper: Fraction | None

    def meets(self, other: "Interval") -> bool:
        return not (_below(self.upper, other.lower) or _below(other.upper, self.lower))

    def as_text(self) -> str:
        if self.lower is not None and self.lower == self.upper:
            return _number(self.lower)
        return f"[{_number(self.lower)}; {_number(self.upper)}]"


@dataclass(frozen=True)
class Held:
    """One check: what is printed, what the other printed figures give, and how far apart the two are as they are printed."""

    check_id: str
    kind: str
    figures: tuple[int, ...]
    formula: str
    printed: str
    given: str
    residue: str | None
    unit: str
    verdict: Verdict
    words: str
    note: str | None


def hold(province: Province) -> tuple[Held, ...]:
    """Every check of the province folder, in its order."""
    figures = {figure.figure_id: figure for figure in province.published_figures}
    return tuple(_KINDS[check.kind](check, figures) for check in province.published_checks)


def contradicted(held: Iterable[Held], figure_id: int) -> list[dict[str, Any]]:
    """The checks that a printed figure is part of and that do not hold, for another program."""
    return [asdict(one) for one in held if figure_id in one.figures and one.verdict in WRONG]


def lines(held: Sequence[Held]) -> list[str]:
    """The checks as lines for a terminal: what contradicts itself first."""
    if not held:
        return ["printed figures among themselves: no published_checks.csv in the province folder, nothing was held"]
    wrong = [one for one in held if one.verdict in WRONG]
    rest = [one for one in held if one.verdict not in WRONG]
    counts = {name: sum(one.verdict == name for one in held) for name in sorted({one.verdict for one in held})}
    return [
        f"printed figures among themselves, {len(held)} checks: "
        + ", ".join(f"{n} {name}" for name, n in counts.items()),
        *(f"  {one.verdict}: {one.check_id}: {one.words}" for one in [*wrong, *rest]),
    ]


def _total(check: PublishedCheck, figures: Mapping[int, PublishedFigure]) -> Held:
    whole, parts = figures[check.figure_id], [figures[number] for number in check.terms]
    given = _sum(parts)
    verdict: Verdict = "holds" if interval(whole).meets(given) else "contradiction"
    residue = _residue(whole, _value_sum(parts))
    words = (
        f"{_name(check.figure_id)} = {_plus(check.terms)}: printed {_printed(whole)}, the parts give {given.as_text()}"
    )
    if residue is not None and residue != 0:
        words += f", residue {_number(residue)} {whole.unit}"
    return _held(check, _plus(check.terms), whole, given, residue, verdict, words)


def _part(check: PublishedCheck, figures: Mapping[int, PublishedFigure]) -> Held:
    """Parts that are not all of it: they may not be more than the whole."""
    whole, parts = figures[check.figure_id], [figures[number] for number in check.terms]
    given = _sum(parts)
    verdict: Verdict = "contradiction" if _below(interval(whole).upper, given.lower) else "holds"
    residue = _residue(whole, _value_sum(parts))
    words = f"{_plus(check.terms)} is part of {_name(check.figure_id)}: {given.as_text()} of {_printed(whole)}"
    if residue is not None:
        words += f", {_number(residue)} {whole.unit} in no printed part"
    return _held(check, f"at least {_plus(check.terms)}", whole, given, residue, verdict, words)


def _within(check: PublishedCheck, figures: Mapping[int, PublishedFigure]) -> Held:
    """A figure that is a part of what others make up: it may not be more than their sum."""
    part, wholes = figures[check.figure_id], [figures[number] for number in check.terms]
    given = _sum(wholes)
    verdict: Verdict = "contradiction" if _below(given.upper, interval(part).lower) else "holds"
    residue = _residue(part, _value_sum(wholes))
    words = f"{_name(check.figure_id)} is part of {_plus(check.terms)}: {_printed(part)} of {given.as_text()}"
    if residue is not None and residue <= 0:
        words += f", {_number(-residue)} {part.unit} are not"
    return _held(check, f"at most {_plus(check.terms)}", part, given, residue, verdict, words)


def _share(check: PublishedCheck, figures: Mapping[int, PublishedFigure]) -> Held:
    share, numerator = figures[check.figure_id], _sum([figures[number] for number in check.terms])
    if not check.base:
        # A share of a whole that is not printed says how large the whole may be.
        whole = _counts(_divided(numerator, _scaled(interval(share), Fraction(1, 100))))
        is_none = _below(whole.upper, whole.lower)
        words = f"{_name(check.figure_id)} = {_plus(check.terms)} / a whole that is not printed: {whole.as_text()}"
        words += ", which no whole number is" if is_none else ""
        return _held(
            check, f"{_plus(check.terms)} / ?", share, whole, None, "contradiction" if is_none else "implied", words
        )
    bases = [figures[number] for number in check.base]
    given = _scaled(_divided(numerator, _sum(bases)), Fraction(100))
    verdict: Verdict = "holds" if interval(share).meets(given) else "contradiction"
    formula = f"{_plus(check.terms)} / {_plus(check.base)}"
    words = f"{_name(check.figure_id)} = {formula}: printed {_printed(share)}, they give {given.as_text()}"
    if interval(share).upper is None and _below(given.upper, interval(share).lower):
        words += ", which lies below it"
    return _held(check, formula, share, given, None, verdict, words)


def _change(check: PublishedCheck, figures: Mapping[int, PublishedFigure]) -> Held:
    change, now = figures[check.figure_id], figures[check.terms[0]]
    if not check.base:
        before = _minus(interval(now), interval(change))
        within = Interval(Fraction(0), Fraction(100)) if now.unit == "percent" else Interval(Fraction(0), None)
        words = f"{_name(check.figure_id)} = {_name(now.figure_id)} - a figure that is not printed: {before.as_text()}"
        words += f" {now.unit}"
        verdict: Verdict = "implied" if before.meets(within) else "contradiction"
        return _held(check, f"{_name(now.figure_id)} - ?", change, before, None, verdict, words)
    before_figure = figures[check.base[0]]
    points = _minus(interval(now), interval(before_figure))
    formula = f"{_name(now.figure_id)} - {_name(before_figure.figure_id)}"
    values = None if None in (now.value, before_figure.value) else _value(now) - _value(before_figure)
    if change.unit == "percent" and now.unit != "percent":
        # The change of a count in per cent of what it was.
        points = _scaled(_divided(points, interval(before_figure)), Fraction(100))
        values = None if values is None else 100 * values / _value(before_figure)
    holds = interval(change).meets(points)
    words = f"{_name(check.figure_id)} = {formula}: printed {_printed(change)}, they give {points.as_text()}"
    if values is not None:
        words += f" ({_number(values)} as printed)"
    verdict = "holds" if holds else "contradiction"
    if now.unit == "percent" and holds and _is_called_percent(change):
        relative = _scaled(
            _divided(_minus(interval(now), interval(before_figure)), interval(before_figure)), Fraction(100)
        )
        verdict = "unit_misnamed"
        words += f"; these are percentage points, printed with %: in per cent of {_name(before_figure.figure_id)} it would be "
        words += relative.as_text()
    return _held(check, formula, change, points, _residue(change, values), verdict, words)


def _is_called_percent(figure: PublishedFigure) -> bool:
    return bool(_PERCENT_SIGN.search(figure.wording_vi)) and not _POINTS.search(figure.wording_vi)


def _extreme(check: PublishedCheck, figures: Mapping[int, PublishedFigure]) -> Held:
    """The highest or lowest of some: no other may be surely beyond it."""
    own, others = figures[check.figure_id], [figures[number] for number in check.terms]
    is_highest = check.kind == "highest"
    beyond = [
        other
        for other in others
        if (
            _below(interval(own).upper, interval(other).lower)
            if is_highest
            else _below(interval(other).upper, interval(own).lower)
        )
    ]
    shown = beyond or others
    words = f"{_name(check.figure_id)} is the {check.kind} of {_comma([check.figure_id, *check.terms])}: "
    words += f"printed {_printed(own)}, "
    words += ", ".join(f"{_name(other.figure_id)} {_printed(other)}" for other in shown)
    given = Interval(
        None
        if any(interval(other).lower is None for other in shown)
        else min(_known(interval(o).lower) for o in shown),
        None
        if any(interval(other).upper is None for other in shown)
        else max(_known(interval(o).upper) for o in shown),
    )
    return _held(check, f"{check.kind} of all", own, given, None, "contradiction" if beyond else "holds", words)


def _same_period(check: PublishedCheck, figures: Mapping[int, PublishedFigure]) -> Held:
    """Figures that a reader sets side by side: their periods, or the bases that they are compared with, must be the same."""
    own, others = figures[check.figure_id], [figures[number] for number in check.terms]
    periods = {one.figure_id: (one.period_start, one.period_end) for one in (own, *others)}
    verdict: Verdict = "holds" if len(set(periods.values())) == 1 else "not_comparable"
    periods_in_words = ", ".join(f"{_name(number)} {start or '…'}..{end}" for number, (start, end) in periods.items())
    words = f"{_comma([check.figure_id, *check.terms])} side by side: {periods_in_words}"
    return _held(check, "same period", own, interval(own), None, verdict, words)


_KINDS = {
    "total": _total,
    "part": _part,
    "within": _within,
    "share": _share,
    "change": _change,
    "highest": _extreme,
    "lowest": _extreme,
    "same_period": _same_period,
}


def _held(
    check: PublishedCheck,
    formula: str,
    figure: PublishedFigure,
    given: Interval,
    residue: Fraction | None,
    verdict: Verdict,
    words: str,
) -> Held:
    return Held(
        check.check_id,
        check.kind,
        (check.figure_id, *check.terms, *check.base),
        formula,
        _printed(figure),
        given.as_text(),
        None if residue is None else _number(residue),
        figure.unit,
        verdict,
        words,
        check.note,
    )


def interval(figure: PublishedFigure) -> Interval:
    """The numbers that a printed figure may stand for; without bounds it is the printed number itself."""
    if figure.lower is None and figure.upper is None:
        return Interval(_fraction(figure.value), _fraction(figure.value))
    return Interval(_fraction(figure.lower), _fraction(figure.upper))


def _fraction(value: float | None) -> Fraction | None:
    # As it is printed: the float nearest to 50.3 is not 50.3.
    return None if value is None else Fraction(repr(value))


def _value(figure: PublishedFigure) -> Fraction:
    return _known(_fraction(figure.value))


def _known(value: Fraction | None) -> Fraction:
    assert value is not None
    return value


def _below(one: Fraction | None, other: Fraction | None) -> bool:
    """Whether an upper end lies below a lower end; an open end lies below nothing."""
    return one is not None and other is not None and one < other


def _sum(figures: Iterable[PublishedFigure]) -> Interval:
    lower: Fraction | None = Fraction(0)
    upper: Fraction | None = Fraction(0)
    for own in map(interval, figures):
        lower = None if lower is None or own.lower is None else lower + own.lower
        upper = None if upper is None or own.upper is None else upper + own.upper
    return Interval(lower, upper)


def _value_sum(figures: Sequence[PublishedFigure]) -> Fraction | None:
    return None if any(one.value is None for one in figures) else sum((_value(one) for one in figures), Fraction(0))


def _residue(figure: PublishedFigure, given: Fraction | None) -> Fraction | None:
    return None if figure.value is None or given is None else _value(figure) - given


def _minus(one: Interval, other: Interval) -> Interval:
    return Interval(
        None if one.lower is None or other.upper is None else one.lower - other.upper,
        None if one.upper is None or other.lower is None else one.upper - other.lower,
    )


def _scaled(one: Interval, factor: Fraction) -> Interval:
    return Interval(
        None if one.lower is None else one.lower * factor, None if one.upper is None else one.upper * factor
    )


def _divided(one: Interval, other: Interval) -> Interval:
    """A quotient of counts: the divisor is not negative, and where it may be zero the quotient has no upper end."""
    smallest, largest = other.lower, other.upper
    lower = upper = None
    if one.lower is not None and largest is not None and largest > 0:
        lower = one.lower / largest if one.lower >= 0 else _quotient(one.lower, smallest)
    if one.upper is not None and smallest is not None and smallest > 0:
        upper = one.upper / smallest if one.upper >= 0 else _quotient(one.upper, largest)
    return Interval(lower, upper)


def _quotient(one: Fraction, other: Fraction | None) -> Fraction | None:
    return one / other if other else None


def _counts(one: Interval) -> Interval:
    """The whole numbers within an interval."""
    return Interval(
        None if one.lower is None else Fraction(ceil(one.lower)),
        None if one.upper is None else Fraction(floor(one.upper)),
    )


def _number(value: Fraction | None) -> str:
    if value is None:
        return "…"
    number = Decimal(value.numerator) / Decimal(value.denominator)
    return formats.exact(number) if formats.decimals(number) <= _DECIMALS else formats.brief(number)


def _printed(figure: PublishedFigure) -> str:
    if figure.value is None:
        return interval(figure).as_text()
    shown = formats.exact(figure.value)
    own = interval(figure)
    return shown if own.lower == own.upper else f"{shown} {own.as_text()}"


def _name(figure_id: int) -> str:
    return f"#{figure_id}"


def _plus(numbers: Sequence[int]) -> str:
    return " + ".join(map(_name, numbers))


def _comma(numbers: Sequence[int]) -> str:
    return ", ".join(map(_name, numbers))
