"""Is it alive, can it answer."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.dependencies import ServicesDep

router = APIRouter(prefix="/v1/health", tags=["health"])


class HealthBody(BaseModel):
    """Alive."""

    status: str = Field(default="ok", examples=["ok"])


@router.get("/live", summary="Is the process alive")
def live() -> HealthBody:
    """Answer as long as the process runs; it touches nothing else."""
    return HealthBody()


@router.get("/ready", summary="Can it answer questions")
def ready(services: ServicesDep) -> HealthBody:
    """Answer when catalog and index can be read; 503 otherwise."""
    services.catalog.corpus_epoch()
    services.index.count()
    return HealthBody()
