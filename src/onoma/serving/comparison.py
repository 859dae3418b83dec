"""A challenger beside the champion: what both say of the same texts, how often each fails, how long it takes.

Pure: it is told what happened and says whether that is enough to decide. Every number that a rule looks at is
the mean of a confidence sequence, so it may be looked at after every request; the rules share one alpha, and
the chance that any wrong decision is ever taken is at most that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

from pydantic import ConfigDict

from onoma.errors import InputError
from onoma.serving.sequential import Interval, Mean
from onoma.text import Entity

__all__ = ["Comparison", "Rules", "Side", "Verdict"]

Side = Literal["champion", "challenger"]
_SIDES: tuple[Side, Side] = ("champion", "challenger")


@dataclass(frozen=True)
class Rules:
    """When a challenger is promoted, and when it is rolled back.

    ``agreement`` is the least mean agreement with the champion, ``labels`` the same for some labels by
    themselves; ``errors`` by how much more often it may fail, and ``slower`` by how much more often it may
    take longer than ``slow`` seconds, both as shares of all calls. It is promoted when all of that is proven
    and ``least`` texts were compared, rolled back when one of them is refuted, or when after ``most`` texts
    neither is. ``alpha`` is the chance of a wrong decision, however often one looks.

    >>> Rules(agreement=1.5)
    Traceback (most recent call last):
      ...
    onoma.errors.InputError: agreement is 1.5; it is a share, from 0 to 1
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    agreement: float = 0.9
    labels: Mapping[str, float] = field(default_factory=dict)
    errors: float = 0.02
    slower: float = 0.1
    slow: float = 0.1
    least: int = 500
    most: int = 100_000
    alpha: float = 0.05

    def __post_init__(self) -> None:
        shares = {"agreement": self.agreement, "errors": self.errors, "slower": self.slower, **self.labels}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise InputError(f"{name} is {share}; it is a share, from 0 to 1")
        if not 0 < self.alpha < 1 or not 0 < self.least <= self.most or not self.slow > 0:
            raise InputError("rules need an alpha between 0 and 1, slow above 0, and least from 1 up to most")


class Verdict(NamedTuple):
    """``what`` is to be done, and ``why``: a sentence for each rule that says so, or is still open."""

    what: Literal["promote", "roll back", "go on"]
    why: tuple[str, ...]


class _Finding(NamedTuple):
    """What a rule has come to: True for proven, False for refuted, None for open."""

    holds: bool | None
    told: str


class Comparison:
    """Tell it of every text that both read (`compared`) and every call of either (`called`).

    Agreement on a text is 2·|both| / (|one| + |other|) of their entities, by start, end and label: the F1 of
    the one on the other. Texts in which neither found anything tell nothing and are left out.

    >>> comparison = Comparison(Rules(least=1))
    >>> ada, city = Entity(0, 3, "per"), Entity(4, 8, "geo")
    >>> for _ in range(1000):
    ...     comparison.compared([ada], [ada])
    ...     comparison.called("champion", ok=True, seconds=0.01)
    ...     comparison.called("challenger", ok=True, seconds=0.01)
    >>> comparison.verdict().what
    'promote'
    >>> other = Comparison()
    >>> for _ in range(100):
    ...     other.compared([ada, city], [ada])
    >>> other.verdict()
    Verdict(what='roll back', why=('agreement is from 0.602 to 0.731, and 0.9 is asked for',))
    """

    def __init__(self, rules: Rules | None = None) -> None:
        """``rules`` are the default ones unless given."""
        self.rules = rules or Rules()
        alpha = self.rules.alpha / (3 + len(self.rules.labels))
        self._alpha = alpha
        self._agreement = Mean(alpha)
        self._labels = {label: Mean(alpha) for label in self.rules.labels}
        self._failed = {side: Mean(alpha / 2) for side in _SIDES}
        self._slow = {side: Mean(alpha / 2) for side in _SIDES}
        self._spans: dict[str, Counter[str]] = {}
        self.texts = 0

    def compared(self, champion: Iterable[Entity], challenger: Iterable[Entity]) -> None:
        """Both read a text, and this is what they found."""
        one, other = (frozenset((e.start, e.end, e.label) for e in each) for each in (champion, challenger))
        self.texts += 1
        if one or other:
            self._agreement.add(_agreement(one, other))
        for label in {label for _, _, label in one | other}:
            mine, theirs = (frozenset(s for s in each if s[2] == label) for each in (one, other))
            self._labels.setdefault(label, Mean(self._alpha)).add(_agreement(mine, theirs))
            self._spans.setdefault(label, Counter()).update(
                {
                    "both": len(mine & theirs),
                    "champion only": len(mine - theirs),
                    "challenger only": len(theirs - mine),
                }
            )

    def called(self, side: Side, *, ok: bool, seconds: float) -> None:
        """One of them was asked, and answered or failed in so many seconds."""
        self._failed[side].add(float(not ok))
        if ok:
            self._slow[side].add(float(seconds > self.rules.slow))

    @property
    def agreement(self) -> Interval:
        """Over all labels."""
        return self._agreement.interval

    def verdict(self) -> Verdict:
        """What the rules say now."""
        findings = [self._judge_agreement("agreement", self.agreement, self.rules.agreement)]
        for label, least in self.rules.labels.items():
            findings.append(
                self._judge_agreement(f"agreement on {label}", self._labels[label].interval, least)
            )
        findings.append(self._judge_excess("failures", self._failed, self.rules.errors))
        slow = f"calls over {1000 * self.rules.slow:g} ms"
        findings.append(self._judge_excess(slow, self._slow, self.rules.slower))
        if refuted := tuple(f.told for f in findings if f.holds is False):
            return Verdict("roll back", refuted)
        unproven = tuple(f.told for f in findings if f.holds is None)
        if not unproven and self.texts >= self.rules.least:
            return Verdict("promote", tuple(f.told for f in findings))
        if self.texts >= self.rules.most:
            return Verdict("roll back", (f"undecided after {self.texts} texts", *unproven))
        return Verdict("go on", unproven or (f"{self.texts} of at least {self.rules.least} texts compared",))

    @staticmethod
    def _judge_agreement(name: str, found: Interval, least: float) -> _Finding:
        told = f"{name} is from {max(found.low, 0):.3f} to {found.high:.3f}, and {least:g} is asked for"
        return _Finding(True if found.low >= least else False if found.high < least else None, told)

    @staticmethod
    def _judge_excess(name: str, means: Mapping[Side, Mean], most: float) -> _Finding:
        found = means["challenger"].interval.minus(means["champion"].interval)
        told = f"{name} are more often by {found.low:.3f} to {found.high:.3f}, and {most:g} is allowed"
        return _Finding(True if found.high <= most else False if found.low > most else None, told)

    def to_dict(self) -> dict[str, Any]:
        """The figures, ready for JSON."""
        labels = {label: _told(mean.interval) for label, mean in sorted(self._labels.items())}
        return {
            "texts": self.texts,
            "agreement": _told(self.agreement),
            "labels": {label: each | self._spans.get(label, {}) for label, each in labels.items()},
            "failures": {side: _told(mean.interval) for side, mean in self._failed.items()},
            "slow": {side: _told(mean.interval) for side, mean in self._slow.items()},
            "rules": asdict(self.rules),
        }


def _agreement(one: frozenset[Any], other: frozenset[Any]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))


def _told(interval: Interval) -> dict[str, Any]:
    if not interval.count:
        return {"count": 0}
    return {name: round(value, 6) for name, value in asdict(interval).items()}
