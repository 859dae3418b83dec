"""``onoma business`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onoma.cli import main

CARD = {
    "card": 1,
    "model": "tiny",
    "strict": {"micro": {"precision": 0.8, "recall": 0.5, "support": 300}},
    "sentences": 100,
    "tokens": {"count": 2000},
}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(CARD))
    return path


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["business", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, " ".join(err.split())


VOLUME = ["--documents", 1000, "--sentences-per-document", 2]


def test_tables_files_and_json(card, tmp_path, capsys):
    code, out, _ = run(
        capsys, card, *VOLUME, "--entities-per-hour", 300, "--hourly-cost", 30, "--currency", "EUR",
        "--json", tmp_path / "b.json", "--markdown", tmp_path / "b.md", "--html", tmp_path / "b.html",
    )  # fmt: skip
    assert code == 0
    assert "600 EUR" in out
    assert "Not computed" in out
    found = json.loads((tmp_path / "b.json").read_text())
    assert (found["model"], found["currency"]) == ("tiny", "EUR")
    lines = {line["name"]: line for line in found["lines"]}
    assert lines["cost_by_hand"]["figure"] == {"value": 600.0, "low": 600.0, "high": 600.0}
    assert lines["cost_by_hand"]["filled"] == "20 × 30"
    assert lines["review_cost"]["missing"] == ["reviews_per_hour"]
    assert "What tiny costs and saves" in (tmp_path / "b.md").read_text()
    assert "600 EUR" in (tmp_path / "b.html").read_text()


def test_json_alone(card, capsys):
    code, out, err = run(capsys, card, *VOLUME, "--json", "-")
    assert (code, err) == (0, "")
    assert json.loads(out)["given"] == {"documents": 1000, "sentences_per_document": 2}


def test_a_card_that_onoma_wrote(tiny_bundle, tiny_corpus, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(tiny_bundle), str(tiny_corpus), "--json", str(tmp_path / "own.json")])
    assert not ended.value.code
    capsys.readouterr()
    code, out, _ = run(capsys, tmp_path / "own.json", *VOLUME, "--entities-per-hour", 100, "--json", "-")
    assert code == 0
    lines = {line["name"]: line["figure"] for line in json.loads(out)["lines"]}
    assert lines["hours_by_hand"]["value"] > 0
    assert lines["missed"]["low"] <= lines["missed"]["value"] <= lines["missed"]["high"]


@pytest.mark.parametrize(
    ("content", "options", "fault"),
    [
        (None, [], "documents was not given"),
        (None, [*VOLUME, "--reviewer-accuracy", 2], "a share from 0 to 1"),
        ("{}", VOLUME, "is no report card"),
        ("rubbish", VOLUME, "is no JSON"),
    ],
)
def test_what_cannot_be_used(card, capsys, content, options, fault):
    if content:
        card.write_text(content)
    code, out, err = run(capsys, card, *options)
    assert (code, out) == (2, "")
    assert fault in err
    assert run(capsys, card.with_name("missing.json"), *VOLUME)[0] == 2
