"""`Guarded`: a router that answers only what the caller may ask, within its quota, and writes it down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from onoma.errors import BusyError, ForbiddenError, OutputError
from onoma.serving.asking import Answer, Ask, Router, TaggerState
from onoma.serving.audit import Audit, prediction
from onoma.serving.callers import CALLER, Caller
from onoma.serving.rate import Limiter

__all__ = ["Exposures", "Guarded"]


class Guarded:
    """Passes on to ``router`` what may be asked; the caller is that of the request (`CALLER`)."""

    def __init__(
        self,
        router: Router,
        *,
        limiter: Limiter | None = None,
        audit: Audit | None = None,
        ends: Sequence[Callable[[], object]] = (),
    ) -> None:
        """``ends`` are called, in threads, when it is closed, to end what belongs to the service besides."""
        self.router = router
        self._limiter, self._audit, self._ends = limiter or Limiter(), audit, ends

    async def annotate(self, ask: Ask) -> Answer:
        """The router's answer.

        Raises `ForbiddenError` for a tagger that the caller may not ask, `LimitError` over its quota, and
        `BusyError` where the audit log cannot be written and nothing is to be answered unaudited.
        """
        caller = CALLER.get()
        ask = _allowed(ask, caller)
        if self._audit is None:
            await self._limiter.texts(caller, len(ask.documents))
            return await self.router.annotate(ask)
        self._audit.check()
        await self._limiter.texts(caller, len(ask.documents))
        answer = await self.router.annotate(ask)
        await self._write(self._audit, ask, answer)
        return answer

    @staticmethod
    async def _write(audit: Audit, ask: Ask, answer: Answer) -> None:
        written = audit.append(prediction(ask, answer, audit.seal, texts=audit.rules.texts))
        if not audit.rules.wait:
            return
        try:
            await asyncio.wrap_future(written)
        except OutputError as error:
            raise BusyError("the audit log cannot be written, and nothing is answered unaudited") from error

    def states(self) -> Sequence[TaggerState]:
        """The taggers that the caller may ask."""
        caller = CALLER.get()
        return [s for s in self.router.states() if not caller.models or s.name in caller.models]

    def faults(self) -> Sequence[str]:
        """Those of the router, and a log that cannot be written where nothing is answered without."""
        faults = list(self.router.faults())
        if self._audit and self._audit.failing and self._audit.rules.refuse:
            faults.append(f"the audit log cannot be written ({self._audit.failing})")
        return faults

    async def close(self) -> None:
        """Close the router, then the log, then the rest."""
        await self.router.close()
        await self._limiter.close()
        for end in (*([self._audit.close] if self._audit else ()), *self._ends):
            await asyncio.to_thread(end)


def _allowed(ask: Ask, caller: Caller) -> Ask:
    """``ask`` as ``caller`` may ask it; who may ask one tagger only asks that."""
    if not caller.models or ask.model in caller.models:
        return ask
    if ask.model is None and len(caller.models) == 1:
        return ask._replace(model=next(iter(caller.models)))
    told = " or ".join(sorted(caller.models))
    raise ForbiddenError(f"{caller.name} may ask {told}; name one as the model")


class Exposures:
    """Writes down, once for each user, who is put before which arm of an A/B test; users are hashed.

    The log is one like the audit's, in a folder of its own: ``onoma audit verify`` checks it too.
    """

    _KEPT = 1_000_000  # users remembered; of more some are written again

    def __init__(self, log: Audit) -> None:
        self._log = log
        self._seen: set[str] = set()
        self.counts: dict[str, dict[str, int]] = {}

    def close(self) -> None:
        """Write what waits, and let go of the log."""
        self._log.close()

    def __call__(self, experiment: str, arm: str, user: str) -> None:
        """A user is put before an arm."""
        hidden = self._log.seal.hidden(user)
        seen = f"{experiment} {arm} {hidden}"
        if seen in self._seen:
            return
        if len(self._seen) >= self._KEPT:
            self._seen.clear()
        self._seen.add(seen)
        arms = self.counts.setdefault(experiment, {})
        arms[arm] = arms.get(arm, 0) + 1
        self._log.append({"kind": "exposure", "experiment": experiment, "arm": arm, "user": hidden})
