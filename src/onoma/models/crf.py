"""A linear-chain conditional random field whose illegal moves are forbidden by the tag scheme.

Lafferty, McCallum & Pereira 2001. The forward algorithm runs on probabilities shifted by their maximum,
so that a step is a matrix product, and always in float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["ConditionalRandomField"]

_FORBIDDEN = -1e4  # exp() of it is 0 in float32, and sums of it stay finite
_TINY = 1e-30


class ConditionalRandomField(nn.Module):
    """Scores moves between tags; its call gives each sentence's log-likelihood.

    >>> crf = ConditionalRandomField(TagSet(["per"]))
    >>> gold = torch.tensor([[1, 2]])
    >>> bool(crf(torch.zeros(1, 2, 3), gold, torch.ones(1, 2)) < 0)
    True
    """

    def __init__(self, tags: TagSet) -> None:
        super().__init__()
        count = len(tags)
        self.transitions = nn.Parameter(torch.zeros(count, count))  # [from, to]
        self.start = nn.Parameter(torch.zeros(count))
        self.end = nn.Parameter(torch.zeros(count))
        for name, legal in (("move", tags.legal), ("first", tags.legal_start), ("last", tags.legal_end)):
            barred = torch.from_numpy(np.where(legal, 0.0, _FORBIDDEN)).float()
            self.register_buffer(f"barred_{name}", barred, persistent=False)
        for weight in (self.transitions, self.start, self.end):
            nn.init.uniform_(weight, -0.1, 0.1)

    def forward(self, emissions: Tensor, gold: Tensor, mask: Tensor) -> Tensor:
        """Log-likelihood ``[batch]`` of tag ids ``gold`` ``[batch, time]``; every row has a first token."""
        with torch.autocast(emissions.device.type, enabled=False):
            emissions, mask = emissions.float(), mask.float()
            return self._path_score(emissions, gold, mask) - self.log_partition(emissions, mask)

    def legal_moves(self) -> tuple[Tensor, Tensor, Tensor]:
        """Scores ``[tag, tag]`` (from, to), of starts and ends ``[tag]``; what is illegal is far down."""
        moves = self.transitions + self.get_buffer("barred_move")
        return moves, self.start + self.get_buffer("barred_first"), self.end + self.get_buffer("barred_last")

    def _path_score(self, emissions: Tensor, gold: Tensor, mask: Tensor) -> Tensor:
        moves, start, end = self.legal_moves()
        taken = emissions.gather(-1, gold[..., None])[..., 0] * mask
        steps = moves[gold[:, :-1], gold[:, 1:]] * mask[:, 1:]
        last = gold.gather(1, mask.sum(1, keepdim=True).long() - 1)[:, 0]
        return start[gold[:, 0]] + taken.sum(1) + steps.sum(1) + end[last]

    def log_partition(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """The logarithm ``[batch]`` of all legal sequences' weights; float32 emissions and mask."""
        moves, start, end = self.legal_moves()
        reach = moves.exp()  # forbidden moves have probability exactly 0
        alpha = start + emissions[:, 0]  # [batch, tag]
        for t in range(1, emissions.shape[1]):
            alpha = torch.where(mask[:, t, None] > 0, _stepped(alpha, reach) + emissions[:, t], alpha)
        return torch.logsumexp(alpha + end, -1)

    def log_marginals(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """The logarithm ``[batch, time, tag]`` of each tag's probability at each token (Rabiner 1989)."""
        moves, start, end = self.legal_moves()
        reach, time = moves.exp(), emissions.shape[1]
        ahead = [start + emissions[:, 0]]
        for t in range(1, time):
            step = _stepped(ahead[-1], reach) + emissions[:, t]
            ahead.append(torch.where(mask[:, t, None] > 0, step, ahead[-1]))
        behind = [end.expand_as(ahead[-1])]
        for t in range(time - 1, 0, -1):
            step = _stepped(behind[-1] + emissions[:, t], reach.t())
            behind.append(torch.where(mask[:, t, None] > 0, step, behind[-1]))
        return (torch.stack(ahead, 1) + torch.stack(behind[::-1], 1)).log_softmax(-1)

    @torch.no_grad()
    def arrays(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Transitions ``[tag, tag]``, start and end scores ``[tag]`` for the decoder."""
        transitions, start, end = (
            w.detach().cpu().float().numpy() for w in (self.transitions, self.start, self.end)
        )
        return transitions, start, end

    def graph(self, graph: Graph) -> None:
        """The same in ONNX: outputs ``transitions`` ``[tag, tag]``, ``start`` and ``end`` ``[tag]``."""
        for name, array in zip(("transitions", "start", "end"), self.arrays(), strict=True):
            graph.output(graph.weight(array), name, array.shape)


def _stepped(log_weights: Tensor, reach: Tensor) -> Tensor:
    """Log weights ``[batch, from]`` one move on, ``[batch, to]``."""
    top = log_weights.max(-1, keepdim=True).values
    return ((log_weights - top).exp() @ reach).clamp_min(_TINY).log() + top
