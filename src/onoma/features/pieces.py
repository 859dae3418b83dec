"""What an encoder sees of words: the pieces its own tokenizer cuts them into, in rows it can hold.

A word's pieces depend on the word alone, so they are found once and remembered, and every word has at least
one. Text is read in *windows* of whole words (see `plan_pieces`); some windows make the arrays that a network
takes (see `Pieces.rows`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from onoma.errors import BundleError, InputError, nearest
from onoma.features.static import LONGEST_WORD
from onoma.features.words import seen
from onoma.files import whole_file
from onoma.text.windows import Window

__all__ = [
    "CASES",
    "MOST_PIECES",
    "Context",
    "PieceWord",
    "Pieces",
    "for_single_words",
    "plan_pieces",
    "word_case",
]

Context = Literal["sentence", "document"]
"""How far a window reaches: to the ends of one sentence, or over as many as it can hold of a document."""

CASES = ("none", "lower", "Title", "UPPER", "mixed", "digits", "other")
"""How words are written, by number; 0 is for what is no word."""

TOKENIZER = "tokenizer.json"
_UNKNOWN, _PADDING, _MASK = ("[UNK]", "<unk>"), ("[PAD]", "<pad>"), ("[MASK]", "<mask>")
#: Pieces of one word that are read: what it is shows long before that.
MOST_PIECES = 64

_MEMORY = 1 << 16  # words remembered

Integers = NDArray[np.int64]


def word_case(word: str) -> int:
    """How ``word`` is written: a place in `CASES`. It gives an encoder that lowers all letters its case back.

    >>> [CASES[word_case(word)] for word in ["paris", "Paris", "PARIS", "McBride", "1996-08-22", "--"]]
    ['lower', 'Title', 'UPPER', 'mixed', 'digits', 'other']
    """
    if word.islower():
        return 1
    if word.isupper() and sum(map(str.isupper, word)) > 1:
        return 3
    if word.istitle() or (word[:1].isupper() and word[1:].islower()):
        return 2
    if any(map(str.isupper, word)):
        return 4
    return 5 if any(map(str.isdigit, word)) else 6


class PieceWord(NamedTuple):
    """The pieces of a word, at least one; how it is written; whether it was read to its end."""

    ids: tuple[int, ...]
    case: int
    whole: bool


class Pieces:
    """A fast tokenizer at work on words that are already apart.

    ``most`` is how many pieces of one word are read (of its first `LONGEST_WORD` characters); a longer word
    is known by its first ones, and `shortened` counts such words. ``before`` and ``after`` are the ids of the
    special tokens around a row, ``padding`` the id that fills it up.

    >>> from tokenizers.models import WordPiece
    >>> vocabulary = {"[UNK]": 0, "play": 1, "##ing": 2}
    >>> pieces = Pieces(Tokenizer(WordPiece(vocabulary, unk_token="[UNK]")).to_str())
    >>> [pieces.word(word).ids for word in ["play", "playing", ""]]
    [(1,), (1, 2), (0,)]
    """

    def __init__(self, tokenizer_json: str, most: int = MOST_PIECES) -> None:
        """Raise `InputError` when the JSON is not a tokenizer's."""
        try:
            self.tokenizer_json = for_single_words(tokenizer_json)
            self._tokenizer = Tokenizer.from_str(self.tokenizer_json)
        except Exception as error:  # tokenizers raises the bare class
            raise InputError(f"not the JSON of a fast tokenizer: {error}") from error
        framed = self._tokenizer.encode("a", add_special_tokens=True)
        self.most = most
        self.before, self.after = _frame(framed.ids, framed.special_tokens_mask)
        self.padding = self._id_of(_PADDING, 0)
        self._tokenizer.encode_special_tokens = True  # a text may hold "[SEP]" and mean nothing by it
        self._special = frozenset((*self.before, *self.after, self._id_of(_PADDING, -1)))
        self._known: dict[str, PieceWord] = {}

    @cached_property
    def unknown(self) -> int:
        """The id that stands for a word of which the tokenizer makes nothing."""
        model = json.loads(self.tokenizer_json)["model"]
        if model.get("unk_id") is not None:
            return int(model["unk_id"])
        named = model.get("unk_token")
        return self._id_of((named, *_UNKNOWN) if named else _UNKNOWN, self.padding)

    @cached_property
    def mask(self) -> int:
        """The id that hid a piece when the encoder was pretrained; `unknown` where there is none."""
        return self._id_of(_MASK, self.unknown)

    def _id_of(self, names: Sequence[str], otherwise: int) -> int:
        found = (self._tokenizer.token_to_id(name) for name in names)
        return next((number for number in found if number is not None), otherwise)

    @property
    def frame(self) -> int:
        """How many special tokens stand around a row."""
        return len(self.before) + len(self.after)

    @property
    def size(self) -> int:
        """How many ids there are: what an encoder must have an embedding for."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    def word(self, word: str) -> PieceWord:
        """The pieces of one word."""
        known = self._known.get(word)
        if known is None:
            known = self._look(seen(word))
            if len(self._known) >= _MEMORY:
                self._known.clear()
            self._known[word] = known
        return known

    def _look(self, word: str) -> PieceWord:
        # half surrogate pairs, which tokenizers refuse, become "?"
        text = word[:LONGEST_WORD].encode("utf-8", "replace").decode("utf-8")
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids or [self.unknown]
        whole = len(word) <= LONGEST_WORD and len(ids) <= self.most
        plain = (self.unknown if number in self._special else number for number in ids[: self.most])
        return PieceWord(tuple(plain), word_case(word), whole)

    def counts(self, words: Sequence[str]) -> Integers:
        """How many pieces each word has ``[word]``, 1 or more."""
        return np.fromiter((len(self.word(word).ids) for word in words), np.int64, len(words))

    def shortened(self, words: Sequence[str]) -> int:
        """How many of ``words`` are known by their first pieces alone."""
        return sum(not self.word(word).whole for word in words)

    def rows(self, rows: Sequence[Sequence[str]]) -> dict[str, NDArray[Any]]:
        """The arrays that a network takes for windows of words, none of them empty.

        ``pieces``, ``piece_mask`` and ``case`` are ``[row, piece]``: ids with the special tokens around them,
        1 on all but padding, and how the word of a piece is written (0 where there is none). ``begin`` and
        ``end`` ``[row, word]`` are a word's range of pieces (padding has one piece, the first of the row),
        ``lengths`` ``[row]`` counts words, ``mask`` ``[row, word]`` is 1.0 on words.
        """
        known = [self.word(word) for row in rows for word in row]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        counts = np.fromiter((len(word.ids) for word in known), np.int64, len(known))
        ids = np.fromiter(chain.from_iterable(word.ids for word in known), np.int64, int(counts.sum()))
        cases = np.fromiter((word.case for word in known), np.int64, len(known))
        return self._laid_out(lengths, counts, ids, np.repeat(cases, counts))

    def _laid_out(
        self, lengths: Integers, counts: Integers, ids: Integers, cases: Integers
    ) -> dict[str, NDArray[Any]]:
        inside = np.arange(lengths.max()) < lengths[:, None]  # [row, word]
        count = np.zeros(inside.shape, np.int64)
        count[inside] = counts
        end = len(self.before) + count.cumsum(1)
        begin = end - count
        widths = end[:, -1] + len(self.after)  # [row], pieces
        place = np.arange(widths.max())
        own = (place >= len(self.before)) & (place < end[:, -1:])  # [row, piece]: those of words
        pieces = np.full(own.shape, self.padding, np.int64)
        pieces[:, : len(self.before)] = self.before
        for offset, number in enumerate(self.after):
            pieces[np.arange(len(lengths)), end[:, -1] + offset] = number
        pieces[own] = ids
        case = np.zeros(own.shape, np.int64)
        case[own] = cases
        return {
            "pieces": pieces,
            "piece_mask": (place < widths[:, None]).astype(np.int64),
            "case": case,
            "begin": np.where(inside, begin, 0),
            "end": np.where(inside, end, 1),
            "lengths": lengths,
            "mask": inside.astype(np.float32),
        }

    def hiding(self, rows: Mapping[str, NDArray[Any]], words: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The arrays of `rows` with some ``words`` ``[row, word]`` as the encoder's mask, piece by piece.

        >>> from tokenizers.models import WordPiece
        >>> vocabulary = {"[UNK]": 0, "play": 1, "##ing": 2, "[MASK]": 3}
        >>> pieces = Pieces(Tokenizer(WordPiece(vocabulary, unk_token="[UNK]")).to_str())
        >>> pieces.hiding(pieces.rows([["play", "playing"]]), np.array([[False, True]]))["pieces"]
        array([[1, 3, 3]])
        """
        row, word = np.nonzero(words & (rows["mask"] > 0))
        edges = np.zeros((len(words), rows["pieces"].shape[1] + 1), np.int64)
        np.add.at(edges, (row, rows["begin"][row, word]), 1)
        np.add.at(edges, (row, rows["end"][row, word]), -1)
        inside = edges.cumsum(1)[:, :-1] > 0  # [row, piece]
        return {**rows, "pieces": np.where(inside, self.mask, rows["pieces"])}

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json`` into ``folder``."""
        with whole_file(folder / TOKENIZER) as file:
            file.write(self.tokenizer_json)

    @classmethod
    def load(cls, folder: Path, most: int = MOST_PIECES) -> Pieces:
        """Read what `save` wrote, or any folder's fast tokenizer; raises `BundleError` when it cannot be."""
        try:
            return cls((folder / TOKENIZER).read_text(encoding="utf-8"), most)
        except (OSError, ValueError, InputError) as error:
            raise BundleError(f"cannot read the tokenizer in {folder}: {error}") from error


def for_single_words(tokenizer_json: str) -> str:
    """Without padding and truncation; byte-level pieces as they stand after a space, as most words do."""
    settings = json.loads(tokenizer_json) | {"padding": None, "truncation": None}
    step = settings.get("pre_tokenizer") or {}
    for part in step.get("pretokenizers", [step]):
        if part.get("type") == "ByteLevel":
            part["add_prefix_space"] = True
    return json.dumps(settings, ensure_ascii=False)


def _frame(ids: Sequence[int], special: Sequence[int]) -> tuple[list[int], list[int]]:
    """The ids that stand before and after a text, such as [CLS] and [SEP].

    >>> _frame([101, 7, 102], [1, 0, 1])
    ([101], [102])
    """
    own = [place for place, added in enumerate(special) if not added]
    first, last = (own[0], own[-1] + 1) if own else (len(ids), len(ids))
    return list(ids[:first]), list(ids[last:])


def plan_pieces(
    counts: Integers, starts: Sequence[int], limit: int, *, overlap: int, context: Context = "sentence"
) -> list[Window]:
    """Windows of whole words of at most ``limit`` pieces over a document whose words have ``counts`` pieces.

    ``starts`` are the words that begin a sentence, ascending. With ``context`` ``sentence`` a window is one
    sentence; with ``document`` it is a run of sentences, as many as it can hold. What does not fit is read in
    several windows that share ``overlap`` pieces or about so many: windows of a document begin and end
    between sentences where they can. The cores of the windows tile the document: a word belongs to the one
    window that has most around it (pieces, on its poorer side; an edge that is the text's own cuts nothing).

    Raises `InputError` when a word has more pieces than ``limit`` (see `Pieces.most`) or ``overlap`` is not
    in ``[0, limit)``.

    >>> for window in plan_pieces(np.ones(9, np.int64), [0, 3], limit=4, overlap=2):
    ...     print(window)
    Window(start=0, end=3, core_start=0, core_end=3)
    Window(start=3, end=7, core_start=3, core_end=6)
    Window(start=5, end=9, core_start=6, core_end=9)
    >>> plan_pieces(np.ones(9, np.int64), [0, 3], limit=9, overlap=2, context="document")
    [Window(start=0, end=9, core_start=0, core_end=9)]
    """
    _check(counts, limit, overlap, context)
    edges = np.concatenate([np.zeros(1, np.int64), counts.cumsum()])
    cuts = np.array([0, *(at for at in starts if 0 < at < len(counts)), len(counts)], np.int64)
    if context == "document":
        return _windows(edges, cuts, limit, overlap) if len(counts) else []
    parts = (np.array(pair, np.int64) for pair in pairwise(cuts.tolist()) if pair[0] < pair[1])
    return [window for part in parts for window in _windows(edges, part, limit, overlap)]


def _check(counts: Integers, limit: int, overlap: int, context: str) -> None:
    if context not in get_args(Context):
        raise InputError(f"unknown context {context!r}; {nearest(context, get_args(Context))}")
    if not 0 <= overlap < limit:
        raise InputError(
            f"windows of {limit} pieces cannot share {overlap}; give an overlap from 0 to {limit - 1}"
        )
    if counts.max(initial=0) > limit or counts.min(initial=1) < 1:
        raise InputError(
            f"words have {counts.min()} to {counts.max()} pieces; a window takes 1 to {limit} of each"
        )


def _windows(edges: Integers, cuts: Integers, limit: int, overlap: int) -> list[Window]:
    """Windows over the words between the first and last of ``cuts``; a word's pieces begin at ``edges``."""
    first, last = int(cuts[0]), int(cuts[-1])
    ranges = list(_ranges(edges, cuts, limit, overlap))
    if len(ranges) == 1:
        return [Window(first, last, first, last)]
    best = np.full(last - first, -1.0)
    owner = np.zeros(last - first, np.int64)
    for number, (start, end) in enumerate(ranges):
        around = _around(edges, start, end, first, last)
        better = around > best[start - first : end - first]
        best[start - first : end - first][better] = around[better]
        owner[start - first : end - first][better] = number
    cores = first + np.searchsorted(owner, np.arange(len(ranges) + 1))
    return [
        Window(start, end, int(a), int(b))
        for (start, end), (a, b) in zip(ranges, pairwise(cores), strict=True)
        if a < b
    ]


def _around(edges: Integers, start: int, end: int, first: int, last: int) -> NDArray[np.float64]:
    """Pieces that the window from ``start`` to ``end`` has around each word, on its poorer side."""
    around: NDArray[np.float64] = np.full(end - start, np.inf)
    if start > first:
        np.minimum(around, edges[start:end] - edges[start], out=around)
    if end < last:
        np.minimum(around, edges[end] - edges[start + 1 : end + 1], out=around)
    return around


def _ranges(edges: Integers, cuts: Integers, limit: int, overlap: int) -> Iterator[tuple[int, int]]:
    start, last = int(cuts[0]), int(cuts[-1])
    end = start
    while True:
        before, end = end, int(np.searchsorted(edges[: last + 1], edges[start] + limit, "right")) - 1
        if end == last:
            yield start, end
            return
        end = _snapped(cuts, end, max(before + 1, _at(edges, int(edges[start]) + limit // 2)))
        yield start, end
        # the word after the window must fit into the next one
        least = int(np.searchsorted(edges, edges[end + 1] - limit, "left"))
        wanted = max(least, start + 1, _at(edges, int(edges[end]) - overlap))
        start = _snapped(cuts, wanted, max(least, start + 1))


def _at(edges: Integers, piece: int) -> int:
    """The word that holds ``piece``."""
    return int(np.searchsorted(edges, piece, "right")) - 1


def _snapped(cuts: Integers, place: int, least: int) -> int:
    """The last cut up to ``place``, unless it lies before ``least``: then ``place`` itself."""
    cut = int(cuts[np.searchsorted(cuts, place, "right") - 1])
    return cut if cut >= least else place
