"""Checks of sentences that stand twice: within a corpus, and in two parts that ought to be apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import combinations

import numpy as np

from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.checks.similar import Sets, similar_pairs
from onoma.corpus.checks.survey import Ints, Survey

__all__ = ["SIMILAR", "Pairs", "articles", "duplicates", "leaks", "near_duplicates"]

SIMILAR = 0.8  # Jaccard similarity of the sets of lower-cased words
_SMALLEST = 6  # distinct words; shorter sentences are alike by chance
_LEAK = 0.01  # a larger share of a part's sentences standing in another makes its scores worthless
_ARTICLE = 3  # shared sentences, and half of all, make an article the same


def duplicates(found: Survey) -> Iterator[Finding]:
    """Sentences that repeat an earlier one, and those that are annotated otherwise than it."""
    repeated = [group for group in found.groups.values() if len(group) > 1]
    if not repeated:
        return
    repeated.sort(key=lambda group: (-len(group), group[0]))
    extra = sum(len(group) - 1 for group in repeated)
    message = f"{extra:,} sentences ({extra / len(found):.1%}) repeat an earlier one"
    examples = [found.example(group[0], note=f"{len(group):,} times") for group in repeated[: found.limit]]
    yield found.finding("duplicates", extra, message, examples)
    torn = [(group, ways) for group in repeated if len(ways := _annotations(found, group)) > 1]
    if torn:
        message = f"{len(torn):,} repeated sentences are annotated differently each time"
        torn.sort(key=lambda each: -max(each[1].values()))
        examples = [found.example(group[0], note=_ways(ways)) for group, ways in torn[: found.limit]]
        yield found.finding("duplicates-disagree", len(torn), message, examples)


def _annotations(found: Survey, group: Sequence[int]) -> Counter[str]:
    """Each way in which the sentences of ``group`` are annotated, and how often."""
    ways = Counter[str]()
    for sentence in group:
        mine = found.entities_of(sentence)
        named = zip(mine.surface.tolist(), mine.label.tolist(), strict=True)
        told = [f"{found.surfaces[surface]} {found.labels[label]}" for surface, label in named]
        ways[", ".join(told) or "nothing"] += 1
    return ways


def _ways(ways: Counter[str]) -> str:
    return " | ".join(f"{way} ({count}x)" for way, count in ways.most_common(3))


class Pairs:
    """Sentences of all ``surveys`` that have a near-duplicate: similar words, but not the same words.

    The distinct sentences of all are compared once; ``partners`` then answers for any two parts.
    """

    def __init__(self, surveys: Sequence[Survey]) -> None:
        self._surveys = surveys

    @cached_property
    def _distinct(self) -> list[bytes]:
        """Every key once."""
        return list(dict.fromkeys(key for each in self._surveys for key in each.groups))

    @cached_property
    def keys(self) -> list[tuple[bytes, bytes]]:
        """Pairs of the keys of similar sentences."""
        keys = self._distinct
        if not keys:
            return []
        folded = _folded(self._surveys[0].words.texts)
        items = [np.frombuffer(key, dtype=np.int32) for key in keys]
        owners = np.repeat(np.arange(len(keys)), [len(each) for each in items])
        sets = Sets.of(folded[np.concatenate(items)], owners, len(keys))
        return [(keys[a], keys[b]) for a, b in similar_pairs(sets, SIMILAR, _SMALLEST).tolist()]

    def partners(self, mine: Survey, others: Survey) -> dict[int, int]:
        """Sentences of ``mine``, each with one of ``others`` that is similar to it."""
        found: dict[int, int] = {}
        for pair in self.keys:
            for key, other in (pair, pair[::-1]):
                if key in mine.groups and other in others.groups:
                    for sentence in mine.groups[key]:
                        found.setdefault(sentence, others.groups[other][0])
        return dict(sorted(found.items()))


def _folded(words: Sequence[str]) -> Ints:
    """``[word]``: the same number for words that differ in case only."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(word.lower(), len(numbers)) for word in words], dtype=np.int64)


def near_duplicates(surveys: Sequence[Survey], pairs: Pairs) -> Iterator[Finding]:
    """Sentences of one corpus that are similar to another of it."""
    for found in surveys:
        if not (near := pairs.partners(found, found)):
            continue
        message = (
            f"{len(near):,} sentences ({len(near) / len(found):.1%}) share at least {SIMILAR:.0%} of their "
            "distinct words with another, and are not the same"
        )
        yield found.finding("near-duplicates", len(near), message, _beside(found, found, near))


def leaks(surveys: Sequence[Survey], pairs: Pairs) -> Iterator[Finding]:
    """Sentences of a part that stand in an earlier one, word for word or nearly."""
    for first, second in combinations(surveys, 2):
        yield from _exact(first, second)
        near = pairs.partners(second, first)
        near = {i: other for i, other in near.items() if second.keys[i] not in first.groups}
        if near:
            share = len(near) / len(second)
            message = (
                f"{len(near):,} sentences ({share:.1%}) share at least {SIMILAR:.0%} of their distinct words "
                f"with one of {first.name}"
            )
            examples = _beside(second, first, near)
            yield second.finding("leak-near", len(near), message, examples, mild=share <= _LEAK)


def _exact(first: Survey, second: Survey) -> Iterator[Finding]:
    both = [group for key, group in second.groups.items() if key in first.groups]
    if both:
        count = sum(map(len, both))
        share = count / len(second)
        long = sum(len(group) for group in both if second.lengths[group[0]] >= _SMALLEST)
        message = (
            f"{count:,} sentences ({share:.1%}) also stand in {first.name}; {long:,} of them have "
            f"{_SMALLEST} tokens or more"
        )
        both.sort(key=lambda group: -int(second.lengths[group[0]]))  # the longest are least due to chance
        examples = [second.example(group[0]) for group in both[: second.limit]]
        yield second.finding("leak", count, message, examples, mild=share <= _LEAK)


def _beside(mine: Survey, others: Survey, near: dict[int, int]) -> list[Example]:
    once = near if mine is not others else {i: j for i, j in near.items() if near.get(j) != i or i < j}
    longest = sorted(once, key=lambda i: -int(mine.lengths[i]))[: mine.limit]
    where = "" if mine is others else f"{others.name} "
    return [
        mine.example(i, note=f"{where}sentence {near[i] + 1:,}: {others.texts[near[i]][:200]}")
        for i in longest
    ]


def articles(surveys: Sequence[Survey], _: Pairs) -> Iterator[Finding]:
    """Articles that stand in two parts: by their names, unless those are only numbers, or by their text."""
    for first, second in combinations(surveys, 2):
        shared = _same_articles(first, second)
        if shared:
            names = {name: i for i, name in reversed(list(enumerate(second.articles)))}
            message = f"{len(shared):,} articles also stand in {first.name}"
            examples = [
                second.example(names[name], note=f"article {name}: {why}")
                for name, why in list(shared.items())[: second.limit]
            ]
            yield second.finding("leak-article", len(shared), message, examples)


def _same_articles(first: Survey, second: Survey) -> dict[str, str]:
    """Articles of ``second`` that ``first`` holds too, and what tells so."""
    known = {name for name in first.articles if name and not name.isdecimal()}
    shared = {name: "the same name" for name in second.articles if name in known and name}
    total, common = Counter[str](), Counter[str]()
    for name, key, length in zip(second.articles, second.keys, second.lengths.tolist(), strict=True):
        if name is not None and length >= _SMALLEST:
            total[name] += 1
            common[name] += key in first.groups
    for name, count in common.items():
        if count >= _ARTICLE and 2 * count >= total[name]:
            shared.setdefault(name, f"{count} of its {total[name]} longer sentences")
    return shared
