"""A guess at the language of a text, for routing: by its script, and in Latin script by frequent words.

Meant to be cheap and to say nothing where it cannot tell.
"""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["LANGUAGES", "guess_language"]

_FREQUENT = {
    "da": "af at blev de den der det en er et for fra har i ikke jeg med og også på som til var",
    "de": "aber auf aus das dem den der des die ein eine er für hat ich im in ist mit nicht sich und von zu",
    "en": "a and are as at be by for from has he in is it not of on that the they this to was with",
    "es": "al como con de del el en es fue la las lo los más no para pero por que se su un una y",
    "fi": "ei että hän he ja joka kun mutta myös ne oli on ovat se sekä tai vain",
    "fr": "au aux avec ce dans de des du elle en est et il je la le les ne pas pour qui sur un une",
    "it": "al alla che con da dal del della di e gli ha i il in la le nel non per si sono un una",
    "nl": "aan dat de een en er het hij ik in is maar met niet op te van voor was wordt ze zijn",
    "pl": "ale co do i jak jest na nie od po przez się są tak to w z za że",
    "pt": "a ao com da do e em foi mais na no não o os para por que se um uma",
    "sv": "att av de den det en ett för från han har i inte jag med och om på som till var är",
    "tr": "bir bu çok da daha de gibi için ile ne o olan olarak ve",
}
_WORDS = {language: frozenset(words.split()) for language, words in _FREQUENT.items()}

# the script's letters, the language they are taken for; narrow scripts before those that others share
_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "uk": re.compile(r"[іїєґІЇЄҐ]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
LANGUAGES = frozenset(_WORDS) | frozenset(_SCRIPTS)
"""The codes (ISO 639-1) that may be guessed."""

_LOOK_AT = 1000  # characters of a text; its language shows by then
_LETTERS = re.compile(r"[^\W\d_]+")


def guess_language(text: str) -> str:
    """A code of ISO 639-1, or an empty string where the text does not show.

    A script counts when it makes up a fifth of the letters. Of Latin languages the one with the most
    frequent words wins, and has to have two of them and more than any other.

    >>> guess_language("Die Kanzlerin ist in der Stadt und spricht mit dem Rat.")
    'de'
    >>> guess_language("Η Άννα ζει στην Αθήνα."), guess_language("Berlin"), guess_language("42")
    ('el', '', '')
    """
    words = _LETTERS.findall(text[:_LOOK_AT].lower())
    letters = "".join(words)
    for language, script in _SCRIPTS.items():
        share = 0.02 if language == "uk" else 0.2
        if letters and not letters.isascii() and len(script.findall(letters)) >= share * len(letters):
            return language
    counts = Counter({code: sum(word in known for word in words) for code, known in _WORDS.items()})
    (best, most), (_, second) = counts.most_common(2)
    return best if most >= 2 and most > second else ""
