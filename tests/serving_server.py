"""A real server on loopback, in a thread of the test."""

from __future__ import annotations

import asyncio
import resource
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from onoma.serving.app import Service, build
from onoma.serving.asking import Router
from onoma.serving.engine import Engine
from onoma.serving.running import Place, bound, server_of
from onoma.serving.single import SingleRouter
from onoma.text import Annotate


def single(*taggers: Annotate, **settings: Any) -> Callable[[], Router]:
    """What makes a router with an engine for each tagger."""
    return lambda: SingleRouter(*(Engine(tagger, **settings) for tagger in taggers))


@contextmanager
def serving(make: Callable[[], Router], **settings: Any) -> Iterator[tuple[str, Service]]:
    """Serve what ``make`` makes; gives the address and the service, and ends it in good order."""
    listener = bound(Place(port=0))
    service = build(make(), **settings)
    server = server_of(service, Place(grace=5.0))
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(server.serve([listener]))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: server.started or bool(failed))
        host, port = listener.getsockname()
        yield f"http://{host}:{port}", service
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not end"
        assert not failed, failed


@contextmanager
def asking(make: Callable[[], Router], **settings: Any) -> Iterator[httpx.Client]:
    """The same, and a client of it."""
    with serving(make, **settings) as (url, _), httpx.Client(base_url=url, timeout=20) as http:
        yield http


@contextmanager
def whole(make: Callable[[], Awaitable[Service]]) -> Iterator[tuple[httpx.Client, Service]]:
    """The service that ``make`` makes, with its door and all, in a thread, and a client of it."""
    made: list[Any] = []
    listener = bound(Place(port=0))

    async def main() -> None:
        service = await make()
        made.append(service)
        service.signals.clear()  # a thread cannot take signals
        server = server_of(service, Place(grace=5.0))
        made.append(server)
        await server.serve([listener])

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    until(lambda: (len(made) == 2 and made[1].started) or not thread.is_alive())
    host, port = listener.getsockname()
    try:
        with httpx.Client(base_url=f"http://{host}:{port}", timeout=20) as http:
            yield http, made[0]
    finally:
        made[1].should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file may grow beyond what this one is now and a few bytes: a real failure of write(2)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
