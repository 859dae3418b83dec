"""GermEval's two columns of tags, WikiANN's language before each word, and the Kaggle CSV that we write."""

from __future__ import annotations

from pathlib import Path

import pytest

from onoma import CorpusError, Document, Entity, InputError, TagError
from onoma.corpus import read, read_split, write

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
NESTED = "Bank\tB-ORG\tO\nof\tI-ORG\tO\nOldport\tI-ORG\tB-LOC\nopened\tO\tO\n\nAda\tB-PER\tO\n"
NUMBERED = (
    "#\ta letter [1843]\n1\tBank\tB-ORG\tO\n2\tOldport\tI-ORG\tB-LOC\n\n"
    "#\tanother\n1\t#\tO\tO\n2\tAda\tB-PER\tO\n"
)


@pytest.fixture
def corpus(tmp_path):
    def make(text, **options):
        path = tmp_path / "a.tsv"
        path.write_text(text, encoding="utf-8")
        return read(path, **options)

    return make


def spans(corpus):
    return [[(document.surface(e), e.label) for e in document.entities] for document in corpus]


def test_both_columns_are_kept(corpus):
    found = corpus(NESTED)
    assert found.source.format == "germeval"
    assert spans(found) == [[("Bank of Oldport", "ORG"), ("Oldport", "LOC")], [("Ada", "PER")]]
    assert (found.scheme, found.fates.read, found.fates.kept) == ("iob2", 3, 3)


def test_rows_may_be_numbered_after_a_comment_with_the_source(corpus):
    found = corpus(NUMBERED)
    assert found.source.format == "germeval"
    assert [document.words for document in found] == [["Bank", "Oldport"], ["#", "Ada"]]
    assert [document.meta["source"] for document in found] == ["a letter [1843]", "another"]
    assert found.facts.comments == 2


@pytest.mark.parametrize(
    "text",
    [
        "Ada\tB-PER\tB-PER\nStone\tI-PER\tI-PER\nwrote\tO\tO\n",  # gold beside predictions
        "Ada\tB-NP\tB-PER\nwrote\tB-VP\tO\n",  # chunks beside names
        "EU NNP I-NP I-ORG\nrejects VBZ I-VP O\n",
        "Ada\tNNP\tB-PER\nwrote\tVBD\tO\n",
    ],
)
def test_other_columns_are_not_taken_for_nested_ones(corpus, text):
    assert corpus(text).source.format == "conll"


def test_ill_formed_tags_have_fates_with_their_line(corpus):
    text = "Ada\tI-PER\tO\nof\tO\tO\nOldport\tB-LOC\tI-ORG\n"
    found = corpus(text)
    assert spans(found) == [[("Ada", "PER"), ("Oldport", "LOC"), ("Oldport", "ORG")]]
    assert [(fate.line, fate.tag, fate.done) for fate in found.fates] == [
        (1, "PER", "[0, 3) 'Ada': kept; read leniently"),
        (3, "ORG", "[7, 14) 'Oldport': kept; read leniently"),
    ]
    assert spans(corpus(text, policy="discard")) == [[("Oldport", "LOC")]]
    with pytest.raises(CorpusError, match=r"a\.tsv:1: the span PER \[0, 3\) cannot be held: ill-formed"):
        list(corpus(text, policy="error"))


def test_of_two_columns_the_outer_one_may_be_asked_for(corpus):
    found = corpus(NESTED, overlaps="outermost")
    assert spans(found) == [[("Bank of Oldport", "ORG")], [("Ada", "PER")]]
    assert dict(found.fates.left_out) == {"overlaps": 1}
    with pytest.raises(InputError, match="two columns of tags; to read one of them, give the format conll"):
        list(corpus(NESTED, tag_column=1))
    assert spans(corpus(NESTED, format="conll", tag_column=2)) == [[("Oldport", "LOC")], []]


def test_the_same_entity_in_both_columns_is_one(corpus):
    found = corpus(NESTED + "\nOldport\tB-LOC\tB-LOC\n")
    assert spans(found)[-1] == [("Oldport", "LOC")]
    assert dict(found.fates.left_out) == {"repeated": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ada\tB-PER\tO\nwrote\tO\n", r":2: this row has 2 columns"),
        ("Ada\tB-PER\tO\nwrote\tO\tQ-X\n", r":2: 'Q-X' is no tag"),
        ("Ada O\n", "a row needs a word and two tags"),
    ],
)
def test_a_wrong_row_of_two_tags_is_named(corpus, text, message):
    with pytest.raises(CorpusError, match=message):
        list(corpus(text, format="germeval"))


def test_three_deep_is_too_deep_for_two_columns(tmp_path):
    deep = Document.from_words(["a", "b", "c"], id="9").replace(
        entities=[Entity(0, 5, "x"), Entity(0, 3, "y"), Entity(0, 1, "z")]
    )
    with pytest.raises(TagError, match="document 9: entities overlap 3 deep"):
        write([deep], tmp_path / "a.tsv", "germeval")


def test_the_language_before_each_word_goes_to_meta(corpus):
    found = corpus("en:Ada\tB-PER\nen:http://x\tO\n\nen:Oldport\tB-LOC\n")
    assert found.source.format == "wikiann"
    assert [(document.words, dict(document.meta)) for document in found] == [
        (["Ada", "http://x"], {"language": "en"}),
        (["Oldport"], {"language": "en"}),
    ]


@pytest.mark.parametrize("row", ["Ada\tO", "de:Ada\tO", "en:\tO"])
def test_a_word_without_its_language_is_named(corpus, row):
    with pytest.raises(CorpusError, match=r"a\.tsv:2: a word stands after its sentence's language"):
        list(corpus(f"en:x\tO\n{row}\n", format="wikiann"))


def test_the_csv_repeats_the_sentence_id_and_quotes_words(tmp_path):
    words = ['a "b"', "x,y", "NA", "two\nlines"]
    write([Document.from_words(words, [(0, 2, "per")], id="1")], tmp_path / "a.csv", "kaggle")
    (document,) = read(tmp_path / "a.csv")
    assert (document.words, document.id) == (words, "Sentence: 1")
    assert (tmp_path / "a.csv").read_text().startswith('Sentence #,Word,Tag\nSentence: 1,"a ""b""",B-per\n')


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="the corpora are not here")
def test_germeval_2014_as_published(tmp_path):
    place = DATA / "germeval2014" / "GermEval2014.zip"
    corpus = read_split(place, "test")
    assert (corpus.source.format, len(corpus), corpus.fates.read, len(corpus.fates)) == (
        "germeval",
        5100,
        6693,  # 6,178 in the outer column, 515 in the inner
        0,
    )
    write(corpus, tmp_path / "a.tsv", "germeval")
    assert [d.entities for d in read(tmp_path / "a.tsv")] == [d.entities for d in corpus]
