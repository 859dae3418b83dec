"""A rolling restart: two processes behind nginx, each ended and started again, while requests keep coming."""

from __future__ import annotations

from deploy_proxy import free_port, proxying
from deploy_rolling import Fleet, asked_all_the_while
from serving_taggers import Capitals

# now and then one takes a fifth of a second, so that something is under way whenever the signal comes
TEXTS = [f"Ada{n} saw Bob{n}" + " please-wait" * (n % 100 == 0) for n in range(1000)]


def test_a_rolling_restart_under_load_loses_no_request(tmp_path):
    ports = (free_port(), free_port())
    fleet = Fleet(ports, ["--no-cache", "--grace", "20"])
    with (
        fleet.running(),
        proxying(tmp_path, ports) as proxy,
        asked_all_the_while(proxy, TEXTS, Capitals(), rate=150) as asked,
    ):
        fleet.restart_in_turn()
    assert set(asked.outcomes) == {200}, asked.outcomes
    assert not asked.wrong
    assert asked.outcomes[200] > 50
    assert [code for code, _ in fleet.ends] == [0, 0]
    assert max(seconds for _, seconds in fleet.ends) < 20
