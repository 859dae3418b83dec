"""What ``onoma extract`` reads: arguments, files and standard input, as batches of documents."""

from __future__ import annotations

import codecs
import glob
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from onoma.errors import InputError
from onoma.text import Document

__all__ = ["STDIN", "checked_encoding", "expand", "file_batches", "line_batches", "read_text", "text_batches"]

STDIN = "-"
_CHUNK = 1 << 16  # bytes asked of a pipe at once; it gives what it has
_FILES = 16  # files tagged together


def checked_encoding(name: str) -> str:
    """``name`` if Python knows it as a text encoding, else `InputError`; UTF-8 may begin with a mark.

    >>> checked_encoding("UTF8"), checked_encoding("latin-1")
    ('utf-8-sig', 'latin-1')
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=name)
    except LookupError as error:
        raise InputError(f"unknown encoding {name!r}; try utf-8, utf-16, latin-1 or cp1252") from error
    return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name


def expand(patterns: Iterable[str]) -> list[str]:
    """The files that ``patterns`` name, in order; ``*``, ``?``, ``[…]`` and ``**`` (any depth) as in a shell.

    Raises `InputError` for a file that is not there, a folder, and a pattern that fits no file.
    """
    return [path for pattern in patterns for path in _expand_one(pattern)]


def _expand_one(pattern: str) -> list[str]:
    path = Path(pattern)
    if path.is_dir():
        raise InputError(f"{pattern} is a folder; name its files, for example --file '{path / '*.txt'}'")
    if path.exists():
        return [pattern]
    named = glob.glob(pattern, recursive=True)  # noqa: PTH207 (a Path globs no absolute pattern)
    found = sorted(name for name in named if Path(name).is_file())
    if not found:
        fault = "fits no file" if glob.has_magic(pattern) else "is not there"
        raise InputError(f"{pattern} {fault}")
    return found


def text_batches(texts: Sequence[str], encoding: str) -> Iterator[list[Document]]:
    """Each of ``texts`` as a document; where one is ``-``, each line of standard input."""
    for number, text in enumerate(texts, start=1):
        if text != STDIN:
            yield [Document.from_text(_sound(text, number))]
        elif sys.stdin is None:
            raise InputError("there is no standard input to read")
        else:
            for lines in line_batches(sys.stdin.buffer, encoding):
                yield [Document.from_text(line) for line in lines]


def _sound(text: str, number: int) -> str:
    """``text``, unless the bytes it was given as are not the terminal's encoding."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"text {number} of the command line is not valid UTF-8") from error
    return text


def file_batches(paths: Iterable[str], encoding: str) -> Iterator[list[Document]]:
    """Each file as one document, its name in ``meta["file"]``."""
    source = iter(paths)
    while some := list(islice(source, _FILES)):
        yield [Document.from_text(read_text(p, encoding)).replace(meta={"file": p}) for p in some]


def read_text(path: str, encoding: str) -> str:
    """The whole text of a file, its line ends as they are, so that offsets are those of the file.

    Raises `InputError` naming the first byte that is not text in ``encoding``.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return _Decoder(path, encoding).decode(data, final=True)


def line_batches(stream: BinaryIO, encoding: str) -> Iterator[list[str]]:
    r"""The lines of ``stream``, without their ends, as many at a time as have already arrived.

    A slow writer gets an answer a line, a quick one is read in large batches; neither waits for the other.

    >>> import io
    >>> list(line_batches(io.BytesIO(b"one\ntwo\r\n\nlast"), "utf-8"))
    [['one', 'two', ''], ['last']]
    """
    decoder = _Decoder("standard input", encoding)
    begun: list[str] = []  # pieces of the line whose end has not come
    more = True
    while more:
        chunk = stream.read1(_CHUNK)  # type: ignore[attr-defined]
        more = bool(chunk)
        first, *rest = decoder.decode(chunk, final=not more).split("\n")
        begun.append(first)
        if rest:
            lines = ["".join(begun), *rest[:-1]]
            begun = [rest[-1]]
            yield [line.removesuffix("\r") for line in lines]
    if last := "".join(begun):
        yield [last]


class _Decoder:
    """Bytes to text piece by piece, with errors that name the byte."""

    def __init__(self, name: str, encoding: str) -> None:
        self._name, self._encoding = name, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._read = 0

    def decode(self, data: bytes, *, final: bool) -> str:
        held = len(self._decoder.getstate()[0])  # the beginning of a character whose end has not come
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise self._unreadable(self._read - held + error.start, "does not begin a character") from error
        if "\0" in text:
            raise self._unreadable(self._read + data.find(b"\0"), "is zero, as in a binary file or UTF-16")
        self._read += len(data)
        return text

    def _unreadable(self, byte: int, fault: str) -> InputError:
        encoding = self._encoding.removesuffix("-sig")
        return InputError(
            f"{self._name} is not {encoding} text: byte {byte:,} (counted from 0) {fault}; if it is text, "
            "name its encoding, for example --encoding latin-1"
        )
