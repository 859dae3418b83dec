"""Opening a corpus file, plain or packed, as lines of text.

`inspect` reads the bytes once: it finds the encoding, refuses what is no text, and takes the checksum.
`lines` then streams the text; a line ends at a line feed only, since words may hold any other character.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from onoma.errors import CorpusError

__all__ = ["TextSource", "inspect", "lines", "members", "opened", "quoted"]

_CHUNK = 1 << 20
_MAGIC = {b"\x1f\x8b": "gz", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SIDE_FILES = ("readme", "license", "licence", "copying", "changelog", "notice", "citation")
_BROKEN = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile)
# control characters that no text file holds, and how many of a file's first bytes may be such
_CONTROL = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1b")
_MOST_CONTROL = 0.01
# bytes that Windows-1252 prints and ISO 8859-1 leaves to control codes
_C1 = bytes(range(0x80, 0xA0))
_NOT_CP1252 = b"\x81\x8d\x8f\x90\x9d"


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text in a file: where it is, how it is encoded, and the SHA-256 of its unpacked bytes."""

    path: Path
    member: str | None
    encoding: str
    sha256: str
    size: int

    def __str__(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}!{self.member}"


def inspect(path: str | Path, encoding: str | None = None) -> TextSource:
    """Read the file's bytes once and say what text it is; ``archive.zip!member`` names one file of many.

    UTF-8 (with or without byte order mark) is taken when every byte fits it, UTF-16 and UTF-32 when their
    mark says so; else Windows-1252 when a byte means something only there, and Latin-1.

    Raises `CorpusError` for a folder, an empty or damaged file, binary content, or an archive with several
    data files (which it lists).
    """
    place, member = locate(path)
    digest, size = hashlib.sha256(), 0
    guess = _EncodingGuess()
    for chunk in _chunks(place, member):
        digest.update(chunk)
        size += len(chunk)
        guess.feed(chunk)
    name = f"{place}!{member}" if member else str(place)
    if not size:
        raise CorpusError("the file is empty", path=name)
    if guess.binary and encoding is None:
        raise CorpusError("this is no text: it holds control bytes; is it another kind of file?", path=name)
    return TextSource(place, member, encoding or guess.result(), digest.hexdigest(), size)


def locate(path: str | Path) -> tuple[Path, str | None]:
    """The file, and which of its members holds the data if it is a zip archive."""
    place, member = _divide(path)
    if place.is_dir():
        raise CorpusError("this is a folder; give a file, or name the split to read from it", path=place)
    if not place.is_file():
        raise CorpusError("there is no such file", path=place)
    if _packing(place) != "zip":
        if member is not None:
            raise CorpusError(f"this is no zip archive, so it has no member {member!r}", path=place)
        return place, None
    return place, _only_member(place, member)


def members(path: str | Path) -> list[str]:
    """The data files of a zip archive: folders, hidden files and read-me files left out."""
    with _as_corpus_error(str(path)), zipfile.ZipFile(path) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    return [name for name in names if _is_data(PurePosixPath(name))]


def is_zip(path: Path) -> bool:
    """Whether ``path`` is a zip archive, judged by its first bytes."""
    return path.is_file() and _packing(path) == "zip"


@contextmanager
def opened(path: Path, member: str | None) -> Iterator[IO[bytes]]:
    """The unpacked bytes of a file; whatever is wrong with its packing is a `CorpusError`."""
    with _as_corpus_error(f"{path}!{member}" if member else str(path)):
        if member is not None:
            with zipfile.ZipFile(path) as archive, archive.open(member) as file:
                yield file
        elif _packing(path) == "gz":
            with gzip.open(path, "rb") as packed:
                yield cast("IO[bytes]", packed)
        else:
            with path.open("rb") as file:
                yield file


@contextmanager
def lines(source: TextSource) -> Iterator[Iterator[str]]:
    """The text's lines, each with its line feed, streamed."""
    with opened(source.path, source.member) as file:
        try:
            with io.TextIOWrapper(file, encoding=source.encoding, newline="\n") as text:
                yield text
        except UnicodeError as error:
            raise CorpusError(f"the text is not {source.encoding}: {error}", path=str(source)) from error


def quoted(text: str, limit: int = 60) -> str:
    """``text`` in quotes for a message, its middle left out when it is long.

    >>> quoted("a" * 100, limit=10)
    "'aaaaa…aaaaa' (100 characters)"
    """
    if len(text) <= limit:
        return repr(text)
    half = limit // 2
    return f"{text[:half] + '…' + text[-half:]!r} ({len(text):,} characters)"


def _divide(path: str | Path) -> tuple[Path, str | None]:
    whole = Path(path)
    before, mark, member = str(path).partition("!")
    if not mark or whole.exists():
        return whole, None
    return Path(before), member


def _packing(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(4)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def _is_data(name: PurePosixPath) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return not hidden and not name.stem.lower().startswith(_SIDE_FILES)


def _only_member(path: Path, wanted: str | None) -> str:
    found = members(path)
    if wanted is not None:
        found = [name for name in found if wanted in (name, PurePosixPath(name).name)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(found or members(path)) or "none"
    which = f"no single data file {wanted!r}" if wanted else f"{len(found)} data files"
    advice = f"name one as {path}!FILE" if listed != "none" else "unpack it or give another file"
    raise CorpusError(f"the archive holds {which}; it has: {listed}. {advice}", path=path)


def _chunks(path: Path, member: str | None) -> Iterator[bytes]:
    with opened(path, member) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


@contextmanager
def _as_corpus_error(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise CorpusError(f"the archive is damaged or cut short: {error}", path=name) from error
    except (RuntimeError, NotImplementedError) as error:
        if "password" not in str(error) and not isinstance(error, NotImplementedError):
            raise
        raise CorpusError(f"the archive cannot be unpacked: {error}", path=name) from error


class _EncodingGuess:
    """What the bytes seen so far leave possible."""

    def __init__(self) -> None:
        self._mark: str | None = None
        self._utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._c1: set[int] = set()
        self.binary = False
        self._seen = False

    def feed(self, chunk: bytes) -> None:
        if not self._seen:
            self._first(chunk)
        if self._utf8 is not None:
            try:
                self._utf8.decode(chunk)
            except UnicodeDecodeError:
                self._utf8 = None
        if not chunk.isascii():
            self._c1.update(byte for byte in _C1 if byte in chunk)

    def _first(self, chunk: bytes) -> None:
        self._seen = True
        self._mark = next((name for mark, name in _BOMS.items() if chunk.startswith(mark)), None)
        head = chunk[: 1 << 16]
        control = len(head) - len(head.translate(None, _CONTROL))
        self.binary = self._mark is None and control > _MOST_CONTROL * len(head)

    def result(self) -> str:
        if self._mark is not None:
            return self._mark
        if self._whole_utf8():
            return "utf-8"
        return "cp1252" if self._c1 and not self._c1.intersection(_NOT_CP1252) else "latin-1"

    def _whole_utf8(self) -> bool:
        try:
            return self._utf8 is not None and self._utf8.decode(b"", final=True) == ""
        except UnicodeDecodeError:
            return False
