"""Train every entry of entries.py by its recipe and write docs/results.md: scores, sizes, time, latency.

    python benchmarks/results.py --data ../shared/data         # what no record has is trained: hours, or days
    python benchmarks/results.py --data DATA --only conll2003 --entries minilm minilm-crf
    python benchmarks/results.py --no-train                    # the page alone, from docs/results/*.json
    python benchmarks/results.py --take RUN --only conll2003 --entries minilm-crf  # record a finished run

Every finished run leaves a small record in docs/results, from which the page is made; a run whose record is
there is not made again, unless its recipe has changed since. One that was interrupted goes on where it
stopped.
Test parts are read once, by the finished bundle.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import onoma
import records
from entries import ENTRIES, ROOT, TITLES, Entry, by_key, entry_named, onoma_command, source, split_gmb
from onoma.corpus import read, read_split
from onoma.files import whole_file
from records import Record


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "results")
    parser.add_argument("--only", choices=sorted(TITLES))
    parser.add_argument("--entries", nargs="+", help="names of entries; default: all")
    parser.add_argument("--no-train", action="store_true", help="make the page from the records alone")
    parser.add_argument("--take", type=Path, metavar="RUN", help="make the record of a finished run")
    options = parser.parse_args()
    if options.take:
        take(options.take, options)
    elif not options.no_train:
        for entry in ENTRIES:
            if options.only in (None, entry.corpus) and entry.name in (options.entries or [entry.name]):
                for seed in records.missing(entry):
                    run(entry, seed, options.data, options.out)
    with whole_file(ROOT / "docs" / "results.md") as file:
        file.write(page())


def take(folder: Path, options: argparse.Namespace) -> None:
    """Keep a record of a run that was made elsewhere or by hand."""
    if not (options.only and options.entries and len(options.entries) == 1):
        raise SystemExit("--take needs --only CORPUS and --entries NAME: what the run is a run of")
    if not records.finished(folder):
        raise SystemExit(f"{folder} is no finished run with scores of a test part")
    entry = entry_named(options.only, options.entries[0])
    keep(entry, folder, texts(entry.corpus, options.data, options.out))


def keep(entry: Entry, folder: Path, sentences: list[str]) -> None:
    made = records.make(entry, folder, sentences)
    if not records.is_current(made, entry):
        print(f"note: {folder} was made by another recipe than {entry.recipe} now is; the page will say so")
    records.write(made, records.place_of(entry, made["seeds"][0]))


def run(entry: Entry, seed: int, data: Path, out: Path) -> None:
    """Train, or go on with, one run and keep its record."""
    folder = folder_of(entry, seed, out)
    if not records.finished(folder):
        values = (*source(entry.corpus, data, out), *entry.settings, f"seed={seed}")
        settings = [word for value in values for word in ("--set", value)]
        recipe = ROOT / "recipes" / f"{entry.recipe}.yaml"
        common = (*settings, "--out", folder, "--resume", "--no-tracking")
        if entry.teachers:
            onoma_command("distil", *teaching(entry, data, out), "--student", recipe, *common)
        else:
            onoma_command("train", recipe, *common)
    keep(entry, folder, texts(entry.corpus, data, out))


def folder_of(entry: Entry, seed: int, out: Path) -> Path:
    return out / f"{entry.corpus}-{entry.name}-{seed}"


def teaching(entry: Entry, data: Path, out: Path) -> list[object]:
    """The options that name a student's teachers, which must be trained, and what it reads."""
    places = [place for name in entry.teachers for place in runs_of(entry.corpus, name, out)]
    if lacking := [folder.name for folder in places if not records.finished(folder)]:
        raise SystemExit(f"{entry.name} is taught by {entry.taught_by}; not in {out}: {', '.join(lacking)}")
    options: list[object] = ["--crossings", entry.crossings, "--swaps", entry.swaps]
    for label, names in entry.names:
        options += ["--names", f"{label}={data / names}"]
    for folder in places:
        options += ["--teacher", folder]
    for archive in entry.text:
        options += ["--text", unpacked(data / archive, out) / "**" / "*.txt"]
    for name in entry.unlabelled:
        options += ["--unlabelled", split_gmb(data, out) / "train.conll" if name == "gmb" else data / name]
    return options


def runs_of(corpus: str, name: str, out: Path) -> list[Path]:
    """Where the runs of an entry of that name lie, or the one run of that name."""
    named = [entry for entry in ENTRIES if (entry.corpus, entry.name) == (corpus, name)]
    return [folder_of(entry, seed, out) for entry in named for seed in entry.seeds] or [
        out / f"{corpus}-{name}"
    ]


def unpacked(archive: Path, out: Path) -> Path:
    """The folder of what is in an archive, which is unpacked on first use."""
    folder = out / archive.name.partition(".")[0]
    if not folder.is_dir():
        shutil.unpack_archive(archive, folder, filter="data")
    return folder


def texts(corpus: str, data: Path, out: Path) -> list[str]:
    """The first 2,000 test sentences as plain text, for speed."""
    named = by_key(source(corpus, data, out))
    place = named.get("corpus.test")
    found = read(place) if place else read_split(Path(named["corpus.path"]), "test")
    return [document.text for document, _ in zip(found, range(2000), strict=False)]


def page() -> str:
    parts = [HEAD]
    known = records.known()
    for corpus, title in TITLES.items():
        rows = [(entry, found) for entry, found in known if entry.corpus == corpus]
        if rows:
            floor = next(record["floor"] for _, found in rows for record in found)
            parts.append(f"\n## {title}\n")
            parts.append(f"Answering O everywhere: token accuracy {100 * floor:.1f}, entity F1 0.\n")
            parts += [COLUMNS, *(row(entry, found) for entry, found in rows)]
    tables = "\n".join(parts)
    notes = "".join(note for mark, note in NOTES.items() if mark in tables)
    return tables + "\n" + notes + TAIL.format(version=onoma.__version__)


def current(entry: Entry, found: list[Record]) -> bool:
    return all(records.is_current(record, entry) for record in found)


def row(entry: Entry, found: list[Record]) -> str:
    first = found[0]
    minutes = sum(record["minutes"] for record in found) / len(found)
    speed = first["speed"]
    old = "" if speed.get("runtime", "now") == "now" else "²"
    cells = [
        entry.title + ("" if current(entry, found) else " ¹"),
        f"{first['parameters']:,}",
        f"{first['bytes'] / 1e6:.1f}",
        spread(*records.figures(found, "dev")),
        f"**{spread(*records.figures(found, 'test'))}**",
        spread(*records.figures(found, "test", "token_accuracy")),
        str(sum(len(record["seeds"]) for record in found)),
        f"{minutes:.1f}",
        f"{speed['ms']:.2f}{old}",
        f"{speed['tokens_1']:,.0f}{old}",
        first["trained_on"],
    ]
    return "| " + " | ".join(cells) + " |"


def spread(mean: float, deviation: float | None) -> str:
    """Mean, and standard deviation where there are several."""
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"


COLUMNS = (
    "| tagger | parameters | MB | dev F1 | test F1 | test token accuracy | seeds | training, minutes "
    "| ms a sentence | tokens/s | trained on |\n|---|---|---|---|---|---|---|---|---|---|---|"
)
HEAD = """# Results

Written by `make results` (`benchmarks/results.py`) from the records in [results](results); do not edit by
hand.

F1 is strict entity F1, micro-averaged, in percent, of the finished bundle run by the torch-free runtime on
gold tokens. With several seeds: mean ± standard deviation. Epochs are chosen on dev; test is read once, last.
Parameters count learned weights; static vectors are frozen and not among them, but they are in the MB on
disk. Token accuracy is shown because others publish it: compare it with what answering O everywhere scores.
Training time is wall time, on CPUs shared with other work; latency and speed are of one thread, text in to
entities out.
"""
NOTES = {
    "¹": "\n¹ Made by an older recipe.\n",
    "²": """
² Timed with an older runtime, before word vectors were remembered and decoding was done in C;
[performance.md](performance.md) has the present one.
""",
}
TAIL = """

Written with onoma {version}. To make what is missing: `make results` with the corpora in `../shared/data`,
or `python benchmarks/results.py --data DATA`. Runs lie in `out/results`, with their logs, curves and scores.
"""

if __name__ == "__main__":
    main()
