"""Tag schemes, by enumeration: every sequence of every tag, judged by an oracle that knows no tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from onoma.errors import InputError, TagError
from onoma.tagging.schemes import (
    SCHEMES,
    B,
    E,
    I,
    O,
    S,
    detect_scheme,
    scheme_named,
    split_tag,
)
from onoma.tagging.spans import encode_tags, illegal_moves, lenient_spans, scheme_of, strict_spans
from onoma.tagging.tagset import TagSet

# length up to which every sequence is tried: a few tens of thousands for each case
CASES = [
    ("iob1", ["a"], 5),
    ("iob2", ["a"], 5),
    ("bioes", ["a"], 5),
    ("iob1", ["a", "b"], 5),
    ("iob2", ["a", "b"], 5),
    ("bioes", ["a", "b"], 4),
    ("iob1", ["a", "b", "c"], 4),
    ("iob2", ["a", "b", "c"], 4),
]
cases = pytest.mark.parametrize(("scheme", "labels", "longest"), CASES)


def every_sequence(tags: TagSet, longest: int) -> Iterator[tuple[int, ...]]:
    for length in range(1, longest + 1):
        yield from itertools.product(range(len(tags)), repeat=length)


def every_reading(labels: list[str], length: int, start: int = 0) -> Iterator[list[tuple[int, int, str]]]:
    """Every set of non-overlapping spans over ``length`` tokens."""
    if start == length:
        yield []
        return
    yield from every_reading(labels, length, start + 1)
    for end in range(start + 1, length + 1):
        for label in labels:
            for rest in every_reading(labels, length, end):
                yield [(start, end, label), *rest]


def written(spans: list[tuple[int, int, str]], length: int, scheme: str) -> list[str]:
    """Tags of ``spans``, spelled out scheme by scheme: the oracle."""
    tags = ["O"] * length
    for start, end, label in spans:
        inner = [f"I-{label}"] * (end - start)
        if scheme == "iob1":
            touching = start and tags[start - 1] in (f"I-{label}", f"B-{label}")
            inner[0] = f"{'B' if touching else 'I'}-{label}"
        elif scheme == "iob2":
            inner[0] = f"B-{label}"
        elif end - start == 1:
            inner = [f"S-{label}"]
        else:
            inner[0], inner[-1] = f"B-{label}", f"E-{label}"
        tags[start:end] = inner
    return tags


def is_legal(tags: TagSet, ids: tuple[int, ...]) -> bool:
    moves = itertools.pairwise(ids)
    inside = all(tags.legal[a, b] for a, b in moves)
    return bool(tags.legal_start[ids[0]] and inside and tags.legal_end[ids[-1]])


def as_stream(tags: TagSet, ids: tuple[int, ...]):
    return tags.stream(np.array(ids), np.arange(len(ids)) == 0)


@cases
def test_the_legal_sequences_are_exactly_those_that_spans_are_written_as(scheme, labels, longest):
    tags = TagSet(labels, scheme)
    legal = {
        tuple(tags.names[i] for i in ids) for ids in every_sequence(tags, longest) if is_legal(tags, ids)
    }
    expected = {
        tuple(written(spans, length, scheme))
        for length in range(1, longest + 1)
        for spans in every_reading(labels, length)
    }
    assert legal == expected


@cases
def test_spans_survive_encoding_and_decoding(scheme, labels, longest):
    tags = TagSet(labels, scheme)
    for length in range(1, longest + 1):
        for spans in every_reading(labels, length):
            ids = tags.encode(spans, length)
            assert [tags.names[i] for i in ids] == written(spans, length, scheme)
            assert tags.decode(ids) == spans


@cases
def test_strict_lenient_and_illegal_moves_agree_on_what_is_legal(scheme, labels, longest):
    tags = TagSet(labels, scheme)
    for ids in every_sequence(tags, longest):
        stream = as_stream(tags, ids)
        lenient = lenient_spans(stream)
        strict = strict_spans(stream, SCHEMES[scheme], lenient)
        same = all(np.array_equal(a, b) for a, b in zip(lenient, strict, strict=True))
        legal = is_legal(tags, ids)
        assert same == legal, [tags.names[i] for i in ids]
        assert (len(illegal_moves(stream, SCHEMES[scheme])) == 0) == legal


@cases
def test_continuation_says_which_neighbours_belong_to_one_entity(scheme, labels, longest):
    tags = TagSet(labels, scheme)
    for ids in every_sequence(tags, min(longest, 4)):
        if not is_legal(tags, ids):
            continue
        joined = {i for start, end, _ in tags.decode(np.array(ids)) for i in range(start + 1, end)}
        moves = enumerate(itertools.pairwise(ids), 1)
        assert joined == {i for i, (a, b) in moves if tags.continuation[a, b]}


def test_legal_start_and_end_are_moves_from_and_to_o():
    tags = TagSet(["a", "b"], "bioes")
    assert [tags.names[i] for i in np.flatnonzero(tags.legal_start)] == ["O", "B-a", "S-a", "B-b", "S-b"]
    assert [tags.names[i] for i in np.flatnonzero(tags.legal_end)] == ["O", "E-a", "S-a", "E-b", "S-b"]


def test_illegal_moves_names_the_fault_and_not_its_neighbour():
    first = np.array([True, False, False, True, False])
    stream = encode_tags(["E-a", "O", "I-a", "B-a", "O"], first)
    assert illegal_moves(stream, SCHEMES["iob2"]).tolist() == [0, 2]
    assert illegal_moves(stream, SCHEMES["bioes"]).tolist() == [0, 2, 4]


@pytest.mark.parametrize("spelling", ["bilou", "BILOU", "iobes", "BIOES"])
def test_spellings_of_bioes(spelling):
    assert scheme_named(spelling) is SCHEMES["bioes"]


def test_an_unknown_scheme_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'bioes'"):
        scheme_named("bioss")


@pytest.mark.parametrize("tag", ["", "o", "B", "B-", "-per", "X-per", "per", "b-per", "BB-per"])
def test_what_is_no_tag(tag):
    with pytest.raises(TagError, match="is not a tag"):
        split_tag(tag)


def test_labels_may_hold_hyphens_and_any_letters():
    assert split_tag("L-chimie-organique-é") == (E, "chimie-organique-é")
    assert split_tag("M-x") == (I, "x")


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("O O", "iob2"),
        ("B-a O", "iob2"),
        ("I-a O", "iob1"),
        ("I-a B-a", "iob1"),
        ("I-a I-b", "iob1"),
        ("O S-a", "bioes"),
        ("B-a L-a", "bioes"),
        ("B-a I-a O I-a O B-b", "iob2"),  # a slip in IOB2
        ("I-a O I-a O B-b O I-b", "iob1"),  # a slip in IOB1
    ],
)
def test_detecting_the_scheme(tags, scheme):
    words = tags.split()
    stream = encode_tags(words, np.arange(len(words)) == 0)
    assert scheme_of(stream) == scheme


def test_a_sentence_break_is_a_break_for_detection_too():
    tags = ["B-a", "B-a"]
    assert scheme_of(encode_tags(tags, np.array([True, True]))) == "iob2"
    assert detect_scheme({(O, B, False): 1, (B, B, True): 5}) == "iob2"
    assert detect_scheme([(O, S, False)]) == "bioes"


def test_encoding_refuses_what_tags_cannot_hold():
    tags = TagSet(["a"])
    for spans in ([(0, 2, "a"), (1, 3, "a")], [(2, 4, "a")], [(1, 1, "a")], [(-1, 1, "a")]):
        with pytest.raises(TagError, match="is empty, overlaps another or falls outside"):
            tags.encode(spans, 3)
    with pytest.raises(TagError, match=r"unknown label 'b'.*Allowed: a"):
        tags.encode([(0, 1, "b")], 3)


@pytest.mark.parametrize("labels", [["a", "a"], [""]])
def test_labels_must_be_distinct_and_not_empty(labels):
    with pytest.raises(InputError, match="distinct and non-empty"):
        TagSet(labels)


def test_a_tagset_without_labels_knows_only_o():
    tags = TagSet([])
    assert tags.names == ["O"]
    assert tags.legal.tolist() == [[True]]
    assert tags.decode(tags.encode([], 2)) == []
    assert tags.decode(np.zeros(0, dtype=int)) == []
