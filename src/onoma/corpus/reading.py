"""Reading a corpus, or one split of it, from wherever it lies."""

from __future__ import annotations

import builtins
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

from onoma.corpus import hf_datasets
from onoma.corpus.corpus import Corpus, Source
from onoma.corpus.facts import Facts
from onoma.corpus.formats import OVERLAPPING, Format
from onoma.corpus.label_map import DROPPED, LabelMap
from onoma.corpus.options import Options
from onoma.corpus.recognising import folder_format, recognise
from onoma.corpus.sources import AnySource, is_zip, members
from onoma.errors import CorpusError, InputError, nearest
from onoma.text.document import Document

__all__ = ["SPLITS", "read", "read_split", "splits_in"]

# what splits are called in the wild
SPLITS: dict[str, tuple[str, ...]] = {
    "train": ("train", "training", "trn"),
    "dev": ("dev", "devel", "development", "valid", "validation", "val", "testa"),
    "test": ("test", "testing", "tst", "testb"),
}


def read(
    path: str | PathLike[str],
    *,
    format: str | None = None,
    tag_column: int | str | None = None,
    scheme: str | None = None,
    policy: str = "conlleval",
    labels: Sequence[str] | None = None,
    encoding: str | None = None,
    overlaps: str = "keep",
    map: LabelMap | None = None,
    trusted: bool = False,
) -> Corpus:
    """A corpus as a `Corpus`, streamed: a file, plain, ``.gz`` or ``.zip`` (``archive.zip!member``), or a
    folder of a format that is one.

    ``format`` (a name in `onoma.corpus.FORMATS`), ``scheme`` and ``encoding`` are found out from the
    content unless given. ``tag_column`` counts from 0 (-1: the last, the default), or is a CSV column's name.
    ``policy`` says what becomes of ill-formed tag sequences: ``conlleval`` reads them leniently, ``discard``
    leaves such entities out, ``error`` stops. Spans that are none of their text stop the reading, unless
    ``discard`` leaves them out. ``overlaps`` says what becomes of entities that overlap: ``keep``,
    ``outermost`` (the longest stay, then the first) or ``error``. What became of every annotation stands in
    `Corpus.fates`.

    ``labels`` names all labels; for files whose tags are numbers, it names the tags in order. ``map``
    renames, merges and drops labels. ``trusted`` archives may unpack to any size.

    Raises `CorpusError` (with the line, where there is one) when the file cannot be read as a corpus, at
    once or while iterating, and `InputError` for an unknown option.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".conll") as file:
    ...     _ = file.write("Ada B-per\\nLovelace I-per\\nwrote O\\n")
    ...     file.flush()
    ...     [document.surface(e) for document in read(file.name) for e in document.entities]
    ['Ada Lovelace']
    """
    named = None if labels is None else tuple(labels)
    options = Options(tag_column, scheme, policy, named, overlaps, map)
    source, form = recognise(Path(path), format=format, encoding=encoding, trusted=trusted)
    return _corpus(source, form, options)


def read_split(path: str | PathLike[str], name: str, **options: Any) -> Corpus:
    """The split ``name`` (train, dev or test) of a folder or zip archive; a single file is taken as it is,
    and so is a folder that is one corpus.

    Files and folders are recognised by the parts of their names: ``train.conll``, ``eng.testa``,
    ``valid.jsonl``.
    ``options`` are those of `read`. Raises `CorpusError` when no file or several fit.
    """
    split = _split_named(name)
    place = Path(path)
    if hf_datasets.is_hub_name(path):
        named = hf_datasets.hub_splits(str(path))
        return read(f"{path}:{_only(place, split, named)}" if named else path, **options)
    if place.is_dir():
        names = _parts_of(place)
        return read(place / _only(place, split, names) if names is not None else place, **options)
    if is_zip(place) and len(found := members(place)) > 1 and not folder_format(place):
        return read(f"{place}!{_only(place, split, found)}", **options)
    return read(place, **options)


def splits_in(path: str | PathLike[str]) -> list[str]:
    """The splits that a folder or a zip archive of several files holds; none for a single file."""
    place = Path(path)
    names: list[str]
    if hf_datasets.is_hub_name(path):
        names = hf_datasets.hub_splits(str(path))
    elif place.is_dir():
        names = _parts_of(place) or []
    elif is_zip(place) and not folder_format(place):
        names = members(place)
    else:
        return []
    return [split for split in SPLITS if len(names) > 1 and _fitting(split, names)]


def _corpus(source: AnySource, form: Format, options: Options) -> Corpus:
    @cache
    def decided() -> Options:
        """The options with the scheme filled in, where the policy needs it before reading begins."""
        if options.policy == "conlleval" or options.scheme is not None:
            return options
        facts = Facts()
        try:
            for _ in form.read(source, replace(options, policy="conlleval"), facts):
                pass
        except CorpusError:
            if facts.moves:
                raise
            # there are no tags, so no scheme is needed; the policy asked for will judge the fault
        return replace(options, scheme=facts.scheme)

    def stream(facts: Facts) -> Iterator[Document]:
        yield from builtins.map(facts.count, form.read(source, decided(), facts))
        facts.check(str(source))
        if not facts.sentences:
            raise CorpusError("the file has no sentences", path=str(source))

    if not form.holds & OVERLAPPING:  # the choice makes no difference, so it makes none to the fingerprint
        options = replace(options, overlaps="keep")
    key = f"{source.sha256} {source.encoding} {form.name} {options.to_json()}"
    origin = Source(str(source), form.name, source.encoding)
    return Corpus(stream, origin, hashlib.sha256(key.encode()).hexdigest, _labels(options))


def _labels(options: Options) -> list[str] | None:
    """The declared entity labels; a list with ``O`` in it names tags."""
    if options.labels is None:
        return None
    labels = set(options.labels)
    if "O" in labels:
        labels = {tag.partition("-")[2] for tag in labels} - {""}
    return sorted({options.map.new(label) for label in labels} - {DROPPED} if options.map else labels)


def _split_named(name: str) -> str:
    found = next((split for split, names in SPLITS.items() if name.lower() in names), None)
    if found is None:
        raise InputError(f"unknown split {name!r}; {nearest(name, SPLITS)}")
    return found


def _files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))


def _parts_of(folder: Path) -> list[str] | None:
    """The names in a folder that may be its splits: folders, else files; None if it is one corpus itself."""
    inner = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if any(_fitting(split, inner) for split in SPLITS):
        return inner
    return None if folder_format(folder) else _files(folder)


def _fitting(split: str, names: list[str]) -> list[str]:
    """Those of ``names`` that hold ``split``: a part of the name says so, or else ends so."""
    whole = [name for name in names if set(SPLITS[split]).intersection(_parts(name))]
    return whole or [name for name in names if any(part.endswith(SPLITS[split]) for part in _parts(name))]


def _only(place: Path, split: str, names: list[str]) -> str:
    found = _fitting(split, names)
    if len(found) == 1:
        return found[0]
    which = f"{len(found)} files could be {split}" if found else f"no file looks like {split}"
    fault = f"{which}: {', '.join(found or names) or 'the folder is empty'}. Give the file itself"
    raise CorpusError(fault, path=place)


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[^a-z]+", PurePosixPath(name).name.lower()) if part]
