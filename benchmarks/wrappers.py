"""What the wrappers of a tagger cost and gain: batching, caching, a gazetteer of millions of names.

    python benchmarks/wrappers.py                                  # the built-in bundle, CoNLL-2003
    python benchmarks/wrappers.py --corpus my/test.conll --model out/my-run --names 5000000
    python benchmarks/wrappers.py --redis redis://127.0.0.1:6379/0

Batching: 32 threads that each ask for one sentence after another, through the batcher and straight at the
tagger, and one thread that asks for all one by one; rounds are interleaved, medians compared. Caching: a text
that is remembered, one a call. Gazetteer: generated names of one to three words beside the sentences' own.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import onoma
from onoma.corpus import read
from onoma.evaluation.speed import machine
from onoma.runtime import Tagger
from onoma.runtime.batch_policy import BatchPolicy
from onoma.runtime.batching import Batching
from onoma.runtime.caching import Caching, Store
from onoma.runtime.gazetteer import Gazetteer
from onoma.text import Document

ROOT = Path(__file__).parent.parent
Ask = Callable[[Sequence[str]], list[Document]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = ROOT.parent / "shared" / "data" / "conll2003" / "eng.testb"
    parser.add_argument("--corpus", type=Path, default=data)
    parser.add_argument("--model", default="en-gmb")
    parser.add_argument("--callers", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--redis", help="the address of a Redis to measure too")
    options = parser.parse_args()
    texts = [document.text for document in read(options.corpus) if document.tokens]
    tagger = onoma.load(options.model)
    tagger(texts)  # words are remembered, threads started
    print(f"{tagger.version}, {len(texts):,} sentences of {options.corpus.name}; {machine()}\n")
    batching(tagger, texts, options.callers, options.rounds)
    caching(tagger, texts, options.redis)
    gazetteer(texts, options.names)


def batching(tagger: Tagger, texts: Sequence[str], callers: int, rounds: int) -> None:
    with Batching(tagger) as short, Batching(tagger, BatchPolicy(wait=0.0)) as none:
        ways: dict[str, tuple[Ask, int]] = {
            "one thread, one by one": (tagger, 1),
            f"{callers} threads, one by one": (tagger, callers),
            f"{callers} threads, batched, no wait": (none, callers),
            f"{callers} threads, batched": (short, callers),
            "one call for all": (lambda each: tagger(texts) if each is texts else [], 0),
        }
        runs = [
            {name: driven(ask, texts, count) for name, (ask, count) in ways.items()} for _ in range(rounds)
        ]
    rates = {name: statistics.median(run[name][0] for run in runs) for name in ways}
    waits = {name: statistics.median(run[name][1] for run in runs) for name in ways}
    base = rates[f"{callers} threads, one by one"]
    print(f"{'batching':36} {'sentences/s':>12} {'ratio':>6} {'median ms':>10}")
    for name, rate in rates.items():
        print(f"  {name:34} {rate:12,.0f} {rate / base:6.2f} {1000 * waits[name]:10.2f}")


def driven(ask: Ask, texts: Sequence[str], callers: int) -> tuple[float, float]:
    """Sentences a second, and the median seconds of a call, when so many threads share the texts out."""
    took: list[float] = []

    def caller(mine: Sequence[str]) -> None:
        for text in mine:
            began = time.perf_counter()
            ask([text])
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    if callers:
        threads = [threading.Thread(target=caller, args=(texts[i::callers],)) for i in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        ask(texts)
    seconds = time.perf_counter() - began
    return len(texts) / seconds, statistics.median(took or [seconds])


def caching(tagger: Tagger, texts: Sequence[str], redis: str | None) -> None:
    stores: dict[str, Store | None] = {"memory": None}
    if redis:
        from onoma.runtime.redis_store import RedisStore

        stores["Redis"] = RedisStore(redis, secret=os.urandom(16), expire=600)
    print(f"\n{'caching, one text a call':36} {'median µs':>12} {'p99 µs':>10}")
    _show("the tagger itself", taken(tagger, texts))
    for name, store in stores.items():
        tag = Caching(tagger, store)
        for at in range(0, len(texts), 64):
            tag(texts[at : at + 64])
        _show(f"remembered in {name}", taken(tag, texts))
        print(f"    {tag.tally}, rate {tag.tally.rate:.2f}")


def taken(ask: Ask, texts: Sequence[str]) -> list[float]:
    seconds = []
    for text in texts:
        began = time.perf_counter()
        ask([text])
        seconds.append(time.perf_counter() - began)
    return sorted(seconds)


def _show(name: str, seconds: Sequence[float]) -> None:
    micros = (1e6 * seconds[len(seconds) * percent // 100] for percent in (50, 99))
    print("  {:34} {:12,.1f} {:10,.1f}".format(name, *micros))


def gazetteer(texts: Sequence[str], count: int) -> None:
    words = sorted({word for text in texts for word in text.split()})
    chance = random.Random(1)
    names = {" ".join(chance.choices(words, k=chance.randrange(1, 4))) for _ in range(count)}
    before, began = resident(), time.perf_counter()
    find = Gazetteer({"name": names}, ignore_case=True)
    built, grown = time.perf_counter() - began, resident() - before
    documents = [Document.from_text(text) for text in texts]
    began = time.perf_counter()
    found = sum(len(document.entities) for document in find(documents))
    seconds = time.perf_counter() - began
    tokens = sum(len(document.tokens) for document in documents)
    print(
        f"\ngazetteer: {len(find):,} names made in {built:.1f} s, {grown / 2**20:,.0f} MiB more at the peak;"
    )
    print(f"  {tokens / seconds:,.0f} tokens/s, {found:,} entities found")


def resident() -> int:
    """The most memory that this process has had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
