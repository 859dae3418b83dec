"""The two endpoints that must be quick, as plain ASGI: what stands between is only what they need.

In ``scope["state"]`` a request carries ``request``, its id; ``arrived``, when it came (``time.monotonic()``);
``caller``, who asks, as a guard found. Before it answers, an endpoint puts there ``asked``, the `Ask` and the
`Answer`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from onoma.errors import BusyError, LateError
from onoma.serving.answering import Asker, answered, ask_of, documents_of, groups_of
from onoma.serving.aside import aside
from onoma.serving.asking import Answer, Ask, Observer, Quiet, Router
from onoma.serving.deadlines import Deadlines
from onoma.serving.limits_body import DEFAULT, Limits, check_json, check_texts, read_body
from onoma.serving.request_ids import RequestIds
from onoma.serving.types import Receive, Scope, Send
from onoma.serving.wire import EntitiesRequest, Options, TextRequest, decode, encode
from onoma.text import Document

__all__ = ["Desk", "Entities", "Extract", "asker_of", "respond"]

JSON = (b"content-type", b"application/json")


@dataclass
class Desk:
    """What endpoints share. ``draining`` is set when the service is about to end."""

    router: Router
    limits: Limits = DEFAULT
    observer: Observer = field(default_factory=Quiet)
    deadlines: Deadlines = field(default_factory=Deadlines)
    ids: RequestIds = field(default_factory=RequestIds)
    draining: bool = False

    async def annotate(self, ask: Ask) -> Answer:
        """The router's answer; raises `BusyError` where it takes longer than ``limits.answer``."""
        with self.deadlines.within(self.limits.answer, self._no_answer):
            return await self.router.annotate(ask)

    async def body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The body; raises what `read_body` raises, and `LateError` where it takes too long."""
        with self.deadlines.within(self.limits.upload, self._no_body):
            return await read_body(receive, headers, self.limits)

    def _no_answer(self) -> BusyError:
        seconds = self.limits.answer
        return BusyError(f"no answer was ready within {seconds:g} seconds", retry_after=1.0)

    def _no_body(self) -> LateError:
        return LateError(f"the body had not come to its end after {self.limits.upload:g} seconds")


class Entities:
    """``POST /v1/entities``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; raises an `OnomaError` where it cannot."""
        desk, headers = self._desk, dict(scope["headers"])
        check_json(headers)
        wanted = decode(await desk.body(headers, receive), EntitiesRequest)
        ask = ask_of(documents_of(wanted, desk.limits), wanted, asker_of(scope), desk.router)
        answer = await desk.annotate(ask)
        scope["state"]["asked"] = ask, answer
        await respond(send, await aside(answer, lambda: encode(answered(wanted, ask, answer))))


class Extract:
    """``POST /extract-entities``: a text in, a bare list out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; raises an `OnomaError` where it cannot."""
        desk, headers = self._desk, dict(scope["headers"])
        check_json(headers)
        text = decode(await desk.body(headers, receive), TextRequest).text
        check_texts([text], desk.limits)
        ask = ask_of([Document(text)], Options(), asker_of(scope), desk.router)
        answer = await desk.annotate(ask)
        scope["state"]["asked"] = ask, answer
        await respond(send, await aside(answer, lambda: encode(groups_of(ask, answer))))


def asker_of(scope: Scope) -> Asker:
    """Who asks, as those before this endpoint found."""
    state: dict[str, Any] = scope["state"]
    return Asker(state.get("caller", ""), state.get("request", ""), state.get("arrived") or time.monotonic())


async def respond(send: Send, body: bytes, status: int = 200) -> None:
    """Send JSON."""
    headers = [JSON, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
