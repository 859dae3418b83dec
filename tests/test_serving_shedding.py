"""Under too much load the service sends requests away at once, and answers the others in time."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

from onoma.errors import BusyError
from onoma.serving.app import build
from onoma.serving.asking import Answer
from onoma.serving.endpoints import Desk
from onoma.serving.logs import AccessLog
from onoma.serving.metrics import Metrics
from onoma.serving.problems import problem_of
from onoma.serving.running import Place, bound, server_of
from onoma.serving.shedding import Shedding
from onoma.serving.whole import Both
from serving_server import single

BODY = b'{"text": "Ada wrote."}'
ENTITIES = (
    b"POST /v1/entities HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


class Slow:
    """A guard that keeps the event loop from everything else for a while."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/v1/entities":
            time.sleep(0.002)
        await self.app(scope, receive, send)


class Pondering:
    """A tagger that takes its time and leaves the processor to others."""

    version = "1"

    def __call__(self, documents: Any) -> list[Any]:
        time.sleep(0.2)
        return list(documents)


@asynccontextmanager
async def served(tagger: Any = list, **settings: Any) -> AsyncIterator[tuple[int, Shedding]]:
    """The port, and what sheds there."""
    listener = bound(Place(port=0))
    service = build(single(tagger, name="none", version="1", caches=False)(), **settings)
    server = server_of(service, Place(grace=5.0))
    running = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield listener.getsockname()[1], server.config.http.shedding  # type: ignore[union-attr]
    finally:
        server.should_exit = True
        await running


def played(main: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.wait_for(main(), 60))  # type: ignore[arg-type]


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    return (
        int(head[0].split()[1]),
        headers,
        json.loads(await reader.readexactly(int(headers["content-length"]))),
    )


async def ask(port: int, times: int) -> list[tuple[int, dict[str, str], Any]]:
    """Ask again and again on one connection: status, headers and body of each answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for _ in range(times):
        writer.write(ENTITIES)
        found.append(await answer(reader))
    writer.close()
    return found


def test_what_is_too_much_is_refused_at_once_and_counted(caplog):
    async def main() -> None:
        metrics = Metrics()
        async with served(guards=[Slow], observer=Both(metrics, AccessLog())) as (port, shedding):
            each = await asyncio.gather(*[ask(port, 12) for _ in range(200)])
            statuses = Counter(status for told in each for status, _, _ in told)
            assert set(statuses) == {200, 503}
            assert statuses[200] > 200
            assert shedding.under_way == 0
            await asyncio.sleep(1.1)
            counted = 'onoma_requests_total{method="POST",path="/v1/entities",status="503"}'
            assert f"{counted} {statuses[503]:.1f}" in metrics.text()
            assert f'onoma_errors_total{{kind="busy"}} {statuses[503]:.1f}' in metrics.text()
            assert sum(record.times for record in caplog.records) == statuses[503]
            assert len(caplog.records) < 20, "a line a second, not one for each"

    played(main)


def test_a_refusal_is_the_problem_document_that_the_app_would_give():
    async def main() -> None:
        async with served(guards=[Slow]) as (port, _):
            each = await asyncio.gather(*[ask(port, 12) for _ in range(200)])
            _, headers, body = next(t for told in each for t in told if t[0] == 503)
            _, expected, document = problem_of(BusyError(body["detail"], retry_after=1.0))
            assert headers.items() >= {k.decode(): v.decode() for k, v in expected}.items()
            assert headers["x-content-type-options"] == "nosniff"
            assert "date" in headers
            assert body["instance"] == f"urn:onoma:request:{headers['x-request-id']}"
            assert body["title"] == document.title

    played(main)


def test_a_tagger_that_ponders_may_ponder_much_at_once():
    """Its own time is not a wait, however long: only what waits for the service itself is too much."""

    async def main() -> None:
        async with served(Pondering()) as (port, _):
            each = await asyncio.gather(*[ask(port, 4) for _ in range(60)])
            assert Counter(t[0] for told in each for t in told) == {200: 240}

    played(main)


def test_bodies_that_are_still_to_come_hold_no_place():
    async def main() -> None:
        async with served() as (port, shedding):
            halves = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
            for _, writer in halves:
                writer.write(ENTITIES[:-5])
            assert [t[0] for t in await ask(port, 3)] == [200] * 3
            assert shedding.under_way == 0
            for _, writer in halves:
                writer.write(ENTITIES[-5:])
            assert {(await answer(reader))[0] for reader, _ in halves} <= {200, 503}
            for _, writer in halves:
                writer.close()

    played(main)


def test_who_leaves_in_the_midst_of_a_pipeline_gives_back_all_places():
    async def main() -> None:
        async with served(Pondering()) as (port, shedding):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ENTITIES * 5)
            while shedding.under_way < 5:
                await asyncio.sleep(0.001)
            writer.transport.abort()
            while shedding.under_way:
                await asyncio.sleep(0.01)

    played(main)


@pytest.fixture
def stopped(monkeypatch):
    """No time goes by but what a test says."""
    monkeypatch.setattr("onoma.serving.shedding.time", SimpleNamespace(monotonic=lambda: 100.0))


def scope(path: str = "/v1/entities") -> dict[str, Any]:
    return {"path": path, "state": {}}


def full(shedding: Shedding) -> list[dict[str, Any]]:
    taken = []
    while not shedding.refuses(scope()):
        taken.append(scope())
        shedding.began(taken[-1])
    return taken


def end(shedding: Shedding, taken: list[dict[str, Any]], wait: float, tag: float) -> None:
    for each in taken:
        each["state"]["came"] -= wait + tag
        each["state"]["asked"] = None, Answer([], "none", "1", timings={"tag": tag})
        shedding.ended(each)


@pytest.mark.usefixtures("stopped")
def test_places_shrink_with_long_waits_and_grow_one_by_one():
    shedding = Shedding(["/v1/entities"], Desk(single(list)()), seconds=0.25, least=32)
    assert [len(full_and_end(shedding, 0.5, 0.0)) for _ in range(3)] == [256, 32, 32]
    assert len(full_and_end(shedding, 0.0, 3.0)) == 32
    assert len(full_and_end(shedding, 0.0, 3.0)) == 33
    assert not shedding.refuses(scope("/health/live"))


@pytest.mark.usefixtures("stopped")
def test_places_that_are_not_needed_come_back():
    shedding = Shedding(["/v1/entities"], Desk(single(list)()), seconds=0.25, least=2)
    for _ in range(3):
        full_and_end(shedding, 0.5, 0.0)
    for _ in range(40):
        alone = scope()
        shedding.began(alone)
        end(shedding, [alone], 0.0, 0.0)
    assert len(full(shedding)) == 16


def full_and_end(shedding: Shedding, wait: float, tag: float) -> list[dict[str, Any]]:
    taken = full(shedding)
    end(shedding, taken, wait, tag)
    return taken


def test_nobody_is_refused_when_the_service_is_about_to_end():
    desk = Desk(single(list)())
    shedding = Shedding(["/v1/entities"], desk)
    full(shedding)
    desk.draining = True
    assert not shedding.refuses(scope())
