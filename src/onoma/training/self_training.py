"""Self-training: a tagger labels raw text, and learns again from labels and from what it was sure of.

Each round trains anew on the labelled sentences and on those of the raw text that the last round's tagger was
sure of, which weigh as much as it was sure (Yarowsky, *Unsupervised word sense disambiguation rivaling
supervised methods*, 1995; with weights: Jiang & Zhai, *Instance weighting for domain adaptation*, 2007). How
sure it is, its calibrated scores say.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from onoma.corpus import Corpus
from onoma.errors import InputError
from onoma.runtime import Tagger
from onoma.runtime.bundle import MANIFEST, read_manifest
from onoma.runtime.manifest import Taught
from onoma.text import Document
from onoma.training.distil import Beliefs, Distil, RawText, check_changes
from onoma.training.distil_text import joined
from onoma.training.prepare import Prepared, assemble, corpora_of
from onoma.training.recipe import Recipe
from onoma.training.run import Event, run_recipe
from onoma.training.store import build_store

__all__ = ["Round", "SelfTraining", "keep_best", "rounds", "sureness"]


class SelfTraining(BaseModel):
    """How often a tagger learns from itself, and how sure it must have been of a sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rounds: int = Field(1, ge=1)
    threshold: float = Field(0.5, ge=0, lt=1)


@dataclass(frozen=True)
class Round:
    """A round on its way: ``events`` are those of `run_recipe`. Round 0 has the labels alone."""

    number: int
    folder: Path
    events: Iterator[Event]


def sureness(document: Document) -> float:
    """How sure a tagger is of its reading: its least sure entity; where it found none, its whole reading.

    >>> from onoma.text import Entity
    >>> sureness(Document("Ada met Bob", entities=(Entity(0, 3, "per", 0.9), Entity(8, 11, "per", 0.6))))
    0.6
    """
    whole = document.coverage.certainty if document.coverage else None
    return min((entity.score for entity in document.entities), default=1.0 if whole is None else whole)


def rounds(
    recipe: Recipe, folder: Path, text: RawText, options: SelfTraining, *, resume: bool = False
) -> Iterator[Round]:
    """The rounds, each to be seen to its end before the next is asked for; their bundles lie in ``folder``.

    Raises what `run_recipe` raises, and `InputError` where the text holds nothing new or too little of it is
    sure enough.
    """
    for number in range(options.rounds + 1):
        place = folder / f"round-{number}"
        if resume and _finished(place):
            continue
        teacher = None if number == 0 else folder / f"round-{number - 1}"
        going_on = resume and (place / "training" / "last.pt").is_file()

        def preparing(recipe: Recipe, work: Path, teacher: Path | None = teacher) -> Prepared:
            return _prepared(recipe, work, teacher, text, options)

        yield Round(number, place, run_recipe(recipe, place, resume=going_on, preparing=preparing))


def _finished(place: Path) -> bool:
    """Whether a round has come to its end, at which its scores are written."""
    return (place / MANIFEST).is_file() and bool(read_manifest(place).scores)


def _prepared(
    recipe: Recipe, folder: Path, teacher: Path | None, text: RawText, options: SelfTraining
) -> Prepared:
    check_changes(recipe)
    corpora, tags = corpora_of(recipe)
    if teacher is None:
        return assemble(recipe, folder, corpora, tags, build_store(corpora["train"], tags))
    tagger = Tagger(teacher)
    raw = text.corpus(corpora)
    if raw is None:
        raise InputError("self-training needs text without labels: give some")
    sure = _sure(tagger, raw, options.threshold)
    learned = joined([corpora["train"], Corpus.from_documents(sure, tags.labels)])
    store = build_store(learned, tags)
    prepared = assemble(recipe, folder, corpora | {"unlabelled": raw}, tags, store)
    labelled = len(store) - len(sure)
    shares = np.array([1.0] * labelled + [sureness(document) for document in sure])
    prepared.run.teach = Beliefs(store, tags, None, len(store), Distil(hard=1.0), shares)
    store.key = f"{store.key} {tagger.version} {options.threshold}"
    prepared.taught = _card(tagger, text, sure, raw, options)
    return prepared


def _sure(tagger: Tagger, raw: Iterable[Document], threshold: float) -> list[Document]:
    sure = [document for document in tagger.pipe(raw) if sureness(document) >= threshold]
    if not sure:
        raise InputError(f"the tagger is sure of no sentence: none reaches {threshold}; lower the threshold")
    return sure


def _card(
    tagger: Tagger, text: RawText, sure: Sequence[Document], raw: Corpus, options: SelfTraining
) -> Taught:
    tokens = sum(len(document.tokens) for document in sure)
    how = (
        f"trained on what an earlier round was sure of: {len(sure):,} of {len(raw):,} sentences at "
        f"{options.threshold:g} or more, weighed by how sure it was"
    )
    return Taught(how=how, teachers=[tagger.version], text=text.sources, sentences=len(sure), tokens=tokens)


def keep_best(folder: Path, count: int) -> int:
    """Make the round with the best dev F1 the bundle of ``folder``; returns its number. Ties: the earlier."""
    f1 = [
        read_manifest(folder / f"round-{number}").scores["dev"]["strict"]["micro"]["f1"]
        for number in range(count + 1)
    ]
    best = max(range(count + 1), key=lambda number: (f1[number], -number))
    shutil.copytree(folder / f"round-{best}", folder, dirs_exist_ok=True)
    return best
