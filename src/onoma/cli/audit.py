"""``onoma audit``: check that an audit log is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onoma.cli.endings import EXIT_CODES
from onoma.cli.reporting import JsonTarget

__all__ = ["app"]

app = typer.Typer(
    help="Check the audit log of a service.\n\nTry: onoma audit verify audit/",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


@app.callback()
def _root() -> None:
    """Keep ``verify`` a name of its own, where typer would drop the only one."""


@app.command(epilog=EXIT_CODES)
def verify(
    path: Annotated[Path, typer.Argument(help="The folder of the log.")],
    secret: Annotated[
        Path | None, typer.Option(help="The file with the log's secret; the default lies in the folder.")
    ] = None,
    json: JsonTarget = None,
) -> None:
    """Find every line that was changed, removed, put in or reordered, and an end that was cut off.

    Ends with 0 where the log is whole and with 1 where it is not. The
    service may go on writing meanwhile.

    Examples:

        onoma audit verify audit/

        onoma audit verify audit/ --secret /run/secrets/audit --json -
    """
    from onoma.cli.reporting import write_json
    from onoma.serving.audit import verify as check

    found = check(path, secret)
    if json:
        write_json(found._asdict(), json)
    if json != "-":
        for fault in found.faults:
            typer.echo(fault)
        state = f"{len(found.faults)} faults" if found.faults else "whole"
        counts = f"{found.lines} lines in {found.lanes} lanes, {found.predictions} predictions"
        typer.echo(f"{path}: {counts}: {state}")
    if found.faults:
        raise typer.Exit(1)
