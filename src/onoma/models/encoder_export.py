"""A network that reads pieces as an ONNX graph: torch's own exporter traces the encoder, whatever it is.

What stands upon the encoder states its own graph, as other architectures do. An LSTM is one node so; traced,
its sentence length would come out free or fixed by what else the process has exported (torch 2.13).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from onnx import compose
from torch import Tensor, nn

from onoma.errors import TrainingError
from onoma.models.graph import Graph
from onoma.models.graph_check import differs
from onoma.models.piece_network import PieceNetwork

__all__ = ["piece_graph"]

_OPSET = 20  # the first with Gelu
_STATES = "states"
_TRACED = (3, 5, 2)  # rows, pieces and words of the example: no size that could be taken for a constant
_OTHERS = ((1, 3, 1), (4, 8, 6))


def piece_graph(network: PieceNetwork) -> onnx.ModelProto:
    """Rows of pieces (see `Pieces.rows`) → tag scores; of its inputs the graph has those that it needs.

    Where a word's pieces end is ``until``, since ``end`` is an output. Where the network reads lexical
    vectors, ``vectors`` ``[row, word, width]`` is one more input. Outputs are ``emissions``
    ``[row, word, tag]`` and, for a CRF, ``transitions`` ``[tag, tag]``, ``start`` and ``end`` ``[tag]``.
    Numbers of rows, of pieces and of words are free: raises `TrainingError` where the graph, asked about
    batches of other sizes than it was traced with, does not say what torch says. The network is left in
    evaluation mode.
    """
    network.eval()
    model = _with_head(_traced(network), network)
    _tidy(model)
    onnx.checker.check_model(model, full_check=True)
    for sizes in _OTHERS:
        given = _example(network, *sizes)
        with torch.no_grad():
            expected = network.row_emissions(given | {"end": given["until"]}, given.get("vectors"))
        if fault := differs(model, given, expected, given["lengths"]):
            raise TrainingError(
                f"torch {torch.__version__} traced {type(network.encoder.model).__name__} so that a batch "
                f"of {sizes[0]} rows of {sizes[1]} pieces is not read as in torch ({fault}). The weights are "
                "whole: go on with --resume under another version of torch"
            )
    return model


class _States(nn.Module):
    """An encoder as a function of arrays by name."""

    def __init__(self, network: PieceNetwork) -> None:
        super().__init__()
        self.encoder = network.encoder

    def forward(
        self, pieces: Tensor, piece_mask: Tensor, case: Tensor, begin: Tensor, until: Tensor
    ) -> Tensor:
        rows = {"pieces": pieces, "piece_mask": piece_mask, "case": case, "begin": begin, "end": until}
        states: Tensor = self.encoder(rows)
        return states.float()


def _traced(network: PieceNetwork) -> onnx.ModelProto:
    """The encoder: rows of pieces → ``states`` of words ``[row, word, width]``."""
    row, piece, word = (torch.export.Dim(name, min=1, max=1 << 20) for name in ("row", "piece", "word"))
    by_piece, by_word = {0: row, 1: piece}, {0: row, 1: word}
    shapes = {
        "pieces": by_piece,
        "piece_mask": by_piece,
        "case": by_piece,
        "begin": by_word,
        "until": by_word,
    }
    given = _example(network, *_TRACED)
    with torch.no_grad(), _quiet(), _plain_attention(network.encoder.model):
        program = torch.onnx.export(
            _States(network),
            kwargs={name: given[name] for name in shapes},
            dynamo=True,
            opset_version=_OPSET,
            dynamic_shapes=shapes,
            output_names=[_STATES],
            verbose=False,
        )
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    return model


def _example(network: PieceNetwork, rows: int, pieces: int, words: int) -> dict[str, Tensor]:
    """Rows of so many pieces and words, each of one piece; rows but the first lack a word if they may."""
    lengths = torch.tensor([words, *[max(words - 1, 1)] * (rows - 1)])
    place = torch.arange(words).expand(rows, words)
    begin = torch.where(place < lengths[:, None], place + 1, 0)
    known = network.encoder.model.get_input_embeddings().num_embeddings
    given = {
        "pieces": torch.arange(rows * pieces).reshape(rows, pieces) % known,
        "piece_mask": torch.ones(rows, pieces, dtype=torch.long),
        "case": torch.ones(rows, pieces, dtype=torch.long),
        "begin": begin,
        "until": begin + 1,
        "lengths": lengths,
    }
    if network.lexical is not None:
        given["vectors"] = torch.ones(rows, words, network.lexical.width)
    return given


def _with_head(encoder: onnx.ModelProto, network: PieceNetwork) -> onnx.ModelProto:
    """``encoder`` with what makes tag scores of its states."""
    graph = Graph()
    words = graph.input(_STATES, "float32", ["row", "word", network.encoder.width])
    graph.input("lengths", "int32", ["row"])
    if network.lexical is not None:
        vectors = graph.input("vectors", "float32", ["row", "word", network.lexical.width])
        words = graph.node("Concat", words, vectors, axis=-1)
    graph.output(network.head_graph(graph, words), "emissions", ["row", "word", len(network.tags)])
    if network.crf is not None:
        network.crf.graph(graph)
    head = graph.model(_OPSET, encoder.ir_version)
    named = compose.add_prefix(head, "head_", rename_inputs=False, rename_outputs=False)
    return compose.merge_models(encoder, named, io_map=[(_STATES, _STATES)])


def _tidy(model: onnx.ModelProto) -> None:
    """Leave out inputs that nothing reads, and what the exporter tells of the code it traced.

    Operators are said to be of one version once: merging says it twice, at which ONNX Runtime's tools stop.
    """
    versions = {each.domain: each.version for each in model.opset_import}
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(*each) for each in versions.items())
    read = {name for node in model.graph.node for name in node.input}
    inputs = [each for each in model.graph.input if each.name in read]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    for each in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer):
        del each.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
    del model.graph.value_info[:], model.metadata_props[:], model.functions[:]
    model.producer_name, model.producer_version = "onoma", ""


@contextmanager
def _plain_attention(encoder: Any) -> Iterator[None]:
    """Attention spelt out, where the encoder can: fused kernels leave a graph that is longer, and slower."""
    before = encoder.config._attn_implementation
    if before == "eager":
        yield
        return
    encoder.set_attn_implementation("eager")
    try:
        yield
    finally:
        encoder.set_attn_implementation(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what the exporter has to say of its own code, and of packages it looks for."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
