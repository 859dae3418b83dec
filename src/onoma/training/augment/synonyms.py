"""Synonym replacement: words outside of names give way to others of the same WordNet synset.

Wei and Zou, *EDA: Easy Data Augmentation*, EMNLP 2019; WordNet: Fellbaum (ed.), MIT Press 1998. The folder is
read by nltk. A word is replaced as it stands, when it is the head of an entry: forms such as plurals and
past tenses are left alone, since a synonym would not agree with the words around it.
"""

from __future__ import annotations

import io
import random
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from onoma.corpus import Corpus
from onoma.errors import InputError, MissingExtraError
from onoma.text import Document
from onoma.training.augment.part import Change, Part, in_the_case_of, outside, with_words

__all__ = ["Synonyms", "find_wordnet", "synonyms_of"]

PLACES = (Path("/usr/share/wordnet"),)
"""Where Debian's package wordnet-base puts it; nltk's own folders are looked through as well."""
_INDEX = "index.noun"
_SENSES = 2  # the commonest senses of a word; further ones are rarely meant
_TOPICS = 45  # lexicographer files, to which every entry refers by number


class Synonyms(Part):
    """Synonyms for a share of the words outside of entities."""

    sentences: float = Field(0.3, gt=0, le=1, description="share of the sentences that are changed")
    words: float = Field(
        0.2, gt=0, le=1, description="share of a changed sentence's words that have synonyms"
    )
    wordnet: Path | None = Field(None, description="folder with index.noun, data.noun and so on")

    def ready(self, corpus: Corpus) -> Change:
        """Look up every word of ``corpus``; raises `InputError` when there is no WordNet."""
        words = {word.lower() for document in corpus for word in document.words}
        known = synonyms_of(words, find_wordnet(self.wordnet))
        return lambda document, dice: self._changed(document, dice, known)

    def _changed(self, document: Document, dice: random.Random, known: Mapping[str, list[str]]) -> Document:
        words = document.words
        places = [i for i in outside(document) if words[i].lower() in known]
        new = {
            i: in_the_case_of(dice.choice(known[words[i].lower()]), words[i])
            for i in places
            if dice.random() < self.words
        }
        return with_words(document, new)


def find_wordnet(folder: Path | None = None) -> Path:
    """The WordNet folder given, or one that is installed.

    Raises `InputError` that says what to install when there is none.
    """
    found = [place for place in ([folder] if folder else _places()) if (place / _INDEX).is_file()]
    if found:
        return found[0]
    where = f"the folder {folder} holds no {_INDEX}" if folder else "no WordNet is installed"
    raise InputError(
        f"{where}: augment.synonyms needs WordNet's database files (index.*, data.* and *.exc). Install them "
        "with `apt install wordnet-base` or `python -m nltk.downloader wordnet` (and unpack wordnet.zip), or "
        "give the folder as augment.synonyms.wordnet"
    )


def _places() -> list[Path]:
    import nltk.data

    return [*PLACES, *(Path(place) / "corpora" / "wordnet" for place in nltk.data.path)]


def synonyms_of(words: Iterable[str], folder: Path) -> dict[str, list[str]]:
    """Single-word synonyms of each word that has some, sorted; ``folder`` holds WordNet's files.

    Raises `InputError` when they cannot be read.
    """
    try:
        reader = _reader(folder)
        found = {word: _synonyms(word, reader) for word in sorted(set(words)) if word.isalpha()}
    except Exception as error:  # a foreign file fails in ways that no list of classes covers
        raise InputError(f"cannot read the WordNet in {folder}: {error}") from error
    for file in reader._data_file_map.values():  # the reader itself never closes them
        file.close()
    return {word: others for word, others in found.items() if others}


def _synonyms(word: str, reader: Any) -> list[str]:
    """Of the part of speech in which the word has most senses: the likeliest, as none is known."""
    # morphy is not asked, so that only heads of entries are found
    senses = reader._lemma_pos_offset_map.get(word, {})
    kind = max("nvar", key=lambda pos: len(senses.get(pos, ())))
    names = {
        name
        for at in senses.get(kind, ())[:_SENSES]
        for name in reader.synset_from_pos_and_offset(kind, at).lemma_names()
        if name.isalpha() and name.islower()
    }
    return sorted(names - {word})


def _reader(folder: Path) -> Any:
    try:
        import nltk.data
        from nltk.corpus.reader.wordnet import WordNetCorpusReader
    except ImportError as error:
        raise MissingExtraError("replacing words by synonyms", "train") from error

    class Reader(WordNetCorpusReader):  # type: ignore[misc]
        """Reads also a folder without the names of topics, which no synonym needs (Debian's has none)."""

        def open(self, file: str) -> Any:
            if file == "lexnames" and not (folder / file).is_file():
                return io.StringIO("".join(f"{i} topic{i} 1\n" for i in range(_TOPICS)))
            return super().open(file)

        def map_wn(self, version: str = "wordnet") -> None:
            """No map to the entries of other languages."""

    nltk.data.path.append(str(folder))  # nltk reads only below folders that it was told of
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has one language only
        return Reader(str(folder), None)
