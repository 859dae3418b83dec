"""How deep each weight of a pretrained encoder lies, told by its name."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["depths_of"]

# how layers are numbered: BERT and its kin; ModernBERT, BART; ALBERT; T5; GPT
_LAYER = re.compile(r"(?:^|\.)(?:layer|layers|albert_layer_groups|block|h)\.(\d+)\.")
_AFTER = re.compile(r"(?:^|\.)(?:final_norm|final_layer_norm|ln_f|pooler)\.")  # stands after the last layer


def depths_of(names: Iterable[str]) -> dict[str, int]:
    """The depth of each named weight: 0 for embeddings and all that stands in no layer, then 1, 2, … up.

    >>> depths_of(["embeddings.word.weight", "encoder.layer.0.output.bias", "encoder.layer.11.output.bias"])
    {'embeddings.word.weight': 0, 'encoder.layer.0.output.bias': 1, 'encoder.layer.11.output.bias': 12}
    """
    found = {name: int(match[1]) + 1 if (match := _LAYER.search(name)) else 0 for name in names}
    top = max(found.values(), default=0)
    return {name: top if _AFTER.search(name) else depth for name, depth in found.items()}
