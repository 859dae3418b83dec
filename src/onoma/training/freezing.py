"""Which layers of an encoder do not learn, and from which epoch on they do.

Gradual unfreezing, from the top down: Howard and Ruder, *Universal Language Model Fine-tuning*, ACL 2018.
"""

from __future__ import annotations

from onoma.errors import RecipeError
from onoma.models import Network
from onoma.training.recipe import Training

__all__ = ["Freezing", "frozen_depths"]


def frozen_depths(training: Training, layers: int, epoch: int) -> int:
    """How many depths of an encoder of ``layers`` do not learn in ``epoch``; the lowest are its embeddings.

    >>> gradual = Training(freeze="encoder", unfreeze_every=1)
    >>> [frozen_depths(gradual, 2, epoch) for epoch in range(5)]
    [3, 2, 1, 0, 0]
    >>> frozen_depths(Training(freeze=1), 2, 4)
    2
    """
    if training.freeze is None:
        return 0
    named = {"embeddings": 0, "encoder": layers}
    frozen = 1 + (named[training.freeze] if isinstance(training.freeze, str) else training.freeze)
    thawed = epoch // training.unfreeze_every if training.unfreeze_every else 0
    return max(0, frozen - thawed)


class Freezing:
    """Sets which weights of a network learn, epoch by epoch: a pure function of the epoch.

    Raises `RecipeError` when there is no encoder to freeze, or not so many layers.
    """

    def __init__(self, network: Network, training: Training) -> None:
        depths = network.depths()
        weights = dict(network.named_parameters())
        self._training = training
        learn = {name: weight for name, weight in weights.items() if weight.requires_grad}
        self._weights = [(learn[name], depth) for name, depth in depths.items() if name in learn]
        self._layers = max(depths.values(), default=0)
        if training.freeze is not None and not depths:
            raise RecipeError("training.freeze is for networks with a pretrained encoder; this one has none")
        if isinstance(training.freeze, int) and training.freeze > self._layers:
            raise RecipeError(f"training.freeze: {training.freeze} layers of an encoder with {self._layers}")

    def at(self, epoch: int) -> None:
        """Let learn what learns in ``epoch``."""
        frozen = frozen_depths(self._training, self._layers, epoch)
        for weight, depth in self._weights:
            weight.requires_grad_(depth >= frozen)
