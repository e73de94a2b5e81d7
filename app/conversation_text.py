"""A conversation -> Markdown, to be kept or sent; pure."""

import re
from typing import Any

_ACTIVE = re.compile(r"([\\`*_\[\]<>#|])")


def markdown(conversation: dict[str, Any]) -> str:
    """Write a conversation, as the API shows it, as a page with its questions, answers and sources."""
    parts = [f"# {_plain(conversation['title']) or 'Conversation'}"]
    for turn in conversation["turns"]:
        parts += [f"**{turn['asked_at'][:16].replace('T', ' ')} UTC**", _quoted(turn["question"]), turn["answer"]]
        sources = turn["citations"] or turn["nearest"]
        if sources:
            parts.append("Sources:" if turn["citations"] else "The closest passages:")
            parts += [_source(source) for source in sources]
    return "\n\n".join(parts) + "\n"


def _source(source: dict[str, Any]) -> str:
    if not source["available"]:
        return f"{source['number']}. not available any more"
    page = f", page {source['page']}" if source["page"] else ""
    headings = [heading for heading in source["section"] if heading != source["title"]]
    place = ", ".join(map(_plain, [source["title"], *headings]))
    quote = "\n".join(f"   {line}" for line in _quoted(source["quote"]).split("\n"))
    return f"{source['number']}. {place}{page} ({_plain(source['uri'])})\n\n{quote}"


def _quoted(words: str) -> str:
    return "\n".join(f"> {_escaped(line)}" for line in words.splitlines() or [""])


def _plain(words: str) -> str:
    return _escaped(" ".join(words.split()))


def _escaped(words: str) -> str:
    return _ACTIVE.sub(r"\\\1", words)
