"""What the commands that judge taggers share: their options, and from options to report cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.annotators import Settings, load_candidate
from onoma.cli.corpora import column
from onoma.cli.progress import progress_bar
from onoma.errors import InputError

if TYPE_CHECKING:
    from onoma.corpus import Corpus
    from onoma.evaluation.card import Card
    from onoma.evaluation.examine import Candidate, Training

__all__ = [
    "Aggregation",
    "CorpusMap",
    "ModelMap",
    "Plan",
    "Resamples",
    "Sample",
    "Scheme",
    "Seed",
    "Split",
    "TagColumn",
    "Threads",
    "Timed",
    "Train",
    "runs_of",
]

Split = Annotated[
    str, typer.Option(help="Which part of a folder: train, dev or test; of a file, what to call it.")
]
Train = Annotated[
    str | None,
    typer.Option(
        metavar="CORPUS", help="What the tagger learned from: for seen and unseen entities, and overfitting."
    ),
]
Sample = Annotated[int, typer.Option(min=1, help="Sentences of --train to measure F1 on, drawn by lot.")]
Seed = Annotated[int, typer.Option(help="Of all that is drawn by lot; the same seed, the same figures.")]
Resamples = Annotated[int, typer.Option(min=0, help="Of the bootstrap; 0 leaves the intervals out.")]
CorpusMap = Annotated[
    str | None,
    typer.Option("--map", metavar="OLD=NEW,…|A:B", help="Rename labels of the corpus; OLD= drops one."),
]
ModelMap = Annotated[
    str | None,
    typer.Option(
        "--model-map", metavar="OLD=NEW,…|A:B", help="Rename labels of the tagger; gmb:conll2003 knows both."
    ),
]
TagColumn = Annotated[
    str | None,
    typer.Option(metavar="N|NAME", help="Column of the tags, from 0, or its name; default: the last."),
]
Scheme = Annotated[
    str | None, typer.Option(help="Tag scheme of the corpus, where detecting it is not wanted.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="Cores to use; the default is all.")]
Aggregation = Annotated[
    str, typer.Option(help="How a word's pieces make its tag, for hf: models: first, average or max.")
]
Timed = Annotated[bool, typer.Option("--speed/--no-speed", help="Measure latency and tokens per second.")]


@dataclass(frozen=True)
class Plan:
    """How taggers are to be judged, as typed."""

    corpus: str
    split: str = "test"
    train: str | None = None
    sample: int = 2000
    seed: int = 0
    resamples: int = 1000
    corpus_map: str | None = None
    model_map: str | None = None
    tag_column: str | None = None
    scheme: str | None = None
    threads: int | None = None
    aggregation: str = "first"
    timed: bool = True
    provider: str = "cpu"

    @cached_property
    def gold(self) -> Corpus:
        """The corpus to judge on."""
        return self._read(self.corpus, self.split)

    @cached_property
    def training(self) -> Training | None:
        """What is needed of the training corpus, if there is one."""
        from onoma.evaluation.examine import Training

        if self.train is None:
            return None
        return Training.of(self._read(self.train, "train"), self.sample, self.seed)

    def _read(self, path: str, split: str) -> Corpus:
        from onoma.corpus import read_split
        from onoma.corpus.label_map import check_used, label_map

        names = label_map(self.corpus_map)
        corpus = read_split(path, split, tag_column=column(self.tag_column), scheme=self.scheme, map=names)
        try:
            check_used(names, [corpus.facts.mapped])
        except InputError as error:  # a label may be missing from one part of a corpus
            typer.echo(f"onoma: {path}: {error}", err=True)
        return corpus

    def cards(self, models: Sequence[str]) -> Iterator[Card]:
        """The card of each of ``models``, one after another; all are loaded before the first is run.

        No two have the same name: one that comes again is numbered.
        """
        settings = Settings(self.threads, self.aggregation, self.provider)
        candidates = [self._renamed(load_candidate(model, settings)) for model in models]
        names = [candidate.facts.name for candidate in candidates]
        for place, candidate in enumerate(candidates):
            again = names[:place].count(names[place])
            name = f"{names[place]} ({again + 1})" if again else names[place]
            yield self._card(replace(candidate, facts=replace(candidate.facts, name=name)))

    def _card(self, candidate: Candidate) -> Card:
        from onoma.corpus.label_map import label_map
        from onoma.evaluation.card_facts import CorpusFacts
        from onoma.evaluation.examine import examine

        names = label_map(self.corpus_map)
        about = CorpusFacts(split=self.split, label_map=dict(names.pairs) if names else {})
        with progress_bar(f"evaluating {candidate.facts.name}", len(self.gold)) as (bar, task):
            return examine(
                candidate,
                self.gold,
                corpus=about,
                training=self.training,
                timed=self.timed,
                threads=self.threads,
                resamples=self.resamples,
                seed=self.seed,
                progress=lambda done: bar.advance(task, done),
            )

    def _renamed(self, candidate: Candidate) -> Candidate:
        from onoma.corpus.label_map import DROPPED, label_map
        from onoma.evaluation.predictions import relabelled

        if (names := label_map(self.model_map)) is None:
            return candidate
        known = candidate.facts.labels
        labels = None if known is None else sorted({names.new(label) for label in known} - {DROPPED})
        return replace(
            candidate,
            annotate=relabelled(candidate.annotate, names),
            facts=replace(candidate.facts, labels=labels, label_map=dict(names.pairs)),
            dev_f1=None,  # it was measured under the old names
        )


def runs_of(model: str, patterns: Sequence[str]) -> list[str]:
    """``model`` and the folders that paths or patterns name, each once.

    Raises `InputError` for a pattern that names no folder.
    """
    found = [model]
    for pattern in patterns:
        named = glob(pattern)  # noqa: PTH207 (a Path globs no absolute pattern)
        folders = sorted(name for name in named if Path(name).is_dir())
        if not folders:
            raise InputError(f"no folder is called {pattern!r}, nor fits it")
        found += folders
    return list({Path(name).absolute(): name for name in reversed(found)}.values())[::-1]
