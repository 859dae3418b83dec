"""Looking into networks: weights that add up, probabilities that agree with tagging, attention that sums."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onoma.cli import app
from onoma.errors import InputError
from onoma.runtime import Tagger
from onoma.runtime.bundle import read_manifest, write_manifest
from onoma.runtime.confidence import Confidence
from onoma.runtime.explain import HIDDEN, occlude
from onoma.runtime.explain_probes import asked_span
from onoma.text import Document, Entity
from onoma.training.explain import attention, gradient, integrated
from onoma.training.recipe import load_recipe
from onoma.training.run import run_recipe
from small_encoders import save_encoder

TEXT = "Ada Stone went to Green Hollow . Bob saw Cora Field in Lakeside yesterday ."
SEEN_BY = {"words": 1, "pieces": 1, "documents": 2}
"""How many of the two sentences each network reads together."""
NAMES = ("Ada Stone", "Bob", "Cora Field")
WORDS = [word for name in NAMES for word in (*name.split(), "saw", "Lakeside", ",")]
"""A sentence without an end."""


@pytest.fixture(scope="module")
def encoder_bundle(tiny_corpus: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    save_encoder(folder / "bert", "bert")
    (folder / "recipe.yaml").write_text(
        f"name: tiny\ncorpus: {{path: {tiny_corpus}}}\n"
        f"network: {{architecture: transformer-crf, encoder: {folder / 'bert'}, limit: 48, overlap: 8}}\n"
        "optimiser: {rate: 0.005}\ntraining: {epochs: 1, batch_size: 8, threads: 1}\n",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONOMA_CACHE", str(cache))
        for _ in run_recipe(load_recipe(folder / "recipe.yaml"), folder / "out"):
            pass
    return folder / "out"


@pytest.fixture(scope="module")
def document_bundle(encoder_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network, given sentences with their neighbours."""
    folder = shutil.copytree(encoder_bundle, tmp_path_factory.mktemp("documents") / "out")
    manifest = read_manifest(folder)
    assert manifest.pieces is not None
    pieces = manifest.pieces.model_copy(update={"context": "document"})
    write_manifest(folder, manifest.model_copy(update={"pieces": pieces}))
    return folder


@pytest.fixture(scope="module", params=SEEN_BY)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def tagger(request: pytest.FixtureRequest, kind: str, tmp_path_factory: pytest.TempPathFactory) -> Tagger:
    """Without calibration: its scores are the network's own probabilities."""
    named = {"words": "tiny_bundle", "pieces": "encoder_bundle", "documents": "document_bundle"}
    folder = shutil.copytree(
        request.getfixturevalue(named[kind]), tmp_path_factory.mktemp("uncalibrated") / "out"
    )
    write_manifest(folder, read_manifest(folder).model_copy(update={"confidence": Confidence()}))
    return Tagger(folder, threads=1)


@pytest.fixture(scope="module")
def document() -> Document:
    return Document.from_text(TEXT)


@pytest.mark.parametrize("entity", [Entity(0, 9, "per"), Entity(18, 30, "geo"), Entity(0, 3, "geo")])
def test_the_probability_is_the_one_that_tagging_has(tagger, document, entity):
    expected = occlude(tagger, document, entity).probability
    assert gradient(tagger, document, entity).probability == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_hiding_words_is_what_tagging_without_them_gives(tagger, document):
    """Of the sentence itself and, where the network reads them, of its neighbours."""
    entity = tagger([document])[0].entities[0]
    found = occlude(tagger, document, entity)
    assert found.probability == pytest.approx(entity.score, abs=1e-3)
    starts = [0, 7]
    for at in (1, 5, 9, 13):
        words = [HIDDEN if i == at else word for i, word in enumerate(document.words)]
        rows = [words[a:b] for a, b in pairwise([*starts, len(words)])]
        sizes = [len(rows)] if tagger.manifest.context else [1] * len(rows)
        view = tagger.engine.views(rows, sizes)[0]
        hidden = view.probability(*asked_span(document, entity))
        assert found.weights[at] == pytest.approx(found.probability - hidden, abs=1e-6)


def test_integrated_gradients_are_complete(tagger, document, kind):
    pytest.importorskip("captum")
    found = integrated(tagger, document, Entity(0, 9, "per"))
    floor = float(found.note.split("less ")[1].split(",")[0])
    assert sum(found.weights) == pytest.approx(found.probability - floor, abs=0.01)
    assert any(found.weights[7:]) == (SEEN_BY[kind] == 2)


def test_gradients_say_nothing_of_words_that_are_not_seen(tagger, document, kind):
    found = gradient(tagger, document, Entity(41, 51, "per"))
    assert any(found.weights[:7]) == (SEEN_BY[kind] == 2)
    assert any(found.weights[7:])


@pytest.mark.parametrize("bundle", ["encoder_bundle", "document_bundle"])
def test_a_sentence_of_several_windows_is_looked_at_where_the_entity_is_read(bundle, request):
    tagger = Tagger(request.getfixturevalue(bundle), threads=1)
    long = Document.from_words(WORDS * 9)
    for start in (0, 70, 112):
        entity = Entity(long.tokens[start].start, long.tokens[start + 1].end, "per")
        expected = occlude(tagger, long, entity).probability
        for found in (gradient(tagger, long, entity), attention(tagger, long, entity)):
            weighed = [i for i, weight in enumerate(found.weights) if weight]
            assert weighed[0] <= start
            assert start + 1 <= weighed[-1] < weighed[0] + 48
        assert gradient(tagger, long, entity).probability == pytest.approx(expected, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("rollout", [False, True])
def test_attention_is_a_share_of_a_whole(encoder_bundle, document, rollout):
    found = attention(Tagger(encoder_bundle, threads=1), document, Entity(0, 9, "per"), rollout=rollout)
    assert all(weight >= 0 for weight in found.weights)
    missing = float(found.note.split("share of ")[1].split(" ")[0])
    assert sum(found.weights) + missing == pytest.approx(1.0, abs=0.01)
    assert found.method.startswith("attention")


def test_what_cannot_be_looked_into_says_so(tiny_bundle, encoder_bundle, document, tmp_path):
    with pytest.raises(InputError, match="has no attention"):
        attention(Tagger(tiny_bundle), document, Entity(0, 9, "per"))
    bare = shutil.copytree(tiny_bundle, tmp_path / "bare", ignore=shutil.ignore_patterns("training"))
    with pytest.raises(InputError, match="need the run that made the bundle"):
        gradient(Tagger(bare), document, Entity(0, 9, "per"))
    with pytest.raises(InputError, match="several sentences"):
        gradient(Tagger(tiny_bundle), document, Entity(0, 36, "per"))


def test_the_command_sets_all_methods_side_by_side(document_bundle, tmp_path):
    pytest.importorskip("captum")
    page = tmp_path / "why.html"
    given = ["explain", TEXT, "--model", str(document_bundle), "--method", "all", "--html", str(page)]
    done = CliRunner().invoke(app, given, prog_name="onoma")
    assert done.exit_code == 0, done.output
    assert "not by" not in done.output
    assert done.output.count("Attention is not an explanation by itself") == 1
    html = page.read_text(encoding="utf-8")
    assert html.count("<section>") == 7
    assert "Attention is not an explanation by itself" in html
