"""A search is run to its end, from wherever it stands, and what it found is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nasbench_mobile.errors import LogError, NasbenchError
from nasbench_mobile.image_search.events import (
    CandidateBegins,
    CandidateEnds,
    EpochEnds,
    FilesBegin,
    LatencyKnown,
    Listener,
    SearchBegins,
    SearchEvent,
    StrategyLearned,
)
from nasbench_mobile.image_search.request_file import (
    keep_images,
    kept_top,
    match_content,
    read_request,
)

if TYPE_CHECKING:
    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.evaluators.training import TrainingAccuracy
    from nasbench_mobile.image_search.results import SearchResults
    from nasbench_mobile.protocols import SearchSpace
    from nasbench_mobile.search.problem import Outcome, Problem
    from nasbench_mobile.search.progress import Progress
    from nasbench_mobile.studies.study import Study
    from nasbench_mobile.studies.task import RunProgress
    from nasbench_mobile.training.trainer import EpochReport
    from nasbench_mobile.types import Failure, LatencyReading

TRAININGS, LATENCIES = "trainings", "latencies.json"
"""The names under which a search's folder has checkpoints and ended trainings, and measured
latencies, beside what a study has there."""


def finished(
    study: Study, accuracy: TrainingAccuracy | None, checkpoint_s: float, listen: Listener
) -> SearchResults:
    """Search to the end and write what came out; its `failure` says what ended it early.

    `accuracy` is the benchmark's evaluator where it is built already. `NasbenchError` says why not
    one candidate was evaluated.
    """
    ended = _searched(study, accuracy, checkpoint_s, listen)
    if ended.failure is None:
        for checkpoint in (study.folder / TRAININGS).glob("*.pt"):
            checkpoint.unlink()  # of trainings that failed: nobody will go on with them
    elif not any(run.trials for run in study.runs()):
        raise NasbenchError(f"no candidate was evaluated; {ended.failure}")
    return replace(written(study, listen), failure=ended.failure)


def written(study: Study, listen: Listener) -> SearchResults:
    """Write the files and the page of a search, finished or not, and return what there is."""
    from nasbench_mobile.image_search.files import write_results

    listen(FilesBegin(study.folder))
    return write_results(study, kept_top(study.folder))


def _searched(
    study: Study, accuracy: TrainingAccuracy | None, checkpoint_s: float, listen: Listener
) -> RunProgress:
    from nasbench_mobile.evaluators.recorded_latency import RecordedLatency
    from nasbench_mobile.search.observed_problem import ObservedProblem
    from nasbench_mobile.training import reading

    plan, folder, teller = study.plan, study.folder, _Teller(listen)
    problem = plan.benchmark.build(plan.seeds[0])
    trained = (
        (accuracy or _evaluator(study, problem))
        .with_checkpoints(folder / TRAININGS, checkpoint_s)
        .with_progress(teller.epoch)
    )
    note = match_content(folder, trained)
    keep_images(folder, reading.record(trained.data))
    listen(_beginning(study, problem, trained, note))
    latency = RecordedLatency(problem.latency, teller.latency, folder / LATENCIES)
    watched = ObservedProblem(
        problem.space, trained, trained, latency, problem.objective, watcher=teller
    )
    try:
        return study.run_here(watched, teller.told)
    except _ListenerRaised as raised:
        raise raised.error from None


def _evaluator(study: Study, problem: Problem) -> TrainingAccuracy:
    from nasbench_mobile.evaluators.training import TrainingAccuracy

    if not isinstance(problem.accuracy, TrainingAccuracy):
        raise LogError(f"{study.folder} is damaged: its benchmark does not train what it is shown")
    return problem.accuracy


class _ListenerRaised(BaseException):
    """The caller's listener raised `error`: that ends the search, and is no candidate's failure."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class _Teller:
    """Turns what the search and its evaluators say into events."""

    listener: Listener

    def listen(self, event: SearchEvent) -> None:
        try:
            self.listener(event)
        except Exception as error:
            raise _ListenerRaised(error) from error

    def begins(self, architecture: Architecture, share: float) -> None:
        self.listen(CandidateBegins(architecture, share))

    def latency(self, reading: LatencyReading | Failure) -> None:
        self.listen(LatencyKnown(reading))

    def epoch(self, _: int, report: EpochReport) -> None:
        self.listen(EpochEnds(report))

    def ends(self, outcome: Outcome | Failure) -> None:
        self.listen(CandidateEnds(outcome))

    def told(self, progress: Progress) -> bool:
        """Tell what the strategy has learned; this never asks to stop."""
        self.listen(StrategyLearned(progress))
        return False


def _beginning(
    study: Study, problem: Problem, accuracy: TrainingAccuracy, note: str | None
) -> SearchBegins:
    from nasbench_mobile.training import reading
    from nasbench_mobile.training.hints import warmup_hint

    earlier = study.runs()
    hints = note, _map_hint(problem.space, accuracy), warmup_hint(accuracy.recipe)
    return SearchBegins(
        folder=study.folder,
        images=reading.placed_line(accuracy.place, accuracy.data),
        headline=_headline(study, accuracy, problem.latency.label),
        hints=tuple(filter(None, hints)),
        budget=study.plan.budget,
        epochs=accuracy.recipe.epochs,
        earlier=earlier[0] if earlier else None,
    )


def _map_hint(space: SearchSpace, accuracy: TrainingAccuracy) -> str | None:
    """Warn of feature maps of one pixel; any architecture shows them, as all have those sides."""
    import numpy as np

    from nasbench_mobile.architecture import Architecture
    from nasbench_mobile.training.hints import small_map_hint

    one = Architecture(space, space.sample(np.random.default_rng(0)))
    return small_map_hint(accuracy.network(one))


def _headline(study: Study, accuracy: TrainingAccuracy, latency: str) -> str:
    plan = study.plan
    benchmark, how = plan.benchmark, accuracy.recipe
    options = read_request(study.folder)["options"]
    target = f"T = {benchmark.objective.target_ms:g} ms"
    if options["target_ms"] is None and options["latency"] == "pixel1":
        target += " (the paper's)"
    elif options["target_ms"] is None:
        target += " (MobileNetV2's latency times what the paper's 75 ms are of it on a Pixel 1)"
    epochs = "1 epoch" if how.epochs == 1 else f"{how.epochs:g} epochs"
    trainings = "1 training" if plan.budget == 1 else f"{plan.budget:,} trainings"
    return (
        f"{plan.strategies[0].label} on {benchmark.space.name}, {trainings} of {epochs} on "
        f"{accuracy.data.identity} at width {accuracy.width:g}, {accuracy.input_size} px; latency: "
        f"{latency}; {benchmark.objective.name} reward, {target}; into {study.folder}"
    )
