"""What an assistant may do over the Model Context Protocol: search, ask, open a document."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from app.answering import Asked, answered
from app.auth import Caller
from app.bootstrap import Services
from app.routes.answer_bodies import AnswerBody, CitationBody, answer_body
from app.routes.documents import opened
from app.routes.filter_bodies import FiltersBody
from app.routes.search import PassageBody, ResultsBody, SearchBody, search
from retrieval.errors import InvalidInputError
from retrieval.types import Query

MAX_OPENED_CHARS = 20_000
AROUND_CHARS = 500


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a tool: by whom, and by which request."""

    services: Services
    caller: Caller
    request: Request


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool gives: words for a model, and the same for programs."""

    text: str
    body: BaseModel


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool: what it takes, what it gives, and what it does."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    call: Callable[[Call, Any], Awaitable[Told]]


class SearchArguments(BaseModel):
    """What to search for."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=4000, description="A question or keywords, in any language.")
    limit: int = Field(default=5, ge=1, le=50, description="How many passages.")
    collection: str | None = Field(default=None, max_length=64, description="Search this collection only.")
    filters: FiltersBody = Field(default_factory=FiltersBody)


class AskArguments(BaseModel):
    """What to ask."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=4000)
    collection: str | None = Field(default=None, max_length=64, description="Search this collection only.")
    conversation_id: str | None = Field(
        default=None, max_length=64, description="The stored conversation it goes on with; `new` begins one."
    )


class OpenArguments(BaseModel):
    """Which document, and where in it."""

    model_config = ConfigDict(extra="forbid")

    document_id: str = Field(max_length=64, description="As search results and citations name it.")
    revision: str | None = Field(
        default=None, max_length=64, description="The `revision_id` of a citation; the document as it is now without."
    )
    start: int | None = Field(default=None, ge=0, description="First character wanted, as citations give it.")
    end: int | None = Field(default=None, ge=0, description="Character behind the last one wanted.")


class OpenedBody(BaseModel):
    """A stretch of a document's text."""

    document_id: str
    revision_id: str
    collection: str
    title: str
    uri: str
    media_type: str
    start: int = Field(description="Where the stretch begins in the text.")
    end: int
    length: int = Field(description="Characters of the whole text.")
    next: int | None = Field(description="Give this as `start` to read on; null at the end.")
    text: str


async def _search(call: Call, arguments: SearchArguments) -> Told:
    body = SearchBody(**arguments.model_dump())
    results: ResultsBody = await run_in_threadpool(search, body, call.services, call.caller.principal)
    passages = (f"[{n}] {_place(found)}\n{found.text}" for n, found in enumerate(results.results, start=1))
    return Told("\n\n".join(passages) or "Nothing was found.", results)


async def _ask(call: Call, arguments: AskArguments) -> Told:
    query = Query(arguments.question, collection=arguments.collection)
    asked = Asked(query, call.caller, conversation=arguments.conversation_id, headers=call.request.headers)
    with call.services.limits.answering(call.caller):
        body = answer_body(await answered(call.services, asked, call.request))
    return Told("\n\n".join(_answer_lines(body)), body)


async def _open(call: Call, arguments: OpenArguments) -> Told:
    if arguments.start is not None and arguments.end is not None and arguments.end < arguments.start:
        raise InvalidInputError("end lies before start")
    found = await run_in_threadpool(opened, arguments.document_id, call.services, call.caller, arguments.revision)
    start, end = stretch(arguments.start, arguments.end, length=len(found.text))
    body = OpenedBody(
        document_id=found.id,
        start=start,
        end=end,
        length=len(found.text),
        next=end if end < len(found.text) else None,
        text=found.text[start:end],
        **found.model_dump(include={"revision_id", "collection", "title", "uri", "media_type"}),
    )
    head = f"{body.title} ({body.uri}), characters {start} to {end} of {body.length}"
    return Told(f"{head}\n\n{body.text}", body)


def stretch(start: int | None, end: int | None, *, length: int) -> tuple[int, int]:
    """Choose what of a text is shown.

    Args:
        start: First character wanted.
        end: Behind the last one wanted; with it, some text around is shown too.
        length: Of the text.

    Returns:
        The stretch, of at most ``MAX_OPENED_CHARS``.
    """
    first = start or 0
    if end is None:
        first = min(first, length)
        return first, min(length, first + MAX_OPENED_CHARS)
    first = min(max(0, first - AROUND_CHARS), length)
    return first, min(length, end + AROUND_CHARS, first + MAX_OPENED_CHARS)


def _answer_lines(body: AnswerBody) -> list[str]:
    lines = [body.answer]
    if body.degraded:
        lines.append("(The language model failed; these are the documents' own words.)")
    doubtful = [body.answer[s.start : s.end] for s in body.sentences if s.verdict != "supported"]
    lines += [f"Not borne out by its source: {sentence}" for sentence in doubtful]
    if body.abstained and body.nearest:
        lines.append("The closest passages:")
    return lines + [f"[{c.number}] {_place(c)}\n> {c.quote}" for c in body.citations or body.nearest]


def _place(found: CitationBody | PassageBody) -> str:
    section = " > ".join([found.title, *(s for s in found.section if s != found.title)])
    page = f", page {found.page}" if found.page else ""
    where = f"document_id {found.document_id}, revision {found.revision_id}, {found.start} to {found.end}"
    return f"{section}{page} ({found.uri}; {where})"


TOOLS = (
    ToolSpec(
        "search",
        "Search the documents",
        "Find the passages of the company's documents that fit a question best, among those the user may read.",
        SearchArguments,
        ResultsBody,
        _search,
    ),
    ToolSpec(
        "ask",
        "Ask the documents",
        "Answer a question from the company's documents, with verbatim citations; it says so when they hold no answer.",
        AskArguments,
        AnswerBody,
        _ask,
    ),
    ToolSpec(
        "open_document",
        "Open a document",
        "Read a document's text, around a citation or from the beginning, at most 20,000 characters at a time.",
        OpenArguments,
        OpenedBody,
        _open,
    ),
)
