"""From one format to another: every part of a corpus, into one file or into one for each part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from onoma.corpus.corpus import Corpus
from onoma.corpus.facts import Facts, Fates
from onoma.corpus.fitting import Losses, fit
from onoma.corpus.formats import FORMATS, Format
from onoma.corpus.label_map import LabelMap, check_used
from onoma.corpus.writing import writable, write
from onoma.errors import InputError
from onoma.files import whole_folder
from onoma.text.document import Document

__all__ = ["Conversion", "convert", "target_format"]

# what a suffix stands for where several formats share it, or none has it
_SUFFIXES = {
    ".jsonl": "jsonl-spans",
    ".tsv": "conll",
    ".txt": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".sgml": "inline",
}


@dataclass(slots=True)
class Conversion:
    """What a conversion read, wrote and could not hold."""

    form: Format
    written: dict[str, Facts] = field(default_factory=dict)  # by part; counts of what was written
    losses: Losses = field(default_factory=Losses)
    fates: Fates = field(default_factory=Fates)  # of what was read, all parts together
    sources: dict[str, Corpus] = field(default_factory=dict)


def target_format(path: Path, name: str | None = None) -> Format:
    """The format called ``name``, else the one that the suffix of ``path`` stands for.

    Raises `InputError` when that is none, or one that is only read.

    >>> target_format(Path("out/ada.jsonl")).name, target_format(Path("ada.tsv"), "germeval").name
    ('jsonl-spans', 'germeval')
    """
    if name is not None:
        return writable(name)
    suffix = path.suffix.lower()
    named = _SUFFIXES.get(suffix)
    fitting = [each.name for each in FORMATS.values() if suffix and each.suffix == suffix]
    if named is None and len(fitting) != 1:
        known = sorted({*_SUFFIXES, *(each.suffix for each in FORMATS.values() if each.suffix)})
        which = f"may be {' or '.join(fitting)}" if fitting else f"is none of {', '.join(known)}"
        raise InputError(f"which format to write {path} in? Its suffix {suffix!r} {which}; name it with --to")
    return writable(named or fitting[0])


def convert(
    parts: Mapping[str, Corpus],
    target: Path,
    form: Format,
    *,
    scheme: str = "iob2",
    map: LabelMap | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Conversion:
    """Write the parts of a corpus at ``target`` in the format ``form``: all of it, or nothing.

    A single part is written as it is. Of several, each is written to the folder ``target`` under its own
    name, if ``target`` has no suffix; else all go to the one file, in their order, with the part's name in
    ``meta["split"]`` and before each id. ``map`` is the one that the parts were read with: it may name no
    label that none of them has. ``progress`` is told of each document.

    Raises `CorpusError`, `InputError` and `OutputError` as reading and writing do.
    """
    done = Conversion(form, sources=dict(parts))
    run = _Run(done, map, progress)
    if len(parts) == 1:
        ((name, corpus),) = parts.items()
        write(run.last(run.documents(name, corpus)), target, form.name, scheme=scheme)
    elif target.suffix and form.kind != "folder":
        write(run.last(run.together(parts)), target, form.name, scheme=scheme)
    else:
        with whole_folder(target) as folder:
            for name, corpus in parts.items():
                write(run.documents(name, corpus), folder / f"{name}{form.suffix}", form.name, scheme=scheme)
            run.check()
    return done


class _Run:
    """A conversion under way."""

    def __init__(self, done: Conversion, names: LabelMap | None, progress: Callable[[int], None]) -> None:
        self.done, self.names, self.progress = done, names, progress

    def documents(self, name: str, corpus: Corpus) -> Iterator[Document]:
        """The documents of one part, as far as the format holds them."""
        written = self.done.written[name] = Facts()
        for number, document in enumerate(corpus, 1):
            yield written.count(fit(document, number, self.done.form, self.done.losses))
            self.progress(1)
        self.done.fates.add(corpus.fates)

    def together(self, parts: Mapping[str, Corpus]) -> Iterator[Document]:
        """The documents of all parts, each saying which it was in."""
        form = self.done.form
        for name, corpus in parts.items():
            for document in self.documents(name, corpus):
                if "meta" not in form.holds:
                    self.done.losses.documents["splits"] += 1
                yield document.replace(id=f"{name}-{document.id}", meta={**document.meta, "split": name})

    def last(self, documents: Iterator[Document]) -> Iterator[Document]:
        """``documents``; what must hold of all of them is checked before a file is finished."""
        yield from documents
        self.check()

    def check(self) -> None:
        check_used(self.names, [corpus.facts.mapped for corpus in self.done.sources.values()])
