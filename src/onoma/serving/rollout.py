"""Trying a challenger out: on a share of the traffic (canary), or unseen beside the champion (shadow).

Pure: orders of taggers go in and come out, comparisons are told of, and the state changes by the rules.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

from onoma.errors import InputError, OutputError
from onoma.files import whole_file
from onoma.serving.comparison import Comparison, Side
from onoma.serving.config import CanarySpec, ShadowSpec
from onoma.serving.sharing import within
from onoma.text import Entity

__all__ = ["Canary", "Shadow", "Status"]

Status = Literal["running", "promoted", "rolled back"]
_OUTCOMES: dict[str, Status] = {"promote": "promoted", "roll back": "rolled back"}


class Shadow:
    """A challenger that is compared and never answers.

    >>> shadow = Shadow(ShadowSpec(champion="old", challenger="new", share=0.5))
    >>> sum(shadow.picks("old", f"request {n}") for n in range(1000))
    512
    """

    kind: Literal["canary", "shadow"] = "shadow"

    def __init__(self, spec: ShadowSpec) -> None:
        """Nothing is compared yet."""
        self.spec = spec
        self.comparison = Comparison(spec.rules)
        self.dropped = 0

    def picks(self, answered: str, request: str) -> bool:
        """Whether the challenger is to read what ``answered`` has answered."""
        return answered == self.spec.champion and within(self.spec.share, request, f"shadow {self._pair}")

    def compared(self, champion: Sequence[Entity], challenger: Sequence[Entity]) -> None:
        """Both read a text, and this is what they found."""
        self.comparison.compared(champion, challenger)

    def called(self, side: Side, *, ok: bool, seconds: float) -> None:
        """One of them was asked."""
        self.comparison.called(side, ok=ok, seconds=seconds)

    @property
    def _pair(self) -> str:
        return f"{self.spec.champion} {self.spec.challenger}"

    def to_dict(self) -> dict[str, Any]:
        """How it stands, ready for JSON."""
        what, why = self.comparison.verdict()
        return {
            "kind": self.kind,
            "champion": self.spec.champion,
            "challenger": self.spec.challenger,
            "share": self.spec.share,
            "verdict": what,
            "why": list(why),
            "dropped": self.dropped,
            "figures": self.comparison.to_dict(),
        }


class Canary(Shadow):
    """A challenger that answers a share of the traffic until the rules decide.

    A user who is sent to the challenger stays with it. Promoted, it takes the champion's place, and the
    champion takes over where it fails; rolled back, it answers nobody.

    >>> canary = Canary(CanarySpec(champion="old", challenger="new", share=0.5))
    >>> canary.direct(["old", "other"], "ada"), canary.direct(["old", "other"], "eve")
    ((['new', 'old', 'other'], 'challenger'), (['old', 'other'], 'champion'))
    >>> canary.decide("promote", ["an operator says so"])
    >>> canary.direct(["old", "other"], "eve")
    (['new', 'old', 'other'], None)
    >>> canary.decide("roll back", ["an operator says so"])
    >>> canary.direct(["old", "other"], "ada")
    (['old', 'other'], None)
    """

    kind = "canary"
    spec: CanarySpec

    def __init__(
        self, spec: CanarySpec, versions: str = "", *, clock: Callable[[], float] = time.time
    ) -> None:
        """A decision that was kept in ``spec.state`` for the same two taggers in these ``versions`` holds."""
        super().__init__(spec)
        self.status: Status = "running"
        self.why: list[str] = []
        self._versions, self._clock = versions, clock
        self.since = clock()
        self._stamp = self._stamped()
        self._recall()

    def refresh(self) -> None:
        """Take over what another process of the service has decided, and kept, since."""
        if (stamp := self._stamped()) != self._stamp:
            self._stamp = stamp
            with suppress(InputError):
                self._recall()

    def _stamped(self) -> tuple[int, int]:
        try:
            stat = self.spec.state.stat() if self.spec.state else None
        except OSError:
            return (0, 0)
        return (stat.st_ino, stat.st_mtime_ns) if stat else (0, 0)

    def direct(self, order: Sequence[str], user: str) -> tuple[list[str], Side | None]:
        """``order`` as the canary has it for ``user``, and which side of the trial answers, if one does."""
        champion, challenger = self.spec.champion, self.spec.challenger
        others = [name for name in order if name != challenger]
        if self.status == "rolled back":
            return others or list(order), None
        if champion not in order:
            return list(order), None
        at = others.index(champion)
        replaced = [*others[:at], challenger, *others[at:]]
        if self.status == "promoted":
            return replaced, None
        if order[0] != champion:
            return list(order), None
        chosen = within(self.spec.share, user, f"canary {self._pair}")
        return (replaced, "challenger") if chosen else (others, "champion")

    def picks(self, answered: str, request: str) -> bool:
        """Whether the champion is to read what ``answered`` has: all that the challenger did."""
        return self.status == "running" and answered == self.spec.challenger

    def compared(self, champion: Sequence[Entity], challenger: Sequence[Entity]) -> None:
        """As a shadow's, and decides where the rules do."""
        super().compared(champion, challenger)
        self._look()

    def called(self, side: Side, *, ok: bool, seconds: float) -> None:
        """As a shadow's, and decides where the rules do; a call that went well seldom does."""
        super().called(side, ok=ok, seconds=seconds)
        if not ok:
            self._look()

    def decide(self, what: Literal["promote", "roll back"], why: Sequence[str]) -> None:
        """Promote or roll back, by the rules or because somebody says so, and keep that if it can be."""
        self.status, self.why, self.since = _OUTCOMES[what], list(why), self._clock()
        try:
            self._keep()
        except OutputError as error:  # the service goes on as decided, and says what was not kept
            self.why.append(str(error))

    def _keep(self) -> None:
        if self.spec.state:
            with whole_file(self.spec.state) as file:
                json.dump(self._decision(), file, indent=1)
            self._stamp = self._stamped()

    def _look(self) -> None:
        if self.status == "running":
            what, why = self.comparison.verdict()
            if what != "go on":
                self.decide(what, why)

    def _decision(self) -> dict[str, Any]:
        return {
            "pair": self._pair,
            "versions": self._versions,
            "status": self.status,
            "why": self.why,
            "since": self.since,
        }

    def _recall(self) -> None:
        if self.spec.state is None or not self.spec.state.exists():
            return
        try:
            kept = json.loads(self.spec.state.read_text(encoding="utf-8"))
            same = (kept["pair"], kept["versions"]) == (self._pair, self._versions)
            if same and kept["status"] in _OUTCOMES.values():
                self.status, self.why, self.since = kept["status"], kept["why"], kept["since"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.spec.state} holds no decision of a canary: {error!r}") from error

    def to_dict(self) -> dict[str, Any]:
        """How it stands, ready for JSON."""
        told = super().to_dict() | {"status": self.status, "since": self.since}
        return told | ({"why": self.why} if self.why else {})
