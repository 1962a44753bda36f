"""Chance that is the same everywhere: seeds from names, and fair division without it.

Only these helpers may decide anything by chance or by rounding in the sample. Python's ``hash`` is not used (it differs
by process), and of ``random`` only ``Random(seed).random()``, whose sequence is promised not to change.
"""

import hashlib
import random
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


def draws(*names: object) -> Callable[[], float]:
    """A stream of numbers in [0, 1) that depends on ``names`` alone."""
    digest = hashlib.sha256("|".join(map(str, names)).encode("utf-8")).digest()
    return random.Random(int.from_bytes(digest[:8], "big")).random  # noqa: S311 - made-up records, not secrets


def apportion(total: int, weights: Mapping[Key, float], caps: Mapping[Key, int] | None = None) -> dict[Key, int]:
    """Divide ``total`` in proportion to ``weights`` by largest remainder; ties go to the earlier key.

    Args:
        total: whole number to divide, 0 or more.
        weights: 0 or more each.
        caps: the most that a key may get; what it cannot take goes to the others, by their weights.

    Raises:
        ValueError: the caps, or keys of weight 0, leave no room for ``total``.
    """
    result = dict.fromkeys(weights, 0)
    room = {key: total if caps is None else caps[key] for key in weights}
    left = total
    while left:
        open_keys = [key for key in weights if weights[key] > 0 and room[key] > 0]
        weight = sum(weights[key] for key in open_keys)
        if not open_keys:
            raise ValueError(f"no room for {left} of {total}")
        exact = {key: left * weights[key] / weight for key in open_keys}
        given = {key: min(int(exact[key]), room[key]) for key in open_keys}
        rest = left - sum(given.values())
        by_remainder = sorted(open_keys, key=lambda key: int(exact[key]) - exact[key])
        for key in by_remainder:
            if rest and given[key] < room[key]:
                given[key] += 1
                rest -= 1
        for key in open_keys:
            result[key] += given[key]
            room[key] -= given[key]
        left = rest
    return result


def evenly(count: int, among: int) -> set[int]:
    """``count`` positions spread evenly over ``range(among)``; all of them when there are fewer."""
    if count >= among:
        return set(range(among))
    return {(2 * i + 1) * among // (2 * count) for i in range(count)}


def wheel(shares: Mapping[Item, float], slots: int = 1000) -> Sequence[Item]:
    """A list to pick from by position, in which each item stands in proportion to its share."""
    return [item for item, count in apportion(slots, shares).items() for _ in range(count)]
