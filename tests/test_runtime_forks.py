"""A process forked while its threads tag: the child, too, answers, whoever held what at that moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import onoma
from onoma.runtime.confidence import Confidence
from onoma.runtime.forks import Inside, fork_lock
from onoma.runtime.side_by_side import Pool
from small_encoders import build, save_encoder, write_small
from small_networks import TAGS

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),  # of Python 3.12: it has threads
]
PATIENCE = 30  # seconds after which a child counts as hung: its alarm ends it

# Threads read words that none has seen, so that all that can be locked is; children do the same.
BUSY = """
import os, signal, sys, threading, warnings
import onoma
warnings.simplefilter("ignore", DeprecationWarning)
tagger, forks = onoma.load(sys.argv[1], threads=int(sys.argv[2])), int(sys.argv[3])
texts = [f"Ada Stone {i} went to Oldport ." * (1 + i % 5) for i in range(40)]
expected, done = tagger(texts), threading.Event()
def tag(thread):
    turn = 0
    while not done.is_set():
        turn += 1
        tagger([f"{text} word{thread}x{turn}" for text in texts])
threads = [threading.Thread(target=tag, args=(number,)) for number in range(3)]
for each in threads: each.start()
ends = []
for number in range(forks):
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        fresh = tagger([f"unheard{number} of"])
        os._exit(0 if len(fresh) == 1 and tagger(texts) == expected else 9)
    ends.append(os.waitpid(child, 0)[1])
done.set()
for each in threads: each.join()
assert tagger(texts) == expected
assert not any(ends), f"children ended with {ends}; 14 is the alarm of one that hung"
""".replace("PATIENCE", str(PATIENCE))


def run_busy(folder: str | Path, threads: int, **settings: str) -> None:
    subprocess.run(
        [sys.executable, "-c", BUSY, str(folder), str(threads), "20"],
        check=True, timeout=300, env={**os.environ, **settings},
    )  # fmt: skip


@pytest.mark.parametrize(("kernel", "threads"), [("on", 2), ("off", 1), ("off", 2)])
def test_children_of_a_busy_tagger_answer(kernel, threads):
    run_busy("en-gmb", threads, ONOMA_KERNEL=kernel)


def test_children_of_a_busy_encoder_answer(tmp_path):
    name = "transformer-crf"
    network, features = build(save_encoder(tmp_path / "encoder", "bert"), name, TAGS)
    run_busy(write_small(tmp_path / "bundle", network.eval(), features, name, Confidence()), 2)


def in_child(job: Callable[[], bool]) -> None:
    """Hold ``job`` to be true in a process forked from here."""
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        try:
            os._exit(0 if job() else 9)
        finally:
            os._exit(8)  # whatever was raised: the tests that follow are the parent's
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_a_child_goes_on_with_what_its_parent_began(threads):
    tagger = onoma.load(threads=threads)
    texts = [f"Ada Lovelace met Bob{i} in London." for i in range(30)]
    expected, answers = tagger(texts), tagger.pipe(texts, batch_size=7)
    assert next(answers) == expected[0]
    in_child(lambda: list(answers) == expected[1:])
    assert list(answers) == expected[1:]


def test_a_child_does_what_no_thread_of_it_will():
    go = threading.Event()
    process = os.getpid()

    def slow(number: int) -> int:
        assert os.getpid() != process or go.wait(PATIENCE)
        return number * number

    found = Pool(2).map(slow, range(5))
    in_child(lambda: list(found) == [0, 1, 4, 9, 16])
    go.set()
    assert list(found) == [0, 1, 4, 9, 16]


def test_an_error_keeps_the_rest_from_being_begun():
    begun: list[int] = []
    over = threading.Event()

    def fail(number: int) -> int:
        begun.append(number)
        assert number == 0 or over.wait(PATIENCE)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        list(Pool(2).map(fail, range(2000)))
    over.set()
    assert len(begun) <= 3


def test_no_fork_comes_while_a_thread_is_inside():
    inside, entered, leave = Inside(), threading.Event(), threading.Event()
    left: list[bool] = []

    def stay() -> None:
        with inside:
            entered.set()
            leave.wait(PATIENCE)
            left.append(True)

    thread = threading.Thread(target=stay)
    thread.start()
    entered.wait(PATIENCE)
    threading.Timer(0.2, leave.set).start()
    in_child(lambda: left == [True] and inside.__enter__() is None)
    thread.join()


def test_a_thread_may_go_inside_with_a_later_lock_in_its_hand():
    inside = Inside()
    lock, done = fork_lock(), threading.Event()

    def work() -> None:
        while not done.is_set():
            with lock, inside:
                pass

    workers = [threading.Thread(target=work) for _ in range(3)]
    for each in workers:
        each.start()
    for _ in range(20):
        in_child(lambda: lock.acquire(timeout=1) and inside.__enter__() is None)
    done.set()
    for each in workers:
        each.join()


def test_threads_that_fork_at_once_wait_for_each_other():
    inside, done = Inside(), threading.Event()

    def work() -> None:
        while not done.is_set():
            with inside:
                pass

    worker = threading.Thread(target=work)
    forkers = [threading.Thread(target=lambda: [in_child(lambda: True) for _ in range(10)]) for _ in range(3)]
    for each in (worker, *forkers):
        each.start()
    for each in forkers:
        each.join(PATIENCE)
    done.set()
    worker.join()
    assert not any(each.is_alive() for each in forkers)
