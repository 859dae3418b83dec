"""F1 against tokens a second for every tagger there is, and the cascade of two of them as a curve.

    python benchmarks/frontier.py --fast out/results/conll2003-student-1 \\
        --accurate out/results/conll2003-minilm-1
    python benchmarks/frontier.py --fast A --accurate B --more out/other-run --repeats 9
    python benchmarks/frontier.py --no-measure            # page and picture alone, from the record

All are measured in one run on CoNLL-2003's test part: strict F1 on the corpus's own tokens, speed from raw
sentences to entities on two threads, repeats taking turns, medians. The cascade's thresholds are fitted on
dev, one for each budget, and only then tried on test. It decides sentence by sentence, so its accurate tagger
reads single sentences; one that wants documents gets whole articles where it stands alone. What is measured
is kept in docs/results/frontier.json and shown in docs/frontier.md and docs/frontier.png.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onoma
from onoma.evaluation import evaluate
from onoma.files import whole_file
from onoma.pages.charts import scatter
from onoma.runtime import Tagger
from onoma.runtime.articles import in_context
from onoma.runtime.cascade import Cascade
from onoma.runtime.cascade_fit import Budget, fit_threshold, try_both
from onoma.text import Document
from peers import CrfTagger, SpacyTagger, spacy_ner
from records import FOLDER, ROOT, machine
from tagging import THREADS, Row, conll_parts, timed

RECORD = FOLDER / "frontier.json"
PAGE = ROOT / "docs" / "frontier.md"
SHARES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, 0.7)
"""Budgets of the cascade: milliseconds a sentence, as shares of the accurate tagger's."""
GOAL_SHARE, GOAL_GAP = 0.25, 0.95


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    parser.add_argument("--fast", type=Path, help="a bundle")
    parser.add_argument("--accurate", type=Path, help="a bundle")
    parser.add_argument("--more", type=Path, nargs="*", default=[], help="further bundles")
    parser.add_argument("--no-peers", action="store_true", help="leave spaCy and CRFsuite out")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sentences", type=int, help="of dev and of test, to try it out; default: all")
    parser.add_argument("--no-measure", action="store_true")
    options = parser.parse_args()
    if not options.no_measure:
        if not (options.fast and options.accurate):
            parser.error("give --fast and --accurate, or --no-measure")
        with whole_file(RECORD) as file:
            file.write(json.dumps(measured(options), indent=1) + "\n")
    show(json.loads(RECORD.read_text(encoding="utf-8")))


def measured(options: argparse.Namespace) -> dict[str, Any]:
    parts = {
        name: documents[: options.sentences]
        for name, documents in conll_parts(options.data, options.out).items()
    }
    dev, test = parts["dev"], parts["test"]
    texts = [document.text for document in test]
    folders = (options.fast, options.accurate, *options.more)
    fast, accurate, *more = (Tagger(folder, threads=THREADS) for folder in folders)
    rows = [bundle_row(tagger, test) for tagger in (fast, accurate, *more)]
    if not options.no_peers:
        rows += peer_rows(parts, texts, options.out / "peers")
    chosen = thresholds(fast, accurate, dev)
    for share, threshold in chosen.items():
        cascade = Cascade(fast, accurate, threshold)
        f1 = evaluate(cascade, test, batch_size=len(test)).strict.micro.f1
        rows.append(Row(f"cascade {share}", f1, lambda cascade=cascade: cascade(texts), None))
    gc.collect()
    gc.freeze()  # the corpora in memory would make Python's collector slow all that allocates
    seconds = timed(rows, options.repeats)
    tokens = sum(len(Document.from_text(text).tokens) for text in texts)
    points = [
        {"name": row.name, "f1": 100 * (row.f1 or 0.0), "tokens": round(tokens / seconds[row.name])}
        for row in rows
    ]
    return {
        "corpus": "conll2003",
        "sentences": len(test),
        "threads": THREADS,
        "machine": machine(),
        "onoma": onoma.__version__,
        "fast": fast.name,
        "accurate": accurate.name,
        "thresholds": {str(share): threshold for share, threshold in chosen.items()},
        "points": points,
    }


def bundle_row(tagger: Tagger, test: Sequence[Document]) -> Row:
    """A bundle, by the name of its folder; what wants context is given articles."""
    f1 = evaluate(in_context(tagger), test, batch_size=len(test)).strict.micro.f1
    texts = [document.text for document in test]
    if tagger.manifest.pieces is not None and tagger.manifest.pieces.context == "document":
        texts = articles(test)
    return Row(tagger.folder.name, f1, lambda: tagger(texts), None)


def articles(documents: Sequence[Document]) -> list[str]:
    """The texts of whole articles, their sentences in lines."""
    found: dict[object, list[str]] = {}
    for number, document in enumerate(documents):
        found.setdefault(document.meta.get("document", number), []).append(document.text)
    return ["\n".join(sentences) for sentences in found.values()]


def peer_rows(parts: dict[str, Sequence[Document]], texts: list[str], folder: Path) -> list[Row]:
    spacy_tagger = SpacyTagger(spacy_ner(parts, folder / "spacy-conll2003"))
    crf = CrfTagger(parts, folder / "crfsuite-conll2003.model")

    def f1(annotate: Any) -> float:
        return evaluate(annotate, parts["test"]).strict.micro.f1

    return [
        Row("spaCy ner", f1(spacy_tagger), lambda: spacy_tagger.texts(texts, 1), None),
        Row("CRFsuite", f1(crf), lambda: crf.texts(texts), None),
    ]


def thresholds(fast: Tagger, accurate: Tagger, dev: Sequence[Document]) -> dict[float, float]:
    """For each share of the accurate tagger's time that it leaves room for: the best threshold on dev."""
    trial = try_both(fast, accurate, dev)
    whole = 1000 * trial.costly_seconds / len(dev)
    found = {}
    for share in SHARES:
        if share * whole > trial.milliseconds[0]:
            found[share] = fit_threshold(trial, Budget("ms", share * whole)).chosen.threshold
    return found


def show(record: dict[str, Any]) -> None:
    """Write the picture and the page."""
    points = [(point["tokens"], point["f1"], point["name"]) for point in record["points"]]
    chart = scatter(
        points,
        title="CoNLL-2003: F1 and speed",
        xlabel="tokens a second, two threads",
        ylabel="strict F1, %",
        log_x=True,
    )
    chart.save_png(PAGE.with_suffix(".png"))
    with whole_file(PAGE) as file:
        file.write(page(record))


def page(record: dict[str, Any]) -> str:
    by_name = {point["name"]: point for point in record["points"]}
    fast, accurate = record["points"][:2]
    gap = accurate["f1"] - fast["f1"]
    rows = [
        f"| {name} | {point['f1']:.2f} | {point['tokens']:,} | {accurate['tokens'] / point['tokens']:.3f} "
        f"| {recovered(point, fast, gap)} |"
        for name, point in by_name.items()
    ]
    table = "\n".join([HEAD, *rows])
    return PAGE_TEXT.format(verdict=verdict(record["points"], fast, accurate, gap), table=table, **record)


def recovered(point: dict[str, Any], fast: dict[str, Any], gap: float) -> str:
    if not (point["name"].startswith("cascade") and gap):
        return ""
    return f"{100 * (point['f1'] - fast['f1']) / gap:.0f} %"


def verdict(
    points: Sequence[dict[str, Any]], fast: dict[str, Any], accurate: dict[str, Any], gap: float
) -> str:
    """Whether the goal is met: 95 % of the gap at a quarter of the accurate one's cost."""
    cheap = [
        point
        for point in points
        if point["name"].startswith("cascade") and accurate["tokens"] / point["tokens"] <= GOAL_SHARE
    ]
    if gap <= 0 or not cheap:
        return "No cascade cost a quarter of the accurate tagger or less."
    best = max(cheap, key=lambda point: point["f1"])
    share = (best["f1"] - fast["f1"]) / gap
    met = "met" if share >= GOAL_GAP else "not met"
    return (
        f"At {accurate['tokens'] / best['tokens']:.2f} of the accurate tagger's cost the cascade recovers "
        f"{share:.0%} of the gap: the goal of 95 % at a quarter is {met}."
    )


HEAD = """| tagger | strict F1 | tokens/s | cost, accurate = 1 | of the gap recovered |
|---|---:|---:|---:|---:|"""
PAGE_TEXT = """# Accuracy and speed

Written by `benchmarks/frontier.py` from [results/frontier.json](results/frontier.json); do not edit by hand.

![F1 against tokens a second](frontier.png)

CoNLL-2003 test, {sentences:,} sentences; speed is from raw sentences to entities, {threads} threads, in one
run on {machine}. `cascade 0.25` sends sentences on from `{fast}` to `{accurate}` by a threshold fitted on dev
to a quarter of the accurate tagger's time.

{verdict}

{table}
"""

if __name__ == "__main__":
    main()
