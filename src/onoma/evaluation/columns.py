"""Column files, read for scoring only: words, tags and sentence breaks of a million lines in under a second.

Lines stay bytes and are split all at once; no documents are made (that is what `onoma.corpus` is for).
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import ne
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onoma.corpus.sources import inspect, opened, quoted
from onoma.corpus.tagged import is_tag
from onoma.errors import AlignmentError, CorpusError
from onoma.evaluation.judge import score_tags
from onoma.evaluation.scores import Scores

__all__ = ["Columns", "read_columns", "score_files"]

_BREAK, _TOKEN, _COMMENT = 0, 1, 2
_DOCSTART = b"-DOCSTART-"
_SIGNS = (b"\n" + _DOCSTART, b"\n# ", b"\n#\t", b"\n#\n")  # of lines that may be no tokens
_SPACE = np.isin(np.arange(256), list(b" \t\n\r\x0b\x0c"))  # as bytes.split() has it


@dataclass(frozen=True, slots=True)
class Columns:
    """The tokens of a column file: all arrays and lists are ``[token]``."""

    path: str
    words: list[bytes]  # empty where a file holds nothing but tags
    tags: list[str]
    first: NDArray[np.bool_]  # begins a sentence
    line: NDArray[np.int64]  # where it stands in the file, 1-based


def score_files(
    gold: str | PathLike[str],
    predicted: str | PathLike[str],
    *,
    gold_column: int = -1,
    predicted_column: int = -1,
    scheme: str = "auto",
) -> Scores:
    """Score a column file of predictions against one of gold tags.

    Columns count from 0, or from the last with -1. See `score_tags` for ``scheme``. Raises
    `AlignmentError` naming the first line in each file where words or sentence breaks differ,
    `CorpusError` for what is no column file or holds no tokens.

    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "gold").write_text("Ada B-per\\nwrote O\\n")
    >>> _ = (folder / "guess").write_text("Ada NNP O\\nwrote VBD O\\n")
    >>> score_files(folder / "gold", folder / "guess").strict.micro.support
    1
    """
    a = read_columns(gold, gold_column)
    b = read_columns(predicted, predicted_column)
    _check_aligned(a, b)
    return score_tags(a.tags, b.tags, a.first, scheme=scheme)


def read_columns(path: str | PathLike[str], column: int = -1) -> Columns:
    """Words (the first column) and tags (``column``) of a file with one token a line, blank lines between
    sentences; ``.gz`` and ``.zip`` too. ``-DOCSTART-`` lines end a sentence; comments are passed over.

    Raises `CorpusError` with the line that has no such column or no tag in it.
    """
    data = _read(path)
    grid = _grid(data)
    marks = np.where(grid.counts > 0, _TOKEN, _BREAK)
    if any(sign in data or data.startswith(sign[1:]) for sign in _SIGNS):
        _mark_specials(marks, grid, column)
    token = marks == _TOKEN
    if not token.any():
        raise CorpusError("the file holds no tokens: expected a word and its tag on each line", path=path)
    line = np.flatnonzero(token) + 1
    _check_width(grid.counts[token], line, column, path)
    words = grid.taken(grid.start[token])
    raw = grid.taken(grid.at(column)[token])
    first = np.diff(np.cumsum(marks == _BREAK)[token], prepend=-1) > 0
    return Columns(str(path), [] if words == raw else words, _parsed(raw, line, path, column), first, line)


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


def _mark_specials(marks: NDArray[np.int64], grid: _Grid, column: int) -> None:
    """Set which lines are breaks between documents, and which are comments.

    A line that begins with ``#`` and a space is a token all the same if it has as many columns as others
    and a tag among them.
    """
    filled = np.flatnonzero(grid.counts)
    width = int(np.median(grid.counts[filled]))
    for i, head in zip(filled.tolist(), grid.taken(grid.start[filled]), strict=True):
        if head == _DOCSTART:
            marks[i] = _BREAK
        elif head == b"#" or head.startswith(b"# "):
            comment = grid.counts[i] != width or not _holds_tag(grid, i, column)
            marks[i] = _COMMENT if comment else _TOKEN


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


def _parsed(raw: list[bytes], line: NDArray[np.int64], path: str | PathLike[str], column: int) -> list[str]:
    tags = {cell: cell.decode() for cell in dict.fromkeys(raw)}
    for cell, tag in tags.items():
        if not is_tag(tag):
            raise CorpusError(
                f"column {column} holds {quoted(tag)}, which is no tag: expected O, or one of "
                "B- I- E- S- L- U- M- before a label; name the column that holds the tags",
                path=path,
                line=int(line[raw.index(cell)]),
            )
    return list(map(tags.__getitem__, raw))


def _check_aligned(a: Columns, b: Columns) -> None:
    """Both files have the same words and the same sentence breaks, or `AlignmentError`."""
    same_words = not a.words or not b.words or a.words == b.words
    if same_words and np.array_equal(a.first, b.first):
        return
    both = min(len(a.tags), len(b.tags))
    differ = a.first[:both] != b.first[:both]
    if a.words and b.words:
        differ |= np.fromiter(map(ne, a.words, b.words), dtype=bool, count=both)
    raise AlignmentError(
        f"{_shown(a, differ)}, but {_shown(b, differ)}; both files must hold the same tokens and sentences"
    )


def _shown(side: Columns, differ: NDArray[np.bool_]) -> str:
    """What stands in a file where the two first differ."""
    at = int(np.argmax(differ)) if differ.any() else len(differ)
    if at >= len(side.tags):
        return f"{side.path} ends after line {side.line[-1]}"
    word = side.words[at].decode() if side.words else side.tags[at]
    begins = ", which begins a sentence" if side.first[at] else ""
    return f"{side.path}:{side.line[at]} has {quoted(word)}{begins}"


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
