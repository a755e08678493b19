"""Code that a study's folder names by file: which of it is run, and which not without being asked.

A folder may be a stranger's. What it names by file is run where the file is the one that the study
recorded and lies outside the folder: then it is the user's own. `--trust` runs it all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nasbench_mobile import catalog
from nasbench_mobile.errors import UsageError
from nasbench_mobile.objectives.user import OwnObjective
from nasbench_mobile.plugins.code_files import Code

if TYPE_CHECKING:
    from nasbench_mobile.studies.study import Study

EVERY_KIND: tuple[catalog.CatalogKind, ...] = (
    "strategy",
    "space",
    "accuracy evaluator",
    "latency evaluator",
    "objective",
)
SPACE: tuple[catalog.CatalogKind, ...] = ("space",)
OBJECTIVE: tuple[catalog.CatalogKind, ...] = ("objective",)


@dataclass(frozen=True, slots=True)
class NamedCode:
    """Code of a file that a study names: what for, its hash now, and the one recorded.

    `recorded` is None where the study began before code was recorded; `inside` says whether the
    file, or a module beside it that it imports, lies in the study's folder.
    """

    what: str
    file: Path
    now: str
    recorded: str | None
    inside: bool

    @property
    def refusal(self) -> str | None:
        """Why the code is not run unasked, in a sentence that says what to do; None where it is
        run.
        """
        if self.inside:
            return (
                f"the {self.what} is code in the study's own folder, {self.file} "
                f"(sha256 {self.now}), which whoever made the folder wrote; read it, then run it "
                "with --trust"
            )
        if self.recorded not in (None, self.now):
            return (
                f"the {self.what} is code in {self.file} (sha256 {self.now}), which is not the one "
                f"that the study recorded (sha256 {self.recorded}); bring that one back, or read "
                "this one, then run it with --trust"
            )
        return None

    @property
    def notice(self) -> str:
        """What is said before the code is run."""
        recorded = {None: "no hash was recorded", self.now: "as recorded"}
        said = recorded.get(self.recorded, f"recorded was {self.recorded}")
        return f"runs code for the {self.what}: {self.file} (sha256 {self.now}, {said})"


def named_code(
    study: Study, kinds: Collection[catalog.CatalogKind] = EVERY_KIND
) -> list[NamedCode]:
    """The code of files behind a study's parts of these kinds. Nothing is run.

    Strategies whose file is missing are left out: whoever runs them finds that out.
    """
    benchmark = study.plan.benchmark
    parts: list[tuple[catalog.CatalogKind, str, str, str | None]] = []
    if "strategy" in kinds:
        for spec, made in zip(study.plan.strategies, study.manifest.made, strict=True):
            recorded = made.code.removeprefix("sha256:") if made.code is not None else None
            parts.append(("strategy", f"strategy {spec.label!r}", spec.name, recorded))
    for kind, part in (
        ("space", benchmark.space),
        ("accuracy evaluator", benchmark.accuracy),
        ("latency evaluator", benchmark.latency),
    ):
        # What is recorded of a benchmark's parts is in its hash, which was checked at opening.
        parts.append((kind, kind, part.name, part.code_sha256 or None))  # type: ignore[arg-type]
    if isinstance(benchmark.objective, OwnObjective):
        own = benchmark.objective
        parts.append(("objective", "objective", own.spec.name, own.sha256 or None))
    found = []
    for kind, what, name, recorded in parts:
        if kind not in kinds:
            continue
        try:
            code = catalog.code_behind(kind, name)
        except UsageError:
            continue
        if isinstance(code, Code):
            files = (code.file, *code.beside.values())
            inside = any(is_inside(file, study.folder) for file in files)
            found.append(NamedCode(what, code.file, code.sha256, recorded, inside))
    return found


def check_trust(
    study: Study,
    say: Callable[[str], None],
    *,
    trust: bool = False,
    kinds: Collection[catalog.CatalogKind] = EVERY_KIND,
    rerun: Collection[str] = (),
) -> None:
    """`say` what code of files is run; `UsageError` where some is not to be run without `trust`.

    Strategies of the labels in `rerun` are done again with the code there is, as the user asked,
    and where a run was made by other code `Study.check_code` says what to do. What lies in the
    study's folder needs `trust` even so.
    """
    other = set(study.labels_of_other_code()) - set(rerun)
    passed = {f"strategy {label!r}" for label in (*rerun, *other)}
    every = named_code(study, kinds)
    if not trust:
        for one in every:
            if one.refusal is not None and (one.inside or one.what not in passed):
                raise UsageError(one.refusal)
    if other and "strategy" in kinds:
        study.check_code(but=rerun)  # which says so, before any of the code is run
    for one in every:
        say(one.notice)


def is_inside(file: Path, folder: Path) -> bool:
    """Whether a file lies in a folder, by its name or by where links lead."""
    places = {Path(file).absolute(), Path(file).resolve()}
    homes = {folder.absolute(), folder.resolve()}
    return any(place.is_relative_to(home) for place in places for home in homes)
