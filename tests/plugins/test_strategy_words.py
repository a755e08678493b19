"""Strategies in words: labels, options and what cannot be kept of them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from nasbench_mobile.errors import UsageError
from nasbench_mobile.files.json_values import changed_by_json
from nasbench_mobile.plugins.strategy_words import (
    check_labels,
    labelled_words,
    means_itself,
    parse_labelled,
    parse_strategies,
)
from nasbench_mobile.types import StrategySpec


def test_an_alias_is_split_at_the_first_equals_sign() -> None:
    spec = parse_labelled("my own=a=b,c/x.py:Mine:rate=8e-4,sizes=[1, 2],name='a,b',fast=true")
    options = {"rate": 8e-4, "sizes": [1, 2], "name": "a,b", "fast": True}
    assert spec == StrategySpec("a=b,c/x.py:Mine", options, alias="my own")
    assert spec.label == "my own"
    assert parse_labelled("x=ppo") == StrategySpec("ppo", {}, "x")


@pytest.mark.parametrize("text", ["", "x", "=ppo", "x=", "x=ppo,random", "x=ppo:", "x=ppo:=3"])
def test_a_malformed_alias_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_labelled(text)


@pytest.mark.parametrize("label", ["a\nb", "a\tb", "\x1b[31mred", "a\udc80b", " a", "", "a=b"])
def test_labels_can_be_printed_on_one_line(label: str) -> None:
    with pytest.raises(UsageError):
        StrategySpec("random", alias=label)


def test_an_alias_that_is_the_label_anyway_is_none() -> None:
    assert StrategySpec("random", alias="random") == StrategySpec("random")
    assert StrategySpec("random").record() == {"name": "random", "options": {}}
    named = StrategySpec("random", alias="baseline")
    assert StrategySpec(**named.record()) == named


def test_two_strategies_of_one_label_are_refused() -> None:
    twice = [StrategySpec("random"), StrategySpec("ppo", alias="random")]
    with pytest.raises(UsageError, match="'random' is listed twice"):
        check_labels(twice)


VALUES: list[Any] = [
    1, -2, 0.1, 1e300, True, None, "adam", "1", "true", "None", "a,b", "it's", 'say "x"', "",
    "nan", [1, [2.5, "x"]], {"a": {"b": None}}, "a b", "x=y",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_a_spec_is_written_as_means_it_again(value: Any) -> None:
    spec = StrategySpec("a/my file.py:S", {"first": value, "second": value}, alias="mine")
    assert parse_labelled(labelled_words(spec)) == spec


def test_whether_a_label_means_its_strategy() -> None:
    assert means_itself(StrategySpec("ppo", {"clip": 0.1, "epochs": 2}))
    for options in ({"x": "1"}, {"x": [1, 2]}, {"x": "a,b"}):
        assert not means_itself(StrategySpec("ppo", options))
    assert not means_itself(StrategySpec("ppo", alias="mine"))
    assert not means_itself(StrategySpec("a,b.py:S"))


LOST: list[Any] = [
    (1, 2), {1: 2}, math.inf, -math.inf, math.nan, 1j, b"x", {1}, ..., np.int64(3), np.float64(0.5),
    np.zeros(2), "\udc80",
]  # fmt: skip


@pytest.mark.parametrize("value", LOST, ids=repr)
def test_values_that_json_changes_are_refused_by_name(value: Any) -> None:
    assert changed_by_json(value)
    for nested in (value, [value], {"a": [value]}):
        with pytest.raises(UsageError, match=r"'ppo' has option clip = .* cannot keep"):
            StrategySpec("ppo", {"clip": nested})


@pytest.mark.parametrize(
    "text", ["(1,)", "{1: 2}", "1e999", "-1e999", "1j", "b'x'", "{1}", "...", "nan", "-inf", "NaN"]
)
def test_such_options_are_refused_on_the_command_line(text: str) -> None:
    with pytest.raises(UsageError, match="option clip = .* cannot keep"):
        parse_labelled(f"x=ppo:clip={text}")
    if "," not in text:
        with pytest.raises(UsageError, match="option clip = .* cannot keep"):
            parse_strategies(f"random,ppo:clip={text}")


def test_an_option_given_twice_is_an_error() -> None:
    with pytest.raises(UsageError, match="option 'clip' twice"):
        parse_strategies("ppo:clip=0.1,clip=0.2")


def test_a_spec_does_not_change_with_the_options_it_was_given() -> None:
    options: dict[str, Any] = {"sizes": [1]}
    spec = StrategySpec("ppo", options)
    options["sizes"].append(2)
    options["clip"] = 0.5
    assert spec.options == {"sizes": [1]}


def test_grammar_of_lists_is_kept() -> None:
    words = ["random", "ppo:clip=0.1,epochs=2", "x.py:Mine:a=true"]
    for some in itertools.permutations(words):
        assert [spec.name for spec in parse_strategies(",".join(some))] == [
            word.split(":clip")[0].split(":a=")[0] for word in some
        ]
