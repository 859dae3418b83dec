"""Keys, tokens and limits: who comes in, who does not, and how often."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from onoma.cli import app
from onoma.errors import InputError, LimitError, NotFoundError, UnknownCallerError
from onoma.serving.callers import ANYBODY, Caller, Role
from onoma.serving.keys import Keyring, add_key, read_keys, revoke_key
from onoma.serving.rate import Limiter, RateRules, address_of
from onoma.serving.tokens import TokenRules, Tokens
from onoma.serving.windows_moving import MovingWindows

ADA = Caller("ada", Role.reader)
URL = os.environ.get("ONOMA_TEST_REDIS", "redis://127.0.0.1:6379/0")


class Clock:
    def __init__(self, now: float = 1e9) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_key_is_told_once_and_kept_as_a_hash(tmp_path):
    path = tmp_path / "deep" / "keys.json"
    key = add_key(path, "ada", "operator", models=["small"], rate="5/second", quota=9)
    secret = key.split("_", 2)[2]
    assert secret not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    caller = Keyring(path).caller_of(key)
    assert caller == Caller("ada", Role.operator, frozenset({"small"}), "5/second", 9, "key")


def test_what_is_no_key_is_nobody(tmp_path):
    path = tmp_path / "keys.json"
    key = add_key(path, "ada")
    ring = Keyring(path)
    other = add_key(tmp_path / "other.json", "eve")
    wrong = [
        key[:-1] + ("A" if key[-1] != "A" else "B"),
        key[:-1],
        key + "A",
        other,
        "",
        "onoma_",
        key.upper(),
    ]
    wrong.append(f"onoma_{key[6:14]}_{other[15:]}")
    assert [ring.caller_of(each) for each in wrong] == [None] * len(wrong)


@given(st.text(max_size=80))
def test_no_text_is_a_key_by_chance(text):
    ring = Keyring(Path("/nonexistent"))
    assert ring.caller_of(text) is None
    assert len(ring) == 0


def test_a_key_ends_when_it_expires_and_within_a_second_of_being_revoked(tmp_path):
    path, clock, tick = tmp_path / "keys.json", Clock(time.time()), Clock(0.0)
    soon = add_key(path, "soon", expires=clock.now + 60)
    ever = add_key(path, "ever")
    ring = Keyring(path, clock=clock, tick=tick)
    assert len(ring) == 2
    clock.now += 61
    assert (ring.caller_of(soon), ring.caller_of(ever) is None) == (None, False)
    revoke_key(path, "ever")
    later = add_key(path, "later")
    tick.now += 1.1
    assert (ring.caller_of(ever), ring.caller_of(later) is None) == (None, False)
    with pytest.raises(NotFoundError, match="no key called 'ever'"):
        revoke_key(path, "ever")
    assert add_key(path, "ever"), "a name is free again"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ada", "root"), "no role 'root'"),
        (("ada", "nobody"), "no role 'nobody'"),
        (("a b",), "cannot name a key"),
        (("taken",), "there is a key called taken"),
    ],
)
def test_a_key_that_cannot_be_made_is_told(tmp_path, arguments, says):
    path = tmp_path / "keys.json"
    add_key(path, "taken")
    with pytest.raises(InputError, match=says):
        add_key(path, *arguments)
    with pytest.raises(InputError, match="expired already"):
        add_key(path, "late", expires=1.0)


@pytest.mark.parametrize("content", ["", "[]", '{"keys": [{"id": 1}]}', '{"keys": 3}'])
def test_what_is_no_file_of_keys_is_told(tmp_path, content):
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(InputError, match="no file of keys"):
        Keyring(path)


def test_keys_made_at_the_same_time_are_all_kept(tmp_path):
    path = tmp_path / "keys.json"
    program = "import sys; from pathlib import Path; from onoma.serving.keys import add_key\n"
    program += "for n in range(5): add_key(Path(sys.argv[1]), f'{sys.argv[2]}-{n}')"
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), str(n)]) for n in range(3)]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    assert len(read_keys(path)) == 15


def onoma(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(map(str, arguments)), prog_name="onoma")


def test_the_command_makes_lists_and_revokes(tmp_path):
    path = tmp_path / "keys.json"
    made = onoma(
        "keys", "add", "web", "--expires", "2w", "--models", "a,b", "--rate", "5/second", "--file", path
    )
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    found = Keyring(path).caller_of(key)
    assert found is not None
    assert found.models == {"a", "b"}
    listed = onoma("keys", "list", "--file", path).stdout
    assert "web" in listed
    assert key not in listed
    assert onoma("keys", "revoke", "web", "--file", path).exit_code == 0
    assert "revoked" in onoma("keys", "list", "--file", path).stdout
    assert Keyring(path).caller_of(key) is None
    assert onoma("keys", "add", "x", "--expires", "soon", "--file", path).exit_code == 2
    assert onoma("keys", "add", "x", "--rate", "often", "--file", path).exit_code == 2


# tokens


RSA, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
CURVE = ec.generate_private_key(ec.SECP256R1())


def published(**keys: Any) -> str:
    rows = []
    for name, key in keys.items():
        kind = (
            jwt.algorithms.ECAlgorithm
            if isinstance(key, ec.EllipticCurvePrivateKey)
            else jwt.algorithms.RSAAlgorithm
        )
        rows.append(json.loads(kind.to_jwk(key.public_key())) | {"kid": name, "use": "sig"})
    return json.dumps({"keys": rows})


def token(key: Any = RSA, *, kid: str = "one", alg: str = "RS256", **claims: Any) -> str:
    told = {"sub": "ada", "iss": "https://id", "aud": "onoma", "exp": time.time() + 60, "roles": ["reader"]}
    told |= claims
    told = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(told, key, alg, {"kid": kid})


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(published(one=RSA, curve=CURVE))
    return path


def caller(tokens: Tokens, text: str) -> Caller:
    return asyncio.run(tokens.caller_of(text))


def tokens_of(place: object, **more: Any) -> Tokens:
    return Tokens(TokenRules(str(place), issuer="https://id", audience="onoma", **more))


def test_a_token_that_holds_tells_who_and_what(jwks):
    tokens = tokens_of(jwks)
    for _ in range(2):  # the second from memory
        assert caller(tokens, token()) == Caller("token:ada", Role.reader, by="token")
    assert caller(tokens, token(CURVE, kid="curve", alg="ES256", roles="admin reader")).role is Role.admin
    assert caller(tokens, token(roles=None)).role is Role.nobody
    assert caller(tokens, token(roles=["nobody", "root"])).role is Role.nobody


def test_roles_may_stand_deep_and_under_other_names(jwks):
    tokens = tokens_of(jwks, claim="realm.roles", roles={"ner-boss": "admin"})
    assert caller(tokens, token(realm={"roles": ["ner-boss"]})).role is Role.admin
    assert caller(tokens, token(realm={"roles": 7})).role is Role.nobody


PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BROKEN: dict[str, Callable[[], str]] = {
    "expired": lambda: token(exp=time.time() - 60),
    "endless": lambda: token(exp=None),
    "another audience": lambda: token(aud="other"),
    "another issuer": lambda: token(iss="https://evil"),
    "nobody's": lambda: token(sub=None),
    "not yet": lambda: token(nbf=time.time() + 600),
    "signed by another": lambda: token(OTHER),
    "an unknown key": lambda: token(OTHER, kid="two"),
    "unsigned": lambda: jwt.encode({"sub": "ada"}, None, "none", {"kid": "one"}),
    "another algorithm": lambda: token(alg="RS512"),
    "changed": lambda: token()[:-6] + "AAAAAA",
    "no token": lambda: "a.b.c",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_token_that_does_not_hold_is_refused(jwks, name):
    with pytest.raises(UnknownCallerError, match="does not hold"):
        caller(tokens_of(jwks), BROKEN[name]())


def test_a_public_key_is_no_shared_secret(jwks):
    import hashlib
    import hmac
    from base64 import urlsafe_b64encode

    def part(content: bytes) -> bytes:
        return urlsafe_b64encode(content).rstrip(b"=")

    claims = {"sub": "eve", "iss": "https://id", "aud": "onoma", "exp": time.time() + 60, "roles": ["admin"]}
    body = part(b'{"alg":"HS256","kid":"one"}') + b"." + part(json.dumps(claims).encode())
    forged = (body + b"." + part(hmac.new(PEM, body, hashlib.sha256).digest())).decode()
    with pytest.raises(UnknownCallerError):
        caller(tokens_of(jwks), forged)


@pytest.fixture
def address() -> Iterator[tuple[str, dict[str, Any]]]:
    """An address that publishes keys, as a real server does."""
    state: dict[str, Any] = {"content": published(one=RSA), "asked": 0}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state["asked"] += 1
            self.send_response(200 if state["content"] else 500)
            self.end_headers()
            self.wfile.write(state["content"].encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/jwks", state
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_are_fetched_once_and_again_when_others_are_published(address):
    url, state = address
    clock = Clock(0.0)
    tokens = Tokens(TokenRules(url, issuer="https://id", audience="onoma"), clock=clock)

    async def main() -> None:
        for n in range(5):
            await tokens.caller_of(token(n=n))
        assert state["asked"] == 1
        state["content"] = published(two=OTHER)
        with pytest.raises(UnknownCallerError, match="not published"):
            await tokens.caller_of(token(OTHER, kid="two"))
        assert state["asked"] == 1, "not for everybody who makes up a name"
        clock.now += 31
        assert (await tokens.caller_of(token(OTHER, kid="two"))).name == "token:ada"
        with pytest.raises(UnknownCallerError):
            await tokens.caller_of(token())
        state["content"] = ""
        clock.now += 700
        assert (await tokens.caller_of(token(OTHER, kid="two"))).name == "token:ada", "the known ones hold on"

    asyncio.run(main())


def test_keys_that_cannot_be_read_let_nobody_in(tmp_path):
    with pytest.raises(UnknownCallerError, match="cannot be checked now"):
        caller(tokens_of(tmp_path / "none.json"), token())


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"algorithms": ("none",)}, "not with none"),
        ({"keys": "http://example.org/jwks"}, "use https"),
        ({"roles": {"a": "root"}}, "no role 'root'"),
    ],
)
def test_rules_that_would_be_unsafe_are_refused(more, says):
    with pytest.raises(InputError, match=says):
        TokenRules(**{"keys": "k.json", "issuer": "i", "audience": "a", **more})


# limits


@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 3)), max_size=60),
    st.integers(1, 5),
    st.floats(1, 10),
)
def test_a_moving_window_never_lets_more_through_and_never_refuses_less(steps, limit, seconds):
    windows, now, passed = MovingWindows(), 0.0, []
    for gap, cost in steps:
        now += gap
        inside = sum(c for when, c in passed if when > now - seconds)
        wait = windows.hit("ada", limit, seconds, now, cost)
        assert (wait == 0) == (inside + cost <= limit)
        if not wait:
            passed.append((now, cost))
        elif cost <= limit:
            left = sum(c for when, c in passed if when > now + wait + 1e-9 - seconds)
            assert left + cost <= limit, "the wait is long enough"


def test_a_large_window_is_kept_in_a_thousand_parts_and_is_never_exceeded():
    windows, let_through = MovingWindows(), []
    for n in range(60_000):
        now = n * 0.001
        if not windows.hit("ada", 20_000, 30.0, now):
            let_through.append(now)
    for start in (0.0, 10.0, 29.9):
        assert sum(start < when <= start + 30 for when in let_through) <= 20_000
    assert len(let_through) > 39_000
    assert len(windows._windows["ada"].hits) <= 1001


def test_windows_of_names_without_end_do_not_fill_the_memory():
    windows = MovingWindows(names=10)
    for n in range(100):
        windows.hit(str(n), 1, 60.0, 0.0)
    assert len(windows) == 10


def limited(limiter: Limiter, who: Caller = ADA, address: str = "1") -> bool:
    try:
        asyncio.run(limiter.ask(who, address))
    except LimitError as error:
        return error.retry_after > 0
    return False


def test_limits_are_for_each_key_and_each_address():
    limiter = Limiter(RateRules(key="2/minute", address="4/minute"))
    bob = Caller("bob", Role.reader)
    assert [limited(limiter) for _ in range(3)] == [False, False, True]
    assert not limited(limiter, bob)
    assert limited(limiter, bob), "the address has asked four times"
    assert not limited(limiter, bob, "2")
    assert not limited(Limiter(RateRules(key="1/minute")), Caller("eve", Role.reader, rate="5/minute"))


def test_quotas_count_texts_over_a_day():
    clock = Clock(0.0)
    limiter = Limiter(RateRules(quota=10), clock=clock)

    def send(texts: int, who: Caller = ADA) -> None:
        asyncio.run(limiter.texts(who, texts))

    send(8)
    with pytest.raises(LimitError, match="10 texts in 24 hours"):
        send(3)
    send(2)
    send(100, Caller("bob", Role.reader, quota=100))
    clock.now += 86_401
    send(10)


def test_so_many_at_once_and_no_more():
    limiter = Limiter(RateRules(at_once=2))
    with limiter.place(ADA, "1"), limiter.place(ADA, "1"), limiter.place(ANYBODY, "1"):
        third = limiter.place(ADA, "1")
        with pytest.raises(LimitError, match="2 requests at once"):
            third.__enter__()
    with limiter.place(ADA, "1"):
        assert len(limiter._under_way) == 1


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("198.51.100.1", 1), "198.51.100.1"),
        (("2001:db8:1:2:3::4", 1), "2001:db8:1:2::"),
        (("::ffff:198.51.100.1", 1), "198.51.100.1"),
        (("fe80::1%eth0", 1), "fe80::"),
        (("testclient", 1), "testclient"),
    ],
)
def test_an_ipv6_client_cannot_take_a_new_address_for_each_request(client, address):
    assert address_of(client) == address


@pytest.fixture
def redis_url() -> Iterator[str]:
    from redis import Redis, RedisError

    client = Redis.from_url(URL)
    try:
        client.ping()
    except RedisError:
        assert "CI" not in os.environ, "CI has to bring a Redis"
        pytest.skip("no Redis listens")
    for key in client.scan_iter("*onoma*"):
        client.delete(key)
    yield URL
    client.close()


@pytest.mark.service
def test_processes_share_limits_in_redis(redis_url):
    async def main() -> list[str]:
        rules = RateRules(key="3/minute", quota=5, store=redis_url)
        one, other = Limiter(rules), Limiter(rules)
        who, outcomes = Caller(f"ada {time.time()}", Role.reader), []
        for limiter in (one, other, one, other):
            try:
                await limiter.ask(who, "1")
                outcomes.append("in")
            except LimitError as error:
                outcomes.append("refused" if 0 < error.retry_after <= 61 else "refused for long")
        await one.texts(who, 4)
        with pytest.raises(LimitError):
            await other.texts(who, 2)
        for limiter in (one, other):
            await limiter.close()
        return outcomes

    assert asyncio.run(main()) == ["in", "in", "in", "refused"]


def test_limits_hold_in_this_process_while_redis_is_away():
    limiter = Limiter(RateRules(key="2/minute", store="redis://127.0.0.1:1"))

    async def main() -> list[bool]:
        outcomes = []
        for _ in range(3):
            try:
                await limiter.ask(ADA, "1")
                outcomes.append(True)
            except LimitError:
                outcomes.append(False)
        await limiter.close()
        return outcomes

    assert asyncio.run(main()) == [True, True, False]


@pytest.mark.parametrize("rules", [{"key": "often"}, {"address": "1/fortnight"}])
def test_what_is_no_limit_is_told(rules):
    with pytest.raises(InputError, match="is no limit"):
        RateRules(**rules)
    with pytest.raises(InputError, match="no store of limits"):
        Limiter(RateRules(store="postgres://x"))
