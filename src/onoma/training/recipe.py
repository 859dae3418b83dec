"""A recipe: one YAML file that says everything about a training run.

It is validated whole before anything starts; an unknown key is answered with the nearest known one.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from onoma.corpus.label_map import label_map
from onoma.errors import InputError, RecipeError, nearest
from onoma.models import ARCHITECTURES, NetworkOptions
from onoma.training.augment import Augment

__all__ = [
    "CorpusSource",
    "Export",
    "Features",
    "Optimiser",
    "Recipe",
    "Training",
    "VectorSource",
    "as_mapping",
    "load_recipe",
    "without_places",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CorpusSource(_Part):
    """Where the labelled text is, and how to read it.

    Either ``path`` is a folder made by ``onoma split``, or ``train``, ``dev`` and ``test`` name files.
    """

    path: Path | None = None
    train: Path | None = None
    dev: Path | None = None
    test: Path | None = None
    format: str | None = None
    tag_column: int | str | None = None
    scheme: str | None = None
    policy: Literal["conlleval", "discard", "error"] = "conlleval"
    overlaps: Literal["outermost", "error"] = Field(
        "outermost",
        description="entities that overlap, of which tags hold one a token: keep the longest, or stop",
    )
    map: str | dict[str, str | None] | None = Field(
        None, description="new names of labels; a table, text as for --map, or a file"
    )
    name: str | None = Field(None, description="what the corpus is called on the card")
    licence: str | None = None
    attribution: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> CorpusSource:
        if (self.path is None) == (self.train is None):
            raise ValueError("give either corpus.path (a folder made by `onoma split`) or corpus.train")
        return self

    @field_validator("map")
    @classmethod
    def _is_a_map(cls, value: str | dict[str, str | None] | None) -> str | dict[str, str | None] | None:
        try:
            label_map(value)
        except InputError as error:
            raise ValueError(str(error)) from error
        return value

    def part(self, name: str) -> Path | None:
        """The file, or the folder, that holds the part called ``name``."""
        named: dict[str, Path | None] = {"train": self.train, "dev": self.dev, "test": self.test}
        return self.path if self.path is not None else named[name]


class VectorSource(_Part):
    """Static word vectors: a file made by ``onoma vectors``, or an encoder to distil them from."""

    file: Path | None = None
    encoder: str | None = Field(None, description="encoder folder, hub name or installed package")
    layer: Literal["embeddings", "last"] = "embeddings"
    dim: int = Field(128, ge=1)

    @model_validator(mode="after")
    def _one_way(self) -> VectorSource:
        if (self.file is None) == (self.encoder is None):
            raise ValueError("give either features.vectors.file or features.vectors.encoder")
        return self


class Features(_Part):
    """What is known of words; the widths of their parts are the network's (``network.lexical``)."""

    min_count: int = Field(1, ge=1, description="a word seen less often is unknown")
    vectors: VectorSource | None = None


class Optimiser(_Part):
    """How weights move."""

    name: Literal["adam", "adamw"] = "adamw"
    rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "linear", "cosine"] = "linear"
    warmup: float = Field(0.0, ge=0, lt=1, description="share of all steps with a rising rate")
    clip: float | None = Field(5.0, gt=0, description="largest norm of a gradient")
    accumulate: int = Field(1, ge=1, description="batches summed into one step")
    average: float = Field(0.0, ge=0, lt=1, description="decay of the moving average of weights; 0: none")
    head_rate: float | None = Field(None, gt=0, description="rate of all but the encoder, if another")
    layer_decay: float | None = Field(
        None, gt=0, le=1, description="an encoder's layer learns at so many times the rate of the one above"
    )


class Training(_Part):
    """How long, in what pieces, and when to stop."""

    epochs: int = Field(12, ge=1)
    batch_size: int = Field(32, ge=1)
    batch_by: Literal["sentences", "tokens"] = "sentences"
    max_length: int = Field(150, ge=8, description="longer sentences are trained on in windows; none is cut")
    word_dropout: float = Field(0.0, ge=0, lt=1, description="chance that a word is hidden in training")
    patience: int | None = Field(None, ge=1, description="stop after so many epochs without a better dev F1")
    mixed_precision: Literal["no", "fp16", "bf16"] = "no"
    checkpoint_every: int = Field(200, ge=1, description="steps between checkpoints")
    threads: int | None = Field(None, ge=1)
    freeze: Annotated[int, Field(ge=1)] | Literal["embeddings", "encoder"] | None = Field(
        None, description="what of the encoder does not learn: embeddings, its lowest layers too, or all"
    )
    unfreeze_every: int | None = Field(
        None, ge=1, description="epochs after which one more frozen layer learns, from the top"
    )
    gradient_checkpointing: bool = Field(False, description="less memory for a third more time")

    @model_validator(mode="after")
    def _something_frozen(self) -> Training:
        if self.unfreeze_every is not None and self.freeze is None:
            raise ValueError("training.unfreeze_every needs training.freeze, such as freeze: encoder")
        return self

    @field_validator("mixed_precision", mode="before")
    @classmethod
    def _no_is_a_word(cls, value: object) -> object:
        return "no" if value is False else value  # as YAML reads a bare no


class Export(_Part):
    """What becomes of the network once it is trained."""

    int8: Literal["auto", "off"] = Field(
        "off", description="auto: make it int8 if that passes the gate on dev (see onoma export); off: fp32"
    )

    @field_validator("int8", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: object) -> object:
        return "off" if value is False else value  # as YAML reads a bare off


class Recipe(_Part):
    """A whole training run."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    description: str = ""
    language: str = "en"
    limits: str = Field("", description="what the tagger should not be trusted with, for its card")
    corpus: CorpusSource
    scheme: Literal["iob2", "bioes"] = "bioes"
    features: Features = Features()
    network: Annotated[NetworkOptions, Field(discriminator="architecture")]
    optimiser: Optimiser = Optimiser()
    training: Training = Training()
    augment: Augment | None = Field(None, description="how training sentences are changed, epoch by epoch")
    export: Export = Export()
    seed: int = Field(42, ge=0, lt=2**63)
    output: Path | None = None


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read and validate a recipe; ``overrides`` are ``key.inner=value`` with YAML values.

    Raises `RecipeError` naming the file, the key, what was given and what is allowed.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecipeError(f"cannot read the recipe {path}: {error}") from error
    if not isinstance(content, dict):
        raise RecipeError(f"the recipe {path} must be a YAML mapping of keys to values")
    for override in overrides:
        _apply(content, override)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"the recipe {path} is not valid:\n" + "\n".join(_problems(error))) from error


def _apply(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override!r} is not of the form key.inner=value")
    *outer, last = key.strip().split(".")
    for name in outer:
        inner = content.get(name)
        if inner is None:
            inner = content[name] = {}
        if not isinstance(inner, dict):
            raise RecipeError(
                f"--set {override!r}: {name!r} holds a plain value, nothing can be set inside it"
            )
        content = inner
    try:
        content[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise RecipeError(f"--set {override!r}: the value is not YAML: {error}") from error


def _problems(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        where = [part for part in problem["loc"] if part not in ARCHITECTURES]
        key = ".".join(map(str, where)) or "recipe"
        if problem["type"] == "extra_forbidden":
            allowed = _keys_at(Recipe, where[:-1], error)
            yield f"  {key}: unknown key; {nearest(str(where[-1]), allowed)}"
        elif problem["type"] == "union_tag_invalid":
            given = str(problem.get("ctx", {}).get("tag", ""))
            yield f"  {key}.architecture: unknown {given!r}; {nearest(given, ARCHITECTURES)}"
        else:
            yield f"  {key}: {problem['msg']} (given: {_short(problem.get('input'))})"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _keys_at(model: type[BaseModel], where: Sequence[int | str], error: ValidationError) -> list[str]:
    """The keys allowed at ``where``: those of every model that may stand there."""
    models: list[type[BaseModel]] = [model]
    for part in where:
        fields = [m.model_fields[str(part)] for m in models if str(part) in m.model_fields]
        models = [inner for field in fields for inner in _models_in(field.annotation)]
    named = {
        architecture for e in error.errors() for architecture in e["loc"] if architecture in ARCHITECTURES
    }
    chosen = [ARCHITECTURES[str(name)].options for name in named]
    fitting = [m for m in models if m in chosen] or models
    return sorted({key for m in fitting for key in m.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return [model for inner in get_args(annotation) for model in _models_in(inner)]
    return []


def as_mapping(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain values, for YAML, JSON and tracking."""
    content: dict[str, Any] = recipe.model_dump(mode="json", exclude_none=True)
    return content


def without_places(recipe: Recipe) -> dict[str, Any]:
    """The same with each path cut to its last name: a bundle does not tell how its maker's disk is laid out.

    >>> given = {"name": "x", "corpus": {"path": "/data/gmb"}, "network": {"architecture": "pooled"}}
    >>> without_places(Recipe.model_validate(given))["corpus"]["path"]
    'gmb'
    """

    def cut(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {key: cut(inner, key) for key, inner in value.items()}
        place = isinstance(value, Path) or (key == "encoder" and value and Path(value).is_dir())
        return type(value)(Path(value).name) if place else value

    return as_mapping(Recipe.model_validate(cut(recipe.model_dump())))
