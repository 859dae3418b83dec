"""Judging a network on dev while it trains: the loss, and entities decoded as they will be in use."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from onoma.corpus import Corpus
from onoma.evaluation import Scores, score_spans
from onoma.features.batch import pad_index
from onoma.features.piece_batch import PieceFeatures
from onoma.features.words import WordFeatures
from onoma.models import Network
from onoma.tagging import TagSet
from onoma.tagging.decode import decode
from onoma.training.batches import gold_of
from onoma.training.piece_table import table_of
from onoma.training.store import build_store

__all__ = ["DevJudge"]

Spans = list[tuple[int, int, str]]


class DevJudge:
    """Scores a network on ``corpus``: called with one, it returns its mean loss a token and its scores.

    Entities whose label training never saw count as missed; to the loss their tokens are ``O``.
    """

    def __init__(self, corpus: Corpus, tags: TagSet, features: WordFeatures | PieceFeatures) -> None:
        self._tags = tags
        self._labels = sorted({*tags.labels, *corpus.labels})
        self._gold_tags = TagSet(self._labels, tags.scheme.name)
        self._store = build_store(corpus, self._gold_tags)
        self._table = table_of(self._store, features)
        known = {name: i for i, name in enumerate(tags.names)}
        self._known = np.array([known.get(name, 0) for name in self._gold_tags.names])  # gold tag → network's
        self._gold = [self._gold_tags.decode(self._store.sentence(i)[1]) for i in range(len(self._store))]

    def __call__(self, network: Network) -> tuple[float, Scores]:
        """Judge ``network`` as it stands; it is left in evaluation mode."""
        network.eval()
        loss, found = 0.0, [Spans() for _ in self._gold]
        for rows in self._table.whole():
            loss += self._table.tokens(rows) * self._judge(network, rows, found)
        lengths = self._store.lengths.tolist()
        return loss / sum(lengths), score_spans(self._gold, found, lengths, self._labels)

    def _judge(self, network: Network, rows: list[Any], found: list[Spans]) -> float:
        """The mean loss a token over a batch; what it holds of each sentence is added to ``found``."""
        device = next(network.parameters()).device
        batch, parts = self._table.batch(rows)
        gold, _ = pad_index([self._known[gold_of(self._store, part, self._gold_tags)] for part in parts])
        tensors = network.tensors(batch, device)
        with torch.no_grad():
            emissions = network.emissions(tensors)
            loss = network.loss(emissions, torch.from_numpy(gold).to(device), tensors.mask)
        spans = decode(network.tag_scores(emissions), batch.lengths, self._tags)
        for (sentence, start, _), row in zip(parts, spans, strict=True):
            found[sentence] += [(a + start, b + start, label) for a, b, label, _ in row]
        return float(loss)
