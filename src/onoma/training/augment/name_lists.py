"""Lists of names in files: a line each, or JSON, packed with gzip or not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from onoma.errors import InputError

__all__ = ["read_names"]


def read_names(path: Path) -> list[str]:
    """The names in a UTF-8 file, each once and in order.

    A file ``*.json`` holds a list of names, or an object whose values are such lists; any other has a name a
    line. ``*.gz`` is unpacked. Raises `InputError` when it cannot be read so, or holds no name.

    >>> place = getfixture("tmp_path") / "towns.txt"
    >>> _ = place.write_text("Oldport\\nRed Rock\\n\\nOldport\\n")
    >>> read_names(place)
    ['Oldport', 'Red Rock']
    """
    try:
        content = path.read_bytes()
        packed = path.suffix == ".gz"
        text = (gzip.decompress(content) if packed else content).decode("utf-8-sig")
        as_json = (path.with_suffix("") if packed else path).suffix == ".json"
        names = _listed(json.loads(text)) if as_json else text.splitlines()
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"cannot read the names in {path}: {error}") from error
    found = dict.fromkeys(name.strip() for name in names)
    found.pop("", None)
    if not found:
        raise InputError(f"{path} holds no names; give one a line, or JSON with a list of them")
    return list(found)


def _listed(content: Any) -> list[str]:
    lists = list(content.values()) if isinstance(content, dict) else [content]
    if not all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists):
        raise ValueError("the JSON is neither a list of names nor an object of such lists")
    return [name for names in lists for name in names]
