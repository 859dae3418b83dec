"""A network as ONNX graphs: what a word's vector is, and what tags a batch of vectors, or of pieces, gets.

A word's vector depends on the word alone, so whoever runs the graphs can remember it; see
`onoma.runtime.engine`.
"""

from __future__ import annotations

from typing import NamedTuple

import onnx

from onoma.models.encoder_export import piece_graph
from onoma.models.graph import Graph
from onoma.models.lexical import LexicalLayer
from onoma.models.network import Network
from onoma.models.piece_network import PieceNetwork
from onoma.models.word_network import WordNetwork

__all__ = ["Graphs", "graphs_of", "tag_graph", "word_graph"]


class Graphs(NamedTuple):
    """What a bundle holds of a network, as ONNX files; ``words`` is None without lexical vectors."""

    words: bytes | None
    tags: bytes


def graphs_of(network: Network) -> Graphs:
    """The graphs of any network; matrices that were added to tune an encoder are folded into it."""
    if isinstance(network, PieceNetwork):
        network.encoder.merge()
        words = None if network.lexical is None else _lexical_graph(network.lexical).SerializeToString()
        return Graphs(words, piece_graph(network).SerializeToString())
    assert isinstance(network, WordNetwork)
    return Graphs(word_graph(network).SerializeToString(), tag_graph(network).SerializeToString())


def word_graph(network: WordNetwork) -> onnx.ModelProto:
    """Features of distinct words (see `WordFeatures.arrays`) → ``vectors`` ``[word, width]``."""
    return _lexical_graph(network.lexical)


def _lexical_graph(lexical: LexicalLayer) -> onnx.ModelProto:
    graph = Graph()
    graph.output(lexical.graph(graph), "vectors", ["word", lexical.width])
    return graph.model()


def tag_graph(network: WordNetwork) -> onnx.ModelProto:
    """``vectors`` ``[batch, time, width]``, with ``lengths`` or ``mask`` → tag scores.

    Outputs are ``emissions`` ``[batch, time, tag]`` and, for a CRF, ``transitions`` ``[tag, tag]``, ``start``
    and ``end`` ``[tag]``.
    """
    graph = Graph()
    vectors = graph.input("vectors", "float32", ["batch", "time", network.lexical.width])
    graph.output(network.encode_graph(graph, vectors), "emissions", ["batch", "time", len(network.tags)])
    if network.crf is not None:
        network.crf.graph(graph)
    return graph.model()
