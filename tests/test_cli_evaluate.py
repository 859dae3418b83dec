"""``onoma evaluate`` as a user meets it, with a small rule tagger in place of a bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import onoma
from onoma.cli import main
from onoma.text import Document, Entity

TEST = "Ada B-per\nLovelace I-per\nwrote O\n\nParis B-geo\n"


class Capitals:
    """A tagger that takes each run of capitalised words for a person."""

    name = "capitals"
    labels = ("per",)

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        return [document.replace(entities=self._runs(document)) for document in documents]

    def _runs(self, document: Document) -> list[Entity]:
        runs: list[Entity] = []
        for token, word in zip(document.tokens, document.words, strict=True):
            if not word[0].isupper():
                continue
            start = runs.pop().start if runs and runs[-1].end + 1 == token.start else token.start
            runs.append(Entity(start, token.end, "per", 0.8))
        return runs


@pytest.fixture(autouse=True)
def capitals(monkeypatch) -> None:
    monkeypatch.setitem(vars(onoma), "load", lambda model, threads=None: Capitals())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.conll").write_text(TEST if name == "test" else "it O\n")
    return tmp_path


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, " ".join(err.split())


def test_json_says_what_was_scored_and_how_well(folder, capsys):
    code, out, err = run(capsys, "capitals", folder, "--json", "-")
    data = json.loads(out)
    assert code == 0
    assert data["strict"]["types"]["per"] == {
        "precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 1, "tp": 1, "fp": 1, "fn": 0,
    }  # fmt: skip
    assert data["strict"]["types"]["geo"]["recall"] == 0
    assert data["model"] == "capitals"
    assert data["corpus"]["split"] == "test"
    assert data["corpus"]["unknown_labels"] == ["geo"]
    assert len(data["corpus"]["fingerprint"]) == 64
    assert "capitals does not know the labels geo; their entities count as missed" in err


def test_another_split_and_a_single_file(folder, capsys):
    code, out, _ = run(capsys, "capitals", folder, "--split", "dev", "--json", "-")
    assert (code, json.loads(out)["tokens"]["count"]) == (0, 1)
    code, out, _ = run(capsys, "capitals", folder / "test.conll", "--json", "-")
    assert (code, json.loads(out)["tokens"]["count"]) == (0, 4)


def test_tables_and_a_file(folder, tmp_path, capsys):
    code, out, _ = run(capsys, "capitals", folder, "--json", tmp_path / "scores.json")
    assert code == 0
    assert "answering O everywhere" in out
    assert json.loads((tmp_path / "scores.json").read_text())["strict"]["micro"]["support"] == 2


def test_a_tag_column_and_ill_formed_tags(tmp_path, capsys):
    (tmp_path / "c.conll").write_text("Ada I-per NNP\nwrote O VBD\nBob B-per NNP\nran O VBD\nEve B-per NNP\n")
    code, out, err = run(capsys, "capitals", tmp_path / "c.conll", "--tag-column", "1", "--json", "-")
    assert (code, json.loads(out)["strict"]["micro"]["f1"]) == (0, 1)
    assert "1 ill-formed tags of the corpus were read leniently" in err
    assert json.loads(out)["corpus"]["repairs"] == 1


def test_a_corpus_that_cannot_be_read(folder, capsys):
    (folder / "test.conll").write_text("Ada person\n")
    code, out, err = run(capsys, "capitals", folder)
    assert (code, out) == (3, "")
    assert "test.conll:1" in err
    assert run(capsys, "capitals", folder / "missing.conll")[0] == 3


def test_an_unknown_model(monkeypatch, folder, capsys):
    monkeypatch.undo()
    code, _, err = run(capsys, "no-such-model", folder)
    assert code == 5
    assert "no-such-model" in err
