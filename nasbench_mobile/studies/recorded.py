"""What a study's logs record of code, options and versions, beside what there is now."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from nasbench_mobile.errors import UsageError
from nasbench_mobile.runs.run import RunHeader
from nasbench_mobile.shell_words import command
from nasbench_mobile.studies.identity import BUILT_IN, Made, code_now, defaults_now
from nasbench_mobile.studies.provenance import versions
from nasbench_mobile.types import StrategySpec


@dataclass(frozen=True, slots=True)
class Past:
    """A strategy of a study, what its manifest says made it, and the headers of its logs."""

    spec: StrategySpec
    made: Made
    headers: tuple[RunHeader, ...]

    def seeds_of_other_code(self, code: str) -> list[int]:
        """The seeds of the runs that other code made, as far as logs say."""
        return [one.seed for one in self.headers if one.code not in (None, code)]

    def made_by_other_code(self) -> bool:
        """Whether there is code now, and some run was made by other code."""
        code = _code_of(self.spec)
        return code is not None and bool(self.seeds_of_other_code(code))

    def options_gone(self) -> list[str]:
        """Recorded defaults that the strategy as it is now does not have."""
        recorded = {name for one in self.headers for name in one.defaults}
        return sorted(recorded - defaults_now(self.spec).keys() - self.spec.options.keys())


def refuse_other_code(folder: Path, pasts: Sequence[Past]) -> None:
    """`UsageError` where a study's runs were made by other code than would go on with it now.

    It names all of them. A strategy whose file is missing is passed over: whoever runs it finds
    that out.
    """
    there = [(past, code) for past in pasts if (code := _code_of(past.spec)) is not None]
    old = [(past, seeds) for past, code in there if (seeds := past.seeds_of_other_code(code))]
    if old:
        words = [f"the code of {_named(p.spec)} has changed since its {_runs(s)}" for p, s in old]
        raise UsageError(
            f"{'; '.join(words)} in {folder}, and old and new results would stand under one label. "
            f"Do them again with `{_again(folder, [past for past, _ in old])}` (the old logs are "
            "kept aside), bring the old code back, or give another --out"
        )
    for past, _ in there:
        if past.headers and (gone := past.options_gone()):
            seeds = [one.seed for one in past.headers]
            raise UsageError(
                f"{_named(past.spec)} has no option {gone[0]!r} now, as it had for its "
                f"{_runs(seeds)} in {folder}; do them again with `{_again(folder, [past])}`, or "
                "use the version of nasbench-mobile that made them"
            )


def _code_of(spec: StrategySpec) -> str | None:
    """The code there is now; None where there is none."""
    try:
        return code_now(spec.name)
    except UsageError:
        return None


def _again(folder: Path, pasts: Sequence[Past]) -> str:
    """The command that does the runs of some strategies again."""
    words = [word for past in pasts for word in ("--rerun", past.spec.label)]
    return command("resume", folder, *words)


def notes(pasts: Sequence[Past]) -> list[str]:
    """What a reader of the results should know: sentences on code, options and versions."""
    return [*(note for past in pasts for note in _code_notes(past)), *_version_notes(pasts)]


def _code_notes(past: Past) -> list[str]:
    said, seeds = [], [one.seed for one in past.headers]
    who = _named(past.spec)
    code = _code_of(past.spec)
    if not seeds:
        return []
    unrecorded = [one.seed for one in past.headers if one.code is None]
    if unrecorded and code != BUILT_IN:
        said.append(
            f"Code was not recorded yet when {who} made its {_runs(unrecorded)}: nothing says "
            "whether it has changed since."
        )
    if code is None:
        said.append(f"The code of {who} is not there now; its results stand as they were logged.")
        if len({one.code for one in past.headers} - {None}) > 1:
            said.append(f"Its {_runs(seeds)} are of different code.")
        return said
    if other := past.seeds_of_other_code(code):
        said.append(
            f"The code of {who} has changed since its {_runs(other)}; `nasbench-mobile resume` "
            f"does them again with `--rerun {shlex.quote(past.spec.label)}`."
        )
        return said
    return said + (_default_notes(past) if code == BUILT_IN else [])


def _default_notes(past: Past) -> list[str]:
    """Notes on built-in strategies whose defaults were others in the version that ran them.

    The defaults of other strategies are part of their code, which a report does not run.
    """
    own = "nasbench-mobile"
    here = versions().get(own)
    if all(one.versions.get(own) == here for one in past.headers):
        return []
    then = {name: value for one in past.headers for name, value in one.defaults.items()}
    now = defaults_now(past.spec)
    return [
        f"Option {name} of {_named(past.spec)} is {value!r} in this study; its default is now "
        f"{now[name]!r}."
        for name, value in sorted(then.items())
        if name in now and now[name] != value
    ]


def _version_notes(pasts: Sequence[Past]) -> list[str]:
    """One sentence on every library whose version here is not that of the logs."""
    seen: dict[str, set[str]] = defaultdict(set)
    for past in pasts:
        for header in past.headers:
            for library, version in header.versions.items():
                seen[library].add(version)
    said = []
    for library, then in sorted(seen.items()):
        now = _version_now(library)
        if then != {now}:
            here = f"is {now} here" if now else "is not installed here"
            said.append(
                f"{library} {here}; these results were made with {', '.join(sorted(then))}."
            )
    return said


def _version_now(library: str) -> str | None:
    known = versions()
    if library in known:
        return known[library]
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _named(spec: StrategySpec) -> str:
    """The label, and the name behind an alias."""
    return spec.label if spec.alias is None else f"{spec.label} ({spec.name})"


def _runs(seeds: Sequence[int]) -> str:
    listed = ", ".join(map(str, sorted(seeds)))
    return f"runs with seeds {listed}" if len(seeds) > 1 else f"run with seed {listed}"
