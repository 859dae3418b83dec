"""What taggers and wrappers accept: strings and Documents, checked one by one."""

from __future__ import annotations

from collections.abc import Iterable

from onoma.errors import InputError
from onoma.text import Document

__all__ = ["Text", "checked", "checked_texts", "tokenised", "whole"]

Text = str | Document


def checked_texts(texts: Iterable[Text]) -> list[Document]:
    """Each text as a `Document`, a string as one without tokens.

    Raises `InputError`, naming the position, for what is neither, or holds half of a surrogate pair.

    >>> checked_texts(["Ada wrote.", None])
    Traceback (most recent call last):
      ...
    onoma.errors.InputError: item 1 (counted from 0): a tagger takes strings and Documents, not NoneType
    """
    if isinstance(texts, Text):
        raise InputError("a tagger takes a list of texts; for a single one write tagger([text])")
    return [_at(place, text) for place, text in enumerate(texts)]


def _at(place: int, text: Text) -> Document:
    try:
        return checked(text)
    except InputError as error:
        raise InputError(f"item {place} (counted from 0): {error}") from None


def checked(text: Text) -> Document:
    """``text`` as a `Document`, a string as one without tokens; raises `InputError` for what is no text."""
    whole(text)
    return Document(text) if isinstance(text, str) else text


def whole(text: Text) -> str:
    """The characters of ``text``; raises what `checked` raises."""
    if isinstance(text, str):
        characters = text
    elif isinstance(text, Document):
        characters = text.text
    else:
        raise InputError(f"a tagger takes strings and Documents, not {type(text).__name__}")
    if not (characters.isascii() or _encodes(characters)):
        raise InputError("the text holds half of a surrogate pair, which is no character")
    return characters


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def tokenised(text: Text) -> Document:
    """``text`` as a `Document` with tokens: its own, else those of the default tokenizer.

    Raises what `checked` raises.

    >>> len(tokenised(Document("Ada wrote.", id="a")).tokens)
    3
    """
    return checked(text).tokenised()
