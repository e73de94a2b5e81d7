"""What every response tells browsers: what it must not become, who may embed it, and that nobody keeps it."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# Whatever is no page of ours is data: opened as a document, it loads and runs nothing and has no origin.
_ELSE = "default-src 'none'; frame-ancestors 'none'; sandbox"

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}


def security_headers(scheme: str, media_type: str) -> Mapping[str, str]:
    """Return the headers of a response; those that a route has set itself count before them.

    Args:
        scheme: How the client speaks to the server, or to the proxy in front of it: ``http`` or ``https``.
        media_type: Of the response; empty without a body.
    """
    return _headers(scheme == "https", media_type.startswith("text/html"))


def encoded_security_headers(scheme: str, media_type: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Return the same as ASGI has it: names in lower case, in bytes."""
    return _encoded(scheme == "https", media_type.startswith(b"text/html"))


@cache
def _headers(is_https: bool, is_page: bool) -> Mapping[str, str]:
    policy = _PAGE if is_page else _ELSE
    return MappingProxyType({"Content-Security-Policy": policy} | _ALWAYS | (_HTTPS if is_https else {}))


@cache
def _encoded(is_https: bool, is_page: bool) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in _headers(is_https, is_page).items())
