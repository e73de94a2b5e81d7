"""What the commands show to people."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestion.types import Element, ParsedDocument

_QUOTE_CHARS = 300


def answer(body: dict[str, Any], console: Console) -> None:
    """Show an answer with its sources."""
    console.print(escape(body["answer"]))
    if body["degraded"]:
        console.print("[yellow]The language model did not answer; these are the documents' own words.[/yellow]")
    sources = body["citations"]
    if body["abstained"] and body["nearest"]:
        console.print("\nThe closest passages:")
        sources = body["nearest"]
    for citation in sources:
        console.print(f"\n[bold]\\[{citation['number']}] {_place(citation)}[/bold]")
        console.print(f"[dim]{escape(citation['uri'])}[/dim]")
        console.print(f"    “{escape(_short(citation['quote']))}”")
    console.print(f"\n[dim]good or not? attune feedback {body['interaction_id']} --up | --down[/dim]")


def replayed(body: dict[str, Any], console: Console) -> None:
    """Show an answer that was made again."""
    made = ", ".join(f"{name} {value}" for name, value in body["generation"].items() if name != "mark")
    console.print(f"[dim]made with: {escape(made)}[/dim]\n")
    console.print(escape(body["recorded"]))
    if body["same"]:
        console.print("\n[green]The same words, citations and verdicts again.[/green]")
        return
    console.print(f"\n[yellow]It differs: {escape('; '.join(body['differences']))}.[/yellow]\n")
    console.print(escape(body["answer"]))


def results(body: dict[str, Any], console: Console) -> None:
    """Show search results."""
    if not body["results"]:
        console.print("nothing found")
    explanations = body["explanations"] or [None] * len(body["results"])
    for number, (found, why) in enumerate(zip(body["results"], explanations, strict=True), start=1):
        console.print(f"[bold]{number}. {_place(found)}[/bold]  [dim]{found['score']:.3f}[/dim]")
        console.print(f"[dim]{escape(found['uri'])}[/dim]")
        console.print(f"    {escape(_short(found['text']))}")
        if why is not None:
            _why(why, console)


_CONTRIBUTIONS = {"past_question": "much the same question before"}


def _why(why: dict[str, Any], console: Console) -> None:
    names = ("dense", "sparse", "fused", "rerank", "position", "unfiltered")
    parts = [f"{name} {why[name]:.4g}" for name in names if why[name] is not None]
    parts += [f"freshness {why['freshness']:.2f}"] if why["freshness"] != 1 else []
    console.print(f"    [dim]{', '.join(parts)}[/dim]")
    terms = ", ".join(f"{escape('/'.join(term['words']))} {term['score']:.2f}" for term in why["terms"])
    if terms:
        console.print(f"    [dim]words: {terms}[/dim]")
    for name, value in why["contributions"].items():
        console.print(f"    [dim]{escape(_CONTRIBUTIONS.get(name, name))}: {value:+.3f}[/dim]")
    if why["learned"]:
        console.print(f"    [dim]placed by candidate {why['learned']}[/dim]", soft_wrap=True)
    if past := why["past_question"]:
        words = f"“{past['words']}”" if past["words"] else f"example {past['example']}"
        console.print(f"    [dim]nearest past question: {escape(words)}, similarity {past['similarity']:.2f}[/dim]")
    if why["also"]:
        console.print(f"    [dim]{len(why['also'])} more say the same[/dim]")


def documents(body: dict[str, Any], console: Console) -> None:
    """Show documents as a table."""
    table = Table()
    table.add_column("id", no_wrap=True, min_width=32)  # to be copied into `attune document`
    for name in ("title", "collection", "updated", "from"):
        table.add_column(name, overflow="fold")
    for found in body["documents"]:
        table.add_row(
            found["id"], escape(found["title"]), found["collection"], found["updated_at"][:16], escape(found["uri"])
        )
    console.print(table)


def document(body: dict[str, Any], console: Console) -> None:
    """Show a document's text."""
    console.print(f"[bold]{escape(body['title'])}[/bold]  [dim]{escape(body['uri'])}[/dim]\n")
    console.print(body["text"], markup=False)


def parsed_body(document: ParsedDocument) -> dict[str, Any]:
    """Shape a parsed document as JSON."""
    return {
        "title": document.title,
        "media_type": document.media_type,
        "characters": len(document.text),
        "elements": [_element_body(element) for element in document.elements],
    }


def _element_body(element: Element) -> dict[str, Any]:
    box = element.box
    return {
        "kind": element.kind,
        "text": element.text,
        "level": element.level,
        "page": element.page,
        "box": None if box is None else {"x0": box.x0, "y0": box.y0, "x1": box.x1, "y1": box.y1},
        "section": list(element.section),
        "place": element.place,
        "html": element.html,
        "hidden": element.hidden,
        "start": element.start,
        "end": element.end,
    }


def parsed(body: dict[str, Any], console: Console) -> None:
    """Show a parsed document's elements."""
    console.print(f"[bold]{escape(body['title'])}[/bold]  [dim]{body['media_type']}[/dim]")
    for element in body["elements"]:
        page = f" p.{element['page']}" if element["page"] else ""
        hidden = " hidden" if element["hidden"] else ""
        console.print(f"[cyan]{element['kind']}{page}{hidden}[/cyan] {escape(_short(element['text']))}")


def _place(found: dict[str, Any]) -> str:
    names = " > ".join(dict.fromkeys([found["title"], *found["section"]]))
    return escape(f"{names}, page {found['page']}" if found["page"] else names)


def _short(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= _QUOTE_CHARS else folded[:_QUOTE_CHARS] + " ..."
