"""What the JSON Lines formats share: an object a line, its id, article and further knowledge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from onoma.corpus.sources import TextSource, lines, quoted
from onoma.errors import CorpusError
from onoma.text.document import Document

__all__ = ["NAMING", "first_record", "identity", "naming", "records"]

NAMING = ("id", "document", "meta")


def records(source: TextSource) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with its line; blank lines are passed over. Raises `CorpusError` with file and line."""
    with lines(source) as text:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                fault = f"this line is no JSON: {error}: {quoted(line.strip())}"
                raise CorpusError(fault, path=str(source), line=number) from error
            if not isinstance(record, dict):
                fault = f"a line must hold an object, not {type(record).__name__}"
                raise CorpusError(fault, path=str(source), line=number)
            if "\\u" in line and not _encodes(record):
                fault = "this line holds half a surrogate pair, which is no character"
                raise CorpusError(fault, path=str(source), line=number)
            yield number, record


def _encodes(record: dict[str, Any]) -> bool:
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def first_record(head: list[str]) -> dict[str, Any]:
    """The first line's object; empty when it is none."""
    line = next((line for line in head if line.strip()), "")
    if not line.lstrip().startswith("{"):
        return {}
    try:
        record: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record


def identity(record: Mapping[str, Any], number: int) -> tuple[str, dict[str, Any]]:
    """A record's id (else its place, from 1) and ``meta``, with ``document`` naming its article."""
    given, article = record.get("meta"), record.get("document")
    meta = dict(given) if isinstance(given, dict) else {}
    if article is not None:
        meta["document"] = str(article)
    name = record.get("id")
    return str(number if name is None else name), meta


def naming(document: Document) -> dict[str, Any]:
    """The fields that `identity` reads."""
    rest = {key: value for key, value in document.meta.items() if key != "document"}
    fields = {"id": document.id, "document": document.meta.get("document"), "meta": rest or None}
    return {key: value for key, value in fields.items() if value is not None}
