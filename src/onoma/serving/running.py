"""Running the service under uvicorn: in this process or in several, until a signal ends it in good order."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, NamedTuple

import uvicorn
import uvloop

from onoma.errors import InputError
from onoma.serving.app import CLOSING, Service
from onoma.serving.protocol import protocol_with
from onoma.serving.shedding import Shedding

__all__ = ["Place", "bound", "check_host", "is_loopback", "leave", "run", "server_of"]

LINGER = 0.3
"""Seconds in which those who hold a connection may come once more, and are told that it ends."""

SWITCH = 0.0005
"""Seconds after which a thread that computes lets the event loop go on: Python's own 5 ms, several times in a
request, are most of what a short text waits for beside long ones."""

LARGE = 1 << 20
"""Bytes of a block of memory that is given back when it is no longer needed."""

_MMAP_THRESHOLD = -3  # as malloc.h has it

Make = Callable[[], Awaitable[Service]]


class Place(NamedTuple):
    """Where to listen, how long to take for ending (seconds), and what uvicorn is told besides."""

    host: str = "127.0.0.1"
    port: int = 8000
    grace: float = 20.0
    settings: Mapping[str, Any] = {}


def check_host(host: str, keyed: bool) -> None:
    """Raise `InputError` unless a service without keys stays on this machine.

    >>> check_host("127.0.0.1", keyed=False)
    >>> check_host("0.0.0.0", keyed=False)
    Traceback (most recent call last):
      ...
    onoma.errors.InputError: no keys are configured, so only this machine may be served: --host 127.0.0.1. ...
    """
    if not (keyed or is_loopback(host)):
        raise InputError(
            "no keys are configured, so only this machine may be served: --host 127.0.0.1. "
            f"To listen on {host} make a key first: onoma keys add"
        )


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine can reach ``host``."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bound(place: Place, *, shared: bool = False) -> socket.socket:
    """A socket that is bound and does not listen yet; several processes may bind a ``shared`` one each.

    Raises `InputError` when the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        found.bind((place.host, place.port))
    except (OSError, OverflowError) as error:
        found.close()
        raise InputError(f"cannot listen on {place.host}, port {place.port}: {error}") from None
    return found


def run(make: Make, place: Place, listener: socket.socket) -> None:
    """Serve what ``make`` makes until SIGTERM or SIGINT, then finish what was begun and return.

    ``make`` is run in the event loop in which the service will be. It returns within ``place.grace`` seconds
    or so; a tagger that hangs is left behind then, and this process has to end with it (`leave`).
    """
    began = threading.Event()

    def end(*_: object) -> None:
        """Before it began, end at once; after it has ended uvicorn raises the signal again, for nothing."""
        if not began.is_set():
            raise SystemExit(0)

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(make, place, listener, began))
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


async def _serve(make: Make, place: Place, listener: socket.socket, began: threading.Event) -> None:
    server = server_of(await make(), place)
    _spare_the_collector()
    _spare_the_heap()
    sys.setswitchinterval(SWITCH)
    began.set()
    await server.serve([listener])


def server_of(service: Service, place: Place) -> uvicorn.Server:
    """uvicorn's server for it, to be given a socket; it ends in good order when told by ``should_exit``."""
    limits = service.desk.limits
    config = uvicorn.Config(
        service,
        http=protocol_with(limits.head, Shedding(service.heavy, service.desk)),
        interface="asgi3",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_config=None,
        backlog=2048,
        timeout_keep_alive=max(int(limits.idle), 1),
        timeout_graceful_shutdown=max(int(place.grace - LINGER - CLOSING), 1),
        **{"proxy_headers": False, **place.settings},
    )
    return _Server(config, service)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for number, call in self._service.signals.items():
            asyncio.get_running_loop().add_signal_handler(number, call)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take on no new connection, end the old ones with their next answer, then do as uvicorn does."""
        self._service.desk.draining = True
        for server in self.servers:
            server.close()
        await asyncio.sleep(LINGER)
        await super().shutdown(sockets)


def _spare_the_collector() -> None:
    """What is loaded by now stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _spare_the_heap() -> None:
    """Large blocks are always given back to the system, where the C library lets itself be told (glibc).

    It would keep them in its heap once the first was freed, and tables that are made anew now and then, such
    as those of what is remembered, would leave holes there: some 2 % of memory a million requests.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)


def leave(code: int = 0) -> None:
    """End this process, even where a thread hangs in a tagger."""
    sys.stdout.flush()
    sys.stderr.flush()
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join(0.5)
            if thread.is_alive():
                os._exit(code)
