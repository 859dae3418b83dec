"""Tiny real taggers that misbehave on request; loadable as ``serving_taggers:NAME``."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence

from onoma.errors import InputError
from onoma.text import Document, Entity


class Capitals:
    """Every word with a capital is a person. Some words make it do other things than answer."""

    labels = ("per",)
    version = "1"
    name = "capitals"
    label = "per"

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        for document in documents:
            for word, deed in DEEDS.items():
                if word in document.text:
                    deed(document.text)
        return [each.replace(entities=self._entities(each.text)) for each in documents]

    def _entities(self, text: str) -> list[Entity]:
        return [Entity(*found.span(), self.label, 0.9) for found in re.finditer(r"\b[A-Z]\w*", text)]


class Places(Capitals):
    """The same, and another opinion of what they are."""

    labels = ("geo",)
    name = "places"
    label = "geo"


def _refuse(text: str) -> None:
    raise InputError("a text that asks to be refused")


def _fail(text: str) -> None:
    raise ZeroDivisionError(text)


DEEDS: dict[str, Callable[[str], object]] = {
    "please-sleep": lambda text: time.sleep(30),
    "please-wait": lambda text: time.sleep(0.2),
    "please-die": lambda text: os._exit(3),
    "please-fail": _fail,
    "please-refuse": _refuse,
}
