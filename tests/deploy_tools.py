"""Programs that check what is in deploy/; a test that needs one is skipped and says what installs it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT / "Dockerfile"


def tool(*names: str, install: str, everywhere: bool = True) -> str:
    """The first of the programs that is there, in the path or beside this Python.

    Where none is, the test is skipped, but fails in CI if it is to be had ``everywhere``, by pip.
    """
    places = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    found = next(filter(None, (shutil.which(name, path=places) for name in names)), None)
    if found is None:
        absent(f"needs {names[0]}: {install}", everywhere)
    return str(found)


def absent(message: str, everywhere: bool) -> None:
    """End a test for want of something."""
    if everywhere and os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage of the Dockerfile, with what comes after their names."""
    whole = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text(encoding="utf-8")))
    found: list[list[tuple[str, str]]] = []
    for line in filter(str.strip, whole.splitlines()):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        if found:
            found[-1].append((name, rest.strip()))
    return found


def image_says(name: str) -> str:
    """What the image's own stage says under ``name`` at last."""
    return [rest for each, rest in stages()[-1] if each == name][-1]
