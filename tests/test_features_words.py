"""What a network sees of a word: laws that hold for every word, seen or not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from onoma.errors import BundleError
from onoma.features.static import PieceLexicon, WordLexicon
from onoma.features.words import PAD, UNKNOWN, WordFeatures, build_features, normalise, seen, shape

WORDS = st.text(min_size=1, max_size=40).filter(lambda word: not word.isspace())
COUNTS = st.dictionaries(WORDS, st.integers(1, 30), max_size=12)
KNOWN = Counter({"Paris": 20, "paris": 3, "in": 40, "1984": 12, "U.S.": 15, "rare": 1})


def pieces() -> PieceLexicon:
    vocabulary = {"[UNK]": 0, "par": 1, "##is": 2, "in": 3}
    return PieceLexicon(Tokenizer(WordPiece(vocabulary, unk_token="[UNK]")).to_str())


def everything() -> WordFeatures:
    return build_features(KNOWN, min_count=2, characters=True, shapes=True, static=pieces())


def rows(features: WordFeatures, word: str) -> dict[str, list[int]]:
    """The features of one word without padding."""
    return {
        name: np.trim_zeros(np.atleast_1d(a[1]), "b").tolist() for name, a in features.arrays([word]).items()
    }


@given(WORDS)
def test_normalising_again_changes_nothing(word):
    assert normalise(normalise(word)) == normalise(word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("USA", "XX"),
        ("Us", "Xx"),
        ("us", "x"),
        ("1984", "d"),
        ("e-mail", "x-x"),
        ("iPhone7", "xXxd"),
        ("", ""),
    ],
)
def test_shapes(word, expected):
    assert shape(word) == expected


@given(st.text(max_size=100))
def test_a_shape_is_short(word):
    assert len(shape(word)) <= 8


@given(st.lists(WORDS, max_size=8))
def test_the_first_row_pads_and_no_word_does(words):
    arrays = everything().arrays(words)
    assert set(arrays) == {"word", "characters", "shape", "pieces"}
    for array in arrays.values():
        assert len(array) == len(words) + 1
        assert not array[0].any()
    for name in ("word", "shape"):
        assert (arrays[name][1:] > PAD).all()
    assert (arrays["characters"][1:, :1] > PAD).all()


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_a_words_features_depend_on_the_word_alone(words):
    features = everything()
    arrays = features.arrays(words)
    for i, word in enumerate(words, start=1):
        together = {name: np.trim_zeros(np.atleast_1d(a[i]), "b").tolist() for name, a in arrays.items()}
        assert together == rows(features, word)


@given(WORDS)
def test_unseen_words_are_treated_alike(word):
    """A word never seen is unknown, wherever it comes from; its characters, shape and pieces still count."""
    found = rows(everything(), word)
    if normalise(word) not in {"paris", "in", "0000", "u.s."}:
        assert found["word"] == [UNKNOWN]
    assert len(found["characters"]) == min(len(seen(word)), 32)


@given(WORDS.filter(lambda word: len(word) > 1), st.integers(1, 3), st.sampled_from("\u200b\u2066\xad\ufeff"))
def test_what_nobody_sees_changes_no_feature(word, at, sign):
    assert rows(everything(), word[:at] + sign + word[at:]) == rows(everything(), word)


def test_a_word_too_rare_is_as_unknown_as_one_never_seen():
    features = everything()
    assert rows(features, "rare")["word"] == rows(features, "never")["word"] == [UNKNOWN]
    assert "rare" not in features.words


@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_in_which_words_are_counted_does_not_matter(counts, chance):
    shuffled = list(counts.items())
    chance.shuffle(shuffled)
    one, other = (build_features(dict(c), characters=True, shapes=True) for c in (counts.items(), shuffled))
    assert (one.words, one.characters, one.shapes) == (other.words, other.characters, other.shapes)


def test_counts_of_words_that_look_the_same_add_up():
    features = build_features({"Paris": 2, "PARIS": 2, "2001": 1, "1999": 1}, min_count=2)
    assert features.words == ["paris", "0000"]
    assert set(features.arrays(["x"])) == {"word"}


def test_a_very_long_word_costs_no_more_than_a_long_one():
    arrays = everything().arrays(["x" * 5_000_000])
    assert arrays["characters"].shape == (2, 32)
    assert arrays["pieces"].shape[1] <= 100


@pytest.mark.parametrize(
    "static", [None, WordLexicon(["Paris", "in"]), pieces()], ids=["none", "words", "pieces"]
)
def test_what_is_saved_is_what_is_loaded(tmp_path: Path, static):
    features = build_features(KNOWN, characters=True, shapes=True, static=static)
    features.save(tmp_path)
    again = WordFeatures.load(tmp_path)
    words = ["Paris", "in", "unseen", "1111", "naïve", "🙂"]
    for name, array in features.arrays(words).items():
        assert array.tolist() == again.arrays(words)[name].tolist()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"words": [], "characters": [], "shapes": []}']
)
def test_a_damaged_lexicon_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "lexicon.json").write_bytes(content)
    with pytest.raises(BundleError, match="lexicon"):
        WordFeatures.load(tmp_path)


def test_a_missing_lexicon_is_refused(tmp_path: Path):
    with pytest.raises(BundleError, match="lexicon"):
        WordFeatures.load(tmp_path)
    parts = {"words": [], "characters": [], "shapes": [], "static": True}
    (tmp_path / "lexicon.json").write_text(json.dumps(parts))
    with pytest.raises(BundleError, match="static"):
        WordFeatures.load(tmp_path)
