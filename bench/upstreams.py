"""What stands behind a server: models, a collector, a provider, a store; all of them say back whatever they were sent.

Real ones do: an endpoint that refuses a key often names it in the error.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SEEN_BYTES = 20_000


class Parrot:
    """Refuses whatever it is asked, in the words it was asked with; takes traces and OpenID Connect's discovery."""

    def __init__(self) -> None:
        self.traces: list[bytes] = []
        self.asked: list[str] = []
        parrot = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                parrot.answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def do_GET(self) -> None:
                self.do_POST()

            def do_PUT(self) -> None:
                self.do_POST()

            def do_HEAD(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, door: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked.append(f"{door.command} {door.path}")
        if door.path == "/v1/traces":
            self.traces.append(body)
            _say(door, 200, {})
            return
        if door.path.startswith("/.well-known/"):
            ends = {
                name: f"{self.url}/oidc/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
            }
            _say(door, 200, {"issuer": self.url, **ends})
            return
        words = f"refused {door.path} {dict(door.headers)} {body[:SEEN_BYTES].decode(errors='replace')}"
        _say(door, 401, {"error": {"message": words, "type": words, "code": words}, "detail": words, "status": words})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _say(door: BaseHTTPRequestHandler, status: int, found: dict[str, Any]) -> None:
    content = json.dumps(found).encode()
    door.send_response(status)
    door.send_header("Content-Type", "application/json")
    door.send_header("Content-Length", str(len(content)))
    door.end_headers()
    if door.command != "HEAD":
        door.wfile.write(content)
