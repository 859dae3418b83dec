"""Room 14: the ``onoma`` command; one module a command, each a thin call of one library function.

`COMMANDS` names every command, where it lives and what it is for. A command's module is imported only when
that command runs, so ``onoma extract`` never pays for what ``onoma train`` needs.

>>> print(*sorted(COMMANDS))  # doctest: +NORMALIZE_WHITESPACE
audit bench business calibrate cascade check compare convert distil evaluate explain export extract
keys models pull push score serve slices split train vectors
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from onoma.cli.endings import EXIT_CODES, clear_endings

__all__ = ["COMMANDS", "app", "main"]


class Command(NamedTuple):
    """Where a command lives (``module:name``, a function or a typer app) and its line in ``onoma --help``."""

    home: str
    summary: str


COMMANDS: dict[str, Command] = {
    "extract": Command("onoma.cli.extract:extract", "Find the names in text, files or a stream."),
    "models": Command("onoma.cli.models:models", "List the taggers that are installed."),
    "check": Command("onoma.cli.check:check", "Say what is in a corpus and what is wrong with it."),
    "convert": Command("onoma.cli.convert:convert", "Write a corpus in another format."),
    "split": Command("onoma.cli.split:split", "Divide a corpus into train, dev and test."),
    "calibrate": Command("onoma.cli.calibrate:calibrate", "Make a tagger's scores probabilities."),
    "train": Command("onoma.cli.train:train", "Train a tagger by a recipe."),
    "distil": Command("onoma.cli.distil:distil", "Train a tagger on what others believe, and on raw text."),
    "export": Command("onoma.cli.export:export", "Write a tagger as one graph, as int8, or for JavaScript."),
    "push": Command("onoma.cli.hub:push", "Put a tagger into a folder or onto the Hugging Face hub."),
    "pull": Command("onoma.cli.hub:pull", "Fetch a tagger from there and install it."),
    "evaluate": Command("onoma.cli.evaluate:evaluate", "Score a tagger on a corpus."),
    "explain": Command("onoma.cli.explain:explain", "Say which words made an entity what it is."),
    "compare": Command("onoma.cli.compare:compare", "Set taggers side by side on one corpus."),
    "score": Command("onoma.cli.score:score", "Score a file of predictions against gold."),
    "slices": Command("onoma.cli.slices:slices", "Score a tagger on edited sentences and other names."),
    "business": Command("onoma.cli.business:business", "Work out hours, cost and errors from a card."),
    "bench": Command("onoma.cli.bench:bench", "Measure a tagger's speed and memory on this machine."),
    "cascade": Command("onoma.cli.cascade:app", "Let a cheap tagger answer where it is sure enough."),
    "serve": Command("onoma.cli.serve:serve", "Put taggers behind HTTP."),
    "keys": Command("onoma.cli.keys:app", "Make, list and revoke the keys of a service."),
    "audit": Command("onoma.cli.audit:app", "Check that a service's audit log is whole."),
    "vectors": Command("onoma.cli.vectors:app", "Make word vectors from an encoder."),
}


def _loaded(name: str) -> Any:
    """The real command called ``name``, its module imported now."""
    module, _, attribute = COMMANDS[name].home.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    alone.command(name, epilog=EXIT_CODES)(found)
    return typer.main.get_command(alone)


class _Commands(TyperGroup):
    """A group that knows its commands from `COMMANDS` and imports one only to run it."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=c.summary) for name, c in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, known, rest = super().resolve_command(ctx, args)
        return name, _loaded(name) if name and known else known, rest

    def invoke(self, ctx: Any) -> Any:
        with clear_endings():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from onoma import __version__

        typer.echo(f"onoma {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find names in text: people, places, organisations, dates and what else a tagger was taught.

    Try: onoma extract "Ada Lovelace was born in London."
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; ``arguments`` default to the process's own."""
    app(args=None if arguments is None else list(arguments), prog_name="onoma")
