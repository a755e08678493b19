"""A run of a strategy in a process of its own, started afresh, as a study's workers are."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any

from nasbench_mobile.errors import NasbenchError
from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.checked_strategy import StrategySubject
from nasbench_mobile.testing.law import LawBroken
from nasbench_mobile.testing.toy_problem import short_run
from nasbench_mobile.types import Proposal

PATIENCE_S = 120.0
"""After how many seconds a silent process is killed: our choice, as importing a large library on a
busy machine takes a minute."""


@dataclass(frozen=True, slots=True)
class Home:
    """The place where a class is defined, which another process needs to find it."""

    module: str
    name: str
    file: str | None

    def load(self) -> Any:
        try:
            found: Any = importlib.import_module(self.module)
        except ImportError:
            if self.file is None:
                raise
            found = _module_from(self.file)
        for part in self.name.split("."):
            found = getattr(found, part)
        return found


def _module_from(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("strategy_under_examination", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def home_of(factory: Any) -> Home:
    """`LawBroken` for what only this process has: a lambda, a class inside a function."""
    name = getattr(factory, "__qualname__", "")
    if not name or "<" in name:
        raise LawBroken(
            f"{name or factory!r} cannot be found by another process; define the class at the "
            "top level of a file"
        )
    return Home(factory.__module__, name, inspect.getsourcefile(factory))


def in_another_process(subject: StrategySubject) -> list[Proposal]:
    """The short run of a strategy, made in a spawned process."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    factory: Any = subject.factory
    options = dict(subject.options)
    if isinstance(factory, functools.partial):  # a variant: a class with other defaults
        factory, options = factory.func, {**factory.keywords, **options}
    arguments = (home_of(factory), options, subject.budget, sender)
    process = context.Process(target=_work, args=arguments, daemon=True)
    with _another_hash_seed():
        process.start()
    sender.close()
    try:
        if not receiver.poll(PATIENCE_S):
            raise LawBroken(f"a worker process gave no answer within {PATIENCE_S:g} s")
        answer = receiver.recv()
    except EOFError:
        process.join(1.0)
        raise LawBroken(f"the worker process died (exit code {process.exitcode})") from None
    finally:
        process.kill()
        process.join()
    if isinstance(answer, str):
        raise LawBroken(f"in a worker process: {answer}")
    proposals: list[Proposal] = answer
    return proposals


@contextmanager
def _another_hash_seed() -> Iterator[None]:
    """Processes started within hash strings otherwise than this one, as two machines would.

    Where PYTHONHASHSEED is set (tox sets it) they would inherit it, and agree by it.
    """
    set_to = os.environ.get("PYTHONHASHSEED")
    if set_to is None or not set_to.isdigit():  # random: each process has its own
        yield
        return
    os.environ["PYTHONHASHSEED"] = str((int(set_to) + 1) % 2**32)
    try:
        yield
    finally:
        os.environ["PYTHONHASHSEED"] = set_to


def _work(home: Home, options: dict[str, Any], budget: int, out: Connection) -> None:
    try:
        out.send(short_run(StrategySubject(home.load(), options, budget=budget), Watch()))
    except NasbenchError as error:
        out.send(str(error))
    except Exception as error:
        out.send(f"{type(error).__name__}: {error}")
