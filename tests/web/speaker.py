"""A language model over HTTP that says what the question asks for."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

DAILY = "Roses are watered daily. [1]"
HOSTILE = (
    "**Roses** are watered daily. [1]\n\n"
    "<img src=x onerror=alert(1)> ![a rose](https://elsewhere.example/rose.png) [a trap](javascript:alert(1)) "
    "[a &copy; book](https://elsewhere.example/book)\n\n[1]: https://elsewhere.example/definition\n\n"
    "| Plant | Watered |\n|---|---|\n| Roses | daily [1] |\n\n" + "W" * 200
)
SAID = {"hostile": HOSTILE, "doubtful": "Roses are watered 27 times a day. [1]", "oaks": "Oaks are never watered. [1]"}


class Speaker(BaseHTTPRequestHandler):
    """Says ``DAILY``, or what ``SAID`` has for a word of the question; ``slowly`` it waits in the middle."""

    protocol_version = "HTTP/1.1"
    go_on: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        """Answer one prompt."""
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]["content"]
        question = prompt.rpartition("uestion: ")[2].strip()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for piece in self._pieces(prompt, question):
                self._event({"delta": {"content": piece}, "finish_reason": None})
            if "break off" not in question:
                self._event({"delta": {}, "finish_reason": "stop"})
                self._chunk(b"data: [DONE]\n\n")
                self._chunk(b"")
        except OSError:
            pass  # whoever asked has left
        self.close_connection = True

    def _pieces(self, prompt: str, question: str) -> Iterator[str]:
        if "Follow-up question" in prompt:
            yield question
        elif "endless" in question:
            yield "Roses are watered daily. [1]\n\n"
            while True:
                yield "And so on. "
                time.sleep(0.02)
        elif "slowly" in question:
            yield f"{DAILY}\n\nOaks are never"  # the last words are held back until more come
            Speaker.go_on.wait(60)
            yield " watered. [1]"
        elif "break off" in question:
            yield "Roses are watered by night. [1]\n\nAnd"
        else:
            yield next((said for word, said in SAID.items() if word in question), DAILY)

    def _event(self, choice: dict[str, Any]) -> None:
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "words"}
        self._chunk(f"data: {json.dumps(head | {'choices': [{'index': 0} | choice]})}\n\n".encode())

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def speaking() -> Iterator[str]:
    """Give the address of a running language model."""
    model = ThreadingHTTPServer(("127.0.0.1", 0), Speaker)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{model.server_port}/v1"
    finally:
        Speaker.go_on.set()
        model.shutdown()
        model.server_close()
