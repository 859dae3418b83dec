"""Checks that set each name against itself: other labels elsewhere, and mentions nobody annotated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from onoma.corpus.checks.finding import Finding
from onoma.corpus.checks.survey import Survey

__all__ = ["conflicts", "unannotated"]

_MOSTLY = 0.9  # of a surface's mentions make the rest exceptions
_OFTEN = 5  # mentions annotated, before one that is not looks like an oversight
_COMMON = 0.05  # lower-case standings for each annotation make a name a common word


def conflicts(found: Survey) -> Iterator[Finding]:
    """Mentions whose label their surface seldom bears, the seldomest first."""
    seldom = dict(_seldom(found))
    if not seldom:
        return
    keyed = zip(found.spans, found.entities.label.tolist(), strict=True)
    at = [i for i, key in enumerate(keyed) if key in seldom]
    at.sort(key=lambda i: -seldom[found.spans[i], int(found.entities.label[i])])
    ambiguous = sum(c.total() for c in found.span_labels.values() if len(c) > 1)
    message = (
        f"{len(at):,} mentions of {len({key for key, _ in seldom}):,} surfaces bear a label that the surface "
        f"seldom has; the surfaces of {ambiguous / len(found.spans):.1%} of all entities have several labels"
    )
    examples = [found.entity_example(i, _told(found, i)) for i in _one_of_each(found, at)]
    yield found.finding("surface-conflict", len(at), message, examples)


def _seldom(found: Survey) -> Iterator[tuple[tuple[bytes, int], float]]:
    """Each surface and label of at most a tenth of its mentions: how much oftener it bears its usual one."""
    for span, labels in found.span_labels.items():
        if len(labels) > 1:
            ((_, most),) = labels.most_common(1)
            if most >= _MOSTLY * labels.total():
                yield from (((span, label), most / n) for label, n in labels.items() if n < most)


def _one_of_each(found: Survey, at: list[int]) -> list[int]:
    """The first entity of each surface among ``at``; as many as there are examples."""
    firsts = {found.spans[i]: i for i in reversed(at)}
    return [i for i in at if firsts[found.spans[i]] == i][: found.limit]


def _told(found: Survey, index: int) -> str:
    labels = found.span_labels[found.spans[index]]
    each = ", ".join(f"{found.labels[label]} {count:,}x" for label, count in labels.most_common())
    return f"{found.labels[found.entities.label[index]]} here; {found.surface(found.spans[index])}: {each}"


class _Mention(NamedTuple):
    """Words of a known name that no entity touches."""

    first: int
    last: int
    span: bytes


def unannotated(found: Survey) -> Iterator[Finding]:
    """Mentions of names that are annotated nearly always and not here."""
    names = {span: c.total() for span, c in found.span_labels.items() if c.total() >= _OFTEN}
    names = {span: count for span, count in names.items() if _is_name(found, span, count)}
    mentions = list(_mentions(found, names))
    free = Counter(mention.span for mention in mentions)
    rare = [m for m in mentions if names[m.span] >= _MOSTLY * (names[m.span] + free[m.span])]
    if not rare:
        return
    rare.sort(key=lambda m: (_in_larger(found, m), -names[m.span] / free[m.span]))
    spans = {m.span for m in rare}
    share = len(rare) / (len(rare) + sum(names[span] for span in spans))
    message = (
        f"{len(rare):,} mentions of {len(spans):,} surfaces are not annotated, {share:.1%} of all mentions "
        "of these surfaces"
    )
    examples = [
        found.token_example(
            m.first, m.last, f"annotated {names[m.span]:,}x ({_usual(found, m)}), not {free[m.span]:,}x"
        )
        for m in list({m.span: m for m in reversed(rare)}.values())[::-1][: found.limit]
    ]
    yield found.finding("unannotated-mentions", len(rare), message, examples)


def _usual(found: Survey, mention: _Mention) -> str:
    ((label, _),) = found.span_labels[mention.span].most_common(1)
    return found.labels[label]


def _is_name(found: Survey, span: bytes, count: int) -> bool:
    """Whether the words are a name and not words that may as well stand for something common."""
    surface = found.surface(span)
    low = surface.lower()
    if not any(map(str.isalpha, surface)) or (low == surface and low != surface.upper()):
        return False
    if " " in surface:
        return True
    number = found.words.get(low)
    common = 0 if number is None or low == surface else found.word_counts[number]
    return bool(common <= _COMMON * count)


def _mentions(found: Survey, names: dict[bytes, int]) -> Iterator[_Mention]:
    """The longest of ``names`` at each place that no entity touches, from left to right."""
    width = found.tokens.itemsize
    longest: dict[int, int] = {}
    for span in names:
        (first,) = np.frombuffer(span[:width], dtype=np.int32).tolist()
        longest[first] = max(longest.get(first, 0), len(span) // width)
    opens = np.zeros(len(found.words), dtype=bool)
    opens[list(longest)] = True
    free = 0
    for at in np.flatnonzero(opens[found.tokens] & ~found.covered).tolist():
        if at >= free and (mention := _mention(found, names, at, longest[int(found.tokens[at])])):
            free = mention.last
            yield mention


def _mention(found: Survey, names: dict[bytes, int], at: int, longest: int) -> _Mention | None:
    room = int(found.edges[found.sentence_of[at] + 1]) - at
    for length in range(min(longest, room), 0, -1):
        span = found.tokens[at : at + length].tobytes()
        if span in names and not found.covered[at : at + length].any():
            return _Mention(at, at + length, span)
    return None


def _in_larger(found: Survey, mention: _Mention) -> bool:
    """Whether a capitalised word beside it makes the mention look like a part of a longer name."""
    sentence = found.sentence_of[mention.first]
    low, high = int(found.edges[sentence]), int(found.edges[sentence + 1])
    beside = [i for i in (mention.first - 1, mention.last) if low <= i < high]
    return any(found.words.texts[found.tokens[i]][:1].isupper() for i in beside if i > low)
