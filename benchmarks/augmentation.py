"""Train `bilstm-crf` with each part of augmentation, and test each against none by the paired tests.

    python benchmarks/augmentation.py --data ../shared/data                   # all that is missing (hours)
    python benchmarks/augmentation.py --only conll2003 --parts swap case      # what there is time for
    python benchmarks/augmentation.py --only conll2003-1000 --seeds 1 2 3     # with little to learn from
    python benchmarks/augmentation.py --no-train                              # the page alone, from records

A run that was interrupted goes on where it stopped. Scores are of dev, since they are there to choose by; one
thread a run. What is measured is kept in docs/results/augmentation.json and makes the tables of
docs/augmentation.md.
"""

from __future__ import annotations

import argparse
import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

import onoma
from entries import ROOT, by_key, onoma_command, source
from onoma.corpus import Corpus, read, read_split, write
from onoma.evaluation import evaluate
from onoma.evaluation.compare_sheets import p_value
from onoma.evaluation.perturb import EDITS, perturb
from onoma.files import whole_file
from onoma.runtime import Tagger
from onoma.runtime.bundle import read_manifest
from records import finished

PARTS = {
    "none": [],
    "swap": ["augment.swap={}"],
    "case": ["augment.case={}"],
    "typos": ["augment.typos={}"],
    "synonyms": ["augment.synonyms={}"],
    "masked": ["augment.masked={encoder: ENCODER}"],
}
"""What is set for each; ENCODER is what --encoder names."""
FIRST = 1000
LITTLE = f"conll2003-{FIRST}"
"""CoNLL-2003 with so many of its training sentences, the first ones; its dev part is whole."""
RECORDS = ROOT / "docs" / "results" / "augmentation.json"
PAGE = ROOT / "docs" / "augmentation.md"
EDITED = ("lower", "typos")  # what dev is also tagged as


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "results")
    parser.add_argument("--only", choices=("conll2003", LITTLE, "gmb"))
    parser.add_argument("--parts", nargs="+", choices=sorted(PARTS), default=list(PARTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--encoder", help="the masked language model of `masked`; without one it is left out")
    parser.add_argument("--no-train", action="store_true", help="write the page from the records alone")
    options = parser.parse_args()
    if not options.no_train:
        for corpus in [options.only] if options.only else ["conll2003", LITTLE, "gmb"]:
            for seed in options.seeds:
                measure_all(corpus, seed, places(corpus, options.data, options.out), options)
    write_page()


def places(corpus: str, data: Path, out: Path) -> list[str]:
    """The settings that name a corpus; with little to learn from, epochs are short and there are more."""
    if corpus != LITTLE:
        return source(corpus, data, out)
    whole = source("conll2003", data, out)
    first = out / f"{LITTLE}.conll"
    write(islice(read(by_key(whole)["corpus.train"]), FIRST), first)
    return [*whole, f"corpus.train={first}", "training.epochs=30"]


def measure_all(corpus: str, seed: int, parts: list[str], options: argparse.Namespace) -> None:
    """Train and compare every part on one corpus with one seed; nothing is done twice."""
    plain = train(corpus, "none", seed, parts, options)
    for part in options.parts:
        if part == "none" or (part == "masked" and not options.encoder):
            continue
        if not any(key(record) == (corpus, part, seed) for record in records()):
            folder = train(corpus, part, seed, parts, options)
            keep(compared(corpus, part, seed, parts, plain, folder))
        write_page()


def train(corpus: str, part: str, seed: int, parts: list[str], options: argparse.Namespace) -> Path:
    folder: Path = options.out / f"augment-{corpus}-{part}-{seed}"
    if not finished(folder):
        values = [value.replace("ENCODER", str(options.encoder)) for value in PARTS[part]]
        settings = [*parts, f"seed={seed}", "training.threads=1", *values]
        words = [word for value in settings for word in ("--set", value)]
        recipe = ROOT / "recipes" / "bilstm-crf.yaml"
        onoma_command("train", recipe, *words, "--out", folder, "--resume", "--no-tracking")
    return folder


def compared(
    corpus: str, part: str, seed: int, parts: list[str], plain: Path, folder: Path
) -> dict[str, Any]:
    """The record of one part: its scores, those without it, and whether the difference is real."""
    named = by_key(parts)
    place = named.get("corpus.dev", named["corpus.path"])
    target = folder / "compare.json"
    rest = ("--split", "dev", "--json", target, "--no-speed")
    onoma_command("compare", folder, plain, "--corpus", place, *rest)
    [pair] = json.loads(target.read_text(encoding="utf-8"))["pairs"]
    dev = read(place) if "corpus.dev" in named else read_split(Path(place), "dev")
    return {
        "corpus": corpus,
        "part": part,
        "seed": seed,
        "onoma": onoma.__version__,
        "recipe": read_manifest(folder).recipe,
        "without": {"dev": f1(plain), **edited_scores(plain, dev)},
        "with": {"dev": f1(folder), **edited_scores(folder, dev)},
        "difference": pair["difference"],
        "p": pair["p_holm"]["micro"],
    }


def edited_scores(folder: Path, dev: Corpus) -> dict[str, float]:
    """F1 on dev in small letters, and with slips of the keyboard."""
    tagger = Tagger(folder, threads=1)
    found = {}
    for name in EDITED:
        changed = [perturb(document, EDITS[name]).document for document in dev]
        scores = evaluate(tagger, Corpus.from_documents(changed))
        found[name] = 100 * scores.strict.micro.f1
    return found


def f1(folder: Path) -> float:
    return 100 * float(read_manifest(folder).scores["dev"]["strict"]["micro"]["f1"])


def records() -> list[dict[str, Any]]:
    return json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.is_file() else []


def key(record: dict[str, Any]) -> tuple[str, str, int]:
    return record["corpus"], record["part"], record["seed"]


def keep(record: dict[str, Any]) -> None:
    kept = [other for other in records() if key(other) != key(record)] + [record]
    with whole_file(RECORDS) as file:
        file.write(json.dumps(sorted(kept, key=key), indent=1) + "\n")


def write_page() -> None:
    """Put the tables, made from the records, between the marks of the page."""
    text = PAGE.read_text(encoding="utf-8")
    made = re.sub(r"(<!-- measured -->\n).*?(<!-- end -->)", rf"\1{table()}\2", text, flags=re.DOTALL)
    with whole_file(PAGE) as file:
        file.write(made)


def table() -> str:
    lines = [
        "| corpus | part | seed | dev F1 without → with | difference (95 %) | p | small letters | slips |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(row, records())]) + "\n"


def row(record: dict[str, Any]) -> str:
    def moved(name: str) -> str:
        return f"{record['without'][name]:.2f} → {record['with'][name]:.2f}"

    low, high = (100 * bound for bound in interval(record["difference"]))
    gained = record["with"]["dev"] - record["without"]["dev"]
    cells = [
        record["corpus"],
        f"`{record['part']}`",
        str(record["seed"]),
        moved("dev"),
        f"{gained:+.2f} ({low:+.2f} to {high:+.2f})",
        p_value(record["p"]),
        *map(moved, EDITED),
    ]
    return "| " + " | ".join(cells) + " |"


def interval(difference: dict[str, Any]) -> tuple[float, float]:
    found = difference["micro"]["f1"]
    return float(found["low"]), float(found["high"])


if __name__ == "__main__":
    main()
