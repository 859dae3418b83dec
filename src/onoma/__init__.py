"""Onoma: named entity recognition for people who must run it for real.

::

    import onoma

    tag = onoma.load()
    document, = tag(["Ada Lovelace was born in London."])
    for entity in document.entities:
        print(document.surface(entity), entity.label, entity.score)

Importing this package is quick: what runs a tagger is imported when it is first asked for, and training
(``onoma.training``, with torch) only by those who train.

>>> import onoma
>>> onoma.Entity(0, 3, "per").label
'per'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from onoma.errors import (
    AlignmentError,
    BundleError,
    CorpusError,
    InputError,
    MissingExtraError,
    OnomaError,
    OutputError,
    RecipeError,
    TagError,
    TrainingError,
)
from onoma.text.document import Document, Entity, Token

if TYPE_CHECKING:
    from onoma.runtime import Tagger, installed, load

__version__ = "0.1.0"

__all__ = [
    "AlignmentError",
    "BundleError",
    "CorpusError",
    "Document",
    "Entity",
    "InputError",
    "MissingExtraError",
    "OnomaError",
    "OutputError",
    "RecipeError",
    "TagError",
    "Tagger",
    "Token",
    "TrainingError",
    "__version__",
    "installed",
    "load",
]

# ONNX Runtime and numpy come with these, so they are imported when first used
_LATER = dict.fromkeys(("Tagger", "installed", "load"), "onoma.runtime")


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'onoma' has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return __all__
