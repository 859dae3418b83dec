"""Checks of the labels: rare, misnamed, unbalanced; and whether two parts of a corpus have the same ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.checks.survey import Ints, Survey
from onoma.corpus.checks.words import MISSING

__all__ = ["absent", "imbalance", "names", "rare", "seen", "shift", "unseen"]

_RARE = 20  # entities
_IMBALANCE = 100
_ALIKE = 0.85  # of two names; a misspelling of one letter in seven
_SHIFTED = 0.05  # share of the entities that would have to change their label
_DRAWS, _IMPROBABLE = 999, 0.01
_TAG = re.compile(r"O|[BIESLUM][-_].+")

# usual names of one thing
_SYNONYMS = (
    {"per", "pers", "person", "persons", "people", "persname"},
    {"loc", "location", "locations", "place", "places"},
    {"org", "organization", "organisation", "organizations", "organisations", "orgname"},
    {"misc", "miscellaneous", "other", "oth"},
    {"date", "dates"},
    {"email", "emailaddress", "e-mail", "mail"},
    {"phone", "phonenumber", "telephone", "tel"},
)


def rare(found: Survey) -> Iterator[Finding]:
    """Labels with very few entities."""
    few = {name: found.facts.entities[name] for name in found.labels if found.facts.entities[name] < _RARE}
    if few and len(found):
        each = ", ".join(f"{name} {count}" for name, count in sorted(few.items(), key=lambda item: item[1]))
        message = f"{len(few):,} labels have fewer than {_RARE} entities: {each}"
        firsts = [i for name in few for i in _first(found, name)]
        examples = [found.entity_example(i, found.labels[found.entities.label[i]]) for i in firsts]
        yield found.finding("rare-label", len(few), message, examples[: found.limit])


def imbalance(found: Survey) -> Iterator[Finding]:
    """The commonest label against the rarest."""
    ranked = [pair for pair in found.facts.entities.most_common() if pair[1]]
    if len(ranked) > 1 and ranked[0][1] > _IMBALANCE * ranked[-1][1]:
        (most, many), (least, few) = ranked[0], ranked[-1]
        message = f"{most} has {many:,} entities, {least} {few:,}: {many / few:,.0f} times as many"
        yield found.finding("label-imbalance", len(ranked), message)


def names(found: Survey) -> Iterator[Finding]:
    """Labels that are one by several names, and labels that are no names."""
    same = [pair for pair in combinations(sorted(found.facts.entities), 2) if _same(*pair)]
    if same:
        counts = found.facts.entities
        told = [f"{a} ({counts[a]:,}) and {b} ({counts[b]:,})" for a, b in same]
        message = f"labels that may be one: {'; '.join(told)}"
        fewer = [min(pair, key=lambda name: counts[name]) for pair in same]
        count = sum(counts[name] for name in set(fewer))
        yield found.finding("label-names", count, message, _examples(found, fewer))
    odd = [
        name for name in found.facts.entities if _TAG.fullmatch(name) or name in MISSING or not name.strip()
    ]
    if odd:
        message = f"labels that look like tags or missing values: {', '.join(map(repr, odd))}"
        count = sum(found.facts.entities[name] for name in odd)
        yield found.finding("label-like-tag", count, message, _examples(found, odd))


def _same(one: str, other: str) -> bool:
    a, b = (re.sub(r"[\s_-]", "", name.casefold()) for name in (one, other))
    if a == b or any(a in group and b in group for group in _SYNONYMS):
        return True
    if min(len(a), len(b)) < 6 or any(map(str.isdigit, a + b)):
        return False
    return SequenceMatcher(None, a, b).ratio() >= _ALIKE


def _first(found: Survey, name: str) -> Ints:
    """The first entity of a label, if there is one."""
    return np.flatnonzero(found.entities.label == found.labels.index(name))[:1]


def _examples(found: Survey, names: Sequence[str]) -> list[Example]:
    at = [(i, name) for name in names[: found.limit] for i in _first(found, name)]
    return [found.entity_example(i, name) for i, name in at]


def unseen(train: Survey, other: Survey) -> Iterator[Finding]:
    """Labels that the training part lacks."""
    if strange := sorted(set(other.labels).difference(train.labels)):
        count = sum(other.facts.entities[label] for label in strange)
        message = f"{count:,} entities have labels that {train.name} lacks: {', '.join(strange)}"
        yield other.finding("label-not-in-train", count, message, _examples(other, strange))


def absent(train: Survey, other: Survey) -> Iterator[Finding]:
    """Labels of the training part that this one lacks."""
    if missing := sorted(set(train.labels).difference(other.labels)):
        message = f"no entity has these labels of {train.name}: {', '.join(missing)}"
        yield other.finding("label-absent", len(missing), message)


def seen(train: Survey, other: Survey) -> Iterator[Finding]:
    """How many entities of a part could be had by memory."""
    known = set(_named(train))
    mine = _named(other)
    if known and mine:
        count = sum(name in known for name in mine)
        share = count / len(mine)
        message = f"{share:.1%} of the entities bear a surface and label that also occur in {train.name}"
        yield other.finding("entities-seen", count, message)


def _named(found: Survey) -> list[tuple[str, str]]:
    entities = found.entities
    pairs = zip(entities.surface.tolist(), entities.label.tolist(), strict=True)
    return [(" ".join(found.surfaces[s].split()), found.labels[label]) for s, label in pairs]


def shift(train: Survey, other: Survey) -> Iterator[Finding]:
    """Labels in other proportions, by a permutation test over sentences (articles, where they are known)."""
    labels = sorted(set(train.labels) | set(other.labels))
    first, second = (_counts(each, labels) for each in (train, other))
    if not first.sum() or not second.sum():
        return
    distance = _distance(first.sum(0), second.sum(0))
    if distance <= _SHIFTED or (p := _probability(first, second, distance)) > _IMPROBABLE:
        return
    shares = [counts.sum(0) / counts.sum() for counts in (first, second)]
    order = np.argsort(-np.abs(shares[1] - shares[0]))[:3]
    told = ", ".join(f"{labels[i]} {shares[1][i]:.1%} (there {shares[0][i]:.1%})" for i in order)
    message = (
        f"labels are distributed otherwise than in {train.name}: {told}; {distance:.1%} differ, p = {p:.3f}"
    )
    yield other.finding("label-shift", round(distance * int(second.sum())), message)


def _counts(found: Survey, labels: Sequence[str]) -> Ints:
    """``[unit, label]``: entities of each article, or of each sentence where articles are unknown."""
    numbers: dict[object, int] = {}
    units = [numbers.setdefault(i if a is None else a, len(numbers)) for i, a in enumerate(found.articles)]
    index = np.array([labels.index(name) for name in found.labels], dtype=np.int64)
    table = np.zeros((len(numbers), len(labels)), dtype=np.int64)
    entities = found.entities
    np.add.at(table, (np.array(units, dtype=np.int64)[entities.sentence], index[entities.label]), 1)
    return table


def _distance(a: Ints, b: Ints) -> float:
    """Total variation: the share of one side that would have to move to make it the other."""
    return float(np.abs(a / max(a.sum(), 1) - b / max(b.sum(), 1)).sum() / 2)


def _probability(first: Ints, second: Ints, distance: float) -> float:
    """How often a random division of the same units into parts of these sizes differs as much."""
    units = np.concatenate([first, second])
    total, chance = units.sum(0), np.random.default_rng(0)
    as_far = 0
    for _ in range(_DRAWS):
        chosen = _drawn(units, len(second), chance)
        as_far += _distance(total - chosen, chosen) >= distance
    return (as_far + 1) / (_DRAWS + 1)


def _drawn(units: Ints, count: int, chance: np.random.Generator) -> NDArray[np.int64]:
    """The labels of ``count`` units drawn at random."""
    result: NDArray[np.int64] = units[chance.permutation(len(units))[:count]].sum(0)
    return result
