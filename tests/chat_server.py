"""A chat server over real sockets that behaves as badly as a test asks for."""

import json
import socket
import threading
import time
from contextlib import suppress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class ChatServer:
    """Answers the n-th request with the n-th script, and every later one with the last.

    A script is called with the connection after the request was read; the connection is closed when it returns.
    """

    def __init__(self, *scripts):
        self.behave(*scripts)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        self._over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def behave(self, *scripts):
        """Begin anew with these scripts."""
        self.bodies = []
        self.left_at = []  # when the client was seen to leave
        self._scripts = scripts

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, suppress(OSError):
            self.bodies.append(self._read(connection))
            self._scripts[min(len(self.bodies), len(self._scripts)) - 1](Peer(connection, self))

    @staticmethod
    def _read(connection):
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        return json.loads(body)

    def close(self):
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


class Peer:
    """The client's end, as a script sees it."""

    def __init__(self, connection, server):
        self._connection = connection
        self._server = server

    def send(self, data):
        try:
            self._connection.sendall(data)
        except OSError:
            self._server.left_at.append(time.monotonic())
            raise

    def head(self):
        self.send(HEAD)

    def status(self, code, *headers, body=b"{}"):
        lines = [f"HTTP/1.1 {code} No", f"Content-Length: {len(body)}", "Connection: close", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def say(self, *pieces, finish=None, usage=None):
        for piece in pieces:
            self.event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": piece}}]})
        if finish:
            self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if usage:
            self.event({"choices": [], "usage": usage})
        if finish:
            self.send(b"data: [DONE]\n\n")

    def event(self, data):
        about = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        self.send(b"data: " + json.dumps(about | data).encode() + b"\n\n")

    def hang(self):
        """Say nothing until the client leaves, or the test is over."""
        self._connection.settimeout(0.02)
        while not self._server._over.is_set():
            with suppress(TimeoutError):
                if not self._connection.recv(1):
                    self._server.left_at.append(time.monotonic())
                    return
