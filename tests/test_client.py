"""The client is an `Annotate` like any other: what it answers is what the tagger answers offline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onoma.client import AsyncClient, Client, Settings
from onoma.client.exchange import error_of, parts
from onoma.errors import (
    BusyError,
    DownError,
    InputError,
    LimitError,
    NotFoundError,
    OnomaError,
    TooLargeError,
    UnprocessableError,
)
from onoma.runtime.caching import Caching
from onoma.serving.limits_body import Limits
from onoma.text import Coverage, Document, Entity
from serving_server import serving, single
from serving_taggers import Capitals, Places


class Told(Capitals):
    """Tells its coverage, and finds words, those that come along where they do."""

    version = "told@1"

    def __call__(self, documents: Any) -> list[Document]:
        return [self._one(each) for each in super().__call__(documents)]

    def _one(self, document: Document) -> Document:
        told = document.tokenised()
        found = [Entity(t.start, t.end, "per", 0.5) for t in told.tokens]
        return told.replace(entities=found, coverage=Coverage(len(document.text), 1, self.version, 0.5))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    limits = Limits(texts=5, characters=1000, all_characters=2000)
    with serving(single(Told(), Places()), limits=limits) as (address, _):
        yield address


@pytest.fixture(scope="module")
def tag(url: str) -> Iterator[Client]:
    with Client(url, settings=Settings(texts=5, characters=500)) as client:
        yield client


words = st.lists(st.sampled_from(["Ada", "wrote", "👩", "Zoë", "."]), max_size=5)
documents = st.one_of(
    words.map(" ".join),
    words.map(lambda each: Document(" ".join(each), id="x", meta={"a": 1})),
    words.map(Document.from_words),
    words.map(lambda each: Document.from_text(" ".join(each))),
)


@settings(max_examples=40)
@given(texts=st.lists(documents, max_size=12))
def test_what_it_answers_is_the_offline_answer(tag, texts):
    offline = Told()([Document(each) if isinstance(each, str) else each for each in texts])
    found = tag(texts)
    assert found == offline
    assert [each.coverage for each in found] == [each.coverage for each in offline]


def test_the_coroutine_answers_the_same(url):
    texts = [f"Ada {n}" for n in range(40)]

    async def main() -> tuple[list[Document], list[dict[str, Any]]]:
        async with AsyncClient(url, settings=Settings(texts=3)) as tag:
            return await tag(texts), await tag.models()

    found, models = asyncio.run(main())
    assert found == Told()([Document(text) for text in texts])
    assert [each["name"] for each in models] == ["capitals", "places"]


def test_it_tells_who_it_asks(tag, url):
    assert (tag.name, tag.version, tag.labels) == ("capitals", "told@1", ["per"])
    with Client(url, settings=Settings(model="places")) as places:
        assert (places.labels, places(["Ada"])[0].entities[0].label) == (["geo"], "geo")
    with (
        Client(url, settings=Settings(model="place")) as nobody,
        pytest.raises(NotFoundError, match="places"),
    ):
        _ = nobody.name


def test_what_is_wanted_is_asked_for(url):
    with Client(url, settings=Settings(threshold=0.95, labels=["per"], user="u", priority="speed")) as tag:
        assert tag(["Ada"])[0].entities == ()


def test_wrappers_take_it_as_any_other(tag):
    cached = Caching(tag)
    assert cached(["Ada"]) == cached(["Ada"]) == tag(["Ada"])
    assert cached.tally.hits == 1


def test_errors_of_the_service_are_raised_as_what_they_are(tag, url):
    with pytest.raises(TooLargeError, match="1,000"):
        tag(["a" * 1001])
    with Client(url, settings=Settings(labels=["nope"])) as other, pytest.raises(UnprocessableError):
        other(["Ada"])
    with pytest.raises(InputError, match="item 1"):
        tag(["Ada", None])
    with pytest.raises(InputError, match="half of a surrogate pair"):
        tag(["\ud800"])


def test_no_service_is_told():
    with Client("http://127.0.0.1:9", settings=Settings(retries=1)) as tag, pytest.raises(DownError):
        tag(["Ada"])
    with Client("nowhere") as tag, pytest.raises(InputError, match="no address"):
        tag(["Ada"])


class Moody:
    """A service that is busy a few times first."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.statuses:
            return httpx.Response(self.statuses.pop(0), headers={"retry-after": "0"})
        found = {"results": [{"entities": [], "coverage": None}], "model": {"name": "m", "version": "1"}}
        return httpx.Response(200, json=found)


@pytest.mark.parametrize(("statuses", "tries"), [((), 1), ((503, 429), 3), ((502,) * 4, 5)])
def test_what_fails_for_now_is_tried_again(statuses, tries):
    moody = Moody(*statuses)
    with Client(transport=httpx.MockTransport(moody)) as tag:
        assert tag(["Ada"])[0].text == "Ada"
    assert moody.asked == tries


@pytest.mark.parametrize(("statuses", "error"), [((503,) * 9, BusyError), ((500, 200), OnomaError)])
def test_what_fails_for_good_is_raised(statuses, error):
    moody = Moody(*statuses)
    with Client(transport=httpx.MockTransport(moody)) as tag, pytest.raises(error):
        tag(["Ada"])


def test_an_answer_of_something_else_is_no_answer():
    def other(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"hello": "world"})

    with (
        Client(transport=httpx.MockTransport(other)) as tag,
        pytest.raises(OnomaError, match="not this service"),
    ):
        tag(["Ada"])


def test_kinds_of_errors_are_told_by_their_names():
    found = error_of(429, {"retry-after": "3"}, {"type": "urn:onoma:problem:limit", "detail": "enough"})
    assert (type(found), str(found), vars(found)["retry_after"]) == (LimitError, "enough", 3.0)
    assert type(error_of(503, {}, None)) is BusyError
    assert type(error_of(500, {}, {"type": "urn:onoma:problem:internal"})) is OnomaError


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 4), st.integers(1, 12))
def test_parts_hold_all_in_order_and_no_more_than_may_be(sizes, texts, characters):
    documents = [Document("x" * size) for size in sizes]
    made = list(parts(documents, Settings(texts=texts, characters=characters)))
    assert [each for part in made for each in part] == documents
    for part in made:
        assert len(part) == 1 or (len(part) <= texts and sum(len(d.text) for d in part) <= characters)
