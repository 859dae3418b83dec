"""What can go wrong between a network and its machine, in words that say what to change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from onoma.errors import RecipeError, TrainingError
from onoma.training.recipe import Recipe, Training

__all__ = ["accelerator_for", "divergence_advice", "is_out_of_memory", "telling_of_memory"]

_SIGNS = ("out of memory", "not enough memory", "can't allocate memory")
_ADVICE = {
    "no": "Try a lower optimiser.rate or a smaller optimiser.clip",
    "bf16": "Try a lower optimiser.rate, a smaller optimiser.clip, or training.mixed_precision: no",
    "fp16": "fp16 holds no number above 65,504: try training.mixed_precision: bf16 (or no), a lower "
    "optimiser.rate, or a smaller optimiser.clip",
}


def accelerator_for(training: Training) -> Accelerator:
    """The device there is, a GPU before the CPU; raises `RecipeError` where it lacks the precision."""
    AcceleratorState._reset_state()  # else a second run in one process must be of the first's precision
    wanted = training.mixed_precision
    try:
        made = Accelerator(mixed_precision=wanted)
    except ValueError as error:
        raise _unknown_precision(wanted, str(error)) from error
    if wanted != "no" and not made.native_amp:  # fp16 on a CPU would be float32 without a word
        raise _unknown_precision(wanted, "Accelerate would leave it out")
    return made


def _unknown_precision(wanted: str, reason: str) -> RecipeError:
    AcceleratorState._reset_state()
    device = "the GPU" if torch.accelerator.is_available() else "the CPU"
    return RecipeError(
        f"training.mixed_precision: {device} here does not know {wanted} ({reason}); set it to no, or try "
        "the other of fp16 and bf16"
    )


def divergence_advice(training: Training) -> str:
    """What to try when loss or weights are no longer finite."""
    return _ADVICE[training.mixed_precision]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out, on a GPU or in the machine.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)


@contextmanager
def telling_of_memory(recipe: Recipe, rows: int) -> Iterator[None]:
    """Raise `TrainingError`, saying what to lower, where a batch of ``rows`` sentences does not fit."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingError(_memory_advice(recipe, rows)) from error


def _memory_advice(recipe: Recipe, rows: int) -> str:
    size, times = recipe.training.batch_size, recipe.optimiser.accumulate
    half, doubled = max(1, size // 2), times * 2
    fewer = (
        f"halve training.batch_size ({size} now) and double optimiser.accumulate, which learns the same: "
        f"--set training.batch_size={half} --set optimiser.accumulate={doubled}; or let --auto-batch find "
        "what fits"
    )
    longest = f"training.max_length ({recipe.training.max_length} now), network.limit of an encoder"
    return (
        f"memory ran out on a batch of {rows} sentences: {fewer}. Otherwise lower {longest}, or set "
        "training.gradient_checkpointing: true. --resume goes on only with the settings it began with"
    )
