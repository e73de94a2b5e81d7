"""What clients of the OpenAI API send, as far as this server heeds it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.routes.filter_bodies import FiltersBody
from retrieval.errors import InvalidInputError
from retrieval.types import Query, Sampling, Turn

MAX_TURNS = 200
MAX_TOKENS = 8192
MAX_INPUTS = 256


def _only(*allowed: Any) -> BeforeValidator:
    """Refuse a parameter that would change the answer and that nothing here heeds, but for values that ask nothing."""

    def check(value: Any) -> Any:
        if value is not None and value not in allowed:
            what = f"only {' or '.join(str(one) for one in allowed)} is supported" if allowed else "is not supported"
            raise PydanticCustomError("unsupported_parameter", "{what}", {"what": what})
        return value

    return BeforeValidator(check)


def _text(content: Any) -> Any:
    """Join the text parts of a message.

    Returns:
        The text; what is no list of parts is left to be refused.

    Raises:
        PydanticCustomError: A part is no text.
    """
    if not isinstance(content, list):
        return content or ""
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in {"text", "refusal"} or not isinstance(part.get(kind), str):
            raise PydanticCustomError("unsupported_content", "only parts of type text are supported")
    return "\n".join(part[part["type"]] for part in content)


class MessageBody(BaseModel):
    """One message. Those of `system` and `developer` are accepted and not used: the server has a prompt of its own."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, BeforeValidator(_text)] = Field(
        default="", description="A text, or parts of type `text`.", examples=["How many days of annual leave do I get?"]
    )


class StreamOptionsBody(BaseModel):
    """What a stream tells besides."""

    include_usage: bool = False


class ChatBody(BaseModel):
    """A question, with the conversation before it. Other parameters of that API are accepted and not used."""

    model: str = Field(
        max_length=200, description="`attune`, `attune/COLLECTION` or `attune/assistant/NAME`.", examples=["attune"]
    )
    messages: list[MessageBody] = Field(
        min_length=1, description="The last one of the user is the question; those before it are the history."
    )
    stream: bool | None = None
    stream_options: StreamOptionsBody | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    collection: str | None = Field(default=None, max_length=64, description="Of Attune: search this collection only.")
    filters: FiltersBody = Field(default_factory=FiltersBody, description="Of Attune: which documents are searched.")
    conversation_id: str | None = Field(
        default=None,
        max_length=64,
        description="Of Attune: the stored conversation it goes on with, which then is the history; `new` begins one.",
    )
    n: Annotated[Any, _only(1)] = None
    tools: Annotated[Any, _only([])] = None
    tool_choice: Annotated[Any, _only("none", "auto")] = None
    functions: Annotated[Any, _only([])] = None
    function_call: Annotated[Any, _only("none", "auto")] = None
    response_format: Annotated[Any, _only({"type": "text"})] = None
    logprobs: Annotated[Any, _only(False)] = None
    top_logprobs: Annotated[Any, _only(0)] = None
    modalities: Annotated[Any, _only(["text"])] = None
    audio: Annotated[Any, _only()] = None

    def query(self, collection: str | None) -> Query:
        """Shape it for the question path.

        Args:
            collection: The one that the model names.

        Returns:
            The question with its history; without one where a stored conversation is named.

        Raises:
            InvalidInputError: There is no question, or model and body name two collections.
        """
        if collection and self.collection and collection != self.collection:
            raise InvalidInputError("the model names one collection, `collection` another")
        asked = [n for n, message in enumerate(self.messages) if message.role == "user"]
        if not asked:
            raise InvalidInputError("messages: there is none of the user")
        return Query(
            text=self.messages[asked[-1]].content,
            collection=collection or self.collection,
            filters=self.filters.filters(),
            history=() if self.conversation_id else self._history(asked[-1]),
            sampling=Sampling(
                temperature=self.temperature, top_p=self.top_p, max_tokens=self._max_tokens(), seed=self.seed
            ),
        )

    def _history(self, until: int) -> tuple[Turn, ...]:
        said = (message for message in self.messages[:until] if message.content.strip())
        turns = [Turn(m.role, m.content) for m in said if m.role in {"user", "assistant"}]
        return tuple(turns[-MAX_TURNS:])

    def _max_tokens(self) -> int | None:
        # Clients ask for as much as the largest model gives; no answer here is that long.
        wanted = self.max_completion_tokens or self.max_tokens
        return None if wanted is None else min(wanted, MAX_TOKENS)


def _inputs(given: Any) -> Any:
    """Make a list of what is to be embedded.

    Returns:
        The texts.

    Raises:
        PydanticCustomError: They are tokens.
    """
    texts = [given] if isinstance(given, str) else given
    if isinstance(texts, list) and any(isinstance(text, int | list) for text in texts):
        raise PydanticCustomError("unsupported_input", "tokens are not supported; send texts")
    return texts


class EmbeddingsBody(BaseModel):
    """Texts to embed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "attune-embedder", "input": ["stolen laptop"]}]}
    )

    model: str = Field(max_length=200, description="`attune-embedder`.")
    input: Annotated[
        list[Annotated[str, Field(min_length=1)]],
        Field(min_length=1, max_length=MAX_INPUTS, description="A text, or 1 to 256."),
        BeforeValidator(_inputs, json_schema_input_type=str | list[str]),
    ]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, description="Only what the model has.")
