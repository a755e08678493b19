"""The laws of `protocols.SearchSpace` and `Segmented`, checked on sampled architectures."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench_mobile.errors import InvalidTokensError
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.protocols import SearchSpace, Segmented
from nasbench_mobile.testing.call_timeout import Watch
from nasbench_mobile.testing.law import Law, LawBroken, NotJudged, described, unbroken
from nasbench_mobile.testing.toy_problem import global_state, seed_globals
from nasbench_mobile.types import Tokens

SAMPLES = 12
"""How many architectures a check looks at: our choice, a network takes about a millisecond."""

COUNTED = 3000
"""The largest number of token lists that are enumerated to count networks (our choice)."""


@dataclass(frozen=True)
class SpaceSubject:
    """A search space to examine: its class and options."""

    factory: Callable[..., SearchSpace]
    options: Mapping[str, Any] = field(default_factory=dict)

    def build(self, watch: Watch) -> SearchSpace:
        with watch.over("building the space"), unbroken("building it"):
            return self.factory(**self.options)


def every_call_returns(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    [tokens] = _samples(space, 1)
    for call in ("validate", "canonical", "network", "describe"):
        with watch.over(call):
            _calling(getattr(space, call), tokens)
    return "built, and one architecture of it validated, decoded and described"


def decisions_add_up(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    names = [decision.name for decision in space.decisions]
    _demand(bool(names), "it has no decisions")
    _demand(len(set(names)) == len(names), f"decisions share names: {sorted(names)}")
    _demand(bool(space.name) and isinstance(space.name, str), f"its name is {space.name!r}")
    product = math.prod(decision.cardinality for decision in space.decisions)
    _demand(space.size == product, f"size is {space.size}, but cardinalities give {product}")
    distinct = space.distinct
    _demand(0 < distinct <= product, f"distinct is {distinct}, of {product} token lists")
    if product <= COUNTED:
        ranges = [range(decision.cardinality) for decision in space.decisions]
        found = len({space.canonical(tokens) for tokens in itertools.product(*ranges)})
        _demand(found == distinct, f"distinct is {distinct}, but {found} were counted")
    return f"{len(names)} decisions, {product:,} token lists, {distinct:,} distinct networks"


def options_build_it_again(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    try:
        options = json.loads(json.dumps(space.options))
    except TypeError as error:
        raise LawBroken(f"options are {space.options!r}: not JSON values ({error})") from None
    again = SpaceSubject(subject.factory, options).build(watch)
    _demand(again.decisions == space.decisions, f"built from {options}, decisions differ")
    _demand(again.name == space.name, f"built from {options}, its name differs")
    return f"built again from {options}"


def tokens_are_validated(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    [tokens] = _samples(space, 1)
    for kind in (tuple, list, np.array):
        with watch.over("validate"):
            valid = _calling(space.validate, kind(tokens))
        plain = isinstance(valid, tuple) and all(type(token) is int for token in valid)
        _demand(plain and valid == tokens, f"validate({kind(tokens)!r}) gave {valid!r}")
    beyond = (*tokens[:-1], space.decisions[-1].cardinality)
    wrong: list[Any] = [tokens[:-1], (*tokens, 0), beyond, (-1, *tokens[1:]), (0.5, *tokens[1:])]
    for bad in wrong:
        try:
            space.validate(bad)
        except InvalidTokensError:
            continue
        except Exception as error:
            raise LawBroken(
                f"validate({list(bad)}) raised {described(error)}; it must be InvalidTokensError"
            ) from error
        raise LawBroken(f"validate accepted {list(bad)}")
    return f"a tuple, a list and an array accepted, {len(wrong)} wrong token lists refused"


def samples_are_uniform(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    seed_globals(11)
    before = global_state()
    with watch.over("sample"):
        samples = _samples(space, 2000)
        again = _samples(space, 2000)
    _demand(samples == again, "the same generator gave other samples")
    _demand(global_state() == before, "sampling changed a global random state")
    for decision, column in zip(space.decisions, zip(*samples, strict=True), strict=True):
        counts = np.bincount(column, minlength=decision.cardinality)
        share = 1 / decision.cardinality
        # 6 standard deviations: one sound space in ten million fails by chance.
        spread = 6 * math.sqrt(2000 * share * (1 - share))
        far = np.abs(counts - 2000 * share).max()
        _demand(far <= spread, f"values of {decision.name!r} came {counts.tolist()} times")
    return "2,000 samples, every value of a decision as often as the others"


def neighbours_differ_once(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    [tokens] = _samples(space, 1)
    with watch.over("neighbours"):
        found = list(space.neighbours(tokens))
    wanted = sum(decision.cardinality - 1 for decision in space.decisions)
    _demand(len(set(found)) == len(found), "neighbours come twice")
    _demand(len(found) == wanted, f"{len(found)} neighbours; there are {wanted}")
    for other in found:
        space.validate(other)
        differ = sum(a != b for a, b in zip(tokens, other, strict=True))
        _demand(differ == 1, f"neighbour {list(other)} of {list(tokens)} differs {differ} times")
    return f"{wanted} neighbours, each differs in one token"


def canonical_is_the_network(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    pairs = 0
    for tokens in _samples(space, SAMPLES):
        canonical = space.canonical(tokens)
        _demand(space.canonical(canonical) == canonical, f"canonical changes {list(canonical)}")
        network = _network(space, tokens, watch)
        same = _network(space, canonical, watch) == network
        _demand(same, f"{list(tokens)} and its canonical tokens are different networks")
        described_alike = space.describe(tokens) == space.describe(canonical)
        _demand(described_alike, f"{list(tokens)} and its canonical tokens are described otherwise")
        for other in itertools.islice(space.neighbours(tokens), 0, None, 7):
            pairs += 1
            alike = space.canonical(other) == canonical
            if (_network(space, other, watch) == network) != alike:
                words = ("same", "different") if alike else ("different", "the same")
                raise LawBroken(
                    f"{list(tokens)} and {list(other)} have {words[0]} canonical tokens, but "
                    f"mean {words[1]} networks"
                )
    return f"canonical tokens are equal exactly where networks are, in {pairs} pairs"


def encode_is_the_way_back(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    for tokens in _samples(space, SAMPLES):
        network = _network(space, tokens, watch)
        with watch.over("encode"):
            back = _calling(space.encode, network)
        wanted = space.canonical(tokens)
        _demand(back == wanted, f"network of {list(tokens)} encodes to {list(back)}")
    return f"{SAMPLES} networks encoded back to their canonical tokens"


def networks_fit_what_is_asked(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    [tokens] = _samples(space, 1)
    for size, classes, width in ((64, 10, 1.0), (96, 7, 0.5)):
        with watch.over("network"):
            network = _calling(space.network, tokens, width=width, input_size=size, classes=classes)
        shape = network.input_shape
        _demand(shape[1:] == (size, size), f"asked for {size} pixels, its input is {shape}")
        units = network.output_shape[0]
        _demand(units == classes, f"asked for {classes} classes, its output has {units}")
    return "networks of two widths, input sizes and numbers of classes"


def segments_decide_their_layers(subject: SpaceSubject, watch: Watch) -> str:
    space = subject.build(watch)
    if not isinstance(space, Segmented):
        raise NotJudged("it names no segments")
    named = {segment for segment, _ in space.segments}
    one, other = _samples(space, 2)
    first = _network(space, one, watch)
    for segment, positions in space.segments:
        mixed = tuple(one[i] if i in positions else other[i] for i in range(len(one)))
        network = _network(space, mixed, watch)
        same = _layers(first, segment) == _layers(network, segment)
        _demand(same, f"layers of segment {segment!r} depend on other tokens than it says")
    rest = {node.name.split("/")[0] for node in first} - named
    second = _network(space, other, watch)
    for segment in sorted(rest):
        same = _layers(first, segment) == _layers(second, segment)
        _demand(same, f"layers {segment!r} are in no segment, but depend on tokens")
    return f"{len(named)} segments, each decided by its own tokens"


SPACE_LAWS: tuple[Law[SpaceSubject], ...] = (
    Law("every_call_returns", "Every call returns in time", every_call_returns),
    Law("decisions_add_up", "Decisions, size and distinct networks add up", decisions_add_up),
    Law("options_build_it_again", "Its options build it again", options_build_it_again),
    Law("tokens_are_validated", "Wrong tokens are refused by name", tokens_are_validated),
    Law("samples_are_uniform", "Samples are uniform and repeat", samples_are_uniform),
    Law("neighbours_differ_once", "Neighbours are all that differ once", neighbours_differ_once),
    Law("canonical_is_the_network", "Canonical tokens are the network", canonical_is_the_network),
    Law("encode_is_the_way_back", "Encoding is the way back", encode_is_the_way_back),
    Law("networks_fit", "Networks have the size asked for", networks_fit_what_is_asked),
    Law("segments_decide", "Segments decide their layers", segments_decide_their_layers),
)
"""All laws of a space, in the order in which they are judged."""


def _samples(space: SearchSpace, count: int) -> list[Tokens]:
    rng = np.random.default_rng(1)
    return [space.sample(rng) for _ in range(count)]


def _network(space: SearchSpace, tokens: Tokens, watch: Watch) -> Network:
    with watch.over("network"):
        network: Network = _calling(space.network, tokens)
    return network


def _layers(network: Network, segment: str) -> Sequence[tuple[Any, ...]]:
    return [
        (node.name, node.operation, node.input_shapes, node.shape)
        for node in network
        if node.name.startswith(f"{segment}/")
    ]


def _calling(method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with unbroken(method.__name__):
        return method(*arguments, **options)


def _demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise LawBroken(otherwise)
