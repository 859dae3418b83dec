"""WikiANN's columns: ``language:word``, tab, tag, a blank line between sentences.

The language goes to ``meta["language"]``; ``und`` (undetermined) is written for documents that name none.

Source: Pan et al. 2017, in the form of Rahimi et al. 2019.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from onoma.corpus import columns
from onoma.corpus.blocks import Before
from onoma.corpus.columns import check_words, rows_split
from onoma.corpus.facts import Facts
from onoma.corpus.options import Options
from onoma.corpus.retag import tags_of
from onoma.corpus.sources import TextSource, quoted
from onoma.corpus.tagged import Sentence, is_tag
from onoma.errors import CorpusError
from onoma.tagging.schemes import Scheme
from onoma.text.document import Document

__all__ = ["looks_like_wikiann", "sentences", "write_block"]

_LANGUAGE = re.compile(r"[a-z]{2,8}(?:-[a-z]+)*")
_UNKNOWN = "und"


def looks_like_wikiann(head: list[str]) -> bool:
    """Whether every row is a word after the same language and a colon, and a tag."""
    rows = rows_split(head)
    languages = {_language(row[0]) for row in rows}
    return len(languages) == 1 and "" not in languages and all(len(r) == 2 and is_tag(r[1]) for r in rows)


def sentences(source: TextSource, options: Options, facts: Facts) -> Iterator[Sentence]:
    """The sentences of a file, streamed. Raises `CorpusError` with file and line for a word without its
    sentence's language."""
    for words, tags, at, name, _ in columns.sentences(source, options, facts):
        language = _language(words[0])
        mark = f"{language}:"
        for word, line in zip(words, at, strict=True):
            if not language or not word.startswith(mark) or word == mark:
                fault = f"a word stands after its sentence's language, as en:word: {quoted(word)}"
                raise CorpusError(fault, path=str(source), line=line)
        meta = {} if language == _UNKNOWN else {"language": language}
        yield Sentence([word[len(mark) :] for word in words], tags, at, name, meta)


def write_block(documents: Sequence[Document], _: Before, scheme: Scheme) -> str:
    """Rows of ``language:word``, tab, tag."""
    parts: list[str] = []
    for document, tags in zip(documents, tags_of(documents, scheme), strict=True):
        given = str(document.meta.get("language", _UNKNOWN))
        language = given if _LANGUAGE.fullmatch(given) else _UNKNOWN
        words = check_words(document)
        parts += [f"{language}:{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)]
        if words:
            parts.append("\n")
    return "".join(parts)


def _language(word: str) -> str:
    """What stands before the word's first colon, if that may be a language and a word follows."""
    language, colon, rest = word.partition(":")
    return language if colon and rest and _LANGUAGE.fullmatch(language) else ""
