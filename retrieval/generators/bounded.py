"""Replies over HTTP that end, whatever the server sends."""

from collections.abc import AsyncIterator
from typing import cast

import httpx

MOST_BYTES = 8 * 2**20
"""Of one reply: 20,000 tokens, each in some 400 bytes of its own."""


async def bound(response: httpx.Response) -> None:
    """Let a response fail where it goes on for too long; an event hook of httpx."""
    response.stream = _Bounded(cast("httpx.AsyncByteStream", response.stream))


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        room = MOST_BYTES
        async for part in self._stream:
            room -= len(part)
            if room < 0:
                raise httpx.DecodingError(f"the reply is longer than {MOST_BYTES} bytes")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
