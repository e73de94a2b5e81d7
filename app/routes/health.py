"""Is it alive, can it answer."""

import time

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Services
from app.dependencies import services

router = APIRouter(prefix="/v1/health", tags=["health"])

_LOOKED_S = 1.0


class HealthBody(BaseModel):
    """Alive."""

    status: str = Field(
        default="ok",
        description="`degraded` when questions are answered without what was learned, since that cannot be read.",
        examples=["ok"],
    )


# On the event loop, with no dependency that takes a thread: a busy server may have none free.
@router.get("/live", summary="Is the process alive")
async def live() -> HealthBody:
    """Answer as long as the process runs; it touches nothing else."""
    return HealthBody()


@router.get("/ready", summary="Can it answer questions")
async def ready(request: Request) -> HealthBody:
    """Answer when catalog and index can be read, or could be a second ago; 503 otherwise."""
    state = request.app.state
    if time.monotonic() > getattr(state, "ready_until", 0.0):
        await run_in_threadpool(_look, services(request))
        state.ready_until = time.monotonic() + _LOOKED_S
    return HealthBody(status="degraded" if services(request).learned.serving.now.trouble else "ok")


def _look(services: Services) -> None:
    services.catalog.corpus_epoch()
    services.index.count()
