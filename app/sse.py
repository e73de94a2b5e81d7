"""Server-sent events whose data is JSON."""

import json
from typing import Any

from fastapi.sse import EventSourceResponse, format_sse_event

MEDIA_TYPE = EventSourceResponse.media_type
UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Headers of a stream, or a proxy would collect its pieces."""


def event(name: str, data: dict[str, Any]) -> bytes:
    """Write one event as it goes over the wire."""
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))
