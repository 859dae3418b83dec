"""How often a caller may ask, how much at once, and how many texts a day."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

from pydantic import ConfigDict

from onoma.errors import InputError, LimitError
from onoma.serving.callers import Caller
from onoma.serving.windows_moving import MovingWindows

__all__ = ["Limiter", "RateRules", "Share", "address_of", "parse_rate"]

_DAY = 86_400.0
_REST = 5.0  # seconds for which Redis is left alone after it failed


class Share(NamedTuple):
    """So many in any stretch of so many seconds."""

    amount: int
    seconds: float


@lru_cache(maxsize=1024)
def parse_rate(text: str) -> Share:
    """A limit as the library ``limits`` writes it; raises `InputError` for what is none.

    >>> parse_rate("100/second"), parse_rate("5 per 2 minutes")
    (Share(amount=100, seconds=1), Share(amount=5, seconds=120))
    """
    from limits import parse

    try:
        item = parse(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no limit; write one like 100/second or 5000 per 1 hour") from error
    return Share(item.amount, item.get_expiry())


@dataclass(frozen=True)
class RateRules:
    """Limits of each ``key`` and of each ``address`` (an IPv6 address with its /64), as in ``100/second``.

    ``failures`` is how often an address may come with a key or token that does not hold, ``at_once`` how many
    requests of one caller may be under way, and ``quota`` how many texts it may send in 24 hours. ``store``
    is ``memory``, each process for itself, or an address of Redis, which several share. Empty or None: none.

    >>> RateRules(key="often")
    Traceback (most recent call last):
      ...
    onoma.errors.InputError: 'often' is no limit; write one like 100/second or 5000 per 1 hour
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    key: str = ""
    address: str = ""
    failures: str = "30/minute"
    at_once: int | None = None
    quota: int | None = None
    store: str = "memory"

    def __post_init__(self) -> None:
        for text in filter(None, (self.key, self.address, self.failures)):
            parse_rate(text)


class Limiter:
    """Raises `LimitError` where a limit is reached. With Redis away the windows of this process count.

    >>> import asyncio
    >>> from onoma.serving.callers import Caller, Role
    >>> limiter = Limiter(RateRules(key="1/minute"))
    >>> asyncio.run(limiter.ask(Caller("ada", Role.reader), "203.0.113.7"))
    >>> asyncio.run(limiter.ask(Caller("ada", Role.reader), "203.0.113.7"))
    Traceback (most recent call last):
      ...
    onoma.errors.LimitError: ada may ask 1 times in 60 seconds; try again later
    """

    def __init__(
        self, rules: RateRules | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises `InputError` for a store that is none."""
        self.rules = rules or RateRules()
        self._clock = clock
        self._windows, self._under_way = MovingWindows(), Counter[str]()
        self._redis = None if self.rules.store == "memory" else _RedisWindows(self.rules.store)
        self._resting_until = float("-inf")

    async def ask(self, caller: Caller, address: str) -> None:
        """Somebody asks."""
        if self.rules.address:
            await self._count(f"address {address}", self.rules.address, "this address")
        if rate := caller.rate or (caller.name and self.rules.key):
            await self._count(f"key {caller.name}", rate, caller.name)

    async def failed(self, address: str) -> None:
        """Somebody came with a key or token that does not hold."""
        if self.rules.failures:
            await self._count(f"failures {address}", self.rules.failures, "this address")

    async def texts(self, caller: Caller, texts: int) -> None:
        """Somebody sends so many texts."""
        quota = self.rules.quota if caller.quota is None else caller.quota
        if quota is not None and (wait := await self._hit(f"texts {caller.name}", Share(quota, _DAY), texts)):
            raise LimitError(
                f"the quota is {quota} texts in 24 hours, and {texts} are more", retry_after=wait
            )

    @contextmanager
    def place(self, caller: Caller, address: str) -> Iterator[None]:
        """One of the requests that a caller may have under way."""
        name = caller.name or address
        if self.rules.at_once is not None and self._under_way[name] >= self.rules.at_once:
            raise LimitError(f"{self.rules.at_once} requests at once are allowed", retry_after=1.0)
        self._under_way[name] += 1
        try:
            yield
        finally:
            self._under_way[name] -= 1
            if not self._under_way[name]:
                del self._under_way[name]

    async def close(self) -> None:
        """Close what connections it has."""
        if self._redis:
            await self._redis.close()

    async def _count(self, name: str, rate: str, whose: str) -> None:
        share = parse_rate(rate)
        if wait := await self._hit(name, share, 1):
            told = f"{whose} may ask {share.amount} times in {share.seconds:g} seconds; try again later"
            raise LimitError(told, retry_after=wait)

    async def _hit(self, name: str, share: Share, cost: int) -> float:
        """0 where there was room, else the seconds until there may be."""
        now = self._clock()
        if self._redis and now >= self._resting_until:
            try:
                return await self._redis.hit(name, share, cost)
            except Exception:  # whatever Redis and its client come up with: the service goes on
                self._resting_until = now + _REST
        return self._windows.hit(name, share.amount, share.seconds, now, cost)


class _RedisWindows:
    """Counts in Redis: by the moving window of ``limits``, and a day's quota by its fixed window."""

    def __init__(self, url: str) -> None:
        from limits.aio.storage import RedisStorage
        from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter
        from redis.asyncio import ConnectionPool

        if not url.startswith(("redis://", "rediss://", "unix://")):
            raise InputError(
                f"{url!r} is no store of limits; write memory or one like redis://127.0.0.1:6379"
            )
        self._pool = ConnectionPool.from_url(url, socket_timeout=0.2, socket_connect_timeout=0.2)
        options: dict[str, Any] = {"connection_pool": self._pool}
        store = RedisStorage(f"async+{url}", implementation="redispy", **options)
        self._moving, self._fixed = MovingWindowRateLimiter(store), FixedWindowRateLimiter(store)

    async def hit(self, name: str, share: Share, cost: int) -> float:
        """0 where there was room, else the seconds until there may be."""
        from limits import RateLimitItemPerSecond

        strategy = self._fixed if share.seconds >= _DAY else self._moving  # a moving one keeps every hit
        item = RateLimitItemPerSecond(share.amount, int(share.seconds), namespace="onoma")
        if await strategy.hit(item, name, cost=cost):
            return 0.0
        return max((await strategy.get_window_stats(item, name)).reset_time - time.time(), 1e-3)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()


def address_of(client: tuple[str, int] | None) -> str:
    """The address a limit is for: that of an IPv6 client with its neighbours in the same /64.

    >>> address_of(("203.0.113.7", 4711)), address_of(("2001:db8::1:2", 4711)), address_of(None)
    ('203.0.113.7', '2001:db8::', 'local')
    """
    return "local" if client is None else _block_of(client[0])


@lru_cache(maxsize=16_384)
def _block_of(host: str) -> str:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(found) >> 64 << 64))
    return str(found)
