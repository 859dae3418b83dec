"""Optimisers, learning-rate schedules and the moving average of weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from types import MappingProxyType

import torch
from torch import Tensor, nn

from onoma.errors import RecipeError
from onoma.training.recipe import Optimiser

__all__ = ["MovingAverage", "make_optimiser", "rate_at"]


def make_optimiser(
    network: nn.Module, options: Optimiser, depths: Mapping[str, int] = MappingProxyType({})
) -> torch.optim.Optimizer:
    """Adam or AdamW over all weights that learn; biases and other vectors are not decayed.

    ``depths`` are those of an encoder's weights (see `Network.depths`). A group's ``share`` is what its rate
    is of the recipe's. Raises `RecipeError` when nothing learns, or rates are given for layers there are not.
    """
    kinds: dict[str, type[torch.optim.Adam]] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    if not depths and (options.head_rate or options.layer_decay):
        raise RecipeError(
            "optimiser.head_rate and optimiser.layer_decay are for networks with a pretrained encoder; "
            "leave them out and set optimiser.rate"
        )
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    shares = _shares(options, depths)
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            groups.setdefault((shares(name), weight.ndim <= 1), []).append(weight)
    if not groups:
        raise RecipeError("no weight of the network learns; freeze less of it")
    return kinds[options.name](
        [
            {"params": weights, "weight_decay": 0.0 if plain else options.weight_decay, "share": share}
            for (share, plain), weights in sorted(groups.items(), key=itemgetter(0))
        ],
        lr=options.rate,
        fused=True,  # all weights in one pass: on a CPU six times as quick as one by one
    )


def _shares(options: Optimiser, depths: Mapping[str, int]) -> Callable[[str], float]:
    """What the rate of the weight of a name is of ``options.rate``, at which an encoder's top layer learns.

    Layers below it learn ever slower (Howard and Ruder 2018; Clark et al. 2020).
    """
    top = max(depths.values(), default=0)
    head = 1.0 if options.head_rate is None else options.head_rate / options.rate
    decay = 1.0 if options.layer_decay is None else options.layer_decay
    return lambda name: decay ** (top - depths[name]) if name in depths else head


def rate_at(step: int, steps: int, options: Optimiser) -> float:
    """The learning rate at ``step`` of ``steps``: a pure function, so a resumed run needs no memory of it.

    >>> options = Optimiser(rate=1.0, schedule="linear", warmup=0.5)
    >>> [rate_at(step, 4, options) for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    warm = round(options.warmup * steps)
    if step < warm:
        return options.rate * (step + 1) / warm
    left = 1 - (step - warm) / max(1, steps - warm)  # 1 → 0
    shapes = {"constant": 1.0, "linear": left, "cosine": (1 - math.cos(math.pi * left)) / 2}
    return options.rate * shapes[options.schedule]


class MovingAverage:
    """An exponential moving average of a network's weights, judged and kept in their place.

    Polyak & Juditsky 1992; the decay starts low so that early weights are soon forgotten. A decay of 0
    leaves the weights as they are.

    >>> layer = nn.Linear(1, 1)
    >>> average = MovingAverage(layer, 0.9)
    >>> with average.applied(layer):
    ...     pass
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.weights = {k: v.detach().clone() for k, v in network.named_parameters()} if decay else {}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take the network's present weights in."""
        if not self.decay:
            return
        self.steps += 1
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        names, present = zip(*network.named_parameters(), strict=True)
        torch._foreach_lerp_([self.weights[name] for name in names], list(present), share)

    @contextmanager
    def applied(self, network: nn.Module) -> Iterator[None]:
        """Put the average in place of the weights for the length of a block."""
        present = {name: w.detach().clone() for name, w in network.named_parameters() if name in self.weights}
        _copy_into(network, self.weights)
        try:
            yield
        finally:
            _copy_into(network, present)


@torch.no_grad()
def _copy_into(network: nn.Module, weights: dict[str, Tensor]) -> None:
    for name, weight in network.named_parameters():
        if name in weights:
            weight.copy_(weights[name])
