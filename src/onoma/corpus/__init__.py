"""Room 4: corpora: reading, writing, checking and splitting them.

>>> from onoma.corpus import Corpus
>>> Corpus.from_documents([]).labels
[]
"""

from onoma.corpus.corpus import Corpus
from onoma.corpus.formats import FORMATS
from onoma.corpus.reading import read, read_split
from onoma.corpus.writing import write

__all__ = ["FORMATS", "Corpus", "read", "read_split", "write"]
