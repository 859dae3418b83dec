"""Traces for OpenTelemetry, where the extra ``trace`` is installed and an exporter is configured.

The SDK's own settings say where they go: ``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_SERVICE_NAME``, and so on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from onoma import __version__
from onoma.errors import MissingExtraError
from onoma.serving.asking import Answer, Ask, Router
from onoma.serving.types import App, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.trace import Tracer

    from onoma.serving.asking import TaggerState

__all__ = ["Traced", "TracedRouter", "tracer_of", "wanted"]


def wanted() -> bool:
    """Whether somebody has said where traces are to go."""
    return any(
        name in os.environ for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


def tracer_of(exporter: Any = None) -> Tracer:
    """A tracer that sends to ``exporter``, or to the OTLP endpoint of the environment.

    Raises `MissingExtraError` where OpenTelemetry is not installed.
    """
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
    except ImportError as error:
        raise MissingExtraError("tracing", "trace") from error
    named = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "onoma")})
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider.get_tracer("onoma", __version__)


class Traced:
    """Wraps an app: a span for each request, the child of the one that its ``traceparent`` names."""

    def __init__(self, app: App, tracer: Tracer) -> None:
        self._app, self._tracer = app, tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on within a span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        carried = {name: told[name] for name in ("traceparent", "tracestate") if name in told}
        with self._tracer.start_as_current_span(
            scope["method"], context=extract(carried), kind=SpanKind.SERVER, record_exception=False
        ) as span:

            async def watching(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            span.set_attribute("http.request.method", scope["method"])
            span.set_attribute("onoma.request", scope["state"].get("request", ""))
            await self._app(scope, receive, watching)
            span.update_name(f"{scope['method']} {scope.get('pattern', '')}".strip())


class TracedRouter:
    """A router with a span for each answer: which tagger, how many texts, how long; never a text."""

    def __init__(self, router: Router, tracer: Tracer) -> None:
        self.router, self._tracer = router, tracer

    async def annotate(self, ask: Ask) -> Answer:
        """The router's answer."""
        with self._tracer.start_as_current_span("annotate", record_exception=False) as span:
            answer = await self.router.annotate(ask)
            span.set_attribute("onoma.tagger", answer.tagger)
            span.set_attribute("onoma.version", answer.version)
            span.set_attribute("onoma.texts", len(answer.documents))
            span.set_attribute("onoma.cached", answer.cached)
            for phase, seconds in answer.timings.items():
                span.set_attribute(f"onoma.{phase}_ms", 1000 * seconds)
            return answer

    def states(self) -> Sequence[TaggerState]:
        """Those of the router."""
        return self.router.states()

    def faults(self) -> Sequence[str]:
        """Those of the router."""
        return self.router.faults()

    async def close(self) -> None:
        """Close the router."""
        await self.router.close()
