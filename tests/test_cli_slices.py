"""``onoma slices`` as a user meets it, with a small bundle and a function of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onoma.cli import main

TAGGER = """
from onoma import Entity

def capitals(documents):
    names = lambda d: [Entity(t.start, t.end, "per") for t in d.tokens if d.text[t.start].isupper()]
    return [d.replace(entities=names(d)) for d in documents]
"""


@pytest.fixture
def function(tmp_path: Path, monkeypatch) -> str:
    (tmp_path / "own_capitals.py").write_text(TAGGER)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "own_capitals:capitals"


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["slices", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, " ".join(err.split())


def test_a_bundle_on_a_split(tiny_bundle, tiny_corpus, tmp_path, capsys):
    code, out, _ = run(
        capsys, tiny_bundle, tiny_corpus, "--slices", "lower, no-break-spaces", "--swap", "persons",
        "--resamples", 100, "--json", tmp_path / "s.json", "--markdown", tmp_path / "s.md",
        "--html", tmp_path / "s.html",
    )  # fmt: skip
    assert code == 0
    assert "Persons, by origin" in out
    found = json.loads((tmp_path / "s.json").read_text())
    assert [row["name"] for row in found["slices"]] == ["unedited", "lower", "no-break-spaces"]
    plain, lower, spaces = (row["f1"] for row in found["slices"])
    assert lower < plain == spaces
    assert found["swaps"][0]["label"] == "per"
    assert len(found["fingerprint"]) == 64
    assert (tmp_path / "s.md").read_text().startswith("# Robustness of ")
    assert "<svg" in (tmp_path / "s.html").read_text()


def test_a_function_and_json_alone(function, tiny_corpus, capsys):
    code, out, err = run(
        capsys, function, tiny_corpus / "test.conll", "--slices", "none", "--place", "geo", "--sample", 10,
        "--json", "-", "--resamples", 100,
    )  # fmt: skip
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["sentences"], found["corpus"], len(found["slices"])) == (10, "test.conll", 1)
    assert [swap["kind"] for swap in found["swaps"]] == ["persons", "places"]


def test_what_was_left_out_is_said(function, tmp_path, capsys):
    (tmp_path / "c.conll").write_text("Ada B-human\nwrote O\n")
    code, _, err = run(capsys, function, tmp_path / "c.conll", "--slices", "lower")
    assert code == 0
    assert "persons were not swapped: no label of the corpus (human)" in err


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--slices", "uper"], "did you mean 'upper'"),
        (["--typo-rate", "2"], "from 0 to 1"),
        (["--swap", "people"], "Allowed: persons, places"),
        (["--person", "PERSON"], "its labels: geo, per"),
        (["--tokens", "mine"], "'gold'"),
    ],
)
def test_options_that_cannot_be_used(function, tiny_corpus, capsys, options, fault):
    code, out, err = run(capsys, function, tiny_corpus, *options)
    assert (code, out) == (2, "")
    assert fault in err


def test_predictions_in_a_file_are_refused(tiny_corpus, capsys):
    code, _, err = run(capsys, f"predictions:{tiny_corpus / 'test.conll'}", tiny_corpus)
    assert code == 2
    assert "name a tagger that can run" in err
