"""Searches and answers over HTTP: time of one client, and what eight at once get.

Run from the repository root: ``python -m bench.serving [handbook|large] [--seconds S] [--chunks N]``. Query encoding,
access checks and reranking are in every figure, and no question is asked twice, so that no remembered vector flatters
it. ``handbook`` takes the staff handbook in; ``large`` makes a knowledge base of 100,000 chunks of random sentences and
clustered vectors. The baseline of a figure is the same server's health check: what HTTP and the client cost alone.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.large import fill
from bench.lines import data, print_figure
from bench.running import Server

CLIENTS = 8
WARM_UP = 20


class Questions:
    """The handbook's questions, each time with another word, so that each is new to the server."""

    def __init__(self) -> None:
        lines = (data("tts-handbook") / "queries.jsonl").read_text().splitlines()
        self._texts = [json.loads(line)["text"] for line in lines]
        words = sorted({word for text in self._texts for word in text.split() if word.isalpha()})
        self._asked = self._mixed(random.Random(17), words)

    def _mixed(self, chance: random.Random, words: list[str]) -> Iterator[str]:
        for number in itertools.count():
            yield f"{self._texts[number % len(self._texts)]} {chance.choice(words)} {chance.choice(words)}"

    def __next__(self) -> str:
        return next(self._asked)


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, token: str, body: dict[str, object] | None
) -> bytes:
    """One request by hand: a client library takes as long as the server."""
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    writer.write(head.encode() + content)
    headers = await reader.readuntil(b"\r\n\r\n")
    if not headers.startswith(b"HTTP/1.1 200"):
        raise SystemExit(headers.decode())
    length = next(
        int(line.split(b":")[1]) for line in headers.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return await reader.readexactly(length)


class Load:
    """Clients of one server."""

    def __init__(self, server: Server, questions: Questions) -> None:
        self._url = httpx.URL(server.client.base_url)
        self._token = server.client.headers["authorization"].removeprefix("Bearer ")
        self._questions = questions

    def times(self, path: str, *, clients: int, seconds: float) -> list[float]:
        """Milliseconds of each request that so many clients got answered in so long."""
        return asyncio.run(self._times(path, clients, seconds))

    async def _times(self, path: str, clients: int, seconds: float) -> list[float]:
        until = time.perf_counter() + seconds
        found = await asyncio.gather(*(self._client(path, until) for _ in range(clients)))
        return [ms for times in found for ms in times]

    async def _client(self, path: str, until: float) -> list[float]:
        reader, writer = await asyncio.open_connection(self._url.host, self._url.port)
        times = []
        while time.perf_counter() < until:
            body = None if path.endswith("live") else {"question": next(self._questions)}
            started = time.perf_counter()
            await ask(reader, writer, path, self._token, body)
            times.append((time.perf_counter() - started) * 1000)
        writer.close()
        return times


def measure(server: Server, what: str, seconds: float, goals: dict[str, object]) -> None:
    load = Load(server, Questions())
    for path in ("/v1/search", "/v1/answers"):
        load.times(path, clients=2, seconds=2)
    health = statistics.median(load.times("/v1/health/live", clients=1, seconds=1))
    for name, path in (("search", "/v1/search"), ("extractive answer", "/v1/answers")):
        alone = sorted(load.times(path, clients=1, seconds=seconds))
        baseline = {
            "p95": round(alone[int(0.95 * len(alone))], 1),
            "health p50": round(health, 2),
            "requests": len(alone),
        }
        print_figure(
            f"{what}: {name} over HTTP, p50 of one client",
            statistics.median(alone),
            unit="ms",
            goal=goals.get(name),
            baseline=baseline,
        )
        together = load.times(path, clients=CLIENTS, seconds=seconds)
        baseline = {"p50 ms": round(statistics.median(together), 1), "of one client": round(len(alone) / seconds, 1)}
        print_figure(
            f"{what}: {name} over HTTP, {CLIENTS} clients",
            len(together) / seconds,
            unit="1/s",
            goal=goals.get(f"{name} /s"),
            baseline=baseline,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["handbook", "large"], choices=["handbook", "large"])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--data-dir", type=Path, help="filled before and kept; a temporary one when left out")
    options = parser.parse_args()
    for what in options.what:
        with tempfile.TemporaryDirectory() as scratch:
            data_dir = options.data_dir or Path(scratch) / "data"
            fresh = not data_dir.exists()
            if what == "large" and fresh:
                fill(data_dir, options.chunks)
            with Server(data_dir) as server:
                if what == "handbook" and fresh:
                    server.ingest(data("tts-handbook") / "docs")
                rates = {"search /s": ">= 150", "extractive answer /s": ">= 80"}
                goals = {"search": "<= 15", **rates} if what == "handbook" else {"search": "<= 25"}
                measure(server, what, options.seconds, goals)


if __name__ == "__main__":
    main()
