"""Keep the service at half its capacity for ten minutes: does its memory grow, is anything refused or wrong?

    python benchmarks/service_soak.py                              # ten minutes, one process
    python benchmarks/service_soak.py --minutes 2 --processes 2 --png out/service-soak.png

The cache and the table of words are filled first, and capacity is measured under a closed load. Every text is
a new one. Resident memory is that of all processes of the service, read twice a second; what counts is how
much more it is at the end (the mean of the last twentieth) than when a twentieth was done: it may be 2 % at
most. Every 97th answer is compared with the offline answer. The exit code is 1 when memory
grew by more, a request failed or an answer was wrong.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

import httpx
import psutil

import onoma
from load import Load
from onoma.evaluation.speed import machine
from onoma.pages.charts import lines
from serving import onoma_serve, right, row, sentences

ALLOWED = 0.02
PAUSE = 0.5  # seconds between two looks
CONNECTIONS = 32
FULL = 300_000  # texts: the cache is full, and has been made anew within since
AT_ONCE = 250


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="en-gmb")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--png", type=Path, help="draw memory over time")
    options = parser.parse_args()
    print(f"{machine()}\n{'':44} {'answers/s':>9} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'503':>6}")
    texts, tagger = sentences(), onoma.load(options.model)
    with onoma_serve("--model", options.model, "--workers", str(options.processes)) as (url, pid):
        fill(url, texts, FULL * options.processes)
        closed = Load(url, "/v1/entities", texts, CONNECTIONS, 10.0, start=1_000_000)
        half = row("capacity", closed).rate / 2
        load = Load(url, "/v1/entities", texts, 256, 60 * options.minutes, rate=half, start=10_000_000)
        with watched(pid) as readings:
            found = row(f"half of it, {options.minutes:g} minutes", load)
    wrong = sum(1 for sample in found.samples if not right(sample, tagger))
    failed = sum(found.statuses.values()) - found.statuses[200]
    print(f"\n{len(found.samples):,} answers compared, {wrong} wrong; {failed} requests failed")
    if options.png:
        draw(readings, options.png)
    sys.exit(int(grown(readings) > ALLOWED or bool(wrong) or bool(failed)))


def fill(url: str, texts: Sequence[str], count: int) -> None:
    """Ask for so many texts, each with a new word, on new connections: every process gets some."""
    for at in range(0, count, AT_ONCE):
        asked = [f"{texts[number % len(texts)]} x{number}" for number in range(at, at + AT_ONCE)]
        httpx.post(f"{url}/v1/entities", json={"texts": asked}, timeout=60).raise_for_status()


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """MiB resident in the process and its children, again and again while the block runs."""
    readings, ended = list[float](), threading.Event()
    process = psutil.Process(pid)

    def look() -> None:
        while not ended.wait(PAUSE):
            family = (process, *process.children(recursive=True))
            readings.append(sum(each.memory_info().rss for each in family) / 2**20)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield readings
    finally:
        ended.set()
        thread.join()


def grown(readings: list[float]) -> float:
    """By what share, since a twentieth was done; said."""
    some = max(1, len(readings) // 20)
    early, late = readings[some], mean(readings[-some:])
    print(
        f"resident after a twentieth: {early:,.1f} MiB; at the end: {late:,.1f}; most: {max(readings):,.1f}"
    )
    print(f"growth since: {late / early - 1:+.2%}")
    return late / early - 1


def draw(readings: list[float], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    some = readings[:: max(1, len(readings) // 200)]
    places = [i * PAUSE * len(readings) / len(some) / 60 for i in range(len(some))]
    names = {"title": "Memory of the service", "xlabel": "minutes", "ylabel": "MiB resident"}
    lines(places, {"resident": some}, **names).save_png(path)


if __name__ == "__main__":
    main()
