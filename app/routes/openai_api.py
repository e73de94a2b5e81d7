"""The part of the OpenAI API that asks and embeds, so that its clients and front ends work as they are."""

import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any, Literal
from uuid import uuid4

import numpy as np
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app.answering import Asked, answered, events
from app.assistants import Assistant
from app.bootstrap import Services
from app.dependencies import CallerDep, PrincipalDep, ServicesDep, answering, asker
from app.routes.answers import QUESTION_MAX_BYTES
from app.routes.openai_answers import Chunks, CompletionBody, Spoken, completion_of, usage_of
from app.routes.openai_bodies import ChatBody, EmbeddingsBody
from app.routes.openai_errors import ERRORS, OpenAIRoute, UnknownModelError, told
from app.sse import MEDIA_TYPE, UNBUFFERED
from app.streaming import Ended
from retrieval.errors import AttuneError, InvalidInputError
from retrieval.types import Principal

MODEL = "attune"
EMBEDDER_MODEL = "attune-embedder"
_DONE = b"data: [DONE]\n\n"

router = APIRouter(
    prefix="/v1", tags=["openai"], route_class=OpenAIRoute, responses=ERRORS, dependencies=[Depends(asker)]
)


class ModelBody(BaseModel):
    """A model: all that the caller may read, or one collection of it."""

    id: str = Field(examples=["attune", "attune/default"])
    object: Literal["model"] = "model"
    created: int = Field(description="Seconds since 1970; of the collection.")
    owned_by: str = "attune"


class ModelsBody(BaseModel):
    """Every model that answers."""

    object: Literal["list"] = "list"
    data: list[ModelBody]


class EmbeddingBody(BaseModel):
    """One vector, of length 1."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str = Field(description="Numbers, or base64 of little-endian 32-bit floats.")


class EmbeddingUsageBody(BaseModel):
    """Tokens that were read."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingListBody(BaseModel):
    """One vector a text, in order."""

    object: Literal["list"] = "list"
    data: list[EmbeddingBody]
    model: str
    usage: EmbeddingUsageBody


@router.get("/models", summary="List models")
def models(services: ServicesDep, principal: PrincipalDep) -> ModelsBody:
    """List `attune`, which searches all collections, one for each that holds something to read, and each assistant."""
    return ModelsBody(data=_models(services, principal))


@router.get("/models/{model:path}", summary="Show a model")
def model(model: Annotated[str, Path(max_length=200)], services: ServicesDep, principal: PrincipalDep) -> ModelBody:
    """Show one model; `attune-embedder` is one too, for `POST /v1/embeddings`.

    Returns:
        The model.

    Raises:
        UnknownModelError: There is none of this name.
    """
    if model in {EMBEDDER_MODEL, services.embedder.fingerprint}:
        return ModelBody(id=model, created=0)
    found = next((one for one in _models(services, principal) if one.id == model), None)
    if found is None:
        raise UnknownModelError(model)
    return found


@router.post(
    "/chat/completions",
    max_body_size=QUESTION_MAX_BYTES,
    response_model=CompletionBody,
    responses={200: {"content": {MEDIA_TYPE: {}}}},
    dependencies=[Depends(answering)],
    summary="Ask as a chat",
)
async def chat(body: ChatBody, request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """Answer the last message of the user; with `stream` as chunks, of which the last one holds the sources."""
    collection, assistant = await run_in_threadpool(_target, services, caller.principal, body.model)
    asked = Asked(
        body.query(collection),
        caller,
        conversation=body.conversation_id,
        assistant=assistant,
        headers=request.headers,
    )
    base_url = services.settings.public_url or str(request.base_url)
    if body.stream:
        return await _streamed(services, asked, body, base_url)
    found = await answered(services, asked, request)
    whole = await run_in_threadpool(
        completion_of, found, model=body.model, base_url=base_url, embedder=services.embedder
    )
    return JSONResponse(whole.model_dump())


@router.post("/embeddings", max_body_size=QUESTION_MAX_BYTES, summary="Embed texts")
def embeddings(body: EmbeddingsBody, services: ServicesDep, _principal: PrincipalDep) -> EmbeddingListBody:
    """Embed texts with the model that documents and questions are embedded with; what it does not read is cut off.

    Returns:
        Their vectors.

    Raises:
        InvalidInputError: Other dimensions are wanted than the model has.
        UnknownModelError: There is no such model.
    """
    embedder = services.embedder
    if body.model not in {EMBEDDER_MODEL, embedder.fingerprint}:
        raise UnknownModelError(body.model)
    if body.dimensions not in {None, embedder.dim}:
        raise InvalidInputError(f"dimensions: the model has {embedder.dim}")
    read = sum(min(len(spans), embedder.max_tokens) for spans in embedder.token_spans(body.input))
    vectors = embedder.embed_documents(body.input).vectors
    packed = body.encoding_format == "base64"
    return EmbeddingListBody(
        data=[
            EmbeddingBody(index=n, embedding=_base64(vector) if packed else vector.tolist())
            for n, vector in enumerate(vectors)
        ],
        model=body.model,
        usage=EmbeddingUsageBody(prompt_tokens=read, total_tokens=read),
    )


def _base64(vector: "np.typing.NDArray[np.float32]") -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def _models(services: Services, principal: Principal) -> list[ModelBody]:
    readable = [c for c, count in services.catalog.collections(principal=principal) if count]
    oldest = min((int(c.created_at.timestamp()) for c in readable), default=0)
    each = (ModelBody(id=f"{MODEL}/{c.name}", created=int(c.created_at.timestamp())) for c in readable)
    usable = services.assistants.usable(principal=principal)
    named = (ModelBody(id=model_of(one), created=int(one.created_at.timestamp())) for one in usable)
    return [ModelBody(id=MODEL, created=oldest), *each, *named]


def model_of(assistant: Assistant) -> str:
    """Return the name of the model that an assistant is; no collection's name holds a slash."""
    return f"{MODEL}/assistant/{assistant.name}"


def _target(services: Services, principal: Principal, model: str) -> tuple[str | None, str | None]:
    """Find which collection a model searches, None for all, and the id of the assistant that it is."""
    if model == MODEL:
        return None, None
    for one in services.assistants.usable(principal=principal):
        if model_of(one) == model:
            return None, one.id
    if not any(one.id == model for one in _models(services, principal)):
        raise UnknownModelError(model)
    return model.removeprefix(f"{MODEL}/"), None


async def _streamed(services: Services, asked: Asked, body: ChatBody, base_url: str) -> Response:
    happening = events(services, asked)
    first = await anext(happening)
    if isinstance(first, AttuneError):
        raise first  # nothing was sent: the status can still say it
    include_usage = body.stream_options is not None and body.stream_options.include_usage
    chunks = Chunks(f"chatcmpl-{uuid4().hex}", body.model, created=int(time.time()), include_usage=include_usage)
    written = _written(services, happening, chunks, base_url)
    return StreamingResponse(written, media_type=MEDIA_TYPE, headers=UNBUFFERED)


async def _written(
    services: Services, happening: AsyncIterator[Any], chunks: Chunks, base_url: str
) -> AsyncIterator[bytes]:
    yield _event(chunks.delta(role="assistant", content=""))
    spoken = Spoken()
    async with aclosing(happening):  # type: ignore[type-var]  # it is a generator
        async for happened in happening:
            if isinstance(happened, AttuneError):
                yield _event({"error": told(happened)[1].model_dump()})
                return
            ended = isinstance(happened, Ended)
            piece = spoken.end(happened.result.answer.text) if ended else spoken.hear(happened)
            if piece:
                yield _event(chunks.delta(content=piece))
            if ended:
                usage = await run_in_threadpool(usage_of, happened.result, services.embedder)
                for chunk in chunks.last(happened.result, spoken, base_url, usage):
                    yield _event(chunk)
    yield _DONE


def _event(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()
