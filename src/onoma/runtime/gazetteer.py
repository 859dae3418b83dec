"""Lists of names as an `Annotate`: every name of the list, found in one pass by Aho and Corasick (1975)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from onoma.errors import InputError
from onoma.runtime.merge import merge_entities, policy_named
from onoma.runtime.texts import Text, checked_texts, tokenised
from onoma.text import Coverage, Document, Entity

__all__ = ["Gazetteer", "read_names"]


class _Folded(NamedTuple):
    """A text as names are compared in it, and where its tokens begin and end: folded place to real place."""

    text: str
    starts: dict[int, int]
    ends: dict[int, int]


class Gazetteer:
    """An `Annotate` made of names; a name is found where it begins and ends with tokens of the document.

    Any white space in a name stands for any in the text, and letters are the same however their accents are
    encoded. With ``ignore_case`` they are also the same in either case (Unicode case folding), and offsets
    stay exact where that changes how long a word is. Of names that overlap, ``policy`` says which is kept
    (see `onoma.runtime.merge`; the longest by default). A name with several labels gives an entity for each
    if the policy keeps them, else that of the label that sorts first.

    >>> find = Gazetteer({"geo": ["New York", "New York City", "Weißensee"]}, ignore_case=True)
    >>> [document] = find(["From WEISSENSEE to New  York."])
    >>> [document.surface(entity) for entity in document.entities]
    ['WEISSENSEE', 'New  York']
    """

    def __init__(
        self,
        names: Mapping[str, Iterable[str]],
        *,
        ignore_case: bool = False,
        policy: str = "longest",
        score: float = 1.0,
    ) -> None:
        """``names`` maps a label to its names; ``score`` is the probability that a name found is right.

        Raises `InputError` for a name without a visible character, or an unknown policy.
        """
        from ahocorasick_rs import AhoCorasick, Implementation

        policy_named(policy)
        self.ignore_case, self.policy, self.score = ignore_case, policy, score
        by_name = _by_name(names, ignore_case)
        self.labels = sorted(set().union(*by_name.values()))
        self.version = f"gazetteer@{_digest(by_name, ignore_case, policy, score)}"
        self._labels = list(by_name.values())
        self._automaton = AhoCorasick(
            by_name, implementation=Implementation.ContiguousNFA, store_patterns=False
        )

    def __len__(self) -> int:
        """How many names there are that differ."""
        return len(self._labels)

    def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """The documents with the names found in them, ordered; a document without tokens is tokenised.

        Raises `InputError` naming the position of what is no text.
        """
        return [self._tag(tokenised(document)) for document in checked_texts(texts)]

    def _tag(self, document: Document) -> Document:
        folded = _folded(document, self.ignore_case)
        entities = merge_entities([list(self._find(folded))], self.policy)
        return document.replace(entities=entities, coverage=Coverage(len(document.text), 1, self.version))

    def _find(self, folded: _Folded) -> Iterator[Entity]:
        _, starts, ends = folded
        for name, start, end in self._automaton.find_matches_as_indexes(folded.text, overlapping=True):
            if start in starts and end in ends:
                for label in self._labels[name]:
                    yield Entity(starts[start], ends[end], label, self.score)


def read_names(path: str | Path) -> list[str]:
    """The names in a text file, one a line; empty lines and spaces around a name do not count.

    Raises `InputError` when the file is not UTF-8.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not encoded in UTF-8: {error}") from error
    return [line.strip() for line in lines if line.strip()]


def _by_name(names: Mapping[str, Iterable[str]], ignore_case: bool) -> dict[str, tuple[str, ...]]:
    """The labels of each name, folded."""
    found: dict[str, tuple[str, ...]] = {}
    for label in sorted(names):
        alone = (label,)  # one tuple for all names that have this label only
        for name in names[label]:
            folded = _fold(name.strip(), ignore_case)
            if not folded:
                raise InputError(f"{name!r}, a name of {label!r}, has no visible character")
            known = found.setdefault(folded, alone)
            if label not in known:
                found[folded] = (*known, label)
    return found


def _digest(by_name: Mapping[str, Sequence[str]], *settings: object) -> str:
    digest = hashlib.sha256(repr(settings).encode())
    for name in sorted(by_name):
        digest.update(f"{name}\t{'|'.join(by_name[name])}\n".encode())
    return digest.hexdigest()[:12]


_SPACE = re.compile(r"\s+")


def _fold(text: str, ignore_case: bool) -> str:
    """``text`` as names are compared: single spaces, accents apart from letters, in one case if wanted."""
    plain = _SPACE.sub(" ", text)
    if plain.isascii():
        return plain.lower() if ignore_case else plain
    plain = unicodedata.normalize("NFD", plain)
    return unicodedata.normalize("NFD", plain.casefold()) if ignore_case else plain


def _folded(document: Document, ignore_case: bool) -> _Folded:
    """Piece by piece, gap and token in turn, so that every edge of a token is known in the folded text."""
    text, parts = document.text, list[str]()
    starts, ends = dict[int, int](), dict[int, int]()
    at = last = 0
    for start, end in document.tokens:
        gap, word = _fold(text[last:start], ignore_case), _fold(text[start:end], ignore_case)
        parts += (gap, word)
        starts[at + len(gap)] = start
        at += len(gap) + len(word)
        ends[at] = last = end
    return _Folded("".join(parts), starts, ends)
