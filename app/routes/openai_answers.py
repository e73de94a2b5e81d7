"""Answers as the OpenAI API words them, whole and in a stream."""

import re
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.routes.answer_bodies import AnswerBody, answer_body
from retrieval.embed import Embedder
from retrieval.events import Cited, Event, Restarted, Token
from retrieval.types import Answer, Citation, Interaction

ANEW = "\n\n---\n\nThe answer above broke off. This one stands in its place:\n\n"
"""What parts an answer from one that takes its place, where a client was sent words of both."""

_MARK = re.compile(r"\[(\d+)\]")


class UrlCitationBody(BaseModel):
    """What a mark in the content stands for: ``content[start_index:end_index]`` is the mark."""

    start_index: int
    end_index: int
    url: str = Field(description="Where the document can be opened, with a token.")
    title: str


class AnnotationBody(BaseModel):
    """One mark in the content."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitationBody


class AssistantMessageBody(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[AnnotationBody]


class ChoiceBody(BaseModel):
    """The one choice there is."""

    index: int = 0
    message: AssistantMessageBody
    logprobs: None = None
    finish_reason: Literal["stop", "length", "content_filter"]


class CompletionUsageBody(BaseModel):
    """Tokens as the language model counted them; without one those of the conversation, by the embedder's tokenizer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionBody(BaseModel):
    """An answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Seconds since 1970.")
    model: str
    choices: list[ChoiceBody]
    usage: CompletionUsageBody
    sources: AnswerBody = Field(description="Of Attune: the answer as `POST /v1/answers` gives it.")


def usage_of(interaction: Interaction, embedder: Embedder) -> CompletionUsageBody:
    """Count the tokens of an answer."""
    prompt, completion = interaction.tokens.get("prompt"), interaction.tokens.get("completion")
    if prompt is None or completion is None:
        said = [interaction.question, *(turn.text for turn in interaction.history)]
        *before, last = [len(spans) for spans in embedder.token_spans([*said, interaction.answer.text])]
        prompt, completion = sum(before), last
    return CompletionUsageBody(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def finish_reason(interaction: Interaction) -> Literal["stop", "length", "content_filter"]:
    """Say why the answer ended; a filter is a guard that refused it."""
    if interaction.answer.blocked:
        return "content_filter"
    return "length" if interaction.generation.get("finish") == "length" else "stop"


def completion_of(interaction: Interaction, *, model: str, base_url: str, embedder: Embedder) -> CompletionBody:
    """Shape a whole answer."""
    message = AssistantMessageBody(
        content=interaction.answer.text, annotations=annotations(interaction.answer, base_url)
    )
    return CompletionBody(
        id=f"chatcmpl-{interaction.id}",
        created=int(interaction.asked_at.timestamp()),
        model=model,
        choices=[ChoiceBody(message=message, finish_reason=finish_reason(interaction))],
        usage=usage_of(interaction, embedder),
        sources=answer_body(interaction),
    )


def annotations(answer: Answer, base_url: str, *, begins: int = 0) -> list[AnnotationBody]:
    """Find the marks of an answer.

    Args:
        answer: With its citations.
        base_url: Of this server, as the client reaches it.
        begins: Where in the content the answer begins.

    Returns:
        One a mark, in order.
    """
    cited = {citation.number: citation for citation in answer.citations}
    return [
        AnnotationBody(
            url_citation=UrlCitationBody(
                start_index=begins + mark.start(),
                end_index=begins + mark.end(),
                url=link_to(cited[number], base_url),
                title=cited[number].title,
            )
        )
        for mark in _MARK.finditer(answer.text)
        if (number := int(mark[1])) in cited
    ]


def link_to(citation: Citation, base_url: str) -> str:
    """Return where what is cited can be opened; behind the ``#`` stand the quote's offsets."""
    place = f"{citation.document_id}?revision={citation.revision_id}#{citation.start}-{citation.end}"
    return f"{base_url.rstrip('/')}/v1/documents/{place}"


class Spoken:
    """What a client of a stream was sent of an answer: it cannot be taken back.

    A language model's words count only once they cite something: those before its first citation are held back, so that
    words which are dropped as no answer are never sent.

    Attributes:
        begins: Where in all that was sent the answer that counts begins.
    """

    def __init__(self) -> None:
        self._sent = ""
        self._held = ""
        self._cited = False
        self._broke_off = False
        self.begins = 0

    def hear(self, event: Event) -> str:
        """Take what happened.

        Returns:
            What is to be sent now; empty for nothing.
        """
        match event:
            case Cited():
                self._cited = True
            case Token():
                self._held += event.text
                return self._send() if self._cited else ""
            case Restarted():
                self._restart()
        return ""

    def end(self, text: str) -> str:
        """Take the answer as it is recorded.

        Returns:
            What is missing of it.
        """
        said = self._sent[self.begins :]
        if not text.startswith(said):
            self._restart()
        self._held = text if self._broke_off else text[len(said) :]
        return self._send()

    def _restart(self) -> None:
        self._held, self._cited = "", False
        self._broke_off = len(self._sent) > self.begins

    def _send(self) -> str:
        piece, self._held = self._held, ""
        if self._broke_off and piece:
            self.begins, self._broke_off = len(self._sent) + len(ANEW), False
            piece = ANEW + piece
        self._sent += piece
        return piece


class Chunks:
    """Writes the chunks of one stream.

    Args:
        stream_id: Of the completion.
        model: As it was asked for.
        created: Seconds since 1970.
        include_usage: Whether a last chunk tells the tokens.
    """

    def __init__(self, stream_id: str, model: str, *, created: int, include_usage: bool) -> None:
        self._head = {"id": stream_id, "object": "chat.completion.chunk", "created": created, "model": model}
        self._tail: dict[str, Any] = {"usage": None} if include_usage else {}
        self._include_usage = include_usage

    def delta(self, finish: str | None = None, /, **delta: Any) -> dict[str, Any]:
        """Write one chunk."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head, "choices": [choice], **self._tail}

    def last(
        self, interaction: Interaction, spoken: Spoken, base_url: str, usage: CompletionUsageBody
    ) -> Iterator[dict[str, Any]]:
        """Write the chunks behind the words: marks and sources, then the tokens where they were asked for.

        Yields:
            One or two chunks.
        """
        marks = annotations(interaction.answer, base_url, begins=spoken.begins)
        last = self.delta(finish_reason(interaction), annotations=[mark.model_dump() for mark in marks])
        yield {**last, "sources": answer_body(interaction).model_dump()}
        if self._include_usage:
            yield {**self._head, "choices": [], "usage": usage.model_dump()}
