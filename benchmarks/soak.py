"""Tag millions of ever-new sentences and say how the process's memory grows.

    nice python benchmarks/soak.py                        # two million sentences
    nice python benchmarks/soak.py --sentences 400000 --threads 2 --png out/soak.png

The sentences are made up as they are tagged, and each bears three words that none before it had, so that all
that is remembered fills up within the first twentieth and goes on. Resident memory is read a thousand times.
What counts is how much more it is at the end (the mean of the last twentieth) than when a twentieth was done,
or as many as --base says: it may be 2 % at most, else the exit code is 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import onoma
from onoma.evaluation.invented import invented_sentences
from onoma.evaluation.memory import resident_memory
from onoma.pages.charts import lines

READINGS = 1000
ALLOWED = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="en-gmb")
    parser.add_argument("--sentences", type=int, default=2_000_000)
    parser.add_argument("--base", type=int, help="sentences after which memory should grow no more")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--png", type=Path, help="draw memory over sentences")
    options = parser.parse_args()
    began = time.perf_counter()
    readings = list(soak(options.bundle, options.sentences, options.threads))
    seconds = time.perf_counter() - began
    if options.png:
        draw(readings, options.png)
    sys.exit(report(readings, options.base or options.sentences // 20, seconds))


def soak(bundle: str, sentences: int, threads: int) -> Iterator[tuple[int, float]]:
    """How many sentences were tagged, and MiB resident then."""
    step = max(1, sentences // READINGS)
    tagger = onoma.load(bundle, threads=threads)
    texts = (
        f"{text} No. {at:x}-{at} q{at:o}q {at}-b" for at, text in enumerate(invented_sentences(1, sentences))
    )
    for done, _ in enumerate(tagger.pipe(texts), 1):
        if done % step == 0:
            yield done, resident_memory().now or 0.0
            if done % (100 * step) == 0:
                print(f"{done:,} sentences, {resident_memory().now:,.1f} MiB", file=sys.stderr)


def report(readings: list[tuple[int, float]], base: int, seconds: float) -> int:
    sentences, since = readings[-1][0], [memory for done, memory in readings if done >= base]
    early, late, most = since[0], mean(since[-max(1, len(readings) // 20) :]), max(since)
    print(f"{sentences:,} sentences in {seconds:,.0f} s ({sentences / seconds:,.0f} a second)")
    print(f"resident after {base:,}: {early:,.1f} MiB; at the end: {late:,.1f} MiB; most: {most:,.1f} MiB")
    print(f"growth since: {late / early - 1:+.2%} (at most {most / early - 1:+.2%})")
    return int(late / early - 1 > ALLOWED)


def draw(readings: list[tuple[int, float]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    some = readings[:: max(1, len(readings) // 200)]
    places, memory = zip(*some, strict=True)
    chart = lines(
        places, {"resident": memory}, title="Memory of a soak", xlabel="sentences", ylabel="MiB resident"
    )
    chart.save_png(path)


if __name__ == "__main__":
    main()
