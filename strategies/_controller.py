"""The recurrent controller: a distribution over token lists, one softmax after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench_mobile.strategies._contract import number, whole

_IMPOSSIBLE = -1e9  # a logit whose probability is exactly 0 in float32, yet no NaN in p * log(p)


class Controller(nn.Module):
    """One-layer LSTM with an embedding of the previous token and one softmax per decision.

    After Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition" (NASNet,
    arXiv 1707.07012, appendix A): one layer of 100 units, weights uniform in (-0.1, 0.1). Each
    decision has its own softmax layer and its own embeddings of its values; decisions with fewer
    values than the largest are padded with impossible ones.

    Args:
        cardinalities: number of values of each decision.
        hidden_size, embedding_size: units of the LSTM, width of its inputs.
        init_range: parameters start uniform in (-init_range, init_range).
        temperature, tanh_constant: logits become `tanh_constant * tanh(logits / temperature)`, the
            tanh left out where the constant is None (ENAS, arXiv 1802.03268).
        generator: where the parameters and all samples are drawn from.

    Raises `UsageError`, by the argument's name, for numbers that are not sound.
    """

    def __init__(
        self,
        cardinalities: Sequence[int],
        *,
        hidden_size: int,
        embedding_size: int,
        init_range: float,
        temperature: float,
        tanh_constant: float | None,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        hidden_size = whole("hidden_size", hidden_size, least=1)
        embedding_size = whole("embedding_size", embedding_size, least=1)
        init_range = number("init_range", init_range, above=0.0)
        self._temperature = number("temperature", temperature, above=0.0)
        self._tanh_constant = (
            None if tanh_constant is None else number("tanh_constant", tanh_constant, above=0.0)
        )
        device = generator.device
        steps, widest = len(cardinalities), max(cardinalities)
        counts = torch.tensor(cardinalities, device=device)
        real = torch.float32  # said wherever a tensor is made: the default is the user's to change
        # Row 0 is the input of the first step; the rows after it are the values, decision by
        # decision. Made without values (meta), because nn.LSTM's own draw from the global state.
        rows = 1 + int(counts.sum())
        self.embedding = nn.Parameter(
            torch.empty((rows, embedding_size), device=device, dtype=real)
        )
        self.lstm = nn.LSTM(embedding_size, hidden_size, device="meta", dtype=real)
        self.lstm.to_empty(device=device)
        self.weight = nn.Parameter(
            torch.empty((steps, hidden_size, widest), device=device, dtype=real)
        )
        self.bias = nn.Parameter(torch.empty((steps, 1, widest), device=device, dtype=real))
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -init_range, init_range, generator=generator)
        self._first_row = 1 + torch.cumsum(counts, 0) - counts  # of each decision's values
        impossible = torch.arange(widest, device=device) >= counts[:, None]
        self._mask = (_IMPOSSIBLE * impossible.to(real))[:, None, :]
        self._generator = generator

    @property
    def device(self) -> torch.device:
        """Where the parameters and the samples lie."""
        return self._generator.device

    @torch.inference_mode()
    def sample(self, count: int) -> tuple[Tensor, Tensor]:
        """Tokens (count, decisions) and their log-probabilities, same shape."""
        device = self.device
        noise = self._gumbel((len(self.weight), count, self.weight.shape[2])) + self._mask
        named = self.lstm.get_parameter
        inputs = functional.linear(  # of every row at once: a step then only looks its own up
            self.embedding, named("weight_ih_l0"), named("bias_ih_l0") + named("bias_hh_l0")
        )
        recurrent = named("weight_hh_l0").t()
        size = self.lstm.hidden_size
        hidden = torch.zeros((count, size), device=device, dtype=torch.float32)
        cell = torch.zeros_like(hidden)
        row = torch.zeros(count, device=device, dtype=torch.int64)
        tokens, logits = [], []
        for step, (weight, bias) in enumerate(zip(self.weight, self.bias, strict=True)):
            gates = torch.addmm(inputs[row], hidden, recurrent)  # in PyTorch's order: i, f, g, o
            entry, keep, _, out = torch.sigmoid(gates).chunk(4, dim=1)
            cell = torch.addcmul(keep * cell, entry, torch.tanh(gates[:, 2 * size : 3 * size]))
            hidden = out * torch.tanh(cell)
            logits.append(self._shaped(torch.addmm(bias, hidden, weight)))
            tokens.append((logits[-1] + noise[step]).argmax(dim=1))  # the Gumbel-max trick
            row = tokens[-1] + self._first_row[step]
        chosen = torch.stack(tokens)
        log_probs = functional.log_softmax(torch.stack(logits) + self._mask, dim=2)
        return chosen.t(), log_probs.gather(2, chosen[:, :, None])[:, :, 0].t()

    def evaluate(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities and entropies, (count, decisions) each, of given tokens of that shape.

        The entropy of a decision is that of its softmax after the tokens before it.
        """
        rows = torch.zeros_like(tokens)
        rows[:, 1:] = tokens[:, :-1] + self._first_row[:-1]
        outputs, _ = self.lstm(functional.embedding(rows.t(), self.embedding))
        logits = self._shaped(torch.baddbmm(self.bias, outputs, self.weight)) + self._mask
        log_probs = functional.log_softmax(logits, dim=2)
        entropies = -(log_probs.exp() * log_probs).sum(dim=2)
        return log_probs.gather(2, tokens.t()[:, :, None])[:, :, 0].t(), entropies.t()

    def _shaped(self, logits: Tensor) -> Tensor:
        if self._temperature != 1.0:
            logits = logits / self._temperature
        if self._tanh_constant is not None:
            logits = self._tanh_constant * torch.tanh(logits)
        return logits

    def _gumbel(self, shape: tuple[int, ...]) -> Tensor:
        draws = torch.rand(
            shape, generator=self._generator, device=self.device, dtype=torch.float32
        )
        tiny = torch.finfo(torch.float32).tiny  # rand can give 0, whose logarithm is infinite
        return -torch.log(-torch.log(draws.clamp_(min=tiny)))


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Run PyTorch's operations on `count` threads, and give the user's number back after."""
    before = torch.get_num_threads()
    if before == count:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
