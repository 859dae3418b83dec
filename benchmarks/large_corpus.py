"""Train on a corpus of 10 million tokens and say how much memory the whole process took.

    python benchmarks/large_corpus.py                    # generates the corpus, trains one epoch
    python benchmarks/large_corpus.py --tokens 1000000   # to see that memory hardly depends on it

The corpus is generated: 400,000 distinct words drawn by Zipf's law, names of four kinds among them. Peak
resident memory is the kernel's figure for the finished process, the one ``/usr/bin/time -v`` prints.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from onoma.files import whole_file

ROOT = Path(__file__).parent.parent
VOCABULARY, NAMES, LABELS = 400_000, 0.08, ("per", "geo", "org", "tim")
BLOCK = 200_000  # tokens written at a time


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens", type=int, default=10_000_000)
    parser.add_argument("--recipe", type=Path, default=ROOT / "recipes" / "bilstm.yaml")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for part, tokens in (("train", options.tokens), ("dev", 20_000)):
            write(folder / f"{part}.conll", tokens)
        seconds = train(options.recipe, folder)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{options.tokens:,} tokens, one epoch: {seconds:.0f} s, peak resident memory {peak:,.0f} MiB")


def write(path: Path, tokens: int) -> None:
    """A corpus in two columns; every name is a capitalised word of its label's own range."""
    chance = np.random.default_rng(len(path.name))
    with whole_file(path) as file:
        for start in range(0, tokens, BLOCK):
            file.write("".join(lines(chance, min(BLOCK, tokens - start))))


def lines(chance: np.random.Generator, count: int) -> list[str]:
    words = np.minimum(chance.zipf(1.2, count), VOCABULARY)
    names = chance.random(count) < NAMES
    ends = chance.random(count) < 1 / 22
    ends[-1] = True
    rows = []
    for word, name, end in zip(words.tolist(), names.tolist(), ends.tolist(), strict=True):
        tag = f"B-{LABELS[word % 4]}" if name else "O"
        rows.append(f"{'N' if name else 'w'}{word:x}\t{tag}\n" + ("\n" if end else ""))
    return rows


def train(recipe: Path, folder: Path) -> float:
    settings = {
        "corpus.path": "null",
        "corpus.train": folder / "train.conll",
        "corpus.dev": folder / "dev.conll",
        "training.epochs": 1,
        "training.batch_size": 256,
        "training.checkpoint_every": 1000,
        "network.recurrent_dropout": 0,
    }
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "onoma", "train", str(recipe), *words, "--out", str(folder / "run")]
    began = time.perf_counter()
    cache = {"ONOMA_CACHE": str(folder / "cache")}
    subprocess.run([*command, "--no-tracking"], check=True, env={**os.environ, **cache})
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
