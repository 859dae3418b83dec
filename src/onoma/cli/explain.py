"""``onoma explain``: which words made an entity what it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onoma.cli.annotators import MODEL_HELP, Provider, Settings, load_candidate
from onoma.cli.reporting import HtmlTarget, JsonTarget, write_json, write_text
from onoma.errors import InputError, MissingExtraError, nearest

if TYPE_CHECKING:
    from onoma.evaluation.examine import Candidate
    from onoma.runtime.explain import Explanation, Hiding
    from onoma.text import Document, Entity

__all__ = ["explain"]


def explain(
    text: Annotated[str, typer.Argument(help="The text.", show_default=False)],
    model: Annotated[str, typer.Option("--model", "-m", help=MODEL_HELP)] = "en-gmb",
    entity: Annotated[
        int, typer.Option("--entity", "-e", min=0, help="Which of the entities found, counted from 0.")
    ] = 0,
    span: Annotated[
        str | None,
        typer.Option(
            metavar="START:END:LABEL", help="Ask about this span of characters instead, found or not."
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="One or more, with commas between, or all: see below.")
    ] = "occlusion",
    provider: Provider = "cpu",
    json: JsonTarget = None,
    html: HtmlTarget = None,
) -> None:
    """Say which words made an entity what it is.

    occlusion hides each word in turn behind an unknown one, removal takes it out: any tagger can be asked
    so. gradient, integrated (integrated gradients), attention (of the last layer) and rollout (through all
    layers) look into the network: they need the run of training beside the bundle (its folder training) and
    the packages of training. Attention is not an explanation by itself.

    Examples:

        onoma explain "Paris Hilton stayed at the Hilton in Paris."

        onoma explain "She met Lincoln." --span 8:15:geo --method occlusion,removal

        onoma explain "She met Lincoln." --model out/minilm --method all --html out/why.html
    """
    methods = _chosen(method)
    candidate = load_candidate(model, Settings(provider=provider, articles=False))
    document, asked = _asked(candidate, text, entity, span)
    found = _found(candidate, document, asked, methods, strict=method != "all")
    _hand_over(found, document, candidate.facts.name, json, html)


def _found(
    candidate: Candidate, document: Document, entity: Entity, methods: list[str], *, strict: bool
) -> list[Explanation]:
    """The explanations; where all that can be are wanted, a method that cannot is passed over, and told."""
    found = []
    for name in methods:
        try:
            found.append(METHODS[name](candidate, document, entity))
        except (InputError, MissingExtraError) as error:
            if strict or name == "occlusion":  # what this cannot answer is no question
                raise
            typer.echo(f"onoma: not by {name}: {error}", err=True)
    return found


def _occlusion(candidate: Candidate, document: Document, entity: Entity, *, how: Hiding) -> Explanation:
    from onoma.runtime.explain import occlude

    return occlude(candidate.annotate, document, entity, how=how)


def _inside(candidate: Candidate, document: Document, entity: Entity, *, name: str) -> Explanation:
    """One of the methods that look into the network; ``name`` as it is called in `onoma.training.explain`."""
    from onoma.runtime import Tagger

    if not isinstance(candidate.annotate, Tagger):
        raise InputError(
            f"{name} looks into a bundle's network; {candidate.facts.name} can be asked by occlusion"
        )
    try:
        from onoma.training import explain as inside
    except ImportError as error:
        raise MissingExtraError(f"explaining by {name}", "explain") from error

    look: dict[str, Callable[[Tagger, Document, Entity], Explanation]] = {
        "gradient": inside.gradient,
        "integrated": inside.integrated,
        "attention": inside.attention,
        "rollout": partial(inside.attention, rollout=True),
    }
    return look[name](candidate.annotate, document, entity)


METHODS: dict[str, Callable[[Candidate, Document, Entity], Explanation]] = {
    "occlusion": partial(_occlusion, how="mask"),
    "removal": partial(_occlusion, how="remove"),
    **{name: partial(_inside, name=name) for name in ("gradient", "integrated", "attention", "rollout")},
}


def _chosen(methods: str) -> list[str]:
    """The methods that are asked for; raises `InputError` naming those there are."""
    names = list(METHODS) if methods == "all" else [name.strip() for name in methods.split(",")]
    for name in names:
        if name not in METHODS:
            raise InputError(f"there is no method {name!r}; {nearest(name, [*METHODS, 'all'])}")
    return names


def _asked(candidate: Candidate, text: str, number: int, span: str | None) -> tuple[Document, Entity]:
    """The text as the tagger reads it, and the entity in question."""
    from onoma.text import Document

    [document] = candidate.annotate([Document.from_text(text)])
    if span is not None:
        return document, _parsed(span, document)
    if not document.entities:
        raise InputError(
            "the tagger finds no entity in this text; ask about a span with --span START:END:LABEL"
        )
    if number >= len(document.entities):
        names = ", ".join(f"{i}: {document.surface(e)!r} {e.label}" for i, e in enumerate(document.entities))
        raise InputError(f"there is no entity {number}; found are {names}")
    return document, document.entities[number]


def _parsed(span: str, document: Document) -> Entity:
    from onoma.text import Entity

    start, _, rest = span.partition(":")
    end, _, label = rest.partition(":")
    if not (start.isdecimal() and end.isdecimal() and label):
        raise InputError(f"--span {span!r} is not of the form START:END:LABEL, such as 0:5:per")
    known = {(e.start, e.end, e.label): e for e in document.entities}
    return known.get((int(start), int(end), label), Entity(int(start), int(end), label, 0.0))


def _hand_over(
    found: list[Explanation], document: Document, tagger: str, json: str | None, html: Path | None
) -> None:
    if json:
        write_json({"text": document.text, "tagger": tagger, **_as_json(document, found)}, json)
    if html:
        from onoma.runtime.explain_page import web_page

        write_text(web_page(found, tagger), html)
    if json != "-":
        from rich.console import Console

        from onoma.runtime.explain_terminal import for_terminal
        from onoma.runtime.render import highlighted

        console = Console()
        console.print(highlighted(document, sorted({e.label for e in document.entities})), "")
        console.print(for_terminal(found))


def _as_json(document: Document, found: list[Explanation]) -> dict[str, Any]:
    entities = [
        {"start": e.start, "end": e.end, "label": e.label, "score": e.score, "text": document.surface(e)}
        for e in document.entities
    ]
    return {"entities": entities, "explanations": [each.to_dict() for each in found]}
