"""The network of a recipe, and the features it reads: over words alone, or over a pretrained encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch

from onoma.errors import InputError, RecipeError
from onoma.features.piece_batch import PieceFeatures
from onoma.features.pieces import MOST_PIECES, Pieces
from onoma.features.static import StaticVectors
from onoma.features.words import WordFeatures, build_features
from onoma.models import ARCHITECTURES, EncoderOptions, LexicalLayer, LexicalSizes, Network
from onoma.models.encoder import check_encoder, longest_row
from onoma.tagging import TagSet
from onoma.training.recipe import Features, Recipe, VectorSource
from onoma.training.store import Store, cache_folder

__all__ = ["Built", "build", "rebuilt"]


class Built(NamedTuple):
    """A network with fresh weights (those of a pretrained encoder aside), and what it sees of words."""

    features: WordFeatures | PieceFeatures
    network: Network


def build(recipe: Recipe, store: Store, tags: TagSet) -> Built:
    """The recipe's network for the words of ``store``, its weights drawn from the recipe's seed.

    Raises `RecipeError` or `InputError` when there is no such encoder, or it cannot read what is asked.
    """
    counts = dict(zip(store.words(), store.counts().tolist(), strict=True))
    if isinstance(recipe.network, EncoderOptions):
        return _over_pieces(recipe, recipe.network, counts, tags)
    static = _static(recipe.features.vectors)
    features = _word_features(recipe.features, recipe.network.lexical, counts, static)
    torch.manual_seed(recipe.seed)
    lexical = LexicalLayer(features, recipe.network.lexical, static)
    return Built(features, _network(recipe, lexical, tags))


def rebuilt(
    recipe: Recipe, features: WordFeatures | PieceFeatures, tags: TagSet, static: StaticVectors | None
) -> Network:
    """The recipe's network for features that are known, to be given weights; raises what `build` raises."""
    if isinstance(features, WordFeatures):
        assert not isinstance(recipe.network, EncoderOptions)
        return _network(recipe, LexicalLayer(features, recipe.network.lexical, static), tags)
    assert isinstance(recipe.network, EncoderOptions)
    sizes, words = recipe.network.lexical, features.words
    lexical = None if words is None or sizes is None else LexicalLayer(words, sizes)
    return _network(recipe, _encoder(recipe.network)[0], tags, lexical)


def _network(recipe: Recipe, *parts: Any) -> Network:
    network: Network = ARCHITECTURES[recipe.network.architecture].network(recipe.network, *parts)
    return network


def _over_pieces(recipe: Recipe, options: EncoderOptions, counts: Mapping[str, int], tags: TagSet) -> Built:
    if recipe.features.vectors is not None:
        raise RecipeError("features.vectors: a network over an encoder has no use for static vectors")
    model, pieces = _encoder(options)
    words = None if options.lexical is None else _word_features(recipe.features, options.lexical, counts)
    features = PieceFeatures(pieces, options.limit, options.overlap, options.context, words)
    torch.manual_seed(recipe.seed)
    lexical = None if words is None or options.lexical is None else LexicalLayer(words, options.lexical)
    return Built(features, _network(recipe, model, tags, lexical))


def _encoder(options: EncoderOptions) -> tuple[Any, Pieces]:
    """The pretrained encoder and its pieces, checked against what the recipe asks of them."""
    from onoma.training.encoders import encoder_folder, load_encoder  # transformers takes seconds to import

    model: Any
    place = encoder_folder(options.encoder)
    model, tokenizer_json = load_encoder(place, attention_dropout=options.attention_dropout)
    check_encoder(model, options.encoder)
    longest = longest_row(model)
    if longest is not None and options.limit > longest:
        raise RecipeError(
            f"network.limit: {options.encoder} reads at most {longest} pieces together, {options.limit} asked"
        )
    frame = Pieces(tokenizer_json).frame
    pieces = Pieces(tokenizer_json, min(MOST_PIECES, options.limit - frame))
    known = model.get_input_embeddings().num_embeddings
    if pieces.size > known:
        raise InputError(
            f"the tokenizer of {options.encoder} has {pieces.size} pieces, its encoder knows {known}"
        )
    return model, pieces


def _word_features(
    features: Features, sizes: LexicalSizes, counts: Mapping[str, int], static: StaticVectors | None = None
) -> WordFeatures:
    return build_features(
        counts,
        min_count=features.min_count,
        characters=sizes.character > 0,
        shapes=sizes.shape > 0,
        static=None if static is None else static.lexicon,
    )


def _static(source: VectorSource | None) -> StaticVectors | None:
    if source is None:
        return None
    if source.file is not None:
        return StaticVectors.load(source.file)
    from onoma.training.distil_vectors import distil  # transformers takes seconds to import

    name = str(source.encoder).replace("/", "_").replace(":", "_")
    kept = cache_folder() / "vectors" / f"{name}-{source.layer}-{source.dim}.npz"
    if not kept.is_file():
        distil(str(source.encoder), layer=source.layer, dim=source.dim).save(kept)
    return StaticVectors.load(kept)
