"""Kills at random moments while documents are taken in, changed, moved and deleted: nothing lost, nothing double.

Run from the repository root: ``python -m bench.kills [--kills 200] [--seed 1]``. Server and worker are real processes;
the embedder is a small endpoint of this script, so that a killed process is back in a second or two and many moments
are hit.
"""

import argparse
import hashlib
import json
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import kill
from pathlib import Path
from signal import SIGKILL

import httpx

from bench.lines import print_figure
from bench.running import Server

_DIM = 32
_PAGES = 60
_SETTLE_S = 180.0


class _Embeddings(BaseHTTPRequestHandler):
    """Vectors out of a text's words, as an OpenAI-compatible endpoint gives them."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rows = [{"index": i, "embedding": _vector(text)} for i, text in enumerate(asked["input"])]
        body = json.dumps({"data": rows}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _vector(text: str) -> list[float]:
    counts = [0.01] * _DIM
    for word in text.split():
        counts[hashlib.sha256(word.encode()).digest()[0] % _DIM] += 1
    return counts


@contextmanager
def embedding_endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Embeddings)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1#words"
    finally:
        server.shutdown()
        server.server_close()


class Folder:
    """Pages on disk, changed at random; what they say is unique to each state."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        self.path = path
        self._rng = rng
        self._made = 0
        path.mkdir()
        for _ in range(_PAGES):
            self._write(self._new_name())

    def _new_name(self) -> Path:
        self._made += 1
        return self.path / f"page-{self._made}.md"

    def _write(self, page: Path) -> None:
        state = self._rng.randrange(10**9)
        paragraphs = "\n\n".join(
            f"## Part {n}\n\nState {state} of part {n} says {' '.join(['word'] * self._rng.randint(20, 120))}."
            for n in range(3)
        )
        page.write_text(f"# {page.stem}\n\n{paragraphs}")

    def change(self) -> None:
        pages = sorted(self.path.glob("*.md"))
        self._rng.shuffle(pages)
        for page in pages[:12]:
            self._write(page)
        for page in pages[12:15]:
            page.unlink()
        for page in pages[15:18]:
            page.rename(self._new_name())
        for _ in range(3):
            self._write(self._new_name())


@contextmanager
def closing_server(server: Server) -> Iterator[None]:
    """End a server that was entered before."""
    try:
        yield
    finally:
        server.__exit__()


def check(server: Server, folder: Folder) -> dict[str, int]:
    """Hold what readers see against the folder."""
    seen: Counter[str] = Counter()
    wrong = 0
    after: str | None = None
    while True:
        parameters = {"limit": 1000} | ({"after": after} if after else {})
        page = server.client.get("/v1/documents", params=parameters).raise_for_status().json()
        for document in page["documents"]:
            seen[document["uri"]] += 1
            opened = server.client.get(f"/v1/documents/{document['id']}").raise_for_status().json()
            path = Path(document["uri"].removeprefix("file://"))
            states = {line.split()[1] for line in opened["text"].splitlines() if line.startswith("State ")}
            written = (
                {line.split()[1] for line in path.read_text().splitlines() if line.startswith("State ")}
                if path.exists()
                else set()
            )
            wrong += states != written
        if page["next"] is None:
            break
        after = page["next"]
    wanted = {path.as_uri() for path in folder.path.glob("*.md")}
    return {
        "lost": len(wanted - set(seen)),
        "double": sum(count - 1 for count in seen.values()),
        "not deleted": len(set(seen) - wanted),
        "of another state": wrong,
    }


def wait_until_settled(server: Server) -> list[dict]:
    deadline = time.monotonic() + _SETTLE_S
    while time.monotonic() < deadline:
        runs = server.client.get("/v1/ingestions", params={"limit": 1000}).raise_for_status().json()["runs"]
        if all(run["state"] in {"done", "failed", "cancelled"} for run in runs):
            return runs
        time.sleep(0.1)
    raise SystemExit(f"runs do not end: {[run for run in runs if run['state'] in {'queued', 'running'}][:2]}")


def kill_at_random(kills: int, seed: int) -> None:
    rng = random.Random(seed)
    killed: Counter[str] = Counter()
    acknowledged: set[str] = set()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name, embedding_endpoint() as endpoint:
        folder = Folder(Path(name, "pages"), rng)
        settings = {"ATTUNE_EMBEDDING_MODEL": endpoint, "ATTUNE_LOG_LEVEL": "ERROR"}
        server = Server(Path(name, "data"), **settings).__enter__()
        # In a folder that is never emptied: what is gone from it must be found out by the run after the kill.
        for number in range(kills):
            folder.change()
            try:
                acknowledged.add(server.begin(folder.path)["id"])
            except httpx.HTTPError:
                killed["not acknowledged"] += 1
            time.sleep(rng.choice((0.05, 0.3, 0.8, 1.5)) + rng.random())
            workers = list(server.children())
            if workers and number % 3:
                kill(rng.choice(workers), SIGKILL)
                killed["worker"] += 1
            else:
                server.kill()
                killed["server"] += 1
                server = Server(Path(name, "data"), **settings).__enter__()
        with closing_server(server):
            runs = wait_until_settled(server)
            lost_runs = acknowledged - {run["id"] for run in runs}
            # A page that this script removed while an interrupted run was looking through the folder again.
            refused = [f for run in runs for f in run["failures"] if "No such file" not in f["reason"]]
            last = server.ingest(folder.path)
            found = check(server, folder)
            before = server.client.post("/v1/doctor", json={"repair": True}).raise_for_status().json()
            after = server.client.post("/v1/doctor", json={"repair": False}).raise_for_status().json()
            found_after = check(server, folder)
        shutil.rmtree(Path(name, "data"))
    baseline = {
        "kills": kills,
        "killed": dict(killed),
        "runs": len(runs),
        "acknowledged runs lost": len(lost_runs),
        "failed or quarantined documents": dict(Counter(f"{f['kind']}: {f['reason']}" for f in refused)),
        **found,
        "last run": last["state"],
        "doctor before repair": [a["code"] for a in before["ailments"]],
        "doctor after repair": [a["code"] for a in after["ailments"]],
        "after repair": found_after,
        "seconds": round(time.perf_counter() - started, 1),
    }
    bad = len(lost_runs) + len(refused) + sum(found_after.values()) + len(after["ailments"])
    print_figure("documents lost, double or orphaned by kills", bad, unit="documents", goal="0", baseline=baseline)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    kill_at_random(given.kills, given.seed)


if __name__ == "__main__":
    main()
