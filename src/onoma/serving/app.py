"""The service as one ASGI app, put together from small ones; see `build`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from onoma import __version__
from onoma.errors import BusyError, UnprocessableError
from onoma.serving.asking import Observer, Quiet, Router
from onoma.serving.endpoints import Desk, Entities, Extract
from onoma.serving.front import Front, Paths
from onoma.serving.limits_body import DEFAULT, Limits
from onoma.serving.openapi import described, problems
from onoma.serving.streaming import Stream
from onoma.serving.types import App, Receive, Scope, Send

__all__ = ["CLOSING", "Service", "build"]

CLOSING = 2.0
"""Seconds that taggers have to end."""


class ModelState(BaseModel):
    """A tagger that may be asked for by name."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "en-gmb",
                "version": "en-gmb@1",
                "labels": ["geo", "org", "per"],
                "ready": True,
                "facts": {},
            }
        }
    )

    name: str
    version: str
    labels: list[str]
    ready: bool
    facts: dict[str, Any]


class Models(BaseModel):
    """The taggers there are, the one that answers by default first."""

    models: list[ModelState]


class Health(BaseModel):
    """That the service is alive, or ready."""

    status: Literal["alive", "ready"]


class Service:
    """The app, which a server calls.

    ``desk.router`` may be exchanged while it runs, ``routes`` are all that it answers, ``heavy`` the paths
    that are sent away under too much load, and ``signals`` are called in the event loop when theirs comes.
    """

    def __init__(self, app: App, desk: Desk, routes: Sequence[BaseRoute], heavy: Collection[str]) -> None:
        self.desk, self.routes, self.heavy = desk, routes, heavy
        self.signals: dict[int, Callable[[], None]] = {}
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI 3 has it."""
        await self._app(scope, receive, send)


Guard = Callable[[App], App]
Describe = Callable[[dict[str, Any]], None]


def build(
    router: Router,
    limits: Limits = DEFAULT,
    *,
    observer: Observer | None = None,
    guards: Sequence[Guard] = (),
    around: Sequence[Guard] = (),
    routes: Sequence[BaseRoute] = (),
    describe: Describe = lambda document: None,
) -> Service:
    """The service around ``router``.

    ``guards`` wrap all that answers, the outermost first; what they raise becomes a problem document, and
    they find in ``scope["state"]`` what `onoma.serving.endpoints` tells. ``around`` wrap the problem
    documents too. ``routes`` are added to the app's, and ``describe`` adds to its OpenAPI document. With the
    lifespan's end the router is closed.
    """
    desk = Desk(router, limits, observer or Quiet())
    quick: dict[str, App] = {
        "/v1/entities": Entities(desk),
        "/extract-entities": Extract(desk),
        "/v1/stream": Stream(desk),
    }
    posts = [Route(path, app, methods=["POST"]) for path, app in quick.items()]
    api = _api(desk, [*posts, *routes], describe)
    app: App = Paths({("POST", path): each for path, each in quick.items()}, api)
    for guard in reversed(guards):
        app = guard(app)
    app = Front(app, desk)
    for guard in reversed(around):
        app = guard(app)
    return Service(app, desk, api.routes, quick.keys() - {"/v1/stream"})


def _api(desk: Desk, routes: Sequence[BaseRoute], describe: Describe) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        with suppress(TimeoutError):  # all was answered or given up by now; a tagger may still hang
            await asyncio.wait_for(desk.router.close(), CLOSING)

    api = FastAPI(
        title="Onoma",
        version=__version__,
        summary="Named entity recognition",
        lifespan=lifespan,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        exception_handlers={HTTPException: _onward, RequestValidationError: _invalid, Exception: _onward},
    )
    api.router.routes.extend(routes)
    _add_states(api, desk)
    made = api.openapi

    @cache
    def document() -> dict[str, Any]:
        found = described(made(), desk.limits)
        describe(found)
        return found

    api.openapi = document  # type: ignore[method-assign]
    return api


async def _onward(request: Request, error: Exception) -> Any:
    """What is raised is for `Front` to answer; of several routes at one path starlette names the first."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        path, routes = request.url.path, [each for each in request.app.routes if isinstance(each, Route)]
        allowed = {name for each in routes if each.path == path for name in each.methods or ()}
        error.headers = {"Allow": ", ".join(sorted(allowed))}
    raise error


async def _invalid(_: Request, error: Exception) -> Any:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    raise UnprocessableError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


def _add_states(api: FastAPI, desk: Desk) -> None:
    @api.get("/health/live", tags=["health"], summary="Whether the process is alive")
    async def live() -> Health:
        return Health(status="alive")

    @api.get(
        "/health/ready", tags=["health"], summary="Whether requests are welcome", responses=problems(503)
    )
    async def ready() -> Health:
        faults = ["the service is about to end"] if desk.draining else list(desk.router.faults())
        if faults:
            raise BusyError("; ".join(faults), retry_after=1.0)
        return Health(status="ready")

    @api.get("/v1/models", tags=["models"], summary="The taggers that may be asked for by name")
    async def models() -> Models:
        states = [ModelState(**state._asdict()) for state in desk.router.states()]
        return Models(models=states)
