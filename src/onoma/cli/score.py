"""``onoma score``: predictions against gold, two column files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from onoma.cli.reporting import JsonTarget, hand_over

__all__ = ["score"]


class SchemeName(StrEnum):
    """What ``--scheme`` takes."""

    auto = "auto"
    iob1 = "iob1"
    iob2 = "iob2"
    bioes = "bioes"


def score(
    gold: Annotated[Path, typer.Argument(help="Column file with the right tags; .gz and .zip too.")],
    pred: Annotated[Path, typer.Argument(help="Column file with predicted tags for the same tokens.")],
    json: JsonTarget = None,
    column: Annotated[
        int, typer.Option(help="Column of the tags in both files: 0 is the first, -1 the last.")
    ] = -1,
    gold_column: Annotated[int | None, typer.Option(help="The same for GOLD alone.")] = None,
    pred_column: Annotated[int | None, typer.Option(help="The same for PRED alone.")] = None,
    scheme: Annotated[
        SchemeName, typer.Option(help="Tag scheme of both; auto detects that of GOLD.")
    ] = SchemeName.auto,
) -> None:
    """Score a file of predicted tags against gold: strict and conlleval entity scores, tokens, sentences.

    One token a line, blank lines between sentences, -DOCSTART- lines passed
    over. Both files must hold the same tokens.

    Try: onoma score gold.conll pred.conll --json -

    Gold and predictions side by side in one file: onoma score both.txt both.txt --gold-column -2
    """
    from onoma.evaluation import score_files

    scores = score_files(
        gold,
        pred,
        gold_column=column if gold_column is None else gold_column,
        predicted_column=column if pred_column is None else pred_column,
        scheme=scheme.value,
    )
    hand_over(scores, json, {"gold": str(gold), "predicted": str(pred)})
