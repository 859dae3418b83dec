"""How much memory this process has, as the system tells."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

__all__ = ["Memory", "resident_memory"]

_MIB = 1 << 20
_STATUS = Path("/proc/self/status")  # Linux


class Memory(NamedTuple):
    """Resident memory in MiB: now, and the most there was; None where the system does not tell."""

    now: float | None
    peak: float | None


def resident_memory() -> Memory:
    """What this process, its threads included and its children not, has in memory.

    >>> memory = resident_memory()
    >>> memory.now is None or 1 < memory.now
    True
    """
    if not _STATUS.is_file():
        return Memory(None, _peak_elsewhere())
    lines = (
        line.partition(":") for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    )
    told = {name: value for name, _, value in lines}
    now, peak = (round(int(told[name].split()[0]) / 1024, 2) for name in ("VmRSS", "VmHWM"))
    return Memory(now, peak)


def _peak_elsewhere() -> float | None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB, 2)
