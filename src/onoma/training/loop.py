"""The training loop: a generator of steps and evaluations. Printing, logging and tracking are the caller's.

It runs on Accelerate: on a CPU, a GPU, or several with ``accelerate launch``. The batches of an epoch are a
function of seed and epoch, the learning rate one of the step; a checkpoint adds weights, optimiser, average
and generator states. So a run that was killed goes on, on a CPU, bit for bit as if it had not been.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from onoma.errors import TrainingError
from onoma.evaluation import Scores
from onoma.models import Network, TensorBatch
from onoma.training.batches import EpochPlan, WordTable
from onoma.training.checkpoint import load_checkpoint, random_state, restore_random_state, save_checkpoint
from onoma.training.recipe import Recipe
from onoma.training.schedule import MovingAverage, make_optimiser, rate_at
from onoma.training.store import Store

__all__ = ["Epoch", "Run", "Step", "train"]


@dataclass(frozen=True, slots=True)
class Step:
    """One batch has been learned from. ``loss`` is the mean a token over the epoch so far."""

    epoch: int  # from 0
    step: int  # batches done in this epoch
    steps: int  # batches in this epoch
    loss: float
    tokens: int  # tokens learned from since the run (or its resumption) began
    seconds: float  # since then


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch has ended and its weights have been judged on dev."""

    epoch: int
    loss: float
    dev_loss: float
    dev_f1: float
    rate: float
    best: bool
    seconds: float = (
        0.0  # learning and judging; what a killed process did after its last checkpoint is not in it
    )


@dataclass(slots=True)
class Run:
    """What a run learns from, learns with, and where it keeps its checkpoints.

    ``judge`` scores a network on dev: its mean loss a token and its scores.
    """

    recipe: Recipe
    network: Network
    store: Store
    table: WordTable
    judge: Callable[[Network], tuple[float, Scores]]
    folder: Path

    @property
    def last(self) -> Path:
        """The newest checkpoint."""
        return self.folder / "last.pt"

    @property
    def best(self) -> Path:
        """The weights with the best dev F1 so far."""
        return self.folder / "best.pt"


def train(run: Run, *, resume: bool = False) -> Iterator[Step | Epoch]:
    """Train by the recipe; ``resume`` goes on from the newest checkpoint, if there is one.

    Afterwards the best weights are in ``run.best``, the last state in ``run.last``. Raises `TrainingError`
    when the loss is no longer finite, or the checkpoint belongs to another recipe.
    """
    with _repeatable(run.recipe.training.threads):
        learner = _Learner(run)
        if resume and run.last.is_file():
            learner.restore(load_checkpoint(run.last))
        yield from learner.epochs()


class _Learner:
    """The state of a run between two steps."""

    def __init__(self, run: Run) -> None:
        self.run, self.recipe = run, run.recipe
        precision = run.recipe.training.mixed_precision
        self.accelerator = Accelerator(mixed_precision=precision)
        optimiser = make_optimiser(run.network, run.recipe.optimiser)
        self.model, self.optimiser = self.accelerator.prepare(run.network, optimiser)
        self.average = MovingAverage(self.network, run.recipe.optimiser.average)
        self.epoch = self.step = self.updates = 0
        self.loss_sum, self.loss_tokens = 0.0, 0
        self.tokens, self.began = 0, time.perf_counter()
        self.epoch_seconds, self.resumed = 0.0, self.began
        self.history: list[dict[str, Any]] = []

    @property
    def network(self) -> Network:
        network: Network = self.accelerator.unwrap_model(self.model)
        return network

    def epochs(self) -> Iterator[Step | Epoch]:
        while self.epoch < self.recipe.training.epochs and not self._out_of_patience():
            plan = EpochPlan(
                self.run.store, self.run.table, self.recipe.training, self.recipe.seed, self.epoch
            )
            yield from self._steps(plan)
            yield self._close_epoch()

    def _steps(self, plan: EpochPlan) -> Iterator[Step]:
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        steps = math.ceil(len(plan) / world)
        self.model.train()
        while self.step < steps:
            self._learn(plan, (self.step * world + rank) % len(plan), steps)
            self.step += 1
            mean = self.loss_sum / self.loss_tokens
            seconds = time.perf_counter() - self.began
            yield Step(self.epoch, self.step, steps, mean, self.tokens, seconds)
            if self.step % self.recipe.training.checkpoint_every == 0 and self.step < steps:
                self.save()

    def _learn(self, plan: EpochPlan, i: int, steps: int) -> None:
        options = self.recipe.optimiser
        arrays, gold = plan[i]
        batch = TensorBatch.of(arrays, self.accelerator.device)
        with self.accelerator.autocast():
            loss = self.model(batch, torch.from_numpy(gold).to(self.accelerator.device))
        self._count(float(loss.detach()), int(arrays.lengths.sum()))
        last = self.step + 1 == steps
        group = options.accumulate
        if last and (self.step + 1) % group:  # a last group that is not full
            group = (self.step + 1) % group
        self.accelerator.backward(loss / group)
        if last or (self.step + 1) % options.accumulate == 0:
            self._update(steps)

    def _count(self, loss: float, tokens: int) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} in epoch {self.epoch + 1}, step {self.step + 1}; the last good "
                f"checkpoint is {self.run.last}. Try a lower optimiser.rate, a smaller optimiser.clip, "
                "or no mixed precision"
            )
        self.loss_sum += loss * tokens
        self.loss_tokens += tokens
        self.tokens += tokens

    def _update(self, steps: int) -> None:
        options = self.recipe.optimiser
        if options.clip is not None:
            self.accelerator.clip_grad_norm_(self.model.parameters(), options.clip)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(steps)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.updates += 1
        self.average.update(self.network)

    def _rate(self, steps: int) -> float:
        total = math.ceil(steps / self.recipe.optimiser.accumulate) * self.recipe.training.epochs
        return rate_at(min(self.updates, total - 1), total, self.recipe.optimiser)

    def _close_epoch(self) -> Epoch:
        with self.average.applied(self.network):
            dev_loss, scores = self.run.judge(self.network)
            f1 = scores.strict.micro.f1
            best = all(f1 > past["dev_f1"] for past in self.history)
            if best and self.accelerator.is_main_process:
                save_checkpoint(self.run.best, {"network": self._weights(), "epoch": self.epoch})
        rate = self.optimiser.param_groups[0]["lr"]
        loss, seconds = self.loss_sum / self.loss_tokens, self._clock()
        event = Epoch(self.epoch, loss, dev_loss, f1, rate, best, round(seconds, 3))
        self.history.append(asdict(event))
        self.epoch, self.step = self.epoch + 1, 0
        self.loss_sum, self.loss_tokens, self.epoch_seconds = 0.0, 0, 0.0
        self.save()
        return event

    def _clock(self) -> float:
        """Seconds spent on this epoch, also before a checkpoint that it was resumed from."""
        now = time.perf_counter()
        self.epoch_seconds, self.resumed = self.epoch_seconds + now - self.resumed, now
        return self.epoch_seconds

    def _out_of_patience(self) -> bool:
        patience = self.recipe.training.patience
        best = max((past["epoch"] for past in self.history if past["best"]), default=self.epoch)
        return patience is not None and self.epoch - best > patience

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: value.cpu() for name, value in self.network.state_dict().items()}

    def save(self) -> None:
        """Write the newest checkpoint."""
        self._clock()
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            save_checkpoint(self.run.last, self.state())

    def state(self) -> dict[str, Any]:
        """Everything a resumed run needs."""
        return {
            "recipe": _fingerprint(self.recipe),
            "network": self._weights(),
            "optimiser": self.optimiser.state_dict(),
            "average": {"weights": self.average.weights, "steps": self.average.steps},
            "random": random_state(),
            "at": {name: getattr(self, name) for name in _PLACE},
            "history": self.history,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a checkpoint's state; raises `TrainingError` when it was made by another recipe."""
        if state["recipe"] != _fingerprint(self.recipe):
            raise TrainingError(
                f"{self.run.last} was made by another recipe; resume with that one, or start anew elsewhere"
            )
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average.steps = state["average"]["steps"]
        device = self.accelerator.device
        self.average.weights = {name: w.to(device) for name, w in state["average"]["weights"].items()}
        for name, value in state["at"].items():
            setattr(self, name, value)
        self.history = state["history"]
        restore_random_state(state["random"])


_PLACE = ("epoch", "step", "updates", "loss_sum", "loss_tokens", "epoch_seconds")


def _fingerprint(recipe: Recipe) -> str:
    """Of all that shapes the weights; where they go does not."""
    content = recipe.model_dump_json(exclude={"output": True, "training": {"checkpoint_every"}})
    return hashlib.sha256(content.encode()).hexdigest()


@contextmanager
def _repeatable(threads: int | None) -> Iterator[None]:
    """Deterministic kernels and a fixed number of threads, on which float sums depend."""
    before, was = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(was, warn_only=warn)
