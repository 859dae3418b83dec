"""One chain of lines on disk, in files that follow each other: written by one process, checked by anybody.

A folder holds ``00000001.jsonl`` and so on, each beginning with a line that names the code before it, and
``head.json``, which is written after the lines it seals have reached the disk.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from onoma.errors import BusyError, InputError, OutputError
from onoma.files import whole_file
from onoma.serving.chain import START, Head, Link, Seal, check_lines, link_of

__all__ = ["Segments", "check_segments", "segment_files"]

_HEAD = "head.json"


class Segments:
    """The writing end; one process at a time holds a folder."""

    def __init__(self, folder: Path, seal: Seal, *, size: int = 64 << 20, keep: int | None = None) -> None:
        """Go on where the folder's chain ends; a new file is begun after ``size`` bytes, ``keep`` are kept.

        What a crash left half-written at the end is cut off: nobody was told that it had been written.
        Raises `BusyError` where another process holds the folder, `InputError` where its end is not what was
        sealed, and `OutputError` where it cannot be written.
        """
        self.folder, self._seal, self._size, self._keep = folder, seal, size, keep
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (folder / "lock").open("w")
        except OSError as error:
            raise OutputError(f"the log {folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise BusyError(f"another process writes the log {folder}") from error
        self._file: IO[bytes] | None = None
        try:
            self._head = self._recovered()
            self._write_head()
        except OSError as error:
            self.close()
            raise OutputError(f"the log {folder} cannot be written: {error}") from error
        except InputError:
            self.close()
            raise

    @property
    def head(self) -> Head:
        """Where the chain ends."""
        return self._head

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Add a line for each record, and return when all of them have reached the disk.

        Raises `OSError` where that fails; then none of them is in the log.
        """
        file = self._opened()
        start, size = self._head, file.tell()
        try:
            _put(file, b"".join([self._line(record) for record in records]))
            self._write_head()
        except BaseException:
            self._head = start
            self._cut(size)
            raise
        if file.tell() >= self._size:
            self._rotate()

    def close(self) -> None:
        """Let go of the folder."""
        if self._file:
            self._file.close()
            self._file = None
        self._lock.close()

    def _line(self, record: Mapping[str, Any]) -> bytes:
        line = self._seal.line(self._head.code, {"n": self._head.n + 1, **record})
        link = link_of(line)
        assert link is not None
        self._head = self._head._replace(n=self._head.n + 1, code=link.code)
        return line + b"\n"

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = _file(self.folder, self._head.last).open("ab", buffering=0)
            if not self._file.tell():
                self._begin(self._file)
        return self._file

    def _begin(self, file: IO[bytes]) -> None:
        """The line that ties a file to the one before it."""
        before = self._head
        try:
            record = {"kind": "segment", "segment": before.last, "at": time.time(), "before": before.code}
            _put(file, self._line(record))
        except BaseException:
            self._head = before
            self._cut(0)
            raise

    def _cut(self, size: int) -> None:
        """Take back what was written after ``size``."""
        with suppress(OSError):
            if self._file:
                os.ftruncate(self._file.fileno(), size)
                self._file.seek(0, os.SEEK_END)
        if self._file:
            self._file.close()
            self._file = None

    def _rotate(self) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None
        last = self._head.last + 1
        first = max(self._head.first, last - self._keep + 1) if self._keep else self._head.first
        old = range(self._head.first, first)
        self._head = self._head._replace(last=last, first=first)
        self._write_head()  # before anything goes: what is missing then is not missed
        for number in old:
            _file(self.folder, number).unlink(missing_ok=True)

    def _write_head(self) -> None:
        try:
            with whole_file(self.folder / _HEAD) as file:
                file.write(self._head.sealed(self._seal))
        except OutputError as error:
            raise OSError(str(error)) from error

    def _recovered(self) -> Head:
        """The head, moved on over lines that were written after it and hold; a torn end is cut off."""
        try:
            head = Head.opened((self.folder / _HEAD).read_bytes(), self._seal)
        except FileNotFoundError:
            if segment_files(self.folder):
                raise InputError(f"the log {self.folder} has lost its head: onoma audit verify") from None
            return Head(1, 1, 0, START)
        if head is None:
            raise InputError(f"the head of the log {self.folder} does not hold: onoma audit verify")
        return self._moved_on(head)

    def _moved_on(self, head: Head) -> Head:
        path = _file(self.folder, head.last)
        content = path.read_bytes() if path.exists() else b""
        lines = content.split(b"\n")[:-1]
        rest = self._after(lines, head)
        for _, link, fault in check_lines(rest, self._seal, head.code, head.n):
            if link is None or fault:
                raise self._changed_end()
            head = head._replace(n=link.record["n"], code=link.code)
        whole = sum(len(line) + 1 for line in lines)
        if whole < len(content):
            os.truncate(path, whole)
        return head

    def _after(self, lines: list[bytes], head: Head) -> list[bytes]:
        """Those of the last file's lines that come after the head, which may end the file before it."""
        codes = [link.code if link else "" for link in map(link_of, lines)]
        if head.code in codes:
            return lines[codes.index(head.code) + 1 :]
        before = _file(self.folder, head.last - 1)
        last = link_of(before.read_bytes().split(b"\n")[-2:][0]) if head.n and before.exists() else None
        if head.n and (last is None or last.code != head.code):
            raise self._changed_end()
        return lines

    def _changed_end(self) -> InputError:
        return InputError(f"the end of the log {self.folder} was changed: onoma audit verify")


def _put(file: IO[bytes], content: bytes) -> None:
    """Write all of it, and see it to the disk."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())


def segment_files(folder: Path) -> list[int]:
    """The numbers of the files there are, in order."""
    return sorted(int(path.stem) for path in folder.glob("*.jsonl") if path.stem.isdigit())


def _file(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}.jsonl"


def check_segments(folder: Path, seal: Seal) -> Iterator[str | Link]:
    """Every line that holds, and, as a sentence each, everything that is wrong.

    A service may be writing meanwhile: the head is read first, and lines after it have only to hold.
    """
    try:
        head = Head.opened((folder / _HEAD).read_bytes(), seal)
    except FileNotFoundError:
        yield f"{folder / _HEAD}: is missing: whether the log is whole cannot be told"
        return
    if head is None:
        yield f"{folder / _HEAD}: was changed, or made with another secret"
        return
    before, n, sealed = None, 0, head.n == 0
    for number in sorted({*range(head.first, head.last), *segment_files(folder)}):
        path = _file(folder, number)
        try:
            lines = path.read_bytes().split(b"\n")[
                :-1
            ]  # a line without an end is being written, or never was
        except FileNotFoundError:
            if not _let_go(folder, number, seal):
                yield f"{path}: is missing"
            continue
        if number < head.first:
            continue  # it was let go of, and the service ended before it was gone
        if before is None:
            before, n = _before(lines, number)
        for place, link, fault in check_lines(lines, seal, before, n):
            if fault:
                yield f"{path}:{place}: {fault}"
            if link:
                before, n = link.code, link.record.get("n", n + 1)
                sealed = sealed or (link.code == head.code and n == head.n)
                yield link
    if not sealed:
        yield f"{folder}: the end is missing: line number {head.n} was sealed and is not there as it was"


def _let_go(folder: Path, number: int, seal: Seal) -> bool:
    """Whether a service that writes meanwhile has let go of a file."""
    head = Head.opened((folder / _HEAD).read_bytes(), seal)
    return head is not None and number < head.first


def _before(lines: Sequence[bytes], number: int) -> tuple[str, int]:
    """What the first file that is kept says came before it; its code holds only if that is so."""
    link = link_of(lines[0]) if lines else None
    if number == 1 or link is None:
        return START, 0
    return str(link.record.get("before", START)), int(link.record.get("n", 1)) - 1
