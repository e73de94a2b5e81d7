"""How it goes: metrics for Prometheus, and the series of what was observed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel, Field

from app.dependencies import AdministratorDep, CallerDep, ScraperDep, ServicesDep
from app.routes.moment import Moment
from eval.monitoring import Point

router = APIRouter(tags=["monitoring"])


class PointBody(BaseModel):
    """One figure at one moment."""

    name: str = Field(examples=["abstention_rate"])
    at: datetime
    value: float | None = Field(description="Null when too little was asked to say.", examples=[0.08])
    details: dict[str, Any] = Field(description="What stands behind it.", examples=[{"questions": 112}])


class PointsBody(BaseModel):
    """Figures over time."""

    points: list[PointBody]


_METRICS = {"description": "Metrics in Prometheus' or the OpenMetrics text format.", "content": {"text/plain": {}}}


@router.get("/metrics", summary="Metrics", response_class=Response, responses={200: _METRICS})
def metrics(request: Request, services: ServicesDep, _allowed: ScraperDep) -> Response:
    """Give Prometheus its metrics; for administrators, and for anybody where the settings say so."""
    try:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
    except (TypeError, ValueError):
        # A version that is not made of numbers.
        encode, media_type = choose_encoder("")
    return Response(encode(services.observing.telemetry.registry), headers={"Content-Type": media_type})


@router.get("/v1/monitoring", summary="Read what was observed")
def monitoring(
    services: ServicesDep,
    _principal: AdministratorDep,
    name: Annotated[str | None, Query(max_length=64, description="A figure; the newest of each if left out.")] = None,
    since: Annotated[Moment | None, Query(description="Only points after this moment.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="The newest are kept.")] = 1000,
) -> PointsBody:
    """Read the series of a figure, the oldest first, or the newest point of each; for administrators."""
    if name is not None:
        return _body(services.observing.monitoring.series(name, since=since, limit=limit))
    newest = services.observing.monitoring.newest().values()
    return _body([point for point in newest if since is None or point.at > since][:limit])


@router.post("/v1/monitoring/observations", status_code=201, summary="Observe now")
def observe(services: ServicesDep, _principal: AdministratorDep, caller: CallerDep) -> PointsBody:
    """Look at the newest questions now and keep what was found; for administrators. 409 while that is being done."""
    points = services.observing.watch.observe()
    services.audit_log.append("monitoring.observe", "monitoring", caller=caller)
    return _body(points)


def _body(points: Iterable[Point]) -> PointsBody:
    return PointsBody(points=[PointBody(name=p.name, at=p.at, value=p.value, details=dict(p.details)) for p in points])
