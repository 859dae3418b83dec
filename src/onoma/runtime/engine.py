"""`Engine`: the network of a bundle at work, from rows of words to entities with probabilities.

A bundle has two graphs. ``words`` makes the vector of a word from its features, which depend on nothing else,
so each word is computed once and remembered. ``tags`` reads a batch of vectors and scores each token's tags.
ONNX Runtime runs them; a network that Onoma's own code in C can run is run by that (`onoma.runtime.readers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onoma.features.words import WordFeatures
from onoma.runtime.confidence import Confidence
from onoma.runtime.providers import CPU
from onoma.runtime.readers import KernelReader, OnnxReader, Reader, Row, Rows, Spans
from onoma.runtime.side_by_side import Pool, grouped, in_order
from onoma.runtime.stored import stored
from onoma.tagging import TagSet
from onoma.tagging.chain import Chain
from onoma.tagging.decode import Decoder, ScoredSpan, TagScores
from onoma.tagging.kernel import load_kernel
from onoma.tagging.readings import Readings

if TYPE_CHECKING:
    from onoma.runtime.network import Network

__all__ = ["Engine", "Reading", "Row"]


class Engine:
    """Runs a bundle's network and decodes what it says; many threads may use it at once.

    ``threads`` is how many batches may run side by side, each on one core: that is quicker than many cores on
    one batch, and gives every batch the same arithmetic. ``alone``: see `Network`. Raises `BundleError` when
    a graph cannot be loaded, `InputError` when ``provider`` is not there.
    """

    def __init__(
        self,
        folder: Path,
        tags: TagSet,
        threads: int,
        confidence: Confidence,
        *,
        provider: str = CPU,
        alone: bool = False,
    ) -> None:
        self.features = WordFeatures.load(folder)
        self._folder, self._provider, self._alone, self._tags = folder, provider, alone, tags
        self._pool = Pool(threads)
        self._opened: OnnxReader | None = None
        self.reader: Reader = self._in_c() or self._onnx
        self.trust(confidence)

    def _in_c(self) -> KernelReader | None:
        """The reader in C, where there is a compiled library, a network it can run, and no other wish."""
        library = load_kernel() if self._provider == CPU else None
        network = stored(self._folder) if library is not None else None
        if library is None or network is None:
            return None
        return KernelReader(library, network, self.features, Chain(self._tags, network.moves))

    @property
    def _onnx(self) -> OnnxReader:
        if self._opened is None:  # two threads may open it: that does no harm, a lock left by a fork would
            self._opened = OnnxReader(self._folder, self.features, self._provider, alone=self._alone)
        return self._opened

    @property
    def network(self) -> Network:
        """The graph ``tags`` under ONNX Runtime, whoever reads."""
        return self._onnx.network

    def inputs(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """What ``network`` takes: ``vectors`` ``[row, time, width]``, ``lengths`` ``[row]``, ``mask``."""
        return self._onnx.inputs(rows)

    def trust(self, confidence: Confidence) -> None:
        """Give scores by ``confidence`` from now on."""
        self._decode = Decoder(self._tags, self.reader.moves, confidence.temperature, confidence.mended)
        self.reader.trust(self._decode)

    def read(self, rows: Rows) -> list[Spans]:
        """The entities of each row of words, as spans of its words; no row may be empty."""
        return [spans for spans, _ in self.begin(rows).result()]

    def begin(self, rows: Rows, sizes: Sequence[int] = ()) -> Reading:
        """Start to read ``rows`` on other threads, where there are any; rows of like length run together.

        ``sizes``, how many of the rows each document has, is for engines that read a row with its neighbours.
        """
        groups = self.groups(rows)
        batches = [[rows[i] for i in group] for group in groups]
        return Reading(groups, self._pool.map(self.reader.read, batches))

    def groups(self, rows: Rows) -> list[list[int]]:
        """The numbers of the rows that run together, in the order of their lengths."""
        room, lengths = self.reader.room, [len(row) for row in rows]
        parts = min(self._pool.threads, max(1, sum(lengths) // self.reader.worth))
        return list(grouped(lengths, room._replace(rows=min(room.rows, -(-len(rows) // parts)))))

    def calls(self, rows: Rows) -> Iterator[dict[str, NDArray[Any]]]:
        """What ``network`` is given, call by call, to read ``rows``."""
        return (self.inputs([rows[i] for i in group]) for group in self.groups(rows))

    def scores(self, rows: Rows) -> TagScores:
        """What the network says of ``rows``, before decoding."""
        return self.reader.scores(rows)

    @property
    def chain(self) -> Chain:
        """The moves between tags, sharpened as scores are before they count as probabilities."""
        return self._decode.chain

    def mended(self, probability: float) -> float:
        """A probability of `views` as the scores of entities show it."""
        return self._decode.mended(probability)

    def emissions(self, rows: Rows, sizes: Sequence[int] = ()) -> list[NDArray[np.float32]]:
        """What the network says of each row of words, ``[word, tag]``; ``sizes`` as for `begin`."""
        groups = self.groups(rows)
        batches = [[rows[i] for i in group] for group in groups]
        return in_order(groups, self._pool.map(self._emitted, batches))

    def _emitted(self, rows: Rows) -> list[NDArray[np.float32]]:
        emissions = self.scores(rows).emissions
        return [each[: len(row)] for each, row in zip(emissions, rows, strict=True)]

    def views(self, rows: Rows, sizes: Sequence[int] = ()) -> list[Readings]:
        """For each row of words the probabilities of any spans of it, found or not; no row may be empty."""
        return [Readings(self.chain, emissions) for emissions in self.emissions(rows, sizes)]

    def readings(self, rows: Rows, spans: Sequence[Spans], limit: int) -> list[list[Spans]]:
        """The ``limit`` likeliest other readings of each of ``spans``, which were found in each of ``rows``.

        The rows are those of one document, in order.
        """
        asked = [i for i, each in enumerate(spans) if each]
        views = dict(zip(asked, self.views([rows[i] for i in asked]), strict=True))
        return [
            [other_readings(views[i], span, limit, self.mended) for span in each]
            for i, each in enumerate(spans)
        ]


class Reading:
    """Rows on their way: `result` waits for them and puts them back in order."""

    def __init__(self, groups: list[list[int]], found: Iterator[list[Row]]) -> None:
        self._groups, self._found = groups, found

    def result(self) -> list[Row]:
        """What was read of each row; raises what reading raised."""
        return in_order(self._groups, self._found)


def other_readings(view: Readings, span: ScoredSpan, limit: int, mended: Callable[[float], float]) -> Spans:
    """The ``limit`` likeliest other readings of ``span``, with probabilities as scores show them."""
    return [(*other[:3], mended(other[3])) for other in view.of(span[:3], limit)]
