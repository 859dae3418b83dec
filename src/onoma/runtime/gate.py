"""The gate: an int8 network is taken only if it is as good as fp32, faster here, and the same in any batch.

Every way of `onoma.runtime.quantise` is tried on dev. It is refused if strict entity F1 falls by more than
0.2 points; if the probability of a tag moves by more than 0.0001 between a sentence read alone and one in a
batch; or if it is not faster on this machine, by 5 % and in three of four interleaved repeats, both one
sentence at a time and in batches. Of those that pass the fastest is taken; where none does, fp32 is kept, and
the bundle says why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.evaluation import Judged, evaluate, judge, paired_bootstrap
from onoma.evaluation.speed import machine, seconds_of_calls
from onoma.files import whole_file
from onoma.runtime.articles import in_context
from onoma.runtime.bundle import TAGS, WORDS, write_bundle, write_manifest
from onoma.runtime.calibrate import fit_confidence
from onoma.runtime.card import CARD, model_card
from onoma.runtime.manifest import Int8Trial, Manifest, Quantised
from onoma.runtime.quantise import METHODS, PIECE_METHODS, Feeds, Method, methods_for
from onoma.runtime.tagger import Tagger
from onoma.tagging.decode import marginals
from onoma.text import Document

__all__ = ["STEPS", "Graphs", "try_int8", "write_quantised"]

F1_MAY_FALL = 0.002
PROBABILITY_MAY_MOVE = 1e-4
FASTER_BY = 1.05  # less is within what a second measurement gives
STEPS = 2 * max(len(METHODS), len(PIECE_METHODS)) + 1
"""How often `try_int8` reports progress, at the most."""

_SINGLES, _BATCH, _REPEATS = 48, 256, 8  # sentences alone, sentences a batch, rounds of timing
_LAW = 256  # sentences to compare alone and in batches of mixed length
_CALIBRATION, _CALIBRATION_BATCH = 400, 8

Reals = NDArray[np.float64]
Documents = Sequence[Document]


class Graphs(NamedTuple):
    """A bundle's graphs as the content of their files; one with an encoder may lack the first."""

    words: bytes | None
    tags: bytes

    @classmethod
    def of(cls, folder: Path) -> Graphs:
        """Those of the bundle in ``folder``."""
        words = folder / WORDS
        return cls(words.read_bytes() if words.is_file() else None, (folder / TAGS).read_bytes())


class _Candidate(NamedTuple):
    """A quantised network as a tagger, and its graphs."""

    tagger: Tagger
    graphs: Graphs


def try_int8(
    folder: Path,
    dev: Documents,
    calibration: Documents | None = None,
    progress: Callable[[], object] = lambda: None,
) -> tuple[Quantised, Graphs]:
    """The verdict on the bundle in ``folder``, and the network's graphs that it is for, int8 or fp32.

    ``calibration`` is what static scales are taken from, by default ``dev``. Nothing is written. Raises
    `InputError` when ``dev`` has no entities, or the bundle is int8 already.
    """
    plain = Tagger(folder, threads=1)
    if plain.manifest.quantised and plain.manifest.quantised.method:
        raise InputError(f"{plain.name} is an int8 bundle already; give the fp32 bundle it was made from")
    dev = [document for document in dev if document.tokens]
    if not any(document.entities for document in dev):
        raise InputError("the dev corpus has no entities, so nothing could be said of F1; give another")
    feeds = _feeds(plain, [d for d in calibration or dev if d.tokens][:_CALIBRATION])
    with TemporaryDirectory() as place:
        candidates = {}
        for name, method in methods_for(plain.manifest).items():
            if method.suits(folder):
                candidates[name] = _candidate(plain, name, method, feeds, Path(place))
            progress()
        before, trials = _judged(plain, dev), []
        progress()
        for name, candidate in candidates.items():
            faster = _speeds(plain, candidate.tagger, dev)
            trials.append(_trial(name, candidate, before, dev, faster))
            progress()
    return _verdict(trials, before, candidates, Graphs.of(folder))


def write_quantised(
    folder: Path, out: Path, quantised: Quantised, graphs: Graphs, dev: Documents
) -> Manifest:
    """Write the bundle of ``folder`` into ``out``, which may be the same, with the network that was chosen.

    Where that is int8, confidence is fitted anew on ``dev``, as are the scores, and those on other splits are
    left out: they were measured on another network.
    """
    tagger = Tagger(folder)
    manifest = tagger.manifest.model_copy(update={"quantised": quantised})
    manifest = write_bundle(out, manifest, *graphs, tagger.engine.features)
    if quantised.method:
        manifest = _measured_anew(out, manifest, dev)
        write_manifest(out, manifest)
    with whole_file(out / CARD) as file:
        file.write(model_card(manifest))
    return manifest


def _measured_anew(folder: Path, manifest: Manifest, dev: Documents) -> Manifest:
    tagger = Tagger(folder)
    if manifest.confidence.method != "none":
        fitted = fit_confidence(tagger, dev).confidence
        manifest = manifest.model_copy(update={"confidence": fitted})
        tagger.engine.trust(fitted)
    return manifest.model_copy(update={"scores": {"dev": evaluate(in_context(tagger), dev).to_dict()}})


def _feeds(tagger: Tagger, documents: Documents) -> Feeds:
    rows = [document.words for document in documents]
    batches = [rows[at : at + _CALIBRATION_BATCH] for at in range(0, len(rows), _CALIBRATION_BATCH)]
    network, calls = tagger.engine.network, tagger.engine.calls
    return [network.feeds(call) for batch in batches for call in calls(batch)]


def _candidate(plain: Tagger, name: str, method: Method, feeds: Feeds, place: Path) -> _Candidate:
    graphs = Graphs.of(plain.folder)
    if method.words is not None:
        graphs = graphs._replace(words=method.words(plain.folder).SerializeToString())
    graphs = graphs._replace(tags=method.make(plain.folder / TAGS, feeds).SerializeToString())
    about = Quantised(method=name, alone=method.alone, verdict="", f1=0, sentences=0, machine="")
    manifest = plain.manifest.model_copy(update={"quantised": about})
    folder = place / str(len(list(place.iterdir())))
    write_bundle(folder, manifest, *graphs, plain.engine.features)
    return _Candidate(Tagger(folder, threads=1), graphs)


def _trial(name: str, candidate: _Candidate, before: Judged, dev: Documents, faster: Reals) -> Int8Trial:
    """``faster`` ``[repeat, 2]``: how many times fp32's speed, one sentence at a time and in batches."""
    after = _judged(candidate.tagger, dev)
    change = paired_bootstrap(after, before).figures.f1
    single, batch = np.median(faster, axis=0).tolist()
    trial = Int8Trial(
        method=name,
        f1=after.scores.strict.micro.f1,
        f1_change=change.value,
        f1_change_low=change.low,
        f1_change_high=change.high,
        batch_gap=_batch_gap(candidate.tagger, dev[:_LAW]),
        speed_single=round(single, 3),
        speed_batch=round(batch, 3),
        bytes=len(candidate.graphs.tags),
    )
    return trial.model_copy(update={"refused": _fault(trial, np.quantile(faster, 0.25, axis=0))})


def _fault(trial: Int8Trial, least_faster: Reals) -> str:
    """Why the trial is refused, all reasons; empty when it is not."""
    faults = []
    if trial.f1_change < -F1_MAY_FALL:
        faults.append(f"F1 falls by {-100 * trial.f1_change:.2f} points")
    if trial.batch_gap > PROBABILITY_MAY_MOVE:
        faults.append(f"the rest of a batch moves a probability by {trial.batch_gap:.2g}")
    if min(trial.speed_single, trial.speed_batch) < FASTER_BY or (least_faster <= 1).any():
        ratios = f"{trial.speed_single:.2f} and {trial.speed_batch:.2f} times fp32"
        faults.append(f"it is not faster here ({ratios}, one sentence and batches)")
    return "; ".join(faults)


def _verdict(
    trials: list[Int8Trial], before: Judged, candidates: dict[str, _Candidate], plain: Graphs
) -> tuple[Quantised, Graphs]:
    passed = [trial for trial in trials if not trial.refused]
    best = max(passed, key=lambda trial: trial.speed_single * trial.speed_batch, default=None)
    about = Quantised(
        method=best and best.method,
        alone=best is not None and candidates[best.method].tagger.manifest.alone,
        verdict="int8 refused, fp32 kept" if best is None else _praise(best),
        f1=before.scores.strict.micro.f1,
        sentences=before.sentences,
        machine=machine(),
        trials=trials,
    )
    return about, plain if best is None else candidates[best.method].graphs


def _praise(trial: Int8Trial) -> str:
    change, low, high = (100 * v for v in (trial.f1_change, trial.f1_change_low, trial.f1_change_high))
    return (
        f"int8 accepted ({trial.method}): F1 {change:+.2f} ({low:+.2f} to {high:+.2f}), "
        f"{trial.speed_single:.2f} times the speed of fp32 on a sentence, {trial.speed_batch:.2f} in a batch"
    )


def _judged(tagger: Tagger, dev: Documents) -> Judged:
    bare = [document.replace(entities=()) for document in dev]
    return judge(dev, in_context(tagger)(bare), tagger.labels)


def _batch_gap(tagger: Tagger, documents: Documents) -> float:
    """The most that the probability of a tag differs between a sentence alone and one in a batch of 32."""
    rows = [document.words for document in documents]
    gap = 0.0
    for batch in (rows[at : at + 32] for at in range(0, len(rows), 32)):
        together = _probabilities(tagger, batch)
        for row, words in enumerate(batch):
            alone = _probabilities(tagger, [words])[0]
            gap = max(gap, float(np.abs(together[row, : len(words)] - alone).max()))
    return gap


def _probabilities(tagger: Tagger, rows: Sequence[Sequence[str]]) -> NDArray[np.floating]:
    return marginals(tagger.engine.scores(rows), np.array([len(row) for row in rows]), tagger.tags)


def _speeds(plain: Tagger, tagger: Tagger, dev: Documents) -> Reals:
    """``[repeat, 2]``: how many times the speed of ``plain`` ``tagger`` has, on single sentences and batches.

    They take turns, and each begins every other time, so that a machine that is busy is so for both.
    """
    texts = [document.replace(entities=()) for document in dev[:_BATCH]]
    faster = np.empty((_REPEATS + 1, 2))
    for repeat in range(_REPEATS + 1):  # the first, in which words are learned, does not count
        for run, (given, size) in enumerate(((texts[:_SINGLES], 1), (texts, _BATCH))):
            taken = {}
            for turn in ((plain, tagger), (tagger, plain))[repeat % 2]:
                taken[turn] = sum(seconds_of_calls(turn, given, size, time.perf_counter))
            faster[repeat, run] = taken[plain] / taken[tagger]
    return faster[1:]
