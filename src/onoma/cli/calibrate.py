"""``onoma calibrate``: fit what makes a tagger's scores probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onoma.cli.progress import progress_bar
from onoma.cli.reporting import JsonTarget, write_json

__all__ = ["calibrate"]


def calibrate(
    bundle: Annotated[Path, typer.Argument(help="The bundle's folder; its manifest and card are rewritten.")],
    corpus: Annotated[str, typer.Argument(help="A corpus file, or a folder made by onoma split.")],
    split: Annotated[str, typer.Option(help="Which part of a folder; never the one you test on.")] = "dev",
    json: JsonTarget = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be chosen, no more.")] = False,
    tag_column: Annotated[str | None, typer.Option(help="Column of the tags, from 0, or its name.")] = None,
) -> None:
    """Make a tagger's scores probabilities: of entities with a score of 0.9, nine in ten are to be right.

    No method, temperature scaling and isotonic regression are tried on the corpus,
    and the one with the least log-loss across folds is kept in the bundle. Which
    entities are found stays the same. onoma train does this on its own.

    Examples:

      onoma calibrate out/my-bundle out/gmb --split dev
      onoma calibrate out/my-bundle eng.testa --dry-run --json -
    """
    from onoma.cli.corpora import column
    from onoma.corpus import read_split
    from onoma.files import whole_file
    from onoma.runtime import Tagger
    from onoma.runtime.bundle import write_manifest
    from onoma.runtime.calibrate import TEMPERATURES, fit_confidence
    from onoma.runtime.card import CARD, model_card

    tagger = Tagger(bundle)
    dev = list(read_split(corpus, split, tag_column=column(tag_column)))
    with progress_bar("calibrating", len(TEMPERATURES) + 1) as (bar, task):
        fitted = fit_confidence(tagger, dev, lambda: bar.advance(task))
    if not dry_run:
        manifest = tagger.manifest.model_copy(update={"confidence": fitted.confidence})
        write_manifest(bundle, manifest)
        with whole_file(bundle / CARD) as file:
            file.write(model_card(manifest))
    if json:
        write_json(fitted.to_dict(), json)
    if json != "-":
        typer.echo(fitted.describe())
