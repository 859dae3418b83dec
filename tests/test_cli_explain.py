"""``onoma explain``: in a terminal, as a page, as JSON; what it says where it cannot answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from onoma.cli import app

TEXT = "Ada Stone went to Green Hollow ."


def explain(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["explain", *map(str, arguments)], prog_name="onoma")


def test_it_names_the_words_and_writes_page_and_json(tiny_bundle: Path, tmp_path: Path):
    page, target = tmp_path / "why.html", tmp_path / "why.json"
    methods = "occlusion,removal"
    done = explain(TEXT, "--model", tiny_bundle, "--method", methods, "--html", page, "--json", target)
    assert done.exit_code == 0, done.output
    assert 'Why "Ada Stone" is read as per' in done.output
    found = json.loads(target.read_text(encoding="utf-8"))
    assert [each["method"] for each in found["explanations"]] == ["occlusion (mask)", "occlusion (remove)"]
    assert [entity["text"] for entity in found["entities"]] == ["Ada Stone", "Green Hollow"]
    html = page.read_text(encoding="utf-8")
    assert html.count("<section>") == 3  # one for each method, one for the words
    assert 'class="asked"' in html
    assert "<script" not in html


def test_another_entity_and_one_that_was_not_found(tiny_bundle: Path):
    assert 'Why "Green Hollow"' in explain(TEXT, "--model", tiny_bundle, "--entity", "1").output
    lacking = explain(TEXT, "--model", tiny_bundle, "--span", "0:9:geo")
    assert 'What "Ada Stone" lacks to be geo' in lacking.output


def test_json_alone_on_standard_output(tiny_bundle: Path):
    done = explain(TEXT, "--model", tiny_bundle, "--json", "-")
    assert json.loads(done.stdout)["text"] == TEXT


def test_markup_in_the_text_stays_text(tiny_bundle: Path, tmp_path: Path):
    done = explain("Ada <b>Stone</b> \x1b[31m went", "--model", tiny_bundle, "--html", tmp_path / "why.html")
    assert done.exit_code == 0, done.output
    assert "\x1b[31m" not in done.output
    assert "<b>" not in (tmp_path / "why.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((TEXT, "--entity", "7"), "there is no entity 7; found are 0: 'Ada Stone' per"),
        (("the road is long",), "finds no entity"),
        ((TEXT, "--method", "oclusion"), "did you mean 'occlusion'"),
        ((TEXT, "--span", "0-9-per"), "START:END:LABEL"),
        ((TEXT, "--span", "1:9:per"), "does not begin and end with words"),
        ((TEXT, "--span", "0:9:pre"), "did you mean 'per'"),
    ],
)
def test_what_cannot_be_asked_is_explained(tiny_bundle: Path, arguments, message):
    done = explain(*arguments, "--model", tiny_bundle)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_a_function_can_be_asked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "capitals_only.py").write_text(
        "from onoma.text import Entity\n"
        "def tag(documents):\n"
        "    return [d.replace(entities=[Entity(t.start, t.end, 'name') for t in d.tokens\n"
        "            if d.text[t.start].isupper()]) for d in documents]\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    done = explain("she met Lincoln there", "--model", "capitals_only:tag", "--json", "-")
    assert done.exit_code == 0, done.output
    [found] = json.loads(done.stdout)["explanations"]
    assert [token["weight"] for token in found["tokens"]] == [0.0, 0.0, 1.0, 0.0]
