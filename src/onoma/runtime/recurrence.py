"""The recurrent part of a network in numpy: from what a word brings to the scores of tags.

A bidirectional LSTM (Hochreiter & Schmidhuber 1997; Graves & Schmidhuber 2005) and a dense layer on its
states. What its gates get of a word, the *input product* ``W x + b``, depends on the word alone, so it stands
apart and can be remembered with the word; what is left of an LSTM are its states.

There are two kinds of arithmetic. In single precision it is what torch and ONNX compute. In *codes* weights
and states are integers: a state lies between -1 and 1, so its code is ``rint(127 h)`` for any text, without
calibration, and a sum of products of codes is exact whoever adds it up in whatever order. Between these sums
stand a few operations of single precision, each rounded as IEEE 754 says and in an order that is part of the
arithmetic. So a row's scores are the same bits alone and in any batch, on every processor, in C
(``recurrence.h``) and here; this is the specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ABOVE",
    "BELOW",
    "BOUND",
    "MOST_PRODUCT",
    "MOST_UNITS",
    "STATE",
    "STEP",
    "Recurrence",
    "Scales",
    "coded",
    "most_code",
    "vector_codes",
]

Floats = NDArray[np.float32]
Numbers = NDArray[np.floating] | NDArray[np.integer]

STATE = 127  # the code of a state of 1
MOST_UNITS = (2**24 - 1) // (2 * STATE**2)  # in a direction, for sums that are exact in single precision
STEP = np.float32(1 / 1024)  # of an input product, which is kept as a short integer
MOST_PRODUCT = np.float32(32767)
_MOST = 2047  # the largest code of an input or of its weight, where their sums have room for it

# tanh(x) is x P(x²) / Q(x²) to within 1.2e-6, rounding included; see activations.h
HALF = np.float32(0.5)
BOUND = np.float32(7)
ABOVE = np.array([3.9300002754e-06, 0.0022769866046, 0.1230218037963, 0.9999957084656], np.float32)
BELOW = np.array([0.000142350574606, 0.02107216976583, 0.4563402831554, 1.0], np.float32)


@dataclass(frozen=True)
class Scales:
    """What a sum of products of codes counts, row by row of the weights; float32."""

    into: Floats  # [direction, gate, unit], of 1/1024 each
    recurrent: Floats  # the same
    output: Floats  # [tag]


@dataclass(frozen=True)
class Recurrence:
    """The weights; gates are input, output, forget, cell, as in ONNX. With ``scales`` they are codes.

    >>> chance = np.random.default_rng(0)
    >>> shapes = (2, 4, 3, 5), (2, 4, 3), (2, 4, 3, 3), (2, 6), (2,)
    >>> plain = Recurrence(*(chance.normal(size=shape).astype(np.float32) for shape in shapes))
    >>> words = chance.normal(size=(4, 5)).astype(np.float32)
    >>> found = [each.scores([each.products(words)])[0] for each in (plain, coded(plain))]
    >>> found[0].shape, bool(np.abs(found[0] - found[1]).max() < 0.1)
    ((4, 2), True)
    """

    into: Numbers  # [direction, gate, unit, input] float32, or int16 codes
    bias: Floats  # [direction, gate, unit]; with codes of 1/1024 each
    recurrent: Numbers  # [direction, gate, unit, unit] float32, or int8 codes
    output: Numbers  # [tag, states of both directions] float32, or int8 codes
    output_bias: Floats  # [tag]
    scales: Scales | None = None

    @property
    def hidden(self) -> int:
        """Units in each direction."""
        return int(self.recurrent.shape[-1])

    def products(self, vectors: Floats) -> NDArray[np.float32] | NDArray[np.int16]:
        """What gates get of words ``[word, input]``: ``[word, direction, gate, unit]``, int16 with codes."""
        rows = self.into.reshape(-1, self.into.shape[-1])
        shape = len(vectors), *self.bias.shape
        if self.scales is None:
            plain: Floats = (vectors @ rows.T + self.bias.ravel()).reshape(shape).astype(np.float32)
            return plain
        codes, factors = vector_codes(vectors, self.into)
        sums = codes.astype(np.float64) @ rows.T.astype(np.float64)  # whole numbers, exact in any order
        scaled = sums.astype(np.float32) * self.scales.into.ravel() * factors[:, None] + self.bias.ravel()
        whole: NDArray[np.int16] = np.rint(scaled).clip(-MOST_PRODUCT, MOST_PRODUCT).astype(np.int16)
        return whole.reshape(shape)

    def scores(self, rows: list[NDArray[np.float32]] | list[NDArray[np.int16]]) -> list[Floats]:
        """The scores ``[time, tag]`` of the tags of each row of input products."""
        return [self._scores(row) for row in rows]

    def _scores(self, row: NDArray[np.float32] | NDArray[np.int16]) -> Floats:
        ahead = self._states(row[:, 0], 0)
        behind = self._states(row[::-1, 1], 1)[::-1]
        sums = np.concatenate([ahead, behind], 1) @ self.output.T.astype(np.float32)
        scale = np.float32(1) if self.scales is None else self.scales.output
        scores: Floats = sums * scale + self.output_bias
        return scores

    def _states(self, given: NDArray[np.float32] | NDArray[np.int16], direction: int) -> Floats:
        """One direction's states ``[time, unit]`` from ``given`` ``[time, gate, unit]``; codes are whole."""
        scales = self.scales
        scale = np.float32(1) if scales is None else scales.recurrent[direction]
        step = np.float32(1) if scales is None else STEP
        weights = self.recurrent[direction].reshape(-1, self.hidden).T.astype(np.float32)
        state = cell = np.zeros(self.hidden, np.float32)
        states = np.empty((len(given), self.hidden), np.float32)
        for t, product in enumerate(given.astype(np.float32)):
            gates = (product + (state @ weights).reshape(4, -1) * scale) * step
            cell = _new_cell(gates[0], gates[2], gates[3], cell)
            state = _new_state(gates[1], cell)
            states[t] = state = state if scales is None else np.rint(state * np.float32(STATE))
        return states


def vector_codes(vectors: Floats, into: Numbers) -> tuple[NDArray[np.int16], Floats]:
    """Word vectors as codes ``[word, input]``, and what one counts of each word ``[word]``.

    >>> codes, factors = vector_codes(np.array([[1.0, -0.5]], np.float32), np.zeros((1, 2)))
    >>> codes.tolist(), round(float(factors[0] * 2047), 3)
    ([[2047, -1024]], 1.0)
    """
    most = np.float32(most_code(into.shape[-1]))
    peaks = np.maximum(np.abs(vectors).max(1, initial=0.0), np.float32(1e-30))
    codes = np.rint(vectors * (most / peaks)[:, None]).astype(np.int16)
    return codes, peaks / most


def most_code(width: int) -> int:
    """The largest code of an input and of its weight, so that ``width`` products fit 32 bits.

    >>> most_code(256), most_code(2000)
    (2047, 1036)
    """
    return min(_MOST, isqrt((2**31 - 1) // width))


def coded(plain: Recurrence) -> Recurrence:
    """The same network in codes; each row of weights has a scale of its own.

    Raises `ValueError` where there are more units than single precision can add the products of.
    """
    if plain.hidden > MOST_UNITS:
        raise ValueError(
            f"{plain.hidden} units are too many for exact sums; at most {MOST_UNITS} may be coded"
        )
    into, into_scale = _rows(plain.into, most_code(plain.into.shape[-1]), np.int16)
    recurrent, scale = _rows(plain.recurrent, 127, np.int8)
    output, output_scale = _rows(plain.output, 127, np.int8)
    per_state = np.float32(1 / STATE)
    scales = Scales(into_scale / STEP, scale * per_state / STEP, output_scale * per_state)
    return Recurrence(into, plain.bias / STEP, recurrent, output, plain.output_bias, scales)


def _rows(weights: Numbers, most: int, kind: type[np.integer]) -> tuple[NDArray[np.integer], Floats]:
    scale = np.maximum(np.abs(weights).max(-1), 1e-30).astype(np.float32) / np.float32(most)
    return np.rint(weights / scale[..., None]).clip(-most, most).astype(kind), scale


def _tanh(x: Floats) -> tuple[Floats, Floats]:
    """The hyperbolic tangent as a numerator and a denominator."""
    x = np.maximum(np.minimum(x, BOUND), -BOUND)
    square = x * x
    return _polynomial(ABOVE, square) * x, _polynomial(BELOW, square)


def _polynomial(factors: Floats, x: Floats) -> Floats:
    value: Floats = x * factors[0] + factors[1]
    for factor in factors[2:]:
        value = value * x + factor
    return value


def _new_cell(enter: Floats, forget: Floats, fresh: Floats, cell: Floats) -> Floats:
    """logistic(forget) * cell + logistic(enter) * tanh(fresh), with one division."""
    (i, i_below), (f, f_below), (g, g_below) = _tanh(enter * HALF), _tanh(forget * HALF), _tanh(fresh)
    both = i_below * g_below
    kept = ((f_below + f) * cell) * both
    added = ((i_below + i) * g) * f_below
    below = both * f_below
    new: Floats = (kept + added) / (below + below)
    return new


def _new_state(out: Floats, cell: Floats) -> Floats:
    """logistic(out) * tanh(cell), with one division."""
    (o, o_below), (c, c_below) = _tanh(out * HALF), _tanh(cell)
    below: Floats = o_below * c_below
    new: Floats = ((o_below + o) * c) / (below + below)
    return new
