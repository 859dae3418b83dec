"""The rooms of the house: who may import whom, and what tagging text may never need."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"

# the order of the house plan; a room imports only from itself and from rooms above it
ROOMS = [
    {"errors", "files"},
    {"pages"},
    {"text"},
    {"tagging"},
    {"features"},
    {"corpus"},
    {"evaluation"},
    {"runtime"},
    {"privacy"},
    {"monitoring"},
    {"client"},
    {"serving"},
    {"models"},
    {"training"},
    {"curation"},
    {"lifecycle"},
    {"cli"},
]
FLOOR = {room: number for number, rooms in enumerate(ROOMS) for room in rooms}
LAST_WITHOUT_TORCH = FLOOR["serving"]

# packages that only learning needs; in the tagging half they may not even be imported inside a function
LEARNING = {"accelerate", "torch", "transformers"}
# packages that must not be paid for at import by those who only tag text
HEAVY = LEARNING | {
    "cleanlab",
    "datasets",
    "ftfy",
    "matplotlib",
    "mlflow",
    "onnx",
    "onnxscript",
    "pandas",
    "pyarrow",
    "pycrfsuite",
    "scipy",
    "sklearn",
    "spacy",
    "yaml",
}


@cache
def modules() -> dict[str, ast.Module]:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that ``tree`` imports; ``from a import b`` gives module ``a.b``, else ``a``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import at line {node.lineno}"
            assert node.module is not None
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in modules() else node.module


def imported_at_once(tree: ast.Module | ast.ClassDef) -> Iterator[str]:
    """What importing the module imports: everything outside functions and ``if TYPE_CHECKING``."""
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ClassDef):
            yield from imported_at_once(node)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imported(node)


def room_of(module: str) -> str | None:
    """The room of a dotted name of Onoma; None for the package itself and for other packages."""
    top, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    return room if top == "onoma" and room in FLOOR else None


def test_every_module_is_in_a_room():
    strays = [name for name in modules() if room_of(name) is None]
    assert strays == ["onoma", "onoma.__main__"]


def test_a_room_imports_only_from_rooms_above():
    upward = [
        f"{name} imports {other}"
        for name, tree in modules().items()
        for other in imported(tree)
        if (here := room_of(name)) and (there := room_of(other)) and FLOOR[there] > FLOOR[here]
    ]
    assert upward == []


def test_no_module_imports_the_package_root_from_within():
    # `from onoma import …` inside the package would tie every room to every other; the version is no room's
    roots = [
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "onoma"
        for alias in node.names
        if f"onoma.{alias.name}" not in modules() and alias.name != "__version__"
    ]
    assert roots == []


def test_modules_have_no_cycles():
    graph = {name: set(imported(tree)) & set(modules()) - {name, "onoma"} for name, tree in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_the_tagging_half_never_imports_what_learning_needs():
    found = [
        f"{name} imports {other}"
        for name, tree in modules().items()
        for other in imported(tree)
        if (room := room_of(name))
        and FLOOR[room] <= LAST_WITHOUT_TORCH
        and other.partition(".")[0] in LEARNING
    ]
    assert found == []


@pytest.mark.parametrize("half", ["tagging", "cli"])
def test_importing_what_tags_text_imports_nothing_heavy(half):
    def belongs(room: str | None) -> bool:
        return room == "cli" if half == "cli" else room is None or FLOOR[room] <= LAST_WITHOUT_TORCH

    found = [
        f"{name} imports {other}"
        for name, tree in modules().items()
        if belongs(room_of(name))
        for other in imported_at_once(tree)
        if other.partition(".")[0] in HEAVY
    ]
    assert found == []


def brought_in_by(program: str) -> set[str]:
    """The top-level packages in memory after ``program`` ran in a Python of its own."""
    report = "import sys; print('\\n' + ' '.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{report}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_import_onoma_is_light():
    assert not brought_in_by("import onoma") & (
        HEAVY | {"numpy", "onnxruntime", "pydantic", "rich", "tokenizers"}
    )


def test_the_command_line_is_light_until_a_command_runs():
    everything = brought_in_by("import onoma.cli")
    assert not everything & (HEAVY | {"numpy", "onnxruntime", "tokenizers"})


def test_tagging_text_brings_in_nothing_of_learning():
    program = (
        "import onoma\n"
        "document, = onoma.load()(['Angela Merkel met Barack Obama in Berlin on Monday.'])\n"
        "assert document.entities, 'nothing was found'"
    )
    assert not brought_in_by(program) & HEAVY
