"""The cache's laws with both stores, and a Redis that hangs, goes away or holds what others wrote."""

from __future__ import annotations

import os
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onoma.errors import InputError
from onoma.runtime.caching import Caching, MemoryStore
from onoma.runtime.redis_store import RedisStore
from onoma.runtime.remembered import Remembered, pack, unpack
from onoma.text import Coverage, Document, Entity, Token

URL = os.environ.get("ONOMA_TEST_REDIS", "redis://127.0.0.1:6379/0")
START = "start one with: docker run --rm -p 6379:6379 redis:7"


class Capitals:
    """Finds words that begin with a capital, and counts what it was asked."""

    version = "capitals@1"

    def __init__(self) -> None:
        self.asked = Counter()

    def __call__(self, documents):
        self.asked.update(document.text for document in documents)
        return [
            self.tag(document if document.tokens else Document.from_text(document.text)).replace(
                id=document.id, meta=document.meta
            )
            for document in documents
        ]

    def tag(self, document):
        found = [
            Entity(t.start, t.end, "x", 0.7) for t in document.tokens if document.text[t.start].isupper()
        ]
        return document.replace(entities=found, coverage=Coverage(len(document.text), 1, self.version))


@pytest.fixture
def redis_store():
    store = RedisStore(URL, secret=os.urandom(8), expire=30, timeout=2)
    store.get_many([b"x" * 32])
    if store.failures:
        message = f"no Redis at {URL}; {START}"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    yield store
    store.close()


def plain(documents):
    return Capitals()(documents)


texts = st.lists(st.sampled_from(["Ada", "Bob met Ada", "nobody", "", "Ünal 🙂 Ada", " "]), max_size=8)


@given(st.lists(texts, max_size=4), st.integers(1, 4))
def test_remembered_or_not_the_answers_are_the_same(calls, entries):
    tagger = Capitals()
    tag = Caching(tagger, MemoryStore(entries))
    for call in calls:
        found, expected = tag(call), plain(list(map(Document, call)))
        assert found == expected
        assert [each.coverage for each in found] == [each.coverage for each in expected]
    assert sum(tag.tally) == sum(map(len, calls))
    assert tag.tally.misses == sum(tagger.asked.values())
    assert len(tag.store) <= entries


def test_a_text_that_comes_twice_is_read_once_and_each_keeps_its_id():
    tagger = Capitals()
    tag = Caching(tagger)
    found = tag([Document("Ada", id="1"), Document("Ada", id="2", meta={"a": 1})])
    assert [(each.id, dict(each.meta)) for each in found] == [("1", {}), ("2", {"a": 1})]
    assert tagger.asked == {"Ada": 1}


def test_other_tokens_are_another_question():
    tagger = Capitals()
    tag = Caching(tagger)
    halves = Document("AdaBob", (Token(0, 3), Token(3, 6)))
    assert [len(each.entities) for each in tag(["AdaBob", halves, "AdaBob", halves])] == [1, 2, 1, 2]
    assert tagger.asked == {"AdaBob": 2}


def test_another_version_is_another_question():
    store = MemoryStore()
    for version in ("1", "2", "1"):
        tagger = Capitals()
        Caching(tagger, store, version=version)(["Ada"])
    assert tagger.asked == {}
    assert len(store) == 2


def test_a_tagger_without_a_version_is_refused():
    with pytest.raises(InputError, match="has no version"):
        Caching(list)


def test_the_least_lately_asked_for_is_forgotten():
    tagger = Capitals()
    tag = Caching(tagger, MemoryStore(entries=2))
    for text in ("a", "b", "a", "c", "a", "b"):
        tag([text])
    assert tagger.asked == {"a": 1, "b": 2, "c": 1}


def test_bytes_are_bounded_and_count_to_nothing():
    store = MemoryStore(size=5000)
    tag = Caching(plain, store, version="1")
    for i in range(100):
        tag([f"Ada {i}"])
    assert 0 < len(store) < 100
    assert 0 < store.size <= 5000
    before = len(store), store.size
    tag(["Ada " * 1000])  # more than the store holds: the others stay
    assert (len(store), store.size) == before


def test_a_failing_tagger_leaves_nothing_behind():
    def fails(documents):
        raise ValueError("no")

    tag = Caching(fails, version="1")
    with pytest.raises(ValueError, match="no"):
        tag(["Ada"])
    assert len(tag.store) == 0
    assert tag.tally == (0, 0)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of Python 3.12: it has threads
def test_it_works_in_a_process_that_was_forked():
    tag = Caching(Capitals())
    tag(["Ada"])
    child = os.fork()
    if child == 0:
        os._exit(0 if tag(["Ada", "Bob"])[0].entities and tag.tally == (1, 2) else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.service
def test_redis_answers_what_another_process_would_have_asked(redis_store):
    Caching(Capitals(), redis_store)(["Ada met Bob", "Ünal"])
    tagger = Capitals()
    found = Caching(tagger, redis_store)(["Ünal", "Ada met Bob"])
    assert tagger.asked == {}
    assert found == plain([Document("Ünal"), Document("Ada met Bob")])
    assert found[0].coverage == Coverage(4, 1, "capitals@1", None)


@pytest.mark.service
def test_redis_holds_no_text_and_forgets(redis_store):
    Caching(Capitals(), redis_store)(["Ada Lovelace"])
    client = redis_store._redis
    names = [redis_store._name(key) for key in keys_of("Ada Lovelace")]
    value = client.get(names[0])
    assert value is not None
    assert b"Ada" not in value
    assert "Ada" not in names[0]
    assert 0 < client.pttl(names[0]) <= 30_000
    other = RedisStore(URL, secret="another")
    assert other.get_many(keys_of("Ada Lovelace")) == [None]
    other.close()


def keys_of(text: str) -> list[bytes]:
    from onoma.runtime.caching import key_of

    return [key_of(Capitals.version, Document(text))]


@pytest.mark.service
@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"[1]", b'[[[0,99,"x",1]],null,[]]', b'[[[2,1,"x",1]],null,[]]']
)
def test_what_others_wrote_into_redis_counts_as_nothing(redis_store, content):
    redis_store._redis.set(redis_store._name(keys_of("Ada")[0]), content, ex=30)
    tagger = Capitals()
    assert Caching(tagger, redis_store)(["Ada"]) == plain([Document("Ada")])
    assert tagger.asked == {"Ada": 1}


@pytest.mark.service
def test_many_threads_share_one_store_in_redis(redis_store):
    tag = Caching(Capitals(), redis_store)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: tag([f"Ada {i % 20}"])[0], range(200)))
    assert found == [plain([Document(f"Ada {i % 20}")])[0] for i in range(200)]


@pytest.fixture
def deaf_port():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_redis_that_hangs_is_asked_once_and_then_left_alone(deaf_port):
    now = [0.0]
    url = f"redis://127.0.0.1:{deaf_port}/0"
    store = RedisStore(url, secret="s", timeout=0.05, rest=5.0, clock=lambda: now[0])
    tag = Caching(Capitals(), store)
    for _ in range(20):
        assert tag(["Ada"]) == plain([Document("Ada")])
    assert (store.failures, store.resting) == (1, True)
    now[0] = 6.0
    tag(["Ada"])
    assert store.failures == 2
    store.close()


def test_a_redis_that_is_not_there_costs_nothing_but_speed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    tag = Caching(Capitals(), RedisStore(f"redis://127.0.0.1:{port}/0", secret="s"))
    assert tag(["Ada", "Ada"]) == plain([Document("Ada"), Document("Ada")])
    assert tag.store.failures == 1


@pytest.mark.parametrize(
    "wrong", [{"secret": ""}, {"secret": "s", "expire": 0}, {"secret": "s", "timeout": -1}]
)
def test_a_store_in_redis_that_could_not_work_is_refused(wrong):
    with pytest.raises(InputError):
        RedisStore(URL, **wrong)


def test_an_address_that_is_none_is_refused():
    with pytest.raises(InputError, match="no address of Redis"):
        RedisStore("ftp://x", secret="s")


entities = st.builds(Entity, st.integers(0, 99), st.integers(0, 99), st.text(), st.floats(0, 1))
coverages = st.none() | st.builds(
    Coverage, st.integers(0), st.integers(0), st.text(), st.none() | st.floats(0, 1)
)


@given(
    st.builds(
        Remembered,
        st.lists(entities, max_size=3).map(tuple),
        coverages,
        st.lists(st.builds(Token, st.integers(0), st.integers(0)), max_size=3).map(tuple),
    )
)
def test_packing_loses_nothing(answer):
    assert unpack(pack(answer)) == answer


def test_numbers_of_numpy_are_remembered_as_numbers():
    entity = Entity(np.int64(0), np.int64(3), "per", np.float32(0.5))
    [found] = unpack(pack(Remembered((entity,), None, None))).entities
    assert (found, type(found.start), type(found.score)) == (Entity(0, 3, "per", 0.5), int, float)


@given(st.binary(max_size=40))
def test_unpacking_never_fails(content):
    unpack(content)
