"""`Fleet`: the router of a service with several taggers, as a serving file describes them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from onoma.errors import DownError, InputError, OnomaError
from onoma.serving.asking import Answer, Ask, Observer, Quiet, Served, TaggerState
from onoma.serving.comparison import Side
from onoma.serving.config import Config
from onoma.serving.engine import Engine
from onoma.serving.languages import guess_language
from onoma.serving.members import Member, annotator_of
from onoma.serving.mirror import Mirror
from onoma.serving.patterns import Facts
from onoma.serving.rollout import Canary, Shadow
from onoma.serving.routing import Known, Plan, Wanted, plan

__all__ = ["Exposed", "Fleet", "Make"]

Exposed = Callable[[str, str, str], None]
"""Is told of a user who is put before an arm of an A/B test: experiment, tagger, user."""

Make = Callable[..., Engine]
"""Makes the engine of a tagger, as `Engine` itself does; for those who give all of them one cache."""


class _Way(NamedTuple):
    """Whom to ask in turn, why, and which side of the canary the first of them is."""

    order: Sequence[str]
    why: list[str]
    side: Side | None
    plan: Plan


class Fleet:
    """Made by `of` or `after`; what it is made of never changes, so that it can be swapped as a whole."""

    def __init__(
        self,
        config: Config,
        members: Mapping[str, Member],
        trials: tuple[Canary | None, Shadow | None],
        observer: Observer,
        exposed: Exposed | None,
    ) -> None:
        self.config, self.members, self.observer, self.exposed = config, dict(members), observer, exposed
        self.canary, self.shadow = trials
        self.routes = config.plan
        self.failovers = 0
        self.failed_over: Callable[[str], None] = getattr(observer, "failed_over", lambda tagger: None)
        self._needs_language = any("language" in route.pattern.conditions for route in self.routes)
        # those on trial answer only where a route names them, or the canary sends somebody there
        named = {name for route in self.routes for name in (*route.to, *(route.fallback or ()))}
        self._reserved = {trial.spec.challenger for trial in trials if trial} - named
        self._mirrors = [Mirror(trial, self._busy) for trial in trials if trial]

    @classmethod
    async def of(
        cls,
        config: Config,
        *,
        observer: Observer | None = None,
        exposed: Exposed | None = None,
        make: Make = Engine,
    ) -> Fleet:
        """Load and warm up every tagger; raises `BundleError` or `InputError` where one cannot be."""
        return await _made(config, None, observer or Quiet(), exposed, make)

    async def after(self, config: Config, *, make: Make = Engine) -> Fleet:
        """The fleet of another serving file; taggers and trials described as before are taken over."""
        return await _made(config, self, self.observer, self.exposed, make)

    async def annotate(self, ask: Ask) -> Answer:
        """The answer of the first tagger on the way that gives one.

        Raises `NotFoundError` where one is asked for that there is not, `BusyError` when too much waits,
        `DownError` when every tagger on the way failed, and the `InputError` of what cannot be read.
        """
        way = self._way(ask)
        self._expose(way, ask)
        for name in way.order:
            member, start = self.members[name], time.monotonic()
            try:
                served = await member.ask(ask.documents)
            except DownError as error:
                way.why.append(f"{name}: {error}")
                self._count(way, name, ok=False, seconds=time.monotonic() - start)
                if name != way.order[-1]:
                    self.failovers += 1
                    self.failed_over(name)
                continue
            if not served.cached:
                self._count(way, name, ok=True, seconds=time.monotonic() - start)
            self._mirror(name, ask, served)
            return self._answer(way, member, served)
        raise DownError(f"no tagger answers: {'; '.join(way.why)}", retry_after=self._retry_after())

    def _way(self, ask: Ask) -> _Way:
        """Whom to ask; a canary touches neither a tagger asked for by name nor the arms of an experiment."""
        now = time.monotonic()
        known = {name: member.known(now) for name, member in self.members.items()}
        user = ask.user or ask.request
        budget = None if ask.latency_budget is None else ask.latency_budget - (now - ask.arrived)
        made = plan(self._facts(ask), Wanted(ask.model, budget, user), self.routes, known)
        if self._reserved and ask.model is None:
            made = made._replace(order=tuple(name for name in made.order if name not in self._reserved))
        why = [*made.why]
        if ask.model is not None or made.experiment or self.canary is None:
            return _Way(made.order, why, None, made)
        order, side = self.canary.direct(made.order, user)
        if tuple(order) != made.order:
            why.append(f"canary {self.canary.status}: {order[0]}")
        return _Way(_well_first(order, known), why, side, made)

    def _facts(self, ask: Ask) -> Facts:
        lengths = [len(document.text) for document in ask.documents]
        language = guess_language(ask.documents[0].text) if self._needs_language and ask.documents else ""
        return Facts(
            ask.priority,
            ask.user or "",
            ask.caller,
            max(lengths, default=0),
            len(lengths),
            sum(lengths),
            language,
            ask.labels,
        )

    def _expose(self, way: _Way, ask: Ask) -> None:
        if way.plan.experiment and self.exposed and ask.user:
            self.exposed(way.plan.experiment, way.order[0], ask.user)

    def _count(self, way: _Way, name: str, *, ok: bool, seconds: float) -> None:
        """Tell the trials how a call of theirs went."""
        if self.canary and way.side and name == getattr(self.canary.spec, way.side):
            self.canary.called(way.side, ok=ok, seconds=seconds)
        if self.shadow and name == self.shadow.spec.champion:
            self.shadow.called("champion", ok=ok, seconds=seconds)

    def _mirror(self, name: str, ask: Ask, served: Served) -> None:
        for mirror in self._mirrors:
            spec = mirror.trial.spec
            if mirror.trial.picks(name, ask.request):
                side: Side = "champion" if name == spec.challenger else "challenger"
                member = self.members[spec.champion if side == "champion" else spec.challenger]
                mirror.add(ask.documents, served.documents, member, side)

    def _answer(self, way: _Way, member: Member, served: Served) -> Answer:
        timings = {"queue": served.queue, "tag": served.tag}
        version = member.engine.version
        return Answer(served.documents, member.name, version, tuple(way.why), timings, served.cached)

    def _busy(self) -> int:
        return sum(member.engine.held for member in self.members.values())

    def _retry_after(self) -> float:
        now = time.monotonic()
        return max(min(member.breaker.wait(now) for member in self.members.values()), 1.0)

    def states(self) -> Sequence[TaggerState]:
        """Its taggers, the one that answers by default first."""
        first = list(self.routes[-1].to)
        names = [*first, *(name for name in self.members if name not in first)]
        return [self.members[name].state for name in names]

    def faults(self) -> Sequence[str]:
        """One, where no tagger can be asked."""
        now = time.monotonic()
        if any(member.breaker.state(now) != "open" for member in self.members.values()):
            return ()
        return ("every tagger keeps failing",)

    def rollout(self) -> dict[str, Any]:
        """How the trials stand, and the routes with their weights, ready for JSON."""
        trials = [
            mirror.trial.to_dict() | {"waiting": mirror.waiting, "queue": mirror.trial.spec.queue}
            for mirror in self._mirrors
        ]
        routes = [
            {"name": each.name, "when": str(each.pattern), "to": dict(each.to), "experiment": each.experiment}
            for each in self.routes
        ]
        return {"trials": trials, "routes": routes, "failovers": self.failovers}

    async def close(self) -> None:
        """Answer what waits, take on nothing more, let go of every tagger."""
        await self.leave(())

    async def leave(self, kept: Sequence[Member]) -> None:
        """As `close`, and leave ``kept`` to the fleet that takes over."""
        for mirror in self._mirrors:
            await mirror.close()
        members = [member for member in self.members.values() if member not in kept]
        await asyncio.gather(*(member.close() for member in members))


def _well_first(order: Sequence[str], known: Mapping[str, Known]) -> list[str]:
    return sorted(order, key=lambda name: known[name].resting > 0)


async def _made(
    config: Config, before: Fleet | None, observer: Observer, exposed: Exposed | None, make: Make
) -> Fleet:
    """The fleet of ``config``; what it loaded is let go of again where a part of it fails."""
    old = before.members if before else {}
    members: dict[str, Member] = {}
    try:
        for name, spec in config.taggers.items():
            kept = old.get(name)
            members[name] = (
                kept if kept and kept.spec == spec else await _member(name, config, observer, make)
            )
        return Fleet(config, members, _trials(config, before, members), observer, exposed)
    except BaseException:
        await asyncio.gather(*(each.close() for each in members.values() if each not in old.values()))
        raise


async def _member(name: str, config: Config, observer: Observer, make: Make) -> Member:
    spec = config.taggers[name]
    annotate = await asyncio.to_thread(annotator_of, spec)
    member = Member.of(name, spec, annotate, observer=observer, make=make)
    try:
        await member.warm()
    except OnomaError:
        await member.close()
        raise
    except Exception as error:
        await member.close()
        raise InputError(f"the tagger {name} fails at its first text: {type(error).__name__}") from error
    return member


def _trials(
    config: Config, before: Fleet | None, members: Mapping[str, Member]
) -> tuple[Canary | None, Shadow | None]:
    """Trials described as before, of the same taggers, go on with what they know."""
    canary, shadow = (before.canary, before.shadow) if before else (None, None)

    def same(trial: Shadow) -> bool:
        pair = (trial.spec.champion, trial.spec.challenger)
        return before is not None and all(before.members.get(name) is members.get(name) for name in pair)

    if config.canary and not (canary and canary.spec == config.canary and same(canary)):
        pair = (config.canary.champion, config.canary.challenger)
        canary = Canary(config.canary, " ".join(members[name].engine.version for name in pair))
    if config.shadow and not (shadow and shadow.spec == config.shadow and same(shadow)):
        shadow = Shadow(config.shadow)
    return canary if config.canary else None, shadow if config.shadow else None
