"""Answers remembered in Redis, for several processes; when Redis is away they are made anew.

Redis learns no text: keys are hashed with a secret (BLAKE2b in keyed mode, RFC 7693), and an answer is
numbers and labels. It may hold what others wrote: what cannot be read as an answer counts as nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from onoma.errors import InputError
from onoma.runtime.remembered import Remembered, pack, unpack

__all__ = ["RedisStore"]


class RedisStore:
    """A `onoma.runtime.caching.Store` in Redis, which several processes may share.

    After a failure Redis is left alone for a while, so that one that hangs costs one short time-out and not
    one for every text. ``failures`` counts them.
    """

    def __init__(
        self,
        url: str = "redis://127.0.0.1:6379/0",
        *,
        secret: str | bytes,
        expire: float = 86_400.0,
        timeout: float = 0.05,
        rest: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``secret`` is shared by those who share answers; without it nobody can look a text up.

        All times are in seconds: an answer is forgotten ``expire`` after it was kept, Redis has ``timeout``
        to connect or to answer, and ``rest`` passes after a failure before it is asked again.

        Raises `InputError` for an empty secret, times that are not above 0, and what is no URL of Redis.
        """
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        key = secret.encode() if isinstance(secret, str) else secret
        if not key or min(expire, timeout, rest) <= 0:
            raise InputError("a store in Redis needs a secret, and times above 0")
        self._secret = blake2b(key).digest()
        self._expire = max(round(expire * 1000), 1)
        self._rest, self._clock, self._resting_until = rest, clock, float("-inf")
        self.failures = 0
        try:
            self._redis: Any = Redis.from_url(
                url,
                socket_timeout=timeout,
                socket_connect_timeout=timeout,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise InputError(f"{url!r} is no address of Redis: {error}") from error

    @property
    def resting(self) -> bool:
        """Whether Redis failed lately and is not asked for now."""
        return self._clock() < self._resting_until

    def get_many(self, keys: Sequence[bytes]) -> list[Remembered | None]:
        """What Redis knows of each key; nothing of any when it is away."""
        found = self._ask(lambda redis: redis.mget([self._name(key) for key in keys]))
        return [None] * len(keys) if found is None else list(map(unpack, found))

    def put_many(self, answers: Mapping[bytes, Remembered]) -> None:
        """Keep these, if Redis is there."""

        def put(redis: Any) -> None:
            pipeline = redis.pipeline(transaction=False)
            for key, answer in answers.items():
                pipeline.set(self._name(key), pack(answer), px=self._expire)
            pipeline.execute()

        self._ask(put)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _name(self, key: bytes) -> str:
        return "onoma:" + blake2b(key, key=self._secret, digest_size=24).hexdigest()

    def _ask(self, what: Callable[[Any], Any]) -> Any:
        from redis import RedisError

        if self.resting:
            return None
        try:
            return what(self._redis)
        except (RedisError, OSError):
            self.failures += 1
            self._resting_until = self._clock() + self._rest
            return None
