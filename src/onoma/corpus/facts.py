"""What one reading of a corpus found: how much, which labels and scheme, and the fate of what was wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from onoma.text.document import Document

__all__ = ["Facts", "Repair", "Repairs"]


class Repair(NamedTuple):
    """One annotation that could not be taken as it stood, and what was done with it."""

    path: str
    line: int
    tag: str
    done: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.tag}: {self.done}"


class Repairs:
    """Every repair counted, the first ``limit`` listed.

    >>> repairs = Repairs(limit=1)
    >>> repairs.add(Repair("a.conll", 3, "I-per", "read as the start of an entity"))
    >>> repairs.add(Repair("a.conll", 9, "I-geo", "read as the start of an entity"))
    >>> len(repairs), [str(repair) for repair in repairs]
    (2, ['a.conll:3: I-per: read as the start of an entity'])
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self.listed: list[Repair] = []
        self.count = 0

    @property
    def room(self) -> int:
        """How many more will be listed."""
        return self._limit - len(self.listed)

    def add(self, repair: Repair) -> None:
        """Count one repair, and list it while there is room."""
        self.count += 1
        if self.room > 0:
            self.listed.append(repair)

    def __len__(self) -> int:
        return self.count

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.listed)

    def __getitem__(self, index: int) -> Repair:
        return self.listed[index]


@dataclass(slots=True)
class Facts:
    """Counts of one whole reading.

    ``entities`` counts by label; ``moves`` counts pairs of neighbouring tags (see
    `onoma.tagging.spans.count_moves`); ``scheme`` is known when the reading is complete.
    """

    sentences: int = 0
    tokens: int = 0
    one_word: int = 0  # sentences of a single token
    comments: int = 0  # lines passed over because they are comments
    columns: str = ""  # what columns a file of columns has, for messages
    entities: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[int, int, bool]] = field(default_factory=Counter)
    scheme: str | None = None
    repairs: Repairs = field(default_factory=Repairs)

    def count(self, document: Document) -> Document:
        """Count ``document`` and hand it on."""
        length = len(document.tokens)
        self.sentences += 1
        self.tokens += length
        self.one_word += length == 1
        if document.entities:
            self.entities.update([entity.label for entity in document.entities])
        return document
