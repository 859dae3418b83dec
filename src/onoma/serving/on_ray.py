"""The service on Ray Serve: replicas of the whole app behind Ray's proxy, here or on a cluster.

Each replica is what `onoma serve` is without Ray, and makes itself where it runs; Ray starts, watches,
replaces and scales them. Ray pickles what goes between its own processes, so nobody else may reach them: the
Ray that is started here listens on loopback alone, and asks for a token.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, NamedTuple

from onoma.errors import MissingExtraError, OnomaError, RefusedError
from onoma.serving.config import Config, RaySpec, Scale
from onoma.serving.running import Place
from onoma.serving.types import App, Message, Receive, Scope, Send

__all__ = ["Deployed", "Deployment", "autoscaling", "keep_deployed"]

APP = "onoma"
_ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # Ray's name for: this node is 127.0.0.1, and bound to it
    "RAY_AUTH_MODE": "token",
}
_READY = 60  # seconds its proxy may take to begin; Ray's own 5, three times, are too few where cores are busy

logger = logging.getLogger("onoma.serving")


class Deployment(NamedTuple):
    """What Ray is to run: ``make`` makes the app in a replica, which has ``environment`` besides."""

    spec: RaySpec
    make: Callable[[], Awaitable[App]]
    environment: Mapping[str, str] = {}


class Deployed:
    """Reads a serving file that came along with a deployment: once, as a replica knows of no later one."""

    def __init__(self, config: Config) -> None:
        self._config: Config | None = config

    def __call__(self) -> Config:
        """The file; raises `RefusedError` when asked again."""
        config, self._config = self._config, None
        if config is None:
            raise RefusedError("on Ray Serve a changed file is deployed by SIGHUP to `onoma serve`")
        return config


def keep_deployed(read: Callable[[], Deployment], place: Place, tell: Callable[[], None]) -> None:
    """Deploy what ``read`` gives, and at SIGHUP what it gives then, until SIGTERM or SIGINT.

    ``tell`` is called once it answers. A new version takes the place of the old one replica by replica, and
    what was begun is finished. Raises `MissingExtraError` without Ray Serve, and `OnomaError` where the
    service does not get going.
    """
    first, told = read(), SimpleQueue[int]()
    with _ray(first.spec), _signals(told):
        _start(first.spec, place)
        _deploy(first, place)
        tell()
        while told.get() == signal.SIGHUP:
            try:
                _deploy(read(), place)
                logger.info("the serving file was deployed again")
            except OnomaError as error:
                logger.error("the serving file was not taken: %s", error)
        from ray import serve

        serve.delete(APP)


@contextmanager
def _ray(spec: RaySpec) -> Iterator[None]:
    """Ray, connected to or begun. What is set in the environment has to be before Ray is imported."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if not spec.address:
        os.environ.update(_ALONE)
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", str(_READY))
    try:
        import ray
        import ray.serve
    except ImportError as error:
        raise MissingExtraError("--engine ray", "ray") from error
    # of one's own machine: replicas share its cores however many Ray is told of, and a new version needs room
    alone = {"address": "local", "num_cpus": 2 * spec.most * spec.cpus, "include_dashboard": False}
    try:
        ray.init(**({"address": spec.address} if spec.address else alone), logging_level=logging.WARNING)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise OnomaError(f"Ray cannot be had at {spec.address or 'this machine'}: {error}") from error
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _signals(told: SimpleQueue[int]) -> Iterator[None]:
    """Signals are put into ``told``; Ray has set its own before."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, lambda each, _: told.put(each)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(spec: RaySpec, place: Place) -> None:
    """Ray's proxies, on this machine or on all that have a replica."""
    from ray import serve

    tls = {name: value for name, value in place.settings.items() if name.startswith("ssl_")}
    serve.start(
        proxy_location="EveryNode" if spec.address else "HeadOnly",
        http_options={"host": place.host, "port": place.port, **tls},
        logging_config={"enable_access_log": False, "log_level": "WARNING"},
    )


def _deploy(deployment: Deployment, place: Place) -> None:
    from ray import serve

    spec, scaled = deployment.spec, isinstance(deployment.spec.replicas, Scale)
    made: Any = serve.deployment(
        serve.ingress()(_replica(not spec.address, place.settings.get("forwarded_allow_ips"))),
        name=APP,
        **{"autoscaling_config": autoscaling(spec.replicas)} if scaled else {"num_replicas": spec.replicas},
        ray_actor_options={"num_cpus": spec.cpus, "runtime_env": {"env_vars": dict(deployment.environment)}},
        max_ongoing_requests=spec.at_once,
        max_queued_requests=spec.queue,
        max_surge_percent=spec.surge,
        max_constructor_retry_count=1,
        graceful_shutdown_timeout_s=place.grace,
        graceful_shutdown_wait_loop_s=0.2,
        logging_config={"enable_access_log": False, "log_level": "WARNING"},
    )
    try:
        serve.run(made.bind(deployment.make), name=APP, route_prefix="/")
    except (RuntimeError, ValueError) as error:
        raise OnomaError(f"Ray Serve does not get the service going: {_why() or error}") from error


def _why() -> str:
    """What a replica said last before it was given up."""
    from ray import serve

    deployments = serve.status().applications[APP].deployments.values()
    found = re.findall(r"onoma\.errors\.\w+: (.+)", "\n".join(each.message for each in deployments))
    return str(found[-1]) if found else ""


def autoscaling(replicas: int | Scale) -> dict[str, float]:
    """What Ray Serve is told of a scale.

    >>> autoscaling(Scale(least=1, most=4))["target_ongoing_requests"]
    16.0
    """
    scale = replicas if isinstance(replicas, Scale) else Scale(least=replicas, most=replicas)
    return {
        "min_replicas": scale.least,
        "max_replicas": scale.most,
        "target_ongoing_requests": scale.busy,
        "upscale_delay_s": scale.up,
        "downscale_delay_s": scale.down,
        "look_back_period_s": max(scale.up, 2.0),
    }


def _replica(alone: bool, proxies: str | None) -> type:
    """The class that Ray makes a replica of; made here, so that a replica gets it whole."""

    class Onoma:
        def __init__(self, make: Callable[[], Awaitable[App]]) -> None:
            self._make = make

        async def __serve_build_asgi_app__(self) -> App:
            if alone:
                _stay_on_loopback()
            return _behind_ray(await self._make(), proxies)

    return Onoma


def _behind_ray(app: App, proxies: str | None) -> App:
    """``app``, to which Ray's proxy has given what uvicorn would have."""
    named: Any = _NamedByRay(app)
    if not proxies:
        return named  # type: ignore[no-any-return]
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    return ProxyHeadersMiddleware(named, proxies)  # type: ignore[return-value]


def _stay_on_loopback() -> None:
    """A replica's door for Ray's proxies is bound to every address, and Ray has no setting for that."""
    from ray.serve._private import replica

    inner: Any = replica
    bind = inner.add_port_to_grpc_server
    inner.add_port_to_grpc_server = lambda server, address: bind(server, address.replace("[::]", "127.0.0.1"))


class _NamedByRay:
    """Ray's proxy names each request, and tells the name to the client; once is enough."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def once(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [each for each in message["headers"] if each[0] != b"x-request-id"]
            await send(message)

        await self._app(scope, receive, once)
