"""How cost grows: with callers, with the batch, with the length of a text; a plot of each.

    python benchmarks/growth.py                            # prints figures, writes out/growth/
    python benchmarks/growth.py --bundle out/my-run --repeats 9 --out out/growth-2

One tagger on all cores serves 1 to 16 callers, each a thread with its own texts; it is given 1 to 512
sentences a call, on one thread and on two; and one text of 10 to 1,000,000 tokens, in a fresh process each,
whose peak of resident memory is that text's cost. Sentences are made up. Repeats take turns; figures are
medians. Processor time is given beside wall time, as other work on the machine changes it less.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onoma
from onoma.evaluation.invented import invented_sentences
from onoma.evaluation.memory import resident_memory
from onoma.evaluation.sheets import Sheet, as_section
from onoma.evaluation.speed import machine
from onoma.files import whole_file
from onoma.pages.charts import Chart, bars, grouped_bars, lines
from onoma.pages.frame import page
from onoma.runtime import Tagger
from onoma.text import Document

CALLERS = (1, 2, 4, 8, 16)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
LENGTHS = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
SENTENCES = 2048

RATE, COST = "tokens a second", "µs of processor a token"

Rates = dict[int, float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="en-gmb")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "out" / "growth")
    parser.add_argument("--one-text", type=int, help=argparse.SUPPRESS)  # a child process's part
    options = parser.parse_args()
    if options.one_text:
        print(json.dumps(one_text(options.bundle, options.one_text, options.repeats)))
        return
    texts = list(invented_sentences(1, SENTENCES))
    parts = [
        by_callers(options.bundle, texts, options.repeats),
        by_batch(options.bundle, texts, options.repeats),
        *by_length(options.bundle, options.repeats),
    ]
    write(parts, options.bundle, options.out)


def medians(jobs: Mapping[int, Callable[[], object]], tokens: int, repeats: int) -> dict[str, Rates]:
    """Tokens a second of each of ``jobs``, which take turns, and its cost; the first turn warms up."""
    taken: dict[int, list[tuple[float, float]]] = {name: [] for name in jobs}
    for turn in range(repeats + 1):
        for name, job in jobs.items():
            began = time.perf_counter(), time.process_time()
            job()
            if turn:
                taken[name].append((time.perf_counter() - began[0], time.process_time() - began[1]))
    middle = {name: tuple(map(statistics.median, zip(*each, strict=True))) for name, each in taken.items()}
    return {
        RATE: {name: tokens / wall for name, (wall, _) in middle.items()},
        COST: {name: 1e6 * cost / tokens for name, (_, cost) in middle.items()},
    }


def count(texts: Iterable[str]) -> int:
    return sum(len(Document.from_text(text).tokens) for text in texts)


def by_callers(bundle: str, texts: Sequence[str], repeats: int) -> tuple[Sheet, Chart]:
    """Callers that each send eight sentences a call, and wait for the answer."""
    tagger = onoma.load(bundle)

    def serve(callers: int) -> Callable[[], object]:
        pool = ThreadPoolExecutor(callers)
        shares = [texts[which::callers] for which in range(callers)]
        return lambda: list(pool.map(lambda share: in_batches(tagger, share, 8), shares))

    found = medians({callers: serve(callers) for callers in CALLERS}, count(texts), repeats)
    rates = list(found[RATE].values())
    chart = lines(CALLERS, {"tagger": rates}, title="Speed by callers", xlabel="callers at once", ylabel=RATE)
    return sheet("Callers", "callers", found), chart


def in_batches(tagger: Tagger, texts: Sequence[str], size: int) -> None:
    for at in range(0, len(texts), size):
        tagger(texts[at : at + size])


def by_batch(bundle: str, texts: Sequence[str], repeats: int) -> tuple[Sheet, Chart]:
    """Sentences a call, on one thread and on two."""
    tokens, found = count(texts), {}
    for threads, name in ((1, "1 thread"), (2, "2 threads")):
        tagger = onoma.load(bundle, threads=threads)
        jobs = {size: (lambda t=tagger, s=size: in_batches(t, texts, s)) for size in BATCHES}
        for what, figures in medians(jobs, tokens, repeats).items():
            found[f"{what}, {name}"] = figures
    series = {what: [round(rate) for rate in rates.values()] for what, rates in found.items() if RATE in what}
    names = [str(size) for size in BATCHES]
    chart = grouped_bars(names, series, title="Speed by sentences a call", xlabel=RATE)
    return sheet("Batches", "sentences a call", found), chart


def by_length(bundle: str, repeats: int) -> list[tuple[Sheet, Chart]]:
    """One text of many lengths: its time, and what it adds to resident memory at most."""
    here = [sys.executable, __file__, "--bundle", bundle, "--repeats", str(repeats)]
    found = {}
    for length in LENGTHS:
        child = subprocess.run([*here, "--one-text", str(length)], check=True, capture_output=True, text=True)
        found[length] = json.loads(child.stdout)
    rates = {length: figures["tokens"] / figures["seconds"] for length, figures in found.items()}
    costs = {length: 1e6 * figures["cost"] / figures["tokens"] for length, figures in found.items()}
    memory = {length: figures["added"] for length, figures in found.items()}
    each = {length: 1024 * 1024 * added / found[length]["tokens"] for length, added in memory.items()}
    names, what = [f"{length:,}" for length in LENGTHS], "tokens in the text"
    speed = bars(
        names, [round(rate) for rate in rates.values()], title="Speed by tokens in one text",
        xlabel=RATE,
    )  # fmt: skip
    added = bars(names, list(memory.values()), title="Memory by tokens in one text", xlabel="MiB added")
    return [
        (sheet("One text: time", what, {RATE: rates, COST: costs}), speed),
        (
            sheet("One text: memory", "tokens in the text", {"MiB added": memory, "bytes a token": each}),
            added,
        ),
    ]


def one_text(bundle: str, length: int, repeats: int) -> dict[str, float]:
    """Median seconds of a text of ``length`` tokens, and MiB by which it raised the peak of this process."""
    tagger, text = onoma.load(bundle), text_of(length)
    tagger(list(invented_sentences(2, 500)))  # what any work at all needs is no cost of this text
    before, taken = resident_memory().peak or 0.0, []
    for _ in range(repeats if length < LENGTHS[-1] else 1):
        began = time.perf_counter(), time.process_time()
        [document] = tagger([text])
        taken.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    peak = resident_memory().peak or 0.0
    seconds, cost = map(statistics.median, zip(*taken, strict=True))
    return {
        "tokens": len(document.tokens),
        "seconds": seconds,
        "cost": cost,
        "added": round(peak - before, 1),
    }


def text_of(length: int) -> str:
    """Sentences up to ``length`` tokens."""
    sentences, tokens = [], 0
    for sentence in invented_sentences(3):
        words = Document.from_text(sentence).words[: length - tokens]
        tokens += len(words)
        sentences.append(" ".join(words))
        if tokens == length:
            return " ".join(sentences)
    raise AssertionError("sentences never end")


def sheet(title: str, what: str, columns: Mapping[str, Mapping[int, float]]) -> Sheet:
    rows = [
        [f"{place:,}", *(shown(column[place]) for column in columns.values())]
        for place in next(iter(columns.values()))
    ]
    return Sheet(title, [what, *columns], "r" * (1 + len(columns)), rows)


def shown(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def write(parts: Sequence[tuple[Sheet, Chart]], bundle: str, out: Path) -> None:
    """Print the figures; write a page with the plots, and each plot as PNG."""
    from rich.console import Console

    from onoma.evaluation.sheets import in_terminal

    Console().print(in_terminal([each for each, _ in parts]))
    out.mkdir(parents=True, exist_ok=True)
    for each, chart in parts:
        name = each.title.lower().replace(":", "").replace(" ", "-")
        chart.save_png(out / f"{name}.png")
    sections = [as_section(each, chart.svg()) for each, chart in parts]
    with whole_file(out / "growth.html") as file:
        file.write(page(f"How the cost of {Path(bundle).name} grows", sections, lead=machine()))
    print(f"wrote {out / 'growth.html'}")


if __name__ == "__main__":
    main()
