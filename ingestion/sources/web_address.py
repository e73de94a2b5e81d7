"""Which URLs may be fetched: how they are written, and which addresses their hosts lead to.

A server that fetches what it is told to can be told to fetch what only it can reach: its own administration, its
neighbours, the credentials that a cloud hands to its machines. So an address is looked at when it is connected to,
after the name was resolved and never resolved again, and whatever is not plainly on the public internet is refused.
"""

import ipaddress
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import idna

from retrieval.errors import InvalidInputError, UnreadableError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_URL_CHARS = 2_000
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_STRANGE = re.compile(r"[\x00-\x20\x7f\\]")
_HOST_PORT = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]/@\s]+)(?::(?P<port>[0-9]{1,5}))?")

# Of IANA's registries of special addresses, and two that clouds answer their machines' questions on: 168.63.129.16 of
# Azure is public by number only. Written out, because what Python calls global changes from version to version.
_NETWORK = re.compile(r"[\d.]+/\d+")
_SPECIAL_V4 = [
    ipaddress.IPv4Network(network)
    for network in _NETWORK.findall("""
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15
    198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    """)
]
# Only this is given to hosts of the internet; it leaves out IPv4-mapped and -compatible addresses, NAT64
# (64:ff9b::/96, 64:ff9b:1::/48), unique local ones (fd00:ec2::254 among them), link-local and multicast.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # the half of an address before an embedded IPv4 one

Resolve = Callable[[str, int], list[str]]
"""Host and port -> addresses as text; raises ``OSError`` where there are none."""


class ForbiddenAddressError(UnreadableError):
    """The address may not be fetched; no connection was made."""

    kind = "forbidden_address"


def is_public(address: str) -> bool:
    """Say whether an address is one that a host of the public internet may have."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _SPECIAL_V4)
    if parsed.scope_id is not None or parsed not in _GLOBAL_V6:
        return False
    return not any(parsed in network for network in _SPECIAL_V6) and (int(parsed) >> 32) & 0xFFFFFFFF not in _ISATAP


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for a host's addresses.

    Returns:
        Each once, in the system's order.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A URL in one spelling.

    Attributes:
        host: Lower case; an international name in its ASCII form, an IPv6 address without its brackets.
        target: Path and query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as a URL has them; the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The URL up to its path."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL, without a fragment."""
        return self.origin + self.target

    @property
    def path(self) -> str:
        """The path alone, still percent-encoded."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What may be connected to.

    Attributes:
        hosts: The only hosts allowed, as (host, port or None for the usual ports); empty allows every public one.
        private: Pairs of host and port that may be at any address.
        look_up: Finds the addresses of a name.
    """

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    private: frozenset[tuple[str, int]] = frozenset()
    look_up: Resolve = resolve

    def read(self, url: str, *, base: WebAddress | None = None) -> WebAddress:
        """Read a URL; nothing is resolved or connected to yet.

        Args:
            url: As somebody wrote it.
            base: What a relative one is relative to.

        Returns:
            It in one spelling.

        Raises:
            ForbiddenAddressError: It is no plain http or https URL, or its host or port is not allowed.
        """
        address = _parsed(url, base)
        if (address.host, address.port) in self.private:
            return address
        usual = address.port == _DEFAULT_PORTS[address.scheme]
        listed = (address.host, address.port) in self.hosts or (usual and (address.host, None) in self.hosts)
        if self.hosts and not listed:
            raise ForbiddenAddressError(f"{address.authority} is not among the hosts that ATTUNE_WEB_HOSTS allows")
        if not usual and not listed:
            raise ForbiddenAddressError(
                f"port {address.port} is not allowed; only the usual ones are, and what ATTUNE_WEB_HOSTS lists"
            )
        return address

    def addresses(self, host: str, port: int) -> list[str]:
        """Look a host up and check what it leads to; this is what is connected to, without another look-up.

        Returns:
            At least one address.

        Raises:
            ForbiddenAddressError: One of its addresses is not on the public internet.
            OSError: It has none.
        """
        found = [host] if _is_literal(host) else self.look_up(host, port)
        if (host, port) not in self.private:
            for address in found:
                # One is enough: a name that leads inside and outside by turns is how such a check is got around.
                if not is_public(address):
                    raise ForbiddenAddressError(f"{host} leads to an address that is not on the public internet")
        if not found:
            raise OSError(f"{host} has no address")
        return found


def address_rules(hosts: tuple[str, ...], private: tuple[str, ...], *, look_up: Resolve | None = None) -> AddressRules:
    """Read the lists that the settings hold.

    Args:
        hosts: Each ``host`` or ``host:port``.
        private: Each ``host:port``.
        look_up: Looks names up instead of the system.

    Returns:
        The rules.

    Raises:
        InvalidInputError: An entry is none.
    """
    trusted = frozenset(_host_port(entry, "ATTUNE_WEB_PRIVATE_HOSTS", needs_port=True) for entry in private)
    allowed = frozenset(_host_port(entry, "ATTUNE_WEB_HOSTS", needs_port=False) for entry in hosts)
    pairs = frozenset((host, port) for host, port in trusted if port is not None)
    return AddressRules(allowed, pairs, look_up or resolve)


def _parsed(url: str, base: WebAddress | None) -> WebAddress:
    text = url.strip(" \t\r\n\f")
    if len(text) > _MAX_URL_CHARS:
        raise ForbiddenAddressError(f"an address of more than {_MAX_URL_CHARS} characters")
    try:
        # Where a browser would read a tab or a backslash its own way, nobody is followed.
        parts = urlsplit(urljoin(base.url, _encoded(text)) if base else text)
        port = parts.port
    except ValueError as error:
        raise ForbiddenAddressError("this is no address of the web") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise ForbiddenAddressError("only http and https addresses are fetched")
    if "@" in parts.netloc:
        raise ForbiddenAddressError("an address with a user name or password in it is not fetched")
    if _STRANGE.search(parts.netloc) or "%" in parts.netloc or port == 0:
        raise ForbiddenAddressError("the host of the address is spelled in an odd way")
    host = _host(parts.hostname or "", bracketed="[" in parts.netloc)
    target = _encoded(_without_dots(parts.path) or "/") + (f"?{_encoded(parts.query)}" if parts.query else "")
    return WebAddress(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], target)


def _encoded(text: str) -> str:
    # What is percent-encoded already stays so.
    return quote(text, safe="%/:?#[]@!$&'()*+,;=~", encoding="utf-8", errors="replace")


def _without_dots(path: str) -> str:
    kept: list[str] = []
    parts = path.split("/")
    for part in parts[1:]:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    ends_in_folder = parts[-1] in {".", ".."} and kept
    return "/" + "/".join(kept) + ("/" if ends_in_folder else "") if path else ""


def _host(host: str, *, bracketed: bool) -> str:
    odd = ForbiddenAddressError("the host of the address is spelled in an odd way")
    if bracketed:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise odd from None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except UnicodeError:
            raise odd from None
    host = host.removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise odd
    # Systems read 127.1, 0x7f.1, 017700000001 and 2130706433 as addresses; only the plain form is one here.
    if _NUMBER.fullmatch(labels[-1]) and not _is_literal(host):
        raise odd
    return host


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host_port(entry: str, setting: str, *, needs_port: bool) -> tuple[str, int | None]:
    found = _HOST_PORT.fullmatch(entry.strip().lower())
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (needs_port and port is None) or (port is not None and not 0 < port < 2**16):
        form = "host:port" if needs_port else "host or host:port"
        raise InvalidInputError(f"setting {setting}: {entry.strip()!r} is not of the form {form}")
    host = found["host"]
    try:
        return _host(host.strip("[]"), bracketed=host.startswith("[")), port
    except ForbiddenAddressError as error:
        raise InvalidInputError(f"setting {setting}: {entry.strip()!r} names no host") from error
