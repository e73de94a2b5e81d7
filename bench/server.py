"""The server as its users meet it: ingest speed, answer time over HTTP, cold start, idle memory.

Run from the repository root: ``python -m bench.server [--starts N]``. Takes the staff handbook (231 pages) into a data
directory that is thrown away. Every question is asked once, so that no remembered vector flatters the answer time.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.lines import data, print_figure

ATTUNE = str(Path(sys.executable).parent / "attune")
WARM_UP = 8


class Server:
    """`attune serve` in a process of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.environment = {**os.environ, "ATTUNE_DATA_DIR": str(data_dir), "ATTUNE_PORT": "0"}

    def __enter__(self) -> "Server":
        self.started = time.perf_counter()
        self.process = subprocess.Popen([ATTUNE, "serve"], env=self.environment, stdout=subprocess.DEVNULL)
        file = self.data_dir / "server.json"
        while True:
            if file.exists():
                found = json.loads(file.read_text())
                headers = {"Authorization": f"Bearer {found['token']}"}
                self.client = httpx.Client(base_url=found["url"], headers=headers, timeout=120)
                try:
                    self.client.get("/v1/health/ready").raise_for_status()
                except httpx.HTTPError:
                    self.client.close()
                else:
                    return self
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def ask(self, question: str) -> float:
        start = time.perf_counter()
        self.client.post("/v1/answers", json={"question": question}).raise_for_status()
        return (time.perf_counter() - start) * 1000

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def ingest(server: Server, documents: Path) -> None:
    done = subprocess.run(
        [ATTUNE, "ingest", str(documents), "--json"], env=server.environment, capture_output=True, text=True, check=True
    )
    report = json.loads(done.stdout)
    speed = report["documents"] / report["seconds"]
    again = subprocess.run(
        [ATTUNE, "ingest", str(documents), "--json"], env=server.environment, capture_output=True, text=True, check=True
    )
    unchanged = json.loads(again.stdout)
    baseline = {
        "chunks": report["chunks"],
        "chunks_per_s": round(report["chunks"] / report["seconds"], 1),
        "failed": len(report["failed"]),
        "second run, seconds": unchanged["seconds"],
        "second run, unchanged": unchanged["unchanged"],
    }
    print_figure("tts-handbook ingest", speed, unit="documents/s", goal=10, baseline=baseline)


def answer_times(server: Server, questions: list[str]) -> None:
    for number in range(WARM_UP):
        server.ask(f"warm up question number {number}")
    times = sorted(server.ask(question) for question in questions)
    search = []
    for question in questions:
        start = time.perf_counter()
        server.client.post("/v1/search", json={"question": f"{question} please"}).raise_for_status()
        search.append((time.perf_counter() - start) * 1000)
    live = []
    for _ in questions:
        start = time.perf_counter()
        server.client.get("/v1/health/live").raise_for_status()
        live.append((time.perf_counter() - start) * 1000)
    baseline = {
        "p95": round(times[int(0.95 * len(times))], 1),
        "search p50": round(statistics.median(search), 1),
        "health p50": round(statistics.median(live), 1),
        "questions": len(times),
    }
    print_figure("ask over HTTP p50", statistics.median(times), unit="ms", goal="<= 60", baseline=baseline)


def cold_starts(data_dir: Path, rounds: int) -> None:
    seconds, memory = [], []
    for _ in range(rounds):
        with Server(data_dir) as server:
            server.ask("How many hours of annual leave do I earn?")
            seconds.append(time.perf_counter() - server.started)
            time.sleep(5)
            memory.append(server.rss_mb())
    imports = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import sentence_transformers"], check=True)
        imports.append(time.perf_counter() - start)
    baseline = {"rounds": rounds, "importing sentence_transformers alone, s": round(statistics.median(imports), 2)}
    print_figure("cold start to the first answer", statistics.median(seconds), unit="s", goal="<= 6", baseline=baseline)
    print_figure("idle RSS after a first answer", statistics.median(memory), unit="MB", goal="<= 900")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5, help="cold starts to measure")
    rounds = parser.parse_args().starts
    folder = data("tts-handbook")
    questions = [json.loads(line)["text"] for line in (folder / "queries.jsonl").read_text().splitlines()]
    with tempfile.TemporaryDirectory() as scratch:
        data_dir = Path(scratch) / "data"
        with Server(data_dir) as server:
            ingest(server, folder / "docs")
            answer_times(server, questions)
        cold_starts(data_dir, rounds)


if __name__ == "__main__":
    main()
