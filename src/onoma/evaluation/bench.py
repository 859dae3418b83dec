"""Bench taggers on this machine: tokens a second, how long one sentence takes, memory, time to load.

Every setting (a tagger with so many threads, so many sentences a call) takes its turn in every round, so a
machine that is busy for a while is slow for all of them, and the figures are medians over the rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from onoma.errors import InputError
from onoma.evaluation.card_facts import BUNDLE
from onoma.evaluation.examine import Candidate
from onoma.evaluation.memory import Memory, resident_memory
from onoma.evaluation.speed import machine, percentiles, rate, seconds_of_calls
from onoma.text import Document
from onoma.text.document import Annotate

__all__ = ["Bench", "Contender", "Figures", "bench", "load_contender"]

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Contender:
    """A tagger told to use ``threads`` (None: left to choose), and what loading it took.

    ``raw``: it finds the tokens of a text by itself, which then is part of what is timed.
    """

    annotate: Annotate
    threads: int | None
    load_seconds: float
    load_mib: float | None  # by which resident memory grew
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What one contender did; rates are by sentences a call, milliseconds are for one sentence a call."""

    threads: int | None
    load_seconds: float
    load_mib: float | None
    latency_ms: dict[str, float]
    tokens_per_second: dict[int, float]


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything a bench found; ``memory`` is of the whole process, with all contenders in it."""

    model: str
    machine: str
    source: str
    sentences: int
    tokens: int
    rounds: int
    figures: tuple[Figures, ...]
    memory: Memory

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return asdict(self) | {"memory": self.memory._asdict()}


def load_contender(
    load: Callable[[], Candidate], threads: int | None, clock: Clock = time.perf_counter
) -> Contender:
    """What ``load`` returns, timed; raises `InputError` for what only answers for a corpus as a whole."""
    before, began = resident_memory().now, clock()
    candidate = load()
    seconds, after = round(clock() - began, 4), resident_memory().now
    if candidate.whole:
        raise InputError(f"{candidate.facts.name} is no tagger but its answers: there is nothing to time")
    grown = None if before is None or after is None else round(after - before, 2)
    return Contender(candidate.annotate, threads, seconds, grown, candidate.facts.kind == BUNDLE)


def bench(
    model: str,
    contenders: Sequence[Contender],
    texts: Sequence[Document],
    *,
    source: str = "",
    batch_sizes: Sequence[int] = (1, 8, 64, 256),
    seconds: float = 20.0,
    least: int = 3,
    clock: Clock = time.perf_counter,
    progress: Callable[[float], object] = lambda share: None,
) -> Bench:
    """Run ``contenders`` over ``texts``, round by round, for about ``seconds`` and ``least`` rounds at least.

    One sentence a call is always among the batch sizes. ``progress`` is told the share that is done. A first
    round, in which what is remembered is learned, does not count. Raises `InputError` if there are no texts.

    >>> ticks = iter(range(10_000))
    >>> found = bench(
    ...     "none", [Contender(list, 1, 0.1, None)], [Document.from_text("Ada wrote.")] * 4,
    ...     batch_sizes=[2], seconds=0, clock=lambda: next(ticks) / 100,
    ... )
    >>> found.figures[0].latency_ms["p50"], found.figures[0].tokens_per_second
    (10.0, {1: 300.0, 2: 600.0})
    """
    if not texts:
        raise InputError("there is no text to bench with; give one with words in it")
    sizes = sorted({1, *batch_sizes})
    given = {False: list(texts), True: [Document(text.text) for text in texts]}
    settings = [_Setting(each, size, given[each.raw], []) for each in contenders for size in sizes]
    _take_turns(settings, _Turns(seconds, least, clock, progress))
    tokens = sum(len(text.tokens) for text in texts)
    grouped = [settings[at : at + len(sizes)] for at in range(0, len(settings), len(sizes))]
    return Bench(
        model=model,
        machine=machine(),
        source=source,
        sentences=len(texts),
        tokens=tokens,
        rounds=len(settings[0].rounds),
        figures=tuple(_figures(group, tokens) for group in grouped),
        memory=resident_memory(),
    )


class _Setting(NamedTuple):
    contender: Contender
    batch_size: int
    texts: list[Document]
    rounds: list[list[float]]  # seconds of each call, a list a round

    def run(self, clock: Clock) -> list[float]:
        return seconds_of_calls(self.contender.annotate, self.texts, self.batch_size, clock)


class _Turns(NamedTuple):
    """For how long settings take turns, and who is told."""

    seconds: float
    least: int
    clock: Clock
    progress: Callable[[float], object]


def _take_turns(settings: Sequence[_Setting], turns: _Turns) -> None:
    clock = turns.clock
    for setting in settings:  # what is remembered is learned
        setting.run(clock)
    began, done = clock(), 0
    while done < turns.least or clock() - began < turns.seconds:
        for setting in settings:
            setting.rounds.append(setting.run(clock))
        done += 1
        passed = (clock() - began) / turns.seconds if turns.seconds else 1.0
        turns.progress(min(1.0, done / turns.least, passed))


def _figures(settings: Sequence[_Setting], tokens: int) -> Figures:
    """What one contender did, from its settings, the smallest batch first."""
    contender = settings[0].contender
    single = [percentiles(calls) for calls in settings[0].rounds]
    return Figures(
        contender.threads,
        contender.load_seconds,
        contender.load_mib,
        {name: round(statistics.median(each[name] for each in single), 4) for name in single[0]},
        {
            setting.batch_size: rate(tokens, statistics.median(map(sum, setting.rounds)))
            for setting in settings
        },
    )
