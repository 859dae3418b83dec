"""`bilstm`: a bidirectional LSTM and a softmax at each token (Graves & Schmidhuber 2005)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from onoma.models.lexical import LexicalLayer, LexicalSizes
from onoma.models.recurrent import BiLstm
from onoma.models.word_network import TensorBatch, WordNetwork
from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["BiLstmOptions", "BiLstmTagger"]


class BiLstmOptions(BaseModel):
    """Sizes of a `BiLstmTagger`."""

    model_config = ConfigDict(extra="forbid")

    architecture: Literal["bilstm"]
    lexical: LexicalSizes = LexicalSizes(word=50)
    hidden: int = Field(100, ge=1)
    recurrent_dropout: float = Field(0.1, ge=0, lt=1)
    loss: Literal["sparse", "categorical"] = "sparse"


class BiLstmTagger(WordNetwork):
    """Embedding → BiLSTM → dense softmax at each token."""

    def __init__(self, options: BiLstmOptions, lexical: LexicalLayer, tags: TagSet) -> None:
        super().__init__(lexical, tags, loss=options.loss)
        self.recurrent = BiLstm(lexical.width, options.hidden, options.recurrent_dropout)
        self.output = nn.Linear(2 * options.hidden, len(tags))

    def encode(self, vectors: Tensor, batch: TensorBatch) -> Tensor:
        """Scores from the states of both directions."""
        scores: Tensor = self.output(self.recurrent(vectors, batch.lengths))
        return scores

    def encode_graph(self, graph: Graph, vectors: str) -> str:
        """The same in ONNX."""
        return graph.linear(self.recurrent.graph(graph, vectors), self.output.weight, self.output.bias)
