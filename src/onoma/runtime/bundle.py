"""A bundle on disk: a folder with ``bundle.json``, ONNX graphs, lexicon files. No pickle, no code.

Its graphs are ``tags.onnx``, which scores the tags of words, and, of networks that read features of words,
``words.onnx``, which makes their vectors. An encoder reads pieces of words, which ``tokenizer.json`` tells.

``bundle.json`` is written last and holds the checksum of every other file and of its own content (``seal``),
so a folder with a manifest is whole; loading verifies format and checksums and says why it refuses.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from onoma.errors import BundleError
from onoma.files import whole_file
from onoma.runtime.manifest import FORMAT, FileCheck, Manifest

__all__ = ["MANIFEST", "PARTS", "TAGS", "WORDS", "read_manifest", "verify", "write_bundle"]

MANIFEST = "bundle.json"
WORDS, TAGS = "words.onnx", "tags.onnx"
TOKENIZER = "tokenizer.json"
PARTS = (WORDS, TAGS, "lexicon.json", TOKENIZER, "words.txt")


class Savable(Protocol):
    """What a network knows of words, such as `WordFeatures` or `Pieces`."""

    def save(self, folder: Path) -> None:
        """Write it into ``folder``."""


def write_bundle(
    folder: Path, manifest: Manifest, words: bytes | None, tags: bytes, features: Savable
) -> Manifest:
    """Write a bundle into ``folder``: the graphs ``words``, if any, and ``tags``, the lexicon, the manifest.

    Returns the manifest with its checksums.

    Until ``bundle.json`` stands again the folder is no bundle. Raises `OutputError` when writing fails.
    """
    from onoma import __version__

    folder.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, *PARTS):
        (folder / name).unlink(missing_ok=True)
    for name, graph in ((WORDS, words), (TAGS, tags)):
        if graph is None:
            continue
        with whole_file(folder / name, "wb") as file:
            file.write(graph)
    features.save(folder)
    checks = {name: _check(folder / name) for name in PARTS if (folder / name).is_file()}
    manifest = manifest.model_copy(update={"files": checks, "onoma": __version__, "format": FORMAT})
    write_manifest(folder, manifest)
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``bundle.json`` alone, for instance with scores measured since."""
    content = manifest.model_dump(mode="json")
    with whole_file(folder / MANIFEST) as file:
        file.write(json.dumps({**content, "seal": _seal(content)}, indent=1, ensure_ascii=False) + "\n")


def _seal(content: dict[str, Any]) -> str:
    """The checksum of a manifest's content, however it is laid out."""
    rest = {key: value for key, value in content.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the bundle in ``folder``; raises `BundleError` saying why it cannot be read."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            advice = "install a newer onoma" if content["format"] > FORMAT else "train it again"
            raise BundleError(
                f"{folder} is a bundle of format {content['format']}; this version reads {FORMAT}: {advice}"
            )
        if content["seal"] != _seal(content):
            raise BundleError(f"{folder}/{MANIFEST} has changed since it was written (its seal differs)")
        return Manifest.model_validate(content)
    except FileNotFoundError as error:
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST}") from error
    except KeyError as error:
        raise BundleError(f"{folder}/{MANIFEST} is damaged: it has no {error}") from error
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise BundleError(f"{folder}/{MANIFEST} is damaged: {error}") from error


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its checksum; raises `BundleError` naming the first that differs."""
    for name in (WORDS, TAGS) if manifest.pieces is None else (TAGS, TOKENIZER):
        if name not in manifest.files:
            raise BundleError(f"{folder}/{MANIFEST} lists no {name}")
    for name, check in manifest.files.items():
        if name not in PARTS:
            raise BundleError(f"{folder}/{MANIFEST} lists {name!r}, which is no part of a bundle")
        path = folder / name
        if not path.is_file():
            raise BundleError(f"the bundle {folder} is incomplete: {name} is missing")
        if path.stat().st_size != check.bytes:
            size = path.stat().st_size
            raise BundleError(f"{path} has {size} bytes, {check.bytes} were written: the bundle is damaged")
        if _check(path) != check:
            raise BundleError(f"{path} has changed since the bundle was written (its checksum differs)")


def _check(path: Path) -> FileCheck:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileCheck(sha256=digest, bytes=path.stat().st_size)
