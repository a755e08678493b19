"""The tests of a room: which run a line, and how they end on a changed one. Runs in a child."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

OPTIONS = (
    "-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "-o",
    "addopts=--import-mode=importlib --strict-markers --doctest-modules --benchmark-skip",
    "--hypothesis-seed=0", "--tb=short", "--no-header",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip


def settle(slot: Path) -> None:
    """Work in this copy of the checkout and import from it, here and in programs started here."""
    os.chdir(slot)
    os.environ["PYTHONPATH"] = str(slot)
    for name in [name for name in sys.modules if name.split(".")[0] == "tests"]:
        del sys.modules[name]
    here = str(Path(__file__).resolve().parents[2])
    sys.path[:] = [str(slot), *(path for path in sys.path if path not in ("", here, str(slot)))]


class Reaching:
    """A pytest plugin that notes which lines each test runs, its time and whether it forked.

    What a fixture of a module or session runs counts for every test that uses the fixture.
    """

    def __init__(self, coverage: Any) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}
        self.starters: list[str] = []
        self.failed: list[str] = []
        self.users: dict[str, list[str]] = {}
        self._context = [""]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            for name in getattr(item, "fixturenames", ()):
                self.users.setdefault(f"fixture {name}", []).append(item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        began, children = time.perf_counter(), _children_s()
        self._enter(item.nodeid)
        try:
            return (yield)
        finally:
            self._leave()
            self.seconds[item.nodeid] = time.perf_counter() - began
            if _children_s() > children:
                self.starters.append(item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        if fixturedef.scope == "function":
            return (yield)
        self._enter(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            self._leave()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def _enter(self, context: str) -> None:
        self._context.append(context)
        self.coverage.switch_context(context)

    def _leave(self) -> None:
        self._context.pop()
        self.coverage.switch_context(self._context[-1])


def reach(slot: Path, files: Sequence[str], tests: Sequence[str]) -> dict[str, Any]:
    """Lines of `files` with the tests that run them; "" stands for what importing runs."""
    settle(slot)
    import coverage

    measured = coverage.Coverage(
        data_file=None, config_file=False, include=[str(slot / file) for file in files]
    )
    measured.start()
    plugin = Reaching(measured)
    code = pytest.main([*OPTIONS, *tests, *_with_examples(slot, files)], plugins=[plugin])
    measured.stop()
    data = measured.get_data()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in files:
        contexts = data.contexts_by_lineno(str((slot / file).resolve()))
        lines[file] = {line: _expanded(names, plugin.users) for line, names in contexts.items()}
    ours = {"tests", "conftest", "nasbench_mobile", "__main__"}
    libraries = sorted(name for name in sys.modules if name.split(".")[0] not in ours)
    return {
        "code": int(code), "failed": plugin.failed, "seconds": dict(plugin.seconds),
        "starters": plugin.starters, "lines": lines, "libraries": libraries,
    }  # fmt: skip


def _expanded(contexts: Sequence[str], users: Mapping[str, Sequence[str]]) -> list[str]:
    found = {test for context in contexts for test in users.get(context, [context])}
    return sorted(found)


def _with_examples(slot: Path, files: Sequence[str]) -> list[str]:
    return [file for file in files if ">>>" in (slot / file).read_text(encoding="utf-8")]


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Chosen:
    """A pytest plugin that runs some tests of some files, and says which failed first."""

    def __init__(self, order: Sequence[str]) -> None:
        self._place = {test: place for place, test in enumerate(order)}
        self.failed: str | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Tests without a place have a name that the change gave them: they run last."""
        items.sort(key=lambda item: self._place.get(item.nodeid, len(self._place)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self.failed is None:
            self.failed = f"{report.nodeid} (import)"


def tried(slot: Path, file: str, source: str, order: Sequence[str], stamp_ns: int) -> Any:
    """Run tests, in this order, on a changed file until one fails; the caller puts it back."""
    settle(slot)
    path = slot / file
    path.write_text(source, encoding="utf-8")
    os.utime(path, ns=(stamp_ns, stamp_ns))  # none that compiled code may have been kept for
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    plugin = Chosen(order)
    files = list(dict.fromkeys(test.split("::")[0] for test in order))
    code = pytest.main([*OPTIONS, "-x", *files], plugins=[plugin])
    return {"code": int(code), "failed": plugin.failed}
