"""Checks of how a corpus was made and read: sentences, tags, stretches nobody annotated."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.checks.survey import Survey
from onoma.tagging.schemes import E, I

__all__ = [
    "comments",
    "encoding",
    "no_entities",
    "repairs",
    "sentence_ids",
    "sentence_lengths",
    "unannotated_stretch",
]

_FEW = 3  # sentences; fewer tell nothing about how a file was made
_LONG = 200  # tokens of a sentence
_STRETCH = 50  # sentences; shorter runs are tables and lists
_CHANCE = 1e-9  # of a run without entities this long somewhere in the corpus


def sentence_ids(found: Survey) -> Iterator[Finding]:
    """Sentences of one word: the sentence id was not carried forward, or marks between them abound."""
    facts = found.facts
    if found.refused is not None:
        yield found.finding("sentence-id-not-carried", 1, found.refused)
    elif facts.sentences >= _FEW and facts.one_word == facts.sentences:
        inside = sum(count for (_, prefix, _), count in facts.moves.items() if prefix in (I, E))
        message = (
            f"all {facts.sentences:,} sentences have one word and {inside:,} tags continue an entity: the "
            "marks between sentences were lost or not carried forward; scores on this mean nothing"
        )
        yield found.finding("sentence-id-not-carried", facts.sentences, message)
    elif facts.sentences >= _FEW and facts.one_word > facts.sentences / 2:
        message = f"{facts.one_word:,} of {facts.sentences:,} sentences have one word"
        yield found.finding("one-word-sentences", facts.one_word, message)


def sentence_lengths(found: Survey) -> Iterator[Finding]:
    """Sentences of very many tokens, and of none."""
    long = np.flatnonzero(found.lengths > _LONG)
    if len(long):
        longest = long[np.argsort(-found.lengths[long], kind="stable")][: found.limit]
        message = f"{len(long):,} sentences have more than {_LONG} tokens, one has {found.lengths.max():,}"
        examples = [found.example(i, note=f"{found.lengths[i]:,} tokens") for i in longest]
        yield found.finding("long-sentences", len(long), message, examples)
    empty = np.flatnonzero(found.lengths == 0)
    if len(empty):
        message = f"{len(empty):,} documents have no token"
        examples = [found.example(i) for i in empty[: found.limit]]
        yield found.finding("empty-sentences", len(empty), message, examples)


def no_entities(found: Survey) -> Iterator[Finding]:
    """Nothing is annotated at all."""
    if found.facts.sentences and not found.facts.entities:
        yield found.finding("no-entities", 1, "there is not one entity; is the tag column right?")


def repairs(found: Survey) -> Iterator[Finding]:
    """Annotations that could not be taken as they stood, as the reader listed them."""
    repairs = found.facts.repairs
    if len(repairs):
        fates = (found.facts.fates.repaired + found.facts.fates.left_out).most_common(5)
        told = ", ".join(f"{what} {count:,}" for what, count in fates)
        scheme = found.facts.scheme or "spans"
        message = f"{len(repairs):,} annotations could not be taken as they stood ({scheme}): {told}"
        examples = [Example(str(each), line=each.line) for each in repairs.listed[: found.limit]]
        yield found.finding("ill-formed", len(repairs), message, examples)


def unannotated_stretch(found: Survey) -> Iterator[Finding]:
    """The longest run of sentences without an entity, if chance would not make one so long."""
    bare = np.ones(len(found), dtype=bool)
    bare[found.entities.sentence] = False
    start, length = _longest_run(bare)
    if length < _STRETCH or length == len(found):
        return
    rate = bare[1:][
        bare[:-1]
    ].mean()  # how often such a sentence follows another: tables and lists go together
    if math.log(len(found)) + length * math.log(rate) > math.log(_CHANCE):
        return
    message = (
        f"sentences {start + 1:,} to {start + length:,} ({length:,}) hold no entity, though "
        f"{1 - bare.mean():.0%} of all sentences do"
    )
    examples = [found.example(i) for i in range(start, start + min(length, found.limit))]
    yield found.finding("unannotated-stretch", length, message, examples)


def encoding(found: Survey) -> Iterator[Finding]:
    """Another encoding than UTF-8."""
    if found.source.encoding not in (None, "utf-8", "utf-8-sig"):
        yield found.finding("encoding", 1, f"the text is read as {found.source.encoding}, not UTF-8")


def comments(found: Survey) -> Iterator[Finding]:
    """Lines, and annotations of other kinds, that were passed over."""
    if count := found.facts.comments:
        yield found.finding("comments", count, f"{count:,} lines are taken for comments and passed over")
    for kind, count in found.facts.passed.items():
        yield found.finding("comments", count, f"{count:,} {kind} are passed over")


def _longest_run(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[int, int]:
    """Where the longest run of true values begins, and how long it is."""
    turns = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    starts, ends = turns[::2], turns[1::2]
    if not len(starts):
        return 0, 0
    at = int(np.argmax(ends - starts))
    return int(starts[at]), int(ends[at] - starts[at])
