"""``onoma train``: train a tagger by a recipe."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from onoma.evaluation.seed_card import SeedCard
    from onoma.training.recipe import Recipe
    from onoma.training.run import Event

__all__ = ["follow_run", "train"]


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
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Train so many times, with seeds 1, 2, …, and make a card of all runs."),
    ] = None,
    auto_batch: Annotated[
        bool, typer.Option("--auto-batch", help="Find the largest batch that fits into memory.")
    ] = False,
    tracking: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
) -> None:
    """Train a tagger by a recipe and write it as a bundle.

    Example: onoma train recipes/bilstm-crf.yaml --set corpus.path=out/gmb --out out/run

    Example: onoma train recipes/bilstm.yaml --set training.epochs=3 --set seed=7 --no-tracking

    Example: onoma train recipes/bert.yaml --auto-batch --seeds 5 --out out/bert

    The bundle is the folder --out itself; checkpoints, log, history and curves lie in its folder training.
    A run that was stopped in any way goes on with --resume and ends with the same weights. With --seeds the
    bundles are --out/seed-1 and so on, and --out/seeds.html has their mean, deviation and the best on dev.
    With --auto-batch a step learns from as many sentences as the recipe says, in as many batches as it takes.
    """
    from onoma.training.recipe import load_recipe
    from onoma.training.run import run_recipe

    wanted = load_recipe(recipe, settings or [])
    folder = out or wanted.output or Path("out") / wanted.name
    if auto_batch:
        wanted = _fitted(wanted, folder, seeds, resume)
    follow = partial(follow_run, tracking=tracking)
    if seeds is None:
        follow(wanted, folder, run_recipe(wanted, folder, resume=resume))
        return
    from onoma.training.seeds import run_seeds

    _show(run_seeds(wanted, folder, seeds, follow, resume=resume), folder)


def _fitted(recipe: Recipe, folder: Path, seeds: int | None, resume: bool) -> Recipe:
    """The recipe with the batch that fits, which is told."""
    from onoma.training.auto_batch import fit_batch
    from onoma.training.run import WORK
    from onoma.training.seeds import seed_folder

    first = folder if seeds is None else seed_folder(folder, 1)
    fitted, advice = fit_batch(recipe, first / WORK, resume=resume)
    typer.echo(str(advice), err=True)
    return fitted


def follow_run(recipe: Recipe, folder: Path, events: Iterable[Event], *, tracking: bool) -> None:
    """See a run to its end: its log and curves, its progress, and MLflow if that is wanted."""
    from onoma.training.run import WORK
    from onoma.training.tracking import logged, tracked

    noted = logged(events, folder / WORK)
    _progress(tracked(noted, recipe, folder / WORK) if tracking else noted, recipe)


def _progress(events: Iterable[Event], recipe: Recipe) -> None:
    """Show a live progress bar over the whole run on a terminal, and each evaluation as a line."""
    from rich.console import Console

    from onoma.training.loop import Epoch, Step
    from onoma.training.tracking import describe

    console, best, epochs = Console(stderr=True), "", recipe.training.epochs
    with _bar(console) as bar:
        task = bar.add_task("reading", total=None, note="")
        for event in events:
            if isinstance(event, Step):
                speed = event.tokens / event.seconds
                note = f"loss {event.loss:.4f}  {best} {speed:,.0f} tokens/s"
                done, total = event.epoch * event.steps + event.step, epochs * event.steps
                name = f"seed {recipe.seed}, epoch {event.epoch + 1} of {epochs}"
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


def _show(card: SeedCard, folder: Path) -> None:
    """Print the card of several seeds, and where it lies."""
    from rich.console import Console

    from onoma.evaluation.seed_card import seed_remarks, seed_sheets
    from onoma.evaluation.sheets import in_terminal

    console = Console()
    console.print(in_terminal(seed_sheets(card).values()))
    for remark in seed_remarks(card):
        console.print(remark, highlight=False)
    console.print(f"page: {folder / 'seeds.html'}", highlight=False, soft_wrap=True)
