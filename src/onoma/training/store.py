"""Encoded training data on disk, memory-mapped: made once per corpus fingerprint.

A store is a folder with two Arrow files: ``sentences.arrow`` (each document's word numbers and tag numbers,
where its sentences begin and which article it stands in, in record batches of equal length) and
``words.arrow`` (the distinct words and their counts). Only the pages in use are in memory, however large the
corpus. ``sums.json`` holds their checksums.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from onoma.corpus import Corpus
from onoma.errors import CorpusError
from onoma.files import whole_folder
from onoma.tagging import TagSet
from onoma.tagging.align import token_spans
from onoma.text import Document
from onoma.text.sentences import sentence_starts

__all__ = ["Store", "build_store", "cache_folder"]

_BLOCK = 4096  # sentences a record batch
_FORMAT = 2
_FILES, _SUMS = ("sentences.arrow", "words.arrow"), "sums.json"
_SENTENCES = pa.schema(
    [
        ("words", pa.list_(pa.int32())),
        ("tags", pa.list_(pa.int16())),
        ("starts", pa.list_(pa.int32())),
        ("article", pa.int32()),
    ]
)
_WORDS = pa.schema([("word", pa.large_string()), ("count", pa.int64())])


def cache_folder() -> Path:
    """Where stores are kept: ``$ONOMA_CACHE``, else ``onoma`` in the user's cache folder."""
    if "ONOMA_CACHE" in os.environ:
        return Path(os.environ["ONOMA_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "onoma"


def build_store(corpus: Corpus, tags: TagSet, cache: Path | None = None) -> Store:
    """The store of ``corpus`` under ``tags``, made now unless the cache has it.

    Raises `CorpusError` when the corpus holds no sentence with tokens.
    """
    key = hashlib.sha256(f"{_FORMAT} {corpus.fingerprint} {tags.names}".encode()).hexdigest()[:24]
    folder = (cache or cache_folder()) / "encoded" / key
    if not _is_whole(folder):
        with whole_folder(folder) as beside:
            _write(corpus, tags, beside)
            (beside / _SUMS).write_text(json.dumps(_sums(beside)), encoding="utf-8")
    return Store(folder)


def _is_whole(folder: Path) -> bool:
    """Whether a store is there as it was written; a damaged one is made again."""
    try:
        noted: object = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
        return noted == _sums(folder)
    except (OSError, ValueError):
        return False


def _sums(folder: Path) -> dict[str, str]:
    sums = {}
    for name in _FILES:
        with (folder / name).open("rb") as file:
            sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def _write(corpus: Corpus, tags: TagSet, folder: Path) -> None:
    number: dict[str, int] = {}
    counts: list[int] = []
    with pa.OSFile(str(folder / "sentences.arrow"), "wb") as sink, pa.ipc.new_file(sink, _SENTENCES) as file:
        rows = _rows(corpus, tags, number, counts)
        while block := list(islice(rows, _BLOCK)):
            file.write_batch(pa.record_batch(list(zip(*block, strict=True)), schema=_SENTENCES))
    if not number:
        raise CorpusError("the corpus holds no sentence with tokens", path=corpus.source.path)
    with pa.OSFile(str(folder / "words.arrow"), "wb") as sink, pa.ipc.new_file(sink, _WORDS) as file:
        file.write_batch(pa.record_batch([list(number), counts], schema=_WORDS))


def _rows(
    corpus: Corpus, tags: TagSet, number: dict[str, int], counts: list[int]
) -> Iterator[tuple[list[int], NDArray[np.int16], list[int], int]]:
    article, before = -1, None
    for document in corpus:
        if not document.tokens:
            continue
        name = document.meta.get("document")
        article, before = article + (name is None or name != before), name
        spans = tags.encode(token_spans(document), len(document.tokens)).astype(np.int16)
        starts = sentence_starts(document.text, document.tokens)
        yield _numbered(document, number, counts), spans, starts, article


def _numbered(document: Document, number: dict[str, int], counts: list[int]) -> list[int]:
    """The numbers of a document's words, counted."""
    row = []
    for word in document.words:
        at = number.setdefault(word, len(number))
        if at == len(counts):
            counts.append(0)
        counts[at] += 1
        row.append(at)
    return row


class Store:
    """Read access to a store: sentence ``i`` as two arrays, without loading the rest.

    ``lengths`` ``[sentence]`` counts words. ``articles`` ``[sentence]`` numbers the articles from 0;
    sentences that are not known to share one have one each. A "sentence" is a document of the corpus: where
    one holds several sentences, `starts` tells where they begin.
    """

    def __init__(self, folder: Path) -> None:
        self.key = folder.name  # of the corpus and its tags
        reader = pa.ipc.open_file(pa.memory_map(str(folder / "sentences.arrow")))
        blocks = [reader.get_batch(i) for i in range(reader.num_record_batches)]
        self._words = [(_flat(block.column(0)), _offsets(block.column(0))) for block in blocks]
        self._tags = [(_flat(block.column(1)), _offsets(block.column(1))) for block in blocks]
        self._starts = [(_flat(block.column(2)), _offsets(block.column(2))) for block in blocks]
        self.lengths = np.concatenate([np.diff(at) for _, at in self._words]).astype(np.int64)
        self.articles = np.concatenate([block.column(3).to_numpy() for block in blocks]).astype(np.int64)
        self._vocabulary = pa.ipc.open_file(pa.memory_map(str(folder / "words.arrow"))).read_all()

    def __len__(self) -> int:
        return len(self.lengths)

    def sentence(self, i: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Word numbers and tag ids of sentence ``i``, views of the mapped file."""
        block, row = divmod(i, _BLOCK)
        (words, at), (tags, _) = self._words[block], self._tags[block]
        return words[at[row] : at[row + 1]], tags[at[row] : at[row + 1]]

    def starts(self, i: int) -> NDArray[np.integer]:
        """The words of sentence ``i`` that begin a sentence, the first of them 0."""
        block, row = divmod(i, _BLOCK)
        starts, at = self._starts[block]
        return starts[at[row] : at[row + 1]]

    def words(self) -> list[str]:
        """The distinct words, in order of their numbers."""
        found: list[str] = self._vocabulary.column("word").to_pylist()
        return found

    def counts(self) -> NDArray[np.int64]:
        """How often each distinct word occurs."""
        found: NDArray[np.int64] = self._vocabulary.column("count").to_numpy()
        return found


def _flat(column: pa.ListArray) -> NDArray[np.integer]:
    values: NDArray[np.integer] = column.values.to_numpy(zero_copy_only=True)
    return values


def _offsets(column: pa.ListArray) -> NDArray[np.int32]:
    offsets: NDArray[np.int32] = column.offsets.to_numpy(zero_copy_only=True)
    return offsets
