"""The memory of word vectors: whatever it forgets and whoever asks, the vectors are those computed anew."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from onoma.runtime.words import WordVectors

WIDTH = 3
BYTES = 4 * WIDTH  # of a vector


def vector(word: str) -> list[float]:
    chance = random.Random(repr(word))
    return [chance.random() for _ in range(WIDTH)]


class Computed:
    """Makes vectors and keeps count of the words it made them for."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def __call__(self, words: Sequence[str]) -> np.ndarray:
        assert len(set(words)) == len(words)
        self.words += words
        return np.array([[7.0] * WIDTH, *map(vector, words)], dtype=np.float32)


def expected(sentences: Sequence[Sequence[str]]) -> np.ndarray:
    time = max(map(len, sentences), default=0)
    padded = [[vector(word) for word in words] + [[7.0] * WIDTH] * (time - len(words)) for words in sentences]
    return np.array(padded, dtype=np.float32).reshape(len(sentences), time, WIDTH)


SENTENCES = st.lists(st.lists(st.sampled_from([*"abcdefghij", "", "\ud800"]), max_size=6), max_size=4)


@given(calls=st.lists(SENTENCES, max_size=12), room=st.integers(1, 14))
def test_any_calls_with_room_for_any_number_of_words(calls, room):
    vectors = WordVectors(Computed(), room * BYTES)
    for sentences in calls:
        assert (vectors(sentences) == expected(sentences)).all()


def test_a_word_is_computed_once_while_there_is_room():
    computed = Computed()
    vectors = WordVectors(computed, 100 * BYTES)
    for _ in range(3):
        for start in range(0, 100, 10):
            vectors([[str(i) for i in range(start, start + 10)]])
    assert computed.words == [str(i) for i in range(100)]


def test_the_oldest_word_makes_room():
    computed = Computed()
    vectors = WordVectors(computed, 4 * BYTES)
    for word in "abcd":
        vectors([[word]])
    vectors([["e"]])  # in the place of a
    del computed.words[:]
    for word in "bcde":
        vectors([[word]])
    assert computed.words == []
    vectors([["a"]])
    assert computed.words == ["a"]


def test_more_words_than_there_is_room_for_are_not_remembered():
    computed = Computed()
    vectors = WordVectors(computed, 4 * BYTES)
    vectors([["a", "b"]])
    many = [[*"cdefgh"], [*"ab"]]
    assert (vectors(many) == expected(many)).all()
    del computed.words[:]
    vectors([["a", "b"]])
    assert computed.words == []


def test_memory_does_not_grow():
    vectors = WordVectors(Computed(), 50 * BYTES)
    for start in range(0, 1000, 7):
        vectors([[str(i) for i in range(start, start + 7)]])
    assert len(vectors._known.number) == len(vectors._known._words) == 50


def test_threads_that_push_each_others_words_out_get_right_vectors():
    vectors = WordVectors(Computed(), 40 * BYTES)

    def ask(seed: int) -> bool:
        chance = random.Random(seed)
        right = True
        for _ in range(300):
            sentences = [chance.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", k=9)]
            right = right and bool((vectors(sentences) == expected(sentences)).all())
        return right

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))
