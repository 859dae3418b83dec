"""``onoma check``: what it shows, its JSON, its exit codes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from onoma.cli import app


def onoma(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], prog_name="onoma")


@pytest.fixture
def folder(tmp_path):
    for start, name in enumerate(("train", "dev", "test")):
        rows = [f"Name{n} B-per\nmet O\nThing{n} O\n\n" for n in range(100 * start, 100 * start + 50)]
        (tmp_path / f"{name}.conll").write_text("".join(rows))
    return tmp_path


def test_a_clean_folder(folder):
    done = onoma("check", folder, "--fail-on", "warning")
    assert done.exit_code == 0, done.output
    assert "0.0% of the entities bear a surface and label that also occur in train" in done.stdout
    assert "2 notes" in done.stdout
    assert "nothing was found to be wrong" in onoma("check", folder / "train.conll").stdout
    for name in ("train", "dev", "test", "per"):
        assert name in done.stdout


def test_findings_and_exit_codes(folder):
    (folder / "test.conll").write_text((folder / "train.conll").read_text())
    done = onoma("check", folder)
    assert (done.exit_code, "50 sentences (100.0%) also stand in train" in done.stdout) == (0, True)
    assert onoma("check", folder, "--fail-on", "error").exit_code == 1
    (folder / "test.conll").write_text("NA O\nfell B-per\n\n" * 2)
    assert onoma("check", folder, "--fail-on", "error").exit_code == 0
    assert onoma("check", folder, "--fail-on", "warning").exit_code == 1


def test_json_on_standard_output_is_alone(folder):
    done = onoma("check", folder / "train.conll", folder / "test.conll", "--json", "-")
    found = json.loads(done.stdout)
    assert [each["name"] for each in found["corpora"]] == ["train.conll", "test.conll"]
    assert found["corpora"][0]["entities"] == {"per": 50}
    assert [each["code"] for each in found["findings"]] == ["entities-seen"]


def test_json_in_a_file(folder):
    place = folder / "new" / "report.json"
    done = onoma("check", folder / "train.conll", folder / "train.conll", "--json", place)
    assert "sentences" in done.stdout
    leak, *_ = json.loads(place.read_text())["findings"]
    assert (leak["severity"], leak["code"], leak["count"]) == ("error", "leak", 50)


def test_an_uncarried_sentence_id_is_flagged(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Sentence #,Word,Tag\n1,Ada,B-per\n2,met,O\n3,Bob,B-per\n")
    done = onoma("check", path, "--fail-on", "error")
    assert done.exit_code == 1
    assert "sentence-id-not-carried" in done.stdout


def test_the_page_is_one_file_and_escapes_what_it_shows(folder, tmp_path):
    (folder / "train.conll").write_text("<script> B-per\ncaf\ufffd O\n\n" * 2)
    place = tmp_path / "out" / "check.html"
    done = onoma("check", folder / "train.conll", "--html", place)
    assert done.exit_code == 0, done.output
    page = place.read_text()
    assert "<script" not in page.lower()
    assert "&lt;script&gt;" in page
    assert "<mark>caf\ufffd</mark>" in page
    assert page.count("<svg") == 3
    assert "replacement-characters" in page


def test_deep_finds_a_label_error_and_suggests_a_label(folder):
    rows = [f"Name{n % 9} B-per\nmet O\nTown{n % 7} B-geo\nin{n} O\n\n" for n in range(150)]
    rows[70] = rows[70].replace("B-geo", "B-per")
    (folder / "train.conll").write_text("".join(rows))
    done = onoma("check", folder / "train.conll", "--deep-sentences", 140, "--jobs", 1, "--json", "-")
    assert done.exit_code == 0, done.output
    every = onoma("check", folder / "train.conll", "--deep", "--jobs", 1, "--only", "label-error")
    assert "Town0 per → Town0 geo, label" in every.stdout
    assert "sentence 71" in every.stdout


def test_only_skip_and_examples(folder):
    (folder / "train.conll").write_text("a B-per\nb O\n\n" * 3 + "c B-per\nd O\n\n" * 3)
    found = json.loads(onoma("check", folder / "train.conll", "--json", "-", "--examples", 1).stdout)
    assert {each["code"]: len(each["examples"]) for each in found["findings"]} == {
        "duplicates": 1,
        "rare-label": 1,
    }
    some = onoma("check", folder / "train.conll", "--only", "duplicates", "--only", "leak")
    assert ("duplicates" in some.stdout, "rare-label" in some.stdout) == (True, False)
    rest = onoma("check", folder / "train.conll", "--skip", "duplicates", "--skip", "rare-label")
    assert "nothing was found to be wrong" in rest.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("none.conll",), 3, "there is no such file"),
        (("train.conll", "--tag-column", "5"), 3, "no tag column 5"),
        (("train.conll", "--fail-on", "eror"), 2, "did you mean 'error'"),
        (("train.conll", "--json", "train.conll/x.json"), 6, "cannot write"),
        (("train.conll", "--html", "train.conll/x.html"), 6, "cannot write"),
        (("train.conll", "--only", "duplicate"), 2, "did you mean 'duplicates'"),
        (("train.conll", "--skip", "lek"), 2, "did you mean 'leak'"),
        (("train.conll", "--only", "label-error"), 2, "without --deep"),
    ],
)
def test_errors_are_one_line(folder, monkeypatch, arguments, code, message):
    monkeypatch.chdir(folder)
    done = onoma("check", *arguments)
    assert (done.exit_code, "Traceback" in done.output) == (code, False)
    assert message in done.stderr
