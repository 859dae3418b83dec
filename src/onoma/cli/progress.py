"""The progress bar of the commands: on standard error, and only if that is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[tuple[Progress, TaskID]]:
    """A bar called ``what`` and its one task; ``total`` may be told later."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        yield bar, bar.add_task(what, total=total)
