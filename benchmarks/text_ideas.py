"""Measure the ideas of docs/performance.md that are about text: what each saves, in processor time.

    python benchmarks/text_ideas.py --text eng.testb

From a string to rows of words, and from spans of words to a Document; the network is left out. Variants take
turns, and the best of the repeats counts. Garbage is collected as Python likes, save where a line says not.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import onoma
from ideas import ROOT, Jobs, report
from onoma.corpus import read
from onoma.runtime import Tagger
from onoma.runtime.plans import Plan
from onoma.tagging.align import token_spans
from onoma.text import Coverage, Document, Entity, Token
from onoma.text.sentences import is_one_sentence, sentence_starts
from onoma.text.tokenizer import PATTERN, place, split, tokenize
from onoma.text.windows import plan_windows
from where_time_goes import uncollected

Spans = list[tuple[int, int, str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", default="en-gmb")
    parser.add_argument("--text", type=Path, default=ROOT.parent / "shared/data/conll2003/eng.testb")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    texts = [document.text for document in read(options.text) if document.text]
    tagger = onoma.load(options.bundle, threads=1)
    found = tagger(texts)
    tokens = sum(len(document.tokens) for document in found)
    for title, jobs in (
        ("words of a text", words(texts)),
        ("one sentence or several", sentences(texts)),
        ("where entities lie", places(found)),
        ("everything but the engine", everything(tagger, texts, found)),
    ):
        report(title, jobs, tokens, options.repeats)


def words(texts: Sequence[str]) -> Jobs:
    """A `Token` each, their offsets alone, words alone; with blanks tried, and remembered by chunks."""
    everywhere = re.compile(PATTERN.pattern.replace(r"(?=\S)(?:", "(?:", 1), re.VERBOSE)
    known = Chunks()

    def first_reading() -> object:
        chunks = Chunks()
        return [chunks.words(text) for text in texts]

    return {
        "tokens": lambda: [tuple(map(Token._make, tokenize(text))) for text in texts],
        "offsets": lambda: [tokenize(text) for text in texts],
        "words": lambda: [split(text) for text in texts],
        "words, every alternative tried at blanks": lambda: [everywhere.findall(text) for text in texts],
        "words, chunks remembered": lambda: [known.words(text) for text in texts],
        "words, chunks remembered, first reading": first_reading,
        "what lies between blanks": lambda: [re.findall(r"\S+", text) for text in texts],
    }


class Chunks:
    """An idea that was not kept: what stands between blanks is looked up, where no blank matters to it."""

    # an abbreviation, a list's number, two- and three-day, US$ 5: what follows the blank decides
    _doubtful = re.compile(r"(?:[A-Za-z\d]\.|[A-Za-z]-|[A-Z]\$)$").search

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, ...]] = {}

    def words(self, text: str) -> list[str]:
        """As `split` gives them."""
        chunks = text.split()
        try:
            return list(chain.from_iterable(map(self.known.__getitem__, chunks)))
        except KeyError:
            self.known |= {each: tuple(split(each)) for each in chunks if not self._doubtful(each)}
            return split(text)


def sentences(texts: Sequence[str]) -> Jobs:
    tokenised = [(text, tokenize(text)) for text in texts]
    return {
        "tokens, sentences, windows": lambda: [
            plan_windows(len(tokens), sentence_starts(text, tokens), 256, 32) for text, tokens in tokenised
        ],
        "a search of the text": lambda: [is_one_sentence(text) for text in texts],
    }


def places(found: Sequence[Document]) -> Jobs:
    """From spans of words to offsets, for the texts that have entities."""
    given = [(d.text, d.words, spans_of(d)) for d in found if d.entities]
    return {
        "every word found": lambda: [place(text, words) for text, words, _ in given],
        "to the last entity": lambda: [place(text, words[: spans[-1][1]]) for text, words, spans in given],
        "by counting letters and blanks": lambda: [counted(*each) for each in given],
    }


def spans_of(document: Document) -> Spans:
    return [(start, end, label, 1.0) for start, end, label in token_spans(document)]


def counted(text: str, words: Sequence[str], spans: Spans) -> list[int]:
    """Where spans begin, by how many letters come before; right where each blank is a space."""
    begins, at, done = [], 0, 0
    for start, _, _, _ in spans:
        low, base = at, at + sum(map(len, words[done:start]))
        at = base
        while (further := base + text.count(" ", low, at)) != at:
            at = further
        at, done = text.find(words[start], at), start
        begins.append(at)
    return begins


class Told:
    """An engine that knows the answers, by how many rows it is given and the first."""

    def __init__(self, engine: object) -> None:
        self.engine, self.known = engine, {}

    def begin(self, rows: Sequence[Sequence[str]], sizes: Sequence[int]) -> Told:
        """Nothing is read that was read before."""
        self.key = len(rows), " ".join(rows[0])
        if self.key not in self.known:
            self.known[self.key] = self.engine.begin(rows, sizes).result()
        return self

    def result(self) -> list[tuple[Spans, float]]:
        """What was found in each row."""
        return self.known[self.key]


def everything(tagger: Tagger, texts: Sequence[str], found: Sequence[Document]) -> Jobs:
    """Texts to Documents, as a whole and in parts; before, each token was made, for each text."""
    tagger.engine = Told(tagger.engine)
    tagger(texts)
    plans = [Plan(text, tagger.manifest.row) for text in texts]
    spans = [spans_of(document) for document in found]

    def before() -> object:
        documents = []
        for text, each in zip(texts, spans, strict=True):
            tokens = tuple(map(Token._make, tokenize(text)))
            plan = plan_windows(len(tokens), sentence_starts(text, tokens), 256, 32)
            row = [text[start:end] for start, end in tokens]
            entities = tuple(Entity(tokens[a].start, tokens[b - 1].end, c, d) for a, b, c, d in each)
            coverage = Coverage(len(text), len(plan), "x", 1.0)
            documents.append((row, Document(text, tokens, entities, coverage=coverage)))
        return documents

    return {
        "every token made": before,
        "  garbage not collected": uncollected(before),
        "as it is": lambda: tagger(texts),
        "  and garbage not collected": uncollected(lambda: tagger(texts)),
        "  plans": lambda: [Plan(text, tagger.manifest.row) for text in texts],
        "  entities": lambda: [plan.entities(each) for plan, each in zip(plans, spans, strict=True)],
    }


if __name__ == "__main__":
    main()
