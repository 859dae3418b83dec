"""Load for an HTTP service from a process of its own: raw requests on kept connections, over asyncio.

Closed load (``rate`` 0): each connection asks again as soon as it is answered. Open load: requests are due at
a fixed rate whatever the service does, and their time counts from when they were due, so that a service that
stalls is not measured by fewer requests.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Measured:
    """Seconds it went on, statuses, milliseconds of those that were answered 200, sorted."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    samples: list[tuple[str, list[object]]] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.statuses[200] / self.seconds

    def at(self, share: float) -> float:
        """A quantile of their times, in milliseconds."""
        return (
            self.times[min(int(share * len(self.times)), len(self.times) - 1)] if self.times else float("nan")
        )


@dataclass(frozen=True)
class Load:
    """``connections`` ask ``path`` of ``url`` for ``seconds``, ``rate`` a second or as fast as they can."""

    url: str
    path: str
    texts: Sequence[str]
    connections: int
    seconds: float
    rate: float = 0.0
    distinct: bool = True
    start: int = 0


def measured(load: Load) -> Measured:
    """Run it in another process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run, (load,))


def _run(load: Load) -> Measured:
    import uvloop

    gc.disable()  # it would stop all connections at once, and what they find grows with the time
    return uvloop.run(_Driver(load).drive())


def requests(load: Load) -> Iterator[tuple[str, bytes]]:
    """Texts, each with the bytes that ask for it; no text comes twice where they are to be ``distinct``."""
    head = (
        f"POST {load.path} HTTP/1.1\r\nhost: {urlsplit(load.url).netloc}\r\n"
        "content-type: application/json\r\ncontent-length: "
    ).encode()
    number = load.start
    while True:
        text = load.texts[number % len(load.texts)]
        if load.distinct:
            text = f"{text} {number}"
        body = json.dumps({"text": text}).encode()
        yield text, b"%s%d\r\n\r\n%s" % (head, len(body), body)
        number += 1


class _Driver:
    def __init__(self, load: Load) -> None:
        self.load, self.source = load, requests(load)
        self.found = Measured(load.seconds)
        self.free: deque[_Connection] = deque()
        self.due: deque[float] = deque()
        self.ended = False

    async def drive(self) -> Measured:
        """Ask until the time is up."""
        place, loop = urlsplit(self.load.url), asyncio.get_running_loop()
        for _ in range(self.load.connections):
            await loop.create_connection(lambda: _Connection(self), place.hostname, place.port)
        began = time.perf_counter()
        if self.load.rate:
            await self._paced(began)
        else:
            while self.free:
                self.free.popleft().ask(time.perf_counter())
            await asyncio.sleep(self.load.seconds)
        self.ended = True
        self.found.seconds = time.perf_counter() - began
        self.found.times.sort()
        return self.found

    async def _paced(self, began: float) -> None:
        sent, end = 0, began + self.load.seconds
        while (now := time.perf_counter()) < end:
            while sent < (now - began) * self.load.rate:
                self.due.append(began + sent / self.load.rate)
                sent += 1
            while self.free and self.due:
                self.free.popleft().ask(self.due.popleft())
            await asyncio.sleep(0.001)

    def answered(self, connection: _Connection, status: int, body: bytes) -> None:
        """One has been answered; it asks again."""
        now = time.perf_counter()
        if self.ended:
            return
        self.found.statuses[status] += 1
        if status == 200:
            self.found.times.append(1000 * (now - connection.since))
            if self.found.statuses[200] % 97 == 0:
                self.found.samples.append((connection.text, json.loads(body)["entities"]))
        if not self.load.rate:
            connection.ask(now)
        elif self.due:
            connection.ask(self.due.popleft())
        else:
            self.free.append(connection)


class _Connection(asyncio.Protocol):
    def __init__(self, driver: _Driver) -> None:
        self.driver, self.got = driver, b""
        self.since, self.text = 0.0, ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.driver.free.append(self)

    def ask(self, since: float) -> None:
        self.since = since
        self.text, content = next(self.driver.source)
        self.transport.write(content)

    def data_received(self, data: bytes) -> None:
        self.got = self.got + data if self.got else data
        end = self.got.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.got.find(b"content-length: ") + 16
        whole = end + 4 + int(self.got[at : self.got.index(b"\r", at)])
        if len(self.got) >= whole:
            status, body = int(self.got[9:12]), self.got[end + 4 : whole]
            self.got = b""
            self.driver.answered(self, status, body)
