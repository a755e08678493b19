"""The figures of a study, key by key: what `summary.json` holds and its readers rely on."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, TypedDict


class Figure(TypedDict):
    """One figure of all scored runs of a strategy; None where there are none."""

    median: float | None
    iqm: float | None
    ci95: list[float] | None
    """The bootstrap interval of the IQM, [low, high]; None of too few runs."""
    values: list[float]
    """In the order of `scored_seeds`."""


class Unspent(TypedDict):
    """A run that ended well before its budget did, and what it was charged."""

    seed: int
    charged: float


class RandomFirst(TypedDict):
    """The option of a random start and the number of its proposals, which the budget is within."""

    option: str
    count: int


class Pick(TypedDict):
    """The network that a run chose by its own readings, as it is without noise."""

    seed: int
    id: int
    """That of its proposal."""
    accuracy: float
    latency_ms: float
    reward: float
    extrapolated: bool


class Incomplete(TypedDict):
    """A run that did not come to a good end, and why."""

    seed: int
    trials: int
    charged: float
    reason: str
    failed: bool
    best_reward: float | None


class StrategyRow(TypedDict):
    """The figures of one strategy. Shares are of all trials, times are CPU seconds."""

    name: str
    label: str
    options: dict[str, Any]
    baseline: bool
    """Whether it is the plain random search that the others are tested against."""
    versions: dict[str, str]
    seeds: list[int]
    budget: int
    provisional: bool
    """Whether no run has ended yet, so that figures are of what there is so far."""
    unranked: str | None
    """Why it has no place among the others, in words that follow its label."""
    unspent: list[Unspent]
    random_first: RandomFirst | None
    """Set where it never left its random start."""
    scored_seeds: list[int]
    best_reward: Figure
    hypervolume: Figure
    """A share of the reference box."""
    best_within_target: float | None
    """The median accuracy over the runs that found any network within the target."""
    found_within_target: int
    """How many runs those are."""
    within_target: float | None
    repeat_rate: float | None
    failed: int
    ask_tell_s: float | None
    """The median of a run inside the strategy."""
    evaluations_per_s: float | None
    """Trials per second of strategy and evaluation."""
    picks: list[Pick]
    incomplete: list[Incomplete]


Family: TypeAlias = Literal["random", "leader"]
"""What the strategies of a family of tests are compared with."""


class Pair(TypedDict):
    """A strategy against the control of its family, over the seeds that both have scored."""

    family: Family
    strategy: str
    against: str
    seeds: int
    wins: int
    ties: int
    losses: int
    median_difference: float | None
    """The median of the differences of best reward; None where no seed is paired."""
    p: float | None
    p_holm: float | None
    """Adjusted within the family; None, as p is, where the pair is untested."""
    rank_biserial: float | None
    """Its sign is the direction of the test: above 0 where the strategy is better."""
    a12: float | None
    """Of `strategy` over `against`; None where no seed is paired."""
    note: str | None
    """Why the pair is untested, or that it is equal."""


class Trained(TypedDict):
    """How the networks were trained that accuracies are of; None where nothing says it."""

    epochs: float | None
    data: str | None
    width: float
    input_size: int | None
    """In pixels."""


class AccuracySource(TypedDict):
    """What gave the accuracies."""

    evaluator: str | None
    label: str | None
    trained: Trained | None
    """None where the logs do not say, or say that it was not one and the same."""


class LatencySource(TypedDict):
    """What gave the latencies; None where the benchmark does not say."""

    label: str | None
    device: str | None
    kind: str | None


class Counted(TypedDict):
    """The network that parameters and multiply-adds are of; sizes in pixels."""

    width: float
    input_size: int
    classes: int
    full_input_size: int


class Description(TypedDict):
    """What tokens mean. Block strings tell distinct architectures apart."""

    block_string: str
    parameters: int
    multiply_adds: int
    counted: Counted | None
    """None where nothing says of which network the two counts are."""


class BestArchitecture(TypedDict):
    """One of the architectures of highest reward, as it is without noise, and who found it.

    The last four are its description, None where the report knows of none.
    """

    tokens: list[int]
    accuracy: float
    latency_ms: float
    reward: float
    extrapolated: bool
    strategy: str
    seed: int
    block_string: str | None
    parameters: int | None
    multiply_adds: int | None
    counted: Counted | None


class Summary(TypedDict):
    """All figures of a study; `strategies` are sorted, best first."""

    benchmark: str
    """`name@version`."""
    benchmark_hash: str
    objective: dict[str, Any]
    """Its record: name, target_ms and whatever else decides a reward."""
    budget_unit: str
    budget: int
    accuracy: AccuracySource
    latency: LatencySource
    strategies: list[StrategyRow]
    pairs: list[Pair]
    best_architectures: list[BestArchitecture]


class WrittenSummary(Summary):
    """What `summary.json` holds: a summary, its verdict and what a study's plan notes."""

    verdict: str
    notes: list[str]
