"""Renaming, merging and dropping labels as a corpus is read.

Several labels that get the same new name are merged; a label whose new name is empty is dropped, and the
annotations that had it are left out, with a fate each.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from onoma.corpus.taxonomies import mapping
from onoma.errors import InputError, nearest

__all__ = ["DROPPED", "LabelMap", "check_used", "label_map", "map_effect"]

DROPPED = ""  # the new name of a label that is not wanted
_REST = "*"
_FILES = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Old labels and their new ones, as pairs; ``*`` stands for every label that is not named.

    Labels that are not named stay as they are, unless the map is ``closed``: then it comes from a named
    taxonomy, and a label that this does not have is an error.

    >>> labels = LabelMap.of({"geo": "LOC", "gpe": "LOC", "tim": ""})
    >>> [labels.new(name) for name in ("geo", "gpe", "tim", "per")]
    ['LOC', 'LOC', '', 'per']
    """

    pairs: tuple[tuple[str, str], ...]
    closed: str | None = None  # the name of the taxonomy whose labels, and no others, are expected

    @classmethod
    def of(cls, names: Mapping[str, str], closed: str | None = None) -> LabelMap:
        """The map with these new names, in an order that does not depend on how they were given."""
        return cls(tuple(sorted(names.items())), closed)

    def new(self, label: str) -> str:
        """The new name of ``label``; empty when it is dropped. Raises `InputError` if the map is closed and
        does not know it."""
        names = _table(self.pairs)
        if label in names:
            return names[label]
        if self.closed is not None and _REST not in names:
            known = nearest(label, names)
            raise InputError(f"the taxonomy {self.closed} has no label {label!r}; {known}")
        return names.get(_REST, label)


@cache
def _table(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return dict(pairs)


def label_map(given: str | Mapping[str, Any] | None) -> LabelMap | None:
    """The map that is given as a table, as text, or as the name of a YAML or JSON file with a table.

    As text, parts stand between commas: ``old=new`` renames, ``old=`` drops, ``*=new`` names all others, and
    ``gmb:conll2003`` is the map between two taxonomies (see `onoma.corpus.taxonomies`), which later parts may
    change. Raises `InputError` for anything else.

    >>> label_map("geo=LOC,tim=").new("geo")
    'LOC'
    >>> label_map("gmb:conll2003,art=").new("per")
    'PER'
    """
    if given is None:
        return None
    if isinstance(given, str) and given.lower().endswith(_FILES) and "=" not in given:
        given = _from_file(Path(given))
    if isinstance(given, str):
        return _from_text(given)
    return LabelMap.of(dict(_checked(given)))


def _from_text(text: str) -> LabelMap:
    names: dict[str, str] = {}
    closed: str | None = None
    for part in text.split(","):
        old, equals, new = (piece.strip() for piece in part.partition("="))
        source, colon, target = (piece.strip() for piece in part.partition(":"))
        if equals and old:
            names[old] = new
        elif colon and not equals:
            names |= mapping(source, target)
            closed = source
        else:
            raise InputError(
                f"{part!r} is no part of a label map: write old=new, old= to drop a label, *=new for all "
                "others, or gmb:conll2003 for two taxonomies, with commas between"
            )
    return LabelMap.of(names, closed)


def _from_file(path: Path) -> Any:
    """What a YAML or JSON file holds: a table, or the text of a map."""
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else _from_yaml(text)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read the label map {path}: {error}") from error


def _from_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _checked(given: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(given, Mapping):
        raise InputError(f"a label map is a table from old labels to new ones, not {type(given).__name__}")
    for old, new in given.items():
        if not isinstance(old, str) or not old or not (new is None or isinstance(new, str)):
            raise InputError(
                f"a label map names labels, and nothing (or an empty text) to drop one: {old}: {new}"
            )
        yield old, new or DROPPED


def check_used(names: LabelMap | None, effects: Iterable[Counter[tuple[str, str]]]) -> None:
    """Raise `InputError` for a label that the map names and that no corpus has, judged by what the map did
    to all of them (`onoma.corpus.facts.Facts.mapped`); labels of a taxonomy need not occur.

    >>> check_used(LabelMap.of({"gep": "LOC"}), [Counter({("geo", "geo"): 3})])
    Traceback (most recent call last):
        ...
    onoma.errors.InputError: the label map names 'gep', which no entity has; did you mean 'geo'? Allowed: geo
    """
    if names is None or names.closed is not None:
        return
    seen = {old for effect in effects for old, _ in effect}
    for old, _ in names.pairs:
        if old not in seen and old != _REST:
            raise InputError(f"the label map names {old!r}, which no entity has; {nearest(old, seen)}")


def map_effect(mapped: Counter[tuple[str, str]]) -> list[str]:
    """What a map did to each label, in words, with how many entities that were.

    >>> map_effect(Counter({("geo", "LOC"): 2, ("gpe", "LOC"): 1, ("tim", ""): 4, ("per", "per"): 9}))
    ['geo: 2 renamed LOC, merged with gpe', 'gpe: 1 renamed LOC, merged with geo', 'tim: 4 dropped']
    """
    lines = []
    for (old, new), count in sorted(mapped.items()):
        others = sorted(each for each, to in mapped if to == new and each != old)
        done = "dropped" if new == DROPPED else f"renamed {new}" if new != old else "kept"
        if others and new != DROPPED:
            done += f", merged with {', '.join(others)}"
        if done != "kept":
            lines.append(f"{old}: {count:,} {done}")
    return lines
