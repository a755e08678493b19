"""Answers of plugins, as they are taken: numbers of any library become plain, the rest is refused.

The loop and the kit for authors both ask here, so that what one accepts the other does not crash
on. Nothing here knows who asks: errors say what was seen and what is wanted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import index
from typing import Any, TypeVar

from nasbench_mobile.costs import Cost, OtherCosts, other_costs
from nasbench_mobile.errors import InvalidCostError, NasbenchError, StrategyError
from nasbench_mobile.printable import repr_of
from nasbench_mobile.types import (
    AccuracyReading,
    Failure,
    Fidelity,
    LatencyReading,
    Proposal,
    Tokens,
)

Reading = TypeVar("Reading", AccuracyReading, LatencyReading)


class TooManyError(StrategyError):
    """A strategy proposed more than it was asked for, which would overspend its budget."""


def taken_proposals(
    answer: object, count: int, validate: Callable[[Tokens], Tokens]
) -> tuple[Proposal, ...]:
    """The proposals that `ask(count)` gave, their ids, tokens and fidelities as plain numbers.

    `validate` is the search space's: it raises where tokens are out of range. `StrategyError` says
    which proposal is wrong and how, `TooManyError` that there are more than `count`.
    """
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes):
        raise StrategyError(
            f"ask({count}) gave {shown_answer(answer)}; it must give a list of proposals, which is "
            "empty where there are none"
        )
    if len(answer) > count:
        raise TooManyError(
            f"ask({count}) gave {len(answer)} proposals: more than it was asked for, which would "
            "overspend the budget"
        )
    return tuple(_taken_proposal(proposal, validate) for proposal in answer)


def _taken_proposal(proposal: object, validate: Callable[[Tokens], Tokens]) -> Proposal:
    if not isinstance(proposal, Proposal):
        raise StrategyError(
            f"ask gave {shown_answer(proposal)} among its answers, which is no Proposal(id, tokens)"
        )
    number = whole_number(proposal.id)
    if number is None or number < 0:
        raise StrategyError(
            f"a proposal has the id {shown_answer(proposal.id)}; ids are whole numbers from 0 up"
        )
    fidelity = plain_number(proposal.fidelity)
    if fidelity is None or not 0.0 < fidelity <= 1.0:
        raise StrategyError(
            f"proposal {number} has the fidelity {shown_answer(proposal.fidelity)}; it is in (0, 1]"
        )
    try:
        tokens = validate(_taken_tokens(number, proposal.tokens))
    except StrategyError:
        raise
    except NasbenchError as error:
        raise StrategyError(f"proposal {number} is malformed: {error}") from error
    return Proposal(number, tokens, fidelity)


def _taken_tokens(number: int, tokens: object) -> Tokens:
    listed = getattr(tokens, "tolist", lambda: tokens)()  # an array of numpy or torch
    if isinstance(listed, list | tuple):
        values = [whole_number(token) for token in listed]
        if None not in values:
            return tuple(value for value in values if value is not None)
    raise StrategyError(
        f"proposal {number} has tokens {shown_answer(tokens)}; they must be a tuple of whole "
        "numbers, one for each decision"
    )


class AnswerError(NasbenchError):
    """An evaluator gave what is no reading; the message says why."""


def taken_readings(
    answer: object, count: int, kind: type[Reading], whose: str
) -> list[Reading | Failure]:
    """What an evaluator gave for `count` architectures: a reading of `kind` or a failure for each.

    What is no reading becomes the failure of its architecture, in words; so does every one where
    the answer as a whole is of another length or type. `whose` names the evaluator.
    """
    try:
        listed = listed_readings(answer, count, kind)
    except AnswerError as error:
        return [Failure(f"{whose} gave {error}")] * count
    taken: list[Reading | Failure] = []
    for reading in listed:
        try:
            taken.append(taken_reading(reading, kind))
        except AnswerError as error:
            taken.append(Failure(f"{whose} gave {error}"))
    return taken


def listed_readings(answer: object, count: int, kind: type[Reading]) -> Sequence[object]:
    """An evaluator's answer as a sequence of `count`; `AnswerError` where it is none."""
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes):
        raise AnswerError(
            f"{shown_answer(answer)}; it must give a list of {kind.__name__}, one for each "
            "architecture in order"
        )
    if len(answer) != count:
        raise AnswerError(f"{len(answer)} readings for {count} architectures; one for each is "
                          "wanted, in order")  # fmt: skip
    return answer


def taken_reading(reading: object, kind: type[Reading]) -> Reading | Failure:
    """A reading with plain numbers, or the failure that it is; `AnswerError` says what is wrong.

    Whether the accuracy or latency is in range is for the measurement to check.
    """
    if isinstance(reading, Failure):
        reason: object = reading.reason
        if not isinstance(reason, str) or not reason:
            raise AnswerError(f"a failure whose reason is {shown_answer(reason)}")
        return reading
    if not isinstance(reading, kind):
        raise AnswerError(
            f"{shown_answer(reading)}, which is neither a reading ({kind.__name__}) nor a Failure"
        )
    found: dict[str, Any] = {
        name: _taken_number(name, getattr(reading, name)) for name in _NUMBERS[kind]
    }
    if isinstance(reading, LatencyReading):
        found["other_costs"] = _taken_costs(reading.other_costs)
    if isinstance(reading, AccuracyReading):
        found["extrapolated"] = bool(reading.extrapolated)
        found["fidelity"] = _taken_fidelity(reading.fidelity)
    return kind(**found)


_NUMBERS: dict[type, tuple[str, ...]] = {
    AccuracyReading: ("accuracy", "sd", "cost_s"),
    LatencyReading: ("latency_ms", "sd_ms", "cost_s"),
}
_SPREADS = ("sd", "sd_ms")


def _taken_number(name: str, given: object) -> float | None:
    if given is None and name in _SPREADS:
        return None
    value = plain_number(given)
    if value is None:
        raise AnswerError(f"{name} {shown_answer(given)}, which is no number")
    if name in (*_SPREADS, "cost_s") and not 0.0 <= value < math.inf:
        raise AnswerError(f"{name} {value!r}; it must be finite and at least 0")
    return value


def _taken_costs(given: Any) -> OtherCosts | None:
    """Costs beside latency with plain numbers."""
    try:
        costs = other_costs(given)
    except InvalidCostError as error:
        raise AnswerError(f"costs of which one is none: {error}") from None
    except (TypeError, ValueError):
        raise AnswerError(
            f"other_costs {shown_answer(given)}, which are no costs by name: "
            "{'energy': Cost(3.5, 'mJ')}"
        ) from None
    if costs is None:
        return None
    return tuple((name, _plain_cost(name, cost)) for name, cost in costs)


def _plain_cost(name: str, cost: Cost) -> Cost:
    value = plain_number(cost.value)
    if value is None:
        raise AnswerError(f"{name} {shown_answer(cost.value)}, which is no number")
    return Cost(value, cost.unit, _taken_number("sd", cost.sd))


def _taken_fidelity(given: object) -> Fidelity | None:
    if given is None:
        return None
    if not isinstance(given, Fidelity):
        raise AnswerError(f"fidelity {shown_answer(given)}, which is no Fidelity")
    return replace(
        given,
        epochs=_optional(given.epochs, plain_number, "epochs"),
        width=_optional(given.width, plain_number, "width"),
        input_size=_optional(given.input_size, whole_number, "input_size"),
        seed=_optional(given.seed, whole_number, "seed"),
    )


def _optional(given: object, take: Callable[[object], Any], name: str) -> Any:
    value = None if given is None else take(given)
    if given is not None and (value is None or not -math.inf < value < math.inf):
        raise AnswerError(f"a fidelity whose {name} is {shown_answer(given)}")
    return value


def plain_number(value: object) -> float | None:
    """A number of any library as a float; None where it is none (a truth value, a word, nothing).

    >>> plain_number(3), plain_number("0.7"), plain_number(None), plain_number(True)
    (3.0, None, None, None)
    """
    if type(value) is float:
        return value
    if isinstance(value, str | bytes | bool) or value is None or _is_truth(value):
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None


def whole_number(value: object) -> int | None:
    """A whole number of any library as an int; None where it is none.

    >>> whole_number(3), whole_number(3.0), whole_number("3"), whole_number(True)
    (3, None, None, None)
    """
    if type(value) is int:
        return value
    if isinstance(value, bool) or _is_truth(value):
        return None
    try:
        return index(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        return None


def _is_truth(value: object) -> bool:
    return "bool" in type(value).__name__


WIDEST = 120
"""How many characters of a wrong value a message shows: our choice, they fit two lines."""


def shown_answer(value: object) -> str:
    """A wrong value as a message shows it, by its type where that says more; two lines at most."""
    text = repr_of(value)
    if hasattr(value, "__next__") or " object at 0x" in text:
        return f"a {type(value).__name__}"
    return text if len(text) <= WIDEST else f"{text[:WIDEST]}... (a {type(value).__name__})"
