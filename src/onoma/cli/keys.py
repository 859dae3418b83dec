"""``onoma keys``: API keys for a service, kept as hashes."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.endings import EXIT_CODES
from onoma.errors import InputError

if TYPE_CHECKING:
    from onoma.serving.keys import Key

__all__ = ["app"]

app = typer.Typer(
    help=(
        "Make, list and revoke the keys of a service.\n\n"
        "Try: onoma keys add website --role reader --expires 90d --rate 100/second"
    ),
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)

File = Annotated[
    Path | None,
    typer.Option("--file", help="The file of keys; the default is $ONOMA_KEYS, else the user's own."),
]
_UNITS = {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}


@app.command(epilog=EXIT_CODES)
def add(
    name: Annotated[str, typer.Argument(help="What logs are to call who comes with it.")],
    role: Annotated[
        str, typer.Option(help="reader, operator or admin; each may what those before it may.")
    ] = ("reader"),
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="After how long it ends: 12h, 90d, 4w. Default: never.")
    ] = None,
    models: Annotated[
        str | None, typer.Option(metavar="A,B", help="The only taggers it may ask. Default: all.")
    ] = None,
    rate: Annotated[str, typer.Option(help="Its own limit: 100/second, 5000 per 1 hour.")] = "",
    quota: Annotated[int | None, typer.Option(min=0, help="How many texts it may send in 24 hours.")] = None,
    file: File = None,
) -> None:
    """Make a key and print it, once: only its hash is kept.

    Examples:

        onoma keys add website --role reader --expires 90d

        onoma keys add prometheus --role operator --file keys.json
    """
    from onoma.serving.keys import add_key, default_path
    from onoma.serving.rate import parse_rate

    if rate:
        parse_rate(rate)
    ends = time.time() + _seconds(expires) if expires else None
    named = [each for each in (models or "").split(",") if each]
    path = file or default_path()
    typer.echo(add_key(path, name, role, expires=ends, models=named, rate=rate, quota=quota))
    typer.echo(f"onoma: kept as a hash in {path}; nobody can show the key again", err=True)


@app.command("list", epilog=EXIT_CODES)
def show(file: File = None) -> None:
    """List the keys: never the keys themselves.

    Example:

        onoma keys list
    """
    from rich.console import Console
    from rich.table import Table

    from onoma.serving.keys import default_path, read_keys

    table = Table("id", "name", "role", "made", "ends", "models", "rate", "quota", "holds", box=None)
    for key in read_keys(file or default_path()):
        table.add_row(*_row(key))
    Console().print(table)


@app.command(epilog=EXIT_CODES)
def revoke(
    name: Annotated[str, typer.Argument(help="The key's name or id.")],
    file: File = None,
) -> None:
    """Let a key hold no longer; services that run know within a second.

    Example:

        onoma keys revoke website
    """
    from onoma.serving.keys import default_path, revoke_key

    key = revoke_key(file or default_path(), name)
    typer.echo(f"{key.name} ({key.id}) holds no longer")


def _row(key: Key) -> list[str]:
    def day(at: float | None) -> str:
        return "never" if at is None else time.strftime("%Y-%m-%d", time.localtime(at))

    holds = "revoked" if key.revoked else "yes" if key.holds(time.time()) else "expired"
    models, quota = ", ".join(key.models) or "all", "" if key.quota is None else str(key.quota)
    return [key.id, key.name, key.role, day(key.created), day(key.expires), models, key.rate, quota, holds]


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)([hdw])", text)
    if not found:
        raise InputError(f"--expires is {text!r}; write a number and h, d or w: 12h, 90d, 4w")
    return int(found[1]) * _UNITS[found[2]]
