"""Evolution guided by an ensemble that predicts rewards: the family of BANANAS and NPENAS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nasbench_mobile.strategies._contract import (
    IntMatrix,
    check_arguments,
    finite_reward,
    never_asked,
    number,
    whole,
)
from nasbench_mobile.strategies._ensemble import Ensemble
from nasbench_mobile.strategies._shuffle import Shuffle
from nasbench_mobile.types import Decision, Proposal, StrategyCard, Tokens, Trial


class PredictorEvolution:
    """Mutants of the best trials, chosen by an ensemble of networks and its disagreement.

    After BANANAS (White, Neiswanger and Savani, AAAI 2021, arXiv 1910.11858): random token lists
    first, then in turn an ensemble trained on all trials, `candidates` mutants of the best trials,
    and the `refit` most promising of them by independent Thompson sampling: the largest of one
    draw each from a normal distribution with the ensemble's mean and standard deviation. NPENAS
    (Wei et al., arXiv 2003.12857) is the same idea from the side of evolution.

    Lighter than its models (our choices): token lists are encoded one-hot, networks have one
    hidden layer and train on from where they are when trials arrive.

    Args:
        decisions: what to choose, one token each.
        seed: any whole number from 0.
        budget: proposals the run will make; not used.
        initial: random token lists first (authors' code, naszilla: 10).
        refit: trials between two fits, and the natural batch (authors: 10).
        members: networks of the ensemble (authors: 5).
        candidates: mutants that proposals are chosen from (authors: 100).
        parents: best trials that are mutated (authors' code: 5).
        mutation_rate: decisions that a mutant changes beside the first, on average.
        hidden_size, learning_rate, weight_decay: of the networks and Adam.
        steps, minibatch: Adam steps of a fit and trials in each.

    Failed trials are not learnt from nor proposed again. No token list is proposed twice; where
    mutants run out proposals are random ones, and there are none once every list was proposed.
    Proposals in flight do not change the predictions. A warm start is training data. The last bits
    of its floats, and so its proposals, may differ between processors.

    >>> from nasbench_mobile.types import Decision, Measurement, Trial
    >>> decisions = [Decision(f"d{i}", 4) for i in range(6)]
    >>> search = PredictorEvolution(decisions, seed=0, budget=100)
    >>> best = 0.0
    >>> for _ in range(10):
    ...     trials = []
    ...     for proposal in search.ask(10):
    ...         reward = sum(proposal.tokens) / 18
    ...         trials.append(Trial(proposal, Measurement(reward, latency_ms=1.0), reward))
    ...         best = max(best, reward)
    ...     search.tell(trials)
    >>> best
    1.0
    """

    card: ClassVar = StrategyCard(
        family="Bayesian",
        library="numpy",
        source="White, Neiswanger and Savani, AAAI 2021, https://arxiv.org/abs/1910.11858",
        shines="Where a trial costs minutes or more and only some hundreds can be paid: it learns "
        "from all of them at once, for milliseconds a proposal.",
    )

    def __init__(
        self,
        decisions: Sequence[Decision],
        seed: int,
        budget: int,
        *,
        initial: int = 10,
        refit: int = 10,
        members: int = 5,
        candidates: int = 100,
        parents: int = 5,
        mutation_rate: float = 1.0,
        hidden_size: int = 64,
        learning_rate: float = 0.003,
        weight_decay: float = 0.0,
        steps: int = 60,
        minibatch: int = 64,
    ) -> None:
        self._cardinalities = check_arguments(decisions, seed, budget)
        self._free = np.flatnonzero(self._cardinalities > 1)
        self._initial = whole("initial", initial, least=1)
        self._refit = whole("refit", refit, least=1)
        self._candidates = whole("candidates", candidates, least=1)
        self._parents = whole("parents", parents, least=1)
        self._mutation_rate = number("mutation_rate", mutation_rate, least=0.0)
        self._steps = whole("steps", steps, least=1)
        self._minibatch = whole("minibatch", minibatch, least=1)
        self._rng = np.random.default_rng(seed)
        self._ensemble = Ensemble(
            self._cardinalities,
            self._rng,
            members=whole("members", members, least=1),
            hidden_size=whole("hidden_size", hidden_size, least=1),
            learning_rate=number("learning_rate", learning_rate, above=0.0),
            weight_decay=number("weight_decay", weight_decay, least=0.0),
        )
        self._shuffle = Shuffle(self._cardinalities.tolist(), seed)
        self._seen: set[Tokens] = set()
        self._in_flight: set[int] = set()
        self._fitted = 0  # trials learnt from when it was last fitted
        self._asked = 0

    @property
    def batch_size(self) -> int:
        """The batch size is `refit`, as nothing is learnt between two fits."""
        return self._refit

    def start(self, trials: Sequence[Trial]) -> None:
        """Known trials are learnt from and not proposed again."""
        for trial in trials:
            self._seen.add(trial.tokens)
            self._learn(trial)

    def ask(self, count: int) -> list[Proposal]:
        """Give exactly `count` proposals, as long as there are token lists left."""
        count = whole("count", count, least=1)
        chosen = self._promising(count) if self._ensemble.size >= self._initial else []
        while len(chosen) < count:
            tokens = next(self._shuffle, None)
            if tokens is None:
                break
            if tokens not in self._seen:
                self._seen.add(tokens)
                chosen.append(tokens)
        proposals = [Proposal(self._asked + k, tokens) for k, tokens in enumerate(chosen)]
        self._asked += len(proposals)
        self._in_flight.update(proposal.id for proposal in proposals)
        return proposals

    def tell(self, trials: Sequence[Trial]) -> None:
        """Learn in any order; the next fit is at the ask after `refit` trials."""
        for trial in trials:
            if trial.proposal.id not in self._in_flight:
                raise never_asked(trial)
            self._in_flight.discard(trial.proposal.id)
            self._learn(trial)

    def _learn(self, trial: Trial) -> None:
        reward = finite_reward(trial)
        if reward is not None:
            self._ensemble.add(trial.tokens, reward)

    def _promising(self, count: int) -> list[Tokens]:
        """Up to `count` mutants by Thompson sampling, best first."""
        if not self._fitted or self._ensemble.size - self._fitted >= self._refit:
            self._ensemble.train(self._steps, self._minibatch)
            self._fitted = self._ensemble.size
        mutants = self._mutants(max(self._candidates, 2 * count))
        rows = {tuple(row): None for row in mutants.tolist()}
        fresh = [tokens for tokens in rows if tokens not in self._seen]
        if not fresh:
            return []
        predicted = self._ensemble.predict(np.array(fresh, dtype=np.int64))
        drawn = self._rng.normal(predicted.mean(axis=0), predicted.std(axis=0))
        chosen = [fresh[k] for k in np.argsort(-drawn, kind="stable")[:count]]
        self._seen.update(chosen)
        return chosen

    def _mutants(self, count: int) -> IntMatrix:
        """(count, decisions): best trials in turn, each with one or more decisions changed."""
        best = self._ensemble.best(self._parents)
        rows: IntMatrix = best[np.arange(count) % len(best)]
        if not len(self._free):
            return rows
        rate = min(1.0, self._mutation_rate / len(self._free))
        changed = self._rng.random((count, len(self._free))) < rate
        changed[np.arange(count), self._rng.integers(len(self._free), size=count)] = True
        counts = self._cardinalities[self._free]
        steps = 1 + np.floor(self._rng.random(changed.shape) * (counts - 1)).astype(np.int64)
        rows[:, self._free] = (rows[:, self._free] + changed * steps) % counts
        return rows
