"""`Manifest`: what ``bundle.json`` says of a trained tagger."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel, ConfigDict

from onoma.runtime.confidence import Confidence

__all__ = ["FORMAT", "CorpusCard", "FileCheck", "Int8Trial", "Manifest", "Quantised", "WindowSizes"]

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


class WindowSizes(_Part):
    """How a sentence of more than ``size`` tokens is read: in windows of that size that share ``overlap``."""

    size: int = 256
    overlap: int = 32


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

    ``scores`` maps a split's name to the scores measured on it (the JSON of ``onoma evaluate``).

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
    corpus: CorpusCard | None = None
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
    def alone(self) -> bool:
        """Whether sentences must go through the network one at a time."""
        return self.quantised is not None and self.quantised.alone

    @property
    def bytes(self) -> int:
        """Size of the bundle's files, this manifest aside."""
        return sum(check.bytes for check in self.files.values())
