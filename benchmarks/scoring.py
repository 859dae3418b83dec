"""Score a million tokens with Onoma and with seqeval, in turns, and say how long each took; then bootstrap.

    python benchmarks/scoring.py
    python benchmarks/scoring.py --tokens 200000 --repeats 3
    python benchmarks/scoring.py --corpus ../shared/data/conll2003/eng.testb

The tags are generated (GMB's share of O, eight labels, one tag in ten predicted at random). Three jobs are
timed: strict scoring of sentences in memory with either library; everything Onoma counts at once (both
readings, tokens, sentences); and two column files on disk, read, aligned and scored. Equal numbers are
asserted.

The bootstrap draws 1,000 times from as many sentences as the CoNLL-2003 test set has (or from ``--corpus``
itself), with one entity tag in ten predicted at random. The peers are handed counts by sentence and find the
interval of micro F1 alone; Onoma counts for itself, and finds those of every figure.
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
import scipy.stats
from numpy.typing import NDArray
from seqeval.metrics.v1 import precision_recall_fscore_support
from seqeval.scheme import IOB2

from onoma.evaluation import Judged, bootstrap, judge_tags, score_files, score_tags
from onoma.evaluation.counts import micro
from onoma.evaluation.matching import count_spans
from onoma.tagging.schemes import SCHEMES
from onoma.tagging.spans import encode_tags, strict_spans

LABELS = ("art", "eve", "geo", "gpe", "nat", "org", "per", "tim")
SENTENCE, OUTSIDE, NOISE = 22, 0.85, 0.1
CONLL_TOKENS, CONLL_SENTENCE = 3453 * 13, 13  # about as many as in the CoNLL-2003 test set
RESAMPLES = 1000
Sentences = list[list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--corpus", type=Path, help="gold columns to bootstrap; else generated tags")
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
        seconds = timed(jobs, options.repeats)
    print(f"{options.tokens:,} tokens; equal precision, recall and F1")
    report(seconds, "seqeval")
    gold, predicted = read_tags(options.corpus) if options.corpus else generate(CONLL_TOKENS, CONLL_SENTENCE)
    judged = judge_tags(gold, predicted)
    counts = by_sentence(judged)
    draws: dict[str, Callable[[], tuple[float, ...]]] = {
        "a plain loop": lambda: by_loop(counts),
        "scipy.stats.bootstrap": lambda: by_scipy(counts),
        "onoma, all figures": lambda: bootstrap(judged, resamples=RESAMPLES).figures.f1[1:],
    }
    seconds = timed(draws, options.repeats, tolerance=0.003)
    print(f"\n{RESAMPLES:,} resamples of {judged.sentences:,} sentences; equal intervals but for chance")
    report(seconds, "a plain loop")


def generate(tokens: int, sentence: int = SENTENCE) -> tuple[Sentences, Sentences]:
    chance = random.Random(42)
    tags = [f"{prefix}-{label}" for label in LABELS for prefix in "BI"]
    weights = [OUTSIDE, *[(1 - OUTSIDE) / len(tags)] * len(tags)]
    gold = chance.choices(["O", *tags], weights, k=tokens)
    predicted = [chance.choice(tags) if chance.random() < NOISE else tag for tag in gold]
    cuts = range(0, tokens, sentence)
    return [gold[i : i + sentence] for i in cuts], [predicted[i : i + sentence] for i in cuts]


def read_tags(path: Path) -> tuple[Sentences, Sentences]:
    """The gold tags of a column file, and the same with one entity tag in ten another at random."""
    chance = random.Random(42)
    gold = [
        [line.split()[-1] for line in block.splitlines()]
        for block in path.read_text(encoding="utf-8").split("\n\n")
        if block.strip() and not block.startswith("-DOCSTART-")
    ]
    tags = sorted({tag for sentence in gold for tag in sentence})
    predicted = [
        [chance.choice(tags) if tag != "O" and chance.random() < NOISE else tag for tag in sentence]
        for sentence in gold
    ]
    return gold, predicted


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


def by_sentence(judged: Judged) -> NDArray[np.int64]:
    """``[sentence, 3]``: right, predicted and gold entities."""
    sides = (judged.gold.sentence[judged.found], judged.predicted.sentence, judged.gold.sentence)
    return np.stack([np.bincount(side, minlength=judged.sentences) for side in sides], axis=1)


def by_loop(counts: NDArray[np.int64]) -> tuple[float, ...]:
    chance = np.random.default_rng(0)
    f1 = []
    for _ in range(RESAMPLES):
        right, predicted, gold = counts[chance.integers(0, len(counts), len(counts))].sum(axis=0)
        f1.append(2 * right / (predicted + gold))
    return tuple(np.quantile(f1, [0.025, 0.975]))


def by_scipy(counts: NDArray[np.int64]) -> tuple[float, ...]:
    def f1(right, predicted, gold, axis):
        return 2 * right.sum(axis) / (predicted.sum(axis) + gold.sum(axis))

    found = scipy.stats.bootstrap(
        tuple(counts.T), f1, paired=True, n_resamples=RESAMPLES, method="percentile", batch=100, rng=0
    )
    return tuple(found.confidence_interval)


def figures(row) -> tuple[float, ...]:
    return row.precision, row.recall, row.f1


def timed(
    jobs: dict[str, Callable[[], tuple[float, ...]]], repeats: int, tolerance: float = 1e-12
) -> dict[str, list[float]]:
    """Seconds of each job, taken in turns so that a busy moment hits all alike; results must be equal."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        results = []
        for name, job in jobs.items():
            start = time.perf_counter()
            results.append(job())
            seconds[name].append(time.perf_counter() - start)
        assert all(np.allclose(result, results[0], rtol=0, atol=tolerance) for result in results), results
    return seconds


def report(seconds: dict[str, list[float]], peer: str) -> None:
    slowest = statistics.median(next(iter(seconds.values())))
    print("median seconds (fastest) of the same run")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:24}{median:8.3f} ({min(times):.3f}){slowest / median:8.1f} times as fast as {peer}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
