"""How a command ends: one clear line and an exit code, never a traceback for what can be expected."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from onoma.errors import InputError, MissingExtraError, OnomaError, OutputError

__all__ = ["EXIT_CODES", "clear_endings"]

EXIT_CODES = """Exit codes:
0 done; 130 interrupted; 1 something went wrong inside;
2 arguments, options or text that cannot be used;
3 a corpus, its tags or its alignment; 4 a recipe; 5 a bundle;
6 a result cannot be written; 7 training had to stop;
8 an optional package is not installed;
9 too much is waiting already;
10 a gate let no change pass."""

# top-level module of an optional package: (what it is for, the extra that brings it)
_EXTRAS = {
    "accelerate": ("training", "train"),
    "ahocorasick_rs": ("finding the names of a list", "gazetteer"),
    "cleanlab": ("looking for label errors", "check"),
    "datasets": ("reading a Hugging Face dataset", "formats"),
    "fastapi": ("serving", "serve"),
    "ftfy": ("looking for damaged text", "check"),
    "httpx": ("asking a service", "client"),
    "jwt": ("checking tokens", "serve"),
    "limits": ("serving", "serve"),
    "matplotlib": ("drawing charts", "report"),
    "mlflow": ("tracking runs", "train"),
    "msgspec": ("serving", "serve"),
    "onnx": ("exporting a bundle", "export"),
    "onnxscript": ("exporting a bundle", "train"),
    "prometheus_client": ("serving", "serve"),
    "pyarrow": ("reading Arrow and Parquet", "formats"),
    "pycrfsuite": ("looking for label errors", "check"),
    "redis": ("a cache in Redis", "cache"),
    "regex": ("rules made of patterns", "patterns"),
    "spacy": ("spaCy's formats and pipelines", "formats"),
    "starlette": ("serving", "serve"),
    "torch": ("training", "train"),
    "transformers": ("reading an encoder", "train"),
    "uvicorn": ("serving", "serve"),
    "uvloop": ("serving", "serve"),
    "yaml": ("reading a recipe", "train"),
}


@contextmanager
def clear_endings() -> Iterator[None]:
    """Turn what a command raises into one line on standard error and its exit code.

    An `OnomaError` gives its own line and code; a missing optional package the line that installs it;
    Ctrl-C 130; a closed pipe (``onoma extract … | head``) ends quietly with 0: the reader has what it wanted.
    """
    try:
        yield
        sys.stdout.flush()  # a full disk or a closed pipe must speak up here, not while Python shuts down
    except KeyboardInterrupt:
        _say("stopped")
        raise typer.Exit(130) from None
    except Exception as error:
        ending = next((end for kind, end in _ENDINGS.items() if isinstance(error, kind)), None)
        known = ending and ending(error)
        if known is None:
            raise
        raise typer.Exit(known) from error


def _end_error(error: OnomaError) -> int:
    _say(str(error))
    return error.exit_code


def _end_pipe(_: BrokenPipeError) -> int:
    # what is still buffered has nowhere to go: let Python's own last flush write into nothing
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _end_import(error: ModuleNotFoundError) -> int | None:
    extra = _EXTRAS.get((error.name or "").partition(".")[0])
    return extra and _end_error(MissingExtraError(*extra))


def _end_unreadable(error: OSError) -> int:
    return _end_error(InputError(_described(error)))


def _end_unwritable(error: OSError) -> int:
    return _end_error(OutputError(_described(error)))


def _described(error: OSError) -> str:
    what = f"{error.filename}: " if error.filename else ""
    return f"{what}{error.strerror or error}"


# the first kind that fits wins, so narrow kinds stand before wide ones
_ENDINGS: dict[type[Exception], Callable[..., int | None]] = {
    OnomaError: _end_error,
    BrokenPipeError: _end_pipe,
    ModuleNotFoundError: _end_import,
    FileNotFoundError: _end_unreadable,
    PermissionError: _end_unreadable,
    IsADirectoryError: _end_unreadable,
    OSError: _end_unwritable,  # a full disk, above all
}


def _say(message: str) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    console.print(Text.assemble(("onoma: ", "bold red"), message), soft_wrap=True, highlight=False)
