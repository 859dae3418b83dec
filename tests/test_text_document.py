"""The nouns of text: frozen, slotted, exact."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.text import Coverage, Document, Entity, Token
from onoma.text.tokenizer import tokenize

WORDS = st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=8), max_size=12)


@pytest.mark.parametrize("noun", [Token(0, 1), Entity(0, 1, "per"), Document("a")])
def test_nouns_are_frozen_and_slotted(noun: Token | Entity | Document) -> None:
    name = "text" if isinstance(noun, Document) else "start"
    with pytest.raises(AttributeError):  # FrozenInstanceError is one
        setattr(noun, name, 1)
    assert not hasattr(noun, "__dict__")


@pytest.mark.parametrize("text", [None, b"bytes", 3, ["a"]])
def test_only_a_string_is_a_text(text: object) -> None:
    with pytest.raises(InputError, match=type(text).__name__):
        Document.from_text(text)  # type: ignore[arg-type]


@given(WORDS)
def test_words_come_back(words: list[str]) -> None:
    document = Document.from_words(words)
    assert document.words == words
    assert document.text == " ".join(words)


@given(WORDS, st.data())
def test_spans_of_words_are_entities(words: list[str], data: st.DataObject) -> None:
    if words:
        first = data.draw(st.integers(0, len(words) - 1))
        end = data.draw(st.integers(first + 1, len(words)))
        document = Document.from_words(words, [(first, end, "per")], id="s1", meta={"document": "a"})
        (entity,) = document.entities
        assert document.surface(entity) == " ".join(words[first:end])
        assert (document.id, document.meta["document"]) == ("s1", "a")


@given(st.text())
def test_any_text_makes_a_document(text: str) -> None:
    document = Document.from_text(text, id="x")
    assert document.text == text
    assert "".join(document.words) == "".join(text.split())


def test_replace_takes_any_iterable_and_leaves_the_rest() -> None:
    document = Document.from_text("Ada wrote", id="x")
    tagged = document.replace(entities=iter([Entity(0, 3, "per", 0.9)]))
    assert tagged.entities == (Entity(0, 3, "per", 0.9),)
    assert (tagged.text, tagged.tokens, tagged.id) == (document.text, document.tokens, "x")
    assert document.entities == ()


def test_documents_share_no_meta() -> None:
    with pytest.raises(TypeError):
        Document("a").meta["document"] = "b"  # type: ignore[index]


def eager(text: str) -> Document:
    """With tokens made at once."""
    return Document(text, tuple(Token(*span) for span in tokenize(text)), id="x")


@given(st.text())
def test_tokens_made_later_are_those_made_at_once(text: str) -> None:
    now, entities = eager(text), (Entity(0, 1, "per"),)
    for ask in (
        lambda d: d,
        lambda d: d.tokens,
        lambda d: d.words,
        lambda d: d.begins,
        lambda d: [d, d.tokens],  # asked for twice
        repr,
        lambda d: d.replace(entities=entities),
        lambda d: d.replace(tokens=d.tokens[:1]),
        lambda d: d.tokenised(),
        lambda d: (copy.copy(d), copy.deepcopy(d)),
        lambda d: pickle.loads(pickle.dumps(d)),
    ):
        assert ask(Document.from_text(text, id="x")) == ask(now)


def test_a_document_without_tokens_has_none_until_it_is_tokenised() -> None:
    document = Document("Ada wrote", id="x", meta={"a": 1})
    assert (document.tokens, document.words, document.begins) == ((), [], [])
    assert document.tokenised() == eager("Ada wrote").replace(meta={"a": 1})


def test_what_a_document_has_not_is_named() -> None:
    with pytest.raises(AttributeError, match="words_of"):
        Document.from_text("a").words_of  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))])
def test_a_copy_has_all_and_shares_no_meta(copied) -> None:
    coverage = Coverage(3, 1, "tiny", 0.5)
    document = Document("Ada", (Token(0, 3),), (Entity(0, 3, "per"),), "x", {"a": 1}, coverage)
    assert copied(document) == document
    assert copied(document).coverage == coverage
    with pytest.raises(TypeError):
        copied(Document("Ada")).meta["a"] = 1
