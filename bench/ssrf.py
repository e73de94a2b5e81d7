"""Whether the server can be led to fetch what only it can reach: over 120 URLs, each asked for and each redirected to.

Run from the repository root: ``python -m bench.ssrf``. Listeners on loopback count connections, on the ports that the
URLs name (80 and 443 where this user may have them); besides, Python itself reports every attempt to connect to
anywhere. Both have to be 0. In the same run a client without the check (httpx, redirects followed, as most fetch) is
given the URLs that need no name server. Seconds, no network.
"""

import re
import selectors
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from bench.lines import print_figure
from ingestion.sources.web_address import address_rules
from ingestion.sources.web_client import WebClient, WebLimits
from retrieval.errors import DocumentError

GOAL_URLS = 120

_WORD = re.compile(r"\S+")
# Hosts that are written as what they are.
PLAIN = _WORD.findall("""
    127.0.0.1 127.0.0.2 127.1.1.1 127.255.255.254 0.0.0.0 0.0.0.1 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1
    100.100.100.200 100.127.255.255 169.254.169.254 169.254.0.1 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1
    192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1
    198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
""")
SIX = _WORD.findall("""
    ::1 :: ::127.0.0.1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
    ::ffff:0:127.0.0.1 0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 64:ff9b::7f00:1
    64:ff9b::169.254.169.254 64:ff9b:1::7f00:1 100::1 2001::1 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1
    2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe:: 2620:4f:8000::1 3fff::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1
    fe80::a9fe:a9fe fec0::1 ff02::1 ff0e::1 2a00:1450:4001:81b:0:5efe:7f00:1 2a00:1450:4001:81b:200:5efe:a00:1
""")
# Hosts that are written so that they look like something else.
WIDE = str.maketrans("0123456789.", "".join(chr(0xFF10 + digit) for digit in range(10)) + "\uff0e")
ODD = _WORD.findall("""
    127.1 127.0.1 0x7f.0.0.1 0x7f000001 0x7f.1 0X7F.0.0.1 0177.0.0.1 017700000001 2130706433 4294967295 00000177.0.0.1
    127.0.0.01 127.0.0.1. 127.0.0.1.. 1.0 0 0x0 00 169.254.43518 2852039166 0xa9fea9fe 0251.0376.0251.0376
    0xA9.0xFE.0xA9.0xFE 127.0.0.1%00 127.0.0.1%2e 127%2e0%2e0%2e1 %31%32%37.0.0.1 loc%61lhost 127.0.0.1%09 3232235521
    0300.0250.0.1 10.1 192.168.1 0x100000001 256.256.256.256 127.0.0.1,example.com 127.0.0.1;example.com
    127.0.0.1&example.com -127.0.0.1 127..1 .127.0.0.1 127。0。0。1 127｡0｡0｡1 ①②⑦.⓪.⓪.① ⑩.0.0.1
""") + [host.translate(WIDE) for host in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "0x7f.1", "2130706433")]
# Names that lead inside, by the resolver below: to one address, to several, or to none.
NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "LOCALHOST": ["127.0.0.1"],
    "localhost.": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "spoofed.example.org": ["127.0.0.1"],
    "mixed.example.org": ["93.184.215.14", "127.0.0.1"],
    "mixed6.example.org": ["2606:2800:21f:cb07::1", "::1"],
    "mapped.example.org": ["::ffff:127.0.0.1"],
    "nat64.example.org": ["64:ff9b::7f00:1"],
    "scoped.example.org": ["fe80::1%lo"],
    "private.example.org": ["10.1.2.3"],
    "carrier.example.org": ["100.64.3.4"],
    "nonsense.example.org": ["not an address"],
    "nothing.example.org": [],
}
WHOLE = (
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stats",
    "ftp://127.0.0.1/",
    "ldap://127.0.0.1/",
    "jar:http://127.0.0.1!/",
    "data:text/html,hello",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "//127.0.0.1/",
    "http:127.0.0.1",
    "http:/127.0.0.1/",
    "http:///127.0.0.1/",
    "http://",
    "http://:80/",
    "http://127.0.0.1:80\\@example.org/",
    "http://example.org\\@127.0.0.1/",
    "http://user@127.0.0.1/",
    "http://user:word@127.0.0.1/",
    "http://example.org@127.0.0.1/",
    "http://127.0.0.1#@example.org/",
    "http://127.0.0.1?@example.org/",
    "http://127.0.0.1:22/",
    "http://127.0.0.1:6379/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-80/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:8o/",
    "http://[::1",
    "http://::1/",
    "http://[::1]]/",
    "http://[::1%25lo]/",
    "http://[fe80::1%25eth0]/",
    "http://[::1%lo]/",
    "http://[v1.127]/",
    "http://[127.0.0.1]/",
    "http://exam ple.org/",
    "http://127.0.0.1\t/",
    "ht\ntp://127.0.0.1/",
    "\x00http://127.0.0.1/",
    "http://127.0.0.1\r\nHost: example.org/",
    "http://" + "a" * 3_000 + "/",
    "http://" + "a" * 64 + ".org/",
)


def urls() -> list[str]:
    """Every URL of the matrix; none of them may lead to a connection."""
    hosts = [*PLAIN, *(f"[{host}]" for host in SIX), *ODD, *NAMES]
    return [f"http://{host}/" for host in hosts] + [f"https://{host}/" for host in (*PLAIN[:3], *NAMES)] + list(WHOLE)


def look_up(host: str, _port: int) -> list[str]:
    return {name.casefold().strip("."): found for name, found in NAMES.items()}.get(host, ["127.0.0.1"])


class Counter:
    """Counts the connections that come in on loopback, and the attempts that go out to anywhere but ``trusted``."""

    def __init__(self) -> None:
        self.arrived = 0
        self.attempts: list[object] = []
        self.trusted: tuple[str, int] | None = None
        self.watching = False
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.watching and event == "socket.connect" and arguments[1] != self.trusted:
            self.attempts.append(arguments[1])

    @contextmanager
    def listening(self, ports: tuple[int, ...]) -> Iterator[list[str]]:
        """Listen on loopback; gives the places where it could."""
        stop = threading.Event()
        with ExitStack() as stack, selectors.DefaultSelector() as ready:
            places = []
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                for port in ports:
                    listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    try:
                        listener.bind((host, port))
                    except OSError:
                        continue
                    listener.listen(64)
                    ready.register(listener, selectors.EVENT_READ)
                    places.append(f"{host} {port}")
            thread = threading.Thread(target=self._accept, args=(ready, stop))
            thread.start()
            try:
                yield places
            finally:
                stop.set()
                thread.join()

    def _accept(self, ready: selectors.BaseSelector, stop: threading.Event) -> None:
        while not stop.is_set():
            for key, _ in ready.select(timeout=0.1):
                connection, _ = key.fileobj.accept()  # type: ignore[union-attr]
                self.arrived += 1
                connection.close()


@contextmanager
def redirecting() -> Iterator[tuple[int, list[str]]]:
    """A trusted server that redirects to whatever stands in its list, one after the other."""
    places: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    place = places[0].encode("utf-8", "replace").replace(b"\r", b"").replace(b"\n", b"")
                    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % place)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], places
        listener.shutdown(socket.SHUT_RDWR)


def refused(client: WebClient, url: str) -> bool:
    try:
        with client.get(client.rules.read(url)) as response:
            response.read(1000)
    except DocumentError:
        return True
    return False


def measure(counter: Counter) -> dict[str, object]:
    """Ask for every URL, and have every URL redirected to."""
    limits = WebLimits(total_s=5, idle_s=2)
    passed = []
    with redirecting() as (port, places):
        counter.trusted = ("127.0.0.1", port)
        rules = address_rules((), (f"127.0.0.1:{port}",), look_up=look_up)
        client = WebClient(rules, max_bytes=10_000, limits=limits, pause=lambda _: None)
        counter.watching = True
        for url in urls():
            passed += [] if refused(client, url) else [url]
            places[:] = [url]
            passed += [] if refused(client, f"http://127.0.0.1:{port}/") else [f"redirect to {url}"]
        counter.watching = False
        client.close()
    return {"urls": len(urls()), "requests": 2 * len(urls()), "let through": passed}


def unchecked(ports: tuple[int, ...]) -> int:
    """Connections that a client without the check makes to loopback."""
    counter = Counter()
    with counter.listening(ports), httpx.Client(trust_env=False, timeout=0.3, follow_redirects=True) as client:
        for url in urls():
            if any(
                f"//{host}/" in url for host in [*PLAIN[:4], *(f"[{six}]" for six in SIX[:8]), *ODD[:12], "localhost"]
            ):
                try:
                    client.get(url)
                except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):
                    continue
    return counter.arrived


def main() -> None:
    if len(urls()) < GOAL_URLS:
        sys.exit(f"{len(urls())} URLs are too few")
    ports = (80, 443, 22, 6379)
    counter = Counter()
    with counter.listening(ports) as places:
        details = measure(counter)
    details |= {
        "listeners": places,
        "attempts to connect": len(counter.attempts),
        "httpx without the check": unchecked(ports),
    }
    connections = counter.arrived + len(counter.attempts)
    print_figure("SSRF matrix, connections made", connections, unit="connections", goal="0", baseline=details)
    if connections or details["let through"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
