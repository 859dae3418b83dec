"""Gold and predictions under other tokens and sentences: the same characters, the same entities."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError
from onoma.evaluation.judged import judge
from onoma.evaluation.respaced import by_characters
from onoma.text.document import Document

LETTERS = st.text("abc", min_size=1, max_size=30)


def divided(letters: str, cuts: set[int], breaks: set[int], spans: list[tuple[int, int]]) -> list[Document]:
    """Sentences of words over ``letters``, cut at ``cuts`` and broken at ``breaks``, with those ``spans`` (of
    letters) that fit: they begin and end at cuts and cross no break."""
    documents = []
    edges = sorted({0, len(letters)} | {b for b in breaks if b < len(letters)})
    for low, high in pairwise(edges):
        at = sorted({low, high} | {c for c in cuts if low < c < high})
        words = [letters[a:b] for a, b in pairwise(at)]
        inside = [(at.index(a), at.index(b), "x") for a, b in spans if a in at and b in at and a < b]
        documents.append(Document.from_words(words, inside))
    return documents


PLACES = st.sets(st.integers(1, 29))


@given(
    LETTERS,
    PLACES,
    PLACES,
    PLACES,
    PLACES,
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5),
)
def test_entities_keep_their_letters_whatever_the_tokens(letters, a_cuts, a_breaks, b_cuts, b_breaks, spans):
    gold = divided(letters, a_cuts, a_breaks, spans)
    guess = divided(letters, b_cuts, b_breaks, spans)
    both = by_characters(gold, guess)
    assert [d.text for d in both.gold] == [d.text for d in both.predicted]
    assert packed(both.gold) == packed(gold)
    assert packed(both.predicted) == packed(guess)
    scores = judge(both.gold, both.predicted).scores.strict.micro
    assert scores.tp == len(packed(gold) & packed(guess))
    assert (both.differing, both.tokens) == (len(tokens(gold) - tokens(guess)), len(tokens(gold)))


def packed(documents: list[Document]) -> set[tuple[int, int]]:
    """Entities in letters over all documents."""
    return letters_of(documents, lambda document: document.entities)


def tokens(documents: list[Document]) -> set[tuple[int, int]]:
    return letters_of(documents, lambda document: document.tokens)


def letters_of(documents, parts) -> set[tuple[int, int]]:
    found, base = set(), 0
    for document in documents:
        for part in parts(document):
            before = len(document.text[: part.start].replace(" ", ""))
            size = len(document.text[part.start : part.end].replace(" ", ""))
            found.add((base + before, base + before + size))
        base += len(document.text.replace(" ", ""))
    return found


def test_the_first_difference_is_shown_in_its_context():
    with pytest.raises(AlignmentError, match=r"after 6 characters .* gold has 'c', the prediction its end"):
        by_characters([Document.from_words(["aaa", "bbb", "ccc"])], [Document.from_words(["aaabbb"])])


def test_scores_and_white_space_of_other_kinds_pass():
    gold = [Document.from_words(["New", "York"], [(0, 2, "geo")])]
    guess = Document("New\u00a0\n York  ")
    guess = guess.replace(entities=Document("x").entities)
    assert by_characters(gold, [guess]).predicted[0].text == "New York"
