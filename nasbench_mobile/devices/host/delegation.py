"""What `benchmark_model` says of what ran a model: XNNPACK, and how much of it, or not.

The program goes on where a delegate could not be applied, or where it does not know the flag that
asks for it, and prints a time that looks like any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

XNNPACK, BUILT_IN = "XNNPACK", "built-in kernels"

_REPLACED = re.compile(
    r"Replacing (\d+)(?: out of (\d+))? node\(s\) with delegate \(TfLiteXNNPackDelegate\)"
)
_APPLIED = re.compile(r"pplied XNNPACK delegate, and the model graph will be (\w+)")
_REFUSALS = (
    re.compile(r"Though XNNPACK delegate is explicitly applied, the model graph will not be"),
    re.compile(r"ModifyGraphWithDelegate is disallowed"),
    re.compile(r"Failed to apply XNNPACK delegate"),
)
_UNKNOWN_FLAGS = re.compile(r"Unconsumed cmdline flags:[ \t]*(.*)")


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who ran the model.

    `ran_by` is `XNNPACK`, `built-in kernels`, or None where the program does not say. `nodes` is
    how many nodes the graph has, `delegated` how many of them XNNPACK ran; None: not said.
    `refusal` is the line by which the program says that XNNPACK did not run, `unknown_flags` are
    those it did not know.
    """

    ran_by: str | None = None
    delegated: int | None = None
    nodes: int | None = None
    refusal: str | None = None
    unknown_flags: tuple[str, ...] = ()

    def trouble(self, xnnpack: bool) -> str | None:
        """Why what ran is not what was asked for (`xnnpack` or not), or None."""
        flags = [flag for flag in self.unknown_flags if xnnpack or "use_xnnpack" not in flag]
        if flags:
            return f"benchmark_model does not know {' '.join(flags)}"
        if xnnpack and self.refusal:
            return f"XNNPACK was asked for and did not run: {self.refusal!r}"
        if xnnpack and self.ran_by == BUILT_IN:
            return "XNNPACK was asked for and ran none of the model's nodes"
        if not xnnpack and self.ran_by == XNNPACK:
            return "XNNPACK ran and was not asked for"
        return None


def read_delegation(text: str) -> Delegation:
    """What the program's output says of who ran the model.

    >>> line = "INFO: Replacing 64 out of 65 node(s) with delegate (TfLiteXNNPackDelegate) node"
    >>> read_delegation(line).delegated
    64
    """
    flags = _UNKNOWN_FLAGS.search(text)
    unknown = tuple(flags[1].split()) if flags else ()
    refusal = next((_line(text, found) for p in _REFUSALS if (found := p.search(text))), None)
    replaced = list(_REPLACED.finditer(text))
    if refusal is not None:
        return Delegation(BUILT_IN, refusal=refusal, unknown_flags=unknown)
    if replaced:
        # A graph that is part of another is told in a line of its own.
        delegated = sum(int(one[1]) for one in replaced)
        nodes = (
            None
            if any(one[2] is None for one in replaced)
            else sum(int(one[2]) for one in replaced)
        )
        return Delegation(XNNPACK if delegated else BUILT_IN, delegated, nodes, None, unknown)
    ran_by = XNNPACK if _APPLIED.search(text) else None
    return Delegation(ran_by, unknown_flags=unknown)


def _line(text: str, found: re.Match[str]) -> str:
    start = text.rfind("\n", 0, found.start()) + 1
    return text[start:].splitlines()[0].strip()[:200]
