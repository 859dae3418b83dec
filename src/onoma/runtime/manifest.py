"""`Manifest`: what ``bundle.json`` says of a trained tagger."""

from __future__ import annotations

import hashlib
import sys
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from onoma.runtime.confidence import Confidence

__all__ = [
    "FORMAT",
    "CorpusCard",
    "FileCheck",
    "Int8Trial",
    "Manifest",
    "PieceSizes",
    "Quantised",
    "Taught",
    "WindowSizes",
]

FORMAT = 2
"""The bundle format that this version writes and reads."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class FileCheck(_Part):
    """A file of the bundle as it was written."""

    sha256: str
    bytes: int


class CorpusCard(_Part):
    """What the tagger learned from."""

    name: str
    fingerprint: str
    licence: str | None = None
    attribution: str | None = None
    sentences: dict[str, int] = {}


class Taught(_Part):
    """Whose beliefs the tagger learned from, and on what text beside its corpus.

    ``how`` says it in words; ``teachers`` are versions of taggers, ``text`` names of sources; ``sentences``
    and ``tokens`` count what had no labels.
    """

    how: str
    teachers: list[str]
    text: list[str] = []
    sentences: int = 0
    tokens: int = 0


class WindowSizes(_Part):
    """How a sentence of more than ``size`` tokens is read: in windows of that size that share ``overlap``."""

    size: int = 256
    overlap: int = 32


_ENDLESS = WindowSizes(size=sys.maxsize, overlap=0)


class PieceSizes(_Part):
    """How an encoder reads: windows of at most ``limit`` pieces, special tokens included (see `plan_pieces`).

    Windows over what does not fit one share about ``overlap`` pieces. With ``context`` ``document`` a
    sentence is read with its neighbours. ``most`` is how many pieces of one word are read.
    """

    limit: int = 512
    overlap: int = 128
    context: Literal["sentence", "document"] = "sentence"
    most: int = 64


class Int8Trial(_Part):
    """One way of quantising, as measured on dev against fp32; ``refused`` says why it was not good enough.

    Changes are of strict micro F1, from 0 to 1, with the paired bootstrap interval. ``batch_gap`` is the most
    that the probability of a tag moved between a sentence read alone and one in a batch. Speeds are ratios to
    fp32: above 1 is faster. ``bytes`` is the size of the quantised graph.
    """

    method: str
    f1: float
    f1_change: float
    f1_change_low: float
    f1_change_high: float
    batch_gap: float
    speed_single: float
    speed_batch: float
    bytes: int
    refused: str = ""


class Quantised(_Part):
    """The verdict on int8: the ``method`` the bundle is quantised by, None where fp32 was kept.

    ``alone`` says that sentences go through the network one at a time, whatever the batch. ``f1`` is that of
    fp32 on the ``sentences`` of dev.
    """

    method: str | None
    alone: bool = False
    verdict: str
    f1: float
    sentences: int
    machine: str
    trials: list[Int8Trial] = []


class Manifest(_Part):
    """Everything about a bundle but its weights and lexicon.

    ``pieces`` is there for a bundle with an encoder, ``window`` is for the others. ``scores`` maps a split's
    name to the scores measured on it (the JSON of ``onoma evaluate``).

    >>> Manifest(name="tiny", architecture="bilstm", labels=["per"], scheme="bioes", parameters=10).format
    2
    """

    format: int = FORMAT
    onoma: str = ""
    name: str
    description: str = ""
    language: str = "en"
    limits: str = ""
    architecture: str
    labels: list[str]
    scheme: str
    parameters: int
    window: WindowSizes = WindowSizes()
    pieces: PieceSizes | None = None
    corpus: CorpusCard | None = None
    taught: Taught | None = None
    recipe: dict[str, Any] = {}
    confidence: Confidence = Confidence()
    quantised: Quantised | None = None
    scores: dict[str, dict[str, Any]] = {}
    files: dict[str, FileCheck] = {}

    @property
    def version(self) -> str:
        """The name, and a number that no bundle with other weights or words has."""
        checks = "".join(f"{name} {check.sha256}\n" for name, check in sorted(self.files.items()))
        return f"{self.name}@{hashlib.sha256(checks.encode()).hexdigest()[:12]}"

    @property
    def row(self) -> WindowSizes:
        """How long a row of words may be; one with an encoder takes sentences whole, and windows pieces."""
        return self.window if self.pieces is None else _ENDLESS

    @property
    def context(self) -> bool:
        """Whether a sentence is read among others of its document."""
        return self.pieces is not None and self.pieces.context == "document"

    @property
    def alone(self) -> bool:
        """Whether sentences must go through the network one at a time."""
        return self.quantised is not None and self.quantised.alone

    @property
    def bytes(self) -> int:
        """Size of the bundle's files, this manifest aside."""
        return sum(check.bytes for check in self.files.values())
