import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nasbench_mobile.metrics.pareto import IncrementalFront, attainment, front

points = st.lists(
    st.tuples(st.integers(0, 8).map(lambda i: i / 8), st.integers(1, 8).map(float)), max_size=30
)


def brute_force(cloud: list[tuple[float, float]]) -> set[tuple[float, float]]:
    def dominated(a: tuple[float, float]) -> bool:
        return any(b != a and b[0] >= a[0] and b[1] <= a[1] for b in cloud)

    return {point for point in cloud if not dominated(point)}


@given(points)
def test_front_is_what_nothing_dominates(cloud: list[tuple[float, float]]) -> None:
    chosen = front([a for a, _ in cloud], [t for _, t in cloud]).tolist()
    assert {cloud[i] for i in chosen} == brute_force(cloud)
    assert len({cloud[i] for i in chosen}) == len(chosen)
    assert all(cloud.index(cloud[i]) == i for i in chosen)  # of equals, the first
    assert [cloud[i][1] for i in chosen] == sorted(cloud[i][1] for i in chosen)


@given(points)
def test_incremental_front_equals_the_front_of_all(cloud: list[tuple[float, float]]) -> None:
    growing = IncrementalFront()
    for key, (accuracy, latency_ms) in enumerate(cloud):
        joined = growing.add(accuracy, latency_ms, key)
        assert joined == (key in growing.keys)
    assert list(growing.keys) == front([a for a, _ in cloud], [t for _, t in cloud]).tolist()


def test_failed_trials_are_never_on_the_front() -> None:
    assert front([np.nan, 0.7], [np.nan, 50.0]).tolist() == [1]
    assert front([np.nan], [np.nan]).tolist() == []


def test_attainment_is_what_a_share_of_runs_reaches() -> None:
    fronts = [
        (np.array([0.70, 0.74]), np.array([50.0, 80.0])),
        (np.array([0.71]), np.array([60.0])),
        (np.array([0.72]), np.array([70.0])),
    ]
    grid = [40.0, 50.0, 60.0, 70.0, 80.0]
    median = attainment(fronts, grid)  # by half of them
    assert np.isnan(median[:2]).all()  # at 50 ms one run of three has a point
    assert median[2:].tolist() == [0.70, 0.71, 0.72]
    best = attainment(fronts, grid, 0.01)
    assert np.isnan(best[0])
    assert best[1:].tolist() == [0.70, 0.71, 0.72, 0.74]
