"""A JSON file that is one array of objects, streamed: an element at a time, with the line it begins on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from onoma.corpus.sources import TextSource, lines, quoted
from onoma.errors import CorpusError
from onoma.files import whole_file
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["elements", "first_element", "save_array"]

_BLANKS = " \t\r\n"
_STEP = 1 << 20  # characters read together


def elements(source: TextSource) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object of the array with its line. Raises `CorpusError` with file and line for anything else."""
    with lines(source) as text:
        yield from _Elements(text, str(source)).read()


def save_array(
    as_object: Callable[[Document], dict[str, Any]], documents: Iterable[Document], path: Path, _: Scheme
) -> None:
    """Write a file with an object for each document."""
    with whole_file(path) as file:
        for number, document in enumerate(documents):
            file.write(",\n" if number else "[\n")
            file.write(json.dumps(as_object(document), ensure_ascii=False))
        file.write("\n]\n")


def first_element(head: list[str]) -> dict[str, Any]:
    """The array's first object, as far as ``head`` holds it; empty when it is none."""
    start = "".join(head).lstrip("\ufeff" + _BLANKS)
    if not start.startswith("["):
        return {}
    try:
        element, _ = json.JSONDecoder().raw_decode(start[1:].lstrip(_BLANKS))
    except (ValueError, RecursionError):
        return {}
    return element if isinstance(element, dict) else {}


class _Elements:
    """What is read of the text but not yet yielded, and where that stands."""

    def __init__(self, text: TextIO, name: str) -> None:
        self._text, self._name = text, name
        self._held, self._at, self._line = "", 0, 1
        self._decode = json.JSONDecoder().raw_decode

    def read(self) -> Iterator[tuple[int, dict[str, Any]]]:
        self._expect("[")
        more = self._next() != "]"
        while more:
            self._next()
            yield self._line, self._element()
            if more := self._next() != "]":
                self._expect(",")
        self._expect("]")
        if trailing := self._next():
            raise self._error(f"after the array stands {quoted(trailing)}")

    def _element(self) -> dict[str, Any]:
        while True:
            try:
                value, end = self._decode(self._held, self._at)
                break
            except RecursionError as error:
                raise self._error("the JSON is nested too deeply") from error
            except ValueError as error:
                if not self._more():
                    raise self._error(f"this is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise self._error(f"the array must hold objects, not {type(value).__name__}")
        self._move(end)
        return value

    def _next(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            end = self._at
            while end < len(self._held) and self._held[end] in _BLANKS:
                end += 1
            self._move(end)
            if end < len(self._held):
                return self._held[end]
            if not self._more():
                return ""

    def _expect(self, mark: str) -> None:
        found = self._next()
        if found != mark:
            instead = repr(found) if found else "the end of the file"
            raise self._error(f"{mark!r} should stand here, not {instead}")
        self._move(self._at + 1)

    def _move(self, to: int) -> None:
        self._line += self._held.count("\n", self._at, to)
        self._at = to

    def _more(self) -> bool:
        """Hold more of the text, at least as much again, so that a long element is not tried too often."""
        left = self._held[self._at :]
        more = self._text.read(max(_STEP, len(left)))
        self._held, self._at = left + more, 0
        return bool(more)

    def _error(self, fault: str) -> CorpusError:
        return CorpusError(fault, path=self._name, line=self._line)
