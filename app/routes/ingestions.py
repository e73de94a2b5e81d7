"""Ingest files that lie on the server's machine; for the commands there, not for the network."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from app.bootstrap import DEFAULT_COLLECTION, Services, ensure_collection
from app.dependencies import LocalDep, ServicesDep
from app.errors import status_of
from app.ingesting import watch_ingest
from app.routes.documents import report_body
from app.sse import MEDIA_TYPE, event
from app.streaming import Ended
from ingestion.load import Collected, collect
from ingestion.report import Progress
from retrieval.errors import AttuneError

router = APIRouter(prefix="/v1", tags=["ingestion"])


class IngestionBody(BaseModel):
    """Which files to take in."""

    model_config = ConfigDict(extra="forbid")

    paths: list[str] = Field(min_length=1, max_length=10_000, examples=[["/srv/handbook"]])
    collection: str = Field(default=DEFAULT_COLLECTION, max_length=64)
    keep_missing: bool = Field(
        default=False, description="Keep documents whose files are gone from a folder that is given."
    )


@router.post(
    "/ingestions",
    summary="Ingest paths of this machine",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events `progress` for each document, then `done` with the report or `error`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
def ingest(body: IngestionBody, services: ServicesDep, _principal: LocalDep) -> StreamingResponse:
    """Take in files and folders; a folder is kept in step, deletions included. Only for commands on this machine."""
    collected = collect([Path(path) for path in body.paths])
    ensure_collection(services.catalog, body.collection)
    return StreamingResponse(_events(services, collected, body), media_type=MEDIA_TYPE)


def _events(services: Services, collected: Collected, body: IngestionBody) -> Iterator[bytes]:
    for news in watch_ingest(services, collected, collection=body.collection, keep_missing=body.keep_missing):
        if isinstance(news, Progress):
            yield event("progress", asdict(news))
        elif isinstance(news, Ended):
            yield event("done", report_body(news.result).model_dump())
        elif isinstance(news, AttuneError):
            yield event("error", {"status": status_of(news)[0], "detail": str(news)})
