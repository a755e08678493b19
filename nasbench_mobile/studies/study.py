"""A study: strategies x seeds on one benchmark, each run in its own log, resumable as a whole."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from html import escape
from operator import is_not
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from nasbench_mobile.errors import (
    LogError,
    NasbenchError,
    UnknownNameError,
    UsageError,
)
from nasbench_mobile.executors.processes import WorkerDied, workers
from nasbench_mobile.files.atomic_files import unfinished
from nasbench_mobile.plugins.time_limits import checked_limit
from nasbench_mobile.printable import printable
from nasbench_mobile.runs.event_log import has_begun, has_ended, read_header, read_run
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.search.problem import Problem
from nasbench_mobile.search.progress import OnProgress
from nasbench_mobile.shell_words import command
from nasbench_mobile.studies.command import study_command
from nasbench_mobile.studies.crashes import companions, ended_by_death, note_death
from nasbench_mobile.studies.identity import Made, made_now
from nasbench_mobile.studies.logged_rewards import scoring
from nasbench_mobile.studies.manifest import (
    MANIFEST as MANIFEST,
)
from nasbench_mobile.studies.manifest import (
    Manifest,
    differing,
    read_manifest,
    read_record,
)
from nasbench_mobile.studies.plan import Plan, described
from nasbench_mobile.studies.possible import check_plan
from nasbench_mobile.studies.recorded import Past, notes, refuse_other_code
from nasbench_mobile.studies.task import RunProgress, Task, check_header, damaged, ended, perform

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nasbench_mobile.report.leaderboard import Leaderboard
    from nasbench_mobile.studies.results import StudyResults

Listener = Callable[[RunProgress], None]


class Study:
    """A folder with a manifest, `runs/FOLDER/seed-NNNN.jsonl`, and later the report.

    `Study.open(folder)` gives one that is there, `create` a new one, and `run` does its runs.
    `leaderboard`, `verdict`, `plot` and `to_frame` tell what came out, of all runs that there are.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self._read: dict[Path, tuple[tuple[int, int], Run]] = {}
        self._noted: list[str] = []
        self._told: StudyResults | None = None

    def __repr__(self) -> str:
        return f"Study({str(self.folder)!r}: {described(self.plan)})"

    @property
    def plan(self) -> Plan:
        return self.manifest.plan

    @classmethod
    def create(cls, folder: Path, plan: Plan, beside: Collection[str] = ()) -> Study:
        """Start a study in an empty or new folder, or take up the very same one again.

        Args:
            folder: Where the study is kept.
            plan: The strategies, seeds, budget and benchmark of the study.
            beside: Names of files that may be in the folder already, such as the benchmark's.

        Returns:
            The study, none of whose runs this has begun.

        Raises:
            UsageError: The plan cannot be carried out, or the folder holds something else.
            LogError: The study that is in the folder already is damaged.
        """
        check_plan(plan)
        if (folder / MANIFEST).is_file():
            _refuse_another(folder, plan)
            return cls(folder, read_manifest(folder))
        if folder.is_dir() and any(
            path.name not in beside and not unfinished(path) for path in folder.iterdir()
        ):
            raise UsageError(f"{folder} is not empty and holds no study; give another --out")
        manifest = Manifest.new(plan)
        folder.mkdir(parents=True, exist_ok=True)
        manifest.write(folder)
        return cls(folder, manifest)

    @classmethod
    def open(cls, folder: Path | str) -> Study:
        """Open the study that a folder holds.

        Args:
            folder: The folder that `create` or `nasbench-mobile compare` has made.

        Returns:
            The study, with its runs as far as they have come.

        Raises:
            UsageError: The folder holds no study.
            LogError: The study is damaged, or its benchmark is now another version.
        """
        folder = Path(folder)
        return cls(folder, read_manifest(folder))

    @property
    def command(self) -> str:
        """The command that makes this study again."""
        return study_command(self.plan, self.folder)

    def tasks(self) -> Iterator[Task]:
        """Give every run, seed by seed, so that all strategies advance together."""
        manifest = self.manifest
        rows = list(zip(self.plan.strategies, manifest.made, manifest.folders, strict=True))
        for seed in self.plan.seeds:
            for spec, made, folder in rows:
                log = self.folder / "runs" / folder / f"seed-{seed:04d}.jsonl"
                yield Task(self.plan, spec, seed, log, made)

    def check_code(self, but: Collection[str] = ()) -> None:
        """Make sure that no run was made by other code than there is now.

        Args:
            but: Labels of strategies that are not looked at.

        Raises:
            UsageError: Code or options have changed; the message has the command that helps.
        """
        refuse_other_code(self.folder, [p for p in self._pasts() if p.spec.label not in but])

    def labels_of_other_code(self) -> list[str]:
        """The labels of strategies some of whose runs were made by other code than there is now."""
        return [past.spec.label for past in self._pasts() if past.made_by_other_code()]

    def notes(self) -> list[str]:
        """Say what a reader of the results should know, in sentences.

        They tell how code, options and versions differ from now, and what `run` found and mended
        in logs, a torn last line for instance.
        """
        return [*notes(self._pasts()), *self._noted]

    def rerun(self, labels: Collection[str]) -> None:
        """Lay the logs of strategies aside, into `replaced`, so that their runs are done again.

        The next `run` does them with the code that there is now. Other strategies' logs are not
        touched.

        Args:
            labels: Labels of the strategies whose runs are done again.

        Raises:
            UnknownNameError: The study has no strategy of that label.
            UsageError: Another process is at work on the study, or another strategy's runs were
                made by other code than there is now; then nothing is laid aside.
        """
        known = [spec.label for spec in self.plan.strategies]
        for label in labels:
            if label not in known:
                raise UnknownNameError("strategy of this study", label, known)
        with self._alone():
            self.check_code(but=labels)
            specs = {spec.label: spec for spec in self.plan.strategies if spec.label in labels}
            made = {label: made_now(spec) for label, spec in specs.items()}
            logs = [task.log for task in self.tasks() if task.strategy.label in labels]
            aside = _unused(self.folder / "replaced" / time.strftime("%Y%m%d-%H%M%S"))
            for log in filter(Path.exists, logs):
                for path in (log, *companions(log)):
                    kept = aside / path.parent.name / path.name
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    path.rename(kept)
            self._record(made)

    def _record(self, made: Mapping[str, Made]) -> None:
        self.manifest = self.manifest.with_made(made)
        self.manifest.write(self.folder)

    def _pasts(self) -> list[Past]:
        """Each strategy with the headers of the logs that it has."""
        headers: dict[str, list[RunHeader]] = defaultdict(list)
        for task in self.tasks():
            with suppress(LogError, OSError):  # `runs` and `run` say what is damaged
                header = read_header(task.log)
                if header is not None:
                    headers[task.strategy.label].append(header)
        pairs = zip(self.plan.strategies, self.manifest.made, strict=True)
        return [Past(spec, made, tuple(headers[spec.label])) for spec, made in pairs]

    def _prepare(self) -> None:
        """Check the code, and record what makes strategies that have no run yet."""
        self.check_code()
        fresh = {
            past.spec.label: made_now(past.spec)
            for past in self._pasts()
            if not past.headers and past.made.code is not None
        }
        if any(fresh.get(p.spec.label, p.made).code != p.made.code for p in self._pasts()):
            self._record(fresh)

    def run(
        self,
        jobs: int,
        listen: Listener = lambda _: None,
        on_stop: Callable[[], None] = lambda: None,
        call_limit_s: float | None = None,
    ) -> None:
        """Do the runs that have not ended, in worker processes.

        On Ctrl-C workers stop at their next batch, and every log stays resumable. A run whose
        worker dies goes on in another, once or until the architecture that kills workers is known
        and counted as failed (`crashes`). A run that fails leaves its reason in its log and in
        `failure` of its last message, and the other runs go on.

        Args:
            jobs: The number of worker processes.
            listen: Called with a `RunProgress` whenever a run has come further.
            on_stop: Called when workers are asked to stop, before they are waited for.
            call_limit_s: How many seconds one call of a strategy or one evaluation may take; None
                limits only those that are not built in (`Task`).

        Raises:
            UsageError: Another process is at work on the study, or runs were made by other code
                than there is now, or the limit is not above 0 s.
            NasbenchError: The study's folder was removed while the runs were at work.
        """

        def heard(message: RunProgress) -> None:
            if message.note is not None:
                self._noted.append(message.note)
            listen(message)

        with self._alone():
            self._prepare()
            self._work(jobs, heard, on_stop, checked_limit(call_limit_s))
        self._check_there()

    def _check_there(self) -> None:
        """Raise `NasbenchError` where the study's folder was removed while runs were at work."""
        if not (self.folder / MANIFEST).is_file():
            raise NasbenchError(
                f"{self.folder / MANIFEST} was removed while the study ran, so the study is not "
                "whole; put its folder back and go on with `nasbench-mobile resume`, or begin it "
                "again"
            )

    def _left(self, listen: Listener) -> list[Task]:
        """Give the runs that have not ended, and tell `listen` of ended and of damaged ones.

        The log of an ended run is read here once, and kept for `runs`.
        """
        left = []
        for task in self.tasks():
            try:
                if not task.log.exists() or not has_ended(task.log):
                    left.append(task)
                    continue
                listen(ended(task, self._run_of(task)))
            except LogError as error:
                listen(damaged(task, error))
        return left

    def _run_of(self, task: Task) -> Run:
        """The run that a task's log tells of, read again only where the log has changed."""
        stat = task.log.stat()
        signature = stat.st_size, stat.st_mtime_ns
        kept = self._read.get(task.log)
        if kept is None or kept[0] != signature:
            kept = signature, _read_checked(task)
            if kept[1].finished or kept[1].failure is not None:
                self._read[task.log] = kept
        return kept[1]

    def _work(
        self, jobs: int, listen: Listener, on_stop: Callable[[], None], call_limit_s: float | None
    ) -> None:
        tasks = [replace(task, call_limit_s=call_limit_s) for task in self._left(listen)]
        if not tasks:
            return
        with workers(jobs, on_stop) as pool:
            running = {pool.submit(perform, task): task for task in tasks}
            while running:
                done, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
                pool.drain(listen)
                for future in done:
                    task = running.pop(future)
                    try:
                        listen(future.result())
                    except LogError as error:
                        listen(damaged(task, error))
                    except WorkerDied as death:
                        if note_death(task.log, death):
                            running[pool.submit(perform, task)] = task
                        else:
                            listen(self._died(task, death))

    def _died(self, task: Task, death: WorkerDied) -> RunProgress:
        """What is said of a run whose worker died once too often."""
        again = command("resume", self.folder)
        reason = f"{death}; what it has logged is safe, and `{again}` goes on with it"
        return RunProgress(task.strategy.label, task.seed, 0.0, float("-inf"), True, reason)

    def run_here(self, problem: Problem, on_progress: OnProgress) -> RunProgress:
        """Do the study's only run in this process.

        Ctrl-C goes through as KeyboardInterrupt; what was told is in the log.

        Args:
            problem: The problem that the study's benchmark built, to which watchers may be added.
            on_progress: Called with a `Progress` after every tell; answering True stops the run.

        Returns:
            How the run ended: what it has spent, in full trainings, its best reward, and in
            `failure` the reason why it ended early, if it did.

        Raises:
            UsageError: Another process is at work on the study, or the run was made by other code
                than there is now.
            LogError: The run's log is damaged.
        """
        with self._alone():
            self._prepare()
            [task] = self.tasks()
            return perform(task, problem, on_progress)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the study's lock: two drivers would write into each other's logs."""
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(
                f"another process is running the study in {self.folder}; wait for it or stop it"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def runs(self) -> list[Run]:
        """Read every run that has begun, unfinished and failed ones too.

        Returns:
            The runs, seed by seed.

        Raises:
            LogError: The log of a run is damaged; `sound_runs` leaves such runs out.
        """
        return [self._run_of(task) for task in self.tasks() if has_begun(task.log)]

    def sound_runs(self) -> tuple[list[Run], list[str]]:
        """Read the runs whose logs are sound.

        Returns:
            The runs, and a sentence on each run whose log is damaged.

        Raises:
            LogError: The logs of all runs are damaged, so there is nothing to tell.
        """
        runs = self.all_runs()
        damages = [run.damage for run in runs if run.damage is not None]
        if damages and len(damages) == len(runs):
            raise LogError("; ".join(damages))
        return [run for run in runs if run.damage is None], damages

    def all_runs(self) -> list[Run]:
        """Read all runs, those with damaged logs too.

        Returns:
            The runs with sound logs, then those that have no trials because of their logs: one
            whose log is damaged says so in its `damage`, and one whose header is not whole was
            `stopped` before it had begun.
        """
        sound, broken = [], []
        for task in self.tasks():
            if not task.log.exists():
                continue
            if not has_begun(task.log):
                broken.append(replace(_without_trials(task), stopped="stopped before it began"))
                continue
            try:
                sound.append(self._run_of(task))
            except LogError as error:
                broken.append(replace(_without_trials(task), damage=str(error)))
        return sound + broken

    def _results(self) -> StudyResults:
        """Give the results of the runs as they are now, made anew where a log has changed."""
        from nasbench_mobile.studies.results import StudyResults  # which loads scipy
        from nasbench_mobile.studies.trust import OBJECTIVE, check_trust

        runs, told = self.all_runs(), self._told
        if told is None or len(told.runs) != len(runs) or any(map(is_not, told.runs, runs)):
            own = self.plan.benchmark.objective
            objective = scoring(
                own, runs, lambda: check_trust(self, lambda _: None, kinds=OBJECTIVE)
            )
            told = self._told = StudyResults.of(runs, objective, self.folder)
        return told

    def leaderboard(self) -> Leaderboard:
        """The strategies by median best reward, as the report has them.

        Returns:
            Rows of figures, best first (`LeaderboardRow`), which a notebook shows as a table.

        Raises:
            NasbenchError: No run has a trial.
        """
        return self._results().leaderboard

    @property
    def verdict(self) -> str:
        """The report's sentences on who wins, by how much, and how sure that is."""
        return self._results().verdict

    def plot(self, name: str) -> Figure:
        """One of the report's plots.

        Args:
            name: `anytime`, `final`, `pareto` or `latency`.

        Returns:
            A matplotlib figure, which a notebook shows and `savefig` writes.

        Raises:
            UnknownNameError: There is no plot of that name; the message suggests one.
            NasbenchError: No run has a trial.
        """
        return self._results().plot(name)

    def to_frame(self) -> pd.DataFrame:
        """All trials as a pandas table.

        Returns:
            One row a trial and one column a decision, as `trial_frame` says.

        Raises:
            MissingExtraError: pandas is not installed; the message has the command that does it.
            UsageError: The space's code lies in the study's folder, whose maker wrote it.
            NasbenchError: No run has a trial.
        """
        from nasbench_mobile.report.frames import trial_frame
        from nasbench_mobile.studies.trust import SPACE, check_trust

        results = self._results()
        check_trust(self, lambda _: None, kinds=SPACE)
        decisions = self.plan.benchmark.build_space().decisions
        return trial_frame(results.runs, decisions, results.objective)

    def _repr_html_(self) -> str:
        """The leaderboard, or a line where no run has a trial."""
        try:
            return self.leaderboard()._repr_html_()
        except NasbenchError as error:
            return f"<p>{escape(printable(f'{self!r}: {error}'))}</p>"


def _refuse_another(folder: Path, plan: Plan) -> None:
    """Raise `UsageError` where the study in a folder is of another plan."""
    try:
        keys = differing(read_record(folder), plan)
    except (KeyError, TypeError) as error:
        path = folder / MANIFEST
        raise LogError(f"{path} is damaged: {type(error).__name__}: {error}") from None
    if keys:
        raise UsageError(
            f"{folder} holds another study (what differs: {', '.join(keys)}); give "
            f"another folder as --out, or go on with that one: {command('resume', folder)}"
        )


def _unused(folder: Path) -> Path:
    """Give the folder, or one numbered after it where it is there already."""
    numbered = (folder.with_name(f"{folder.name}-{number}") for number in itertools.count(2))
    return next(path for path in itertools.chain([folder], numbered) if not path.exists())


def _read_checked(task: Task) -> Run:
    run = read_run(task.log)
    check_header(task, run.header)
    if run.finished or run.failure is not None:
        return run
    return replace(run, stopped=ended_by_death(task.log))


def _without_trials(task: Task) -> Run:
    """Give what stands in a report for a run whose log cannot be read: what the plan says."""
    plan = task.plan
    header = RunHeader(
        plan.benchmark.record(), plan.benchmark.hash, task.strategy, task.seed, plan.budget,
        plan.batch, plan.start, plan.workers,
    )  # fmt: skip
    return Run(header, (), (), finished=False)
