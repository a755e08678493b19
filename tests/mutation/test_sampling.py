from __future__ import annotations

import pytest

from tests.mutation.population import rank
from tests.mutation.sampling import shares


def test_rooms_get_their_proportion_and_small_ones_their_least() -> None:
    # In proportion a has 90.5 of 100, b 9.05 and c 0.45: the least of 10 is taken from a.
    assert shares({"a": 1000, "b": 100, "c": 5}, 100, least=10) == {"a": 85, "b": 10, "c": 5}
    assert shares({"a": 30, "b": 10}, 20, least=2) == {"a": 15, "b": 5}


def test_a_sample_smaller_than_the_least_of_all_is_divided_alike() -> None:
    # 10 : 10 : 5 of 12 is 4.8, 4.8 and 2.4.
    assert shares({"a": 1000, "b": 100, "c": 5}, 12, least=10) == {"a": 5, "b": 5, "c": 2}


def test_no_room_gives_more_than_it_has() -> None:
    assert shares({"a": 3, "b": 4}, 400) == {"a": 3, "b": 4}
    assert shares({"a": 3, "b": 50}, 40, least=1) == {"a": 2, "b": 38}
    assert shares({"a": 3}, 0) == {"a": 0}


def test_numbers_below_0_are_refused() -> None:
    with pytest.raises(ValueError, match="total is -1"):
        shares({"a": 3}, -1)


def test_the_order_depends_on_the_seed_and_the_place_alone() -> None:
    keys = [f"file.py:f:a < {k}@2:0" for k in range(20)]
    first = sorted(keys, key=lambda key: rank(0, key))
    assert first != sorted(keys, key=lambda key: rank(1, key))
    assert [k for k in first if k != keys[3]] == sorted(
        [*keys[:3], *keys[4:]], key=lambda key: rank(0, key)
    )
