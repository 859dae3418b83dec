"""An LSTM whose int8 twin scales its numbers the same whatever goes through it.

ONNX Runtime's int8 LSTM scales its inputs by the range of the whole batch, and at each step the states of the
whole batch by theirs; so a row's answer depends on its batch. Here those ranges are made constant. Inputs are
clipped to what calibration has seen, and get two columns more, which hold both ends of that range and have no
weight. States, which lie between -1 and 1, get two units more, which stay at 1 and at -1: they start there,
forget nothing, and let nothing in. What comes of the new units is cut off again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

__all__ = ["peaks", "with_fixed_ranges"]

Floats = NDArray[np.float32]

_OPEN = 20.0  # a gate's bias that makes it 1 in float32; and a cell whose hyperbolic tangent is 1
_GATES = np.array([-_OPEN, _OPEN, _OPEN, 0.0], np.float32)  # of the new units: input, output, forget, cell
_MORE = 2


def with_fixed_ranges(model: onnx.ModelProto, calibration: Sequence[Mapping[str, NDArray[Any]]]) -> None:
    """Rewrite every LSTM of ``model`` in place; it computes what it did, but for inputs beyond the range."""
    lstms = [node for node in model.graph.node if node.op_type == "LSTM"]
    if not lstms:
        return
    largest = peaks(model, [node.input[0] for node in lstms], calibration)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes += _widened(model, node, largest[node.input[0]]) if node.op_type == "LSTM" else [node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def peaks(
    model: onnx.ModelProto, names: Sequence[str], calibration: Sequence[Mapping[str, NDArray[Any]]]
) -> dict[str, float]:
    """The largest size of a number that each of ``names`` held over ``calibration``."""
    if not names:
        return {}
    import onnx
    import onnxruntime
    from onnx import helper

    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    del seen.graph.output[:]
    kind = onnx.TensorProto.FLOAT
    seen.graph.output.extend(helper.make_tensor_value_info(name, kind, None) for name in dict.fromkeys(names))
    session = onnxruntime.InferenceSession(seen.SerializeToString(), providers=["CPUExecutionProvider"])
    largest = [[float(np.abs(array).max()) for array in session.run(None, feeds)] for feeds in calibration]
    return dict(zip(dict.fromkeys(names), np.max(largest, axis=0).tolist(), strict=True))


def _widened(model: onnx.ModelProto, node: onnx.NodeProto, peak: float) -> list[onnx.NodeProto]:
    from onnx import helper, numpy_helper

    stem, inputs, output = f"fixed_{node.output[0]}", node.input[0], node.output[0]
    found = {each.name: each for each in model.graph.initializer}
    into, recurrent, bias = (numpy_helper.to_array(found[name]) for name in node.input[1:4])
    hidden = recurrent.shape[-1]
    constants = _constants(into, recurrent, bias, peak)
    for name, array in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(array, f"{stem}_{name}"))
    for name in node.input[1:4]:
        model.graph.initializer.remove(found[name])

    def step(kind: str, made: str, *given: str, **attributes: Any) -> onnx.NodeProto:
        named = [f"{stem}_{name}" if name in constants or name in _VALUES else name for name in given]
        return helper.make_node(kind, named, [made if made == output else f"{stem}_{made}"], **attributes)

    return [
        step("Clip", "clipped", inputs, "low", "high"),
        step("Pad", "topped", "clipped", "pads", "high"),
        step("Pad", "ended", "topped", "pads", "low"),
        step("Shape", "sizes", inputs, start=1, end=2),
        step("Concat", "rows", "one", "sizes", "one", axis=0),
        step("Expand", "states", "first_states", "rows"),
        step("Expand", "cells", "first_cells", "rows"),
        step(
            "LSTM", "wide", "ended", "into", "recurrent", "bias", node.input[4], "states", "cells",
            hidden_size=hidden + _MORE, direction="bidirectional",
        ),
        step("Slice", output, "wide", "zero", "hidden", "last"),
    ]  # fmt: skip


_VALUES = {"clipped", "topped", "ended", "sizes", "rows", "states", "cells", "wide"}


def _constants(into: Floats, recurrent: Floats, bias: Floats, peak: float) -> dict[str, NDArray[Any]]:
    """Weights of the widened LSTM, where its new units begin, and what else its nodes need."""
    directions, _, width = into.shape
    hidden = recurrent.shape[-1]
    edges = np.zeros((directions, 1, hidden + _MORE), np.float32)
    edges[..., hidden:] = 1.0, -1.0
    biases = np.pad(bias.reshape(directions, 2, 4, hidden), [(0, 0)] * 3 + [(0, _MORE)])
    biases[:, 0, :, hidden:] = _GATES[:, None]
    return {
        "into": _padded(into.reshape(directions, 4, hidden, width)),
        "recurrent": _padded(recurrent.reshape(directions, 4, hidden, hidden)),
        "bias": biases.reshape(directions, -1),
        "first_states": edges,
        "first_cells": _OPEN * edges,
        "low": np.array(-peak, np.float32),
        "high": np.array(peak, np.float32),
        "pads": np.array([0, 0, 0, 0, 0, 1], np.int64),
        "one": np.array([1], np.int64),
        "zero": np.array([0], np.int64),
        "hidden": np.array([hidden], np.int64),
        "last": np.array([3], np.int64),
    }


def _padded(weights: Floats) -> Floats:
    """``[direction, gate, unit, from]`` with two of the last two more, of no weight; gates side by side."""
    wide = np.pad(weights, [(0, 0), (0, 0), (0, _MORE), (0, _MORE)])
    return wide.reshape(len(wide), -1, wide.shape[-1])
