"""Gold and predictions side by side: from documents and from tags, in every odd shape they come in."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import AlignmentError, InputError, TagError
from onoma.evaluation import Counts, judge, judge_tags, score_spans, score_tags
from onoma.text import Document, Entity, Token

WORDS = ["Ada", "met", "Bo", "in", "Rome", "as", "x", "said"]


def scattered(chance: random.Random, length: int, labels: str = "ab") -> list[tuple[int, int, str]]:
    """Token spans at random that do not overlap."""
    spans, at = [], 0
    while at < length:
        end = chance.randint(at + 1, length)
        if chance.random() < 0.5:
            spans.append((at, end, chance.choice(labels)))
        at = end
    return spans


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 8), max_size=6))
def test_documents_tags_and_spans_score_alike(chance, lengths):
    words = [[chance.choice(WORDS) for _ in range(n)] for n in lengths]
    sides = [[scattered(chance, n) for n in lengths] for _ in range(2)]
    documents = [[Document.from_words(w, s) for w, s in zip(words, side, strict=True)] for side in sides]
    judged = judge(*documents)
    assert judged.scores.to_dict() == score_spans(*sides, lengths).to_dict()
    assert int(judged.found.sum()) == int(judged.right.sum()) == judged.scores.strict.micro.tp
    assert judged.gold.surfaces == [d.surface(e) for d in documents[0] for e in d.entities]
    assert judged.gold.words.tolist() == [end - start for side in sides[0] for start, end, _ in side]

    filled = [i for i, n in enumerate(lengths) if n]
    tags = [[as_tags(side[i], lengths[i]) for i in filled] for side in sides]
    by_tags = judge_tags(*tags, [words[i] for i in filled], labels=judged.labels, scheme="iob2")
    places = np.array(filled)[by_tags.gold.sentence]
    for name in ("start", "end", "label", "words"):
        assert getattr(by_tags.predicted, name).tolist() == getattr(judged.predicted, name).tolist()
    assert places.tolist() == judged.gold.sentence.tolist()
    assert by_tags.gold.surfaces == judged.gold.surfaces


def as_tags(spans: list[tuple[int, int, str]], length: int) -> list[str]:
    tags = ["O"] * length
    for start, end, label in spans:
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags


@given(st.randoms(use_true_random=False), st.integers(0, 4))
def test_any_entities_match_as_sets_of_them_do(chance, count):
    texts = ["".join(chance.choice("ab ") for _ in range(chance.randint(1, 9))) for _ in range(count)]

    def document(text):
        tokens = [Token(i, i + 1) for i, letter in enumerate(text) if letter != " "]
        ranges = [sorted(chance.choices(range(len(text) + 1), k=2)) for _ in range(chance.randint(0, 5))]
        entities = [Entity(a, b, chance.choice("xy")) for a, b in ranges if a < b]
        return Document(text, tuple(tokens), tuple(entities))

    gold, predicted = ([document(text) for text in texts] for _ in range(2))
    judged = judge(gold, predicted)
    a, b = (
        {(i, e.start, e.end, e.label) for i, d in enumerate(side) for e in d.entities}
        for side in (gold, predicted)
    )
    assert judged.scores.strict.micro == Counts(len(a & b), len(b - a), len(a - b))
    rows = zip(
        *(getattr(judged.gold, n).tolist() for n in ("sentence", "start", "end", "label")), strict=True
    )
    keys = [(s, x, y, judged.labels[k]) for s, x, y, k in rows]
    assert keys == sorted(a)
    assert [key in b for key in keys] == judged.found.tolist()


def test_an_entity_given_twice_counts_once_with_the_higher_score():
    gold = Document.from_words(["Ada"], [(0, 1, "per")])
    twice = gold.replace(entities=[Entity(0, 3, "per", 0.4), Entity(0, 3, "per", 0.7)])
    judged = judge([gold], [twice], ["geo"])
    assert (len(judged.predicted), judged.predicted.score.tolist(), judged.labels) == (
        1,
        [0.7],
        ["geo", "per"],
    )
    assert judged.scores.strict.types == {"geo": Counts(), "per": Counts(tp=1)}


def test_articles_are_groups_and_sentences_of_unknown_ones_stand_alone():
    metas = [{"document": "7"}, {}, {"document": "7"}, {"document": "9"}, {}]
    documents = [Document.from_words(["a"], meta=meta, id=str(i)) for i, meta in enumerate(metas)]
    judged = judge(documents, documents)
    assert judged.groups.tolist() == [0, 1, 0, 2, 3]
    assert judged.ids == ["0", "1", "2", "3", "4"]


def test_ill_formed_tags_are_read_as_asked_and_scored_both_ways():
    gold, guess = [["B-per", "O"], ["O"]], [["I-per", "O"], ["O"]]
    strict, lenient = (judge_tags(gold, guess, reading=name) for name in ("strict", "conlleval"))
    assert (len(strict.predicted), len(lenient.predicted)) == (0, 1)
    assert strict.scores.to_dict() == lenient.scores.to_dict() == score_tags(gold, guess).to_dict()
    assert (strict.worded, strict.texts) == (False, ["· ·", "·"])
    with pytest.raises(InputError, match="did you mean 'strict'"):
        judge_tags(gold, guess, reading="strickt")


def test_flat_tags_with_words_in_bytes():
    first = np.array([True, False, True])
    tags = ["B-per", "O", "B-geo"]
    judged = judge_tags(tags, tags, ["Zoë".encode(), b"saw", b"Oslo"], first, groups=["1", "1"])
    assert judged.texts == ["Zoë saw", "Oslo"]
    assert judged.gold.surfaces == ["Zoë", "Oslo"]
    assert (judged.groups.tolist(), judged.lengths.tolist()) == ([0, 0], [2, 1])
    with pytest.raises(AlignmentError, match="there are 2 words for 3 tags"):
        judge_tags(tags, tags, ["a", "b"], first)
    with pytest.raises(AlignmentError, match="there are 1 groups for 2 sentences"):
        judge_tags(tags, tags, (), first, groups=["1"])


def test_nothing_at_all_is_no_error():
    for judged in (judge([], []), judge_tags([], []), judge([Document("")], [Document("")])):
        assert (len(judged.gold), len(judged.predicted)) == (0, 0)
        assert judged.scores.strict.micro.f1 == 0


def test_other_texts_are_refused():
    ada, bob = Document.from_text("Ada"), Document.from_text("Bob", id="b")
    with pytest.raises(AlignmentError, match="gold has 1 documents, the prediction 2"):
        judge([ada], [ada, ada])
    with pytest.raises(AlignmentError, match="document b has another text in the prediction"):
        judge([ada, bob], [ada, ada])
    with pytest.raises(TagError, match=r"entity per \[2, 2\) is empty"):
        judge([ada], [ada.replace(entities=[Entity(2, 2, "per")])])
