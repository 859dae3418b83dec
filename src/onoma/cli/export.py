"""``onoma export``: a bundle as one graph, as int8 if that is good enough, or for JavaScript."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.progress import progress_bar
from onoma.cli.reporting import JsonTarget, write_json
from onoma.errors import InputError, RefusedError

if TYPE_CHECKING:
    from rich.table import Table

    from onoma.runtime.manifest import Quantised
    from onoma.text import Document

__all__ = ["export"]


class Target(StrEnum):
    """What ``--to`` takes."""

    onnx = "onnx"
    onnx_int8 = "onnx-int8"
    edge = "edge"


def export(
    model: Annotated[str, typer.Argument(help="A bundle: its folder, or the name of an installed one.")],
    out: Annotated[Path, typer.Option(help="The file to write (onnx), or the folder (onnx-int8, edge).")],
    to: Annotated[
        Target,
        typer.Option(help="onnx: one graph. onnx-int8: a bundle. edge: what a browser or Node needs."),
    ] = Target.onnx,
    dev: Annotated[
        str | None, typer.Option(metavar="CORPUS", help="What int8 is judged on: a file, or a split folder.")
    ] = None,
    calibrate: Annotated[
        str | None, typer.Option(metavar="CORPUS", help="What static scales are taken from; default: --dev.")
    ] = None,
    json: JsonTarget = None,
) -> None:
    """Write a bundle in another form.

    onnx: one file that holds the whole tagger but for its tokenizer and lexicon:
    features of words in, entities with their probabilities out, decoding
    included. Its inputs and outputs are described in it.

    onnx-int8: a bundle whose network is int8, if one of several ways of
    quantising passes the gate: on dev F1 falls by no more than 0.2 points, the
    rest of a batch changes no answer, and it is faster on this machine. Else the
    folder holds the fp32 bundle, with the verdict in its manifest and card, and
    the exit code is 10.

    edge: a folder with that one graph and the rest as JSON, for edge/onoma.js.

    Examples:

      onoma export en-gmb --to onnx --out en-gmb.onnx
      onoma export out/run --to onnx-int8 --dev out/gmb --out out/run-int8
      onoma export en-gmb --to edge --out out/en-gmb-edge
    """
    if (to is Target.onnx_int8) != bool(dev):
        raise InputError("--dev CORPUS goes with --to onnx-int8: give both or neither")
    if to is Target.onnx_int8:
        _int8(model, out, str(dev), calibrate, json)
        return
    from onoma.runtime import load

    tagger = load(model, threads=1)
    if to is Target.onnx:
        from onoma.runtime.whole_graph import write_graph

        write_graph(tagger, out)
    else:
        from onoma.runtime.edge import write_edge

        write_edge(tagger, out)
    typer.echo(f"wrote {out}", err=True)


def _int8(model: str, out: Path, dev: str, calibrate: str | None, json: str | None) -> None:
    from rich.console import Console

    from onoma.runtime import find
    from onoma.runtime.gate import STEPS, try_int8, write_quantised

    folder, judged_on = find(model), _documents(dev, "dev")
    scaled_on = _documents(calibrate, "train") if calibrate else None
    with progress_bar("trying int8", STEPS) as (bar, task):
        quantised, graph = try_int8(folder, judged_on, scaled_on, lambda: bar.advance(task))
    write_quantised(folder, out, quantised, graph, judged_on)
    if json:
        write_json(quantised.model_dump(mode="json"), json)
    if json != "-":
        Console().print(_table(quantised))
        for trial in quantised.trials:
            typer.echo(f"{trial.method}: {trial.refused or 'passes'}")
        typer.echo(quantised.verdict)
    if quantised.method is None:
        raise RefusedError(f"{quantised.verdict}; {out} is the fp32 bundle, and its card says why")


def _documents(corpus: str, split: str) -> list[Document]:
    from onoma.corpus import read_split

    return list(read_split(corpus, split))


def _table(quantised: Quantised) -> Table:
    from rich.table import Table

    table = Table("", "F1", "change", "95 % interval", "moved by batch", "one", "batch", "MB")
    table.caption = "one, batch: speed as a ratio to fp32, one sentence at a time and in batches"
    table.add_row("fp32", f"{100 * quantised.f1:.2f}", "", "", "", "1.00", "1.00", "")
    for trial in quantised.trials:
        change, low, high = (100 * v for v in (trial.f1_change, trial.f1_change_low, trial.f1_change_high))
        table.add_row(
            trial.method,
            f"{100 * trial.f1:.2f}",
            f"{change:+.2f}",
            f"{low:+.2f} to {high:+.2f}",
            f"{trial.batch_gap:.1g}",
            f"{trial.speed_single:.2f}",
            f"{trial.speed_batch:.2f}",
            f"{trial.bytes / 1e6:.1f}",
        )
    return table
