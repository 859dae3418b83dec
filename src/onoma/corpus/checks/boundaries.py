"""Checks of where entities begin and end: edges, inconsistent words at them, overlaps, lengths."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from onoma.corpus.checks.finding import Finding
from onoma.corpus.checks.survey import Survey

__all__ = ["edges", "inconsistent", "lengths", "overlaps", "split_elsewhere", "whole_sentences"]

_LONG, _TIMES = 10, 2  # tokens, and times the 99th percentile
_WHOLE = 6  # tokens
_OPENING, _CLOSING = "([{«“‘", ")]}»”’"
_PAIRS = dict(zip(_CLOSING, _OPENING, strict=True))
_BELONGS = re.compile(r"[#@'’‘$%+*&]|\.\w")  # may begin a name: #tag, @name, 'n', .NET
_ABBREVIATED = re.compile(r"(?:^|[\W_])\w{1,5} ?\.$|\S\.$|\.\s*\.$")
_QUOTES = frozenset("\"'`") | {"''", "``"}


def edges(found: Survey) -> Iterator[Finding]:
    """Entities with a blank or a lone punctuation mark at an edge."""
    faults = {i: why for i, surface in enumerate(found.surfaces) if (why := _edge(surface))}
    at = [(faults[s], i) for i, s in enumerate(found.entities.surface.tolist()) if s in faults]
    if at:
        often = Counter(fault for fault, _ in at)
        told = ", ".join(f"{fault} {count:,}x" for fault, count in often.most_common(5))
        message = f"{len(at):,} entities begin or end with a blank or with punctuation ({told})"
        labels = [found.labels[label] for label in found.entities.label.tolist()]
        shown = _in_turn(at, often)[: found.limit]
        examples = [found.entity_example(i, f"{labels[i]}: {fault}") for fault, i in shown]
        yield found.finding("entity-edge", len(at), message, examples)


def _in_turn(at: list[tuple[str, int]], often: Counter[str]) -> list[tuple[str, int]]:
    """The first of each fault, the commonest fault first, then the second of each, and so on."""
    turn = Counter[str]()
    ranked = []
    for fault, i in at:
        turn[fault] += 1
        ranked.append((turn[fault], -often[fault], fault, i))
    return [(fault, i) for *_, fault, i in sorted(ranked)]


def _edge(surface: str) -> str:
    """What is wrong at an edge of ``surface``; empty if nothing is."""
    if surface != surface.strip():
        return "a blank"
    first, last = surface[:1], surface[-1:]
    if _stray(first, surface) and not _BELONGS.match(surface):
        return f"begins with {first}"
    if last == ".":
        return "" if _ABBREVIATED.search(surface) else "ends with ."
    if last in "!?%*+" or "://" in surface or not _stray(last, surface):
        return ""
    return f"ends with {last}"


def _stray(mark: str, surface: str) -> bool:
    """Whether ``mark``, at an edge of ``surface``, is punctuation without its partner inside."""
    if not unicodedata.category(mark).startswith("P"):
        return False
    if mark in _QUOTES:
        return surface.count(mark) % 2 == 1 and not re.search(r"\w'$", surface)
    if mark in _CLOSING:
        return surface.count(_PAIRS[mark]) != surface.count(mark)
    if mark in _OPENING:
        return surface.count(_CLOSING[_OPENING.index(mark)]) != surface.count(mark)
    return True


def inconsistent(found: Survey) -> Iterator[Finding]:
    """Words at an edge that belong to an entity here and stand beside the same entity there."""
    cases = _cases(found)
    if not cases:
        return
    total = sum(len(case.rarer) for case in cases)
    often = Counter[str]()
    for case in cases:
        often[case.word] += len(case.rarer)
    told = ", ".join(f"{word} {count:,}" for word, count in often.most_common(6))
    message = f"{total:,} entities have a word at their edge, or lack it, and oftener the other way ({told})"
    examples = [found.entity_example(case.rarer[0], case.told) for case in cases[: found.limit]]
    yield found.finding("boundary-inconsistent", total, message, examples)


class _Case(NamedTuple):
    """Words that are an entity with and without one at their edge."""

    word: str
    rarer: list[int]  # entities of the rarer form
    ratio: float  # how much oftener the other form is
    told: str


def _cases(found: Survey) -> list[_Case]:
    """The one-sidedest first."""
    within, beside = _with_and_without(found)
    cases = []
    for key in beside:
        word = found.words.texts[key[2]]
        if key in within and any(map(str.isalnum, word)):  # punctuation is for `edges` to judge
            rarer, usual = sorted((within[key], beside[key]), key=len)
            told = (
                f"{found.surface(key[0])}: {word!r} inside {found.labels[key[1]]} {len(within[key]):,}x, "
                f"outside {len(beside[key]):,}x"
            )
            cases.append(_Case(word, rarer, len(usual) / len(rarer), told))
    return sorted(cases, key=lambda case: (-case.ratio, case.rarer))


_Edge = tuple[bytes, int, int]  # all words, the label, the word at the edge


def _with_and_without(found: Survey) -> tuple[dict[_Edge, list[int]], dict[_Edge, list[int]]]:
    """Entities that have a word at their edge, and entities beside which, unannotated, that word stands."""
    within: dict[_Edge, list[int]] = {}
    beside: dict[_Edge, list[int]] = {}
    raw, width, covered = found.tokens, found.tokens.itemsize, found.covered
    words, label = found.spans, found.entities.label.tolist()
    known = set(zip(words, label, strict=True))
    bounds = zip(found.entities.first.tolist(), found.entities.last.tolist(), strict=True)
    for i, (first, last) in enumerate(bounds):
        span, name = words[i], label[i]
        if last - first > 1:
            for edge, rest in ((first, span[width:]), (last - 1, span[:-width])):
                if (rest, name) in known:
                    within.setdefault((span, name, int(raw[edge])), []).append(i)
        for edge in (first - 1, last) if first < last else ():
            if 0 <= edge < len(raw) and not covered[edge]:
                word = raw[edge : edge + 1].tobytes()
                whole = word + span if edge < first else span + word
                if (whole, name) in known and found.sentence_of[edge] == found.entities.sentence[i]:
                    beside.setdefault((whole, name, int(raw[edge])), []).append(i)
    return within, beside


def split_elsewhere(found: Survey) -> Iterator[Finding]:
    """Neighbouring entities whose words are one entity elsewhere."""
    entities, known = found.entities, found.span_labels
    touching = np.flatnonzero(
        (entities.length[:-1] > 0)
        & (entities.length[1:] > 0)
        & (entities.last[:-1] == entities.first[1:])
        & (entities.sentence[:-1] == entities.sentence[1:])
    )
    joined = {i: found.spans[i] + found.spans[i + 1] for i in touching.tolist()}
    at = sorted((i for i, span in joined.items() if span in known), key=lambda i: -known[joined[i]].total())
    if at:
        message = f"{len(at):,} pairs of neighbouring entities are annotated as one elsewhere"
        firsts = list({joined[i]: i for i in reversed(at)}.values())[::-1]
        examples = [
            found.token_example(
                int(entities.first[i]), int(entities.last[i + 1]), _halves(found, i, joined[i])
            )
            for i in firsts[: found.limit]
        ]
        yield found.finding("entity-split", len(at), message, examples)


def _halves(found: Survey, i: int, whole: bytes) -> str:
    halves = " and ".join(
        f"{found.surface(found.spans[j])} {found.labels[found.entities.label[j]]}" for j in (i, i + 1)
    )
    ((label, _),) = found.span_labels[whole].most_common(1)
    return f"{halves} here; one {found.labels[label]} {found.span_labels[whole].total():,}x"


def whole_sentences(found: Survey) -> Iterator[Finding]:
    """Entities that are their whole sentence, and too long for a name that stands alone."""
    entities = found.entities
    at = np.flatnonzero((entities.length >= _WHOLE) & (entities.length == found.lengths[entities.sentence]))
    if len(at):
        message = f"{len(at):,} entities of {_WHOLE} tokens or more cover their whole sentence"
        examples = [found.entity_example(i, found.labels[entities.label[i]]) for i in at[: found.limit]]
        yield found.finding("entity-is-sentence", len(at), message, examples)


def lengths(found: Survey) -> Iterator[Finding]:
    """Entities far longer than nearly all others."""
    length = found.entities.length
    if not len(length):
        return
    usual = int(np.percentile(length, 99, method="inverted_cdf"))
    at = np.flatnonzero(length > max(_LONG, _TIMES * usual))
    if len(at):
        at = at[np.argsort(-length[at], kind="stable")]
        limit = max(_LONG, _TIMES * usual)
        message = f"{len(at):,} entities are longer than {limit} tokens; 99 % have {usual} at most"
        examples = [
            found.entity_example(i, f"{found.labels[found.entities.label[i]]}, {length[i]} tokens")
            for i in at[: found.limit].tolist()
        ]
        yield found.finding("long-entities", len(at), message, examples)


def overlaps(found: Survey) -> Iterator[Finding]:
    """Entities inside or across others, and the same one twice."""
    entities = found.entities
    same = (entities.sentence[:-1] == entities.sentence[1:]) & (entities.start[:-1] == entities.start[1:])
    same &= entities.end[:-1] == entities.end[1:]
    twice = np.flatnonzero(same & (entities.label[:-1] == entities.label[1:]))
    if len(twice):
        message = f"{len(twice):,} entities are annotated twice with one label"
        examples = [found.entity_example(i, found.labels[entities.label[i]]) for i in twice[: found.limit]]
        yield found.finding("repeated-entities", len(twice), message, examples)
    reach = np.maximum.accumulate(entities.last)
    inside = np.flatnonzero(entities.first[1:] < reach[:-1]) + 1
    inside = inside[~np.isin(inside - 1, twice)]
    if len(inside):
        message = f"{len(inside):,} entities overlap others ({len(inside) / len(entities.first):.1%})"
        examples = [found.entity_example(i, found.labels[entities.label[i]]) for i in inside[: found.limit]]
        yield found.finding("overlapping-entities", len(inside), message, examples)
