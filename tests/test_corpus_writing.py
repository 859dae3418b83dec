"""Reading what was written gives equal documents, in every format; nothing half-written is left."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onoma import Document, Entity, InputError, TagError, Token
from onoma.corpus import FORMATS, read, write

# control characters make a file binary, surrogates no text
CHARACTERS = st.characters(exclude_categories=["Cc", "Cs"])
WORD = st.one_of(
    st.sampled_from(["NA", "None", "#", "# x", "-", '"', "'", "{", "[", "\ufeff"]),
    st.text(CHARACTERS, min_size=1),
)
LABEL = st.sampled_from(["per", "geo", "chemical-compound"])


@st.composite
def spans(draw, length):
    found, at = [], 0
    while at < length and draw(st.booleans()):
        start = draw(st.integers(at, length - 1))
        end = draw(st.integers(start + 1, min(length, start + 3)))
        found.append((start, end, draw(LABEL)))
        at = end
    return found


@st.composite
def sentences(draw, words=WORD):
    articles = draw(st.booleans())
    article, documents = 1, []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        article += number > 1 and draw(st.booleans())
        row = draw(st.lists(words, min_size=1, max_size=6))
        meta = {"document": str(article)} if articles else {}
        documents.append(Document.from_words(row, draw(spans(len(row))), id=str(number), meta=meta))
    return documents


@st.composite
def texts(draw):
    text = draw(st.text(st.one_of(st.sampled_from("ab .,-\n"), CHARACTERS), max_size=40))
    document = Document.from_text(text, id="1")
    if draw(st.booleans()):  # tokens of another tokenizer
        edges = draw(st.sets(st.integers(0, len(text)), max_size=8))
        pairs = zip(sorted(edges), sorted(edges)[1:], strict=False)
        document = document.replace(tokens=[Token(a, b) for a, b in pairs])
    tokens = document.tokens
    found = [
        Entity(tokens[a].start, tokens[b - 1].end, label, 0.5) for a, b, label in draw(spans(len(tokens)))
    ]
    return document.replace(entities=found)


def written(folder, documents, format, **options):
    path = folder.mktemp("corpus") / "a"
    write(documents, path, format, **options)
    return read(path, format=format)


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "bioes"])
@settings(deadline=None, max_examples=60)
@given(documents=sentences())
def test_columns_round_trip(tmp_path_factory, scheme, documents):
    assert list(written(tmp_path_factory, documents, "conll", scheme=scheme)) == documents


@pytest.mark.parametrize("scheme", ["iob1", "iob2", "bioes"])
@settings(deadline=None, max_examples=60)
@given(documents=sentences(words=st.text(st.characters(exclude_categories=["Cs"]), min_size=1)))
def test_token_lines_round_trip(tmp_path_factory, scheme, documents):
    assert list(written(tmp_path_factory, documents, "jsonl", scheme=scheme)) == documents


@settings(deadline=None, max_examples=60)
@given(documents=st.lists(texts(), min_size=1, max_size=4))
def test_span_lines_round_trip(tmp_path_factory, documents):
    corpus = written(tmp_path_factory, documents, "jsonl-spans")
    assert list(corpus) == documents
    assert len(corpus.repairs) == 0


@settings(deadline=None, max_examples=60)
@given(documents=sentences())
def test_span_lines_hold_sentences_of_words(tmp_path_factory, documents):
    assert list(written(tmp_path_factory, documents, "jsonl-spans")) == documents


@pytest.mark.parametrize("format", ["conll", "jsonl", "jsonl-spans"])
def test_the_format_of_what_was_written_is_found(tmp_path, format):
    document = Document.from_words(["Ada", "wrote"], [(0, 1, "per")], id="1")
    write([document] * 2500, tmp_path / "a", format)
    corpus = read(tmp_path / "a")
    assert (corpus.source.format, len(corpus), corpus.facts.entities) == (format, 2500, {"per": 2500})


def test_further_knowledge_is_kept(tmp_path):
    document = Document.from_words(["Ada"], id="s1", meta={"document": "d1", "genre": "letter"})
    for format in ("jsonl", "jsonl-spans"):
        write([document], tmp_path / format, format)
        assert list(read(tmp_path / format)) == [document]


def test_tokens_are_written_only_where_reading_would_find_others(tmp_path):
    write([Document.from_text("Ada wrote."), Document.from_words(["don't"])], tmp_path / "a", "jsonl-spans")
    records = [json.loads(line) for line in (tmp_path / "a").read_text().splitlines()]
    assert "tokens" not in records[0]
    assert [json.dumps(each) for each in records[1:]] == [
        '{"text": "don\'t", "spans": [], "tokens": [[0, 5]]}'
    ]


@pytest.mark.parametrize("word", ["a\tb", "a\nb", "-DOCSTART-"])
def test_a_word_that_columns_cannot_hold_is_named_and_nothing_is_left(tmp_path, word):
    with pytest.raises(InputError, match="cannot stand in a column; write the format jsonl instead"):
        write([Document.from_words(["fine"]), Document.from_words([word])], tmp_path / "a.conll")
    assert list(tmp_path.iterdir()) == []
    write([Document.from_words([word], id="1")], tmp_path / "a.jsonl", "jsonl")
    assert next(iter(read(tmp_path / "a.jsonl"))).words == [word]


@pytest.mark.parametrize("format", ["conll", "jsonl"])
def test_entities_that_tags_cannot_hold_are_named(tmp_path, format):
    overlapping = [Entity(0, 3, "per"), Entity(0, 9, "org")]
    document = Document.from_words(["Ada", "Stone"], id="s7").replace(entities=overlapping)
    with pytest.raises(TagError, match="document 's7': the entity org"):
        write([document], tmp_path / "a", format)
    assert list(tmp_path.iterdir()) == []


def test_half_a_surrogate_pair_is_refused(tmp_path):
    for format in ("conll", "jsonl", "jsonl-spans"):
        with pytest.raises(InputError, match="surrogate"):
            write([Document.from_words(["\ud800"])], tmp_path / "a", format)


def test_a_format_that_is_only_read_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(FORMATS, "kaggle", FORMATS["kaggle"]._replace(write=None))
    with pytest.raises(InputError, match="the format kaggle is only read; write one of: "):
        write([], tmp_path / "a", "kaggle")
