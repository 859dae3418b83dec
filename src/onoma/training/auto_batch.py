"""The largest batch that fits into memory, found on the longest rows; a step learns from as many as before.

On a GPU a size fits when a whole step with it does not run out of memory. On a CPU, where running out would
end the process, it fits when the step's resident memory stays below `SHARE` of what was free; a size that a
smaller one shows to be too large is not tried at all.
"""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
import yaml

from onoma.errors import InputError, TrainingError
from onoma.features.batch import pad_index
from onoma.training.batches import Table, gold_of
from onoma.training.free_memory import free_memory, in_use, peak_of
from onoma.training.loop import Run
from onoma.training.prepare import prepare
from onoma.training.recipe import Recipe
from onoma.training.schedule import MovingAverage, make_optimiser
from onoma.training.trouble import accelerator_for, is_out_of_memory

__all__ = ["SHARE", "Advice", "divided", "fit_batch", "largest", "longest_rows"]

SHARE = 0.7
"""How much of the memory that is free on a CPU a step may take."""


_GIB = 2**30
_PRECISIONS = {"no": None, "bf16": torch.bfloat16, "fp16": torch.float16}


class Advice(NamedTuple):
    """What was found: the batch, and how many of them make one step of the recipe's."""

    batch_size: int
    accumulate: int
    unit: str
    found: str  # how, in words

    def __str__(self) -> str:
        summed = f", {self.accumulate} of them to a step" if self.accumulate > 1 else ", a whole step at once"
        return f"--auto-batch: batches of {self.batch_size} {self.unit}{summed} ({self.found})"


def fit_batch(recipe: Recipe, folder: Path, *, resume: bool = False) -> tuple[Recipe, Advice]:
    """``recipe`` with the largest batch that fits, and what was found.

    A step learns from as many sentences or tokens as before: what a batch lacks is made up by accumulation.
    A run that is resumed keeps what it began with. ``folder`` is where the run keeps its checkpoints. Raises
    `TrainingError` when not even the smallest batch fits, and what `prepare` raises.
    """
    kept = folder / "recipe.yaml"
    if resume and kept.is_file():
        return _as_begun(recipe, kept)
    wanted = recipe.training.batch_size * recipe.optimiser.accumulate
    trial = _Trial(prepare(recipe, folder).run)
    size = largest(trial.fits, wanted)
    found = trial.told()
    if not size:
        raise TrainingError(
            f"not even the smallest batch fits ({found}): lower training.max_length or network.limit, set "
            "training.gradient_checkpointing: true, freeze layers, or take a smaller encoder"
        )
    return _changed(recipe, *divided(wanted, size), found)


def _changed(recipe: Recipe, size: int, times: int, found: str) -> tuple[Recipe, Advice]:
    training = recipe.training.model_copy(update={"batch_size": size})
    optimiser = recipe.optimiser.model_copy(update={"accumulate": times})
    changed = recipe.model_copy(update={"training": training, "optimiser": optimiser})
    return changed, Advice(size, times, training.batch_by, found)


def _as_begun(recipe: Recipe, kept: Path) -> tuple[Recipe, Advice]:
    content = yaml.safe_load(kept.read_text(encoding="utf-8"))
    try:
        size, times = content["training"]["batch_size"], content["optimiser"]["accumulate"]
    except (KeyError, TypeError) as error:
        raise InputError(f"{kept} is no recipe of a run; start anew with another --out") from error
    return _changed(recipe, size, times, "as the run began")


def divided(wanted: int, fits: int) -> tuple[int, int]:
    """A batch of at most ``fits``, and how many of it make ``wanted``, exactly if that does not halve it.

    >>> divided(32, 20), divided(30, 4), divided(31, 30), divided(32, 64)
    ((16, 2), (3, 10), (16, 2), (32, 1))
    """
    exact = max(size for size in range(1, min(fits, wanted) + 1) if wanted % size == 0)
    if 2 * exact > fits or exact == wanted:
        return exact, wanted // exact
    times = -(-wanted // fits)
    return -(-wanted // times), times


def largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest size up to ``most`` that fits, 0 if none does: doubled while it fits, then bisected.

    >>> largest(lambda size: size <= 11, 32), largest(lambda size: True, 32), largest(lambda size: False, 32)
    (11, 32, 0)
    """
    good, bad = 0, most + 1
    while good < most and good + 1 < bad:
        size = min(2 * good or 1, most) if bad > most else (good + bad) // 2
        good, bad = (size, bad) if fits(size) else (good, size)
    return good


def longest_rows(plan: Sequence[Any], table: Table, size: int, by: str) -> list[Any]:
    """The longest rows of a plan of single rows, as many as a batch of ``size`` has of them, one at least."""
    order = sorted((row for batch in plan for row in batch), key=lambda row: -table.tokens([row]))
    width = table.tokens(order[:1])
    if by == "tokens":
        return order[: max(1, size // width)]
    chosen, held = order[:1], len(table.batch(order[:1])[1])
    for row in order[1:]:
        held += len(table.batch([row])[1])
        if held > size:
            break
        chosen.append(row)
    return chosen


class _Trial:
    """Tries whole steps on copies of a run's network."""

    def __init__(self, run: Run) -> None:
        self._run, self._training = run, run.recipe.training
        self._device = accelerator_for(self._training).device
        single = self._training.model_copy(update={"batch_size": 1})
        self._plan = run.table.epoch(single, run.recipe.seed, 0)
        self._free, self._before = free_memory(self._device), in_use(self._device)
        self._taken: dict[int, int] = {}  # bytes a step took, by size

    def fits(self, size: int) -> bool:
        """Whether a step with batches of ``size`` fits."""
        if self._device.type == "cpu" and self._predicted(size) > SHARE * self._free:
            return False
        try:
            taken = peak_of(lambda: self._step(size), self._device) - self._before
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return False
        finally:
            gc.collect()
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
        self._taken[size] = taken
        return self._device.type != "cpu" or taken <= SHARE * self._free

    def _predicted(self, size: int) -> float:
        """What a step may take, on the line through the two largest sizes that were tried."""
        tried = sorted(self._taken.items())[-2:]
        if len(tried) < 2:
            return max(self._taken.values(), default=0)
        (a, low), (b, high) = tried
        return high + (size - b) * max(0, high - low) / (b - a)

    def _step(self, size: int) -> None:
        """Learn once from the longest rows, as the loop does, and forget it."""
        run = self._run
        network = copy.deepcopy(run.network).to(self._device).train()
        if self._training.gradient_checkpointing:
            network.save_memory()
        optimiser = make_optimiser(network, run.recipe.optimiser, network.depths())
        average = MovingAverage(network, run.recipe.optimiser.average)
        rows = longest_rows(self._plan, run.table, size, self._training.batch_by)
        arrays, parts = run.table.batch(rows)
        gold, _ = pad_index([gold_of(run.store, part, network.tags) for part in parts])
        precision = _PRECISIONS[self._training.mixed_precision]
        with torch.autocast(self._device.type, dtype=precision, enabled=precision is not None):
            loss = network(network.tensors(arrays, self._device), torch.from_numpy(gold).to(self._device))
        loss.backward()
        optimiser.step()
        average.update(network)

    def told(self) -> str:
        """What was tried, in words."""
        if not self._taken:
            return f"{self._free / _GIB:.1f} GiB were free"
        most = max(self._taken)
        limit = f"{SHARE:.0%} of " if self._device.type == "cpu" else ""
        return (
            f"the longest rows, {most} at once, took {self._taken[most] / _GIB:.2f} GiB; "
            f"{limit}{self._free / _GIB:.1f} GiB free on {self._device.type} may be taken"
        )
