"""`transformer-bilstm-crf`: an encoder, a BiLSTM over its states of words, a CRF.

Over a frozen encoder this is the network of contextual string embeddings (Akbik et al. 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from torch import Tensor, nn

from onoma.models.encoder import EncoderOptions
from onoma.models.lexical import LexicalLayer
from onoma.models.piece_network import PieceNetwork
from onoma.models.recurrent import BiLstm
from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["TransformerBiLstmCrf", "TransformerBiLstmCrfOptions"]


class TransformerBiLstmCrfOptions(EncoderOptions):
    """Settings of a `TransformerBiLstmCrf`."""

    architecture: Literal["transformer-bilstm-crf"]
    hidden: int = Field(128, ge=1, description="LSTM units in each direction")


class TransformerBiLstmCrf(PieceNetwork):
    """Encoder → BiLSTM over the words of a row → scores, joined by a CRF over each sentence."""

    def __init__(
        self,
        options: TransformerBiLstmCrfOptions,
        encoder: nn.Module,
        tags: TagSet,
        lexical: LexicalLayer | None = None,
    ) -> None:
        super().__init__(options, encoder, tags, lexical, crf=True)
        self.recurrent = BiLstm(self.width, options.hidden)
        self.output = nn.Linear(2 * options.hidden, len(tags))

    def head(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Scores from the states of both directions."""
        scores: Tensor = self.output(self.dropout(self.recurrent(words, lengths)))
        return scores

    def head_graph(self, graph: Graph, words: str) -> str:
        """The same in ONNX."""
        return graph.linear(self.recurrent.graph(graph, words), self.output.weight, self.output.bias)
