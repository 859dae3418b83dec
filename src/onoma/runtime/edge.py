"""A tagger for JavaScript: one graph, the lexicon, and as JSON what Python knows of characters and words.

``edge/onoma.js`` reads the folder and finds the same entities, in a browser or in Node.
"""

from __future__ import annotations

import json
import re
from os import PathLike
from typing import Any

from onoma.errors import InputError
from onoma.features.static import PieceLexicon, StaticLexicon
from onoma.files import whole_file, whole_folder
from onoma.runtime.engines import word_engine
from onoma.runtime.js_pattern import javascript, ranges_of
from onoma.runtime.tagger import Tagger
from onoma.runtime.whole_graph import write_graph
from onoma.text.characters import IGNORED, INVISIBLE
from onoma.text.tokenizer import PATTERN

__all__ = ["EDGE", "GRAPH", "write_edge"]

EDGE, GRAPH = "edge.json", "model.onnx"
_FORMAT = 1


def write_edge(tagger: Tagger, folder: str | PathLike[str]) -> None:
    """Write ``model.onnx``, ``lexicon.json``, the static lexicon and ``edge.json`` into ``folder``.

    Raises `InputError` when the bundle's word pieces are of a kind that ``edge/pieces.js`` does not know.
    """
    content = _content(tagger)
    with whole_folder(folder) as place:
        write_graph(tagger, place / GRAPH)
        tagger.engine.features.save(place)
        with whole_file(place / EDGE) as file:
            json.dump(content, file, ensure_ascii=False)


def _content(tagger: Tagger) -> dict[str, Any]:
    static = word_engine(tagger.engine, "the form for JavaScript").features.static
    return {
        "format": _FORMAT,
        "bundle": tagger.manifest.version,
        "labels": tagger.labels,
        "alone": tagger.manifest.alone,
        "pattern": javascript(PATTERN),
        "characters": {
            "ignored": _set_of(IGNORED),
            "invisible": _set_of(INVISIBLE),
            "upper": ranges_of(str.isupper),
            "letter": ranges_of(str.isalpha),
            "digit": ranges_of(str.isdigit),
            "decimal": ranges_of(str.isdecimal),
        },
        "static": static and {"kind": static.kind, "file": static.file_name},
        "pieces": _pieces(static),
    }


def _set_of(characters: str) -> str:
    """The inside of a character class of Python's as one of JavaScript's."""
    return ranges_of(lambda char: re.match(f"[{characters}]", char) is not None)


def _pieces(lexicon: StaticLexicon | None) -> dict[str, Any] | None:
    """What the normaliser and the cutter of a word-piece tokenizer do with each character, as sets."""
    if not isinstance(lexicon, PieceLexicon):
        return None
    tokenizer = json.loads(lexicon.to_bytes())
    kinds = {part: (tokenizer[part] or {}).get("type") for part in ("normalizer", "pre_tokenizer", "model")}
    for part, known in _KNOWN.items():
        if kinds[part] not in known:
            allowed = ", ".join(str(kind) for kind in known)
            raise InputError(
                f"the bundle's word pieces have a {part} of the type {kinds[part]}; outside Python only "
                f"these are read: {allowed}"
            )
    normaliser = tokenizer["normalizer"] or {}
    strip = normaliser.get("strip_accents")
    lower = bool(normaliser.get("lowercase"))
    return {
        "lower": lower,
        "decompose": lower if strip is None else strip,
        **_normalised(lexicon if kinds["normalizer"] else None),
        "punctuation": _punctuation(lexicon) if kinds["pre_tokenizer"] else "",
    }


_KNOWN: dict[str, tuple[str | None, ...]] = {
    "normalizer": ("BertNormalizer", None),
    "pre_tokenizer": ("BertPreTokenizer", None),
    "model": ("WordPiece",),
}


def _normalised(lexicon: PieceLexicon | None) -> dict[str, str]:
    """Which characters go, which become a space, and which are set apart by spaces."""
    if lexicon is None:
        return dict.fromkeys(("gone", "blank", "apart"), "")
    becomes = [_one(lexicon, point) for point in range(0x110000)]
    return {
        "gone": ranges_of(lambda char: becomes[ord(char)] == ""),
        "blank": ranges_of(lambda char: becomes[ord(char)] == " "),
        "apart": ranges_of(lambda char: len(becomes[ord(char)]) > 2 and becomes[ord(char)][0] == " "),
    }


def _one(lexicon: PieceLexicon, point: int) -> str:
    return "?" if 0xD800 <= point < 0xE000 else lexicon.normalised(chr(point))


def _punctuation(lexicon: PieceLexicon) -> str:
    """The characters that are cut out of ``aXa``; many at a time, as a call of the cutter is dear."""
    alone: set[str] = set()
    for first in range(0, 0x110000, 0x8000):
        points = (point for point in range(first, first + 0x8000) if not 0xD800 <= point < 0xE000)
        parts = lexicon.cut(" ".join(f"a{chr(point)}a" for point in points))
        alone.update(part for part in parts if len(part) == 1 and part != "a")
    return ranges_of(alone.__contains__)
