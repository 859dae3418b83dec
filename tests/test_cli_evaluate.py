"""``onoma evaluate`` as a user meets it: functions, foreign taggers, files of predictions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onoma.cli import main

TEST = "Ada B-per\nLovelace I-per\nwrote O\n\nParis B-geo\n"
TAGGERS = '''
from onoma.text import Entity


class Capitals:
    """Takes each run of capitalised words for a person."""

    labels = ("per",)

    def __call__(self, documents):
        return [document.replace(entities=self.runs(document)) for document in documents]

    def runs(self, document):
        runs = []
        for token, word in zip(document.tokens, document.words, strict=True):
            if word[0].isupper():
                joined = runs and runs[-1].end + 1 == token.start
                start = runs.pop().start if joined else token.start
                runs.append(Entity(start, token.end, "per", 0.8))
        return runs


def nothing(documents):
    return list(documents)
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a module of taggers, and a corpus."""
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}.conll").write_text(TEST if name == "test" else "Paris B-per\nlies O\n")
    (tmp_path / "evaluated_taggers.py").write_text(TAGGERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


CAPITALS = "evaluated_taggers:Capitals"


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", *map(str, arguments), "--resamples", "20"])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), " ".join(out.split()) if "-" not in arguments else out, err


def test_json_says_what_was_scored_and_how_well(folder, capsys):
    code, out, err = run(capsys, CAPITALS, folder, "--json", "-")
    data = json.loads(out)
    assert (code, err) == (0, "")
    assert data["strict"]["types"]["per"] == {
        "precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 1, "tp": 1, "fp": 1, "fn": 0,
    }  # fmt: skip
    assert data["strict"]["types"]["geo"]["recall"] == 0
    assert data["model"] == CAPITALS
    assert data["about"]["kind"] == "Python function"
    assert data["corpus"]["split"] == "test"
    assert data["corpus"]["unknown_labels"] == ["geo"]
    assert len(data["corpus"]["fingerprint"]) == 64
    assert data["intervals"]["unit"] == "sentence"
    assert data["speed"]["latency_ms"]["p99"] >= data["speed"]["latency_ms"]["p50"]
    assert data["seen_unseen"] is data["fit"] is data["runs"] is None


def test_the_headline_never_shows_token_accuracy_alone(folder, capsys):
    code, out, _ = run(capsys, CAPITALS, folder, "--no-speed")
    assert code == 0
    assert "token accuracy 75.00 of 4; answering O everywhere scores 25.00, and 0.00 strict F1" in out
    assert "does not know the labels geo; their entities count as missed" in out
    assert "tokens per second" not in out
    assert "Tokens by tag" not in out
    assert "Tokens by tag" in run(capsys, CAPITALS, folder, "--full")[1]


def test_another_split_and_a_single_file(folder, capsys):
    code, out, _ = run(capsys, CAPITALS, folder, "--split", "dev", "--json", "-")
    assert (code, json.loads(out)["tokens"]["count"]) == (0, 2)
    code, out, _ = run(capsys, CAPITALS, folder / "test.conll", "--json", "-")
    assert (code, json.loads(out)["tokens"]["count"]) == (0, 4)


def test_with_the_training_corpus_seen_and_unseen_are_told_apart(folder, capsys):
    code, out, _ = run(capsys, CAPITALS, folder, "--train", folder / "train.conll", "--json", "-")
    data = json.loads(out)
    assert code == 0
    assert data["seen_unseen"]["unseen"]["micro"]["recall"] == 1
    assert data["seen_unseen"]["seen"]["micro"]["recall"] == 0  # Paris, which training has as a person
    assert data["fit"]["f1"] == {"train": 1.0, "test": 0.5}
    assert data["fit"]["train_sample"] == 1
    assert ["F1 on train, 100.0, is 50.0 points above test" in line for line in data["fit"]["warnings"]] == [
        True
    ]


def test_markdown_json_and_tables_together(folder, tmp_path, capsys):
    code, out, _ = run(
        capsys, CAPITALS, folder, "--json", tmp_path / "card.json", "--markdown", tmp_path / "card.md"
    )
    assert code == 0
    assert "Entities, strict, by label" in out
    assert json.loads((tmp_path / "card.json").read_text())["strict"]["micro"]["support"] == 2
    markdown = (tmp_path / "card.md").read_text()
    assert markdown.startswith(f"# {CAPITALS} on test.conll")
    assert "## Tokens by tag" in markdown


def test_a_tag_column_and_ill_formed_tags(tmp_path, capsys):
    (tmp_path / "c.conll").write_text("Ada I-per NNP\nwrote O VBD\nBob B-per NNP\nran O VBD\nEve B-per NNP\n")
    code, out, _ = run(capsys, CAPITALS, tmp_path / "c.conll", "--tag-column", "1", "--json", "-")
    data = json.loads(out)
    assert (code, data["strict"]["micro"]["f1"]) == (0, 1)
    assert data["corpus"]["repairs"] == 1


def test_labels_of_corpus_and_tagger_can_be_renamed(folder, capsys):
    code, out, _ = run(capsys, CAPITALS, folder, "--map", "geo=per", "--json", "-")
    data = json.loads(out)
    assert (code, data["strict"]["micro"]["f1"], data["corpus"]["unknown_labels"]) == (0, 1, [])
    code, out, _ = run(capsys, CAPITALS, folder, "--model-map", "per=geo", "--json", "-")
    data = json.loads(out)
    assert (code, data["strict"]["types"]["geo"]["tp"], data["corpus"]["unknown_labels"]) == (0, 1, ["per"])
    assert data["about"]["label_map"] == {"per": "geo"}
    code, out, _ = run(capsys, CAPITALS, folder, "--model-map", "per=", "--json", "-")
    assert json.loads(out)["strict"]["micro"]["tp"] == json.loads(out)["strict"]["micro"]["fp"] == 0
    code, _, err = run(capsys, CAPITALS, folder, "--map", "geo")
    assert (code, "'geo' is no part of a label map" in err) == (2, True)
    code, _, err = run(capsys, CAPITALS, folder, "--map", "gea=per", "--no-speed")
    assert (code, "the label map names 'gea', which no entity has" in " ".join(err.split())) == (0, True)


def test_a_file_of_predictions_in_another_tokenisation(folder, capsys):
    guess = '{"text": "Ada Lovelace  wrote", "spans": [{"start": 0, "end": 12, "label": "per"}]}\n'
    (folder / "guess.jsonl").write_text(guess + '{"text": "Paris", "spans": []}\n')
    code, out, _ = run(capsys, "predictions:guess.jsonl", folder, "--json", "-")
    data = json.loads(out)
    assert (code, data["strict"]["micro"]["tp"], data["speed"]) == (0, 1, None)
    assert data["about"]["kind"] == "predictions in a file"
    (folder / "guess.jsonl").write_text(guess + '{"text": "Rome", "spans": []}\n')
    code, _, err = run(capsys, "predictions:guess.jsonl", folder)
    assert code == 3
    assert "is 'Paris' in gold and 'Rome' in the prediction" in " ".join(err.split())
    (folder / "guess.jsonl").write_text(guess)
    code, _, err = run(capsys, "predictions:guess.jsonl", folder)
    assert (code, "gold has 2 documents, the prediction 1" in " ".join(err.split())) == (3, True)


def test_a_spacy_pipeline_in_a_folder(folder, capsys):
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "geo", "pattern": "Paris"}])
    nlp.to_disk(folder / "ruler")
    for name in ("ruler", "spacy:ruler"):
        code, out, _ = run(capsys, name, folder, "--json", "-")
        data = json.loads(out)
        assert (code, data["strict"]["types"]["geo"]["f1"]) == (0, 1)
        assert data["about"]["kind"] == "spaCy pipeline"
        assert data["about"]["bytes"] > 100


def test_several_runs_of_one_recipe(tiny_bundle, tiny_corpus, tmp_path, capsys):
    for seed in (1, 2):
        (tmp_path / f"tiny-{seed}").symlink_to(tiny_bundle)
    code, out, _ = run(
        capsys,
        tmp_path / "tiny-1",
        tiny_corpus,
        "--runs",
        tmp_path / "tiny-[12]",
        "--no-speed",
        "--json",
        "-",
    )
    data = json.loads(out)
    assert code == 0
    assert data["runs"]["names"] == ["tiny-1", "tiny-2"]
    spread = data["runs"]["headline"]["f1"]
    assert spread == {"mean": data["strict"]["micro"]["f1"], "deviation": 0, "values": [spread["mean"]] * 2}
    code, _, err = run(capsys, tmp_path / "tiny-1", tiny_corpus, "--runs", tmp_path / "no-such-*")
    assert (code, "no folder is called" in err) == (2, True)


def test_a_bundle_tells_of_its_training(tiny_bundle, tiny_corpus, capsys):
    code, out, _ = run(
        capsys, tiny_bundle, tiny_corpus, "--train", tiny_corpus, "--sample", "50", "--json", "-"
    )
    data = json.loads(out)
    assert code == 0
    assert data["about"]["kind"] == "Onoma bundle"
    assert data["about"]["parameters"] > 1000
    assert data["about"]["seed"] == 3
    assert list(data["fit"]["f1"]) == ["train", "dev", "test"]
    assert data["fit"]["train_sample"] == 50


def test_a_corpus_that_cannot_be_read(folder, capsys):
    (folder / "test.conll").write_text("Ada person\n")
    code, out, err = run(capsys, CAPITALS, folder)
    assert (code, out) == (3, "")
    assert "test.conll:1" in " ".join(err.split())
    assert run(capsys, CAPITALS, folder / "missing.conll")[0] == 3


@pytest.mark.parametrize(
    ("model", "code", "message"),
    [
        ("no-such-model", 5, "no-such-model"),
        ("evaluated_taggers:Capital", 2, "is no function"),
        ("no_such_module:name", 2, "no module 'no_such_module'"),
        ("spacy:no_such_pipeline", 5, "spaCy cannot load"),
        ("predictions:no-such-file", 3, "no-such-file"),
    ],
)
def test_a_model_that_is_not_there(folder, capsys, model, code, message):
    ended, _, err = run(capsys, model, folder)
    assert ended == code
    assert message in " ".join(err.split())
