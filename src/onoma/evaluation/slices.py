"""Slices: how a tagger fares on the same sentences written otherwise, and with other names in them.

The edits are those of `onoma.evaluation.perturb`, the names those of `onoma.evaluation.swaps`. Every figure
stands beside that of the unedited sentences, with the paired difference.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from onoma.errors import InputError
from onoma.evaluation import trial
from onoma.evaluation.bootstrap import Interval
from onoma.evaluation.counts import Counts
from onoma.evaluation.judged import Judged, judge
from onoma.evaluation.perturb import SUMMARIES, Edit, Edited, edits_named, perturb
from onoma.evaluation.slice_scores import Bootstrap, Ratio, f1_ratio
from onoma.evaluation.swap_scores import SwapReport, swap_report
from onoma.evaluation.swaps import SWAPS, guess_label
from onoma.text.document import Annotate, Document

__all__ = ["UNEDITED", "Progress", "SliceReport", "SliceScore", "run"]

Progress = Callable[[str, int, int], None]
"""Told before each run of the tagger: what comes now, how many runs are done, how many there are in all."""

UNEDITED = "unedited"


@dataclass(frozen=True, slots=True)
class SliceScore:
    """The strict scores, all labels pooled, on sentences after one edit.

    ``changed`` counts documents that the edit made another text of; ``lost_tokens`` and ``lost_entities``
    what was nothing but what the edit removed. ``difference`` is the F1 less that of the unedited sentences.
    """

    name: str
    summary: str
    counts: Counts
    f1: Interval
    difference: Interval
    changed: int
    lost_tokens: int
    lost_entities: int

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "name": self.name,
            "summary": self.summary,
            **self.counts.to_dict(),
            "f1_interval": self.f1.to_dict(),
            "difference": self.difference.to_dict(),
            "changed": self.changed,
            "lost_tokens": self.lost_tokens,
            "lost_entities": self.lost_entities,
        }


@dataclass(frozen=True, slots=True)
class SliceReport:
    """What `run` found; the first of ``slices`` is the unedited set.

    ``tokens`` says whose tokens the tagger got: its ``own``, or those of ``gold``. ``notes`` say what was
    left out, and why.
    """

    slices: Sequence[SliceScore]
    swaps: Sequence[SwapReport]
    sentences: int
    tokens: str
    typo_rate: float
    seed: int
    resamples: int
    notes: Sequence[str]

    @property
    def flagged(self) -> bool:
        """Whether groups of names differ by surely more than ten points."""
        return any(gap.flagged for swap in self.swaps for gaps in swap.gaps.values() for gap in gaps.values())

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON; shares from 0 to 1, never NaN."""
        return {
            "sentences": self.sentences,
            "tokens": self.tokens,
            "typo_rate": self.typo_rate,
            "seed": self.seed,
            "resamples": self.resamples,
            "slices": [row.to_dict() for row in self.slices],
            "swaps": [swap.to_dict() for swap in self.swaps],
            "flagged": self.flagged,
            "notes": list(self.notes),
        }


def run(
    annotate: Annotate,
    corpus: Iterable[Document],
    *,
    slices: Sequence[str] | None = None,
    swap: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    typo_rate: float = 0.1,
    tokens: str = "own",
    sample: int | None = None,
    seed: int = 0,
    resamples: int = 1000,
    progress: Progress | None = None,
) -> SliceReport:
    """Score ``annotate`` on the documents of ``corpus`` as they are, after each edit, and with other names.

    ``slices`` names edits (None: all of `EDITS`; empty: none), ``swap`` names ``persons`` and ``places``
    (None: both, as far as their label can be told; empty: neither), ``labels`` gives the label of either
    where its name does not tell. ``typo_rate`` is the share of words mistyped. With ``tokens="own"`` the
    tagger gets the text alone, as in service, split by Onoma's tokenizer or its own; with ``"gold"`` the
    corpus's tokens. ``sample``: so many documents at most, drawn by ``seed``.

    Raises `InputError` for an unknown name or label, `AlignmentError` when a tagger changes texts.

    >>> from onoma.text.document import Entity
    >>> def capitals(documents):
    ...     names = lambda d: [Entity(t.start, t.end, "per") for t in d.tokens if d.text[t.start].isupper()]
    ...     return [d.replace(entities=names(d)) for d in documents]
    >>> ada = Document.from_words(["Ada", "met", "Bob"], [(0, 1, "per"), (2, 3, "per")])
    >>> report = run(capitals, [ada], slices=["lower"], swap=["persons"])
    >>> [(row.name, row.f1.value) for row in report.slices]
    [('unedited', 1.0), ('lower', 0.0)]
    """
    edits = edits_named(slices, typo_rate)
    if tokens not in _TOKENS:
        raise InputError(f"tokens are 'own' (the tagger gets text alone) or 'gold', not {tokens!r}")
    documents = _sampled(list(corpus), sample, seed)
    swapped, notes = _labels(swap, labels or {}, documents)
    trials = _Trials(_TOKENS[tokens](annotate), 1 + len(edits) + _runs_of(swapped), progress)
    return SliceReport(
        slices=_slice_scores(trials, documents, edits, seed, resamples),
        swaps=[
            swap_report(trials, documents, kind, label, seed=seed, resamples=resamples)
            for kind, label in swapped.items()
        ],
        sentences=len(documents),
        tokens=tokens,
        typo_rate=typo_rate,
        seed=seed,
        resamples=resamples,
        notes=notes,
    )


def _own_tokens(annotate: Annotate) -> Annotate:
    """``annotate``, given the texts alone."""

    def tokenised(documents: Sequence[Document]) -> list[Document]:
        return annotate([Document.from_text(d.text, id=d.id).replace(meta=d.meta) for d in documents])

    return tokenised


_TOKENS: dict[str, Callable[[Annotate], Annotate]] = {"own": _own_tokens, "gold": lambda annotate: annotate}


def _sampled(documents: list[Document], size: int | None, seed: int) -> list[Document]:
    """``size`` of them by lot, in their order."""
    if size is None or size >= len(documents):
        return documents
    if size < 1:
        raise InputError(f"a sample has at least one document, not {size}")
    return [documents[i] for i in sorted(random.Random(seed).sample(range(len(documents)), size))]


def _labels(
    swap: Sequence[str] | None, given: Mapping[str, str], documents: Sequence[Document]
) -> tuple[dict[str, str], list[str]]:
    """The label of each kind of names to swap, and what is said of kinds that are left out."""
    known = sorted({entity.label for document in documents for entity in document.entities})
    found: dict[str, str] = {}
    notes: list[str] = []
    for kind in dict.fromkeys(SWAPS if swap is None else swap):
        label = given.get(kind) or guess_label(kind, known)
        fault = f"no label of the corpus ({', '.join(known) or 'it has none'}) is known to be that of {kind}"
        if label in known:
            found[kind] = label
        elif label:
            raise InputError(f"the corpus has no entity labelled {label!r}; its labels: {', '.join(known)}")
        elif swap is None:
            notes.append(f"{kind} were not swapped: {fault}")
        else:
            raise InputError(f"{fault}; name it")
    return found, notes


def _runs_of(swapped: Iterable[str]) -> int:
    return sum(1 + len(SWAPS[kind]()) for kind in swapped)


class _Trials:
    """Runs of one tagger, counted, so that progress can be told."""

    def __init__(self, annotate: Annotate, total: int, progress: Progress | None) -> None:
        self._annotate, self._total, self._progress = annotate, total, progress
        self._done = 0

    def __call__(self, name: str, documents: Sequence[Document]) -> Judged:
        if self._progress:
            self._progress(name, self._done, self._total)
        self._done += 1
        return judge(*trial.run(self._annotate, documents))


class _Slice(NamedTuple):
    ratio: Ratio
    counts: Counts
    changed: int = 0
    lost_tokens: int = 0
    lost_entities: int = 0


def _slice_scores(
    trials: _Trials, documents: Sequence[Document], edits: Mapping[str, Edit], seed: int, resamples: int
) -> list[SliceScore]:
    plain = trials(UNEDITED, documents)
    made = {UNEDITED: _Slice(f1_ratio(plain), plain.scores.strict.micro)}
    for name, edit in edits.items():
        edited = [perturb(document, edit, seed) for document in documents]
        judged = trials(name, [each.document for each in edited])
        made[name] = _slice(judged, edited, documents)
    ratios = {name: each.ratio for name, each in made.items()}
    bootstrap = Bootstrap(ratios, plain.groups, resamples=resamples, seed=seed)
    return [_score(name, each, bootstrap) for name, each in made.items()]


def _slice(judged: Judged, edited: Sequence[Edited], documents: Sequence[Document]) -> _Slice:
    pairs = zip(edited, documents, strict=True)
    return _Slice(
        f1_ratio(judged),
        judged.scores.strict.micro,
        sum(each.document.text != document.text for each, document in pairs),
        sum(each.lost_tokens for each in edited),
        sum(each.lost_entities for each in edited),
    )


def _score(name: str, made: _Slice, bootstrap: Bootstrap) -> SliceScore:
    return SliceScore(
        name=name,
        summary=SUMMARIES.get(name, "the sentences as they are"),
        counts=made.counts,
        f1=bootstrap.interval(name),
        difference=bootstrap.difference(name, UNEDITED),
        changed=made.changed,
        lost_tokens=made.lost_tokens,
        lost_entities=made.lost_entities,
    )
