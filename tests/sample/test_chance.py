"""Division without chance: nothing is lost, ties go to the earlier key, and a seed gives the same numbers everywhere."""

import pytest
from dvctt.sample.chance import apportion, draws, evenly, wheel


def test_the_largest_remainder_decides_and_a_tie_goes_to_the_earlier_key() -> None:
    assert apportion(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
    assert apportion(7, {"a": 3, "b": 2, "c": 0}) == {"a": 4, "b": 3, "c": 0}


def test_what_a_cap_leaves_goes_to_the_others_and_too_little_room_is_an_error() -> None:
    assert apportion(9, {"a": 8, "b": 1}, {"a": 2, "b": 9}) == {"a": 2, "b": 7}
    with pytest.raises(ValueError, match="no room for 3 of 5"):
        apportion(5, {"a": 1}, {"a": 2})


def test_positions_are_spread_evenly_and_there_are_never_more_than_places() -> None:
    assert evenly(2, 10) == {2, 7}
    assert evenly(5, 3) == {0, 1, 2}


def test_a_wheel_holds_each_item_by_its_share() -> None:
    assert list(wheel({"a": 3.0, "b": 1.0}, slots=4)) == ["a", "a", "a", "b"]


def test_a_stream_depends_on_its_names_alone() -> None:
    first, same, other = draws("a", 1), draws("a", 1), draws("a", 2)
    numbers = [first() for _ in range(3)]
    assert numbers == [same() for _ in range(3)]
    assert numbers != [other() for _ in range(3)]
    assert all(0 <= number < 1 for number in numbers)
