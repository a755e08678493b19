"""NASNet's cell-based search space (Zoph et al. 2018, section 3 and appendix A)."""

from __future__ import annotations

from typing import Any, Literal

from nasbench_mobile.errors import InvalidNetworkError, UsageError
from nasbench_mobile.networks.cells import Cell, format_cells
from nasbench_mobile.networks.graph import Network
from nasbench_mobile.networks.nasnet import CellFrame, build_cells
from nasbench_mobile.spaces._cell_code import CellCode
from nasbench_mobile.spaces._grid import GridSpace
from nasbench_mobile.types import Tokens

Outputs = Literal["nasnet-a", "unread"]
_KEPT: dict[Outputs, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "nasnet-a": ((1,), (3,)), "unread": ((), ()),
}  # fmt: skip
"""States that (normal, reduction) cells join although blocks read them."""


class NasNetSpace(GridSpace):
    """A normal and a reduction cell of 5 blocks, repeated in NASNet-A's mobile frame.

    Each block chooses two inputs (state 0 is the output of the last cell, 1 that of the cell before
    it, then the blocks before), an operation of 13 on each, and whether the results are added or
    concatenated: 50 tokens, (6!^2 13^10 2^5)^2 or about 10^36.7 lists. A cell's output joins the
    states that no block reads.

    Canonical tokens merge what is one graph: the order of a sum's branches, and identity with 1x1
    convolution where the identity would have to stride (in the reduction cell, on states 0 and 1)
    or to fit the doubled channels of a concatenation. They do not merge what is one function with
    its channels in another order: blocks that could change places, and a concatenation's branches.

    Options (what the sources leave open is our choice, said so):

    - outputs: `nasnet-a`, because only so is NASNet-A in the space, joins the cell before the last
      in every normal cell and the second block in every reduction cell, even where blocks read
      them, as NASNet-A's released cells do (tensorflow/models, research/slim/nets/nasnet; so does
      AmoebaNet-A's normal cell); `unread` is the rule as Zoph et al. state it. Either way an input
      that no block reads is joined too (slim), so that no cell is lost.
    - filters, repeats: the filters of the first stack's cells, and how many normal cells each of
      three stacks has; 44 and 4 are NASNet-A (4 @ 1056).
    - bottleneck: whether plain convolutions wider than 1x1 work on a quarter of the filters (3/8
      for 1x3 then 3x1), as in the code of AmoebaNet (tensorflow/tpu), which began as NASNet's; Zoph
      et al. do not say, nor whether a dilated convolution may stride (ours may).

    A concatenation keeps twice the filters; what reads it comes back to the cell's number by the
    1x1 convolutions that slim has wherever channels differ.

    >>> space = NasNetSpace()
    >>> len(space.decisions), f"{space.size:.1e}", f"{space.distinct:.1e}"
    (50, '5.2e+36', '1.3e+35')
    """

    name = "nasnet"

    def __init__(
        self,
        *,
        outputs: Outputs = "nasnet-a",
        filters: int = 44,
        repeats: int = 4,
        bottleneck: bool = False,
    ) -> None:
        if outputs not in _KEPT:
            raise UsageError(f"outputs is {outputs!r}; space 'nasnet' has {', '.join(_KEPT)}")
        given = {
            "outputs": (outputs, "nasnet-a"), "filters": (filters, 44), "repeats": (repeats, 4),
            "bottleneck": (bottleneck, False),
        }  # fmt: skip
        self._options = {key: value for key, (value, default) in given.items() if value != default}
        self._frame = CellFrame(filters=filters, repeats=repeats, bottleneck=bottleneck)
        kept = _KEPT[outputs]
        self._codes = (
            CellCode("normal", reduces=False, kept=kept[0]),
            CellCode("reduction", reduces=True, kept=kept[1]),
        )
        super().__init__([decision for code in self._codes for decision in code.decisions()])

    @property
    def options(self) -> dict[str, Any]:
        """The options that differ from the defaults."""
        return dict(self._options)

    @property
    def distinct(self) -> int:
        """The number of distinct networks, which is that of canonical token lists."""
        normal, reduction = self._codes
        return normal.distinct * reduction.distinct

    def canonical(self, tokens: Tokens) -> Tokens:
        tokens = self.validate(tokens)
        half = len(tokens) // 2
        normal, reduction = self._codes
        return normal.canonical(tokens[:half]) + reduction.canonical(tokens[half:])

    def cells(self, tokens: Tokens) -> tuple[Cell, Cell]:
        """Give the two cells that the tokens mean.

        Args:
            tokens: Whole numbers, one for each of the space's `decisions`, in their order.

        Returns:
            The normal cell and the reduction cell of the canonical tokens.

        Raises:
            InvalidTokensError: A token is out of range, or there are too many or too few.
        """
        tokens = self.canonical(tokens)
        half = len(tokens) // 2
        return self._codes[0].cell(tokens[:half]), self._codes[1].cell(tokens[half:])

    def network(
        self,
        tokens: Tokens,
        *,
        width: float = 1.0,
        input_size: int | None = None,
        classes: int = 1000,
    ) -> Network:
        size = 224 if input_size is None else input_size
        return build_cells(self._frame.widened(width), *self.cells(tokens), size, classes)

    def describe(self, tokens: Tokens) -> str:
        """Write both cells in one line, which `networks.cells.parse_cells` reads back."""
        return format_cells(*self.cells(tokens))

    def encode(self, network: Network) -> Tokens:
        """Give the canonical tokens of a full-size network of this space.

        `InvalidNetworkError` says that it is none: the graph that is built again from the tokens
        must be the same.
        """
        try:
            read = self._codes[0].read(network, "cell1")
            tokens = self.canonical(read + self._codes[1].read(network, "reduction1"))
            again = self.network(
                tokens, input_size=network.input_shape[1], classes=network.output_shape[0]
            )
        except (KeyError, ValueError, StopIteration, IndexError, UsageError) as error:
            raise InvalidNetworkError(
                f"the network is none of space {self.name!r} (options {self.options}): reading its "
                f"cells gave {error!r}"
            ) from error
        if again != network:
            raise InvalidNetworkError(
                f"the network is none of space {self.name!r} (options {self.options}): the nearest "
                f"is {format_cells(*self.cells(tokens))}, with other layers"
            )
        return tokens

    def encode_cells(self, normal: Cell, reduction: Cell) -> Tokens:
        """Give the canonical tokens of two cells.

        Args:
            normal: The normal cell, of 5 blocks.
            reduction: The reduction cell, of 5 blocks.

        Returns:
            One whole number for each of the space's `decisions`, in their order.

        Raises:
            InvalidNetworkError: The space has no such cell; the message says why.
        """
        tokens = self._codes[0].encode(normal) + self._codes[1].encode(reduction)
        return self.canonical(tokens)
