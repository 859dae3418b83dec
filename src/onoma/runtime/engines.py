"""Which engine runs a bundle: the one for words and their vectors, or the one for pieces and an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from onoma.errors import InputError
from onoma.runtime.engine import Engine
from onoma.runtime.manifest import Manifest
from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.runtime.piece_engine import PieceEngine

__all__ = ["open_engine", "word_engine"]


def open_engine(
    folder: Path, manifest: Manifest, tags: TagSet, threads: int, provider: str
) -> Engine | PieceEngine:
    """The engine for the bundle in ``folder``; raises what the engines raise."""
    trust, alone = manifest.confidence, manifest.alone
    if manifest.pieces is None:
        return Engine(folder, tags, threads, trust, provider=provider, alone=alone)
    from onoma.runtime.piece_engine import PieceEngine  # not needed, so not loaded, by most

    return PieceEngine(folder, tags, threads, trust, manifest.pieces, provider=provider, alone=alone)


def word_engine(engine: Engine | PieceEngine, what: str) -> Engine:
    """``engine``, if it reads words; raises `InputError` saying that ``what`` is for such bundles alone."""
    if isinstance(engine, Engine):
        return engine
    raise InputError(f"{what} is for taggers that read features of words; this bundle has an encoder")
