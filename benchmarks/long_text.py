"""Read a corpus's test part as one long text and sentence by sentence, and say how the entities differ.

    python benchmarks/long_text.py --conll2003 out/run --gmb en-gmb

A network that learned from sentences reads a long text in windows that hold several, so what stands around a
sentence can change what is found in it. Texts have 100,000 tokens at most and the corpus's own tokens, so no
difference comes from those; F1 is strict.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import onoma
from onoma.evaluation import evaluate
from onoma.runtime import Tagger
from onoma.text import Document, Entity, Token
from tagging import PARTS, ROOT

MOST = 100_000  # tokens


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    parser.add_argument("--conll2003", help="a bundle trained on CoNLL-2003")
    parser.add_argument("--gmb", help="a bundle trained on GMB")
    options = parser.parse_args()
    print("| corpus | tokens | windows | entities that differ | F1 by sentence | F1 in one text |")
    print("|---|---|---|---|---|---|")
    for name in ("conll2003", "gmb"):
        if bundle := getattr(options, name):
            print(row(name, onoma.load(bundle), PARTS[name](options.data, options.out)["test"]))


def row(name: str, tagger: Tagger, test: Sequence[Document]) -> str:
    gold = some_of(test)
    text, offsets = joined(gold)
    [whole] = tagger([text])
    alone = tagger([document.replace(entities=()) for document in gold])
    parted = [part(whole, document, offset) for document, offset in zip(gold, offsets, strict=True)]
    found, expected = (
        {(at, e.start, e.end, e.label) for at, document in enumerate(documents) for e in document.entities}
        for documents in (parted, alone)
    )
    scores = [
        evaluate(lambda _, answers=answers: list(answers), gold, batch_size=len(gold)).strict.micro.f1
        for answers in (alone, parted)
    ]
    assert whole.coverage is not None
    share = len(found ^ expected) / (len(found) + len(expected))
    figures = f"{len(whole.tokens):,} | {whole.coverage.windows:,} | {share:.2%}"
    return f"| {name} | {figures} | {' | '.join(f'{100 * f1:.2f}' for f1 in scores)} |"


def some_of(documents: Sequence[Document]) -> list[Document]:
    """The first of them that have `MOST` tokens together."""
    kept, tokens = [], 0
    for document in documents:
        tokens += len(document.tokens)
        if tokens > MOST:
            break
        kept.append(document)
    return kept


def joined(documents: Sequence[Document]) -> tuple[Document, list[int]]:
    """The documents as one text, a line each, with their tokens, and where each begins."""
    tokens: list[Token] = []
    offsets, at = [], 0
    for document in documents:
        offsets.append(at)
        tokens += [Token(at + token.start, at + token.end) for token in document.tokens]
        at += len(document.text) + 1
    return Document("\n".join(document.text for document in documents), tuple(tokens)), offsets


def part(whole: Document, document: Document, offset: int) -> Document:
    """``document`` with the entities of ``whole`` that begin in it."""
    end = offset + len(document.text)
    inside = [e for e in whole.entities if offset <= e.start < end]
    return document.replace(
        entities=[Entity(e.start - offset, min(e.end, end) - offset, e.label, e.score) for e in inside]
    )


if __name__ == "__main__":
    main()
