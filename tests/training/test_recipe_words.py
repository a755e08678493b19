from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_mobile.errors import UsageError
from nasbench_mobile.training.recipe_words import read_values, value_words

NAMES = st.from_regex(r"[a-z_]+", fullmatch=True)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
)  # fmt: skip


@given(st.dictionaries(NAMES, VALUES))
def test_words_are_read_back(values: dict[str, Any]) -> None:
    assert read_values(value_words(values)) == values


def test_the_last_of_a_name_counts_and_a_word_without_a_value_is_refused() -> None:
    assert read_values(["batch_size=6", "batch_size=8"]) == {"batch_size": 8}
    with pytest.raises(UsageError, match="'batch_size' is not of the form name=value"):
        read_values(["batch_size"])
