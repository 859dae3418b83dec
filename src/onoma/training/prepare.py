"""From a recipe to a run: corpora read and encoded, features counted, the network built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from onoma.corpus import Corpus, read_split
from onoma.corpus.label_map import check_used, label_map
from onoma.errors import InputError, RecipeError
from onoma.features.static import StaticVectors
from onoma.features.words import WordFeatures, build_features
from onoma.models import ARCHITECTURES, LexicalLayer, Network
from onoma.tagging import TagSet
from onoma.training.batches import WordTable
from onoma.training.checkpoint import random_state
from onoma.training.judge import DevJudge
from onoma.training.loop import Run
from onoma.training.recipe import CorpusSource, Recipe, VectorSource
from onoma.training.store import Store, build_store, cache_folder

__all__ = ["Prepared", "corpus_part", "prepare"]


@dataclass(slots=True)
class Prepared:
    """A run ready to start, and what its bundle will hold besides weights."""

    run: Run
    features: WordFeatures
    tags: TagSet
    corpora: dict[str, Corpus]


def prepare(recipe: Recipe, folder: Path) -> Prepared:
    """Read, encode and build everything ``recipe`` asks for; checkpoints will lie in ``folder``.

    Raises `RecipeError` or `CorpusError` before any training has begun.
    """
    corpora = {name: corpus_part(recipe.corpus, name) for name in ("train", "dev")}
    if corpora["train"].source == corpora["dev"].source:
        place = corpora["train"].source.path
        raise RecipeError(
            f"train and dev are the same file, {place}: its scores would mean nothing. Divide it with "
            "`onoma split` and give the folder as corpus.path, or give corpus.train and corpus.dev"
        )
    _check_map(recipe.corpus, corpora)
    tags = TagSet(corpora["train"].labels, recipe.scheme)
    if not tags.labels:
        raise RecipeError("the training corpus has no entities; check corpus.tag_column")
    store = build_store(corpora["train"], tags)
    static = _static(recipe.features.vectors)
    features = _features(recipe, store, static)
    network = build_network(recipe, features, tags, static)
    random = random_state()
    judge = DevJudge(corpora["dev"], tags, features)
    run = Run(recipe, network, store, WordTable(store, features), judge, folder, random)
    return Prepared(run, features, tags, corpora)


def build_network(
    recipe: Recipe, features: WordFeatures, tags: TagSet, static: StaticVectors | None
) -> Network:
    """The recipe's network, its weights drawn from the recipe's seed."""
    torch.manual_seed(recipe.seed)
    lexical = LexicalLayer(features, recipe.network.lexical, static)
    network: Network = ARCHITECTURES[recipe.network.architecture].network(recipe.network, lexical, tags)
    return network


def corpus_part(source: CorpusSource, name: str) -> Corpus:
    """The part of the corpus called ``name``; raises `RecipeError` when the recipe names none."""
    place = source.part(name)
    if place is None:
        raise RecipeError(f"the recipe gives corpus.train but no corpus.{name}")
    return read_split(
        place,
        name,
        format=source.format,
        tag_column=source.tag_column,
        scheme=source.scheme,
        policy=source.policy,
        overlaps=source.overlaps,
        map=label_map(source.map),
    )


def _check_map(source: CorpusSource, corpora: dict[str, Corpus]) -> None:
    """Raise `RecipeError` when the map names a label that neither part has."""
    if source.map is None:
        return
    try:
        check_used(label_map(source.map), [corpus.facts.mapped for corpus in corpora.values()])
    except InputError as error:
        raise RecipeError(f"corpus.map: {error}") from error


def _features(recipe: Recipe, store: Store, static: StaticVectors | None) -> WordFeatures:
    sizes = recipe.network.lexical
    return build_features(
        dict(zip(store.words(), store.counts().tolist(), strict=True)),
        min_count=recipe.features.min_count,
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
