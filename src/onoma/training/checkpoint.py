"""Checkpoints: all that a run needs to go on as if it had never stopped, in one file, written whole."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from onoma.errors import TrainingError
from onoma.files import whole_file

__all__ = ["check_fits", "load_checkpoint", "random_state", "restore_random_state", "save_checkpoint"]


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors and plain values); raises `OutputError`, leaving an older file whole."""
    with whole_file(path, "wb") as file:
        torch.save(state, file)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint, tensors and plain values only; raises `TrainingError` when it cannot be."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(
            f"cannot read the checkpoint {path}: {error}; start again without --resume"
        ) from error
    return state


def check_fits(path: Path, state: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise `TrainingError` saying in what ``state``, read from ``path``, differs from what is ``now``.

    Lists, such as that of the labels, are told; of what is marked by a fingerprint only that it differs.
    """
    for what, mark in now.items():
        made = state.get(what)
        if made == mark:
            continue
        which = f"another {what}"
        if isinstance(mark, list) and isinstance(made, list):
            which = f"the {what} {', '.join(made)}, now they are {', '.join(mark)}"
        raise TrainingError(
            f"{path} was made with {which}; resume with the recipe and corpus it was made with, "
            "or start anew with another --out"
        )


def random_state() -> dict[str, Any]:
    """The state of every generator that training draws from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def restore_random_state(state: dict[str, Any]) -> None:
    """Put the generators back where `random_state` found them."""
    torch.set_rng_state(state["cpu"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
