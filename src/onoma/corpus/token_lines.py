"""JSON Lines of ``tokens`` with ``tags`` or ``ner_tags``: names, or numbers with a list of names.

Numbers get their names from the argument ``labels``, a field ``label_list`` in the first record, or a file
beside the corpus (``labels.json``, ``label_list.json``, ``labels.txt``, or the same with the corpus's name).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from onoma.corpus.blocks import Before
from onoma.corpus.facts import Facts
from onoma.corpus.json_lines import first_record, identity, naming, records
from onoma.corpus.options import Options
from onoma.corpus.retag import tags_of
from onoma.corpus.sources import AnySource, TextSource, quoted
from onoma.corpus.tagged import Sentence
from onoma.errors import CorpusError
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["TAGS", "looks_like_token_lines", "sentences", "tag_field_name", "tagged_records", "write_block"]

_TOKENS = ("tokens", "words")
TAGS = ("tags", "ner_tags", "labels")
_LISTS = ("labels.json", "label_list.json", "labels.txt", "label_list.txt")


def looks_like_token_lines(head: list[str]) -> bool:
    """Whether the first record holds tokens and tags."""
    record = first_record(head)
    return isinstance(_field(record, _TOKENS), list) and isinstance(_field(record, TAGS), list)


def tag_field_name(tag_column: int | str | None) -> str:
    """The field's name in a message."""
    return f"the field {'of tags' if tag_column is None else tag_column}"


def sentences(source: TextSource, options: Options, _: Facts) -> Iterator[Sentence]:
    """The sentences of a file, streamed; ``options.tag_column`` names another field of tags."""
    return tagged_records(source, records(source), options)


def tagged_records(
    source: AnySource, found: Iterable[tuple[int, dict[str, Any]]], options: Options
) -> Iterator[Sentence]:
    """The sentences of records with their lines; ``source`` is where they come from."""
    names: Sequence[str] | None = options.labels
    tag_fields = TAGS if options.tag_column is None else (str(options.tag_column),)
    for number, (line, record) in enumerate(found, 1):
        words = _words(source, line, record)
        tags = _list(source, line, record, tag_fields)
        if len(words) != len(tags):
            fault = f"there are {len(words)} tokens but {len(tags)} tags"
            raise CorpusError(fault, path=str(source), line=line)
        if any(not isinstance(tag, str) for tag in tags):
            names = names or _names(source, record)
            tags = [_name(source, line, tag, names) for tag in tags]
        if words:
            yield Sentence(words, tags, [line] * len(words), *identity(record, number))


def write_block(documents: Sequence[Document], _: Before, scheme: Scheme) -> str:
    """A line for each document."""
    return "".join(
        json.dumps(naming(document) | {"tokens": document.words, "tags": tags}, ensure_ascii=False) + "\n"
        for document, tags in zip(documents, tags_of(documents, scheme), strict=True)
    )


def _field(record: dict[str, Any], names: Sequence[str]) -> Any:
    return next((record[name] for name in names if name in record), None)


def _list(source: AnySource, line: int, record: dict[str, Any], names: Sequence[str]) -> list[Any]:
    value = _field(record, names)
    if not isinstance(value, list):
        fault = f"there is no list called {' or '.join(names)}; the fields are {', '.join(record)}"
        raise CorpusError(fault, path=str(source), line=line)
    return value


def _words(source: AnySource, line: int, record: dict[str, Any]) -> list[str]:
    words = _list(source, line, record, _TOKENS)
    for i, word in enumerate(words):
        if not isinstance(word, str) or not word:
            fault = f"token {i} is {quoted(str(word)) if word else 'empty'}, it must be a text"
            raise CorpusError(fault, path=str(source), line=line)
    return words


def _name(source: AnySource, line: int, tag: Any, names: Sequence[str]) -> str:
    if isinstance(tag, str):
        return tag
    if isinstance(tag, bool) or not isinstance(tag, int) or not 0 <= tag < len(names):
        fault = f"the tag {tag!r} is no number from 0 to {len(names) - 1}, as the list of labels needs"
        raise CorpusError(fault, path=str(source), line=line)
    return names[tag]


def _names(source: AnySource, record: dict[str, Any]) -> Sequence[str]:
    """The list that numbers the tags."""
    given = record.get("label_list")
    found = given if given is not None else _beside(source)
    if isinstance(found, list) and found and all(isinstance(name, str) for name in found):
        return found
    fault = (
        "the tags are numbers: say what they stand for with labels=['O', 'B-per', …], a field label_list "
        f"in the first record, or a file {_LISTS[0]} beside this one"
    )
    raise CorpusError(fault, path=str(source), line=1)


def _beside(source: AnySource) -> Any:
    stem = source.path.name.partition(".")[0]
    for name in [f"{stem}.{name}" for name in _LISTS] + list(_LISTS):
        place = source.path.parent / name
        if place.is_file():
            return _label_file(place)
    return None


def _label_file(place: Path) -> Any:
    text = place.read_text(encoding="utf-8")
    if place.suffix == ".txt":
        return text.split()
    try:
        return json.loads(text)
    except ValueError as error:
        raise CorpusError(f"the list of labels is no JSON: {error}", path=place) from error
