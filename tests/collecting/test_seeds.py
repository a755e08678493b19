"""How many seeds are trained by default, and which machine does which job."""

from __future__ import annotations

import pytest

from nasbench_mobile.collecting.jobs import Seeds, TrainingJob, all_jobs, shard
from nasbench_mobile.collecting.references import references
from nasbench_mobile.errors import UsageError

MODELS = references()[:2]


def test_by_default_each_has_one_seed_and_those_repeated_three() -> None:
    assert [Seeds().of(place) for place in (0, 5)] == [range(1), range(1)]
    assert [Seeds(repeated=2).of(place) for place in (1, 2)] == [range(3), range(1)]
    assert [Seeds(2, repeated=1, more=1).of(place) for place in (0, 1)] == [range(2), range(2)]
    jobs = all_jobs([((0,), "given"), ((1,), "all")], MODELS, Seeds(repeated=1))
    assert jobs == [
        TrainingJob("given", 0, tokens=(0,)),
        TrainingJob("all", 0, tokens=(1,)),
        *(TrainingJob("reference", 0, reference=model) for model in MODELS),
        TrainingJob("given", 1, tokens=(0,)),
        TrainingJob("given", 2, tokens=(0,)),
    ]


def test_seeds_are_counted_from_the_first() -> None:
    jobs = all_jobs([((0,), "given")], MODELS[:1], Seeds(2, models=2, first=5))
    assert [(job.origin, job.seed) for job in jobs] == [
        ("given", 5), ("reference", 5), ("given", 6), ("reference", 6),
    ]  # fmt: skip


def test_a_jobs_key_is_that_of_its_row() -> None:
    model = next(m for m in references() if m.width == 0.35)
    assert TrainingJob("given", 4, tokens=(1, 2)).key == (((1, 2), None, 1.0, 224), 4)
    key = TrainingJob("reference", 3, reference=model).key
    assert key == ((None, model.name, 0.35, 224), 3)
    small = next(m for m in references() if m.input_size == 96)
    assert TrainingJob("reference", 0, reference=small).key == ((None, small.name, 1.0, 96), 0)


def test_every_third_job_from_its_own_place() -> None:
    jobs = [TrainingJob("given", seed, tokens=(0,)) for seed in range(7)]
    assert [[job.seed for job in shard(jobs, f"{part}/3")] for part in (1, 2, 3)] == [
        [0, 3, 6], [1, 4], [2, 5],
    ]  # fmt: skip
    assert shard(jobs, "1/1") == jobs


@pytest.mark.parametrize("text", ["²/4", "1/²", "9" * 5000 + "/4", "1/" + "9" * 5000, "5/4", "1"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write 1/4 for the first of four"):
        shard([], text)


@pytest.mark.parametrize("seeds", [Seeds(10**6 + 1), Seeds(repeated=1, more=2**31)])
def test_more_trainings_than_a_table_holds_are_refused_before_they_are_listed(seeds: Seeds) -> None:
    with pytest.raises(UsageError, match="the number of trainings is .*; it must be at most"):
        all_jobs([((0,), "given")], [], seeds)


def test_a_seed_that_no_library_takes_is_refused() -> None:
    with pytest.raises(UsageError, match="the last seed is 4294967296"):
        Seeds(2, first=2**32 - 1)
