"""The data directory has one owner: commands find the server that runs on it, or run one of their own meanwhile."""

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from app.settings import Settings
from retrieval.errors import AttuneError, OwnedElsewhereError

if TYPE_CHECKING:
    from app.bootstrap import Services

SERVER_FILE = "server.json"
SWITCH_S = 0.001
"""How long a thread may keep the others waiting. At Python's 5 ms, eight searches at once were up to a quarter slower:
most of a search is waiting for engine or model, and what comes back from there needs the interpreter for a moment."""
_WAIT_FOR_OWNER_S = 20.0


@contextmanager
def owner(settings: Settings, *, ingests: bool = False) -> Iterator[httpx.Client]:
    """Give a client of the server that owns the data directory; starts one in this process where there is none.

    Args:
        settings: Which data directory, and how to serve it.
        ingests: Documents are about to be taken in.

    Raises:
        OwnedElsewhereError: Another process owns the directory and does not answer.
        DataDirectoryError: The directory is foreign or corrupt.
    """
    deadline = time.monotonic() + _WAIT_FOR_OWNER_S
    while True:
        client = _running(settings.data_dir)
        if client is not None:
            try:
                yield client
            finally:
                client.close()
            return
        try:
            with serving(settings, ingests=ingests) as client:
                yield client
        except OwnedElsewhereError:
            # Another command owns it for a moment, or a server is starting: it will say where it listens, or be gone.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


@contextmanager
def serving(
    settings: Settings,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    scheduled: bool = False,
    ingests: bool = False,
) -> Iterator[httpx.Client]:
    """Serve the data directory from a thread of this process for as long as the block lasts; port 0 is a free one.

    Args:
        settings: What to serve, and how.
        host: Address to listen on.
        port: Port to listen on.
        scheduled: Sync sources when they are due; a command that is over in a second does not begin to.
        ingests: Documents are about to be taken in: workers start while the server does.

    Raises:
        OwnedElsewhereError: Another process owns the directory.
        DataDirectoryError: The directory is foreign or corrupt.
        AttuneError: The address cannot be used.
    """
    import uvicorn

    from app import logs
    from app.bootstrap import open_services
    from app.connections import PatientProtocol
    from app.main import create_app

    logs.configure(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_S)
    with _listening(host, port) as listener, open_services(settings, ingests=ingests) as services:
        url = _url(*listener.getsockname()[:2])
        config = uvicorn.Config(
            create_app(services),
            http=type("Protocol", (PatientProtocol,), {"timeout_s": settings.client_timeout_s}),
            forwarded_allow_ips=settings.proxies,
            log_config=None,  # its lines go where ours go, in the same form
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=20,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
        thread.start()
        server_file = _write_server_file(services, url)
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.005)
            with _client(url, services.loopback_token) as client, _schedule(services, wanted=scheduled):
                yield client
        finally:
            server_file.unlink(missing_ok=True)
            services.works.stop()  # or the server would wait for streams that nothing ends
            server.should_exit = True
            thread.join()


def _schedule(services: "Services", *, wanted: bool) -> AbstractContextManager[object]:
    from app.schedule import scheduled

    return scheduled(services) if wanted else nullcontext()


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: asyncio sets TCP_NODELAY only then, and without it every answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise AttuneError(f"cannot listen on {host}:{port}: {error.strerror}; set ATTUNE_PORT") from error
        yield listener
    finally:
        listener.close()


def _url(host: str, port: int) -> str:
    # A server on every address is reached on loopback from its own machine.
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - looked up, not bound
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _write_server_file(services: "Services", url: str) -> Path:
    """Tell other commands on this machine where the owner of the data directory listens; readable by its user only.

    Returns:
        The file; to be removed when the server stops.
    """
    path = services.data_dir / SERVER_FILE
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.chmod(0o600)
    fresh.write_text(json.dumps({"url": url, "token": services.loopback_token}), encoding="utf-8")
    fresh.replace(path)
    return path


def _running(data_dir: Path) -> httpx.Client | None:
    found = _read(data_dir / SERVER_FILE)
    if found is None:
        return None
    client = _client(found["url"], found["token"])
    try:
        # Asked with our token: another server that took the port meanwhile does not know it.
        if client.get("/v1/collections", timeout=10).status_code == httpx.codes.OK:
            return client
    except httpx.HTTPError:
        pass
    client.close()
    return None


def _read(path: Path) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if {"url", "token"} <= found.keys() else None


def _client(url: str, token: str) -> httpx.Client:
    # No timeout on reading: an ingest may be silent for as long as one large document takes.
    timeout = httpx.Timeout(10.0, read=None)
    # Proxies of the environment are not for loopback.
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout, trust_env=False)


class RefusedError(AttuneError):
    """The server refused a request; ``status`` says how."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def checked(response: httpx.Response) -> Any:
    """Return the JSON body of a response.

    Raises:
        RefusedError: It is an error; the message is the problem's detail.
    """
    if response.is_error:
        response.read()
        try:
            detail = response.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = f"the server answered {response.status_code}"
        raise RefusedError(response.status_code, str(detail))
    return response.json() if response.content else None


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Read server-sent events: pairs of name and JSON data, as they come."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
