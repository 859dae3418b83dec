"""Tag the test parts of CoNLL-2003 and GMB with Onoma, spaCy's ner and CRFsuite: F1, tokens/s, latency.

    python benchmarks/tagging.py                                  # trains what is missing (about an hour)
    python benchmarks/tagging.py --only conll2003 --repeats 9
    python benchmarks/tagging.py --conll2003 out/my-run           # another bundle
    python benchmarks/tagging.py --no-peers                       # without spaCy and CRFsuite

Every tagger is trained on the same training part. F1 is strict, on the corpus's own tokens. Speed is from
raw strings to entities, each tagger told to use two threads (or, where it has none, run in one and in two
processes: the quicker counts); tokens are those of Onoma's tokenizer for all. Repeats are interleaved,
medians compared. The rows "its network in …" run the bundle's network alone, the vectors of words given, two
batches at a time: in Onoma's kernel, and in the forms that ONNX Runtime is quickest with (`bare.py`). What
lies between them and Onoma's own row is everything around the network.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import onoma
from bare import bare_networks
from onoma.corpus import read, read_split
from onoma.errors import RefusedError
from onoma.evaluation import evaluate
from onoma.text import Document

if TYPE_CHECKING:
    from peers import Parts

ROOT = Path(__file__).parent.parent
THREADS = 2
ROUNDS = 5  # over the single sentences
ALONE = "  its network in "


@dataclass
class Row:
    """A tagger of the table."""

    name: str
    f1: float | None
    job: Callable[[], object]  # tags all texts
    one: Callable[[str], object] | None  # tags one


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    parser.add_argument("--only", choices=("conll2003", "gmb"))
    parser.add_argument("--conll2003", type=Path, help="a bundle trained on CoNLL-2003")
    parser.add_argument("--gmb", default="en-gmb", help="a bundle trained on GMB")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-peers", action="store_true", help="leave spaCy and CRFsuite out")
    options = parser.parse_args()
    for name in ("conll2003", "gmb"):
        if options.only in (None, name):
            parts = PARTS[name](options.data, options.out)
            bundle = getattr(options, name) or trained_on_conll(options.data, options.out)
            print(f"\n{name}: {len(parts['test']):,} test sentences, {THREADS} threads each\n")
            rows = [] if options.no_peers else peers(name, parts, options.out)
            rows += own(parts["test"], bundle)
            report(rows, [document.text for document in parts["test"]], options.repeats)


CONLL = {"train": "eng.train", "dev": "eng.testa", "test": "eng.testb"}


def conll_parts(data: Path, _: Path) -> Parts:
    return {part: list(read(data / "conll2003" / name)) for part, name in CONLL.items()}


def gmb_parts(data: Path, out: Path) -> Parts:
    split = out / "results" / "split-gmb"
    if not split.is_dir():
        onoma_command("split", data / "gmb" / "ner_dataset.csv.zip", "--out", split, "--seed", 42)
    return {part: list(read_split(split, part)) for part in ("train", "dev", "test")}


PARTS = {"conll2003": conll_parts, "gmb": gmb_parts}


def onoma_command(*words: object) -> None:
    done = subprocess.run([sys.executable, "-m", "onoma", *map(str, words)])
    if done.returncode not in (0, RefusedError.exit_code):  # what refuses int8 leaves the bundle as it was
        raise SystemExit(done.returncode)


def trained_on_conll(data: Path, out: Path) -> Path:
    """The recipe with vectors at the default tagger's width, as int8 where that passes the gate here."""
    folder = out / "results" / "conll2003-h128-1"
    files = {part: data / "conll2003" / name for part, name in CONLL.items()}
    if not (folder / "bundle.json").is_file():
        chosen = ["corpus.path=null", *(f"corpus.{part}={path}" for part, path in files.items())]
        settings = [word for value in (*chosen, "seed=1", "network.hidden=128") for word in ("--set", value)]
        recipe = ROOT / "recipes" / "bilstm-crf-vectors.yaml"
        onoma_command("train", recipe, *settings, "--out", folder, "--resume", "--no-tracking")
    quick = folder.with_name(f"{folder.name}-int8")
    if not (quick / "bundle.json").is_file():
        onoma_command("export", folder, "--to", "onnx-int8", "--dev", files["dev"], "--out", quick)
    return quick


def peers(name: str, parts: Parts, out: Path) -> list[Row]:
    """Other people's taggers, trained where that has not been done."""
    from peers import CrfTagger, SpacyTagger, spacy_ner  # which are not installed everywhere

    test = parts["test"]
    texts = [document.text for document in test]
    spacy = SpacyTagger(spacy_ner(parts, out / "peers" / f"spacy-{name}"))
    crf = CrfTagger(parts, out / "peers" / f"crfsuite-{name}.model")
    return [
        Row("spaCy ner", f1(spacy, test), lambda: spacy.texts(texts, 1), lambda text: spacy.nlp(text)),
        Row("spaCy ner, 2 processes", None, lambda: spacy.texts(texts, 2), None),
        Row("CRFsuite", f1(crf, test), lambda: crf.texts(texts), lambda text: crf.texts([text])),
    ]


def own(test: Sequence[Document], bundle: str | Path) -> list[Row]:
    """The bundle as a tagger, and its network alone."""
    texts = [document.text for document in test]
    tagger, one = onoma.load(bundle, threads=THREADS), onoma.load(bundle, threads=1)
    row = Row(f"onoma {tagger.name}", f1(tagger, test), lambda: tagger(texts), lambda text: one([text]))
    alone = bare_networks(tagger, texts, THREADS)
    return [row, *(Row(f"{ALONE}{name}", None, job, None) for name, job in alone.items())]


def f1(annotate: Callable[[Sequence[Document]], list[Document]], test: Sequence[Document]) -> float:
    return evaluate(annotate, test).strict.micro.f1


def report(rows: list[Row], texts: list[str], repeats: int) -> None:
    tokens = sum(len(Document.from_text(text).tokens) for text in texts)
    gc.collect()
    gc.freeze()  # the corpora in memory would make Python's collector slow all that allocates
    seconds = timed(rows, repeats)
    spacy = min((seconds[row.name] for row in rows if row.name.startswith("spaCy")), default=None)
    print("| tagger | strict F1 | tokens/s | times spaCy | one sentence, ms: p50 | p99 |")
    print("|---|---|---|---|---|---|")
    short = [text for text in texts if 18 <= len(Document.from_text(text).tokens) <= 22][:400]
    for row in rows:
        score = "" if row.f1 is None else f"{100 * row.f1:.2f}"
        times = "" if spacy is None else f"{spacy / seconds[row.name]:.1f}"
        speed = f"{tokens / seconds[row.name]:,.0f} | {times}"
        print(f"| {row.name} | {score} | {speed} | {latency(row, short)} |")
    whole = next(seconds[row.name] for row in rows if row.name.startswith("onoma "))
    alone = {name: each for name, each in seconds.items() if name.startswith(ALONE)}
    print()
    for name, each in alone.items():
        print(f"Text to entities keeps {each / whole:.0%} of the speed of {name.strip()}.")


def timed(rows: list[Row], repeats: int) -> dict[str, float]:
    """Median seconds of each job, the jobs taking turns."""
    taken: dict[str, list[float]] = {row.name: [] for row in rows}
    for turn in range(repeats + 1):
        for row in rows:
            began = time.perf_counter()
            row.job()
            if turn:  # the first round warms up
                taken[row.name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def latency(row: Row, texts: list[str]) -> str:
    """p50 and p99 of single sentences of about 20 tokens, on one thread; each has been seen once before."""
    if row.one is None:
        return " | "
    for text in texts:
        row.one(text)
    taken = []
    for text in texts * ROUNDS:
        began = time.perf_counter()
        row.one(text)
        taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    return f"{taken[len(taken) // 2]:.2f} | {taken[int(0.99 * len(taken))]:.2f}"


if __name__ == "__main__":
    main()
