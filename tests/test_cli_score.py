"""``onoma score`` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onoma.cli import main
from onoma.evaluation import score_tags

GOLD = "Ada B-per\nLovelace I-per\nwrote O\n\nParis B-geo\n"
GUESS = "Ada B-per\nLovelace I-per\nwrote O\n\nParis I-geo\n"


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["score", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, " ".join(err.split())


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "gold.conll").write_text(GOLD)
    (tmp_path / "guess.conll").write_text(GUESS)
    return tmp_path / "gold.conll", tmp_path / "guess.conll"


def test_tables_show_both_readings_and_the_floor_beside_token_accuracy(pair, capsys):
    code, out, err = run(capsys, *pair)
    assert (code, err) == (0, "")
    assert "66.67" in out  # strict
    assert "100.00" in out  # conlleval
    text = " ".join(out.split())
    assert "Token accuracy 75.00 %; answering O everywhere scores 25.00 %" in text
    assert "Sentences wholly right 50.00 %; answering O everywhere scores 0.00 %" in text


def test_json_to_standard_output_is_all_there_is(pair, capsys):
    code, out, err = run(capsys, *pair, "--json", "-")
    assert (code, err) == (0, "")
    data = json.loads(out)
    tags = [[line.split()[1] for line in part.splitlines()] for part in GOLD.split("\n\n")]
    guess = [[line.split()[1] for line in part.splitlines()] for part in GUESS.split("\n\n")]
    expected = score_tags(tags, guess).to_dict()
    assert {key: data[key] for key in expected} == expected
    assert data["strict"]["micro"]["f1"] == pytest.approx(2 / 3)
    assert data["conlleval"]["types"]["geo"]["f1"] == 1
    assert data["schemes"] == {"gold": "iob2", "predicted": "iob2"}


def test_json_to_a_file_comes_besides_the_tables(pair, tmp_path, capsys):
    code, out, _ = run(capsys, *pair, "--json", tmp_path / "new" / "scores.json")
    assert code == 0
    assert "micro" in out
    assert json.loads((tmp_path / "new" / "scores.json").read_text())["sequence_accuracy"] == 0.5


def test_columns(tmp_path, capsys):
    both = tmp_path / "both"
    both.write_text("Ada B-per O\nwrote O O\n")
    arguments = (both, both, "--json", "-")
    code, out, _ = run(capsys, *arguments, "--gold-column", "1", "--pred-column", "-1")
    assert (code, json.loads(out)["strict"]["micro"]["fn"]) == (0, 1)
    code, out, _ = run(capsys, *arguments, "--column", "1")
    assert (code, json.loads(out)["strict"]["micro"]["f1"]) == (0, 1)


def test_a_named_scheme(pair, capsys):
    code, out, _ = run(capsys, *pair, "--json", "-", "--scheme", "iob1")
    assert (code, json.loads(out)["schemes"]["gold"]) == (0, "iob1")
    assert run(capsys, *pair, "--scheme", "iob9")[0] == 2


@pytest.mark.parametrize(
    ("guess", "code", "message"),
    [
        ("Ada B-per\nByron I-per\n", 3, "gold.conll:2 has 'Lovelace', but"),
        ("", 3, "the file is empty"),
        ("Ada per\n", 3, "guess.conll:1: column -1 holds 'per', which is no tag"),
        (None, 3, "there is no such file"),
    ],
)
def test_files_that_cannot_be_scored_end_with_one_line_and_no_json(
    pair, tmp_path, capsys, guess, code, message
):
    if guess is None:
        pair[1].unlink()
    else:
        pair[1].write_text(guess)
    ended, out, err = run(capsys, *pair, "--json", tmp_path / "scores.json")
    assert (ended, out) == (code, "")
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "scores.json").exists()


def test_json_that_cannot_be_written(pair, capsys):
    code, _, err = run(capsys, *pair, "--json", pair[0] / "scores.json")
    assert code == 6
    assert "cannot write" in err


def test_labels_that_look_like_markup_are_shown_as_they_are(tmp_path, capsys):
    file = tmp_path / "odd"
    file.write_text("x B-[bold]\n")
    code, out, _ = run(capsys, file, file)
    assert code == 0
    assert "[bold]" in out
