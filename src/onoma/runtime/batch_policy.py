"""Which waiting requests make the next network call, and when: a pure function of who waits and the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from onoma.errors import InputError

__all__ = ["BatchPolicy", "Choice", "Request", "choose"]

_ALIKE = 256  # characters up to which texts count as alike: a sentence or two


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """``texts`` and ``characters`` (of the longest text times their number) bound one network call.

    ``wait`` is how many seconds a request may wait for company. ``queue`` texts may wait at most.

    >>> BatchPolicy(texts=0)
    Traceback (most recent call last):
      ...
    onoma.errors.InputError: a batch needs texts, characters and queue of at least 1 and no negative wait
    """

    texts: int = 64
    characters: int = 16_384
    wait: float = 0.001
    queue: int = 1024

    def __post_init__(self) -> None:
        if min(self.texts, self.characters, self.queue) < 1 or not self.wait >= 0:
            raise InputError("a batch needs texts, characters and queue of at least 1 and no negative wait")

    def fills_a_call(self, texts: int, longest: int) -> bool:
        """Whether so many texts of at most so many characters are a network call by themselves."""
        return texts >= self.texts or texts * longest >= self.characters


class Request(NamedTuple):
    """What is known of a waiting request: its texts, characters of the longest, when it came (seconds)."""

    texts: int
    longest: int
    since: float


class Choice(NamedTuple):
    """``take``: places of the requests to run now. Else ``wait``: seconds after which to ask again.

    ``wait`` is None when nothing will change until another request comes.
    """

    take: tuple[int, ...]
    wait: float | None = None


def choose(waiting: Sequence[Request], now: float, policy: BatchPolicy, *, closing: bool = False) -> Choice:
    """What to do next; ``waiting`` is ordered by time.

    Requests of like length (within a factor of two; all short ones alike) run together, those that came first
    first. A group runs when it fills a call, when its first has waited long enough, or when no more will come
    (``closing``); of several such groups the one whose first has waited longest. So no text waits for longer
    ones to gather, and none is passed over for ever.

    >>> waiting = [Request(1, 40, 0.0), Request(1, 9000, 0.0), Request(1, 60, 0.5)]
    >>> choose(waiting, 0.5, BatchPolicy(wait=1.0))
    Choice(take=(), wait=0.5)
    >>> choose(waiting, 1.0, BatchPolicy(wait=1.0)).take
    (0, 2)
    """
    for group in _groups(waiting).values():
        take, full = _first_call(waiting, group, policy)
        if full or closing or now - waiting[group[0]].since >= policy.wait:
            return Choice(tuple(take))
    if not waiting:
        return Choice(())
    return Choice((), max(waiting[0].since + policy.wait - now, 0.0))


def _groups(waiting: Iterable[Request]) -> dict[int, list[int]]:
    """Places of requests of like length; the groups come ordered by their first member."""
    groups: dict[int, list[int]] = {}
    for place, request in enumerate(waiting):
        groups.setdefault(max(request.longest, _ALIKE).bit_length(), []).append(place)
    return groups


def _first_call(
    waiting: Sequence[Request], group: Sequence[int], policy: BatchPolicy
) -> tuple[list[int], bool]:
    """As many of ``group``, from the first on, as fit in one call, and whether that fills it."""
    take: list[int] = []
    texts = longest = 0
    for place in group:
        request = waiting[place]
        texts, longest = texts + request.texts, max(longest, request.longest)
        if take and (texts > policy.texts or texts * longest > policy.characters):
            return take, True
        take.append(place)
    return take, policy.fills_a_call(texts, longest)
