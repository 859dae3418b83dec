"""One recipe with several seeds: a run each, resumable, and a card of all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from onoma.errors import TrainingError
from onoma.evaluation.runs import read_history
from onoma.evaluation.seed_card import SeedCard, SeedRun, seed_page
from onoma.files import whole_file
from onoma.runtime.bundle import read_manifest
from onoma.runtime.manifest import Manifest
from onoma.training.loop import fingerprint
from onoma.training.recipe import Recipe, load_recipe
from onoma.training.run import WORK, Event, run_recipe

__all__ = ["Follow", "run_seeds", "seed_card", "seed_folder", "write_seed_card"]

Follow = Callable[[Recipe, Path, Iterable[Event]], None]
"""Takes a run's recipe, folder and events, and sees the run to its end."""


def seed_folder(folder: Path, seed: int) -> Path:
    """Where the run with ``seed`` lies.

    >>> seed_folder(Path("out"), 3).name
    'seed-3'
    """
    return folder / f"seed-{seed}"


def run_seeds(recipe: Recipe, folder: Path, count: int, follow: Follow, *, resume: bool = False) -> SeedCard:
    """Train with the seeds 1 to ``count`` into ``folder/seed-1`` and so on, and make a card of them.

    With ``resume`` finished runs are left as they are and one that was stopped goes on. Writes ``seeds.json``
    and ``seeds.html`` into ``folder``. Raises what `run_recipe` raises, and `TrainingError` when a finished
    run was made with another recipe.
    """
    recipes = [recipe.model_copy(update={"seed": seed}) for seed in range(1, count + 1)]
    for each in recipes:
        place = seed_folder(folder, each.seed)
        if not (resume and _is_finished(each, place)):
            follow(each, place, run_recipe(each, place, resume=resume))
    card = seed_card(recipe, [seed_folder(folder, each.seed) for each in recipes])
    write_seed_card(card, folder)
    return card


def _is_finished(recipe: Recipe, folder: Path) -> bool:
    kept = folder / WORK / "recipe.yaml"
    if not (kept.is_file() and (folder / "bundle.json").is_file() and read_manifest(folder).scores):
        return False
    if fingerprint(load_recipe(kept)) != fingerprint(recipe):
        raise TrainingError(
            f"{folder} was made with another recipe; go on with that one, or choose another --out"
        )
    return True


def seed_card(recipe: Recipe, folders: Iterable[Path]) -> SeedCard:
    """The card of finished runs."""
    return SeedCard(recipe.name, [_run(folder) for folder in folders])


def _run(folder: Path) -> SeedRun:
    manifest: Manifest = read_manifest(folder)
    seed = int(manifest.recipe.get("seed", 0))
    return SeedRun(folder.name, seed, manifest.scores, read_history(folder))


def write_seed_card(card: SeedCard, folder: Path) -> None:
    """Write the card as JSON and as a page."""
    with whole_file(folder / "seeds.json") as file:
        file.write(json.dumps(card.to_dict(), ensure_ascii=False, indent=2) + "\n")
    with whole_file(folder / "seeds.html") as file:
        file.write(seed_page(card))
