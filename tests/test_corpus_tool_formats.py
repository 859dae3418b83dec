"""The formats of other tools: what was written reads back equal, and goes through the commands."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from onoma import CorpusError, Document, Entity, InputError, Token
from onoma.cli import app
from onoma.corpus import FORMATS, read, read_split, write
from onoma.corpus.annotated import in_order
from onoma.corpus.reading import splits_in

TOOLS = [
    "spacy",
    "parquet",
    "arrow",
    "datasets",
    "brat",
    "label-studio",
    "full-text",
    "prodigy",
    "doccano",
]
NAMED = st.sampled_from(["per", "geo", "chemical-compound", "Ärzt:in"])
CHARACTERS = st.one_of(st.sampled_from("ab .,-\n\r\t👍é\u0301ש"), st.characters(exclude_categories=["Cs"]))


@st.composite
def documents(draw, *, tokens):
    """Any text with entities that may overlap; with tokens of another tokenizer where a format keeps them."""
    text = draw(st.text(CHARACTERS, max_size=30))
    document = Document.from_text(text)
    if tokens and draw(st.booleans()):
        edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
        document = document.replace(tokens=[Token(a, b) for a, b in pairwise(edges) if text[a:b].strip()])
    size = len(document.tokens)
    found = set()
    for _ in range(draw(st.integers(0, 4)) if size else 0):
        first = draw(st.integers(0, size - 1))
        last = draw(st.integers(first, min(size - 1, first + 3)))
        found.add((document.tokens[first].start, document.tokens[last].end, draw(NAMED)))
    return document.replace(entities=in_order(Entity(*each) for each in sorted(found)))


def numbered(found):
    return [document.replace(id=str(i)) for i, document in enumerate(found, 1)]


def as_read(document):
    """Entities of one place are told apart by no format's order."""
    entities = sorted(document.entities, key=lambda e: (e.start, -e.end, e.label))
    return document.replace(entities=entities)


@pytest.mark.parametrize("name", TOOLS)
@settings(max_examples=15)
@given(data=st.data())
def test_what_was_written_reads_back_equal(tmp_path_factory, name, data):
    keeps = "tokens" in FORMATS[name].holds
    found = numbered(data.draw(st.lists(documents(tokens=keeps), min_size=1, max_size=4)))
    path = tmp_path_factory.mktemp("corpus") / f"a{FORMATS[name].suffix}"
    write(found, path, name)
    corpus = read(path)
    assert corpus.source.format == name
    assert list(map(as_read, corpus)) == list(map(as_read, found))
    assert corpus.fates.read == sum(len(document.entities) for document in found)
    assert corpus.fates.left_out == {}


ADA = Document.from_text("  Ada 👍 Lovelace\r\n\r\nwas born  in e\u0301vry, שלום.", id="a7")
ADA = ADA.replace(
    entities=[Entity(2, 16, "per"), Entity(2, 5, "first"), Entity(33, 38, "geo", 0.25)],
    meta={"document": "d1", "page": [1, {"x": None}]},
)


@pytest.mark.parametrize("name", TOOLS)
def test_a_format_keeps_what_it_says_it_holds(tmp_path, name):
    assert [ADA.surface(e) for e in ADA.entities] == ["Ada 👍 Lovelace", "Ada", "e\u0301vry"]
    write([ADA, Document.from_text("", id="b")], tmp_path / "a", name)
    holds = FORMATS[name].holds
    ada, empty = read(tmp_path / "a")
    assert (ada.text, empty.text, empty.tokens) == (ADA.text, "", ())
    assert [e.score for e in ada.entities] == ([1, 1, 0.25] if "scores" in holds else [1, 1, 1])
    assert ada.meta == (ADA.meta if "meta" in holds else {})
    assert ada.id == "a7"


@pytest.mark.parametrize("name", TOOLS)
def test_the_same_documents_give_the_same_fingerprint(tmp_path, name):
    write([ADA], tmp_path / "a", name)
    write([ADA], tmp_path / "b", name)
    assert read(tmp_path / "a").fingerprint == read(tmp_path / "b").fingerprint


@pytest.mark.parametrize("name", TOOLS)
def test_half_a_surrogate_pair_is_refused_and_nothing_is_left(tmp_path, name):
    with pytest.raises(InputError, match="surrogate"):
        write([Document.from_words(["fine"]), Document.from_words(["\ud800"])], tmp_path / "a", name)
    assert list(tmp_path.iterdir()) == []


SMALL = [
    Document.from_words(["Ada", "met", "Bob", str(i)], [(0, 1, "per"), (2, 3, "per")]) for i in range(20)
]


@pytest.mark.parametrize("name", TOOLS)
def test_corpora_are_split_checked_and_found_by_split(tmp_path, name):
    suffix = FORMATS[name].suffix
    write(numbered(SMALL), tmp_path / f"all{suffix}", name)
    parts = tmp_path / "parts"
    run = CliRunner().invoke(
        app, ["split", str(tmp_path / f"all{suffix}"), "--out", str(parts), "--format", name]
    )
    assert run.exit_code == 0, run.output
    assert splits_in(parts) == ["train", "dev", "test"]
    assert [len(read_split(parts, split)) for split in ("train", "dev", "test")] == [12, 4, 4]
    run = CliRunner().invoke(app, ["check", str(parts / f"train{suffix}"), "--json", "-"])
    assert run.exit_code == 0, run.output


@pytest.mark.parametrize("name", [each for each in TOOLS if FORMATS[each].kind == "bytes"])
def test_a_file_cut_short_is_no_traceback(tmp_path, name):
    write(numbered(SMALL), tmp_path / "a", name)
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "b").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorpusError, match=r"b: .*(damaged|cut short)"):
        list(read(tmp_path / "b"))


def test_the_libraries_are_loaded_only_for_their_files(tmp_path):
    import subprocess
    import sys

    write(numbered(SMALL), tmp_path / "a.json", "label-studio")
    code = (
        "import sys; from onoma.corpus import read; list(read(sys.argv[1]));"
        "assert not {'spacy', 'datasets', 'pyarrow'}.intersection(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.json")], check=True)


def test_json_that_is_none_of_these_is_refused(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([{"text": "Ada", "whatever": []}]))
    with pytest.raises(CorpusError):
        list(read(tmp_path / "a.json"))


def test_what_is_passed_over_is_said(tmp_path):
    write([ADA], tmp_path / "a", "brat")
    with (tmp_path / "a" / "a7.ann").open("a") as file:
        file.write("R1\tin Arg1:T1 Arg2:T2\n#1\tAnnotatorNotes T1\tsure?\n")
    told = CliRunner().invoke(app, ["check", str(tmp_path / "a"), "--json", "-"]).output
    assert "1 brat relations are passed over" in told
    told = CliRunner().invoke(app, ["convert", str(tmp_path / "a"), str(tmp_path / "a.spacy")]).output
    assert "passed over: 1 brat relations" in told
    assert [document.text for document in read(tmp_path / "a.spacy")] == [ADA.text]
