"""Tables of Arrow and Parquet files, as records like those of JSON Lines.

A table holds ``tokens`` with ``ner_tags``, or ``text`` with ``spans``. What Hugging Face ``datasets`` notes
in the schema is heeded: the names that tags or labels are numbers of; so is its habit of keeping a list of
objects as an object of lists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from onoma.errors import CorpusError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Table", "looks_like_arrow", "looks_like_parquet", "opened_table"]

_TEXT = "text"
_SPANS = ("spans", "entities")
_LABELS = ("label", "type", "tag")
_PARQUET, _FILE, _STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"
_ROWS = 1000  # rows read together


class Table(NamedTuple):
    """A table being read: its columns, and its rows in blocks."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]

    @property
    def holds_spans(self) -> bool:
        """Whether its rows are texts with spans; else they are words with tags."""
        names = set(self.schema.names)
        return _TEXT in names and not names.isdisjoint(_SPANS)

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row, counted from 1, without what it leaves empty."""
        rows = chain.from_iterable(batch.to_pylist() for batch in self.batches)
        for number, row in enumerate(rows, 1):
            yield number, _mend_meta({name: value for name, value in row.items() if value is not None})

    def texts(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row as a JSON Lines file of texts and spans would hold it."""
        names = self.class_names()
        for number, record in self.records():
            yield number, _mend_spans(record, names)

    def class_names(self) -> dict[str, list[str]]:
        """The names that a column's numbers stand for, by column, as ``datasets`` notes them."""
        noted = (self.schema.metadata or {}).get(b"huggingface")
        features = json.loads(noted)["info"]["features"] if noted else {}
        found = {name: _names_within(feature) for name, feature in features.items()}
        return {name: names for name, names in found.items() if names}


def looks_like_parquet(head: bytes) -> bool:
    """Whether a file begins as Parquet does."""
    return head.startswith(_PARQUET)


def looks_like_arrow(head: bytes) -> bool:
    """Whether a file begins as an Arrow file does (also Feather's second version), or an Arrow stream."""
    return head.startswith((_FILE, _STREAM))


@contextmanager
def opened_table(file: IO[bytes], name: str) -> Iterator[Table]:
    """The table of an open file; whatever is wrong with it is a `CorpusError`."""
    import pyarrow as pa

    head = file.read(8)
    file.seek(0)
    opener = next((each for magic, each in _OPENERS.items() if head.startswith(magic)), None)
    if opener is None:
        raise CorpusError(f"this is neither Parquet nor Arrow: it begins {head!r}", path=name)
    try:
        yield opener(file)
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"the table is damaged or cut short: {error}", path=name) from error


def _parquet(file: IO[bytes]) -> Table:
    import pyarrow.parquet as pq

    content = pq.ParquetFile(file)
    return Table(content.schema_arrow, content.iter_batches(_ROWS))


def _file(file: IO[bytes]) -> Table:
    import pyarrow as pa

    content = pa.ipc.open_file(file)
    return Table(content.schema, map(content.get_batch, range(content.num_record_batches)))


def _stream(file: IO[bytes]) -> Table:
    import pyarrow as pa

    content = pa.ipc.open_stream(file)
    return Table(content.schema, iter(content))


_OPENERS: dict[bytes, Callable[[IO[bytes]], Table]] = {_PARQUET: _parquet, _FILE: _file, _STREAM: _stream}


def _names_within(feature: Any) -> list[str]:
    """The first list of class names in a feature, however deep: of its items, or of their label."""
    if isinstance(feature, list):
        return _names_within(feature[0]) if feature else []
    if not isinstance(feature, Mapping):
        return []
    if feature.get("_type") == "ClassLabel":
        return list(feature.get("names") or ())
    inner = [feature.get("feature"), *(feature.get(label) for label in _LABELS)]
    return next((names for each in inner if (names := _names_within(each))), [])


def _mend_spans(record: dict[str, Any], names: Mapping[str, list[str]]) -> dict[str, Any]:
    for column in _SPANS:
        if column in record:
            record[column] = [_named(span, names.get(column)) for span in _as_list(record[column])]
    tokens = record.pop("tokens", None)
    located = _located(tokens, record.get(_TEXT))
    edges = record.pop("offsets", located)
    return record | ({} if edges is None else {"tokens": edges})


def _mend_meta(record: dict[str, Any]) -> dict[str, Any]:
    """``meta`` is written as JSON, since a table's columns all need a type."""
    if isinstance(meta := record.get("meta"), str):
        try:
            record["meta"] = json.loads(meta)
        except ValueError:
            record["meta"] = {"meta": meta}
    return record


def _as_list(spans: Any) -> list[Any]:
    """A list of objects; an object of lists is one turned on its side."""
    if not isinstance(spans, Mapping):
        return list(spans)
    return [dict(zip(spans, row, strict=True)) for row in zip(*spans.values(), strict=True)]


def _named(span: Any, names: Sequence[str] | None) -> Any:
    """``span`` with the name of its label, where that is a number."""
    if not isinstance(span, dict) or not names:
        return span
    found = {
        key: names[span[key]]
        for key in _LABELS
        if isinstance(span.get(key), int) and 0 <= span[key] < len(names)
    }
    return span | found


def _located(tokens: Any, text: Any) -> list[tuple[int, int]] | None:
    """Where the words stand in the text, one after the other; None when they do not."""
    if not tokens or not isinstance(text, str):
        return None
    edges, at = [], 0
    for token in tokens:
        if not isinstance(token, str) or not token or (start := text.find(token, at)) < 0:
            return None
        at = start + len(token)
        edges.append((start, at))
    return edges
