"""``onoma convert``: a corpus from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onoma.cli.reporting import JsonTarget

if TYPE_CHECKING:
    from rich.console import Console

    from onoma.corpus import Corpus
    from onoma.corpus.converting import Conversion

__all__ = ["convert"]

_SHOWN = 3


_In = Annotated[
    str, typer.Argument(metavar="IN", help="A corpus: a file, a folder, or an archive of either.")
]
_Out = Annotated[Path, typer.Argument(metavar="OUT", help="What to write; its suffix says the format.")]
_From = Annotated[
    str | None, typer.Option("--from", metavar="FORMAT", help="The format of IN, if not to be found out.")
]
_To = Annotated[
    str | None, typer.Option("--to", metavar="FORMAT", help="The format of OUT, if its suffix does not say.")
]
_Map = Annotated[
    str | None,
    typer.Option(
        metavar="MAP", help="Rename and drop labels: old=new,other=, a YAML or JSON file, or gmb:conll2003."
    ),
]
_Policy = Annotated[
    str, typer.Option(help="Ill-formed tags and spans: conlleval (read leniently), discard or error.")
]
_Overlaps = Annotated[
    str, typer.Option(help="Entities that overlap in IN: keep, outermost (the longest) or error.")
]
_Column = Annotated[
    str | None, typer.Option(help="Column of the tags in IN: a number from 0 (-1: the last), or a name.")
]


def convert(
    corpus: _In,
    out: _Out,
    from_format: _From = None,
    to_format: _To = None,
    split: Annotated[str | None, typer.Option(help="Only this part of IN: train, dev or test.")] = None,
    scheme: Annotated[str, typer.Option(help="Write tags in iob2, iob1 or bioes.")] = "iob2",
    map: _Map = None,
    overlaps: _Overlaps = "keep",
    policy: _Policy = "conlleval",
    tag_column: _Column = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of IN, if not to be found out.")] = None,
    trusted: Annotated[bool, typer.Option("--trusted", help="Unpack an archive to whatever size.")] = False,
    json: JsonTarget = None,
) -> None:
    """Write a corpus in another format, and say what that format cannot hold.

    The splits of a folder or archive go to one file, each document saying which split it was in, if OUT has
    a suffix; to a file for each split in the folder OUT, if it has none and --to names the format.

    Of entities that overlap, and that OUT cannot hold, the longest stay, then the first in the text.

    Examples:

        onoma convert ner_dataset.csv.zip gmb.spacy

        onoma convert GermEval2014.zip germeval.jsonl

        onoma convert conll2002.zip!esp.train out/esp.jsonl --to jsonl --scheme bioes

        onoma convert ner_dataset.csv.zip gmb.conll --map gmb:conll2003,nat=
    """
    from rich.console import Console

    from onoma.cli.corpora import column
    from onoma.cli.progress import progress_bar
    from onoma.cli.reporting import write_json
    from onoma.corpus.converting import convert as run
    from onoma.corpus.converting import target_format
    from onoma.corpus.label_map import label_map

    form, names = target_format(out, to_format), label_map(map)
    parts = _parts(
        corpus,
        split,
        format=from_format,
        tag_column=column(tag_column),
        policy=policy,
        encoding=encoding,
        overlaps=overlaps,
        map=names,
        trusted=trusted,
    )
    with progress_bar("converting") as (bar, task):
        done = run(
            parts, out, form, scheme=scheme, map=names, progress=lambda count: bar.advance(task, count)
        )
    if json is not None:
        write_json(_as_dict(done, out), json)
    if json != "-":
        _show(done, out, Console(), map)


def _parts(place: str, split: str | None, **options: Any) -> dict[str, Corpus]:
    """The splits of a folder or archive, or the one corpus there is, by name."""
    from onoma.corpus import read, read_split
    from onoma.corpus.reading import splits_in

    if split is not None:
        return {split: read_split(place, split, **options)}
    found = {name: read_split(place, name, **options) for name in splits_in(place)}
    return found or {Path(place).name: read(place, **options)}


def _show(done: Conversion, out: Path, console: Console, names: str | None) -> None:
    from rich.text import Text

    from onoma.cli.corpora import contents_table, say_fates
    from onoma.corpus.label_map import map_effect

    console.print(contents_table(done.written))
    for name, corpus in done.sources.items():
        for line in map_effect(corpus.facts.mapped):
            console.print(Text(f"{name}: {line}"))
        say_fates(corpus, console, _SHOWN)
    for line in _lost_between(names):
        console.print(Text(f"the map loses: {line}", style="yellow"), soft_wrap=True)
    for line in done.losses.lines():
        console.print(Text(f"{done.form.name} cannot hold {line}", style="yellow"), soft_wrap=True)
    total = sum(facts.sentences for facts in done.written.values())
    console.print(Text(f"{total:,} documents written to {out} as {done.form.name}"), soft_wrap=True)


def _lost_between(names: str | None) -> list[str]:
    """What the taxonomies that a map names cannot keep."""
    from onoma.corpus.taxonomies import what_is_lost

    parts = [part.strip() for part in (names or "").split(",")]
    changed = {part.partition("=")[0].strip() for part in parts if "=" in part}
    pairs = [part.partition(":") for part in parts if "=" not in part and ":" in part]
    return [line for source, _, target in pairs for line in what_is_lost(source, target, changed)]


def _as_dict(done: Conversion, out: Path) -> dict[str, Any]:
    fates = done.fates
    return {
        "out": str(out),
        "format": done.form.name,
        "parts": {
            name: {
                "path": corpus.source.path,
                "format": corpus.source.format,
                "fingerprint": corpus.fingerprint,
                "documents": done.written[name].sentences,
                "tokens": done.written[name].tokens,
                "entities": dict(sorted(done.written[name].entities.items())),
                "mapped": [
                    {"label": old, "new": new or None, "entities": count}
                    for (old, new), count in sorted(corpus.facts.mapped.items())
                ],
            }
            for name, corpus in done.sources.items()
        },
        "fates": {
            "read": fates.read,
            "kept": fates.kept,
            "repaired": dict(fates.repaired),
            "left_out": dict(fates.left_out),
            "listed": [str(fate) for fate in fates],
        },
        "cannot_hold": {
            name: {"documents": count, "entities": done.losses.entities[name]}
            for name, count in done.losses.documents.items()
        },
    }
