"""brat's standoff pairs: discontinuous annotations have a fate, other lines are counted."""

from __future__ import annotations

import zipfile

import pytest

from onoma import CorpusError, Document, Entity, InputError
from onoma.corpus import read, write

TEXT = "Ada and Bob Stone\r\nwent to New\r\nHaven 👍.\r\n"
LINES = """\
T1\tper 0 3;12 17\tAda Stone
T2\tper 8 17\tBob Stone
R1\tknows Arg1:T1 Arg2:T2
T3\tgeo 27 30;32 37\tNew Haven
E1\tmove:T4 Theme:T2
T4\tmove 19 23\twent
#1\tAnnotatorNotes T2\tsure?
*\tEquiv T1 T2
A1\tSure T2
"""


@pytest.fixture
def folder(tmp_path):
    def put(name, text, lines):
        (tmp_path / f"{name}.txt").write_bytes(text.encode())
        (tmp_path / f"{name}.ann").write_bytes(lines.encode())

    put("10", TEXT, LINES)
    put("9", "Nothing here", "")
    (tmp_path / "annotation.conf").write_text("[entities]")
    return tmp_path


def test_annotations_are_read_with_their_fates(folder):
    (folder / "alone.txt").write_text("unannotated")
    corpus = read(folder)
    nine, ten = corpus
    assert (corpus.source.format, nine.id, ten.id, ten.text) == ("brat", "9", "10", TEXT)
    found = [(ten.surface(e), e.label) for e in ten.entities]
    assert found == [("Bob Stone", "per"), ("went", "move"), ("New\r\nHaven", "geo")]
    fates = corpus.fates
    assert (fates.read, fates.kept, dict(fates.left_out)) == (4, 2, {"discontinuous": 1})
    assert dict(fates.repaired) == {"fragments joined, blanks between them": 1}
    lost, joined = map(str, fates)
    assert "10.ann:1: per: left out: discontinuous" in lost
    assert "10.ann:4: geo:" in joined
    kinds = ("relations", "events", "notes", "equivalences", "attributes")
    passed = {f"brat {kind}": 1 for kind in kinds} | {"texts without a brat file of annotations": 1}
    assert corpus.facts.passed == passed


def test_one_pair_and_an_archive_of_pairs_are_read_too(folder, tmp_path_factory):
    ten = list(read(folder))[1]
    assert list(read(folder / "10.ann")) == list(read(folder / "10.txt")) == [ten]
    archive = tmp_path_factory.mktemp("zip") / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in folder.iterdir():
            file.write(path, path.name)
    assert list(read(archive))[1] == ten


def test_offsets_that_skip_carriage_returns_are_mended(folder):
    shifted = "T1\tgeo 26 29\tNew\nT2\tper 0 3\tAda\n"
    (folder / "10.ann").write_text(shifted)
    corpus = read(folder)
    _, ten = corpus
    assert [ten.surface(e) for e in ten.entities] == ["Ada", "New"]
    assert dict(corpus.fates.repaired) == {"offsets in characters with line ends as one": 1}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1\tper 0\tAda", "no annotation like"),
        ("T1 per 0 3 Ada", "no annotation like"),
        ("T1\tper 0 300\tAda", "out of range"),
        ("T1\tper 0 3\tBob", "holds 'Ada', not 'Bob'"),
    ],
)
def test_a_wrong_line_is_named(folder, line, message):
    (folder / "10.ann").write_text(f"T2\tper 8 11\tBob\n{line}\n")
    with pytest.raises(CorpusError, match=rf":2: .*{message}"):
        list(read(folder))


def test_text_in_another_encoding_is_refused(folder):
    (folder / "9.txt").write_bytes("Málaga".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"9\.txt: brat's files are UTF-8"):
        list(read(folder))


def test_lines_are_written_as_brat_writes_them(tmp_path):
    entities = [Entity(8, 17, "per"), Entity(27, 37, "geo")]
    write([Document.from_text(TEXT, id="doc-1").replace(entities=entities)], tmp_path / "out", "brat")
    lines = (tmp_path / "out" / "doc-1.ann").read_text()
    assert lines == "T1\tper 8 17\tBob Stone\nT2\tgeo 27 30;32 37\tNew Haven\n"
    assert (tmp_path / "out" / "doc-1.txt").read_bytes() == TEXT.encode()


def test_ids_that_are_no_file_names_give_way_to_numbers(tmp_path):
    documents = [Document.from_text("x", id=name) for name in ("../../etc", "a", "a", "b/c")]
    write(documents, tmp_path / "out", "brat")
    names = sorted(path.name for path in (tmp_path / "out").glob("*.txt"))
    assert names == ["000001.txt", "000003.txt", "000004.txt", "a.txt"]


def test_a_label_with_blanks_is_refused(tmp_path):
    document = Document.from_text("Ada").replace(entities=[Entity(0, 3, "a person")])
    with pytest.raises(InputError, match=r"labels hold no blanks: 'a person'; rename it with a label map"):
        write([document], tmp_path / "out", "brat")
    assert list(tmp_path.iterdir()) == []
