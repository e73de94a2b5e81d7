"""Any OpenAI-compatible server, through LlamaIndex's LLM interface."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import httpx

from retrieval.deadline import Deadline
from retrieval.errors import InvalidInputError, ModelError
from retrieval.generators.arrivals import EventLoop
from retrieval.generators.bounded import bound
from retrieval.generators.breaker import Breaker
from retrieval.generators.generator import Tell, silent
from retrieval.generators.reply import MOST_CHARS, Reply
from retrieval.generators.sampling import DEFAULTS, record, settle
from retrieval.prompt import Draft, Prompt, build_messages
from retrieval.types import Sampling

CHARS_A_TOKEN = 8

_MOST_TOKENS = 10**9  # that a server can have counted

PAUSE_S = 0.2  # before the second try
LONGEST_PAUSE_S = 2.0  # that a server may ask for; the extractive answer is there at once


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a server may be silent.

    Attributes:
        total_s: For the whole reply, the second try included.
        connect_s: Until there is a connection.
        first_token_s: From the request to the first word.
        gap_s: Between two words.
    """

    total_s: float = 30.0
    connect_s: float = 5.0
    first_token_s: float = 20.0
    gap_s: float = 10.0


class OpenAICompatibleGenerator:
    """Words answers with a chat model behind an OpenAI-compatible ``/chat/completions``.

    Attributes:
        name: With the model's name.
        breaker: Leaves the server alone for a while after it failed again and again.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        context_tokens: int = 8192,
        defaults: Sampling = DEFAULTS,
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        import openai
        from llama_index.core.llms import ChatMessage
        from llama_index.llms.openai_like import OpenAILike
        from openai.resources.chat import completions  # noqa: F401 - otherwise loaded while the first question waits

        self.name = f"openai_compatible:{model}"
        self.breaker = Breaker()
        self._message = ChatMessage
        self._status_error = openai.APIStatusError
        self._timed_out = (TimeoutError, openai.APITimeoutError, httpx.TimeoutException)
        self._connection_failed = (openai.APIConnectionError, httpx.TransportError)
        # A server that answers with something else than its protocol shows as KeyError and the like in the client.
        self._failures = (
            *(TimeoutError, openai.OpenAIError, httpx.HTTPError, httpx.StreamError),
            *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError),
        )
        self._model = model
        self._key = api_key
        self._context_tokens = context_tokens
        self._defaults = defaults
        self._timeouts = timeouts
        self._http_timeout = httpx.Timeout(timeouts.total_s, connect=timeouts.connect_s)
        self._counts_tokens = True  # until the server refuses to
        client = httpx.AsyncClient(follow_redirects=True, event_hooks={"response": [bound]})
        self._loop = EventLoop(client.aclose)
        self._llm: Any = OpenAILike(
            model=model,
            api_base=url,
            api_key=api_key or "none",
            is_chat_model=True,
            max_tokens=None,  # stands in each request; it would override what is asked for there
            max_retries=0,
            async_http_client=client,
        )

    def generate(self, prompt: Prompt, *, deadline: Deadline, tell: Tell = silent) -> Draft:
        """Ask the model; see ``Generator``.

        Returns:
            Its words, with the numbers it cited.

        Raises:
            ModelError: It cannot be reached, failed, timed out, answered nothing, or is left alone after failures.
            CancelledError: Whoever asked left.
            InvalidInputError: An adapter was asked for.
        """
        if prompt.sampling.adapter is not None:
            raise InvalidInputError("a language model behind a URL has no adapters that can be chosen here")
        sampling = settle(prompt.sampling, self._defaults)
        messages = build_messages(prompt, context_tokens=self._context_tokens - (sampling.max_tokens or 0))
        reply, ending = self._reply(messages, sampling, deadline=deadline, tell=tell)
        return Draft(
            text=reply.end(),
            quotes=None,
            confidence=None if reply.answered else 0.0,
            generator=self.name,
            tokens=ending.tokens,
            generation=record(sampling, model=self._model, finish=ending.finish, attempts=ending.attempts),
        )

    def complete(self, prompt: str, *, deadline: Deadline | None = None) -> str:
        """Reply to a prompt of ours, about something else than a reader's question.

        Args:
            prompt: All the model is told.
            deadline: None for the longest that is set.

        Returns:
            What the model said, without surrounding space; never empty.

        Raises:
            ModelError: It cannot be reached, failed, timed out, answered nothing, or is left alone after failures.
            CancelledError: Whoever asked left.
        """
        deadline = deadline or Deadline(self._timeouts.total_s)
        return self._reply([("user", prompt)], self._defaults, deadline=deadline, tell=silent)[0].text

    def _reply(
        self, messages: list[tuple[str, str]], sampling: Sampling, *, deadline: Deadline, tell: Tell
    ) -> tuple[Reply, "_Ending"]:
        chat = [self._message(role=role, content=text) for role, text in messages]
        most_chars = min((sampling.max_tokens or MOST_CHARS) * CHARS_A_TOKEN, MOST_CHARS)
        reply, ending = Reply(tell, most_chars=most_chars), _Ending()
        with self.breaker.guard():
            deadline = deadline.within(self._timeouts.total_s)
            for piece in self._loop.iterate(self._pieces(chat, sampling, ending), deadline=deadline):
                reply.add(piece)
                if reply.full:
                    ending.finish = "length"
                    break
            if not reply.text:
                raise ModelError("the language model answered nothing")
            if ending.finish is None:
                raise ModelError("the language model's reply broke off")
        return reply, ending

    async def _pieces(self, chat: list[Any], sampling: Sampling, ending: "_Ending") -> AsyncGenerator[str]:
        """Give the words as they come; ask once more where a first request fails before its first word."""
        counted, begun, failed = self._counts_tokens, False, False
        while True:
            ending.attempts += 1
            try:
                async for response in self._stream(chat, sampling, counted=counted):
                    begun = begun or bool(response.delta)
                    ending.read(response.raw)
                    yield response.delta or ""
                if not begun and ending.finish is None:
                    raise httpx.RemoteProtocolError("the stream ended before the first word")
            except self._failures as error:
                if counted and self._refused(error):
                    counted = False
                    continue
                pause_s = None if begun or failed else self._pause_s(error)
                if pause_s is None:
                    raise ModelError(_in_words(error, self._key)) from error
                failed = True
                await asyncio.sleep(pause_s)
            else:
                self._counts_tokens = counted
                return

    async def _stream(self, chat: list[Any], sampling: Sampling, *, counted: bool) -> AsyncGenerator[Any]:
        options = record(sampling)
        if counted:
            options["stream_options"] = {"include_usage": True}
        clock = asyncio.get_running_loop().time
        async with asyncio.timeout(self._timeouts.first_token_s) as patience:
            async for response in await self._llm.astream_chat(chat, timeout=self._http_timeout, **options):
                # Comments that keep a connection alive are no words; a thought is.
                if response.delta or response.additional_kwargs.get("thinking_delta"):
                    patience.reschedule(clock() + self._timeouts.gap_s)
                yield response

    def _pause_s(self, error: Exception) -> float | None:
        """Say how long to wait before asking again; None where that would not help."""
        if isinstance(error, self._timed_out):
            return None
        if isinstance(error, self._connection_failed):
            return PAUSE_S
        return _retry_after_s(error.response) if isinstance(error, self._status_error) else None

    def _refused(self, error: Exception) -> bool:
        """Whether it may be the counting of tokens (``stream_options``) that the server does not take."""
        return isinstance(error, self._status_error) and error.status_code in {400, 422}


@dataclass(slots=True)
class _Ending:
    """What is known of a reply besides its words."""

    attempts: int = 0
    finish: str | None = None
    tokens: dict[str, int] = field(default_factory=dict)

    def read(self, raw: Any) -> None:
        """Take in what a part of the reply tells; the protocol leaves ``usage`` open, and some servers send zeros."""
        for choice in getattr(raw, "choices", None) or ():
            if choice.finish_reason:
                self.finish = str(choice.finish_reason)[:40]
        usage = getattr(raw, "usage", None)
        prompt, completion = (_count(getattr(usage, f"{kind}_tokens", None)) for kind in ("prompt", "completion"))
        # A prompt always has tokens: without a count of them the server counted nothing, and 0 would be taken for free.
        if prompt:
            self.tokens = {"prompt": prompt, "completion": completion}


def _count(counted: Any) -> int:
    return counted if isinstance(counted, int) and 0 < counted < _MOST_TOKENS else 0


def _in_words(error: Exception, key: str | None) -> str:
    if isinstance(error, TimeoutError):
        return "the language model was silent for too long"
    words = f"the language model failed: {type(error).__name__}: {error}"
    # A server that refuses a key often repeats it.
    return (words.replace(key, "***") if key else words)[:500]


def _retry_after_s(response: httpx.Response) -> float | None:
    """Read when a server that is busy or broken may be asked again; None for too late, or not at all."""
    if response.status_code != 429 and response.status_code < 500:
        return None
    asked = response.headers.get("retry-after")
    if asked is None:
        return PAUSE_S if response.status_code >= 500 else None
    try:
        pause_s = float(asked)
    except ValueError:  # a date
        return None
    return max(pause_s, PAUSE_S) if pause_s <= LONGEST_PAUSE_S else None
