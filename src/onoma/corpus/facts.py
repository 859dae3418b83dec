"""What one reading of a corpus found: how much, which labels and scheme, and the fate of every annotation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from onoma.errors import CorpusError
from onoma.text.document import Document

__all__ = ["Facts", "Fate", "Fates"]


class Fate(NamedTuple):
    """What was done with one annotation that could not be taken as it stood, and where it stands."""

    path: str
    line: int | None
    tag: str
    done: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.tag}: {self.done}"


class Fates:
    """A ledger: every annotation read was kept as it stood, repaired, or left out.

    ``repaired`` and ``left_out`` count by what was done and why; ``listed`` holds the first ``limit`` fates
    other than being kept. ``len`` counts all those, iterating gives the listed ones.

    >>> fates = Fates(limit=1)
    >>> fates.read += 3
    >>> fates.kept += 1
    >>> fates.repair("read leniently", Fate("a.conll", 3, "I-per", "after O; read leniently"))
    >>> fates.leave_out("discontinuous", Fate("a.ann", 9, "T3 geo", "left out: discontinuous"))
    >>> len(fates), [str(fate) for fate in fates], dict(fates.left_out)
    (2, ['a.conll:3: I-per: after O; read leniently'], {'discontinuous': 1})
    >>> fates.check()
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self.read = 0
        self.kept = 0
        self.repaired: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.listed: list[Fate] = []

    @property
    def room(self) -> int:
        """How many more will be listed."""
        return self._limit - len(self.listed)

    def repair(self, how: str, fate: Fate) -> None:
        """Count an annotation that was kept in another form, and list it while there is room."""
        self.repaired[how] += 1
        self._list(fate)

    def leave_out(self, why: str, fate: Fate) -> None:
        """Count an annotation that was not kept, and list it while there is room."""
        self.left_out[why] += 1
        self._list(fate)

    def _list(self, fate: Fate) -> None:
        if self.room > 0:
            self.listed.append(fate)

    def add(self, other: Fates) -> None:
        """Take over what another ledger counted and, while there is room, listed."""
        self.read += other.read
        self.kept += other.kept
        self.repaired += other.repaired
        self.left_out += other.left_out
        self.listed += other.listed[: max(self.room, 0)]

    def check(self, path: str | None = None) -> None:
        """Raise `CorpusError` unless every annotation read has exactly one fate."""
        if self.read != self.kept + len(self):
            raise CorpusError(
                f"the counts do not balance: {self.read:,} annotations were read, {self.kept:,} kept, "
                f"{self.repaired.total():,} repaired and {self.left_out.total():,} left out. This is a fault "
                "of the reader, and nothing it read can be trusted; please report it",
                path=path,
            )

    def __len__(self) -> int:
        return self.repaired.total() + self.left_out.total()

    def __iter__(self) -> Iterator[Fate]:
        return iter(self.listed)

    def __getitem__(self, index: int) -> Fate:
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
    passed: Counter[str] = field(default_factory=Counter)  # what else is no annotation of a text, by kind
    columns: str = ""  # what columns a file of columns has, for messages
    entities: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[int, int, bool]] = field(default_factory=Counter)
    scheme: str | None = None
    fates: Fates = field(default_factory=Fates)
    mapped: Counter[tuple[str, str]] = field(default_factory=Counter)  # (old label, new; "": dropped)

    @property
    def repairs(self) -> Fates:
        """The fates, seen as the list of what could not be taken as it stood."""
        return self.fates

    def count(self, document: Document) -> Document:
        """Count ``document`` and hand it on."""
        length = len(document.tokens)
        self.sentences += 1
        self.tokens += length
        self.one_word += length == 1
        if document.entities:
            self.entities.update([entity.label for entity in document.entities])
        return document

    def check(self, path: str | None = None) -> None:
        """Raise `CorpusError` unless the fates balance and the documents hold what they say was kept."""
        self.fates.check(path)
        held, kept = self.entities.total(), self.fates.kept + self.fates.repaired.total()
        if held != kept:
            raise CorpusError(
                f"the counts do not balance: {kept:,} annotations were kept or repaired, but the documents "
                f"hold {held:,} entities. This is a fault of the reader; please report it",
                path=path,
            )
