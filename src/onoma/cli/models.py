"""``onoma models``: the taggers that are installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from onoma.runtime import Manifest

__all__ = ["models"]


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON: a list of objects.")] = False,
) -> None:
    """List the taggers that are installed: size, labels, scores, licence.

    They are looked for in the folder that ONOMA_MODELS names, in onoma/models of
    the user's data folder, and in the package itself; a name is the folder's.
    The score is strict entity F1 on the split in brackets.

    Examples:

      onoma models
      onoma models --json | jq '.[].name'
    """
    from onoma.runtime import installed

    found = [describe(name, folder) for name, folder in installed()]
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console()
    if not console.is_terminal:  # what is not a terminal has no width to keep to
        console = Console(width=1000)
    console.print(_table(found))


def describe(name: str, folder: Path) -> dict[str, Any]:
    """What there is to know of the bundle in ``folder``; a damaged one has ``error``, which says why."""
    from onoma.errors import BundleError
    from onoma.runtime.bundle import read_manifest

    try:
        manifest = read_manifest(folder)
    except BundleError as error:
        return {"name": name, "folder": str(folder), "error": str(error)}
    return {
        "name": name,
        "folder": str(folder),
        "description": manifest.description,
        "language": manifest.language,
        "architecture": manifest.architecture,
        "parameters": manifest.parameters,
        "bytes": manifest.bytes,
        "labels": manifest.labels,
        "f1": _strict_f1(manifest),
        "licence": manifest.corpus.licence if manifest.corpus else None,
    }


def _strict_f1(manifest: Manifest) -> dict[str, float]:
    """Strict micro F1 by split, of the splits that were judged so."""
    strict = {split: scores.get("strict", {}) for split, scores in manifest.scores.items()}
    return {split: scores["micro"]["f1"] for split, scores in strict.items() if scores}


def _table(found: list[dict[str, Any]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("name", "size", "labels", "F1", "licence"):
        table.add_column(name, justify="right" if name == "size" else "left", overflow="fold")
    for bundle in found:
        table.add_row(*_row(bundle))
    return table


def _row(bundle: dict[str, Any]) -> list[Any]:
    from rich.text import Text

    if "error" in bundle:
        cells = [bundle["name"], "", "", "", bundle["error"]]
    else:
        f1 = ", ".join(f"{100 * value:.1f} ({split})" for split, value in bundle["f1"].items())
        size = f"{bundle['bytes'] / 1e6:.1f} MB"
        cells = [bundle["name"], size, " ".join(bundle["labels"]), f1, bundle["licence"] or "not stated"]
    return [Text(cell) for cell in cells]
