"""brat's standoff format: a text in ``NAME.txt``, its annotations in ``NAME.ann``.

A line ``T1\\tper 0 3\\tAda`` is an annotation; relations, events, attributes and notes are counted and passed
over, and so an event's trigger is read like any other. brat cuts an annotation into fragments where it runs
over a line end (``0 3;4 9``): fragments with nothing but blanks between them are one entity again. One
with other words in between is truly discontinuous, which no entity can hold: it is left out, and says so.

Described at https://brat.nlplab.org/standoff.html; offsets count code points of the text as it stands.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from onoma.corpus.annotated import Annotated, Span, documents
from onoma.corpus.facts import Facts
from onoma.corpus.offsets import in_code_points
from onoma.corpus.options import Options
from onoma.corpus.sources import FolderSource, inner_file, quoted
from onoma.errors import CorpusError, InputError
from onoma.files import whole_folder
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document, Entity

__all__ = ["annotation_lines", "looks_like_brat", "pair", "read", "save", "spans"]

_TXT, _ANN = ".txt", ".ann"
_TEXT_BOUND = re.compile(
    r"(?P<id>T\S*)\t(?P<label>\S+) (?P<at>\d+ \d+(?:;\d+ \d+)*)(?:\t(?P<text>.*))?", re.DOTALL
)
_OTHERS = {
    "R": "relations",
    "*": "equivalences",
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "normalisations",
    "#": "notes",
}


def looks_like_brat(names: Iterable[str]) -> bool:
    """Whether a folder's files are texts with annotations."""
    return bool(_pairs(names))


def pair(path: Path) -> FolderSource | None:
    """One text with its annotations, if ``path`` is either of the two files."""
    files = (path.with_suffix(_ANN), path.with_suffix(_TXT))
    if path not in files or not all(file.is_file() for file in files):
        return None
    contents = [file.read_bytes() for file in files]
    digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents))
    names = tuple(file.name for file in files)
    return FolderSource(path.parent, names, digest.hexdigest(), sum(map(len, contents)))


def read(source: FolderSource, options: Options, facts: Facts) -> Iterator[Document]:
    """Each text that has annotations, in the order of their numbered names.

    ``facts.passed`` counts the lines that are no annotation of a text, and the texts without annotations:
    brat gives every document a file of annotations, if an empty one.
    """
    pairs = _pairs(source.files)
    if alone := sum(name.endswith(_TXT) for name in source.files) - len(pairs):
        facts.passed["texts without a brat file of annotations"] += alone
    for stem in sorted(pairs, key=_by_number):
        name = f"{source.path / stem}{_ANN}"
        text, lines = (_decoded(source, stem + suffix) for suffix in (_TXT, _ANN))
        found = spans(lines.split("\n"), text, name, facts.passed)
        yield from documents([Annotated(text, found, id=stem)], name, options, facts)


def save(found: Iterable[Document], path: Path, _: Scheme) -> None:
    """Write a folder with two files for each document, named by its id, or its number where it has none."""
    with whole_folder(path) as folder:
        for number, document in enumerate(found, 1):
            stem = _stem(document, number)
            if (folder / (stem + _TXT)).exists():
                stem = f"{number:06}"
            (folder / (stem + _TXT)).write_bytes(document.text.encode())
            (folder / (stem + _ANN)).write_bytes("".join(annotation_lines(document)).encode())


def _stem(document: Document, number: int) -> str:
    safe = document.id is not None and re.fullmatch(r"\w[\w.-]{,200}", document.id)
    return str(document.id) if safe else f"{number:06}"


def _pairs(names: Iterable[str]) -> set[str]:
    held = set(names)
    stems = {name.removesuffix(_ANN) for name in held if name.endswith(_ANN)}
    return {stem for stem in stems if stem + _TXT in held}


def _by_number(stem: str) -> list[tuple[int, str]]:
    """A key by which ``a2`` comes before ``a10``."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", stem)]


def _decoded(source: FolderSource, name: str) -> str:
    try:
        return inner_file(source, name).decode()
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"brat's files are UTF-8, this one is not: {error}", path=source.path / name
        ) from error


def spans(lines: Iterable[str], text: str, name: str, passed: Counter[str]) -> list[Span]:
    """The annotations in the lines of an ``.ann`` file; ``passed`` counts its other lines by kind.

    >>> spans(["T1\\tper 0 3\\tAda\\n"], "Ada wrote.", "a.ann", Counter())[0][:3]
    (0, 3, 'per')
    """
    found = []
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if line.startswith("T"):
            found.append(_span(line, number, text, name))
        elif line.strip():
            passed[f"brat {_OTHERS.get(line[0], 'lines of unknown kind')}"] += 1
    return in_code_points(text, found)


def _span(line: str, number: int, text: str, name: str) -> Span:
    match = _TEXT_BOUND.fullmatch(line)
    if match is None:
        fault = f"this is no annotation like 'T1<tab>label 0 3<tab>surface': {quoted(line)}"
        raise CorpusError(fault, path=name, line=number)
    parts = [(int(a), int(b)) for a, b in (part.split() for part in match["at"].split(";"))]
    parts.sort()
    whole = Span(parts[0][0], parts[-1][1], match["label"], text=match["text"], line=number)
    between = [text[end:start] for (_, end), (start, _) in pairwise(parts)]
    if not any(gap.strip() for gap in between):
        return whole._replace(mended="fragments joined, blanks between them") if between else whole
    return whole._replace(text=None, lost="discontinuous")


def annotation_lines(document: Document) -> Iterator[str]:
    """The lines of the document's ``.ann`` file. Raises `InputError` for a label that brat cannot hold.

    >>> list(annotation_lines(Document.from_words(["Ada", "wrote"], [(0, 1, "per")])))
    ['T1\\tper 0 3\\tAda\\n']
    """
    for number, entity in enumerate(document.entities, 1):
        if not entity.label or re.search(r"\s", entity.label):
            raise InputError(f"brat's labels hold no blanks: {entity.label!r}; rename it with a label map")
        surface = re.sub(r"[\r\n]+", " ", document.surface(entity))
        yield f"T{number}\t{entity.label} {_fragments(document, entity)}\t{surface}\n"


def _fragments(document: Document, entity: Entity) -> str:
    """The entity's stretches between line ends, as brat has them."""
    lines = re.finditer(r"[^\r\n]+", document.surface(entity))
    return ";".join(f"{entity.start + line.start()} {entity.start + line.end()}" for line in lines)
