"""Say where a tagger's time goes, step by step: in batches, and one sentence at a time.

    python benchmarks/where_time_goes.py --bundle out/my-run --text eng.testb

For networks that Onoma's kernel runs. On one thread, with all words remembered; in processor time, which
other work changes less than wall time. Steps take turns, and the best of the repeats counts. The last row but
one is what the steps leave of the whole; the last what Python's garbage collector takes of all of them.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import onoma
from bare import CHUNK, Call, kernel_call, network_alone
from onoma.corpus import read
from onoma.runtime import Tagger
from onoma.runtime.plans import Plan
from onoma.runtime.readers import KernelReader, Rows
from onoma.runtime.side_by_side import in_order

ROOT = Path(__file__).parent.parent
WHOLE, UNCOLLECTED, REST = "from text to entities", "no garbage collected", "the rest"
NETWORK, DECODING = "the network", "decoding: best path, probabilities"

Jobs = dict[str, Callable[[], object]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="en-gmb")
    parser.add_argument("--text", type=Path, default=ROOT.parent / "shared/data/conll2003/eng.testb")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    tagger = onoma.load(options.bundle, threads=1)
    texts = [document.text for document in read(options.text) if document.text]
    lengths = [len(document.tokens) for document in tagger(texts)]
    short = [text for text, length in zip(texts, lengths, strict=True) if 18 <= length <= 22][:400]
    lots = [texts[at : at + CHUNK] for at in range(0, len(texts), CHUNK)]
    batches = timed(steps(tagger, lots), options.repeats)
    alone = timed(steps(tagger, [[text] for text in short]), options.repeats)
    print(table(parts(batches, sum(lengths)), parts(alone, len(short))))


def steps(tagger: Tagger, lots: Sequence[Sequence[str]]) -> Jobs:
    """The whole of tagging each of ``lots``, and its steps, each given what the one before it made."""
    engine, reader = tagger.engine, tagger.engine.reader
    if not isinstance(reader, KernelReader):
        raise SystemExit(f"{tagger.name} is not run by Onoma's kernel, whose steps these are")
    planned = [[Plan(text, tagger.manifest.row) for text in lot] for lot in lots]
    rows = [[row for plan in plans for row in plan.rows()] for plans in planned]
    groups = [engine.groups(each) for each in rows]
    found = [reader._kernel.read(*call) for each in rows for call in calls(tagger, reader, each)]
    answers = [engine.begin(each).result() for each in rows]
    given = [call for each in rows for call in calls(tagger, reader, each)]
    alone = network_alone(reader)
    return {
        WHOLE: lambda: [tagger(lot) for lot in lots],
        UNCOLLECTED: uncollected(lambda: [tagger(lot) for lot in lots]),
        "words, sentences": lambda: [Plan(text, tagger.manifest.row).rows() for lot in lots for text in lot],
        "rows of like length, words looked up": lambda: [calls(tagger, reader, each) for each in rows],
        NETWORK: lambda: [alone(call) for call in given],
        DECODING: lambda: [reader._kernel.read(*call) for call in given],  # and the network, see `parts`
        "spans for Python": lambda: [reader._decode.told(each) for each in found],
        "documents with entities": lambda: [
            answered(tagger, plans, group, each)
            for plans, group, each in zip(planned, groups, answers, strict=True)
        ],
    }


def calls(tagger: Tagger, reader: KernelReader, rows: Rows) -> list[Call]:
    return [kernel_call(reader, [rows[i] for i in group]) for group in tagger.engine.groups(rows)]


def answered(tagger: Tagger, plans: Sequence[Plan], groups: list[list[int]], found: list[object]) -> object:
    """Rows back in order, and the documents of them."""
    rows, at, documents = in_order(groups, ([found[i] for i in group] for group in groups)), 0, []
    for plan in plans:
        size = 1 if plan.windows is None else len(plan.windows)
        documents.append(plan.answer(rows[at : at + size], tagger.version))
        at += size
    return documents


def uncollected(job: Callable[[], object]) -> Callable[[], object]:
    """``job`` with Python's garbage collector off."""

    def run() -> object:
        gc.disable()
        made = job()
        gc.enable()
        return made

    return run


def timed(jobs: Jobs, repeats: int) -> dict[str, float]:
    """The least processor seconds of each job, the jobs taking turns."""
    gc.collect()
    gc.freeze()  # what was prepared would make the collector slow all that allocates
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(repeats):
        for name, job in jobs.items():
            began = time.process_time()
            job()
            best[name] = min(best[name], time.process_time() - began)
    return best


def parts(seconds: dict[str, float], units: int) -> dict[str, float]:
    """Microseconds a unit of each step: decoding without the network, and what no step accounts for."""
    each = {name: 1e6 * value / units for name, value in seconds.items()}
    each[DECODING] -= each[NETWORK]
    collected = each[WHOLE] - each.pop(UNCOLLECTED)
    rest = each[WHOLE] - sum(value for name, value in each.items() if name != WHOLE)
    return {**each, REST: rest, "of all, Python's garbage collector": collected}


def table(batches: dict[str, float], alone: dict[str, float]) -> str:
    rows = [
        "| step | in batches, µs a token | share | one sentence alone, µs | share |",
        "|---|---:|---:|---:|---:|",
    ]
    for name in batches:
        shown = (
            f"{each[name]:.{digits}f} | {each[name] / each[WHOLE]:.0%}"
            for each, digits in ((batches, 2), (alone, 1))
        )
        rows.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
