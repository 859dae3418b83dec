"""``onoma compare`` as a user meets it: files of predictions and functions side by side."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from onoma.cli import main

SENTENCES = [("Ada", "wrote", "B-per"), ("Oslo", "grew", "B-geo"), ("Bob", "slept", "B-per")] * 8


def conll(tags: list[str]) -> str:
    rows = zip(SENTENCES, tags, strict=True)
    return "\n".join(f"{name} {tag}\n{verb} O\n" for (name, verb, _), tag in rows)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    gold = [tag for *_, tag in SENTENCES]
    files = {
        "gold": gold,
        "good": gold,
        "half": [tag if i % 2 else "O" for i, tag in enumerate(gold)],
        "wrong": ["B-org"] * len(gold),
    }
    for name, tags in files.items():
        (tmp_path / f"{name}.conll").write_text(conll(tags))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "compare",
                *map(str, arguments),
                "--corpus",
                "gold.conll",
                "--resamples",
                "50",
                "--rounds",
                "200",
            ]
        )
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, " ".join(err.split())


FILES = [f"predictions:{name}.conll" for name in ("good", "half", "wrong")]


def test_json_has_every_card_and_every_pair(capsys):
    code, out, _ = run(capsys, *FILES, "--json", "-")
    data = json.loads(out)
    assert code == 0
    assert [card["strict"]["micro"]["f1"] for card in data["cards"]] == [1.0, pytest.approx(2 / 3), 0.0]
    assert [(pair["a"], pair["b"]) for pair in data["pairs"]] == [
        ("good.conll", "half.conll"),
        ("good.conll", "wrong.conll"),
        ("half.conll", "wrong.conll"),
    ]
    best = data["pairs"][1]
    assert best["difference"]["micro"]["f1"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert best["p_holm"]["micro"] >= best["significance"]["micro"]["f1"]
    assert best["sentences"]["counts"] == {
        "a_right": 24, "b_right": 0, "neither": 0, "alike_right": 0, "alike_wrong": 0,
    }  # fmt: skip
    assert data["pairs"][2]["sentences"]["counts"]["neither"] == 12


def test_the_terminal_says_who_is_better_in_words(capsys):
    code, out, _ = run(capsys, *FILES[:2])
    assert code == 0
    assert "A: good.conll" in out
    assert "A is better than B by 33.33 points of F1 (p = 0.0" in out
    assert "Differences by label" not in out
    assert "Differences by label" in run(capsys, *FILES[:2], "--full")[1]


def test_equal_taggers_cannot_be_told_apart_and_have_names_of_their_own(capsys):
    code, out, _ = run(capsys, FILES[0], FILES[0])
    assert code == 0
    assert "B: good.conll (2)" in out
    assert "A and B cannot be told apart (p = 1.000)" in out


def test_markdown_page_and_plots(folder, capsys):
    files = ("--markdown", "c.md", "--html", "c.html", "--plots", "plots", "--train", "gold.conll")
    code, _, _ = run(capsys, *FILES, *files)
    assert code == 0
    markdown = (folder / "c.md").read_text()
    assert markdown.startswith("# 3 taggers on gold.conll")
    assert "## Sentences on which they differ" in markdown
    page = (folder / "c.html").read_text()
    HTMLParser().feed(page)
    assert page.count("<svg") == 2
    assert "<script" not in page
    assert {path.name for path in (folder / "plots").iterdir()} == {
        "scores.png", "scores-dark.png", "more.png", "more-dark.png",
    }  # fmt: skip


def test_one_tagger_is_no_comparison(capsys):
    code, _, err = run(capsys, FILES[0])
    assert (code, "needs two taggers at least" in err) == (2, True)


def test_bundles_show_what_they_cost(tiny_bundle, tiny_corpus, capsys, monkeypatch):
    with pytest.raises(SystemExit) as ended:
        main(["compare", str(tiny_bundle), "en-gmb", "--corpus", str(tiny_corpus), "--resamples", "20"])
    out = capsys.readouterr().out
    assert not ended.value.code
    assert "time of training" in out
    assert "latency p95" in out
