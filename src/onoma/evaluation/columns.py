"""Column files, read for scoring only: words, tags and sentence breaks of a million lines in under a second.

Lines stay bytes and are split all at once; no documents are made (that is what `onoma.corpus` is for).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import compress
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.sources import inspect, opened, quoted
from onoma.corpus.tagged import is_tag
from onoma.errors import CorpusError

__all__ = ["Columns", "read_columns"]

_BREAK, _TOKEN, _COMMENT = 0, 1, 2
_DOCSTART = b"-DOCSTART-"
_BOUNDARY = b"-X-"  # what conlleval takes for a sentence break if it stands first in a line
_SIGNS = (b"\n" + _DOCSTART, b"\n" + _BOUNDARY, b"\n# ", b"\n#\t", b"\n#\n")  # of lines that may be no tokens
_SPACE = np.isin(np.arange(256), list(b" \t\n\r\x0b\x0c"))  # as bytes.split() has it


@dataclass(frozen=True, slots=True)
class Columns:
    """The tokens of a column file: all arrays and lists are ``[token]``."""

    path: str
    words: list[bytes]  # empty where a file holds nothing but tags
    tags: list[str]
    first: NDArray[np.bool_]  # begins a sentence
    line: NDArray[np.int64]  # where it stands in the file, 1-based
    articles: NDArray[np.int64]  # [article]: how many tokens stand before its -DOCSTART- line
    scores: NDArray[np.float64] | None = None  # NaN at an O without one
    notes: tuple[str, ...] = ()  # what a reader of the scores should know of the file

    def kept(self, mask: NDArray[np.bool_], note: str) -> Columns:
        """The tokens where ``mask`` holds, with a note why; a sentence may lose its first token."""
        sentence = np.cumsum(self.first)[mask]
        return replace(
            self,
            words=list(compress(self.words, mask.tolist())),
            tags=list(compress(self.tags, mask.tolist())),
            first=np.diff(sentence, prepend=-1) > 0,
            line=self.line[mask],
            scores=None if self.scores is None else self.scores[mask],
            notes=(*self.notes, note),
        )


def read_columns(
    path: str | PathLike[str], column: int = -1, *, score_column: int | None = None, bare: bool = False
) -> Columns:
    """Words and tags (``column``) of a file with one token a line, blank lines between sentences; ``.gz``
    and ``.zip`` too. ``-DOCSTART-`` and ``-X-`` lines end a sentence; comments are passed over.

    Words are in the first column, or in the second where the first numbers the tokens of each sentence.
    ``score_column`` holds the probability of each tag. ``bare`` says that tags are labels without a prefix
    (``PER``), which are read as ``I-PER``. Prefixes in lower case are understood, and noted.

    Raises `CorpusError` with the line that has no such column, no tag in it, or no score from 0 to 1.
    """
    data = _read(path)
    grid = _grid(data)
    marks = np.where(grid.counts > 0, _TOKEN, _BREAK)
    articles = np.zeros(0, dtype=np.int64)
    if any(sign in data or data.startswith(sign[1:]) for sign in _SIGNS):
        articles = _mark_specials(marks, grid, column)
    token = marks == _TOKEN
    if not token.any():
        raise CorpusError("the file holds no tokens: expected a word and its tag on each line", path=path)
    line = np.flatnonzero(token) + 1
    _check_width(grid.counts[token], line, column, path)
    raw = grid.taken(grid.at(column)[token])
    first = np.diff(np.cumsum(marks == _BREAK)[token], prepend=-1) > 0
    tags, notes = _parsed(raw, line, path, column, bare)
    scores = None
    if score_column is not None:
        _check_width(grid.counts[token], line, score_column, path)
        scores = _probabilities(grid.taken(grid.at(score_column)[token]), tags, line, path)
    before = np.searchsorted(line, articles + 1)
    return Columns(str(path), _words(grid, token, first, raw), tags, first, line, before, scores, notes)


def _words(grid: _Grid, token: NDArray[np.bool_], first: NDArray[np.bool_], tags: list[bytes]) -> list[bytes]:
    """The column of words: the first that is no token number; none where that is the tags' own."""
    start = grid.start[token]
    words = grid.taken(start)
    if words[0] == b"1" and (grid.counts[token] > 2).all() and _numbered(words, first):
        return grid.taken(start + 1)
    return [] if words == tags else words


def _numbered(words: list[bytes], first: NDArray[np.bool_]) -> bool:
    """Whether the cells count the tokens of each sentence from 1."""
    begins = np.flatnonzero(first)
    place = np.arange(len(words)) - np.repeat(begins, np.diff(np.append(begins, len(words)))) + 1
    return [b"%d" % number for number in place.tolist()] == words


class _Grid:
    """Every cell of a file in a row; ``start`` and ``counts`` ``[line]`` say where each line's stand."""

    def __init__(self, cells: list[bytes], counts: NDArray[np.int64]) -> None:
        self.cells, self.counts = cells, counts
        self.end = np.cumsum(counts)
        self.start = self.end - counts

    def at(self, column: int) -> NDArray[np.int64]:
        """``[line]``: where the cell of ``column`` stands, if the line is wide enough."""
        return self.start + column if column >= 0 else self.end + column

    def taken(self, places: NDArray[np.int64]) -> list[bytes]:
        """The cells at ``places``; where all lines are equally wide, one slice takes a column."""
        steps = np.diff(places)
        if len(steps) and (steps == steps[0]).all():
            return self.cells[places[0] : places[-1] + 1 : steps[0]]
        return [self.cells[i] for i in places.tolist()]


def _grid(data: bytes) -> _Grid:
    """Cells split at tabs, which may hold spaces, where every line has a tab; else at any white space."""
    lines = data.split(b"\n")[:-1] if _holds_spaces_in_cells(data) else []
    lines = [line.rstrip(b" \t\r") for line in lines]
    if lines and all(b"\t" in line for line in lines if line and not line.startswith((b"#", _DOCSTART))):
        rows = [line.split(b"\t") if line else [] for line in lines]
        return _Grid([cell for row in rows for cell in row], np.array([len(row) for row in rows]))
    text = np.frombuffer(data, dtype=np.uint8)
    space = _SPACE[text]
    begins = ~space
    begins[1:] &= space[:-1]
    line_starts = np.append(0, np.flatnonzero(text == ord("\n"))[:-1] + 1)
    return _Grid(data.split(), np.add.reduceat(begins, line_starts, dtype=np.int64))


def _holds_spaces_in_cells(data: bytes) -> bool:
    """Whether cells split at tabs may differ from cells split at any white space."""
    return b"\t" in data and any(sign in data for sign in (b" ", b"\t\t", b"\n\t"))


def _mark_specials(marks: NDArray[np.int64], grid: _Grid, column: int) -> NDArray[np.int64]:
    """Set which lines are breaks, and which are comments; the lines (from 0) at which articles begin.

    A line that begins with ``#`` and a space is a token all the same if it has as many columns as others
    and a tag among them.
    """
    filled = np.flatnonzero(grid.counts)
    width = int(np.median(grid.counts[filled]))
    articles = []
    for i, head in zip(filled.tolist(), grid.taken(grid.start[filled]), strict=True):
        if head == _DOCSTART:
            marks[i] = _BREAK
            articles.append(i)
        elif head == _BOUNDARY:
            marks[i] = _BREAK
        elif head == b"#" or head.startswith(b"# "):
            comment = grid.counts[i] != width or not _holds_tag(grid, i, column)
            marks[i] = _COMMENT if comment else _TOKEN
    return np.array(articles, dtype=np.int64)


def _holds_tag(grid: _Grid, line: int, column: int) -> bool:
    row = grid.cells[grid.start[line] : grid.end[line]]
    return -len(row) <= column < len(row) and is_tag(row[column].decode())


def _check_width(
    counts: NDArray[np.int64], line: NDArray[np.int64], column: int, path: str | PathLike[str]
) -> None:
    narrow = counts < (column + 1 if column >= 0 else -column)
    if narrow.any():
        at = int(np.argmax(narrow))
        raise CorpusError(
            f"this row has {counts[at]} columns, so none is column {column} (they count from 0)",
            path=path,
            line=int(line[at]),
        )


def _parsed(
    raw: list[bytes], line: NDArray[np.int64], path: str | PathLike[str], column: int, bare: bool
) -> tuple[list[str], tuple[str, ...]]:
    """The tags in ``raw``, and a note if some had to be understood."""
    cells = {cell: cell.decode() for cell in dict.fromkeys(raw)}
    tags = {cell: _understood(text, bare) for cell, text in cells.items()}
    for cell, tag in tags.items():
        if tag is None:
            fault = f"column {column} holds {quoted(cells[cell])}, which is no tag: {_advice(cells[cell])}"
            raise CorpusError(fault, path=path, line=int(line[raw.index(cell)]))
    found = {cell: tag for cell, tag in tags.items() if tag is not None}
    return list(map(found.__getitem__, raw)), tuple(_notes(cells, found, raw, path))


def _understood(text: str, bare: bool) -> str | None:
    """``text`` as a tag, if it is one: as it stands, or with its prefix in upper case."""
    if is_tag(text):
        return text
    if bare:
        return "O" if text == "o" else f"I-{text}" if text.strip("-_") else None
    prefix, hyphen, label = text.partition("-")
    return upper if is_tag(upper := prefix.upper() + hyphen + label) else None


def _notes(
    cells: Mapping[bytes, str], tags: Mapping[bytes, str], raw: list[bytes], path: str | PathLike[str]
) -> list[str]:
    lower = {cell for cell, tag in tags.items() if tag != cells[cell] and tag[1:] == cells[cell][1:]}
    count = sum(cell in lower for cell in raw) if lower else 0
    return [f"{path}: tags in lower case, {count:,} of them, were read as upper case"] if count else []


def _advice(text: str) -> str:
    """What to do about a cell that is no tag."""
    prefix, hyphen, label = text.partition("-")
    if hyphen and not label and is_tag(f"{prefix.upper()}-x"):
        return "its label is missing after the hyphen"
    if text in ("_", "-", ""):
        return "a token outside every entity has the tag O"
    if label and is_tag(f"{text.rpartition('-')[2].upper()}-x"):
        return f"the prefix stands first: {label}-{prefix}"
    if len(text) > 1 and text[0] in "BIESLUM" and text[1:].isupper() and len(text) < 30:
        prefixed = f"{text[0]}-{text[1:].lstrip('_')}"
        return f"a prefix needs a hyphen ({prefixed}?); if tags have no prefix, say so: --scheme io"
    return (
        "expected O, or one of B- I- E- S- L- U- M- before a label; name the column that holds the tags, "
        "or say that tags have no prefix (--scheme io)"
    )


def _probabilities(
    cells: list[bytes], tags: list[str], line: NDArray[np.int64], path: str | PathLike[str]
) -> NDArray[np.float64]:
    """The scores in ``cells``; an ``O`` needs none."""
    scores = np.array([_number(cell) for cell in cells])
    wrong = ~((scores >= 0) & (scores <= 1))
    wrong &= np.array([tag != "O" or cell not in (b"_", b"-") for tag, cell in zip(tags, cells, strict=True)])
    if wrong.any():
        at = int(np.argmax(wrong))
        fault = f"the score {quoted(cells[at].decode())} is no number from 0 to 1"
        raise CorpusError(fault, path=path, line=int(line[at]))
    return scores


def _number(cell: bytes) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _read(path: str | PathLike[str]) -> bytes:
    """A file's text as UTF-8, every line ended by a line feed."""
    source = inspect(Path(path))
    with opened(source.path, source.member) as file:
        data = file.read()
    if source.encoding != "utf-8":
        data = data.decode(source.encoding).encode()
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    return data if data.endswith(b"\n") else data + b"\n"
