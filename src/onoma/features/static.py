"""Static word vectors: word → rows of a small table whose mean is the word's vector.

Two kinds of lexicon say which rows a word has. A `WordLexicon` lists words (GloVe, word2vec, fastText): a
word it does not hold has no rows. A `PieceLexicon` cuts any word into word pieces, so every word that will
ever come has a vector. The table is int8 with one scale a row, 30,522 pieces × 128 in 4 MB; row 0 is
padding, all zeros.

The lexicon alone is what tagging needs: in a bundle the table lives inside the network.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import IO, Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from onoma.errors import InputError
from onoma.files import whole_file

__all__ = [
    "LONGEST_WORD",
    "PieceLexicon",
    "StaticLexicon",
    "StaticVectors",
    "WordLexicon",
    "quantise",
    "quantised_table",
]

#: Characters of a word that are looked at; a 5 MB word costs no more than one of this length.
LONGEST_WORD = 100

FORMAT = "onoma-static-vectors-1"


class StaticLexicon(ABC):
    """Which rows of a table stand for a word: all that tagging needs, without the table.

    ``kind`` is its name in files, ``file_name`` its file in a bundle, ``size`` the rows its table has
    (padding included).

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> WordLexicon(["one", "two"]).save(folder).name
    'words.txt'
    >>> StaticLexicon.load(folder).rows("two")
    [2]
    """

    kind: ClassVar[str]
    file_name: ClassVar[str]

    @property
    @abstractmethod
    def size(self) -> int:
        """Rows that a table for this lexicon has, padding included."""

    @abstractmethod
    def rows_of(self, words: Sequence[str]) -> list[list[int]]:
        """The rows of each word, in order; an empty list for a word without a vector."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """The lexicon as the content of its file."""

    @classmethod
    @abstractmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The lexicon read back; raises `InputError` when the content is not one."""

    def rows(self, word: str) -> list[int]:
        """The rows of one word; many words at once are quicker with `rows_of`."""
        return self.rows_of([word])[0]

    def save(self, folder: str | PathLike[str]) -> Path:
        """Write the lexicon's one file into a folder; returns its path."""
        path = Path(folder) / self.file_name
        with whole_file(path, "wb") as file:
            cast(IO[bytes], file).write(self.to_bytes())
        return path

    @staticmethod
    def load(folder: str | PathLike[str]) -> StaticLexicon:
        """The lexicon that `save` wrote into a folder.

        Raises `InputError` when there is none, or a broken one.
        """
        for lexicon in LEXICONS.values():
            file = Path(folder) / lexicon.file_name
            if file.is_file():
                try:
                    return lexicon.from_bytes(file.read_bytes())
                except InputError as error:
                    raise InputError(f"{file}: {error}") from error
        names = " or ".join(lexicon.file_name for lexicon in LEXICONS.values())
        raise InputError(f"{folder} holds no lexicon of static vectors: a file {names} is expected")


class WordLexicon(StaticLexicon):
    """A list of words; word number i (from 0) has row i + 1.

    A word that is not listed as written is looked up in lower case; one that is not there either has no rows.

    >>> lexicon = WordLexicon(["Paris", "apple"])
    >>> lexicon.rows_of(["Paris", "Apple", "PARIS"])
    [[1], [2], []]
    """

    kind = "words"
    file_name = "words.txt"

    def __init__(self, words: Sequence[str]) -> None:
        """Raise `InputError` when a word is given twice or holds a line feed."""
        self.words = list(words)
        self._row = {word: row for row, word in enumerate(self.words, start=1)}
        if len(self._row) != len(self.words) or any("\n" in word for word in self.words):
            raise InputError("the words of a lexicon must be distinct and hold no line feed")

    @property
    def size(self) -> int:
        """One row a word, and padding."""
        return len(self.words) + 1

    def rows(self, word: str) -> list[int]:
        """The row of the word, else of its lower-case form, else none."""
        row = self._row.get(word)
        if row is None and len(word) <= LONGEST_WORD:
            row = self._row.get(word.lower())
        return [] if row is None else [row]

    def rows_of(self, words: Sequence[str]) -> list[list[int]]:
        """The rows of each word."""
        return [self.rows(word) for word in words]

    def to_bytes(self) -> bytes:
        """The words in UTF-8, one a line."""
        return "\n".join(self.words).encode("utf-8", "surrogatepass")

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The lexicon of a word list; raises `InputError` when it is not UTF-8 or repeats a word."""
        try:
            text = content.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise InputError(f"a word list must be UTF-8: {error}") from error
        return cls(text.split("\n") if text else [])


class PieceLexicon(StaticLexicon):
    """A tokenizer's word pieces; the piece with id i has row i + 1.

    Made from the JSON of a Hugging Face ``Tokenizer``; special tokens are never added. Each word is a text
    of its own, of which the first `LONGEST_WORD` characters are read.

    >>> from tokenizers.models import WordPiece
    >>> vocabulary = {"[UNK]": 0, "play": 1, "##ing": 2}
    >>> lexicon = PieceLexicon(Tokenizer(WordPiece(vocabulary, unk_token="[UNK]")).to_str())
    >>> lexicon.rows_of(["play", "playing", ""])
    [[2], [2, 3], []]
    """

    kind = "pieces"
    file_name = "tokenizer.json"

    def __init__(self, tokenizer_json: str) -> None:
        """Raise `InputError` when the JSON is not a tokenizer's."""
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer_json)
        except Exception as error:  # tokenizers raises the bare class
            raise InputError(f"not the JSON of a tokenizer: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    @property
    def size(self) -> int:
        """One row a piece, and padding."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 2

    def rows_of(self, words: Sequence[str]) -> list[list[int]]:
        """The rows of each word's pieces."""
        # half surrogate pairs, which tokenizers refuses, become "?"
        texts = (word[:LONGEST_WORD].encode("utf-8", "replace").decode("utf-8") for word in words)
        encode = self._tokenizer.encode  # not encode_batch, which keeps threads of its own on every core
        return [[piece + 1 for piece in encode(text, add_special_tokens=False).ids] for text in texts]

    def normalised(self, text: str) -> str:
        """What the tokenizer's normaliser makes of a text; the text itself where there is none."""
        normaliser = self._tokenizer.normalizer
        return text if normaliser is None else normaliser.normalize_str(text)

    def cut(self, text: str) -> list[str]:
        """The parts in which the tokenizer looks for pieces, of a text that is normalised."""
        cutter = self._tokenizer.pre_tokenizer
        return [text] if cutter is None else [part for part, _ in cutter.pre_tokenize_str(text)]

    def to_bytes(self) -> bytes:
        """The tokenizer's JSON."""
        return self._tokenizer.to_str().encode("utf-8")

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The lexicon of a tokenizer's JSON; raises `InputError` when it is not one."""
        return cls(content.decode("utf-8", "replace"))


LEXICONS: dict[str, type[WordLexicon] | type[PieceLexicon]] = {
    lexicon.kind: lexicon for lexicon in (WordLexicon, PieceLexicon)
}


def quantise(matrix: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows of floats as int8 with one scale a row, symmetric: ``codes * scale[:, None]`` gives them back.

    The error of a component is at most half its row's scale, which is 1/127 of the row's largest component.

    >>> codes, scale = quantise(np.array([[0.0, 0.0], [-2.54, 1.27]]))
    >>> codes.tolist(), [round(float(step), 3) for step in scale]
    ([[0, 0], [-127, 64]], [0.0, 0.02])
    """
    peak = np.abs(matrix).max(axis=1, initial=0.0)
    scale = (peak / 127).astype(np.float32)
    safe = np.where(scale > 0, scale, 1).astype(np.float64)
    return np.rint(matrix / safe[:, None]).clip(-127, 127).astype(np.int8), scale


def quantised_table(blocks: Iterable[NDArray[Any]]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The table and scale of the vectors in ``blocks``, each [n, dim]: a row of zeros, then theirs in order.

    Raises `InputError` when there are no vectors.
    """
    parts = [quantise(block) for block in blocks]
    if not parts:
        raise InputError("there are no vectors to make a table of")
    dim = parts[0][0].shape[1]
    table = np.concatenate([np.zeros((1, dim), np.int8), *(codes for codes, _ in parts)])
    return table, np.concatenate([np.zeros(1, np.float32), *(scale for _, scale in parts)])


class StaticVectors:
    """A lexicon and its table: int8 codes [row, dim] and a scale [row]; row 0 is all zeros.

    ``about`` says where the vectors come from and under which licence.

    >>> vectors = StaticVectors.of(WordLexicon(["Oslo", "rain"]), np.array([[1.0, -1.0], [0.5, 0.0]]))
    >>> vectors.vector("Oslo").tolist(), vectors.vector("snow").tolist()
    ([1.0, -1.0], [0.0, 0.0])
    """

    def __init__(
        self,
        lexicon: StaticLexicon,
        table: NDArray[np.int8],
        scale: NDArray[np.float32],
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """Raise `InputError` when lexicon, table and scale do not fit each other."""
        if table.ndim != 2 or table.dtype != np.int8 or scale.dtype != np.float32:
            raise InputError("a table of static vectors is int8 [row, dim], its scale float32 [row]")
        if not (len(table) == len(scale) == lexicon.size):
            raise InputError(
                f"the lexicon needs {lexicon.size} rows; the table has {len(table)}, the scale {len(scale)}"
            )
        if table[0].any() or not np.isfinite(scale).all():
            raise InputError("row 0 of a table of static vectors is zero, and its scales are finite")
        self.lexicon, self.table, self.scale = lexicon, table, scale
        self.about = dict(about or {})

    @classmethod
    def of(
        cls, lexicon: StaticLexicon, matrix: NDArray[Any], about: Mapping[str, Any] | None = None
    ) -> StaticVectors:
        """Quantise a matrix [row - 1, dim]: its line i becomes row i + 1, after the padding row."""
        return cls(lexicon, *quantised_table([matrix]), about)

    @property
    def kind(self) -> str:
        """``"words"`` or ``"pieces"``."""
        return self.lexicon.kind

    @property
    def dim(self) -> int:
        """Components of a vector."""
        return int(self.table.shape[1])

    def rows(self, word: str) -> list[int]:
        """The rows of a word; see `StaticLexicon`."""
        return self.lexicon.rows(word)

    def rows_of(self, words: Sequence[str]) -> list[list[int]]:
        """The rows of many words; see `StaticLexicon`."""
        return self.lexicon.rows_of(words)

    def vector(self, word: str) -> NDArray[np.float32]:
        """The mean of the word's rows [dim]; zeros when it has none."""
        rows = self.rows(word)
        if not rows:
            return np.zeros(self.dim, np.float32)
        mean = (self.table[rows] * self.scale[rows, None]).mean(axis=0)
        return cast(NDArray[np.float32], mean.astype(np.float32))

    def save(self, path: str | PathLike[str]) -> None:
        """Write one ``.npz`` file, without pickles; the same vectors give the same bytes.

        Raises `OutputError` when the file cannot be written.
        """
        about = json.dumps({**self.about, "format": FORMAT, "kind": self.kind}, sort_keys=True)
        with whole_file(path, "wb") as file:
            np.savez(
                cast(IO[bytes], file),
                about=_blob(about.encode("utf-8")),
                lexicon=_blob(self.lexicon.to_bytes()),
                table=self.table,
                scale=self.scale,
            )

    @classmethod
    def load(cls, path: str | PathLike[str]) -> StaticVectors:
        """Read what `save` wrote; raises `InputError` when the file is missing, damaged or something else.

        >>> import tempfile, pathlib
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "v.npz"
        >>> StaticVectors.of(WordLexicon(["Oslo"]), np.ones((1, 2))).save(file)
        >>> StaticVectors.load(file).vector("oslo").tolist(), StaticVectors.load(file).vector("Oslo").tolist()
        ([0.0, 0.0], [1.0, 1.0])
        """
        if not Path(path).is_file():
            raise InputError(f"there is no file of static vectors at {path}")
        try:
            return cls._read(Path(path))
        except Exception as error:  # a damaged archive fails in ways that no list of classes covers
            raise InputError(
                f"{path} is not a file of static vectors, or it is damaged ({error}); "
                "make one with `onoma vectors distil` or `onoma vectors import`"
            ) from error

    @classmethod
    def _read(cls, path: Path) -> StaticVectors:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            about = json.loads(arrays["about"].tobytes())
            if about.pop("format") != FORMAT:
                raise InputError(f"its format is not {FORMAT}")
            lexicon = LEXICONS[about.pop("kind")].from_bytes(arrays["lexicon"].tobytes())
            return cls(lexicon, arrays["table"], arrays["scale"], about)


def _blob(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content, np.uint8)
