"""Measure the ideas of docs/performance.md one by one: what each saves, in processor time.

    python benchmarks/ideas.py --bundle out/run --text eng.testb
    python benchmarks/ideas.py --only readers "garbage collected"

What else a machine does changes wall time much and processor time little, so the latter is compared, on one
thread. Variants take turns, and the best of the repeats counts. The bundle must be one that Onoma's kernel
runs; one in codes is compared with the single precision that its codes stand for.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import onoma
from bare import CALIBRATION, FIXED, ROOM, SINGLE, batches_of, onnx_readers, single
from onoma.corpus import read
from onoma.runtime import Tagger
from onoma.runtime.readers import KernelReader, OnnxReader, Reader, Rows
from onoma.runtime.recurrence import coded
from onoma.runtime.side_by_side import Room
from onoma.runtime.stored import Stored, stored
from onoma.runtime.words import WordVectors
from onoma.tagging.chain import Chain
from onoma.tagging.decode import Decoder
from onoma.tagging.kernel import LEVELS, Library, load_kernel

ROOT = Path(__file__).parent.parent
Jobs = Mapping[str, Callable[[], object]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="en-gmb")
    parser.add_argument("--text", type=Path, default=ROOT.parent / "shared/data/conll2003/eng.testb")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", nargs="+", choices=IDEAS, default=list(IDEAS))
    options = parser.parse_args()
    texts = [document.text for document in read(options.text)]
    tagger = onoma.load(options.bundle, threads=1)
    if not isinstance(tagger.engine.reader, KernelReader):
        raise SystemExit(f"{tagger.name} is not run by Onoma's kernel, which these ideas are about")
    tokens = sum(len(document.tokens) for document in tagger(texts))
    for title in options.only:
        report(title, IDEAS[title](tagger, texts), tokens, options.repeats)


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


def read_by(tagger: Tagger, texts: Sequence[str], reader: Reader) -> Callable[[], object]:
    """From text to entities by another reader; what it remembers, it keeps."""
    reader.trust(tagger.engine._decode)

    def run() -> object:
        with changed(tagger.engine, reader=reader):
            return tagger(texts)

    run()
    return run


@contextmanager
def changed(thing: object, **values: object) -> Iterator[None]:
    """``thing`` with other attributes for a while."""
    before = {name: getattr(thing, name) for name in values}
    for name, value in values.items():
        setattr(thing, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(thing, name, value)


def networks(tagger: Tagger) -> tuple[Stored, Stored]:
    """The tagger's network in single precision, and in codes."""
    found = stored(tagger.folder)
    assert found is not None
    plain = single(found.recurrence)
    codes = coded(plain) if found.recurrence.scales is None else found.recurrence
    return found._replace(recurrence=plain), found._replace(recurrence=codes)


def in_kernel(
    tagger: Tagger, network: Stored, kind: type[KernelReader] = KernelReader, level: int | None = None
) -> KernelReader:
    library = load_kernel() if level is None else Library(level=level)
    assert library is not None
    return kind(library, network, tagger.engine.features, Chain(tagger.tags, network.moves))


def readers(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """ONNX Runtime and the kernel, in both arithmetics; the graph in codes is what other machines run."""
    plain, codes = networks(tagger)
    batches = batches_of(tagger, texts, ROOM)[:CALIBRATION]
    onnx = onnx_readers(plain, tagger.engine.features, batches)
    kinds: dict[str, Reader] = {f"ONNX Runtime, {name}": onnx[name] for name in (SINGLE, FIXED)}
    if stored_codes(tagger):
        kinds["ONNX Runtime, integer states"] = OnnxReader(tagger.folder, tagger.engine.features)
    kinds["the kernel, single precision"] = in_kernel(tagger, plain)
    kinds["the kernel, integer states"] = in_kernel(tagger, codes)
    return {name: read_by(tagger, texts, reader) for name, reader in kinds.items()}


def stored_codes(tagger: Tagger) -> bool:
    found = stored(tagger.folder)
    return found is not None and found.recurrence.scales is not None


def levels(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """The kernel's instruction sets, those this processor has, in both arithmetics."""
    library = load_kernel()
    assert library is not None
    kinds = dict(zip(("single precision", "integer states"), networks(tagger), strict=True))
    return {
        f"{LEVELS[level]}, {kind}": read_by(tagger, texts, in_kernel(tagger, network, level=level))
        for kind, network in kinds.items()
        for level in range(library.best + 1)
    }


class Unremembered(KernelReader):
    """The kernel without its memory of input products: words' vectors are remembered, as they were before."""

    def _called(self, work: Callable[..., Any], rows: Rows) -> Any:
        starts = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        lent = self.vectors.lend(rows)
        table = self._kernel.products(lent.table[lent.rows])
        return work(table, np.arange(len(lent.rows), dtype=np.int32), starts)

    def compute(self, words: Sequence[str]) -> NDArray[Any]:
        """The vectors of distinct words, after that of padding."""
        return self._lexical.vectors(self._features.arrays(words))


def products(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """The LSTM's input product made for every token, or remembered with the word; in both arithmetics."""
    kinds = dict(zip(("single precision", "integer states"), networks(tagger), strict=True))
    return {
        f"{what}, {kind}": read_by(tagger, texts, in_kernel(tagger, network, reader))
        for kind, network in kinds.items()
        for what, reader in (("made each time", Unremembered), ("remembered", KernelReader))
    }


def remembering(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """What a network makes of words computed in every batch, begun with none, and all remembered."""
    reader = tagger.engine.reader

    def with_memory(memory: int) -> Callable[[], object]:
        def run() -> object:
            with changed(reader, vectors=WordVectors(reader.compute, memory)):
                return tagger(texts)

        return run

    return {
        "none remembered": with_memory(1),
        "a first reading": with_memory(64 << 20),
        "all remembered": lambda: tagger(texts),
    }


def decoding(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """In numpy and in C, from scores; the kernel that reads decodes in the same call."""
    batches = batches_of(tagger, texts, ROOM)
    scored = [(tagger.engine.scores(rows).emissions, np.array(list(map(len, rows)))) for rows in batches]
    trust = tagger.manifest.confidence
    decoders = {
        name: Decoder(tagger.tags, tagger.engine.reader.moves, trust.temperature, trust.mended, kernel=kernel)
        for name, kernel in (("numpy", False), ("C", True))
    }
    return {
        name: lambda decoder=decoder: [decoder.read(*each) for each in scored]
        for name, decoder in decoders.items()
    }


def rows_a_call(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """How many rows the kernel is given in a call, and ONNX Runtime in single precision."""
    plain, _ = networks(tagger)
    onnx = onnx_readers(plain, tagger.engine.features, batches_of(tagger, texts, ROOM)[:CALIBRATION])[SINGLE]
    kinds = (
        ("the kernel", tagger.engine.reader, ((1024, 8192), (256, 8192), (64, 8192), (16, 1024), (1, 1))),
        ("ONNX Runtime", onnx, ((64, 8192), (32, 2048), (16, 1024), (8, 512), (1, 1))),
    )
    return {
        f"{name}: {rows:,} rows, {cells:,} tokens": with_room(tagger, texts, reader, Room(rows, cells))
        for name, reader, sizes in kinds
        for rows, cells in sizes
    }


def with_room(tagger: Tagger, texts: Sequence[str], reader: Reader, room: Room) -> Callable[[], object]:
    run = read_by(tagger, texts, reader)

    def roomy() -> object:
        with changed(reader, room=room):
            return run()

    return roomy


def bucketing(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """The kernel on rows as they come, sorted within some, sorted within all; calls are of 256 rows."""
    rows = [row for batch in batches_of(tagger, texts) for row in batch]
    random.Random(0).shuffle(rows)

    def job(within: int) -> Callable[[], object]:
        ordered = [
            row for at in range(0, len(rows), within) for row in sorted(rows[at : at + within], key=len)
        ]
        calls = [ordered[at : at + 256] for at in range(0, len(rows), 256)]
        return lambda: [tagger.engine.reader.read(call) for call in calls]

    return {f"sorted within {within:,}": job(within) for within in (1, 16, 256, 1024, len(rows))}


def tokens_later(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """Tokens of answers made when they are asked for, against those of every answer made."""
    return {
        "every answer's tokens asked for": lambda: [document.tokens for document in tagger(texts)],
        "none asked for": lambda: tagger(texts),
    }


def collected(tagger: Tagger, texts: Sequence[str]) -> Jobs:
    """Python's garbage collector on and off."""

    def uncollected() -> object:
        gc.disable()
        made = tagger(texts)
        gc.enable()
        return made

    return {"garbage collected": lambda: tagger(texts), "not collected": uncollected}


IDEAS: dict[str, Callable[[Tagger, Sequence[str]], Jobs]] = {
    "readers": readers,
    "instruction sets": levels,
    "input products": products,
    "remembering words": remembering,
    "decoding": decoding,
    "rows a call": rows_a_call,
    "bucketing by length": bucketing,
    "tokens when asked for": tokens_later,
    "garbage collected": collected,
}


if __name__ == "__main__":
    main()
