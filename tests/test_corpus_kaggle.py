"""The Kaggle CSV: the sentence id carried forward, words that pandas drops, and the trap refused."""

from __future__ import annotations

import pytest

from onoma import CorpusError
from onoma.corpus import read

HEADER = "Sentence #,Word,POS,Tag\n"


@pytest.fixture
def corpus(tmp_path):
    def make(text, **options):
        path = tmp_path / "a.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return read(path, **options)

    return make


def test_the_sentence_id_is_carried_forward(corpus):
    found = list(
        corpus(HEADER + "Sentence: 1,Ada,N,B-per\n,Stone,N,I-per\n,wrote,V,O\nSentence: 2,Home,N,O\n")
    )
    assert [(d.id, d.words) for d in found] == [
        ("Sentence: 1", ["Ada", "Stone", "wrote"]),
        ("Sentence: 2", ["Home"]),
    ]
    assert found[0].surface(found[0].entities[0]) == "Ada Stone"


@pytest.mark.parametrize("again", ["Sentence: 1", "", "nan", "NaN"])
def test_an_id_on_every_row_reads_the_same(corpus, again):
    (found,) = corpus(HEADER + f"Sentence: 1,Ada,N,B-per\r\n{again},wrote,V,O\r\n")
    assert found.words == ["Ada", "wrote"]


def test_words_that_look_like_missing_values_are_words(corpus):
    words = ["NA", "None", "nan", "null", "NULL", "N/A", '"', ",", "a\nb", "'"]
    rows = [
        f'{"1" if i == 0 else ""},"{word.replace(chr(34), chr(34) * 2)}",X,O' for i, word in enumerate(words)
    ]
    (found,) = corpus(HEADER + "\r\n".join(rows))
    assert found.words == words


def test_other_headers_and_delimiters(corpus):
    (found,) = corpus(";sentence_idx;word;ner\n0;1.0;Ada;B-per\n1;1.0;wrote;O\n")
    assert (found.words, found.entities[0].label) == (["Ada", "wrote"], "per")


def test_the_tag_column_is_chosen_by_name_or_number(corpus):
    text = "sentence,word,coarse,tag\n1,Ada,B-name,B-per\n,wrote,O,O\n"
    for column in ("coarse", 2, -2):
        assert corpus(text, tag_column=column).labels == ["name"]
    with pytest.raises(
        CorpusError, match="no tag column 'fine': the columns are sentence, word, coarse, tag"
    ):
        list(corpus(text, tag_column="fine"))


@pytest.mark.parametrize(
    "rows",
    [
        "1,Ada,N,B-per\n2,Stone,N,I-per\n3,wrote,V,O\n",  # each row an id of its own
        "S: 1,Ada,N,B-per\nS: 2,London,N,B-geo\nS: 3,The,D,O\n",  # rows without one lost
    ],
)
def test_a_file_of_one_word_sentences_is_refused(corpus, rows):
    with pytest.raises(CorpusError, match="all 3 sentences have one word: the sentence id was not carried"):
        list(corpus(HEADER + rows))


def test_a_few_one_word_sentences_are_no_trap(corpus):
    assert len(corpus(HEADER + "1,a,X,O\n2,b,X,O\n3,c,X,O\n4,d,X,O\n,e,X,O\n")) == 4
    assert len(corpus(HEADER + "1,a,X,O\n2,b,X,O\n")) == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,Ada,N,B-per\n,wrote,V\n", r":3: this row has 3 columns, the header 4: ',wrote,V'"),
        ("1,Ada,N,B-per\n,,V,O\n", r":3: this row's word is empty.*keep_default_na=False"),
        ('1,"a\nb",N,O\n,c,N\n', r":4: this row has 3 columns"),
        ("1,Ada,N,per\n,wrote,V,O\n", r":2: 'per' in the column of tags is no tag"),
        ("1,Ada,N,B-per\n,wrote,V,\n", r":3: '' in the column of tags is no tag"),
    ],
)
def test_a_wrong_row_is_named(corpus, rows, message):
    with pytest.raises(CorpusError, match=message):
        list(corpus(HEADER + rows))
