"""Several seeds of one recipe: through the command, stopped and gone on with, and their card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from onoma.cli import main
from onoma.evaluation.seed_card import SeedCard, SeedRun, seed_charts, seed_page, seed_remarks, seed_sheets
from onoma.evaluation.sheets import as_markdown


@pytest.fixture(autouse=True)
def cached(cache, monkeypatch) -> None:
    monkeypatch.setenv("ONOMA_CACHE", str(cache))


def train(recipe: Path, out: Path, *more: str) -> int:
    settings = ["--set", "training.epochs=2", "--no-tracking"]
    with pytest.raises(SystemExit) as ended:
        main(["train", str(recipe), "--out", str(out), *settings, *more])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def two(tiny_recipe, cache, tmp_path_factory) -> Path:
    """Two seeds, trained."""
    out = tmp_path_factory.mktemp("seeds") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONOMA_CACHE", str(cache))
        assert train(tiny_recipe, out, "--seeds", "2") == 0
    return out


def test_each_seed_is_a_bundle_and_all_make_a_card(two):
    manifests = [json.loads((two / f"seed-{n}" / "bundle.json").read_text()) for n in (1, 2)]
    assert [manifest["recipe"]["seed"] for manifest in manifests] == [1, 2]
    card = json.loads((two / "seeds.json").read_text())
    f1 = card["splits"]["dev"]["figures"]["F1"]
    values = [manifest["scores"]["dev"]["strict"]["micro"]["f1"] for manifest in manifests]
    assert f1["values"] == values
    assert f1["mean"] == pytest.approx(sum(values) / 2)
    assert f1["deviation"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    assert card["best_on_dev"] == f"seed-{1 + values.index(max(values))}"
    assert [len(run["training"]["history"]) for run in card["runs"]] == [2, 2]
    page = (two / "seeds.html").read_text(encoding="utf-8")
    assert "Best on dev: seed-" in page
    assert page.count("<svg") >= 4


def test_an_earlier_run_is_not_lost_and_finished_seeds_are_not_trained_again(
    two, tiny_recipe, tmp_path, capfd
):
    out = tmp_path / "out"
    shutil.copytree(two, out)
    assert train(tiny_recipe, out, "--seeds", "2") == 2
    assert "--resume" in capfd.readouterr().err
    before = {path: path.stat().st_mtime_ns for path in out.glob("seed-*/**/*.pt")}
    (out / "seeds.json").unlink()
    assert train(tiny_recipe, out, "--seeds", "2", "--resume") == 0
    assert {path: path.stat().st_mtime_ns for path in out.glob("seed-*/**/*.pt")} == before
    shown = capfd.readouterr()
    assert "epoch 1" not in shown.err
    assert "best on dev" in shown.out.lower()
    assert (out / "seeds.json").read_bytes() == (two / "seeds.json").read_bytes()


def test_a_seed_that_was_stopped_goes_on_and_ends_the_same(two, tiny_recipe, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(two / "seed-1", out / "seed-1")
    (out / "seed-2").mkdir()
    assert train(tiny_recipe, out, "--seeds", "2", "--resume") == 0
    for name in ("tags.onnx", "words.onnx"):
        assert (out / "seed-2" / name).read_bytes() == (two / "seed-2" / name).read_bytes()


def test_seeds_of_another_recipe_are_refused(two, tiny_recipe, tmp_path, capfd):
    out = tmp_path / "out"
    shutil.copytree(two, out)
    more = ("--seeds", "2", "--resume", "--set", "optimiser.rate=0.01")
    assert train(tiny_recipe, out, *more) == 7
    assert "made with another recipe" in capfd.readouterr().err


def scores(f1: float, **types: float) -> dict[str, object]:
    micro = {"precision": f1, "recall": f1, "f1": f1}
    table = {label: {"f1": value} for label, value in types.items()}
    return {"strict": {"micro": micro, "macro": {"f1": f1}, "types": table}, "tokens": {"accuracy": 0.9}}


@pytest.fixture
def card() -> SeedCard:
    def run(seed: int, dev: float, test: float, losses: list[float]) -> SeedRun:
        history = [
            {"epoch": i, "loss": 1 / (i + 1), "dev_loss": loss, "dev_f1": dev, "best": i == 0}
            for i, loss in enumerate(losses)
        ]
        kept = {"dev": scores(dev, per=dev), "test": scores(test, per=test, geo=0.5)}
        return SeedRun(f"seed-{seed}", seed, kept, history)

    return SeedCard("three", [run(1, 0.8, 0.9, [1, 2, 3]), run(2, 0.9, 0.7, [1, 0.9]), run(3, 0.9, 0.8, [])])


def test_the_best_is_chosen_on_dev_and_the_first_of_equals(card):
    assert card.best.name == "seed-2"


def test_its_tables_and_remarks(card):
    figures, runs, labels = map(as_markdown, seed_sheets(card).values())
    assert "| F1 | 86.67 ± 5.77 | 80.00 ± 10.00 |" in figures
    assert "| seed-2 (best on dev) | 90.00 | 70.00 | 1 | 2 |" in runs
    assert "| geo |  | 50.00 ± 0.00 |" in labels
    best, advice = seed_remarks(card)
    assert best == "Best on dev: seed-2, F1 90.00"
    assert advice.startswith("seed-1: dev loss rose")


def test_its_charts_hold_all_runs_though_some_stopped_early(card):
    drawn = seed_charts(card)
    assert len(drawn["runs"]) == 3
    assert "seed-3" in drawn["runs"][0].svg()
    assert "<!doctype html>" in seed_page(card)


def test_one_seed_has_no_deviation(card):
    one = SeedCard("one", card.runs[:1])
    assert "| F1 | 80.00 | 90.00 |" in as_markdown(seed_sheets(one)["figures"])
    assert one.to_dict()["splits"]["dev"]["figures"]["F1"]["deviation"] is None
