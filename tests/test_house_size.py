"""Small functions, small files: the budget of the house plan, kept by a test."""

from __future__ import annotations

import ast
import statistics
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src"


@cache
def lengths() -> dict[str, int]:
    """Lines of each function and method less its docstring: words that explain are not what is rationed."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}"
                found[name] = node.end_lineno - node.lineno + 1 - docstring_lines(node)
    return found


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    is_docstring = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    return first.end_lineno - first.lineno + 1 if is_docstring else 0


def test_no_function_reaches_60_lines():
    assert {name: lines for name, lines in lengths().items() if lines >= 60} == {}


def test_nine_functions_in_ten_are_under_30_lines():
    long = {name: lines for name, lines in lengths().items() if lines >= 30}
    assert len(long) <= len(lengths()) / 10, long


def test_the_median_function_is_under_8_lines():
    assert statistics.median(lengths().values()) < 8


def test_no_file_reaches_400_lines():
    counts = {
        str(path.relative_to(SOURCE)): len(path.read_text(encoding="utf-8").splitlines())
        for path in SOURCE.rglob("*.py")
    }
    assert {name: lines for name, lines in counts.items() if lines >= 400} == {}


def test_no_module_is_named_for_nothing():
    vague = {"utils", "util", "core", "common", "base", "helpers", "misc", "shared"}
    assert [str(path) for path in SOURCE.rglob("*") if path.stem in vague] == []
