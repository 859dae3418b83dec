"""`Reloading`: a router whose fleet is swapped for that of another serving file; no request is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from onoma.errors import RefusedError
from onoma.serving.asking import Answer, Ask, TaggerState
from onoma.serving.config import Config
from onoma.serving.engine import Engine
from onoma.serving.fleet import Fleet, Make

__all__ = ["Reloading"]


class Reloading:
    """Passes requests on to the fleet there is now; the one before is left with its last answer."""

    def __init__(self, fleet: Fleet, read: Callable[[], Config], *, make: Make = Engine) -> None:
        """``read`` gives the serving file as it is now."""
        self.fleet = fleet
        self.reloads = 0
        self._read, self._make = read, make
        self._under_way: dict[int, int] = {}  # requests by the id of their fleet
        self._leaving: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._closed = False

    async def annotate(self, ask: Ask) -> Answer:
        """The answer of the fleet there is when the request comes."""
        fleet, key = self.fleet, id(self.fleet)
        self._under_way[key] = self._under_way.get(key, 0) + 1
        try:
            return await fleet.annotate(ask)
        finally:
            self._under_way[key] -= 1

    async def reload(self) -> None:
        """Read the file, load what is new, swap; what is no longer needed is left in the background.

        Raises `InputError` or `BundleError` where the file or a tagger is not good; then nothing has changed.
        """
        async with self._one_at_a_time:
            if self._closed:
                raise RefusedError("the service is about to end")
            config = await asyncio.to_thread(self._read)
            before = self.fleet
            self.fleet = await before.after(config, make=self._make)
            self.reloads += 1
            task = asyncio.create_task(self._leave(before, self.fleet))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _leave(self, before: Fleet, after: Fleet) -> None:
        while self._under_way.get(id(before)):
            await asyncio.sleep(0.01)
        self._under_way.pop(id(before), None)
        await before.leave(list(after.members.values()))

    def states(self) -> Sequence[TaggerState]:
        """The taggers there are."""
        return self.fleet.states()

    def faults(self) -> Sequence[str]:
        """Why it is not ready to take requests."""
        return self.fleet.faults()

    async def close(self) -> None:
        """Answer what waits, take on nothing more, let go of everything."""
        async with self._one_at_a_time:
            self._closed = True
            await asyncio.gather(*self._leaving)
            await self.fleet.close()
