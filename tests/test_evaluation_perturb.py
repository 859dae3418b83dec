"""Edits of texts: whatever an edit does, tokens and entities stay on what they were on."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.evaluation.perturb import EDITS, SUMMARIES, carry, chance, edits_named, perturb
from onoma.text import Document, Entity, Token

WORDS = st.text(
    st.one_of(
        st.sampled_from("abcXYZ019 .,'\"-`ßİŉΣσςéñÅﬁ½…ＡｂͅǅẞỌ̣ \u00a0\u200b\u0301\u0323👩‍🚀東京\n"),
        st.characters(exclude_categories=["Cs"]),
    ),
    min_size=1,
    max_size=7,
)


@st.composite
def documents(draw) -> Document:
    """Words, each a token, in any white space or none, and entities over runs of tokens, maybe nested."""
    text, tokens = draw(st.sampled_from(["", " ", "  "])), []
    for word in draw(st.lists(WORDS, max_size=6)):
        tokens.append(Token(len(text), len(text) + len(word)))
        text += word + draw(st.sampled_from([" ", " ", "", "  ", "\n"]))
    edges = st.integers(0, max(len(tokens) - 1, 0))
    runs = draw(st.lists(st.tuples(edges, edges, st.sampled_from(["per", "geo"])), max_size=3))
    entities = [
        Entity(tokens[min(a, b)].start, tokens[max(a, b)].end, label, 0.7) for a, b, label in runs if tokens
    ]
    return Document(text, tuple(tokens), tuple(entities), "id", {"document": "x"})


ALL = sorted(EDITS)
FROM_START = ["lower", "upper", "no-punctuation", "line-breaks", "nfd", "nfkd", "full-width", "curly-quotes"]


@pytest.mark.parametrize("name", ALL)
@given(document=documents(), seed=st.integers(0, 3))
def test_tokens_and_entities_are_carried_along(name, document, seed):
    edited = perturb(document, EDITS[name], seed)
    new, offsets = edited.document, edited.offsets
    assert (new.id, new.meta) == (document.id, document.meta)
    assert (offsets[0], offsets[-1]) == (0, len(new.text))
    assert offsets == sorted(offsets)
    assert len(new.tokens) + edited.lost_tokens == len(document.tokens)
    assert len(new.entities) + edited.lost_entities == len(document.entities)
    assert all(a.end <= b.start for a, b in zip(new.tokens, new.tokens[1:], strict=False))
    starts, ends = {t.start for t in new.tokens}, {t.end for t in new.tokens}
    assert all(e.start in starts and e.end in ends and e.start < e.end for e in new.entities)
    if not edited.lost_entities:
        moved = list(zip(document.entities, new.entities, strict=True))
        assert all((a.label, a.score) == (b.label, b.score) for a, b in moved)
        assert all(offsets[a.start] <= b.start < b.end <= offsets[a.end] for a, b in moved)


@pytest.mark.parametrize("name", ALL)
@given(document=documents())
def test_an_entity_keeps_what_became_of_its_characters(name, document):
    pieces = EDITS[name](document, chance(1))
    edited = carry(document, pieces)
    assert edited.document.text == "".join(pieces)
    if edited.lost_entities:
        return
    for old, new in zip(document.entities, edited.document.entities, strict=True):
        whole = "".join(pieces[old.start : old.end])
        surface = edited.document.surface(new)
        assert surface in whole
        assert not (set(whole) - set(surface)) or whole.replace(surface, "", 1).isspace()


@pytest.mark.parametrize("name", FROM_START)
@given(document=documents())
def test_once_is_enough(name, document):
    once = perturb(document, EDITS[name]).document
    twice = perturb(once, EDITS[name])
    assert twice.document == once
    assert (twice.lost_tokens, twice.lost_entities) == (0, 0)


@given(document=documents())
def test_case_and_normal_forms_are_those_of_the_whole_text(document):
    text = document.text
    assert perturb(document, EDITS["lower"]).document.text == text.lower()
    assert perturb(document, EDITS["upper"]).document.text == text.upper()
    for form in ("NFD", "NFKD"):
        assert perturb(document, EDITS[form.lower()]).document.text == unicodedata.normalize(form, text)
    wide = perturb(document, EDITS["full-width"]).document.text
    assert unicodedata.normalize("NFKC", wide) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("text", ["", " ", "."])
def test_texts_without_words(name, text):
    edited = perturb(Document.from_text(text), EDITS[name])
    assert edited.document.entities == ()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("upper", "Groß ist die Straße", "GROSS IST DIE STRASSE"),
        ("lower", "ΟΔΟΣ in İzmir", "οδος in i̇zmir"),
        ("no-punctuation", 'He said : " Go , Bob ! "', "He said Go Bob"),
        ("no-punctuation", "U.S. (and O'Neil), at 3.5%!", "US and ONeil at 35"),
        ("no-punctuation", "( Ada ) .", "Ada"),
        ("no-punctuation", "a  b ", "a  b "),
        ("tabs", "in New York", "in\tNew\tYork"),
        ("double-blanks", "in New York", "in  New  York"),
        ("no-break-spaces", "New York", "New\u00a0York"),
        ("zero-width", "New York", "New \u200bYork"),
        ("nfd", "Zoë", "Zoe\u0308"),
        ("nfkd", "ﬁve ½", "five 1\u20442"),
        ("full-width", "Ada 1", "Ａｄａ\u3000１"),
        ("curly-quotes", "\"Ada's\" and 'Bob'", "“Ada’s” and ‘Bob’"),
        ("curly-quotes", 'Iran \'s " new " plan', "Iran ’s “ new ” plan"),
    ],
)
def test_what_edits_do(name, before, after):
    assert perturb(Document.from_text(before), EDITS[name]).document.text == after


def test_lines_are_wrapped_between_words_only():
    document = Document.from_words(["word"] * 30 + ["x" * 60, "end"])
    lines = perturb(document, EDITS["line-breaks"]).document.text.split("\n")
    assert max(len(line) for line in lines if "x" not in line) <= 40
    assert " ".join(lines) == document.text
    assert "x" * 60 in lines


def test_an_entity_of_punctuation_is_lost_and_counted():
    document = Document.from_words(["see", "!!", "now"], [(1, 2, "art")])
    edited = perturb(document, EDITS["no-punctuation"])
    assert (edited.document.text, edited.lost_tokens, edited.lost_entities) == ("see now", 1, 1)


def test_an_entity_beside_the_token_edges_goes_along_too():
    document = Document.from_text("Groß-Gerau").replace(entities=[Entity(5, 10, "geo")])
    loud = perturb(document, EDITS["upper"]).document
    assert loud.surface(loud.entities[0]) == "GERAU"


LONG = Document.from_words(["Somewhere", "people", "are", "typing", "a", "7", "letters"] * 300)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_the_typo_rate_is_that_of_the_words(rate):
    edit = edits_named(["typos"], rate)["typos"]
    mistyped = perturb(LONG, edit).document
    pairs = list(zip(LONG.words, mistyped.words, strict=True))
    assert all(a == b for a, b in pairs if len(a) < 2)
    longer = [(a, b) for a, b in pairs if len(a) > 1]
    assert sum(a != b for a, b in longer) / len(longer) == pytest.approx(rate, abs=0.04)


def test_typos_are_one_slip_and_all_four_kinds_of_it_occur():
    kinds = set()
    for seed in range(200):
        word = perturb(Document.from_text("Berlin"), edits_named(["typos"], 1.0)["typos"], seed).document.text
        kinds.add("shift" if sorted(word) == sorted("Berlin") else len(word))
        assert word != "Berlin"
        assert len(word) in (5, 6, 7)
    assert kinds == {5, 6, 7, "shift"}


def test_substitutions_are_neighbours_on_the_keyboard_and_keep_case():
    words = {
        perturb(Document.from_text("Gg"), edits_named(["typos"], 1.0)["typos"], seed).document.text
        for seed in range(300)
    }
    substituted = {w for w in words if len(w) == 2 and w not in ("gG",)}
    assert {w[0] for w in substituted} <= set("GFHTYVB")
    assert {w[1] for w in substituted} <= set("gfhtyvb")


def test_chance_depends_on_the_text_and_the_seed_alone():
    edit = edits_named(["typos"], 0.5)["typos"]
    assert perturb(LONG, edit, 3) == perturb(LONG.replace(), edit, 3)
    assert perturb(LONG, edit, 3) != perturb(LONG, edit, 4)
    assert random.Random(1).random() != chance(1).random()


def test_every_edit_is_described_and_unknown_names_are_refused():
    assert list(SUMMARIES) == list(EDITS) == list(edits_named())
    with pytest.raises(InputError, match="no slice 'uper'; did you mean 'upper'"):
        edits_named(["uper"])
    for rate in (-0.1, 1.1, float("nan")):
        with pytest.raises(InputError, match="from 0 to 1"):
            edits_named(typo_rate=rate)
