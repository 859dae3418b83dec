"""Splitting a corpus into train, dev and test, fairly and the same way each time.

Sentences of the same words stay on one side, and so do those of one article; labels keep their proportions
(see `onoma.corpus.stratify`). The corpus is read twice, or once more for each side, and never held in memory.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import Any

from onoma.corpus.blocks import blocks
from onoma.corpus.corpus import Corpus
from onoma.corpus.fitting import Losses, fit
from onoma.corpus.formats import Format
from onoma.corpus.grouping import together
from onoma.corpus.stratify import Group, stratify
from onoma.corpus.writing import BlockWriter, writable, write
from onoma.errors import CorpusError, InputError
from onoma.files import whole_folder
from onoma.text.document import Document

__all__ = ["Side", "Split", "parse_ratios", "split_corpus", "word_key", "write_split"]

_NAMES = {2: ("train", "test"), 3: ("train", "dev", "test")}


@dataclass(slots=True)
class Side:
    """What one side of a split holds."""

    sentences: int = 0
    tokens: int = 0
    entities: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Split:
    """Which side each sentence of a corpus goes to, and what comes of it."""

    names: tuple[str, ...]
    ratios: tuple[float, ...]
    seed: int
    sides: list[int]  # [sentence], an index into names
    groups: int
    largest: int  # sentences in the largest group
    contents: dict[str, Side]


def parse_ratios(text: str) -> tuple[float, ...]:
    """``"60/20/20"`` (train, dev, test) or ``"80/20"`` (train, test); raises `InputError` for anything else.

    >>> parse_ratios("60/20/20")
    (60.0, 20.0, 20.0)
    """
    try:
        ratios = tuple(float(part) for part in text.split("/"))
    except ValueError:
        ratios = ()
    if len(ratios) not in _NAMES or not all(0 < ratio < float("inf") for ratio in ratios):
        raise InputError(f"ratios must be two or three positive numbers like 60/20/20 or 80/20, not {text!r}")
    return ratios


def split_corpus(corpus: Corpus, ratios: Sequence[float] = (60, 20, 20), seed: int = 42) -> Split:
    """Decide which side each sentence goes to.

    Raises `CorpusError` when there are too few groups of sentences to give each side one.

    >>> words = ["a", "b", "c", "d", "a"]
    >>> split = split_corpus(Corpus.from_documents([Document.from_words([w]) for w in words]), (50, 50))
    >>> split.sides[0] == split.sides[4], split.groups
    (True, 4)
    """
    facts = [_Sentence(word_key(d), _article(d), len(d.tokens), _labels(d)) for d in corpus]
    members = together([(each.key, each.article) for each in facts])
    if len(members) < len(ratios):
        fault = (
            f"{len(facts)} sentences in {len(members)} groups (same words or same article) cannot be split "
            f"into {len(ratios)} parts"
        )
        raise CorpusError(fault, path=corpus.source.path)
    groups = [Group(len(group), _total(facts, group)) for group in members]
    sides = [0] * len(facts)
    for group, side in zip(members, stratify(groups, ratios, seed), strict=True):
        for i in group:
            sides[i] = side
    names, largest = _NAMES[len(ratios)], max(group.size for group in groups)
    return Split(names, tuple(ratios), seed, sides, len(groups), largest, _contents(names, sides, facts))


def write_split(
    corpus: Corpus, split: Split, folder: str | PathLike[str], format: str = "conll", scheme: str = "iob2"
) -> Losses:
    """Write each side to ``folder`` and what was done to ``split.json``; the same split gives the same bytes.

    The folder appears when everything is written; an older one of `write_split` is replaced, any other
    folder with files in it is refused with `InputError`. Raises `OutputError` when it cannot be written.
    What the format cannot hold is left out as `onoma.corpus.fitting` says, and returned.
    """
    form = writable(format)
    _refuse_to_replace(Path(folder))
    with whole_folder(folder) as beside:
        losses = _write_sides(corpus, split, beside, form, scheme)
        text = json.dumps(_record(corpus, split, form, scheme), indent=2, ensure_ascii=False)
        (beside / "split.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    return losses


def word_key(document: Document) -> bytes:
    """The same for documents of the same words in the same order, and for no others."""
    words = "\n".join(f"{len(word)} {word}" for word in document.words)
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Sentence:
    key: bytes
    article: str | None
    tokens: int
    labels: tuple[str, ...]


def _article(document: Document) -> str | None:
    name = document.meta.get("document")
    return None if name is None else str(name)


def _labels(document: Document) -> tuple[str, ...]:
    return tuple([entity.label for entity in document.entities])


def _total(sentences: Sequence[_Sentence], group: Sequence[int]) -> Counter[str]:
    total = Counter[str]()
    for i in group:
        total.update(sentences[i].labels)
    return total


def _contents(names: Sequence[str], sides: Sequence[int], sentences: Sequence[_Sentence]) -> dict[str, Side]:
    contents = {name: Side() for name in names}
    for number, sentence in zip(sides, sentences, strict=True):
        side = contents[names[number]]
        side.sentences += 1
        side.tokens += sentence.tokens
        side.entities.update(sentence.labels)
    return contents


def _refuse_to_replace(folder: Path) -> None:
    taken = folder.is_dir() and any(folder.iterdir()) and not (folder / "split.json").is_file()
    if taken or folder.is_file():
        raise InputError(f"{folder} exists and holds something else; choose another place, or remove it")


def _write_sides(corpus: Corpus, split: Split, folder: Path, form: Format, scheme: str) -> Losses:
    losses = Losses()
    places = [folder / f"{name}{form.suffix}" for name in split.names]
    if form.write is not None:
        numbered = ((side, fit(each, i, form, losses)) for i, side, each in _numbered(corpus, split))
        _write_in_blocks(numbered, places, form, scheme)
        return losses
    for number, place in enumerate(places):
        chosen = (fit(each, i, form, losses) for i, side, each in _numbered(corpus, split) if side == number)
        write(chosen, place, form.name, scheme=scheme)
    return losses


def _numbered(corpus: Corpus, split: Split) -> Iterator[tuple[int, int, Document]]:
    """Each document with its number, from 1, and the side it goes to."""
    for i, (side, document) in enumerate(zip(split.sides, corpus, strict=True), 1):
        yield i, side, document


def _write_in_blocks(
    numbered: Iterable[tuple[int, Document]], places: Sequence[Path], form: Format, scheme: str
) -> None:
    with ExitStack() as stack:
        writers = [BlockWriter(stack.enter_context(_new_file(place)), form, scheme) for place in places]
        for block in blocks(numbered):
            for number, writer in enumerate(writers):
                writer.write([document for side, document in block if side == number])


def _new_file(path: Path) -> Any:
    return path.open("x", encoding="utf-8", newline="\n")


def _record(corpus: Corpus, split: Split, form: Format, scheme: str) -> dict[str, Any]:
    source = corpus.source
    return {
        "source": {
            "name": None if source.path is None else Path(source.path).name,
            "format": source.format,
            "encoding": source.encoding,
            "fingerprint": corpus.fingerprint,
        },
        "seed": split.seed,
        "ratios": list(split.ratios),
        "format": form.name,
        "scheme": scheme,
        "sentences": len(split.sides),
        "groups": split.groups,
        "largest_group": split.largest,
        "splits": {
            name: {
                "file": f"{name}{form.suffix}",
                "sentences": side.sentences,
                "tokens": side.tokens,
                "entities": dict(sorted(side.entities.items())),
            }
            for name, side in split.contents.items()
        },
    }
