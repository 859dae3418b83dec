"""Opening a corpus, plain or packed: as lines of text, as bytes, or as a folder.

`examine` reads the bytes of a file once: it finds the encoding, takes the checksum, and stops at an archive
that unpacks to far more than text does. `lines` then streams the text; a line ends at a line feed only,
since words may hold any other character. `opened` and `content` give bytes.
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
from typing import IO, TextIO, cast

from onoma.errors import CorpusError

__all__ = [
    "AnySource",
    "ByteSource",
    "Examined",
    "FolderSource",
    "TextSource",
    "content",
    "divide",
    "examine",
    "folder_files",
    "folder_source",
    "inner_file",
    "inspect",
    "is_zip",
    "lines",
    "members",
    "opened",
    "quoted",
    "unpacked_limit",
]

_CHUNK = 1 << 20
_HEAD = 1 << 16  # bytes that a binary format is judged by
_FREE = 1 << 26  # an archive may unpack to this much, however small it is
_MOST_RATIO = 200  # text shrinks three to twenty times, a file of one repeated byte a thousand times
_MOST_UNPACKED = 1 << 36
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


@dataclass(frozen=True, slots=True)
class ByteSource:
    """A file that is no text: where it is, and the SHA-256 of its unpacked bytes."""

    path: Path
    member: str | None
    sha256: str
    size: int
    encoding: None = None

    def __str__(self) -> str:
        return str(self.path) if self.member is None else f"{self.path}!{self.member}"


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A folder, or an archive, that is one corpus: its files, and a SHA-256 over their names and contents.

    ``files`` are paths from ``path`` on, with slashes, sorted; hidden ones are left out.
    """

    path: Path
    files: tuple[str, ...]
    sha256: str
    size: int
    encoding: None = None

    def __str__(self) -> str:
        return str(self.path)


AnySource = TextSource | ByteSource | FolderSource


@dataclass(frozen=True, slots=True)
class Examined:
    """A file whose bytes were read once: what is needed to take it for text or for bytes."""

    path: Path
    member: str | None
    sha256: str
    size: int
    head: bytes
    guess: _EncodingGuess

    def as_bytes(self) -> ByteSource:
        """The file as bytes."""
        return ByteSource(self.path, self.member, self.sha256, self.size)

    def as_text(self, encoding: str | None = None) -> TextSource:
        """The file as text; raises `CorpusError` for binary content, unless its encoding is given."""
        if self.guess.binary and encoding is None:
            fault = "this is no text: it holds control bytes; is it another kind of file?"
            raise CorpusError(fault, path=str(self.as_bytes()))
        encoding = encoding or self.guess.result()
        return TextSource(self.path, self.member, encoding, self.sha256, self.size)


def inspect(path: str | Path, encoding: str | None = None) -> TextSource:
    """Read the file's bytes once and say what text it is; ``archive.zip!member`` names one file of many.

    UTF-8 (with or without byte order mark) is taken when every byte fits it, UTF-16 and UTF-32 when their
    mark says so; else Windows-1252 when a byte means something only there, and Latin-1.

    Raises `CorpusError` as `examine` does, and for binary content.
    """
    return examine(path).as_text(encoding)


def examine(path: str | Path, *, trusted: bool = False) -> Examined:
    """Read the file's bytes once; ``archive.zip!member`` names one file of many.

    Raises `CorpusError` for a folder, an empty or damaged file, an archive with several data files (which it
    lists), or one that unpacks to so much that it is no corpus, unless it is ``trusted``.
    """
    place, member = locate(path)
    digest, size, head, guess = hashlib.sha256(), 0, b"", _EncodingGuess()
    most = _most_unpacked(place, member) if not trusted else None
    for chunk in _chunks(place, member):
        digest.update(chunk)
        size += len(chunk)
        head = head or chunk[:_HEAD]
        guess.feed(chunk)
        if most is not None and size > most:
            raise _bomb(place, member, most)
    if not size:
        raise CorpusError("the file is empty", path=f"{place}!{member}" if member else place)
    return Examined(place, member, digest.hexdigest(), size, head, guess)


def folder_source(path: Path, *, trusted: bool = False) -> FolderSource:
    """Read the bytes of every file in a folder, or in a zip archive, once.

    Raises `CorpusError` for an archive as `examine` does.
    """
    digest, size, names = hashlib.sha256(), 0, folder_files(path)
    for name in names:
        content, begun = hashlib.sha256(), size
        most = _most_unpacked(path, name) if path.is_file() and not trusted else None
        for chunk in _chunks(*_inner(path, name)):
            content.update(chunk)
            size += len(chunk)
            if most is not None and size - begun > most:
                raise _bomb(path, name, most)
        digest.update(f"{name}\0{content.hexdigest()}\n".encode())
    return FolderSource(path, names, digest.hexdigest(), size)


def inner_file(source: FolderSource, name: str) -> bytes:
    """The bytes of one of a folder's, or an archive's, files."""
    with opened(*_inner(source.path, name)) as file:
        return file.read()


def _inner(path: Path, name: str) -> tuple[Path, str | None]:
    return (path, name) if path.is_file() else (path / name, None)


def folder_files(path: Path) -> tuple[str, ...]:
    """The files below a folder or in an archive, as sorted paths with slashes; hidden ones are left out."""
    if path.is_file():
        return tuple(sorted(members(path)))
    found = [place.relative_to(path) for place in path.rglob("*") if place.is_file()]
    seen = [place for place in found if not any(part.startswith(".") for part in place.parts)]
    return tuple(sorted(place.as_posix() for place in seen))


def content(source: ByteSource) -> bytes:
    """All the unpacked bytes of a file."""
    with opened(source.path, source.member) as file:
        return file.read()


def _most_unpacked(path: Path, member: str | None) -> int | None:
    """How many bytes an archive may unpack to; None for a plain file."""
    packing = _packing(path)
    if packing is None:
        return None
    packed = path.stat().st_size
    if member is not None:
        with _as_corpus_error(str(path)), zipfile.ZipFile(path) as archive:
            packed = archive.getinfo(member).compress_size
    return unpacked_limit(packed)


def unpacked_limit(packed: int) -> int:
    """How many bytes so many packed ones may become before they are taken for an attack."""
    return min(max(_FREE, _MOST_RATIO * packed), _MOST_UNPACKED)


def _bomb(path: Path, member: str | None, most: int) -> CorpusError:
    return CorpusError(
        f"the archive unpacks to more than {most:,} bytes, far more than text does ({_MOST_RATIO} times its "
        f"packed size, at most {_MOST_UNPACKED:,}): it may have been made to fill a disk or a memory. If you "
        "trust it, unpack it and give the unpacked file, or read it with trusted=True",
        path=f"{path}!{member}" if member else path,
    )


def locate(path: str | Path) -> tuple[Path, str | None]:
    """The file, and which of its members holds the data if it is a zip archive."""
    place, member = divide(path)
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
def lines(source: TextSource) -> Iterator[TextIO]:
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


def divide(path: str | Path) -> tuple[Path, str | None]:
    """The file, and the member of an archive that ``archive.zip!member`` names."""
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
        head = chunk[:_HEAD]
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
