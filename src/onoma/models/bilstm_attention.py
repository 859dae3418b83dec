"""`bilstm-attention`: two BiLSTM layers, then self-attention over the sentence (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from onoma.models.lexical import LexicalLayer, LexicalSizes
from onoma.models.recurrent import BiLstm
from onoma.models.word_network import TensorBatch, WordNetwork
from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["BiLstmAttention", "BiLstmAttentionOptions"]

_MASKED = -1e9


class BiLstmAttentionOptions(BaseModel):
    """Sizes of a `BiLstmAttention` network."""

    model_config = ConfigDict(extra="forbid")

    architecture: Literal["bilstm-attention"]
    lexical: LexicalSizes = LexicalSizes(word=200)
    hidden: tuple[int, int] = (128, 64)
    heads: int = Field(4, ge=1)
    dropout: float = Field(0.3, ge=0, lt=1)
    loss: Literal["sparse", "categorical"] = "sparse"

    @model_validator(mode="after")
    def _heads_divide(self) -> BiLstmAttentionOptions:
        if 2 * self.hidden[1] % self.heads:
            raise ValueError(
                f"{self.heads} heads do not divide twice {self.hidden[1]}, the upper layer's units"
            )
        return self


class BiLstmAttention(WordNetwork):
    """Embedding → BiLSTM → BiLSTM → multi-head self-attention beside its input → softmax."""

    def __init__(self, options: BiLstmAttentionOptions, lexical: LexicalLayer, tags: TagSet) -> None:
        super().__init__(lexical, tags, loss=options.loss, word_dropout=options.dropout)
        first, second = options.hidden
        self.lower = BiLstm(lexical.width, first)
        self.upper = BiLstm(2 * first, second)
        self.attention = SelfAttention(2 * second, options.heads)
        self.output = nn.Linear(4 * second, len(tags))
        self.dropout = nn.Dropout(options.dropout)

    def encode(self, vectors: Tensor, batch: TensorBatch) -> Tensor:
        """Each token scored from its own state and what it attends to."""
        lower = self.dropout(self.lower(vectors, batch.lengths))
        upper = self.dropout(self.upper(lower, batch.lengths))
        scores: Tensor = self.output(torch.cat([upper, self.attention(upper, batch.mask)], -1))
        return scores

    def encode_graph(self, graph: Graph, vectors: str) -> str:
        """The same in ONNX."""
        upper = self.upper.graph(graph, self.lower.graph(graph, vectors))
        both = graph.node("Concat", upper, self.attention.graph(graph, upper), axis=-1)
        return graph.linear(both, self.output.weight, self.output.bias)


class SelfAttention(nn.Module):
    """Scaled dot-product attention with several heads; padding gets no weight.

    >>> SelfAttention(8, heads=2)(torch.zeros(1, 3, 8), torch.ones(1, 3)).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}")
        self.heads, self.size = heads, width // heads
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """``[batch, time, width]`` and ``[batch, time]`` → ``[batch, time, width]``."""
        batch, time, width = values.shape
        split = self.project(values).view(batch, time, 3, self.heads, self.size)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # each [batch, head, time, size]
        weight = query @ key.transpose(-1, -2) / math.sqrt(self.size)
        weight = weight + (1.0 - mask)[:, None, None] * _MASKED
        mixed = (weight.softmax(-1) @ value).transpose(1, 2).reshape(batch, time, width)
        merged: Tensor = self.merge(mixed)
        return merged

    def graph(self, graph: Graph, values: str) -> str:
        """The same in ONNX."""
        mask = graph.node(
            "Unsqueeze", graph.input("mask", "float32", ["batch", "time"]), graph.integers([1, 2])
        )
        barred = graph.node("Mul", graph.node("Sub", graph.floats([1.0]), mask), graph.floats([_MASKED]))
        flat = graph.linear(values, self.project.weight, self.project.bias)
        split = graph.node("Reshape", flat, graph.integers([0, 0, 3, self.heads, self.size]))
        query, key, value = (self._part(graph, split, i) for i in range(3))
        turned = graph.node("Transpose", key, perm=[0, 1, 3, 2])
        scaled = graph.node("Div", graph.node("MatMul", query, turned), graph.floats([math.sqrt(self.size)]))
        weight = graph.node("Softmax", graph.node("Add", scaled, barred), axis=-1)
        mixed = graph.node("Transpose", graph.node("MatMul", weight, value), perm=[0, 2, 1, 3])
        joined = graph.node("Reshape", mixed, graph.integers([0, 0, self.heads * self.size]))
        return graph.linear(joined, self.merge.weight, self.merge.bias)

    def _part(self, graph: Graph, split: str, number: int) -> str:
        """Query, key or value as ``[batch, head, time, size]``."""
        which = graph.weight(torch.tensor(number))
        return graph.node("Transpose", graph.node("Gather", split, which, axis=2), perm=[0, 2, 1, 3])
