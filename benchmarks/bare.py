"""A bundle's network alone, words' vectors given: in Onoma's kernel, and in ONNX Runtime's quick forms.

Used by ``tagging.py``, ``ideas.py`` and ``where_time_goes.py``. ONNX Runtime gets the network as it is
quickest there: with its own LSTM, in single precision or as int8, not the graph in codes that a bundle may
hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.features.words import WordFeatures
from onoma.runtime import Tagger
from onoma.runtime.decoding_graph import graph_of
from onoma.runtime.network import Network
from onoma.runtime.plans import Plan
from onoma.runtime.quantise import METHODS
from onoma.runtime.readers import KernelReader, OnnxReader, Rows
from onoma.runtime.recurrence import STATE, STEP, Recurrence
from onoma.runtime.side_by_side import Room, grouped
from onoma.runtime.stored import Stored, stored
from onoma.runtime.words import WordVectors

if TYPE_CHECKING:
    import onnx

CHUNK = 1024  # texts that `Tagger.pipe` prepares at a time
CALIBRATION = 50  # batches from which int8 takes the ranges it fixes
ROOM = Room(16, 1024)  # what ONNX Runtime on the CPU is quickest with (docs/performance.md)
SINGLE, DYNAMIC, FIXED = "single precision", "int8, dynamic", "int8, fixed ranges"

Jobs = dict[str, Callable[[], object]]


def bare_networks(tagger: Tagger, texts: Sequence[str], threads: int) -> Jobs:
    """What runs ``tagger``'s network over ``texts``, each on batches that suit it, ``threads`` at a time."""
    network, reader = stored(tagger.folder), tagger.engine.reader
    if network is None:
        given = [tagger.engine.inputs(rows) for rows in batches_of(tagger, texts)]
        return {"ONNX Runtime": side_by_side(tagger.engine.network, given, threads)}
    jobs: Jobs = {}
    if isinstance(reader, KernelReader):
        calls = [kernel_call(reader, rows) for rows in batches_of(tagger, texts)]
        jobs["Onoma's kernel"] = side_by_side(network_alone(reader), calls, threads)
    plain = network._replace(recurrence=single(network.recurrence))
    batches = batches_of(tagger, texts, ROOM)
    readers = onnx_readers(plain, tagger.engine.features, batches[:CALIBRATION])
    given = [readers[SINGLE].inputs(rows) for rows in batches]
    return jobs | {f"ONNX Runtime, {n}": side_by_side(r.network, given, threads) for n, r in readers.items()}


def side_by_side(
    run: Callable[[Any], object], batches: Sequence[object], threads: int
) -> Callable[[], object]:
    """``run`` on every batch, as many at a time as there are ``threads``."""
    if threads == 1:
        return lambda: [run(batch) for batch in batches]
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(run, batches))


def chunks_of(tagger: Tagger, texts: Sequence[str]) -> Iterator[list[list[str]]]:
    """The rows of words of ``texts``, as many together as `Tagger.pipe` takes."""
    for at in range(0, len(texts), CHUNK):
        plans = [Plan(text, tagger.manifest.row) for text in texts[at : at + CHUNK]]
        yield [row for plan in plans for row in plan.rows()]


def batches_of(tagger: Tagger, texts: Sequence[str], room: Room | None = None) -> list[list[list[str]]]:
    """Rows that run together: as the tagger groups them, or as many as there is ``room`` for."""
    return [
        [rows[i] for i in group]
        for rows in chunks_of(tagger, texts)
        for group in (tagger.engine.groups(rows) if room is None else grouped(list(map(len, rows)), room))
    ]


class Call(NamedTuple):
    """What the kernel is given: the input products of words, which of them, and where rows begin."""

    table: NDArray[Any]
    words: NDArray[np.int32]
    starts: NDArray[np.int64]


def kernel_call(reader: KernelReader, rows: Rows) -> Call:
    """The call that ``rows`` make, their words where they are remembered."""
    lent = reader.vectors.lend(rows)
    return Call(lent.table, lent.rows, np.cumsum([0, *map(len, rows)], dtype=np.int64))


def network_alone(reader: KernelReader) -> Callable[[Call], object]:
    """The network in the kernel, which decodes nothing and hands nothing out."""
    return lambda call: reader._kernel._call(None, *call, None, [0, 0, 0])


class PlainReader(OnnxReader):
    """`OnnxReader` over one graph; the vectors of words are made in numpy."""

    def __init__(self, network: Stored, features: WordFeatures, graph: Path) -> None:
        self._features, self._lexical, self.moves = features, network.lexical, network.moves
        self.network, self.room = Network(graph), ROOM
        self.vectors = WordVectors(self.compute)

    def compute(self, words: Sequence[str]) -> NDArray[Any]:
        """The vectors of distinct words, after that of padding."""
        return self._lexical.vectors(self._features.arrays(words))


def onnx_readers(network: Stored, features: WordFeatures, batches: Sequence[Rows]) -> dict[str, PlainReader]:
    """``network``, in single precision, in each of ONNX Runtime's forms; ``batches`` fix int8's ranges."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "single.onnx"
        file.write_bytes(lstm_graph(network.recurrence).SerializeToString())
        readers = {SINGLE: PlainReader(network, features, file)}
        feeds = [readers[SINGLE].network.feeds(readers[SINGLE].inputs(rows)) for rows in batches]
        for name, method in ((DYNAMIC, "dynamic"), (FIXED, "fixed ranges")):
            made = Path(folder) / f"{method}.onnx"
            made.write_bytes(METHODS[method].make(file, feeds).SerializeToString())
            readers[name] = PlainReader(network, features, made)
    return readers


def single(network: Recurrence) -> Recurrence:
    """The network in single precision: itself, or what its codes stand for."""
    scales = network.scales
    if scales is None:
        return network
    return Recurrence(
        network.into * (scales.into * STEP)[..., None],
        network.bias * STEP,
        network.recurrent * (scales.recurrent * STEP * np.float32(STATE))[..., None],
        network.output * (scales.output * np.float32(STATE))[..., None],
        network.output_bias,
    )


LSTM = """
    by_time = Transpose <perm = [1, 0, 2]> (vectors)
    every_state, final_state, final_cell = LSTM <hidden_size = {hidden}, direction = "bidirectional">
      (by_time, into, recurrent, biases, lengths)
    by_row = Transpose <perm = [2, 0, 1, 3]> (every_state)
    side_by_side = Reshape (by_row, shape)
    sums = MatMul (side_by_side, output)
    emissions = Add (sums, output_bias)
"""


def lstm_graph(network: Recurrence) -> onnx.ModelProto:
    """``vectors`` and ``lengths`` → ``emissions``, by ONNX's own LSTM, as the exporter writes it."""
    width, hidden, tags = network.into.shape[-1], network.hidden, len(network.output)
    signature = (
        f"tags (float[batch, time, {width}] vectors, int32[batch] lengths)"
        f" => (float[batch, time, {tags}] emissions)"
    )
    constants = {
        "into": network.into.reshape(2, -1, width),
        "recurrent": network.recurrent.reshape(2, -1, hidden),
        "biases": np.pad(network.bias.reshape(2, -1), [(0, 0), (0, 4 * hidden)]),
        "shape": np.array([0, 0, 2 * hidden]),
        "output": network.output.T,
        "output_bias": network.output_bias,
    }
    return graph_of(signature, LSTM.format(hidden=hidden), constants)
