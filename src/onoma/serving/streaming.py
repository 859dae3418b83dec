"""``POST /v1/stream``: a text a line in, an answer a line out, in order, in bounded memory (NDJSON).

A line is read as soon as it comes and answered as soon as it can be; so many are read ahead as `AHEAD` and
`ROOM` allow, and no more before the first of them has been sent: who writes must read as well. A line that
cannot be answered gets a problem in its place, and those after it go on; when the service is busy, a line
waits for its turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from onoma.errors import BusyError, LateError, TooLargeError
from onoma.serving.answering import Asker, ask_of, line_answered
from onoma.serving.aside import aside
from onoma.serving.asking import Answer, Ask, Seen
from onoma.serving.endpoints import Desk, asker_of
from onoma.serving.limits_body import check_json, check_texts
from onoma.serving.problems import kind_of, problem_of
from onoma.serving.types import Receive, Scope, Send
from onoma.serving.wire import StreamLine, StreamProblem, decode, encode
from onoma.text import Document

__all__ = ["AHEAD", "NDJSON", "ROOM", "Stream", "lines_of"]

NDJSON = b"application/x-ndjson"
AHEAD = 64  # lines being answered or waiting to be sent
ROOM = 1 << 20  # bytes of them, unless one line is more
_PAUSE = 0.02  # seconds until a line asks again when the service is busy


class Stream:
    """The endpoint."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one stream; raises an `OnomaError` where its head is wrong."""
        check_json(dict(scope["headers"]), (NDJSON, b"application/jsonl"))
        headers = [(b"content-type", NDJSON)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _Running(self._desk, asker_of(scope), receive, send).run()


class _Running:
    """One stream: a task reads lines and has them answered, another sends the answers in order."""

    def __init__(self, desk: Desk, asker: Asker, receive: Receive, send: Send) -> None:
        self._desk, self._asker, self._receive, self._send = desk, asker, receive, send
        self._answers = asyncio.Queue[tuple[asyncio.Task[bytes], int] | None](AHEAD)
        self._bytes = 0
        self._sent = asyncio.Event()

    async def run(self) -> None:
        """Until the last line has been answered, or the client is gone."""
        sender = asyncio.ensure_future(self._send_all())
        reader = asyncio.ensure_future(self._read_all())
        try:
            done, _ = await asyncio.wait((sender, reader), return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            reader.cancel()
            sender.cancel()
            while not self._answers.empty():
                if waiting := self._answers.get_nowait():
                    waiting[0].cancel()

    async def _read_all(self) -> None:
        limits = self._desk.limits
        try:
            async for line in lines_of(self._wait, limits.body):
                await self._make_room(len(line))
                await self._answers.put((asyncio.ensure_future(self._answer(line)), len(line)))
        except (LateError, TooLargeError) as error:  # nothing that comes now can be told apart
            problem = self._problem(None, error)
            await self._answers.put((asyncio.ensure_future(_ready(problem)), 0))
        await self._answers.put(None)

    async def _make_room(self, size: int) -> None:
        while self._bytes and self._bytes + size > ROOM:
            self._sent.clear()
            await self._sent.wait()
        self._bytes += size

    async def _wait(self) -> Any:
        """What comes next; raises `LateError` when it is the client that lets us wait for too long."""
        while True:
            try:
                async with asyncio.timeout(self._desk.limits.idle):
                    return await self._receive()
            except TimeoutError:
                if self._answers.empty():
                    seconds = self._desk.limits.idle
                    raise LateError(f"no line has come for {seconds:g} seconds") from None

    async def _send_all(self) -> None:
        while waiting := await self._answers.get():
            await self._write(await waiting[0])
            self._bytes -= waiting[1]
            self._sent.set()
        await self._write(b"", more=False)

    async def _write(self, content: bytes, more: bool = True) -> None:
        """Send; raises `LateError` where the client does not read."""
        seconds = self._desk.limits.idle
        try:
            async with asyncio.timeout(seconds):
                await self._send({"type": "http.response.body", "body": content, "more_body": more})
        except TimeoutError:
            raise LateError(f"the client read nothing for {seconds:g} seconds") from None

    async def _answer(self, line: bytes) -> bytes:
        name, arrived = None, time.monotonic()
        try:
            wanted = decode(line, StreamLine)
            name = wanted.id
            check_texts([wanted.text], self._desk.limits)
            asker = self._asker._replace(arrived=arrived)
            ask = ask_of([Document(wanted.text)], wanted, asker, self._desk.router)
            answer = await self._patiently(ask)
            self._tell(200, arrived, "", ask, answer)
            return await aside(answer, lambda: encode(line_answered(wanted, ask, answer)) + b"\n")
        except Exception as error:
            return self._problem(name, error)

    def _problem(self, name: str | int | None, error: Exception) -> bytes:
        problem = problem_of(error, self._asker.request)
        self._tell(problem.status, time.monotonic(), kind_of(error))
        return encode(StreamProblem(name, problem.document)) + b"\n"

    def _tell(self, status: int, arrived: float, kind: str, *asked: Any) -> None:
        seconds, asker = time.monotonic() - arrived, self._asker
        seen = Seen("POST", "/v1/stream#line", status, seconds, kind, asker.request, asker.caller, *asked)
        self._desk.observer.seen(seen)

    async def _patiently(self, ask: Ask) -> Answer:
        while True:
            try:
                return await self._desk.annotate(ask)
            except BusyError:
                if self._desk.draining:
                    raise
                await asyncio.sleep(_PAUSE)


async def _ready(content: bytes) -> bytes:
    return content


async def lines_of(receive: Receive, limit: int) -> AsyncIterator[bytes]:
    """The lines of a body as they come, without their ends; those that hold nothing are left out.

    Raises `TooLargeError` for a line of more than ``limit`` bytes, `LateError` where the client went away
    before the end.
    """
    rest, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise LateError("the connection was closed before the last line had come")
        more = message.get("more_body", False)
        *lines, rest = (rest + message.get("body", b"")).split(b"\n")
        if not more:
            lines.append(rest)
        for line in lines:
            _check_length(len(line), limit)
            if line.strip():
                yield line
        _check_length(len(rest), limit)


def _check_length(size: int, limit: int) -> None:
    if size > limit:
        raise TooLargeError(f"a line is more than {limit:,} bytes")
