"""Word vector files: word2vec (text and binary), GloVe and fastText ``.vec``, each also gzipped.

What a file is, is told from its content. All text layouts are one: a word and its numbers on a line, with
spaces between, after a first line "words dimension" (word2vec, fastText) or none (GloVe). Source of the
binary layout: ``word2vec.c`` of Mikolov et al., 2013: word, space, little-endian float32 numbers and,
mostly, a line feed.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from onoma.errors import InputError
from onoma.features.principal import check_reducible, fit_reduction
from onoma.features.static import StaticVectors, WordLexicon, quantised_table

__all__ = ["VectorFile", "import_vectors", "open_vectors"]

GZIP, FASTTEXT_BIN = b"\x1f\x8b", b"\xba\x16\x4f\x2f"
HEAD = 1 << 18  # bytes looked at to tell what a file is
LONGEST = 10_000  # bytes of a word in a binary file; more means that it is no such file
BLOCK = 8192  # vectors handled at once
EXPECTED = "expected is a vector file of word2vec (text or binary), GloVe or fastText (.vec), gzipped or not"


class Row(NamedTuple):
    """A word as bytes, its vector, and where: the line, in a binary file the number of the vector."""

    place: int
    word: bytes
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VectorFile:
    """The words and vectors of a file; iterating streams them, as often as wanted.

    The first of equal words wins. ``skipped`` counts, for the reading last begun, words left out:
    ``repeated`` ones, and ``unreadable`` ones (empty, or not UTF-8). ``announced`` is the number of vectors
    that the file's first line gives. Iterating raises `InputError`, naming the line, at a vector of another
    dimension, a number that is none or not finite, and a file that ends too early or too late.
    """

    path: Path
    layout: Literal["text", "binary"]
    dim: int
    announced: int | None = None
    limit: int | None = None
    skipped: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Words with vectors [dim], at most ``limit``."""
        self.skipped.clear()
        seen: set[str] = set()
        for row in self._rows():
            if len(seen) == self.limit:
                return
            if not np.isfinite(row.vector).all():
                raise self._error(row.place, "a number is not finite")
            word = _decoded(row.word)
            if not word or word in seen:
                self.skipped["repeated" if word else "unreadable"] += 1
                continue
            seen.add(word)
            yield word, row.vector

    def blocks(self) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        """The same in blocks: words and their vectors [n, dim]."""
        words: list[str] = []
        vectors: list[NDArray[np.float32]] = []
        for word, vector in self:
            words.append(word)
            vectors.append(vector)
            if len(words) == BLOCK:
                yield words, np.stack(vectors)
                words, vectors = [], []
        if words:
            yield words, np.stack(vectors)

    def _rows(self) -> Iterator[Row]:
        with _opened(self.path) as file:
            if self.announced is not None:
                file.readline()
            yield from self._binary_rows(file) if self.layout == "binary" else self._text_rows(file)

    def _text_rows(self, file: IO[bytes]) -> Iterator[Row]:
        rows = 0
        for place, line in enumerate(file, start=1 if self.announced is None else 2):
            if line.isspace():
                continue
            word, *numbers = line.rstrip(b" \r\n").rsplit(b" ", self.dim)
            # a word may hold spaces (". . ."), but one that ends in a number has eaten it
            if len(numbers) != self.dim or _ends_in_number(word.partition(b" ")[2]):
                raise self._error(place, f"{len(line.split()) - 1} numbers follow the word, not {self.dim}")
            yield Row(place, word, self._parsed(place, numbers))
            rows += 1
        if self.announced not in (None, rows):
            raise self._error(1, f"{self.announced} vectors are announced, the file holds {rows}")

    def _parsed(self, place: int, numbers: list[bytes]) -> NDArray[np.float32]:
        try:
            with np.errstate(over="ignore"):  # too large a number becomes infinite, which is refused
                return np.array([float(number) for number in numbers], np.float32)
        except ValueError as error:
            raise self._error(place, str(error)) from error

    def _binary_rows(self, file: IO[bytes]) -> Iterator[Row]:
        for place in range(1, cast(int, self.announced) + 1):
            word = bytearray()
            while (byte := file.read(1)) not in (b" ", b"") and len(word) < LONGEST:
                word += byte
            numbers = file.read(4 * self.dim) if byte == b" " else b""
            if len(numbers) < 4 * self.dim:
                raise self._error(1, f"{self.announced} vectors are announced, number {place} is not whole")
            yield Row(place, bytes(word).lstrip(b"\n"), np.frombuffer(numbers, "<f4").astype(np.float32))
        if file.read(2).strip():
            raise self._error(1, f"the file holds more than the {self.announced} vectors it announces")

    def _error(self, place: int, what: str) -> InputError:
        return InputError(f"{self.path}:{place}: {what}; {EXPECTED}")


def open_vectors(path: str | PathLike[str], limit: int | None = None) -> VectorFile:
    """Tell from its first bytes what a vector file is; read it by iterating over what is returned.

    ``limit``, at least 1, is the number of words to read, which such files hold by falling frequency.
    Raises `InputError` when there is no such file or it is nothing of the kind.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "two.vec"
    >>> _ = file.write_text("2 3\\nOslo 1 0 0.5\\nrain 0 1 -1\\n")
    >>> vectors = open_vectors(file)
    >>> vectors.layout, vectors.dim, [(word, vector.tolist()) for word, vector in vectors]
    ('text', 3, [('Oslo', [1.0, 0.0, 0.5]), ('rain', [0.0, 1.0, -1.0])])
    """
    if limit is not None and limit < 1:
        raise InputError(f"a limit of {limit} words reads nothing; give 1 or more")
    with _opened(Path(path)) as file:
        head = file.read(HEAD)
    first, _, rest = head.partition(b"\n")
    announced = re.fullmatch(rb"\s*(\d{1,12})\s+(\d{1,6})\s*", first)
    if announced:
        words, dim = map(int, announced.groups())
        found = VectorFile(Path(path), "text" if _is_text(rest) else "binary", dim, words, limit)
    else:
        found = VectorFile(Path(path), "text", len(first.split()) - 1, None, limit)
    if found.dim < 1 or (announced is None and not _is_text(head)):
        hint = "; this is fastText's own .bin: use the .vec beside it" if head[:4] == FASTTEXT_BIN else ""
        raise InputError(f"{path} holds no word vectors that can be read: {EXPECTED}{hint}")
    return found


def import_vectors(
    path: str | PathLike[str],
    dim: int | None = None,
    limit: int | None = None,
    licence: str = "unknown",
    progress: Callable[[int, int | None], None] | None = None,
) -> StaticVectors:
    """The words and vectors of a file as `StaticVectors`.

    The numbers stay as they are but for rounding to int8; with ``dim`` they are centred, reduced to as many
    principal components and scaled to a variance of 1 a component on average, which reads the file twice.
    Memory holds the words, the int8 table and a block of vectors. ``progress(done, all)`` is called after
    each block of each reading. Raises `InputError` as `open_vectors` and reading do.
    """
    file = open_vectors(path, limit)
    if dim is not None:
        check_reducible(file.dim, dim)
    words: list[str] = []

    def matrices() -> Iterator[NDArray[np.float32]]:
        done = 0
        for names, block in file.blocks():
            words.extend(names)
            done += len(names)
            yield block
            if progress is not None:
                progress(done, limit or file.announced)

    reduction = None if dim is None else fit_reduction(matrices(), dim)
    words.clear()
    table, scale = quantised_table(block if reduction is None else reduction(block) for block in matrices())
    about: dict[str, Any] = {"source": file.path.name, "licence": licence, "skipped": dict(file.skipped)}
    if reduction is not None:
        about["variance_kept"] = round(reduction.kept, 4)
    return StaticVectors(WordLexicon(words), table, scale, about)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unzipped; what goes wrong while reading is an `InputError`."""
    try:
        with path.open("rb") as raw:
            zipped = raw.peek(2)[:2] == GZIP
            yield cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if zipped else raw
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {path}: {reason}; {EXPECTED}") from error


def _is_text(content: bytes) -> bool:
    """Whether this is a line ending in a number, with no control characters near."""
    plain = not re.search(rb"[\x00-\x08\x0e-\x1f]", content[:1000])
    return plain and _ends_in_number(content.partition(b"\n")[0])


def _ends_in_number(text: bytes) -> bool:
    try:
        float(text.split()[-1])
    except (IndexError, ValueError):
        return False
    return True


def _decoded(word: bytes) -> str | None:
    """The word, or none when it is not UTF-8 or runs over a line."""
    try:
        text = word.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\n" in text else text
