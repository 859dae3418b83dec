"""Scoring column files: what is read, what is passed over, and what is refused with file and line."""

from __future__ import annotations

import gzip
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError, CorpusError
from onoma.evaluation import score_files, score_tags
from onoma.evaluation.columns import read_columns
from onoma.evaluation.submission import Layout, read_submissions

GOLD = "Ada NNP B-per\nLovelace NNP I-per\nwrote VBD O\n\nParis NNP B-geo\nslept VBD O\n"
GUESS = "Ada\tB-per\nLovelace\tI-per\nwrote\tO\n\nParis\tO\nslept\tO\n"


@pytest.fixture
def put(tmp_path: Path):
    def write(name: str, text: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def sentences(path: Path, column: int = -1) -> list[list[tuple[str, str]]]:
    read = read_columns(path, column)
    found: list[list[tuple[str, str]]] = []
    for word, tag, first in zip(read.words, read.tags, read.first, strict=True):
        if first:
            found.append([])
        found[-1].append((word.decode(), tag))
    return found


def test_two_files_with_other_columns_and_separators(put):
    scores = score_files(put("gold", GOLD), put("guess", GUESS))
    assert (scores.strict.micro.tp, scores.strict.micro.fn, scores.sentences) == (1, 1, 2)
    assert scores.sequence_accuracy == 0.5


EXPECTED = [[("Ada", "B-per"), ("Lovelace", "I-per"), ("wrote", "O")], [("Paris", "B-geo"), ("slept", "O")]]


@pytest.mark.parametrize(
    "text",
    [
        GOLD,
        GOLD.replace(" ", "\t"),
        GOLD.replace("\n", "\r\n"),
        GOLD.replace("\n", "\r"),
        "\ufeff" + GOLD,
        GOLD.rstrip("\n"),
        "\n\n" + GOLD.replace("\n\n", "\n \n\t\n\n") + "\n\n",
        "-DOCSTART- -X- O\n\n" + GOLD.replace("\n\n", "\n\n-DOCSTART- -X- O\n\n"),
        "-DOCSTART-\n" + GOLD.replace("\n\n", "\n-DOCSTART-\n"),
        "# id = 1\n" + GOLD.replace("\n\n", "\n\n# id = 2\n# text: Paris slept, and more\n"),
        GOLD.replace("wrote", "# a comment in between\nwrote"),
        GOLD.replace(" ", "\t").replace("VBD", "past tense"),
        GOLD.replace(" ", "\t").replace("VBD", ""),
        GOLD.replace(" ", "\t").replace("\n", "\t\n").replace("VBD", "V D"),
        GOLD.replace("wrote VBD O", "wrote VBD extra O"),
    ],
)
def test_spellings_of_one_file(put, text):
    assert sentences(put("gold", text)) == EXPECTED


def test_a_hash_can_be_a_word(put):
    assert sentences(put("a", "# NN B-num\n1 CD I-num\n# NN O\n")) == [
        [("#", "B-num"), ("1", "I-num"), ("#", "O")]
    ]


def test_words_may_hold_other_white_space_and_cells_with_tabs_any(put):
    assert sentences(put("a", "New\u00a0York B-geo\nx\u2028y O\n")) == [
        [("New\u00a0York", "B-geo"), ("x\u2028y", "O")]
    ]
    assert sentences(put("b", "# id\nNew York\tB-geo\n\n\tO\n")) == [[("New York", "B-geo")], [("", "O")]]


def test_any_column(put):
    both = put("both", "Ada B-per O\nwrote O O\n")
    scores = score_files(both, both, gold_column=1, predicted_column=-1)
    assert scores.strict.micro.fn == 1
    assert score_files(both, both, gold_column=-2, predicted_column=1).strict.micro.f1 == 1


def test_packed_files_and_other_encodings(put, tmp_path):
    gold = put("gold", GOLD.replace("Ada", "Adä"))
    latin = put("latin", GOLD.replace("Ada", "Adä").encode("latin-1"))
    packed = put("gold.gz", gzip.compress(gold.read_bytes()))
    with zipfile.ZipFile(tmp_path / "gold.zip", "w") as archive:
        archive.writestr("gold.conll", gold.read_bytes())
    wide = put("wide", GOLD.replace("Ada", "Adä").encode("utf-16"))
    for other in (latin, packed, tmp_path / "gold.zip", wide):
        assert score_files(gold, other).strict.micro.f1 == 1, other


def test_a_file_of_tags_alone_is_compared_by_its_breaks(put):
    tags = put("tags", "B-per\nI-per\nO\n\nB-geo\nO\n")
    assert score_files(put("gold", GOLD), tags).strict.micro.f1 == 1


@pytest.mark.parametrize(
    ("guess", "message"),
    [
        (GUESS.replace("wrote", "writes"), r"gold:3 has 'wrote', but .*guess:3 has 'writes'"),
        (
            GUESS.replace("\n\n", "\n"),
            r"gold:5 has 'Paris', which begins a sentence, but .*guess:4 has 'Paris';",
        ),
        (GUESS.replace("slept\tO\n", ""), r"gold:6 has 'slept', but .*guess ends after line 5"),
        (GUESS + "\nMore\tO\n", r"gold ends after line 6, but .*guess:8 has 'More', which begins"),
        ("O\nO\n", r"gold:3 has 'wrote', but .*guess ends after line 2"),
    ],
)
def test_files_that_do_not_align_name_the_first_line_that_differs(put, guess, message):
    with pytest.raises(AlignmentError, match=message):
        score_files(put("gold", GOLD), put("guess", guess))


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", -1, "bad: the file is empty"),
        ("\n \n\t\n", -1, "bad: the file holds no tokens"),
        ("-DOCSTART- O\n", -1, "bad: the file holds no tokens"),
        (GOLD, 1, "bad:1: column 1 holds 'NNP', which is no tag"),
        (GOLD, 7, r"bad:1: this row has 3 columns, so none is column 7 \(they count from 0\)"),
        (GOLD, -4, "bad:1: this row has 3 columns, so none is column -4"),
        ("a O\n\n# x\nb per\n", -1, "bad:4: column -1 holds 'per', which is no tag"),
        ("a O\nb\n", 1, "bad:2: this row has 1 columns"),
        ("x" * 5_000_000, -1, r"which is no tag"),
        ("# only\n# comments here\n# and words\n", 5, "bad: the file holds no tokens"),
        (b"\x00\x01\x02\x03" * 500, -1, "this is no text"),
        (b"PK\x03\x04 cut short", -1, "the archive is damaged"),
    ],
)
def test_what_cannot_be_read_says_where(put, text, column, message):
    path = put("bad", text)
    with pytest.raises(CorpusError, match=message) as failure:
        read_columns(path, column)
    assert len(str(failure.value)) < 500


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=5)
rows = st.tuples(words, st.sampled_from(["O", "B-per", "I-per", "B-geo"]))


@given(st.lists(st.lists(rows, min_size=1, max_size=5), min_size=1, max_size=5), st.sampled_from(" \t"))
def test_what_is_written_is_read(tmp_path_factory, written, separator):
    path = tmp_path_factory.mktemp("columns") / "file"
    text = "\n\n".join("\n".join(f"{w}{separator}{t}" for w, t in sentence) for sentence in written)
    path.write_text(text, encoding="utf-8", newline="\n")
    assert sentences(path) == written
    tags = [[tag for _, tag in sentence] for sentence in written]
    assert score_files(path, path).to_dict() == score_tags(tags, tags).to_dict()


def test_a_big_file_and_its_documents_agree(put):
    from onoma.corpus import read

    chance = random.Random(7)
    tags = ["O", "O", "O", "B-per", "I-per", "B-geo", "I-geo"]
    lines = [
        "" if chance.random() < 0.1 else f"w{chance.randrange(99)} X {chance.choice(tags)}"
        for _ in range(5000)
    ]
    path = put("big.conll", "\n".join(lines))
    scores = score_files(path, path)
    corpus = read(path)
    assert scores.sentences == len(corpus)
    assert scores.conlleval.micro.support == sum(len(document.entities) for document in corpus)


@pytest.mark.parametrize(
    ("cell", "advice"),
    [
        ("B-", "its label is missing after the hyphen"),
        ("BPER", r"a prefix needs a hyphen \(B-PER\?\); if tags have no prefix, say so: --scheme io"),
        ("B_PER", r"a prefix needs a hyphen \(B-PER\?\)"),
        ("PER-B", "the prefix stands first: B-PER"),
        ("_", "a token outside every entity has the tag O"),
    ],
)
def test_what_is_nearly_a_tag_is_refused_with_advice(put, cell, advice):
    with pytest.raises(CorpusError, match=rf"bad:2: column -1 holds '{cell}', which is no tag: {advice}"):
        read_columns(put("bad", f"a O\nb {cell}\n"))


def test_tags_in_lower_case_are_understood_and_noted(put):
    read = read_columns(put("low", "a b-PER\nb i-PER\nc o\nd B-PER\n"))
    assert read.tags == ["B-PER", "I-PER", "O", "B-PER"]
    assert "tags in lower case, 3 of them" in read.notes[0]


def test_labels_may_hold_hyphens_and_be_an_underline(put):
    tags = ["B-creative-work", "I-creative-work", "B-_"]
    assert read_columns(put("a", "".join(f"w {tag}\n" for tag in tags))).tags == tags


def test_labels_without_prefixes_are_read_as_inside(put):
    read = read_columns(put("a", "a PER\nb person-actor\nc O\nd o\ne B-x\n"), bare=True)
    assert read.tags == ["I-PER", "I-person-actor", "O", "O", "B-x"]


def test_words_stand_beside_token_numbers(put):
    rows = "# source\n1\tNew York\tB-LOC\tO\n2\tis\tO\tO\n\n1\there\tO\tO\n"
    assert [word for sentence in sentences(put("a", rows)) for word, _ in sentence] == [
        "New York",
        "is",
        "here",
    ]
    years = "1\tCD\tB-num\n5\tCD\tB-num\n"  # these are words
    assert [word for word, _ in sentences(put("b", years))[0]] == ["1", "5"]


def test_boundary_lines_of_conlleval_end_sentences(put):
    assert sentences(put("a", "-X- -X- O\nAda NNP B-per\n-X- -X- O\nslept VBD O\n")) == [
        [("Ada", "B-per")],
        [("slept", "O")],
    ]


ARTICLES = "-DOCSTART- -X- O\n\n" + GOLD.replace("\n\n", "\n\n-DOCSTART- -X- O\n\n")


@pytest.mark.parametrize(
    "guess", ["O\n\nB-per\nI-per\nO\n\nO\n\nB-geo\nO\n", "O\nB-per\nI-per\nO\n\nO\nB-geo\nO\n"]
)
def test_tags_for_docstart_lines_are_left_out(put, guess):
    one = read_submissions(put("gold", ARTICLES), [put("guess", guess)])[0]
    assert one.scores().strict.micro.f1 == 1
    assert "has a tag for each -DOCSTART- line of" in one.notes[0]
    assert one.judged().groups.tolist() == [0, 1]


def test_docstart_lines_in_one_file_are_noted(put):
    one = read_submissions(put("gold", ARTICLES), [put("guess", GUESS)])[0]
    assert (one.scores().sentences, "only " in one.notes[0]) == (2, True)


def test_files_of_the_same_text_are_told_how_to_compare(put):
    guess = "Ada B-per\nLove I-per\nlace I-per\nwrote O\n\nParis B-geo\nslept O\n"
    with pytest.raises(AlignmentError, match="They are the same text, divided in other places"):
        score_files(put("gold", GOLD), put("guess", guess))


def test_an_entity_is_as_sure_as_its_least_sure_token(put):
    guess = put("guess", "Ada B-per .9\nLovelace I-per .6\nwrote O .1\n\nParis B-geo .7\nslept O _\n")
    one = read_submissions(put("gold", GOLD), [guess], Layout(predicted=1, score=2))[0]
    assert one.judged().predicted.score.tolist() == [0.6, 0.7]
    assert one.judged("conlleval").predicted.score.tolist() == [0.6, 0.7]


@pytest.mark.parametrize("score", ["nan", "1.5", "-0.1", "inf", "x", "_"])
def test_scores_must_be_probabilities(put, score):
    path = put("bad", f"Ada B-per 0.5\nBob B-per {score}\n")
    with pytest.raises(CorpusError, match=rf"bad:2: the score '{score}' is no number from 0 to 1"):
        read_columns(path, 1, score_column=2)
