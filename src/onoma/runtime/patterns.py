"""Rules as an `Annotate`: named regular expressions, compiled once, stopped where they never end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onoma.errors import InputError, nearest
from onoma.runtime.merge import merge_entities, policy_named
from onoma.runtime.texts import Text, checked_texts
from onoma.text import Coverage, Document, Entity

__all__ = ["Patterns", "Rule", "read_rules"]

_STEADY = 100_000  # characters that the given seconds are for; a longer text gets more in proportion


@dataclass(frozen=True, slots=True)
class Rule:
    """A regular expression and the label of what it finds.

    ``group`` is the part of a match that is the entity, by number or name; 0 is all of it. ``score`` is the
    probability that a match is right.
    """

    label: str
    pattern: str
    group: int | str = 0
    score: float = 1.0


class Patterns:
    r"""An `Annotate` made of rules; overlaps are resolved by a policy of `onoma.runtime.merge`.

    Patterns are those of the package ``regex`` (Python's own syntax and more; ``(?i)`` for any case). Where
    several rules match the same span, the one that stands first in ``rules`` names it.

    >>> find = Patterns([Rule("year", r"\b(?:19|20)\d\d\b"), Rule("code", r"id=(\w+)", group=1)])
    >>> [document] = find(["id=A7 of 1999"])
    >>> [(document.surface(entity), entity.label) for entity in document.entities]
    [('A7', 'code'), ('1999', 'year')]
    """

    def __init__(self, rules: Iterable[Rule], *, policy: str = "longest", seconds: float = 1.0) -> None:
        """``seconds`` bounds the time of one rule on one text; above 100,000 characters in proportion.

        Raises `InputError` naming the rule that is no regular expression or lacks its group.
        """
        self.rules = list(rules)
        policy_named(policy)
        self.policy, self.seconds = policy, seconds
        self._compiled = [_compiled(rule) for rule in self.rules]
        content = json.dumps([policy, *map(asdict, self.rules)])
        self.version = f"patterns@{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    @property
    def labels(self) -> list[str]:
        """The labels that the rules give."""
        return sorted({rule.label for rule in self.rules})

    def __call__(self, texts: Sequence[Text]) -> list[Document]:
        """The documents with what the rules find in them, ordered.

        Raises `InputError` naming the position of what is no text, and the rule that ran out of time.
        """
        return [self._tag(at, document) for at, document in enumerate(checked_texts(texts))]

    def _tag(self, at: int, document: Document) -> Document:
        found = [self._find(i, at, document.text) for i in range(len(self.rules))]
        coverage = Coverage(len(document.text), 1, self.version)
        return document.replace(entities=merge_entities(found, self.policy), coverage=coverage)

    def _find(self, number: int, at: int, text: str) -> list[Entity]:
        rule, limit = self.rules[number], self.seconds * max(1.0, len(text) / _STEADY)
        try:
            matches = self._compiled[number].finditer(text, timeout=limit, concurrent=True)
            spans = [match.span(rule.group) for match in matches]
        except TimeoutError:
            raise InputError(
                f"item {at} (counted from 0): the rule {rule.label!r} did not finish within {limit:g} "
                f"seconds; rewrite {rule.pattern!r} so that it backtracks less (no nested repeats)"
            ) from None
        return [Entity(start, end, rule.label, rule.score) for start, end in spans if start < end]


def _compiled(rule: Rule) -> Any:
    import regex

    try:
        compiled = regex.compile(rule.pattern)
    except regex.error as error:
        raise InputError(f"the rule {rule.label!r} is no regular expression: {error}") from error
    groups = [*range(compiled.groups + 1), *compiled.groupindex]
    if rule.group not in groups:
        raise InputError(f"the rule {rule.label!r} has no group {rule.group!r}; it has {groups}")
    if not 0 <= rule.score <= 1:
        raise InputError(f"the rule {rule.label!r} has the score {rule.score}; scores are between 0 and 1")
    return compiled


def read_rules(path: str | Path) -> list[Rule]:
    """The rules in a YAML or JSON file: a mapping of labels to a pattern, or to a list of patterns.

    For more than a pattern write a mapping in its place: ``{pattern: 'id=(\\w+)', group: 1, score: 0.9}``.
    Raises `InputError` saying what is wrong where.
    """
    content = _read(Path(path))
    if not isinstance(content, dict):
        raise InputError(f"{path} must be a mapping of labels to patterns")
    return [
        _rule(str(path), str(label), given)
        for label, patterns in content.items()
        for given in (patterns if isinstance(patterns, list) else [patterns])
    ]


def _read(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise InputError(f"{path} is not valid JSON: {error}") from error
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {error}") from error


def _rule(path: str, label: str, given: object) -> Rule:
    fields: Mapping[str, Any] = given if isinstance(given, dict) else {"pattern": given}
    allowed = ("pattern", "group", "score")
    if strange := [name for name in fields if name not in allowed]:
        raise InputError(
            f"{path}: the rule {label!r} has {strange[0]!r}; {nearest(str(strange[0]), allowed)}"
        )
    if not isinstance(fields.get("pattern"), str):
        raise InputError(f"{path}: the rule {label!r} needs a pattern, which is a string")
    return Rule(label, **fields)
