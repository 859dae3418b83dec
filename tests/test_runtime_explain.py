"""Explaining by hiding words: what decides weighs most, what cannot be seen weighs nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.runtime import Tagger
from onoma.runtime.explain import AROUND, HIDDEN, OWN, hide, occlude
from onoma.runtime.gazetteer import Gazetteer
from onoma.text import Document, Entity

TEXT = "Ada Stone went to Green Hollow . Bob saw Cora Field in Lakeside yesterday ."


@pytest.fixture(scope="module")
def tagger(tiny_bundle: Path) -> Tagger:
    return Tagger(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def tagged(tagger: Tagger) -> Document:
    return tagger([TEXT])[0]


def after_mister(documents: list[Document]) -> list[Document]:
    """A tagger whose whole knowledge is that a name follows ``Mr.``."""
    found = []
    for document in documents:
        pairs = zip(document.tokens, document.tokens[1:], strict=False)
        names = [b for a, b in pairs if document.text[a.start : a.end] == "Mr."]
        found.append(document.replace(entities=[Entity(*name, "per", 0.9) for name in names]))
    return found


def test_the_word_that_decides_ranks_first():
    [document] = after_mister([Document.from_text("Yesterday Mr. Moor came to Oldport.")])
    for how in ("mask", "remove"):
        found = occlude(after_mister, document, document.entities[0], how=how)
        assert document.words[found.ranked()[0]] == "Mr."
        assert found.weights[1] == pytest.approx(0.9)
        assert [found.weights[i] for i in (0, 3, 4, 5, 6)] == [0.0] * 5


def test_every_word_of_a_name_in_a_list_is_needed():
    places = Gazetteer({"geo": ["Green Hollow"], "per": ["Hollow"]})
    [document] = places([Document.from_text("From Green Hollow on")])
    found = occlude(places, document, document.entities[0], how="mask")
    assert list(found.weights) == [0.0, 1.0, 1.0, 0.0]
    assert found.instead[1] == Entity(11, 17, "per")  # without Green it is the other name
    assert dict(found.parts) == {OWN: 1.0, AROUND: 0.0}


def test_the_probability_is_that_of_the_entity_and_weights_are_what_is_lost(tagger, tagged):
    for entity in tagged.entities:
        found = occlude(tagger, tagged, entity)
        assert found.probability == pytest.approx(entity.score, abs=0.2)  # the score is mended by calibration
        assert all(-1 <= weight <= found.probability + 1e-9 for weight in found.weights)


def test_hiding_by_hand_gives_the_weight(tagger, tagged):
    entity = tagged.entities[0]
    found = occlude(tagger, tagged, entity)
    words = tagged.words[:7]
    for at in range(7):
        changed = [HIDDEN if i == at else word for i, word in enumerate(words)]
        [view] = tagger.engine.views([changed])
        assert found.weights[at] == pytest.approx(found.probability - view.probability(0, 2, "per"), abs=1e-6)


def test_words_of_other_sentences_weigh_nothing_and_change_nothing(tagger, tagged):
    first, last = tagged.entities[0], tagged.entities[-1]
    found = occlude(tagger, tagged, first)
    assert list(found.weights[7:]) == [0.0] * (len(tagged.tokens) - 7)
    for at in range(7):  # the same by tagging the whole text with the word hidden
        [again] = tagger([hide(tagged, [at])])
        assert again.entities[-1].label == last.label
        assert again.entities[-1].score == pytest.approx(last.score, abs=1e-5)


def test_a_span_that_was_not_found_can_be_asked_about(tagger, tagged):
    found = occlude(tagger, tagged, Entity(0, 9, "geo"))
    assert 0 < found.probability < 0.5
    assert found.instead[6].label == "per"
    nothing = occlude(after_mister, tagged, Entity(0, 9, "per"))
    assert nothing.probability == 0.0
    assert set(nothing.weights) == {0.0}


def test_a_single_word_taken_out_takes_all_of_its_probability(tagger):
    [document] = tagger(["Hana"])
    found = occlude(tagger, document, Entity(0, 4, "per"), how="remove")
    assert found.weights == pytest.approx([found.probability])


def test_it_becomes_json(tagger, tagged):
    found = json.loads(json.dumps(occlude(tagger, tagged, tagged.entities[0]).to_dict()))
    assert [token["text"] for token in found["tokens"]] == tagged.words
    assert found["entity"]["text"] == "Ada Stone"


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        (Entity(0, 5, "per"), "begins with 0:3 'Ada'"),
        (Entity(0, 3, "pre"), "did you mean 'per'"),
        (Entity(0, 36, "per"), "several sentences"),
    ],
)
def test_what_cannot_be_asked_is_explained(tagger, tagged, entity, message):
    with pytest.raises(InputError, match=message):
        occlude(tagger, tagged, entity)


def test_an_unknown_way_of_hiding_names_those_there_are(tagger, tagged):
    with pytest.raises(InputError, match="mask, remove"):
        occlude(tagger, tagged, tagged.entities[0], how="blur")


@given(st.lists(st.text("ab\u0301\U0001f642", min_size=1, max_size=3), min_size=1, max_size=6), st.data())
def test_hiding_keeps_every_other_word(words, data):
    document = Document.from_words(words)
    gone = data.draw(st.sets(st.integers(0, len(words) - 1)))
    masked, removed = hide(document, gone), hide(document, gone, "remove")
    assert masked.words == [HIDDEN if i in gone else word for i, word in enumerate(words)]
    assert removed.words == [word for i, word in enumerate(words) if i not in gone]
