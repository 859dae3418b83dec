"""The serving file: which taggers there are, who is sent to which, what is tried out, and who guards it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from onoma.errors import InputError, nearest
from onoma.serving.audit import AuditRules
from onoma.serving.breaker import BreakerPolicy
from onoma.serving.comparison import Rules
from onoma.serving.patterns import pattern_of
from onoma.serving.rate import RateRules
from onoma.serving.routing import Route
from onoma.serving.tokens import TokenRules
from onoma.serving.workers import Patience

__all__ = [
    "CanarySpec",
    "Config",
    "GuardSpec",
    "RaySpec",
    "RouteSpec",
    "Scale",
    "ShadowSpec",
    "TaggerSpec",
    "config_of",
    "read_config",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TaggerSpec(_Part):
    """One tagger: ``model`` as `onoma.serving.taggers.load_tagger` takes it, and how it is run.

    ``place`` is a thread of the service, or a process of its own for each of ``replicas``; a process yields
    to others by ``nice``. ``accuracy`` is F1 from 0 to 1, where the bundle does not tell it or tells another.
    """

    model: str
    place: Literal["thread", "process"] = "thread"
    replicas: int = Field(1, ge=1, le=64)
    threads: int | None = Field(None, ge=1)
    accuracy: float | None = Field(None, ge=0, le=1)
    nice: int = Field(0, ge=0, le=19)
    caches: bool = True
    patience: Patience = Patience()
    breaker: BreakerPolicy = BreakerPolicy()


class RouteSpec(_Part):
    """``when``: see `pattern_of`. ``to``: a tagger, several to choose among by priority, or weights.

    ``experiment`` names an A/B test between the taggers of ``to``.
    """

    name: str = ""
    when: dict[str, Any] = Field(default_factory=dict)
    to: str | list[str] | dict[str, float]
    fallback: list[str] | None = None
    experiment: str = ""
    doubling: float = Field(0.01, ge=0)

    @field_validator("to")
    @classmethod
    def _somebody(cls, to: str | list[str] | dict[str, float]) -> str | list[str] | dict[str, float]:
        weights = [to] if isinstance(to, str) else to
        if not weights:
            raise ValueError("name at least one tagger")
        if isinstance(to, dict) and (min(to.values()) < 0 or not sum(to.values()) > 0):
            raise ValueError("weights are 0 or more, and one is above 0")
        return to

    @property
    def route(self) -> Route:
        """The route that it describes."""
        pattern, to = pattern_of(self.when), self.to
        weights = {to: 1.0} if isinstance(to, str) else to if isinstance(to, dict) else dict.fromkeys(to, 1.0)
        fallback = None if self.fallback is None else tuple(self.fallback)
        named = self.name or str(pattern)
        return Route(named, pattern, weights, isinstance(to, list), fallback, self.experiment, self.doubling)


class ShadowSpec(_Part):
    """``challenger`` reads a ``share`` of what ``champion`` answers, and nobody sees what it says.

    At most ``queue`` texts wait for it; what comes while so many do is dropped and counted.
    """

    champion: str
    challenger: str
    share: float = Field(1.0, gt=0, le=1)
    queue: int = Field(64, ge=1)
    rules: Rules = Rules()


class CanarySpec(ShadowSpec):
    """``challenger`` answers a ``share`` of what ``champion`` would, until the rules promote it or roll back.

    ``state`` is a file in which the decision outlives the service.
    """

    share: float = Field(0.05, gt=0, lt=1)
    state: Path | None = None


class GuardSpec(_Part):
    """Who may ask, how much, and what is written down; see the parts.

    ``keys`` is the file of ``onoma keys``, ``open`` are paths for which nobody has to show one, as
    ``/metrics`` in a closed net. ``exposures`` is where A/B tests write down who saw what.
    """

    keys: Path | None = None
    tokens: TokenRules | None = None
    rate: RateRules = RateRules()
    audit: AuditRules | None = None
    exposures: AuditRules | None = None
    open: list[str] = Field(default_factory=list)


class Scale(_Part):
    """From ``least`` to ``most`` replicas, so that each has about ``busy`` requests under way.

    More are begun after ``up`` seconds in which that asks for them, some ended after ``down`` seconds.
    """

    least: int = Field(1, ge=1)
    most: int = Field(ge=1)
    busy: float = Field(16.0, gt=0)
    up: float = Field(10.0, ge=0)
    down: float = Field(300.0, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"from {self.least} to {self.most} replicas is no range")
        return self


class RaySpec(_Part):
    """How the service runs on Ray Serve: so many ``replicas`` of it, each with ``cpus`` of Ray's to itself.

    ``address`` is that of a cluster; without one Ray runs on this machine alone, and ends with the service.
    A replica gets ``at_once`` requests at most, ``queue`` wait before all of them, and what comes then is
    refused. While a new version takes the place of the old, ``surge`` percent more replicas may run.
    """

    address: str = ""
    replicas: Annotated[int, Field(ge=1)] | Scale = 1
    cpus: float = Field(1.0, gt=0)
    at_once: int = Field(256, ge=1)
    queue: int = Field(1024, ge=1)
    surge: int = Field(25, ge=0, le=100)

    @property
    def most(self) -> int:
        """How many replicas there may be."""
        return self.replicas.most if isinstance(self.replicas, Scale) else self.replicas


class Config(_Part):
    """A whole serving file.

    >>> config = config_of({"taggers": {"small": {"model": "en-gmb"}}})
    >>> [str(route.pattern) for route in config.plan]
    ['anything']
    >>> config_of({"taggers": {"small": {"modle": "en-gmb"}}})
    Traceback (most recent call last):
      ...
    onoma.errors.InputError: the serving file cannot be used:
      taggers.small.model: Field required
      taggers.small.modle: unknown key; did you mean 'model'? Allowed: accuracy, breaker, caches, model, \
nice, patience, place, replicas, threads
    """

    taggers: dict[str, TaggerSpec] = Field(min_length=1)
    routes: list[RouteSpec] = Field(default_factory=list)
    canary: CanarySpec | None = None
    shadow: ShadowSpec | None = None
    guard: GuardSpec = GuardSpec()
    ray: RaySpec | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for place, name in self._named():
            if name not in self.taggers:
                raise ValueError(f"{place} names the tagger {name!r}; {nearest(name, self.taggers)}")
        for trial in filter(None, (self.canary, self.shadow)):
            if trial.champion == trial.challenger:
                raise ValueError(f"{trial.champion} cannot be champion and challenger at once")
        return self

    @field_validator("routes")
    @classmethod
    def _no_two_alike(cls, routes: list[RouteSpec]) -> list[RouteSpec]:
        made = [spec.route for spec in routes]
        for number, route in enumerate(made):
            for other in made[:number]:
                if route.pattern == other.pattern:
                    raise ValueError(f"two routes fit the same: {route.pattern}")
                if route.name == other.name:
                    raise ValueError(f"two routes are called {route.name}")
        return routes

    def _named(self) -> Iterator[tuple[str, str]]:
        for number, spec in enumerate(self.routes):
            for name in [*spec.route.to, *(spec.fallback or ())]:
                yield f"routes.{number}", name
        for place, trial in (("canary", self.canary), ("shadow", self.shadow)):
            if trial:
                yield from ((place, trial.champion), (place, trial.challenger))

    @property
    def plan(self) -> tuple[Route, ...]:
        """The routes, the most specific first; the last fits everything.

        Where the file has none that does, all taggers that are not on trial are chosen among by priority.
        """
        routes = sorted((spec.route for spec in self.routes), key=lambda route: route.pattern.rank)
        if routes and not routes[-1].pattern.conditions:
            return tuple(routes)
        trials = {trial.challenger for trial in (self.canary, self.shadow) if trial}
        open_to = [name for name in self.taggers if name not in trials] or list(self.taggers)
        return (*routes, Route("default", pattern_of({}), dict.fromkeys(open_to, 1.0), by_priority=True))


def read_config(path: str | Path) -> Config:
    """The serving file at ``path``, YAML. Raises `InputError` that names every key that is wrong."""
    import yaml

    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read as a serving file: {error}") from error
    return config_of(content, str(path))


def config_of(content: Any, name: str = "the serving file") -> Config:
    """The configuration that ``content``, as YAML gives it, describes. Raises `InputError` as above."""
    if not isinstance(content, Mapping):
        raise InputError(
            f"{name} cannot be used: it has to name its taggers, as in taggers: {{NAME: {{model: …}}}}"
        )
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise InputError("\n".join([f"{name} cannot be used:", *_problems(error)])) from error


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        where = list(problem["loc"])
        key = ".".join(map(str, where)) or "the whole"
        if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            yield f"  {key}: unknown key; {nearest(str(where[-1]), _keys_at(where[:-1]))}"
        else:
            yield f"  {key}: {problem['msg'].removeprefix('Value error, ')}"


def _keys_at(where: Sequence[int | str]) -> list[str]:
    """The keys allowed at ``where``: parts of the path that are no field are names or numbers of the user."""
    kind: Any = Config
    for part in where:
        found = _fields(kind).get(str(part))
        kind = _kind_in(found) or kind
    return sorted(_fields(kind))


def _fields(kind: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(kind):
        return {each.name: each.type for each in dataclasses.fields(kind)}
    return {name: each.annotation for name, each in kind.model_fields.items()}


def _kind_in(annotation: Any) -> Any:
    """The one part of a file that an annotation names, within lists, dicts and None."""
    if isinstance(annotation, type) and (
        dataclasses.is_dataclass(annotation) or issubclass(annotation, BaseModel)
    ):
        return annotation
    inner = (_kind_in(each) for each in getattr(annotation, "__args__", ()))
    return next((kind for kind in inner if kind is not None), None)
