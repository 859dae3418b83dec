"""Services to set beside ours: FastAPI that returns a constant, and FastAPI with spaCy as most write it."""

from __future__ import annotations

import os
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel


class Text(BaseModel):
    """What is asked."""

    text: str


class Found(BaseModel):
    """A name."""

    start: int
    end: int
    label: str
    text: str


class Answer(BaseModel):
    """What is answered."""

    entities: list[Found]


def echo() -> FastAPI:
    app = FastAPI()

    @app.post("/v1/entities")
    async def entities(wanted: Text) -> dict[str, Any]:
        return {"entities": []}

    return app


def spacy_service() -> FastAPI:
    import spacy

    nlp, app = spacy.load(os.environ["SPACY"]), FastAPI()

    @app.post("/v1/entities")
    def entities(wanted: Text) -> Answer:
        doc = nlp(wanted.text)
        return Answer(
            entities=[
                Found(start=e.start_char, end=e.end_char, label=e.label_, text=e.text) for e in doc.ents
            ]
        )

    return app
