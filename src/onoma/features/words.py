"""What a network sees of a word: its number in the vocabulary, characters, shape, rows of static vectors.

The same code makes features for training, evaluation and tagging, so a word never seen in training is
treated the same way in all three: number 1 (unknown) in the vocabulary, its own characters and shape,
and the static vector of its pieces.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onoma.errors import BundleError, InputError
from onoma.features.static import StaticLexicon
from onoma.files import whole_file
from onoma.text.characters import IGNORED

__all__ = ["PAD", "UNKNOWN", "WordFeatures", "build_features", "normalise", "seen", "shape"]

PAD, UNKNOWN = 0, 1
_RESERVED = 2
_DIGIT = re.compile(r"\d")
_IGNORED = re.compile(f"[{IGNORED}]+")
_HEAD = _TAIL = 16  # a longer word is seen by its first and last characters
_MAX_SHAPE = 8


def seen(word: str) -> str:
    """``word`` without the characters that nobody sees; as it is, if there are no others.

    >>> seen("Lon\\u200bdon")
    'London'
    """
    return _IGNORED.sub("", word) or word


def normalise(word: str) -> str:
    """The form under which a word is looked up in the vocabulary: lower case, every digit a 0.

    >>> normalise("Boeing-747")
    'boeing-000'
    """
    return _DIGIT.sub("0", word.lower())


def shape(word: str) -> str:
    """Upper case as X, lower as x, digits as d, runs shortened to one (X to two, so US is not Us).

    >>> shape("McDonald's"), shape("USA"), shape("Boeing-747")
    ("XxXx'x", 'XX', 'Xx-d')
    """
    kinds = [_kind(char) for char in word[: 4 * _MAX_SHAPE]]
    runs = [(kind, sum(1 for _ in run)) for kind, run in groupby(kinds)]
    return "".join(kind * (2 if kind == "X" and length > 1 else 1) for kind, length in runs)[:_MAX_SHAPE]


def _kind(char: str) -> str:
    if char.isupper():
        return "X"
    if char.isalpha():
        return "x"
    return "d" if char.isdigit() else char


@dataclass(frozen=True)
class WordFeatures:
    """Maps words to feature arrays; an empty or absent part is left out.

    ``words``, ``characters`` and ``shapes`` list the known values in order, numbered from 2 (0 pads,
    1 stands for everything unknown). ``static`` finds the rows of a static vector table.

    >>> features = WordFeatures(words=["paris"], characters=["P", "a"])
    >>> {name: array.tolist() for name, array in features.arrays(["Paris"]).items()}
    {'word': [0, 2], 'characters': [[0, 0, 0, 0, 0], [2, 3, 1, 1, 1]]}
    """

    words: Sequence[str]
    characters: Sequence[str] = ()
    shapes: Sequence[str] = ()
    static: StaticLexicon | None = field(default=None)

    @cached_property
    def _word_number(self) -> Mapping[str, int]:
        return _numbered(self.words)

    @cached_property
    def _character_number(self) -> Mapping[str, int]:
        return _numbered(self.characters)

    @cached_property
    def _shape_number(self) -> Mapping[str, int]:
        return _numbered(self.shapes)

    def arrays(self, words: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """Features of distinct ``words`` after a first row for padding.

        ``word`` and ``shape`` are ``[1 + word]``, ``characters`` and ``pieces`` ``[1 + word, longest]``,
        padded with 0.
        """
        words = list(map(seen, words))
        found = self._word_number
        arrays = {"word": _column([found.get(normalise(word), UNKNOWN) for word in words])}
        if self.characters:
            arrays["characters"] = _padded([self._spell(word) for word in words])
        if self.shapes:
            arrays["shape"] = _column([self._shape_number.get(shape(word), UNKNOWN) for word in words])
        if self.static is not None:
            arrays["pieces"] = _padded(self.static.rows_of(words))
        return arrays

    def _spell(self, word: str) -> list[int]:
        if len(word) > _HEAD + _TAIL:
            word = word[:_HEAD] + word[-_TAIL:]
        number = self._character_number
        return [number.get(char, UNKNOWN) for char in word]

    def save(self, folder: Path) -> None:
        """Write ``lexicon.json`` and, with static vectors, their lexicon file into ``folder``."""
        parts = {
            "words": list(self.words),
            "characters": list(self.characters),
            "shapes": list(self.shapes),
            "static": self.static is not None,
        }
        with whole_file(folder / "lexicon.json") as file:
            file.write(json.dumps(parts, ensure_ascii=False))
        if self.static is not None:
            self.static.save(folder)

    @classmethod
    def load(cls, folder: Path) -> WordFeatures:
        """Read what `save` wrote; raises `BundleError` when it is missing or damaged."""
        try:
            parts = json.loads((folder / "lexicon.json").read_text(encoding="utf-8"))
            static = StaticLexicon.load(folder) if parts["static"] else None
            return cls(parts["words"], parts["characters"], parts["shapes"], static)
        except (OSError, ValueError, KeyError, TypeError, InputError) as error:
            raise BundleError(f"cannot read the lexicon in {folder}: {error}") from error


def build_features(
    counts: Mapping[str, int],
    *,
    min_count: int = 1,
    characters: bool = False,
    shapes: bool = False,
    static: StaticLexicon | None = None,
) -> WordFeatures:
    """Features for a training corpus whose words occur ``counts`` times; ``min_count`` is for words.

    >>> build_features({"Paris": 2, "paris": 1, "rare": 1}, min_count=2).words
    ['paris']
    """
    folded, letters, forms = Counter[str](), Counter[str](), Counter[str]()
    for written, count in counts.items():
        word = seen(written)
        folded[normalise(word)] += count
        if characters:
            letters.update({char: count * word.count(char) for char in set(word)})
        if shapes:
            forms[shape(word)] += count
    return WordFeatures(_frequent(folded, min_count), _frequent(letters, 3), _frequent(forms, 10), static)


def _frequent(counts: Mapping[str, int], least: int) -> list[str]:
    """Values seen at least ``least`` times, most frequent first, ties by spelling: always the same order."""
    kept = ((-count, value) for value, count in counts.items() if count >= least)
    return [value for _, value in sorted(kept)]


def _numbered(values: Iterable[str]) -> dict[str, int]:
    return {value: i for i, value in enumerate(values, start=_RESERVED)}


def _column(numbers: list[int]) -> NDArray[np.int64]:
    return np.array([PAD, *numbers], dtype=np.int64)


def _padded(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    width = max(map(len, rows), default=0)
    out = np.full((len(rows) + 1, max(width, 1)), PAD, dtype=np.int64)
    for i, row in enumerate(rows, start=1):
        out[i, : len(row)] = row
    return out
