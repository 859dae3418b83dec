"""What a careful annotator would look for in a corpus before anything is trained on it.

`survey` reads a corpus once into columns; the tables of `report` list every check, `codes` every kind of
finding.

>>> from onoma.corpus import Corpus
>>> from onoma.text import Document
>>> lost = Document.from_words(["the", "caf\\ufffd", "Ada"], [(2, 3, "per")])
>>> sorted(finding.code for finding in check({"corpus": Corpus.from_documents([lost])}).findings)
['rare-label', 'replacement-characters']
"""

from onoma.corpus.checks.codes import CODES, SEVERITIES
from onoma.corpus.checks.deep import Deep
from onoma.corpus.checks.finding import Example, Finding
from onoma.corpus.checks.report import Report, check
from onoma.corpus.checks.survey import Survey, survey

__all__ = ["CODES", "SEVERITIES", "Deep", "Example", "Finding", "Report", "Survey", "check", "survey"]
