"""``onoma split``: its table, its files, its errors."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from onoma.cli import app
from onoma.corpus import read_split


def onoma(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], prog_name="onoma")


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{n},Name{n},B-per\n,met,O\n,Thing{n},{'B-art' if n % 10 == 0 else 'O'}\n" for n in range(100)]
    path.write_text("Sentence #,Word,Tag\n" + "".join(rows))
    return path


def test_splits_and_shows_what_went_where(corpus, tmp_path):
    done = onoma("split", corpus, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    table = [[part.strip() for part in line.split("│")] for line in done.stdout.splitlines()]
    assert ["", "sentences", "60", "20", "20", ""] in table
    assert ["", "art", "6", "2", "2", ""] in table
    assert "100 groups of sentences, seed 42" in done.stdout
    assert len(read_split(tmp_path / "out", "dev")) == 20


def test_two_parts_in_another_format_and_scheme(corpus, tmp_path):
    arguments = ("--ratios", "80/20", "--seed", 7, "--format", "jsonl", "--scheme", "bioes")
    assert onoma("split", corpus, "--out", tmp_path / "out", *arguments).exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["split.json", "test.jsonl", "train.jsonl"]
    assert json.loads((tmp_path / "out" / "split.json").read_text())["seed"] == 7
    assert read_split(tmp_path / "out", "test").scheme == "bioes"


def test_sentences_that_hang_together_are_mentioned(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text(
        "".join(f"-DOCSTART- O\n\nthe O\nsame O\n\nw{n} O\n\n" for n in range(9))
        + "-DOCSTART- O\n"
        + "".join(f"-DOCSTART- O\n\nx{n} O\n\n" for n in range(5))
    )
    done = onoma("split", path, "--out", tmp_path / "out")
    assert "18 of 23 sentences hang together" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--ratios", "60"), 2, "ratios must be"),
        (("--format", "kagle"), 2, "did you mean 'kaggle'"),
        (("--scheme", "iob9"), 2, "unknown tag scheme"),
        (("--tag-column", "Tagg"), 3, "no tag column 'Tagg'"),
        (("--policy", "mend"), 2, "unknown policy"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(corpus, tmp_path, arguments, code, message):
    done = onoma("split", corpus, "--out", tmp_path / "out", *arguments)
    assert done.exit_code == code
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_place_that_cannot_be_written(corpus):
    done = onoma("split", corpus, "--out", corpus / "inside")
    assert (done.exit_code, "cannot write" in done.stderr) == (6, True)
