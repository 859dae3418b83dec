"""``onoma convert``: from any format to any other, what is lost, what is refused."""

from __future__ import annotations

import json
import zipfile

import pytest
from typer.testing import CliRunner

from onoma.cli import app
from onoma.corpus import read, read_split

NESTED = "Bank\tB-org\tO\nof\tI-org\tO\nOldport\tI-org\tB-geo\n\nAda\tB-per\tO\nwrote\tO\tO\n"


def onoma(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], prog_name="onoma")


@pytest.fixture
def splits(tmp_path):
    """A zip with three splits in two columns of tags."""
    path = tmp_path / "corpus.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("train", "dev", "test"):
            archive.writestr(f"corpus/x.{name}.iob2", NESTED * (2 if name == "train" else 1))
    return path


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Sentence #,Word,Tag\n1,Ada,B-per\n,wrote,O\n2,Oldport,I-geo\n,in,O\n,May,B-tim\n")
    return path


def test_splits_go_to_one_file_that_says_which_each_was(splits, tmp_path):
    done = onoma("convert", splits, tmp_path / "out" / "all.jsonl")
    assert done.exit_code == 0, done.output
    found = read(tmp_path / "out" / "all.jsonl")
    assert [document.meta["split"] for document in found] == ["train"] * 3 + ["dev"] * 2 + ["test"] * 2
    assert len({document.id for document in found}) == len(found) == 7
    assert found.facts.entities == {"org": 4, "geo": 4, "per": 4}
    assert "cannot hold" not in done.output
    assert "7 documents written to" in done.output


def test_splits_go_to_a_folder_when_the_target_has_no_suffix(splits, tmp_path):
    done = onoma("convert", splits, tmp_path / "out", "--to", "conll", "--scheme", "bioes")
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["dev.conll", "test.conll", "train.conll"]
    assert read_split(tmp_path / "out", "dev").scheme == "bioes"
    assert "conll cannot hold entities that overlap: 4 entities in 4 documents" in done.output


def test_one_split_may_be_chosen(splits, tmp_path):
    assert onoma("convert", splits, tmp_path / "a.xml", "--split", "dev").exit_code == 0
    assert (tmp_path / "a.xml").read_text() == "<org>Bank of <geo>Oldport</geo></org>\n<per>Ada</per> wrote\n"


def test_labels_are_mapped_and_the_effect_told(plain, tmp_path):
    done = onoma("convert", plain, tmp_path / "a.conll", "--map", "gmb:conll2003,tim=TIME")
    assert done.exit_code == 0, done.output
    assert (
        tmp_path / "a.conll"
    ).read_text() == "Ada\tB-PER\nwrote\tO\n\nOldport\tB-LOC\nin\tO\nMay\tB-TIME\n\n"
    assert "a.csv: geo: 1 renamed LOC" in done.output
    assert "the map loses: MISC stands for both gpe, art, eve and nat" in done.output
    assert "tim is nothing" not in done.output  # the map says more


def test_the_json_tells_every_count(plain, tmp_path):
    done = onoma("convert", plain, tmp_path / "a.conll", "--map", "tim=", "--json", "-")
    told = json.loads(done.stdout)
    assert told["fates"] | {"listed": []} == {
        "read": 3,
        "kept": 1,
        "repaired": {"read leniently": 1},
        "left_out": {"label dropped": 1},
        "listed": [],
    }
    assert told["parts"]["a.csv"]["mapped"][-1] == {"label": "tim", "new": None, "entities": 1}
    assert told["cannot_hold"] == {}
    assert (told["format"], told["parts"]["a.csv"]["documents"]) == ("conll", 2)


@pytest.mark.parametrize(
    ("target", "arguments", "code", "message"),
    [
        ("out", (), 2, "suffix '' is none of"),
        ("a.doc", (), 2, "suffix '.doc' is none of"),
        ("a.conll", ("--to", "conl"), 2, "did you mean 'conll'"),
        ("a.conll", ("--from", "conl"), 2, "did you mean 'conll'"),
        ("a.conll", ("--map", "gep=LOC"), 2, "names 'gep', which no entity has; did you mean 'geo'"),
        ("a.conll", ("--map", "wnut17:gmb"), 3, "the taxonomy wnut17 has no label"),
        ("a.conll", ("--overlaps", "kep"), 2, "did you mean 'keep'"),
        ("a.conll", ("--policy", "error"), 3, "is ill-formed"),
        ("a.conll", ("--from", "jsonl"), 3, "this line is no JSON"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(plain, tmp_path, target, arguments, code, message):
    before = sorted(tmp_path.iterdir())
    done = onoma("convert", plain, tmp_path / target, *arguments)
    assert done.exit_code == code
    assert message in " ".join(done.stderr.split())
    assert sorted(tmp_path.iterdir()) == before


def test_a_split_that_cannot_be_read_leaves_no_folder(splits, tmp_path):
    with zipfile.ZipFile(splits, "a") as archive:
        archive.writestr("corpus/x.valid.iob2", "oops\n")
    done = onoma("convert", splits, tmp_path / "out", "--to", "conll")
    assert (done.exit_code, (tmp_path / "out").exists()) == (3, False)
