"""The inner loops of tagging in C, where the package was installed with them; see ``kernel.c``.

The library is called through ctypes, which lets other Python threads run meanwhile. Without it (no compiler
at hand when Onoma was installed, or ``ONOMA_KERNEL=off``) `onoma.tagging.decode` does the same in numpy.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.tagging.chain import Chain
from onoma.tagging.lattice import Found

__all__ = ["LEVELS", "LIBRARY", "Kernel", "Level", "Library", "PackedChain", "fields", "load_kernel"]

LIBRARY = Path(__file__).with_name("_kernel.so")
LEVELS = ("plain", "avx2", "avx512")
"""The instruction sets that the library may be made for, the best last."""

_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_int64
_NEVER = -1e29  # a log score under this belongs to a move that is forbidden


class Level(NamedTuple):
    """How one instruction set wants its arrays: see ``level.h``."""

    number: int
    lanes: int  # single-precision numbers in a register
    group: int  # states in one multiply-and-add of codes
    pair: int  # inputs in one
    bits: int  # of a weight as a code; 32 for a floating-point number


class Library:
    """The compiled functions, at one level: by default the best that the processor has.

    ``level`` is its place in `LEVELS`. Raises `OSError` or `AttributeError` for a library that was built for
    another machine or version.
    """

    def __init__(self, path: Path = LIBRARY, level: int | None = None) -> None:
        made = ctypes.CDLL(str(path))
        self.read, self.tag, self.project = made.onoma_read, made.onoma_tag, made.onoma_project
        self.read.restype = self.tag.restype = made.onoma_best_level.restype = _SIZE
        self.project.restype = made.onoma_level.restype = None
        self.read.argtypes = [_POINTER, _POINTER, _POINTER, _SIZE, _SIZE, *[_POINTER] * 3]
        self.tag.argtypes = [*[_POINTER] * 5, _SIZE, *[_POINTER] * 4]
        self.project.argtypes = [_POINTER, _POINTER, _POINTER, _SIZE, _POINTER]
        made.onoma_level.argtypes = [_SIZE, _POINTER]
        self.best = made.onoma_best_level()
        number, about = self.best if level is None else level, np.zeros(4, np.int64)
        made.onoma_level(number, about.ctypes.data)
        self.level = Level(number, *about.tolist())


@cache
def load_kernel() -> Library | None:
    """The library; None where there is none to be had."""
    if os.environ.get("ONOMA_KERNEL") == "off" or not LIBRARY.is_file():
        return None
    try:
        return Library()
    except (OSError, AttributeError):  # built for another machine, or for another version
        return None


def fields(*names: str, kind: Any = _SIZE) -> list[tuple[str, Any]]:
    """Fields of a structure that are all of one ``kind``."""
    return [(name, kind) for name in names]


class _Chain(ctypes.Structure):
    _fields_ = [
        *fields("level", "tags", "width"),
        *fields("order", "transitions", "start", "end", "move", "enter", "stop", kind=_POINTER),
        *fields("reach_at", "reach", "ways", "flows", "retreat_at", "retreat", "backflows", kind=_POINTER),
        *fields("source_at", "source", "continues", kind=_POINTER),
        ("sharpness", ctypes.c_double),
        *fields("crf"),
    ]


class PackedChain:
    """A chain as the library reads it: tags in `order`, padded to whole registers; see ``kernel.h``.

    ``order`` ``[tag]`` puts tags that can be reached from the same tags side by side.
    """

    def __init__(self, chain: Chain, level: Level) -> None:
        legal = chain.log.between > _NEVER  # [from, to]
        count, lanes = len(legal), level.lanes
        self.labels = chain.tags.label
        self.width = -(-count // lanes) * lanes
        self.order = np.lexsort((np.arange(count), *legal[::-1]))
        place = np.argsort(self.order)
        moves = self._moves(chain)
        allowed = moves["transitions"] > _NEVER
        reach, retreat = (_by_register(each, lanes // 2) for each in (allowed, allowed.T))
        sources = [place[np.flatnonzero(legal[:, tag])] for tag in self.order]
        padding = [np.zeros(1, np.int64)] * (self.width - count)
        self._held: dict[str, NDArray[Any]] = {
            "order": self.order.astype(np.int32),
            **moves,
            **_lists("reach", reach),
            "ways": _beside(reach, moves["transitions"]),
            "flows": _beside(reach, moves["move"]),
            **_lists("retreat", retreat),
            "backflows": _beside(retreat, moves["move"].T),
            **_lists("source", [*sources, *padding], place),
            "continues": self._square(chain.tags.continuation, 0).astype(np.uint8),
        }
        pointers = {name: array.ctypes.data for name, array in self._held.items()}
        self._chain = _Chain(
            level=level.number,
            tags=count,
            width=self.width,
            sharpness=chain.sharpness,
            crf=chain.crf,
            **pointers,
        )
        self.address = ctypes.addressof(self._chain)

    def _moves(self, chain: Chain) -> dict[str, NDArray[np.float64]]:
        log, weight = chain.log, chain.weight
        return {
            "transitions": self._square(log.between, -1e30),
            "start": self._row(log.start, -1e30),
            "end": self._row(log.end, -1e30),
            "move": self._square(weight.between, 0.0),
            "enter": self._row(weight.start, 0.0),
            "stop": self._row(weight.end, 0.0),
        }

    def _row(self, values: NDArray[Any], rest: float) -> NDArray[np.float64]:
        padded = np.full(self.width, rest)
        padded[: len(values)] = values[self.order]
        return padded

    def _square(self, values: NDArray[Any], rest: float) -> NDArray[np.float64]:
        padded = np.full((self.width, self.width), rest)
        padded[: len(values), : len(values)] = values[np.ix_(self.order, self.order)]
        return padded


def _by_register(legal: NDArray[np.bool_], lanes: int) -> list[NDArray[np.int64]]:
    """For each ``lanes`` columns of ``legal`` ``[from, to]`` the rows that have one of them."""
    return [np.flatnonzero(legal[:, at : at + lanes].any(1)) for at in range(0, len(legal), lanes)]


def _beside(lists: Sequence[NDArray[np.int64]], moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """The moves ``[from, to]`` of each register from each place of its list."""
    lanes = len(moves) // len(lists)
    parts = [moves[each, i * lanes : (i + 1) * lanes] for i, each in enumerate(lists)]
    return np.concatenate(parts).astype(np.float64, order="C")


def _lists(
    name: str, lists: Sequence[NDArray[np.int64]], more: Sequence[int] | NDArray[np.int64] = ()
) -> dict[str, NDArray[np.int32]]:
    """Lists of different lengths as one array, ``more`` after them, and where each begins."""
    at = np.cumsum([0, *map(len, lists)])
    return {f"{name}_at": at.astype(np.int32), name: np.concatenate([*lists, more]).astype(np.int32)}


class Spans:
    """Room for what the library finds in ``rows`` rows of ``tokens`` tokens, and how it tells."""

    def __init__(self, rows: int, tokens: int) -> None:
        self._spans, self._probability = np.empty((tokens, 4), dtype=np.int64), np.empty(tokens)
        self._certainty = np.empty(rows)
        self.addresses = [each.ctypes.data for each in (self._spans, self._probability, self._certainty)]

    def found(self, count: int, labels: NDArray[np.int32]) -> Found:
        """The first ``count``, as `onoma.tagging.lattice.find_spans` returns them."""
        if count < 0:
            raise MemoryError(f"reading {len(self._spans)} tokens needs more memory than there is")
        row, start, end, tag = self._spans[:count].T
        return Found(row, start, end, labels[tag], self._probability[:count], self._certainty)


class Kernel:
    """``onoma_read`` with one chain at hand."""

    def __init__(self, library: Library, chain: Chain) -> None:
        self._read, self._chain = library.read, PackedChain(chain, library.level)

    def __call__(self, emissions: NDArray[np.float32], lengths: NDArray[np.integer]) -> Found:
        """What `onoma.tagging.lattice.find_spans` returns."""
        emissions = np.ascontiguousarray(emissions)
        lengths = np.ascontiguousarray(lengths, dtype=np.int64)
        spans = Spans(len(lengths), int(lengths.sum()))
        given = emissions.ctypes.data, lengths.ctypes.data, *emissions.shape[:2]
        count = self._read(self._chain.address, *given, *spans.addresses)
        return spans.found(count, self._chain.labels)
