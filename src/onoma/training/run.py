"""A whole run: prepare, train, and turn the best weights into a judged bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
import yaml
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env

from onoma.errors import InputError, OutputError
from onoma.evaluation import Scores, evaluate
from onoma.features.piece_batch import PieceFeatures
from onoma.features.words import WordFeatures
from onoma.files import sweep, whole_file
from onoma.models import Network, graphs_of
from onoma.runtime import Manifest, Tagger
from onoma.runtime.articles import in_context, wants_articles
from onoma.runtime.bundle import write_bundle, write_manifest
from onoma.runtime.calibrate import Fitted, fit_confidence
from onoma.runtime.card import CARD, model_card
from onoma.runtime.confidence import Confidence
from onoma.runtime.manifest import CorpusCard, PieceSizes, Quantised
from onoma.training.checkpoint import load_checkpoint
from onoma.training.loop import Epoch, Step, train
from onoma.training.prepare import Prepared, corpus_part, prepare
from onoma.training.recipe import Recipe, as_mapping, without_places

__all__ = ["Event", "Finished", "Gated", "Judged", "Skipped", "Started", "Trusted", "run_recipe"]

WORK = "training"
"""The folder inside a run's output that holds checkpoints, log, history and curves."""


@dataclass(frozen=True, slots=True)
class Started:
    """Everything is read and built; learning begins."""

    parameters: int
    fingerprint: str
    sentences: dict[str, int]
    labels: list[str]
    unseen: list[str]  # labels that dev has and train lacks: their entities count as missed
    left_out: dict[str, int] = field(default_factory=dict)  # entities of all parts that were not kept: why


@dataclass(frozen=True, slots=True)
class Gated:
    """The network was tried as int8; the bundle holds it where that passed the gate."""

    quantised: Quantised


@dataclass(frozen=True, slots=True)
class Judged:
    """The finished bundle, run as a service would run it, has been scored on a split."""

    split: str
    scores: Scores


@dataclass(frozen=True, slots=True)
class Trusted:
    """The entity scores of the finished bundle were fitted on dev, or could not be, and why."""

    fitted: Fitted | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A split could not be scored, and why."""

    split: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The bundle is whole."""

    folder: Path
    manifest: Manifest


Preparing = Callable[[Recipe, Path], Prepared]
Event = Started | Step | Epoch | Gated | Trusted | Judged | Skipped | Finished


def run_recipe(
    recipe: Recipe, folder: Path, *, resume: bool = False, preparing: Preparing = prepare
) -> Iterator[Event]:
    """Train by ``recipe``; the bundle is ``folder`` itself, what training keeps lies in ``folder/training``.

    ``preparing`` makes of the recipe, and the folder for what training keeps, what there is to learn.
    Of several processes (``accelerate launch``) all train, and the main one alone tells of it and writes.
    Raises `InputError` when ``folder`` holds an earlier run and ``resume`` is not set, and what `prepare` and
    `train` raise.
    """
    work = folder / WORK
    _claim(recipe, folder, work, resume)
    # Accelerate must be told that processes are to meet on CPUs, or each would think itself alone
    cpu = parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.accelerator.is_available()
    processes = PartialState(cpu=cpu)
    if processes.is_main_process:
        for place in (folder, work):
            sweep(place)  # a killed run may have been writing
    with processes.main_process_first():  # the others then find the encoded corpus in the cache
        prepared = preparing(recipe, work)
    if not processes.is_main_process:
        for _ in train(prepared.run, resume=resume):
            pass
        return
    yield _started(prepared)
    yield from train(prepared.run, resume=resume)
    prepared.run.network.load_state_dict(load_checkpoint(prepared.run.best)["network"])
    write_best(prepared, folder)
    if recipe.export.int8 == "auto":
        yield _quantise(prepared, folder)
    tagger = Tagger(folder)
    yield (trusted := _trust(tagger, prepared))
    confidence = trusted.fitted.confidence if trusted.fitted else Confidence()
    tagger.engine.trust(confidence)
    yield from _judge(recipe, prepared, tagger, tagger.manifest.model_copy(update={"confidence": confidence}))


def _started(prepared: Prepared) -> Started:
    corpora, known = prepared.corpora, prepared.tags.labels
    return Started(
        parameters=_parameters(prepared.run.network),
        fingerprint=corpora["train"].fingerprint,
        sentences={name: len(corpus) for name, corpus in corpora.items()},
        labels=known,
        unseen=sorted(set(corpora["dev"].labels).difference(known)),
        left_out=dict(sum((corpus.fates.left_out for corpus in corpora.values()), Counter[str]())),
    )


def _claim(recipe: Recipe, folder: Path, work: Path, resume: bool) -> None:
    """Make sure the folder can be written, and that no earlier run is lost by it."""
    if not resume and (work / "last.pt").exists():
        raise InputError(f"{folder} holds an earlier run; continue it with --resume, or choose another --out")
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}; choose another --out") from error
    if resume and (work / "recipe.yaml").is_file():
        return
    with whole_file(work / "recipe.yaml") as file:
        file.write(yaml.safe_dump(as_mapping(recipe), sort_keys=False, allow_unicode=True))


def write_best(prepared: Prepared, folder: Path) -> Manifest:
    """Export the network as it stands and write the bundle, not yet judged."""
    recipe, network = prepared.run.recipe, prepared.run.network
    network.eval().cpu()
    source = recipe.corpus
    card = CorpusCard(
        name=source.name or str((source.path or source.train or Path()).name),
        fingerprint=prepared.corpora["train"].fingerprint,
        licence=source.licence,
        attribution=source.attribution,
        sentences={name: len(corpus) for name, corpus in prepared.corpora.items()},
    )
    manifest = Manifest(
        name=recipe.name,
        description=recipe.description,
        language=recipe.language,
        limits=recipe.limits,
        architecture=recipe.network.architecture,
        labels=prepared.tags.labels,
        scheme=prepared.tags.scheme.name,
        parameters=_parameters(network),
        pieces=_piece_sizes(prepared.features),
        corpus=card,
        taught=prepared.taught,
        recipe=without_places(recipe),
    )
    return write_bundle(folder, manifest, *graphs_of(network), prepared.features)


def _piece_sizes(features: WordFeatures | PieceFeatures) -> PieceSizes | None:
    if not isinstance(features, PieceFeatures):
        return None
    most = features.pieces.most
    return PieceSizes(limit=features.limit, overlap=features.overlap, context=features.context, most=most)


def _parameters(network: Network) -> int:
    return sum(weight.numel() for weight in network.parameters())


def _quantise(prepared: Prepared, folder: Path) -> Gated:
    from onoma.runtime.gate import try_int8, write_quantised

    dev = list(prepared.corpora["dev"])
    quantised, graph = try_int8(folder, dev, list(islice(prepared.corpora["train"], len(dev))))
    write_quantised(folder, folder, quantised, graph, dev)
    return Gated(quantised)


def _trust(tagger: Tagger, prepared: Prepared) -> Trusted:
    try:
        return Trusted(fit_confidence(tagger, list(prepared.corpora["dev"])))
    except InputError as error:  # a dev part may be too small
        return Trusted(None, str(error))


def _judge(recipe: Recipe, prepared: Prepared, tagger: Tagger, manifest: Manifest) -> Iterator[Event]:
    """Score the written bundle through the runtime on dev and, once, on test; write the scores into it."""
    folder = tagger.folder
    scores: dict[str, dict[str, Any]] = {}
    for split in ("dev", "test"):
        try:
            corpus = prepared.corpora.get(split) or corpus_part(recipe.corpus, split)
        except InputError as error:  # a corpus may come without a test part
            yield Skipped(split, str(error))
            continue
        size = max(len(corpus), 1) if wants_articles(tagger) else 64
        result = evaluate(in_context(tagger), corpus, batch_size=size)
        scores[split] = result.to_dict()
        yield Judged(split, result)
    manifest = manifest.model_copy(update={"scores": scores})
    write_manifest(folder, manifest)
    with whole_file(folder / CARD) as file:
        file.write(model_card(manifest))
    yield Finished(folder, manifest)
