"""Ten times what the server can do: how much of its work it still gets done, and what those it refuses are told.

Run from the repository root: ``python -m bench.overload [answers|search] [--minutes M] [--times N]``. First the peak:
more and more clients that each wait for their answer. Then requests come at so many times that rate, whether or not
those before were answered, over many connections, from a process of their own. Every question is another one. Health is
asked ten times a second beside it. At the end one client asks alone until it is served as fast as before.
"""

import argparse
import asyncio
import itertools
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.lines import data, print_figure
from bench.running import Server
from bench.serving import Questions

CONNECTIONS = 500
PATIENCE_S = 10.0
UNLIMITED = {
    "ATTUNE_USER_REQUESTS_PER_MINUTE": "0",
    "ATTUNE_CREDENTIAL_REQUESTS_PER_MINUTE": "0",
    "ATTUNE_USER_REQUESTS_AT_ONCE": "0",
    "ATTUNE_USER_ANSWERS_AT_ONCE": "0",
    "ATTUNE_CREDENTIAL_ANSWERS_AT_ONCE": "0",
}
"""What one user may do is another matter: here the server as a whole has too much to do."""


@dataclass
class Told:
    """What clients were told.

    Attributes:
        statuses: How often each status came; 0 stands for a connection that broke.
        without_retry_after: Refusals (429, 503) that did not say when to come back.
        not_sent: Requests for which no connection was free.
        times_ms: Of each request that was answered with 200.
        seconds: How long it took.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    not_sent: int = 0
    times_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def goodput(self) -> float:
        return sum(ms <= PATIENCE_S * 1000 for ms in self.times_ms) / self.seconds

    @property
    def refused(self) -> int:
        return self.statuses[429] + self.statuses[503]


class Connection(asyncio.Protocol):
    """A client of HTTP/1.1 that asks one thing at a time: libraries take as long as the server."""

    def __init__(self, told: Told, idle: list["Connection"]) -> None:
        self._told, self._idle = told, idle
        self._heard = b""
        self._ends_at = 0
        self._done: asyncio.Future[None] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._idle.append(self)

    async def close(self) -> None:
        if self not in self._idle:
            self._idle.append(self)  # what is still open is nobody's fault
        self._transport.close()
        await asyncio.sleep(0)

    def ask(self, request: bytes, done: asyncio.Future[None] | None = None) -> None:
        self._heard, self._ends_at, self._done = b"", 0, done
        self._asked_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if not self._ends_at:
            end = self._heard.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._heard[:end].lower()
            self._ends_at = end + 4 + int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            self._note(int(head[9:12]), head)
        if len(self._heard) >= self._ends_at:
            self._idle.append(self)
            self._finish()

    def connection_lost(self, _error: Exception | None) -> None:
        if self in self._idle:
            self._idle.remove(self)
        else:
            self._told.statuses[0] += 1
        self._finish()

    def _note(self, status: int, head: bytes) -> None:
        told = self._told
        told.statuses[status] += 1
        if status == 200:
            told.times_ms.append((time.perf_counter() - self._asked_at) * 1000)
        elif status in {429, 503}:
            told.without_retry_after += b"\r\nretry-after:" not in head

    def _finish(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)


@dataclass(frozen=True)
class Target:
    """Where requests go, and as whom."""

    host: str
    port: int
    path: str
    token: str

    def request(self, question: str) -> bytes:
        content = json.dumps({"question": question}).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


async def closed(target: Target, questions: Iterator[str], *, clients: int, seconds: float) -> Told:
    """So many clients, each of which waits for its answer."""
    told, idle = Told(), []
    loop = asyncio.get_running_loop()
    began = time.perf_counter()

    async def client() -> None:
        _, connection = await loop.create_connection(lambda: Connection(told, idle), target.host, target.port)
        while time.perf_counter() < began + seconds:
            done = loop.create_future()
            idle.remove(connection)
            connection.ask(target.request(next(questions)), done)
            await done
        await connection.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    told.seconds = time.perf_counter() - began
    return told


async def offered(
    target: Target, questions: Iterator[str], *, rate: float, seconds: float, connections: int = CONNECTIONS
) -> Told:
    """So many requests a second, whatever becomes of those before; what is still open at the end is waited for."""
    told, idle = Told(), []
    loop = asyncio.get_running_loop()
    opened = [
        (await loop.create_connection(lambda: Connection(told, idle), target.host, target.port))[1]
        for _ in range(connections)
    ]
    began = time.perf_counter()
    for number in itertools.count():
        due = began + number / rate
        if due > began + seconds:
            break
        if (early_s := due - time.perf_counter()) > 0:
            await asyncio.sleep(early_s)
        if idle:
            # The one idle longest: the server closes those that are idle for 5 s.
            idle.pop(0).ask(target.request(next(questions)))
        else:
            told.not_sent += 1
            await asyncio.sleep(0)
    told.seconds = time.perf_counter() - began
    while len(idle) < connections - told.statuses[0] and time.perf_counter() < began + seconds + PATIENCE_S:
        await asyncio.sleep(0.01)
    for connection in opened:
        await connection.close()
    return told


def in_process(load: Any, target: Target, **how: float) -> Told:
    """Have the load made by a process of its own, so that it shares nothing with the server or who measures."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_made, args=(there, load, target, how))
    process.start()
    told: Told = here.recv()
    process.join()
    return told


def _made(pipe: Any, load: Any, target: Target, how: dict[str, float]) -> None:
    pipe.send(asyncio.run(load(target, iter(Questions().__next__, None), **how)))


class Health:
    """Asks whether the server is alive, ten times a second, for as long as the block lasts."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self.times_ms: list[float] = []
        self.failed = 0

    def __enter__(self) -> "Health":
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def p99_ms(self) -> float:
        return sorted(self.times_ms)[int(0.99 * len(self.times_ms))]

    def _ask(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            while not self._over.wait(0.1):
                started = time.perf_counter()
                try:
                    self.failed += client.get("/v1/health/ready").status_code != 200
                except httpx.HTTPError:
                    self.failed += 1
                self.times_ms.append((time.perf_counter() - started) * 1000)


def recovery_s(target: Target, questions: Iterator[str], *, usual_ms: float, most_s: float = 60.0) -> float:
    """Seconds until the median of a second of requests one after the other is within half again of what is usual."""
    began = time.perf_counter()
    while time.perf_counter() < began + most_s:
        so_far = time.perf_counter() - began
        told = asyncio.run(closed(target, questions, clients=1, seconds=1.0))
        if told.times_ms and statistics.median(told.times_ms) <= 1.5 * usual_ms:
            return so_far
    return most_s


def measure(target: Target, url: str, *, seconds: float, times: float, peak_s: float) -> None:
    questions = iter(Questions().__next__, None)
    asyncio.run(closed(target, questions, clients=2, seconds=3))
    usual_ms = statistics.median(asyncio.run(closed(target, questions, clients=1, seconds=peak_s)).times_ms)
    peaks = {c: in_process(closed, target, clients=c, seconds=peak_s).goodput for c in (2, 4, 8, 16, 32)}
    peak = max(peaks.values())
    with Health(url) as health:
        told = in_process(offered, target, rate=times * peak, seconds=seconds)
    recovered = recovery_s(target, questions, usual_ms=usual_ms)
    name = f"overload {times:g}x, {target.path}"
    baseline = {
        "peak 1/s": round(peak, 1),
        "by clients": {str(c): round(rate, 1) for c, rate in peaks.items()},
        "under load 1/s": round(told.goodput, 1),
        "p50 ms": round(statistics.median(told.times_ms), 1),
        "seconds": round(told.seconds, 1),
        "statuses": {str(status): count for status, count in sorted(told.statuses.items())},
        "not sent": told.not_sent,
    }
    print_figure(f"{name}: goodput, share of peak", told.goodput / peak, unit="share", goal=">= 0.8", baseline=baseline)
    share = 1 - told.without_retry_after / max(1, told.refused)
    print_figure(f"{name}: refusals with Retry-After", share, unit="share", goal=1, baseline={"refusals": told.refused})
    asked = {"asked": len(health.times_ms), "failed": health.failed, "p50 ms": statistics.median(health.times_ms)}
    print_figure(f"{name}: health p99", health.p99_ms, unit="ms", goal="< 100", baseline=asked)
    alone = {"usual p50 ms": round(usual_ms, 1)}
    print_figure(f"{name}: recovery", recovered, unit="s", goal="<= 10", baseline=alone)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="answers", choices=["answers", "search"])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--times", type=float, default=10.0, help="how much more is offered than the peak")
    parser.add_argument("--peak-seconds", type=float, default=10.0)
    parser.add_argument("--data-dir", type=Path, help="filled before and kept; a temporary one when left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data_dir = options.data_dir or Path(scratch) / "data"
        fresh = not data_dir.exists()
        with Server(data_dir, **UNLIMITED) as server:
            if fresh:
                server.ingest(data("tts-handbook") / "docs")
            user = server.client.post("/v1/users", json={"name": f"load{time.time():.0f}"}).raise_for_status().json()
            made = server.client.post(f"/v1/users/{user['id']}/keys", json={"name": "load", "scopes": ["ask"]})
            url = server.client.base_url
            target = Target(url.host, url.port or 80, f"/v1/{options.what}", made.raise_for_status().json()["key"])
            seconds = options.minutes * 60
            measure(target, str(url), seconds=seconds, times=options.times, peak_s=options.peak_seconds)


if __name__ == "__main__":
    main()
