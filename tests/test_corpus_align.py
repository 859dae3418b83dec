"""Entities to token ranges: exact, or an error that names the entity."""

from __future__ import annotations

import pytest

from onoma import Document, Entity, TagError, Token
from onoma.tagging.align import token_spans

DOCUMENT = Document.from_words(["Ada", "Lovelace", "met", "Babbage"])


def test_no_entities_no_spans():
    assert token_spans(DOCUMENT) == []


def test_spans_come_in_the_order_of_the_text():
    found = token_spans(DOCUMENT.replace(entities=[Entity(17, 24, "per"), Entity(0, 12, "per")]))
    assert found == [(0, 2, "per"), (3, 4, "per")]


def test_blanks_between_tokens_belong_to_the_entity():
    document = Document("New   York", (Token(0, 3), Token(6, 10)), (Entity(0, 10, "geo"),))
    assert token_spans(document) == [(0, 2, "geo")]


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([Entity(0, 2, "per")], r"per \[0, 2\) 'Ad' does not begin and end at token edges"),
        ([Entity(1, 12, "per")], "does not begin and end at token edges"),
        ([Entity(0, 12, "per"), Entity(4, 12, "org")], r"org \[4, 12\) 'Lovelace' overlaps another"),
        ([Entity(0, 3, "per"), Entity(0, 3, "org")], "overlaps another"),
        ([Entity(3, 3, "per")], "does not begin and end at token edges"),
    ],
)
def test_what_tags_cannot_hold_is_named(entities, message):
    with pytest.raises(TagError, match=message):
        token_spans(DOCUMENT.replace(entities=entities))
