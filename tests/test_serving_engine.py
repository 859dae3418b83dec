"""The engine: batching, cache and single-flight change how often a tagger is asked, and never its answer."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onoma.errors import BusyError, DownError, InputError
from onoma.runtime.batch_policy import BatchPolicy
from onoma.serving.asking import Quiet
from onoma.serving.deadlines import Deadlines
from onoma.serving.engine import LONGEST_KEPT, Engine
from onoma.serving.gather import Gathering
from onoma.serving.pace import Pace
from onoma.text import Document
from serving_taggers import Capitals


class Counting(Capitals):
    """Counts what it is asked, and waits for ``go`` where that is a text's first word."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.calls: list[int] = []
        self.go, self.waits = threading.Event(), threading.Event()

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        self.asked.update(each.text for each in documents)
        self.calls.append(len(documents))
        if any(each.text.startswith("Wait") for each in documents):
            self.waits.set()
            assert self.go.wait(10)
        return super().__call__(documents)


def played(play: Callable[..., Awaitable[Any]], tagger: Any = None, **how: Any) -> Any:
    """What ``play``, a coroutine function of an engine, comes to; the engine ends with nothing held."""

    async def main() -> Any:
        engine = Engine(tagger or Counting(), **how)
        try:
            return await asyncio.wait_for(play(engine), 20)
        finally:
            await asyncio.wait_for(engine.close(), 20)
            assert engine.held == 0

    return asyncio.run(main())


async def waiting(tagger: Counting) -> None:
    while not tagger.waits.is_set():
        await asyncio.sleep(0.001)


texts = st.lists(st.sampled_from(["", "Ada", "Bob wrote.", "eve", "Zoë 👩 Ünal", "Ada " * 40]), max_size=6)


@pytest.mark.parametrize("caches", [True, False])
@settings(max_examples=25)
@given(asks=st.lists(texts, max_size=12))
def test_answers_are_those_of_the_tagger_alone(caches, asks):
    async def play(engine):
        return await asyncio.gather(*(engine.ask([Document(text) for text in ask]) for ask in asks))

    policy = BatchPolicy(texts=5, characters=90, wait=0.0)
    found = played(play, caches=caches, policy=policy, patience=60.0)
    alone = Capitals()
    assert [list(each.documents) for each in found] == [alone([Document(t) for t in ask]) for ask in asks]


def test_ids_and_meta_stay_those_of_each_document():
    async def play(engine):
        asks = [Document("Ada", id=str(n), meta={"n": n}) for n in range(3)]
        together = await asyncio.gather(*(engine.ask([each]) for each in asks))
        later = await engine.ask(asks)
        return [each.documents[0] for each in together], later.documents

    for found in played(play):
        assert [(each.id, each.meta["n"]) for each in found] == [("0", 0), ("1", 1), ("2", 2)]


def test_the_answer_for_a_long_text_is_not_remembered_in_the_event_loop():
    tagger, long = Counting(), "Ada wrote. " * (LONGEST_KEPT // 10)

    async def play(engine):
        asks = [Document(text) for text in (long, "Bob wrote.")]
        return [(await engine.ask(asks)).cached for _ in range(2)]

    assert played(play, tagger) == [0, 1]
    assert tagger.asked == {long: 2, "Bob wrote.": 1}


def test_a_text_is_read_once_while_many_ask_for_it():
    tagger = Counting()

    async def play(engine):
        return await asyncio.gather(*(engine.ask([Document("Ada"), Document("Bob")]) for _ in range(20)))

    found = played(play, tagger, caches=False)
    assert tagger.asked == {"Ada": 1, "Bob": 1}
    assert all([d.text for d in each.documents] == ["Ada", "Bob"] for each in found)


def test_what_was_read_is_remembered():
    tagger = Counting()

    async def play(engine):
        first = await engine.ask([Document("Ada")])
        return first, await engine.ask([Document("Ada"), Document("Bob"), Document("Ada")])

    first, second = played(play, tagger)
    assert (first.cached, second.cached) == (0, 2)
    assert tagger.asked == {"Ada": 1, "Bob": 1}


def test_those_who_come_while_a_call_runs_share_the_next():
    tagger = Counting()

    async def play(engine):
        first = asyncio.ensure_future(engine.ask([Document("Wait")]))
        await waiting(tagger)
        others = [asyncio.ensure_future(engine.ask([Document(f"text {n}")])) for n in range(10)]
        await asyncio.sleep(0.01)
        tagger.go.set()
        await asyncio.gather(first, *others)

    played(play, tagger)
    assert tagger.calls == [1, 10]


def test_who_gives_up_leaves_the_answer_to_those_who_still_wait():
    tagger = Counting()

    async def play(engine):
        tasks = [asyncio.ensure_future(engine.ask([Document("Wait")])) for _ in range(3)]
        await waiting(tagger)
        tasks[0].cancel()
        await asyncio.sleep(0.01)
        tagger.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, *others = played(play, tagger)
    assert isinstance(first, asyncio.CancelledError)
    assert [other.documents[0].text for other in others] == ["Wait", "Wait"]


def test_what_nobody_waits_for_any_more_is_not_read_and_may_be_asked_again():
    tagger = Counting()

    async def play(engine):
        first = asyncio.ensure_future(engine.ask([Document("Wait")]))
        await waiting(tagger)
        given_up = asyncio.ensure_future(engine.ask([Document("Bob")]))
        await asyncio.sleep(0.01)
        given_up.cancel()
        await asyncio.sleep(0.01)
        again = asyncio.ensure_future(engine.ask([Document("Bob")]))
        tagger.go.set()
        return await asyncio.gather(first, again)

    played(play, tagger)
    assert tagger.asked["Bob"] == 1


def test_an_error_reaches_its_caller_alone():
    tagger = Counting()

    async def play(engine):
        first = asyncio.ensure_future(engine.ask([Document("Wait")]))
        await waiting(tagger)
        texts = ["Ada", "please-refuse", "please-fail", "Bob"]
        tasks = [asyncio.ensure_future(engine.ask([Document(text)])) for text in texts]
        await asyncio.sleep(0.01)
        tagger.go.set()
        await first
        return await asyncio.gather(*tasks, return_exceptions=True)

    ada, refused, failed, bob = played(play, tagger)
    assert isinstance(refused, InputError)
    assert isinstance(failed, ZeroDivisionError)
    assert [each.documents[0].text for each in (ada, bob)] == ["Ada", "Bob"]


def test_too_much_is_refused_and_what_was_taken_on_is_answered():
    tagger = Counting()

    async def play(engine):
        tasks = [asyncio.ensure_future(engine.ask([Document("Wait")]))]
        await waiting(tagger)
        tasks += [asyncio.ensure_future(engine.ask([Document(f"text {n}")])) for n in range(10)]
        await asyncio.sleep(0.01)
        tagger.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = played(play, tagger, policy=BatchPolicy(queue=4, wait=0.0))
    busy = [each for each in found if isinstance(each, BusyError)]
    assert len(busy) == 7
    assert all(each.retry_after >= 1 for each in busy)


def test_what_would_wait_for_too_long_is_refused():
    async def play(engine):
        await engine.ask([Document("please-wait")])  # eleven characters in 0.2 s: that is the pace
        tasks = [asyncio.ensure_future(engine.ask([Document(f"please-wait {n}")])) for n in range(5)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = played(play, caches=False, patience=0.5)
    assert sum(isinstance(each, BusyError) for each in found) == 2


def test_long_texts_do_not_keep_short_ones_waiting():
    tagger = Counting()

    async def play(engine):
        long = asyncio.ensure_future(engine.ask([Document("Wait " + "word " * 10_000)]))
        await waiting(tagger)
        short = await engine.ask([Document("Ada")])
        tagger.go.set()
        return short, await long

    short, long = played(play, tagger)
    assert [len(each.documents[0].entities) for each in (short, long)] == [1, 1]


def test_closing_answers_what_waits_and_takes_on_nothing_more():
    tagger = Counting()

    async def play(engine):
        tasks = [asyncio.ensure_future(engine.ask([Document(text)])) for text in ("Wait", "Ada")]
        await waiting(tagger)
        closing = asyncio.ensure_future(engine.close())
        await asyncio.sleep(0.01)
        with pytest.raises(BusyError):
            await engine.ask([Document("Bob")])
        tagger.go.set()
        await closing
        return await asyncio.gather(*tasks)

    assert [each.documents[0].text for each in played(play, tagger)] == ["Wait", "Ada"]


def test_an_observer_hears_of_batches_phases_and_the_cache():
    class Notes(Quiet):
        def __init__(self) -> None:
            self.heard: list[Any] = []

        def phase(self, tagger, phase, seconds):
            self.heard.append((tagger, phase, seconds >= 0))

        def batch(self, tagger, texts, waiting):
            self.heard.append((tagger, texts, waiting))

        def cache(self, tagger, hits, misses, shared):
            self.heard.append((tagger, "cache", hits, misses, shared))

    notes = Notes()

    async def play(engine):
        await engine.ask([Document("Ada")])
        await engine.ask([Document("Ada")])

    played(play, observer=notes)
    assert notes.heard == [
        ("capitals", "cache", 0, 1, 0),
        ("capitals", 1, 0),
        ("capitals", "queue", True),
        ("capitals", "tag", True),
        ("capitals", "cache", 1, 0, 0),
    ]


@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(0.001, 0.1)), min_size=1), st.integers(1, 4))
def test_the_pace_lies_between_the_slowest_and_the_quickest_call(calls, lanes):
    pace = Pace(lanes)
    for characters, seconds in calls:
        pace.learn(characters, seconds)
    each = [seconds / characters / lanes for characters, seconds in calls]
    assert min(each) * 0.999 <= pace.seconds(1000) / 1000 <= max(each) * 1.001


@given(st.integers(1, 8), st.floats(1.0, 100.0))
def test_a_call_that_stalled_says_nothing_of_the_next(stalls, seconds):
    pace = Pace()
    for call in range(32):
        pace.learn(100, seconds if call % 4 == 0 and call < 4 * stalls else 0.001)
    assert pace.seconds(100) == pytest.approx(0.001)


def test_what_a_call_costs_at_least_is_not_counted_for_every_text():
    pace = Pace()
    for texts in (1, 1, 2, 1, 1, 1, 60, 1, 1, 50, 1, 1):
        pace.learn(75 * texts, 0.002 + 0.0001 * texts)
    assert pace.seconds(75 * 55) < 0.02


def test_a_call_that_failed_says_nothing_of_how_long_one_takes():
    def tagger(documents):
        if "stall" in documents[0].text:
            time.sleep(0.3)
            raise DownError("it hung")
        return list(documents)

    async def main():
        gathering = Gathering(tagger)
        done = asyncio.get_running_loop().create_future()
        gathering.submit([Document("stall")], done.set_result)
        assert isinstance(await done, DownError)
        answered = [asyncio.get_running_loop().create_future() for _ in range(50)]
        for future in answered:
            gathering.submit([Document("Ada " * 20)], future.set_result)
        await asyncio.gather(*answered)
        await gathering.close()

    asyncio.run(main())


def test_only_the_late_are_cancelled():
    async def main():
        deadlines = Deadlines(tick=0.005)

        async def sleeps(seconds, limit):
            with deadlines.within(limit, lambda: BusyError("late")):
                await asyncio.sleep(seconds)
            return "done"

        asks = (sleeps(0.01, 5), sleeps(5, 0.02), sleeps(0, 5))
        began = time.monotonic()
        found = await asyncio.gather(*asks, return_exceptions=True)
        cancelled = asyncio.ensure_future(sleeps(5, 5))
        await asyncio.sleep(0.01)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        return found, time.monotonic() - began

    (first, second, third), seconds = asyncio.run(main())
    assert (first, third) == ("done", "done")
    assert isinstance(second, BusyError)
    assert seconds < 4


def test_what_was_asked_leaves_no_rings_to_the_garbage_collector():
    async def play(engine):
        await engine.ask([Document("first")])
        gc.collect()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for number in range(20):
                await engine.ask([Document(f"Ada {number}")])
            gc.collect()
            return [each for each in gc.garbage if type(each).__module__.startswith("onoma")]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()

    assert played(play) == []
