"""Taggers alone, put to the vote, and stacked: strict F1 on CoNLL-2003, and whether that is better than one.

    python benchmarks/ensembles.py out/results/conll2003-minilm-crf-1 out/results/conll2003-minilm-crf-2 \\
        out/results/conll2003-student-1
    python benchmarks/ensembles.py --no-measure           # the page alone, from the record

CRFsuite with hand-made features (see ``peers.py``) is always a member, trained where that has not been done.
Each member reads dev and test once; what wants documents gets whole articles. The vote needs no data; the
stacking is fitted on dev. Every set of members of at least two families or seeds is tried, and all are shown:
which one to use is for dev to say, so they are ordered by F1 on dev. P-values are those of the approximate
randomisation test on test against the best single tagger, corrected after Holm.
What is measured is kept in docs/results/ensembles.json and shown in docs/ensembles.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from onoma.evaluation import holm, judge, randomisation_test
from onoma.files import whole_file
from onoma.runtime import Tagger
from onoma.runtime.articles import in_context
from onoma.runtime.ensemble import Ensemble
from onoma.runtime.stacking import Stacking, fit_combiner
from onoma.text import Annotate, Document
from peers import CrfTagger, Parts
from records import FOLDER, ROOT
from tagging import conll_parts

RECORD = FOLDER / "ensembles.json"
PAGE = ROOT / "docs" / "ensembles.md"
CRF = "CRFsuite"


class Heard:
    """An `Annotate` that says again what a tagger said of these documents, whatever it is asked with them."""

    def __init__(self, annotate: Annotate, documents: Sequence[Document]) -> None:
        self._answers = {
            each.id: each for each in annotate([each.replace(entities=()) for each in documents])
        }

    def __call__(self, documents: Sequence[Document]) -> list[Document]:
        """What it said."""
        return [self._answers[each.id] for each in documents]


Members = dict[str, Heard]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundles", type=Path, nargs="*")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    parser.add_argument("--no-measure", action="store_true")
    options = parser.parse_args()
    if not options.no_measure:
        if not options.bundles:
            parser.error("give bundles, or --no-measure")
        rows = measured(conll_parts(options.data, options.out), options.bundles, options.out / "peers")
        with whole_file(RECORD) as file:
            file.write(json.dumps({"corpus": "conll2003", "rows": rows}, indent=1) + "\n")
    with whole_file(PAGE) as file:
        file.write(page(json.loads(RECORD.read_text(encoding="utf-8"))["rows"]))


def measured(parts: Parts, bundles: Sequence[Path], folder: Path) -> list[dict[str, Any]]:
    """A row for each tagger and each set of them."""
    crf = CrfTagger(parts, folder / "crfsuite-conll2003.model")
    taggers: dict[str, Annotate] = {each.name: in_context(Tagger(each)) for each in bundles} | {CRF: crf}
    dev, test = parts["dev"], parts["test"]
    on_dev = {name: Heard(each, dev) for name, each in taggers.items()}
    on_test = {name: Heard(each, test) for name, each in taggers.items()}
    told = [
        (kind, names, judge(dev, first(dev)), judge(test, second(test)))
        for kind, names, first, second in ways(on_dev, on_test, dev)
    ]
    best = max((each for each in told if len(each[1]) == 1), key=lambda each: each[2].scores.strict.micro.f1)
    others = [each for each in told if each is not best]
    chances = holm([randomisation_test(each[3], best[3]).figures.f1 for each in others])
    p = {id(each): chance for each, chance in zip(others, chances, strict=True)}
    rows = [
        {
            "kind": kind,
            "members": list(names),
            "dev": round(100 * a.scores.strict.micro.f1, 2),
            "test": round(100 * b.scores.strict.micro.f1, 2),
            "p": p.get(id(each)),
        }
        for each in told
        for kind, names, a, b in [each]
    ]
    return sorted(rows, key=lambda row: -row["dev"])


def ways(
    on_dev: Members, on_test: Members, dev: Sequence[Document]
) -> Iterator[tuple[str, tuple[str, ...], Annotate, Annotate]]:
    """Each tagger, the vote of each three or more, the stacking of each two or more: on dev and on test."""
    for size in range(1, len(on_dev) + 1):
        for names in combinations(on_dev, size):
            first, second = ([found[name] for name in names] for found in (on_dev, on_test))
            if size == 1:
                yield "alone", names, first[0], second[0]
            if size >= 3:
                yield "vote", names, Ensemble(first), Ensemble(second)
            if size >= 2:
                combiner = fit_combiner(first, dev, names=names)
                yield "stacked", names, Stacking(first, combiner), Stacking(second, combiner)


def page(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        f"| {row['kind']} | {', '.join(row['members'])} | {row['dev']:.2f} | {row['test']:.2f} "
        f"| {'' if row['p'] is None else format(row['p'], '.3f')} |"
        for row in rows
    ]
    return "\n".join([HEAD, *lines]) + "\n"


HEAD = """# Several taggers at once

Written by `benchmarks/ensembles.py` from [results/ensembles.json](results/ensembles.json); do not edit by
hand.

CoNLL-2003, strict F1, ordered by dev. A vote keeps what more than half of its members found, span and label
alike. Stacking weighs what they found by a small logistic regression, fitted on dev, on which its own figure
is therefore too good. p: that the difference on test from the tagger that is best alone on dev is chance
(approximate randomisation, corrected after Holm).

| | members | dev F1 | test F1 | p |
|---|---|---:|---:|---:|"""

if __name__ == "__main__":
    main()
