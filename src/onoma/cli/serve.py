"""``onoma serve``: taggers behind HTTP."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from onoma.errors import InputError

if TYPE_CHECKING:
    from onoma.serving.app import Service
    from onoma.serving.asking import Observer, Router
    from onoma.serving.config import Config, GuardSpec
    from onoma.serving.engine import Engine
    from onoma.serving.on_ray import Deployment

__all__ = ["serve"]

SECRET = "ONOMA_CACHE_SECRET"
COUNTS = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True)
class Options:
    """What the command line says, as every process of the service gets it."""

    models: tuple[str, ...]
    host: str
    port: int
    threads: int
    calls: int
    caches: bool
    redis: str | None
    grace: float
    config: Path | Config | None
    keys: Path | None
    audit: Path | None
    json_log: bool
    log_requests: bool
    settings: Mapping[str, Any]


Keys = Annotated[
    Path | None,
    typer.Option(
        help="A file made by onoma keys; $ONOMA_KEYS or the user's own is taken where there is one.",
        dir_okay=False,
    ),
]
AuditFolder = Annotated[
    Path | None, typer.Option(help="Write down there who had what read; no text. See onoma audit.")
]
Certificate = Annotated[
    Path | None, typer.Option(help="Serve over TLS with this certificate (PEM).", dir_okay=False)
]
PrivateKey = Annotated[Path | None, typer.Option(help="The certificate's private key (PEM).", dir_okay=False)]
Proxies = Annotated[
    str | None,
    typer.Option(
        help="Addresses of proxies whose X-Forwarded-For and -Proto are believed: 10.0.0.7,10.1.0.0/16."
    ),
]
JsonLog = Annotated[bool, typer.Option("--log-json", help="Log JSON, a line an event; never texts or keys.")]
Runner = Annotated[
    Literal["uvicorn", "ray"],
    typer.Option(help="What runs it: processes of its own, or replicas on Ray Serve, here or on a cluster."),
]
LogRequests = Annotated[bool, typer.Option(help="Log every request, not only those that failed.")]


def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A tagger: a bundle's name or folder, cascade:FILE, spacy:NAME, module:function. May be "
            "repeated; the first answers what names none. Default: en-gmb.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="A serving file (YAML): taggers, routes, canary, shadow, guard.", dir_okay=False),
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that share the port.")] = 1,
    threads: Annotated[
        int, typer.Option(min=1, max=256, help="Cores one call of a tagger may use, in each process.")
    ] = 1,
    calls: Annotated[
        int, typer.Option(min=1, max=64, help="Calls of a tagger side by side, in each process.")
    ] = 1,
    cache: Annotated[bool, typer.Option(help="Remember answers in memory.")] = True,
    redis: Annotated[
        str | None,
        typer.Option(
            help="Remember answers in this Redis too (redis://…), for all who share the secret in "
            f"${SECRET}; it holds no text."
        ),
    ] = None,
    grace: Annotated[
        float, typer.Option(min=5, help="Seconds to finish what was begun, once told to end.")
    ] = 20.0,
    keys: Keys = None,
    audit: AuditFolder = None,
    tls_cert: Certificate = None,
    tls_key: PrivateKey = None,
    proxies: Proxies = None,
    json_log: JsonLog = False,
    log_requests: LogRequests = False,
    engine: Runner = "uvicorn",
) -> None:
    """Put taggers behind HTTP: requests are batched, answers remembered, errors are problem documents.

    SIGTERM ends it in good order: nothing new is taken on, what was begun
    is answered. SIGHUP reads the serving file again. Without keys it serves
    this machine only.

    Examples:

      onoma serve
      onoma serve --model out/my-run --port 9000 --workers 2
      onoma serve --config examples/serving.yaml
      onoma serve --config examples/serving.yaml --engine ray
      onoma serve --host 0.0.0.0 --keys keys.json --audit audit/ \\
        --tls-cert cert.pem --tls-key key.pem
      curl localhost:8000/v1/entities -H 'content-type: application/json' \\
        -d '{"text": "Ada Lovelace was born in London."}'
    """
    if model and config:
        raise InputError("--model and --config both name taggers; give one of them")
    names = tuple(model or ["en-gmb"])
    uvicorn = _tls(tls_cert, tls_key) | _trusted(proxies)
    running = (host, port, threads, calls, cache, redis, grace)
    options = Options(names, *running, config, keys, audit, json_log, log_requests, uvicorn)
    _checked(options)
    run = _run_on_ray if engine == "ray" else _run
    run(options, workers)


def _tls(certificate: Path | None, key: Path | None) -> dict[str, Any]:
    if not certificate and not key:
        return {}
    if not (certificate and key and certificate.is_file() and key.is_file()):
        raise InputError("--tls-cert and --tls-key go together, and each names a file that is there")
    return {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}


def _trusted(proxies: str | None) -> dict[str, Any]:
    return {"proxy_headers": True, "forwarded_allow_ips": proxies} if proxies else {}


def _checked(options: Options) -> None:
    from onoma.serving.running import check_host

    guard = _guard(options)
    check_host(options.host, keyed=bool(guard.keys or guard.tokens))
    if options.redis and not os.environ.get(SECRET):
        raise InputError(f"--redis needs a secret, so that nobody can look texts up: set ${SECRET}")


def _run(options: Options, workers: int) -> None:
    from onoma.serving.processes import keep_going
    from onoma.serving.running import Place, bound

    place = Place(options.host, options.port, options.grace)
    with bound(place, shared=workers > 1) as listener, _counting_together(workers):
        address, port = listener.getsockname()[:2]
        _tell(options, address, port)
        if workers == 1:
            _serve(options, listener)
        else:
            keep_going(_serve_shared, (options, port), workers, options.grace)


def _tell(options: Options, address: str, port: int) -> None:
    guard = _guard(options)
    print(
        f"onoma serves {options.config or ', '.join(options.models)} "
        f"at http{'s' * bool(options.settings.get('ssl_certfile'))}://{address}:{port} "
        + (f"(keys: {guard.keys})" if guard.keys else "(tokens)" * bool(guard.tokens))
        + "(no keys are configured: this machine only)" * (not (guard.keys or guard.tokens)),
        file=sys.stderr,
        flush=True,
    )


def _serve_shared(options: Options, port: int) -> None:
    """In a process of its own, with a socket of its own at the same port."""
    from onoma.cli.endings import clear_endings
    from onoma.serving.running import Place, bound

    try:
        with clear_endings(), bound(Place(options.host, port), shared=True) as listener:
            _serve(options, listener)
    except typer.Exit as ending:
        sys.exit(ending.exit_code)


@contextmanager
def _counting_together(workers: int) -> Iterator[None]:
    """Let the processes of a service count in files that each of them can read."""
    if workers == 1 or COUNTS in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="onoma-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[COUNTS] = folder
        yield


def _serve(options: Options, listener: socket.socket) -> None:
    from onoma.serving.logs import log_as_json
    from onoma.serving.running import Place, leave, run

    if options.json_log:
        log_as_json()
    place = Place(options.host, options.port, options.grace, options.settings)
    run(partial(_service, options), place, listener)
    leave()


def _run_on_ray(options: Options, workers: int) -> None:
    """``workers`` replicas, unless the serving file says how many."""
    from onoma.serving.on_ray import keep_deployed
    from onoma.serving.running import Place, bound

    with bound(Place(options.host, options.port)) as free:
        address, port = free.getsockname()[:2]  # Ray's proxy is to listen there
    place = Place(options.host, port, options.grace, options.settings)
    with tempfile.TemporaryDirectory(prefix="onoma-metrics-", ignore_cleanup_errors=True) as counts:
        read = partial(_deployment, options, workers, counts)
        keep_deployed(read, place, partial(_tell, options, address, port))


def _deployment(options: Options, workers: int, counts: str) -> Deployment:
    """The serving file as it is now goes along, so that every replica has the same."""
    from onoma.serving.config import RaySpec, read_config
    from onoma.serving.on_ray import Deployment

    config = read_config(options.config) if isinstance(options.config, Path) else None
    spec = (config and config.ray) or RaySpec(replicas=workers)
    return Deployment(spec, partial(_replica, replace(options, config=config)), {COUNTS: counts})


async def _replica(options: Options) -> Service:
    from onoma.serving.logs import log_as_json

    Path(os.environ[COUNTS]).mkdir(parents=True, exist_ok=True)  # on another machine it is not there yet
    if options.json_log:
        log_as_json()
    return await _service(options)


def _guard(options: Options) -> GuardSpec:
    """What guards: as the serving file says, and the command line where it says more."""
    from onoma.serving.audit import AuditRules
    from onoma.serving.config import GuardSpec, read_config
    from onoma.serving.keys import default_path

    config = read_config(options.config) if isinstance(options.config, Path) else options.config
    guard = config.guard if config else GuardSpec()
    usual = default_path() if default_path().is_file() else None
    keys = options.keys or guard.keys or usual
    if keys and not keys.is_file():
        raise InputError(f"there are no keys in {keys}; make one: onoma keys add NAME --file {keys}")
    audit = AuditRules(options.audit) if options.audit else guard.audit
    return guard.model_copy(update={"keys": keys, "audit": audit})


async def _service(options: Options) -> Service:
    """The service, with its taggers loaded and warm."""
    from onoma.runtime.redis_store import RedisStore
    from onoma.serving.config import read_config
    from onoma.serving.engine import Engine
    from onoma.serving.on_ray import Deployed
    from onoma.serving.whole import service_of, service_of_file

    store = RedisStore(options.redis, secret=os.environ[SECRET]) if options.redis else None
    make = partial(Engine, calls=options.calls, shared=store)
    guard, logs_all = _guard(options), options.log_requests
    if options.config:
        config = options.config
        read = partial(read_config, config) if isinstance(config, Path) else Deployed(config)
        return await service_of_file(read, guard=guard, make=make, logs_all=logs_all)
    return await service_of(partial(_router, options, make), guard, logs_all=logs_all)


async def _router(options: Options, make: Callable[..., Engine], observer: Observer) -> Router:
    from onoma.serving.single import SingleRouter
    from onoma.serving.taggers import load_tagger

    engines = [
        make(load_tagger(name, options.threads), caches=options.caches, observer=observer)
        for name in options.models
    ]
    for engine in engines:
        await engine.warm()
    return SingleRouter(*engines)
