"""The largest batch that fits: the search, the rows it is tried on, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onoma.cli import main
from onoma.errors import TrainingError
from onoma.training import auto_batch
from onoma.training.auto_batch import divided, fit_batch, largest, longest_rows
from onoma.training.free_memory import free_memory, in_use, peak_of
from onoma.training.prepare import prepare
from onoma.training.recipe import Recipe, load_recipe

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def cached(cache, monkeypatch) -> None:
    monkeypatch.setenv("ONOMA_CACHE", str(cache))


@pytest.fixture
def recipe(tiny_recipe) -> Recipe:
    return load_recipe(tiny_recipe, ["training.batch_size=24", "optimiser.accumulate=2"])


@given(st.integers(1, 300), st.integers(0, 400))
def test_the_search_finds_the_largest_that_fits(most, limit):
    tried: list[int] = []

    def fits(size: int) -> bool:
        tried.append(size)
        return size <= limit

    assert largest(fits, most) == min(limit, most)
    assert len(tried) == len(set(tried)) <= 20
    assert max(tried) <= max(2 * limit, 1)  # nothing is tried that is more than twice what fits


@given(st.integers(1, 500), st.integers(1, 500))
def test_a_step_keeps_its_size(wanted, fits):
    size, times = divided(wanted, fits)
    assert 1 <= size <= fits
    assert wanted <= size * times < wanted + times
    assert times <= 2 * -(-wanted // fits)  # exactness costs at most as many batches again


def test_the_longest_rows_are_tried(recipe, tmp_path):
    run = prepare(recipe, tmp_path).run
    plan = run.table.epoch(recipe.training.model_copy(update={"batch_size": 1}), 3, 0)
    rows = longest_rows(plan, run.table, 5, "sentences")
    assert [run.table.tokens([row]) for row in rows] == sorted(run.store.lengths.tolist())[-5:][::-1]
    width = int(run.store.lengths.max())
    assert len(longest_rows(plan, run.table, 3 * width + 1, "tokens")) == 3
    assert len(longest_rows(plan, run.table, 1, "tokens")) == 1


def test_what_is_free_and_used_is_told():
    assert free_memory(CPU) > 0
    before = in_use(CPU)
    assert peak_of(lambda: torch.ones(2**24), CPU) - before > 2**25


def sized(monkeypatch: pytest.MonkeyPatch, a_row: int, free: int) -> list[int]:
    """Steps that take ``a_row`` bytes for each row, on a machine with ``free``; the sizes that are tried."""
    tried: list[int] = []

    def step(self: object, size: int) -> None:
        tried.append(size)

    monkeypatch.setattr(auto_batch._Trial, "_step", step)
    monkeypatch.setattr(auto_batch, "free_memory", lambda device: free)
    monkeypatch.setattr(auto_batch, "in_use", lambda device: 0)
    monkeypatch.setattr(auto_batch, "peak_of", lambda work, device: work() or a_row * tried[-1])
    return tried


def test_on_a_cpu_it_stays_within_its_share_and_never_tries_more(recipe, tmp_path, monkeypatch):
    tried = sized(monkeypatch, a_row=10, free=200)  # 14 rows are 0.7 of it
    fitted, advice = fit_batch(recipe, tmp_path)
    assert max(tried) == 14
    assert (fitted.training.batch_size, fitted.optimiser.accumulate) == (12, 4)
    assert str(advice).startswith(
        "--auto-batch: batches of 12 sentences, 4 of them to a step (the longest rows, 14"
    )
    assert "70% of" in str(advice)


def test_on_a_gpu_it_goes_by_what_runs_out_of_memory(recipe, tmp_path, monkeypatch):
    trial = auto_batch._Trial(prepare(recipe, tmp_path).run)
    trial._device = torch.device("meta")  # any that is no CPU

    def step(self: object, size: int) -> None:
        if size > 11:
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(auto_batch._Trial, "_step", step)
    assert largest(trial.fits, 48) == 11


def test_another_error_is_no_lack_of_memory(recipe, tmp_path, monkeypatch):
    def step(self: object, size: int) -> None:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(auto_batch._Trial, "_step", step)
    with pytest.raises(RuntimeError, match="shapes differ"):
        fit_batch(recipe, tmp_path)


def test_where_nothing_fits_it_says_what_to_change(recipe, tmp_path, monkeypatch):
    sized(monkeypatch, a_row=10, free=5)
    with pytest.raises(TrainingError, match=r"not even the smallest batch fits.*gradient_checkpointing"):
        fit_batch(recipe, tmp_path)


def test_a_real_trial_leaves_the_network_as_it_was(recipe, tmp_path):
    run = prepare(recipe, tmp_path).run
    before = {name: weight.clone() for name, weight in run.network.state_dict().items()}
    trial = auto_batch._Trial(run)
    assert largest(trial.fits, 48) == 48
    after = run.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(weight.grad is None for weight in run.network.parameters())


def test_the_command_says_what_it_chose_and_a_resumed_run_keeps_it(tiny_recipe, tmp_path, capfd, monkeypatch):
    def train(*more: str) -> str:
        base = ["train", str(tiny_recipe), "--out", str(tmp_path / "out"), "--no-tracking", "--auto-batch"]
        with pytest.raises(SystemExit) as ended:
            main([*base, "--set", "training.epochs=1", *more])
        assert not ended.value.code
        return capfd.readouterr().err

    monkeypatch.setattr(auto_batch._Trial, "fits", lambda self, size: size <= 3)
    assert "batches of 2 sentences, 4 of them to a step" in train()
    kept = load_recipe(Path(tmp_path / "out" / "training" / "recipe.yaml"))
    assert (kept.training.batch_size, kept.optimiser.accumulate) == (2, 4)
    monkeypatch.setattr(auto_batch._Trial, "fits", lambda self, size: True)
    assert "batches of 2 sentences, 4 of them to a step (as the run began)" in train("--resume")
