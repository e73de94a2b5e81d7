"""A real server over real HTTP, with the example handbook in it."""

import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.owner import checked, events, serving
from app.settings import Settings
from retrieval.types import Principal
from tests.people import World

HANDBOOK = Path(__file__).resolve().parents[2] / "examples" / "handbook"


def ingested(client, *paths, **more):
    """Take paths in and wait for the end; gives the run."""
    run = checked(client.post("/v1/ingestions", json={"paths": [str(path) for path in paths]} | more))
    with client.stream("GET", f"/v1/ingestions/{run['id']}/events") as response:
        return list(events(response))[-1][1]


def key_of(client, name, *, administrator=False, scopes=("ask", "curate")):
    """Make a user and give an API key of theirs."""
    user = checked(client.post("/v1/users", json={"name": name, "administrator": administrator}))
    made = checked(client.post(f"/v1/users/{user['id']}/keys", json={"name": "test", "scopes": list(scopes)}))
    return made["key"]


@pytest.fixture(scope="session")
def make_key():
    """``key_of``, for tests that ask as somebody else."""
    return key_of


@pytest.fixture(scope="session")
def ingest():
    """``ingested``, for tests that start a server of their own."""
    return ingested


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory):
    return Settings(data_dir=tmp_path_factory.mktemp("server") / "data")


@pytest.fixture(scope="session")
def server(server_settings):
    with serving(server_settings) as client:
        run = ingested(client, HANDBOOK)
        assert (run["state"], run["failures"]) == ("done", [])
        yield client


@pytest.fixture(scope="session")
def token(server):
    return key_of(server, "chief", administrator=True, scopes=["ask", "curate", "administer"])


@pytest.fixture
def answers_withdrawn(server):
    """Takes the documents away that were made of answers approved meanwhile: other tests ask the same server."""
    yield
    for document in checked(server.get("/v1/documents", params={"limit": 1000}))["documents"]:
        if document["uri"].startswith("answer:"):
            assert server.delete(f"/v1/documents/{document['id']}").is_success


@pytest.fixture(scope="session")
def people_folder(tmp_path_factory):
    """A folder of which ``world`` may make sources."""
    return tmp_path_factory.mktemp("people")


@contextmanager
def world_in(folder):
    """Run a server with groups, readers, an administrator, and a curator of ``papers``; see ``World``."""
    settings = Settings(data_dir=folder / "data", disk_reserve_bytes=0, source_folders=(str(folder / "shared"),))
    with ExitStack() as stack:
        made = World(stack.enter_context(serving(settings)), stack)
        made.hr, made.eng, made.owners = made.group("hr"), made.group("engineering"), made.group("owners")
        made.ann = made.person("ann", groups=["hr"])
        made.bob = made.person("bob", groups=["engineering"])
        made.cleo = made.person("cleo", groups=["owners"])
        made.chief = made.person("chief", administrator=True, scopes=("ask", "curate", "administer"))
        body = {"name": "papers", "readers": [made.hr, made.eng], "curators": [made.owners]}
        checked(made.chief.post("/v1/collections", json=body))
        yield made


@pytest.fixture(scope="session")
def world(people_folder):
    """One for all tests that do not mind what others left there."""
    with world_in(people_folder) as made:
        yield made


@pytest.fixture
def principal():
    return Principal(id="u:reader")


class Words(BaseHTTPRequestHandler):
    """A language model that says what the question asks for."""

    protocol_version = "HTTP/1.1"
    left_at = None
    heard = ""

    @classmethod
    def seconds_until_left(cls):
        """How long from now on the server goes on with an endless answer, 10 s at most."""
        began = time.monotonic()
        while cls.left_at is None and time.monotonic() < began + 10:
            time.sleep(0.02)
        return (cls.left_at or time.monotonic()) - began

    def do_POST(self):
        question = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Words.heard = question
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if "uncited" in question:
            self.say("Roses are red. ", "They smell nice.")
        elif "break off" in question:
            self.say("Oaks are never watered. [1]\n\n", "Roses")
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        elif "endless" in question:
            self.say("Roses are watered daily. [1]\n\n")
            self.speak_until_left()
            return
        else:
            self.say("Roses are ", "watered daily. [1]")
        usage = {"prompt_tokens": 1234, "completion_tokens": 9, "total_tokens": 1243}
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}], "usage": usage})
        self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")

    def speak_until_left(self):
        try:
            while True:
                self.say("And so on. ")
                time.sleep(0.02)
        except OSError:
            Words.left_at = time.monotonic()
            self.close_connection = True

    def say(self, *pieces):
        for piece in pieces:
            self.event({"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})

    def event(self, chunk):
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "words"}
        self.chunk(f"data: {json.dumps(head | chunk)}\n\n".encode())

    def chunk(self, content):
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def words():
    return Words


@pytest.fixture(scope="session")
def worded_server(tmp_path_factory, words):
    """A client of a server whose answers a language model words, about a garden."""
    model = ThreadingHTTPServer(("127.0.0.1", 0), words)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("worded")
    (folder / "garden.md").write_text("# Garden\n\nRoses are watered daily. Oaks are never watered.\n")
    settings = Settings(
        data_dir=folder / "data",
        llm_url=f"http://127.0.0.1:{model.server_port}/v1",
        llm_model="words",
        abstain_below=0,  # the model is asked whatever is asked
    )
    with serving(settings) as server:
        assert ingested(server, folder / "garden.md")["failures"] == []
        yield server
    model.shutdown()
    model.server_close()
