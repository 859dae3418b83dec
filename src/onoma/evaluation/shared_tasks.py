"""The shared tasks whose scorers are reproduced, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from onoma.errors import InputError, nearest
from onoma.evaluation.columns import Columns
from onoma.evaluation.conll_table import conll_table
from onoma.evaluation.germeval import germeval_metrics
from onoma.evaluation.published import Published
from onoma.evaluation.semeval import semeval_table
from onoma.evaluation.wnut import wnut_tables

__all__ = ["TASKS", "Task", "task_named"]


class Task(NamedTuple):
    """A shared task's scorer. ``levels`` is how many tag columns stand at the end of a line: 1, or 2 where
    entities nest; ``score`` takes gold and prediction of each level."""

    scorer: str
    levels: int
    score: Callable[[Sequence[tuple[Columns, Columns]]], Published]


TASKS: dict[str, Task] = {
    "conll2000": Task("conlleval", 1, conll_table),
    "conll2002": Task("conlleval", 1, conll_table),
    "conll2003": Task("conlleval", 1, conll_table),
    "germeval2014": Task("nereval.perl", 2, germeval_metrics),
    "semeval2013": Task("the scorer of task 9.1", 1, semeval_table),
    "wnut17": Task("wnuteval.py", 1, wnut_tables),
}


def task_named(name: str) -> Task:
    """The shared task called ``name``; raises `InputError` naming the nearest."""
    if name not in TASKS:
        raise InputError(f"unknown shared task {name!r}; {nearest(name, TASKS)}")
    return TASKS[name]
