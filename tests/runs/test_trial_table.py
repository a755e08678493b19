from __future__ import annotations

import io
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from nasbench_mobile.costs import Cost
from nasbench_mobile.errors import LogError
from nasbench_mobile.metrics.columns import columns
from nasbench_mobile.objectives.mnasnet import LatencyObjective
from nasbench_mobile.report.trials import write_trials
from nasbench_mobile.runs.event_log import EventLog, read_run
from nasbench_mobile.runs.events import Ask, End, Tell
from nasbench_mobile.runs.run import Run, RunHeader
from nasbench_mobile.runs.trial_table import NoiseFree, TrialTable
from nasbench_mobile.types import Fidelity, Measurement, Proposal, StrategySpec, Trial

HEADER = RunHeader({"name": "b"}, "abc", StrategySpec("ppo"), 3, 9)
SHORT, LONG = Fidelity(epochs=1, data="x"), Fidelity(epochs=5, data="x", width=0.35)
ENERGY = ("energy", Cost(3.5, "mJ", 0.25))
SEEN = (
    Measurement(0.61, 70.1, 0.002, 0.5, LONG, 12.5, True),
    Measurement(0.1, 71.0, None, 0.25, SHORT),
    Measurement(1.0, 1e-3, other_costs=(ENERGY, ("memory", Cost(7.0, "MB")))),
)
TRUE = (Measurement(0.6, 70.1, 0.002, 0.5, LONG, 12.5, True), *SEEN[1:])
TRIALS = (
    Trial(Proposal(-1, (0, 255)), SEEN[0], 0.61),
    Trial(Proposal(0, (1, 2)), failure="it was hot"),
    Trial(Proposal(7, (3, 4), 0.5), SEEN[1], 0.1, repeat_of=-1),
    Trial(Proposal(8, (1, 2)), failure="again", repeat_of=0),
    Trial(Proposal(9, (5, 6)), SEEN[2], 0.0),
)
NOISE_FREE = (TRUE[0], None, TRUE[1], None, TRUE[2])


def table(trials: tuple[Trial, ...] = TRIALS) -> TrialTable:
    return TrialTable(zip(trials, NOISE_FREE, strict=False))


def test_trials_come_back_as_they_were() -> None:
    kept = table()
    assert tuple(kept) == TRIALS
    assert kept == TRIALS
    assert kept[1:4] == TRIALS[1:4]
    assert kept[-1] == TRIALS[-1]
    assert NoiseFree(kept) == NOISE_FREE
    assert NoiseFree(kept)[:2] == NOISE_FREE[:2]
    assert kept != TRIALS[:-1]
    assert kept.fidelities == [LONG, SHORT]
    with pytest.raises(IndexError):
        kept[5]


def test_costs_beside_latency_are_columns() -> None:
    found = table().other_costs
    assert list(found) == [("energy", "mJ"), ("memory", "MB")]
    assert found["energy", "mJ"].tolist()[4:] == [3.5]
    assert np.isnan(found["energy", "mJ"][:4]).all()
    assert table(TRIALS[:4]).other_costs == {}
    two = (Trial(Proposal(0, (1, 2)), replace(SEEN[2], other_costs=(ENERGY,)), 0.5), *TRIALS[1:])
    assert table(two)[0] == two[0]
    assert table(two)[2] == two[2]
    assert table(two)[4] == two[4]


@pytest.mark.parametrize("token", [0, 255, 256, 65_535, 65_536, 2**31 - 1])
def test_tokens_of_any_size_come_back(token: int) -> None:
    trials = (Trial(Proposal(0, (1, 2)), failure="x"), Trial(Proposal(1, (token, 3)), failure="x"))
    assert tuple(table(trials)) == trials


def test_trials_of_different_lengths_are_refused() -> None:
    trials = (Trial(Proposal(0, (1, 2)), failure="x"), Trial(Proposal(1, (1,)), failure="x"))
    with pytest.raises(LogError, match="trial 1 has 1 tokens"):
        table(trials)


def test_an_empty_table_is_an_empty_run() -> None:
    kept = TrialTable(iter(()))
    run = Run(HEADER, kept, NoiseFree(kept), finished=False)
    assert not kept
    assert run.charged == 0.0
    assert columns(run).reward.shape == (0,)


def test_scores_and_files_are_those_of_the_trials_themselves() -> None:
    kept = table()
    plain = Run(HEADER, TRIALS, NOISE_FREE, finished=True)
    packed = Run(HEADER, kept, NoiseFree(kept), finished=True)
    assert packed.charged == plain.charged == 4.5
    for one in fields(columns(plain)):
        expected = getattr(columns(plain), one.name)
        np.testing.assert_array_equal(getattr(columns(packed), one.name), expected, one.name)
    np.testing.assert_array_equal(columns(packed).ok, [True, False, False, False, True])
    objective = LatencyObjective(-0.07, -0.07, 75.0)
    written = []
    for run in (plain, packed):
        file = io.StringIO()
        write_trials(file, [run], objective)
        written.append(file.getvalue())
    assert written[0] == written[1]
    assert written[0].count("\n") == 6


def test_a_log_is_read_into_the_trials_that_were_written(tmp_path: Path) -> None:
    with EventLog.create(tmp_path / "log", HEADER) as log:
        log.write(Ask(5, tuple(trial.proposal for trial in TRIALS)))
        log.write(Tell(TRIALS, NOISE_FREE))
        log.write(End(None))
    run = read_run(tmp_path / "log")
    assert run.trials == TRIALS
    assert run.noise_free == NOISE_FREE
    assert run.finished


@pytest.mark.parametrize("kept", [True, False])
def test_a_table_of_trials_has_a_column_for_every_other_cost(kept: bool) -> None:
    trials = table() if kept else TRIALS
    run = Run(HEADER, trials, NOISE_FREE, finished=True)
    file = io.StringIO()
    write_trials(file, [run], LatencyObjective(-0.07, -0.07, 75.0))
    lines = file.getvalue().splitlines()
    assert lines[0].endswith(",repeat_of,energy_mJ,memory_MB")
    assert [line.rsplit(",", 2)[1:] for line in lines[1:]] == [["", ""]] * 4 + [["3.5", "7.0"]]
