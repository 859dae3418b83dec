"""What every network is: a score for each tag at each token, and the loss that fits its output."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from onoma.errors import RecipeError
from onoma.models.crf import ConditionalRandomField
from onoma.models.soft_tags import SoftTags
from onoma.tagging import TagSet
from onoma.tagging.decode import TagScores

__all__ = ["Network", "Tensors"]


class Tensors(Protocol):
    """A batch on one device, whatever a network reads in it: it speaks of so many sentences."""

    @property
    def lengths(self) -> Tensor:
        """``[batch]``: the tokens of each sentence."""

    @property
    def mask(self) -> Tensor:
        """``[batch, time]``: 1.0 on tokens."""


class Network(nn.Module):
    """What an architecture is given by its kind: `WordNetwork` or `PieceNetwork`.

    A kind gives `tensors` and `emissions`. ``crf`` is None for networks whose output is a softmax at each
    token.
    """

    def __init__(self, tags: TagSet, *, crf: bool = False, loss: str = "sparse") -> None:
        super().__init__()
        self.tags = tags
        self.crf = ConditionalRandomField(tags) if crf else None
        self._loss = TOKEN_LOSSES[loss]

    @staticmethod
    def tensors(batch: Any, device: torch.device | str = "cpu") -> Any:
        """A batch of the kind this network reads, copied to ``device``: what `emissions` takes."""
        raise NotImplementedError

    def depths(self) -> dict[str, int]:
        """How deep each weight of a pretrained encoder lies (see `depths_of`); other weights are absent."""
        return {}

    def save_memory(self) -> None:
        """Keep fewer values from the forward pass, and compute the others again for the backward pass.

        Raises `RecipeError` where there is no encoder that can.
        """
        raise RecipeError("training.gradient_checkpointing is for networks with a pretrained encoder")

    def emissions(self, batch: Any) -> Tensor:
        """Scores ``[batch, time, tag]`` before any softmax; float32 also under mixed precision."""
        raise NotImplementedError

    def forward(self, batch: Tensors, gold: Tensor | SoftTags) -> Tensor:
        """Mean loss a token, over tokens only; ``gold`` is ``[batch, time]`` tag ids, or beliefs."""
        return self.loss(self.emissions(batch), gold, batch.mask)

    def loss(self, emissions: Tensor, gold: Tensor | SoftTags, mask: Tensor) -> Tensor:
        """The same of ``emissions`` ``[batch, time, tag]``; ``mask`` ``[batch, time]`` is 1.0 on tokens."""
        if isinstance(gold, SoftTags):
            return gold.loss(emissions, self.crf, mask)
        if self.crf is not None:
            likelihood: Tensor = self.crf(emissions, gold, mask)
            return -likelihood.sum() / mask.sum()
        return self._loss(emissions[mask > 0], gold[mask > 0])

    def scores(self, batch: Tensors) -> TagScores:
        """The scores as numpy arrays, ready for the decoder."""
        with torch.no_grad():
            return self.tag_scores(self.emissions(batch))

    def tag_scores(self, emissions: Tensor) -> TagScores:
        """The same of ``emissions`` ``[batch, time, tag]``."""
        array = emissions.detach().cpu().numpy()
        return TagScores(array) if self.crf is None else TagScores(array, *self.crf.arrays())


def sparse_loss(emissions: Tensor, gold: Tensor) -> Tensor:
    """Cross-entropy from tag ids: emissions ``[token, tag]``, gold ``[token]``."""
    return nn.functional.cross_entropy(emissions, gold)


def categorical_loss(emissions: Tensor, gold: Tensor) -> Tensor:
    """Cross-entropy from one-hot targets: the same function as `sparse_loss`, spelt out."""
    target = nn.functional.one_hot(gold, emissions.shape[-1]).to(emissions.dtype)
    return -(target * emissions.log_softmax(-1)).sum(-1).mean()


TOKEN_LOSSES = {"sparse": sparse_loss, "categorical": categorical_loss}
