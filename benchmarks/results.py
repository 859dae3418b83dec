"""Train every network by its recipe and write docs/results.md: scores, sizes, training time, latency.

    python benchmarks/results.py --data ../shared/data          # what is missing is trained, then the table
    python benchmarks/results.py --data DATA --only conll2003

A run that was interrupted goes on where it stopped; one that is finished is not trained again. The GMB corpus
is split by ``onoma split`` (60/20/20, seed 42); CoNLL-2003 is used as published. Test parts are read once, by
the finished bundle.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import onoma
from onoma.corpus import read, read_split
from onoma.files import whole_file
from onoma.runtime import Manifest, Tagger
from onoma.runtime.bundle import read_manifest

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Entry:
    """A row of the table: a recipe trained on a corpus with some seeds."""

    corpus: str
    title: str
    recipe: str
    seeds: tuple[int, ...] = (42,)


ENTRIES = (
    Entry("gmb", "`pooled`", "pooled"),
    Entry("gmb", "`bilstm`", "bilstm"),
    Entry("gmb", "`bilstm-attention`", "bilstm-attention"),
    Entry("gmb", "`bilstm-crf`, nothing pretrained", "bilstm-crf"),
    Entry("gmb", "`en-gmb`: `bilstm-crf` with distilled vectors", "en-gmb", (42, 43)),
    Entry("conll2003", "`bilstm-crf`, nothing pretrained", "bilstm-crf", (1, 2, 3)),
    Entry("conll2003", "`bilstm-crf` with distilled vectors", "bilstm-crf-vectors", (1, 2, 3)),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "results")
    parser.add_argument("--only", choices=("gmb", "conll2003"))
    parser.add_argument("--no-train", action="store_true", help="only use runs that are finished")
    options = parser.parse_args()
    sources = corpora(options.data, options.out)
    for entry in ENTRIES:
        if options.only in (None, entry.corpus) and not options.no_train:
            for seed in entry.seeds:
                train(entry, seed, sources[entry.corpus], options.out)
    with whole_file(ROOT / "docs" / "results.md") as file:
        file.write(page(options.out, sources))


def corpora(data: Path, out: Path) -> dict[str, list[str]]:
    """The ``--set`` options that name each corpus; GMB is split on first use."""
    split = out / "split-gmb"
    if not split.is_dir():
        onoma_command("split", data / "gmb" / "ner_dataset.csv.zip", "--out", split, "--seed", 42)
    conll = data / "conll2003"
    parts = {"train": "eng.train", "dev": "eng.testa", "test": "eng.testb"}
    return {
        "gmb": [f"corpus.path={split}"],
        "conll2003": ["corpus.path=null", *(f"corpus.{part}={conll / name}" for part, name in parts.items())],
    }


def onoma_command(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "onoma", *map(str, words)], check=True)


def folder_of(entry: Entry, seed: int, out: Path) -> Path:
    return out / f"{entry.corpus}-{entry.recipe}-{seed}"


def train(entry: Entry, seed: int, source: list[str], out: Path) -> None:
    folder = folder_of(entry, seed, out)
    if finished(folder):
        return
    settings = [word for value in (*source, f"seed={seed}") for word in ("--set", value)]
    recipe = ROOT / "recipes" / f"{entry.recipe}.yaml"
    onoma_command("train", recipe, *settings, "--out", folder, "--resume", "--no-tracking")


def finished(folder: Path) -> bool:
    return (folder / "bundle.json").is_file() and "test" in read_manifest(folder).scores


def done(entry: Entry, out: Path) -> list[Path]:
    """The finished runs of an entry."""
    folders = [folder_of(entry, seed, out) for seed in entry.seeds]
    return [folder for folder in folders if finished(folder)]


def page(out: Path, sources: dict[str, list[str]]) -> str:
    parts = [HEAD]
    for corpus, title in TITLES.items():
        rows = [
            e for e in ENTRIES if e.corpus == corpus and any(finished(folder_of(e, s, out)) for s in e.seeds)
        ]
        if rows:
            test = test_sentences(sources[corpus])
            parts += [title, floor(done(rows[0], out)[0]), COLUMNS]
            parts += [row(entry, out, test) for entry in rows]
    return "\n".join(parts) + TAIL.format(version=onoma.__version__)


def test_sentences(source: list[str]) -> list[str]:
    """The first 2,000 test sentences as plain text, for latency."""
    named = dict(value.split("=", 1) for value in source)
    place = named.get("corpus.test")
    corpus = read(place) if place else read_split(Path(named["corpus.path"]), "test")
    return [document.text for document, _ in zip(corpus, range(2000), strict=False)]


def floor(folder: Path) -> str:
    """What answering O everywhere scores on the same test tokens."""
    scores = read_manifest(folder).scores["test"]
    accuracy = scores["all_o_floor"]["accuracy"]
    return f"Answering O everywhere: token accuracy {100 * accuracy:.1f}, entity F1 0.\n"


def row(entry: Entry, out: Path, sentences: list[str]) -> str:
    folders = done(entry, out)
    manifests = [read_manifest(folder) for folder in folders]
    dev, test = (spread([f1(m, split) for m in manifests]) for split in ("dev", "test"))
    tokens = spread([100 * m.scores["test"]["tokens"]["accuracy"] for m in manifests])
    minutes = statistics.mean(map(training_seconds, folders)) / 60
    latency, speed = measure(Tagger(folders[0], threads=1), sentences)
    size = manifests[0].bytes / 1e6
    cells = [
        entry.title,
        f"{manifests[0].parameters:,}",
        f"{size:.1f}",
        dev,
        f"**{test}**",
        tokens,
        str(len(folders)),
        f"{minutes:.1f}",
        f"{latency:.2f}",
        f"{speed:,.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def f1(manifest: Manifest, split: str) -> float:
    return 100 * float(manifest.scores[split]["strict"]["micro"]["f1"])


def spread(values: list[float]) -> str:
    """Mean, and standard deviation where there are several."""
    mean = f"{statistics.mean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean


def training_seconds(folder: Path) -> float:
    history = json.loads((folder / "training" / "history.json").read_text(encoding="utf-8"))
    return float(sum(epoch["seconds"] for epoch in history))


def measure(tagger: Tagger, sentences: list[str]) -> tuple[float, float]:
    """Median milliseconds for one sentence alone, and tokens a second in bulk, text in to entities out."""
    alone = []
    for text in sentences[:300]:
        began = time.perf_counter()
        tagger([text])
        alone.append(time.perf_counter() - began)
    rates = []
    for _ in range(3):
        began = time.perf_counter()
        documents = tagger(sentences)
        rates.append(sum(len(d.tokens) for d in documents) / (time.perf_counter() - began))
    return 1000 * statistics.median(alone), statistics.median(rates)


TITLES = {
    "gmb": "\n## GMB, grouped 60/20/20 split (seed 42), 8 types\n",
    "conll2003": "\n## CoNLL-2003, train/dev/test as published\n",
}
COLUMNS = (
    "| tagger | parameters | MB | dev F1 | test F1 | test token accuracy | seeds | training, minutes "
    "| ms a sentence | tokens/s |\n|---|---|---|---|---|---|---|---|---|---|"
)
HEAD = """# Results

Written by `make results` (`benchmarks/results.py`); do not edit by hand.

F1 is strict entity F1, micro-averaged, in percent, of the finished bundle run by the torch-free runtime on
gold tokens. With several seeds: mean ± standard deviation. Epochs are chosen on dev; test is read once, last.
Parameters count learned weights; static vectors are frozen and not among them, but they are in the MB on
disk. Token accuracy is shown because others publish it: compare it with what answering O everywhere scores.
Training time is wall time on two CPU cores shared with other work, one or two threads a run; latency is one
thread, text in to entities out.
"""
TAIL = """

Measured with onoma {version}. To repeat: `make results` with the corpora in `../shared/data`, or
`python benchmarks/results.py --data DATA`. Runs lie in `out/results`, each with its log, curves and scores.
"""

if __name__ == "__main__":
    main()
