"""Static vectors: lexicons, the int8 table, and the file they lie in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from onoma.errors import InputError, OutputError
from onoma.features import static
from onoma.features.static import (
    LONGEST_WORD,
    PieceLexicon,
    StaticLexicon,
    StaticVectors,
    WordLexicon,
    quantise,
)

PIECES = ["[UNK]", "[CLS]", "os", "##lo", "rain", "##s", "a", "##a", ".", "é"]


def wordpiece(**limits) -> str:
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[CLS]"])
    if limits:
        tokenizer.enable_truncation(1)
        tokenizer.enable_padding(length=7)
    return tokenizer.to_str()


def piece_vectors(dim: int = 5) -> StaticVectors:
    matrix = np.random.default_rng(0).normal(size=(len(PIECES), dim))
    return StaticVectors.of(PieceLexicon(wordpiece()), matrix, {"source": "chance", "licence": "MIT"})


LEXICONS = {
    "words": WordLexicon(["Oslo", "oslo", "rain", ". . .", "caf\u0085e", "\u2028", "雨", "\ud800"]),
    "pieces": PieceLexicon(wordpiece()),
}


# lexicons


def test_a_word_is_looked_up_as_written_then_in_lower_case():
    lexicon = WordLexicon(["Oslo", "oslo", "rain"])
    assert lexicon.rows_of(["Oslo", "oslo", "OSLO", "Rain", "snow", ""]) == [[1], [2], [2], [3], [], []]


def test_pieces_have_the_row_after_their_id_and_no_special_tokens():
    lexicon = PieceLexicon(wordpiece())
    assert lexicon.rows("Oslo") == [3, 4]
    assert lexicon.rows_of(["rains", "Rain.", "", " ", "zzz"]) == [[5, 6], [5, 9], [], [], [1]]
    assert lexicon.size == len(PIECES) + 1


def test_truncation_and_padding_of_the_tokenizer_are_put_aside():
    assert PieceLexicon(wordpiece(cut=True)).rows_of(["oslo", "a"]) == [[3, 4], [7]]


def test_a_word_of_five_million_characters_costs_no_more_than_its_head():
    lexicon = PieceLexicon(wordpiece())
    assert lexicon.rows("a" * 5_000_000) == lexicon.rows("a" * LONGEST_WORD) == [7] + [8] * (LONGEST_WORD - 1)
    assert WordLexicon(["a"]).rows("A" * 5_000_000) == []


@pytest.mark.parametrize("lexicon", LEXICONS.values(), ids=LEXICONS)
@given(words=st.lists(st.text(st.characters(), max_size=20)))  # half surrogate pairs included
def test_any_words_at_all_have_the_rows_they_have_alone(lexicon, words):
    rows = lexicon.rows_of(words)
    assert rows == [lexicon.rows(word) for word in words]
    assert all(0 < row < lexicon.size for found in rows for row in found)


def test_what_a_caller_does_to_rows_changes_nothing():
    lexicon = PieceLexicon(wordpiece())
    lexicon.rows("oslo").clear()
    assert lexicon.rows("oslo") == [3, 4]


@pytest.mark.parametrize("lexicon", LEXICONS.values(), ids=LEXICONS)
def test_a_lexicon_comes_back_from_its_folder(lexicon, tmp_path):
    path = lexicon.save(tmp_path)
    assert [path.name] == [file.name for file in tmp_path.iterdir()] == [lexicon.file_name]
    again = StaticLexicon.load(tmp_path)
    words = ["Oslo", "OSLO", "rain", ". . .", "caf\u0085e", "\u2028", "雨", "\ud800", "none"]
    assert again.rows_of(words) == lexicon.rows_of(words)
    assert (again.kind, again.size) == (lexicon.kind, lexicon.size)


def test_a_lexicon_without_words_comes_back(tmp_path):
    WordLexicon([]).save(tmp_path)
    assert StaticLexicon.load(tmp_path).rows("a") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("words.txt", b"a\xff"),
        ("words.txt", b"a\nb\na"),
        ("tokenizer.json", b"{}"),
        ("tokenizer.json", b""),
        ("tokenizer.json", b"\xff\x00"),
        ("other.txt", b"a"),
    ],
)
def test_a_folder_without_a_sound_lexicon_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        StaticLexicon.load(tmp_path)


@pytest.mark.parametrize("words", [["a", "a"], ["a\nb"]])
def test_a_word_list_that_cannot_be_kept_is_refused(words):
    with pytest.raises(InputError, match="distinct"):
        WordLexicon(words)


# the table


FLOATS = arrays.arrays(np.float32, (4, 3), elements=st.floats(-1e6, 1e6, width=32))


@given(FLOATS)
def test_quantising_is_off_by_half_a_step_at_most(matrix):
    codes, scale = quantise(matrix)
    error = np.abs(codes * scale[:, None].astype(np.float64) - matrix)
    assert (error <= scale[:, None] * 0.501 + 1e-30).all()
    assert codes.min(initial=0) >= -127


@given(FLOATS)
def test_the_opposite_vector_has_the_opposite_codes(matrix):
    assert (quantise(-matrix)[0] == -quantise(matrix)[0]).all()


def test_a_vector_is_the_mean_of_its_pieces_and_zero_without_any():
    matrix = np.random.default_rng(1).normal(size=(len(PIECES), 6))
    vectors = StaticVectors.of(PieceLexicon(wordpiece()), matrix)
    half_step = np.abs(matrix).max() / 254
    for word, pieces in {"Oslo": [2, 3], "rains": [4, 5], "a": [6]}.items():
        assert np.abs(vectors.vector(word) - matrix[pieces].mean(axis=0)).max() <= half_step * 1.01
    assert vectors.vector("").tolist() == [0.0] * 6
    assert not vectors.table[0].any()
    assert vectors.vector("a").dtype == np.float32


def test_the_same_vectors_give_the_same_file_and_come_back(tmp_path):
    vectors = piece_vectors()
    vectors.save(tmp_path / "a.npz")
    vectors.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = StaticVectors.load(tmp_path / "a.npz")
    assert (again.table == vectors.table).all()
    assert (again.scale == vectors.scale).all()
    assert again.about == {"source": "chance", "licence": "MIT"}
    assert again.rows_of(["Oslo", "rains"]) == vectors.rows_of(["Oslo", "rains"])
    assert (again.kind, again.dim) == ("pieces", 5)


def test_a_file_of_words_comes_back(tmp_path):
    StaticVectors.of(LEXICONS["words"], np.ones((8, 2))).save(tmp_path / "a")
    again = StaticVectors.load(tmp_path / "a")
    assert again.kind == "words"
    assert again.vector(". . .").tolist() == again.vector("\ud800").tolist() == [1.0, 1.0]


def test_an_unwritable_place_leaves_nothing_behind(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        piece_vectors().save(tmp_path / "file" / "a.npz")


def saved(tmp_path: Path) -> bytes:
    piece_vectors().save(tmp_path / "good.npz")
    return (tmp_path / "good.npz").read_bytes()


@pytest.mark.parametrize("kept", [0, 1, 10, 500, 0.5, 0.99])
def test_a_shortened_file_is_refused(tmp_path, kept):
    content = saved(tmp_path)
    (tmp_path / "bad.npz").write_bytes(content[: kept if kept >= 1 else int(kept * len(content))])
    with pytest.raises(InputError, match=r"bad\.npz is not a file of static vectors"):
        StaticVectors.load(tmp_path / "bad.npz")


def test_a_changed_byte_is_refused_or_changes_nothing(tmp_path):
    content, good = saved(tmp_path), piece_vectors()
    for place in range(0, len(content), 37):
        changed = bytearray(content)
        changed[place] ^= 0xFF
        (tmp_path / "bad.npz").write_bytes(changed)
        try:
            read = StaticVectors.load(tmp_path / "bad.npz")
        except InputError:
            continue
        assert (read.table == good.table).all()
        assert (read.scale == good.scale).all()
        assert read.rows("Oslo") == good.rows("Oslo")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no file of static vectors at .*none"):
        StaticVectors.load(tmp_path / "none")
    with pytest.raises(InputError, match="no file"):
        StaticVectors.load(tmp_path)


def blob(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


GOOD = {
    "about": blob(json.dumps({"format": static.FORMAT, "kind": "words"})),
    "lexicon": blob("a\nb"),
    "table": np.array([[0, 0], [1, 2], [3, 4]], np.int8),
    "scale": np.ones(3, np.float32),
}
FOREIGN = {
    "another format": {"about": blob('{"format": "other"}')},
    "no format": {"about": blob('{"kind": "words"}')},
    "not an object": {"about": blob("[]")},
    "not JSON": {"about": blob("{")},
    "unknown kind": {"about": blob(json.dumps({"format": static.FORMAT, "kind": "stones"}))},
    "too few rows": {"table": np.zeros((2, 2), np.int8)},
    "floats": {"table": np.zeros((3, 2), np.float32)},
    "flat": {"table": np.zeros(6, np.int8)},
    "scale too long": {"scale": np.ones(4, np.float32)},
    "padding not zero": {"table": np.ones((3, 2), np.int8)},
    "scale not finite": {"scale": np.array([0, 1, np.nan], np.float32)},
    "words repeated": {"lexicon": blob("a\na")},
    "a pickle": {"lexicon": np.array([{"a": 1}], object)},
    "an array missing": {"lexicon": None},
}


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_archive_is_refused(tmp_path, change):
    content = {name: array for name, array in (GOOD | change).items() if array is not None}
    np.savez(tmp_path / "bad.npz", **content)
    with pytest.raises(InputError, match="is not a file of static vectors"):
        StaticVectors.load(tmp_path / "bad.npz")


def test_the_archive_those_are_made_from_is_sound(tmp_path):
    np.savez(tmp_path / "good.npz", **GOOD)
    assert StaticVectors.load(tmp_path / "good.npz").vector("b").tolist() == [3.0, 4.0]
