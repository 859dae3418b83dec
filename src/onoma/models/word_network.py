"""The kind of network that knows of a word what the word itself tells: lexical vectors in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from onoma.features.batch import Batch
from onoma.models.lexical import LexicalLayer
from onoma.models.network import Network
from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["TensorBatch", "WordNetwork"]


@dataclass(frozen=True, slots=True)
class TensorBatch:
    """A `Batch` as tensors on one device."""

    words: Mapping[str, Tensor]  # each [word, ...]
    index: Tensor  # [batch, time] → word
    lengths: Tensor  # [batch]
    mask: Tensor  # [batch, time], 1.0 on tokens

    @classmethod
    def of(cls, batch: Batch, device: torch.device | str = "cpu") -> TensorBatch:
        """Copy ``batch`` to ``device``."""
        words = {name: torch.from_numpy(array).to(device) for name, array in batch.words.items()}
        index, lengths = torch.from_numpy(batch.index), torch.from_numpy(batch.lengths)
        return cls(words, index.to(device), lengths.to(device), torch.from_numpy(batch.mask).to(device))


class WordNetwork(Network):
    """Lexical vectors → an architecture's own layers → tag scores.

    An architecture is a subclass that gives `encode` (torch) and `encode_graph` (the same in ONNX).
    """

    tensors = staticmethod(TensorBatch.of)

    def __init__(
        self,
        lexical: LexicalLayer,
        tags: TagSet,
        *,
        crf: bool = False,
        loss: str = "sparse",
        word_dropout: float = 0.0,
    ) -> None:
        super().__init__(tags, crf=crf, loss=loss)
        self.lexical = lexical
        self.word_dropout = nn.Dropout(word_dropout)  # on the features of each token's word

    def encode(self, vectors: Tensor, batch: TensorBatch) -> Tensor:
        """Emissions ``[batch, time, tag]`` from lexical vectors ``[batch, time, width]``."""
        raise NotImplementedError

    def encode_graph(self, graph: Graph, vectors: str) -> str:
        """The nodes of `encode`; returns the name of the emissions."""
        raise NotImplementedError

    def emissions(self, batch: TensorBatch) -> Tensor:
        """Scores ``[batch, time, tag]`` before any softmax; float32 also under mixed precision."""
        parts = nn.functional.embedding(batch.index, self.lexical(batch.words))  # [batch, time, feature]
        vectors = self.lexical.narrow(self.word_dropout(parts))  # [batch, time, width]
        return self.encode(vectors, batch).float()
