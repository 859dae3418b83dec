"""A whole run through the command: what is written, what is refused, what is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from onoma.cli import main
from onoma.errors import RecipeError
from onoma.training import run as runs
from onoma.training.recipe import load_recipe
from onoma.training.run import Judged, Skipped, Started, run_recipe

Train = Callable[..., tuple[int, str]]
FAST = ("training.epochs=1",)


@pytest.fixture(autouse=True)
def cached(cache, monkeypatch) -> None:
    monkeypatch.setenv("ONOMA_CACHE", str(cache))


@pytest.fixture
def run_train(tiny_recipe, tmp_path, capfd) -> Train:
    """``onoma train`` with settings; its exit code and what it says."""

    def run(
        *settings: str, out: Path | None = None, more: tuple[str, ...] = ("--no-tracking",)
    ) -> tuple[int, str]:
        sets = [part for setting in (*FAST, *settings) for part in ("--set", setting)]
        with pytest.raises(SystemExit) as ended:
            main(["train", str(tiny_recipe), "--out", str(out or tmp_path / "out"), *more, *sets])
        return int(ended.value.code or 0), " ".join(capfd.readouterr().err.split())

    return run


@pytest.fixture
def parts(tiny_corpus, tmp_path) -> Callable[..., list[str]]:
    """Settings for a corpus of single files, some of them replaced."""

    def parts(**texts: str) -> list[str]:
        found = ["corpus.path=null"]
        for part in ("train", "dev", "test"):
            path = tiny_corpus / f"{part}.conll"
            if part in texts:
                path = tmp_path / f"{part}.conll"
                path.write_text(texts[part], encoding="utf-8")
            found.append(f"corpus.{part}={path}")
        return found

    return parts


def test_without_tracking_no_mlflow_is_imported(run_train, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)  # to import it would fail
    code, err = run_train()
    assert code == 0
    assert "epoch 1: loss" in err
    work = tmp_path / "out" / "training"
    assert {path.name for path in work.iterdir()} == {
        "best.pt", "last.pt", "recipe.yaml", "log.txt", "history.json", "curves.png",
    }  # fmt: skip
    assert (work / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert load_recipe(work / "recipe.yaml").training.epochs == 1
    [row] = json.loads((work / "history.json").read_text())
    assert row["best"] is True
    log = (work / "log.txt").read_text()
    assert all(part in log for part in ("labels: geo, per", "epoch 1:", "dev: strict F1", "test: strict F1"))


def test_tracking_without_mlflow_names_the_extra(run_train, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    code, err = run_train(more=())
    assert code == 8
    assert "pip install 'onoma[train]'" in err


def test_an_earlier_run_is_not_lost(run_train, tmp_path):
    assert run_train()[0] == 0
    before = (tmp_path / "out" / "bundle.json").read_bytes()
    code, err = run_train()
    assert code == 2
    assert "--resume" in err
    assert (tmp_path / "out" / "bundle.json").read_bytes() == before
    code, err = run_train(more=("--no-tracking", "--resume"))
    assert code == 0
    assert (tmp_path / "out" / "bundle.json").read_bytes() == before
    history = json.loads((tmp_path / "out" / "training" / "history.json").read_text())
    assert len(history) == 1


def test_resuming_with_another_recipe_is_refused_and_the_recipe_kept(run_train, tmp_path):
    assert run_train()[0] == 0
    code, err = run_train("seed=5", more=("--no-tracking", "--resume"))
    assert code == 7
    assert "made with another recipe" in err
    assert load_recipe(tmp_path / "out" / "training" / "recipe.yaml").seed == 3


def test_labels_that_only_dev_has_are_missed_and_named(run_train, parts, tmp_path):
    dev = "Ada B-per\nwent O\nto O\nOldport B-geo\n\nthe O\nStorm B-eve\n"
    code, err = run_train(*parts(dev=dev))
    assert code == 0
    assert "not in train, so missed on dev: eve" in err
    scores = json.loads((tmp_path / "out" / "bundle.json").read_text())["scores"]["dev"]
    assert scores["strict"]["types"]["eve"]["support"] == 1
    assert scores["strict"]["types"]["eve"]["recall"] == 0


@pytest.mark.parametrize("part", ["train", "dev"])
@pytest.mark.parametrize("text", ["", "\n\n\n", "-DOCSTART- O\n\n"], ids=["empty", "blank", "no words"])
def test_an_empty_part_is_a_clear_error(run_train, parts, part, text):
    code, err = run_train(*parts(**{part: text}))
    assert code == 3
    assert f"{part}.conll" in err


def test_a_test_part_that_cannot_be_read_is_told(tiny_recipe, parts, tmp_path):
    recipe = load_recipe(tiny_recipe, [*parts(test=""), *FAST])
    events = list(run_recipe(recipe, tmp_path / "out"))
    assert [event.split for event in events if isinstance(event, Judged)] == ["dev"]
    [skipped] = [event for event in events if isinstance(event, Skipped)]
    assert (skipped.split, "empty" in skipped.reason) == ("test", True)
    assert [event.unseen for event in events if isinstance(event, Started)] == [[]]


def test_train_and_dev_must_not_be_one_file(tiny_recipe, tiny_corpus, tmp_path):
    recipe = load_recipe(tiny_recipe, [f"corpus.path={tiny_corpus / 'train.conll'}"])
    with pytest.raises(RecipeError, match="train and dev are the same file"):
        next(run_recipe(recipe, tmp_path / "out"))


def test_a_corpus_without_entities_is_refused(run_train, parts):
    code, err = run_train(*parts(train="nobody O\nwrote O\n"))
    assert code == 4
    assert "has no entities" in err


@pytest.mark.parametrize("setting", ["corpus.path=nowhere", "corpus.format=conl", "corpus.tag_column=9"])
def test_a_corpus_that_cannot_be_read_is_a_clear_error(run_train, setting):
    code, err = run_train(setting)
    assert code in (2, 3)
    assert "Traceback" not in err


def test_an_unwritable_place_is_refused_before_anything_is_read(run_train, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "prepare", None)  # to call it would fail
    (tmp_path / "file").write_text("in the way")
    code, err = run_train(out=tmp_path / "file" / "out")
    assert code == 6
    assert "cannot write to" in err
    assert "choose another --out" in err


def test_a_disk_that_fills_up_while_the_bundle_is_written(run_train, tmp_path, monkeypatch):
    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs, "write_bundle", full)
    code, err = run_train()
    assert code == 6
    assert "No space left" in err
    assert not (tmp_path / "out" / "bundle.json").exists()
    monkeypatch.undo()
    assert (tmp_path / "out" / "training" / "best.pt").is_file()


def test_a_diverging_run_ends_with_its_own_exit_code(run_train):
    code, err = run_train("optimiser.rate=1e37", "optimiser.clip=null")
    assert code == 7
    assert "optimiser.rate" in err
