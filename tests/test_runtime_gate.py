"""int8 and its gate: what moves with its batch, errs or is slow is refused, and the bundle says so."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

import onoma
from onoma.cli import app
from onoma.corpus import read_split
from onoma.errors import InputError
from onoma.runtime import Tagger, gate
from onoma.runtime.bundle import read_manifest
from onoma.runtime.confidence import Confidence
from onoma.runtime.fixed_ranges import with_fixed_ranges
from onoma.runtime.gate import STEPS, try_int8, write_quantised
from onoma.runtime.network import Network
from onoma.runtime.quantise import METHODS, PIECE_METHODS, Method
from onoma.text import Document
from small_encoders import small_bundle
from small_networks import SENTENCES, SMALL, TAGS, build, same_entities, sharpened, write_small

ALONE = "dynamic, a sentence at a time"


@pytest.fixture(scope="module")
def dev(tiny_corpus: Path) -> list[Document]:
    return list(read_split(tiny_corpus, "dev"))


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_bundle, tmp_path / "fp32", ignore=shutil.ignore_patterns("training"))


@pytest.fixture
def speeds(monkeypatch):
    """Speeds as told: how fast this machine is today is no matter of tests."""

    def say(*ratios: float) -> None:
        told = iter(ratios)
        monkeypatch.setattr(gate, "_speeds", lambda plain, tagger, dev: np.full((8, 2), next(told)))

    return say


def plain_graph(graph: Path, _) -> onnx.ModelProto:
    return onnx.load(graph)


def wrecked(graph: Path, _) -> onnx.ModelProto:
    """As int8 gone wrong: every weight matrix rounded to next to nothing."""
    model = onnx.load(graph)
    for weight in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.ndim > 1:
            weight.CopyFrom(onnx.numpy_helper.from_array(np.round(values) * 0, weight.name))
    return model


def test_every_way_keeps_the_law_of_batches_or_is_refused_for_it(bundle, dev, speeds):
    speeds(*[2.0] * len(METHODS))
    steps = []
    quantised, _ = try_int8(bundle, dev, progress=lambda: steps.append(1))
    assert len(steps) == STEPS
    trials = {trial.method: trial for trial in quantised.trials}
    assert trials["dynamic"].batch_gap > 1e-4
    assert "the rest of a batch moves a probability" in trials["dynamic"].refused
    for name in set(METHODS) - {"dynamic"}:
        assert trials[name].batch_gap <= 1e-4
        assert "batch moves" not in trials[name].refused
    assert trials["dynamic"].bytes < read_manifest(bundle).files["tags.onnx"].bytes * 2


def test_what_is_not_faster_is_refused_and_the_bundle_says_so(bundle, dev, speeds, tmp_path):
    speeds(*[0.99] * len(METHODS))
    quantised, graph = try_int8(bundle, dev)
    assert quantised.method is None
    assert all("it is not faster here (0.99 and 0.99" in trial.refused for trial in quantised.trials)
    written = write_quantised(bundle, tmp_path / "out", quantised, graph, dev)
    assert written == read_manifest(tmp_path / "out")
    assert written.files == read_manifest(bundle).files
    assert written.scores == read_manifest(bundle).scores
    card = (tmp_path / "out" / "CARD.md").read_text(encoding="utf-8")
    assert "int8 refused, fp32 kept" in card
    assert "it is not faster here" in card


def test_what_loses_entities_is_refused_however_fast(bundle, dev, speeds, monkeypatch):
    monkeypatch.setattr(gate, "methods_for", lambda _: {"naive": Method(wrecked)})
    speeds(9.0)
    quantised, graph = try_int8(bundle, dev)
    [trial] = quantised.trials
    assert quantised.method is None
    assert trial.f1 < 0.3
    assert trial.f1_change_high < -0.1
    assert trial.refused.startswith("F1 falls by")
    assert graph.tags == (bundle / "tags.onnx").read_bytes()


def test_the_fastest_of_those_that_pass_is_taken(bundle, dev, speeds, monkeypatch):
    monkeypatch.setattr(
        gate, "methods_for", lambda _: {name: Method(plain_graph) for name in ("slow", "quick", "quicker")}
    )
    speeds(0.9, 1.2, 1.5)
    quantised, _ = try_int8(bundle, dev)
    assert quantised.method == "quicker"
    assert [bool(trial.refused) for trial in quantised.trials] == [True, False, False]


@pytest.fixture
def int8(bundle, dev, speeds, monkeypatch, tmp_path) -> Path:
    monkeypatch.setattr(gate, "methods_for", lambda _: {ALONE: METHODS[ALONE]})
    monkeypatch.setattr(gate, "F1_MAY_FALL", 1.0)
    speeds(2.0)
    quantised, graph = try_int8(bundle, dev)
    write_quantised(bundle, tmp_path / "int8", quantised, graph, dev)
    return tmp_path / "int8"


def test_an_int8_bundle_is_a_bundle_like_any_other(int8, bundle, dev):
    manifest = read_manifest(int8)
    assert manifest.alone
    assert manifest.version != read_manifest(bundle).version
    assert set(manifest.scores) == {"dev"}
    assert "int8 accepted" in (int8 / "CARD.md").read_text(encoding="utf-8")
    tagger = onoma.load(int8, threads=2)
    texts = [document.text for document in dev]
    together = tagger(texts)
    assert together == [tagger([text])[0] for text in texts]
    assert together[::-1] == tagger(texts[::-1])
    assert sum(len(document.entities) for document in together) > 30


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("method", sorted(set(METHODS) - {"dynamic", "static, every operator"}))
def test_what_may_pass_obeys_the_law_of_batches_in_every_architecture(
    name, method, speeds, monkeypatch, tmp_path
):
    folder = write_small(tmp_path / "fp32", sharpened(build(name, seed=5)).eval(), name, Confidence())
    if not METHODS[method].suits(folder):
        assert name in ("pooled", "bilstm-attention")
        return
    chance = random.Random(f"{name} {method}")
    words = [word for sentence in SENTENCES for word in sentence] + ["unseen", "東", "x" * 40]
    texts = [" ".join(chance.choices(words, k=chance.randint(1, 40))) for _ in range(60)]
    gold = Tagger(folder, threads=1)(texts)
    monkeypatch.setattr(gate, "methods_for", lambda _: {method: METHODS[method]})
    monkeypatch.setattr(gate, "F1_MAY_FALL", 1.0)
    speeds(2.0)
    quantised, graph = try_int8(folder, gold)
    assert quantised.method == method, quantised.trials
    write_quantised(folder, tmp_path / "int8", quantised, graph, gold)
    tagger = Tagger(tmp_path / "int8", threads=2)
    together = tagger(texts)
    assert any(document.entities for document in together)
    for text, document in zip(texts, together, strict=True):
        assert same_entities(document, tagger([text])[0])


@pytest.mark.parametrize("name", [name for name in SMALL if name != "pooled"])
def test_fixed_ranges_change_nothing_in_fp32(name, tmp_path):
    tagger = Tagger(write_small(tmp_path, sharpened(build(name, seed=5)).eval(), name, Confidence()))
    inputs = tagger.engine.inputs(SENTENCES)
    model = onnx.load(tmp_path / "tags.onnx")
    with_fixed_ranges(model, [tagger.engine.network.feeds(inputs)])
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, tmp_path / "fixed.onnx")
    found = Network(tmp_path / "fixed.onnx")(inputs).emissions
    assert np.abs(found - tagger.engine.network(inputs).emissions)[inputs["mask"]].max() < 1e-5


def test_naive_static_int8_of_an_attention_network_is_refused(speeds, monkeypatch, tmp_path):
    """Its mask of -1e9 is quantised along with what is masked."""
    name, naive = "bilstm-attention", "static, every operator"
    folder = write_small(tmp_path, sharpened(build(name, seed=5)).eval(), name, Confidence())
    gold = Tagger(folder)([" ".join(sentence) for sentence in SENTENCES] * 20)
    monkeypatch.setattr(gate, "methods_for", lambda _: {naive: METHODS[naive]})
    speeds(2.0)
    quantised, _ = try_int8(folder, gold)
    assert quantised.method is None
    assert "moves a probability" in quantised.trials[0].refused


def test_every_way_is_tried_on_an_encoder(dev, speeds, tmp_path):
    speeds(*[2.0] * len(PIECE_METHODS))
    fp32 = small_bundle(tmp_path, TAGS)
    found = [document.replace(entities=document.entities[:2]) for document in Tagger(fp32)(dev)]
    quantised, _ = try_int8(fp32, found)
    assert [trial.method for trial in quantised.trials] == list(PIECE_METHODS)
    for trial in quantised.trials:
        assert bool(trial.refused) == (trial.batch_gap > 1e-4 or trial.f1_change < -0.002)
    by_name = {trial.method: trial for trial in quantised.trials}
    assert by_name["a scale a row"].batch_gap < 1e-4


def test_an_int8_bundle_is_not_quantised_twice(int8, dev):
    with pytest.raises(InputError, match="int8 bundle already"):
        try_int8(int8, dev)


def test_its_whole_graph_takes_one_sentence_at_a_time(int8, dev):
    from onoma.runtime.whole_graph import whole_graph

    [index] = [each for each in whole_graph(Tagger(int8)).graph.input if each.name == "index"]
    assert index.type.tensor_type.shape.dim[0].dim_value == 1


def test_a_corpus_without_entities_says_nothing_of_f1(bundle):
    with pytest.raises(InputError, match="no entities"):
        try_int8(bundle, [Document.from_text("nobody came")])


class TestCommand:
    @staticmethod
    def export(*words: object) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["export", *map(str, words)], prog_name="onoma")
        return done.exit_code, done.output

    def test_a_refusal_is_exit_code_10_and_leaves_fp32(self, bundle, tiny_corpus, speeds, tmp_path):
        speeds(*[0.5] * len(METHODS))
        out, verdict = tmp_path / "out", tmp_path / "verdict.json"
        code, text = self.export(
            bundle, "--to", "onnx-int8", "--dev", tiny_corpus, "--out", out, "--json", verdict
        )
        assert code == 10
        assert "int8 refused, fp32 kept" in text
        assert "static: it is not faster here (0.50 and 0.50 times fp32" in text
        assert json.loads(verdict.read_text(encoding="utf-8"))["method"] is None
        assert Tagger(out)(["Ada Stone slept ."]) == Tagger(bundle)(["Ada Stone slept ."])

    def test_an_acceptance_is_exit_code_0(self, bundle, tiny_corpus, speeds, monkeypatch, tmp_path):
        monkeypatch.setattr(gate, "F1_MAY_FALL", 1.0)
        speeds(*[2.0] * len(METHODS))
        code, text = self.export(
            bundle,
            "--to",
            "onnx-int8",
            "--dev",
            tiny_corpus,
            "--calibrate",
            tiny_corpus,
            "--out",
            tmp_path / "o",
        )
        assert code == 0, text
        assert read_manifest(tmp_path / "o").quantised.method

    def test_one_graph_in_a_file(self, bundle, tmp_path):
        code, text = self.export(bundle, "--to", "onnx", "--out", tmp_path / "tiny.onnx")
        assert code == 0, text
        model = onnx.load(tmp_path / "tiny.onnx")
        assert [each.name for each in model.graph.output][-2:] == ["entities", "probabilities"]
        assert "Outputs: emissions" in model.doc_string
        assert json.loads(model.metadata_props[0].value)["labels"] == ["geo", "per"]

    @pytest.mark.parametrize("words", [["--to", "onnx-int8"], ["--to", "onnx", "--dev", "corpus"]])
    def test_dev_goes_with_int8(self, bundle, words, tmp_path):
        code, text = self.export(bundle, *words, "--out", tmp_path / "out")
        assert code == 2
        assert "--dev CORPUS goes with --to onnx-int8" in text


def test_training_may_end_with_the_gate(tiny_recipe, cache, monkeypatch, speeds, tmp_path):
    from onoma.training.recipe import load_recipe
    from onoma.training.run import Finished, Gated, run_recipe
    from onoma.training.tracking import describe

    monkeypatch.setenv("ONOMA_CACHE", str(cache))
    monkeypatch.setattr(gate, "methods_for", lambda _: {ALONE: METHODS[ALONE]})
    monkeypatch.setattr(gate, "F1_MAY_FALL", 1.0)
    speeds(2.0)
    recipe = load_recipe(tiny_recipe, ["export.int8=auto", "training.epochs=2"])
    events = list(run_recipe(recipe, tmp_path / "out"))
    [gated] = [event for event in events if isinstance(event, Gated)]
    assert describe(gated).startswith(f"int8 accepted ({ALONE})")
    assert isinstance(events[-1], Finished)
    manifest = read_manifest(tmp_path / "out")
    assert manifest.quantised == gated.quantised
    assert set(manifest.scores) == {"dev", "test"}


def test_off_is_a_word_in_a_recipe(tiny_recipe):
    from onoma.training.recipe import load_recipe

    assert load_recipe(tiny_recipe, ["export.int8=off"]).export.int8 == "off"
