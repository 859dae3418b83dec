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

__all__ = ["LIBRARY", "decode_rows", "kernel"]

LIBRARY = Path(__file__).with_name("_kernel.so")

_FLOATS = np.ctypeslib.ndpointer(np.float32, flags="C")
_DOUBLES = np.ctypeslib.ndpointer(np.float64, flags="C")


@cache
def kernel() -> Any | None:
    """The C function ``onoma_decode``; None where there is none to be had."""
    if os.environ.get("ONOMA_KERNEL") == "off" or not LIBRARY.is_file():
        return None
    try:
        function = ctypes.CDLL(str(LIBRARY)).onoma_decode
    except (OSError, AttributeError):  # built for another machine
        return None
    function.restype = ctypes.c_int64
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    function.argtypes = [pointer, pointer, *[size] * 3, *[pointer] * 8, ctypes.c_double, ctypes.c_int32, *[pointer] * 3]
    return function
