"""Sentences of an article joined, tagged, and parted again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onoma.runtime.articles import by_article
from onoma.text import Coverage, Document, Entity
from onoma.text.sentences import sentence_starts

WORDS = st.lists(st.sampled_from(["Ada", "went", "Mr.", "U.S.", ".", '"', "東京"]), min_size=0, max_size=6)


@st.composite
def corpora(draw):
    documents = []
    for name in draw(st.lists(st.sampled_from([None, "1", "2", 3]), max_size=12)):
        words = draw(WORDS)
        spans = [(i, i + 1, "per") for i, word in enumerate(words) if word == "Ada"]
        meta = {} if name is None else {"document": name, "other": 1}
        documents.append(Document.from_words(words, spans, id=str(len(documents)), meta=meta))
    return documents


def upper(documents):
    """Tags every token that begins with a capital letter."""
    return [
        d.replace(
            entities=[Entity(*t, "X") for t in d.tokens if d.text[t.start].isupper()],
            coverage=Coverage(len(d.text), 1, "upper"),
        )
        for d in documents
    ]


@given(corpora())
def test_answers_are_those_for_each_document(documents):
    assert by_article(upper)(documents) == upper(documents)
    for found, alone in zip(by_article(upper)(documents), upper(documents), strict=True):
        assert found.coverage[:1] == alone.coverage[:1]
        assert (found.id, dict(found.meta)) == (alone.id, dict(alone.meta))


@given(corpora())
def test_sentences_of_an_article_are_one_text_and_begin_where_they_did(documents):
    seen = []

    def note(texts):
        seen.extend(texts)
        return list(texts)

    by_article(note)(documents)
    assert [word for text in seen for word in text.words] == [word for d in documents for word in d.words]
    named = [d.meta.get("document") for d in documents]
    assert len(seen) == sum(a is None or a != b for a, b in zip(named, [object(), *named], strict=False))
    for text in seen:
        starts = {text.tokens[i].start for i in sentence_starts(text.text, text.tokens)}
        at = 0
        for part in text.text.split("\n\n"):
            assert not part or at in starts
            at += len(part) + 2
