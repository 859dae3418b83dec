"""The nouns of text: frozen, slotted, exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.text import Document, Entity, Token

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
