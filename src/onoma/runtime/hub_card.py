"""A bundle's card as the README of a model repository: facts for the hub's search, then what people read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from onoma.runtime.card import model_card
from onoma.runtime.manifest import Manifest

__all__ = ["hub_card"]

_TASK = "token-classification"


def hub_card(manifest: Manifest) -> str:
    """The card of ``manifest`` under a front matter, with its scores as the hub reads them.

    >>> about = {"name": "tiny", "architecture": "bilstm", "scheme": "bioes"}
    >>> hub_card(Manifest(**about, labels=["per"], parameters=9)).splitlines()[:3]
    ['---', 'language: "en"', 'library_name: "onoma"']
    """
    # JSON is YAML as well, so values need no other care
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in _facts(manifest).items())
    use = f"```python\nimport onoma\n\ntag = onoma.load({manifest.name!r})\n```"
    how = f"## Use\n\n`onoma pull hf:OWNER/NAME --as {manifest.name}` installs it; then\n\n{use}"
    return "---\n" + "\n".join(lines) + f"\n---\n\n{model_card(manifest)}\n{how}\n"


def _facts(manifest: Manifest) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "language": manifest.language,
        "library_name": "onoma",
        "pipeline_tag": _TASK,
        "tags": ["named-entity-recognition", "onnx", manifest.architecture],
    }
    corpus = manifest.corpus
    if corpus is not None and corpus.licence:
        facts |= {"license": "other", "license_name": f"data: {corpus.licence}"}
    if results := list(_results(manifest)):
        facts |= {"metrics": ["f1", "precision", "recall"]}
        facts |= {"model-index": [{"name": manifest.name, "results": results}]}
    return facts


def _results(manifest: Manifest) -> Iterator[dict[str, Any]]:
    corpus = "unnamed" if manifest.corpus is None else manifest.corpus.name
    for split, scores in manifest.scores.items():
        micro: Mapping[str, float] = scores.get("strict", {}).get("micro", {})
        metrics = [
            {"type": name, "value": round(micro[name], 4), "name": f"strict entity {name}"}
            for name in ("f1", "precision", "recall")
            if name in micro
        ]
        if metrics:
            dataset = {"name": corpus, "type": corpus, "split": split}
            yield {"task": {"type": _TASK}, "dataset": dataset, "metrics": metrics}
