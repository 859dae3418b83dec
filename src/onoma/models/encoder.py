"""A pretrained encoder that reads pieces, as a layer: tuned whole, frozen, or through small added matrices.

Any encoder of Hugging Face transformers will do, as long as it takes vectors of pieces and a mask and gives a
state for each piece.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

from onoma.errors import InputError, RecipeError
from onoma.features.pieces import CASES, Context
from onoma.models.lexical import LexicalSizes

__all__ = ["POOLINGS", "Encoder", "EncoderOptions", "LoraOptions", "check_encoder", "longest_row"]


class LoraOptions(BaseModel):
    """Low-rank adaptation (Hu et al. 2022): the encoder stays as it is, and each of its linear layers gets
    the product of two small matrices added.
    """

    model_config = ConfigDict(extra="forbid")

    rank: int = Field(16, ge=1, description="width between the two matrices")
    alpha: int = Field(32, gt=0, description="what is added counts alpha / rank times")
    dropout: float = Field(0.0, ge=0, lt=1)


class EncoderOptions(BaseModel):
    """What networks over an encoder share."""

    model_config = ConfigDict(extra="forbid")

    encoder: str = Field(description="a folder, an installed package, or a name on the Hugging Face hub")
    limit: int = Field(256, ge=8, description="pieces read together, special tokens included")
    overlap: int = Field(64, ge=0, description="pieces that windows share where not all fits one")
    context: Context = Field("sentence", description="document: a sentence is read with its neighbours")
    pooling: Literal["first", "last", "mean"] = Field("first", description="a word's state, of its pieces'")
    case: bool = Field(True, description="tell the encoder how words are written: lower, Title, UPPER, …")
    layers: int = Field(1, ge=1, description="a learned mixture of the last so many layers' states")
    dropout: float = Field(0.1, ge=0, lt=1, description="on words' states; the encoder keeps its own")
    attention_dropout: float | None = Field(
        None, ge=0, lt=1, description="of the encoder's attention, if not its own; at 0 CPUs learn faster"
    )
    frozen: bool = Field(False, description="keep the encoder as it is and learn the rest")
    lora: LoraOptions | None = Field(None, description="tune the encoder through small added matrices")
    lexical: LexicalSizes | None = Field(None, description="lexical vectors of words beside their states")

    @model_validator(mode="after")
    def _fits(self) -> EncoderOptions:
        if self.frozen and self.lora is not None:
            raise ValueError("an encoder is either frozen or tuned by lora, not both")
        if 2 * self.overlap > self.limit:
            raise ValueError(f"windows of {self.limit} pieces may share half of them at most: overlap")
        return self


class Encoder(nn.Module):
    """Rows of pieces → a state for each word; see `Pieces.rows` for what ``rows`` holds.

    ``model`` is what `AutoModel` loads. Raises `RecipeError` when the options do not fit it.
    """

    def __init__(self, options: EncoderOptions, model: Any) -> None:
        super().__init__()
        self.frozen = options.frozen
        self.model: Any = _tunable(model, options)
        self.width = int(model.config.hidden_size)
        depth = int(model.config.num_hidden_layers)
        if options.layers > depth + 1:
            raise RecipeError(
                f"network.layers: {options.layers} of an encoder with {depth}; give up to {depth + 1}, its "
                "embeddings being the last"
            )
        inputs = self.model.get_input_embeddings().embedding_dim
        self.case = nn.Embedding(len(CASES), inputs, padding_idx=0) if options.case else None
        self.mixture = nn.Parameter(torch.zeros(options.layers)) if options.layers > 1 else None
        self._pool = POOLINGS[options.pooling]
        if self.case is not None:
            nn.init.zeros_(self.case.weight)  # at first the encoder reads as it was pretrained to

    def forward(self, rows: Mapping[str, Tensor]) -> Tensor:
        """States of words ``[row, word, width]``."""
        vectors = self.model.get_input_embeddings()(rows["pieces"])  # [row, piece, input]
        if self.case is not None:
            vectors = vectors + self.case(rows["case"])
        found = self.model(
            inputs_embeds=vectors,
            attention_mask=rows["piece_mask"],
            output_hidden_states=self.mixture is not None,
        )
        states = found.last_hidden_state if self.mixture is None else self._mixed(found.hidden_states)
        return self._pool(states, rows["begin"], rows["end"])

    def _mixed(self, states: tuple[Tensor, ...]) -> Tensor:
        """A weighted mean of the last layers (Peters et al. 2018), all alike at first."""
        assert self.mixture is not None
        last = torch.stack(states[-len(self.mixture) :], -1)  # [row, piece, width, layer]
        return last @ self.mixture.softmax(0)

    def train(self, mode: bool = True) -> Encoder:
        """As any module; a frozen encoder keeps to evaluation, without dropout."""
        super().train(mode)
        if self.frozen:
            self.model.eval()
        return self

    def merge(self) -> None:
        """Fold matrices that were added for tuning into the layers they were added to."""
        for module in self.model.modules():
            if hasattr(module, "lora_A") and not module.merged:
                module.merge()


def _tunable(model: Any, options: EncoderOptions) -> Any:
    """The encoder, with those weights learning that the options say."""
    if getattr(model, "pooler", None) is not None:
        model.pooler = None  # makes one vector of a text, which no tag needs
    if options.frozen:
        return model.requires_grad_(False)
    if options.lora is not None:
        return _adapted(model, options.lora)
    if not any(weight.requires_grad for weight in model.parameters()):
        raise RecipeError("the encoder has no weights that learn; if that is meant, say network.frozen: true")
    return model


def _adapted(model: nn.Module, options: LoraOptions) -> Any:
    from peft import LoraConfig, inject_adapter_in_model

    targets = sorted({name for name, module in model.named_modules() if isinstance(module, nn.Linear)})
    config = LoraConfig(
        r=options.rank, lora_alpha=options.alpha, lora_dropout=options.dropout, target_modules=targets
    )
    return inject_adapter_in_model(config, model)


def _at(states: Tensor, place: Tensor) -> Tensor:
    """The states of one piece a word: ``[row, piece, width]`` and ``[row, word]``."""
    return states.gather(1, place[..., None].expand(-1, -1, states.shape[-1]))


def _mean(states: Tensor, begin: Tensor, end: Tensor) -> Tensor:
    place = torch.arange(states.shape[1], device=states.device)
    inside = (place >= begin[..., None]) & (place < end[..., None])  # [row, word, piece]
    share = inside.to(states.dtype) / (end - begin)[..., None].to(states.dtype)
    return share @ states


POOLINGS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "first": lambda states, begin, end: _at(states, begin),
    "last": lambda states, begin, end: _at(states, end - 1),
    "mean": _mean,
}
"""States of pieces ``[row, piece, width]`` and the range of each word's ``[row, word]`` → states of words."""


def longest_row(model: nn.Module) -> int | None:
    """How many pieces an encoder can read together; None where it does not say, its places being relative."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # those of RoBERTa's family number places from the padding's on
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return None


def check_encoder(model: Any, name: str) -> None:
    """Raise `InputError` unless ``model`` gives states of pieces from vectors of them."""
    embeddings: Any = getattr(model, "get_input_embeddings", lambda: None)()
    config: Any = getattr(model, "config", None)
    if getattr(config, "is_encoder_decoder", False):
        raise InputError(f"{name} is an encoder with a decoder ({config.model_type}); give an encoder alone")
    try:
        vectors, mask = torch.zeros(1, 3, embeddings.embedding_dim), torch.ones(1, 3, dtype=torch.long)
        with torch.no_grad():
            states = model(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
        if states.shape == (1, 3, config.hidden_size):
            return
        reason = f"it gives states of shape {tuple(states.shape)} for 3 pieces"
    except Exception as error:  # a model of another kind fails in ways that no list of classes covers
        reason = str(error).strip().split("\n")[0]
    raise InputError(f"{name} is no encoder of text that reads pieces and gives each a state ({reason})")
