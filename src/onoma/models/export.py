"""A whole network as ONNX: word features in, emissions (and a CRF's moves) out."""

from __future__ import annotations

import onnx

from onoma.models.graph import Graph
from onoma.models.network import Network

__all__ = ["to_onnx"]


def to_onnx(network: Network) -> onnx.ModelProto:
    """The model with dynamic batch, time and number of words.

    Inputs are those of a `Batch` that the network uses; outputs are ``emissions`` ``[batch, time, tag]``
    and, for a CRF, ``transitions`` ``[tag, tag]``, ``start`` and ``end`` ``[tag]``.
    """
    graph = Graph()
    index = graph.input("index", "int64", ["batch", "time"])
    vectors = graph.node("Gather", network.lexical.graph(graph), index)
    count = len(network.tags)
    graph.output(network.encode_graph(graph, vectors), "emissions", ["batch", "time", count])
    if network.crf is not None:
        transitions, start, end = network.crf.arrays()
        graph.output(graph.weight(transitions), "transitions", [count, count])
        graph.output(graph.weight(start), "start", [count])
        graph.output(graph.weight(end), "end", [count])
    return graph.model()
