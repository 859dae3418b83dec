"""From a recipe to a run: corpora read and encoded, features counted, the network built."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from accelerate import PartialState

from onoma.corpus import Corpus, read_split
from onoma.corpus.label_map import check_used, label_map
from onoma.errors import InputError, RecipeError
from onoma.features.piece_batch import PieceFeatures
from onoma.features.words import WordFeatures
from onoma.runtime.manifest import Taught
from onoma.tagging import TagSet
from onoma.training.augment import Augmented
from onoma.training.batches import Table
from onoma.training.checkpoint import random_state
from onoma.training.judge import DevJudge
from onoma.training.loop import Run
from onoma.training.networks import build
from onoma.training.piece_table import table_of
from onoma.training.recipe import CorpusSource, Recipe
from onoma.training.store import Store, build_store

__all__ = ["Prepared", "assemble", "corpora_of", "corpus_part", "prepare"]


@dataclass(slots=True)
class Prepared:
    """A run ready to start, and what its bundle will hold besides weights."""

    run: Run
    features: WordFeatures | PieceFeatures
    tags: TagSet
    corpora: dict[str, Corpus]
    taught: Taught | None = None


def prepare(recipe: Recipe, folder: Path) -> Prepared:
    """Read, encode and build everything ``recipe`` asks for; checkpoints will lie in ``folder``.

    Raises `RecipeError` or `CorpusError` before any training has begun.
    """
    corpora, tags = corpora_of(recipe)
    prepared = assemble(recipe, folder, corpora, tags, build_store(corpora["train"], tags))
    if recipe.augment:
        prepared.run.changed = _Changed(recipe, corpora["train"], tags, prepared.features, folder)
    return prepared


def corpora_of(recipe: Recipe) -> tuple[dict[str, Corpus], TagSet]:
    """The train and dev parts, and the tags to be learned; raises `RecipeError` or `CorpusError`."""
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
    return corpora, tags


def assemble(
    recipe: Recipe, folder: Path, corpora: dict[str, Corpus], tags: TagSet, store: Store
) -> Prepared:
    """The network that ``recipe`` asks for, ready to learn from the sentences of ``store``."""
    features, network = build(recipe, store, tags)
    random = random_state()
    judge = DevJudge(corpora["dev"], tags, features)
    run = Run(recipe, network, store, table_of(store, features), judge, folder, random)
    return Prepared(run, features, tags, corpora)


class _Changed:
    """The encoded corpus of an epoch under augmentation; that of the epoch before is forgotten."""

    def __init__(
        self,
        recipe: Recipe,
        corpus: Corpus,
        tags: TagSet,
        features: WordFeatures | PieceFeatures,
        folder: Path,
    ) -> None:
        assert recipe.augment is not None
        self._augmented = Augmented(corpus, recipe.augment, recipe.seed)
        self._tags, self._features, self._folder = tags, features, folder / "augmented"

    def __call__(self, epoch: int) -> tuple[Store, Table]:
        with PartialState().main_process_first():
            store = build_store(self._augmented.epoch(epoch), self._tags, self._folder)
        for other in self._folder.glob("*/*"):
            if other.name != store.key:
                shutil.rmtree(other, ignore_errors=True)
        return store, table_of(store, self._features)


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
