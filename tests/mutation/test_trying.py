"""Which tests a mutant is tried on, and in which order."""

from __future__ import annotations

from tests.mutation.population import Mutant
from tests.mutation.trying import Reached

SECONDS = {"t/a.py::one": 3.0, "t/a.py::two": 1.0, "t/b.py::one": 1.0, "t/c.py::starts": 9.0}
LINES = {
    "m.py": {1: [""], 2: [""], 5: ["", "t/a.py::one", "t/a.py::two"], 6: ["t/b.py::one"]},
    "data.py": {1: [""]},
}
REACHED = Reached(SECONDS, ["t/c.py::starts"], LINES, 0.0)


def mutant(file: str, first: int, last: int) -> Mutant:
    return Mutant("room", file, "f", first, (first, last), "o", "x", "y", "", "")


def test_tests_that_run_the_statement_come_first_the_cheapest_file_leading() -> None:
    assert REACHED.chosen(mutant("m.py", 5, 6)) == ["t/b.py::one", "t/a.py::two", "t/a.py::one"]


def test_others_of_the_same_file_follow() -> None:
    lines = {"m.py": {5: ["t/a.py::one"]}}
    assert Reached(SECONDS, [], lines, 0.0).chosen(mutant("m.py", 5, 5)) == [
        "t/a.py::one",
        "t/a.py::two",
    ]


def test_what_importing_runs_is_tried_on_all_and_first_on_those_that_run_the_file() -> None:
    assert REACHED.chosen(mutant("m.py", 1, 2)) == [
        "t/b.py::one", "t/a.py::two", "t/a.py::one", "t/c.py::starts",
    ]  # fmt: skip


def test_a_file_of_values_alone_is_tried_on_all_tests() -> None:
    assert set(REACHED.chosen(mutant("data.py", 1, 1))) == set(SECONDS)


def test_what_no_test_runs_here_may_run_in_a_program_that_one_starts() -> None:
    assert REACHED.chosen(mutant("m.py", 9, 9)) == ["t/c.py::starts"]
    assert Reached(SECONDS, [], LINES, 0.0).chosen(mutant("m.py", 9, 9)) == []
