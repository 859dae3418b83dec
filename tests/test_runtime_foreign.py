"""Foreign taggers as `Annotate`: spaCy pipelines and functions of a module in the current folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy

from onoma.errors import AlignmentError, BundleError, InputError
from onoma.runtime.foreign import Function, SpacyPipeline
from onoma.text import Document, Entity


@pytest.fixture(scope="module")
def pipeline() -> SpacyPipeline:
    nlp = spacy.blank("en")
    patterns = [{"label": "PER", "pattern": "Ada Lovelace"}, {"label": "GPE", "pattern": "U.S."}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    return SpacyPipeline(nlp)


def surfaces(document: Document) -> list[tuple[str, str]]:
    return [(document.surface(entity), entity.label) for entity in document.entities]


def test_spacy_reads_the_documents_own_tokens(pipeline):
    words = ["Ada", "Lovelace", "left", "the", "U.S.", "(", "then", ")"]
    given = Document.from_words(words)
    [found] = pipeline([given])
    assert surfaces(found) == [("Ada Lovelace", "PER"), ("U.S.", "GPE")]
    assert found.replace(entities=()) == given


@pytest.mark.parametrize(
    "text", ["  Ada Lovelace\n\nwrote", "Ada  Lovelace; Ada Lovelace.", "", " ", "🙂 Ada Lovelace"]
)
def test_any_spacing_keeps_offsets_exact(pipeline, text):
    given = Document.from_text(text)
    [found] = pipeline([given])
    assert found.text == text
    assert {name for name, _ in surfaces(found)} == ({"Ada Lovelace"} if "Ada Lovelace" in text else set())


def test_spacy_says_what_it_is(pipeline, tmp_path):
    assert pipeline.name == "en_pipeline"
    assert pipeline.labels == ["GPE", "PER"]
    assert pipeline.parameters == 0
    assert pipeline.folder is None
    pipeline._pipeline.to_disk(tmp_path / "saved")
    again = SpacyPipeline(tmp_path / "saved")
    assert again.folder == tmp_path / "saved"
    assert surfaces(again([Document.from_words(["Ada", "Lovelace"])])[0]) == [("Ada Lovelace", "PER")]


def test_a_trained_component_has_parameters():
    nlp = spacy.blank("en")
    nlp.add_pipe("ner").add_label("PER")
    nlp.initialize()
    tagger = SpacyPipeline(nlp)
    assert tagger.labels == ["PER"]
    assert tagger.parameters > 10_000


def test_a_pipeline_that_is_not_there():
    with pytest.raises(BundleError, match="spaCy cannot load the pipeline 'no_such_thing'"):
        SpacyPipeline("no_such_thing")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A module of its own name in the current folder."""
    name = f"taggers_{abs(hash(request.node.name))}"
    (tmp_path / f"{name}.py").write_text(
        "from onoma.text import Entity\n"
        "def first_letter(documents):\n"
        "    return [d.replace(tokens=(), entities=[Entity(0, 1, 'x', 0.5)]) for d in documents]\n"
        "class Tagger:\n"
        "    labels = ('per', 'geo')\n"
        "    def __call__(self, documents):\n"
        "        return list(documents)\n"
        "def texts(documents): return [d.text for d in documents]\n"
        "def fewer(documents): return documents[1:]\n"
        "def upper(documents): return [d.replace(text=d.text.upper()) for d in documents]\n"
        "number = 3\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return name


DOCUMENTS = [Document.from_words(["ab", "c"]), Document.from_words(["d"])]


def test_a_function_gives_its_entities_to_the_documents_as_they_were(module):
    found = Function(f"{module}:first_letter")(DOCUMENTS)
    assert [d.entities for d in found] == [(Entity(0, 1, "x", 0.5),)] * 2
    assert [d.replace(entities=()) for d in found] == DOCUMENTS


def test_a_class_is_made_and_may_name_its_labels(module):
    tagger = Function(f"{module}:Tagger")
    assert tagger.labels == ["geo", "per"]
    assert tagger(DOCUMENTS) == DOCUMENTS
    assert Function(f"{module}:first_letter").labels is None


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("texts", InputError, "must return Documents, and returned a str"),
        ("fewer", AlignmentError, "was given 2 documents and returned 1"),
        ("upper", AlignmentError, "changed the text of document 1"),
    ],
)
def test_what_a_function_may_not_return(module, name, error, message):
    with pytest.raises(error, match=message):
        Function(f"{module}:{name}")(DOCUMENTS)


@pytest.mark.parametrize(("name", "message"), [("number", "is no function"), ("nothing", "is no function")])
def test_what_is_no_function(module, name, message):
    with pytest.raises(InputError, match=message):
        Function(f"{module}:{name}")


def test_no_such_module():
    with pytest.raises(InputError, match="no module 'no_such_module_anywhere'"):
        Function("no_such_module_anywhere:tag")
