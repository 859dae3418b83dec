"""The decoder's inner loops in C, where the package was installed with them; see ``kernel.c``.

The library is called through ctypes, which lets other Python threads run meanwhile. Without it (no compiler
at hand when Onoma was installed, or ``ONOMA_KERNEL=off``) `onoma.tagging.decode` does the same in numpy.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.tagging.chain import Chain
from onoma.tagging.lattice import Found

__all__ = ["LIBRARY", "Kernel", "load_kernel"]

LIBRARY = Path(__file__).with_name("_kernel.so")
_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_int64


@cache
def load_kernel() -> Any | None:
    """The C function ``onoma_read``; None where there is none to be had."""
    if os.environ.get("ONOMA_KERNEL") == "off" or not LIBRARY.is_file():
        return None
    try:
        function = ctypes.CDLL(str(LIBRARY)).onoma_read
    except (OSError, AttributeError):  # built for another machine, or for another version
        return None
    function.restype = ctypes.c_int64
    function.argtypes = [
        *(_POINTER, _POINTER, _SIZE, _SIZE, _SIZE),  # emissions, lengths, rows, width, tags
        *[_POINTER] * 8,  # the chain
        *(ctypes.c_double, ctypes.c_int32),  # sharpness, crf
        *[_POINTER] * 4,  # paths, spans, probability, certainty
    ]
    return function


class Kernel:
    """``onoma_read`` with the arrays of one chain at hand."""

    def __init__(self, function: Any, chain: Chain) -> None:
        between, enter, stop = chain.weight
        arrays = (*chain.log, between, between.T, enter, stop)
        self._held = [np.ascontiguousarray(array, dtype=np.float64) for array in arrays]
        self._held.append(np.ascontiguousarray(chain.tags.continuation, dtype=np.uint8))
        self._function = function
        self._chain = [array.ctypes.data for array in self._held]
        self._settings = chain.sharpness, chain.crf
        self._labels = chain.tags.label

    def __call__(self, emissions: NDArray[np.float32], lengths: NDArray[np.integer]) -> Found:
        """What `onoma.tagging.lattice.find_spans` returns."""
        emissions = np.ascontiguousarray(emissions)
        lengths = np.ascontiguousarray(lengths, dtype=np.int64)
        tokens = int(lengths.sum())
        spans, probability = np.empty((tokens, 4), dtype=np.int64), np.empty(tokens)
        certainty = np.empty(len(lengths))
        outputs = None, spans.ctypes.data, probability.ctypes.data, certainty.ctypes.data
        count = self._function(
            emissions.ctypes.data,
            lengths.ctypes.data,
            *emissions.shape,
            *self._chain,
            *self._settings,
            *outputs,
        )
        if count < 0:
            raise MemoryError(f"decoding {tokens} tokens needs more memory than there is")
        row, start, end, tag = spans[:count].T
        return Found(row, start, end, self._labels[tag], probability[:count], certainty)
