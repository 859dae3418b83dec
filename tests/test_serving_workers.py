"""Taggers in processes of their own: killed, stopped and failing ones, with real processes and signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import BundleError, DownError, InputError
from onoma.serving.frames import answered, answers, asked, questions
from onoma.serving.workers import Patience, Workers
from onoma.text import Coverage, Document, Entity

HERE = Path(__file__).parent
ADA = Document("Ada wrote.")
QUICK = Patience(call=1.0, beat=0.2, again=0.05)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture
def pair(here: None) -> Iterator[Workers]:
    with Workers("serving_taggers:Capitals", replicas=2, patience=QUICK) as workers:
        yield workers


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def all_up(workers: Workers) -> bool:
    return all(worker.ready for worker in workers.workers)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(texts, max_size=5), st.booleans())
def test_documents_and_answers_survive_the_wire(written, tokenised):
    documents = [Document.from_text(text) if tokenised else Document(text) for text in written]
    assert questions(asked(documents)) == documents
    found = [
        each.replace(
            entities=[Entity(0, 1, "per", 0.25)] if each.text else [], coverage=Coverage(1, 1, "x", 0.5)
        )
        for each in documents
    ]
    back = answers(documents, answered(documents, found))
    assert back == found
    assert [each.coverage for each in back] == [each.coverage for each in found]


def test_a_worker_answers_what_the_tagger_does_and_passes_on_its_words(pair):
    import serving_taggers

    texts = [Document("Ada met Bob."), Document(""), Document("Ünï 𝔘nicode Ada")]
    assert pair(texts) == serving_taggers.Capitals()(texts)
    assert pair([]) == []
    assert (pair.name, pair.labels) == ("serving_taggers:Capitals", ["per"])
    with pytest.raises(InputError, match="asks to be refused"):
        pair([Document("please-refuse")])
    with pytest.raises(DownError, match="ZeroDivisionError") as failure:
        pair([Document("please-fail secret")])
    assert "secret" not in str(failure.value)
    assert all_up(pair)


def test_a_worker_that_is_killed_while_idle_is_started_again_unasked(pair):
    before = {worker.pid for worker in pair.workers}
    os.kill(pair.workers[0].pid, signal.SIGKILL)
    until(lambda: all_up(pair) and pair.workers[0].pid not in before)
    assert pair([ADA])[0].entities
    assert pair.workers[1].pid in before
    assert [worker.restarts for worker in pair.workers] == [1, 0]


def test_a_worker_that_dies_of_a_text_fails_that_call_alone(pair):
    with pytest.raises(DownError, match="has died"):
        pair([Document("please-die")])
    for _ in range(5):
        assert pair([ADA])[0].entities
    until(lambda: all_up(pair))


def test_a_worker_that_is_stopped_is_found_out_by_its_silence(pair):
    before = [worker.pid for worker in pair.workers]
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    until(lambda: not {worker.pid for worker in pair.workers} & {*before, None})
    assert pair([ADA])[0].entities
    for pid in before:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_call_that_hangs_takes_its_patience_and_no_more(pair):
    start = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        hangs = pool.submit(pair, [Document("please-sleep")])
        while not hangs.done():
            assert pair([ADA])[0].entities, "the other worker goes on"
        with pytest.raises(DownError, match=r"not answered for 1\.0 s"):
            hangs.result()
    assert time.monotonic() - start < 10
    until(lambda: all_up(pair))


def test_a_long_text_is_given_more_time():
    patience = Patience(call=1.0, pace=1000.0)
    assert patience.of([ADA, Document("a" * 2990)]) == pytest.approx(4.0)


def test_workers_that_are_all_down_say_so_at_once(here):
    slow = Patience(call=1.0, beat=60.0, again=60.0)
    with Workers("serving_taggers:Capitals", patience=slow) as workers:
        os.kill(workers.workers[0].pid, signal.SIGKILL)
        with pytest.raises(DownError, match="has died"):
            workers([ADA])
        start = time.monotonic()
        with pytest.raises(DownError, match="started again"):
            workers([ADA])
        assert time.monotonic() - start < 0.5


def test_many_threads_share_few_workers(pair):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: pair([Document(f"Ada {n}")]), range(200)))
    assert [each.text for [each] in found] == [f"Ada {n}" for n in range(200)]


def test_what_is_no_tagger_is_told(here):
    with pytest.raises(BundleError, match="there is no bundle called 'nowhere'"):
        Workers("nowhere")
    assert not [thread for thread in threading.enumerate() if thread.name == "onoma-workers"]


def test_workers_end_with_their_service(here):
    program = (
        "from onoma.serving.workers import Workers\nimport os\n"
        "w = Workers('serving_taggers:Capitals')\nprint(w.workers[0].pid, flush=True)\nos._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    pid = int(done.stdout)

    def gone() -> bool:
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().split()[2] == "Z"

    until(gone)
