"""Restart two processes behind nginx in turn, again and again, under load, and count what was lost.

    python benchmarks/rolling.py                          # 200 requests a second, 5 rounds
    python benchmarks/rolling.py --rate 500 --rounds 10

nginx runs with deploy/nginx as it stands, over TLS; every answer is compared with the offline answer.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import onoma
from serving import sentences

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from deploy_proxy import free_port, proxying
from deploy_rolling import Fleet, asked_all_the_while


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="en-gmb")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--rounds", type=int, default=5, help="how often both are restarted")
    options = parser.parse_args()
    ports = (free_port(), free_port())
    fleet = Fleet(ports, ["--no-cache"], options.model)
    with (
        tempfile.TemporaryDirectory() as folder,
        fleet.running(),
        proxying(Path(folder), ports) as proxy,
        asked_all_the_while(proxy, sentences(), onoma.load(options.model), options.rate) as asked,
    ):
        began = time.perf_counter()
        for _ in range(options.rounds):
            fleet.restart_in_turn()
        seconds = time.perf_counter() - began
    slowest = max(seconds for _, seconds in fleet.ends)
    print(f"{sum(asked.outcomes.values()):,} requests in {seconds:.0f} s: {dict(asked.outcomes)}")
    print(f"{len(asked.wrong)} wrong; {1000 * max(asked.seconds):.0f} ms the slowest")
    codes = sorted({code for code, _ in fleet.ends})
    print(f"{len(fleet.ends)} restarts, which ended with {codes} in {slowest:.1f} s at most")


if __name__ == "__main__":
    main()
