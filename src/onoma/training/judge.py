"""Judging a network on dev while it trains: the loss, and entities decoded as they will be in use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from onoma.corpus import Corpus
from onoma.evaluation import Scores, score_spans
from onoma.features.batch import Batch, pad_index
from onoma.features.words import WordFeatures
from onoma.models import Network, TensorBatch
from onoma.tagging import TagSet
from onoma.tagging.decode import decode
from onoma.training.batches import WordTable
from onoma.training.store import build_store

__all__ = ["DevJudge"]

_ROWS = 128  # sentences of like length a batch


class DevJudge:
    """Scores a network on ``corpus``: called with one, it returns its mean loss a token and its scores.

    Entities whose label training never saw count as missed; to the loss their tokens are ``O``.
    """

    def __init__(self, corpus: Corpus, tags: TagSet, features: WordFeatures) -> None:
        self._tags = tags
        self._labels = sorted({*tags.labels, *corpus.labels})
        self._gold_tags = TagSet(self._labels, tags.scheme.name)
        self._store = build_store(corpus, self._gold_tags)
        self._table = WordTable(self._store, features)
        known = {name: i for i, name in enumerate(tags.names)}
        self._known = np.array([known.get(name, 0) for name in self._gold_tags.names])  # gold tag → network's
        self._order = np.argsort(self._store.lengths, kind="stable")

    def __call__(self, network: Network) -> tuple[float, Scores]:
        """Judge ``network`` as it stands; it is left in evaluation mode."""
        network.eval()
        device = next(network.parameters()).device
        loss, gold, found = 0.0, [], []
        for batch, ids in self._batches():
            target, _ = pad_index([self._known[row] for row in ids])
            tensors = TensorBatch.of(batch, device)
            with torch.no_grad():
                mean = network(tensors, torch.from_numpy(target).to(device))
            loss += float(mean) * int(batch.lengths.sum())
            spans = decode(network.scores(tensors), batch.lengths, self._tags)
            found += [[span[:3] for span in row] for row in spans]
            gold += [self._gold_tags.decode(row) for row in ids]
        lengths = self._store.lengths[self._order].tolist()
        return loss / sum(lengths), score_spans(gold, found, lengths, self._labels)

    def _batches(self) -> Iterator[tuple[Batch, list[NDArray[np.integer]]]]:
        """Batches, and the gold tag ids of their sentences."""
        for at in range(0, len(self._order), _ROWS):
            sentences = [self._store.sentence(int(i)) for i in self._order[at : at + _ROWS]]
            yield self._table.batch([words for words, _ in sentences]), [ids for _, ids in sentences]
