"""spaCy's DocBin: spaCy reads what we write, and we read what spaCy writes."""

from __future__ import annotations

import zlib

import pytest

from onoma import CorpusError, Document, Entity
from onoma.corpus import read, write

spacy = pytest.importorskip("spacy")

from spacy.tokens import Doc, DocBin, Span  # noqa: E402

TEXT = "\n Ada  Lovelace\twrote to\r\n\r\nCharles 👍. "


def docs(path):
    return list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def test_spacy_finds_the_text_the_tokens_and_the_entities(tmp_path):
    document = Document.from_text(TEXT, id="1")
    entities = [Entity(2, 15, "per"), Entity(28, 35, "per")]
    write([document.replace(entities=entities)], tmp_path / "a.spacy", "spacy")
    (doc,) = docs(tmp_path / "a.spacy")
    assert doc.text == TEXT
    assert [token.text for token in doc if not token.is_space] == document.words
    assert [(e.start_char, e.end_char, e.label_) for e in doc.ents] == [(2, 15, "per"), (28, 35, "per")]
    assert dict(doc.spans) == {}


def test_overlapping_entities_go_to_a_group_and_the_longest_to_the_entities(tmp_path):
    entities = [Entity(0, 12, "per"), Entity(0, 3, "first"), Entity(4, 12, "last")]
    write([Document.from_text("Ada Lovelace wrote").replace(entities=entities)], tmp_path / "a", "spacy")
    (doc,) = docs(tmp_path / "a")
    assert [e.label_ for e in doc.ents] == ["per"]
    assert [e.label_ for e in doc.spans["sc"]] == ["per", "first", "last"]
    assert next(iter(read(tmp_path / "a"))).entities == tuple(entities)
    assert read(tmp_path / "a", tag_column="ents").labels == ["per"]


@pytest.fixture
def written(tmp_path):
    """A file that spaCy made: a pipeline's tokens, entities with an id, and groups of its own."""
    nlp = spacy.blank("en")
    doc = nlp("Ada Lovelace lived in  London.\n")
    doc.ents = [Span(doc, 0, 2, "PERSON", kb_id="Q7259")]
    doc.spans["sc"] = [Span(doc, 0, 1, "FIRST")]
    doc.spans["mine"] = [Span(doc, 3, 6, "PLACE"), Span(doc, 2, 3, "VERB")]
    DocBin(docs=[doc, nlp("No names.")]).to_disk(tmp_path / "a.spacy")
    return tmp_path / "a.spacy"


def test_entities_and_the_span_group_are_read(written):
    corpus = read(written)
    first, second = corpus
    assert first.text == "Ada Lovelace lived in  London.\n"
    assert first.words == ["Ada", "Lovelace", "lived", "in", "London", "."]
    assert [(first.surface(e), e.label) for e in first.entities] == [
        ("Ada Lovelace", "PERSON"),
        ("Ada", "FIRST"),
    ]
    assert (second.entities, corpus.labels) == ((), ["FIRST", "PERSON"])
    assert corpus.facts.passed == {"spans of the spaCy group mine": 2}


def test_another_group_can_be_read(written):
    first, _ = read(written, tag_column="mine")
    assert [first.surface(e) for e in first.entities] == ["lived", "in  London"]


def test_words_without_known_blanks_are_joined_by_them(tmp_path):
    vocab = spacy.blank("xx").vocab
    DocBin(docs=[Doc(vocab, words=["Ada", "wrote"])]).to_disk(tmp_path / "a")
    assert [document.text.strip() for document in read(tmp_path / "a")] == ["Ada wrote"]


def test_a_damaged_file_is_named(written):
    content = written.read_bytes()
    written.write_bytes(content[:-20])
    with pytest.raises(CorpusError, match=r"a\.spacy: this is no spaCy DocBin, or it is damaged"):
        list(read(written))


def test_a_file_made_to_fill_the_memory_is_refused(tmp_path):
    begin = b"\x82\xa7version\xa30.1\xa5attrs\x90"
    (tmp_path / "a.spacy").write_bytes(zlib.compress(begin + bytes(80_000_000)))
    with pytest.raises(CorpusError, match=r"a\.spacy: this unpacks to more than 67,108,864 bytes"):
        list(read(tmp_path / "a.spacy"))


def test_what_spacy_has_no_place_for_outlives_spacy(tmp_path):
    odd = Document.from_words(["Ada's", "\u3000", "hat"], [(0, 1, "per")], id="x", meta={"document": "d1"})
    odd = odd.replace(entities=[Entity(0, 5, "per", 0.5)])
    write([odd, Document.from_text("plain", id="2")], tmp_path / "a", "spacy")
    assert [set(doc.user_data) for doc in docs(tmp_path / "a")] == [{"onoma"}, set()]
    again = DocBin(docs=docs(tmp_path / "a"), store_user_data=True)
    again.to_disk(tmp_path / "b")
    assert list(read(tmp_path / "a")) == list(read(tmp_path / "b"))
    assert next(iter(read(tmp_path / "b"))) == odd
