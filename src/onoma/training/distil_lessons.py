"""What teachers believe of every sentence of a store: asked once, kept on disk, read as it is needed.

A folder holds Arrow files of some thousand sentences each, written whole one after another: teaching that was
stopped goes on where it was, and only the pages in use are in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from onoma.files import sweep, whole_file
from onoma.runtime.posteriors import Teachers
from onoma.tagging import TagSet
from onoma.tagging.posterior import Moved
from onoma.training.batches import Part
from onoma.training.store import Store, cache_folder

__all__ = ["Lessons", "teach"]

_BLOCK = 2048  # sentences a file, or a little more where an article goes on
_KINDS = {"token": pa.int32(), "source": pa.int16(), "target": pa.int16(), "weight": pa.float16()}
_SCHEMA = pa.schema([(name, pa.list_(kind)) for name, kind in _KINDS.items()])

Progress = Callable[[int, int], None]


def teach(
    store: Store, teachers: Teachers, cache: Path | None = None, progress: Progress | None = None
) -> Lessons:
    """Ask ``teachers`` about every sentence of ``store``, unless the cache has their answers.

    ``progress(done, all)`` is told of sentences.
    """
    key = hashlib.sha256(f"{store.key} {teachers.version} {_BLOCK}".encode()).hexdigest()[:24]
    folder = (cache or cache_folder()) / "lessons" / key
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)  # a killed run may have been writing
    words = store.words()
    edges = _edges(store.articles)
    for number, (start, end) in enumerate(pairwise(edges)):
        place = folder / f"{number:06d}.arrow"
        if not place.is_file():
            _write(_believed(store, words, teachers, range(start, end)), place)
        if progress is not None:
            progress(end, len(store))
    return Lessons(folder, edges, teachers.tags)


def _edges(articles: NDArray[np.int64]) -> list[int]:
    """Where files begin, and where the last ends: no article lies in two."""
    begins = np.flatnonzero(np.diff(articles, prepend=-1))
    edges = [0]
    for at in begins.tolist():
        if at - edges[-1] >= _BLOCK:
            edges.append(at)
    return [*edges, len(articles)]


def _believed(
    store: Store, words: Sequence[str], teachers: Teachers, documents: range
) -> Iterator[list[Moved]]:
    """For each of ``documents`` what is believed of each of its sentences."""
    rows, counts = [], []
    for i in documents:
        numbers, starts = store.sentence(i)[0], store.starts(i)
        sentences = np.split(numbers, starts[1:])
        rows += [[words[n] for n in sentence] for sentence in sentences]
        counts.append(len(sentences))
    articles = store.articles[documents.start : documents.stop]
    sizes = np.bincount(np.unique(articles, return_inverse=True)[1], counts).astype(int).tolist()
    believed = iter(teachers(rows, sizes))
    return ([next(believed) for _ in range(count)] for count in counts)


def _write(believed: Iterator[list[Moved]], place: Path) -> None:
    whole = [_in_a_row(each) for each in believed]
    edges = pa.array(np.cumsum([0, *(len(each.token) for each in whole)]), pa.int32())
    columns = [
        pa.ListArray.from_arrays(edges, pa.array(np.concatenate(parts).astype(kind.to_pandas_dtype()), kind))
        for kind, parts in zip(_KINDS.values(), zip(*whole, strict=True), strict=True)
    ]
    with whole_file(place, "wb") as sink, pa.ipc.new_file(sink, _SCHEMA) as file:
        file.write_batch(pa.record_batch(columns, schema=_SCHEMA))


def _in_a_row(sentences: Sequence[Moved]) -> Moved:
    """The sentences of a document as one: tokens are counted on, moves into each come from before it."""
    if len(sentences) == 1:
        return sentences[0]
    before = np.cumsum([0, *(int(each.token[-1]) + 1 for each in sentences)])
    token = [each.token + at for each, at in zip(sentences, before, strict=False)]
    source, target, weight = ([each[field] for each in sentences] for field in (1, 2, 3))
    return Moved(*map(np.concatenate, (token, source, target, weight)))


class Lessons:
    """Read access to what `teach` wrote."""

    def __init__(self, folder: Path, edges: Sequence[int], tags: TagSet) -> None:
        self.key = folder.name  # of the sentences and their teachers
        self._tags, self._edges = tags, np.array(edges)
        self._blocks = [_mapped(folder / f"{number:06d}.arrow") for number in range(len(edges) - 1)]

    def __len__(self) -> int:
        return int(self._edges[-1])

    def of(self, part: Part, length: int) -> Moved:
        """What is believed of a part of a sentence that has ``length`` tokens.

        Of a part that is cut out of a sentence, which the network reads as if it were one, only the likeliest
        tags are kept, as far as the part sees them.
        """
        sentence, start, end = part
        block = int(np.searchsorted(self._edges, sentence, "right")) - 1
        row = sentence - int(self._edges[block])
        moved = Moved(*(values[at[row] : at[row + 1]] for values, at in self._blocks[block]))
        inside = (moved.token >= start) & (moved.token < end)
        own = moved.only(inside)
        own = own._replace(token=own.token - start)
        before = own.source == len(self._tags)
        if (start, end) == (0, length) and not before[own.token > 0].any():
            return own
        if self._opens(moved, start) and (end == length or self._opens(moved, end)):
            return _spread(own, own.tags(end - start, len(self._tags)))
        return self._likeliest(own, end - start)

    def _opens(self, moved: Moved, token: int) -> bool:
        """Whether a sentence begins at ``token``."""
        return bool((moved.source[moved.token == token] == len(self._tags)).all())

    def _likeliest(self, own: Moved, length: int) -> Moved:
        likely = own.tags(length, len(self._tags)).argmax(1)
        path = self._tags.encode(self._tags.decode(likely), length)
        return sure(path, len(self._tags))


def sure(path: NDArray[np.integer], count: int) -> Moved:
    """The belief that ``path`` is right, of ``count`` tags.

    >>> sure(np.array([0, 2]), 3).source.tolist()
    [3, 0]
    """
    source = np.concatenate([[count], path[:-1]])
    time = np.arange(len(path), dtype=np.int32)
    return Moved(time, source.astype(np.int16), path.astype(np.int16), np.ones(len(path), np.float32))


def _spread(own: Moved, tags: NDArray[np.float32]) -> Moved:
    """Several sentences in a row: a move into the next comes from whatever tag the last one ended with."""
    count = tags.shape[1]
    ended = (own.token > 0) & (own.source == count)
    before = tags[own.token[ended] - 1]  # [move, tag]
    move, source = np.nonzero(before)
    new, kept = own.only(np.flatnonzero(ended)[move]), own.only(~ended)
    return Moved(
        np.concatenate([kept.token, new.token]),
        np.concatenate([kept.source, source.astype(np.int16)]),
        np.concatenate([kept.target, new.target]),
        np.concatenate([kept.weight, new.weight * before[move, source]]),
    )


_Column = tuple[NDArray[Any], NDArray[np.int32]]


def _mapped(place: Path) -> list[_Column]:
    reader = pa.ipc.open_file(pa.memory_map(str(place)))
    batch = reader.get_batch(0)
    return [
        (column.values.to_numpy(zero_copy_only=True), column.offsets.to_numpy(zero_copy_only=True))
        for column in batch.columns
    ]
