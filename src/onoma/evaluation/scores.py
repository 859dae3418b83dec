"""`Scores`: everything that is known of how well predictions fit gold annotation, as counts that add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onoma.evaluation.counts import Average, Counts, add_counts, macro, micro, weighted

__all__ = ["EntityScores", "Floor", "Scores", "TokenScores"]


@dataclass(frozen=True, slots=True)
class EntityScores:
    """Entity counts by label under one reading of the tags, and their averages.

    >>> scores = EntityScores({"org": Counts(fn=1), "per": Counts(tp=3)})
    >>> scores.micro.f1, scores.macro.f1, scores.weighted.f1
    (0.8571428571428571, 0.5, 0.75)
    """

    types: Mapping[str, Counts] = field(default_factory=dict)

    def __add__(self, other: EntityScores) -> EntityScores:
        return EntityScores(add_counts([self.types, other.types]))

    @property
    def micro(self) -> Counts:
        """All labels pooled."""
        return micro(self.types)

    @property
    def macro(self) -> Average:
        """The mean over labels that occur."""
        return macro(self.types)

    @property
    def weighted(self) -> Average:
        """The mean over labels weighed by support."""
        return weighted(self.types)

    def to_dict(self) -> dict[str, Any]:
        """Averages and ``types``, ready for JSON."""
        return {
            "micro": self.micro.to_dict(),
            "macro": self.macro.to_dict(),
            "weighted": self.weighted.to_dict(),
            "types": {label: counts.to_dict() for label, counts in self.types.items()},
        }


@dataclass(frozen=True, slots=True)
class TokenScores:
    """Counts by tag; each token counts once under its gold tag.

    >>> TokenScores({"B-per": Counts(fn=1), "O": Counts(tp=3, fp=1)}).accuracy
    0.75
    """

    tags: Mapping[str, Counts] = field(default_factory=dict)

    def __add__(self, other: TokenScores) -> TokenScores:
        tags = add_counts([self.tags, other.tags])
        outside = {name: tags.pop(name) for name in ["O"] if name in tags}
        return TokenScores(dict(sorted(tags.items(), key=_by_label)) | outside)

    @property
    def count(self) -> int:
        """How many tokens were scored; padding is never among them."""
        return micro(self.tags).support

    @property
    def accuracy(self) -> float:
        """The share of tokens whose tag is right: the recall of all tags pooled."""
        return micro(self.tags).recall

    def to_dict(self) -> dict[str, Any]:
        """Accuracy, number of tokens and the per-tag table, ready for JSON."""
        tags = {tag: counts.to_dict() for tag, counts in self.tags.items()}
        return {"accuracy": self.accuracy, "count": self.count, "tags": tags}


@dataclass(frozen=True, slots=True)
class Floor:
    """What a tagger that answers ``O`` everywhere scores on the same tokens; it finds no entity."""

    accuracy: float
    sequence_accuracy: float
    entity_f1: float = 0.0

    def to_dict(self) -> dict[str, float]:
        """The three figures, ready for JSON."""
        return {
            "accuracy": self.accuracy,
            "sequence_accuracy": self.sequence_accuracy,
            "entity_f1": self.entity_f1,
        }


@dataclass(frozen=True, slots=True)
class Scores:
    """How well predictions fit gold annotation. All is kept as counts, so parts of a corpus add up.

    ``strict`` and ``conlleval`` are the two readings of ill-formed tags (see `onoma.evaluation.matching`);
    ``misaligned`` counts predicted entities that do not begin and end at token edges, which stand among
    the false positives of both.

    >>> from onoma.evaluation import score_tags
    >>> scores = score_tags([["B-per", "I-per", "O"]], [["B-per", "O", "O"]])
    >>> scores.strict.micro.f1, round(scores.tokens.accuracy, 3), round(scores.all_o_floor.accuracy, 3)
    (0.0, 0.667, 0.333)
    """

    strict: EntityScores = EntityScores()
    conlleval: EntityScores = EntityScores()
    tokens: TokenScores = TokenScores()
    sentences: int = 0
    sentences_right: int = 0  # every tag right, and no entity beside the token edges
    sentences_bare: int = 0  # no gold entity in them
    misaligned: int = 0
    schemes: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.strict + other.strict,
            self.conlleval + other.conlleval,
            self.tokens + other.tokens,
            self.sentences + other.sentences,
            self.sentences_right + other.sentences_right,
            self.sentences_bare + other.sentences_bare,
            self.misaligned + other.misaligned,
            self.schemes or other.schemes,
        )

    @property
    def sequence_accuracy(self) -> float:
        """The share of sentences that are wholly right, 0..1."""
        return self.sentences_right / self.sentences if self.sentences else 0.0

    @property
    def all_o_floor(self) -> Floor:
        """What a tagger that answers ``O`` everywhere scores on the same tokens."""
        outside = self.tokens.tags.get("O", Counts()).support
        tokens, sentences = max(self.tokens.count, 1), max(self.sentences, 1)
        return Floor(outside / tokens, self.sentences_bare / sentences)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON; never NaN."""
        return {
            "strict": self.strict.to_dict(),
            "conlleval": self.conlleval.to_dict(),
            "tokens": self.tokens.to_dict(),
            "sequence_accuracy": self.sequence_accuracy,
            "all_o_floor": self.all_o_floor.to_dict(),
            "sentences": self.sentences,
            "misaligned": self.misaligned,
            "schemes": dict(self.schemes),
        }


def _by_label(row: tuple[str, Counts]) -> tuple[str, str]:
    prefix, _, label = row[0].partition("-")
    return label, prefix
