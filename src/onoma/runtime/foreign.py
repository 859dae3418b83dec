"""Taggers that Onoma did not make, as `Annotate`: a spaCy pipeline, a function of somebody's module.

Both are given the documents' own tokens, and what they return is put back on the documents they were given:
the text, the tokens, the id stay what they were, only the entities are theirs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from onoma.errors import AlignmentError, BundleError, InputError
from onoma.text import Document, Entity

__all__ = ["Function", "SpacyPipeline", "check_same"]


class SpacyPipeline:
    """A spaCy pipeline as an `Annotate`; spaCy is imported when one is made.

    Its entities carry no probability, so every score is 1.

    >>> import spacy
    >>> nlp = spacy.blank("en")
    >>> nlp.add_pipe("entity_ruler").add_patterns([{"label": "PER", "pattern": "Ada"}])
    >>> [document] = SpacyPipeline(nlp)([Document.from_words(["Ada", "wrote"])])
    >>> document.entities
    (Entity(start=0, end=3, label='PER', score=1.0),)
    """

    kind = "spaCy pipeline"

    def __init__(self, pipeline: Any) -> None:
        """``pipeline`` is a loaded ``spacy.Language``, the name of an installed one, or its folder.

        Raises `BundleError` when spaCy finds none of that name or cannot load it.
        """
        self._pipeline = _loaded_pipeline(str(pipeline)) if isinstance(pipeline, str | Path) else pipeline

    @property
    def name(self) -> str:
        """Language and name, as spaCy writes them: ``en_core_web_sm``."""
        meta = self._pipeline.meta
        return f"{meta['lang']}_{meta['name']}"

    @property
    def labels(self) -> list[str]:
        """The labels that its components give to entities."""
        pipe_labels = self._pipeline.pipe_labels
        sources = [pipe_labels[name] for name in self._pipeline.pipe_names if self._sets_entities(name)]
        return sorted({label for labels in sources for label in labels})

    @property
    def parameters(self) -> int:
        """Learned numbers in its neural components, vectors included."""
        models = [pipe.model for _, pipe in self._pipeline.pipeline if getattr(pipe, "model", None)]
        nodes = {node.id: node for model in models for node in model.walk()}
        learned = sum(
            node.get_param(name).size
            for node in nodes.values()
            for name in node.param_names
            if node.has_param(name)
        )
        return int(learned + self._pipeline.vocab.vectors.data.size)

    @property
    def folder(self) -> Path | None:
        """Where it was loaded from; None for a pipeline made in memory."""
        return self._pipeline.path  # type: ignore[no-any-return]

    def _sets_entities(self, name: str) -> bool:
        return "doc.ents" in self._pipeline.get_pipe_meta(name).assigns

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        """The documents with spaCy's entities, in the same order."""
        made = self._pipeline.pipe([self._doc(document) for document in documents])
        return [_with_entities(a, b) for a, b in zip(documents, made, strict=True)]

    def _doc(self, document: Document) -> Any:
        """The document with its own tokens where spaCy can hold them, which needs single spaces; else the
        text as spaCy tokenises it. Either way the text is the same, and so are offsets in it."""
        from spacy.tokens import Doc

        edges = [token.start for token in document.tokens[1:]]
        ends = [token.end for token in document.tokens]
        spaces = [start > end for start, end in zip(edges, ends[:-1], strict=True)] + [False]
        words = document.words
        if words and "".join(w + " " * s for w, s in zip(words, spaces, strict=True)) == document.text:
            return Doc(self._pipeline.vocab, words=words, spaces=spaces)
        return self._pipeline.make_doc(document.text)


def _loaded_pipeline(name: str) -> Any:
    import spacy

    try:
        return spacy.load(name)
    except (
        OSError,
        ValueError,
        ImportError,
    ) as error:  # a missing one; a broken one; one of a missing package
        raise BundleError(f"spaCy cannot load the pipeline {name!r}: {error}") from error


def _with_entities(document: Document, doc: Any) -> Document:
    entities = (Entity(span.start_char, span.end_char, span.label_) for span in doc.ents)
    return document.replace(entities=entities)


class Function:
    """A function ``module:name`` as an `Annotate`: documents in, documents with entities out.

    >>> Function("os.path:join").name
    'os.path:join'
    """

    kind = "Python function"
    folder = None
    parameters = None

    def __init__(self, place: str) -> None:
        """Import ``place``, ``module:name``, from what is installed or from the current folder.

        What stands there is called as it is, or, if it is a class, once without arguments to make the
        function. Raises `InputError` when there is no such module or name in it, or it cannot be called.
        """
        self.name = place
        self._function = _imported(place)
        given = getattr(self._function, "labels", None)
        self.labels: list[str] | None = None if given is None else sorted(given)

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        """What the function returns for ``documents``.

        Raises `InputError` when that is no list of documents, `AlignmentError` when the texts differ.
        """
        found = list(self._function(documents))
        if strange := [type(each).__name__ for each in found if not isinstance(each, Document)]:
            raise InputError(f"{self.name} must return Documents, and returned a {strange[0]}")
        check_same(self.name, documents, found)
        return [a.replace(entities=b.entities) for a, b in zip(documents, found, strict=True)]


def check_same(name: str, given: Sequence[Document], found: Sequence[Document]) -> None:
    """Raise `AlignmentError` unless ``found``, the answer of the tagger ``name``, is about the same texts."""
    if len(given) != len(found):
        raise AlignmentError(f"{name} was given {len(given)} documents and returned {len(found)}")
    for number, (a, b) in enumerate(zip(given, found, strict=True), 1):
        if a.text != b.text:
            raise AlignmentError(
                f"{name} changed the text of document {a.id or number}; offsets would not fit"
            )


def _imported(place: str) -> Any:
    module_name, _, name = place.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # a user's own module lies where they work
    try:
        found: Any = import_module(module_name)
    except ModuleNotFoundError as error:
        if not module_name.startswith(str(error.name)):
            raise  # the module is there, and lacks one of its own
        raise InputError(
            f"there is no module {module_name!r}, neither installed nor in this folder"
        ) from error
    for part in name.split("."):
        found = getattr(found, part, None)
    function: Any = found() if isinstance(found, type) else found
    if not callable(function):
        raise InputError(
            f"{place} is no function: expected MODULE:NAME of one that takes and returns Documents"
        )
    return function
