"""Read corpora with Onoma and with its peers, each in a process of its own: time and memory.

    python benchmarks/reading.py                        # the GMB CSV, and 10 million generated CoNLL tokens
    python benchmarks/reading.py --tokens 1000000       # to see that memory hardly depends on them
    python benchmarks/reading.py --gmb path/to/ner_dataset.csv.zip --repeats 5

The Groningen Meaning Bank's CSV becomes documents with entities at exact offsets, all held in memory: by
Onoma, and by pandas with spaCy's ``Doc``. pandas alone, which makes lists of words and tags and no entities,
shows what the CSV itself costs. Generated CoNLL columns are streamed, a document at a time, by Onoma; spaCy's
own converter takes the whole text, so it gets fewer tokens, and speeds are compared.

Jobs take turns; medians are shown, of the clock's seconds and of the processor's, which are the fairer where
a machine is busy with other things. A process's peak resident memory is the kernel's, imports included.
Everyone must find the same tokens and, where they make any, the same entities.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from large_corpus import write

ROOT = Path(__file__).parent.parent
GMB = ROOT.parent / "shared" / "data" / "gmb" / "ner_dataset.csv.zip"
GMB_SECONDS, CONLL_MIB = 3.0, 500  # what is asked for
Found = tuple[int, int | None]  # tokens, entities


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gmb", type=Path, default=GMB)
    parser.add_argument("--tokens", type=int, default=10_000_000, help="of the generated corpus")
    parser.add_argument("--peer-tokens", type=int, default=500_000, help="of the part that spaCy converts")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--job", help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        run_here(options.job, options.path)
        return
    if options.gmb.is_file():
        names = ("onoma, documents", "pandas and spaCy, docs", "pandas, lists only")
        print(f"{options.gmb.name}, into memory")
        report([(name, options.gmb) for name in names], options.repeats)
        print(f"asked for: under {GMB_SECONDS:g} s\n")
    with tempfile.TemporaryDirectory() as folder:
        whole, part = Path(folder) / "whole.conll", Path(folder) / "part.conll"
        write(whole, options.tokens)
        write(part, min(options.tokens, options.peer_tokens))
        size = whole.stat().st_size / 2**20
        print(f"CoNLL columns, {options.tokens:,} tokens ({size:,.0f} MiB); spaCy gets a part")
        report(
            [("onoma, streamed", whole), ("onoma, a part", part), ("spaCy, a part", part)], options.repeats
        )
        print(f"asked for: under {CONLL_MIB} MiB")


def report(jobs: list[tuple[str, Path]], repeats: int) -> None:
    """Run the jobs in turns; a line each, and how the first compares."""
    runs = {name: [] for name, _ in jobs}
    for _ in range(repeats):
        for name, path in jobs:
            runs[name].append(run_apart(name, path))
    for path in {path for _, path in jobs}:
        check_equal([run for name, at in jobs if at == path for run in runs[name]])
    rates = {name: statistics.median(run["tokens"] / run["cpu"] for run in runs[name]) for name in runs}
    first = next(iter(rates.values()))
    for name, found in runs.items():
        clock, cpu = (statistics.median(run[key] for run in found) for key in ("seconds", "cpu"))
        peak = max(run["peak"] for run in found)
        print(
            f"  {name:24} {clock:6.2f} s, {cpu:6.2f} s of processor, {rates[name]:9,.0f} tokens/s,"
            f" {peak:5,.0f} MiB, {found[0]['entities'] or 'no':>7} entities; {first / rates[name]:5.2f} x"
        )


def check_equal(runs: list[dict[str, float]]) -> None:
    assert len({run["tokens"] for run in runs}) == 1, runs
    assert len({run["entities"] for run in runs if run["entities"] is not None}) == 1, runs


def run_apart(name: str, path: Path) -> dict[str, float]:
    """The job in a process of its own."""
    command = [sys.executable, __file__, "--job", name, "--path", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_here(name: str, path: Path) -> None:
    began, worked = time.perf_counter(), time.process_time()
    tokens, entities = JOBS[name](path)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"seconds": seconds, "cpu": cpu, "peak": peak, "tokens": tokens, "entities": entities}
    print(json.dumps(found))


def by_onoma(path: Path) -> Found:
    from onoma.corpus import read

    return counted(read(path))


def by_onoma_in_memory(path: Path) -> Found:
    from onoma.corpus import read

    held = []
    for document in read(path):  # list() would ask for the length first, and so read twice
        held.append(document)
    return counted(held)


def counted(documents: Iterable) -> Found:
    tokens = entities = 0
    for document in documents:
        tokens += len(document.tokens)
        entities += len(document.entities)
    return tokens, entities


def by_pandas(path: Path) -> Found:
    return sum(len(words) for words, _ in lists(path)), None


def by_pandas_and_spacy(path: Path) -> Found:
    import spacy
    from spacy.tokens import Doc

    vocab = spacy.blank("en").vocab
    docs = [Doc(vocab, words=words, ents=tags) for words, tags in lists(path)]
    return sum(map(len, docs)), sum(len(doc.ents) for doc in docs)


def lists(path: Path) -> list[tuple[list[str], list[str]]]:
    """The sentences of the CSV as words and tags, its ids carried forward and no word taken for missing."""
    import pandas

    table = pandas.read_csv(path, encoding="latin-1", keep_default_na=False)
    number = (table["Sentence #"] != "").cumsum()
    words, tags = (table[name].groupby(number, sort=False).agg(list) for name in ("Word", "Tag"))
    return list(zip(words, tags, strict=True))


def by_spacy_converter(path: Path) -> Found:
    import warnings

    from spacy.training.converters import conll_ner_to_docs

    warnings.simplefilter("ignore")
    docs = conll_ner_to_docs(path.read_text(encoding="utf-8"), no_print=True)
    tokens = entities = 0
    for doc in docs:
        tokens, entities = tokens + len(doc), entities + len(doc.ents)
    return tokens, entities


JOBS: dict[str, Callable[[Path], Found]] = {
    "onoma, documents": by_onoma_in_memory,
    "pandas and spaCy, docs": by_pandas_and_spacy,
    "pandas, lists only": by_pandas,
    "onoma, streamed": by_onoma,
    "onoma, a part": by_onoma,
    "spaCy, a part": by_spacy_converter,
}


if __name__ == "__main__":
    main()
