"""Measure the ideas of docs/performance.md one by one: what each saves, in processor time.

    python benchmarks/ideas.py --bundle out/run --text eng.testb

What else a machine does changes wall time much and processor time little, so the latter is compared, on one
thread. Variants take turns, and the best of the repeats counts.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime

import onoma
from onoma.corpus import read
from onoma.runtime import Tagger, engine
from onoma.runtime.bundle import TAGS
from onoma.runtime.words import WordVectors
from onoma.tagging.decode import Decoder
from onoma.text import Document, Entity

ROOT = Path(__file__).parent.parent
Jobs = Mapping[str, Callable[[], object]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="en-gmb")
    parser.add_argument("--text", type=Path, default=ROOT.parent / "shared/data/conll2003/eng.testb")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    texts = [document.text for document in read(options.text)]
    tagger = onoma.load(options.bundle, threads=1)
    tokens = sum(len(document.tokens) for document in tagger(texts))
    for title, jobs in (
        ("remembering words", remembering(tagger, texts)),
        ("decoding", decoding(tagger, texts)),
        ("rows a network call", rows_a_call(tagger, texts)),
        ("bucketing by length", bucketing(tagger, texts)),
        ("a recurrent layer", recurrent(options.bundle)),
        ("where the time goes", parts(tagger, texts)),
    ):
        report(title, jobs, tokens, options.repeats)


def report(title: str, jobs: Jobs, tokens: int, repeats: int) -> None:
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(repeats):
        for name, job in jobs.items():
            began = time.process_time()
            job()
            best[name] = min(best[name], time.process_time() - began)
    print(f"\n{title}")
    for name, seconds in best.items():
        first = best[next(iter(best))]
        print(f"  {name:42}{1e6 * seconds / tokens:9.2f} µs a token{first / seconds:8.2f} times the first")


def remembering(tagger: Tagger, texts: list[str]) -> Jobs:
    """Vectors of words computed in every batch, begun with none, and all remembered."""
    own, compute = tagger.engine, tagger.engine._compute

    def with_memory(memory: int) -> Callable[[], object]:
        def job() -> object:
            kept, own._vectors = own._vectors, WordVectors(compute, memory)
            found = tagger(texts)
            own._vectors = kept
            return found

        return job

    return {
        "none remembered": with_memory(1),
        "a first reading": with_memory(64 << 20),
        "all remembered": lambda: tagger(texts),
    }


def decoding(tagger: Tagger, texts: list[str]) -> Jobs:
    """In numpy and in C; best paths alone cannot be had from the kernel."""
    batches = [tagger.engine.inputs(rows) for rows in rows_of(tagger, texts)]
    scored = [(tagger.engine.network(each), each["lengths"]) for each in batches]
    moves, trust = scored[0][0], tagger.manifest.confidence
    decoders = {
        name: Decoder(tagger.tags, moves, trust.temperature, trust.mended, kernel=kernel)
        for name, kernel in (("numpy", False), ("C", True))
    }
    return {
        name: lambda decoder=decoder: [decoder(scores.emissions, lengths) for scores, lengths in scored]
        for name, decoder in decoders.items()
    }


def rows_of(tagger: Tagger, texts: list[str]) -> list[list[list[str]]]:
    """Batches as the tagger makes them."""
    words = [found for text in texts if (found := Document.from_text(text).words)]
    batches = []
    for at in range(0, len(words), 512):
        chunk = words[at : at + 512]
        batches += [[chunk[i] for i in group] for group in tagger.engine.groups(chunk)]
    return batches


def rows_a_call(tagger: Tagger, texts: list[str]) -> Jobs:
    def job(rows: int, cells: int) -> Callable[[], object]:
        def run() -> object:
            kept, tagger.engine._room = tagger.engine._room, engine._Room(rows, cells)
            found = tagger(texts)
            tagger.engine._room = kept
            return found

        return run

    sizes = ((64, 8192), (32, 2048), (16, 1024), (8, 512), (1, 1))
    return {f"{rows} rows, {cells:,} tokens at most": job(rows, cells) for rows, cells in sizes}


def bucketing(tagger: Tagger, texts: list[str]) -> Jobs:
    """The network on batches of 16 as they come, sorted within some, sorted within all."""
    words = [found for text in texts if (found := Document.from_text(text).words)]
    random.Random(0).shuffle(words)

    def job(within: int) -> Callable[[], object]:
        rows: list[list[str]] = []
        for at in range(0, len(words), within):
            rows += sorted(words[at : at + within], key=len)
        batches = [tagger.engine.inputs(rows[at : at + 16]) for at in range(0, len(rows), 16)]
        cells = sum(each["mask"].size for each in batches) / sum(map(len, words))
        names[within] = f"sorted within {within:,}: {cells:.2f} cells a token"
        return lambda: [tagger.engine.network(each) for each in batches]

    names: dict[int, str] = {}
    jobs = {within: job(within) for within in (1, 256, 512, len(words))}
    return {names[within]: run for within, run in jobs.items()}


def recurrent(bundle: str) -> Jobs:
    """46,000 tokens through the network in batches of 16 of 20; its share that no memory could save."""
    session = session_of(onoma.load(bundle).folder / TAGS)
    width = next(node.shape[2] for node in session.get_inputs() if node.name == "vectors")
    chance = np.random.default_rng(0)
    feeds = {
        "vectors": chance.normal(size=(16, 20, width)).astype(np.float32),
        "lengths": np.full(16, 20, np.int32),
        "mask": np.ones((16, 20), np.float32),
    }
    given = {node.name: feeds[node.name] for node in session.get_inputs()}
    return {"the whole network": lambda: [session.run(["emissions"], given) for _ in range(145)]}


def session_of(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def parts(tagger: Tagger, texts: list[str]) -> Jobs:
    """Everything, and its parts."""
    batches = rows_of(tagger, texts)
    inputs = [tagger.engine.inputs(rows) for rows in batches]
    documents = tagger(texts)
    spans = [[(e.start, e.end, e.label, e.score) for e in document.entities] for document in documents]
    return {
        "from text to entities": lambda: tagger(texts),
        "  its tokens": lambda: [Document.from_text(text) for text in texts],
        "  its words' vectors, padded": lambda: [tagger.engine.inputs(rows) for rows in batches],
        "  the network": lambda: [tagger.engine.network(each) for each in inputs],
        "  decoding": decoding(tagger, texts)["C"],
        "  making entities": lambda: [[Entity(*span) for span in each] for each in spans],
    }


if __name__ == "__main__":
    main()
