"""What makes an entity's score a probability: how the decoder's figures are mended before they are shown."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Confidence"]


class Confidence(BaseModel):
    """A method fitted on dev (see `onoma.runtime.calibrate`) and kept in the bundle.

    ``temperature`` divides the network's scores before they become probabilities. ``isotonic`` maps an
    entity's probability: straight lines between the points (``scores``, ``shares``). Neither changes which
    entities are found.

    >>> Confidence(method="isotonic", scores=[0.0, 0.8], shares=[0.0, 0.6]).mended(np.array([0.4, 0.9]))
    array([0.3, 0.6])
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    method: Literal["none", "temperature", "isotonic"] = "none"
    temperature: float = Field(1.0, gt=0)
    scores: list[float] = []
    shares: list[float] = []

    def mended(self, probability: NDArray[np.floating]) -> NDArray[np.floating]:
        """Probabilities of entities, as they are to be shown."""
        if not self.scores:
            return probability
        mended: NDArray[np.floating] = np.interp(probability, self.scores, self.shares)
        return mended
