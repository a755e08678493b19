"""The paper's checkable statements, and what a run can say of each: nothing but `STATUSES`.

The statements stand in `claims.toml`. A verdict is worked out from what ran; only what needs data
or a device that is not here is declared there, with the command that checks it elsewhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias, TypedDict, get_args

from nasbench_mobile.errors import NasbenchError, UsageError

Status: TypeAlias = Literal[
    "exact",
    "holds on our benchmark",
    "does not hold",
    "needs ImageNet/a phone",
    "needs COCO detection",
]
STATUSES: tuple[Status, ...] = get_args(Status)
NEEDS: dict[str, Status] = {
    "imagenet": "needs ImageNet/a phone",
    "coco": "needs COCO detection",
}
"""What a claim may declare to need, and the status it then has unless a run says more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of the paper, in our words, and how it is checked.

    `paper` is the figure that the paper gives; `tolerance` says how near counts and why. `needs`
    (a key of `NEEDS`) is for what nothing here can check; `command` then checks it there.
    `contradiction` marks statements that the paper's own figures or sources speak against.
    """

    id: str
    section: str
    statement: str
    paper: str
    experiment: str
    check: str
    tolerance: str
    needs: str | None = None
    command: str | None = None
    contradiction: bool = False

    def __post_init__(self) -> None:
        for name in ("id", "section", "statement", "paper", "experiment", "check", "tolerance"):
            if not getattr(self, name):
                raise UsageError(f"claim {self.id!r} has no {name}")
        if self.needs is not None and self.needs not in NEEDS:
            raise UsageError(f"claim {self.id!r} needs {self.needs!r}; known are {list(NEEDS)}")
        if self.needs == "imagenet" and self.command is None:
            raise UsageError(f"claim {self.id!r} names no command that checks it elsewhere")


class VerdictRecord(TypedDict):
    """A verdict as JSON; `id` is the claim's."""

    id: str
    status: Status
    detail: str
    benchmark: str | None


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What became of a claim; `detail` has the figures, `benchmark` on what it holds."""

    claim: str
    status: Status
    detail: str
    benchmark: str | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise UsageError(f"status is {self.status!r}; known are {', '.join(STATUSES)}")
        if (self.status == "holds on our benchmark") != (self.benchmark is not None):
            raise UsageError(
                f"verdict on {self.claim!r} must name a benchmark where it holds on one"
            )

    def to_json(self) -> VerdictRecord:
        return {
            "id": self.claim,
            "status": self.status,
            "detail": self.detail,
            "benchmark": self.benchmark,
        }


def exactly(claim: str, holds: bool, detail: str) -> ClaimVerdict:
    """The verdict on a claim that arithmetic or counting decides."""
    return ClaimVerdict(claim, "exact" if holds else "does not hold", detail)


def on(benchmark: str, claim: str, holds: bool, detail: str) -> ClaimVerdict:
    """The verdict on a claim about behaviour, as seen on a benchmark.

    What was tested and not shown (an interval that includes no difference, say) does not hold: the
    detail has the figures, and there is no status in between.
    """
    if holds:
        return ClaimVerdict(claim, "holds on our benchmark", detail, benchmark)
    return ClaimVerdict(claim, "does not hold", f"{detail} (on {benchmark})")


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, in the order of the paper."""
    text = resources.files("nasbench_mobile.reproduce").joinpath("claims.toml").read_text("utf-8")
    return tuple(Claim(**record) for record in tomllib.loads(text)["claim"])


def claims_of(experiment: str) -> tuple[Claim, ...]:
    """Those that an experiment checks."""
    return tuple(claim for claim in claims() if claim.experiment == experiment)


def judged(experiment: str, verdicts: Sequence[ClaimVerdict]) -> tuple[ClaimVerdict, ...]:
    """One verdict per claim of the experiment, in the registry's order.

    Claims that it left out must be declared to need something; `NasbenchError` names those that
    are not, and verdicts on claims that are not its own.
    """
    own = claims_of(experiment)
    given = {verdict.claim: verdict for verdict in verdicts}
    missing = [c.id for c in own if c.id not in given and c.needs is None]
    strange = given.keys() - {claim.id for claim in own}
    if missing or strange or len(given) != len(verdicts):
        raise NasbenchError(
            f"experiment {experiment!r} must answer each of its claims once: it leaves out "
            f"{missing} and answers {sorted(strange)}, which are not its own"
        )
    return tuple(given.get(claim.id) or _declared(claim) for claim in own)


def _declared(claim: Claim) -> ClaimVerdict:
    detail = f"Check: {claim.command}" if claim.command else "Detection is not built yet."
    return ClaimVerdict(claim.id, NEEDS[str(claim.needs)], detail)
