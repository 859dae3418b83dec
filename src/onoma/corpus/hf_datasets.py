"""Hugging Face ``datasets``: a folder that was saved, and a name on the hub, both through the library.

``hf:ORG/NAME``, ``hf:NAME@CONFIG``, ``hf:NAME:SPLIT`` name a data set on the hub, or in the library's cache,
or a local folder of data files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from onoma.corpus import table_rows
from onoma.corpus.arrow_files import write_arrow
from onoma.corpus.arrow_tables import Table
from onoma.corpus.blocks import blocks
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.sources import FolderSource
from onoma.errors import CorpusError, InputError
from onoma.files import whole_folder
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = [
    "HubName",
    "hub_name",
    "hub_source",
    "hub_splits",
    "is_hub_name",
    "looks_like_saved",
    "read",
    "save",
]

PREFIX = "hf:"
_ROWS = 1000  # rows read together


class HubName(NamedTuple):
    """What ``hf:NAME@CONFIG:SPLIT`` says; ``config`` and ``split`` are None where it does not."""

    name: str
    config: str | None
    split: str | None

    def __str__(self) -> str:
        config = "" if self.config is None else f"@{self.config}"
        return f"{PREFIX}{self.name}{config}" + ("" if self.split is None else f":{self.split}")


def hub_name(text: str) -> HubName:
    """Take ``hf:NAME[@CONFIG][:SPLIT]`` apart. Raises `InputError` when it is none.

    >>> hub_name("hf:org/name@en:validation")
    HubName(name='org/name', config='en', split='validation')
    """
    match = re.fullmatch(rf"{PREFIX}([^@:]+)(?:@([^@:]+))?(?::([^@:]+))?", text)
    if match is None:
        raise InputError(f"a data set is named hf:NAME, hf:NAME@CONFIG or hf:NAME@CONFIG:SPLIT, not {text!r}")
    return HubName(*match.groups())


def is_hub_name(path: object) -> bool:
    """Whether ``path`` names a data set of the hub."""
    return str(path).startswith(PREFIX)


def hub_source(name: str) -> FolderSource:
    """The data set of that name, downloaded unless it was before, with a checksum over its rows."""
    table = _hub_table(hub_name(name))
    digest, size = hashlib.sha256(repr(table.schema).encode()), 0
    for batch in table.batches:
        content = batch.serialize()
        digest.update(content)
        size += content.size
    return FolderSource(Path(name), (), digest.hexdigest(), size)


def hub_splits(name: str) -> list[str]:
    """What the splits of a data set are called; none when ``name`` says which is wanted."""
    import datasets

    wanted = hub_name(name)
    if wanted.split is not None:
        return []
    with _as_corpus_error(wanted), _quiet():
        found: list[str] = datasets.get_dataset_split_names(wanted.name, wanted.config)
        return found


def looks_like_saved(names: list[str]) -> bool:
    """Whether a folder's files are those of a saved data set, of one split or of several."""
    return "dataset_dict.json" in names or {"state.json", "dataset_info.json"}.issubset(names)


def read(source: FolderSource, options: Options, facts: Facts) -> Iterator[Document]:
    """The documents of a saved folder, or of a data set of the hub."""
    table = _hub_table(hub_name(str(source))) if is_hub_name(source) else _saved_table(source.path)
    return table_rows.documents(table, source, options, facts)


def _saved_table(folder: Path) -> Table:
    """The rows of a folder that `datasets.Dataset.save_to_disk` wrote."""
    from datasets import DatasetDict, load_from_disk

    try:
        found = load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise CorpusError(f"this is no saved data set, or it is damaged: {error}", path=folder) from error
    if isinstance(found, DatasetDict):
        splits = ", ".join(str(folder / name) for name in found)
        raise CorpusError(f"this folder holds several splits; give one of: {splits}", path=folder)
    return _table(found)


def _hub_table(wanted: HubName) -> Table:
    import datasets

    with _as_corpus_error(wanted), _quiet():
        found = datasets.load_dataset(wanted.name, wanted.config, split=wanted.split)
    if isinstance(found, datasets.DatasetDict):
        if len(found) > 1:
            listed = ", ".join(str(wanted._replace(split=split)) for split in found)
            raise CorpusError(f"this data set has several splits; give one of: {listed}", path=str(wanted))
        (found,) = found.values()
    return _table(found)


@contextmanager
def _as_corpus_error(wanted: HubName) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the library, its downloader and its builders raise whatever they please
        raise CorpusError(_advice(error), path=str(wanted)) from error


def _advice(error: Exception) -> str:
    said = str(error).strip().partition("\n")[0]
    if "script" in said:
        return f"{said}. Look on the hub for a copy of the data set in Parquet and give its name"
    return (
        f"the data set could not be loaded: {said}. Check its name (and configuration and split), that the "
        "network reaches the hub, and that you may read it; or load it where that is so, save it with "
        "save_to_disk, and give the folder"
    )


def _table(dataset: Dataset) -> Table:
    def batches() -> Iterator[object]:
        for block in dataset.with_format("arrow").iter(_ROWS):
            yield from block.to_batches()

    return Table(dataset.features.arrow_schema, batches())


def save(documents: Iterable[Document], path: Path, scheme: Scheme) -> None:
    """Write a folder that `datasets.load_from_disk` reads."""
    from datasets import Dataset

    with TemporaryDirectory() as beside, whole_folder(path) as folder, _quiet():
        draft = Path(beside) / "draft.arrow"
        with draft.open("wb") as file:
            write_arrow(blocks(documents), file, scheme)
        with draft.open("rb") as file:
            fingerprint = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        found = Dataset.from_file(str(draft))
        # the library would give each copy of the same rows a fingerprint of its own
        Dataset(found.data, info=found.info, fingerprint=fingerprint).save_to_disk(str(folder))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from drawing progress bars of its own."""
    import datasets

    shown = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
