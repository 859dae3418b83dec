"""`SoftTags`: what a network is to learn where that is no single tag sequence but a belief about all of them.

The loss is the cross-entropy of the belief and the network's own. For a CRF it is exact over whole sequences,
as moves between neighbouring tags say all that two linear chains can disagree about (Wang et al., *Structural
Knowledge Distillation*, ACL 2021); a belief that is sure of one sequence makes it the usual likelihood. The
other objective compares token by token, by the CRF's marginals (Wang et al., *Structure-Level Knowledge
Distillation For Multilingual Sequence Labeling*, ACL 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from onoma.models.crf import ConditionalRandomField
from onoma.tagging.posterior import Moved

__all__ = ["Objective", "SoftTags"]

Objective = Literal["sequence", "token"]


@dataclass(frozen=True, slots=True)
class SoftTags:
    """The likely moves of a batch of sentences, ``[move]`` each.

    A move leads in sentence ``row`` into tag ``target`` at token ``token``, from tag ``source`` (for the
    first token: the number of tags). ``share`` ``[batch]`` is what the sentence weighs in the loss; the
    ``weight`` of its moves sums to that at each of its tokens.
    """

    row: Tensor
    token: Tensor
    source: Tensor
    target: Tensor
    weight: Tensor
    share: Tensor
    objective: Objective = "sequence"

    @classmethod
    def of(
        cls, beliefs: Sequence[Moved], shares: Sequence[float], objective: Objective = "sequence"
    ) -> SoftTags:
        """The beliefs about the sentences of a batch, and what each sentence weighs."""
        rows = np.repeat(np.arange(len(beliefs)), [len(each.token) for each in beliefs])
        token, source, target, weight = (
            torch.from_numpy(np.concatenate(parts)) for parts in zip(*beliefs, strict=True)
        )
        share = torch.tensor(shares, dtype=torch.float32)
        row = torch.from_numpy(rows)
        moves = (token.long(), source.long(), target.long(), weight * share[row])
        return cls(row, *moves, share, objective)

    def to(self, device: torch.device | str) -> SoftTags:
        """The same on ``device``."""
        row, token, source, target, weight, share = (
            part.to(device)
            for part in (self.row, self.token, self.source, self.target, self.weight, self.share)
        )
        return SoftTags(row, token, source, target, weight, share, self.objective)

    def loss(self, emissions: Tensor, crf: ConditionalRandomField | None, mask: Tensor) -> Tensor:
        """The cross-entropy a token; emissions ``[batch, time, tag]``, mask ``[batch, time]``.

        >>> sure = Moved(*(np.array(part) for part in ([0, 1], [3, 1], [1, 2], [1.0, 1.0])))
        >>> soft = SoftTags.of([sure], [1.0])
        >>> float(soft.loss(torch.zeros(1, 2, 3), None, torch.ones(1, 2)))  # log 3
        1.09...
        """
        with torch.autocast(emissions.device.type, enabled=False):
            return -self._agreement(emissions.float(), crf, mask.float()) / mask.sum()

    def _agreement(self, emissions: Tensor, crf: ConditionalRandomField | None, mask: Tensor) -> Tensor:
        """The log-likelihood that the belief expects of the network."""
        if crf is None:
            return self._by_token(emissions.log_softmax(-1))
        if self.objective == "token":
            return self._by_token(crf.log_marginals(emissions, mask))
        return self._score(emissions, crf, mask) - (crf.log_partition(emissions, mask) * self.share).sum()

    def _by_token(self, log_probability: Tensor) -> Tensor:
        return (self.weight * log_probability[self.row, self.token, self.target]).sum()

    def _score(self, emissions: Tensor, crf: ConditionalRandomField, mask: Tensor) -> Tensor:
        """The score that the belief expects of the network."""
        moves, start, end = crf.legal_moves()
        into = torch.cat([moves, start[None]])[self.source, self.target]  # last row: from before the sentence
        last = self.token == mask.sum(1).long()[self.row] - 1
        taken = emissions[self.row, self.token, self.target] + into
        return (self.weight * (taken + torch.where(last, end[self.target], 0.0))).sum()
