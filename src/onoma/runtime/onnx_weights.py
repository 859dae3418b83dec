"""What an ONNX file says of a graph, as far as running it elsewhere needs: its operators and its constants.

ONNX files are protocol buffers (protobuf.dev, "Encoding"); the messages read here are those of
``onnx.proto``. Tagging must not need the package ``onnx``, which reads them whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onoma.errors import BundleError

__all__ = ["Node", "StoredGraph", "read_graph"]

_KINDS = {1: np.float32, 2: np.uint8, 3: np.int8, 5: np.int16, 6: np.int32, 7: np.int64, 11: np.float64}
_RAW = 9  # the field of a tensor that holds its numbers as bytes; those in other forms are not read
_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5  # how a field's value is written

Message = dict[int, list[Any]]


class Node(NamedTuple):
    """An operator."""

    kind: str
    inputs: list[str]
    outputs: list[str]


class StoredGraph(NamedTuple):
    """A graph's operators, in order, and those of its constants that are numbers in bytes, by name."""

    nodes: list[Node]
    weights: dict[str, NDArray[Any]]

    @property
    def kinds(self) -> list[str]:
        """The kinds of the operators."""
        return [node.kind for node in self.nodes]

    def weight_of(self, output: str) -> NDArray[Any] | None:
        """The constant that an operator hands on as ``output``."""
        found = [node.inputs[0] for node in self.nodes if node.kind == "Identity" and output in node.outputs]
        return self.weights.get(found[0]) if found else None


def read_graph(path: Path) -> StoredGraph:
    """The graph in the file ``path``; raises `BundleError` when that is no ONNX file."""
    try:
        graph = _message(_message(memoryview(path.read_bytes()))[7][0])
        nodes = [_node(_message(each)) for each in graph[1]]
        weights = [_tensor(each) for each in map(_message, graph[5]) if each[_RAW] and each[2][0] in _KINDS]
    except (OSError, IndexError, ValueError, KeyError) as error:
        raise BundleError(f"{path} is not an ONNX file, or it is damaged: {error}") from error
    return StoredGraph(nodes, dict(weights))


def _node(message: Message) -> Node:
    inputs, outputs = ([_text(each) for each in message[field]] for field in (1, 2))
    return Node(_text(message[4][0]), inputs, outputs)


def _tensor(message: Message) -> tuple[str, NDArray[Any]]:
    dims = [size for each in message[1] for size in ([each] if isinstance(each, int) else _varints(each))]
    kind = np.dtype(_KINDS[message[2][0]]).newbyteorder("<")
    values = np.frombuffer(message[_RAW][0], kind).reshape(dims)
    if values.nbytes < 1 << 20:  # small ones are read often, and need not lie where numbers may
        values = values.astype(kind.newbyteorder("="))
    return _text(message[8][0]), values


def _text(value: memoryview) -> str:
    return bytes(value).decode("utf-8")


def _message(data: memoryview) -> Message:
    fields: Message = defaultdict(list)
    for number, value in _fields(data):
        fields[number].append(value)
    return fields


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, way = key >> 3, key & 7
        if way == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if way not in (_EIGHT, _SIZED, _FOUR):
            raise ValueError(f"a field is written in the way {way}, of which there is none")
        size, at = _varint(data, at) if way == _SIZED else (8 if way == _EIGHT else 4, at)
        if at + size > len(data):
            raise ValueError("it ends within a field")
        yield number, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number written in as many bytes as it needs, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varints(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value
