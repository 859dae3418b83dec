"""Making a report card: a tagger is run over a corpus as a service would run it, judged and timed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from onoma.corpus import Corpus
from onoma.evaluation.card import Card, make_card
from onoma.evaluation.card_facts import CorpusFacts, ModelFacts
from onoma.evaluation.judged import judge
from onoma.evaluation.overfitting import Fit
from onoma.evaluation.speed import Speed, measure_speed
from onoma.evaluation.surfaces import Surfaces, training_surfaces
from onoma.evaluation.trial import evaluate, run
from onoma.text import Annotate, Document

__all__ = ["Candidate", "Training", "draw", "examine"]

_TIMED = 300  # sentences whose tagging is timed


@dataclass(frozen=True)
class Candidate:
    """A tagger to be judged, and what is known of it from outside.

    ``history`` has a mapping for each epoch of its training (see `Fit`); ``trained_on`` is the fingerprint
    of its training corpus and ``dev_f1`` its strict F1 on the dev part of that. ``whole``: it answers only
    for a whole corpus at once, as predictions in a file do, and cannot be timed or tried on other text.
    ``together``: it reads sentences among others, and is given all at once.
    """

    annotate: Annotate
    facts: ModelFacts
    history: Sequence[Mapping[str, Any]] = field(default=())
    trained_on: str | None = None
    dev_f1: float | None = None
    whole: bool = False
    together: bool = False


class Training(NamedTuple):
    """Of a training corpus, what a card needs: its annotated surfaces and a sample of its sentences."""

    surfaces: Surfaces
    sample: list[Document]
    fingerprint: str

    @classmethod
    def of(cls, corpus: Corpus, sample: int = 2000, seed: int = 0) -> Training:
        """Read ``corpus``; ``sample`` of its sentences are drawn by ``seed``.

        >>> corpus = Corpus.from_documents([Document.from_words(["Ada"], [(0, 1, "per")])] * 9)
        >>> training = Training.of(corpus, 4)
        >>> training.surfaces["Ada", "per"], len(training.sample)
        (9, 4)
        """
        chosen = draw(len(corpus), sample, seed)
        kept: list[Document] = []

        def keeping() -> Iterator[Document]:
            for place, document in enumerate(corpus):
                if place in chosen:
                    kept.append(document)
                yield document

        return cls(training_surfaces(keeping()), kept, corpus.fingerprint)


def draw(count: int, sample: int, seed: int) -> set[int]:
    """``sample`` of the numbers below ``count``, or all where those are no more."""
    return set(random.Random(seed).sample(range(count), min(sample, count)))


def examine(
    candidate: Candidate,
    gold: Corpus,
    *,
    corpus: CorpusFacts | None = None,
    training: Training | None = None,
    timed: bool = True,
    threads: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Card:
    """Judge ``candidate`` on ``gold``; the tagger gets its texts and tokens, never its entities.

    ``corpus`` says of gold what it does not know itself, such as its split. With ``training``, seen and
    unseen entities are told apart and F1 is measured on a sample of it as well. ``timed``: measure speed,
    with ``threads`` as the number to report. ``progress`` is told after each batch how many documents it
    held.

    Raises what `run` and `judge` raise.

    >>> ada = Document.from_words(["Ada", "wrote"], [(0, 1, "per")])
    >>> card = examine(Candidate(list, ModelFacts("nothing")), Corpus.from_documents([ada]), timed=False)
    >>> card.scores.strict.micro.support, card.corpus.unknown_labels
    (1, ())
    """
    size = max(len(gold), 1) if candidate.whole or candidate.together else 64
    documents, predicted = run(candidate.annotate, gold, batch_size=size, progress=progress)
    judged = judge(documents, predicted, gold.labels)
    about = _described(corpus or CorpusFacts(), gold, candidate.facts)
    return make_card(
        judged,
        candidate.facts,
        about,
        training=training and training.surfaces,
        fit=_fit(candidate, training, about.split, judged.scores.strict.micro.f1),
        speed=_speed(candidate, documents, threads, seed) if timed and not candidate.whole else None,
        resamples=resamples,
        seed=seed,
    )


def _described(about: CorpusFacts, gold: Corpus, model: ModelFacts) -> CorpusFacts:
    known = set(gold.labels if model.labels is None else model.labels)
    return replace(
        about,
        path=gold.source.path,
        fingerprint=gold.fingerprint,
        repairs=len(gold.fates),
        unknown_labels=tuple(sorted(set(gold.labels) - known)),
        foreign_labels=tuple(sorted(known.difference(gold.labels))),
    )


def _fit(candidate: Candidate, training: Training | None, split: str | None, f1: float) -> Fit | None:
    """How training went, as far as is known; F1 on dev only if dev belongs to the given training corpus."""
    if training is None or candidate.whole:
        return Fit(candidate.history) if candidate.history else None
    by_split = {"train": evaluate(candidate.annotate, training.sample).strict.micro.f1}
    if candidate.dev_f1 is not None and candidate.trained_on == training.fingerprint:
        by_split["dev"] = candidate.dev_f1
    return Fit(candidate.history, by_split | {split or "test": f1}, len(training.sample))


def _speed(
    candidate: Candidate, documents: Sequence[Document], threads: int | None, seed: int
) -> Speed | None:
    chosen = draw(len(documents), _TIMED, seed)
    texts = [document for place, document in enumerate(documents) if place in chosen]
    return measure_speed(candidate.annotate, texts, threads=threads)
