"""Two servers whose knowledge differs by one document that the asker may not read: their responses, byte for byte.

Run from the repository root: ``python -m bench.two_worlds [--pairs N] [--seed N]``. One world is a copy of the other;
then a document is hidden in it: by its own list, by its collection's, taken away from the reader, deleted, or staged.
Both are asked the same over HTTP by a reader and by an administrator who may not read it. What differs by nature is
made alike: ids that did not exist before, moments and durations, the port.
"""

import argparse
import hashlib
import itertools
import json
import random
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvicorn

from app import logs
from app.bootstrap import DEFAULT_COLLECTION, Services, open_services
from app.identity.users import NewUser
from app.main import create_app
from app.settings import Settings
from bench.lines import print_figure
from retrieval.catalog import StagedRevision
from retrieval.sentences import sentence_spans
from retrieval.types import Chunk

HANDBOOK = Path(__file__).resolve().parents[1] / "examples" / "handbook"
EVERYONE = frozenset({"g:everyone"})
ELSE = frozenset({"u:somebody-else"})
CLOSED = "closed"
DOCUMENTS = 40
KINDS = ("list", "collection", "revoked", "deleted", "staged")
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)?")
_SPANS = re.compile(r'"timings_ms":\s*\{[^}]*\}|"created":\s*\d+|"mark":\s*"[^"]*"')
_HEADERS = {"date", "content-length", "server-timing"}
_UNLIMITED = ("user_requests_per_minute", "credential_requests_per_minute", "user_tokens_per_day")
_UNLIMITED += ("credential_tokens_per_day", "address_requests_per_minute")


@dataclass(slots=True)
class World:
    """A server, and what it is to be asked with."""

    services: Services
    client: httpx.Client
    port: int
    keys: dict[str, str] = field(default_factory=dict)

    def ask(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[who]}"} | more.pop("headers", {})
        return self.client.request(method, path, headers=headers, **more)


@contextmanager
def world(data_dir: Path, keys: dict[str, str]) -> Iterator[World]:
    settings = Settings(data_dir=data_dir, **dict.fromkeys(_UNLIMITED, 0))
    logs.configure("WARNING")
    with open_services(settings) as services:
        server = uvicorn.Server(uvicorn.Config(create_app(services), port=0, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
                yield World(services, client, port, keys)
        finally:
            services.works.stop()
            server.should_exit = True
            thread.join()


class Words:
    """Sentences of the handbook, dealt at random."""

    def __init__(self, number: int) -> None:
        self.random = random.Random(number)
        texts = [file.read_text(encoding="utf-8") for file in sorted(HANDBOOK.rglob("*.md"))]
        self.sentences = [text[a:b] for text in texts for a, b in sentence_spans(text) if b - a > 30]

    def text(self, sentences: int) -> list[str]:
        """Some chunks of a few sentences each."""
        some = self.random.choices(self.sentences, k=sentences)
        return [" ".join(some[at : at + 4]).replace("\n", " ") for at in range(0, len(some), 4)]

    def question(self) -> str:
        words = self.random.choice(self.sentences).split()
        at = self.random.randrange(len(words))
        return " ".join(words[at : at + self.random.randint(1, 8)]) or "leave"


def shelve(
    services: Services, uri: str, texts: list[str], acl: frozenset[str], *, collection: str = DEFAULT_COLLECTION
) -> str:
    """Stage a document, all but its word that it is whole; gives its revision's id."""
    whole = "\n".join(texts)
    digest = hashlib.sha256(whole.encode()).hexdigest()
    staged = StagedRevision(f"Title of {uri}", "text/plain", len(whole), digest, services.recipe(), whole, acl)
    revision = services.catalog.stage(collection, uri, staged)
    made, start = [], 0
    for ordinal, text in enumerate(texts):
        end = start + len(text)
        made.append(Chunk(str(uuid4()), revision.document_id, revision.id, ordinal, start, end, text, "", (), 60))
        start = end + 1
    services.catalog.add_chunks(revision.id, made)
    return revision.id


def publish(services: Services, revision_id: str) -> None:
    services.catalog.add_chunks(revision_id, (), ready=True)
    services.publisher.publish_ready()


def build(data_dir: Path, words: Words) -> dict[str, str]:
    """Fill a data directory; gives a key for each who asks."""
    keys = {}
    with open_services(Settings(data_dir=data_dir)) as services:
        for name, administrator in (("reader", False), ("chief", True)):
            user = services.users.create(NewUser(name, administrator=administrator))
            scopes = ("ask", "curate", "administer")
            _, keys[name] = services.keys.create(user.id, name, scopes=scopes, expires_at=None, created_by="u:bench")
        for number in range(DOCUMENTS):
            publish(services, shelve(services, f"bench:{number}", words.text(words.random.randint(4, 24)), EVERYONE))
    return keys


@dataclass(slots=True)
class Hidden:
    """The one document that only one of the worlds holds."""

    kind: str
    document_id: str
    revision_id: str


def hide(services: Services, kind: str, words: Words, number: int) -> Hidden:
    texts = words.text(words.random.choice((4, 12, 60)))
    acl = ELSE if kind == "list" else EVERYONE
    collection = CLOSED if kind == "collection" else DEFAULT_COLLECTION
    revision_id = shelve(services, f"hidden:{number}", texts, acl, collection=collection)
    (key,) = [key for key in services.catalog.staged_revisions() if key.id == revision_id]
    hidden = Hidden(kind, key.document_id, revision_id)
    if kind != "staged":
        publish(services, revision_id)
    if kind == "revoked":
        services.catalog.set_document_access(hidden.document_id, ELSE, by="u:bench", version=None)
        services.publisher.relabel()
    if kind == "deleted":
        services.publisher.delete(hidden.document_id)
    return hidden


def remove(services: Services, hidden: Hidden) -> None:
    if hidden.kind == "staged":
        services.catalog.discard(hidden.revision_id)
    elif hidden.kind != "deleted":
        services.publisher.delete(hidden.document_id)


def asked(words: Words, hidden: Hidden, readable: list[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Questions without end: method, path, and what is sent."""
    pick, question = words.random, words.question
    ids = [hidden.document_id, pick.choice(readable)]
    while True:
        where = pick.choice([{}, {}, {"collection": DEFAULT_COLLECTION}, {"collection": CLOSED}])
        search = {"question": question(), "limit": pick.choice((1, 3, 10, 100)), **where}
        search["mode"] = pick.choice(("hybrid", "sparse", "dense"))
        yield "POST", "/v1/search", {"json": search}
        yield "POST", "/v1/search", {"json": search | {"explain": True}}
        yield "POST", "/v1/answers", {"json": {"question": question(), **where}}
        stream = {"headers": {"Accept": "text/event-stream"}}
        yield "POST", "/v1/answers", {"json": {"question": question(), "conversation_id": "new"}} | stream
        yield "GET", "/v1/documents", {"params": {"limit": pick.choice((1, 7, 1000))}}
        yield "GET", "/v1/documents", {"params": {"collection": where.get("collection", CLOSED)}}
        yield "GET", "/v1/documents", {"params": {"limit": 3, "after": pick.choice(ids)}}
        listing = {"q": question().split(" ")[-1][:50], "sort": pick.choice(("id", "title", "newest")), "limit": 5}
        yield "GET", "/v1/documents", {"params": listing}
        for part in ("", "/original", "/findings", "/access", "/revisions", "/chunks", "/pages/1"):
            yield "GET", f"/v1/documents/{pick.choice(ids)}{part}", {}
        yield "GET", f"/v1/documents/{pick.choice(ids)}/highlights", {"params": {"start": 0, "end": 9}}
        yield "GET", "/v1/suggestions", {"params": {"limit": 12, **where}}
        yield "GET", "/v1/assistants", {}
        yield "GET", "/v1/collections", {}
        for part in ("quality", "findings", "quality.html"):
            yield "GET", f"/v1/collections/{pick.choice((DEFAULT_COLLECTION, CLOSED))}/{part}", {}
        yield "GET", "/v1/models", {}
        yield "GET", f"/v1/models/attune/{CLOSED}", {}
        chat = {"model": pick.choice(("attune", f"attune/{CLOSED}")), "stream": pick.random() < 0.5}
        chat["messages"] = [{"role": "user", "content": question()}]
        yield "POST", "/v1/chat/completions", {"json": chat}
        yield "POST", "/mcp", _tool("search", {"question": question(), "limit": 5, **where})
        yield "POST", "/mcp", _tool("ask", {"question": question(), **where})
        yield "POST", "/mcp", _tool("open_document", {"document_id": pick.choice(ids)})
        yield "GET", "/v1/directory", {"params": {"q": "e"}}
        yield "GET", "/v1/conversations", {}
        yield "PUT", f"/v1/documents/{hidden.document_id}/metadata", {"json": {"metadata": {}}}
        yield "DELETE", f"/v1/documents/{hidden.document_id}", {}


def _tool(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    return {"json": call, "headers": {"Accept": "application/json, text/event-stream"}}


# What an administrator is to see of what they may not read is another matter: managing needs it.
_MANAGES = re.compile(r"/v1/(collections|documents/[^/]+|models/|directory|conversations)")


def suits(who: str, method: str, path: str, sent: dict[str, Any]) -> bool:
    """Say whether both worlds must say the same to this."""
    if who == "reader":
        return True
    named = json.dumps(sent)
    return method != "DELETE" and not _MANAGES.match(path) and CLOSED not in named


def alike(response: httpx.Response, port: int, known: set[str]) -> str:
    """Return a response as text, without what differs by nature."""
    headers = sorted((k, v) for k, v in response.headers.items() if k not in _HEADERS)
    text = f"{response.status_code} {headers}\n{response.text}".replace(f"127.0.0.1:{port}", "HOST")
    text = _MOMENT.sub("MOMENT", _SPANS.sub("SPAN", text))
    fresh: dict[str, str] = {}
    return _ID.sub(lambda m: m[0] if m[0] in known else fresh.setdefault(m[0], f"ID{len(fresh)}"), text)


@dataclass(slots=True)
class Compared:
    """What came of it."""

    pairs: int = 0
    differing: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    first: str = ""


def compare(base: World, other: World, words: Words, *, pairs: int, a_round: int) -> Compared:
    """Hide one document after the other, and ask both worlds the same."""
    compared = Compared()
    readable = [d.id for d in base.services.catalog.every_document(principal=_reader(base))]
    for number, kind in enumerate(itertools.cycle(KINDS)):
        if compared.pairs >= pairs:
            return compared
        hidden = hide(other.services, kind, words, number)
        known = {hidden.document_id, *readable, *_ids(base)}
        questions = asked(words, hidden, readable)
        while compared.pairs < pairs and a_round * (number + 1) > compared.pairs:
            who = words.random.choice(("reader", "reader", "chief"))
            method, path, sent = next(questions)
            if suits(who, method, path, sent):
                said = [alike(w.ask(who, method, path, **dict(sent)), w.port, known) for w in (base, other)]
                compared.pairs += 1
                compared.by_kind[kind] = compared.by_kind.get(kind, 0) + 1
                if said[0] != said[1]:
                    compared.differing += 1
                    compared.first = compared.first or _told(who, kind, (method, path, sent), said)
        remove(other.services, hidden)
    return compared


def _told(who: str, kind: str, question: tuple[str, str, dict[str, Any]], said: list[str]) -> str:
    at = next((n for n, (a, b) in enumerate(zip(*said, strict=False)) if a != b), min(map(len, said)))
    return f"{who} {kind} {question}: {[text[max(0, at - 200) : at + 200] for text in said]}"


def _reader(one: World) -> Any:
    caller = one.services.authenticator.bearer(one.keys["reader"], address="")
    assert caller is not None  # noqa: S101
    return caller.principal


def _ids(one: World) -> set[str]:
    """Ids of the chunks and revisions that both worlds hold."""
    catalog = one.services.catalog
    found = {d.live_revision_id for d in catalog.every_document(principal=_reader(one)) if d.live_revision_id}
    return found | {key for revision in found for key in catalog.chunk_ids(revision)}


@contextmanager
def two_worlds(folder: Path, words: Words) -> Iterator[tuple[World, World]]:
    """Open a world and its copy, which has a collection more that nobody here may read."""
    keys = build(folder / "one", words)
    shutil.copytree(folder / "one", folder / "other")
    with ExitStack() as stack:
        base, other = (stack.enter_context(world(folder / name, keys)) for name in ("one", "other"))
        other.services.catalog.create_collection(CLOSED, readers=ELSE)
        yield base, other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    words = Words(options.seed)
    with tempfile.TemporaryDirectory() as folder, two_worlds(Path(folder), words) as (base, other):
        compared = compare(base, other, words, pairs=options.pairs, a_round=100)
    told = {"pairs": compared.pairs, "by kind": compared.by_kind, "first": compared.first}
    print_figure("responses that differ", compared.differing, unit="responses", goal="0", baseline=told)


if __name__ == "__main__":
    main()
