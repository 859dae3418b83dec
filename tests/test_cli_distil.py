"""``onoma distil``: a student of one teacher, of itself; what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from onoma.cli import app
from onoma.runtime.bundle import read_manifest

FAST = ["--set", "training.epochs=1", "--set", "name=student", "--no-tracking"]


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONOMA_CACHE", str(cache))


@pytest.fixture
def raw_file(tmp_path: Path) -> Path:
    path = tmp_path / "raw.txt"
    path.write_text("Emil Brook saw Hana in Newhaven. Dina Moor went to Red Rock.\n", encoding="utf-8")
    return path


def distil(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["distil", *map(str, arguments)], prog_name="onoma")


def test_a_student_is_trained_and_its_card_names_the_teacher(tiny_bundle, tiny_recipe, raw_file, tmp_path):
    out = tmp_path / "out"
    (tmp_path / "towns.list").write_text("Farport\nGreen Hollow\n", encoding="utf-8")
    names = ("--swaps", "1", "--names", f"geo={tmp_path / 'towns.list'}")
    text = ("--text", tmp_path / "*.txt", "--crossings", "1", *names)
    done = distil("--teacher", tiny_bundle, "--student", tiny_recipe, *text, "--out", out, *FAST)
    assert done.exit_code == 0, done.output
    manifest = read_manifest(out)
    assert manifest.taught.text == [
        "raw.txt",
        "crossings of each sentence of the training part: 1",
        "copies of each sentence of the training part with other names, geo also from towns.list: 1",
    ]
    assert manifest.taught.sentences > 100
    assert "teachers" in (out / "CARD.md").read_text(encoding="utf-8")
    again = distil("--teacher", tiny_bundle, "--student", tiny_recipe, *text, "--out", out, *FAST)
    assert again.exit_code == 2
    assert "--resume" in again.output


def test_a_tagger_learns_from_itself(tiny_recipe, tiny_corpus, tmp_path, raw_file):
    out = tmp_path / "out"
    done = distil(
        "--self", "--student", tiny_recipe, "--text", raw_file, "--threshold", "0.1", "--out", out, *FAST
    )
    assert done.exit_code == 0, done.output
    assert "the best on dev is round" in done.output
    assert read_manifest(out / "round-1").taught.sentences == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--teacher"),
        (["--teacher", "en-gmb", "--self"], "give either"),
        (["--teacher", "nobody"], "there is no bundle called 'nobody'"),
        (["--teacher", "en-gmb"], "only the teacher has"),
        (["--teacher", "en-gmb", "--objective", "words"], "sequence or token"),
        (["--teacher", "en-gmb", "--text", "nowhere.txt"], "is not there"),
        (["--teacher", "en-gmb", "--swaps", "1", "--names", "towns.txt"], "LABEL=FILE"),
        (["--teacher", "en-gmb", "--names", "geo=towns.txt"], "add --swaps 1"),
        (
            ["--teacher", "en-gmb", "--swaps", "1", "--names", "geo=a", "--names", "geo=b"],
            "put them into one",
        ),
    ],
)
def test_what_cannot_be_is_refused(arguments, message, tiny_recipe, tmp_path):
    done = distil("--student", tiny_recipe, *arguments, "--out", tmp_path / "out", *FAST)
    assert done.exit_code in (2, 5)
    assert message in " ".join(done.output.split())
