"""Vector files of other makes: every layout told from its content, every wrong one refused with its line."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.features import vector_files
from onoma.features.principal import fit_reduction
from onoma.features.vector_files import import_vectors, open_vectors

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
