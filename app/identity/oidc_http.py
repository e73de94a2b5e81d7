"""HTTP with an OpenID Connect provider, within bounds: so much time for all of it, so many bytes an answer."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from app.identity.errors import ProviderError

MAX_ANSWER_BYTES = 512 * 2**10
NONSENSE = "the provider's answer makes no sense"
_CONNECT_S = 5.0

Result = TypeVar("Result")


class _Bounded(httpx2.AsyncBaseTransport):
    """Reads an answer whole, up to so many bytes, and takes none that is compressed."""

    def __init__(self) -> None:
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        try:
            if "content-encoding" in answer.headers:
                raise ProviderError("the provider compresses its answers, which was not asked for")
            body = b""
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise ProviderError(f"the provider's answer is longer than {MAX_ANSWER_BYTES:,} bytes")
        finally:
            await answer.aclose()
        kept = {"Content-Type": answer.headers.get("content-type", "")}
        return httpx2.Response(answer.status_code, headers=kept, content=body, request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def spoken(talk: Callable[[AsyncOAuth2Client], Awaitable[Result]], *, timeout_s: float, **client: Any) -> Result:
    """Speak with a provider.

    Args:
        talk: What to say; it is given the client.
        timeout_s: For all of it; whatever is unfinished then is given up.
        client: Of ``AsyncOAuth2Client``: id, secret, redirect URI.

    Returns:
        What ``talk`` returned.

    Raises:
        ProviderError: It cannot be reached, is too slow, or makes no sense.
    """

    async def within_bounds() -> Result:
        timeout = httpx2.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_S))
        # An event loop of its own: only cancelling can end a talk in which a byte comes now and then.
        async with (
            asyncio.timeout(timeout_s),
            AsyncOAuth2Client(
                **client, transport=_Bounded(), timeout=timeout, trust_env=False, follow_redirects=False
            ) as speaking,
        ):
            return await talk(speaking)

    try:
        return asyncio.run(within_bounds())
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise ProviderError("the provider takes too long to answer; try again later") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise ProviderError("the provider cannot be reached; try again later") from error
    except AuthlibBaseError as error:
        raise ProviderError("the provider refused what it had just let happen; sign in again") from error
    except (ValueError, RecursionError) as error:  # of JSON
        raise ProviderError(NONSENSE) from error


async def fetched(client: AsyncOAuth2Client, url: str, *, bearer: str = "") -> dict[str, Any]:
    """Return the JSON object at a URL of the provider.

    Raises:
        ProviderError: There is none.
    """
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    accepted = {"Accept": "application/json"} | headers
    answer = await client.request("GET", url, withhold_token=True, headers=accepted)
    if answer.status_code != httpx2.codes.OK:
        raise ProviderError(f"the provider answered {answer.status_code} where it should say what it is")
    found = answer.json()
    if not isinstance(found, dict):
        raise ProviderError(NONSENSE)
    return found


async def exchanged(client: AsyncOAuth2Client, url: str, *, code: str, verifier: str) -> Mapping[str, Any]:
    """Return the tokens that the provider gives for a code.

    Raises:
        ProviderError: It gives none.
    """
    try:
        found: Mapping[str, Any] = await client.fetch_token(
            url, grant_type="authorization_code", code=code, code_verifier=verifier
        )
    except TypeError as error:  # a lifetime that is a list, say
        raise ProviderError(NONSENSE) from error
    return found


def is_safe_url(url: object, *, loopback: bool) -> bool:
    """Say whether a URL may be spoken with: HTTPS, or, where that is allowed, HTTP on this machine."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = parts.hostname if parts else None
        port = parts.port if parts else None
    except ValueError:
        return False
    if parts is None or not host or port == 0 or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine by its name, without asking anybody."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
