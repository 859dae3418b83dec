"""What MLflow is told of a run: a local store in a fresh folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from onoma.evaluation import score_spans
from onoma.runtime.bundle import read_manifest
from onoma.training.loop import Epoch, Step
from onoma.training.recipe import load_recipe
from onoma.training.run import Finished, Judged, Started
from onoma.training.tracking import logged, tracked

# MLflow's own use of libraries that have moved on
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def events(tiny_bundle) -> list[object]:
    scores = score_spans([[(0, 1, "per")]], [[(0, 1, "per")]], [2])
    return [
        Started(10, "ab" * 32, {"train": 5}, ["per"], []),
        Step(0, 1, 1, 0.9, 20, 0.1),
        Epoch(0, 0.5, 0.4, 0.25, 0.01, True, 1.0),
        Epoch(1, 0.3, 0.2, 0.75, 0.001, True, 1.0),
        Judged("test", scores),
        Finished(tiny_bundle, read_manifest(tiny_bundle)),
    ]


def test_parameters_scores_curves_and_bundle_are_tracked(events, tiny_recipe, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    store = f"sqlite:///{tmp_path / 'runs.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    recipe, work = load_recipe(tiny_recipe), tmp_path / "work"
    work.mkdir()
    assert list(tracked(logged(iter(events), work), recipe, work)) == events

    client = mlflow.MlflowClient(store)
    experiment = client.get_experiment_by_name("onoma")
    [run] = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["network.hidden"] == "12"
    assert run.data.params["corpus.fingerprint"] == "ab" * 32
    assert run.data.metrics["test.strict.f1"] == 1.0
    curve = client.get_metric_history(run.info.run_id, "dev_f1")
    assert [(point.step, point.value) for point in curve] == [(0, 0.25), (1, 0.75)]
    kept = {a.path for part in ("", "bundle", "curves") for a in client.list_artifacts(run.info.run_id, part)}
    assert {
        "log.txt",
        "bundle/bundle.json",
        "bundle/tags.onnx",
        "bundle/words.onnx",
        "curves/curves.png",
    } <= kept


def test_a_run_refused_before_it_begins_leaves_no_trace(tiny_recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def refused():
        raise ValueError("no such corpus")
        yield

    with pytest.raises(ValueError, match="no such corpus"):
        list(tracked(refused(), load_recipe(tiny_recipe), tmp_path))
    assert list(Path().iterdir()) == []


def test_epochs_told_again_are_noted_once_and_done_again_replaced(tmp_path):
    first, second = Epoch(0, 0.5, 0.4, 0.2, 0.1, True), Epoch(1, 0.4, 0.3, 0.3, 0.1, True)
    list(logged([first, second], tmp_path))
    again = Epoch(1, 0.4, 0.3, 0.3, 0.1, True, 9.0)
    list(logged([first, again], tmp_path))
    text = (tmp_path / "history.json").read_text()
    assert text.count('"epoch"') == 2
    assert '"seconds": 9.0' in text
    assert (tmp_path / "log.txt").read_text().count("epoch 1:") == 1
