"""The batching policy's laws, and the batcher with real threads, coroutines and a fork."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import BusyError, InputError
from onoma.runtime.batch_policy import BatchPolicy, Request, choose
from onoma.runtime.batching import Batching
from onoma.text import Document, Entity

policies = st.builds(
    BatchPolicy,
    texts=st.integers(1, 8),
    characters=st.integers(1, 3000),
    wait=st.sampled_from([0.0, 0.5, 2.0]),
)
arrivals = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 2000), st.sampled_from([0.0, 0.1, 1.0])), max_size=20
)


def waiting_line(given_: list[tuple[int, int, float]]) -> list[Request]:
    now, line = 0.0, []
    for texts, longest, later in given_:
        now += later
        line.append(Request(texts, longest, now))
    return line


def kind(request: Request) -> int:
    return max(request.longest, 256).bit_length()


@given(arrivals, policies, st.sampled_from([0.0, 0.3, 5.0]), st.booleans())
def test_a_batch_is_bounded_alike_and_first_come_first_served(given_, policy, later, closing):
    line = waiting_line(given_)
    now = (line[-1].since if line else 0.0) + later
    take, pause = choose(line, now, policy, closing=closing)
    taken = [line[place] for place in take]
    if take:
        texts, longest = sum(each.texts for each in taken), max(each.longest for each in taken)
        assert len(take) == 1 or (texts <= policy.texts and texts * longest <= policy.characters)
        assert len(set(map(kind, taken))) == 1
        group = [place for place, each in enumerate(line) if kind(each) == kind(taken[0])]
        assert list(take) == group[: len(take)]
    else:
        # nobody is overdue, and it asks again when the first will be
        assert all(now - each.since < policy.wait for each in line)
        assert not (line and closing)
        assert pause == (line[0].since + policy.wait - now if line else None)


@given(arrivals, policies)
def test_whoever_has_waited_longest_goes_next_once_due(given_, policy):
    line = waiting_line(given_)
    now = 1000.0
    served = []
    while line:
        take = choose(line, now, policy).take
        assert 0 in take  # all are due: the first of all leads, whatever its length
        served += [line[place] for place in take]
        line = [each for place, each in enumerate(line) if place not in take]
    assert len(served) == len(given_)


@given(arrivals, policies)
def test_longer_texts_never_hold_up_a_call_of_short_ones(given_, policy):
    line = waiting_line(given_)
    short = [each for each in line if kind(each) == kind(Request(1, 0, 0.0))]
    now = 1000.0
    alone, among = (choose(each, now, policy) for each in (short, line))
    if among.take and kind(line[among.take[0]]) == kind(Request(1, 0, 0.0)):
        assert [line[place] for place in among.take] == [short[place] for place in alone.take]


class Slow:
    """A tagger that waits to be let go, and remembers what it was asked."""

    def __init__(self) -> None:
        self.go, self.called = threading.Event(), threading.Semaphore(0)
        self.calls: list[list[str]] = []

    def __call__(self, documents):
        self.calls.append([document.text for document in documents])
        self.called.release()
        assert self.go.wait(20)
        if any(document.text == "bad" for document in documents):
            raise ValueError("this one cannot be read")
        return [document.replace(entities=[Entity(0, 1, "x")]) for document in documents]


@pytest.fixture
def slow():
    return Slow()


def held(tag: Batching, count: int) -> None:
    """Wait until so many texts are held."""
    while tag.load.held != count:
        threading.Event().wait(0.001)


def test_callers_that_come_meanwhile_share_the_next_call(slow):
    with Batching(slow, BatchPolicy(wait=0)) as tag, ThreadPoolExecutor(8) as callers:
        first = callers.submit(tag, ["first"])
        slow.called.acquire()
        others = [callers.submit(tag, [f"n{i}"]) for i in range(7)]
        held(tag, 8)
        slow.go.set()
        wait([first, *others])
    assert [other.result()[0].text for other in others] == [f"n{i}" for i in range(7)]
    assert [len(call) for call in slow.calls] == [1, 7]


def test_an_error_reaches_only_the_caller_whose_text_it_is(slow):
    with Batching(slow, BatchPolicy(wait=0)) as tag, ThreadPoolExecutor(8) as callers:
        first = callers.submit(tag, ["first"])
        slow.called.acquire()
        asked = {text: callers.submit(tag, [text]) for text in ("a", "bad", "b")}
        held(tag, 4)
        slow.go.set()
        wait([first, *asked.values()])
        assert tag.load.held == 0
    assert [asked[text].result()[0].text for text in ("a", "b")] == ["a", "b"]
    with pytest.raises(ValueError, match="this one cannot be read"):
        asked["bad"].result()


def test_a_full_queue_turns_away_and_what_was_taken_on_is_answered(slow):
    with Batching(slow, BatchPolicy(queue=2, wait=0)) as tag, ThreadPoolExecutor(2) as callers:
        taken = [callers.submit(tag, ["a"])]
        slow.called.acquire()
        taken.append(callers.submit(tag, ["b"]))
        held(tag, 2)
        with pytest.raises(BusyError, match="2 texts are waiting and at most 2 may") as caught:
            tag(["c"])
        slow.go.set()
        assert [each.result()[0].text for each in taken] == ["a", "b"]
        assert tag(["c"])[0].text == "c"
    assert (caught.value.http_status, caught.value.retry_after) == (503, 1.0)


def test_a_caller_that_gives_up_costs_nothing_further(slow):
    with Batching(slow, BatchPolicy(wait=0)) as tag, ThreadPoolExecutor(1) as callers:
        first = callers.submit(tag, ["first"])
        slow.called.acquire()
        with pytest.raises(TimeoutError):
            tag(["late"], timeout=0.01)
        assert tag.load.held == 1
        slow.go.set()
        first.result()
    assert slow.calls == [["first"]]


def test_a_cancelled_coroutine_costs_nothing_further(slow):
    async def callers(tag: Batching) -> list[Document]:
        first = asyncio.create_task(tag.ask(["first"]))
        await asyncio.to_thread(slow.called.acquire)
        late, kept = asyncio.create_task(tag.ask(["late"])), asyncio.create_task(tag.ask(["kept"]))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.wait([late])
        assert late.cancelled()
        slow.go.set()
        return [*await first, *await kept]

    with Batching(slow, BatchPolicy(wait=0)) as tag:
        found = asyncio.run(callers(tag))
        assert tag.load.held == 0
    assert [document.text for document in found] == ["first", "kept"]
    assert slow.calls == [["first"], ["kept"]]


def test_a_long_text_is_run_by_its_caller_and_holds_nobody_up(slow):
    slow.go.set()
    long = "x" * 20_000
    with Batching(slow) as tag:
        assert tag([long])[0].text == long
        assert asyncio.run(tag.ask([long]))[0].text == long
        assert tag.load == (0, 2, 2)
        assert tag._worker is None


def test_closing_answers_what_waits_and_takes_on_no_more(slow):
    tag = Batching(slow, BatchPolicy(wait=60))
    with ThreadPoolExecutor(2) as callers:
        asked = [callers.submit(tag, [text]) for text in "ab"]
        held(tag, 2)
        slow.go.set()
        tag.close()
        assert sorted(each.result()[0].text for each in asked) == ["a", "b"]
    with pytest.raises(BusyError, match="being shut down"):
        tag(["c"])
    assert not tag._worker.is_alive()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of Python 3.12: it has threads
def test_it_works_again_in_a_process_that_was_forked():
    with Batching(list, BatchPolicy(wait=0)) as tag:
        assert tag(["parent"])[0].text == "parent"
        child = os.fork()
        if child == 0:
            os._exit(0 if tag(["child"], timeout=20)[0].text == "child" else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert tag(["parent"])[0].text == "parent"


def test_many_threads_get_their_own_answers():
    def marked(documents):
        return [d.replace(entities=[Entity(0, len(d.text), d.text)]) for d in documents]

    def caller(number: int) -> bool:
        texts = [f"{number}-{i}" * (1 + i % 40) for i in range(60)]
        return [tag([text])[0].entities[0].label for text in texts] == texts

    with Batching(marked) as tag, ThreadPoolExecutor(16) as callers:
        assert all(callers.map(caller, range(16)))
        assert tag.load.texts == 16 * 60
        assert tag.load.held == 0


@pytest.mark.parametrize("wrong", [{"texts": 0}, {"wait": -1.0}, {"wait": float("nan")}, {"queue": 0}])
def test_a_policy_that_could_never_run_is_refused(wrong):
    with pytest.raises(InputError):
        BatchPolicy(**wrong)
