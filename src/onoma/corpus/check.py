"""What a careful annotator would look for in a corpus before anything is trained on it.

`survey` reads a corpus once; each entry of `CHECKS` looks at one survey, each of `SPLIT_CHECKS` at the
survey of the training part and that of another. A check returns findings, or nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

from onoma.corpus.corpus import Corpus, Source
from onoma.corpus.facts import Facts
from onoma.corpus.kaggle import UncarriedIdError
from onoma.corpus.split import word_key
from onoma.tagging.schemes import E, I
from onoma.text.document import Document

__all__ = ["CHECKS", "SEVERITIES", "SPLIT_CHECKS", "Finding", "Report", "check", "survey"]

SEVERITIES = ("error", "warning", "note")  # the gravest first
_EXAMPLES = 10
_MISSING = frozenset(
    {"NA", "N/A", "n/a", "NaN", "nan", "None", "NULL", "null", "<NA>", "#N/A", "-nan", "-NaN", "#NA"}
)  # words that pandas takes for missing unless told otherwise
_LEAK = 0.01  # a larger share of a part's sentences standing in another makes its scores worthless
_FEW = 3  # sentences; fewer tell nothing about how a file was made


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: how grave, what, where, how often, and a few examples."""

    severity: str
    code: str
    corpus: str
    count: int
    message: str
    examples: tuple[str, ...] = ()


@dataclass(slots=True)
class Survey:
    """What one reading of a corpus found that its checks need."""

    name: str
    source: Source
    fingerprint: str | None
    facts: Facts
    labels: list[str]
    sentences: dict[bytes, _Sentence] = field(default_factory=dict)  # each distinct one
    missing: Counter[str] = field(default_factory=Counter)
    refused: str | None = None  # why the reader would not take the file


@dataclass(slots=True)
class _Sentence:
    text: str
    annotation: int
    count: int = 1
    agrees: bool = True


@dataclass(slots=True)
class Report:
    """The surveys, in the order given, and all findings, the gravest first."""

    surveys: list[Survey]
    findings: list[Finding]

    def fails(self, severity: str) -> bool:
        """Whether there is a finding of ``severity`` or graver."""
        grave = SEVERITIES[: SEVERITIES.index(severity) + 1]
        return any(finding.severity in grave for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        corpora = [_described(each) for each in self.surveys]
        return {"corpora": corpora, "findings": [asdict(finding) for finding in self.findings]}


def check(corpora: Mapping[str, Corpus]) -> Report:
    """Check each corpus, and each pair for leaks and labels; the first is taken for the training part.

    >>> one = Corpus.from_documents([Document.from_words(["Ada", "wrote"], [(0, 1, "per")])])
    >>> [finding.code for finding in check({"train": one, "test": one}).findings]
    ['leak']
    """
    surveys = [survey(name, corpus) for name, corpus in corpora.items()]
    findings = [found for each in surveys for look in CHECKS for found in look(each)]
    for first, second in combinations(surveys, 2):
        findings += _leak(first, second)
    for other in surveys[1:]:
        findings += [found for look in SPLIT_CHECKS for found in look(surveys[0], other)]
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Report(surveys, findings)


def survey(name: str, corpus: Corpus) -> Survey:
    """Read ``corpus`` once. A file that is refused because its sentence ids were not carried gives an empty
    survey that says so; raises `CorpusError` for any other that cannot be read."""
    found = Survey(name, corpus.source, None, Facts(), [])
    try:
        for document in corpus:
            _add(found, document)
    except UncarriedIdError as error:
        return Survey(
            name, corpus.source, None, Facts(), [], refused=str(error).removeprefix(f"{error.path}: ")
        )
    found.facts, found.labels, found.fingerprint = corpus.facts, corpus.labels, corpus.fingerprint
    return found


def _add(found: Survey, document: Document) -> None:
    words = document.words
    if _MISSING.intersection(words):
        found.missing.update(word for word in words if word in _MISSING)
    key = word_key(document)
    annotation = hash(tuple([(e.start, e.end, e.label) for e in document.entities]))
    known = found.sentences.setdefault(key, _Sentence(document.text, annotation, 0))
    known.count += 1
    known.agrees &= known.annotation == annotation


def _uncarried(found: Survey) -> Iterator[Finding]:
    facts = found.facts
    if found.refused is not None:
        yield Finding("error", "sentence-id-not-carried", found.name, 1, found.refused)
    elif facts.sentences >= _FEW and facts.one_word == facts.sentences:
        inside = sum(count for (_, prefix, _), count in facts.moves.items() if prefix in (I, E))
        message = (
            f"all {facts.sentences:,} sentences have one word and {inside:,} tags continue an entity: the "
            "marks between sentences were lost or not carried forward; scores on this mean nothing"
        )
        yield Finding("error", "sentence-id-not-carried", found.name, facts.sentences, message)
    elif facts.sentences >= _FEW and facts.one_word > facts.sentences / 2:
        message = f"{facts.one_word:,} of {facts.sentences:,} sentences have one word"
        yield Finding("warning", "one-word-sentences", found.name, facts.one_word, message)


def _no_entities(found: Survey) -> Iterator[Finding]:
    if found.facts.sentences and not found.facts.entities:
        message = "there is not one entity; is the tag column right?"
        yield Finding("error", "no-entities", found.name, 1, message)


def _repairs(found: Survey) -> Iterator[Finding]:
    repairs = found.facts.repairs
    if len(repairs):
        message = (
            f"{len(repairs):,} annotations could not be taken as they stood ({found.facts.scheme or 'spans'})"
        )
        examples = tuple(str(repair) for repair in repairs.listed[:_EXAMPLES])
        yield Finding("warning", "ill-formed", found.name, len(repairs), message, examples)


def _duplicates(found: Survey) -> Iterator[Finding]:
    repeated = [each for each in found.sentences.values() if each.count > 1]
    if repeated:
        extra = sum(each.count - 1 for each in repeated)
        message = f"{extra:,} sentences repeat an earlier one; keep repeats on one side when splitting"
        yield Finding("warning", "duplicates", found.name, extra, message, _texts(repeated))
    if torn := [each for each in repeated if not each.agrees]:
        message = f"{len(torn):,} repeated sentences are annotated differently each time"
        yield Finding("warning", "duplicates-disagree", found.name, len(torn), message, _texts(torn))


def _missing_words(found: Survey) -> Iterator[Finding]:
    if found.missing:
        total = found.missing.total()
        each = ", ".join(f"{word} {count:,}" for word, count in found.missing.most_common())
        message = f"{total:,} words look like missing values and are words ({each}); pandas would drop them"
        yield Finding("note", "words-like-missing", found.name, total, message)


def _encoding(found: Survey) -> Iterator[Finding]:
    if found.source.encoding not in (None, "utf-8", "utf-8-sig"):
        message = f"the text is read as {found.source.encoding}, not UTF-8"
        yield Finding("note", "encoding", found.name, 1, message)


def _comments(found: Survey) -> Iterator[Finding]:
    if found.facts.comments:
        message = f"{found.facts.comments:,} lines are taken for comments and passed over"
        yield Finding("note", "comments", found.name, found.facts.comments, message)


def _leak(first: Survey, second: Survey) -> Iterator[Finding]:
    both = [each for key, each in second.sentences.items() if key in first.sentences]
    if both:
        count = sum(each.count for each in both)
        share = count / second.facts.sentences
        message = f"{count:,} sentences ({share:.1%}) also stand in {first.name}"
        severity = "error" if share > _LEAK else "warning"
        yield Finding(severity, "leak", second.name, count, message, _texts(both))


def _labels_unseen(train: Survey, other: Survey) -> Iterator[Finding]:
    if unseen := sorted(set(other.labels).difference(train.labels)):
        count = sum(other.facts.entities[label] for label in unseen)
        message = f"{count:,} entities have labels that {train.name} lacks: {', '.join(unseen)}"
        yield Finding("error", "label-not-in-train", other.name, count, message)


def _labels_absent(train: Survey, other: Survey) -> Iterator[Finding]:
    if absent := sorted(set(train.labels).difference(other.labels)):
        message = f"no entity has these labels of {train.name}: {', '.join(absent)}"
        yield Finding("warning", "label-absent", other.name, len(absent), message)


CHECKS: tuple[Callable[[Survey], Iterator[Finding]], ...] = (
    _uncarried,
    _no_entities,
    _repairs,
    _duplicates,
    _missing_words,
    _encoding,
    _comments,
)
SPLIT_CHECKS: tuple[Callable[[Survey, Survey], Iterator[Finding]], ...] = (_labels_unseen, _labels_absent)


def _texts(sentences: Sequence[_Sentence]) -> tuple[str, ...]:
    return tuple(each.text[:200] for each in sentences[:_EXAMPLES])


def _described(found: Survey) -> dict[str, Any]:
    facts = found.facts
    return {
        "name": found.name,
        "path": found.source.path,
        "format": found.source.format,
        "encoding": found.source.encoding,
        "fingerprint": found.fingerprint,
        "scheme": facts.scheme,
        "sentences": facts.sentences,
        "distinct_sentences": len(found.sentences),
        "one_word_sentences": facts.one_word,
        "tokens": facts.tokens,
        "entities": {label: facts.entities[label] for label in found.labels},
        "repairs": {"count": len(facts.repairs), "listed": [str(each) for each in facts.repairs.listed]},
    }
