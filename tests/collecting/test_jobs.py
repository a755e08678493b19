from __future__ import annotations

import pytest

from nasbench_mobile.collecting.jobs import Seeds, all_jobs, shard
from nasbench_mobile.collecting.references import references
from nasbench_mobile.errors import UsageError

SAMPLES = [((place,), "uniform") for place in range(5)]
MODELS = references()[:2]


def test_breadth_first_then_further_seeds() -> None:
    jobs = all_jobs(SAMPLES, MODELS, Seeds(repeated=2, more=3))  # type: ignore[arg-type]
    told = [(job.tokens or job.reference, job.seed) for job in jobs]
    assert told == [
        *(((place,), 0) for place in range(5)),
        *((model, 0) for model in MODELS),
        *(((place,), seed) for seed in (1, 2) for place in (0, 1)),
    ]
    assert len({job.key for job in jobs}) == len(jobs)


def test_seeds_of_every_network() -> None:
    jobs = all_jobs(SAMPLES, MODELS, Seeds(2, models=3))  # type: ignore[arg-type]
    assert len(jobs) == 2 * len(SAMPLES) + 3 * len(MODELS)
    more = all_jobs(SAMPLES, MODELS, Seeds(2, repeated=1, more=1, models=3))  # type: ignore[arg-type]
    assert more == jobs


def test_shards_share_all_jobs() -> None:
    jobs = all_jobs(SAMPLES, MODELS, Seeds())  # type: ignore[arg-type]
    parts = [shard(jobs, f"{part}/3") for part in (1, 2, 3)]
    assert sorted(job.key[0][0] or () for part in parts for job in part) == sorted(
        job.key[0][0] or () for job in jobs
    )
    assert shard(jobs, None) == jobs


@pytest.mark.parametrize("text", ["0/3", "4/3", "2", "a/b", "1/"])
def test_a_wrong_shard_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=f"shard is '{text}'"):
        shard([], text)


@pytest.mark.parametrize("values", [(0,), (1, -1), (1, 1, 0), (1, 0, 1, 0)])
def test_seeds_check_themselves(values: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="give 1 or more"):
        Seeds(*values)
