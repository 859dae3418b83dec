"""What comes later in a turn of the loop than can be answered in time is sent away, and only that."""

from __future__ import annotations

import asyncio
import time

import uvloop

from onoma.errors import BusyError
from onoma.serving.shedding import Shedding


async def slow(scope, receive, send) -> None:
    time.sleep(0.004)


async def asked(shedding: Shedding, path: str) -> bool:
    try:
        await shedding({"type": "http", "path": path}, None, None)
    except BusyError:
        return False
    return True


async def all_at_once(path: str, least: int) -> tuple[list[bool], bool]:
    shedding = Shedding(slow, ["/v1/entities"], 0.02, least)
    return list(await asyncio.gather(*[asked(shedding, path) for _ in range(40)])), await asked(
        shedding, path
    )


def played(path: str = "/v1/entities", least: int = 3) -> tuple[list[bool], bool]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(all_at_once(path, least))


def test_those_who_come_later_in_a_turn_are_refused_and_the_next_turn_begins_anew():
    found, later = played()
    assert found == sorted(found, reverse=True)
    assert 3 <= sum(found) < 10
    assert later


def test_a_few_are_never_refused_however_long_they_take():
    found, _ = played(least=39)
    assert sum(found) == 39


def test_other_paths_are_always_open():
    assert played("/health/live") == ([True] * 40, True)
