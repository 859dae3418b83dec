"""Words as an encoder's pieces, and windows over them: every word read once, with the most around it."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import BundleError, InputError
from onoma.features.pieces import CASES, Pieces, plan_pieces, word_case
from small_encoders import tokenizer_json

KINDS = ["wordpiece", "byte-bpe", "unigram"]
every_kind = pytest.mark.parametrize("kind", KINDS)

COUNTS = st.lists(st.integers(1, 6), min_size=0, max_size=60)


@st.composite
def documents(draw):
    """Counts of pieces, sentence starts, a limit that every word fits, an overlap below it."""
    counts = draw(COUNTS)
    inner = draw(st.sets(st.integers(1, max(1, len(counts) - 1)), max_size=12))
    starts = [0, *sorted(at for at in inner if at < len(counts))] if counts else []
    limit = draw(st.integers(6, 30))
    return np.array(counts, np.int64), starts, limit, draw(st.integers(0, limit - 1))


def around(counts, window, word, first, last):
    """Pieces on the poorer side of ``word``, counted one by one; an edge of the text cuts nothing."""
    left = np.inf if window.start == first else sum(counts[window.start : word])
    right = np.inf if window.end == last else sum(counts[word + 1 : window.end])
    return min(left, right)


@pytest.mark.parametrize("context", ["sentence", "document"])
@given(documents())
def test_every_word_belongs_to_the_one_window_with_most_around_it(context, given_):
    counts, starts, limit, overlap = given_
    windows = plan_pieces(counts, starts, limit, overlap=overlap, context=context)
    assert [w for window in windows for w in range(window.core_start, window.core_end)] == list(
        range(len(counts))
    )
    edges = [*starts, len(counts)] if context == "sentence" else [0, len(counts)]
    for window in windows:
        assert sum(counts[window.start : window.end]) <= limit
        assert window.start <= window.core_start < window.core_end <= window.end
        for word in range(window.core_start, window.core_end):
            first = max(edge for edge in edges if edge <= word)
            last = min(edge for edge in edges if edge > word)
            assert first <= window.start
            assert window.end <= last
            own = around(counts, window, word, first, last)
            others = [w for w in windows if w.start <= word < w.end]
            assert own == max(around(counts, w, word, first, last) for w in others)


@given(documents())
def test_a_sentence_that_fits_is_one_window(given_):
    counts, starts, limit, overlap = given_
    windows = plan_pieces(counts, starts, limit, overlap=overlap)
    for a, b in pairwise([*starts, len(counts)]):
        if sum(counts[a:b]) <= limit:
            assert (a, b, a, b) in windows


@given(documents())
def test_a_document_that_fits_is_one_window(given_):
    counts, starts, _, overlap = given_
    limit = int(counts.sum()) + overlap + 1
    assert len(plan_pieces(counts, starts, limit, overlap=overlap, context="document")) == min(1, len(counts))


def test_windows_of_a_document_begin_and_end_between_sentences():
    counts, starts = np.ones(100, np.int64), list(range(0, 100, 10))
    windows = plan_pieces(counts, starts, 45, overlap=15, context="document")
    assert [(w.start, w.end) for w in windows] == [(0, 40), (20, 60), (40, 80), (60, 100)]


@pytest.mark.parametrize(
    ("counts", "limit", "overlap"), [([7], 6, 0), ([1], 6, 6), ([1], 0, 0), ([1], 6, -1), ([0], 6, 1)]
)
def test_what_cannot_be_planned_is_refused(counts, limit, overlap):
    with pytest.raises(InputError):
        plan_pieces(np.array(counts), [0], limit, overlap=overlap)


def test_an_unknown_context_names_the_known():
    with pytest.raises(InputError, match="document, sentence"):
        plan_pieces(np.ones(1, np.int64), [0], 5, overlap=0, context="article")


WORDS = st.text(st.characters(exclude_categories=[]), max_size=30) | st.sampled_from(
    ["Ada", "Oldport", "", "\u200b", "\ud800", "x" * 500, "[SEP]", "</s>", "東京", "é", " ", "\x00"]
)


@every_kind
@given(st.lists(st.lists(WORDS, min_size=1, max_size=8), min_size=1, max_size=5))
def test_rows_hold_every_word_in_order(kind, rows):
    pieces = Pieces(tokenizer_json(kind))
    found = pieces.rows(rows)
    assert found["lengths"].tolist() == [len(row) for row in rows]
    assert (found["mask"].sum(1) == found["lengths"]).all()
    for i, row in enumerate(rows):
        ids = [number for word in row for number in pieces.word(word).ids]
        whole = [*pieces.before, *ids, *pieces.after]
        assert found["pieces"][i, : len(whole)].tolist() == whole
        assert found["piece_mask"][i].sum() == len(whole)
        assert (found["pieces"][i, len(whole) :] == pieces.padding).all()
        for j, word in enumerate(row):
            a, b = found["begin"][i, j], found["end"][i, j]
            assert tuple(found["pieces"][i, a:b]) == pieces.word(word).ids
            assert b - a >= 1
            assert (found["case"][i, a:b] == word_case(word)).all()
        assert (found["case"][i] > 0).sum() == len(ids)
        assert (found["begin"][i, len(row) :] == 0).all()
        assert (found["end"][i, len(row) :] == 1).all()


@every_kind
def test_special_tokens_stand_around_a_row(kind):
    pieces = Pieces(tokenizer_json(kind))
    assert pieces.frame == 2
    assert len(set(pieces.before + pieces.after + [pieces.padding, pieces.unknown])) == 4


@every_kind
def test_what_looks_like_a_special_token_is_a_word(kind):
    pieces = Pieces(tokenizer_json(kind))
    special = {*pieces.before, *pieces.after, pieces.padding}
    for word in ["[CLS]", "[SEP]", "[PAD]", "<s>", "</s>", "<pad>"]:
        assert not special.intersection(pieces.word(word).ids)


@every_kind
def test_a_word_is_the_same_wherever_it_stands(kind):
    pieces = Pieces(tokenizer_json(kind))
    once = pieces.word("Oldport").ids
    found = pieces.rows([["Oldport", "Ada", "Oldport"]])
    for j in (0, 2):
        assert tuple(found["pieces"][0, found["begin"][0, j] : found["end"][0, j]]) == once


@every_kind
def test_a_word_without_pieces_is_unknown(kind):
    pieces = Pieces(tokenizer_json(kind))
    assert pieces.word("").ids == (pieces.unknown,)
    assert pieces.word("").whole


def test_of_an_endless_word_the_first_pieces_are_read_and_that_is_counted():
    pieces = Pieces(tokenizer_json("wordpiece"), most=5)
    assert len(pieces.word("zq" * 1_000_000).ids) <= 5
    assert pieces.shortened(["Ada", "zq" * 1_000_000, "x" * 101]) == 2
    counts = pieces.counts(["Ada", "zq" * 40])
    assert len(plan_pieces(counts, [0], 5, overlap=1)) == 2


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("onoma.features.pieces._MEMORY", 10)
    pieces = Pieces(tokenizer_json("wordpiece"))
    words = [f"word{i}" for i in range(50)]
    first = [pieces.word(word) for word in words]
    assert len(pieces._known) <= 10
    assert [pieces.word(word) for word in words] == first


@every_kind
def test_saved_equals_loaded(kind, tmp_path):
    pieces = Pieces(tokenizer_json(kind))
    pieces.save(tmp_path)
    loaded = Pieces.load(tmp_path)
    assert loaded.tokenizer_json == pieces.tokenizer_json
    rows = [["Ada", "went", "to", "Oldport"], ["東京"]]
    for name, array in pieces.rows(rows).items():
        assert (loaded.rows(rows)[name] == array).all()


@pytest.mark.parametrize("content", ["", "{}", "[]", json.dumps({"model": {"type": "Nothing"}})])
def test_what_is_no_tokenizer_is_refused(content, tmp_path):
    with pytest.raises(InputError, match="fast tokenizer"):
        Pieces(content)
    (tmp_path / "tokenizer.json").write_text(content, encoding="utf-8")
    with pytest.raises(BundleError, match="tokenizer"):
        Pieces.load(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    with pytest.raises(BundleError, match="tokenizer"):
        Pieces.load(tmp_path)


@pytest.mark.parametrize(
    ("word", "case"),
    [
        ("of", "lower"), ("O'Brien", "Title"), ("Boeing-747", "Title"), ("I", "Title"), ("U.S.", "UPPER"),
        ("iPhone", "mixed"), ("MacArthur", "mixed"), ("3rd", "lower"), ("12", "digits"), ("3,000", "digits"),
        ("%", "other"), ("東京", "other"), ("", "other"), ("Él", "Title"),
    ],
)  # fmt: skip
def test_cases(word, case):
    assert CASES[word_case(word)] == case
