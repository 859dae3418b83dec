"""Ways to make the weights of a bundle's network int8; whether any is good enough is for the gate to say.

ONNX Runtime's own dynamic quantisation scales activations over the whole tensor that goes through, so the
other sentences of a batch change an answer; a sentence that goes through alone has no others, and ranges that
are fixed leave them nothing to change (`onoma.runtime.fixed_ranges`). Static quantisation takes its scales
from calibration data, and leaves an LSTM as it is. Weights alone cost nothing but their rounding, and gain
nothing but size. All of these run under ONNX Runtime; a network that Onoma's own code runs may also be put
into codes (`onoma.runtime.recurrence`), weights and states.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.runtime.fixed_ranges import with_fixed_ranges
from onoma.runtime.integer_products import with_range_products, with_row_products
from onoma.runtime.manifest import Manifest
from onoma.runtime.recurrence import MOST_UNITS, coded
from onoma.runtime.stored import Stored, stored

if TYPE_CHECKING:
    import onnx

__all__ = ["METHODS", "PIECE_METHODS", "Feeds", "Method", "methods_for"]

Feeds = Sequence[Mapping[str, NDArray[Any]]]
"""Inputs of the network, batch by batch, for calibration."""

_DENSE = ("MatMul", "Gemm", "Conv")


class Method(NamedTuple):
    """From the fp32 graph's file and calibration data to a quantised graph; see `Network` for ``alone``.

    ``words`` makes the graph of words' vectors from the bundle's folder, where it changes too; ``suits`` says
    of a bundle's folder whether the method can be tried.
    """

    make: Callable[[Path, Feeds], onnx.ModelProto]
    alone: bool = False
    words: Callable[[Path], onnx.ModelProto] | None = None
    suits: Callable[[Path], bool] = lambda folder: True


def _dynamic(graph: Path, _: Feeds) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    return _made(
        lambda to: quantize_dynamic(
            graph, to, op_types_to_quantize=[*_DENSE, "LSTM"], weight_type=QuantType.QInt8
        )
    )


def _fixed(graph: Path, calibration: Feeds) -> onnx.ModelProto:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(graph)
    with_fixed_ranges(model, calibration)
    kinds = {"op_types_to_quantize": ["LSTM"], "weight_type": QuantType.QInt8}
    return _made(lambda to: quantize_dynamic(model, to, **kinds))


def _static(graph: Path, calibration: Feeds, operators: Sequence[str] = _DENSE) -> onnx.ModelProto:
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # ONNX Runtime has no types
        def __init__(self) -> None:
            self._rest = iter(calibration)

        def get_next(self) -> Mapping[str, NDArray[Any]] | None:
            return next(self._rest, None)

    kinds = {"weight_type": QuantType.QInt8, "activation_type": QuantType.QUInt8}
    return _made(
        lambda to: quantize_static(graph, to, Reader(), op_types_to_quantize=list(operators) or None, **kinds)
    )


def _static_throughout(graph: Path, calibration: Feeds) -> onnx.ModelProto:
    """As ONNX Runtime does it unasked: masks and sums too, whose range may leave nothing for the rest."""
    return _static(graph, calibration, operators=())


def _weights(graph: Path, _: Feeds) -> onnx.ModelProto:
    """Each matrix as int8 with a scale a row or column; ONNX Runtime unpacks them once, when it loads."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(graph)
    kept, nodes = [], []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.ndim < 2:
            kept.append(weight)
            continue
        scale = np.maximum(np.abs(values).max(axis=-1, keepdims=True), 1e-30) / 127
        name = weight.name
        codes = np.rint(values / scale).astype(np.int8)
        kept.append(numpy_helper.from_array(codes, f"{name}_codes"))
        kept.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"))
        nodes.append(helper.make_node("Cast", [f"{name}_codes"], [f"{name}_wide"], to=onnx.TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}_wide", f"{name}_scale"], [name]))
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *rest])
    return model


def _dynamic_products(graph: Path, _: Feeds) -> onnx.ModelProto:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    kinds = {"op_types_to_quantize": ["MatMul"], "weight_type": QuantType.QInt8, "per_channel": True}
    return _made(lambda to: quantize_dynamic(graph, to, **kinds))


def _row_products(graph: Path, _: Feeds) -> onnx.ModelProto:
    import onnx

    model = onnx.load(graph)
    with_row_products(model)
    return model


def _range_products(graph: Path, calibration: Feeds) -> onnx.ModelProto:
    import onnx

    model = onnx.load(graph)
    with_range_products(model, calibration)
    return model


def _blocks(graph: Path, _: Feeds) -> onnx.ModelProto:
    """Weights in blocks of a column, each with a scale; what they meet is rounded row by row on the way."""
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    with _quiet():
        quantizer = MatMulNBitsQuantizer(
            onnx.load(graph), bits=8, block_size=32, is_symmetric=True, accuracy_level=4
        )
        quantizer.process()
    model: onnx.ModelProto = quantizer.model.model
    return model


def _codes(graph: Path, _: Feeds) -> onnx.ModelProto:
    from onoma.runtime.coded_graphs import tag_graph

    return tag_graph(_in_codes(graph.parent))


def _words_of_codes(folder: Path) -> onnx.ModelProto:
    from onoma.runtime.coded_graphs import word_graph

    return word_graph(_in_codes(folder))


def _in_codes(folder: Path) -> Stored:
    network = stored(folder)
    assert network is not None, "asked only where `suits` says so"
    return network._replace(recurrence=coded(network.recurrence))


def _can_be_coded(folder: Path) -> bool:
    network = stored(folder)
    return network is not None and network.recurrence.hidden <= MOST_UNITS


METHODS: dict[str, Method] = {
    "integer states": Method(_codes, words=_words_of_codes, suits=_can_be_coded),
    "dynamic": Method(_dynamic),
    "dynamic, a sentence at a time": Method(_dynamic, alone=True),
    "fixed ranges": Method(_fixed),
    "static": Method(_static),
    "static, every operator": Method(_static_throughout),
    "weights only": Method(_weights),
}
"""For networks that read vectors of words."""

PIECE_METHODS: dict[str, Method] = {
    "dynamic": Method(_dynamic_products),
    "dynamic, a window at a time": Method(_dynamic_products, alone=True),
    "a scale a row": Method(_row_products),
    "fixed ranges": Method(_range_products),
    "weights in blocks": Method(_blocks),
}
"""For encoders, which are matrix products almost wholly."""


def methods_for(manifest: Manifest) -> dict[str, Method]:
    """The ways to try on a bundle."""
    return METHODS if manifest.pieces is None else PIECE_METHODS


def _made(write: Callable[[str], None]) -> onnx.ModelProto:
    """What ``write`` writes into a file, read back; ONNX Runtime's advice on the way is not passed on."""
    import onnx

    with TemporaryDirectory() as folder, _quiet():
        path = f"{folder}/int8.onnx"
        write(path)
        return onnx.load(path)


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
