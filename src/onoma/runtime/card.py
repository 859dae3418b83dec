"""The model card of a bundle: data, licence, scores and limits in Markdown (Mitchell et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onoma.runtime.manifest import Int8Trial, Manifest, Quantised, Taught

__all__ = ["CARD", "model_card"]

CARD = "CARD.md"


def model_card(manifest: Manifest) -> str:
    """The card of ``manifest``.

    >>> about = {"name": "tiny", "architecture": "bilstm", "scheme": "bioes"}
    >>> print(model_card(Manifest(**about, labels=["per"], parameters=9)))
    # tiny
    <BLANKLINE>
    * architecture: bilstm, 9 learned parameters, 0.0 MB
    * language: en
    * labels: per
    <BLANKLINE>
    """
    parts = [f"# {manifest.name}", manifest.description, "\n".join(_facts(manifest)), *_data(manifest)]
    parts += [_taught(manifest.taught)] if manifest.taught else []
    parts += [_scores(split, scores) for split, scores in manifest.scores.items()]
    parts += [_int8(manifest.quantised)] if manifest.quantised else []
    if manifest.limits:
        parts.append(f"## Limits\n\n{manifest.limits.strip()}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(manifest: Manifest) -> Iterator[str]:
    size = manifest.bytes / 1e6
    kind = manifest.architecture
    yield f"* architecture: {kind}, {manifest.parameters:,} learned parameters, {size:.1f} MB"
    yield f"* language: {manifest.language}"
    yield f"* labels: {', '.join(manifest.labels)}"


def _data(manifest: Manifest) -> Iterator[str]:
    corpus = manifest.corpus
    if corpus is None:
        return
    sizes = ", ".join(f"{count:,} {split}" for split, count in corpus.sentences.items())
    lines = [f"* corpus: {corpus.name}", f"* sentences: {sizes}", f"* fingerprint: `{corpus.fingerprint}`"]
    lines += [f"* licence: {corpus.licence}"] if corpus.licence else []
    lines += [f"* attribution: {corpus.attribution}"] if corpus.attribution else []
    yield "## Data\n\n" + "\n".join(lines)


def _taught(taught: Taught) -> str:
    lines = [f"* {taught.how}", f"* teachers: {', '.join(f'`{each}`' for each in taught.teachers)}"]
    if taught.sentences:
        size = f"{taught.sentences:,} sentences, {taught.tokens:,} tokens"
        lines.append(f"* text without labels: {', '.join(taught.text)} ({size})")
    return "## Teaching\n\n" + "\n".join(lines)


def _scores(split: str, scores: Mapping[str, Any]) -> str:
    strict = scores["strict"]
    rows = list(strict["types"].items())
    rows += [(name, strict[name]) for name in ("micro", "macro", "weighted")]
    table = ["| | precision | recall | F1 | support |", "|---|---|---|---|---|"]
    table += [f"| {name} | {_percent(values)} | {values['support']:,} |" for name, values in rows]
    accuracy, floor = scores["tokens"]["accuracy"], scores["all_o_floor"]["accuracy"]
    right = scores["sequence_accuracy"]
    note = (
        f"Sentences wholly right: {100 * right:.1f} %. Token accuracy: {100 * accuracy:.1f} %, "
        f"where answering O everywhere has {100 * floor:.1f} % (and entity F1 0)."
    )
    return f"## Strict entity scores on {split}, in percent\n\n" + "\n".join(table) + f"\n\n{note}"


def _int8(quantised: Quantised) -> str:
    header = [
        "",
        "F1 on dev",
        "change",
        "95 % interval",
        "moved by batch",
        "speed, single",
        "batch",
        "MB",
        "verdict",
    ]
    rows = [header, ["---"] * len(header), ["fp32", f"{100 * quantised.f1:.2f}", *[""] * 7]]
    rows += [_int8_row(trial) for trial in quantised.trials]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    note = (
        f"Measured on {quantised.sentences:,} sentences of dev; speeds are ratios to fp32 on one thread of "
        f"{quantised.machine}. What moves with its batch by more than 0.0001, loses more than 0.2 points of "
        f"F1 or is not faster is refused."
    )
    return f"## int8\n\n{quantised.verdict}.\n\n{table}\n\n{note}"


def _int8_row(trial: Int8Trial) -> list[str]:
    change, low, high = (100 * v for v in (trial.f1_change, trial.f1_change_low, trial.f1_change_high))
    return [
        trial.method,
        f"{100 * trial.f1:.2f}",
        f"{change:+.2f}",
        f"{low:+.2f} to {high:+.2f}",
        f"{trial.batch_gap:.2g}",
        f"{trial.speed_single:.2f}",
        f"{trial.speed_batch:.2f}",
        f"{trial.bytes / 1e6:.1f}",
        trial.refused or "passes",
    ]


def _percent(values: Mapping[str, float]) -> str:
    return " | ".join(f"{100 * values[name]:.1f}" for name in ("precision", "recall", "f1"))
