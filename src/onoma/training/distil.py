"""Pouring what taggers know into another: the student learns from their beliefs about sentences, and labels.

What teachers believe of each sentence of the training part, and of any text without labels, is worked out
once and kept (`onoma.training.distil_lessons`). On labelled sentences the student learns a mixture of labels
and of what the teachers believe (Hinton, Vinyals & Dean, *Distilling the Knowledge in a Neural Network*,
2015), elsewhere their belief alone. How a CRF learns from beliefs: `onoma.models.soft_tags`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from onoma.corpus import Corpus
from onoma.errors import RecipeError
from onoma.models.soft_tags import Objective, SoftTags
from onoma.runtime import Tagger
from onoma.runtime.manifest import Taught
from onoma.runtime.posteriors import Teachers
from onoma.tagging import TagSet
from onoma.tagging.posterior import Moved
from onoma.text import Document
from onoma.training.augment.part import Change
from onoma.training.augment.swap import Swap
from onoma.training.batches import Part, gold_of
from onoma.training.distil_lessons import Lessons, Progress, sure, teach
from onoma.training.distil_text import (
    bare,
    crossed,
    in_sentences,
    joined,
    new_sentences,
    plain_text,
    raw_corpus,
    renamed,
)
from onoma.training.prepare import Prepared, assemble, corpora_of
from onoma.training.recipe import Recipe
from onoma.training.store import Store, build_store

__all__ = ["Beliefs", "Distil", "RawText", "Teaching", "check_changes", "mixed"]


class Distil(BaseModel):
    """How a student learns.

    ``hard`` is the share of the labels where there are any, the rest is the teachers'; ``objective`` says
    what a CRF compares, whole sequences or tokens.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hard: float = Field(0.5, ge=0, le=1)
    objective: Objective = "sequence"


@dataclass(frozen=True)
class RawText:
    """Where text without labels comes from: files of plain text, corpora whose labels are not looked at.

    ``crossings`` and ``swaps`` are how many new sentences are made of each of the training part's, by
    crossing it with others and by giving its entities other names, as ``swap`` has it. ``told`` is what the
    card calls files and corpora.
    """

    files: Sequence[Path] = ()
    corpora: Sequence[Corpus] = ()
    crossings: int = 0
    swaps: int = 0
    swap: Swap = field(default_factory=Swap)
    encoding: str = "utf-8"
    told: Sequence[str] = ()

    def corpus(self, labelled: dict[str, Corpus]) -> Corpus | None:
        """The sentences that are new: none twice, none of ``labelled``; None where nothing was asked for."""
        if not (self.files or self.corpora or self.crossings or self.swaps):
            return None

        train, known = labelled["train"], list(labelled.values())
        change = self.swap.ready(train) if self.swaps else None

        def sentences() -> Iterable[Document]:
            return new_sentences(self._documents(train, change), chain(*known))

        return raw_corpus(sentences, ", ".join(self.told) or "the text")

    def _documents(self, train: Corpus, change: Change | None) -> Iterator[Document]:
        for path in self.files:
            yield from in_sentences(plain_text(path, self.encoding))
        for corpus in self.corpora:
            yield from map(bare, corpus)
        documents = list(train) if self.crossings or self.swaps else []
        for time in range(self.crossings):
            yield from crossed(documents, time)
        if change is not None:
            for time in range(self.swaps):
                yield from renamed(documents, change, time)

    @property
    def sources(self) -> list[str]:
        """What the card says of it."""
        lists = "".join(f", {label} also from {path.name}" for label, path in self.swap.names.items())
        made = {
            "crossings of each sentence of the training part": self.crossings,
            f"copies of each sentence of the training part with other names{lists}": self.swaps,
        }
        return [*self.told, *(f"{what}: {count}" for what, count in made.items() if count)]


@dataclass(frozen=True)
class Beliefs:
    """What a network is to learn of the parts of a store whose first ``labelled`` sentences have labels.

    ``lessons`` may be None where labels are all there is to learn (``hard`` 1, all labelled). ``shares``
    ``[sentence]``, where given, is what each sentence weighs.
    """

    store: Store
    tags: TagSet
    lessons: Lessons | None
    labelled: int
    options: Distil
    shares: NDArray[np.floating] | None = None

    def __call__(self, parts: Sequence[Part]) -> SoftTags:
        """The mixture for each of ``parts``."""
        shares = [1.0] * len(parts) if self.shares is None else [float(self.shares[s]) for s, _, _ in parts]
        return SoftTags.of([self._of(part) for part in parts], shares, self.options.objective)

    def _of(self, part: Part) -> Moved:
        hard = self.options.hard if part[0] < self.labelled else 0.0
        length = int(self.store.lengths[part[0]])
        soft = self.lessons.of(part, length) if self.lessons is not None and hard < 1 else None
        gold = sure(gold_of(self.store, part, self.tags), len(self.tags)) if hard > 0 else None
        return mixed(gold, soft, hard)


def mixed(gold: Moved | None, soft: Moved | None, hard: float) -> Moved:
    """``hard`` parts of ``gold`` and the rest of ``soft``; one that has no part may be None.

    >>> both = mixed(sure(np.array([1]), 3), sure(np.array([2]), 3), 0.25)
    >>> both.tags(1, 3).tolist()
    [[0.0, 0.25, 0.75]]
    """
    if soft is None or gold is None:
        found = gold if soft is None else soft
        assert found is not None, "there must be something to learn"
        return found
    return Moved(
        np.concatenate([gold.token, soft.token]),
        np.concatenate([gold.source, soft.source]),
        np.concatenate([gold.target, soft.target]),
        np.concatenate([hard * gold.weight, (1 - hard) * soft.weight]),
    )


class Teaching:
    """How `run_recipe` is to prepare a student of ``teachers``, whose ``weights`` are the same if not given.

    Raises `RecipeError` for a recipe that changes sentences anew in every epoch, `InputError` where teachers
    and student do not fit or the text holds nothing new.
    """

    def __init__(
        self,
        teachers: Sequence[Tagger],
        text: RawText,
        options: Distil,
        weights: Sequence[float] | None = None,
    ) -> None:
        self._teachers, self._text, self._options, self._weights = teachers, text, options, weights
        self._read: tuple[Recipe, _Read] | None = None

    def ask(self, recipe: Recipe, progress: Progress | None = None) -> None:
        """Read all text and have the teachers say what they believe of it; preparing then has it at hand."""
        check_changes(recipe)
        corpora, tags = corpora_of(recipe)
        teachers = Teachers(self._teachers, tags, self._weights)
        unlabelled = self._text.corpus(corpora)
        corpora |= {} if unlabelled is None else {"unlabelled": unlabelled}
        store = build_store(_learned(corpora), tags)
        lessons = teach(store, teachers, progress=progress)
        store.key = f"{store.key} {lessons.key} {self._options.model_dump_json()}"
        self._read = recipe, _Read(corpora, tags, store, lessons)

    def __call__(self, recipe: Recipe, folder: Path) -> Prepared:
        """The student, ready to learn what its teachers believe."""
        if self._read is None or self._read[0] != recipe:
            self.ask(recipe)
        assert self._read is not None
        corpora, tags, store, lessons = self._read[1]
        prepared = assemble(recipe, folder, dict(corpora), tags, store)
        labelled = sum(bool(document.words) for document in corpora["train"])
        prepared.run.teach = Beliefs(store, tags, lessons, labelled, self._options)
        versions = [each.version for each in self._teachers]
        prepared.taught = _card(versions, self._text, corpora.get("unlabelled"), self._options)
        return prepared


class _Read(NamedTuple):
    corpora: dict[str, Corpus]
    tags: TagSet
    store: Store
    lessons: Lessons


def check_changes(recipe: Recipe) -> None:
    """Raise `RecipeError` for a recipe that changes sentences anew in every epoch."""
    if recipe.augment:
        raise RecipeError(
            "a student learns from sentences that its teachers have read, so they cannot be changed anew in "
            "every epoch: take augment out of the recipe; crossings and swaps make new sentences once"
        )


def _learned(corpora: dict[str, Corpus]) -> Corpus:
    return joined([corpora[name] for name in ("train", "unlabelled") if name in corpora])


def _card(teachers: list[str], text: RawText, unlabelled: Corpus | None, options: Distil) -> Taught:
    how = f"{options.hard:.0%} labels and {1 - options.hard:.0%} teachers where there are labels"
    kind = {"sequence": "over whole sequences of tags", "token": "token by token"}[options.objective]
    count = 0 if unlabelled is None else len(unlabelled)
    tokens = 0 if unlabelled is None else unlabelled.facts.tokens
    about = f"distilled from {len(teachers)} teacher{'s' * (len(teachers) > 1)}: {how}, compared {kind}"
    return Taught(how=about, teachers=teachers, text=text.sources, sentences=count, tokens=tokens)
