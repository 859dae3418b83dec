"""Every check in tables, and the one function that makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from onoma.corpus.checks import boundaries, damage, labels, repeats, shape, surfaces, words
from onoma.corpus.checks.codes import CODES, SEVERITIES, code_named
from onoma.corpus.checks.deep import Deep, label_errors
from onoma.corpus.checks.finding import Finding
from onoma.corpus.checks.repeats import Pairs
from onoma.corpus.checks.survey import Survey, Vocabulary, survey
from onoma.corpus.corpus import Corpus

__all__ = ["ALONE", "SCHEMA", "TOGETHER", "WITH_TRAIN", "Report", "check"]

SCHEMA = 1  # of `Report.to_dict`; grows when a field changes its meaning or goes


class Check(NamedTuple):
    """A function that looks, and the codes of what it may find."""

    look: Callable[..., Iterator[Finding]]
    codes: tuple[str, ...]


# looks at one corpus
ALONE = (
    Check(shape.sentence_ids, ("sentence-id-not-carried", "one-word-sentences")),
    Check(shape.no_entities, ("no-entities",)),
    Check(shape.repairs, ("ill-formed",)),
    Check(shape.sentence_lengths, ("long-sentences", "empty-sentences")),
    Check(shape.unannotated_stretch, ("unannotated-stretch",)),
    Check(words.missing_values, ("words-read-as-missing", "words-like-missing")),
    Check(words.odd_words, ("blank-words", "words-with-breaks", "long-words")),
    Check(damage.mojibake, ("mojibake", "not-checked")),
    Check(
        damage.damaged_words,
        (
            "replacement-characters",
            "question-marks-in-words",
            "not-nfc",
            "compatibility-characters",
            "mixed-scripts",
        ),
    ),
    Check(damage.hidden_characters, ("control-characters", "invisible-characters")),
    Check(damage.markup, ("markup",)),
    Check(repeats.duplicates, ("duplicates", "duplicates-disagree")),
    Check(labels.names, ("label-names", "label-like-tag")),
    Check(labels.rare, ("rare-label",)),
    Check(labels.imbalance, ("label-imbalance",)),
    Check(surfaces.conflicts, ("surface-conflict",)),
    Check(surfaces.unannotated, ("unannotated-mentions",)),
    Check(boundaries.inconsistent, ("boundary-inconsistent",)),
    Check(boundaries.edges, ("entity-edge",)),
    Check(boundaries.split_elsewhere, ("entity-split",)),
    Check(boundaries.whole_sentences, ("entity-is-sentence",)),
    Check(boundaries.lengths, ("long-entities",)),
    Check(boundaries.overlaps, ("repeated-entities", "overlapping-entities")),
    Check(shape.encoding, ("encoding",)),
    Check(shape.comments, ("comments",)),
)
# looks at all parts and at the pairs of similar sentences among them
TOGETHER = (
    Check(repeats.near_duplicates, ("near-duplicates",)),
    Check(repeats.leaks, ("leak", "leak-near")),
    Check(repeats.articles, ("leak-article",)),
)
# looks at the training part and another
WITH_TRAIN = (
    Check(labels.unseen, ("label-not-in-train",)),
    Check(labels.absent, ("label-absent",)),
    Check(labels.shift, ("label-shift",)),
    Check(labels.seen, ("entities-seen",)),
)


@dataclass(slots=True)
class Report:
    """The surveys, in the order given, and all findings, the gravest first."""

    surveys: list[Survey]
    findings: list[Finding]

    def fails(self, severity: str) -> bool:
        """Whether there is a finding of ``severity`` or graver."""
        grave = SEVERITIES[: SEVERITIES.index(severity) + 1]
        return any(finding.severity in grave for finding in self.findings)

    @property
    def totals(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        counts = Counter(finding.severity for finding in self.findings)
        return {severity: counts[severity] for severity in SEVERITIES}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "schema": SCHEMA,
            "findings": [finding.to_dict() for finding in self.findings],
            "totals": self.totals,
            "corpora": [_described(each) for each in self.surveys],
        }


def check(
    corpora: Mapping[str, Corpus],
    *,
    only: Collection[str] = (),
    skip: Collection[str] = (),
    examples: int = 10,
    deep: Deep | None = None,
) -> Report:
    """Check each corpus, and each pair for leaks and labels; the first is taken for the training part.

    ``only`` and ``skip`` are codes of `CODES`: look for these alone, or not for those. ``examples`` is how
    many a finding gives at most (of label errors, twenty times as many). ``deep`` looks for label errors,
    which takes longer than all else. Raises `InputError` for an unknown code and `CorpusError` for a corpus
    that cannot be read.

    >>> from onoma.text.document import Document
    >>> one = Corpus.from_documents([Document.from_words(["Ada", "wrote"], [(0, 1, "per")])])
    >>> check({"train": one, "test": one}).findings[0].message
    '1 sentences (100.0%) also stand in train; 0 of them have 6 tokens or more'
    """
    wanted = {code_named(code) for code in only or CODES} - {code_named(code) for code in skip}
    numbers = Vocabulary()
    surveys = [survey(name, corpus, numbers, examples) for name, corpus in corpora.items()]
    pairs = Pairs(surveys)
    findings = [found for found in _looked(surveys, pairs, wanted) if found.code in wanted]
    if deep is not None and "label-error" in wanted:
        findings += label_errors([each for each in surveys if len(each)], pairs, deep)
    return Report(surveys, _ranked(findings))


def _ranked(findings: Sequence[Finding]) -> list[Finding]:
    """The gravest first, those found oftenest first among equals; what bears one code stays together."""
    often = Counter[tuple[str, str]]()
    for each in findings:
        often[each.severity, each.code] = max(often[each.severity, each.code], each.count)

    def rank(finding: Finding) -> tuple[int, int, str]:
        kind = (finding.severity, finding.code)
        return SEVERITIES.index(finding.severity), -often[kind], finding.code

    return sorted(findings, key=rank)


def _looked(surveys: Sequence[Survey], pairs: Pairs, wanted: set[str]) -> Iterator[Finding]:
    """What every check that may find something wanted finds."""
    read = [each for each in surveys if len(each) or each.refused]
    for check in _wanted(ALONE, wanted):
        for each in read:
            yield from check.look(each)
    for check in _wanted(TOGETHER, wanted):
        yield from check.look(surveys, pairs)
    for check in _wanted(WITH_TRAIN, wanted):
        for other in surveys[1:]:
            yield from check.look(surveys[0], other)


def _wanted(checks: Sequence[Check], wanted: set[str]) -> list[Check]:
    return [check for check in checks if wanted.intersection(check.codes)]


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
        "distinct_sentences": len(found.groups),
        "one_word_sentences": facts.one_word,
        "tokens": facts.tokens,
        "distinct_words": int((found.word_counts > 0).sum()),
        "entities": {label: facts.entities[label] for label in found.labels},
        "annotated_sentences": round(found.annotated, 6),
        "distinct_surfaces": len(found.surfaces),
        "sentence_tokens": found.sentence_tokens.to_dict(),
        "entity_tokens": found.entity_tokens.to_dict(),
        "repairs": {"count": len(facts.repairs), "listed": [str(each) for each in facts.repairs.listed]},
    }
