"""Regular expressions of Python as regular expressions of JavaScript that match the same.

JavaScript has no possessive repeats and no atomic groups, but its look-aheads are atomic: ``(?>x)`` is
``(?=(?<a>x))\\k<a>``. Its ``\\w``, ``\\d``, ``\\s`` and ``\\b`` know other characters than Python's, so every
set is written out as the ranges of code points that Python's own `re` finds in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError

__all__ = ["Pattern", "javascript", "ranges_of"]

Pattern = dict[str, Any]
"""``source``, in which ``<<n>>`` stands for the n-th of ``sets``, each the inside of a character class."""

Flags = NDArray[np.bool_]

_INLINE = 48  # characters; a longer set stands in the table
_SURROGATES = slice(0xD800, 0xE000)


def javascript(pattern: re.Pattern[str]) -> Pattern:
    """``pattern`` in JavaScript, for the flag ``u``.

    Raises `InputError` for what is not needed here and has no translation: flags within the pattern, anchors
    but for ``\\b``, captures within a look-behind.

    >>> javascript(re.compile(r"(?:ab)++[cd]"))["source"]
    '(?=(?<a1>(?:ab)+))\\\\k<a1>[\\\\u{63}-\\\\u{64}]'
    """
    parser: Any = import_module("re._parser")  # the tree that `re` itself compiles
    writer = _Writer()
    source = writer.sequence(parser.parse(pattern.pattern, pattern.flags))
    return {"source": source, "sets": writer.sets}


def ranges_of(holds: Callable[[str], bool]) -> str:
    """The characters for which ``holds``, as the inside of a character class.

    >>> ranges_of(str.isdecimal)[:25]
    '\\\\u{30}-\\\\u{39}\\\\u{660}-\\\\u{6'
    """
    return _ranges(np.fromiter((holds(chr(point)) for point in range(0x110000)), bool))


class _Writer:
    """Writes a parsed pattern node by node; numbers atomic groups, and gathers long sets."""

    def __init__(self) -> None:
        self.sets: list[str] = []
        self._groups = 0

    def sequence(self, nodes: Iterable[tuple[Any, Any]], *, behind: bool = False) -> str:
        return "".join(self._node(str(kind), value, behind) for kind, value in nodes)

    def _node(self, kind: str, value: Any, behind: bool) -> str:
        if behind and kind in _CAPTURING:
            raise InputError("a capture within a look-behind has no translation to JavaScript")
        if kind not in _NODES:
            raise InputError(f"{kind} in a pattern has no translation to JavaScript")
        return _NODES[kind](self, value, behind)

    def literal(self, point: int, _: bool) -> str:
        char = chr(point)
        return char if char.isascii() and char.isalnum() else f"\\u{{{point:x}}}"

    def other_than(self, point: int, _: bool) -> str:
        return f"[^\\u{{{point:x}}}]"

    def anything(self, _: None, __: bool) -> str:
        return r"[^\n]"

    def set(self, members: list[tuple[Any, Any]], _: bool) -> str:
        inside = _ranges(_flags(members))
        if len(inside) <= _INLINE:
            return f"[{inside}]"
        if inside not in self.sets:
            self.sets.append(inside)
        return f"[<<{self.sets.index(inside)}>>]"

    def branch(self, value: tuple[None, list[Any]], behind: bool) -> str:
        return f"(?:{'|'.join(self.sequence(each, behind=behind) for each in value[1])})"

    def group(self, value: tuple[int | None, int, int, Any], behind: bool) -> str:
        number, added, removed, nodes = value
        if added or removed:
            raise InputError("flags within a pattern have no translation to JavaScript")
        if number is None:
            return f"(?:{self.sequence(nodes, behind=behind)})"
        if behind:
            raise InputError("a capture within a look-behind has no translation to JavaScript")
        return f"(?<g{number}>{self.sequence(nodes)})"

    def reference(self, number: int, _: bool) -> str:
        return f"\\k<g{number}>"

    def repeat(self, value: tuple[int, Any, Any], behind: bool) -> str:
        least, most, nodes = value
        inner = self.sequence(nodes, behind=behind)
        count = _COUNTS.get((least, str(most))) or f"{{{least},{'' if str(most) == _ENDLESS else most}}}"
        single = len(nodes) == 1 and str(nodes[0][0]) in ("IN", "LITERAL")
        return (inner if single else f"(?:{inner})") + count

    def lazy(self, value: tuple[int, Any, Any], behind: bool) -> str:
        return self.repeat(value, behind) + "?"

    def possessive(self, value: tuple[int, Any, Any], _: bool) -> str:
        return self._atomic(lambda: self.repeat(value, False))

    def atomic(self, nodes: Any, _: bool) -> str:
        return self._atomic(lambda: self.sequence(nodes))

    def _atomic(self, inner: Callable[[], str]) -> str:
        self._groups += 1
        name = f"a{self._groups}"
        return f"(?=(?<{name}>{inner()}))\\k<{name}>"

    def look(self, value: tuple[int, Any], _: bool) -> str:
        direction, nodes = value
        return f"(?{'=' if direction > 0 else '<='}{self.sequence(nodes, behind=direction < 0)})"

    def look_not(self, value: tuple[int, Any], _: bool) -> str:
        direction, nodes = value
        return f"(?{'!' if direction > 0 else '<!'}{self.sequence(nodes, behind=direction < 0)})"

    def anchor(self, where: Any, _: bool) -> str:
        if str(where) != "AT_BOUNDARY":
            raise InputError(f"{where} in a pattern has no translation to JavaScript")
        word = self.set([(None, "CATEGORY_WORD")], False)
        return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"


_ENDLESS = "MAXREPEAT"
_COUNTS = {(0, _ENDLESS): "*", (1, _ENDLESS): "+", (0, "1"): "?"}
_CAPTURING = {"POSSESSIVE_REPEAT", "ATOMIC_GROUP", "GROUPREF"}
_NODES: dict[str, Callable[[_Writer, Any, bool], str]] = {
    "ANY": _Writer.anything,
    "ASSERT": _Writer.look,
    "ASSERT_NOT": _Writer.look_not,
    "AT": _Writer.anchor,
    "ATOMIC_GROUP": _Writer.atomic,
    "BRANCH": _Writer.branch,
    "GROUPREF": _Writer.reference,
    "IN": _Writer.set,
    "LITERAL": _Writer.literal,
    "MAX_REPEAT": _Writer.repeat,
    "MIN_REPEAT": _Writer.lazy,
    "NOT_LITERAL": _Writer.other_than,
    "POSSESSIVE_REPEAT": _Writer.possessive,
    "SUBPATTERN": _Writer.group,
}

_CATEGORIES = {"WORD": r"\w", "DIGIT": r"\d", "SPACE": r"\s"}


def _flags(members: Iterable[tuple[Any, Any]]) -> Flags:
    """``[code point]``: whether it is in the set of ``members``."""
    inside = np.zeros(0x110000, dtype=bool)
    negated = False
    for kind, value in members:
        if str(kind) == "NEGATE":
            negated = True
        elif str(kind) == "LITERAL":
            inside[value] = True
        elif str(kind) == "RANGE":
            inside[value[0] : value[1] + 1] = True
        else:
            inside |= _category(str(value).removeprefix("CATEGORY_"))
    return ~inside if negated else inside


@cache
def _category(name: str) -> Flags:
    inside = np.zeros(0x110000, dtype=bool)
    everything = "".join(map(chr, range(0x110000)))
    for match in re.finditer(_CATEGORIES[name.removeprefix("NOT_")] + "+", everything):
        inside[match.start() : match.end()] = True
    return ~inside if name.startswith("NOT_") else inside


def _ranges(inside: Flags) -> str:
    """The inside of a character class; half of a surrogate pair is no character, so it is in none."""
    inside = inside.copy()
    inside[_SURROGATES] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    pairs = edges.reshape(-1, 2).tolist()
    return "".join(
        f"\\u{{{first:x}}}" + (f"-\\u{{{after - 1:x}}}" if after - first > 1 else "")
        for first, after in pairs
    )
