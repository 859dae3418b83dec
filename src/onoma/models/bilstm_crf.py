"""`bilstm-crf`: lexical vectors, a BiLSTM and a CRF (Lample et al. 2016; Ma & Hovy 2016)."""

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

__all__ = ["BiLstmCrf", "BiLstmCrfOptions"]


class BiLstmCrfOptions(BaseModel):
    """Sizes of a `BiLstmCrf`."""

    model_config = ConfigDict(extra="forbid")

    architecture: Literal["bilstm-crf"]
    lexical: LexicalSizes = LexicalSizes(word=64, character=32, filters=48, shape=16)
    hidden: int = Field(128, ge=1)
    dropout: float = Field(0.5, ge=0, lt=1)


class BiLstmCrf(WordNetwork):
    """Lexical vectors → BiLSTM → scores, joined by a CRF whose moves obey the tag scheme."""

    def __init__(self, options: BiLstmCrfOptions, lexical: LexicalLayer, tags: TagSet) -> None:
        super().__init__(lexical, tags, crf=True, word_dropout=options.dropout)
        self.recurrent = BiLstm(lexical.width, options.hidden)
        self.output = nn.Linear(2 * options.hidden, len(tags))
        self.dropout = nn.Dropout(options.dropout)

    def encode(self, vectors: Tensor, batch: TensorBatch) -> Tensor:
        """Scores from the states of both directions."""
        states = self.recurrent(vectors, batch.lengths)
        scores: Tensor = self.output(self.dropout(states))
        return scores

    def encode_graph(self, graph: Graph, vectors: str) -> str:
        """The same in ONNX."""
        return graph.linear(self.recurrent.graph(graph, vectors), self.output.weight, self.output.bias)
