"""What a check hands back: findings, each with examples that say where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from onoma.corpus.checks.codes import CODES

__all__ = ["Example", "Finding"]


class Example(NamedTuple):
    """One place where a finding shows: a text, the stretch of it that is meant, and what to say of it.

    ``sentence`` counts from 1 in its corpus, ``id`` is the document's own, ``line`` that of the file where it
    is known. ``start`` and ``end`` are code points of ``text``, equal where the whole of it is meant.

    >>> Example("Ada met Bob", 3, start=8, end=11, note="seldom geo").marked()
    'Ada met [Bob]'
    """

    text: str
    sentence: int | None = None
    id: str | None = None
    line: int | None = None
    start: int = 0
    end: int = 0
    note: str = ""
    suggestion: Mapping[str, Any] | None = None  # of a label error: kind, present, suggested, confidence

    def parts(self, room: int = 200) -> tuple[str, str, str]:
        """What stands before the stretch, the stretch, and what stands after; about ``room`` characters."""
        start, end = self.start, self.end
        beside = max((room - (end - start)) // 2, 20)
        low = max(0, min(start - beside, len(self.text) - room))
        high = max(end + beside, low + room)
        before = ("…" if low else "") + self.text[low:start]
        after = self.text[end:high] + ("…" if high < len(self.text) else "")
        return before, self.text[start:end], after

    def marked(self, room: int = 200) -> str:
        """The text in about ``room`` characters, the stretch that is meant in brackets."""
        before, stretch, after = self.parts(room)
        return f"{before}[{stretch}]{after}" if stretch else after

    @property
    def place(self) -> str:
        """Where it stands, in words; empty if that is not known."""
        if self.line is not None:
            return f"line {self.line:,}"
        if self.sentence is None:
            return ""
        named = "" if self.id is None or str(self.sentence) in self.id else f" ({self.id})"
        return f"sentence {self.sentence:,}{named}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: how grave, what, where, how often, and a few examples, the worst first."""

    severity: str
    code: str
    corpus: str
    count: int
    message: str
    examples: tuple[Example, ...] = ()

    @property
    def advice(self) -> str:
        """What to do about it."""
        return CODES[self.code].advice

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plain = asdict(self) | {"advice": self.advice}
        return plain | {"examples": [each._asdict() for each in self.examples]}
