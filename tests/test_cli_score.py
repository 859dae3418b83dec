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


def test_one_file_holds_gold_and_prediction_in_its_last_columns(tmp_path, capsys):
    both = tmp_path / "both.txt"
    both.write_text("Ada NNP B-per O\nwrote VBD O O\nto TO O B-per\n")
    code, out, _ = run(capsys, both, "--json", "-")
    assert (code, json.loads(out)["strict"]["types"]["per"]["fn"], json.loads(out)["predicted"]) == (
        0,
        1,
        str(both),
    )


def test_a_shared_task_prints_its_own_table_as_it_stands(pair, tmp_path, capsys):
    code, out, _ = run(capsys, *pair, "--as", "conll2003")
    assert code == 0
    assert out.startswith(
        "processed 4 tokens with 2 phrases; found: 2 phrases; correct: 2.\naccuracy:  75.00%; "
    )
    code, out, _ = run(capsys, *pair, "--as", "wnut17", "--json", "-")
    assert json.loads(out)["shared_task"]["surface"]["overall"]["f1"] == 100
    nested = tmp_path / "nested.tsv"
    nested.write_text("1\tBonn\tB-LOC\tO\tB-LOC\tO\n2\t.\tO\tO\tO\tO\n")
    code, out, _ = run(capsys, nested, "--as", "germeval2014")
    assert (code, "Strict, Combined Evaluation (official)" in out, "FB1: 100.00" in out) == (0, True, True)
    spans = tmp_path / "spans.jsonl"
    spans.write_text('{"text": "Ada", "spans": []}\n')
    code, _, err = run(capsys, spans, spans, "--as", "conll2003")
    assert (code, "conlleval reads columns" in err) == (2, True)


def test_several_files_stand_side_by_side_with_their_difference(pair, tmp_path, capsys):
    arguments = (pair[0], pair[1], pair[0])
    code, out, _ = run(capsys, *arguments, "--html", tmp_path / "a.html", "--markdown", tmp_path / "a.md")
    assert code == 0
    assert "-33.33" in out
    assert "Side by side" in (tmp_path / "a.md").read_text()
    assert "<details" in (tmp_path / "a.html").read_text()
    code, out, _ = run(capsys, *arguments, "--json", "-")
    data = json.loads(out)
    assert [row["strict"]["micro"]["f1"] for row in data["submissions"]] == [pytest.approx(2 / 3), 1]
    assert data["differences"][0]["micro"]["f1"]["value"] == pytest.approx(-1 / 3)


def test_policies_by_name(pair, capsys):
    code, out, err = run(capsys, *pair, "--full")
    assert code == 0
    assert "ill-formed: 1 predicted entities and 0 of gold" in " ".join(out.split())
    for policy, support in (("strict", 1), ("discard", 1), ("conlleval", 2), ("lenient", 2)):
        _, out, _ = run(capsys, *pair, "--policy", policy, "--json", "-", "--html", pair[0].parent / "x.html")
        data = json.loads(out)
        assert data["matching"]["pooled"]["strict"]["correct"] == support
        assert [row["predicted_changed"] for row in data["policies"]] == [1, 1, 1]
    code, _, err = run(capsys, *pair, "--policy", "error")
    assert (code, "guess.conll:5: the tag I-geo may not stand here in iob2" in err) == (3, True)


def test_other_tokens_are_compared_by_characters(pair, capsys):
    pair[1].write_text("Ada B-per\nLove I-per\nlace I-per\nwrote O\nParis B-geo\n")
    code, _, err = run(capsys, *pair)
    assert (code, "--align characters" in err) == (3, True)
    code, out, _ = run(capsys, *pair, "--align", "characters", "--json", "-")
    data = json.loads(out)
    assert (code, data["strict"]["micro"]["f1"], data["sentences"]) == (0, 1, 1)
    assert "1 of 4 gold tokens (25.0%) are divided otherwise" in data["notes"][0]
    pair[1].write_text("Ada B-per\nByron I-per\nwrote O\n")
    code, _, err = run(capsys, *pair, "--align", "characters")
    assert (code, "after 3 characters other than white space gold has 'L', the prediction 'B'" in err) == (
        3,
        True,
    )


def test_spans_in_json_lines_beside_columns(pair, capsys):
    spans = pair[0].parent / "guess.jsonl"
    rows = [
        {"text": "Ada Lovelace wrote", "spans": [{"start": 0, "end": 12, "label": "per"}]},
        {"text": "Paris", "spans": []},
    ]
    spans.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, _ = run(capsys, pair[0], spans, "--json", "-")
    data = json.loads(out)
    assert (code, data["strict"]["micro"]["tp"], data["strict"]["micro"]["fn"]) == (0, 1, 1)
    assert "the label geo is never predicted (1 gold entity)" in data["notes"]


def test_labels_that_do_not_meet_are_named_and_can_be_mapped(pair, capsys):
    pair[1].write_text(GUESS.replace("-per", "-PER"))
    code, out, _ = run(capsys, *pair)
    assert (code, "perhaps per? Then: --map PER=per" in " ".join(out.split())) == (0, True)
    code, out, _ = run(capsys, *pair, "--map", "PER=per", "--policy", "lenient", "--json", "-")
    assert (code, json.loads(out)["strict"]["micro"]["f1"]) == (0, 1)


def test_seen_entities_and_scores(pair, tmp_path, capsys):
    train = tmp_path / "train.conll"
    train.write_text("Ada B-per\nLovelace I-per\n")
    code, out, _ = run(capsys, *pair, "--train", train, "--json", "-")
    assert (code, json.loads(out)["seen_unseen"]["seen"]["micro"]["f1"]) == (0, 1)
    pair[1].write_text("Ada B-per 0.9\nLovelace I-per 0.4\nwrote O _\n\nParis B-geo 0.8\n")
    arguments = (*pair, "--pred-column", 1, "--score-column", 2, "--html", tmp_path / "x.html")
    code, out, _ = run(capsys, *arguments, "--json", "-")
    assert code == 0
    assert json.loads(out)["calibration"] is not None
    pair[1].write_text("Ada B-per 0.9\nLovelace I-per nan\nwrote O _\n\nParis B-geo 0.8\n")
    code, _, err = run(capsys, *arguments)
    assert (code, "guess.conll:2: the score 'nan' is no number from 0 to 1" in err) == (3, True)


def test_labels_without_prefixes(tmp_path, capsys):
    gold, guess = tmp_path / "gold", tmp_path / "guess"
    gold.write_text("Ada PER\nLovelace PER\nwrote O\n")
    guess.write_text("Ada PER\nLovelace O\nwrote O\n")
    code, _, err = run(capsys, gold, guess)
    assert (code, "--scheme io" in err) == (3, True)
    code, out, _ = run(capsys, gold, guess, "--scheme", "io", "--json", "-")
    assert (code, json.loads(out)["strict"]["types"]["PER"]["fn"]) == (0, 1)


def test_several_files_of_other_sentences_get_the_same_documents(pair, tmp_path, capsys):
    other = tmp_path / "other.conll"
    other.write_text("Ada B-per\nLove I-per\n\nlace I-per\nwrote O\n\nParis B-geo\n")
    pair[1].write_text("Ada B-per\nLovelace I-per\nwrote O\nParis B-geo\n")
    code, out, _ = run(capsys, *pair, other, "--align", "characters", "--policy", "lenient", "--json", "-")
    data = json.loads(out)
    assert (code, [row["sentences"] for row in data["submissions"]]) == (0, [1, 1])
    assert data["submissions"][0]["strict"]["micro"]["f1"] == 1
    assert data["submissions"][1]["strict"]["types"]["geo"]["f1"] == 1


def test_spans_of_the_same_text_in_other_documents_are_told_how_to_compare(pair, capsys):
    spans = pair[0].parent / "guess.jsonl"
    spans.write_text(json.dumps({"text": "Ada Lovelace wrote Paris", "spans": []}) + "\n")
    code, _, err = run(capsys, pair[0], spans)
    assert (code, "try --align characters" in err) == (3, True)
    assert run(capsys, pair[0], spans, "--align", "characters")[0] == 0
