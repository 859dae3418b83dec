"""``onoma evaluate``: a tagger on a corpus, run as a service would run it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onoma.cli.progress import progress_bar
from onoma.cli.reporting import JsonTarget, hand_over

if TYPE_CHECKING:
    from onoma.corpus import Corpus
    from onoma.runtime import Tagger

__all__ = ["evaluate"]


def evaluate(
    model: Annotated[str, typer.Argument(help="A bundle: its folder, or the name of an installed one.")],
    corpus: Annotated[str, typer.Argument(help="A corpus file, or a folder made by onoma split.")],
    split: Annotated[str, typer.Option(help="Which part of a folder: train, dev or test.")] = "test",
    json: JsonTarget = None,
    tag_column: Annotated[
        str | None,
        typer.Option(metavar="N|NAME", help="Column of the tags, from 0, or its name; default: the last."),
    ] = None,
    scheme: Annotated[
        str | None, typer.Option(help="Tag scheme of the corpus, where detecting it is not wanted.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use; the default is all.")] = None,
) -> None:
    """Score a tagger on a corpus: strict and conlleval entity scores, tokens, sentences.

    The tagger gets the corpus's own tokens and no labels.

    Try: onoma evaluate en-gmb out/gmb --split test --json scores.json
    """
    import onoma
    from onoma.cli.corpora import column
    from onoma.corpus import read_split
    from onoma.evaluation import evaluate as run

    tagger = onoma.load(model, threads=threads)
    gold = read_split(corpus, split, tag_column=column(tag_column), scheme=scheme)
    with progress_bar("evaluating", len(gold)) as (bar, task):
        scores = run(tagger, gold, progress=lambda done: bar.advance(task, done))
    for warning in _warnings(tagger, gold):
        typer.echo(f"onoma: {warning}", err=True)
    hand_over(scores, json, _about(tagger, gold, split))


def _warnings(tagger: Tagger, gold: Corpus) -> Iterator[str]:
    if unknown := _unknown_labels(tagger, gold):
        yield f"{tagger.name} does not know the labels {', '.join(unknown)}; their entities count as missed"
    if gold.repairs:
        yield f"{len(gold.repairs):,} ill-formed tags of the corpus were read leniently"


def _unknown_labels(tagger: Tagger, gold: Corpus) -> list[str]:
    return sorted(set(gold.labels) - set(tagger.labels))


def _about(tagger: Tagger, gold: Corpus, split: str) -> dict[str, Any]:
    return {
        "model": tagger.name,
        "corpus": {
            "path": gold.source.path,
            "split": split,
            "fingerprint": gold.fingerprint,
            "repairs": len(gold.repairs),
            "unknown_labels": _unknown_labels(tagger, gold),
        },
    }
