"""Writing a network as an ONNX graph, node by node.

Each architecture states its own graph next to its torch code. That keeps one LSTM node with sequence
lengths (padding never enters it), int8 tables, and names that read well, none of which tracing gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from onoma.runtime.decoding_graph import IR_VERSION, OPSET

__all__ = ["Graph"]

_TYPES = {"int64": TensorProto.INT64, "int32": TensorProto.INT32, "float32": TensorProto.FLOAT}


class Graph:
    """An ONNX graph under construction; every method that makes a value returns its name.

    >>> graph = Graph()
    >>> doubled = graph.node("Add", x := graph.input("x", "float32", ["batch"]), x)
    >>> graph.output(doubled, "y", ["batch"])
    >>> len(graph.model().graph.node)
    2
    """

    FLOAT = TensorProto.FLOAT

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._inputs: dict[str, onnx.ValueInfoProto] = {}
        self._outputs: list[onnx.ValueInfoProto] = []

    def _fresh(self, stem: str) -> str:
        return f"{stem}_{len(self._nodes) + len(self._weights)}"

    def input(self, name: str, kind: str, shape: Sequence[str | int]) -> str:
        """Declare an input once; ``shape`` names dynamic dimensions."""
        self._inputs.setdefault(name, helper.make_tensor_value_info(name, _TYPES[kind], list(shape)))
        return name

    def output(self, value: str, name: str, shape: Sequence[str | int]) -> None:
        """Make ``value`` an output called ``name``."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def weight(self, tensor: Tensor | NDArray[Any]) -> str:
        """A constant tensor."""
        array = tensor.detach().cpu().numpy() if isinstance(tensor, Tensor) else tensor
        name = self._fresh("weight")
        self._weights.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def integers(self, values: Sequence[int]) -> str:
        """A constant int64 vector."""
        return self.weight(np.array(values, dtype=np.int64))

    def floats(self, values: Sequence[float]) -> str:
        """A constant float32 vector."""
        return self.weight(np.array(values, dtype=np.float32))

    def node(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Append an operator; with several ``outputs`` the first one's name comes back."""
        stem = self._fresh(kind.lower())
        names = [stem, *(f"{stem}_{i}" for i in range(1, outputs))]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return stem

    def gather(self, table: Tensor, ids: str) -> str:
        """Rows of ``table``."""
        return self.node("Gather", self.weight(table), ids)

    def positive(self, ids: str) -> str:
        """1.0 where ``ids`` are above 0, else 0.0."""
        return self.node("Cast", self.node("Greater", ids, self.integers([0])), to=self.FLOAT)

    def linear(self, value: str, weight: Tensor, bias: Tensor) -> str:
        """``value @ weight.T + bias`` on the last axis."""
        return self.node("Add", self.node("MatMul", value, self.weight(weight.t())), self.weight(bias))

    def model(self, opset: int = OPSET, ir_version: int = IR_VERSION) -> onnx.ModelProto:
        """The finished, checked model."""
        graph = helper.make_graph(
            self._nodes, "onoma", list(self._inputs.values()), self._outputs, self._weights
        )
        opsets = [helper.make_opsetid("", opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, producer_name="onoma")
        onnx.checker.check_model(model, full_check=True)
        return model
