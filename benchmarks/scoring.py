"""Score a million tokens with Onoma and with seqeval, in turns, and say how long each took.

    python benchmarks/scoring.py
    python benchmarks/scoring.py --tokens 200000 --repeats 3

The tags are generated (GMB's share of O, eight labels, one tag in ten predicted at random). Three jobs are
timed: strict scoring of sentences in memory with either library; everything Onoma counts at once (both
readings, tokens, sentences); and two column files on disk, read, aligned and scored. Equal numbers are
asserted.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
from seqeval.metrics.v1 import precision_recall_fscore_support
from seqeval.scheme import IOB2

from onoma.evaluation import score_files, score_tags
from onoma.evaluation.counts import micro
from onoma.evaluation.matching import count_spans
from onoma.tagging.schemes import SCHEMES
from onoma.tagging.spans import encode_tags, strict_spans

LABELS = ("art", "eve", "geo", "gpe", "nat", "org", "per", "tim")
SENTENCE, OUTSIDE, NOISE = 22, 0.85, 0.1
Sentences = list[list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    gold, predicted = generate(options.tokens)
    with tempfile.TemporaryDirectory() as folder:
        files = [write(Path(folder) / name, side) for name, side in (("gold", gold), ("pred", predicted))]
        jobs: dict[str, Callable[[], tuple[float, ...]]] = {
            "seqeval, strict": lambda: by_seqeval(gold, predicted),
            "onoma, strict": lambda: by_onoma(gold, predicted),
            "onoma, all it counts": lambda: figures(score_tags(gold, predicted).strict.micro),
            "onoma, from two files": lambda: figures(score_files(*files).strict.micro),
        }
        report(timed(jobs, options.repeats), options.tokens)


def generate(tokens: int) -> tuple[Sentences, Sentences]:
    chance = random.Random(42)
    tags = [f"{prefix}-{label}" for label in LABELS for prefix in "BI"]
    weights = [OUTSIDE, *[(1 - OUTSIDE) / len(tags)] * len(tags)]
    gold = chance.choices(["O", *tags], weights, k=tokens)
    predicted = [chance.choice(tags) if chance.random() < NOISE else tag for tag in gold]
    cuts = range(0, tokens, SENTENCE)
    return [gold[i : i + SENTENCE] for i in cuts], [predicted[i : i + SENTENCE] for i in cuts]


def write(path: Path, sentences: Sentences) -> Path:
    chance = random.Random(1)  # the same words on both sides
    lines = ("".join(f"word{chance.randrange(30_000)} {tag}\n" for tag in tags) for tags in sentences)
    path.write_text("\n".join(lines))
    return path


def by_seqeval(gold: Sentences, predicted: Sentences) -> tuple[float, ...]:
    return precision_recall_fscore_support(gold, predicted, average="micro", scheme=IOB2, zero_division=0)[:3]


def by_onoma(gold: Sentences, predicted: Sentences) -> tuple[float, ...]:
    """The same work as seqeval's: strict counts for each label, from lists of tags."""
    lengths = [len(sentence) for sentence in gold]
    first = np.zeros(sum(lengths), dtype=bool)
    first[np.cumsum([0, *lengths[:-1]])] = True
    sides = (list(chain.from_iterable(side)) for side in (gold, predicted))
    streams = [encode_tags(tags, first, LABELS) for tags in sides]
    spans = [strict_spans(stream, SCHEMES["iob2"]) for stream in streams]
    return figures(micro(count_spans(*spans, LABELS)))


def figures(row) -> tuple[float, ...]:
    return row.precision, row.recall, row.f1


def timed(jobs: dict[str, Callable[[], tuple[float, ...]]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each job, taken in turns so that a busy moment hits all alike; results must be equal."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        results = []
        for name, job in jobs.items():
            start = time.perf_counter()
            results.append(job())
            seconds[name].append(time.perf_counter() - start)
        assert all(np.allclose(result, results[0], rtol=0, atol=1e-12) for result in results), results
    return seconds


def report(seconds: dict[str, list[float]], tokens: int) -> None:
    slowest = statistics.median(next(iter(seconds.values())))
    print(f"{tokens:,} tokens; equal precision, recall and F1; median seconds (fastest) of the same run")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:24}{median:8.2f} ({min(times):.2f}){slowest / median:8.1f} times as fast as seqeval")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
