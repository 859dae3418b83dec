"""``onoma score``: files of predictions against a file of gold annotation."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.reporting import HtmlTarget, JsonTarget, MarkdownTarget, write_json, write_text

if TYPE_CHECKING:
    from onoma.evaluation.outcome import Outcome

__all__ = ["score"]


class SchemeName(StrEnum):
    """What ``--scheme`` takes; ``io`` are labels without prefixes."""

    auto = "auto"
    iob1 = "iob1"
    iob2 = "iob2"
    bioes = "bioes"
    io = "io"


class PolicyName(StrEnum):
    """What ``--policy`` takes."""

    strict = "strict"
    discard = "discard"
    conlleval = "conlleval"
    lenient = "lenient"
    error = "error"


class TaskName(StrEnum):
    """What ``--as`` takes."""

    conll2000 = "conll2000"
    conll2002 = "conll2002"
    conll2003 = "conll2003"
    germeval2014 = "germeval2014"
    semeval2013 = "semeval2013"
    wnut17 = "wnut17"


class Alignment(StrEnum):
    """What ``--align`` takes."""

    tokens = "tokens"
    characters = "characters"


Predicted = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PRED",
        help="Predictions for the same text; several are compared. None: GOLD holds both, the right tag in "
        "its last column but one and the predicted in its last.",
    ),
]
AsTask = Annotated[
    TaskName | None, typer.Option("--as", help="Print the table of that shared task's own scorer, too.")
]
Policy = Annotated[
    PolicyName,
    typer.Option(
        help="What becomes of ill-formed tags: strict (or discard) leaves such entities out, conlleval (or "
        "lenient) reads them, error stops. The tables show strict and conlleval side by side."
    ),
]
Align = Annotated[
    Alignment,
    typer.Option(help="characters: the files may be tokenised and divided into sentences differently."),
]
Map = Annotated[
    str | None,
    typer.Option(
        metavar="MAP", help="Rename and drop labels of all files: old=new,other=, or a YAML or JSON file."
    ),
]
Train = Annotated[Path | None, typer.Option(help="Training corpus: tell seen entities from unseen ones.")]
Column = Annotated[int, typer.Option(help="Column of the tags in all files: 0 is the first, -1 the last.")]
ScoreColumn = Annotated[int | None, typer.Option(help="Column of PRED with the probability of each tag.")]
SchemeOf = Annotated[
    SchemeName, typer.Option(help="Tag scheme of all files; auto detects that of GOLD; io: no prefixes.")
]


def score(
    gold: Annotated[Path, typer.Argument(help="File with the right tags or spans; .gz and .zip too.")],
    predicted: Predicted = None,
    json: JsonTarget = None,
    task: AsTask = None,
    policy: Policy = PolicyName.strict,
    align: Align = Alignment.tokens,
    map: Map = None,
    train: Train = None,
    full: Annotated[bool, typer.Option("--full", help="Every table of the report card.")] = False,
    markdown: MarkdownTarget = None,
    html: HtmlTarget = None,
    column: Column = -1,
    gold_column: Annotated[int | None, typer.Option(help="The same for GOLD alone.")] = None,
    pred_column: Annotated[int | None, typer.Option(help="The same for PRED alone.")] = None,
    score_column: ScoreColumn = None,
    scheme: SchemeOf = SchemeName.auto,
) -> None:
    """Score files of predictions against gold: strict and conlleval entity scores, tokens, sentences.

    One token a line, blank lines between sentences, -DOCSTART- lines passed
    over; or any other corpus format, whose entities are compared by
    characters. All files must hold the same text.

    Try: onoma score gold.conll pred.conll --json -

    Gold and predictions side by side in one file: onoma score both.txt

    Two systems and their difference: onoma score gold.conll a.conll b.conll

    As a shared task printed it: onoma score gold.txt submission.txt --as wnut17
    """
    from onoma.corpus.label_map import label_map
    from onoma.evaluation.outcome import Request, score_request
    from onoma.evaluation.submission import Layout

    request = Request(
        gold=gold,
        predicted=predicted or (),
        layout=Layout(
            column if gold_column is None else gold_column,
            column if pred_column is None else pred_column,
            score_column,
            scheme.value,
        ),
        policy=policy.value,
        task=task and task.value,
        characters=align is Alignment.characters,
        train=train,
        map=label_map(map),
        cards=full or bool(markdown or html),
    )
    outcome = score_request(request)
    if json:
        write_json(outcome.to_dict(), json)
    if markdown:
        write_text(outcome.markdown(), markdown)
    if html:
        write_text(outcome.page(), html)
    if json != "-":
        _print(outcome, full)


def _print(outcome: Outcome, full: bool) -> None:
    from rich.console import Console

    if text := outcome.scorer_text():
        typer.echo(text + "\n")
    Console().print(outcome.in_terminal(full=full))
