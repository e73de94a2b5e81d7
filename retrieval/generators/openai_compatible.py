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
        try:
            text = self._llm.chat(messages).message.content
        except self._failures as error:
            raise ModelError(f"the language model failed: {type(error).__name__}: {error}") from error
        text = (text or "").strip()
        if not text:
            raise ModelError("the language model answered nothing")
        answered = NOT_ANSWERED not in text
        return Draft(
            text=text if answered else "",
            quotes=None,
            confidence=None if answered else 0.0,
            generator=f"openai_compatible:{self._model}",
        )
