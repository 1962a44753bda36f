"""Identities that cannot belong to anybody, for the columns that landing must drop.

Each value carries a mark that a search for leaks can look for: names end in the marker of sample.yml, numbers begin with
a province code that does not exist, mail goes to a reserved domain, and texts say that they are samples.
"""

from typing import NamedTuple

from dvctt.sample.plan import People


class Person(NamedTuple):
    """One applicant; the number is unique, names repeat as names do."""

    name: str
    identity: str
    phone: str
    mail: str
    address: str
    summary: str


def person(people: People, serial: int) -> Person:
    """The ``serial``-th applicant of the sample."""
    families, middles, givens = people.family_names, people.middle_names, people.given_names
    # Strides that share no factor with the usual list lengths, so that neighbours do not look alike.
    family = families[serial * 7 % len(families)]
    middle = middles[serial // 5 % len(middles)]
    given = givens[serial * 11 % len(givens)]
    return Person(
        f"{family} {middle} {given} {people.marker}",
        f"000{serial:09d}",
        f"0000{serial % 1_000_000:06d}",
        f"mau{serial}@example.invalid",
        f"Địa chỉ mẫu số {serial % 997 + 1}",
        f"Trích yếu mẫu {serial}",
    )
