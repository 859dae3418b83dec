"""The recurrent part of a network in C: weights as the library wants them, and calls of it.

What `onoma.runtime.recurrence` specifies, for many rows in one call that lets other Python threads run. The
call decodes too, so from numbers of words to spans nothing passes through Python.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.runtime.recurrence import Recurrence, vector_codes
from onoma.tagging.chain import Chain
from onoma.tagging.kernel import Level, Library, PackedChain, Spans, fields
from onoma.tagging.lattice import Found

__all__ = ["RecurrentKernel", "Words"]

_POINTER = ctypes.c_void_p
_FAR_BELOW = -1e30  # the score of a tag that is padding


class _Network(ctypes.Structure):
    _fields_ = [
        *fields("level", "codes", "inputs", "hidden", "width"),
        *fields("into", "into_scale", "bias", "recurrent", "start", "scale", kind=_POINTER),
        *fields("output", "output_start", "output_scale", "output_bias", kind=_POINTER),
    ]


Words = NDArray[np.int32]
"""Rows of words one after another, by their places in a table of input products."""


class RecurrentKernel:
    """A `Recurrence` in C; ``chain`` is what its scores are decoded by.

    Raises `ValueError` for codes of more inputs or units than their sums have room for.
    """

    def __init__(self, library: Library, weights: Recurrence, chain: Chain) -> None:
        self._library, self._weights = library, weights
        self._coded = weights.scales is not None
        self.trust(chain)
        self._held = _packed(weights, self._chain, library.level)
        pointers = {name: array.ctypes.data for name, array in self._held.items()}
        lanes, pair = library.level.lanes, library.level.pair if self._coded else 1
        self._hidden, self._inputs = _up(weights.hidden, lanes), _up(weights.into.shape[-1], pair)
        self._network = _Network(
            level=library.level.number, codes=self._coded, inputs=self._inputs, hidden=self._hidden,
            width=self._chain.width, **pointers,
        )  # fmt: skip

    def trust(self, chain: Chain) -> None:
        """Decode by ``chain`` from now on: it has the same tags, and other sharpness."""
        self._chain = PackedChain(chain, self._library.level)

    def products(self, vectors: NDArray[np.float32]) -> NDArray[Any]:
        """The input products of words ``[word, input]`` as rows of a table, laid out as the library likes."""
        given: NDArray[Any] = vectors
        factors = np.ones(len(vectors), np.float32)
        if self._coded:
            given, factors = vector_codes(vectors, self._weights.into)
        padded = np.zeros((len(given), self._inputs), given.dtype)
        padded[:, : given.shape[1]] = given
        table = np.empty((len(given), 8 * self._hidden), np.int16 if self._coded else np.float32)
        network = ctypes.addressof(self._network)
        count = len(padded)
        self._library.project(network, padded.ctypes.data, factors.ctypes.data, count, table.ctypes.data)
        return table

    def read(self, table: NDArray[Any], words: Words, starts: NDArray[np.int64]) -> Found:
        """The spans of rows ``words[starts[i]:starts[i + 1]]``; rows of like length are best side by side."""
        chain = self._chain
        spans = Spans(len(starts) - 1, len(words))
        return spans.found(
            self._call(chain.address, table, words, starts, None, spans.addresses), chain.labels
        )

    def scores(self, table: NDArray[Any], words: Words, starts: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of each token's tags ``[token, tag]``."""
        scores = np.empty((len(words), self._chain.width), np.float32)
        nothing = [0, 0, 0]
        if self._call(None, table, words, starts, scores.ctypes.data, nothing) < 0:
            raise MemoryError(f"reading {len(words)} tokens needs more memory than there is")
        by_tag = np.empty((len(words), len(self._chain.order)), np.float32)
        by_tag[:, self._chain.order] = scores[:, : len(self._chain.order)]
        return by_tag

    def _call(
        self,
        chain: int | None,
        table: NDArray[Any],
        words: Words,
        starts: NDArray[np.int64],
        scores: int | None,
        spans: list[int],
    ) -> int:
        network, rows = ctypes.addressof(self._network), len(starts) - 1
        given = table.ctypes.data, words.ctypes.data, starts.ctypes.data
        count: int = self._library.tag(network, chain, *given, rows, scores, *spans)
        return count


def _up(number: int, step: int) -> int:
    return -(-number // step) * step


def _packed(weights: Recurrence, chain: PackedChain, level: Level) -> dict[str, NDArray[Any]]:
    """The arrays of ``Network`` in ``kernel.h``."""
    coded = weights.scales is not None
    units, lanes = _up(weights.hidden, level.lanes), level.lanes
    group, pair = (level.group, level.pair) if coded else (1, 1)
    kind = {8: np.int8, 16: np.int16, 32: np.float32}[level.bits] if coded else np.float32
    output = _output(weights, chain, units)
    # the logistic curve is asked of half a gate's argument; with codes that is in the unit of arguments
    halves = np.array([1, 1, 1, 1] if coded else [0.5, 0.5, 0.5, 1], np.float32)[:, None]
    recurrent = _padded(weights.recurrent * halves[..., None], (2, 4, units, units))
    into = _padded(weights.into * halves[..., None], (2, 4, units, _up(weights.into.shape[-1], pair)))
    packed = {
        "into": _blocks(into, lanes, pair).astype(np.int16 if coded else np.float32),
        "bias": _gates(weights.bias * halves, units, lanes),
        "recurrent": _blocks(recurrent, lanes, group).astype(kind),
        "output": _tags(output, lanes, group).astype(kind),
        "output_bias": _placed(weights.output_bias, chain, _FAR_BELOW),
    }
    if weights.scales is None:
        return packed
    shift = -128 if level.bits == 8 else 0
    return packed | {
        "into_scale": _gates(weights.scales.into, units, lanes),
        "scale": _gates(weights.scales.recurrent, units, lanes),
        "start": _gates(shift * weights.recurrent.sum(-1, dtype=np.int32), units, lanes, np.int32),
        "output_start": shift * output.sum(-1, dtype=np.int32),
        "output_scale": _placed(weights.scales.output, chain, 0.0),
    }


def _padded(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    padded = np.zeros(shape, array.dtype)
    padded[tuple(slice(size) for size in array.shape)] = array
    return padded


def _blocks(weights: NDArray[Any], lanes: int, group: int) -> NDArray[Any]:
    """``[direction, gate, unit, from]`` → ``[direction, block, group, gate, lane, from]``."""
    parts = weights.reshape(2, 4, -1, lanes, weights.shape[-1] // group, group)
    return np.ascontiguousarray(parts.transpose(0, 2, 4, 1, 3, 5))


def _gates(values: NDArray[Any], units: int, lanes: int, kind: Any = np.float32) -> NDArray[Any]:
    """``[direction, gate, unit]`` → ``[direction, block, gate, lane]``."""
    parts = _padded(values, (2, 4, units)).reshape(2, 4, -1, lanes)
    return np.ascontiguousarray(parts.transpose(0, 2, 1, 3), dtype=kind)


def _output(weights: Recurrence, chain: PackedChain, units: int) -> NDArray[Any]:
    """``[place, direction and unit]``, padded as states are."""
    tags = weights.output[chain.order].reshape(len(chain.order), 2, -1)
    return _padded(tags, (chain.width, 2, units)).reshape(chain.width, -1)


def _tags(output: NDArray[Any], lanes: int, group: int) -> NDArray[Any]:
    """``[place, from]`` → up to four registers of places at a time ``[group, register, lane, from]``."""
    parts = []
    for at in range(0, len(output), 4 * lanes):
        some = output[at : at + 4 * lanes]
        shaped = some.reshape(-1, lanes, output.shape[1] // group, group)
        parts.append(shaped.transpose(2, 0, 1, 3).ravel())
    return np.concatenate(parts)


def _placed(values: NDArray[Any], chain: PackedChain, rest: float) -> NDArray[np.float32]:
    padded = np.full(chain.width, rest, np.float32)
    padded[: len(chain.order)] = values[chain.order]
    return padded
