"""Finding bundles by name: those inside the package, and those the user keeps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from onoma.errors import BundleError, nearest
from onoma.runtime.bundle import MANIFEST
from onoma.runtime.providers import CPU
from onoma.runtime.tagger import Tagger

__all__ = ["DEFAULT", "find", "installed", "load", "own_place"]

DEFAULT = "en-gmb"
"""The bundle that is shipped inside the package."""


def load(
    model: str | os.PathLike[str] = DEFAULT, *, threads: int | None = None, provider: str = CPU
) -> Tagger:
    """The tagger called ``model``, or the one in the folder ``model``.

    ``threads`` bounds the cores it uses; ``provider`` names what runs it: cpu, cuda, tensorrt, coreml and
    others of ONNX Runtime's execution providers. Raises `BundleError` naming what is installed when there is
    none of that name, `InputError` naming the providers there are when ``provider`` is none of them.

    >>> load().name
    'en-gmb'
    """
    return Tagger(find(model), threads=threads, provider=provider)


def find(model: str | os.PathLike[str] = DEFAULT) -> Path:
    """The folder of a bundle given by name or folder."""
    named = dict(installed())
    if str(model) in named:
        return named[str(model)]
    folder = Path(model)
    if folder.is_dir():
        return folder
    raise BundleError(f"there is no bundle called {str(model)!r}, nor a folder; {nearest(str(model), named)}")


def installed() -> list[tuple[str, Path]]:
    """Name and folder of every bundle in ``$ONOMA_MODELS``, the user's data folder and the package."""
    seen: dict[str, Path] = {}
    for place in _places():
        for folder in sorted(place.glob(f"*/{MANIFEST}")):
            seen.setdefault(folder.parent.name, folder.parent)
    return sorted(seen.items())


def own_place() -> Path:
    """Where the user's bundles are kept: ``$ONOMA_MODELS``, else ``onoma/models`` in the data folder."""
    return next(_places())


def _places() -> Iterator[Path]:
    if "ONOMA_MODELS" in os.environ:
        yield Path(os.environ["ONOMA_MODELS"])
    yield Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "onoma" / "models"
    yield Path(__file__).parent.parent / "bundles"
