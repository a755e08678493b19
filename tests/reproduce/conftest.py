from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

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
def smallest(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The folder that records lie in: one for all processes that share the tests out."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if hasattr(request.config, "workerinput") else own) / "reproduction"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def records(smallest: Path) -> Callable[[str], dict[str, Any]]:
    """The record of an experiment, run once in the smallest form: 2 seeds of 40 samples."""
    session, setting = Session(smallest), Setting(seeds=2, samples=40, quick=True)
    made: dict[str, dict[str, Any]] = {}

    def record(name: str) -> dict[str, Any]:
        if name not in made:
            one = experiment(name)
            with FileLock(smallest / f"{name}.lock"):  # another process may be at it
                made[name] = session.kept(one, setting) or session.run(one, setting, run_here)
        return made[name]

    return record
