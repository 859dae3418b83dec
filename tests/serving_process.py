"""``onoma serve`` as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from serving_server import until

HERE = Path(__file__).parent


@contextmanager
def served(
    *options: str, model: str = "serving_taggers:Capitals", port: int = 0
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that is ready, and the address that it tells."""
    command = [sys.executable, "-m", "onoma", "serve", "--model", model, "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": str(HERE), "COLUMNS": "200"}
    with subprocess.Popen(
        [*command, *options], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://[\d.:]+", line)
            assert found, line
            until(lambda: ready(found[0]), 60)
            yield process, found[0]
        finally:
            process.kill()


def ready(url: str) -> bool:
    """Whether it takes requests; asked so that the asking itself costs little."""
    try:
        with urlopen(f"{url}/health/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
