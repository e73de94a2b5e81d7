"""Access is taken away while readers ask without pause: what the first request that begins afterwards may still see.

Run from the repository root: ``python -m bench.revocation [--rounds N] [--readers N]``. In each round readers search,
ask, open and list over HTTP; then their access to one document ends in one of six ways, at the moment when the
transaction that ends it returns, before the index or anybody else is told. A response to a request that began later is
a leak when it holds the document's word, or, where the user or the key is out of force, when it is no 401.
"""

import argparse
import itertools
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from app.bootstrap import DEFAULT_COLLECTION, Services
from app.identity.users import NewUser
from bench.lines import print_figure
from bench.two_worlds import EVERYONE, Words, World, build, publish, shelve, world

WAYS = ("document", "collection", "group", "suspension", "key", "deletion")
AFTER = 3  # requests of each reader behind the moment


@dataclass(slots=True)
class Reader:
    user_id: str
    key: str


@dataclass(slots=True)
class Watched:
    """What readers saw: requests that ended before the moment, behind it, and those of them that leaked."""

    before: int = 0
    seen_before: int = 0
    behind: int = 0
    leaks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Round:
    """One document, and those who ask for it until they were refused a few times."""

    one: World
    readers: list[Reader]
    word: str
    document_id: str
    answer_ids: dict[str, str] = field(default_factory=dict)
    ended_at: float | None = None
    refused: bool = False  # a request behind the moment must not be let in at all
    watched: Watched = field(default_factory=Watched)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def play(self, end: Callable[[], None]) -> Watched:
        """Have everybody ask, and end their access in the middle of it."""
        threads = [threading.Thread(target=self._ask_on, args=(reader,)) for reader in self.readers]
        for thread in threads:
            thread.start()
        while self.watched.seen_before < len(self.readers) and any(thread.is_alive() for thread in threads):
            time.sleep(0.005)
        end()
        self.ended_at = time.monotonic()
        for thread in threads:
            thread.join()
        return self.watched

    def _ask_on(self, reader: Reader) -> None:
        headers = {"Authorization": f"Bearer {reader.key}"}
        left = AFTER * 5
        with httpx.Client(base_url=self.one.client.base_url, headers=headers, timeout=60, trust_env=False) as client:
            for kind in itertools.cycle(range(5)):
                began = time.monotonic()
                response = self._asked(client, kind, reader)
                with self._lock:
                    left -= self._noted(began, kind, response)
                if not left:
                    return

    def _asked(self, client: httpx.Client, kind: int, reader: Reader) -> httpx.Response:
        question = {"question": "What does the sentinel say?"}
        if kind == 0:
            return client.post("/v1/search", json=question)
        if kind == 1:
            response = client.post("/v1/answers", json=question)
            if response.is_success:
                self.answer_ids.setdefault(reader.key, response.json()["interaction_id"])
            return response
        if kind == 2:
            return client.get(f"/v1/documents/{self.document_id}")
        if kind == 3:
            return client.get("/v1/documents", params={"limit": 1000})
        return client.get(f"/v1/answers/{self.answer_ids.get(reader.key, '0' * 32)}")

    def _noted(self, began: float, kind: int, response: httpx.Response) -> int:
        seen = self.word in response.text
        watched = self.watched
        if self.ended_at is None or began <= self.ended_at:
            watched.before += 1
            watched.seen_before += seen
            return 0
        watched.behind += 1
        if seen or (self.refused and response.status_code != 401):
            watched.leaks.append(f"request {kind}: {response.status_code} {response.text[:200]}")
        return 1


def end_access(services: Services, way: str, played: Round, group_id: str) -> Callable[[], None]:
    """Return what ends it: one transaction, and nothing that tells anybody."""

    def each(change: Callable[[Reader], object]) -> Callable[[], None]:
        return lambda: [change(reader) for reader in played.readers] and None

    catalog, now = services.catalog, datetime.now(UTC)
    ways: dict[str, Callable[[], object]] = {
        "document": lambda: catalog.set_document_access(played.document_id, {"u:x"}, by="u:bench", version=None),
        "collection": lambda: catalog.set_collection_access(
            DEFAULT_COLLECTION, readers={"u:x"}, curators=(), version=None
        ),
        "group": each(lambda reader: services.groups.remove(group_id, reader.user_id)),
        "suspension": each(lambda reader: services.users.update(reader.user_id, suspended_at=now)),
        "key": each(lambda reader: services.keys.revoke(services.keys.find(reader.key).id)),  # type: ignore[union-attr]
        "deletion": lambda: catalog.tombstone(played.document_id),
    }
    return lambda: ways[way]() and None


def play(one: World, way: str, number: int, *, readers: int) -> Watched:
    """Make readers, a group and a document for one round, and play it."""
    services = one.services
    services.catalog.set_collection_access(DEFAULT_COLLECTION, readers=EVERYONE, curators=(), version=None)
    group_id = services.groups.create(f"group {number}").id
    there = []
    for name in range(readers):
        user = services.users.create(NewUser(f"reader-{number}-{name}"))
        _, key = services.keys.create(user.id, "bench", scopes=("ask",), expires_at=None, created_by="u:bench")
        services.groups.add(group_id, user.id)
        there.append(Reader(user.id, key))
    word = f"zq{number}xk"
    text = f"The sentinel says {word}, and nothing else does the sentinel say."
    revision_id = shelve(services, f"sentinel {word}", [text], frozenset({f"g:{group_id}"}))
    (document_id,) = [key.document_id for key in services.catalog.staged_revisions() if key.id == revision_id]
    publish(services, revision_id)
    played = Round(one, there, word, document_id, refused=way in {"suspension", "key"})
    watched = played.play(end_access(services, way, played, group_id))
    services.publisher.relabel()
    if way != "deletion":
        services.publisher.delete(document_id)
    services.publisher.collect()
    return watched


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--readers", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        keys = build(data_dir, Words(1))
        with world(data_dir, keys) as one:
            ways = itertools.islice(itertools.cycle(WAYS), options.rounds)
            rounds = [play(one, way, number, readers=options.readers) for number, way in enumerate(ways)]
    leaks = [leak for watched in rounds for leak in watched.leaks]
    told = {
        "rounds": len(rounds),
        "requests before": sum(watched.before for watched in rounds),
        "that saw the document": sum(watched.seen_before for watched in rounds),
        "requests behind": sum(watched.behind for watched in rounds),
        "first": leaks[:1],
    }
    print_figure("leaks behind a revocation", len(leaks), unit="responses", goal="0", baseline=told)


if __name__ == "__main__":
    main()
