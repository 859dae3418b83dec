"""``onoma cascade``: a cheap tagger before a costly one, with a threshold fitted to a budget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.annotators import MODEL_HELP
from onoma.cli.endings import EXIT_CODES
from onoma.cli.reporting import HtmlTarget, JsonTarget

if TYPE_CHECKING:
    from onoma.evaluation.examine import Candidate
    from onoma.runtime.cascade import CascadePolicy
    from onoma.runtime.cascade_fit import Budget, Fit
    from onoma.text import Document

__all__ = ["app"]

app = typer.Typer(
    help=(
        "Let a cheap tagger answer, and a costly one where it is unsure.\n\n"
        "Try: onoma cascade fit en-gmb runs/large corpus/ --budget share=0.2 --out cascade.json"
    ),
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


@app.callback()
def _root() -> None:
    """Keep ``fit`` a name of its own, where typer would drop the only one."""


@app.command(epilog=EXIT_CODES)
def fit(
    cheap: Annotated[str, typer.Argument(help=f"The tagger that answers first. {MODEL_HELP}")],
    costly: Annotated[str, typer.Argument(help="The tagger that is asked where the first is unsure.")],
    corpus: Annotated[str, typer.Argument(help="A corpus file, or a folder made by onoma split.")],
    budget: Annotated[
        str,
        typer.Option(
            metavar="KIND=LIMIT",
            help="share=0.2: a fifth of the sentences may go on; ms=1.5: milliseconds a sentence; "
            "f1=0.5: no more than half a point of F1 below the costly tagger.",
            show_default=False,
        ),
    ],
    split: Annotated[str, typer.Option(help="Which part of a folder: train, dev or test.")] = "dev",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the policy, a small JSON file.")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use; the default is all.")] = None,
    json: JsonTarget = None,
    html: HtmlTarget = None,
) -> None:
    """Fit the threshold below which a sentence goes on, to a budget of time or of F1.

    Both taggers read the corpus once. Shown are the chosen point, the frontier, and the regret against an
    oracle that knows which sentences gain. The policy names a tagger for every command: cascade:FILE.

    Examples:

        onoma cascade fit en-gmb runs/large corpus/ --budget share=0.2 --out cascade.json

        onoma cascade fit runs/small runs/large corpus/dev.conll --budget f1=0.5 --html frontier.html

        onoma evaluate cascade:cascade.json corpus/
    """
    from onoma.cli.annotators import Settings, load_candidate
    from onoma.cli.progress import progress_bar
    from onoma.corpus import read_split
    from onoma.errors import InputError
    from onoma.runtime.cascade_fit import fit_threshold, parse_budget, try_both

    wanted = parse_budget(budget)
    first, second = (load_candidate(name, Settings(threads=threads)) for name in (cheap, costly))
    if first.whole or second.whole:
        raise InputError("predictions in a file take no time; name two taggers that can run")
    gold = read_split(corpus, split)
    documents: list[Document] = [document for document in gold if document.tokens]
    with progress_bar("both taggers", 2 * len(documents)) as (bar, task):
        trial = try_both(
            first.annotate, second.annotate, documents, progress=lambda done: bar.update(task, advance=done)
        )
    found = fit_threshold(trial, wanted)
    policy = _policy(found, wanted, (cheap, costly), (first, second), gold.fingerprint)
    _hand_over(found, policy, f"{Path(corpus).name}, {split}", out, json, html)


def _policy(
    found: Fit, budget: Budget, names: tuple[str, str], taggers: tuple[Candidate, Candidate], fingerprint: str
) -> CascadePolicy:
    from onoma.runtime.cascade import CascadePolicy

    first, second = (str(getattr(each.annotate, "version", "")) for each in taggers)
    return CascadePolicy(
        threshold=found.chosen.threshold,
        cheap=names[0],
        costly=names[1],
        versions=(first, second),
        budget=f"{budget.kind}={budget.limit:g}",
        fingerprint=fingerprint,
        expected=found.chosen.to_dict(),
    )


def _hand_over(
    found: Fit, policy: CascadePolicy, corpus: str, out: Path | None, json: str | None, html: Path | None
) -> None:
    """Write what was asked for; print tables, unless standard output is for JSON."""
    from rich.console import Console

    from onoma.cli.reporting import write_json, write_text
    from onoma.evaluation.sheets import in_terminal
    from onoma.runtime.cascade import write_policy
    from onoma.runtime.cascade_page import sheets, web_page

    if out:
        write_policy(policy, out)
    if html:
        write_text(web_page(found, policy.cheap, policy.costly, corpus), html)
    if json:
        write_json(policy.model_dump(mode="json") | found.to_dict(), json)
    if json != "-":
        Console().print(in_terminal(sheets(found)))
