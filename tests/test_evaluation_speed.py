"""Measuring speed, with a clock of our own: nothing here depends on how fast anything is."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from onoma.evaluation.speed import machine, measure_speed
from onoma.text import Document, Entity


class Slow:
    """A tagger whose every call takes a second and one more for each document, by its own clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sizes: list[int] = []

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        assert not any(document.entities for document in documents)
        self.now += 1 + len(documents)
        self.sizes.append(len(documents))
        return list(documents)

    def clock(self) -> float:
        return self.now


def documents(count: int) -> list[Document]:
    return [
        Document.from_words(["a", "b"][: 1 + i % 2]).replace(entities=[Entity(0, 1, "x")])
        for i in range(count)
    ]


def test_single_calls_and_batches_of_the_same_texts():
    tagger = Slow()
    speed = measure_speed(tagger, documents(100), batch_size=40, threads=2, clock=tagger.clock)
    assert speed is not None
    assert (speed.sentences, speed.tokens, speed.threads, speed.batch_size) == (100, 150, 2, 40)
    assert speed.latency_ms == {"p50": 2000, "p95": 2000, "p99": 2000}
    assert speed.tokens_per_second == {"single": 0.8, "batched": pytest.approx(150 / 103, abs=0.05)}
    assert tagger.sizes[-3:] == [40, 40, 20]
    assert machine() == speed.machine
    assert json.loads(json.dumps(speed.to_dict()))["latency_ms"]["p99"] == 2000


def test_percentiles_are_those_of_the_single_calls():
    times = iter(np.cumsum(np.r_[0, np.repeat(np.arange(1, 11), 2)]).tolist() + list(range(1000, 1100)))
    ticks = [next(times) for _ in range(60)]
    ends = iter(ticks)
    speed = measure_speed(lambda d: list(d), documents(10), clock=lambda: next(ends))
    taken = [ticks[2 * i + 1] - ticks[2 * i] for i in range(10)]
    assert speed is not None
    assert speed.latency_ms["p95"] == pytest.approx(1000 * np.percentile(taken, 95))


def test_without_tokens_there_is_nothing_to_time():
    assert measure_speed(lambda d: list(d), [Document("")]) is None
    assert measure_speed(lambda d: list(d), []) is None
