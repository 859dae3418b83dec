"""What runs in a process of its own: one tagger at the other end of a socket.

Started by `onoma.serving.workers` as ``python -m onoma.serving.worker FD MODEL THREADS NICE``.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import Any

from onoma.runtime.foreign import check_same
from onoma.serving.frames import answered, failed, questions, receive, send
from onoma.serving.taggers import accuracy_of, load_tagger

__all__ = ["PING", "PONG", "main"]

PING, PONG = b"ping", b"pong"


def main(arguments: list[str]) -> None:
    """Load the tagger, say who it is, and answer until the service goes away."""
    fd, model, threads, nice = arguments
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # the service decides when its workers end
    if int(nice):
        os.nice(int(nice))
    with socket.socket(fileno=int(fd)) as link:
        try:
            tagger = load_tagger(model, int(threads) or None)
        except Exception as error:
            send(link, failed(error))
            return
        send(link, json.dumps(_facts(tagger)).encode())
        _serve(link, tagger)


def _facts(tagger: Any) -> dict[str, Any]:
    return {
        "name": str(getattr(tagger, "name", "tagger")),
        "version": str(getattr(tagger, "version", "")),
        "accuracy": accuracy_of(tagger),
        "labels": list(getattr(tagger, "labels", None) or ()),
    }


def _serve(link: socket.socket, tagger: Any) -> None:
    while True:
        try:
            content = receive(link)
            send(link, PONG if content == PING else _reply(tagger, content))
        except (EOFError, OSError):
            return


def _reply(tagger: Any, content: bytes) -> bytes:
    try:
        documents = questions(content)
        found = list(tagger(documents))
        check_same("the tagger", documents, found)
        return answered(documents, found)
    except Exception as error:
        return failed(error)


if __name__ == "__main__":
    main(sys.argv[1:])
