"""Processes behind nginx that are restarted in turn, while a load runs that notes every answer."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy_proxy import Proxy
from onoma.text import Annotate, Document
from serving_process import served


@dataclass
class Asked:
    """How often each status or failure came, seconds that answers took, and answers that were wrong."""

    outcomes: Counter[int | str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@contextmanager
def asked_all_the_while(proxy: Proxy, texts: Sequence[str], tag: Annotate, rate: float) -> Iterator[Asked]:
    """Ask ``rate`` times a second until the block ends, whatever comes back; then wait for what is due."""
    expected = {each.text: _told(each) for each in tag([Document(text) for text in texts])}
    asked, done = Asked(), threading.Event()

    async def ask(http: httpx.AsyncClient, text: str) -> None:
        began = time.perf_counter()
        try:
            answer = await http.post("/v1/entities", json={"text": text})
        except httpx.HTTPError as error:
            asked.outcomes[type(error).__name__] += 1
            return
        asked.outcomes[answer.status_code] += 1
        asked.seconds.append(time.perf_counter() - began)
        if answer.status_code == 200 and _found(answer.json()) != expected[text]:
            asked.wrong.append(text)

    async def run() -> None:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        async with (
            httpx.AsyncClient(base_url=proxy.url, verify=proxy.trust, limits=limits, timeout=30) as http,
            asyncio.TaskGroup() as tasks,
        ):
            due = time.perf_counter()
            for text in itertools.cycle(texts):
                if done.is_set():
                    return
                tasks.create_task(ask(http, text))
                due += 1 / rate
                await asyncio.sleep(max(due - time.perf_counter(), 0))

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        yield asked
    finally:
        done.set()
        thread.join(60)
        assert not thread.is_alive(), "the load did not end"


def _told(document: Document) -> list[tuple[int, int, str]]:
    return [(each.start, each.end, each.label) for each in document.entities]


def _found(body: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [(each["start"], each["end"], each["label"]) for each in body["entities"]]


@dataclass
class Fleet:
    """A process at each of some ports. ``ends``: of those that were told to end, code and seconds."""

    ports: Sequence[int]
    options: Sequence[str] = ()
    model: str = "serving_taggers:Capitals"
    ends: list[tuple[int, float]] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as stack:
            self._stack = stack
            self._processes = {port: self._started(port) for port in self.ports}
            yield

    def _started(self, port: int) -> Any:
        return self._stack.enter_context(served(*self.options, model=self.model, port=port))[0]

    def restart_in_turn(self) -> None:
        """One after the other: told to end, waited for, started again, waited for until it is ready."""
        for port, process in self._processes.items():
            began = time.perf_counter()
            process.terminate()
            code = process.wait(60)
            self.ends.append((code, time.perf_counter() - began))
            self._processes[port] = self._started(port)
