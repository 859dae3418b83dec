"""Work that takes long with a large answer: done in a thread then, so that the event loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from onoma.serving.asking import Answer

__all__ = ["aside", "is_large"]

Made = TypeVar("Made")

_ENTITIES = 1000
"""With more the loop would stand still for milliseconds."""


def is_large(answer: Answer) -> bool:
    """Whether going through its entities takes long.

    >>> is_large(Answer([], "small", "1", ()))
    False
    """
    return sum([len(document.entities) for document in answer.documents]) > _ENTITIES


async def aside(answer: Answer, work: Callable[[], Made]) -> Made:
    """What ``work`` makes of the answer: here, or in a thread where that is large.

    >>> asyncio.run(aside(Answer([], "small", "1", ()), lambda: 3))
    3
    """
    return await asyncio.to_thread(work) if is_large(answer) else work()
