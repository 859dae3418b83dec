"""Taggers side by side on one corpus: how far they differ, how sure that is, and in which sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_uppercase
from typing import Any, NamedTuple

from onoma.errors import InputError
from onoma.evaluation.bootstrap import Intervals, paired_bootstrap
from onoma.evaluation.card import Card
from onoma.evaluation.judged import Judged, SpanTable
from onoma.evaluation.significance import Significance, holm, randomisation_test

__all__ = ["Comparison", "Disagreement", "Disagreements", "Rivalry", "compare", "disagreements"]

Marked = tuple[int, int, str]  # start and end in characters of the text, label


class Disagreement(NamedTuple):
    """One sentence that two taggers tag differently; entities are as in `Mistake`."""

    sentence: int  # counted from 0
    id: str
    text: str
    gold: Sequence[Marked]
    a: Sequence[Marked]
    b: Sequence[Marked]


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Sentences by who is wholly right, how many of each and examples.

    ``a_right`` and ``b_right``: only this one; ``neither``: both are wrong, in different ways. The others are
    tagged alike: ``alike_right`` of them rightly, ``alike_wrong`` wrongly.
    """

    counts: dict[str, int]
    examples: dict[str, list[Disagreement]]

    def to_dict(self) -> dict[str, Any]:
        """Counts and examples, ready for JSON."""
        shown = {group: [each._asdict() for each in rows] for group, rows in self.examples.items()}
        return {"counts": self.counts, "examples": shown}


@dataclass(frozen=True, slots=True)
class Rivalry:
    """Two taggers: the figures of ``a`` less those of ``b``.

    ``p`` is the p-value of the difference in micro F1, corrected for the number of pairs compared (Holm);
    ``label_p`` those of the labels, corrected for all labels of all pairs.
    """

    a: str
    b: str
    intervals: Intervals
    significance: Significance
    p: float
    label_p: dict[str, float]
    disagreements: Disagreements

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "a": self.a,
            "b": self.b,
            "difference": self.intervals.to_dict(),
            "significance": self.significance.to_dict(),
            "p_holm": {"micro": self.p, "types": self.label_p},
            "sentences": self.disagreements.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The cards of several taggers, and each pair of them."""

    cards: Sequence[Card]
    rivalries: Sequence[Rivalry]

    @property
    def letters(self) -> dict[str, str]:
        """A short name for each tagger: A, B, C."""
        return {
            name: ascii_uppercase[i] if i < len(ascii_uppercase) else str(i + 1)
            for i, name in enumerate(self.names)
        }

    @property
    def names(self) -> list[str]:
        """The taggers' names, in the order given."""
        return [card.model.name for card in self.cards]

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "cards": [card.to_dict() for card in self.cards],
            "pairs": [rivalry.to_dict() for rivalry in self.rivalries],
        }


def compare(
    cards: Sequence[Card], *, resamples: int = 1000, rounds: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare taggers by their cards, each pair by paired bootstrap and approximate randomisation.

    Raises `InputError` for fewer than two cards, and what `paired_bootstrap` raises for cards of different
    corpora.

    >>> from onoma.evaluation.card import make_card
    >>> from onoma.evaluation.card_facts import ModelFacts
    >>> from onoma.evaluation.judged import judge_tags
    >>> judged = {tag: judge_tags([["B-a"]] * 6, [[tag]] * 6) for tag in ("B-a", "O")}
    >>> [rivalry] = compare([make_card(each, ModelFacts(name)) for name, each in judged.items()]).rivalries
    >>> rivalry.intervals.figures.f1.value, rivalry.p, rivalry.disagreements.counts["a_right"]
    (1.0, 0.03125, 6)
    """
    if len(cards) < 2:
        raise InputError("a comparison needs two taggers at least")
    pairs = list(combinations(cards, 2))
    intervals = [paired_bootstrap(a.judged, b.judged, resamples=resamples, seed=seed) for a, b in pairs]
    tests = [randomisation_test(a.judged, b.judged, rounds=rounds, seed=seed) for a, b in pairs]
    corrected = holm([test.figures.f1 for test in tests])
    by_label = iter(holm([p for test in tests for p in test.figures.types.values()]))
    rows = zip(pairs, intervals, tests, corrected, strict=True)
    rivalries = [
        Rivalry(
            a.model.name,
            b.model.name,
            interval,
            test,
            p,
            {label: next(by_label) for label in test.figures.types},
            disagreements(a.judged, b.judged),
        )
        for (a, b), interval, test, p in rows
    ]
    return Comparison(cards, rivalries)


def disagreements(a: Judged, b: Judged, *, examples: int = 20) -> Disagreements:
    """Where two taggers differ, sentence by sentence, with up to ``examples`` of each group.

    >>> from onoma.evaluation.judged import judge_tags
    >>> a, b = (judge_tags([["B-x"], ["B-x"]], tags) for tags in ([["B-x"], ["O"]], [["O"], ["O"]]))
    >>> disagreements(a, b).counts
    {'a_right': 1, 'b_right': 0, 'neither': 0, 'alike_right': 0, 'alike_wrong': 1}
    """
    gold, one, other = _by_sentence(a, a.gold), _by_sentence(a, a.predicted), _by_sentence(b, b.predicted)
    places: dict[str, list[int]] = {name: [] for name in _GROUPS.values()}
    for i in range(a.sentences):
        places[_GROUPS[one[i] == other[i], one[i] == gold[i], other[i] == gold[i]]].append(i)
    shown = {
        name: [
            Disagreement(i, a.ids[i], a.texts[i], sorted(gold[i]), sorted(one[i]), sorted(other[i]))
            for i in places[name][:: max(len(places[name]) // examples, 1)][:examples]
        ]
        for name in ("a_right", "b_right", "neither")
    }
    return Disagreements({name: len(found) for name, found in places.items()}, shown)


# (tagged alike, a is right, b is right): the group
_GROUPS = {
    (False, True, False): "a_right",
    (False, False, True): "b_right",
    (False, False, False): "neither",
    (True, True, True): "alike_right",
    (True, False, False): "alike_wrong",
}


def _by_sentence(judged: Judged, table: SpanTable) -> list[set[Marked]]:
    """``[sentence]``: its entities."""
    found: list[set[Marked]] = [set() for _ in range(judged.sentences)]
    columns = (table.sentence, table.start, table.end, table.label)
    for sentence, start, end, label in zip(*(column.tolist() for column in columns), strict=True):
        found[sentence].add((start, end, judged.labels[label]))
    return found
