"""Spans from tags, against seqeval and a plain loop; and tags from spans."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import BILOU, IOB1, IOB2, IOBES, Entities

from onoma.errors import TagError
from onoma.tagging.schemes import SCHEMES
from onoma.tagging.spans import (
    Spans,
    TagStream,
    encode_tags,
    illegal_moves,
    lenient_spans,
    scheme_of,
    strict_spans,
    write_spans,
)

SPELLINGS = [("iob1", IOB1, "BI"), ("iob2", IOB2, "BI"), ("bioes", IOBES, "BIES"), ("bioes", BILOU, "BILU")]
spellings = pytest.mark.parametrize(("scheme", "oracle", "prefixes"), SPELLINGS)


def alphabet(prefixes: str, labels: str = "ab") -> list[str]:
    return ["O", *(f"{prefix}-{label}" for prefix in prefixes for label in labels)]


def stream_of(sentences: list[list[str]]) -> TagStream:
    first = np.array([i == 0 for sentence in sentences for i in range(len(sentence))], dtype=bool)
    return encode_tags([tag for sentence in sentences for tag in sentence], first, ["a", "b"])


def as_tuples(spans: Spans) -> list[tuple[int, int, str]]:
    return [
        (int(start), int(end), "ab"[label])
        for start, end, label in zip(spans.start, spans.end, spans.label, strict=True)
    ]


@spellings
def test_strict_equals_seqeval_on_every_short_sequence(scheme, oracle, prefixes):
    for length in range(1, 5):
        for tags in itertools.product(alphabet(prefixes), repeat=length):
            found = as_tuples(strict_spans(stream_of([list(tags)]), SCHEMES[scheme]))
            expected = [(e.start, e.end, e.tag) for e in Entities([list(tags)], oracle).entities[0]]
            assert found == expected, tags


@pytest.mark.parametrize("prefixes", ["BI", "BIES"])
def test_lenient_equals_seqeval_default_on_every_short_sequence(prefixes):
    for length in range(1, 5):
        for tags in itertools.product(alphabet(prefixes), repeat=length):
            expected = [(start, end + 1, label) for label, start, end in get_entities(list(tags))]
            assert as_tuples(lenient_spans(stream_of([list(tags)]))) == expected, tags


sentences_of_any_tags = st.lists(
    st.lists(st.sampled_from(alphabet("BIES")), min_size=1, max_size=8), min_size=1, max_size=6
)


@given(sentences_of_any_tags)
def test_many_sentences_are_read_as_each_alone(sentences):
    whole, alone, offset = lenient_spans(stream_of(sentences)), [], 0
    for sentence in sentences:
        alone += [
            (start + offset, end + offset, label)
            for start, end, label in as_tuples(lenient_spans(stream_of([sentence])))
        ]
        offset += len(sentence)
    assert as_tuples(whole) == alone


@given(sentences_of_any_tags, st.sampled_from(sorted(SCHEMES)))
def test_written_spans_are_well_formed_and_read_back(sentences, scheme):
    stream = stream_of(sentences)
    spans = lenient_spans(stream)
    again = write_spans(spans, stream.first, stream.labels, SCHEMES[scheme])
    assert as_tuples(lenient_spans(again)) == as_tuples(spans)
    assert as_tuples(strict_spans(again, SCHEMES[scheme])) == as_tuples(spans)
    assert not len(illegal_moves(again, SCHEMES[scheme]))


def test_no_tokens_at_all():
    stream = encode_tags([], np.zeros(0, dtype=bool))
    assert as_tuples(lenient_spans(stream)) == as_tuples(strict_spans(stream, SCHEMES["iob1"])) == []
    assert not len(illegal_moves(stream, SCHEMES["bioes"]))
    assert scheme_of(stream) == "iob2"


def test_a_label_missing_from_a_given_list_is_named():
    with pytest.raises(TagError, match=r"unknown label 'geo'.*Allowed: per"):
        encode_tags(["B-geo"], np.array([True]), ["per"])
