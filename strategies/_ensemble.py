"""An ensemble of small networks that predict a reward from tokens, trained on as trials arrive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nasbench_mobile.strategies._contract import IntMatrix

Floats = NDArray[np.float32]

_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's (Kingma and Ba, arXiv 1412.6980)


class Ensemble:
    """`members` networks with one hidden layer on one-hot tokens, all in the same arrays.

    Each starts from other weights and sees other minibatches; their disagreement is the measure of
    what is not known. Training goes on from the weights there are (Adam on the squared error of
    standardised rewards), so that new trials cost some minibatches and not a fit from nothing.
    """

    def __init__(
        self,
        cardinalities: IntMatrix,
        rng: np.random.Generator,
        *,
        members: int,
        hidden_size: int,
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self._rng = rng
        self._offsets = np.cumsum(cardinalities) - cardinalities
        width, self._members = int(cardinalities.sum()), members
        self._rate, self._decay = learning_rate, weight_decay
        # He et al. (arXiv 1502.01852): as many inputs are 1 as there are decisions.
        first = rng.normal(0.0, np.sqrt(2.0 / len(cardinalities)), (members, width, hidden_size))
        last = rng.normal(0.0, np.sqrt(1.0 / hidden_size), (members, hidden_size, 1))
        self._parameters: list[Floats] = [
            first.astype(np.float32),
            np.zeros((members, 1, hidden_size), np.float32),
            last.astype(np.float32),
            np.zeros((members, 1, 1), np.float32),
        ]
        self._moments = [(np.zeros_like(p), np.zeros_like(p)) for p in self._parameters]
        self._steps = 0
        self._tokens: IntMatrix = np.zeros((1024, len(cardinalities)), dtype=np.int64)
        self._rewards = np.zeros(1024)
        self.size = 0

    def add(self, tokens: Sequence[int], reward: float) -> None:
        """Add one more trial to learn from."""
        if self.size == len(self._rewards):
            self._tokens = np.concatenate([self._tokens, np.zeros_like(self._tokens)])
            self._rewards = np.concatenate([self._rewards, np.zeros_like(self._rewards)])
        self._tokens[self.size], self._rewards[self.size] = tokens, reward
        self.size += 1

    def best(self, count: int) -> IntMatrix:
        """Tokens (count or fewer, decisions) of the trials with the highest rewards."""
        order = np.argsort(-self._rewards[: self.size], kind="stable")
        rows: IntMatrix = self._tokens[order[:count]]
        return rows

    def train(self, steps: int, batch_size: int) -> None:
        """Train by `steps` minibatches of Adam, drawn with replacement, others for each member."""
        rewards = self._rewards[: self.size]
        targets = (rewards - rewards.mean()) / (rewards.std() or 1.0)
        for _ in range(steps):
            drawn = self._rng.integers(self.size, size=(self._members, batch_size))
            wanted = targets[drawn, np.newaxis].astype(np.float32)
            self._step(self._one_hot(self._tokens[drawn]), wanted)

    def predict(self, tokens: IntMatrix) -> Floats:
        """Predict standardised rewards (members, count) of tokens (count, decisions)."""
        first, first_bias, last, last_bias = self._parameters
        hidden = np.maximum(self._one_hot(tokens) @ first + first_bias, 0.0)
        predicted: Floats = (hidden @ last + last_bias)[:, :, 0]
        return predicted

    def _one_hot(self, tokens: IntMatrix) -> Floats:
        """(..., decisions) to (..., values of all decisions)."""
        rows = np.zeros((*tokens.shape[:-1], self._parameters[0].shape[1]), dtype=np.float32)
        np.put_along_axis(rows, tokens + self._offsets, 1.0, axis=-1)
        return rows

    def _step(self, inputs: Floats, targets: Floats) -> None:
        first, first_bias, last, last_bias = self._parameters
        hidden = np.maximum(inputs @ first + first_bias, 0.0)
        error = (2.0 / targets.shape[1]) * (hidden @ last + last_bias - targets)
        back = (error @ last.transpose(0, 2, 1)) * (hidden > 0.0)
        gradients = [
            inputs.transpose(0, 2, 1) @ back,
            back.sum(axis=1, keepdims=True),
            hidden.transpose(0, 2, 1) @ error,
            error.sum(axis=1, keepdims=True),
        ]
        self._steps += 1
        # Both bias corrections in one factor; epsilon is outside of them, as in the paper's remark.
        rate = self._rate * np.sqrt(1.0 - _BETA2**self._steps) / (1.0 - _BETA1**self._steps)
        for parameter, gradient, (mean, square) in zip(
            self._parameters, gradients, self._moments, strict=True
        ):
            mean += (1.0 - _BETA1) * (gradient - mean)
            square += (1.0 - _BETA2) * (gradient * gradient - square)
            parameter -= np.float32(rate) * mean / (np.sqrt(square) + _EPSILON)
            parameter *= np.float32(1.0 - self._rate * self._decay)
