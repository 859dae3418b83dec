"""Writing whole files or none: write beside, then rename.

A reader never sees a half-written result, and what stood there before survives any failure.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from onoma.errors import OutputError

__all__ = ["sweep", "whole_file", "whole_folder"]

_UNFINISHED = ".part"


@contextmanager
def whole_file(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open ``path`` for writing (``"w"`` as UTF-8, or ``"wb"``); it appears only when the block succeeds.

    Raises `OutputError` when the folder cannot be written or the disk is full.

    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "a.txt") as file:
    ...     _ = file.write("whole")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']
    """
    target = Path(path)
    with _as_output_error(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(_UNFINISHED, f".{target.name}.", target.parent)
    text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
    try:
        with _as_output_error(target):
            with open(handle, mode, **text) as file:  # type: ignore[call-overload]
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(beside).chmod(0o666 & ~_umask())
            Path(beside).replace(target)
    finally:
        Path(beside).unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A fresh folder beside ``path``, renamed to it when the block succeeds; an older one is replaced.

    Raises `OutputError` when the parent cannot be written or the disk is full.
    """
    target = Path(path)
    with _as_output_error(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(_UNFINISHED, f".{target.name}.", target.parent))
        beside.chmod(0o777 & ~_umask())
    try:
        with _as_output_error(target):
            yield beside
            _swap(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def sweep(folder: str | os.PathLike[str]) -> None:
    """Remove what a process that was killed while writing into ``folder`` left unfinished.

    Only for a folder that no other process writes to.

    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / ".a.txt.x1y2.part").touch()
    >>> sweep(folder)
    >>> list(folder.iterdir())
    []
    """
    for left in Path(folder).glob(f".*{_UNFINISHED}"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _swap(beside: Path, target: Path) -> None:
    """Put ``beside`` where ``target`` is; the old one is removed only after the new one stands."""
    if not target.exists():
        beside.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent)) / "was"
    target.rename(old)
    beside.rename(target)
    shutil.rmtree(old.parent, ignore_errors=True)


@contextmanager
def _as_output_error(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # only failures of writing are ours to translate; a missing input file is not
        ours = str(error.filename or target).startswith(str(target.parent))
        if isinstance(error, FileNotFoundError) and not ours:
            raise
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write {target}: {reason}; nothing there was changed") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
