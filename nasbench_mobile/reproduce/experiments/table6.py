"""Table 6 and section 7.3 of MnasNet: networks of one type of layer against mixed ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.benchmark import Benchmark, load_benchmark
from nasbench_mobile.collecting.references import Reference, references
from nasbench_mobile.errors import EvaluationError
from nasbench_mobile.networks import zoo
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.networks.graph import Conv, Network
from nasbench_mobile.objectives.mnasnet import parse_objective
from nasbench_mobile.reproduce import our_figures as ours
from nasbench_mobile.reproduce import our_trainings as own_table
from nasbench_mobile.reproduce import paper
from nasbench_mobile.reproduce.claims import ClaimVerdict, exactly, on
from nasbench_mobile.reproduce.experiment import (
    Experiment,
    ExperimentOutcome,
    ExperimentSetting,
    ResultTable,
    RunStudy,
    numbers,
    study_runs,
)
from nasbench_mobile.reproduce.our_figures import Found
from nasbench_mobile.reproduce.our_trainings import Trained
from nasbench_mobile.reproduce.paired_seeds import Gain, accuracy_within, gain
from nasbench_mobile.reproduce.paper import Value
from nasbench_mobile.search.problem import Outcome as Evaluated
from nasbench_mobile.studies.plan import Plan, seeds_from
from nasbench_mobile.types import Measurement, StrategySpec, Tokens

ROWS = {
    "MBConv3 (k3x3) only": ("mb3-k3", "mbconv3-k3-only"),
    "MBConv3 (k5x5) only": ("mb3-k5", "mbconv3-k5-only"),
    "MBConv6 (k3x3) only": ("mb6-k3", "mbconv6-k3-only"),
    "MBConv6 (k5x5) only": ("mb6-k5", "mbconv6-k5-only"),
}
"""Row: the claims' word for it, and the reference network's name."""

BY_HAND = (
    "mobilenet-v1", "mobilenet-v2", "shufflenet-1.5x", "shufflenet-2x", "shufflenet-v2-1.5x",
    "shufflenet-v2-2x", "condensenet-g4", "condensenet-g8",
)  # fmt: skip
"""Mobile networks of Table 1 that were made by hand; SqueezeNext has 3x1 and 1x3 in their place."""

STRATEGY = StrategySpec("regularized-evolution")
BENCHMARK = "imagenet-pixel1-no-se"

LAYERS = (0, 1, 2, 2, 1, 2, 0)
"""Tokens of A1's numbers of layers in `mnasnet-anb`: 1, 2, 3, 3, 2, 3, 1 (A1 has 4 in the fourth
block, one more than the space)."""

SINGLE: dict[str, Tokens] = {
    f"MBConv{expansion} (k{3 + 2 * kernel}) only": tuple(
        token for layers in LAYERS for token in (place, kernel, layers, 0)
    )
    for place, expansion in ((1, 4), (2, 6))
    for kernel in (0, 1)
}
"""Networks of one type in `mnasnet-anb`, which has expansions 4 and 6 and not 3."""


def run(setting: ExperimentSetting, folder: Path, run_study: RunStudy) -> ExperimentOutcome:
    """Counts and estimates of the rows; searches at the latency of every single-type network."""
    seeds = setting.seeds or (3 if setting.quick else 10)
    samples = setting.samples or (300 if setting.quick else 1000)
    singles = _singles(load_benchmark(BENCHMARK))
    gains = {
        name: _gain(name, single, seeds, samples, folder, run_study)
        for name, single in singles.items()
    }
    trained = own_table.trained_references()
    answers, unsure = _trained(trained)
    networks = _networks()
    rows = [_row(label, network, trained) for label, network in networks.items()]
    searches = [
        {
            "single": name, "latency_ms": singles[name].latency_ms,
            "accuracy": singles[name].accuracy, "gain": found.words("+.2%"),
        }
        for name, found in gains.items()
    ]  # fmt: skip
    headings = {
        "model": "network", "parameters_m": "params (M)", "multiply_adds_m": "madds (M)",
        "printed_ms": "ms, printed", "estimate_ms": "ms, estimate",
        "top1": "top-1 (%)", "own": "on our data",
    }  # fmt: skip
    searched = {
        "single": "network of one type", "latency_ms": "ms", "accuracy": "accuracy",
        "gain": "mixed layers, no slower: more accuracy [95 %]",
    }  # fmt: skip
    return ExperimentOutcome(
        {"rows": rows, "searches": searches, "seeds": seeds, "samples": samples},
        [
            *_kernels(), *_latencies(networks), _trade_off(), *answers,
            _diversity(gains, load_benchmark(BENCHMARK)),
        ],
        numbers(paper.TABLE_6, lambda key, column: _ours(networks, key, column)),
        [
            ResultTable("table6", "Networks of one type of layer", headings, rows),
            ResultTable("table6-searches", "Mixed layers at the same latency", searched, searches),
        ],
        said=[trained.said(), *unsure],
    )  # fmt: skip


def _networks() -> dict[str, Network]:
    known: dict[str, Reference] = {one.name: one for one in references()}
    return {
        "MnasNet-A1": zoo.network("mnasnet-a1"),
        **{label: known[name].full() for label, (_, name) in ROWS.items()},
    }


def _ours(networks: dict[str, Network], key: tuple[Value, ...], column: str) -> Found:
    if column == "top1_pct":
        return None, ours.NEEDS_IMAGENET
    return ours.latency(networks[str(key[0])])


def _row(label: str, network: Network, trained: Trained) -> dict[str, Any]:
    name = ROWS[label][1] if label in ROWS else "mnasnet-a1"
    return {
        "model": label,
        "parameters_m": parameters(network) / 1e6,
        "multiply_adds_m": multiply_adds(network) / 1e6,
        "printed_ms": paper.TABLE_6.value(label, column="latency_ms"),
        "estimate_ms": ours.estimate_ms(network),
        "top1": paper.TABLE_6.value(label, column="top1_pct"),
        "own": trained.accuracy(name, 1.0, 224),
    }


def _singles(benchmark: Benchmark) -> dict[str, Measurement]:
    problem = benchmark.build()
    found = problem.evaluate([Architecture(problem.space, tokens) for tokens in SINGLE.values()])
    measured = {}
    for name, one in zip(SINGLE, found, strict=True):
        if not isinstance(one, Evaluated):
            raise EvaluationError(f"{name} cannot be evaluated: {one.reason}")
        measured[name] = one.noise_free
    return measured


def _gain(
    name: str, single: Measurement, seeds: int, samples: int, folder: Path, run_study: RunStudy
) -> Gain:
    """What searches within the latency of a network of one type gain over its accuracy."""
    benchmark = load_benchmark(BENCHMARK).with_objective("hard", single.latency_ms)
    plan = Plan(benchmark, (STRATEGY,), seeds_from(0, seeds), samples)
    place = name.lower().replace(" (", "-").replace(") ", "-")
    runs = study_runs(folder, f"table6/{place}", plan, run_study)
    best = [accuracy_within(run, single.latency_ms) or 0.0 for run in runs]
    return gain([value - single.accuracy for value in best])


def _diversity(gains: dict[str, Gain], benchmark: Benchmark) -> ClaimVerdict:
    detail = "; ".join(f"over {name}: {found.words('+.2%')}" for name, found in gains.items())
    holds = all(found.above for found in gains.values())
    return on(benchmark.identifier, "diversity-helps", holds, detail)


def kernels(network: Network) -> set[int]:
    """Sides of the windows of convolutions, 1x1 and the stem's apart."""
    sides = {
        max(node.operation.kernel)
        for node in network
        if isinstance(node.operation, Conv) and not node.name.startswith("stem")
    }
    return sides - {1}


def _kernels() -> Iterator[ClaimVerdict]:
    own = kernels(zoo.network("mnasnet-a1"))
    yield exactly("a1-kernels", own == {3, 5}, f"kernels of A1: {sorted(own)}")
    others = {name: kernels(zoo.network(name)) for name in BY_HAND}
    alike = all(sides == {3} for sides in others.values())
    odd = [f"{name} {sorted(sides)}" for name, sides in others.items() if sides != {3}]
    detail = f"{len(others)} networks by hand, " + ("; ".join(odd) or "all with 3x3 alone")
    yield exactly("earlier-kernels", alike, detail)


def _latencies(networks: dict[str, Network]) -> Iterator[ClaimVerdict]:
    for label, (slug, _) in ROWS.items():
        printed = paper.TABLE_6.value(label, column="latency_ms")
        yield ours.estimated_verdict(f"table6-latency-{slug}", networks[label], printed)


def _trade_off() -> ClaimVerdict:
    """Eq. 2's soft reward of every row as printed; T only rescales it."""
    reward = parse_objective("soft", 75.0)
    rewards = {
        str(label): reward(Measurement(float(str(top1)) / 100, float(str(ms))))
        for label, top1, ms in paper.TABLE_6.rows
    }
    first = max(rewards, key=lambda label: rewards[label])
    detail = ", ".join(f"{label} {value:.4f}" for label, value in rewards.items())
    return exactly("table6-trade-off", first == "MnasNet-A1", f"rewards: {detail}")


def _trained(trained: Trained) -> tuple[list[ClaimVerdict], list[str]]:
    """A1 against the others, trained on our data: Eq. 2 at the estimated latency."""
    reward = parse_objective("soft", 75.0)
    factors = {
        label: reward(Measurement(1.0, ours.estimate_ms(network)))
        for label, network in _networks().items()
    }
    found = {}
    for label, (_, name) in ROWS.items():
        pair = (factors["MnasNet-A1"], factors[label])
        gain = trained.difference(("mnasnet-a1", 1.0, 224), (name, 1.0, 224), pair)
        if gain is None:
            return [], []
        found[label] = gain
    ahead = sum(value > 2 * error for value, error in found.values())
    behind = sum(value < -2 * error for value, error in found.values())
    detail = ", ".join(
        f"{label} {value:+.4f} (standard error {error:.4f})"
        for label, (value, error) in found.items()
    )
    holds = False if behind else True if ahead > len(found) / 2 else None
    return own_table.decided("diversity-trained", holds, f"A1's reward less that of {detail}")


EXPERIMENT = Experiment(
    "table6",
    "Table 6: layer diversity",
    "what mixed layers bring over one type of layer everywhere",
    run,
    frozenset({"seeds", "samples"}),
)
