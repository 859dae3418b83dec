"""Figures for Prometheus: an `Observer` that counts, and gauges that tell how a router stands.

With ``PROMETHEUS_MULTIPROC_DIR`` set, the processes of a service count together (see prometheus_client).
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from onoma import __version__
from onoma.serving.aside import is_large
from onoma.serving.asking import Answer, Quiet, Seen
from onoma.serving.audit import Audit
from onoma.serving.fleet import Fleet
from onoma.serving.guarding import Exposures

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began is no use, and doubles them

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024)
_SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STATES = {"closed": 0, "half-open": 1, "open": 2}
_STATUSES = {"running": 0, "promoted": 1, "rolled back": 2}


class Metrics(Quiet):
    """Counts what it is told; `text` is what Prometheus reads.

    >>> metrics = Metrics()
    >>> metrics.seen(Seen("POST", "/v1/entities", 200, 0.003))
    >>> [line for line in metrics.text().splitlines() if line.startswith("onoma_requests_total")]
    ['onoma_requests_total{method="POST",path="/v1/entities",status="200"} 1.0']
    """

    def __init__(self) -> None:
        """A registry of its own, so that two services in one process do not mix."""
        self._registry = CollectorRegistry()
        counters, histograms = self._counters(), self._histograms()
        # what is counted often is looked up once for each set of labels
        self._counter: Callable[..., Any] = cache(lambda name, *labels: counters[name].labels(*labels))
        self._histogram: Callable[..., Any] = cache(lambda name, *labels: histograms[name].labels(*labels))
        self._gauges = self._made_gauges()
        self._gauges["build"].labels(__version__).set(1)

    def _counters(self) -> dict[str, Counter]:
        def made(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"onoma_{name}", told, labels, registry=self._registry)

        return {
            "requests": made("requests", "Requests answered", "method", "path", "status"),
            "errors": made("errors", "Requests that ended in an error, by its kind", "kind"),
            "routes": made("routes", "Answers by the route that was taken and the tagger", "route", "tagger"),
            "texts": made("texts", "Texts answered", "tagger"),
            "characters": made("characters", "Characters of texts answered", "tagger"),
            "entities": made("entities", "Entities found", "tagger", "label"),
            "cache": made(
                "cache", "Texts remembered, made, or shared with a request under way", "tagger", "outcome"
            ),
            "failovers": made("failovers", "Times another tagger took over", "tagger"),
        }

    def _histograms(self) -> dict[str, Histogram]:
        def made(name: str, told: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"onoma_{name}", told, labels, buckets=buckets, registry=self._registry)

        return {
            "request": made("request_seconds", "Time from a request's first byte", _SECONDS, "path"),
            "phase": made("phase_seconds", "Time of a request's phases", _SECONDS, "tagger", "phase"),
            "batch": made("batch_texts", "Texts in a call of a tagger", _TEXTS, "tagger"),
            "score": made("score", "Probabilities of entities", _SCORES, "tagger"),
        }

    def _made_gauges(self) -> dict[str, Gauge]:
        def made(name: str, told: str, *labels: str, mode: str = "livesum") -> Gauge:
            kind: Any = mode
            return Gauge(f"onoma_{name}", told, labels, registry=self._registry, multiprocess_mode=kind)

        trial = ("kind", "champion", "challenger")
        return {
            "build": made("build_info", "The version", "version", mode="livemax"),
            "queue": made("queue_texts", "Texts that wait for a tagger", "tagger"),
            "held": made("held_texts", "Texts that wait or are being read", "tagger"),
            "breaker": made("breaker_state", "0 closed, 1 half-open, 2 open", "tagger", mode="livemax"),
            "opened": made("breaker_opened", "Times the breaker opened", "tagger"),
            "p95": made("tagger_p95_seconds", "95th percentile of the last minute", "tagger", mode="livemax"),
            "restarts": made("worker_restarts", "Times workers were started again", "tagger"),
            "status": made("rollout_status", "0 running, 1 promoted, 2 rolled back", *trial, mode="livemax"),
            "compared": made("rollout_texts", "Texts that both sides read", *trial),
            "dropped": made("rollout_dropped", "Requests a trial had no time for", *trial),
            "agreement": made(
                "rollout_agreement", "Agreement and its bounds", *trial, "bound", mode="livemin"
            ),
            "label": made("rollout_label_agreement", "Mean agreement", *trial, "label", mode="livemin"),
            "exposures": made("experiment_users", "Users put before an arm", "experiment", "arm"),
            "audit_waiting": made("audit_waiting_lines", "Lines of the audit log not on the disk yet"),
            "audit_failing": made("audit_failing", "1 while the audit log cannot be written", mode="livemax"),
        }

    def seen(self, seen: Seen) -> None:
        """A request has been answered."""
        method = seen.method if seen.method in _METHODS else "other"
        self._counter("requests", method, seen.path, str(seen.status)).inc()
        self._histogram("request", seen.path).observe(seen.seconds)
        if seen.kind:
            self._counter("errors", seen.kind).inc()
        if seen.answer and is_large(seen.answer):
            asyncio.get_running_loop().run_in_executor(None, self._answered, seen.answer)
        elif seen.answer:
            self._answered(seen.answer)

    def sent_away(self, path: str, times: int, kind: str) -> None:
        """Requests were answered unread; how long that took says nothing."""
        self._counter("requests", "POST", path, "503").inc(times)
        self._counter("errors", kind).inc(times)

    def _answered(self, answer: Answer) -> None:
        tagger = answer.tagger
        self._counter("routes", answer.route[0] if answer.route else "", tagger).inc()
        self._counter("texts", tagger).inc(len(answer.documents))
        self._counter("characters", tagger).inc(sum([len(each.text) for each in answer.documents]))
        score = self._histogram("score", tagger)
        for document in answer.documents:
            for entity in document.entities:
                self._counter("entities", tagger, entity.label).inc()
                score.observe(entity.score)

    def phase(self, tagger: str, phase: str, seconds: float) -> None:
        """A phase of one request took so long."""
        self._histogram("phase", tagger, phase).observe(seconds)

    def batch(self, tagger: str, texts: int, waiting: int) -> None:
        """A call of a tagger begins."""
        self._histogram("batch", tagger).observe(texts)
        self._gauges["queue"].labels(tagger).set(waiting)

    def cache(self, tagger: str, hits: int, misses: int, shared: int) -> None:
        """So many texts were remembered, were not, or were under way already."""
        for outcome, count in (("hit", hits), ("miss", misses), ("shared", shared)):
            if count:
                self._counter("cache", tagger, outcome).inc(count)

    def failed_over(self, tagger: str) -> None:
        """A tagger failed, and another is asked."""
        self._counter("failovers", tagger).inc()

    def look_at(
        self, fleet: Fleet | None, now: float, audit: Audit | None = None, exposures: Exposures | None = None
    ) -> None:
        """Bring the gauges up to date; ``now`` is ``time.monotonic()``."""
        if fleet:
            self._look_at_members(fleet, now)
            for trial in fleet.rollout()["trials"]:
                self._look_at_trial(trial)
        if audit:
            self._gauges["audit_waiting"].set(audit.waiting)
            self._gauges["audit_failing"].set(bool(audit.failing))
        for experiment, arms in (exposures.counts if exposures else {}).items():
            for arm, users in arms.items():
                self._gauges["exposures"].labels(experiment, arm).set(users)

    def _look_at_members(self, fleet: Fleet, now: float) -> None:
        for name, member in fleet.members.items():
            p95 = member.latencies.p95(0, now)
            told: Mapping[str, float] = {
                "held": member.engine.held,
                "breaker": _STATES[member.breaker.state(now)],
                "opened": member.breaker.opened,
                "restarts": member.restarts,
                **({} if math.isnan(p95) else {"p95": p95}),
            }
            for gauge, value in told.items():
                self._gauges[gauge].labels(name).set(value)

    def _look_at_trial(self, trial: Mapping[str, Any]) -> None:
        pair = (trial["kind"], trial["champion"], trial["challenger"])
        figures = trial["figures"]
        self._gauges["status"].labels(*pair).set(_STATUSES[trial.get("status", "running")])
        self._gauges["compared"].labels(*pair).set(figures["texts"])
        self._gauges["dropped"].labels(*pair).set(trial["dropped"])
        for bound in ("low", "mean", "high"):
            if bound in figures["agreement"]:
                self._gauges["agreement"].labels(*pair, bound).set(figures["agreement"][bound])
        for label, told in figures["labels"].items():
            if "mean" in told:
                self._gauges["label"].labels(*pair, label).set(told["mean"])

    def text(self) -> str:
        """All figures, in Prometheus's text format; those of all processes where they count together."""
        registry = self._registry
        if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            _forget_the_dead(Path(folder))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry).decode()


def _forget_the_dead(folder: Path) -> None:
    """Gauges of processes that are gone tell of nothing any more; what they counted stays counted."""
    pids = {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*_*.db")}
    for pid in pids:
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            mark_process_dead(int(pid))  # type: ignore[no-untyped-call]
