"""What is written as TOML is read back as it was, whatever its names and texts."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.toml_text import toml_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), TEXTS
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_a_reader_gives_it_back(values: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(values)) == values


@pytest.mark.parametrize(
    "name",
    ['a "b"\\c', "tab\there", "line\nend", "\x7f\x00\x1f", "[table]", "# none", "é 中 \u2028", ""],
)
def test_strange_names_and_texts(name: str) -> None:
    values = {name: {name: name, "deep": {name: [name, {name: 1}]}}, "plain": name}
    read = tomllib.loads(toml_text(values))
    assert read == values
    assert list(read) == ["plain", name]  # a table would take what follows it for its own


@pytest.mark.parametrize("value", [None, object(), b"bytes", "\udc80", [None], {"inner": None}])
def test_what_toml_has_no_form_for_is_named(value: Any) -> None:
    with pytest.raises(UsageError, match=r"the_key.* which a TOML file cannot hold"):
        toml_text({"the_key": value})


def test_numbers_keep_their_kind() -> None:
    text = toml_text({"whole": 3, "real": 3.0, "small": 1e-300, "endless": float("-inf")})
    assert text == "whole = 3\nreal = 3.0\nsmall = 1e-300\nendless = -inf\n"
