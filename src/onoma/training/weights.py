"""The network of a finished run, in torch: for what ONNX does not give, such as gradients."""

from __future__ import annotations

from typing import Any

import yaml

from onoma.errors import InputError
from onoma.features.piece_batch import PieceFeatures
from onoma.features.static import StaticVectors
from onoma.features.words import WordFeatures
from onoma.models import Network
from onoma.runtime import Tagger
from onoma.training.checkpoint import load_checkpoint
from onoma.training.networks import rebuilt
from onoma.training.recipe import Recipe
from onoma.training.run import WORK

__all__ = ["network_of"]


def network_of(tagger: Tagger) -> Network:
    """The network that ``tagger`` was made from, in evaluation mode, with its best weights.

    Raises `InputError` where the run does not lie beside the bundle, as with one that was installed.
    """
    work = tagger.folder / WORK
    best, recipe_file = work / "best.pt", work / "recipe.yaml"
    if not (best.is_file() and recipe_file.is_file()):
        raise InputError(
            f"{tagger.folder} has no {WORK}/{best.name}: gradients and attention need the run that made the "
            "bundle (the folder that `onoma train` wrote). Occlusion explains any tagger"
        )
    recipe = Recipe.model_validate(yaml.safe_load(recipe_file.read_text(encoding="utf-8")))
    state = load_checkpoint(best)["network"]
    features = tagger.engine.features
    network = rebuilt(recipe, features, tagger.tags, _static(features, state))
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)


def _static(features: WordFeatures | PieceFeatures, state: dict[str, Any]) -> StaticVectors | None:
    """The table of static vectors, which lies among the weights."""
    if isinstance(features, PieceFeatures) or features.static is None:
        return None
    table, scale = (state[f"lexical.static.{name}"].numpy() for name in ("table", "scale"))
    return StaticVectors(features.static, table, scale)
