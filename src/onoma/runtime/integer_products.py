"""Matrix products of an encoder in int8, with scales that the rest of a batch cannot move.

Weights get a scale a column. What they are multiplied with gets a scale a row, found as it comes, which is
per-token dynamic quantisation (Yao et al. 2022), or one for all that calibration has seen. ONNX Runtime's own
dynamic quantisation takes the range of the whole batch instead. Tables of embeddings get a scale a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.runtime.fixed_ranges import peaks

if TYPE_CHECKING:
    import onnx

__all__ = ["with_range_products", "with_row_products"]

Floats = NDArray[np.float32]

_LEAST = 64  # columns: what gives scores of tags stays as it is, and costs little
_ROWS = 1024  # of a table, from which on it is worth its scales
_CONTRIB = "com.microsoft"


class _Product(NamedTuple):
    """A product of activations ``given`` and a constant matrix, ``made``."""

    given: str
    weight: str
    made: str


def with_row_products(model: onnx.ModelProto) -> None:
    """Rewrite every product with a matrix, in place, to int8 with a scale for each row that comes."""
    rewriting = _Rewriting(model)
    for name, value in _ROW_CONSTANTS.items():
        rewriting.constant(name, value)
    rewriting.products(_rows_scaled, _row_product)


def with_range_products(model: onnx.ModelProto, calibration: Sequence[Mapping[str, NDArray[Any]]]) -> None:
    """The same with one scale, by the largest number that came during ``calibration``."""
    rewriting = _Rewriting(model)
    largest = peaks(model, [product.given for product in rewriting.found.values()], calibration)
    rewriting.constant("int8_middle", _MIDDLE)
    for name, peak in largest.items():
        rewriting.constant(f"{name}_scale", np.array(max(peak, 1e-30) / 127, np.float32))
    rewriting.products(_range_scaled, _range_product)


_MIDDLE = np.array(128, np.uint8)
_ROW_CONSTANTS: dict[str, NDArray[Any]] = {
    "int8_middle": _MIDDLE,
    "int8_middles": np.array([128], np.uint8),
    "int8_one": np.array(1, np.float32),
    "int8_share": np.array(1 / 127, np.float32),
    "int8_least": np.array(1e-30, np.float32),
    "int8_last": np.array([-1], np.int64),
}

Nodes = Iterator["onnx.NodeProto"]


def _rows_scaled(rewriting: _Rewriting, given: str, inputs: int) -> Nodes:
    """``given`` as rows of codes, and the scale of each row."""
    node = rewriting.node
    flat = rewriting.constant(f"int8_by_{inputs}", np.array([-1, inputs], np.int64))
    yield node("Reshape", f"{given}_rows", given, flat)
    yield node("Abs", f"{given}_sizes", f"{given}_rows")
    yield node("ReduceMax", f"{given}_peaks", f"{given}_sizes", "int8_last", keepdims=1)
    yield node("Max", f"{given}_some", f"{given}_peaks", "int8_least")
    yield node("Mul", f"{given}_scale", f"{given}_some", "int8_share")
    yield node("Reshape", f"{given}_scales", f"{given}_scale", "int8_last")
    yield node("Shape", f"{given}_count", f"{given}_scales")
    yield node("Expand", f"{given}_middles", "int8_middles", f"{given}_count")
    yield node(
        "QuantizeLinear", f"{given}_codes", f"{given}_rows", f"{given}_scales", f"{given}_middles", axis=0
    )
    yield node("Shape", f"{given}_shape", given, start=0, end=-1)


def _row_product(rewriting: _Rewriting, product: _Product, outputs: int) -> Nodes:
    node, made = rewriting.node, product.made
    wide = rewriting.constant(f"int8_to_{outputs}", np.array([outputs], np.int64))
    weight = (f"{product.weight}_codes", "int8_one", f"{product.weight}_scale", "int8_middle")
    yield node("MatMulIntegerToFloat", f"{made}_codes", f"{product.given}_codes", *weight, domain=_CONTRIB)
    yield node("Mul", f"{made}_rows", f"{made}_codes", f"{product.given}_scale")
    yield node("Concat", f"{made}_shape", f"{product.given}_shape", wide, axis=0)
    yield node("Reshape", made, f"{made}_rows", f"{made}_shape")


def _range_scaled(rewriting: _Rewriting, given: str, inputs: int) -> Nodes:
    yield rewriting.node("QuantizeLinear", f"{given}_codes", given, f"{given}_scale", "int8_middle")


def _range_product(rewriting: _Rewriting, product: _Product, outputs: int) -> Nodes:
    given, weight = product.given, product.weight
    parts = (f"{given}_codes", f"{weight}_codes", f"{given}_scale", f"{weight}_scale", "int8_middle")
    yield rewriting.node("MatMulIntegerToFloat", product.made, *parts, domain=_CONTRIB)


class _Rewriting:
    """A model whose products are being put into int8."""

    def __init__(self, model: onnx.ModelProto) -> None:
        from onnx import helper, numpy_helper

        self._model, self._array = model, numpy_helper.to_array
        self._node, self._tensor = helper.make_node, numpy_helper.from_array
        self._weights = {each.name: each for each in model.graph.initializer}
        products = map(self._product, model.graph.node)
        self.found = {product.made: product for product in products if product}
        if not any(each.domain == _CONTRIB for each in model.opset_import):
            model.opset_import.append(helper.make_opsetid(_CONTRIB, 1))

    def node(self, kind: str, made: str, *given: str, **attributes: Any) -> onnx.NodeProto:
        """One node, of one output."""
        return self._node(kind, list(given), [made], **attributes)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """A constant called ``name``, which may be there already."""
        if name not in self._weights:
            self._weights[name] = self._tensor(value, name)
        return name

    def products(
        self,
        scaled: Callable[[_Rewriting, str, int], Nodes],
        multiplied: Callable[[_Rewriting, _Product, int], Nodes],
    ) -> None:
        """Put every product and every table into int8; what comes is ``scaled`` once for all its products."""
        nodes: list[onnx.NodeProto] = []
        done: set[str] = set()
        for node in list(self._model.graph.node):
            product = self.found.get(node.output[0])
            if product is None:
                nodes += self._looked_up(node) or [node]
                continue
            inputs, outputs = self._shape(product.weight)
            nodes += [] if product.given in done else scaled(self, product.given, inputs)
            done.add(product.given)
            self._store(product.weight, axis=0)
            nodes += multiplied(self, product, outputs)
        self._finish(nodes)

    def _product(self, node: onnx.NodeProto) -> _Product | None:
        if node.op_type != "MatMul" or node.input[1] not in self._weights:
            return None
        shape = self._shape(node.input[1])
        wide = len(shape) == 2 and shape[1] >= _LEAST
        return _Product(node.input[0], node.input[1], node.output[0]) if wide else None

    def _looked_up(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """Rows of a large table as codes, and back; nothing for other nodes."""
        table = node.input[0] if node.op_type == "Gather" else ""
        if table not in self._weights or len(self._shape(table)) != 2 or self._shape(table)[0] < _ROWS:
            return []
        self._store(table, axis=1)
        made = node.output[0]
        return [
            self.node("Gather", f"{made}_codes", f"{table}_codes", node.input[1]),
            self.node("Gather", f"{made}_scale", f"{table}_scale", node.input[1]),
            self.node("Cast", f"{made}_wide", f"{made}_codes", to=1),
            self.node("Mul", made, f"{made}_wide", f"{made}_scale"),
        ]

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._weights[name].dims)

    def _store(self, name: str, axis: int) -> None:
        """A matrix as codes with scales along ``axis``; a scale a column lies flat."""
        if f"{name}_codes" in self._weights:
            return
        values: Floats = self._array(self._weights[name])
        scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True), 1e-30).astype(np.float32) / 127
        self.constant(f"{name}_codes", np.rint(values / scale).astype(np.int8))
        self.constant(f"{name}_scale", scale if axis else scale[0])

    def _finish(self, nodes: list[onnx.NodeProto]) -> None:
        graph = self._model.graph
        del graph.node[:], graph.initializer[:]
        graph.node.extend(nodes)
        used = {name for node in nodes for name in node.input}
        graph.initializer.extend(each for name, each in self._weights.items() if name in used)
