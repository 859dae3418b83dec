"""Static vectors: lexicons, the int8 table, its file, and the readers of vector files of other makes."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from onoma.errors import InputError, OutputError
from onoma.features import static, vector_files
from onoma.features.principal import fit_reduction
from onoma.features.static import (
    LONGEST_WORD,
    PieceLexicon,
    StaticLexicon,
    StaticVectors,
    WordLexicon,
    quantise,
)
from onoma.features.vector_files import import_vectors, open_vectors

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


def test_forgetting_words_changes_no_rows(monkeypatch):
    monkeypatch.setattr(static, "REMEMBERED", 3)
    lexicon = PieceLexicon(wordpiece())
    words = ["oslo", "rain", "a", "rains", "oslo", "as"]
    for batch in ([words[:2]] * 2, [words[1:4]], [words], [words[2:]]):
        for some in batch:
            assert lexicon.rows_of(some) == PieceLexicon(wordpiece()).rows_of(some)
    assert len(lexicon._known) <= len(set(words))


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


# principal components


def test_reduced_vectors_are_centred_uncorrelated_and_of_unit_spread():
    points = np.random.default_rng(2).normal(size=(200, 6)) @ np.diag([5, 4, 3, 1, 0.5, 0.1]) + 100
    reduction = fit_reduction([points[:50], points[50:]], 3)
    mapped = reduction(points).astype(np.float64)
    covariance = mapped.T @ mapped / len(mapped)
    np.testing.assert_allclose(reduction.components @ reduction.components.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(mapped.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)
    assert np.diag(covariance).mean() == pytest.approx(1, abs=1e-4)
    assert list(np.diag(covariance)) == sorted(np.diag(covariance), reverse=True)
    assert 0.9 < reduction.kept < 1


def test_the_components_are_those_of_a_singular_value_decomposition():
    points = np.random.default_rng(3).normal(size=(60, 4)) * [4, 3, 2, 1]
    centred = points - points.mean(axis=0)
    _, strengths, rows = np.linalg.svd(centred, full_matrices=False)
    reduction = fit_reduction([points], 2)
    np.testing.assert_allclose(np.abs(np.sum(reduction.components * rows[:2], axis=1)), 1, atol=1e-9)
    assert reduction.kept == pytest.approx((strengths[:2] ** 2).sum() / (strengths**2).sum())


def test_blocks_and_mirrored_axes_change_no_sign():
    points = np.random.default_rng(4).normal(size=(40, 5))
    whole, cut = fit_reduction([points], 5), fit_reduction([points[:7], points[7:]], 5)
    np.testing.assert_allclose(whole.components, cut.components, atol=1e-9)
    assert (np.take_along_axis(whole.components, np.abs(whole.components).argmax(1)[:, None], 1) > 0).all()


@pytest.mark.parametrize("dim", [0, -1, 4])
def test_a_dimension_out_of_reach_is_refused(dim):
    with pytest.raises(InputError, match="give 1 to 3"):
        fit_reduction([np.eye(3)], dim)


def test_equal_or_no_vectors_cannot_be_reduced():
    with pytest.raises(InputError, match="all equal"):
        fit_reduction([np.ones((4, 2))], 1)
    with pytest.raises(InputError, match="no vectors"):
        fit_reduction([], 1)


# vector files of other makes


WORDS = {"the": [0.5, -1.25, 3.0], "Oslo": [1.0, 2.0, -0.125], "雨": [0.0, 0.25, 1e-3]}


def rows(ending: str = "\n") -> str:
    return "".join(f"{word} {' '.join(map(str, vector))}{ending}" for word, vector in WORDS.items())


def binary(words=WORDS, ending: bytes = b"\n", announced: int | None = None) -> bytes:
    body = (w.encode() + b" " + np.array(v, "<f4").tobytes() + ending for w, v in words.items())
    return f"{len(words) if announced is None else announced} 3\n".encode() + b"".join(body)


LAYOUTS = {
    "GloVe": rows().encode(),
    "word2vec text": b"3 3\n" + rows().encode(),
    "fastText": b"3 3\n" + rows(" \n").encode(),
    "carriage returns": b"3 3\r\n" + rows("\r\n").encode(),
    "no last line feed": rows().rstrip().encode(),
    "blank line at the end": rows().encode() + b"\n",
    "word2vec binary": binary(),
    "binary without line feeds": binary(ending=b""),
}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
def test_every_layout_is_told_from_its_content(tmp_path, content, zipped):
    file = tmp_path / "vectors"
    file.write_bytes(gzip.compress(content) if zipped else content)
    vectors = open_vectors(file)
    for _ in range(2):  # as often as wanted
        read = {word: vector.tolist() for word, vector in vectors}
        assert read == {word: np.float32(vector).tolist() for word, vector in WORDS.items()}
    assert vectors.dim == 3
    assert [word for word, _ in open_vectors(file, limit=2)] == ["the", "Oslo"]
    assert sum(len(words) for words, _ in vectors.blocks()) == 3


@given(
    st.dictionaries(
        st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zs", "Nd"]), min_size=1).filter(
            lambda word: not any(c in word for c in " \n\r")
        ),
        st.lists(st.floats(-1e9, 1e9, width=32), min_size=3, max_size=3),
        min_size=1,
    )
)
def test_text_and_binary_say_the_same(tmp_path_factory, words):
    folder = tmp_path_factory.mktemp("same")
    lines = "".join(f"{word} {' '.join(map(repr, vector))}\n" for word, vector in words.items())
    (folder / "text").write_text(f"{len(words)} 3\n{lines}", encoding="utf-8")
    (folder / "binary").write_bytes(binary(words))
    text = {word: vector.tolist() for word, vector in open_vectors(folder / "text")}
    assert text == {word: vector.tolist() for word, vector in open_vectors(folder / "binary")} == words


def test_the_first_of_equal_words_wins_and_what_is_left_out_is_counted(tmp_path):
    (tmp_path / "v").write_bytes(b"a 1 2\nb 3 4\na 5 6\n\xff 1 1\n 7 8\n. . . 9 10\n")
    vectors = open_vectors(tmp_path / "v")
    assert [(w, v.tolist()) for w, v in vectors] == [("a", [1, 2]), ("b", [3, 4]), (". . .", [9, 10])]
    assert vectors.skipped == {"repeated": 1, "unreadable": 2}


WRONG = {
    "a number short": (b"a 1 2 3\nb 1 2\n", ":2: 2 numbers follow the word, not 3"),
    "a number more": (b"a 1 2 3\nb 1 2 3 4\n", ":2: 4 numbers follow the word, not 3"),
    "not what the header says": (b"2 3\na 1 2\nb 1 2\n", ":2: 2 numbers follow the word, not 3"),
    "not a number": (b"a 1 2\nb 1 x\n", ":2: could not convert"),
    "nan": (b"a 1 2\nb 1 nan\n", ":2: a number is not finite"),
    "infinite": (b"a 1 2\nb 1 inf\n", ":2: a number is not finite"),
    "too large": (b"a 1 2\nb 1 1e99\n", ":2: a number is not finite"),
    "fewer than announced": (b"3 2\na 1 2\n", ":1: 3 vectors are announced, the file holds 1"),
    "more than announced": (b"1 2\na 1 2\nb 1 2\n", ":1: 1 vectors are announced, the file holds 2"),
    "binary cut short": (binary()[:-5], "3 vectors are announced, number 3 is not whole"),
    "binary too long": (binary(announced=2), "more than the 2 vectors"),
    "binary nan": (binary({"a": [1, np.nan, 2]}), ":1: a number is not finite"),
    "binary of nothing": (b"2 3\n" + bytes(100_000), "number 1 is not whole"),
    "empty": (b"", "holds no word vectors"),
    "a space": (b" \n", "holds no word vectors"),
    "prose": (b"It rained in Oslo all day.\n", "holds no word vectors"),
    "a word a line": (b"Oslo\nrain\n", "holds no word vectors"),
    "no dimension": (b"2 0\na\nb\n", "holds no word vectors"),
    "fastText's own binary": (b"\xba\x16\x4f\x2f\x0c\0\0\0", r"use the \.vec"),
    "an archive": (b"PK\x03\x04" + bytes(50), "holds no word vectors"),
    "a long line of nothing": (b"a" * 5_000_000, "holds no word vectors"),
    "damaged gzip": (gzip.compress(rows().encode())[:-12], "cannot read"),
    "gzip of another make": (b"\x1f\x8b" + bytes(30), "cannot read"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_with_the_line(tmp_path, content, message):
    (tmp_path / "wrong").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        import_vectors(tmp_path / "wrong")
    assert str(tmp_path / "wrong") in str(caught.value)


def test_a_missing_file_a_folder_and_an_empty_limit_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="cannot read"):
            open_vectors(path)
    with pytest.raises(InputError, match="limit of 0"):
        open_vectors(tmp_path / "none", limit=0)


def test_importing_keeps_the_numbers_within_a_step(tmp_path):
    (tmp_path / "glove.txt").write_text(rows(), encoding="utf-8")
    vectors = import_vectors(tmp_path / "glove.txt", licence="CC0")
    for word, vector in WORDS.items():
        np.testing.assert_allclose(vectors.vector(word), vector, atol=max(map(abs, vector)) / 250)
    assert vectors.vector("THE").tolist() == vectors.vector("the").tolist()
    assert vectors.about == {"source": "glove.txt", "licence": "CC0", "skipped": {}}


def test_importing_in_blocks_and_reduced_is_the_reduction_of_the_whole(tmp_path, monkeypatch):
    matrix = np.random.default_rng(5).normal(size=(25, 6)).astype(np.float32)
    buffer = io.StringIO()
    for number, vector in enumerate(matrix):
        buffer.write(f"w{number} {' '.join(map(repr, vector.tolist()))}\n")
    (tmp_path / "v").write_text(buffer.getvalue())
    monkeypatch.setattr(vector_files, "BLOCK", 10)
    seen: list[tuple[int, int | None]] = []
    vectors = import_vectors(tmp_path / "v", dim=4, progress=lambda *now: seen.append(now))
    whole = fit_reduction([matrix], 4)(matrix)
    for number, expected in enumerate(whole):
        np.testing.assert_allclose(vectors.vector(f"w{number}"), expected, atol=np.abs(expected).max() / 250)
    assert seen == [(10, None), (20, None), (25, None)] * 2
    with pytest.raises(InputError, match="give 1 to 6"):
        import_vectors(tmp_path / "v", dim=7)
