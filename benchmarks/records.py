"""Small records of finished runs, kept in docs/results, from which docs/results.md is made.

A record says what was trained (recipe, corpus, seed), on what machine, what it scored and what it costs, so a
run that one machine has made need not be made again on the next.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import onoma
from entries import ENTRIES, ROOT, Entry, recipe_mark
from onoma.files import whole_file
from onoma.runtime import Manifest
from onoma.runtime.bundle import read_manifest

FOLDER = ROOT / "docs" / "results"
Record = dict[str, Any]


def place_of(entry: Entry, seed: int) -> Path:
    return FOLDER / f"{entry.corpus}-{entry.name}-{seed}.json"


def finished(folder: Path) -> bool:
    return (folder / "bundle.json").is_file() and "test" in read_manifest(folder).scores


def make(entry: Entry, folder: Path, texts: Sequence[str]) -> Record:
    """The record of the finished run in ``folder``, timed on ``texts``."""
    manifest = read_manifest(folder)
    history = _history(folder)
    return {
        "corpus": entry.corpus,
        "entry": entry.name,
        "seeds": [int(manifest.recipe["seed"])],
        "recipe": {k: v for k, v in manifest.recipe.items() if k not in ("description", "limits")},
        "teacher": entry.taught_by,
        "corpus_fingerprint": manifest.corpus.fingerprint if manifest.corpus else None,
        "architecture": manifest.architecture,
        "parameters": manifest.parameters,
        "bytes": manifest.bytes,
        "int8": bool(manifest.quantised and manifest.quantised.method),
        "scores": {split: _scores(manifest, split) for split in ("dev", "test")},
        "floor": manifest.scores["test"]["all_o_floor"]["accuracy"],
        "epochs": len(history),
        "minutes": round(sum(row["seconds"] for row in history) / 60, 1),
        "trained_on": _noted(folder),
        "speed": timed(folder, texts),
        "machine": machine(),
        "onoma": onoma.__version__,
        "made": datetime.now(UTC).date().isoformat(),
    }


def _scores(manifest: Manifest, split: str) -> dict[str, Any]:
    found = manifest.scores[split]
    micro = found["strict"]["micro"]
    return {
        **{name: round(100 * micro[name], 3) for name in ("f1", "precision", "recall")},
        "types": {name: round(100 * row["f1"], 2) for name, row in found["strict"]["types"].items()},
        "token_accuracy": round(100 * found["tokens"]["accuracy"], 3),
    }


def _history(folder: Path) -> list[Record]:
    place = folder / "training" / "history.json"
    return json.loads(place.read_text(encoding="utf-8")) if place.is_file() else []


def _noted(folder: Path) -> str:
    """What a run on another machine said of it, in ``machine.txt`` beside the bundle; else this one."""
    place = folder / "machine.txt"
    return place.read_text(encoding="utf-8").strip() if place.is_file() else machine()


def machine() -> str:
    """The kind of machine this is, without a name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{cores} cores, {models[0] if models else platform.machine()}"


def timed(folder: Path, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds for one text alone (median), and tokens a second in bulk on one thread and on two."""
    one, two = (onoma.load(folder, threads=threads) for threads in (1, 2))
    alone = []
    for text in texts[:300]:
        began = time.perf_counter()
        one([text])
        alone.append(time.perf_counter() - began)
    rates: dict[str, list[float]] = {"tokens_1": [], "tokens_2": []}
    for _ in range(3):
        for name, tagger in zip(rates, (one, two), strict=True):
            began = time.perf_counter()
            documents = tagger(texts)
            rates[name].append(sum(len(d.tokens) for d in documents) / (time.perf_counter() - began))
    return {"ms": round(1000 * statistics.median(alone), 3)} | {
        name: round(statistics.median(values)) for name, values in rates.items()
    }


def write(record: Record, place: Path) -> None:
    with whole_file(place) as file:
        file.write(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def of(entry: Entry) -> list[Record]:
    """The records of an entry: those of its present recipe if there are any, else older ones."""
    found = [json.loads(place.read_text(encoding="utf-8")) for place in _places(entry)]
    current = [record for record in found if is_current(record, entry)]
    return current or found


def _places(entry: Entry) -> Iterable[Path]:
    return sorted(FOLDER.glob(f"{entry.corpus}-{entry.name}-[0-9]*.json"))


def is_current(record: Record, entry: Entry) -> bool:
    """Whether the run was made by the entry's recipe as it stands."""
    if record["recipe"] is None or record.get("teacher", "") != entry.taught_by:
        return False
    return recipe_mark(record["recipe"]) == recipe_mark(_content(entry))


def _content(entry: Entry) -> dict[str, Any]:
    content: dict[str, Any] = entry.loaded().model_dump(mode="json", exclude_none=True)
    return content


def missing(entry: Entry) -> list[int]:
    """The seeds that no record of the present recipe has."""
    known = {seed for record in of(entry) if is_current(record, entry) for seed in record["seeds"]}
    return [seed for seed in entry.seeds if seed not in known]


def figures(records: Sequence[Record], split: str, name: str = "f1") -> tuple[float, float | None]:
    """Mean and standard deviation over all runs of the records."""
    values = [record["scores"][split][name] for record in records]
    if len(values) == 1:
        return values[0], records[0]["scores"][split].get(f"{name}_deviation")
    return statistics.mean(values), statistics.stdev(values)


def known() -> list[tuple[Entry, list[Record]]]:
    """Every entry that has records."""
    return [(entry, found) for entry in ENTRIES if (found := of(entry))]
