"""What a report card says of the tagger and of the corpus it was judged on, beside the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["BUNDLE", "CorpusFacts", "ModelFacts"]

BUNDLE = "Onoma bundle"
"""The kind of tagger that finds the tokens of a text by itself."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A tagger from outside; None is what is not known. ``label_map`` is what its labels were renamed to."""

    name: str
    kind: str = "function"
    labels: Sequence[str] | None = None
    parameters: int | None = None
    bytes: int | None = None
    training_seconds: float | None = None
    seed: int | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """The corpus that a tagger was judged on.

    ``repairs`` counts annotations that could not be taken as they stood; ``unknown_labels`` are those of
    gold that the tagger does not know, ``foreign_labels`` those of the tagger that gold has not;
    ``label_map`` is what labels were renamed to before judging.
    """

    path: str | None = None
    split: str | None = None
    fingerprint: str | None = None
    repairs: int = 0
    unknown_labels: Sequence[str] = ()
    foreign_labels: Sequence[str] = ()
    label_map: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return asdict(self) | {
            "unknown_labels": list(self.unknown_labels),
            "foreign_labels": list(self.foreign_labels),
        }
