"""Other people's taggers, trained on the same corpora: spaCy's ``ner`` and CRFsuite with hand-made features.

Used by ``tagging.py``; what is trained is kept in a folder and trained once.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pycrfsuite
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from onoma.features.words import shape
from onoma.tagging import TagSet
from onoma.tagging.align import token_spans
from onoma.text import Document, Entity

Parts = dict[str, Sequence[Document]]


def spacy_ner(parts: Parts, folder: Path) -> Language:
    """spaCy's ``ner`` in its efficiency configuration, without vectors (``spacy init config``)."""
    if not (folder / "model-best").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for part in ("train", "dev"):
            docs = DocBin(docs=[as_doc(document) for document in parts[part] if document.tokens])
            docs.to_disk(folder / f"{part}.spacy")
        command("init", "config", folder / "config.cfg", "-p", "ner", "-o", "efficiency", "--force")
        paths = ("--paths.train", folder / "train.spacy", "--paths.dev", folder / "dev.spacy")
        command("train", folder / "config.cfg", "--output", folder, *paths)
    return spacy.load(folder / "model-best")


def command(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "spacy", *map(str, words)], check=True)


def as_doc(document: Document) -> Doc:
    doc = Doc(_BLANK.vocab, words=document.words)
    doc.ents = [Span(doc, start, end, label) for start, end, label in token_spans(document)]
    return doc


_BLANK = spacy.blank("en")


class SpacyTagger:
    """An `Annotate` that keeps the documents' own tokens."""

    def __init__(self, nlp: Language) -> None:
        self.nlp = nlp

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        """Tag documents by their own tokens."""
        docs = [Doc(self.nlp.vocab, words=document.words) for document in documents]
        found = self.nlp.pipe(docs, batch_size=256)
        return [
            _with_entities(d, [(e.start, e.end, e.label_) for e in f.ents])
            for d, f in zip(documents, found, strict=True)
        ]

    def texts(self, texts: Sequence[str], processes: int) -> int:
        """Tag raw strings, as a user would; returns how many entities there were."""
        return sum(len(doc.ents) for doc in self.nlp.pipe(texts, batch_size=256, n_process=processes))


def _with_entities(document: Document, spans: Iterable[tuple[int, int, str]]) -> Document:
    tokens = document.tokens
    return document.replace(
        entities=[Entity(tokens[a].start, tokens[b - 1].end, label) for a, b, label in spans]
    )


class CrfTagger:
    """CRFsuite over the features usual for it: the word, its edges and shape, and its neighbours'."""

    def __init__(self, parts: Parts, path: Path) -> None:
        labels = sorted({entity.label for document in parts["train"] for entity in document.entities})
        self.tags = TagSet(labels, "bioes")
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._train(parts["train"], path)
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open(str(path))

    def _train(self, documents: Iterable[Document], path: Path) -> None:
        trainer = pycrfsuite.Trainer(verbose=False)
        trainer.set_params({"c1": 0.1, "c2": 0.1, "max_iterations": 80, "feature.possible_transitions": True})
        for document in documents:
            ids = self.tags.encode(token_spans(document), len(document.tokens))
            trainer.append(features(document.words), [self.tags.names[i] for i in ids])
        trainer.train(str(path))

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        """Tag documents by their own tokens."""
        return [self._tagged(document) for document in documents]

    def texts(self, texts: Iterable[str]) -> int:
        """Tag raw strings, tokenised as Onoma does; returns how many entities there were."""
        return sum(len(self._tagged(Document.from_text(text)).entities) for text in texts)

    def _tagged(self, document: Document) -> Document:
        names = self._tagger.tag(features(document.words))
        ids = np.array([self.tags.names.index(name) for name in names], dtype=np.int64)
        return _with_entities(document, self.tags.decode(ids))


def features(words: Sequence[str]) -> list[list[str]]:
    own = [list(_own(word)) for word in words]
    found = []
    for i, mine in enumerate(own):
        row = ["bias", *mine]
        row += [f"-1:{name}" for name in own[i - 1]] if i else ["first"]
        row += [f"+1:{name}" for name in own[i + 1]] if i + 1 < len(own) else ["last"]
        found.append(row)
    return found


def _own(word: str) -> Iterator[str]:
    low = word.lower()
    yield f"w={low}"
    yield f"shape={shape(word)}"
    yield from (f"end{n}={low[-n:]}" for n in (2, 3))
    yield f"begin3={low[:3]}"
    if word[:1].isupper():
        yield "title"
    if word.isdigit():
        yield "digits"
