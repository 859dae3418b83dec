"""Label Studio's export: a JSON array of tasks, whole (JSON) or in short (JSON-MIN).

Of several annotations of a task the one marked as ground truth is read, else the first that was not
cancelled; the others are counted, as are tasks without any: nobody said that their texts hold no entities.
Predictions are no annotations. Regions of HTML, with a path in place of an offset, are left out and say so.

Label Studio counted UTF-16 code units up to 2022 and counts code points since; the regions' own texts tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from onoma.corpus.annotated import Annotated, Span
from onoma.corpus.facts import Facts
from onoma.corpus.json_array import elements, first_element
from onoma.corpus.json_lines import identity, naming
from onoma.corpus.offsets import in_code_points
from onoma.corpus.options import Options
from onoma.corpus.sources import TextSource
from onoma.errors import CorpusError
from onoma.text.document import Document, Entity

__all__ = ["as_task", "looks_like_label_studio", "records"]

_ANNOTATIONS = ("annotations", "completions")
_SHORT = re.compile(r'"(?:annotation_id|annotator|lead_time)"\s*:')
_WHOLE = re.compile(r'"(?:annotations|completions)"\s*:')
_DATA = re.compile(r'"data"\s*:')
_FURTHER = "further annotations of a Label Studio task"
# results of these types label a stretch of a text
_REGIONS = ("labels", "hypertextlabels", "paragraphlabels")


def looks_like_label_studio(head: list[str]) -> bool:
    """Whether the first element is a task, or what JSON-MIN makes of one."""
    first = first_element(head)
    if first:
        return _is_task(first) or bool({"annotation_id", "annotator"}.intersection(first))
    # the first task is longer than the part of the file that is looked at
    text = "".join(head)
    begins = text.lstrip("\ufeff \t\r\n").startswith("[")
    return begins and bool(_SHORT.search(text) or (_WHOLE.search(text) and _DATA.search(text)))


def records(source: TextSource, _: Options, facts: Facts) -> Iterator[Annotated]:
    """The annotated tasks of a file, streamed; ``facts.passed`` counts what is not read, by kind."""
    seen: set[Any] = set()
    for number, (line, record) in enumerate(elements(source), 1):
        found = _Task(record, str(source), line, facts.passed)
        if _is_task(record):
            yield from found.whole(number)
        elif record.get("id") is None or record["id"] not in seen:
            seen.add(record.get("id"))
            yield found.short(number)
        else:
            facts.passed[_FURTHER] += 1


def _is_task(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("data"), dict) and any(
        isinstance(record.get(name), list) for name in (*_ANNOTATIONS, "predictions")
    )


class _Task:
    """One task being read: knows where it stands, and what it passes over."""

    def __init__(self, record: dict[str, Any], name: str, line: int, passed: Counter[str]) -> None:
        self._record, self._name, self._line, self._passed = record, name, line, passed

    def whole(self, number: int) -> Iterator[Annotated]:
        """What the chosen annotation says; nothing where there is none."""
        self._pass("Label Studio predictions", len(self._record.get("predictions") or ()))
        annotation = self._chosen()
        if annotation is None:
            self._pass("Label Studio tasks without an annotation", 1)
            return
        yield self._annotated(
            self._record["data"], list(self._regions(annotation.get("result") or ())), number
        )

    def short(self, number: int) -> Annotated:
        """What a line of JSON-MIN says; a task without regions lacks their field."""
        listed = chain.from_iterable(value for value in self._record.values() if isinstance(value, list))
        results = [{"type": "labels", "value": each} for each in listed if isinstance(each, dict)]
        return self._annotated(self._record, list(self._regions(results)), number)

    def _pass(self, kind: str, count: int) -> None:
        if count:
            self._passed[kind] += count

    def _chosen(self) -> dict[str, Any] | None:
        listed: list[Any] = next((self._record[name] for name in _ANNOTATIONS if self._record.get(name)), [])
        valid = [each for each in listed if isinstance(each, dict) and not each.get("was_cancelled")]
        self._pass("cancelled Label Studio annotations", len(listed) - len(valid))
        if not valid:
            return None
        self._pass(_FURTHER, len(valid) - 1)
        return next((each for each in valid if each.get("ground_truth")), valid[0])

    def _regions(self, results: Any) -> Iterator[Span]:
        """A span for each label of each region."""
        for result in results:
            kind = result.get("type") if isinstance(result, dict) else None
            if kind not in _REGIONS:
                self._pass(f"Label Studio results of the type {kind}", 1)
                continue
            value = result.get("value") or {}
            for label in _labels(value, kind) or [None]:
                yield self._span(result, value, label)

    def _span(self, result: Mapping[str, Any], value: Mapping[str, Any], label: Any) -> Span:
        score = result.get("score")
        score = float(score) if isinstance(score, int | float) else 1.0
        span = Span(value.get("start"), value.get("end"), label, score, text=value.get("text"))
        if label is None:
            return span._replace(lost="no label")
        if isinstance(span.start, str):
            return span._replace(lost="a path into HTML")
        return span

    def _annotated(self, data: dict[str, Any], spans: list[Span], number: int) -> Annotated:
        text = self._text(data)
        named = identity({"id": self._record.get("id")} | data, number)
        return Annotated(text, in_code_points(text, spans), self._line, None, *named)

    def _text(self, data: Mapping[str, Any]) -> str:
        text = data.get("text")
        if isinstance(text, str):
            return text
        texts = [value for value in data.values() if isinstance(value, str)]
        if len(texts) == 1:
            return texts[0]
        fault = f"there is no field called text, and several or none could be it: {', '.join(data)}"
        raise CorpusError(fault, path=self._name, line=self._line)


def _labels(value: Mapping[str, Any], kind: str) -> list[Any]:
    labels = value.get(kind, value.get("labels"))
    return labels if isinstance(labels, list) else []


def as_task(document: Document) -> dict[str, Any]:
    """A document as a task with one annotation, as Label Studio imports it.

    Its labelling configuration must call the labels ``label`` and the text ``text``, as the template for
    named entity recognition does.
    """
    results = [_result(document, entity, i) for i, entity in enumerate(document.entities)]
    return {"data": naming(document) | {"text": document.text}, "annotations": [{"result": results}]}


def _result(document: Document, entity: Entity, number: int) -> dict[str, Any]:
    value = {
        "start": entity.start,
        "end": entity.end,
        "text": document.surface(entity),
        "labels": [entity.label],
    }
    where = {"id": f"e{number}", "from_name": "label", "to_name": "text", "type": "labels"}
    return where | {"value": value} | ({} if entity.score == 1.0 else {"score": entity.score})
