"""The built-in benchmark on trainings of our own: what is shipped is whole, and has its card."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.benchmark import load_benchmark
from nasbench_mobile.collecting.card import table_card
from nasbench_mobile.collecting.facts import table_facts
from nasbench_mobile.collecting.members import every_outcome, members, optimum
from nasbench_mobile.collecting.references import references
from nasbench_mobile.collecting.retrained import retrained_ranks
from nasbench_mobile.search.problem import Outcome
from nasbench_mobile.spaces.mnasnet_coarse import MnasNetCoarseSpace
from nasbench_mobile.tables.noise_study import TOLERATED
from nasbench_mobile.tables.table import Table, read_table

NAME = "mnasnet-cifar10-host"


@pytest.fixture(scope="module")
def table() -> Table:
    model = load_benchmark(NAME).accuracy.model
    assert model is not None
    return read_table(model)


def test_every_network_of_its_space_was_trained(table: Table) -> None:
    space = MnasNetCoarseSpace()
    assert set(table.architectures()) == members(space)
    assert not table.failures


def test_reference_models_were_trained_alike(table: Table) -> None:
    wanted = {(one.name, one.width, one.input_size) for one in references()}
    assert {key[1:] for key in table.trained() if key[0] is None} == wanted


def test_how_far_it_ranks_is_said_as_it_is(table: Table) -> None:
    """Twenty architectures have three seeds, and the card's verdict is that of the figures."""
    facts = table_facts(table, members(MnasNetCoarseSpace()))
    assert sum(count for seeds, count in facts["seeds"].items() if seeds >= 3) >= 20
    noise: Any = facts["noise"]
    low, high = noise["label_ratio_interval"]
    assert low < noise["label_ratio"] < high
    assert noise["ranks"] == (noise["label_ratio"] <= TOLERATED)
    words = "at most the third" if noise["ranks"] else "more than the third"
    card = table_card(table, NAME, "mnasnet-coarse", members(MnasNetCoarseSpace()))
    assert words in " ".join(card.split())
    assert "**A pilot**" in card


def test_accuracy_and_latency_are_for_every_network_and_conflict() -> None:
    """No network is both the most accurate and the fastest."""
    problem = load_benchmark(NAME).build()
    outcomes = [outcome for _, outcome in every_outcome(problem)]
    found = [outcome for outcome in outcomes if isinstance(outcome, Outcome)]
    assert len(found) == len(outcomes) == problem.space.size
    known = optimum(problem)
    assert known["reward"] == max(outcome.reward for outcome in found)
    best = max(found, key=lambda outcome: outcome.noise_free.accuracy)
    latencies = [outcome.noise_free.latency_ms or math.inf for outcome in found]
    assert (best.noise_free.latency_ms or 0.0) > min(latencies)
    slowest = max(latencies)
    reference = load_benchmark(NAME).reference_point
    assert slowest < reference.latency_ms
    assert min(outcome.noise_free.accuracy for outcome in found) > reference.accuracy


def test_its_card_is_the_one_of_this_table(table: Table) -> None:
    model = load_benchmark(NAME).accuracy.model
    assert model is not None
    part = MnasNetCoarseSpace()
    shown = model.with_suffix(".md").read_text(encoding="utf-8")
    assert shown == table_card(table, NAME, part.name, members(part))


RESULTS = Path(__file__).resolve().parents[1] / "results" / NAME


def test_published_retraining_is_what_its_table_gives() -> None:
    """The record's ranks come from the committed trainings, and its page says what it says."""
    benchmark = load_benchmark(NAME)
    assert benchmark.accuracy.model is not None
    known, again = read_table(benchmark.accuracy.model), read_table(RESULTS / "retrained.jsonl")
    record = json.loads((RESULTS / "retrained.json").read_text(encoding="utf-8"))
    assert retrained_ranks(benchmark.build(), known, again) == record["architectures"]
    page = (RESULTS / "README.md").read_text(encoding="utf-8")
    for row in record["strategies"]:
        picks = f"{row['in_top'] * row['seeds']:.0f} of {row['seeds']}"
        told = [row["strategy"], f"{row['table_reward']:.4f}", f"{row['reward']:.4f}", picks]
        if row["gain"] is not None:
            low, high = row["gain_interval"]
            told += [f"{row['gain']:+.4f} ({low:+.4f} to {high:+.4f})", f"{row['p']:.4f}"]
        assert f"| {' | '.join(told)} |" in page
