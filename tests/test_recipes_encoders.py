"""Every recipe for an encoder trains on a small one of its kind, through the command, and makes a bundle."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
import torch

from onoma.cli import main
from onoma.training.loop import Epoch, Run, train
from onoma.training.prepare import prepare
from onoma.training.recipe import load_recipe
from small_encoders import save_encoder

RECIPES = Path(__file__).parent.parent / "recipes"
KINDS = ["bert", "distilbert", "roberta", "deberta", "electra", "albert", "xlm-r", "minilm"]
QUICK = (
    "training.epochs=1",
    "training.batch_size=16",
    "training.threads=1",
    "optimiser.rate=0.001",
    "network.limit=40",
    "network.overlap=8",
)


@pytest.fixture(autouse=True)
def cached(cache, monkeypatch) -> None:
    monkeypatch.setenv("ONOMA_CACHE", str(cache))


@pytest.fixture(scope="module")
def bert(tmp_path_factory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("encoder") / "bert", "bert")


@pytest.fixture(scope="module")
def short_corpus(tiny_corpus, tmp_path_factory) -> Path:
    """The small corpus, cut to a few sentences."""
    folder = tmp_path_factory.mktemp("short")
    for part, count in (("train", 48), ("dev", 10), ("test", 10)):
        sentences = (tiny_corpus / f"{part}.conll").read_text(encoding="utf-8").split("\n\n")
        (folder / f"{part}.conll").write_text("\n\n".join(sentences[:count]), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_recipe_ends_with_a_bundle(kind, short_corpus, tmp_path):
    encoder = save_encoder(tmp_path / "encoder", kind)
    settings = [f"network.encoder={encoder}", f"corpus.path={short_corpus}", *QUICK]
    out = tmp_path / "out"
    words = [word for value in settings for word in ("--set", value)]
    with pytest.raises(SystemExit) as ended:
        main(["train", str(RECIPES / f"{kind}.yaml"), "--out", str(out), "--no-tracking", *words])
    assert not ended.value.code
    manifest = json.loads((out / "bundle.json").read_text(encoding="utf-8"))
    assert set(manifest["scores"]) == {"dev", "test"}
    assert {"tags.onnx", "tokenizer.json"} <= set(manifest["files"])
    assert str(tmp_path).encode() not in (out / "bundle.json").read_bytes()  # paths stay at home


def start(encoder: Path, corpus: Path, folder: Path, *settings: str) -> Run:
    folder.mkdir(exist_ok=True)
    given = [f"network.encoder={encoder}", f"corpus.path={corpus}", *QUICK, *settings]
    return prepare(load_recipe(RECIPES / "bert.yaml", given), folder).run


GRADUAL = (
    "training.epochs=3",
    "training.freeze=encoder",
    "training.unfreeze_every=1",
    "optimiser.layer_decay=0.5",
    "optimiser.head_rate=0.01",
    "training.checkpoint_every=1",
    "augment.swap.sentences=0.5",
)


@pytest.mark.parametrize("stop", [2, 6, 9])
def test_a_run_with_everything_resumes_bit_for_bit(bert, short_corpus, tmp_path, stop):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    events = list(train(start(bert, short_corpus, whole, *GRADUAL)))
    assert len(events) > stop
    list(islice(train(start(bert, short_corpus, torn, *GRADUAL)), stop))
    list(train(start(bert, short_corpus, torn, *GRADUAL), resume=True))
    one, other = (torch.load(folder / "last.pt", weights_only=True) for folder in (whole, torn))
    assert all(torch.equal(one["network"][name], other["network"][name]) for name in one["network"])


def moved(run: Run) -> set[str]:
    """Which parts of the network an epoch changes: the layers by number, embeddings, head."""
    before = {name: weight.clone() for name, weight in run.network.named_parameters()}
    depths = run.network.depths()
    list(train(run))
    return {
        str(depths.get(name, "head"))
        for name, weight in run.network.named_parameters()
        if not torch.equal(before[name], weight)
    }


def test_frozen_layers_stay_as_they_were(bert, short_corpus, tmp_path):
    assert moved(start(bert, short_corpus, tmp_path, "training.freeze=1")) == {"2", "head"}
    assert moved(start(bert, short_corpus, tmp_path, "training.freeze=encoder")) == {"head"}


def test_gradient_checkpointing_learns_the_same(bert, short_corpus, tmp_path):
    def weights(*settings: str) -> dict[str, torch.Tensor]:
        run = start(bert, short_corpus, tmp_path / str(len(settings)), *settings)
        list(train(run))
        return dict(run.network.state_dict())

    plain, saving = weights(), weights("training.gradient_checkpointing=true")
    assert all(torch.equal(plain[name], saving[name]) for name in plain)


def test_bf16_trains_an_encoder(bert, short_corpus, tmp_path):
    run = start(bert, short_corpus, tmp_path, "training.mixed_precision=bf16")
    assert any(isinstance(event, Epoch) for event in train(run))
    assert all(weight.dtype == torch.float32 for weight in run.network.parameters())


def test_more_frozen_layers_than_there_are_end_the_command_with_a_clear_error(
    bert, short_corpus, tmp_path, capfd
):
    settings = (f"network.encoder={bert}", f"corpus.path={short_corpus}", *QUICK, "training.freeze=9")
    words = [word for value in settings for word in ("--set", value)]
    with pytest.raises(SystemExit) as ended:
        main(["train", str(RECIPES / "bert.yaml"), "--out", str(tmp_path), "--no-tracking", *words])
    assert ended.value.code == 4
    assert "9 layers of an encoder with 2" in " ".join(capfd.readouterr().err.split())
