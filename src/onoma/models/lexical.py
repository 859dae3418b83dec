"""The vector of a word that depends on the word alone: embedding, characters, shape, static vector.

Character convolution after Ma & Hovy 2016. Static vectors stay frozen: unseen words and seen ones then
live in one space, in training as in tagging.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from onoma.features.static import StaticVectors
from onoma.features.words import WordFeatures

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["LexicalLayer", "LexicalSizes"]


class LexicalSizes(BaseModel):
    """Widths of the parts of a word's vector; 0 leaves a part out.

    ``project`` makes one narrower vector of all parts: it depends on the word alone, so a tagger that
    remembers words pays for it once, and the layers above have less to read at every token.
    """

    model_config = ConfigDict(extra="forbid")

    word: int = Field(64, ge=1, description="learned embedding of frequent words")
    character: int = Field(0, ge=0, description="embedding of one character")
    filters: int = Field(48, ge=1, description="character convolution filters of width 3")
    shape: int = Field(0, ge=0, description="embedding of the word's shape")
    project: int = Field(0, ge=0, description="width all parts together are brought down to")


class LexicalLayer(nn.Module):
    """Word features ``[word, …]`` → the parts of their vectors, side by side.

    `narrow` makes them ``width`` wide.

    >>> layer = LexicalLayer(WordFeatures(["paris"]), LexicalSizes(word=8))
    >>> layer({"word": torch.tensor([0, 2, 1])}).shape
    torch.Size([3, 8])
    """

    def __init__(
        self, features: WordFeatures, sizes: LexicalSizes, static: StaticVectors | None = None
    ) -> None:
        super().__init__()
        self.word = nn.Embedding(len(features.words) + 2, sizes.word, padding_idx=0)
        self.characters = CharacterCnn(features, sizes) if features.characters else None
        self.shape = nn.Embedding(len(features.shapes) + 2, sizes.shape) if features.shapes else None
        self.static = StaticTable(static) if static is not None else None
        self.width = sizes.word
        self.width += sizes.filters if self.characters is not None else 0
        self.width += sizes.shape if self.shape is not None else 0
        self.width += static.dim if static is not None else 0
        self.project = nn.Linear(self.width, sizes.project) if sizes.project else None
        self.width = sizes.project or self.width
        nn.init.uniform_(self.word.weight, -0.1, 0.1)

    def forward(self, words: Mapping[str, Tensor]) -> Tensor:
        """Concatenate the parts that this layer has; `narrow` comes after."""
        parts = [self.word(words["word"])]
        if self.characters is not None:
            parts.append(self.characters(words["characters"]))
        if self.shape is not None:
            parts.append(self.shape(words["shape"]))
        if self.static is not None:
            parts.append(self.static(words["pieces"]))
        return torch.cat(parts, -1)

    def narrow(self, parts: Tensor) -> Tensor:
        """``[…, parts]`` → ``[…, width]``: the projection, if there is one.

        It stands apart so that training can drop features at each token before it.
        """
        return parts if self.project is None else cast(Tensor, self.project(parts))

    def graph(self, graph: Graph) -> str:
        """Both steps in ONNX; returns the name of the vectors ``[word, width]``."""
        parts = [graph.gather(self.word.weight, graph.input("word", "int64", ["word"]))]
        if self.characters is not None:
            parts.append(self.characters.graph(graph))
        if self.shape is not None:
            parts.append(graph.gather(self.shape.weight, graph.input("shape", "int64", ["word"])))
        if self.static is not None:
            parts.append(self.static.graph(graph))
        vectors = graph.node("Concat", *parts, axis=-1) if len(parts) > 1 else parts[0]
        if self.project is None:
            return vectors
        return graph.linear(vectors, self.project.weight, self.project.bias)


class CharacterCnn(nn.Module):
    """Convolution over a word's characters, rectified, and its maximum over the word."""

    def __init__(self, features: WordFeatures, sizes: LexicalSizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(features.characters) + 2, sizes.character, padding_idx=0)
        self.convolution = nn.Conv1d(sizes.character, sizes.filters, 3, padding=1)

    def forward(self, characters: Tensor) -> Tensor:
        """``[word, longest]`` → ``[word, filters]``; padding cannot win, as every value is at least 0."""
        hidden = self.convolution(self.embedding(characters).transpose(1, 2)).relu()
        inside = (characters > 0)[:, None].to(hidden.dtype)  # [word, 1, longest]
        return cast(Tensor, (hidden * inside).amax(-1))

    def graph(self, graph: Graph) -> str:
        """The same in ONNX."""
        characters = graph.input("characters", "int64", ["word", "longest"])
        embedded = graph.node("Transpose", graph.gather(self.embedding.weight, characters), perm=[0, 2, 1])
        weights = [graph.weight(weight) for weight in self.convolution.parameters()]  # weight, bias
        hidden = graph.node("Relu", graph.node("Conv", embedded, *weights, pads=[1, 1]))
        inside = graph.node("Unsqueeze", graph.positive(characters), graph.integers([1]))
        return graph.node("ReduceMax", graph.node("Mul", hidden, inside), graph.integers([-1]), keepdims=0)


class StaticTable(nn.Module):
    """Frozen int8 rows with a scale each; a word's vector is the mean of its rows."""

    table: Tensor  # [row, dim] int8
    scale: Tensor  # [row]

    def __init__(self, static: StaticVectors) -> None:
        super().__init__()
        self.register_buffer("table", torch.from_numpy(static.table))
        self.register_buffer("scale", torch.from_numpy(static.scale))

    def forward(self, pieces: Tensor) -> Tensor:
        """``[word, longest]`` rows, 0 for none → ``[word, dim]``."""
        rows = self.table[pieces].float() * self.scale[pieces][..., None]
        count = (pieces > 0).sum(-1, keepdim=True).clamp_min(1)
        return rows.sum(1) / count

    def graph(self, graph: Graph) -> str:
        """The same in ONNX; the table stays int8 in the file."""
        pieces = graph.input("pieces", "int64", ["word", "most_pieces"])
        rows = graph.node("Cast", graph.gather(self.table, pieces), to=graph.FLOAT)
        scale = graph.node("Unsqueeze", graph.gather(self.scale, pieces), graph.integers([-1]))
        total = graph.node("ReduceSum", graph.node("Mul", rows, scale), graph.integers([1]), keepdims=0)
        count = graph.node("ReduceSum", graph.positive(pieces), graph.integers([1]), keepdims=1)
        return graph.node("Div", total, graph.node("Max", count, graph.floats([1.0])))
