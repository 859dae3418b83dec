"""A bundle as one ONNX graph: features of words and where they stand in, entities with probabilities out.

The two graphs of a bundle are joined as they are, so the result computes what the bundle does, and decoding
comes after them (`onoma.runtime.decoding_graph`). Batch, length and number of words are free.
"""

from __future__ import annotations

import json
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from onoma.files import whole_file
from onoma.runtime.bundle import TAGS, WORDS
from onoma.runtime.decoding_graph import decoding_graph, graph_of
from onoma.runtime.engines import word_engine
from onoma.runtime.tagger import Tagger
from onoma.tagging.chain import Chain

if TYPE_CHECKING:
    import onnx

__all__ = ["whole_graph", "write_graph"]

# the vectors of words, put where the words stand; lengths and mask as the second graph may ask for them
_PLACE = """
    tags_vectors = Gather (words_vectors, index)
    tags_lengths = Cast <to = 6> (lengths)
    index_sizes = Shape (index)
    longest = Gather (index_sizes, one)
    place_number = Range (zero, longest, one)
    lengths_column = Unsqueeze (lengths, axis_1)
    inside = Less (place_number, lengths_column)
    tags_mask = Cast <to = 1> (inside)
"""
_PLACED = "placing (int64[batch, time] index, int64[batch] lengths) => (float[batch, time] tags_mask)"
_NUMBERS = {name: np.array(value, np.int64) for name, value in (("zero", 0), ("one", 1), ("axis_1", [1]))}

_ABOUT = """One graph of the bundle {version}, made by Onoma {onoma}.

Inputs: features of the distinct words of a batch, after a first row of zeros for padding ({features}; see
WordFeatures.arrays); index [batch, time]: the row of each token's word, 0 beyond a sentence's end; lengths
[batch]: how many tokens each sentence has, 1 or more.

Outputs: emissions [batch, time, tag]: the network's scores, of no meaning beyond a sentence's end; path
[batch, time]: the best legal tags, 0 there; marginals [batch, time, tag]: their probabilities, 0 there;
entities [entity, 4]: row, first token, one past the last, number of the label; probabilities [entity]:
theirs.

The metadata "onoma" is JSON with the names of labels and tags."""


def whole_graph(tagger: Tagger) -> onnx.ModelProto:
    """The bundle of ``tagger`` as one graph, with its outputs described in it; see `_ABOUT`.

    Of an int8 bundle that reads one sentence at a time the graph takes batches of one only: in others an
    answer would depend on its batch.
    """
    import onnx
    from onnx import compose, helper

    word_engine(tagger.engine, "one graph of all")
    folder, confidence = tagger.folder, tagger.manifest.confidence
    words, tags = (onnx.load(folder / name) for name in (WORDS, TAGS))
    _leave_out_moves(tags.graph)
    words = compose.add_prefix(words, "words_", rename_inputs=False)
    # bodies of loops read weights too, whose new names they are not told by themselves
    renamed = {weight.name: f"tags_{weight.name}" for weight in tags.graph.initializer}
    compose.add_prefix_graph(tags.graph, "tags_", inplace=True, name_map=renamed)
    chain = Chain(tagger.tags, tagger.engine.scores([[""]]), 1 / confidence.temperature)
    placing, decoding = graph_of(_PLACED, _PLACE, _NUMBERS), decoding_graph(chain, confidence)
    parts = [words.graph, placing.graph, tags.graph, decoding.graph]
    nodes = [node for part in parts for node in part.node]
    nodes.insert(-len(decoding.graph.node), helper.make_node("Identity", ["tags_emissions"], ["emissions"]))
    weights = {weight.name: weight for part in parts for weight in part.initializer}
    inputs = [*words.graph.input, *placing.graph.input]
    if tagger.manifest.alone:
        for each in placing.graph.input:
            each.type.tensor_type.shape.dim[0].dim_value = 1
    outputs = [decoding.graph.input[0], *decoding.graph.output]
    graph = helper.make_graph(nodes, "onoma", inputs, outputs, list(weights.values()))
    opsets = {each.domain: each for model in (words, tags, decoding) for each in model.opset_import}
    model = helper.make_model(graph, opset_imports=opsets.values(), ir_version=decoding.ir_version)
    _describe(model, tagger)
    onnx.checker.check_model(model, full_check=True)
    return model


def _leave_out_moves(graph: onnx.GraphProto) -> None:
    """Keep of the outputs the emissions alone: a CRF's arrays, which are constant, are the decoding's."""
    moves = {output.name for output in graph.output} - {"emissions"}
    copies = [node for node in graph.node if set(node.output) <= moves]
    arrays = {name for node in copies for name in node.input} | moves
    kept = (
        (graph.output, [output for output in graph.output if output.name not in moves]),
        (graph.node, [node for node in graph.node if node not in copies]),
        (graph.initializer, [weight for weight in graph.initializer if weight.name not in arrays]),
    )
    for field, values in kept:
        del field[:]
        field.extend(values)


def write_graph(tagger: Tagger, path: str | PathLike[str]) -> None:
    """Write the `whole_graph` of ``tagger`` to the file ``path``, whole."""
    graph = whole_graph(tagger).SerializeToString()
    with whole_file(path, "wb") as file:
        file.write(graph)


def _describe(model: onnx.ModelProto, tagger: Tagger) -> None:
    from onnx import helper

    from onoma import __version__

    features = ", ".join(each.name for each in model.graph.input[:-2])
    version = tagger.manifest.version
    model.producer_name, model.producer_version = "onoma", __version__
    model.doc_string = _ABOUT.format(version=version, onoma=__version__, features=features)
    about = {"bundle": version, "labels": tagger.tags.labels, "tags": tagger.tags.names}
    helper.set_model_props(model, {"onoma": json.dumps(about, ensure_ascii=False)})
