"""Predictions put onto gold documents: by place or id, by characters, and never onto another text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError
from onoma.evaluation.predictions import align_predictions
from onoma.text import Document, Entity


def documents(*texts: str, ids: str = "") -> list[Document]:
    return [Document(text, id=name) for text, name in zip(texts, ids or [None] * len(texts), strict=True)]


def test_by_place_where_there_are_as_many():
    gold = documents("a b", "a b", ids="12")
    guess = [Document("a b", entities=(Entity(0, 1, "x"),), id="9"), Document("a b", id="1")]
    assert [len(d.entities) for d in align_predictions(gold, guess)] == [1, 0]
    assert [d.id for d in align_predictions(gold, guess)] == ["1", "2"]


def test_by_id_where_there_are_more():
    gold = documents("c", "a", ids="31")
    guess = [Document(t, entities=(Entity(0, 1, t),), id=i) for t, i in [("a", "1"), ("b", "2"), ("c", "3")]]
    assert [d.entities[0].label for d in align_predictions(gold, guess)] == ["c", "a"]


@pytest.mark.parametrize(
    ("gold", "guess", "message"),
    [
        (documents("a", "b"), documents("a"), "gold has 2 documents, the prediction 1.* from document 2 on"),
        (documents("a", "b", ids="12"), documents("a", "b", "b", ids="122"), "their ids do not match"),
        (documents("a", "b"), documents("a", "c"), "document 2 is 'b' in gold and 'c' in the prediction"),
        (documents("a" * 50), documents("b"), r"'a{40}…' in gold"),
        (
            documents("ab"),
            [Document("a b", entities=(Entity(1, 2, "x"),))],
            "is white space, and gold has other white space",
        ),
    ],
)
def test_what_does_not_fit_is_said(gold, guess, message):
    with pytest.raises(AlignmentError, match=message):
        align_predictions(gold, guess)


WORDS = st.lists(
    st.text(st.characters(categories=["L", "N", "S"]), min_size=1, max_size=4), min_size=1, max_size=6
)
SPACE = st.text(" \t\n\u00a0", max_size=3)


@given(WORDS, st.data())
def test_the_same_characters_are_meant_whatever_the_white_space(words, data):
    def spaced() -> tuple[str, list[int]]:
        text, starts = data.draw(SPACE), []
        for word in words:
            starts.append(len(text))
            text += word + data.draw(SPACE)
        return text, starts

    (source, a), (target, b) = spaced(), spaced()
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    guess = Document(source, entities=(Entity(a[first], a[last] + len(words[last]), "x", 0.5),))
    [found] = align_predictions([Document(target)], [guess])
    assert found.text == target
    assert found.entities == (Entity(b[first], b[last] + len(words[last]), "x", 0.5),)
