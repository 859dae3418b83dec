"""A text made ready to be read: its rows are those of its tokens, and what is found lies at exact offsets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.runtime.manifest import WindowSizes
from onoma.runtime.plans import Plan
from onoma.text import Document, Entity, Token
from onoma.text.sentences import sentence_starts
from onoma.text.windows import plan_windows

PIECES = st.sampled_from(
    ["Ada", " ", " ", ".", ". ", "\n\n", "\u200b", "U.S.", "n't", "東", "\x00", "\ufeff", "e\u0301"]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text()
SIZES = st.integers(1, 9).flatmap(
    lambda size: st.integers(0, size - 1).map(lambda n: WindowSizes(size=size, overlap=n))
)


def unseen(word: str) -> bool:
    return not Plan(f"x {word}", WindowSizes()).words[1:]


@given(TEXTS, SIZES)
def test_rows_are_the_sentences_of_what_is_seen(text: str, sizes: WindowSizes) -> None:
    document = Document.from_text(text)
    tokens = [token for token in document.tokens if not unseen(text[token.start : token.end])]
    windows = plan_windows(len(tokens), sentence_starts(text, tokens), sizes.size, sizes.overlap)
    words = [text[start:end] for start, end in tokens]
    plan = Plan(text, sizes)
    assert plan.tokens == tokens
    assert plan.rows() == [words[window.start : window.end] for window in windows]


@given(TEXTS, SIZES, st.data())
def test_a_string_and_its_document_are_read_alike(text: str, sizes: WindowSizes, data: st.DataObject) -> None:
    eager = Document(text, Document.from_text(text).tokens)
    plans = [Plan(source, sizes) for source in (text, Document(text), Document.from_text(text), eager)]
    count = len(plans[0].words)
    edges = sorted(data.draw(st.sets(st.integers(0, count), max_size=6)))
    spans = [(start, end, "per", 0.5) for start, end in pairwise(edges)]
    rows = [(spans if i == 0 else [], 0.25) for i, _ in enumerate(plans[0].rows())]
    if plans[0].windows is not None:  # what windows find is merged elsewhere
        rows = [([], 0.25) for _ in rows]
    answers = [plan.answer(rows, "tiny") for plan in plans]
    tokens = plans[0].tokens
    expected = [
        Entity(tokens[a].start, tokens[b - 1].end, "per", 0.5) for a, b, *_ in (rows[0][0] if rows else [])
    ]
    for plan, answer in zip(plans, answers, strict=True):
        assert plan.rows() == plans[0].rows()
        assert answer == eager.replace(entities=expected)
        assert answer.coverage == (len(text), len(rows), "tiny", 0.25 if rows else 1.0)


def test_a_document_keeps_what_it_is() -> None:
    document = Document("Ada wrote", (Token(0, 9),), (Entity(0, 3, "x"),), "a", {"b": 1})
    answer = Plan(document, WindowSizes()).answer([([(0, 1, "per", 0.5)], 0.5)], "tiny")
    assert answer == document.replace(entities=[Entity(0, 9, "per", 0.5)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("New \u200bYork", ["New", "York"]),
        ("\ufeffNew York\u200b", ["New", "York"]),
        ("one \x07 two", ["one", "two"]),
        ("\u200b", []),
        (" \u200b\x00 ", []),
    ],
)
def test_what_nobody_sees_is_not_read(text: str, words: list[str]) -> None:
    plan = Plan(text, WindowSizes())
    assert plan.words == words
    assert plan.rows() == [words] * bool(words)
    assert [text[start:end] for start, end in plan.tokens] == words
    assert "".join(Document.from_text(text).words) == "".join(text.split())  # and yet no token is lost
