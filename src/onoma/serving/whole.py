"""A whole service from its parts: router, door, limits, audit log, metrics, traces, control routes."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from functools import partial

from onoma.errors import OnomaError
from onoma.serving.access import NEEDS, Door
from onoma.serving.app import Service, build
from onoma.serving.asking import Observer, Router, Seen
from onoma.serving.audit import Audit
from onoma.serving.callers import Role
from onoma.serving.config import Config, GuardSpec
from onoma.serving.control import Parts, control_routes
from onoma.serving.engine import Engine
from onoma.serving.fleet import Fleet, Make
from onoma.serving.guarding import Exposures, Guarded
from onoma.serving.headers import Careful
from onoma.serving.keys import Keyring
from onoma.serving.limits_body import DEFAULT, Limits
from onoma.serving.logs import AccessLog
from onoma.serving.metrics import Metrics
from onoma.serving.openapi import guarded as tell_of_guards
from onoma.serving.rate import Limiter
from onoma.serving.reloading import Reloading
from onoma.serving.tokens import Tokens
from onoma.serving.traces import Traced, TracedRouter, tracer_of, wanted
from onoma.serving.types import App

__all__ = ["Both", "service_of", "service_of_file"]

logger = logging.getLogger("onoma.serving")

_BEAT = 5.0  # seconds between looks at what gauges tell


class Both:
    """An `Observer` that tells several."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers
        self.failed_over: Callable[[str], None] = next(
            (each.failed_over for each in observers if isinstance(each, Metrics)), lambda tagger: None
        )

    def seen(self, seen: Seen) -> None:
        """A request has been answered."""
        for each in self._observers:
            each.seen(seen)

    def sent_away(self, path: str, times: int, kind: str) -> None:
        """Requests were answered unread."""
        for each in self._observers:
            each.sent_away(path, times, kind)

    def phase(self, tagger: str, phase: str, seconds: float) -> None:
        """A phase of one request took so long."""
        for each in self._observers:
            each.phase(tagger, phase, seconds)

    def batch(self, tagger: str, texts: int, waiting: int) -> None:
        """A call of a tagger begins."""
        for each in self._observers:
            each.batch(tagger, texts, waiting)

    def cache(self, tagger: str, hits: int, misses: int, shared: int) -> None:
        """So many texts were remembered, were not, or were under way already."""
        for each in self._observers:
            each.cache(tagger, hits, misses, shared)


Made = Callable[[Observer], Awaitable[Router]]
"""Makes a router whose engines tell the observer."""


async def service_of(
    made: Made, guard: GuardSpec, limits: Limits = DEFAULT, *, logs_all: bool = False
) -> Service:
    """The service around a router that has no serving file. Raises what making one of its parts raises."""
    parts = Parts(Metrics())
    observer = Both(parts.metrics, AccessLog(all_requests=logs_all))
    return await _assembled(await made(observer), parts, guard, limits, observer)


async def service_of_file(
    read: Callable[[], Config],
    *,
    guard: GuardSpec | None = None,
    limits: Limits = DEFAULT,
    make: Make = Engine,
    logs_all: bool = False,
) -> Service:
    """The service of a serving file, which ``read`` reads, and again at SIGHUP.

    ``guard`` takes the place of the file's. What guards is made once: a change of it needs a new start.
    Raises `InputError`, `BundleError` or `OutputError` where the file or a part of it is not good.
    """
    config = await asyncio.to_thread(read)
    chosen = guard or config.guard
    parts = Parts(Metrics())
    parts.exposures = Exposures(Audit(chosen.exposures)) if chosen.exposures else None
    observer = Both(parts.metrics, AccessLog(all_requests=logs_all))
    fleet = await Fleet.of(config, observer=observer, exposed=parts.exposures, make=make)
    parts.reloading = Reloading(fleet, read, make=make)
    service = await _assembled(parts.reloading, parts, chosen, limits, observer)
    service.signals[signal.SIGHUP] = _Hangup(parts.reloading)
    return service


async def _assembled(
    router: Router, parts: Parts, guard: GuardSpec, limits: Limits, observer: Observer
) -> Service:
    limiter = Limiter(guard.rate)
    parts.audit = await asyncio.to_thread(Audit, guard.audit) if guard.audit else None
    beat = _Beat(parts)
    ends = [beat.stop, *([parts.exposures.close] if parts.exposures else ())]
    guarded: Router = Guarded(router, limiter=limiter, audit=parts.audit, ends=ends)
    guards = [_door(guard, limiter)]
    if wanted():
        tracer = tracer_of()
        guarded = TracedRouter(guarded, tracer)
        guards.insert(0, partial(Traced, tracer=tracer))
    routes = control_routes(parts).routes
    describe = partial(tell_of_guards, needs=_needs(guard), keyed=bool(guard.keys or guard.tokens))
    return build(
        guarded,
        limits,
        observer=observer,
        guards=guards,
        around=[Careful],
        routes=routes,
        describe=describe,
    )


def _needs(guard: GuardSpec) -> dict[tuple[str, str], Role]:
    return {route: Role.nobody if route[1] in guard.open else need for route, need in NEEDS.items()}


def _door(guard: GuardSpec, limiter: Limiter) -> Callable[[App], App]:
    keys = Keyring(guard.keys) if guard.keys else None
    tokens = Tokens(guard.tokens) if guard.tokens else None
    return partial(Door, keys=keys, tokens=tokens, limiter=limiter, needs=_needs(guard))


class _Beat:
    """Brings the gauges up to date now and then: those of other processes are read from files."""

    def __init__(self, parts: Parts) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._look(parts))

    async def _look(self, parts: Parts) -> None:
        while True:
            parts.look()
            await asyncio.sleep(_BEAT)

    def stop(self) -> None:
        """Look no more."""
        self._loop.call_soon_threadsafe(self._task.cancel)


class _Hangup:
    """Reads the serving file again; where that fails the service goes on as before, and the log says why."""

    def __init__(self, reloading: Reloading) -> None:
        self._reloading = reloading
        self._tasks = set[asyncio.Task[None]]()

    def __call__(self) -> None:
        """The signal has come."""
        task = asyncio.create_task(self._reload())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload(self) -> None:
        try:
            await self._reloading.reload()
            logger.info("the serving file was read again")
        except OnomaError as error:
            logger.error("the serving file was not taken: %s", error)
