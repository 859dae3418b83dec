"""The kind of network that reads pieces of words with a pretrained encoder, words among their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from onoma.errors import RecipeError
from onoma.features.piece_batch import PieceBatch
from onoma.models.depths import depths_of
from onoma.models.encoder import Encoder, EncoderOptions
from onoma.models.lexical import LexicalLayer
from onoma.models.network import Network
from onoma.tagging import TagSet

if TYPE_CHECKING:
    from onoma.models.graph import Graph

__all__ = ["PieceNetwork", "PieceTensors"]


@dataclass(frozen=True, slots=True)
class PieceTensors:
    """A `PieceBatch` as tensors on one device."""

    rows: Mapping[str, Tensor]  # see `Pieces.rows`
    words: Mapping[str, Tensor]  # each [distinct word, ...]; empty without lexical vectors
    index: Tensor  # [row, word] → distinct word
    place: Tensor  # [sentence, time] → row * words + word
    lengths: Tensor  # [sentence]
    mask: Tensor  # [sentence, time], 1.0 on tokens

    @classmethod
    def of(cls, batch: PieceBatch, device: torch.device | str = "cpu") -> PieceTensors:
        """Copy ``batch`` to ``device``."""
        rows, words = (
            {name: torch.from_numpy(array).to(device) for name, array in part.items()}
            for part in (batch.rows, batch.words)
        )
        rest = (batch.index, batch.place, batch.lengths, batch.mask)
        return cls(rows, words, *(torch.from_numpy(array).to(device) for array in rest))


class PieceNetwork(Network):
    """Encoder → states of words → an architecture's own layers → tag scores.

    An architecture is a subclass that gives `head` (torch) and `head_graph` (the same in ONNX). ``lexical``
    adds what words themselves tell (see `LexicalLayer`), which an encoder that lowers all letters does not
    see.
    """

    tensors = staticmethod(PieceTensors.of)

    def __init__(
        self,
        options: EncoderOptions,
        encoder: nn.Module,
        tags: TagSet,
        lexical: LexicalLayer | None = None,
        *,
        crf: bool = False,
    ) -> None:
        super().__init__(tags, crf=crf)
        self.encoder = Encoder(options, encoder)
        self.lexical = lexical
        self.width = self.encoder.width + (0 if lexical is None else lexical.width)
        self.dropout = nn.Dropout(options.dropout)

    def depths(self) -> dict[str, int]:
        """Of the encoder's weights; what was added to it learns with the head."""
        names = (name for name, _ in self.encoder.model.named_parameters())
        return {f"encoder.model.{name}": depth for name, depth in depths_of(names).items()}

    def save_memory(self) -> None:
        """Chen et al. 2016; the encoder's layers are computed twice."""
        model = self.encoder.model
        if not getattr(model, "supports_gradient_checkpointing", False):
            kind = type(model).__name__
            raise RecipeError(f"training.gradient_checkpointing: {kind} has none; leave it out")
        named = ("activation_checkpointing_enable", "gradient_checkpointing_enable")  # later and earlier name
        enable = next(getattr(model, name) for name in named if hasattr(model, name))
        enable({"use_reentrant": False})

    def head(self, words: Tensor, lengths: Tensor) -> Tensor:
        """Scores ``[row, word, tag]`` from states ``[row, word, width]`` of rows of ``lengths`` words."""
        raise NotImplementedError

    def head_graph(self, graph: Graph, words: str) -> str:
        """The nodes of `head`; returns the name of the scores."""
        raise NotImplementedError

    def row_emissions(self, rows: Mapping[str, Tensor], vectors: Tensor | None = None) -> Tensor:
        """Scores of each row's words ``[row, word, tag]``; ``vectors`` are lexical ``[row, word, …]``."""
        words = self.encoder(rows)
        if vectors is not None:
            words = torch.cat([words, vectors], -1)
        return self.head(self.dropout(words), rows["lengths"]).float()

    def emissions(self, batch: PieceTensors) -> Tensor:
        """Scores of each sentence's words ``[sentence, time, tag]``."""
        scores = self.row_emissions(batch.rows, self._vectors(batch))
        return scores.flatten(0, 1)[batch.place]

    def _vectors(self, batch: PieceTensors) -> Tensor | None:
        if self.lexical is None:
            return None
        return self.lexical.narrow(nn.functional.embedding(batch.index, self.lexical(batch.words)))
