"""The default tokenizer (interim)."""

import re

_T = re.compile(r"\w+|[^\w\s]")


def tokenize(text: str) -> list[tuple[int, int]]:
    """Token offsets."""
    return [m.span() for m in _T.finditer(text)]
