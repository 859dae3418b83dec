"""What every network is: word vectors in, a score for each tag at each token out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from onoma.features.batch import Batch
from onoma.models.crf import ConditionalRandomField
from onoma.models.lexical import LexicalLayer
from onoma.tagging import TagSet
from onoma.tagging.decode import TagScores

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["Network", "TensorBatch"]


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


class Network(nn.Module):
    """Lexical vectors → an architecture's own layers → tag scores, with the loss that fits its output.

    An architecture is a subclass that gives `encode` (torch) and `encode_graph` (the same in ONNX).
    ``crf`` is None for networks whose output is a softmax at each token.
    """

    def __init__(
        self,
        lexical: LexicalLayer,
        tags: TagSet,
        *,
        crf: bool = False,
        loss: str = "sparse",
        word_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.lexical = lexical
        self.word_dropout = nn.Dropout(word_dropout)  # on the features of each token's word
        self.tags = tags
        self.crf = ConditionalRandomField(tags) if crf else None
        self._loss = TOKEN_LOSSES[loss]

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

    def forward(self, batch: TensorBatch, gold: Tensor) -> Tensor:
        """Mean loss a token, over tokens only; ``gold`` is ``[batch, time]`` tag ids."""
        emissions = self.emissions(batch)
        if self.crf is not None:
            likelihood: Tensor = self.crf(emissions, gold, batch.mask)
            return -likelihood.sum() / batch.mask.sum()
        return self._loss(emissions[batch.mask > 0], gold[batch.mask > 0])

    @torch.no_grad()
    def scores(self, batch: TensorBatch) -> TagScores:
        """The scores as numpy arrays, ready for the decoder."""
        emissions = self.emissions(batch).cpu().numpy()
        return TagScores(emissions) if self.crf is None else TagScores(emissions, *self.crf.arrays())


def sparse_loss(emissions: Tensor, gold: Tensor) -> Tensor:
    """Cross-entropy from tag ids: emissions ``[token, tag]``, gold ``[token]``."""
    return nn.functional.cross_entropy(emissions, gold)


def categorical_loss(emissions: Tensor, gold: Tensor) -> Tensor:
    """Cross-entropy from one-hot targets: the same function as `sparse_loss`, spelt out."""
    target = nn.functional.one_hot(gold, emissions.shape[-1]).to(emissions.dtype)
    return -(target * emissions.log_softmax(-1)).sum(-1).mean()


TOKEN_LOSSES = {"sparse": sparse_loss, "categorical": categorical_loss}
