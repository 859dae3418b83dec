"""``onoma distil``: pour what taggers know into another, or let one learn from what it is itself sure of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.progress import progress_bar
from onoma.cli.sources import expand
from onoma.cli.train import follow_run
from onoma.errors import InputError

if TYPE_CHECKING:
    from onoma.training.augment.swap import Swap
    from onoma.training.distil import RawText
    from onoma.training.recipe import Recipe

__all__ = ["distil"]

Names = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LABEL=FILE",
        help="For --swaps, names besides the corpus's own: one a line, or JSON lists; may be repeated.",
    ),
]


def distil(
    student: Annotated[Path, typer.Option(help="The student's recipe, a YAML file.", show_default=False)],
    teacher: Annotated[
        list[str] | None,
        typer.Option(help="A bundle, by folder or name; several teach as their mean.", show_default=False),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="A file of plain text, or a quoted glob; may be repeated."),
    ] = None,
    unlabelled: Annotated[
        list[str] | None,
        typer.Option(metavar="CORPUS", help="A corpus whose labels are left aside; may be repeated."),
    ] = None,
    self_training: Annotated[
        bool, typer.Option("--self", help="No teacher: the student learns from what it is itself sure of.")
    ] = False,
    crossings: Annotated[
        int, typer.Option(min=0, help="New sentences made of each training sentence, by crossing it.")
    ] = 0,
    swaps: Annotated[
        int, typer.Option(min=0, help="New sentences made of each training sentence, with other names.")
    ] = 0,
    names: Names = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change a setting of the recipe: key.inner=value.", metavar="KEY=VALUE"),
    ] = None,
    hard: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the labels where there are any; the rest is taught.")
    ] = 0.5,
    objective: Annotated[
        str, typer.Option(help="What a CRF compares with its teachers: sequence or token.")
    ] = "sequence",
    rounds: Annotated[int, typer.Option(min=1, help="With --self: how often it learns from itself.")] = 1,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="With --self: how sure it must be of a sentence.")
    ] = 0.5,
    out: Annotated[
        Path | None, typer.Option(help="Where the bundle goes. Default: the recipe's output, else out/NAME.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="How the files of text are encoded.")] = "utf-8",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")
    ] = False,
    tracking: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
) -> None:
    """Train a student by a recipe on what teachers believe, and on labels.

    The student has its recipe's corpus. Its sentences, and those of any text without labels, are read once by
    the teachers, which must know the same labels; what they believe is kept in the cache and, where there are
    labels, mixed with them. With --self a tagger by the recipe labels the text, and is trained anew on labels
    and on sentences it was sure of, weighed by how sure; the rounds lie in --out, the best on dev is --out.

    Examples:

        onoma distil --teacher out/minilm --student recipes/bilstm-crf.yaml --text 'news/*.txt' --out out/s

        onoma distil --teacher out/run-1 --teacher out/run-2 --student recipes/bilstm-crf.yaml --crossings 2

        onoma distil --teacher out/minilm --student recipes/bilstm-crf.yaml --swaps 2 --names LOC=towns.txt

        onoma distil --self --student recipes/bilstm-crf.yaml --text 'news/*.txt' --rounds 2
    """
    from onoma.training.recipe import load_recipe

    if self_training == bool(teacher):
        raise InputError("a student has at least one --teacher, a bundle, or learns from --self: give either")
    recipe = load_recipe(student, settings or [])
    folder = out or recipe.output or Path("out") / recipe.name
    swap = _swap(names or [], swaps)
    source = _raw(text or [], unlabelled or [], crossings, swaps, swap, encoding)
    if self_training:
        _self_train(recipe, folder, source, rounds, threshold, resume=resume, tracking=tracking)
    else:
        _distil(recipe, folder, source, teacher or [], hard, objective, resume=resume, tracking=tracking)


def _swap(names: list[str], swaps: int) -> Swap:
    from onoma.training.augment.swap import Swap

    files: dict[str, Path] = {}
    for given in names:
        label, equals, file = given.partition("=")
        if not (label and equals and file):
            raise InputError(f"--names {given!r} is not of the form LABEL=FILE")
        if label in files:
            raise InputError(f"--names gives {label} two files, {files[label]} and {file}; put them into one")
        files[label] = Path(file)
    if files and not swaps:
        raise InputError("--names are for --swaps, of which there are none; add --swaps 1")
    return Swap(names=files)


def _raw(
    files: list[str], corpora: list[str], crossings: int, swaps: int, swap: Swap, encoding: str
) -> RawText:
    from onoma.corpus import read_split
    from onoma.training.distil import RawText

    paths = [Path(file) for file in expand(files)]
    names = [path.name for path in paths]
    told = names if len(names) < 4 else [f"{len(names)} files, {names[0]} to {names[-1]}"]
    return RawText(
        files=paths,
        corpora=[read_split(place, "train") for place in corpora],
        crossings=crossings,
        swaps=swaps,
        swap=swap,
        encoding=encoding,
        told=[*told, *(Path(place).name for place in corpora)],
    )


def _distil(
    recipe: Recipe,
    folder: Path,
    text: RawText,
    teachers: list[str],
    hard: float,
    objective: str,
    *,
    resume: bool,
    tracking: bool,
) -> None:
    from onoma.runtime import load
    from onoma.training.distil import Distil, Teaching
    from onoma.training.run import run_recipe

    if objective not in ("sequence", "token"):
        raise InputError(f"--objective is {objective!r}; it may be sequence or token")
    options = Distil.model_validate({"hard": hard, "objective": objective})
    preparing = Teaching([load(name) for name in teachers], text, options)
    with progress_bar("asking the teachers") as (bar, task):
        preparing.ask(recipe, lambda done, whole: bar.update(task, completed=done, total=whole))
    events = run_recipe(recipe, folder, resume=resume, preparing=preparing)
    follow_run(recipe, folder, events, tracking=tracking)


def _self_train(
    recipe: Recipe,
    folder: Path,
    text: RawText,
    rounds: int,
    threshold: float,
    *,
    resume: bool,
    tracking: bool,
) -> None:
    from onoma.training import self_training

    options = self_training.SelfTraining(rounds=rounds, threshold=min(threshold, 0.999999))
    for each in self_training.rounds(recipe, folder, text, options, resume=resume):
        typer.echo(f"round {each.number} of {rounds}", err=True)
        follow_run(recipe, each.folder, each.events, tracking=tracking)
    best = self_training.keep_best(folder, rounds)
    typer.echo(f"the best on dev is round {best}; {folder} holds its bundle", err=True)
