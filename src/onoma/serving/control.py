"""Routes for those who run a service: metrics, how trials stand, decisions about them, reloading."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from onoma.errors import NotFoundError, RefusedError
from onoma.serving.audit import Audit
from onoma.serving.callers import CALLER
from onoma.serving.fleet import Fleet
from onoma.serving.guarding import Exposures
from onoma.serving.metrics import CONTENT_TYPE, Metrics
from onoma.serving.openapi import problems
from onoma.serving.reloading import Reloading

__all__ = ["Parts", "control_routes"]


@dataclass
class Parts:
    """What of a service those who run it may look at; None where it has no such part."""

    metrics: Metrics
    reloading: Reloading | None = None
    audit: Audit | None = None
    exposures: Exposures | None = None

    @property
    def fleet(self) -> Fleet | None:
        """The fleet there is now."""
        return self.reloading.fleet if self.reloading else None

    def look(self) -> None:
        """Bring the gauges up to date, and learn what other processes have decided."""
        if self.fleet and self.fleet.canary:
            self.fleet.canary.refresh()
        self.metrics.look_at(self.fleet, time.monotonic(), self.audit, self.exposures)


class Decision(BaseModel):
    """What is to become of a canary, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"decision": "roll back", "why": "complaints"}}
    )

    decision: Literal["promote", "roll back"]
    why: str = Field("", max_length=500)


class Rollout(BaseModel):
    """The trials under way, the routes, and how often another tagger took over."""

    trials: list[dict[str, Any]]
    routes: list[dict[str, Any]]
    failovers: int
    experiments: dict[str, dict[str, int]]


class Reloaded(BaseModel):
    """How often the serving file was read again."""

    reloads: int


class _Figures(Response):
    """Prometheus's text format."""

    media_type = CONTENT_TYPE.decode()


def control_routes(parts: Parts) -> APIRouter:
    """The routes; what each needs stands in `onoma.serving.access`."""
    router = APIRouter(tags=["control"])

    @router.get("/metrics", summary="Figures in Prometheus's text format", response_class=_Figures)
    async def metrics() -> Response:
        parts.look()
        return _Figures(parts.metrics.text())

    @router.get("/v1/rollout", summary="How canaries, shadows and experiments stand")
    async def rollout() -> Rollout:
        return _rollout(parts)

    @router.post(
        "/v1/rollout", summary="Promote a canary or roll it back", responses=problems(400, 404, 422, 500)
    )
    async def decide(decision: Decision) -> Rollout:
        canary = parts.fleet.canary if parts.fleet else None
        if canary is None:
            raise NotFoundError("there is no canary; the serving file describes one")
        by = CALLER.get().name or "somebody on this machine"
        canary.decide(decision.decision, [f"{by} says so", *filter(None, [decision.why])])
        return _rollout(parts)

    @router.post("/admin/reload", summary="Read the serving file again", responses=problems(400, 409, 500))
    async def reload() -> Reloaded:
        if parts.reloading is None:
            raise RefusedError(
                "this service was started without a serving file; there is nothing to read again"
            )
        await parts.reloading.reload()
        return Reloaded(reloads=parts.reloading.reloads)

    return router


def _rollout(parts: Parts) -> Rollout:
    told = parts.fleet.rollout() if parts.fleet else {"trials": [], "routes": [], "failovers": 0}
    return Rollout(**told, experiments=parts.exposures.counts if parts.exposures else {})
