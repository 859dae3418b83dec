"""Which format a corpus is in, and opening it as that format demands."""

from __future__ import annotations

from pathlib import Path

from onoma.corpus import brat, hf_datasets
from onoma.corpus.formats import FORMATS, Format, format_named
from onoma.corpus.sources import (
    AnySource,
    FolderSource,
    TextSource,
    divide,
    examine,
    folder_files,
    folder_source,
    is_zip,
    lines,
    quoted,
)
from onoma.errors import CorpusError

__all__ = ["detect", "folder_format", "recognise"]

_HEAD = 1 << 16  # characters of a file that its format is judged by
_LONGEST = 1 << 25  # and of one of its lines


def recognise(
    path: Path, *, format: str | None = None, encoding: str | None = None, trusted: bool = False
) -> tuple[AnySource, Format]:
    """What lies at ``path``, opened as its format demands, and that format, found out unless given.

    Raises `CorpusError` when no format fits or the path cannot be read, `InputError` for an unknown format.
    """
    known = None if format is None else format_named(format)
    if hf_datasets.is_hub_name(path):
        return hf_datasets.hub_source(str(path)), FORMATS["datasets"]
    if (pair := brat.pair(path)) is not None:
        return pair, FORMATS["brat"]
    if divide(path)[0].is_dir() or (is_zip(path) and folder_format(path)):
        return _recognised_folder(path, known, trusted)
    found = examine(path, trusted=trusted)
    if known is not None and known.kind == "folder":
        raise CorpusError(f"the format {known.name} is a folder, and this is a file", path=path)
    fitting = _of_kind("bytes") if known is None else [known] if known.kind == "bytes" else []
    for each in fitting:
        if each is known or each.detect(found.head):
            return found.as_bytes(), each
    source = found.as_text(encoding)
    return source, known or detect(source)


def _recognised_folder(path: Path, known: Format | None, trusted: bool) -> tuple[FolderSource, Format]:
    form = known if known is not None and known.kind == "folder" else None
    if known is None:
        form = folder_format(path)
    if form is None:
        fault = "this is a folder; give a file, or name the split to read from it"
        raise CorpusError(fault, path=path)
    return folder_source(path, trusted=trusted), form


def folder_format(path: Path) -> Format | None:
    """The format of a folder or archive that is one corpus, by its files' names; None if it is none."""
    names = list(folder_files(path))
    return next((each for each in _of_kind("folder") if each.detect(names)), None)


def _of_kind(kind: str) -> list[Format]:
    return [each for each in FORMATS.values() if each.kind == kind]


def detect(source: TextSource) -> Format:
    """The format of a text, judged by its first lines. Raises `CorpusError` when none fits."""
    head = _head(source)
    if not any(line.strip() for line in head):
        raise CorpusError("the file holds nothing but blanks", path=str(source))
    texts = _of_kind("text")
    found = next((each for each in texts if each.detect(head)), None)
    if found is None:
        known = "; ".join(f"{each.name}: {each.summary}" for each in texts)
        raise CorpusError(f"no known format begins {quoted(head[0])}. Known are {known}", path=str(source))
    return found


def _head(source: TextSource) -> list[str]:
    """The first lines, about `_HEAD` characters, more if they are blank; the last may be cut short."""
    head: list[str] = []
    left = _HEAD
    with lines(source) as text:
        while left > 0 and len(head) < _HEAD and (line := text.readline(_LONGEST)):
            head.append(line)
            left -= len(line.strip())
    return head
