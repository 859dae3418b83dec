"""Following a run: a plain log file, curves as PNG, and MLflow. Each takes the run's events and changes none.

MLflow's own defaults hold: a local store in the working folder, or wherever ``MLFLOW_TRACKING_URI`` points.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from onoma.files import whole_file
from onoma.training.curves import draw_curves
from onoma.training.loop import Epoch
from onoma.training.recipe import Recipe, as_mapping
from onoma.training.run import Event, Finished, Gated, Judged, Skipped, Started, Trusted

__all__ = ["logged", "tracked"]


def logged(events: Iterable[Event], work: Path) -> Iterator[Event]:
    """Pass ``events`` on, writing ``log.txt``, ``history.json`` and ``curves.png`` into ``work``.

    A resumed run goes on with the files of the one it resumes.
    """
    for event in events:
        if not (isinstance(event, Epoch) and asdict(event) in _history(work)):  # told again by a resumed run
            _note(event, work)
        yield event


def _history(work: Path) -> list[dict[str, Any]]:
    place = work / "history.json"
    known: list[dict[str, Any]] = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else []
    return known


def _note(event: Event, work: Path) -> None:
    """Add an event to the files; an epoch done again after a kill replaces what was noted of it."""
    if line := describe(event):
        with (work / "log.txt").open("a", encoding="utf-8") as log:
            print(datetime.now(UTC).isoformat(timespec="seconds"), line, file=log)
    if isinstance(event, Epoch):
        history = [row for row in _history(work) if row["epoch"] < event.epoch] + [asdict(event)]
        with whole_file(work / "history.json") as file:
            file.write(json.dumps(history, indent=1) + "\n")
        draw_curves(history, work / "curves.png")


def describe(event: Event) -> str | None:
    """An event in one line for people; nothing for single steps.

    >>> describe(Epoch(0, 0.5, 0.25, 0.75, 0.001, True))
    'epoch 1: loss 0.5000, dev loss 0.2500, dev F1 75.00, best so far'
    """
    match event:
        case Started():
            sizes = ", ".join(f"{count:,} {name}" for name, count in event.sentences.items())
            about = f"{event.parameters:,} parameters; sentences: {sizes}; labels: {', '.join(event.labels)}"
            if event.unseen:
                about += f"; not in train, so missed on dev: {', '.join(event.unseen)}"
            if event.left_out:
                left_out = ", ".join(f"{count:,} {why}" for why, count in event.left_out.items())
                about += f"; entities left out: {left_out}"
            return f"{about}; corpus {event.fingerprint[:16]}"
        case Epoch():
            line = f"epoch {event.epoch + 1}: loss {event.loss:.4f}, dev loss {event.dev_loss:.4f}"
            return line + f", dev F1 {100 * event.dev_f1:.2f}" + (", best so far" if event.best else "")
        case Gated():
            return event.quantised.verdict
        case Judged():
            return f"{event.split}: strict F1 {100 * event.scores.strict.micro.f1:.2f}"
        case Trusted():
            as_given = f"entity scores are as the network gives them: {event.reason}"
            return event.fitted.describe() if event.fitted else as_given
        case Skipped():
            return f"{event.split}: not scored, as {event.reason}"
        case Finished():
            return f"bundle {event.manifest.name}: {event.manifest.bytes:,} bytes in {event.folder.name}"
    return None


def tracked(events: Iterable[Event], recipe: Recipe, work: Path) -> Iterator[Event]:
    """Pass ``events`` on, logging parameters, scores, curves and the bundle to MLflow."""
    stream = iter(events)
    begun = list(islice(stream, 1))  # a run that is refused before it begins leaves no trace
    if not begun:
        return
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow  # takes seconds, and is not needed when tracking is switched off

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    mlflow.set_experiment("onoma")
    with mlflow.start_run(run_name=recipe.name):
        mlflow.log_params(dict(_flat(as_mapping(recipe))))
        for event in chain(begun, stream):
            _track(mlflow, event, work)
            yield event


def _track(mlflow: Any, event: Event, work: Path) -> None:
    match event:
        case Started():
            about = {"parameters": event.parameters, "corpus.fingerprint": event.fingerprint}
            mlflow.log_params(about)
        case Epoch():
            row = asdict(event)
            metrics = {name: row[name] for name in ("loss", "dev_loss", "dev_f1", "rate")}
            mlflow.log_metrics(metrics, step=event.epoch)
        case Judged():
            strict = event.scores.strict.micro
            metrics = {"precision": strict.precision, "recall": strict.recall, "f1": strict.f1}
            mlflow.log_metrics({f"{event.split}.strict.{name}": value for name, value in metrics.items()})
        case Finished():
            mlflow.log_artifact(str(work / "curves.png"), "curves")
            mlflow.log_artifact(str(work / "log.txt"))
            for name in ("bundle.json", *event.manifest.files):
                mlflow.log_artifact(str(event.folder / name), "bundle")


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as ``outer.inner`` names.

    >>> dict(_flat({"a": {"b": 1}, "c": 2}))
    {'a.b': 1, 'c': 2}
    """
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
