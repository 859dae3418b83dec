"""What stands between HTTP and taggers: an `Ask` goes in, an `Answer` comes out, an `Observer` is told.

The app knows nothing of how a tagger is chosen, and a `Router` nothing of HTTP. An answer is whole: the
threshold and the labels that were asked for may guide a router, and the app applies them at the very end, so
what is cached, compared or counted is what the tagger said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from onoma.text import Document

__all__ = ["Answer", "Ask", "Observer", "Priority", "Quiet", "Router", "Seen", "Served", "TaggerState"]

Priority = Literal["accuracy", "speed", "balanced"]


class Ask(NamedTuple):
    """Documents to be read, and how.

    ``model`` names a tagger, or None where the router is to choose. ``latency_budget`` is in seconds from
    ``arrived``, which is ``time.monotonic()``; ``labels`` empty means all. ``user`` is who it is for, as the
    caller told; ``caller`` is who asks, as the guard knows; ``request`` is the request's id.
    """

    documents: Sequence[Document]
    model: str | None = None
    priority: Priority = "balanced"
    latency_budget: float | None = None
    threshold: float = 0.0
    labels: frozenset[str] = frozenset()
    user: str | None = None
    caller: str = ""
    request: str = ""
    arrived: float = 0.0


class Answer(NamedTuple):
    """The documents with their entities, in order, and how they came about.

    ``route`` is why this tagger answered, one short sentence a step; ``timings`` are seconds by phase
    (``queue``, ``tag`` and what a router adds); ``cached`` counts the documents that were remembered.
    """

    documents: Sequence[Document]
    tagger: str
    version: str
    route: tuple[str, ...] = ()
    timings: Mapping[str, float] = {}
    cached: int = 0


class TaggerState(NamedTuple):
    """A tagger that can be asked for by name; ``facts`` are what else is to be told of it, as JSON has it."""

    name: str
    version: str
    labels: Sequence[str]
    ready: bool = True
    facts: Mapping[str, Any] = {}


class Router(Protocol):
    """Chooses who answers."""

    async def annotate(self, ask: Ask) -> Answer:
        """The answer; raises an `OnomaError`, whose kind is the status of the response.

        When the task is cancelled nobody waits for the answer any more.
        """

    def states(self) -> Sequence[TaggerState]:
        """The taggers there are, the one that answers by default first."""

    def faults(self) -> Sequence[str]:
        """Why it is not ready to take requests, in sentences; none when it is."""

    async def close(self) -> None:
        """Answer what waits, take on nothing more, let go of everything."""


class Served(NamedTuple):
    """What an engine did for one request; ``queue`` and ``tag`` in seconds, 0 for what was remembered."""

    documents: Sequence[Document]
    queue: float = 0.0
    tag: float = 0.0
    cached: int = 0


class Seen(NamedTuple):
    """A request that has been answered: ``path`` is the route's pattern, ``seconds`` from its first byte.

    ``kind`` is the name of the error, or empty; ``ask`` and ``answer`` are None where it never came to that.
    """

    method: str
    path: str
    status: int
    seconds: float
    kind: str = ""
    request: str = ""
    caller: str = ""
    ask: Ask | None = None
    answer: Answer | None = None


class Observer(Protocol):
    """Is told what happens, in the event loop unless said otherwise; must be quick and may not raise."""

    def seen(self, seen: Seen) -> None:
        """A request has been answered, be it with an error."""

    def sent_away(self, path: str, times: int, kind: str) -> None:
        """So many requests in the last second were answered unread, with an error of that kind."""

    def phase(self, tagger: str, phase: str, seconds: float) -> None:
        """A phase of one request took so long: ``queue``, ``tag``."""

    def batch(self, tagger: str, texts: int, waiting: int) -> None:
        """A call of a tagger begins with so many texts, and so many are left waiting."""

    def cache(self, tagger: str, hits: int, misses: int, shared: int) -> None:
        """So many documents of a request were remembered, were not, or were under way for another already."""


class Quiet:
    """An `Observer` that does nothing; others take from it what they need not do.

    >>> Quiet().batch("en-gmb", 3, 0)
    """

    def seen(self, seen: Seen) -> None:
        """Nothing."""

    def sent_away(self, path: str, times: int, kind: str) -> None:
        """Nothing."""

    def phase(self, tagger: str, phase: str, seconds: float) -> None:
        """Nothing."""

    def batch(self, tagger: str, texts: int, waiting: int) -> None:
        """Nothing."""

    def cache(self, tagger: str, hits: int, misses: int, shared: int) -> None:
        """Nothing."""
