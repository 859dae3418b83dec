"""Writing documents as an Arrow table: text, spans, and words with tags where the entities do not overlap.

The schema says what ``datasets`` needs to know, so that what is written loads there with named tags.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any

from onoma.corpus.json_lines import naming
from onoma.corpus.retag import tags_of
from onoma.errors import TagError
from onoma.tagging.schemes import PREFIXES, Scheme
from onoma.text.document import Document

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["write_arrow", "write_parquet"]

_TAGS = "ner_tags"


def write_parquet(blocks: Iterable[Sequence[Document]], file: IO[bytes], scheme: Scheme) -> None:
    """Write a Parquet file."""
    import pyarrow.parquet as pq

    _write(blocks, lambda schema: pq.ParquetWriter(file, schema), scheme)


def write_arrow(blocks: Iterable[Sequence[Document]], file: IO[bytes], scheme: Scheme) -> None:
    """Write an Arrow stream, as ``datasets`` keeps them."""
    import pyarrow as pa

    _write(blocks, lambda schema: pa.ipc.new_stream(file, schema), scheme)


def _write(blocks: Iterable[Sequence[Document]], writer: Callable[[pa.Schema], Any], scheme: Scheme) -> None:
    """Twice through the documents: what numbers the tags have is known only after the last."""
    import pyarrow as pa

    labels: set[str] = set()
    flat = True
    draft = _schema(pa.list_(pa.string()))
    with tempfile.TemporaryFile() as kept:
        with pa.ipc.new_stream(kept, draft) as spool:
            for block in blocks:
                tags = _tags(block, scheme)
                flat = flat and tags is not None
                labels.update(entity.label for document in block for entity in document.entities)
                spool.write_batch(_batch(block, tags, draft))
        kept.seek(0)
        names = _names(labels, scheme)
        final = _schema(pa.list_(pa.int64()), names) if flat else _schema(None)
        with pa.ipc.open_stream(kept) as spool, writer(final) as out:
            for batch in spool:
                out.write_batch(_numbered(batch, names, final))


def _tags(block: Sequence[Document], scheme: Scheme) -> list[list[str]] | None:
    """None when tags cannot hold the entities: the spans do."""
    try:
        return tags_of(block, scheme)
    except TagError:
        return None


def _names(labels: Iterable[str], scheme: Scheme) -> list[str]:
    """Every tag that the labels can have, ``O`` first."""
    return ["O", *(f"{PREFIXES[role]}-{label}" for label in sorted(labels) for role in sorted(scheme.roles))]


def _schema(tags: pa.DataType | None, names: Sequence[str] = ()) -> pa.Schema:
    """The table's columns, without tags when they have no type; ``names`` are what tags are numbers of."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    span = {"start": number, "end": number, "label": text, "score": pa.float64()}
    columns: dict[str, pa.DataType] = dict.fromkeys(("id", "document", "meta", "text"), text)
    columns |= {"tokens": pa.list_(text), "offsets": pa.list_(pa.list_(number))}
    columns |= {"spans": pa.list_(pa.struct(span))} | ({} if tags is None else {_TAGS: tags})
    features = {name: _feature(kind) for name, kind in columns.items()}
    if names:
        features[_TAGS] = _listed({"names": list(names), "_type": "ClassLabel"})
    noted = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    return pa.schema(columns.items(), metadata={"huggingface": noted})


def _feature(kind: pa.DataType) -> Any:
    """A column's type as every version of ``datasets`` understands it."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if not pa.types.is_list(kind):
        return {"dtype": "float64" if kind == pa.float64() else str(kind), "_type": "Value"}
    inner = _feature(kind.value_type)
    return [inner] if pa.types.is_struct(kind.value_type) else _listed(inner)


def _listed(feature: Any) -> dict[str, Any]:
    return {"feature": feature, "_type": "Sequence"}


def _batch(
    block: Sequence[Document], tags: Sequence[Sequence[str]] | None, schema: pa.Schema
) -> pa.RecordBatch:
    import pyarrow as pa

    rows = [_row(document) for document in block]
    if tags is not None:
        rows = [row | {_TAGS: tagged} for row, tagged in zip(rows, tags, strict=True)]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def _row(document: Document) -> dict[str, Any]:
    named = naming(document)
    meta = json.dumps(named["meta"], ensure_ascii=False) if "meta" in named else None
    spans = [
        {"start": each.start, "end": each.end, "label": each.label, "score": each.score}
        for each in document.entities
    ]
    offsets = [[token.start, token.end] for token in document.tokens]
    row = {"meta": meta, "text": document.text, "tokens": document.words, "offsets": offsets}
    return named | row | {"spans": spans}


def _numbered(batch: pa.RecordBatch, names: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
    """``batch`` in the columns of ``schema``: with numbers for its tags, or without them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = batch.columns[: len(schema)]
    if _TAGS in schema.names:
        numbers = pc.index_in(columns[-1].flatten(), value_set=pa.array(names, pa.string()))
        columns[-1] = pa.ListArray.from_arrays(columns[-1].offsets, numbers.cast(pa.int64()))
    return pa.RecordBatch.from_arrays(columns, schema=schema)
