"""A circuit breaker: a tagger that keeps failing is left alone, and tried again with a probe now and then.

A pure object: it is told what happened and what time it is. States as Nygard names them (*Release It!*,
2007): closed (all is well), open (nobody asks), half-open (a probe may ask).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict

from onoma.errors import InputError

__all__ = ["Breaker", "BreakerPolicy", "State"]

State = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """It opens when of the last ``window`` calls a share of ``failures`` failed, of at least ``least`` calls.

    It rests for ``rest`` seconds, twice as long after each probe that fails, ``longest`` at most. ``probes``
    in a row must succeed to close it; one is out at a time, and is forgotten after ``patience`` seconds.

    >>> BreakerPolicy(failures=0)
    Traceback (most recent call last):
      ...
    onoma.errors.InputError: a breaker needs a share of failures above 0 and up to 1, and numbers above 0
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    window: int = 20
    least: int = 5
    failures: float = 0.5
    rest: float = 1.0
    longest: float = 60.0
    probes: int = 2
    patience: float = 30.0

    def __post_init__(self) -> None:
        least = min(self.window, self.least, self.rest, self.longest, self.probes, self.patience)
        if not 0 < self.failures <= 1 or least <= 0:
            raise InputError("a breaker needs a share of failures above 0 and up to 1, and numbers above 0")


class Breaker:
    """Ask `allows` before each call and tell `record` how it went.

    >>> breaker = Breaker(BreakerPolicy(least=2, rest=1.0, probes=1))
    >>> for _ in range(2):
    ...     breaker.record(False, now=0.0)
    >>> breaker.state(0.5), breaker.allows(0.5)
    ('open', False)
    >>> breaker.state(1.5), breaker.allows(1.5), breaker.allows(1.5)
    ('half-open', True, False)
    >>> breaker.record(True, now=1.6)
    >>> breaker.state(1.6)
    'closed'
    """

    def __init__(self, policy: BreakerPolicy | None = None) -> None:
        """Closed, whatever ``policy``."""
        self.policy = policy or BreakerPolicy()
        self.opened = 0
        self._close()

    def _close(self) -> None:
        self._recent: deque[bool] = deque(maxlen=self.policy.window)
        self._until: float | None = None  # None while closed
        self._rest = self.policy.rest
        self._probe: float | None = None  # when the probe that is out was sent
        self._proved = 0

    def state(self, now: float) -> State:
        """Closed, open or half-open."""
        if self._until is None:
            return "closed"
        return "open" if now < self._until else "half-open"

    def allows(self, now: float) -> bool:
        """Whether the tagger may be asked now; in half-open this takes the place of the one probe."""
        if not self.would_allow(now):
            return False
        if self._until is not None:
            self._probe = now
        return True

    def would_allow(self, now: float) -> bool:
        """What `allows` would say, without taking the probe's place."""
        if self._until is None:
            return True
        out = self._probe is not None and now - self._probe < self.policy.patience
        return now >= self._until and not out

    def record(self, ok: bool, now: float) -> None:
        """A call went well, or failed."""
        if self._until is None:
            self._recent.append(ok)
            if not ok and self._failing():
                self._open(now)
        elif self._probe is not None:  # else it is an answer from before it opened, and tells nothing new
            self._probe = None
            self._proved = self._proved + 1 if ok else 0
            if not ok:
                self._open(now, longer=True)
            elif self._proved >= self.policy.probes:
                self._close()

    def forget(self) -> None:
        """A call that was allowed told nothing: it was given up, or was never made."""
        self._probe = None

    def wait(self, now: float) -> float:
        """Seconds until it may be asked again; 0 where it may now."""
        return 0.0 if self._until is None else max(self._until - now, 0.0)

    def _failing(self) -> bool:
        failed = self._recent.count(False)
        return len(self._recent) >= self.policy.least and failed >= self.policy.failures * len(self._recent)

    def _open(self, now: float, *, longer: bool = False) -> None:
        self.opened += not longer
        self._rest = min(self._rest * 2, self.policy.longest) if longer else self._rest
        self._until, self._probe, self._proved = now + self._rest, None, 0
