"""Taggers in processes of their own: one that dies or hangs is killed and started again, and nothing else is.

Each worker answers one call at a time; a call that takes too long is a worker that hangs. Idle workers are
asked for a sign of life now and then, so that most deaths are noticed before a request is.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict

from onoma.errors import BundleError, DownError
from onoma.serving.frames import answers, asked, receive, send
from onoma.serving.worker import PING, PONG
from onoma.text import Document

__all__ = ["Patience", "Worker", "Workers"]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a call of short texts (``call``, and one more for every ``pace`` characters), for a worker
    to load (``start``), between signs of life (``beat``), and before a worker that failed is started again
    (``again``, twice as long after each failure, ``longest`` at most).
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    call: float = 5.0
    pace: float = 50_000.0
    start: float = 60.0
    beat: float = 1.0
    again: float = 0.1
    longest: float = 30.0

    def of(self, documents: Sequence[Document]) -> float:
        """How long these may take."""
        return self.call + sum([len(each.text) for each in documents]) / self.pace


class Worker:
    """One tagger in a process of its own, as an `Annotate`; one call at a time.

    >>> with Workers("en-gmb", threads=1) as tag:
    ...     [document] = tag([Document("Angela Merkel visited Paris.")])
    >>> [document.surface(entity) for entity in document.entities]
    ['Angela Merkel', 'Paris']
    """

    def __init__(self, model: str, *, threads: int | None, patience: Patience, nice: int = 0) -> None:
        """Start it and wait until it is ready; raises `BundleError` when it does not get there."""
        self._arguments = [model, str(threads or 0), str(nice)]
        self._patience = patience
        self.busy = threading.Lock()
        self.restarts, self._failures, self._due = 0, 0, 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self.facts = self._start()

    @property
    def ready(self) -> bool:
        """Whether it can be asked."""
        return self._link is not None

    @property
    def pid(self) -> int | None:
        """The number of its process; None while there is none."""
        return self._process.pid if self._process else None

    def ask(self, documents: Sequence[Document]) -> list[Document]:
        """What its tagger makes of ``documents``; whoever asks holds ``busy``.

        Raises `DownError` when it is down, fails or takes too long, and the tagger's own `InputError`.
        """
        content = self._exchange(asked(documents), self._patience.of(documents))
        self._failures = 0
        return answers(documents, content)

    def look_after(self) -> None:
        """Ask for a sign of life, or start it again if it is time; whoever asks holds ``busy``."""
        if self.ready:
            try:
                alive = self._exchange(PING, max(self._patience.beat, 1.0)) == PONG
            except DownError:
                return
            if not alive:
                self._bury()
        elif time.monotonic() >= self._due:
            self._start_again()

    def close(self) -> None:
        """End its process."""
        link, process, self._link, self._process = self._link, self._process, None, None
        if link:
            link.close()
        if process:
            process.kill()
            process.wait()

    def _start(self) -> dict[str, Any]:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "onoma.serving.worker", str(theirs.fileno()), *self._arguments]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        try:
            hello = receive(ours, self._patience.start)
            facts: dict[str, Any] = json.loads(hello)
        except (OSError, EOFError, ValueError) as error:
            ours.close()
            self.close()
            told = hello.partition(b"\n")[2].decode() if isinstance(error, ValueError) else str(error)
            raise BundleError(f"the worker of {self._arguments[0]} did not start: {told}") from error
        self._link = ours
        return facts

    def _start_again(self) -> None:
        self.restarts += 1
        try:
            self._start()
        except BundleError:
            self._bury()

    def _exchange(self, content: bytes, timeout: float) -> bytes:
        if self._link is None:
            raise DownError("its worker is being started again", retry_after=1.0)
        try:
            until = time.monotonic() + timeout
            send(self._link, content, timeout)
            return receive(self._link, max(until - time.monotonic(), 0.001))
        except (OSError, EOFError) as error:
            hangs = isinstance(error, TimeoutError)
            self._bury()
            told = f"has not answered for {timeout:.1f} s" if hangs else "has died"
            raise DownError(f"its worker {told}, and is started again", retry_after=1.0) from error

    def _bury(self) -> None:
        """Kill what is left of it, and say when to start it again."""
        self.close()
        wait = min(self._patience.again * 2**self._failures, self._patience.longest)
        self._failures = min(self._failures + 1, 30)
        self._due = time.monotonic() + wait


class Workers:
    """Several like workers as one `Annotate`, for as many threads; a supervisor thread looks after them."""

    def __init__(
        self,
        model: str,
        *,
        replicas: int = 1,
        threads: int | None = None,
        patience: Patience | None = None,
        nice: int = 0,
    ) -> None:
        """Start ``replicas`` of ``model``, each with ``threads``; raises `BundleError` as `Worker` does."""
        self._patience = patience or Patience()
        self.workers: list[Worker] = []
        try:
            for _ in range(replicas):
                self.workers.append(Worker(model, threads=threads, patience=self._patience, nice=nice))
        except BundleError:
            self._end()
            raise
        facts = self.workers[0].facts
        self.name, self.version, self.labels = facts["name"], facts["version"], facts["labels"]
        self.accuracy: float = facts["accuracy"]
        self._free = threading.Condition()
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._look_after, name="onoma-workers", daemon=True)
        self._supervisor.start()

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        """What the tagger makes of ``documents``; waits for a worker that is free.

        Raises `DownError` when none is up, or the one that was asked failed.
        """
        worker = self._take(self._patience.of(documents))
        try:
            return worker.ask(documents)
        finally:
            self._give_back(worker)

    def close(self) -> None:
        """End all of them."""
        self._closing.set()
        self._supervisor.join()
        self._end()

    def __enter__(self) -> Workers:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self) -> None:
        for worker in self.workers:
            worker.close()

    def _take(self, timeout: float) -> Worker:
        until = time.monotonic() + timeout
        with self._free:
            while True:
                up = [worker for worker in self.workers if worker.ready]
                if not up:
                    raise DownError("its workers are being started again", retry_after=1.0)
                for worker in up:
                    if worker.busy.acquire(blocking=False):
                        return worker
                if not self._free.wait(max(until - time.monotonic(), 0)):
                    raise DownError("all of its workers are busy", retry_after=1.0)

    def _give_back(self, worker: Worker) -> None:
        with self._free:
            worker.busy.release()
            self._free.notify()

    def _look_after(self) -> None:
        wait = min(self._patience.beat, self._patience.again)
        beat = time.monotonic()
        while not self._closing.wait(wait):
            due = time.monotonic() - beat >= self._patience.beat
            beat = time.monotonic() if due else beat
            for worker in self.workers:
                if (due or not worker.ready) and worker.busy.acquire(blocking=False):
                    try:
                        worker.look_after()
                    finally:
                        self._give_back(worker)
