"""``onoma train``: train a tagger by a recipe."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from onoma.training.run import Event

__all__ = ["train"]


def train(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one setting: key.inner=value.", metavar="KEY=VALUE"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the bundle goes. Default: the recipe's output, else out/NAME.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    tracking: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
) -> None:
    """Train a tagger by a recipe and write it as a bundle.

    Example: onoma train recipes/bilstm-crf.yaml --set corpus.path=out/gmb --out out/run

    Example: onoma train recipes/bilstm.yaml --set training.epochs=3 --set seed=7 --no-tracking

    The bundle is the folder --out itself; checkpoints, log, history and curves lie in its folder training.
    A run that was stopped in any way goes on with --resume and ends with the same weights.
    """
    from onoma.training.recipe import load_recipe
    from onoma.training.run import WORK, run_recipe
    from onoma.training.tracking import logged, tracked

    wanted = load_recipe(recipe, settings or [])
    folder = out or wanted.output or Path("out") / wanted.name
    events = logged(run_recipe(wanted, folder, resume=resume), folder / WORK)
    followed = tracked(events, wanted, folder / WORK) if tracking else events
    _follow(followed, wanted.training.epochs)


def _follow(events: Iterable[Event], epochs: int) -> None:
    """Show a live progress bar over the whole run on a terminal, and each evaluation as a line."""
    from rich.console import Console

    from onoma.training.loop import Epoch, Step
    from onoma.training.tracking import describe

    console, best = Console(stderr=True), ""
    with _bar(console) as bar:
        task = bar.add_task("reading", total=None, note="")
        for event in events:
            if isinstance(event, Step):
                speed = event.tokens / event.seconds
                note = f"loss {event.loss:.4f}  {best} {speed:,.0f} tokens/s"
                done, total = event.epoch * event.steps + event.step, epochs * event.steps
                name = f"epoch {event.epoch + 1} of {epochs}"
                bar.update(task, description=name, completed=done, total=total, note=note)
            elif line := describe(event):
                if isinstance(event, Epoch):
                    best = f"dev F1 {100 * event.dev_f1:.2f} "
                console.print(line, highlight=False, soft_wrap=True)


def _bar(console: Any) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
