"""How a "99.9 % F1" comes about on the GMB file, and what the honest figures are.

    python benchmarks/flattering_scores.py ../shared/data/gmb/ner_dataset.csv.zip

The file is read twice. Flattering: with the defaults of pandas and without carrying the sentence id forward.
Honest: as it is meant. On both, two taggers are scored that know nothing of context: one answers O
everywhere, one gives each word the tag it had most often in four fifths of the sentences (O if unseen), and
is scored on the other fifth, every fifth sentence. Prints the Markdown table of docs/honest-scores.md.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from onoma.corpus.sources import inspect, lines
from onoma.errors import OnomaError
from onoma.evaluation import Scores, score_tags

PADDED = 75  # the length that published code for this file pads sentences to
# what pandas.read_csv takes for a missing value unless told otherwise (its documentation, na_values)
MISSING = {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>"}
MISSING |= {"N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}

Row = tuple[str, str, str]  # sentence id or nothing, word, tag


@dataclass(frozen=True)
class Reading:
    """The sentences that one way of reading the file yields: words, and their tags."""

    words: list[list[str]]
    tags: list[list[str]]

    @property
    def distinct_words(self) -> int:
        """How many different words there are."""
        return len(set(chain.from_iterable(self.words)) - {""})

    @property
    def missing(self) -> int:
        """How many words were taken for missing values."""
        return sum(word == "" for word in chain.from_iterable(self.words))

    @property
    def kinds(self) -> Counter[str]:
        """How many tags there are of each prefix."""
        return Counter(tag[:2].rstrip("-") for tag in chain.from_iterable(self.tags))


def main(path: str) -> None:
    rows = read_rows(path)
    readings = flattering(rows), honest(rows)
    print("| | flattering | honest |\n|---|---:|---:|")
    for name, show in ROWS.items():
        print(f"| {name} | {' | '.join(show(reading) for reading in readings)} |")
    print(f"\n{compared_with_pandas(path, readings[0])}")


def read_rows(path: str) -> list[Row]:
    with lines(inspect(path)) as text:
        found = csv.reader(text)
        next(found)
        return [(row[0], row[1], row[-1]) for row in found]


def flattering(rows: list[Row]) -> Reading:
    """As ``read_csv(path).groupby("Sentence #")`` has it: rows without an id of their own are gone."""
    kept = [(["" if word in MISSING else word], [tag]) for mark, word, tag in rows if mark]
    return Reading([words for words, _ in kept], [tags for _, tags in kept])


def honest(rows: list[Row]) -> Reading:
    """The sentence id carried forward, and every word a word."""
    reading = Reading([], [])
    for mark, word, tag in rows:
        if mark:
            reading.words.append([])
            reading.tags.append([])
        reading.words[-1].append(word)
        reading.tags[-1].append(tag)
    return reading


def all_o(reading: Reading) -> list[list[str]]:
    return [["O"] * len(tags) for tags in reading.tags]


def by_lookup(reading: Reading) -> tuple[list[list[str]], list[list[str]]]:
    """Gold and predicted tags of every fifth sentence, each word tagged as it mostly was in the others."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for i, (words, tags) in enumerate(zip(reading.words, reading.tags, strict=True)):
        if i % 5:
            for word, tag in zip(words, tags, strict=True):
                seen[word][tag] += 1
    usual = {word: tags.most_common(1)[0][0] for word, tags in seen.items()}
    return reading.tags[::5], [[usual.get(word, "O") for word in words] for words in reading.words[::5]]


def padded_accuracy(gold: list[list[str]], predicted: list[list[str]]) -> float:
    """Tag accuracy when every sentence is cut or filled up to `PADDED` tags, the filling scored as O."""
    right = sum(
        sum(a == b for a, b in zip(tags[:PADDED], guess[:PADDED], strict=True)) + max(0, PADDED - len(tags))
        for tags, guess in zip(gold, predicted, strict=True)
    )
    return right / (PADDED * len(gold))


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def idle(reading: Reading) -> Scores:
    return score_tags(reading.tags, all_o(reading), scheme="iob2")


def lookup(reading: Reading) -> Scores:
    return score_tags(*by_lookup(reading), scheme="iob2")


ROWS: dict[str, Callable[[Reading], str]] = {
    "sentences": lambda r: f"{len(r.words):,}",
    "tokens": lambda r: f"{sum(map(len, r.words)):,}",
    "longest sentence, in tokens": lambda r: f"{max(map(len, r.words)):,}",
    "distinct words": lambda r: f"{r.distinct_words:,}",
    "words taken for missing values": lambda r: f"{r.missing:,}",
    "`B-` tags": lambda r: f"{r.kinds['B']:,}",
    "`I-` tags": lambda r: f"{r.kinds['I']:,}",
    f"answering O everywhere: tag accuracy, padded to {PADDED}": lambda r: percent(
        padded_accuracy(r.tags, all_o(r))
    ),
    "answering O everywhere: tag accuracy, real tokens": lambda r: percent(idle(r).tokens.accuracy),
    "answering O everywhere: strict entity F1": lambda r: percent(idle(r).strict.micro.f1),
    f"each word's usual tag: tag accuracy, padded to {PADDED}": lambda r: percent(
        padded_accuracy(*by_lookup(r))
    ),
    "each word's usual tag: tag accuracy, real tokens": lambda r: percent(lookup(r).tokens.accuracy),
    "each word's usual tag: strict entity F1": lambda r: percent(lookup(r).strict.micro.f1),
}


def compared_with_pandas(path: str, reading: Reading) -> str:
    """Whether pandas, where it is installed, reads the file as `flattering` says."""
    try:
        import pandas as pd
    except ImportError:
        return "pandas is not installed; its way of reading is imitated."
    groups = pd.read_csv(path, encoding="latin-1").groupby("Sentence #", sort=False)
    first = groups.first()
    found = (len(groups), int(groups.size().max()), first["Word"].nunique(), int(first["Word"].isna().sum()))
    imitated = (len(reading.words), 1, reading.distinct_words, reading.missing)
    if found != imitated:
        raise SystemExit(f"pandas {pd.__version__} reads {found}, the imitation {imitated}")
    return f"pandas {pd.__version__} gives the same sentences, words and missing values as the left column."


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("give the corpus: python benchmarks/flattering_scores.py ner_dataset.csv.zip")
    try:
        main(sys.argv[1])
    except OnomaError as error:
        raise SystemExit(str(error)) from None
