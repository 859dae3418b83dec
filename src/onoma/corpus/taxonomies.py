"""The labels of well-known corpora, and how those of one are called in another.

A mark before a target says what is lost: ``~`` stands for the likeliest of several that would fit, ``?`` for
several none of which is likelier than the rest (the label is dropped, unless the map says more), ``-`` for
nothing that fits (dropped). Several labels with one target are merged.

Sources: Tjong Kim Sang & De Meulder 2003 (CoNLL-2003); OntoNotes 5.0, Weischedel et al. 2013; the Groningen
Meaning Bank, Bos et al. 2017, whose ``gpe`` is mostly nationalities; Derczynski et al. 2017 (WNUT-17).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from onoma.errors import InputError, nearest

__all__ = ["TAXONOMIES", "Taxonomy", "mapping", "what_is_lost"]

_TABLE = """
conll2003  label          ontonotes    gmb      wnut17
.          PER            PERSON       per      person
.          ORG            ORG          org      ?
.          LOC            ~GPE         geo      location
.          MISC           ?            ?        ?

ontonotes  label          conll2003    gmb      wnut17
.          PERSON         PER          per      person
.          NORP           MISC         gpe      -
.          FAC            ~LOC         geo      location
.          ORG            ORG          org      ?
.          GPE            LOC          geo      location
.          LOC            LOC          geo      location
.          PRODUCT        MISC         art      product
.          EVENT          MISC         eve      -
.          WORK_OF_ART    MISC         art      creative-work
.          LAW            MISC         ~art     -
.          LANGUAGE       MISC         -        -
.          DATE           -            tim      -
.          TIME           -            tim      -
.          PERCENT        -            -        -
.          MONEY          -            -        -
.          QUANTITY       -            -        -
.          ORDINAL        -            -        -
.          CARDINAL       -            -        -

gmb        label          conll2003    ontonotes    wnut17
.          per            PER          PERSON       person
.          org            ORG          ORG          ?
.          geo            LOC          ~GPE         location
.          gpe            MISC         NORP         -
.          tim            -            ~DATE        -
.          art            ~MISC        ?            ?
.          eve            MISC         EVENT        -
.          nat            ~MISC        -            -

wnut17     label          conll2003    ontonotes    gmb
.          person         PER          PERSON       per
.          location       LOC          ~GPE         geo
.          corporation    ORG          ORG          org
.          group          ~ORG         ~ORG         org
.          product        MISC         PRODUCT      art
.          creative-work  MISC         WORK_OF_ART  art
"""


class Taxonomy(NamedTuple):
    """A corpus's labels, each with its name in other taxonomies, marks and all."""

    name: str
    labels: dict[str, dict[str, str]]


def _parsed() -> Iterator[Taxonomy]:
    for part in _TABLE.strip().split("\n\n"):
        head, *rows = (line.split() for line in part.splitlines())
        labels = {row[1]: dict(zip(head[2:], row[2:], strict=True)) for row in rows}
        yield Taxonomy(head[0], labels)


TAXONOMIES: dict[str, Taxonomy] = {each.name: each for each in _parsed()}


def mapping(source: str, target: str) -> dict[str, str]:
    """The new name of each label of ``source`` in ``target``; empty for those that are dropped.

    >>> mapping("gmb", "conll2003")["geo"], mapping("gmb", "conll2003")["tim"]
    ('LOC', '')
    """
    return {label: name.lstrip("~?-") for label, name in _marked(source, target).items()}


def what_is_lost(source: str, target: str, without: Collection[str] = ()) -> list[str]:
    """What the map between two taxonomies cannot keep of labels other than ``without``, a sentence each.

    >>> what_is_lost("wnut17", "gmb")
    ['org stands for both corporation and group', 'art stands for both product and creative-work']
    """
    marked = {old: new for old, new in _marked(source, target).items() if old not in without}
    merged: dict[str, list[str]] = {}
    for label, name in marked.items():
        merged.setdefault(name.lstrip("~?-"), []).append(label)
    merged.pop("", None)
    lost = [f"{name} stands for both {_listed(old)}" for name, old in merged.items() if len(old) > 1]
    for mark, words in _WORDS.items():
        if found := [label for label, name in marked.items() if name.startswith(mark)]:
            lost.append(words.format(_listed(found), target))
    return lost


_WORDS = {
    "~": "{} may be something else in {}; the likeliest is taken",
    "?": "{} may be several things in {}, none likelier than the rest: dropped",
    "-": "{} is nothing in {}: dropped",
}


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _marked(source: str, target: str) -> dict[str, str]:
    for name in (source, target):
        if name not in TAXONOMIES:
            raise InputError(f"unknown taxonomy {name!r}; {nearest(name, TAXONOMIES)}")
    if source == target:
        return {label: label for label in TAXONOMIES[source].labels}
    return {label: names[target] for label, names in TAXONOMIES[source].labels.items()}
