"""How much memory is free on a device, in use there, and in use at the most while some work is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import psutil
import torch

from onoma.evaluation.memory import resident_memory

__all__ = ["free_memory", "in_use", "peak_of"]

_MIB = 1 << 20
_LIMITS = (  # of a container, and what it uses: cgroups version 2, then 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
_PAUSE = 0.002  # seconds between two looks at resident memory


def free_memory(device: torch.device) -> int:
    """Bytes that may still be taken: of the GPU, or of the machine and of the container this runs in.

    >>> free_memory(torch.device("cpu")) > 0
    True
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return min([int(psutil.virtual_memory().available), *_left_in_container()])


def _left_in_container() -> list[int]:
    found = []
    for limit, used in _LIMITS:
        try:
            most, now = (int(Path(place).read_text(encoding="ascii")) for place in (limit, used))
        except (OSError, ValueError):  # there is none, or its limit is "max"
            continue
        found.append(max(0, most - now))
    return found


def in_use(device: torch.device) -> int:
    """Bytes that this process has in use there; 0 where it cannot be told."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return round((resident_memory().now or 0.0) * _MIB)


def peak_of(work: Callable[[], object], device: torch.device) -> int:
    """How many bytes were in use at the most while ``work`` ran; on CPU, of what lasts some milliseconds.

    >>> import time
    >>> def work() -> None:
    ...     held = torch.ones(50_000_000)  # 191 MiB
    ...     time.sleep(0.1)
    >>> before = in_use(torch.device("cpu"))
    >>> 150 < (peak_of(work, torch.device("cpu")) - before) / 2**20 < 300
    True
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        work()
        return int(torch.cuda.max_memory_allocated(device))
    with _Watch() as watch:
        work()
    return watch.most


class _Watch:
    """Looks at resident memory again and again while a block runs; ``most`` is what it saw."""

    def __init__(self) -> None:
        self.most = 0
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        done = False
        while not done:  # once more when it is over
            done = self._over.wait(_PAUSE)
            self.most = max(self.most, in_use(torch.device("cpu")))
