"""What reports say of a benchmark's architectures, and how they draw them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from nasbench_mobile.architecture import Architecture, drawing
from nasbench_mobile.benchmark import Benchmark, Part
from nasbench_mobile.evaluators.trained_network import TrainedNetwork
from nasbench_mobile.networks.cost import multiply_adds, parameters
from nasbench_mobile.printable import printable
from nasbench_mobile.report.summary import Description
from nasbench_mobile.report.tables import Describe
from nasbench_mobile.runs.run import Run
from nasbench_mobile.runs.trial_table import TrialTable
from nasbench_mobile.tables.table import read_table
from nasbench_mobile.types import Fidelity, Tokens


def describer(benchmark: Benchmark, runs: Sequence[Run] = ()) -> Describe:
    """What a report says of tokens of this benchmark: block string and counts.

    Counts are of the network whose accuracy the runs logged: of its width, input size and classes.
    """
    space = benchmark.build_space()
    trained = TrainedNetwork.of(
        next((fidelity for run in runs for fidelity in _fidelities(run)), None),
        _stem_stride(benchmark.accuracy),
    )
    full = space.network((0,) * len(space.decisions))

    def describe(tokens: Tokens) -> Description:
        network = trained.network(Architecture(space, tokens))
        return {
            "block_string": space.describe(tokens),
            "parameters": parameters(network),
            "multiply_adds": multiply_adds(network),
            "counted": {
                "width": trained.width,
                "input_size": network.input_shape[1],
                "classes": trained.classes,
                "full_input_size": full.input_shape[1],
            },
        }

    return describe


def _fidelities(run: Run) -> Iterable[Fidelity]:
    """The fidelities that a run's measurements name, the first trial's first."""
    if isinstance(run.trials, TrialTable):
        return run.trials.fidelities
    return (m.fidelity for m in run.noise_free if m is not None and m.fidelity is not None)


def _stem_stride(accuracy: Part) -> int | None:
    """The stride of the stem of the networks that an evaluator trains, or its table was made of."""
    if accuracy.name == "tabular" and accuracy.model is not None:
        stride: int | None = read_table(accuracy.model).header.training["stem_stride"]
        return stride
    return accuracy.options.get("stem_stride")


def drawer(benchmark: Benchmark) -> Callable[[Tokens], str]:
    """How a report draws an architecture of this benchmark: as an `<svg>` element.

    An architecture that is no chain of mobile blocks is not drawn; its line stands in a `<p>`.
    """
    space = benchmark.build_space()

    def draw(tokens: Tokens) -> str:
        line = f"<p>{escape(printable(space.describe(tokens)))}</p>"
        return drawing(Architecture(space, tokens)) or line

    return draw
