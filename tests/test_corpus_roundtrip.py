"""One law for every row of the table of formats: what a format can hold comes back exactly as it was written.

A new row is covered as soon as it stands in the table.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onoma import Document, Entity, Token
from onoma.corpus import FORMATS, read, write
from onoma.corpus.converting import convert
from onoma.corpus.fitting import Losses, fit
from onoma.corpus.formats import HOLDS
from onoma.tagging.align import token_edges

WRITABLE = [name for name, form in FORMATS.items() if form.write or form.save]
SLOW = {"spacy", "datasets", "arrow", "parquet", "brat"}  # many files, or much work for each
CHARACTERS = st.characters(exclude_categories=["Cc", "Cs"])
LABEL = st.sampled_from(["per", "geo", "chemical-compound", "per/first", "s", "ENAMEX", "名"])
META = st.sampled_from(
    [{}, {"document": "a1"}, {"language": "de"}, {"source": "a letter"}, {"genre": "letter", "year": 1843}]
)
FIRST = Document.from_words(["two", "words"], [(0, 2, "per")], id="1")


@st.composite
def documents(draw, number):
    text = draw(st.text(st.one_of(st.sampled_from("ab .,-&<>/#'\"|:\n"), CHARACTERS), max_size=30))
    document = Document.from_text(text, id=draw(st.sampled_from([str(number), f"s {number}"])))
    if draw(st.booleans()):  # tokens of another tokenizer, blanks between them or not
        edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
        pairs = pairwise(edges)
        words = [Token(a, b) for a, b in pairs if text[a:b].strip() == text[a:b] and "\n" not in text[a:b]]
        document = document.replace(tokens=words)
    return document.replace(entities=draw(entities(document.tokens)), meta=draw(META))


@st.composite
def entities(draw, tokens):
    found = {}
    for _ in range(draw(st.integers(0, 4)) if tokens else 0):
        first = draw(st.integers(0, len(tokens) - 1))
        last = draw(st.integers(first, min(len(tokens) - 1, first + 3)))
        place = tokens[first].start, tokens[last].end, draw(LABEL)
        found[place] = Entity(*place, draw(st.sampled_from([1.0, 0.5])))
    return sorted(found.values(), key=lambda e: (e.start, -e.end))


@st.composite
def corpora(draw):
    return [FIRST] + [draw(documents(number)) for number in range(2, draw(st.integers(1, 4)) + 1)]


def as_held(given_documents, form):
    """What should come back, and what was lost."""
    losses = Losses()
    fitted = [fit(each, number, form, losses) for number, each in enumerate(given_documents, 1)]
    return [each for each in fitted if each.tokens or "empty" in form.holds], losses


def over_words(document):
    """The entities as labels over numbers of words."""
    opens, closes = token_edges(document)
    return sorted((opens[e.start], closes[e.end], e.label) for e in document.entities)


def check_same(found, expected, form):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        if "text" in form.holds:
            assert one.text == other.text
            assert [(e.start, e.end, e.label) for e in one.entities] == [
                (e.start, e.end, e.label) for e in other.entities
            ]
        else:
            assert one.words == other.words
            assert over_words(one) == over_words(other)
        if {"text", "tokens"} <= form.holds:
            assert one.tokens == other.tokens
        if "scores" in form.holds:
            assert one.entities == other.entities
        if "ids" in form.holds:
            assert one.id == other.id
        if "meta" in form.holds:
            assert dict(one.meta) == dict(other.meta)
        for key in ("language", "source"):
            if f"meta.{key}" in form.holds:
                assert one.meta.get(key) == other.meta.get(key)


@pytest.mark.parametrize("name", WRITABLE)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_a_format_holds_comes_back(tmp_path_factory, name):
    form = FORMATS[name]

    @settings(
        max_examples=12 if name in SLOW else 60,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(given_documents=corpora(), scheme=st.sampled_from(["iob1", "iob2", "bioes"]))
    def law(given_documents, scheme):
        expected, losses = as_held(given_documents, form)
        path = tmp_path_factory.mktemp("corpus") / f"a{form.suffix}"
        write(expected, path, name, scheme=scheme)
        options = {"scheme": scheme} if name == "germeval" else {}
        corpus = read(path, format=name, **options)
        check_same(list(corpus), expected, form)
        fates = corpus.fates
        assert fates.read == sum(len(each.entities) for each in expected)
        assert fates.read == fates.kept + fates.repaired.total()
        assert not fates.left_out
        lost = sum(len(each.entities) for each in given_documents) - fates.read
        assert lost == losses.entities["overlaps"]

    law()


NESTED = [
    FIRST,
    Document.from_text("Bank of Oldport lies in Oldport .", id="2").replace(
        entities=[Entity(0, 15, "org"), Entity(8, 15, "geo"), Entity(24, 31, "geo")]
    ),
    Document.from_words(["nothing", "here"], id="3"),
]


@pytest.mark.parametrize("name", WRITABLE)
def test_the_format_of_what_was_written_is_found(tmp_path, name):
    form = FORMATS[name]
    path = tmp_path / f"a{form.suffix}"
    expected, _ = as_held(NESTED, form)
    write(expected, path, name)
    corpus = read(path)
    assert corpus.source.format == name
    check_same(list(corpus), expected, form)


@pytest.mark.parametrize("source", WRITABLE)
def test_from_any_format_to_any_other(tmp_path, source):
    first, _ = as_held(NESTED, FORMATS[source])
    start = tmp_path / f"start{FORMATS[source].suffix}"
    write(first, start, source)
    for name in WRITABLE:
        form = FORMATS[name]
        target = tmp_path / name / f"a{form.suffix}"
        done = convert({"a": read(start)}, target, form)
        expected, losses = as_held(list(read(start)), form)
        check_same(list(read(target, format=name)), expected, form)
        assert done.losses.entities == losses.entities
        assert done.written["a"].entities.total() == sum(len(each.entities) for each in expected)
        assert list(Path(target.parent).iterdir()) == [target]


def test_every_format_says_what_it_holds_in_known_words():
    for form in FORMATS.values():
        assert {name for name in form.holds if not name.startswith("meta.")} <= set(HOLDS)
