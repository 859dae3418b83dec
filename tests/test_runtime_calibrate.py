"""Scores that are probabilities: how the method is fitted, chosen, kept and applied."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from onoma.cli import app
from onoma.corpus import read_split
from onoma.errors import InputError
from onoma.runtime import Tagger
from onoma.runtime.bundle import read_manifest, write_manifest
from onoma.runtime.calibrate import METHODS, _Seen, fit_confidence, isotonic, log_loss
from onoma.runtime.confidence import Confidence
from onoma.text import Document
from small_encoders import small_bundle
from small_networks import TAGS

TEMPERATURES = 13


def seen(scores: np.ndarray, right: np.ndarray) -> _Seen:
    folds = np.arange(len(scores)) % 5
    return _Seen(np.tile(scores, (TEMPERATURES, 1)), right, folds)


@given(
    scores=st.lists(st.floats(0, 1), min_size=30, max_size=300),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_isotonic_curve_rises_and_stays_between_0_and_1(scores, seed):
    right = np.random.default_rng(seed).random(len(scores)) < np.array(scores)
    x, y = isotonic(np.array(scores), right)
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    assert 0 <= y.min() <= y.max() <= 1


def test_isotonic_regression_mends_scores_that_believe_too_much():
    chance = np.random.default_rng(1)
    truth = chance.random(20_000)
    right = chance.random(20_000) < truth
    scores = np.sqrt(truth)
    confidence = METHODS["isotonic"](seen(scores, right))
    assert np.abs(confidence.mended(scores) - truth).mean() < 0.03
    assert log_loss(confidence.mended(scores), right) < log_loss(scores, right)


def test_the_least_log_loss_is_that_of_the_truth():
    chance = np.random.default_rng(2)
    truth = chance.random(5_000)
    right = chance.random(5_000) < truth
    assert log_loss(truth, right) < min(log_loss(truth**2, right), log_loss(np.sqrt(truth), right))


@pytest.fixture
def copy(tiny_bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_bundle, tmp_path / "copy", ignore=shutil.ignore_patterns("training"))


@pytest.fixture(scope="module")
def dev(tiny_corpus: Path) -> list[Document]:
    return list(read_split(tiny_corpus, "dev"))


class TestOnATagger:
    def test_fitting_leaves_the_tagger_as_it_was(self, copy, dev):
        tagger = Tagger(copy)
        before = tagger(dev)
        fit_confidence(tagger, dev)
        assert [d.entities for d in tagger(dev)] == [d.entities for d in before]

    def test_entities_stay_and_scores_change(self, copy, dev):
        plain = Tagger(copy)(dev)
        halved = Confidence(method="isotonic", scores=[0.0, 1.0], shares=[0.0, 0.5])
        write_manifest(copy, read_manifest(copy).model_copy(update={"confidence": halved}))
        for one, other in zip(plain, Tagger(copy)(dev), strict=True):
            assert [(e.start, e.end, e.label) for e in one.entities] == [
                (e.start, e.end, e.label) for e in other.entities
            ]
            assert all(e.score <= 0.5 for e in other.entities)

    def test_too_little_to_fit_is_said(self, copy, dev):
        with pytest.raises(InputError, match="larger dev corpus"):
            fit_confidence(Tagger(copy), dev[:3])

    def test_training_tells_what_was_chosen(self, tiny_bundle):
        log = tiny_bundle / "training" / "log.txt"
        if log.is_file():
            assert "entity scores" in log.read_text(encoding="utf-8")
        assert read_manifest(tiny_bundle).confidence.method in ("none", "temperature", "isotonic")

    def test_the_command_writes_the_choice_into_the_bundle(self, copy, tiny_corpus):
        write_manifest(copy, read_manifest(copy).model_copy(update={"confidence": Confidence()}))
        words = ["calibrate", str(copy), str(tiny_corpus)]
        shown = CliRunner().invoke(app, [*words, "--json", "-", "--dry-run"])
        assert shown.exit_code == 0, shown.output
        assert read_manifest(copy).confidence == Confidence()
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        chosen = json.loads(shown.stdout)["confidence"]
        assert read_manifest(copy).confidence == Confidence(**chosen)
        assert chosen["method"] in done.output


def test_an_encoder_is_asked_once_for_all_temperatures(dev, tmp_path):
    tagger, asked = Tagger(small_bundle(tmp_path, TAGS), threads=1), []
    run = tagger.engine.network.run
    tagger.engine.network.run = lambda given: asked.append(given) or run(given)
    found = tagger(dev)
    once = len(asked)
    fit_confidence(tagger, [document.replace(entities=document.entities[:2]) for document in found])
    assert len(asked) == 2 * once
    assert tagger(dev) == found
    assert len(asked) == 3 * once
