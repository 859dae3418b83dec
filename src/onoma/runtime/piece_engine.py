"""`PieceEngine`: an encoder under ONNX Runtime, from rows of words to entities with probabilities.

Sentences are read in windows of pieces (see `plan_pieces`), and windows of like size run together, as many
side by side as there are threads. Each word's scores are those of the window with most around it; put
together again they are decoded sentence by sentence, so no entity reaches from one into the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.features.piece_batch import PieceFeatures
from onoma.features.pieces import Pieces
from onoma.features.words import WordFeatures
from onoma.runtime.bundle import TAGS, WORDS
from onoma.runtime.confidence import Confidence
from onoma.runtime.engine import other_readings
from onoma.runtime.manifest import PieceSizes
from onoma.runtime.network import Network
from onoma.runtime.providers import CPU
from onoma.runtime.readers import Row, Rows, Spans
from onoma.runtime.side_by_side import Pool, Room, grouped, in_order
from onoma.runtime.words import WordVectors
from onoma.tagging import TagSet
from onoma.tagging.chain import Chain
from onoma.tagging.decode import Decoder, TagScores
from onoma.tagging.readings import Readings

__all__ = ["PieceEngine"]

_ROOM = {CPU: Room(16, 512)}  # what an encoder makes of so many pieces stays in a core's own cache
_WIDE = Room(64, 16384)  # for what works on much at once
_DECODED = Room(64, 8192)  # sentences, and their words

Emissions = NDArray[np.float32]


class _Part(NamedTuple):
    """Words that are read together, and which of them this window is the one to tell of."""

    words: Sequence[str]
    pieces: int
    own: slice


class PieceEngine:
    """As `Engine`, for a bundle with an encoder; many threads may use it at once.

    ``alone`` lets windows through the network one at a time. Raises `BundleError` when a graph or the
    tokenizer cannot be loaded, `InputError` when ``provider`` is not there.
    """

    def __init__(
        self,
        folder: Path,
        tags: TagSet,
        threads: int,
        confidence: Confidence,
        sizes: PieceSizes,
        *,
        provider: str = CPU,
        alone: bool = False,
    ) -> None:
        own = (folder / WORDS).is_file()  # then the network reads features of words too
        words = WordFeatures.load(folder) if own else None
        pieces = Pieces.load(folder, sizes.most)
        self.features = PieceFeatures(pieces, sizes.limit, sizes.overlap, sizes.context, words)
        self.network = Network(folder / TAGS, provider)
        self._said: dict[bytes, TagScores] | None = None  # what the network said, while that is kept
        self._vectors = _vectors(Network(folder / WORDS, provider), words) if words else None
        self._room = Room(1, 1) if alone else _ROOM.get(provider, _WIDE)
        self._pool = Pool(threads)
        self._tags, self._moves = tags, self.network(self.inputs([["a"]]))
        self.trust(confidence)

    def trust(self, confidence: Confidence) -> None:
        """Give scores by ``confidence`` from now on."""
        self._decode = Decoder(self._tags, self._moves, confidence.temperature, confidence.mended)

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Within it the network says nothing twice: for readings of one text that differ in decoding alone.

        All that it says is kept in memory, for each word a number a tag.
        """
        self._said = {}
        try:
            yield
        finally:
            self._said = None

    @property
    def chain(self) -> Chain:
        """The moves between tags, sharpened as scores are before they count as probabilities."""
        return self._decode.chain

    def mended(self, probability: float) -> float:
        """A probability of `views` as the scores of entities show it."""
        return self._decode.mended(probability)

    def read(self, rows: Rows) -> list[Spans]:
        """The entities of each row of words, as spans of its words; no row may be empty."""
        return [spans for spans, _ in self.begin(rows).result()]

    def begin(self, rows: Rows, sizes: Sequence[int] = ()) -> PieceReading:
        """Start to read ``rows``, each a sentence, on other threads, where there are any.

        ``sizes`` tells how many of the rows, one after another, each document has: no window reaches over
        two. Without it every row is a document.
        """
        parts, groups = self._plan(rows, sizes)
        found = self._pool.map(self._scored, [[parts[i] for i in group] for group in groups])
        return PieceReading([len(row) for row in rows], groups, found, self._decode)

    def calls(self, rows: Rows, sizes: Sequence[int] = ()) -> Iterator[dict[str, NDArray[Any]]]:
        """What the network is given, call by call, to read ``rows``."""
        parts, groups = self._plan(rows, sizes)
        return (self.inputs([parts[i].words for i in group]) for group in groups)

    def inputs(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """What ``network`` takes of windows of words: see `Pieces.rows`; ``vectors`` of words besides."""
        found = self.features.pieces.rows(rows)
        found["until"] = found.pop("end")  # what a graph calls ``end`` is a CRF's
        return found if self._vectors is None else found | {"vectors": self._vectors(rows)}

    def scores(self, rows: Rows) -> TagScores:
        """What the network says of ``rows``, each a document, before decoding."""
        return self._moves._replace(emissions=_padded(self.emissions(rows)))

    def emissions(self, rows: Rows, sizes: Sequence[int] = ()) -> list[Emissions]:
        """What the network says of each row of words, ``[word, tag]``; ``sizes`` as for `begin`."""
        reading = self.begin(rows, sizes)
        return np.split(reading.emissions(), list(accumulate(reading.lengths))[:-1])

    def views(self, rows: Rows, sizes: Sequence[int] = ()) -> list[Readings]:
        """For each row of words the probabilities of any spans of it, found or not; no row may be empty."""
        return [Readings(self.chain, scores) for scores in self.emissions(rows, sizes)]

    def readings(self, rows: Rows, spans: Sequence[Spans], limit: int) -> list[list[Spans]]:
        """The ``limit`` likeliest other readings of each of ``spans``, which were found in each of ``rows``.

        The rows are those of one document, in order.
        """
        if self.features.context == "document":
            views = dict(enumerate(self.views(rows, [len(rows)])))
        else:
            asked = [i for i, each in enumerate(spans) if each]
            views = dict(zip(asked, self.views([rows[i] for i in asked]), strict=True))
        return [
            [other_readings(views[i], span, limit, self.mended) for span in each]
            for i, each in enumerate(spans)
        ]

    def _plan(self, rows: Rows, sizes: Sequence[int]) -> tuple[list[_Part], list[list[int]]]:
        """Windows over all rows, and the numbers of those that run together."""
        parts = list(self._parts(rows, sizes))
        most = min(self._room.rows, -(-len(parts) // self._pool.threads))
        groups = grouped([part.pieces for part in parts], self._room._replace(rows=most))
        return parts, list(groups)

    def _parts(self, rows: Rows, sizes: Sequence[int]) -> Iterator[_Part]:
        at = 0
        for size in sizes or [1] * len(rows):
            if size:
                yield from self._parts_of(rows[at : at + size])
            at += size

    def _parts_of(self, sentences: Rows) -> Iterator[_Part]:
        words = sentences[0] if len(sentences) == 1 else list(chain.from_iterable(sentences))
        counts = self.features.pieces.counts(words)
        starts = [0, *accumulate(map(len, sentences))][:-1]
        for window in self.features.windows(counts, starts):
            own = slice(window.core_start - window.start, window.core_end - window.start)
            pieces = int(counts[window.start : window.end].sum()) + self.features.pieces.frame
            yield _Part(words[window.start : window.end], pieces, own)

    def _scored(self, parts: Sequence[_Part]) -> list[Emissions]:
        """The scores of each part's own words, ``[word, tag]``."""
        emissions = self._asked(self.inputs([part.words for part in parts])).emissions
        return [scores[part.own].copy() for scores, part in zip(emissions, parts, strict=True)]

    def _asked(self, given: dict[str, NDArray[Any]]) -> TagScores:
        """What the network says of ``given``, or has said, where that is kept."""
        said = self._said
        if said is None:
            return self.network(given)
        mark = _mark(given)
        if mark not in said:
            said[mark] = self.network(given)
        return said[mark]


def _mark(given: Mapping[str, NDArray[Any]]) -> bytes:
    """What tells inputs of a network apart."""
    digest = hashlib.blake2b(digest_size=16)
    for name, array in sorted(given.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.digest()


class PieceReading:
    """Sentences on their way: `result` waits for them, puts them together and decodes them."""

    def __init__(
        self,
        lengths: list[int],
        groups: list[list[int]],
        found: Iterator[list[Emissions]],
        decode: Decoder,
    ) -> None:
        self.lengths = lengths
        self._groups, self._found, self._decode = groups, found, decode

    def emissions(self) -> Emissions:
        """The scores of all words ``[word, tag]``: in order, windows own one word after another."""
        return np.concatenate(in_order(self._groups, self._found))

    def result(self) -> list[Row]:
        """What was read of each sentence; raises what reading raised."""
        if not self.lengths:
            return []
        flat, lengths = self.emissions(), np.array(self.lengths)
        starts = lengths.cumsum() - lengths
        groups = list(grouped(self.lengths, _DECODED))
        return in_order(groups, (self._decoded(flat, starts[group], lengths[group]) for group in groups))

    def _decoded(self, flat: Emissions, starts: NDArray[Any], lengths: NDArray[Any]) -> list[Row]:
        places = np.minimum(starts[:, None] + np.arange(lengths.max()), len(flat) - 1)  # [sentence, time]
        return list(zip(*self._decode.read(flat[places], lengths), strict=True))


def _padded(rows: Sequence[Emissions]) -> Emissions:
    """``[row, time, tag]``, 0 beyond the end of a row."""
    padded = np.zeros((len(rows), max(map(len, rows)), rows[0].shape[1]), np.float32)
    for row, scores in enumerate(rows):
        padded[row, : len(scores)] = scores
    return padded


def _vectors(network: Network, features: WordFeatures) -> Callable[[Rows], NDArray[np.float32]]:
    def compute(words: Sequence[str]) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = network.run(features.arrays(words))[0]
        return vectors

    return WordVectors(compute)
