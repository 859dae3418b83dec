"""Every annotation has exactly one fate, and a reading whose counts do not balance stops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma import CorpusError, Document, Entity, TagError
from onoma.corpus import FORMATS, read
from onoma.corpus.annotated import Annotated, Span, documents, layers, outermost
from onoma.corpus.facts import Facts, Fate, Fates
from onoma.corpus.fitting import Losses, fit
from onoma.corpus.options import Options
from onoma.corpus.retag import tags_of
from onoma.tagging.schemes import SCHEMES

EDGES = st.integers(-2, 14)
SPANS = st.tuples(
    EDGES, EDGES, st.sampled_from(["a", "b", ""]), st.sampled_from([None, None, "discontinuous"])
).map(lambda parts: Span(*parts[:3], lost=parts[3]))


@given(
    text=st.text(st.sampled_from("ab -\n"), max_size=12),
    spans=st.lists(SPANS, max_size=8),
    overlaps=st.sampled_from(["keep", "outermost"]),
)
def test_whatever_a_file_says_every_span_has_one_fate(text, spans, overlaps):
    facts = Facts()
    options = Options(policy="discard", overlaps=overlaps)
    (document,) = map(facts.count, documents([Annotated(text, spans, 7)], "a", options, facts))
    facts.check()
    assert facts.fates.read == len(spans)
    assert {fate.line for fate in facts.fates} <= {7}
    opens, closes = {t.start for t in document.tokens}, {t.end for t in document.tokens}
    assert all(e.start in opens and e.end in closes for e in document.entities)
    if overlaps == "outermost":
        ends = [0, *(e.end for e in document.entities)]
        assert all(end <= e.start for end, e in zip(ends, document.entities, strict=False))


ENTITIES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 5)).map(lambda pair: Entity(pair[0], sum(pair), "x")),
    max_size=7,
)


@given(ENTITIES)
def test_the_outermost_are_the_longest_that_stand_apart(entities):
    kept = outermost(entities)
    left: list[Entity] = []
    for entity in sorted(entities, key=lambda e: (e.start - e.end, e.start)):  # the plain way
        if all(entity.end <= other.start or other.end <= entity.start for other in left):
            left.append(entity)
    assert sorted((e.start, e.end) for e in left) == sorted(
        (entities[i].start, entities[i].end) for i in kept
    )
    assert sorted(i for layer in layers(entities) for i in layer) == list(range(len(entities)))


def test_a_reader_that_loses_an_annotation_is_stopped(tmp_path, monkeypatch):
    def careless(source, options, facts):
        facts.fates.read += 2
        facts.fates.kept += 1
        yield Document.from_words(["Ada"], [(0, 1, "per")])

    path = tmp_path / "a.conll"
    path.write_text("Ada B-per\n")
    monkeypatch.setitem(FORMATS, "conll", FORMATS["conll"]._replace(read=careless))
    with pytest.raises(CorpusError, match="the counts do not balance: 2 annotations were read, 1 kept"):
        list(read(path))


def test_a_reader_whose_documents_lack_what_it_counted_is_stopped(tmp_path, monkeypatch):
    def careless(source, options, facts):
        facts.fates.read = facts.fates.kept = 1
        yield Document.from_words(["Ada"])

    path = tmp_path / "a.conll"
    path.write_text("Ada B-per\n")
    monkeypatch.setitem(FORMATS, "conll", FORMATS["conll"]._replace(read=careless))
    with pytest.raises(CorpusError, match="1 annotations were kept or repaired, but the documents hold 0"):
        list(read(path))


def test_a_ledger_takes_over_another():
    one, other = Fates(limit=2), Fates()
    for fates in (one, other):
        fates.read += 2
        fates.repair("trimmed", Fate("a", 1, "x", "kept"))
        fates.leave_out("lost", Fate("a", None, "y", "left out"))
    one.add(other)
    assert (one.read, len(one), len(list(one)), dict(one.repaired)) == (4, 4, 2, {"trimmed": 2})
    assert str(one[1]) == "a: y: left out"


@pytest.mark.parametrize(
    ("tags", "scheme", "faults"),
    [
        (["B-x", "O"], "bioes", ["B-x does not close it"]),
        (["I-x", "O"], "iob2", ["after the sentence's start"]),
        (["I-x", "I-x"], "bioes", ["I-x does not close it"]),  # one annotation, though two moves are wrong
        (["O", "B-x"], "iob1", ["after O, the sentence's last"]),
    ],
)
def test_an_annotation_counts_once_however_much_is_wrong_with_it(tmp_path, tags, scheme, faults):
    path = tmp_path / "a.conll"
    path.write_text("".join(f"w {tag}\n" for tag in tags))
    fates = read(path, scheme=scheme).fates
    assert [fate.done for fate in fates] == [f"{fault}; read leniently" for fault in faults]
    assert (fates.read, fates.kept) == (1, 0)


def test_discarding_says_when_an_entity_was_shortened(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("a O\nb B-x\nc I-x\n")
    corpus = read(path, scheme="iob1", policy="discard")
    assert [d.surface(e) for d in corpus for e in d.entities] == ["c"]
    assert [fate.done for fate in corpus.fates] == [
        "kept without its first word, whose tag continues nothing: 'b c'"
    ]


def test_tags_refuse_what_they_cannot_hold_and_fitting_counts_it():
    nested = Document.from_words(["a", "b"]).replace(entities=[Entity(0, 3, "x"), Entity(2, 3, "y")])
    with pytest.raises(TagError, match="overlaps another"):
        tags_of([nested], SCHEMES["iob2"])
    losses = Losses()
    assert tags_of([fit(nested, 1, FORMATS["conll"], losses)], SCHEMES["iob2"]) == [["B-x", "I-x"]]
    assert losses.lines() == ["entities that overlap: 1 entity in 1 document"]
