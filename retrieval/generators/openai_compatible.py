"""Any OpenAI-compatible server, through LlamaIndex's LLM interface."""

from typing import Any

from retrieval.errors import ModelError
from retrieval.prompt import NOT_ANSWERED, Draft, Prompt, build_messages


class OpenAICompatibleGenerator:
    """Words answers with a chat model behind an OpenAI-compatible ``/chat/completions``."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        context_tokens: int = 8192,
        max_tokens: int = 512,
    ) -> None:
        import httpx
        from llama_index.core.llms import ChatMessage
        from llama_index.llms.openai_like import OpenAILike
        from openai import OpenAIError

        self._message = ChatMessage
        # A server that answers with something else than its protocol shows as KeyError and the like in the client.
        self._failures = (OpenAIError, httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError, IndexError)
        self._model = model
        self._room = context_tokens - max_tokens
        self._llm: Any = OpenAILike(
            model=model,
            api_base=url,
            api_key=api_key or "none",
            is_chat_model=True,
            temperature=0.0,
            max_tokens=max_tokens,
            context_window=context_tokens,
            timeout=timeout_s,
            max_retries=0,  # the extractive answer is there at once; a second wait helps nobody
        )

    def generate(self, prompt: Prompt) -> Draft:
        """Ask the model; see ``Generator``.

        Returns:
            Its words, with the numbers it cited.

        Raises:
            ModelError: It cannot be reached, failed, timed out, or answered nothing.
        """
        messages = [
            self._message(role=role, content=text) for role, text in build_messages(prompt, context_tokens=self._room)
        ]
        text, raw = self._reply(messages)
        answered = NOT_ANSWERED not in text
        return Draft(
            text=text if answered else "",
            quotes=None,
            confidence=None if answered else 0.0,
            generator=f"openai_compatible:{self._model}",
            tokens=_tokens(raw),
        )

    def complete(self, prompt: str) -> str:
        """Reply to a prompt of ours, about something else than a reader's question.

        Returns:
            What the model said, without surrounding space; never empty.

        Raises:
            ModelError: It cannot be reached, failed, timed out, or answered nothing.
        """
        return self._reply([self._message(role="user", content=prompt)])[0]

    def _reply(self, messages: list[Any]) -> tuple[str, Any]:
        try:
            response = self._llm.chat(messages)
            text = response.message.content
        except self._failures as error:
            raise ModelError(f"the language model failed: {type(error).__name__}: {error}") from error
        text = (text or "").strip()
        if not text:
            raise ModelError("the language model answered nothing")
        return text, response.raw


def _tokens(raw: Any) -> dict[str, int]:
    """Read what the server counted; the protocol leaves ``usage`` open, and some servers send zeros or null."""
    usage = getattr(raw, "usage", None)
    counted = {
        "prompt": getattr(usage, "prompt_tokens", None),
        "completion": getattr(usage, "completion_tokens", None),
    }
    # A prompt always has tokens: without a count of them the server counted nothing, and 0 would be taken for free.
    return {name: int(count or 0) for name, count in counted.items()} if counted["prompt"] else {}
