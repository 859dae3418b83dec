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
import torch.utils.deterministic

from onoma.errors import TrainingError
from onoma.evaluation import Scores
from onoma.models import Network
from onoma.training.batches import EpochPlan, Table
from onoma.training.checkpoint import (
    check_fits,
    load_checkpoint,
    random_state,
    restore_random_state,
    save_checkpoint,
)
from onoma.training.freezing import Freezing
from onoma.training.recipe import Recipe
from onoma.training.schedule import MovingAverage, make_optimiser, rate_at
from onoma.training.store import Store
from onoma.training.trouble import accelerator_for, divergence_advice, telling_of_memory

__all__ = ["Epoch", "Run", "Step", "fingerprint", "train"]


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
    table: Table
    judge: Callable[[Network], tuple[float, Scores]]
    folder: Path
    random: dict[str, Any]  # generators as they stood when the network's weights were drawn
    changed: Callable[[int], tuple[Store, Table]] | None = None  # the corpus of an epoch, if augmented
    teach: Callable[..., Any] | None = None  # what is learned in the place of gold tags, see `Teach`

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

    A resumed run first tells of the epochs it has behind it: who follows it may have been killed between an
    epoch's checkpoint and its note of it. Afterwards the best weights are in ``run.best``, the last state in
    ``run.last``. Raises `TrainingError` when loss or weights are no longer finite, or the checkpoint belongs
    to another recipe or corpus.
    """
    with _repeatable(run.recipe.training.threads):
        learner = _Learner(run)
        restore_random_state(run.random)
        if resume and run.last.is_file():
            learner.restore(load_checkpoint(run.last))
            yield from [Epoch(**past) for past in learner.history]
        yield from learner.epochs()


class _Learner:
    """The state of a run between two steps."""

    def __init__(self, run: Run) -> None:
        self.run, self.recipe = run, run.recipe
        training = run.recipe.training
        self.accelerator = accelerator_for(training)
        self.freezing = Freezing(run.network, training)
        if training.gradient_checkpointing:
            run.network.save_memory()
        self.freezing.at(training.epochs)  # the optimiser is given all that ever learns
        optimiser = make_optimiser(run.network, run.recipe.optimiser, run.network.depths())
        self.freezing.at(0)
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
            run, recipe = self.run, self.recipe
            self.freezing.at(self.epoch)
            tags = self.network.tags
            store, table = run.changed(self.epoch) if run.changed else (run.store, run.table)
            plan = EpochPlan(store, table, tags, recipe.training, recipe.seed, self.epoch, run.teach)
            yield from self._steps(plan)
            yield self._close_epoch()

    def _steps(self, plan: EpochPlan) -> Iterator[Step]:
        steps = math.ceil(len(plan) / self.accelerator.num_processes)
        self.model.train()
        while self.step < steps:
            self._learn(plan, steps)
            self.step += 1
            mean = self.loss_sum / self.loss_tokens
            seconds = time.perf_counter() - self.began
            yield Step(self.epoch, self.step, steps, mean, self.tokens, seconds)
            if self._due() and self.step < steps:
                self.save()

    def _due(self) -> bool:
        """Whether to save: never between batches summed into one step, whose gradients are not kept."""
        updates, rest = divmod(self.step, self.recipe.optimiser.accumulate)
        return not rest and updates % self.recipe.training.checkpoint_every == 0

    def _learn(self, plan: EpochPlan, steps: int) -> None:
        arrays, gold = plan[self._batch(plan, self.step)]
        tokens = int(arrays.lengths.sum())
        first = self.step - self.step % self.recipe.optimiser.accumulate
        group = range(first, min(first + self.recipe.optimiser.accumulate, steps))
        summed = sum(plan.tokens(self._batch(plan, step)) for step in group)
        with telling_of_memory(self.recipe, len(arrays.lengths)):
            batch = self.network.tensors(arrays, self.accelerator.device)
            with self.accelerator.autocast():
                loss = self.model(batch, _tensor(gold).to(self.accelerator.device))
            self._count(float(loss.detach()), tokens)
            # weighed by tokens, batches summed into one step give the gradient of one large batch
            self.accelerator.backward(loss * (tokens / summed))
            if self.step == group[-1]:
                self._update(steps)

    def _batch(self, plan: EpochPlan, step: int) -> int:
        """The batch that this process learns from at ``step``."""
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        batch: int = (step * world + rank) % len(plan)
        return batch

    def _count(self, loss: float, tokens: int) -> None:
        if not math.isfinite(loss):
            raise self._diverged(f"the loss became {loss}")
        self.loss_sum += loss * tokens
        self.loss_tokens += tokens
        self.tokens += tokens

    def _diverged(self, what: str) -> TrainingError:
        kept = self.run.last.is_file()
        good = f"the last good checkpoint is {self.run.last}" if kept else "there was no checkpoint yet"
        return TrainingError(
            f"{what} in epoch {self.epoch + 1}, step {self.step + 1}; {good}. "
            + divergence_advice(self.recipe.training)
        )

    def _update(self, steps: int) -> None:
        options = self.recipe.optimiser
        if options.clip is not None:
            self.accelerator.clip_grad_norm_(self.model.parameters(), options.clip)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(steps) * group["share"]
        before = self._loss_scale()
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.updates += 1
        # Accelerate's own word on this is wrong of fused optimisers, which leave a step out by themselves
        if self._loss_scale() >= before:
            self.average.update(self.network)
        elif self._loss_scale() < 1:
            raise self._diverged("gradients overflowed under fp16, however little the loss was scaled")

    def _loss_scale(self) -> float:
        """What the loss is multiplied by under fp16: it halves each time that gradients overflow."""
        scaler = self.accelerator.scaler
        return 1.0 if scaler is None else float(scaler.get_scale())

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
        rate = self.optimiser.param_groups[0]["lr"] / self.optimiser.param_groups[0]["share"]
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
        """Weights fit to be kept; raises `TrainingError` when one is no longer finite."""
        weights = {name: value.cpu() for name, value in self.network.state_dict().items()}
        for name, value in weights.items():
            if not torch.isfinite(value).all():
                raise self._diverged(f"the weights {name} became infinite or undefined")
        return weights

    def save(self) -> None:
        """Write the newest checkpoint."""
        self._clock()
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            save_checkpoint(self.run.last, self.state())

    def state(self) -> dict[str, Any]:
        """Everything a resumed run needs."""
        return {
            "recipe": fingerprint(self.recipe),
            "corpus": self.run.store.key,
            "labels": self.network.tags.labels,
            "network": self._weights(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": None if self.accelerator.scaler is None else self.accelerator.scaler.state_dict(),
            "average": {"weights": self.average.weights, "steps": self.average.steps},
            "random": random_state(),
            "at": {name: getattr(self, name) for name in _PLACE},
            "history": self.history,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a checkpoint's state; raises `TrainingError` when it was made by another recipe."""
        labels = self.network.tags.labels
        now = {"labels": labels, "recipe": fingerprint(self.recipe), "corpus": self.run.store.key}
        check_fits(self.run.last, state, now)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.average.steps = state["average"]["steps"]
        device = self.accelerator.device
        self.average.weights = {name: w.to(device) for name, w in state["average"]["weights"].items()}
        for name, value in state["at"].items():
            setattr(self, name, value)
        self.history = state["history"]
        restore_random_state(state["random"])


_ELSEWHERE: Any = {"output": True, "training": {"checkpoint_every", "gradient_checkpointing"}}


def _tensor(gold: Any) -> Any:
    """What a batch is to learn, as something that can move to a device."""
    return gold if hasattr(gold, "to") else torch.from_numpy(gold)


_PLACE = ("epoch", "step", "updates", "loss_sum", "loss_tokens", "epoch_seconds")


def fingerprint(recipe: Recipe) -> str:
    """Of all that shapes the weights; where they go does not, nor an option that is not taken (None)."""
    content = recipe.model_dump_json(exclude=_ELSEWHERE, exclude_none=True)
    return hashlib.sha256(content.encode()).hexdigest()


@contextmanager
def _repeatable(threads: int | None) -> Iterator[None]:
    """Deterministic kernels and a fixed number of threads, on which float sums depend."""
    before, was = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    # that also fills new memory, which takes a tenth of the time; nothing here reads what was not written
    memory: Any = torch.utils.deterministic  # its one attribute is a property that mypy does not see
    filling, memory.fill_uninitialized_memory = memory.fill_uninitialized_memory, False
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        memory.fill_uninitialized_memory = filling
        torch.use_deterministic_algorithms(was, warn_only=warn)
