"""A fleet of real taggers: routes, failover within a request, canary, shadow, A/B, and swaps under load."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import serving_taggers
from onoma.errors import BundleError, DownError, InputError, NotFoundError, OutputError, RefusedError
from onoma.serving.asking import Ask
from onoma.serving.comparison import Rules
from onoma.serving.config import CanarySpec, Config, ShadowSpec, config_of, read_config
from onoma.serving.fleet import Fleet
from onoma.serving.reloading import Reloading
from onoma.serving.rollout import Canary, Shadow
from onoma.text import Document, Entity

HERE = Path(__file__).parent
QUICK_RULES = {"least": 20, "errors": 0.2, "slower": 0.2}


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


def tagger(name: str = "Capitals", **more: Any) -> dict[str, Any]:
    return {"model": f"serving_taggers:{name}", "caches": False, "patience": {"call": 1.0}, **more}


def config(**parts: Any) -> Config:
    return config_of({"taggers": {"a": tagger(), "b": tagger("Places", accuracy=0.5)}, **parts})


def ask(text: str = "Ada wrote.", **more: Any) -> Ask:
    return Ask([Document(text)], arrived=time.monotonic(), **{"request": text, **more})


def played(config: Config, play, **more: Any) -> Any:
    """What ``play``, a coroutine function of a fleet, comes to."""

    async def main() -> Any:
        fleet = await Fleet.of(config, **more)
        try:
            return await play(fleet)
        finally:
            await fleet.close()

    return asyncio.run(main())


def labels(answer: Any) -> list[str]:
    return [entity.label for document in answer.documents for entity in document.entities]


def test_routes_send_requests_where_they_say():
    written = [
        {"when": {"user": "team-*"}, "to": "b"},
        {"when": {"language": "de"}, "to": "b"},
        {"when": {"length": {"from": 100}}, "to": "b"},
        {"to": "a"},
    ]

    async def play(fleet):
        asks = [
            ask(),
            ask(user="team-red"),
            ask("Die Kanzlerin ist in der Stadt."),
            ask("Ada " * 40),
            ask(model="b"),
        ]
        return [(await fleet.annotate(each)) for each in asks]

    answers = played(config(routes=written), play)
    assert [answer.tagger for answer in answers] == ["a", "b", "b", "b", "b"]
    assert [labels(answer)[0] for answer in answers] == ["per", "geo", "geo", "geo", "geo"]
    assert answers[2].route[0] == "route language: de fits (language: de)"


def test_without_routes_the_accurate_answer_unless_time_is_short():
    async def play(fleet):
        for member, seconds in (("a", 0.001), ("b", 0.2)):
            for _ in range(50):
                fleet.members[member].latencies.add(10, seconds, time.monotonic())
        asks = [ask(priority="accuracy"), ask(priority="speed"), ask(priority="accuracy", latency_budget=0.1)]
        return [(await fleet.annotate(each)).tagger for each in asks]

    assert played(config(), play) == ["b", "a", "a"]


def test_an_unknown_model_is_told():
    with pytest.raises(NotFoundError, match="there is no tagger called 'c'"):
        played(config(), lambda fleet: fleet.annotate(ask(model="c")))


def test_the_next_best_takes_over_within_one_request_and_the_breaker_opens():
    taggers = {"a": tagger(breaker={"least": 3, "rest": 0.2, "probes": 1}), "b": tagger("Places")}
    written = config_of({"taggers": taggers, "routes": [{"to": "a", "fallback": ["b"]}]})

    async def play(fleet):
        await fleet.annotate(ask("Ada please-fail"))

    # both read the text that fails: nobody answers, and the text is not in what is told
    with pytest.raises(DownError, match=r"a: it failed.*b: it failed") as failure:
        played(written, play)
    assert "Ada" not in str(failure.value)

    async def recovers(fleet):
        broken = fleet.members["a"]
        broken.engine._gathering.annotate = lambda documents: 1 / 0
        down = [await fleet.annotate(ask()) for _ in range(5)]
        state = broken.breaker.state(time.monotonic())
        waiting = fleet.states()[0].ready, fleet.faults()
        broken.engine._gathering.annotate = serving_taggers.Capitals()
        await asyncio.sleep(0.25)
        return down, state, waiting, [await fleet.annotate(ask()) for _ in range(2)], fleet.failovers

    down, state, waiting, up, failovers = played(written, recovers)
    assert [answer.tagger for answer in down] == ["b"] * 5
    assert (state, waiting) == ("open", (False, ()))
    assert "a: it failed (ZeroDivisionError)" in down[0].route
    assert "the breaker is open of a" in down[-1].route
    assert [answer.tagger for answer in up] == ["a", "a"]
    assert failovers == 3, "an open breaker is not asked at all"


def test_what_cannot_be_read_fails_over_to_nobody():
    written = config(routes=[{"to": "a", "fallback": ["b"]}])

    async def play(fleet):
        for _ in range(10):
            with pytest.raises(InputError, match="asks to be refused"):
                await fleet.annotate(ask("please-refuse"))
        return fleet.members["a"].breaker.state(time.monotonic())

    assert played(written, play) == "closed"


def test_a_tagger_that_hangs_is_passed_over_after_its_patience():
    taggers = {"a": tagger(patience={"call": 0.2}), "b": tagger("Places")}
    written = config_of({"taggers": taggers, "routes": [{"to": "a", "fallback": ["b"]}]})

    async def play(fleet):
        fleet.members["a"].engine._gathering.annotate = lambda documents: time.sleep(1) or list(documents)
        start = time.monotonic()
        answer = await fleet.annotate(ask())
        return answer, time.monotonic() - start

    answer, seconds = played(written, play)
    assert (answer.tagger, seconds < 0.9) == ("b", True)
    assert "a: it took too long" in answer.route


def test_killing_and_stopping_a_worker_under_load_loses_no_request():
    quick = {"call": 0.5, "beat": 0.2, "again": 0.05}
    taggers = {"a": tagger(place="process", replicas=2, patience=quick), "b": tagger("Places")}
    taggers["a"]["breaker"] = {"rest": 0.1, "longest": 0.3, "probes": 1}
    written = config_of({"taggers": taggers, "routes": [{"to": "a", "fallback": ["b"]}]})

    async def play(fleet):
        workers = fleet.members["a"]._annotate.workers
        answers: list[Any] = []
        ended = asyncio.Event()

        async def client(n: int) -> None:
            while not ended.is_set():
                answers.append(await fleet.annotate(ask(f"Ada {n}")))
                await asyncio.sleep(0.002)

        clients = [asyncio.create_task(client(n)) for n in range(8)]
        await asyncio.sleep(0.3)
        os.kill(workers[0].pid, signal.SIGKILL)
        await asyncio.sleep(0.8)
        os.kill(workers[1].pid, signal.SIGSTOP)
        end = time.monotonic() + 60
        while time.monotonic() < end and not recovered(workers, answers):
            await asyncio.sleep(0.1)
        assert recovered(workers, answers), "whoever took over makes room again"
        ended.set()
        await asyncio.gather(*clients)
        return answers

    def recovered(workers: Sequence[Any], answers: list[Any]) -> bool:
        again = all(each.ready and each.restarts for each in workers)
        return again and {each.tagger for each in answers[-50:]} == {"a"}

    answers = played(written, play)
    by = [answer.tagger for answer in answers]
    assert {*by[:8]} == {"a"}
    for answer in answers:
        assert labels(answer) == ["per" if answer.tagger == "a" else "geo"]


def canary(**more: Any) -> dict[str, Any]:
    return {"champion": "a", "challenger": "b", "share": 0.5, "rules": QUICK_RULES, **more}


async def served(fleet: Fleet, count: int) -> list[Any]:
    answers = []
    for n in range(count):
        answers.append(await fleet.annotate(ask(f"Ada {n}", user=f"user {n % 40}")))
        await asyncio.sleep(0.001 if n % 10 else 0.01)
    return answers


def test_a_canary_that_says_otherwise_is_rolled_back_and_that_outlives_the_service(tmp_path):
    kept = tmp_path / "canary.json"
    written = config(routes=[{"to": "a"}], canary=canary(state=str(kept)))

    async def play(fleet):
        answers = await served(fleet, 300)
        return answers, fleet.canary.status, fleet.rollout(), await served(fleet, 30)

    answers, status, told, later = played(written, play)
    assert status == "rolled back"
    by_user: dict[str, set[str]] = {}
    for n, answer in enumerate(answers[:20]):
        by_user.setdefault(f"user {n % 40}", set()).add(answer.tagger)
    assert {len(taggers) for taggers in by_user.values()} == {1}
    assert {answer.tagger for answer in answers[:20]} == {"a", "b"}
    assert {answer.tagger for answer in later} == {"a"}
    assert "agreement is from 0.000" in told["trials"][0]["why"][0]
    assert json.loads(kept.read_text())["status"] == "rolled back"
    assert played(written, lambda fleet: served(fleet, 5))[0].tagger == "a"


def test_a_canary_that_agrees_is_promoted_and_the_champion_stands_by():
    taggers = {"a": tagger(), "b": tagger()}
    written = config_of({"taggers": taggers, "routes": [{"to": "a"}], "canary": canary()})

    async def play(fleet):
        await served(fleet, 500)
        status = fleet.canary.status
        fleet.members["b"].engine._gathering.annotate = lambda documents: 1 / 0
        return status, [(await fleet.annotate(ask(f"x {n}"))).tagger for n in range(5)]

    assert played(written, play) == ("promoted", ["a"] * 5)


def test_a_canary_that_fails_is_rolled_back_and_no_request_is_lost():
    written = config(routes=[{"to": "a"}], canary=canary(rules={"errors": 0.1}))

    async def play(fleet):
        fleet.members["b"].engine._gathering.annotate = lambda documents: 1 / 0
        fleet.members["b"].breaker.policy = fleet.members["b"].breaker.policy.__class__(
            least=10_000, window=10_000
        )
        answers = await served(fleet, 200)
        return {answer.tagger for answer in answers}, fleet.canary.status, fleet.canary.why

    taggers, status, why = played(written, play)
    assert (taggers, status) == ({"a"}, "rolled back")
    assert "failures are more often" in why[0]


def test_a_shadow_is_compared_and_never_answers():
    written = config(routes=[{"to": "a"}], shadow={"champion": "a", "challenger": "b", "queue": 500})

    async def play(fleet):
        answers = await served(fleet, 100)
        await asyncio.sleep(0.2)
        return {answer.tagger for answer in answers}, fleet.rollout()["trials"][0]

    taggers, told = played(written, play)
    assert taggers == {"a"}
    assert (told["kind"], told["figures"]["texts"], told["dropped"]) == ("shadow", 100, 0)
    assert told["figures"]["labels"]["per"]["champion only"] == 100


def test_who_is_on_trial_takes_over_for_nobody():
    taggers = {"a": tagger(), "b": tagger(), "c": tagger()}
    shadow = {"champion": "a", "challenger": "b"}
    written = config_of({"taggers": taggers, "routes": [{"to": "a"}], "shadow": shadow})

    async def play(fleet):
        fleet.members["a"].engine._gathering.annotate = lambda documents: 1 / 0
        first = (await fleet.annotate(ask())).tagger
        fleet.members["c"].engine._gathering.annotate = lambda documents: 1 / 0
        with pytest.raises(DownError):
            await fleet.annotate(ask("another"))
        return first, (await fleet.annotate(ask(model="b"))).tagger

    assert played(written, play) == ("c", "b")


def test_a_slow_shadow_is_dropped_and_counted_and_delays_nobody():
    shadow = {"champion": "a", "challenger": "b", "queue": 3}
    written = config(routes=[{"to": "a"}], shadow=shadow)

    async def play(fleet):
        fleet.members["b"].engine._gathering.annotate = lambda documents: time.sleep(0.5) or list(documents)
        start = time.monotonic()
        await asyncio.gather(*(fleet.annotate(ask(f"Ada {n}")) for n in range(50)))
        return time.monotonic() - start, fleet.rollout()["trials"][0]

    seconds, told = played(written, play)
    assert seconds < 0.5
    assert told["dropped"] >= 46
    assert told["waiting"] <= 3


def test_an_experiment_tells_who_saw_what():
    shown: list[tuple[str, str, str]] = []
    written = config(routes=[{"to": {"a": 1, "b": 1}, "experiment": "places"}])
    answers = played(written, lambda fleet: served(fleet, 80), exposed=lambda *seen: shown.append(seen))
    arms = {user: arm for _, arm, user in shown}
    assert len(shown) == 80
    assert len({(arm, user) for _, arm, user in shown}) == 40, "a user stays with its arm"
    assert [arms[f"user {n % 40}"] for n in range(80)] == [answer.tagger for answer in answers]
    assert 8 < Counter(arms.values())["a"] < 32


def test_a_reload_takes_over_what_stays_and_drops_no_request():
    async def main():
        before = await Fleet.of(config(routes=[{"to": "a"}], shadow={"champion": "a", "challenger": "b"}))
        fleets = [before]
        answers: list[str] = []

        async def client() -> None:
            for _ in range(150):
                answers.append((await fleets[0].annotate(ask("Ada please-wait"[:3]))).tagger)

        clients = [asyncio.create_task(client()) for _ in range(4)]
        await asyncio.sleep(0.02)
        taggers = {"a": tagger(), "c": tagger("Places")}
        after = await before.after(config_of({"taggers": taggers, "routes": [{"to": "c"}]}))
        fleets[0] = after
        await asyncio.gather(*clients)
        await before.leave(list(after.members.values()))
        kept = after.members["a"] is before.members["a"]
        alive = (await after.annotate(ask(model="a"))).tagger
        await after.close()
        return answers, kept, alive, after.shadow

    answers, kept, alive, shadow = asyncio.run(main())
    assert (len(answers), kept, alive, shadow) == (600, True, "a", None)
    assert set(answers) == {"a", "c"}


def test_a_fleet_that_cannot_be_made_leaves_nothing_behind():
    broken = config_of({"taggers": {"a": tagger(place="process"), "b": {"model": "nowhere"}}})
    with pytest.raises(BundleError, match="no bundle called 'nowhere'"):
        played(broken, lambda fleet: served(fleet, 1))


def test_decisions_that_cannot_be_kept_hold_all_the_same(tmp_path):
    (tmp_path / "file").write_text("")
    made = Canary(CanarySpec(champion="a", challenger="b", state=tmp_path / "file" / "under.json"))
    made.decide("promote", ["said so"])
    assert (made.status, made.why[0]) == ("promoted", "said so")
    assert "cannot write" in made.why[1]
    assert issubclass(OutputError, Exception)


def test_a_decision_about_other_versions_does_not_hold(tmp_path):
    spec = CanarySpec(champion="a", challenger="b", state=tmp_path / "c.json")
    Canary(spec, "1 2").decide("promote", [])
    assert Canary(spec, "1 2").status == "promoted"
    assert Canary(spec, "1 3").status == "running"
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(InputError, match="holds no decision"):
        Canary(spec)


def test_processes_learn_what_one_of_them_decided(tmp_path):
    spec = CanarySpec(champion="a", challenger="b", state=tmp_path / "c.json")
    one, other = Canary(spec), Canary(spec)
    one.decide("promote", ["proven"])
    other.refresh()
    assert (other.status, other.why) == ("promoted", ["proven"])
    other.decide("roll back", ["somebody says so"])
    one.refresh()
    assert one.status == "rolled back"
    (tmp_path / "c.json").write_text("half-")
    one.refresh()
    assert one.status == "rolled back"


def test_rules_by_label_reach_the_trial():
    shadow = Shadow(ShadowSpec(champion="a", challenger="b", rules=Rules(labels={"per": 0.9})))
    shadow.compared([Entity(0, 1, "per")], [])
    assert shadow.to_dict()["figures"]["labels"]["per"]["champion only"] == 1


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"routs": []}, "did you mean 'routes'"),
        (
            {"taggers": {"a": {"model": "x", "patience": {"cal": 1}}}},
            "patience.cal: unknown key; did you mean 'call'",
        ),
        ({"taggers": {}}, "taggers: "),
        ({"routes": [{"to": "c"}]}, "routes.0 names the tagger 'c'"),
        ({"routes": [{"to": "a"}, {"to": "b"}]}, "two routes fit the same: anything"),
        ({"routes": [{"to": {"a": 0}}]}, "one is above 0"),
        ({"routes": [{"to": "a", "when": {"langage": "de"}}]}, "did you mean 'language'"),
        ({"routes": [{"to": []}]}, "at least one tagger"),
        ({"canary": {"champion": "a", "challenger": "a"}}, "champion and challenger at once"),
        ({"canary": {"champion": "a", "challenger": "b", "rules": {"alfa": 1}}}, "did you mean 'alpha'"),
        ({"canary": {"champion": "a", "challenger": "b", "rules": {"alpha": 2}}}, "alpha between 0 and 1"),
        ({"shadow": {"champion": "a", "challenger": "z"}}, "shadow names the tagger 'z'"),
    ],
)
def test_a_serving_file_with_a_mistake_says_which(parts, says):
    with pytest.raises(InputError, match=says):
        config(**parts)


@pytest.mark.parametrize("content", ["- 1", "taggers: [", "\tx: 1"])
def test_what_is_no_serving_file_is_told(tmp_path, content):
    path = tmp_path / "serving.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=r"serving\.yaml"):
        read_config(path)
    with pytest.raises(InputError, match="No such file"):
        read_config(tmp_path / "none.yaml")


def test_reloading_under_load_drops_nothing_and_a_bad_file_changes_nothing():
    files = [config(routes=[{"to": "b"}]), config_of({"taggers": {"a": tagger()}})]

    async def main():
        fleet = await Fleet.of(config(routes=[{"to": "a"}]))
        router = Reloading(fleet, lambda: files.pop(0))
        answers: list[str] = []

        async def client() -> None:
            for _ in range(200):
                answers.append((await router.annotate(ask())).tagger)

        clients = [asyncio.create_task(client()) for _ in range(4)]
        for _ in range(2):
            await asyncio.sleep(0.02)
            await router.reload()
        await asyncio.gather(*clients)
        with pytest.raises(IndexError):
            await router.reload()
        last = await router.annotate(ask())
        await router.close()
        with pytest.raises(RefusedError):
            await router.reload()
        return answers, last.tagger, router.reloads, router.states()[0].name

    answers, last, reloads, first = asyncio.run(main())
    assert (len(answers), last, reloads, first) == (800, "a", 2, "a")
    assert set(answers) == {"a", "b"}


def test_the_example_serves():
    async def play(fleet):
        answers = [await fleet.annotate(ask("Angela Merkel visited Paris.", user=f"u{n}")) for n in range(50)]
        return Counter(answer.tagger for answer in answers), labels(answers[0]), fleet.rollout()

    counts, found, told = played(read_config(HERE.parent / "examples" / "serving.yaml"), play)
    assert counts.most_common(1)[0][0] == "champion"
    assert found == ["per", "geo"]
    assert [trial["kind"] for trial in told["trials"]] == ["canary", "shadow"]
