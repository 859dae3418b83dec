"""Running a tagger over a corpus, with a small rule tagger that is right and wrong in known ways."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from onoma.corpus import Corpus
from onoma.errors import AlignmentError, TagError
from onoma.evaluation import Counts, evaluate, judge, run
from onoma.text import Document, Entity

CORPUS = [
    Document.from_words(["Ada", "Lovelace", "met", "Bob", "."], [(0, 2, "per"), (3, 4, "per")], id="1"),
    Document.from_words(["in", "Paris", "and", "Oslo"], [(1, 2, "geo"), (3, 4, "geo")], id="2"),
    Document.from_words(["it", "rained"], id="3"),
    Document.from_words([], id="4"),
]
PLACES = {"Paris": "geo", "Bob": "per"}


def by_list(documents: Sequence[Document]) -> list[Document]:
    """Finds the words of a list, whatever stands around them."""
    return [
        document.replace(
            entities=[
                Entity(token.start, token.end, PLACES[word], 0.9)
                for token, word in zip(document.tokens, document.words, strict=True)
                if word in PLACES
            ]
        )
        for document in documents
    ]


def test_counts_by_label():
    scores = evaluate(by_list, CORPUS)
    assert scores.strict.types == {"geo": Counts(tp=1, fn=1), "per": Counts(tp=1, fn=1)}
    assert scores.conlleval == scores.strict
    assert (scores.sentences, scores.sentences_right, scores.tokens.count) == (3, 1, 11)
    assert scores.all_o_floor.accuracy == 6 / 11


@pytest.mark.parametrize("size", [1, 2, 3, 64])
def test_batches_change_nothing_but_the_progress(size):
    seen: list[int] = []
    batches: list[int] = []

    def watched(documents: Sequence[Document]) -> list[Document]:
        batches.append(len(documents))
        return by_list(documents)

    scores = evaluate(watched, iter(CORPUS), batch_size=size, progress=seen.append)
    assert scores.to_dict() == evaluate(by_list, CORPUS).to_dict()
    assert seen == batches
    assert sum(seen) == len(CORPUS)
    assert max(seen) <= size


def test_the_tagger_sees_gold_tokens_and_no_gold_entities():
    def nosy(documents: Sequence[Document]) -> list[Document]:
        assert not any(document.entities for document in documents)
        assert [d.tokens for d in documents] == [d.tokens for d in CORPUS]
        assert [d.id for d in documents] == ["1", "2", "3", "4"]
        return list(documents)

    assert evaluate(nosy, CORPUS).strict.micro == Counts(fn=4)


def test_entities_beside_token_edges_are_false_positives():
    def halved(documents: Sequence[Document]) -> list[Document]:
        return [d.replace(entities=[Entity(0, 1, "per")] if d.text else []) for d in documents]

    scores = evaluate(halved, CORPUS)
    assert scores.misaligned == 3
    assert scores.strict.types["per"] == Counts(fp=3, fn=2)
    assert scores.sequence_accuracy == 0
    assert scores.to_dict()["misaligned"] == 3


def test_a_tagger_with_tokens_of_its_own_is_compared_by_offsets():
    def retokenised(documents: Sequence[Document]) -> list[Document]:
        return [d.replace(tokens=[]) for d in by_list(documents)]

    assert evaluate(retokenised, CORPUS).to_dict() == evaluate(by_list, CORPUS).to_dict()


def test_labels_of_the_corpus_are_listed_even_when_unused():
    corpus = Corpus.from_documents(CORPUS, labels=["art", "geo", "per"])
    assert list(evaluate(by_list, corpus).strict.types) == ["art", "geo", "per"]
    assert evaluate(by_list, Corpus.from_documents([])).to_dict()["strict"]["micro"]["f1"] == 0


def test_a_tagger_that_loses_or_changes_documents_is_refused():
    with pytest.raises(AlignmentError, match="was given 4 documents and returned 3"):
        evaluate(lambda documents: by_list(documents)[1:], CORPUS)
    with pytest.raises(AlignmentError, match="changed the text of document 1"):
        evaluate(lambda documents: [d.replace(text=d.text.upper()) for d in documents], CORPUS)


def test_gold_that_no_tags_can_hold_is_scored_by_characters():
    gold = CORPUS[0].replace(entities=[Entity(0, 2, "per"), Entity(0, 12, "per"), Entity(17, 20, "per")])
    scores = evaluate(by_list, [gold])
    assert scores.strict.micro == Counts(tp=1, fn=2)
    assert scores.misaligned == 0
    perfect = evaluate(lambda documents: [gold], [gold])
    assert (perfect.strict.micro, perfect.misaligned) == (Counts(tp=3), 0)
    assert perfect.sequence_accuracy == perfect.tokens.accuracy == 1


def test_entities_outside_their_text_are_refused():
    with pytest.raises(TagError, match=r"entity per \[3, 99\) is empty or falls outside document 1"):
        evaluate(by_list, [CORPUS[0].replace(entities=[Entity(3, 99, "per")])])


@pytest.mark.parametrize("size", [1, 3, 64])
def test_a_run_keeps_what_went_in_and_what_came_out(size):
    seen: list[int] = []
    gold, predicted = run(by_list, iter(CORPUS), batch_size=size, progress=seen.append)
    assert (gold, predicted, sum(seen)) == (CORPUS, by_list(CORPUS), len(CORPUS))
    assert judge(gold, predicted).scores.to_dict() == evaluate(by_list, CORPUS).to_dict()
    with pytest.raises(AlignmentError, match="was given 1 documents and returned 0"):
        run(lambda documents: [], CORPUS, batch_size=1)
