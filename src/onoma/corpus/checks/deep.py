"""Probable label errors: annotations that a tagger doubts which has not seen their sentence.

Every sentence is judged by a quick CRF trained on the other folds; sentences of the same or nearly the same
words lie in one fold. Confident learning then estimates how often each class is annotated as each other one,
and picks so many tokens of each as the estimate says, those first whose own label is least probable.
Neighbouring doubts become one finding about an entity. What the tagger cannot know is asked of the corpus
itself: the oftener the same words are annotated elsewhere as they are here, the less likely is an error (see
`onoma.corpus.checks.precedent`).

Source: Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.checks.precedent import weighed, with_precedent
from onoma.corpus.checks.quick_crf import Floats, Ints, Sentences, out_of_sample
from onoma.corpus.checks.repeats import Pairs
from onoma.corpus.checks.survey import Survey
from onoma.corpus.grouping import together

__all__ = ["FOLDS", "Deep", "Suspect", "label_errors", "suspects"]

FOLDS = 4
_LISTED = 1 / 3  # confidence; of what is less sure, too many look in vain
_MORE = 20  # times as many examples as of other findings: each is to be looked at


@dataclass(frozen=True, slots=True)
class Deep:
    """How to look for label errors.

    ``sentences`` bounds how many are looked at, drawn at random (None: all); ``jobs`` is how many processes
    share the work; ``done`` is called after each of the `FOLDS` folds.
    """

    sentences: int | None = None
    jobs: int = 1
    done: Callable[[], object] = lambda: None


class Stretch(NamedTuple):
    """Tokens ``[first, last)``, counted over the corpus, of one class (from 1)."""

    first: int
    last: int
    label: int


class Suspect(NamedTuple):
    """Annotations that are probably wrong: what stands there, what is suggested, and how sure that is."""

    survey: Survey
    present: tuple[Stretch, ...]
    suggested: tuple[Stretch, ...]
    confidence: float  # that what is suggested is right and what is present is not

    @property
    def kind(self) -> str:
        """``label``, ``boundary``, ``missing``, ``spurious``, or ``label and boundary``."""
        if not self.present:
            return "missing"
        if not self.suggested:
            return "spurious"
        places, others = ({each[:2] for each in side} for side in (self.present, self.suggested))
        names, suggested = ({each.label for each in side} for side in (self.present, self.suggested))
        if places == others:
            return "label"
        return "boundary" if names == suggested else "label and boundary"


def label_errors(surveys: Sequence[Survey], pairs: Pairs, deep: Deep) -> Iterator[Finding]:
    """One finding for each corpus that has probable label errors, the surest first."""
    found = suspects(surveys, pairs, deep)
    labels = _labels(surveys)
    for each in surveys:
        mine = [suspect for suspect in found if suspect.survey is each]
        if mine:
            counts: dict[str, int] = {}
            for suspect in mine:
                counts[suspect.kind] = counts.get(suspect.kind, 0) + 1
            told = ", ".join(f"{kind} {n:,}" for kind, n in sorted(counts.items(), key=lambda kv: -kv[1]))
            likely = sum(suspect.confidence > 0.5 for suspect in mine)
            message = f"{len(mine):,} annotations may be wrong, {likely:,} of them likelier than not ({told})"
            examples = [_example(suspect, labels) for suspect in mine[: _MORE * each.limit]]
            yield each.finding("label-error", len(mine), message, examples)


def suspects(surveys: Sequence[Survey], pairs: Pairs, deep: Deep) -> list[Suspect]:
    """Probable label errors of all ``surveys``, which are judged together, the surest first.

    Raises ModuleNotFoundError without the extra ``check``.
    """
    labels = _labels(surveys)
    sample, folds = _dealt(surveys, pairs, deep.sentences)
    if len(np.unique(folds)) < 2 or not labels:
        return []
    sentences, origin = _joined(surveys, labels, sample)
    probabilities = out_of_sample(sentences, folds, deep.jobs, deep.done)
    regions = list(_regions(sentences, probabilities))
    precedents = weighed(sentences, [(region.low, region.high, region.best) for region in regions])
    found = [
        _suspect(surveys, sentences, origin, region, with_precedent(region.probability, precedent))
        for region, precedent in zip(regions, precedents, strict=True)
    ]
    sure = [suspect for suspect in found if suspect.confidence > _LISTED]
    return sorted(sure, key=lambda suspect: -suspect.confidence)


def _labels(surveys: Sequence[Survey]) -> list[str]:
    return sorted({label for each in surveys for label in each.labels})


def _dealt(surveys: Sequence[Survey], pairs: Pairs, most: int | None) -> tuple[Ints, Ints]:
    """The sentences to look at, counted over all surveys, in order, and the fold of each."""
    groups = together(list(_marks(surveys, pairs)))
    chance = np.random.default_rng(0)
    order = [groups[i] for i in chance.permutation(len(groups))]
    fold_of: dict[int, int] = {}
    sizes = [0] * FOLDS
    for group in order:
        if most is not None and len(fold_of) >= most:
            break
        fold = sizes.index(min(sizes))
        sizes[fold] += len(group)
        fold_of.update(dict.fromkeys(group, fold))
    sample = sorted(fold_of)
    return np.array(sample, dtype=np.int64), np.array([fold_of[i] for i in sample], dtype=np.int64)


def _marks(surveys: Sequence[Survey], pairs: Pairs) -> Iterator[tuple[object, ...]]:
    """What each sentence shares with those that must lie in its fold."""
    alike: dict[bytes, list[object]] = {}
    for number, (a, b) in enumerate(pairs.keys):
        alike.setdefault(a, []).append(number)
        alike.setdefault(b, []).append(number)
    for each in surveys:
        for key in each.keys:
            yield (key or None, *alike.get(key, ()))


def _joined(surveys: Sequence[Survey], labels: Sequence[str], sample: Ints) -> tuple[Sentences, Ints]:
    """The sampled sentences of all surveys as one, and where each token came from, over all surveys."""
    tokens = np.concatenate([each.tokens for each in surveys])
    lengths = np.concatenate([each.lengths for each in surveys])
    classes = np.concatenate([_classes(each, labels) for each in surveys])
    chosen = np.zeros(len(lengths), dtype=bool)
    chosen[sample] = True
    origin = np.flatnonzero(np.repeat(chosen, lengths))
    edges = np.concatenate([[0], np.cumsum(lengths[sample])])
    words = surveys[0].words.texts
    return Sentences(words, tokens[origin], edges, classes[origin], len(labels) + 1), origin


def _classes(found: Survey, labels: Sequence[str]) -> Ints:
    """``[token]``: 0, or 1 and the index of its entity's label; of overlapping entities the outer one's."""
    result = np.zeros(len(found.tokens), dtype=np.int64)
    entities = found.entities
    index = [labels.index(name) + 1 for name in found.labels]
    for i in np.argsort(entities.length, kind="stable").tolist():
        result[entities.first[i] : entities.last[i]] = index[entities.label[i]]
    return result


def _doubted(classes: Ints, probabilities: Floats) -> NDArray[np.bool_]:
    """``[token]``: whether confident learning takes its label for an error."""
    from cleanlab.filter import find_label_issues

    used = np.unique(classes)
    if len(used) < 2:
        return np.zeros(len(classes), dtype=bool)
    # cleanlab wants every class to occur, and rows that add up to 1
    known = np.maximum(probabilities[:, used].astype(np.float64), 1e-9)
    known /= known.sum(axis=1, keepdims=True)
    result: NDArray[np.bool_] = find_label_issues(np.searchsorted(used, classes), known, n_jobs=1)
    return result


class _Region(NamedTuple):
    """Tokens ``[low, high)`` of the joined sentences that are probably annotated wrongly."""

    low: int
    high: int
    best: Ints  # [token], the classes suggested
    probability: float  # the mean of theirs, over the tokens that differ


def _regions(sentences: Sentences, probabilities: Floats) -> Iterator[_Region]:
    """Each doubted token with all entities, present and suggested, that it and they touch."""
    best = probabilities.argmax(axis=1)
    doubted = _doubted(sentences.classes, probabilities)
    for low, high in _touching(sentences, best, doubted):
        differ = np.arange(low, high)[sentences.classes[low:high] != best[low:high]]
        if len(differ):
            yield _Region(low, high, best[low:high], float(probabilities[differ, best[differ]].mean()))


def _suspect(
    surveys: Sequence[Survey], sentences: Sentences, origin: Ints, region: _Region, confidence: float
) -> Suspect:
    """A region in the corpus it comes from."""
    bases = np.cumsum([0, *(len(each.tokens) for each in surveys)])
    at = int(np.searchsorted(bases, origin[region.low], side="right")) - 1
    base = int(origin[region.low] - bases[at])
    present, suggested = (
        tuple(_stretches(side, base)) for side in (sentences.classes[region.low : region.high], region.best)
    )
    return Suspect(surveys[at], present, suggested, confidence)


def _touching(sentences: Sentences, best: Ints, doubted: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Runs of tokens that an entity, present or suggested, holds together, and that hold a doubt."""
    classes = sentences.classes
    joins = (classes[1:] == classes[:-1]) & (classes[1:] > 0) | (best[1:] == best[:-1]) & (best[1:] > 0)
    joins[sentences.edges[1:-1][(sentences.edges[1:-1] > 0) & (sentences.edges[1:-1] < len(classes))] - 1] = (
        False
    )
    starts = np.concatenate([[0], np.flatnonzero(~joins) + 1, [len(classes)]])
    runs = np.unique(np.searchsorted(starts, np.flatnonzero(doubted), side="right")) - 1
    yield from zip(starts[runs].tolist(), starts[runs + 1].tolist(), strict=True)


def _stretches(classes: Ints, base: int) -> Iterator[Stretch]:
    """Runs of one class other than 0."""
    turns = np.flatnonzero(np.diff(classes)) + 1
    for part in np.split(np.arange(len(classes)), turns):
        if label := int(classes[part[0]]):
            yield Stretch(base + int(part[0]), base + int(part[-1]) + 1, label)


def _example(suspect: Suspect, labels: Sequence[str]) -> Example:
    found = suspect.survey
    both = (*suspect.present, *suspect.suggested)
    first, last = min(each.first for each in both), max(each.last for each in both)
    present, suggested = (_spans(found, side, labels) for side in (suspect.present, suspect.suggested))
    note = f"{_told(present)} → {_told(suggested)}, {suspect.kind}, confidence {suspect.confidence:.2f}"
    suggestion = {
        "kind": suspect.kind,
        "present": present,
        "suggested": suggested,
        "confidence": round(suspect.confidence, 4),
    }
    return found.token_example(first, last, note)._replace(suggestion=suggestion)


def _spans(found: Survey, stretches: Iterable[Stretch], labels: Sequence[str]) -> list[dict[str, object]]:
    """Stretches in code points of their sentence."""
    return [
        {
            "start": int(found.starts[each.first]),
            "end": int(found.ends[each.last - 1]),
            "label": labels[each.label - 1],
            "text": found.surface(found.tokens[each.first : each.last].tobytes()),
        }
        for each in stretches
    ]


def _told(spans: Sequence[dict[str, object]]) -> str:
    return ", ".join(f"{span['text']} {span['label']}" for span in spans) or "nothing"
