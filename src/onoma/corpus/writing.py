"""Writing documents in a corpus format: whole files or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, cast

from onoma.corpus.blocks import Before, blocks
from onoma.corpus.formats import FORMATS, Format, format_named
from onoma.errors import InputError
from onoma.files import whole_file
from onoma.tagging.schemes import scheme_named
from onoma.text.document import Document

__all__ = ["BlockWriter", "writable", "write"]


def write(
    documents: Iterable[Document],
    path: str | PathLike[str],
    format: str = "conll",
    *,
    scheme: str = "iob2",
) -> None:
    """Write ``documents`` to ``path``; reading the file gives equal documents.

    ``conll`` and ``jsonl`` (tokens and tags) keep words, not the blanks between them; ``jsonl-spans`` keeps
    the text. Raises `InputError` or `TagError` for what the format cannot hold and `OutputError` when the
    file cannot be written; either way nothing half-written is left.

    >>> import tempfile, pathlib
    >>> place = pathlib.Path(tempfile.mkdtemp()) / "ada.conll"
    >>> write([Document.from_words(["Ada", "wrote"], [(0, 1, "per")])], place)
    >>> place.read_text()
    'Ada\\tB-per\\nwrote\\tO\\n\\n'
    """
    form = writable(format)
    if form.save is not None:
        with _whole_characters():
            form.save(documents, Path(path), scheme_named(scheme))
        return
    with whole_file(path) as file:
        writer = BlockWriter(cast("IO[str]", file), form, scheme)
        for block in blocks(documents):
            writer.write(block)


def writable(name: str) -> Format:
    """The format called ``name``; raises `InputError` if it is unknown or only read."""
    form = format_named(name)
    if form.write is None and form.save is None:
        can = ", ".join(each.name for each in FORMATS.values() if each.write or each.save)
        raise InputError(f"the format {name} is only read; write one of: {can}")
    return form


class BlockWriter:
    """Writes blocks of documents to an open file, remembering the last for the sake of article marks."""

    def __init__(self, file: IO[str], form: Format, scheme: str = "iob2") -> None:
        self._file, self._form, self._scheme = file, form, scheme_named(scheme)
        self._before = Before()

    def write(self, documents: Sequence[Document]) -> None:
        """Write ``documents`` after those before."""
        if not documents:
            return
        assert self._form.write is not None
        text = self._form.write(documents, self._before, self._scheme)
        # a reader takes a byte order mark from the file's start: let it have one that is no part of a word
        mark = "\ufeff" if not self._before.number and text.startswith("\ufeff") else ""
        with _whole_characters():
            self._file.write(mark + text)
        self._before = Before(self._before.number + len(documents), documents[-1])


@contextmanager
def _whole_characters() -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as error:
        raise InputError(f"a text holds half a surrogate pair, which no file can hold: {error}") from error
