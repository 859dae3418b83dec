"""``onoma business``: hours, cost, errors left and savings, from a report card and what is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onoma.cli.reporting import JsonTarget

if TYPE_CHECKING:
    from onoma.evaluation.business import Business

__all__ = ["business"]

_Number = float | None


def business(
    card: Annotated[Path, typer.Argument(help="A report card: what onoma evaluate --json wrote.")],
    documents: Annotated[_Number, typer.Option(help="How many documents there are to annotate.")] = None,
    sentences_per_document: Annotated[_Number, typer.Option(help="Sentences in such a document.")] = None,
    entities_per_hour: Annotated[_Number, typer.Option(help="Entities one person annotates an hour.")] = None,
    hourly_cost: Annotated[_Number, typer.Option(help="Cost of an annotator's hour.")] = None,
    reviews_per_hour: Annotated[_Number, typer.Option(help="Suggestions one person reviews an hour.")] = None,
    reviewer_accuracy: Annotated[
        _Number, typer.Option(help="Share of suggestions, 0 to 1, judged rightly in review.")
    ] = None,
    threshold: Annotated[_Number, typer.Option(help="Review only what scores below this, 0 to 1.")] = None,
    machine_hourly_cost: Annotated[_Number, typer.Option(help="Cost of an hour of the machine.")] = None,
    currency: Annotated[str, typer.Option(help="What to write after money, such as EUR.")] = "",
    json: JsonTarget = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write Markdown.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page.")] = None,
) -> None:
    """Work out hours, cost, errors left and savings: by hand, with the tagger alone, with review of all its
    suggestions or of the unsure ones.

    Nothing is assumed: what depends on a figure that was not given is named and not computed. All formulae
    are shown with the numbers in them.

    Examples:

        onoma business card.json --documents 10000 --sentences-per-document 12 --entities-per-hour 250

        onoma business card.json --documents 500 --sentences-per-document 1 --entities-per-hour 250
        --hourly-cost 30 --reviews-per-hour 900 --reviewer-accuracy 0.98 --currency EUR --html business.html
    """
    from onoma.evaluation.business import work_out
    from onoma.evaluation.card import read_card

    content = read_card(card)
    options = {
        "documents": documents,
        "sentences_per_document": sentences_per_document,
        "entities_per_hour": entities_per_hour,
        "hourly_cost": hourly_cost,
        "reviews_per_hour": reviews_per_hour,
        "reviewer_accuracy": reviewer_accuracy,
        "threshold": threshold,
        "machine_hourly_cost": machine_hourly_cost,
    }
    found = work_out(content, {name: value for name, value in options.items() if value is not None})
    _hand_over(found, str(content.get("model") or "the tagger"), currency, json, markdown, html)


def _hand_over(
    found: Business, model: str, currency: str, json: str | None, markdown: Path | None, html: Path | None
) -> None:
    """Write what was asked for; print tables, unless standard output is for JSON."""
    from rich.console import Console

    from onoma.cli.reporting import write_json
    from onoma.evaluation import business_sheets
    from onoma.evaluation.sheets import in_terminal
    from onoma.files import whole_file

    if json:
        write_json({"model": model, "currency": currency or None} | found.to_dict(), json)
    for path, written in ((markdown, business_sheets.markdown), (html, business_sheets.web_page)):
        if path:
            text = written(found, model, currency)
            with whole_file(path) as file:
                file.write(text)
    if json != "-":
        Console().print(in_terminal(business_sheets.sheets(found, currency)))
