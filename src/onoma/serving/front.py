"""`Front`: what every request passes first and last. It gets an id, and its error becomes a problem."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from onoma.errors import BusyError
from onoma.serving.asking import Seen
from onoma.serving.endpoints import Desk
from onoma.serving.problems import kind_of, problem_of
from onoma.serving.types import App, Message, Receive, Scope, Send
from onoma.serving.wire import encode

__all__ = ["Front", "Paths"]

_ENDED = BusyError("the service ended before this was answered", retry_after=1.0)
_ELSEWHERE = "(other)"  # so that whoever tries paths at random does not make a metric of each


class Paths:
    """Sends what is asked for most straight to its endpoint, and all else to ``rest``."""

    def __init__(self, quick: dict[tuple[str, str], App], rest: App) -> None:
        """``quick`` is told apart by method and path."""
        self._quick, self._rest = quick, rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass it on."""
        found = self._quick.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if found is None:
            await self._rest(scope, receive, send)
            return
        scope["pattern"] = scope["path"]
        await found(scope, receive, send)


class Front:
    """Gives a request an id, which its response bears too, makes problems of errors, tells the observer."""

    def __init__(self, app: App, desk: Desk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see that it is answered whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        arrived = state["arrived"] = time.monotonic()
        request = state["request"] = self._desk.ids.of(scope)
        response = _Response(send, self._desk, request.encode())
        kind = ""
        try:
            await self._app(scope, receive, response)
        except asyncio.CancelledError:
            if not self._desk.draining:
                raise
            kind = kind_of(_ENDED)
            await self._explain(_ENDED, request, response)
        except Exception as error:
            kind = kind_of(error)
            await self._explain(error, request, response)
        finally:
            self._tell(scope, response.status, time.monotonic() - arrived, kind)

    async def _explain(self, error: Exception, request: str, response: _Response) -> None:
        status, headers, document = problem_of(error, request)
        if response.status:  # too late for another answer; the server closes a connection left halfway
            return
        body = encode(document)
        headers.append((b"content-length", b"%d" % len(body)))
        await response({"type": "http.response.start", "status": status, "headers": headers})
        await response({"type": "http.response.body", "body": body})

    def _tell(self, scope: Scope, status: int, seconds: float, kind: str) -> None:
        state: dict[str, Any] = scope["state"]
        path: str = scope.get("pattern") or str(getattr(scope.get("route"), "path", _ELSEWHERE))
        ask, answer = state.get("asked") or (None, None)
        self._desk.observer.seen(
            Seen(
                scope["method"],
                path,
                status or 500,
                seconds,
                kind,
                state["request"],
                state.get("caller", ""),
                ask,
                answer,
            )
        )


class _Response:
    """What is sent, with the request's id; a service that is about to end keeps no connection."""

    __slots__ = ("_desk", "_request", "_send", "status")

    def __init__(self, send: Send, desk: Desk, request: bytes) -> None:
        self._send, self._desk, self._request = send, desk, request
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"] = [*message.get("headers", ()), (b"x-request-id", self._request)]
            if self._desk.draining:
                headers.append((b"connection", b"close"))
        await self._send(message)
