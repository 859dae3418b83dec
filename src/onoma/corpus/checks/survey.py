"""One reading of a corpus into columns of numbers, on which every check then works.

Words and surfaces are numbered; the numbers of the words are shared by all corpora that are checked together.
A token takes some 20 bytes, an entity 56, a sentence its text; documents are never held.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.checks.codes import CODES
from onoma.corpus.checks.distribution import Lengths
from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.corpus import Corpus, Source
from onoma.corpus.facts import Facts
from onoma.corpus.kaggle import UncarriedIdError
from onoma.text.document import Document

__all__ = ["Entities", "Survey", "Vocabulary", "survey"]

Ints = NDArray[np.integer[Any]]


class Entities(NamedTuple):
    """Arrays, one item an entity, in the order of the corpus."""

    sentence: Ints
    start: Ints  # in code points of the sentence's text
    end: Ints
    first: Ints  # tokens counted over the corpus: those that the entity touches
    last: Ints  # excluded
    label: Ints  # an index of `Survey.labels`
    surface: Ints  # an index of `Survey.surfaces`

    @property
    def length(self) -> Ints:
        """``[entity]``, in tokens."""
        return self.last - self.first

    def take(self, which: Any) -> Entities:
        """Those that ``which`` (a mask, a slice, indices) chooses."""
        return Entities(*(column[which] for column in self))


class Vocabulary:
    """Numbers for texts, given out as they come.

    >>> words = Vocabulary()
    >>> words.numbers(["a", "b", "a"]), words.texts
    ([0, 1, 0], ['a', 'b'])
    """

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._texts: list[str] = []

    def numbers(self, texts: Iterable[str]) -> list[int]:
        """The number of each text, a new one for a new text."""
        return [self._numbers[text] for text in texts]

    def get(self, text: str) -> int | None:
        """The number of ``text``, if it has one."""
        return self._numbers.get(text)

    @property
    def texts(self) -> list[str]:
        """Every text, in the order of their numbers."""
        if len(self._texts) < len(self._numbers):
            self._texts = list(self._numbers)
        return self._texts

    def __len__(self) -> int:
        return len(self._numbers)


@dataclass
class Survey:
    """A corpus in columns. ``limit`` is how many examples a finding gives."""

    name: str
    source: Source
    words: Vocabulary
    limit: int = 10
    fingerprint: str | None = None
    facts: Facts = field(default_factory=Facts)
    labels: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)  # [sentence]
    ids: list[str | None] = field(default_factory=list)  # [sentence]
    articles: list[str | None] = field(default_factory=list)  # [sentence]
    surfaces: list[str] = field(default_factory=list)
    tokens: Ints = field(default_factory=lambda: np.zeros(0, np.int32))  # [token], the words' numbers
    starts: Ints = field(default_factory=lambda: np.zeros(0, np.int32))  # [token], in the sentence's text
    ends: Ints = field(default_factory=lambda: np.zeros(0, np.int32))  # [token]
    edges: Ints = field(default_factory=lambda: np.zeros(1, np.int64))  # [sentence + 1], in tokens
    entities: Entities = field(default_factory=lambda: Entities(*[np.zeros(0, np.int64)] * 7))
    refused: str | None = None  # why the reader would not take the file

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def lengths(self) -> Ints:
        """``[sentence]``, in tokens."""
        return np.diff(self.edges)

    @cached_property
    def sentence_tokens(self) -> Lengths:
        """How long the sentences are."""
        return Lengths.of(self.lengths)

    @cached_property
    def entity_tokens(self) -> Lengths:
        """How long the entities are."""
        return Lengths.of(self.entities.length)

    @property
    def annotated(self) -> float:
        """The share of sentences with an entity; 0 if there is no sentence."""
        return len(np.unique(self.entities.sentence)) / max(len(self), 1)

    @cached_property
    def sentence_of(self) -> Ints:
        """``[token]``: the sentence it stands in."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def covered(self) -> NDArray[np.bool_]:
        """``[token]``: whether an entity touches it."""
        change = np.zeros(len(self.tokens) + 1, np.int64)
        np.add.at(change, self.entities.first, 1)
        np.add.at(change, self.entities.last, -1)
        return np.cumsum(change)[:-1] > 0

    @cached_property
    def keys(self) -> list[bytes]:
        """``[sentence]``: equal for the same words in the same order, in any corpus checked with this one."""
        raw, edges = self.tokens, self.edges.tolist()
        return [raw[a:b].tobytes() for a, b in pairwise(edges)]

    @cached_property
    def spans(self) -> list[bytes]:
        """``[entity]``: equal for the same words in the same order, whatever stands between them."""
        raw, edges = self.tokens, zip(self.entities.first.tolist(), self.entities.last.tolist(), strict=True)
        return [raw[a:b].tobytes() for a, b in edges]

    @cached_property
    def span_labels(self) -> dict[bytes, Counter[int]]:
        """How often the words of each entity bear each label; an entity may touch no token."""
        found: dict[bytes, Counter[int]] = {}
        for span, label in zip(self.spans, self.entities.label.tolist(), strict=True):
            if span:
                found.setdefault(span, Counter())[label] += 1
        return found

    def surface(self, span: bytes) -> str:
        """Words, as in `spans`, joined by blanks."""
        texts = self.words.texts
        return " ".join([texts[i] for i in np.frombuffer(span, dtype=np.int32).tolist()])

    @cached_property
    def groups(self) -> dict[bytes, list[int]]:
        """The sentences of each key; those without a word are left out."""
        found: dict[bytes, list[int]] = {}
        for i, key in enumerate(self.keys):
            if key:
                found.setdefault(key, []).append(i)
        return found

    @cached_property
    def word_counts(self) -> Ints:
        """``[word]``: how often it stands in this corpus."""
        return np.bincount(self.tokens, minlength=len(self.words))

    def entities_of(self, sentence: int) -> Entities:
        """Those of one sentence."""
        low, high = np.searchsorted(self.entities.sentence, [sentence, sentence + 1])
        return self.entities.take(slice(low, high))

    def finding(
        self,
        code: str,
        count: int,
        message: str,
        examples: Iterable[Example] = (),
        *,
        mild: bool = False,
    ) -> Finding:
        """A finding about this corpus, of the severity that its code has (``mild``: in lesser cases)."""
        row = CODES[code]
        severity = row.mild if mild and row.mild else row.severity
        return Finding(severity, code, self.name, int(count), message, tuple(examples))

    def example(self, sentence: int, start: int = 0, end: int = 0, note: str = "") -> Example:
        """A sentence, by its index, as an example."""
        i = int(sentence)
        return Example(self.texts[i], i + 1, self.ids[i], None, int(start), int(end), note)

    def token_example(self, first: int, last: int, note: str = "") -> Example:
        """Tokens ``[first, last)``, counted over the corpus, in their sentence as an example."""
        at = int(np.searchsorted(self.edges, first, side="right")) - 1
        return self.example(at, int(self.starts[first]), int(self.ends[last - 1]), note)

    def entity_example(self, index: int, note: str = "") -> Example:
        """An entity, by its index, in its sentence as an example."""
        entities = self.entities
        return self.example(entities.sentence[index], entities.start[index], entities.end[index], note)

    def word_examples(self, words: Sequence[int], notes: Sequence[str] = ()) -> Iterator[Example]:
        """Where each word, by its number, stands first, and how often it does; at most ``limit`` words."""
        for place, word in enumerate(words[: self.limit]):
            at, count = int(np.argmax(self.tokens == word)), self.word_counts[word]
            note = notes[place] if notes else ""
            often = f"{count:,} times" if count > 1 else ""
            yield self.token_example(at, at + 1, "; ".join(filter(None, (note, often))))


def survey(name: str, corpus: Corpus, words: Vocabulary | None = None, limit: int = 10) -> Survey:
    """Read ``corpus`` once. A file that is refused because its sentence ids were not carried gives an empty
    survey that says so; raises `CorpusError` for any other that cannot be read.

    >>> found = survey("a", Corpus.from_documents([Document.from_words(["Ada", "met"], [(0, 1, "per")])]))
    >>> len(found), found.surfaces, found.lengths.tolist()
    (1, ['Ada'], [2])
    """
    found = Survey(name, corpus.source, Vocabulary() if words is None else words, limit)
    rows = _Rows()
    try:
        for document in corpus:
            rows.add(found, document)
    except UncarriedIdError as error:
        refused = str(error).removeprefix(f"{error.path}: ")
        return Survey(name, corpus.source, found.words, limit, refused=refused)
    found.facts, found.fingerprint = corpus.facts, corpus.fingerprint
    rows.settle(found, corpus.labels)
    return found


class _Rows:
    """Columns while they grow."""

    def __init__(self) -> None:
        self.tokens, self.starts, self.ends, self.lengths = (array("i") for _ in range(4))
        self.entities = array("i")  # sentence, start, end, label, surface; and again
        self.labels, self.surfaces = Vocabulary(), Vocabulary()

    def add(self, found: Survey, document: Document) -> None:
        tokens = document.tokens
        self.tokens.extend(found.words.numbers(document.words))
        self.starts.extend([token.start for token in tokens])
        self.ends.extend([token.end for token in tokens])
        self.lengths.append(len(tokens))
        for entity in document.entities:
            surface = document.surface(entity)
            (label,), (number,) = self.labels.numbers([entity.label]), self.surfaces.numbers([surface])
            self.entities.extend((len(found.texts), entity.start, entity.end, label, number))
        article = document.meta.get("document")
        found.texts.append(document.text)
        found.ids.append(document.id)
        found.articles.append(None if article is None else str(article))

    def settle(self, found: Survey, labels: list[str]) -> None:
        found.labels, found.surfaces = labels, self.surfaces.texts
        found.tokens, found.starts, found.ends = map(np.array, (self.tokens, self.starts, self.ends))
        found.edges = np.concatenate([[0], np.cumsum(np.array(self.lengths, dtype=np.int64))])
        order = np.array([labels.index(name) for name in self.labels.texts], dtype=np.int64)
        sentence, start, end, label, surface = np.array(self.entities, dtype=np.int64).reshape(-1, 5).T
        first, last = _touched(found, sentence, start, end)
        entities = Entities(sentence, start, end, first, last, order[label], surface)
        found.entities = entities.take(np.lexsort((-end, start, sentence)))


def _touched(found: Survey, sentence: Ints, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """The tokens that each stretch of a sentence touches, counted over the corpus."""
    bases = np.concatenate([[0], np.cumsum([len(text) + 1 for text in found.texts])]).astype(np.int64)
    base = np.repeat(bases[:-1], found.lengths)
    first = np.searchsorted(base + found.ends, bases[sentence] + start, side="right")
    last = np.searchsorted(base + found.starts, bases[sentence] + end, side="left")
    return first, np.maximum(first, last)
