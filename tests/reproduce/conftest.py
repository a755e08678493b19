from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nasbench_mobile.reproduce.experiment import Setting
from nasbench_mobile.reproduce.registry import experiment
from nasbench_mobile.reproduce.session import Session
from nasbench_mobile.study import Study
from nasbench_mobile.task import perform


def run_here(study: Study) -> None:
    """Every run of a study in this process: starting workers would take longer than they work."""
    for task in study.tasks():
        assert perform(task).failure is None


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """The record of an experiment, run once in the smallest form: 2 seeds of 40 samples."""
    session = Session(tmp_path_factory.mktemp("reproduction"))
    made: dict[str, dict[str, Any]] = {}

    def record(name: str) -> dict[str, Any]:
        if name not in made:
            made[name] = session.run(
                experiment(name), Setting(seeds=2, samples=40, quick=True), run_here
            )
        return made[name]

    record.folder = session.folder  # type: ignore[attr-defined]
    return record


@pytest.fixture(scope="session")
def smallest(records: Any) -> Path:
    """The folder that these records lie in."""
    folder: Path = records.folder
    return folder
