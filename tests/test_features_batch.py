"""Batches: padding is 0, masks follow lengths, and every token finds its word again."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onoma.features.batch import make_batch, pad_index
from onoma.features.words import WordFeatures

FEATURES = WordFeatures(words=["ada", "wrote"], characters=["A", "d", "a"])
WORDS = st.sampled_from(["Ada", "ada", "wrote", "a", "letter", "🙂", "x" * 50])
SENTENCES = st.lists(st.lists(WORDS, min_size=1, max_size=9), max_size=6)


@given(SENTENCES)
def test_every_token_finds_the_features_of_its_word(sentences):
    batch = make_batch(sentences, FEATURES)
    for row, words in enumerate(sentences):
        assert batch.lengths[row] == len(words)
        for at, word in enumerate(words):
            alone = FEATURES.arrays([word])
            found = {name: array[batch.index[row, at]] for name, array in batch.words.items()}
            assert found["word"] == alone["word"][1]
            spelt = alone["characters"][1]
            assert found["characters"][: len(spelt)].tolist() == spelt.tolist()
            assert not found["characters"][len(spelt) :].any()


@given(SENTENCES)
def test_padding_is_row_nought_and_the_mask_says_where(sentences):
    batch = make_batch(sentences, FEATURES)
    assert batch.mask.dtype == np.float32
    assert batch.mask.sum() == sum(map(len, sentences))
    assert ((batch.index > 0) == (batch.mask > 0)).all()


@given(SENTENCES)
def test_each_distinct_word_is_held_once(sentences):
    batch = make_batch(sentences, FEATURES)
    distinct = {word for words in sentences for word in words}
    assert len(batch.words["word"]) == len(distinct) + 1


@given(st.lists(st.lists(st.integers(1, 99), max_size=7), max_size=7))
def test_padded_rows_hold_what_was_given(rows):
    index, lengths = pad_index(rows)
    assert [row[:length].tolist() for row, length in zip(index, lengths, strict=True)] == rows
    assert index.shape == (len(rows), max(map(len, rows), default=0))
    assert (index > 0).sum() == lengths.sum()
