"""Every code that a finding may bear, in one table: how grave it is, what it means, what to do about it."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CODES", "SEVERITIES", "Code", "code_named"]

from onoma.errors import InputError, nearest

SEVERITIES = ("error", "warning", "note")  # the gravest first


class Code(NamedTuple):
    """A kind of finding. ``mild`` is the severity of its lesser cases, which ``meaning`` tells apart."""

    severity: str
    meaning: str
    advice: str
    mild: str | None = None


CODES: dict[str, Code] = {
    # how the file was made and read
    "sentence-id-not-carried": Code(
        "error",
        "every sentence has a single word: the sentence id, which stands on a sentence's first row only, was "
        "not carried to the rows below it, or the blank lines between sentences were lost",
        "read the file as it was first published; in pandas keep_default_na=False, then fill empty ids "
        "from the row above",
    ),
    "one-word-sentences": Code(
        "warning",
        "more than half of the sentences have a single word",
        "look at the marks between sentences: a blank line after every word makes a sentence of each",
    ),
    "long-sentences": Code(
        "note",
        "sentences of more than 200 tokens: marks between sentences may be missing",
        "split them into sentences, or make sure that the tagger's window is long enough",
    ),
    "empty-sentences": Code(
        "note", "documents without a single token", "leave them out, or find out where their text went"
    ),
    "no-entities": Code(
        "error", "there is not one entity", "choose the column that holds the tags with --tag-column"
    ),
    "ill-formed": Code(
        "warning",
        "annotations that could not be taken as they stood: a tag that may not follow the one before it, a "
        "span that fits no token",
        "mend the lines listed; state the scheme with --scheme if it was guessed wrongly",
    ),
    "unannotated-stretch": Code(
        "warning",
        "a run of 50 sentences or more without any entity, too long for chance (less than one in 10^9, at "
        "the rate at which such sentences follow each other in this corpus)",
        "ask whether these sentences were annotated at all; leave them out if not",
    ),
    "encoding": Code(
        "note", "the file is not in UTF-8", "save it as UTF-8 if you may, so that nobody has to guess"
    ),
    "comments": Code(
        "note",
        "lines taken for comments, or annotations of another kind, passed over",
        "make sure that none of them is data you need",
    ),
    # missing values
    "words-like-missing": Code(
        "note",
        "words such as NA, None or null, which are words here and which pandas takes for missing values",
        "read the file in pandas with keep_default_na=False, na_filter=False",
    ),
    "words-read-as-missing": Code(
        "warning",
        "nan, NaN or <NA> stands as a word, and no other spelling of a missing value does (NA, None, null, "
        "…): what is left when words were read as missing values and written again",
        "go back to the file before pandas and read it with keep_default_na=False, na_filter=False",
    ),
    "blank-words": Code(
        "warning",
        "words that show nothing: blanks, zero-width characters or control characters only",
        "take these rows out, or put back the words that stood there",
    ),
    "words-with-breaks": Code(
        "warning",
        "words with a line break, a tab or a blank inside: often rows that ran together at a stray quote",
        "write the file again with its quotes doubled, or read it without quoting",
    ),
    "long-words": Code(
        "note",
        "words of more than 100 characters that are no addresses",
        "look whether blanks or rows were lost",
    ),
    # damaged text
    "mojibake": Code(
        "warning",
        "text decoded with the wrong encoding (cafÃ© for café), as ftfy judges it and can mend it",
        "decode the original again with the right encoding; ftfy.fix_encoding mends what can be mended",
    ),
    "replacement-characters": Code(
        "warning",
        "U+FFFD or half a surrogate pair stands where a character was lost",
        "go back to the original and decode it with its true encoding: what was lost cannot be guessed",
    ),
    "question-marks-in-words": Code(
        "warning",
        "a question mark inside or before a word (caf?s): a character the target encoding lacked",
        "go back to the original and write it as UTF-8",
    ),
    "not-nfc": Code(
        "warning",
        "words that are not in Unicode's composed form NFC: the same word then has two spellings",
        "normalise the text to NFC (unicodedata.normalize) before annotating, and what is tagged as well",
    ),
    "compatibility-characters": Code(
        "note",
        "ligatures, full-width and other compatibility forms (ﬁ, Ａ): they look like letters that they "
        "are not",
        "normalise them (NFKC) in corpus and use alike, if their form means nothing",
    ),
    "control-characters": Code(
        "warning",
        "control characters, the C1 codes of a Windows file read as Latin-1 among them",
        "read the file as cp1252 if they lie between 0x80 and 0x9f; take the others out",
    ),
    "invisible-characters": Code(
        "warning",
        "zero-width blanks, byte order marks, soft hyphens and signs of direction: words that look alike "
        "are not",
        "take them out of the text, offsets included; joiners inside emoji and scripts that need them "
        "are not counted",
    ),
    "markup": Code(
        "warning",
        "HTML entities or tags left in the text (&amp;, &#39;, <br>)",
        "decode them (html.unescape) before annotating",
    ),
    "mixed-scripts": Code(
        "warning",
        "words that mix Latin with Cyrillic letters, which look the same",
        "put the letter of the word's own script",
    ),
    # repetition and leaks
    "duplicates": Code(
        "warning",
        "sentences that repeat an earlier one word for word",
        "keep one of each, or keep repeats on one side when splitting (onoma split does)",
    ),
    "duplicates-disagree": Code(
        "warning",
        "sentences of the same words with different annotations",
        "decide on one annotation; the guideline has a gap, or one of them is a mistake",
    ),
    "near-duplicates": Code(
        "note",
        "sentences of at least 6 distinct words that share four fifths of them with another (Jaccard "
        "similarity of the sets of lower-cased words, 0.8 or more)",
        "keep them on one side when splitting; a template repeated often teaches little",
    ),
    "leak": Code(
        "error",
        "sentences that also stand in another part, word for word; a warning up to one in a hundred",
        "take them out of one of the parts, or split again with onoma split",
        "warning",
    ),
    "leak-near": Code(
        "warning",
        "sentences that share four fifths of their distinct words with one of another part; a note up to one "
        "in a hundred",
        "split by article or by source, so that templates and reprints stay on one side",
        "note",
    ),
    "leak-article": Code(
        "error",
        "articles that stand in two parts: by their name, or since half of their sentences (3 at the least) "
        "do",
        "split by article: onoma split keeps an article's sentences together",
    ),
    "entities-seen": Code(
        "note",
        "the share of a part's entities whose surface bears the same label in the training part: they can be "
        "had by memory",
        "report F1 on seen and on unseen entities apart (onoma evaluate --train does)",
    ),
    # labels
    "label-not-in-train": Code(
        "error",
        "labels that the training part lacks: no tagger can learn them",
        "rename them if they are misspelt, or split again",
    ),
    "label-absent": Code(
        "warning",
        "labels of the training part that another part lacks: it says nothing about them",
        "split again so that every part has them (onoma split deals rare labels first)",
    ),
    "rare-label": Code(
        "warning",
        "labels with fewer than 20 entities: too few to learn from, and an F1 on them is mostly chance",
        "annotate more of them, or merge or drop the label",
    ),
    "label-names": Code(
        "warning",
        "labels that seem to be one label by several names: they differ in case, blanks or spelling, or are "
        "usual names of one thing (PER, person)",
        "choose one name and rename the others",
    ),
    "label-like-tag": Code(
        "warning",
        "a label that looks like a tag or a missing value (B-per, O, nan): tags were prefixed twice, or lost",
        "look how the tags were written",
    ),
    "label-imbalance": Code(
        "note",
        "the commonest label has more than 100 times the entities of the rarest",
        "look at the scores of each label and at macro F1: micro F1 does not show the rare ones",
    ),
    "label-shift": Code(
        "warning",
        "labels are distributed otherwise than in the training part: more than 5 % of the entities would "
        "have to change their label, and fewer than 1 in 100 random divisions of the same sentences (or "
        "articles) differ as much",
        "split again with the labels in proportion (onoma split), or say that the parts are of different "
        "kinds",
    ),
    # surfaces
    "surface-conflict": Code(
        "warning",
        "surfaces that nine times in ten bear one label, and here another",
        "look at each in its sentence, the first ones first: the less often, the likelier a mistake",
    ),
    "unannotated-mentions": Code(
        "warning",
        "words that are annotated as an entity nine times in ten (5 times at the least), and here are not; "
        "names that are also common words in lower case are passed over",
        "annotate those that are meant, the first ones first",
    ),
    # boundaries
    "boundary-inconsistent": Code(
        "warning",
        "the same words annotated with and without a word at their edge (the United States, United States)",
        "settle it in the guideline (articles, titles, possessives) and mend the rarer form",
    ),
    "entity-edge": Code(
        "warning",
        "entities that begin or end with a blank or with punctuation that has no partner inside",
        "move the boundary to the word",
    ),
    "entity-split": Code(
        "warning",
        "neighbouring entities that are annotated as one elsewhere",
        "join them, or split the others",
    ),
    "entity-is-sentence": Code(
        "warning",
        "an entity of 6 tokens or more covers its whole sentence",
        "look whether an end was forgotten",
    ),
    "long-entities": Code(
        "warning",
        "entities of more than 10 tokens that are also more than twice as long as 99 in 100 are",
        "look whether an end was forgotten, or two entities ran together",
    ),
    "overlapping-entities": Code(
        "note",
        "entities that overlap others: tags of one column cannot hold them",
        "keep the corpus in a format of spans, or decide which entity counts",
    ),
    "repeated-entities": Code(
        "warning", "the same words annotated twice with one label", "keep one of the two"
    ),
    # --deep
    "label-error": Code(
        "warning",
        "probably wrong annotations: a quick CRF that has not seen the sentence disagrees with confidence "
        "(confident learning, Northcutt et al. 2021; only with --deep)",
        "look at each, the first ones first; what is suggested is a guess, to be judged by a person",
    ),
    "not-checked": Code(
        "note", "a check that was not made, and why", "install what the message names and check again"
    ),
}


def code_named(name: str) -> str:
    """``name``, if a finding may bear it; raises `InputError` naming the nearest.

    >>> code_named("leak")
    'leak'
    """
    if name not in CODES:
        raise InputError(f"no check has the code {name!r}; {nearest(name, CODES)}")
    return name
