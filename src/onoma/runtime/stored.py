"""The weights in a bundle's graphs, where they are of a network that Onoma's own code can run.

These are a bidirectional LSTM and a dense layer over vectors of words (`bilstm`, `bilstm-crf`): as the
exporter writes them, or in codes, which have names of their own (`onoma.runtime.coded_graphs`). A graph of
any other kind is left to ONNX Runtime.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.runtime.bundle import TAGS, WORDS
from onoma.runtime.lexical import Lexical, character_table
from onoma.runtime.onnx_weights import Node, StoredGraph, read_graph
from onoma.runtime.recurrence import Recurrence, Scales
from onoma.tagging.chain import TagScores

__all__ = ["CODED", "Stored", "stored"]

CODED = "coded"
"""The first part of the names of constants of a network in codes."""

_NETWORK = ["Transpose", "LSTM", "Transpose", "Reshape", "MatMul", "Add"]
_CHARACTERS = ["Gather", "Transpose", "Conv", "Relu", "Greater", "Cast", "Unsqueeze", "Mul", "ReduceMax"]
_PIECES = ["Gather", "Cast", "Gather", "Unsqueeze", "Mul"]
_PIECES += ["ReduceSum", "Greater", "Cast", "ReduceSum", "Max", "Div"]

Array = NDArray[Any]


class Stored(NamedTuple):
    """A network taken out of its graphs; ``moves`` has no emissions."""

    lexical: Lexical
    recurrence: Recurrence
    moves: TagScores


def stored(folder: Path) -> Stored | None:
    """The network of the bundle in ``folder``; None where it is of another kind.

    Raises `BundleError` when a graph cannot be read.
    """
    words, tags = read_graph(folder / WORDS), read_graph(folder / TAGS)
    take = _coded if f"{CODED}_into" in words.weights else _plain
    found = take(words, tags)
    if found is None:
        return None
    parts = (tags.weight_of(name) for name in ("transitions", "start", "end"))
    return Stored(*found, TagScores(np.zeros((0, 0, len(found[1].output)), np.float32), *parts))


def _plain(words: StoredGraph, tags: StoredGraph) -> tuple[Lexical, Recurrence] | None:
    lexical = _lexical(words)
    if lexical is None or [kind for kind in tags.kinds if kind != "Identity"] != _NETWORK:
        return None
    _, lstm, _, _, product, sums = [node for node in tags.nodes if node.kind != "Identity"]
    into, recurrent, biases = (tags.weights[name] for name in lstm.inputs[1:4])
    hidden = recurrent.shape[-1]
    bias = biases.reshape(2, 2, 4, hidden).sum(1)
    into = into.reshape(2, 4, hidden, -1)
    if narrow := _narrowing(words):
        bias, into = bias + into @ narrow[1], into @ narrow[0].T
    output = tags.weights[product.inputs[1]].T
    recurrent = recurrent.reshape(2, 4, hidden, hidden)
    return lexical, Recurrence(into, bias, recurrent, output, tags.weights[sums.inputs[1]])


def _lexical(words: StoredGraph) -> Lexical | None:
    """The parts of words' vectors, if the graph makes these and nothing else."""
    gathered = {name: _gathered(words, name) for name in ("word", "characters", "shape", "pieces")}
    expected = ["Gather"] + _CHARACTERS * bool(gathered["characters"]) + ["Gather"] * bool(gathered["shape"])
    expected += _PIECES * bool(gathered["pieces"])
    expected += ["Concat"] * (sum(map(bool, gathered.values())) > 1)
    expected += ["MatMul", "Add"] * bool(_narrowing(words))
    if words.kinds != [*expected, "Identity"]:
        return None
    table = bias = None
    if gathered["characters"]:
        [convolution] = [node for node in words.nodes if node.kind == "Conv"]
        filters, bias = (words.weights[name] for name in convolution.inputs[1:])
        table = character_table(gathered["characters"][0], filters)
    shape = gathered["shape"][0] if gathered["shape"] else None
    pieces, scale = gathered["pieces"] or (None, None)
    return Lexical(gathered["word"][0], table, bias, shape, pieces, scale)


def _gathered(graph: StoredGraph, name: str) -> list[Array]:
    """The tables whose rows the numbers ``name`` choose."""
    return [graph.weights[n.inputs[0]] for n in graph.nodes if n.kind == "Gather" and n.inputs[1] == name]


def _narrowing(words: StoredGraph) -> tuple[Array, Array] | None:
    """What brings a word's parts down to its vector, if anything: a matrix ``[from, to]`` and a bias."""
    narrow: list[Node] = [node for node in words.nodes if node.kind == "MatMul"]
    if not narrow:
        return None
    [sums] = [node for node in words.nodes if node.kind == "Add"]
    return words.weights[narrow[0].inputs[1]], words.weights[sums.inputs[1]]


def _coded(words: StoredGraph, tags: StoredGraph) -> tuple[Lexical, Recurrence]:
    def named(graph: StoredGraph, *names: str) -> list[Any]:
        return [graph.weights.get(f"{CODED}_{name}") for name in names]

    lexical = Lexical(
        *named(words, "word", "characters", "characters_bias", "shape", "pieces", "pieces_scale")
    )
    into, into_scale, bias = named(words, "into", "into_scale", "bias")
    recurrent, scale = named(tags, "recurrent", "scale")
    output, output_scale, output_bias = named(tags, "output", "output_scale", "output_bias")
    return lexical, Recurrence(
        into, bias, recurrent, output, output_bias, Scales(into_scale, scale, output_scale)
    )
