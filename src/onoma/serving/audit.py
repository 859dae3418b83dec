"""The audit log: who had what read, when, by which tagger, and what was found; never the text itself.

A thread writes lines in batches, each sealed to the disk before those who wait for it are told. Every process
of a service has a lane (a folder) of its own, and the log's own list of lanes is sealed too.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ConfigDict

from onoma.errors import BusyError, InputError, OutputError
from onoma.files import whole_file
from onoma.serving.asking import Answer, Ask
from onoma.serving.chain import Seal, link_of
from onoma.serving.segments import Segments, check_segments

__all__ = ["Audit", "AuditRules", "Checked", "prediction", "secret_of", "verify"]

_LANES = "lanes.json"
_MOST_WAITING = 100_000  # lines that wait for a disk that is full
_AGAIN = 0.5  # seconds between tries to write


@dataclass(frozen=True)
class AuditRules:
    """``folder``: where the log is. ``secret``: a file with the key of its codes and hashes; one is made in
    the folder where none is named, which keeps out mistakes but nobody who can read it.

    ``refuse``: while the log cannot be written nothing is answered. ``wait``: an answer is given only when
    its line has reached the disk. ``texts``: the raw texts are written too. ``batch`` is how many seconds
    lines may gather, ``segment`` how many bytes a file has, ``keep`` how many files are kept (None: all).
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    folder: Path
    secret: Path | None = None
    refuse: bool = True
    wait: bool = False
    texts: bool = False
    batch: float = 0.05
    segment: int = 64 << 20
    keep: int | None = None

    def __post_init__(self) -> None:
        if self.segment < 1 or self.batch < 0 or (self.keep is not None and self.keep < 2):
            raise InputError(
                "an audit log needs segments of at least 1 byte, no negative batch, and keeps 2 files"
            )


class Audit:
    """The writing end of one process.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Audit(AuditRules(folder)) as audit:
    ...     _ = audit.append({"kind": "example"}).result()
    >>> verify(folder).lines, verify(folder).faults
    (3, [])
    """

    def __init__(self, rules: AuditRules) -> None:
        """Open a lane that no other process holds; raises `OutputError` or `InputError` where it cannot."""
        self.rules = rules
        self.failing = ""
        self.lost = 0
        self._secret = secret_of(rules.folder, rules.secret, make=True)
        self.seal = Seal(self._secret)
        self._segments = _lane(rules, self.seal)
        self._waiting: deque[tuple[Mapping[str, Any], Future[None]]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="onoma-audit", daemon=True)
        self._thread.start()
        self.append({"kind": "start", "pid": os.getpid()})

    def check(self) -> None:
        """Raise `BusyError` where nothing may be answered because the log cannot be written."""
        if self.failing and self.rules.refuse:
            raise BusyError(
                "the audit log cannot be written, and nothing is answered unaudited", retry_after=1.0
            )

    def append(self, record: Mapping[str, Any]) -> Future[None]:
        """Write ``record``, with the time; the future is done when it has reached the disk, or cannot.

        Lines that nobody waits for are written later where the disk is full now, up to a number; those that
        are lost beyond it are counted and told of in the log.
        """
        done: Future[None] = Future()
        with self._changed:
            if len(self._waiting) >= _MOST_WAITING:
                self.lost += 1
                done.set_exception(OutputError("the audit log cannot be written"))
                return done
            self._waiting.append(({"at": round(time.time(), 6), **record}, done))
            self._changed.notify()
        return done

    @property
    def waiting(self) -> int:
        """How many lines have not reached the disk."""
        return len(self._waiting)

    def close(self) -> None:
        """Write what waits, if it can be written, and let go of the lane."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._segments.close()

    def __enter__(self) -> Audit:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._waiting or self._closing or self.failing):
                    self._changed.wait()
                closing = self._closing
            if not closing:
                time.sleep(self.rules.batch if not self.failing else _AGAIN)
            self._write()
            if closing and (self.failing or not self._waiting):
                return

    def _write(self) -> None:
        with self._changed:
            batch = list(self._waiting)
        lost, after = self.lost, self.failing
        records = [record for record, _ in batch]
        if after:
            records.insert(0, {"at": time.time(), "kind": "resumed", "after": after, "lost": lost})
        try:
            if records:
                self._segments.write(records)
        except OSError as error:
            self._fail(error)
            return
        with self._changed:
            for _ in batch:
                self._waiting.popleft()
            self.lost -= lost
        self.failing = ""
        for _, done in batch:
            if done.set_running_or_notify_cancel():
                done.set_result(None)

    def _fail(self, error: OSError) -> None:
        """Where answers wait for their lines they are not given, and the lines not written."""
        self.failing = error.strerror or str(error)
        if not self.rules.wait:
            return
        with self._changed:
            batch = list(self._waiting)
            self._waiting.clear()
        for _, done in batch:
            if done.set_running_or_notify_cancel():
                done.set_exception(OutputError(f"the audit log cannot be written: {self.failing}"))


def prediction(ask: Ask, answer: Answer, seal: Seal, *, texts: bool = False) -> dict[str, Any]:
    """The record of one request: a hash, the length, and the counts by label of each text.

    >>> from onoma.text import Document, Entity
    >>> found = [Document("Ada", entities=(Entity(0, 3, "per"),))]
    >>> made = prediction(Ask(found, caller="bob"), Answer(found, "small", "1", ("route a",)), Seal(b"s"))
    >>> made["caller"], made["texts"][0]["labels"], "Ada" in str(made)
    ('bob', {'per': 1}, False)
    """
    return {
        "kind": "prediction",
        "request": ask.request,
        "caller": ask.caller,
        "user": seal.hidden(ask.user) if ask.user else None,
        "route": answer.route[0] if answer.route else "",
        "tagger": answer.tagger,
        "version": answer.version,
        "cached": answer.cached,
        "texts": [_text(document, seal, texts) for document in answer.documents],
    }


def _text(document: Any, seal: Seal, raw: bool) -> dict[str, Any]:
    told = {
        "hash": seal.hidden(document.text),
        "characters": len(document.text),
        "labels": dict(Counter([entity.label for entity in document.entities])),
    }
    return told | {"text": document.text} if raw else told


def secret_of(folder: Path, named: Path | None = None, *, make: bool = False) -> bytes:
    """The secret of a log; raises `InputError` where it cannot be read, or is too short to be one."""
    path = named or folder / "secret"
    if make and named is None and not path.exists():
        _make_secret(path)
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise InputError(f"the audit log's secret cannot be read: {path}: {error.strerror}") from error
    if len(secret) < 16:
        raise InputError(f"{path} holds no secret: at least 16 bytes, as from: openssl rand -hex 32")
    return secret


def _make_secret(path: Path) -> None:
    mask = os.umask(0o077)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "x") as file:
            file.write(secrets.token_hex(32) + "\n")
    except FileExistsError:
        pass  # another process was quicker
    except OSError as error:
        raise OutputError(f"the audit log {path.parent} cannot be written: {error.strerror}") from error
    finally:
        os.umask(mask)


def _lane(rules: AuditRules, seal: Seal) -> Segments:
    """The first lane that nobody holds, listed before it is used."""
    with open(rules.folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lanes = _lanes(rules.folder, seal)
        for name in [*lanes, f"lane-{len(lanes) + 1}"]:
            if name not in lanes:
                _list_lanes(rules.folder, seal, [*lanes, name])
            try:
                return Segments(rules.folder / name, seal, size=rules.segment, keep=rules.keep)
            except BusyError:
                continue
    raise OutputError(f"{rules.folder}: no lane is free")


def _lanes(folder: Path, seal: Seal) -> list[str]:
    try:
        link = link_of((folder / _LANES).read_bytes().strip())
    except FileNotFoundError:
        if any(folder.glob("lane-*")):
            raise InputError(f"the log {folder} has lost its list of lanes: {_LANES}") from None
        return []
    if link is None or seal.code("lanes", link.body) != link.code:
        raise InputError(f"{folder / _LANES} was changed, or made with another secret")
    return list(link.record["lanes"])


def _list_lanes(folder: Path, seal: Seal, lanes: Sequence[str]) -> None:
    with whole_file(folder / _LANES) as file:
        file.write(seal.line("lanes", {"lanes": list(lanes)}).decode() + "\n")


class Checked(NamedTuple):
    """What `verify` found: how many lanes, lines and predictions among them there are, and what is wrong."""

    lanes: int
    lines: int
    predictions: int
    faults: list[str]


def verify(folder: Path, secret: Path | None = None) -> Checked:
    """Check every line of a log: changed, removed, reordered ones are found, and a missing end.

    Raises `InputError` where there is no log or no secret.
    """
    seal = Seal(secret_of(folder, secret))
    if not (folder / _LANES).exists() and not any(folder.glob("lane-*")):
        raise InputError(f"there is no audit log in {folder}")
    try:
        lanes = _lanes(folder, seal)
    except InputError as error:
        return Checked(0, 0, 0, [str(error)])
    faults = [f"{each}: is no lane of this log" for each in folder.glob("lane-*") if each.name not in lanes]
    lines = predictions = 0
    for name in lanes:
        for found in check_segments(folder / name, seal):
            if isinstance(found, str):
                faults.append(found)
            else:
                lines, predictions = lines + 1, predictions + (found.record.get("kind") == "prediction")
    return Checked(len(lanes), lines, predictions, faults)
