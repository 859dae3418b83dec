"""`transformer-crf`: an encoder whose tags are joined by a CRF (Souza et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn

from onoma.models.encoder import EncoderOptions
from onoma.models.lexical import LexicalLayer
from onoma.models.piece_network import PieceNetwork
from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["TransformerCrf", "TransformerCrfOptions"]


class TransformerCrfOptions(EncoderOptions):
    """Settings of a `TransformerCrf`."""

    architecture: Literal["transformer-crf"]


class TransformerCrf(PieceNetwork):
    """Encoder → scores, joined by a CRF over each sentence whose moves obey the tag scheme."""

    def __init__(
        self,
        options: TransformerCrfOptions,
        encoder: nn.Module,
        tags: TagSet,
        lexical: LexicalLayer | None = None,
    ) -> None:
        super().__init__(options, encoder, tags, lexical, crf=True)
        self.output = nn.Linear(self.width, len(tags))

    def head(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Each word by itself; the CRF joins them."""
        scores: Tensor = self.output(words)
        return scores

    def head_graph(self, graph: Graph, words: str) -> str:
        """The same in ONNX."""
        return graph.linear(words, self.output.weight, self.output.bias)
