"""What every loop does around its own: replay, a warm start, the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from nasbench_mobile.architecture import Architecture
from nasbench_mobile.protocols import Strategy
from nasbench_mobile.runs.events import Event
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.search.ledger import Ledger, Pair, ProposalKey
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.types import Proposal, StrategySpec, Tokens


@contextmanager
def course(
    ledger: Ledger, problem: Problem, start: Sequence[Tokens], history: Iterable[Event]
) -> Iterator[tuple[Proposal, ...]]:
    """Replay `history`, evaluate the `start`; then the loop goes on within, and its end is written.

    Gives the proposals that the history left pending. Raises as `Search.run` says.
    """
    pending = ledger.replay(history)
    with ledger.ending():
        starting = tuple(proposal for proposal in pending if proposal.id < 0)
        starting = ledger.start(start) or starting
        if starting:
            ledger.tell(evaluated(ledger, problem, starting))
        yield tuple(proposal for proposal in pending if proposal.id >= 0)


def evaluated(ledger: Ledger, problem: Problem, proposals: Sequence[Proposal]) -> list[Pair]:
    """Evaluate what is new in one batch, once each; reuse what is known."""
    with ledger.clock.evaluation():
        keys = [ledger.key(proposal) for proposal in proposals]
        new: dict[ProposalKey, Proposal] = {}
        for key, proposal in zip(keys, proposals, strict=True):
            if ledger.known(key) is None:
                new.setdefault(key, proposal)
        architectures = [Architecture(problem.space, proposal.tokens) for proposal in new.values()]
        fidelities = [proposal.fidelity for proposal in new.values()]
        outcomes = problem.evaluate(architectures, fidelities) if new else []
        found = dict(zip(new, outcomes, strict=True))
        return [
            ledger.trial(key, proposal, ledger.known(key) or found[key])
            for key, proposal in zip(keys, proposals, strict=True)
        ]


def unlogged_header(
    strategy: Strategy,
    problem: Problem,
    budget: int,
    batch: int | None,
    start: Sequence[Tokens],
    workers: int | None,
) -> RunHeader:
    """The header of a run that has no log: what a loop knows of its run.

    It knows neither the seed, which is -1 there, nor a benchmark; of the latter there is the
    objective's record, where the objective has one.
    """
    record = getattr(problem.objective, "record", None)  # a function has none
    return RunHeader(
        benchmark={} if record is None else {"objective": record()},
        benchmark_hash="",
        strategy=StrategySpec(type(strategy).__name__),
        seed=-1,
        budget=budget,
        batch=batch,
        start=tuple(start),
        workers=workers,
    )
