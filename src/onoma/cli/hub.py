"""``onoma push`` and ``onoma pull``: bundles taken to another place, and fetched from there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["pull", "push"]


def push(
    model: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="A bundle: its folder, or the name of an installed one.")
    ],
    to: Annotated[str, typer.Argument(metavar="TO", help="A folder, or hf:OWNER/NAME.")],
    private: Annotated[
        bool, typer.Option("--private", help="A repository that is made is seen by its owner alone.")
    ] = False,
) -> None:
    """Put a bundle into a folder, or into a repository on the Hugging Face hub.

    All of it arrives or none, checksums compared, with its card as README.md. The
    hub must know who you are: set HF_TOKEN, or run hf auth login.

    Examples:

      onoma push out/my-bundle /srv/models/my-bundle
      onoma push out/my-bundle hf:me/my-bundle --private
    """
    from onoma.runtime import find
    from onoma.runtime.hub import push as pushed

    typer.echo(f"pushed to {pushed(find(model), to, private=private)}", err=True)


def pull(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A folder, or hf:OWNER/NAME[@REVISION].")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="What to call it here; default: its own name.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of another bundle of that name.")
    ] = False,
) -> None:
    """Fetch a bundle and install it, so that it is found by its name.

    It goes into the folder that ONOMA_MODELS names, else into onoma/models of the
    user's data folder; all of it or nothing, checksums compared.

    Examples:

      onoma pull hf:me/my-bundle
      onoma pull /srv/models/my-bundle --as news
      onoma extract "Ada met Bob in Rome." --model news
    """
    from onoma.runtime.hub import pull as pulled

    folder: Path = pulled(source, name, replace=replace)
    typer.echo(f"installed as {folder.name} in {folder.parent}", err=True)
