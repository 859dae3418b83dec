"""`pooled`: the sentence as one vector. It cannot tell one token from another, and its score says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from onoma.models.lexical import LexicalLayer, LexicalSizes
from onoma.models.word_network import TensorBatch, WordNetwork
from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["Pooled", "PooledOptions"]


class PooledOptions(BaseModel):
    """Sizes of a `Pooled` network."""

    model_config = ConfigDict(extra="forbid")

    architecture: Literal["pooled"]
    lexical: LexicalSizes = LexicalSizes(word=100)
    dense: tuple[int, int] = (128, 64)
    dropout: float = Field(0.3, ge=0, lt=1)
    loss: Literal["sparse", "categorical"] = "sparse"


class Pooled(WordNetwork):
    """Embedding → maximum over the sentence → two dense layers → the same tag scores at every position."""

    def __init__(self, options: PooledOptions, lexical: LexicalLayer, tags: TagSet) -> None:
        super().__init__(lexical, tags, loss=options.loss)
        first, second = options.dense
        self.first = nn.Linear(lexical.width, first)
        self.second = nn.Linear(first, second)
        self.output = nn.Linear(second, len(tags))
        self.dropout = nn.Dropout(options.dropout)

    def encode(self, vectors: Tensor, batch: TensorBatch) -> Tensor:
        """One vector a sentence, scored once and repeated."""
        padding = (1.0 - batch.mask)[..., None] * torch.finfo(vectors.dtype).min
        pooled = (vectors + padding).amax(1)  # [batch, feature]
        hidden = self.dropout(self.first(pooled).relu())
        hidden = self.dropout(self.second(hidden).relu())
        scores: Tensor = self.output(hidden)
        return scores[:, None].expand(-1, vectors.shape[1], -1)

    def encode_graph(self, graph: Graph, vectors: str) -> str:
        """The same in ONNX."""
        mask = graph.node(
            "Unsqueeze", graph.input("mask", "float32", ["batch", "time"]), graph.integers([-1])
        )
        lowest = graph.floats([torch.finfo(torch.float32).min])
        padding = graph.node("Mul", graph.node("Sub", graph.floats([1.0]), mask), lowest)
        hidden = graph.node("ReduceMax", graph.node("Add", vectors, padding), graph.integers([1]), keepdims=1)
        for layer in (self.first, self.second):
            hidden = graph.node("Relu", graph.linear(hidden, layer.weight, layer.bias))
        scores = graph.linear(hidden, self.output.weight, self.output.bias)  # [batch, 1, tag]
        return graph.node("Add", scores, graph.node("Mul", mask, graph.floats([0.0])))
