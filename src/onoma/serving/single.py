"""`SingleRouter`: the router of a service with one tagger, or of several that are asked for by name."""

from __future__ import annotations

from collections.abc import Sequence

from onoma.errors import InputError, NotFoundError, nearest
from onoma.serving.asking import Answer, Ask, TaggerState
from onoma.serving.engine import Engine

__all__ = ["SingleRouter"]


class SingleRouter:
    """The first of its engines answers, unless a request names another."""

    def __init__(self, *engines: Engine) -> None:
        """Raises `InputError` for none, and for two of one name."""
        self._engines = {engine.name: engine for engine in engines}
        if not engines or len(self._engines) < len(engines):
            raise InputError("a service needs at least one tagger, each with a name of its own")
        self._default = engines[0]

    async def annotate(self, ask: Ask) -> Answer:
        """What the tagger says; raises `NotFoundError` where there is none of that name."""
        engine = self._default if ask.model is None else self._named(ask.model)
        documents, queue, tag, cached = await engine.ask(ask.documents)
        why = "it was asked for by name" if ask.model else "it is the tagger that answers by default"
        return Answer(documents, engine.name, engine.version, (why,), {"queue": queue, "tag": tag}, cached)

    def states(self) -> Sequence[TaggerState]:
        """Its taggers, the one that answers by default first."""
        return [engine.state for engine in self._engines.values()]

    def faults(self) -> Sequence[str]:
        """None: a tagger that can be asked is ready."""
        return ()

    async def close(self) -> None:
        """Answer what waits, take on nothing more."""
        for engine in self._engines.values():
            await engine.close()

    def _named(self, name: str) -> Engine:
        if name not in self._engines:
            raise NotFoundError(f"there is no tagger called {name!r}; {nearest(name, self._engines)}")
        return self._engines[name]
