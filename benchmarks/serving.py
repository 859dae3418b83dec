"""How many requests the service answers a second, how fast, and what it does when that is too many.

    python benchmarks/serving.py                                   # own sentences; nothing but the bundle
    python benchmarks/serving.py --corpus my/test.conll --spacy out/peers/spacy-gmb/model-best
    python benchmarks/serving.py --seconds 2 --rounds 1 --processes 1      # a look, in a minute

The load comes from another process over loopback (see ``load.py``), with a text of its own in every request
unless said otherwise. Every 97th answer is compared with the offline answer. The load and everything else
share the machine's cores with the service. For scale, a FastAPI handler that returns a constant, and, with
``--spacy``, one that calls spaCy, as most people write one.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

import onoma
from load import Load, Measured, measured
from onoma.corpus import read
from onoma.evaluation.speed import machine

HERE = Path(__file__).parent
FRAMES = [
    "{} met {} in {} on Monday .",
    "The talks between {} and {} ended in {} without a result , officials said .",
    "{} will succeed {} as head of the bank in {} next year .",
    "Nobody in the village had heard of the plan .",
    "Shares of the company rose by 3.5 percent after {} told {} in {} that sales had doubled .",
]
NAMES = ["Ada Stone", "Bob Rivers", "Cora Moor", "Emil Field", "Hana Brook", "Gus Lane"]
PLACES = ["Oldport", "Newhaven", "Green Hollow", "Red Rock", "Lakeside", "London", "Paris"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, help="a corpus whose sentences are asked for")
    parser.add_argument("--model", default="en-gmb")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--spacy", help="a spaCy pipeline to set beside it")
    options = parser.parse_args()
    texts = [d.text for d in read(options.corpus) if d.tokens] if options.corpus else sentences()
    print(f"{machine()}; {len(texts):,} sentences of {statistics.mean(map(len, texts)):.0f} characters\n")
    print(f"{'':44} {'answers/s':>9} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'503':>6} {'wrong':>6}")
    rates = {ours_named(count): ours(texts, count, options) for count in options.processes}
    peers = peer_rates(texts, options)
    print("\nanswers a second, as a multiple of the peer's:")
    for name, rate in rates.items():
        print(f"{name:44} " + ", ".join(f"{rate / peers[peer]:.2f} × {peer}" for peer in peers))


def peer_rates(texts: Sequence[str], options: argparse.Namespace) -> dict[str, float]:
    peers = {"FastAPI, returns a constant": ("load_peers:echo", {})}
    if options.spacy:
        model = str(Path(options.spacy).resolve()) if Path(options.spacy).is_dir() else options.spacy
        peers["FastAPI + spaCy"] = ("load_peers:spacy_service", {"SPACY": model})
    rates = {}
    for name, (app, environment) in peers.items():
        with served(app, **environment) as url:
            measured(Load(url, "/v1/entities", texts, options.connections, min(options.seconds, 2.0)))
            load = Load(url, "/v1/entities", texts, options.connections, options.seconds, start=1_000_000)
            rates[name] = row(name, load).rate
    return rates


def sentences() -> list[str]:
    return [
        frame.format(name, other, place)
        for frame in FRAMES
        for name in NAMES
        for other in NAMES
        for place in PLACES
    ]


def ours_named(processes: int) -> str:
    return f"onoma serve, {processes} process{'es' * (processes > 1)}"


def ours(texts: Sequence[str], processes: int, options: argparse.Namespace) -> float:
    """Answers a second without a cache, under a closed load."""
    named = ours_named(processes)
    tagger, seconds = onoma.load(options.model), options.seconds
    start = 0

    def load(url: str, connections: int, seconds: float, **more: object) -> Load:
        nonlocal start
        start += 1_000_000
        return Load(url, "/v1/entities", texts, connections, seconds, start=start, **more)  # type: ignore[arg-type]

    with onoma_serve("--model", options.model, "--workers", str(processes), "--no-cache") as (url, _):
        measured(load(url, options.connections, 2.0))  # words are remembered, memory is there
        row(f"{named}: one request at a time", load(url, 1, 3.0), tagger)
        closed = [load(url, options.connections, seconds) for _ in range(options.rounds)]
        runs = [row(f"{named}: {options.connections} at a time", each, tagger) for each in closed]
        capacity = statistics.median(run.rate for run in runs)
        row(f"{named}: 2,000/s", load(url, 256, seconds, rate=2000.0), tagger)
        row(f"{named}: half of capacity", load(url, 256, seconds, rate=capacity / 2), tagger)
        row(f"{named}: twice capacity", load(url, 1024, seconds, rate=2 * capacity), tagger)
        with beside(url, " ".join(texts)):
            row(f"{named}: 200/s, long texts beside", load(url, 64, seconds, rate=200.0), tagger)
    with onoma_serve("--model", options.model, "--workers", str(processes)) as (url, _):
        known = Load(url, "/v1/entities", texts[:500], options.connections, seconds, distinct=False)
        measured(Load(url, "/v1/entities", texts[:500], options.connections, 2.0, distinct=False))
        row(f"{named}: remembered texts", known, tagger)
    return capacity


@contextmanager
def beside(url: str, text: str) -> Iterator[None]:
    """Ask for texts of a million characters, one after another, and say how many were answered."""
    long = (text * (1 + 1_000_000 // len(text)))[:1_000_000]
    ended, seconds = threading.Event(), list[float]()

    def ask() -> None:
        with httpx.Client(base_url=url, timeout=120) as http:
            while not ended.is_set():
                began = time.perf_counter()
                body = {"text": f"{long} {len(seconds)}"}
                http.post("/v1/entities", json=body).raise_for_status()
                seconds.append(time.perf_counter() - began)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield
    finally:
        ended.set()
        asker.join()
        print(
            f"  beside: {len(seconds)} texts of a million characters, {statistics.mean(seconds):.1f} s each"
        )


def row(name: str, load: Load, tagger: onoma.Tagger | None = None) -> Measured:
    """Measure and print; compare the samples with what ``tagger`` says offline."""
    found = measured(load)
    wrong = "" if tagger is None else f"{sum(1 for each in found.samples if not right(each, tagger))}"
    other = sum(n for status, n in found.statuses.items() if status not in (200, 503))
    p50, p95, p99 = (found.at(share) for share in (0.5, 0.95, 0.99))
    print(
        f"{name:44} {found.rate:9,.0f} {p50:7.2f} {p95:7.2f} {p99:7.2f} {found.statuses[503]:6} {wrong:>6}"
        + (f"  {other} OTHER" if other else ""),
        flush=True,
    )
    return found


def right(sample: tuple[str, list[object]], tagger: onoma.Tagger) -> bool:
    text, told = sample
    [document] = tagger([text])
    names = ("start", "end", "label", "score")
    found = [
        {name: getattr(e, name) for name in names} | {"text": document.surface(e)} for e in document.entities
    ]
    return told == found


@contextmanager
def onoma_serve(*options: str) -> Iterator[tuple[str, int]]:
    """Its address and the number of its process."""
    command = [sys.executable, "-m", "onoma", "serve", "--port", "0", *options]
    # to a file: a pipe that nobody reads would stop it
    with tempfile.TemporaryFile("w+") as told, subprocess.Popen(command, stderr=told) as process:
        try:
            url = address(told)
            wait_for(f"{url}/health/ready")
            time.sleep(3 * ("--workers" in options))  # the others begin a little later
            yield url, process.pid
        finally:
            process.terminate()


def address(told: IO[str]) -> str:
    for _ in range(600):
        told.seek(0)
        if found := re.search(r"http://[\d.]+:\d+", told.read()):
            return found[0]
        time.sleep(0.1)
    raise SystemExit("onoma serve did not say where it is")


@contextmanager
def served(app: str, **environment: str) -> Iterator[str]:
    """Another service, under uvicorn as it comes."""
    command = [sys.executable, "-m", "uvicorn", app, "--factory", "--port", "8931", "--no-access-log"]
    settings = {"cwd": HERE, "env": os.environ | environment, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **settings) as process:
        try:
            wait_for("http://127.0.0.1:8931/openapi.json")
            yield "http://127.0.0.1:8931"
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


if __name__ == "__main__":
    main()
