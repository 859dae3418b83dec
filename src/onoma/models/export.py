"""A network as two ONNX graphs: what a word's vector is, and what tags a batch of vectors gets.

A word's vector depends on the word alone, so whoever runs the graphs can remember it; see
`onoma.runtime.engine`.
"""

from __future__ import annotations

import onnx

from onoma.models.graph import Graph
from onoma.models.network import Network

__all__ = ["tag_graph", "word_graph"]


def word_graph(network: Network) -> onnx.ModelProto:
    """Features of distinct words (see `WordFeatures.arrays`) → ``vectors`` ``[word, width]``."""
    graph = Graph()
    graph.output(network.lexical.graph(graph), "vectors", ["word", network.lexical.width])
    return graph.model()


def tag_graph(network: Network) -> onnx.ModelProto:
    """``vectors`` ``[batch, time, width]``, with ``lengths`` or ``mask`` → tag scores.

    Outputs are ``emissions`` ``[batch, time, tag]`` and, for a CRF, ``transitions`` ``[tag, tag]``, ``start``
    and ``end`` ``[tag]``.
    """
    graph = Graph()
    vectors = graph.input("vectors", "float32", ["batch", "time", network.lexical.width])
    count = len(network.tags)
    graph.output(network.encode_graph(graph, vectors), "emissions", ["batch", "time", count])
    if network.crf is not None:
        transitions, start, end = network.crf.arrays()
        graph.output(graph.weight(transitions), "transitions", [count, count])
        graph.output(graph.weight(start), "start", [count])
        graph.output(graph.weight(end), "end", [count])
    return graph.model()
