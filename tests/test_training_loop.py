"""The loop: a run that was stopped, killed or crashed ends as if it never had been."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from onoma.errors import OutputError, TrainingError
from onoma.training import loop
from onoma.training.loop import Epoch, Run, Step, train
from onoma.training.prepare import prepare
from onoma.training.recipe import load_recipe

Start = Callable[..., Run]


@pytest.fixture(autouse=True)
def cached(cache, monkeypatch) -> None:
    monkeypatch.setenv("ONOMA_CACHE", str(cache))


@pytest.fixture
def start(tiny_recipe: Path, tmp_path: Path) -> Start:
    def start(*settings: str, folder: str = "work") -> Run:
        (tmp_path / folder).mkdir(exist_ok=True)
        return prepare(load_recipe(tiny_recipe, settings), tmp_path / folder).run

    return start


def load(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


def same(one: Any, other: Any) -> bool:
    """Equal in every bit, tensors and plain values alike; how long things took aside."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        timed = {"seconds", "epoch_seconds"}
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one.keys() - timed)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def fake_judge(scores: Sequence[float]) -> Callable[[Any], Any]:
    """Judges whose dev F1 is as given, epoch after epoch."""
    left = iter(scores)
    return lambda _: (1.0, SimpleNamespace(strict=SimpleNamespace(micro=SimpleNamespace(f1=next(left)))))


class TestKilled:
    """The real command, in a process of its own, killed by the kernel."""

    def command(self, recipe: Path, out: Path) -> list[str]:
        settings = ["--set", "training.checkpoint_every=2", "--set", "optimiser.accumulate=2"]
        base = [sys.executable, "-m", "onoma", "train", str(recipe), "--out", str(out), "--no-tracking"]
        return [*base, *settings, *(["--resume"] if out.exists() else [])]

    def kill_once(self, recipe: Path, out: Path, chance: random.Random) -> bool:
        """Kill a run soon after its next checkpoint; whether it was still alive by then."""
        last = out / "training" / "last.pt"
        before = last.stat().st_mtime_ns if last.exists() else 0
        process = subprocess.Popen(self.command(recipe, out), stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if last.exists() and last.stat().st_mtime_ns != before:
                time.sleep(chance.random() * 0.15)
                break
            time.sleep(0.002)
        alive = process.poll() is None
        process.kill()
        _, err = process.communicate()
        assert alive or process.returncode == 0, err
        return alive

    def test_a_run_killed_again_and_again_ends_bit_for_bit_as_one_never_killed(self, tiny_recipe, tmp_path):
        whole, torn = tmp_path / "whole", tmp_path / "torn"
        subprocess.run(self.command(tiny_recipe, whole), check=True, capture_output=True, timeout=300)
        chance = random.Random(11)
        kills = sum(self.kill_once(tiny_recipe, torn, chance) for _ in range(3))
        assert kills >= 1
        subprocess.run(self.command(tiny_recipe, torn), check=True, capture_output=True, timeout=300)
        for name in ("last.pt", "best.pt"):
            assert same(load(whole / "training" / name), load(torn / "training" / name)), name
        assert (whole / "tags.onnx").read_bytes() == (torn / "tags.onnx").read_bytes()
        bundles = [json.loads((folder / "bundle.json").read_text()) for folder in (whole, torn)]
        assert bundles[0] == bundles[1]
        histories = [json.loads((f / "training" / "history.json").read_text()) for f in (whole, torn)]
        assert same(*histories)
        assert list(torn.rglob(".*")) == []


@pytest.mark.parametrize("stop", [1, 7, 30, 31, 47, 93])
def test_resumed_from_any_step_it_ends_the_same(start, stop):
    settings = ("training.checkpoint_every=2", "optimiser.accumulate=3", "training.word_dropout=0.1")
    whole = start(*settings, folder="whole")
    events = list(train(whole))
    torn = start(*settings, folder="torn")
    list(islice(train(torn), stop))
    again = start(*settings, folder="torn")
    resumed = list(train(again, resume=True))
    assert same(load(whole.last), load(again.last))
    assert same(load(whole.best), load(again.best))
    # the resumed run tells of every epoch, also of those it found done
    assert [e.dev_f1 for e in resumed if isinstance(e, Epoch)] == [
        e.dev_f1 for e in events if isinstance(e, Epoch)
    ]


def test_steps_and_epochs_are_told_as_they_happen(start):
    run = start()
    events = list(train(run))
    tokens = int(run.store.lengths.sum())
    steps = [event for event in events if isinstance(event, Step)]
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [event.epoch for event in epochs] == [0, 1, 2]
    assert steps[-1].tokens == 3 * tokens
    assert [event.step for event in steps if event.epoch == 1] == list(range(1, steps[0].steps + 1))
    assert epochs[-1].loss < epochs[0].loss
    assert max(event.dev_f1 for event in epochs) > 0.9


def test_a_finished_run_resumed_has_nothing_left_to_do(start):
    list(train(start()))
    before = (start().last).read_bytes()
    assert all(isinstance(event, Epoch) for event in train(start(), resume=True))
    assert start().last.read_bytes() == before


@pytest.mark.parametrize("setting", ["seed=4", "training.batch_size=9", "optimiser.rate=0.01", "scheme=iob2"])
def test_resuming_with_another_recipe_is_refused(start, setting):
    list(islice(train(start()), 8))
    with pytest.raises(TrainingError, match="made with another recipe"):
        next(train(start(setting), resume=True))


def test_resuming_with_other_labels_names_both(start):
    list(islice(train(start()), 8))
    with pytest.raises(TrainingError, match="made with the labels geo, per, now they are per, place"):
        next(train(start("corpus.map={geo: place}"), resume=True))


def test_resuming_with_another_corpus_is_refused(start, tiny_corpus, tmp_path, monkeypatch):
    list(islice(train(start()), 8))
    run = start()
    run.store.key = "another"
    with pytest.raises(TrainingError, match="made with another corpus"):
        next(train(run, resume=True))


def test_where_and_how_often_checkpoints_are_written_may_change(start):
    list(islice(train(start()), 8))
    again = start("training.checkpoint_every=7", "output=elsewhere")
    assert list(train(again, resume=True))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no checkpoint", b"cut"])
def test_a_damaged_checkpoint_is_refused(start, content):
    list(islice(train(start()), 8))
    run = start()
    run.last.write_bytes(run.last.read_bytes()[:-500] if content == b"cut" else content)
    with pytest.raises(TrainingError, match="start again without --resume"):
        next(train(run, resume=True))


def test_an_absurd_rate_stops_with_a_clear_message_and_keeps_a_good_checkpoint(start):
    run = start("optimiser.rate=1e37", "optimiser.clip=null", "training.checkpoint_every=1")
    with pytest.raises(TrainingError, match=r"in epoch 1.*optimiser\.rate"):
        list(train(run))


def poison_after(run: Run, step: int) -> None:
    """Train until the weights, spoilt after ``step``, are noticed."""
    for event in train(run):
        if isinstance(event, Step) and event.step == step:
            with torch.no_grad():
                run.network.output.bias[0] = float("nan")


def test_poisoned_weights_are_noticed_and_never_saved(start):
    run = start("training.checkpoint_every=3")
    with pytest.raises(TrainingError, match="the last good checkpoint is"):
        poison_after(run, 6)  # just before the checkpoint that is due then
    state = load(run.last)
    assert state["at"]["step"] == 3
    assert all(torch.isfinite(weight).all() for weight in state["network"].values())


def test_a_loss_that_is_no_number_names_where_it_happened(start):
    message = "the loss became nan in epoch 1, step 3; there was no checkpoint yet"
    with pytest.raises(TrainingError, match=message):
        poison_after(start(), 2)


def test_a_full_disk_is_an_output_error_and_the_older_checkpoint_stays(start, monkeypatch):
    run = start()
    events = train(run)
    list(islice(events, 6))
    before = run.last.read_bytes()

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OutputError, match="No space left"):
        list(events)
    assert run.last.read_bytes() == before
    assert [path.name for path in run.folder.iterdir()] == ["last.pt"]


class TestStopping:
    def epochs(self, start: Start, scores: Sequence[float], *settings: str) -> list[Epoch]:
        run = start("training.epochs=6", *settings)
        run.judge = fake_judge(scores)
        return [event for event in train(run) if isinstance(event, Epoch)]

    def test_it_stops_after_so_many_epochs_without_a_better_f1(self, start):
        found = self.epochs(start, [0.5, 0.4, 0.5, 0.45, 0.9, 0.9], "training.patience=2")
        assert [event.best for event in found] == [True, False, False]

    def test_a_better_epoch_starts_the_count_again(self, start):
        found = self.epochs(start, [0.1, 0.1, 0.2, 0.2, 0.3, 0.3], "training.patience=2")
        assert [event.best for event in found] == [True, False, True, False, True, False]

    def test_without_patience_it_runs_to_its_end(self, start):
        assert len(self.epochs(start, [0.5, 0.4, 0.3, 0.2, 0.1, 0.0])) == 6

    def test_the_best_epochs_weights_are_kept(self, start):
        run = start("training.epochs=3", "optimiser.average=0")
        run.judge = fake_judge([0.2, 0.8, 0.3])
        kept = []
        for event in train(run):
            if isinstance(event, Epoch):
                kept.append({name: weight.clone() for name, weight in run.network.state_dict().items()})
        assert load(run.best)["epoch"] == 1
        assert same(load(run.best)["network"], kept[1])

    def test_a_run_that_never_scores_still_keeps_weights(self, start):
        run = start("training.epochs=2")
        run.judge = fake_judge([0.0, 0.0])
        list(train(run))
        assert load(run.best)["epoch"] == 0


def test_the_average_is_what_is_kept_as_best(start):
    run = start("training.epochs=1")
    list(train(run))
    best, last = load(run.best), load(run.last)
    average = last["average"]["weights"]
    assert all(torch.equal(best["network"][name], weight) for name, weight in average.items())
    assert not torch.equal(best["network"]["output.weight"], last["network"]["output.weight"])


def gradients(run: Run, monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The gradients of the first update."""
    found: list[torch.Tensor] = []
    update = loop._Learner._update

    def look(learner: Any, steps: int) -> None:
        found.extend(weight.grad.clone() for weight in run.network.parameters())
        update(learner, steps)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Learner, "_update", look)
        for _ in train(run):
            if found:
                return found
    return found


@pytest.mark.parametrize("size", [120, 96, 50])
def test_accumulated_batches_have_the_gradient_of_one_large_batch(start, monkeypatch, size):
    """Also where batches hold different numbers of tokens, and where the last group is not full."""
    large = start("training.batch_size=240", "network.dropout=0", folder="large")
    small = start(
        f"training.batch_size={size}", "optimiser.accumulate=5", "network.dropout=0", folder="small"
    )
    one, other = gradients(large, monkeypatch), gradients(small, monkeypatch)
    assert len(one) == len(other) > 5
    for a, b in zip(one, other, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_mixed_precision_trains_and_two_runs_of_different_precision_share_a_process(start):
    for precision in ("bf16", "no"):
        run = start("training.epochs=1", f"training.mixed_precision={precision}", folder=precision)
        [epoch] = [event for event in train(run) if isinstance(event, Epoch)]
        assert epoch.dev_f1 > 0.2
        assert all(w.dtype == torch.float32 for w in load(run.best)["network"].values())


def test_it_leaves_torchs_own_settings_as_they_were(start):
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    list(train(start("training.epochs=1", f"training.threads={threads + 1}")))
    assert torch.get_num_threads() == threads
    assert torch.are_deterministic_algorithms_enabled() == strict


def test_training_twice_gives_the_same_weights(start):
    one, other = start(folder="one"), start(folder="other")
    list(train(one))
    list(train(other))
    assert same(load(one.last), load(other.last))
